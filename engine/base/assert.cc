#include "engine/base/assert.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace parlance {
namespace {

std::atomic<void (*)(const BrokenInvariant&)> told{nullptr};

}  // namespace

void tell_broken_invariants(void (*teller)(const BrokenInvariant&)) { told = teller; }

void stop_at(const BrokenInvariant& broken) {
  // What tells it may meet another one; that one is said plainly.
  if (auto* const teller = told.exchange(nullptr); teller != nullptr)
    teller(broken);
  else
    std::fprintf(stderr, "invariant broken: %s (%s, %s:%d)\n", broken.text, broken.condition, broken.file,
                 broken.line);
  std::abort();
}

}  // namespace parlance
