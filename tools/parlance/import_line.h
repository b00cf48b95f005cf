#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "engine/base/instant.h"

namespace parlance::tools {

namespace json = boost::json;

/// One command of an import file, read from its line:
///
///   {"channel": "email", "account": "...", "message_id": "...", "from": {...}, ...}     the body of /v1/inbound
///   {"path": "/v1/conversations/{NAME}/reply", ...}                                    the body of that command
///
/// Beside the body's own members a line may have
///
///   path   the command; without it the line is a body of /v1/inbound
///   id     what the thing is called that the line makes: a conversation, a queue, an agent. Without it a message's conversation is
///          called by its message_id
///   as     the agent who did it, for those commands that name none: an id or a {NAME}
///
/// {NAME} as a whole step of a path, or as the whole value of a member that takes an id, stands for the id that an earlier
/// line got; {thread:T} for the conversation of the earlier messages whose `thread` is T.
struct ImportLine {
  std::string path;
  std::string as;
  std::string name;           ///< what it makes is called; empty: nothing is
  bool names_itself = false;  ///< by `id`, so nothing else may be called so
  std::string sender;  ///< whom the conversation is with, as one of `touches`; empty: the line does not say
  std::string thread;  ///< of a message: what its thread is called; empty: it says none
  std::string key;     ///< the same for the same line, whichever file it stands in
  json::object body;
  std::optional<Instant> at;
  bool on_workspace =
      false;  ///< it is about neither a message nor a conversation: all before it are done before it is
  /// What it is about, each as one text. Lines that share one are done in their order.
  std::vector<std::string> touches;
};

struct LineFault {
  std::size_t column = 1;  ///< in bytes, from 1
  std::string code;
  std::string detail;
};

/// Whether the line has nothing to say: empty, blank, or a comment, which begins with '#'.
[[nodiscard]] bool is_blank(std::string_view line);
[[nodiscard]] std::optional<LineFault> read_import_line(std::string_view line, ImportLine& out);

/// Calls `resolve` for each {NAME} of a line: with what lines are called in ImportLine::touches ("n" and the name, "t" and the
/// thread) and the name as written. It returns the id, or nothing; then the replacing stops with false.
using Resolve = std::optional<std::string> (*)(void* context, const std::string& called,
                                               std::string_view written);
[[nodiscard]] bool replace_names(ImportLine& line, Resolve resolve, void* context);

/// The column at which the member of a JSON Pointer begins in a line that is well-formed JSON; 1 where it is not there.
[[nodiscard]] std::size_t column_of(std::string_view line, std::string_view pointer);

}  // namespace parlance::tools
