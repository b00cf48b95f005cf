#pragma once
#include "engine/base/error.h"

namespace parlance::tools {

/// Exit codes of every command; the manual lists them.
enum Exit : int {
  done = 0, failed = 1, usage = 2, not_found = 3, not_allowed = 4, conflict = 5, difference = 6, unreachable = 7, partly = 8,
  interrupted = 130,
};

/// Prints what went wrong to stderr and returns the exit code for it.
int report(const Error& error);

}  // namespace parlance::tools
