#pragma once
#include <atomic>

#include "adapters/embedded/system.h"
#include "engine/ports/clock.h"

namespace parlance::tools::demo {

/// First a clock that somebody sets, for writing history as if it happened; then the system's. Both of its clocks move together, so
/// no owner takes the move for a jump. Threads: set() and go_live() by one; the others by any.
class DemoClock final : public Clock {
 public:
  explicit DemoClock(Instant at) : set_ms_(at.ms) {}
  void set(Instant at) { set_ms_ = at.ms; }
  void go_live() {
    wall_ms_ = system_.now().ms;
    boot_ms_ = system_.boot_ms();
    live_ = true;
  }
  [[nodiscard]] Instant now() const override { return live_ ? system_.now() : Instant{set_ms_}; }
  [[nodiscard]] std::int64_t boot_ms() const override {
    return live_ ? wall_ms_ + (system_.boot_ms() - boot_ms_) : set_ms_.load();
  }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> set_ms_;
  std::int64_t wall_ms_ = 0, boot_ms_ = 0;  // written before live_, read after it
  std::atomic<bool> live_{false};
};

}  // namespace parlance::tools::demo
