// Any bytes at all as a request's body: refused with the byte, or read, and then written and read again the same.
#include "adapters/http/json.h"
#include "engine/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance;
  const auto parsed = http::parse_json({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    PARLANCE_ASSERT(parsed.error().rule == "json.malformed", "a refusal has its rule");
    PARLANCE_ASSERT(parsed.error().detail.find(", at byte ") != std::string::npos,
                    "a refusal names the byte");
    return 0;
  }
  // A value written out may be longer than the limit that its shorter spelling kept.
  const std::string text = http::json::serialize(*parsed);
  if (text.size() > http::json_bytes_max) return 0;
  const auto again = http::parse_json(text);
  PARLANCE_ASSERT(again.has_value(), "what was read and written reads again");
  PARLANCE_ASSERT(http::json::serialize(*again) == text, "what reads again is the same");
  return 0;
}
