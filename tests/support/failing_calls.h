#pragma once
#include <string>
#include <utility>

namespace parlance::tests {

/// ThreadSanitizer stands before the system's calls itself, and makes some before it is ready: there none can be made to fail, and tests of it
/// are skipped.
#ifdef __SANITIZE_THREAD__
inline constexpr bool calls_can_fail = false;
#else
inline constexpr bool calls_can_fail = true;
#endif

/// While it lives, one call that this thread makes to the system for a file or for memory of its own fails: the `n`th from its making on,
/// 1 being the first, with `error` as errno. All after it work. One at a time a thread. What libraries call counts too; closing a file
/// fails after it was closed, as with the system's own close().
class FailingCall {
 public:
  FailingCall(int n, int error);
  /// Of the calls of this name that any thread makes. One at a time.
  FailingCall(std::string name, int n, int error);
  ~FailingCall();
  FailingCall(const FailingCall&) = delete;
  FailingCall& operator=(const FailingCall&) = delete;
  /// The name of the call that failed; empty: it has not come yet.
  [[nodiscard]] std::string came() const;

 private:
  const std::string name_;  ///< empty: this thread's
};

/// Enters each way out of `operation`: again and again `prepare(n)` makes what it is done on, `operation` is done on that with its `n`th call
/// failing, and `judge` is told that, what came of it, and the name of the call. The last time none fails, and the name is empty.
/// With a `step` only each step-th call fails, for what makes hundreds. Returns how many failed.
template <class Prepare, class Operation, class Judge>
int fail_each_call(int error, const Prepare& prepare, const Operation& operation, const Judge& judge,
                   int step = 1) {
  for (int n = 1, failed = 0;; n += step, ++failed) {
    auto given = prepare(n);
    std::string came;
    auto done = [&] {
      const FailingCall failing(n, error);
      auto out = operation(given);
      came = failing.came();
      return out;
    }();
    judge(given, done, std::as_const(came));
    if (came.empty()) return failed;
  }
}

}  // namespace parlance::tests
