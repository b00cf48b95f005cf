#pragma once
#include <atomic>

/// Named places in which a test lets things go wrong: kills the process there, or makes it take a branch that is rare by nature.
///
///   fault_point("log.group_written");                    a place
///   if (fault_point_taken("fold.flush_early")) ...       a rare branch
///
/// In production nobody listens, and a point costs one load. A test listens by listen_at_fault_points(), or, in the program as
/// released, by a library loaded before it (LD_PRELOAD) that has a function of C's linkage
///
///   bool parlance_at_fault_point(const char* name);
///
/// Whoever can load one could change the program anyway. Threads: any.
namespace parlance {

/// Called with a point's name; returns whether its rare branch is to be taken. It may end the process or throw.
using FaultPointListener = bool (*)(const char* name);

namespace detail {
extern std::atomic<FaultPointListener> fault_point_listener;
}

[[nodiscard]] inline bool fault_point_taken(const char* name) {
  const FaultPointListener listener = detail::fault_point_listener.load(std::memory_order_relaxed);
  return listener != nullptr && listener(name);
}

/// A place where a process may be killed, and nothing else.
inline void fault_point(const char* name) { (void)fault_point_taken(name); }

/// Null: nobody listens any more.
void listen_at_fault_points(FaultPointListener listener);

}  // namespace parlance
