#include "tools/parlance/report.h"

#include <fmt/core.h>

namespace parlance::tools {

int report(const Error& error) {
  fmt::print(stderr, "parlance: {} ({})\n", error.detail, error.rule);
  switch (error.code) {
    case Errc::not_found: return Exit::not_found;
    case Errc::version_conflict: return Exit::conflict;
    case Errc::locked:
    case Errc::unavailable: return Exit::unreachable;
    case Errc::corrupt:
    case Errc::loss: return Exit::difference;
    default: return Exit::failed;
  }
}

}  // namespace parlance::tools
