// Any bytes at all as an envelope's body: what reads must read the same when it is written again.
#include "engine/base/assert.h"
#include "schemas/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance;
  const auto decoded = decode_envelope({data, size});
  if (!decoded) return 0;
  const auto again = decode_envelope(encode_envelope(*decoded));
  PARLANCE_ASSERT(again.has_value() && *again == *decoded, "an envelope survives writing and reading");
  return 0;
}
