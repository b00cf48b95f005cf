#include "tools/parlance/output.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace parlance::tools {
namespace {

constexpr std::size_t cell_width_max = 60;
constexpr std::size_t cell_width_min = 4;  ///< of a column that is cut for a narrow terminal
constexpr std::size_t between_columns = 2;

bool no_color = false;  ///< --no-color

void print_line(std::string_view text) { fmt::print("{}\n", text); }

bool shown_wide(UChar32 c) {
  const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH;
}
bool shown_narrow(UChar32 c) {
  const auto category = u_charType(c);
  return category != U_NON_SPACING_MARK && category != U_ENCLOSING_MARK && category != U_FORMAT_CHAR;
}

/// Calls `each(code point)`; malformed bytes come as U+FFFD.
template <class Each> void each_character(std::string_view text, Each each) {
  const auto characters = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  for (std::int32_t i = 0; i < characters.length();) {
    const UChar32 c = characters.char32At(i);
    each(c);
    i += U16_LENGTH(c);
  }
}

/// Embeddings, overrides and isolates: they would reorder what stands beside the text on its line.
bool turns_the_line(UChar32 c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

void append(std::string& out, UChar32 c) { icu::UnicodeString(c).toUTF8String(out); }

std::size_t width_of(UChar32 c) { return shown_wide(c) ? 2 : shown_narrow(c) ? 1 : 0; }

std::string cut(const std::string& text, std::size_t cells) {
  if (display_width(text) <= cells) return text;
  std::string out;
  std::size_t width = 0;
  bool full = false;
  each_character(text, [&](UChar32 c) {
    full = full || width + width_of(c) > cells - 1;
    if (full) return;
    width += width_of(c);
    append(out, c);
  });
  return out + "…";
}

/// Cells of a line; none where stdout is no terminal and nobody says.
std::optional<std::size_t> terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  std::size_t width = 0;
  if (columns == nullptr || !CLI::detail::lexical_cast(std::string(columns), width) || width == 0)
    return std::nullopt;
  return width;
}

/// Takes from the widest column that may be cut until the line fits, or nothing is left to take.
void fit(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t line) {
  std::size_t total = between_columns * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  while (total > line) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (columns[i].right || columns[i].whole || widths[i] <= cell_width_min) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
    --total;
  }
}

bool is_figure(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string csv_cell(std::string text) {
  // A spreadsheet would run it (and a name is what a stranger wrote).
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos &&
      !is_figure(text))
    text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string md_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '<') out += '\\';
    out += c;
  }
  return out;
}

const json::value* member(const json::object& row, std::string_view path) {
  const std::size_t dot = path.find('.');
  // A member may have a dot in its own name.
  if (const json::value* whole = row.if_contains(path)) return whole;
  const json::value* value = row.if_contains(path.substr(0, dot));
  if (value == nullptr || dot == std::string_view::npos) return value;
  const auto* inner = value->if_object();
  return inner == nullptr ? nullptr : member(*inner, path.substr(dot + 1));
}

/// For CSV: texts as they are, line ends too, and nothing for what is not there.
std::string bare(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (const auto* text = value->if_string()) return std::string(*text);
  if (const auto* figure = value->if_double()) return fmt::format("{}", *figure);
  return json::serialize(*value);
}

json::object only(const json::object& row, const std::vector<std::string>& fields) {
  json::object out;
  for (const std::string& field : fields) {
    const json::value* value = member(row, field);
    out[field] = value == nullptr ? json::value(nullptr) : *value;
  }
  return out;
}

std::string cell(const json::object& row, std::string_view path) {
  const json::value* value = member(row, path);
  return value == nullptr ? "-" : readable(*value);
}

void print_table(const std::vector<Column>& columns, const json::array& rows) {
  std::vector<std::vector<std::string>> cells{{}};
  for (const Column& column : columns) cells[0].emplace_back(column.title);
  for (const json::value& row : rows) {
    cells.emplace_back();
    for (const Column& column : columns)
      cells.back().push_back(cut(cell(row.as_object(), column.path), cell_width_max));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : cells)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  if (const auto line = terminal_width()) fit(widths, columns, *line);
  for (auto& line : cells) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i] = cut(line[i], widths[i]);
      const std::string space(widths[i] - display_width(line[i]), ' ');
      if (i != 0) text += std::string(between_columns, ' ');
      text += columns[i].right ? space + line[i] : line[i] + space;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    print_line(&line == &cells.front() ? colored(Color::bold, text) : text);
  }
}

}  // namespace

Format Output::format() const {
  if (asked == "table") return Format::table;
  if (asked == "json") return Format::json;
  if (asked == "jsonl") return Format::jsonl;
  if (asked == "csv") return Format::csv;
  if (asked == "md") return Format::md;
  if (asked == "ids") return Format::ids;
  return ::isatty(STDOUT_FILENO) == 1 ? Format::table : Format::jsonl;
}

void add_no_color(CLI::App& command) {
  command.add_flag("--no-color", no_color, "No colours (so does the environment's NO_COLOR)");
}

