#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/html_tree.h"

/// What sanitised HTML may hold, said a second time and in another way than the sanitiser says it: its oracle.
namespace parlance::http {

[[nodiscard]] inline bool is_one_of(std::string_view word, std::string_view words) {
  return !word.empty() && word.find(' ') == std::string_view::npos &&
         (" " + std::string(words) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

[[nodiscard]] inline bool is_allowed_style(std::string_view style) {
  for (const char c : style) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view(" #.,%-:;()").find(c) == std::string_view::npos) return false;
  }
  if (style.find("url") != std::string_view::npos || style.find("position") != std::string_view::npos)
    return false;
  for (std::size_t at = style.find('('); at != std::string_view::npos; at = style.find('(', at + 1))
    if (!style.substr(0, at).ends_with("rgb") && !style.substr(0, at).ends_with("rgba")) return false;
  return true;
}

/// None, or what stands there that may not.
[[nodiscard]] inline std::optional<std::string> not_allowed(std::string_view html) {
  constexpr std::string_view elements =
      "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt "
      "em font h1 h2 "
      "h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody "
      "td tfoot th "
      "thead tr tt u ul var wbr";
  constexpr std::string_view attributes =
      "align alt bgcolor border cellpadding cellspacing color colspan data-blocked dir height href lang "
      "nowrap rel rowspan "
      "size span src start style target title type valign value width";
  const HtmlTree tree(html);
  if (tree.root() == nullptr) return "it cannot be parsed";
  std::vector<const GumboNode*> todo{tree.root()};
  int documents = 0;  // html, head and body are the parser's own
  while (!todo.empty()) {
    const GumboNode& node = *todo.back();
    todo.pop_back();
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE) continue;
    if (node.type != GUMBO_NODE_ELEMENT) return "a comment, a template or a section of data";
    const GumboElement& element = node.v.element;
    const std::string name = gumbo_normalized_tagname(element.tag);
    if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return "foreign: " + name;
    const bool own =
        is_one_of(name, "html head body") && element.original_tag.length == 0 && ++documents <= 3;
    if (!own && !is_one_of(name, elements)) return "element: " + name;
    for (unsigned i = 0; i < element.attributes.length; ++i) {
      const auto& attribute = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
      const std::string_view called = attribute.name, value = attribute.value;
      const std::string what = name + " " + std::string(called) + "=" + std::string(value);
      if (!is_one_of(called, attributes)) return "attribute: " + what;
      if (called == "href" &&
          (name != "a" || (!value.starts_with("http://") && !value.starts_with("https://") &&
                           !value.starts_with("mailto:"))))
        return "link: " + what;
      if (called == "href" && value.find_first_of("\"'<>` \\\t\r\n") != std::string_view::npos)
        return "characters in a link: " + what;
      if (called == "src" &&
          (name != "img" ||
           (!value.starts_with("data:image/png;base64,") && !value.starts_with("data:image/jpeg;base64,") &&
            !value.starts_with("data:image/gif;base64,") && !value.starts_with("data:image/webp;base64,"))))
        return "source: " + what;
      if (called == "style" && !is_allowed_style(value)) return "style: " + what;
      if (called == "target" && value != "_blank") return "target: " + what;
      if (called == "rel" && value != "noopener noreferrer nofollow") return "rel: " + what;
      if (called == "data-blocked" && !is_one_of(value, "remote missing")) return "mark: " + what;
    }
    if (name == "a" && gumbo_get_attribute(&element.attributes, "href") != nullptr &&
        (gumbo_get_attribute(&element.attributes, "rel") == nullptr ||
         gumbo_get_attribute(&element.attributes, "target") == nullptr))
      return "a link that tells where it comes from";
    for (unsigned i = 0; i < element.children.length; ++i)
      todo.push_back(static_cast<const GumboNode*>(element.children.data[i]));
  }
  return std::nullopt;
}

}  // namespace parlance::http
