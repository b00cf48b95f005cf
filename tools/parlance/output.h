#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace CLI {
class App;
}

/// How commands show their answers: data on stdout and nothing else there.
namespace parlance::tools {

namespace json = boost::json;

enum class Format {
  table,  ///< for people: columns, no promise of what they are
  json,   ///< one array, or one object
  jsonl,  ///< one object a line, with the API's field names: what programs may rely on
  ids,    ///< the ids alone, one a line
};

struct Output {
  std::string asked;   ///< of --output; empty: a table on a terminal, JSON Lines otherwise
  bool quiet = false;  ///< no progress
  [[nodiscard]] Format format() const;
};
/// Adds --output and --quiet. `ids`: the command's rows have an "id".
void add_output(CLI::App& command, Output& output, bool ids);

struct Column {
  std::string_view title;
  std::string_view path;  ///< the member, or "assignee.name" for a member's member
  bool right = false;     ///< figures
};

/// Rows of one kind, in order. JSON Lines and ids are written as they come, the others at the end.
class Rows {
 public:
  Rows(Format format, std::vector<Column> columns) : format_(format), columns_(std::move(columns)) {}
  void add(json::object row);
  /// `empty`: what a person reads on stderr where there was no row.
  void finish(std::string_view empty = {});

 private:
  Format format_;
  std::vector<Column> columns_;
  json::array rows_;
};

/// One thing: "name  value" lines on a terminal, an object otherwise.
void print_one(Format format, const json::object& one);

/// A value as a person reads it: a named thing as its name, an object as "member value, member value" without what is not there.
[[nodiscard]] std::string readable(const json::value& value);

/// Writes what stdout still holds back; false, with a message, where that fails, as on a full disk.
[[nodiscard]] bool flush_stdout();

/// As a terminal may show it: control characters, which could drive the terminal, become U+FFFD, line ends blanks.
[[nodiscard]] std::string printable(std::string_view text);
/// Cells a terminal needs for it.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace parlance::tools
