#include "tools/parlance/output.h"

#include <algorithm>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace parlance::tools {
namespace {

constexpr std::size_t cell_width_max = 60;

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

void append(std::string& out, UChar32 c) { icu::UnicodeString(c).toUTF8String(out); }

std::size_t width_of(UChar32 c) { return shown_wide(c) ? 2 : shown_narrow(c) ? 1 : 0; }

std::string cell(const json::object& row, std::string_view path) {
  const std::size_t dot = path.find('.');
  const json::value* value = row.if_contains(path.substr(0, dot));
  if (value == nullptr) return "-";
  if (dot == std::string_view::npos) return readable(*value);
  const auto* inner = value->if_object();
  return inner == nullptr ? "-" : cell(*inner, path.substr(dot + 1));
}

std::string cut(const std::string& text) {
  if (display_width(text) <= cell_width_max) return text;
  std::string out;
  std::size_t width = 0;
  bool full = false;
  each_character(text, [&](UChar32 c) {
    full = full || width + width_of(c) > cell_width_max - 1;
    if (full) return;
    width += width_of(c);
    append(out, c);
  });
  return out + "…";
}

void print_table(const std::vector<Column>& columns, const json::array& rows) {
  std::vector<std::vector<std::string>> cells{{}};
  for (const Column& column : columns) cells[0].emplace_back(column.title);
  for (const json::value& row : rows) {
    cells.emplace_back();
    for (const Column& column : columns) cells.back().push_back(cut(cell(row.as_object(), column.path)));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : cells)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  for (const auto& line : cells) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - display_width(line[i]), ' ');
      if (i != 0) text += "  ";
      text += columns[i].right ? space + line[i] : line[i] + space;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    print_line(text);
  }
}

}  // namespace

Format Output::format() const {
  if (asked == "table") return Format::table;
  if (asked == "json") return Format::json;
  if (asked == "jsonl") return Format::jsonl;
  if (asked == "ids") return Format::ids;
  return ::isatty(STDOUT_FILENO) == 1 ? Format::table : Format::jsonl;
}

void add_output(CLI::App& command, Output& output, bool ids) {
  std::vector<std::string> formats{"table", "json", "jsonl"};
  if (ids) formats.emplace_back("ids");
  command
      .add_option("-o,--output", output.asked,
                  "How to show it (default: table on a terminal, jsonl when piped)")
      ->check(CLI::IsMember(formats));
  command.add_flag("-q,--quiet", output.quiet, "No progress on stderr");
}

void Rows::add(json::object row) {
  switch (format_) {
    case Format::jsonl: return print_line(json::serialize(row));
    case Format::ids: return print_line(cell(row, "id"));
    case Format::table:
    case Format::json: rows_.push_back(std::move(row));
  }
}

void Rows::finish(std::string_view empty) {
  if (format_ == Format::json) print_line(json::serialize(rows_));
  if (format_ != Format::table) return;
  if (rows_.empty() && !empty.empty())
    fmt::print(stderr, "{}\n", empty);
  else
    print_table(columns_, rows_);
}

void print_one(Format format, const json::object& one) {
  if (format == Format::ids) return print_line(cell(one, "id"));
  if (format != Format::table) return print_line(json::serialize(one));
  std::size_t width = 0;
  for (const auto& member : one) width = std::max(width, std::string_view(member.key()).size());
  for (const auto& member : one) {
    const std::string_view key = member.key();
    print_line(fmt::format("{}{}  {}", key, std::string(width - key.size(), ' '), readable(member.value())));
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

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_character(text, [&](UChar32 c) {
    if (c == '\n' || c == '\t')
      out += ' ';
    else if (c == '\r')
      return;
    else if (u_charType(c) == U_CONTROL_CHAR)
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
