// Any bytes at all as the plaintext of a capsule: what reads must read the same when it is written again.
#include "engine/base/assert.h"
#include "schemas/capsule_codec.h"

namespace {

template <class T> void check(parlance::ByteView bytes) {
  const auto decoded = parlance::decode_plain<T>(bytes);
  if (!decoded) return;
  const auto again = parlance::decode_plain<T>(parlance::encode_plain(*decoded));
  PARLANCE_ASSERT(again.has_value() && *again == *decoded, "a plaintext survives writing and reading");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance;
  check<std::string>({data, size});
  check<MessageContent>({data, size});
  check<Attachments>({data, size});
  check<Preview>({data, size});
  check<Identity>({data, size});
  check<AgentProfile>({data, size});
  return 0;
}
