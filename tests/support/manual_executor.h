#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/ports/clock.h"
#include "engine/ports/executor.h"

namespace parlance::tests {

/// The time of a test or a simulation: it stands still until it is moved. Several executors may share one.
/// Threads: any.
class VirtualTime final : public Clock {
 public:
  explicit VirtualTime(Instant start = {}) : wall_minus_boot_ms_(start.ms) {}
  [[nodiscard]] Instant now() const override {
    const std::lock_guard lock(mutex_);
    return {boot_ms_ + wall_minus_boot_ms_};
  }
  [[nodiscard]] std::int64_t boot_ms() const override {
    const std::lock_guard lock(mutex_);
    return boot_ms_;
  }
  /// Time passes; never back.
  void advance(std::int64_t ms) {
    const std::lock_guard lock(mutex_);
    boot_ms_ += ms;
  }
  /// Somebody sets the wall clock, forward or back; delays do not notice.
  void set_wall(Instant now) {
    const std::lock_guard lock(mutex_);
    wall_minus_boot_ms_ = now.ms - boot_ms_;
  }

 private:
  mutable std::mutex mutex_;  ///< guards both below
  std::int64_t boot_ms_ = 0;
  std::int64_t wall_minus_boot_ms_;
};

/// An executor that runs one piece of work for each step it is told to take: what is posted in the order posted, what is
/// delayed once its time has come, and of that the earlier due first. One that takes no step is a process that stands
/// still.
///
/// Threads: post() and after() from any, the rest from the one that steps.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(VirtualTime& time) : time_(time) {}

  void post(std::function<void()> work) override {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(work));
  }
  void after(std::int64_t delay_ms, std::function<void()> work) override {
    const std::int64_t due = time_.boot_ms() + std::max<std::int64_t>(delay_ms, 0);
    const std::lock_guard lock(mutex_);
    delayed_.emplace(due, std::move(work));
  }

  /// Runs one; false when nothing is ready now.
  bool step() {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      wake();
      if (ready_.empty()) return false;
      work = std::move(ready_.front());
      ready_.pop_front();
    }
    work();
    return true;
  }
  /// Runs all that is ready now, and what it posts; how many that was.
  std::size_t run() {
    std::size_t steps = 0;
    while (step()) ++steps;
    return steps;
  }
  /// Moves the time on and runs, at each moment on the way, what is due.
  void run_for(std::int64_t ms) {
    const std::int64_t until = time_.boot_ms() + ms;
    run();
    while (const auto due = next_due()) {
      if (*due > until) break;
      time_.advance(std::max<std::int64_t>(*due - time_.boot_ms(), 0));
      run();
    }
    time_.advance(std::max<std::int64_t>(until - time_.boot_ms(), 0));
  }

  [[nodiscard]] bool ready() const {
    const std::lock_guard lock(mutex_);
    return !ready_.empty() || (!delayed_.empty() && delayed_.begin()->first <= time_.boot_ms());
  }
  /// When the next delayed work is due, by VirtualTime::boot_ms().
  [[nodiscard]] std::optional<std::int64_t> next_due() const {
    const std::lock_guard lock(mutex_);
    if (delayed_.empty()) return std::nullopt;
    return delayed_.begin()->first;
  }

 private:
  /// The caller holds mutex_.
  void wake() {
    const std::int64_t now = time_.boot_ms();
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
      ready_.push_back(std::move(delayed_.begin()->second));
      delayed_.erase(delayed_.begin());
    }
  }

  VirtualTime& time_;
  mutable std::mutex mutex_;  ///< guards both below
  std::deque<std::function<void()>> ready_;
  std::multimap<std::int64_t, std::function<void()>> delayed_;
};

}  // namespace parlance::tests
