#pragma once
#include <cstdint>

#include "tools/parlance/demo_clock.h"
#include "tools/parlance/demo_desk.h"
#include "tools/parlance/shop_history.h"

namespace parlance::tools::demo {

inline constexpr std::int64_t history_ms = 21 * day_ms;

/// Makes a shop's history happen: every line at its own instant by `clock`, every timer at its own. Each line has a key of its own, so
/// what a run that was cut short has done is not done again.
[[nodiscard]] Result<void> write_history(Node& node, DemoClock& clock, const Shop& shop,
                                         const HistoryPlan& plan);

}  // namespace parlance::tools::demo
