#include "tools/parlance/report.h"

#include <array>

#include <fmt/core.h>

namespace parlance::tools {

std::vector<std::pair<int, std::string>> exit_codes() {
  return {{Exit::done, "done"},
          {Exit::failed, "failed"},
          {Exit::usage, "usage"},
          {Exit::not_found, "not found"},
          {Exit::not_allowed, "not allowed or not signed in"},
          {Exit::conflict, "conflict"},
          {Exit::difference, "a verification found a difference"},
          {Exit::unreachable, "unreachable or in use elsewhere"},
          {Exit::partly, "partly done"},
          {Exit::interrupted, "interrupted"}};
}

std::string exit_codes_help() {
  constexpr std::size_t line_max = 92;
  std::string out = "Exit codes:";
  std::size_t line = out.size();
  for (const auto& [code, says] : exit_codes()) {
    const std::string one = fmt::format("{} {}{}", code, says, code == Exit::interrupted ? "" : ",");
    const bool full = line + 1 + one.size() > line_max;
    out += (full ? "\n" : " ") + one;
    line = full ? one.size() : line + 1 + one.size();
  }
  return out;
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

namespace {
constexpr std::array errc_names{"refused",    "invalid",   "not_found",   "version_conflict",
                                "overloaded", "read_only", "unavailable", "corrupt",
                                "newer",      "loss",      "locked"};
static_assert(errc_names.size() == static_cast<std::size_t>(Errc::locked) + 1);
}  // namespace

std::string_view errc_name(Errc code) { return errc_names[static_cast<std::size_t>(code)]; }
Errc errc_named(std::string_view name) {
  for (std::size_t i = 0; i < errc_names.size(); ++i)
    if (errc_names[i] == name) return static_cast<Errc>(i);
  return Errc::unavailable;
}

int report(const Failure& failure) {
  fmt::print(stderr, "parlance: {}\n", failure.text);
  return failure.code;
}
int report(const Error& error) { return report(failure(error)); }

}  // namespace parlance::tools
