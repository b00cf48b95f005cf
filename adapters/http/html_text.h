#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace parlance::http {

/// Parsing takes time that grows with the square of the tags in the worst case, so a message with more is refused before it is parsed.
inline constexpr std::size_t html_tags_max = 20'000;
[[nodiscard]] inline bool has_too_many_tags(std::string_view html) {
  return static_cast<std::size_t>(std::ranges::count(html, '<')) > html_tags_max;
}

/// What an HTML message says, as plain text: parsed as HTML5, scripts, styles and the head left out, blocks and line breaks
/// as line breaks, white space folded. The result is shown as text, never as markup. Not for one that has_too_many_tags().
[[nodiscard]] std::string text_of_html(std::string_view html);

}  // namespace parlance::http
