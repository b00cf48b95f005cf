#pragma once
#include <cstdint>
#include <functional>

namespace parlance {

/// Runs functions one after the other, in the order given, never inside post() itself: a partition's strand, or the
/// simulation's scheduler. Threads: post() and after() from any.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::function<void()> work) = 0;
  /// `work` no earlier than `delay_ms` from now.
  virtual void after(std::int64_t delay_ms, std::function<void()> work) = 0;
};

}  // namespace parlance
