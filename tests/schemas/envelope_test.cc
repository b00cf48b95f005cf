#include "schemas/envelope.h"

#include <doctest/doctest.h>

#include "tests/schemas/samples.h"

namespace parlance {
namespace {

using tests::envelope_samples;

TEST_CASE("an envelope of every event reads back as it was written") {
  for (const auto& [name, envelope] : envelope_samples()) {
    CAPTURE(name);
    const auto decoded = decode_envelope(encode_envelope(envelope));
    REQUIRE(decoded.has_value());
    CHECK(*decoded == envelope);
  }
}

}  // namespace
}  // namespace parlance
