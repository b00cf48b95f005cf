#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace parlance::tools {

/// What every command ends with.
enum Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  not_allowed = 4,  ///< or not signed in
  conflict = 5,     ///< a stale version, or a key reused
  difference = 6,   ///< a verification found one
  unreachable = 7,  ///< or timed out, or another process holds the folder
  partly = 8,       ///< the rest is left out, and stderr says what
  interrupted = 130,
};
/// The same, for the end of `parlance --help`.
[[nodiscard]] std::string exit_codes_help();
[[nodiscard]] std::vector<std::pair<int, std::string>> exit_codes();

/// Why a command could not do what was asked: its exit code, and what a person reads.
struct Failure {
  int code = Exit::failed;
  std::string text;
};
template <class T> using Done = boost::system::result<T, Failure>;
[[nodiscard]] Failure failure(const Error& error);

/// An error's code as a word, "read_only", and back; for errors that travel as JSON.
[[nodiscard]] std::string_view errc_name(Errc code);
[[nodiscard]] Errc errc_named(std::string_view name);  ///< an unknown word: `unavailable`

/// Prints what went wrong to stderr and returns the exit code for it.
int report(const Failure& failure);
int report(const Error& error);

}  // namespace parlance::tools
