#pragma once

namespace parlance {

/// What did not hold. Every text stands in the program.
struct BrokenInvariant {
  const char* text;       ///< what must hold
  const char* condition;  ///< as it is written
  const char* file;
  int line;
};

/// Calls `teller`, once, on the thread that met it and whatever locks that holds, instead of one plain line on stderr; null: the line again.
/// Threads: any.
void tell_broken_invariants(void (*teller)(const BrokenInvariant&));
/// Tells it and ends the process by SIGABRT.
[[noreturn]] void stop_at(const BrokenInvariant& broken);

}  // namespace parlance

/// An invariant: `text` says what must hold. Stays on in release builds; the process stops rather than going on wrongly.
#define PARLANCE_ASSERT(condition, text)                           \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      ::parlance::stop_at({text, #condition, __FILE__, __LINE__}); \
  } while (false)
