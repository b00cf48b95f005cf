#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/parlance/demo_clock.h"
#include "tools/parlance/demo_shop.h"

namespace parlance::tools::demo {

inline constexpr std::int64_t history_ms = 21 * day_ms;

/// One thing that happens in one conversation.
struct Step {
  enum class What : std::uint8_t {
    arrive,
    route,
    claim,
    reply,
    note,
    tag,
    urgent,
    snooze,
    wait_customer,
    wait_third_party,
    resolve,
    timers
  };
  Instant at;
  std::size_t conversation = 0;
  std::size_t number = 0;  ///< within its conversation
  What what = What::arrive;
  std::size_t agent = 0;  ///< of colleagues()
  std::string text;
  ShopTag tag{};
  Instant until;  ///< of a snooze
};
struct History {
  std::vector<Case> cases;  ///< one for each conversation
  std::vector<Step> steps;  ///< of all, in the order of time
};
/// What happens in the shop up to `end`. The seed alone decides who writes and what; when, follows from the hours of the days
/// before `end` as well. Pure.
[[nodiscard]] History plan_history(std::uint64_t seed, std::size_t conversations, Instant begin, Instant end);

/// Makes it happen: every command at its own instant by `clock`, every timer at its own. Each command has a key of its own, so what
/// a run that was cut short has done is not done again.
[[nodiscard]] Result<void> write_history(Node& node, DemoClock& clock, const Shop& shop, std::uint64_t seed,
                                         const History& history);

}  // namespace parlance::tools::demo
