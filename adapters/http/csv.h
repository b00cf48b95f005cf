#pragma once
#include <string>
#include <string_view>
#include <vector>

/// Tables as RFC 4180 has them, for spreadsheets too.
namespace parlance::http {

/// A cell that holds a text. One that a spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage return, after
/// white space or none) gets an apostrophe before it; quotes, commas and line breaks are quoted.
[[nodiscard]] std::string csv_text(std::string_view text);
/// One record of finished cells, ended by CR LF.
[[nodiscard]] std::string csv_record(const std::vector<std::string>& cells);

}  // namespace parlance::http
