#pragma once
#include <functional>
#include <string>

#include "tools/parlance/shop_history.h"

/// The shop's history as lines of `parlance import` (import_line.h).
namespace parlance::tools::demo {

/// What lines call a colleague and a queue.
[[nodiscard]] std::string name_of(const Colleague& colleague);
[[nodiscard]] std::string name_of(DeskQueue queue);

using LineSink = std::function<void(const std::string& line)>;
/// The desk: its promises, people, queues and tags.
void write_desk_lines(std::span<const Colleague> staff, const LineSink& sink);
/// One thing that happened; not for Step::What::timers, which no line says.
[[nodiscard]] std::string line_of(const ShopHistory::Next& next, std::uint64_t seed,
                                  std::span<const Colleague> staff);
[[nodiscard]] constexpr bool has_line(Step::What what) { return what != Step::What::timers; }

}  // namespace parlance::tools::demo
