#include "adapters/http/csv.h"

namespace parlance::http {

std::string csv_text(std::string_view text) {
  std::string out;
  const std::size_t first = text.find_first_not_of(" \n\v\f");
  const bool formula = first != std::string_view::npos &&
                       std::string_view("=+-@\t\r").find(text[first]) != std::string_view::npos;
  if (formula) out += '\'';
  out += text;
  if (out.find_first_of("\",\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_record(const std::vector<std::string>& cells) {
  std::string out;
  bool first = true;
  for (const std::string& cell : cells) {
    if (!first) out += ',';
    first = false;
    out += cell;
  }
  return out + "\r\n";
}

}  // namespace parlance::http
