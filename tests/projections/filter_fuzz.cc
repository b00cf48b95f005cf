// Any bytes at all as a filter: read, written, read again, resolved and asked.
#include "engine/base/assert.h"
#include "projections/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = parse_filter(text);
  if (const auto* fault = std::get_if<FilterFault>(&read)) {
    PARLANCE_ASSERT(fault->offset <= size, "a fault lies within the text, or at its end");
    return 0;
  }
  const auto& filter = std::get<FilterText>(read);
  const std::string written = to_text(filter);
  if (written.size() <= filter_bytes_max) {
    const auto again = parse_filter(written);
    PARLANCE_ASSERT(std::holds_alternative<FilterText>(again), "what is written reads");
    PARLANCE_ASSERT(to_text(std::get<FilterText>(again)) == written, "and reads the same");
  }
  FilterNames names;
  names.me = AgentId::from({1, 1});
  names.agents = [](std::string_view) { return std::vector{AgentId::from({1, 2})}; };
  names.queues = [](std::string_view) { return std::vector<QueueId>{}; };
  names.tags = [](std::string_view) { return std::vector{TagId::from({1, 3})}; };
  const auto resolved = resolve_filter(filter, names);
  if (const auto* usable = std::get_if<Filter>(&resolved)) {
    FilterSubject subject;
    subject.state = conversation::Phase::open;
    const bool passes = usable->matches(subject, Instant{1'000'000});
    PARLANCE_ASSERT(!passes || (usable->phases() & filter_bit(subject.state)) != 0,
                    "what passes has a phase that can pass");
  }
  return 0;
}
