#include "tools/parlance/progress.h"

#include <algorithm>
#include <cmath>
#include <unistd.h>

#include <fmt/core.h>

namespace parlance::tools {
namespace {

constexpr auto bar_interval = std::chrono::milliseconds(100);
constexpr auto line_interval = std::chrono::seconds(5);
constexpr std::size_t bar_cells = 30;

std::string left_text(double seconds) {
  const auto s = std::llround(seconds);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace

Progress::Progress(std::string doing, std::string unit, std::uint64_t total, bool quiet)
    : doing_(std::move(doing)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) == 1) {
  if (quiet) next_look_ = ~std::uint64_t{0};
}

Progress::~Progress() { wipe(); }

void Progress::wipe() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

void Progress::look(std::uint64_t done) {
  const auto now = SteadyClock::now();
  // The clock is asked about a hundred times a second, whatever the rate.
  const double since = std::chrono::duration<double>(now - looked_).count();
  const auto step = since > 0 ? static_cast<double>(done - looked_at_) / since / 100 : 1.0;
  next_look_ = done + std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::min(step, 1e6)));
  looked_ = now;
  looked_at_ = done;

  if (now - told_ < (terminal_ ? SteadyClock::duration(bar_interval) : SteadyClock::duration(line_interval)))
    return;
  told_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done) / seconds;
  const std::uint64_t shown = std::min(done, total_);
  const std::string tail =
      fmt::format("{} of {} {}, {:.0f}/s, {} left", done, std::max(done, total_), unit_, rate,
                  left_text(static_cast<double>(total_ - shown) / std::max(rate, 1e-9)));
  if (terminal_) {
    const std::size_t full = total_ == 0 ? bar_cells : bar_cells * shown / total_;
    fmt::print(stderr, "\r\033[K{} [{}{}] {}", doing_, std::string(full, '#'),
               std::string(bar_cells - full, '.'), tail);
    std::fflush(stderr);
    drawn_ = true;
  } else {
    fmt::print(stderr, "{}: {}\n", doing_, tail);
  }
}

}  // namespace parlance::tools
