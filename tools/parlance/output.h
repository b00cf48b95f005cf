#pragma once
#include <cstdint>
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
  csv,  ///< RFC 4180 with a line of names; what a spreadsheet would take for a formula gets an apostrophe in front
  md,   ///< a Markdown table
  ids,  ///< the ids alone, one a line
};

struct Output {
  std::string asked;                ///< of --output; empty: a table on a terminal, JSON Lines otherwise
  std::vector<std::string> fields;  ///< of --fields: these members instead of the command's own choice
  bool quiet = false;               ///< no progress
  [[nodiscard]] Format format() const;
};
/// Adds --output (and its other name --format), --fields, --quiet and --no-color. `ids`: the command's rows have an "id".
void add_output(CLI::App& command, Output& output, bool ids);
/// Adds --no-color alone, for what prints no rows.
void add_no_color(CLI::App& command);

struct Column {
  std::string_view title;
  std::string_view path;  ///< the member, or "assignee.name" for a member's member
  bool right = false;     ///< figures: to the right, and never cut
  bool whole = false;     ///< never cut on a narrow terminal, as what is copied from it
};

/// Rows of one kind, in order. Tables and the one JSON array are written at the end, all else as it comes. `output` outlives it.
class Rows {
 public:
  Rows(const Output& output, std::vector<Column> columns);
  void add(json::object row);
  /// `empty`: what a person reads on stderr where there was no row.
  void finish(std::string_view empty = {});

 private:
  void head();
  template <class CellOf> void line(CellOf cell_of) const;

  Format format_;
  const std::vector<std::string>& fields_;
  std::vector<Column> columns_;
  json::array rows_;
  bool headed_ = false;
};

/// One thing: "name  value" lines on a terminal, an object otherwise.
void print_one(const Output& output, const json::object& one);

/// A value as a person reads it: a named thing as its name, an object as "member value, member value" without what is not there.
[[nodiscard]] std::string readable(const json::value& value);

/// Writes what stdout still holds back; false, with a message, where that fails, as on a full disk.
[[nodiscard]] bool flush_stdout();

/// As a terminal may show it: control characters, which could drive the terminal, become U+FFFD, line ends blanks.
[[nodiscard]] std::string printable(std::string_view text);
enum class Color : std::uint8_t { plain, bold, green, yellow, red };
/// `text` in `color` where stdout is a terminal that shows colours and nobody said NO_COLOR or --no-color; else `text`.
[[nodiscard]] std::string colored(Color color, std::string_view text);
/// Cells a terminal needs for it.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace parlance::tools
