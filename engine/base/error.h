#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>

namespace parlance {

/// What kind of trouble it is. `refused` is the domain saying no; every other code is about the world around it.
enum class Errc : std::uint8_t {
  refused,           ///< a rule of the domain; a retry is decided anew
  invalid,           ///< the input is malformed or out of its bounds
  not_found,         ///< nothing of that id here
  version_conflict,  ///< the caller decided on another version of the stream
  overloaded,        ///< a bounded queue is full; try again soon
  read_only,         ///< the log takes no writes now (no space); reading goes on
  unavailable,       ///< something we need does not answer, or its outcome is not known
  corrupt,           ///< stored bytes are not what was stored
  newer,             ///< written by a newer program; this one must not guess
  loss,              ///< something acknowledged before is gone
  locked,            ///< another process holds the folder
};

/// `rule` is a stable literal for machines, such as "conversation.not_open"; `detail` is for people and may change.
struct Error {
  Errc code;
  std::string_view rule;
  std::string detail{};
  bool operator==(const Error&) const = default;
};

template <class T> using Result = boost::system::result<T, Error>;

[[nodiscard]] inline Error refused(std::string_view rule, std::string detail = {}) {
  return {Errc::refused, rule, std::move(detail)};
}
[[nodiscard]] inline Error invalid(std::string_view rule, std::string detail = {}) {
  return {Errc::invalid, rule, std::move(detail)};
}
[[nodiscard]] inline Error corrupt(std::string_view rule, std::string detail = {}) {
  return {Errc::corrupt, rule, std::move(detail)};
}
[[nodiscard]] inline Error unavailable(std::string_view rule, std::string detail = {}) {
  return {Errc::unavailable, rule, std::move(detail)};
}

/// Whether the same command will be answered so again: a rule says no, or what it is about is not there.
[[nodiscard]] inline bool is_final(const Error& error) {
  return error.code == Errc::refused || error.code == Errc::not_found;
}

/// Result<T>::value() on an error is a programming error, so it throws a logic_error that names the rule.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error(std::string(error.rule) + ": " + error.detail);
}

}  // namespace parlance
