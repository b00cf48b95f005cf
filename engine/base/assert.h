#pragma once
#include <cstdio>
#include <cstdlib>

/// An invariant: `text` says what must hold. Stays on in release builds; the process stops rather than going on wrongly.
#define PARLANCE_ASSERT(condition, text)                                                                \
  do {                                                                                                  \
    if (!(condition)) [[unlikely]] {                                                                    \
      std::fprintf(stderr, "invariant broken: %s (%s, %s:%d)\n", text, #condition, __FILE__, __LINE__); \
      std::abort();                                                                                     \
    }                                                                                                   \
  } while (false)
