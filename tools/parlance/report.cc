#include "tools/parlance/report.h"

#include <fmt/core.h>

namespace parlance::tools {

std::string exit_codes_help() {
  return "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not allowed or not signed in, 5 conflict,\n"
         "6 a verification found a difference, 7 unreachable or in use elsewhere, 8 partly done, 130 "
         "interrupted";
}

Failure failure(const Error& error) {
  const auto code = [&]() -> int {
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
  };
  return {code(),
          error.detail.empty() ? std::string(error.rule) : fmt::format("{} ({})", error.detail, error.rule)};
}

int report(const Failure& failure) {
  fmt::print(stderr, "parlance: {}\n", failure.text);
  return failure.code;
}
int report(const Error& error) { return report(failure(error)); }

}  // namespace parlance::tools
