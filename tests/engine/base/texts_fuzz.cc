// Any bytes at all as an id, a position and a time: what reads must be written as it was, or as the same moment.
#include "engine/base/assert.h"
#include "engine/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance;
  const std::string_view text = as_text({data, size});
  if (const auto id = parse_id<ConversationId>(text))
    PARLANCE_ASSERT(to_text(*id) == text, "an id has one text");
  if (const auto position = parse_position(text))
    PARLANCE_ASSERT(to_text(*position) == text, "a position has one text");
  if (const auto at = parse_rfc3339(text)) {
    PARLANCE_ASSERT(*at >= instant_min && *at <= instant_max, "a time is within its bounds");
    const auto again = parse_rfc3339(to_rfc3339(*at));
    PARLANCE_ASSERT(again.has_value() && *again == *at, "a time reads back as the same moment");
  }
  return 0;
}