void add_output(CLI::App& command, Output& output, bool ids) {
  std::vector<std::string> formats{"table", "json", "jsonl", "csv", "md"};
  if (ids) formats.emplace_back("ids");
  command
      .add_option("-o,--output,--format", output.asked,
                  "How to show it (default: table on a terminal, jsonl when piped)")
      ->check(CLI::IsMember(formats));
  command.add_option("--fields", output.fields, "Only these members, such as id,assignee.name")
      ->delimiter(',');
  command.add_flag("-q,--quiet", output.quiet, "No progress on stderr");
  add_no_color(command);
}

Rows::Rows(const Output& output, std::vector<Column> columns)
    : format_(output.format()), fields_(output.fields), columns_(std::move(columns)) {
  if (fields_.empty()) return;
  columns_.clear();
  for (const std::string& field : fields_) columns_.push_back({field, field});
}

void Rows::add(json::object row) {
  switch (format_) {
    case Format::jsonl: return print_line(json::serialize(fields_.empty() ? row : only(row, fields_)));
    case Format::ids: return print_line(cell(row, "id"));
    case Format::csv:
    case Format::md: break;
    case Format::table:
    case Format::json: rows_.push_back(fields_.empty() ? std::move(row) : only(row, fields_)); return;
  }
  head();
  line([&](const Column& c) {
    return format_ == Format::csv ? csv_cell(bare(member(row, c.path))) : md_cell(cell(row, c.path));
  });
}

/// The line of names, once. Programs read CSV, so it has the members' names; people read Markdown.
void Rows::head() {
  if (std::exchange(headed_, true)) return;
  const bool csv = format_ == Format::csv;
  line([&](const Column& c) { return csv ? csv_cell(std::string(c.path)) : md_cell(std::string(c.title)); });
  if (!csv) line([](const Column& c) { return std::string(c.right ? "--:" : "---"); });
}

template <class CellOf> void Rows::line(CellOf cell_of) const {
  const bool csv = format_ == Format::csv;
  std::string text = csv ? "" : "|";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (csv && i != 0) text += ',';
    text += csv ? cell_of(columns_[i]) : " " + cell_of(columns_[i]) + " |";
  }
  print_line(csv ? text + "\r" : text);  // as RFC 4180 ends its lines
}

void Rows::finish(std::string_view empty) {
  if (format_ == Format::json) print_line(json::serialize(rows_));
  if (format_ == Format::csv || format_ == Format::md) return head();
  if (format_ != Format::table) return;
  if (rows_.empty() && !empty.empty())
    fmt::print(stderr, "{}\n", empty);
  else
    print_table(columns_, rows_);
}

void print_one(const Output& output, const json::object& whole) {
  const Format format = output.format();
  const json::object one = output.fields.empty() ? whole : only(whole, output.fields);
  if (format == Format::ids) return print_line(cell(whole, "id"));
  if (format == Format::csv || format == Format::md) {
    std::vector<Column> columns;
    for (const auto& each : one) columns.push_back({each.key(), each.key()});
    Output without = output;
    without.fields.clear();
    Rows rows(without, std::move(columns));
    rows.add(one);
    return rows.finish();
  }
  if (format != Format::table) return print_line(json::serialize(one));
  std::size_t width = 0;
  for (const auto& each : one) width = std::max(width, std::string_view(each.key()).size());
  for (const auto& each : one) {
    const std::string_view key = each.key();
    print_line(fmt::format("{}{}  {}", colored(Color::bold, printable(key)),
                           std::string(width - key.size(), ' '), readable(each.value())));
  }
}

std::string readable(const json::value& value) {
  if (value.is_null()) return "-";
  if (const auto* text = value.if_string()) return printable({text->data(), text->size()});
  if (const auto* figure = value.if_double()) return fmt::format("{}", *figure);
  const auto* object = value.if_object();
  if (object == nullptr) return printable(json::serialize(value));
  if (const auto* name = object->if_contains("name"); name != nullptr && !name->is_null())
    return readable(*name);
  std::string out;
  for (const auto& member : *object) {
    if (member.value().is_null()) continue;
    if (!out.empty()) out += ", ";
    out += printable(member.key()) + " " + readable(member.value());
  }
  return out.empty() ? "-" : out;
}

bool flush_stdout() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  fmt::print(stderr, "parlance: stdout does not take what is written to it\n");
  return false;
}

std::string colored(Color color, std::string_view text) {
  const char* const term = std::getenv("TERM");
  const char* const refused = std::getenv("NO_COLOR");
  const bool plain = color == Color::plain || no_color || (refused != nullptr && *refused != 0) ||
                     term == nullptr || std::string_view(term) == "dumb" || ::isatty(STDOUT_FILENO) != 1;
  if (plain) return std::string(text);
  const char* const code = color == Color::bold     ? "1"
                           : color == Color::green  ? "32"
                           : color == Color::yellow ? "33"
                                                    : "31";
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_character(text, [&](UChar32 c) {
    if (c == '\n' || c == '\t')
      out += ' ';
    else if (c == '\r')
      return;
    else if (u_charType(c) == U_CONTROL_CHAR || turns_the_line(c))
      append(out, 0xFFFD);
    else
      append(out, c);
  });
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  each_character(text, [&](UChar32 c) { width += width_of(c); });
  return width;
}

}  // namespace parlance::tools
