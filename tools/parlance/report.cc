#include "tools/parlance/report.h"

#include <fmt/core.h>

namespace parlance::tools {

std::string exit_codes_help() {
  return "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not allowed or not signed in, 5 conflict,\n"
         "6 a verification found a difference, 7 unreachable or in use elsewhere, 8 partly done, 130 "
         "interrupted";
}

int report(const Error& error) {
  if (error.detail.empty())
    fmt::print(stderr, "parlance: {}\n", error.rule);
  else
    fmt::print(stderr, "parlance: {} ({})\n", error.detail, error.rule);
  switch (error.code) {
    case Errc::not_found: return Exit::not_found;
    case Errc::version_conflict: return Exit::conflict;
    case Errc::locked:
    case Errc::overloaded:
    case Errc::unavailable: return Exit::unreachable;
    case Errc::corrupt:
    case Errc::loss: return Exit::difference;
    case Errc::refused:
    case Errc::invalid:
    case Errc::read_only:
    case Errc::newer: return Exit::failed;
  }
  return Exit::failed;
}

}  // namespace parlance::tools
