#pragma once
#include <cstdint>

#include "engine/ports/clock.h"

namespace parlance {

/// How long one question may look at the views: lists then end early and say where they go on, reports are refused.
inline constexpr std::int64_t query_ms_max = 2'000;

/// When a question that began now has had its time. The default one never ends. Outlives not the clock. Threads: any.
class TimeLimit {
 public:
  TimeLimit() = default;
  explicit TimeLimit(const Clock& clock) : clock_(&clock), end_ms_(clock.boot_ms() + query_ms_max) {}
  [[nodiscard]] bool is_over() const { return clock_ != nullptr && clock_->boot_ms() >= end_ms_; }

 private:
  const Clock* clock_ = nullptr;
  std::int64_t end_ms_ = 0;
};

}  // namespace parlance
