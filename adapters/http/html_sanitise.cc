#include "adapters/http/html_sanitise.h"

#include <algorithm>
#include <array>
#include <vector>

#include "adapters/http/html_text.h"
#include "adapters/http/html_tree.h"

namespace parlance::http {
namespace {

using namespace std::string_view_literals;

// ---- the lists; each is sorted ----

/// Elements that stay. All others lose their tags and keep what is in them, but for those that are dropped whole.
constexpr std::array kept{"a"sv,          "abbr"sv, "address"sv, "b"sv,      "bdi"sv,   "bdo"sv,  "big"sv,
                          "blockquote"sv, "br"sv,   "caption"sv, "center"sv, "cite"sv,  "code"sv, "col"sv,
                          "colgroup"sv,   "dd"sv,   "del"sv,     "dfn"sv,    "div"sv,   "dl"sv,   "dt"sv,
                          "em"sv,         "font"sv, "h1"sv,      "h2"sv,     "h3"sv,    "h4"sv,   "h5"sv,
                          "h6"sv,         "hr"sv,   "i"sv,       "img"sv,    "ins"sv,   "kbd"sv,  "li"sv,
                          "mark"sv,       "ol"sv,   "p"sv,       "pre"sv,    "q"sv,     "s"sv,    "samp"sv,
                          "small"sv,      "span"sv, "strike"sv,  "strong"sv, "sub"sv,   "sup"sv,  "table"sv,
                          "tbody"sv,      "td"sv,   "tfoot"sv,   "th"sv,     "thead"sv, "tr"sv,   "tt"sv,
                          "u"sv,          "ul"sv,   "var"sv,     "wbr"sv};
/// Elements that go with all that is in them: what is in them is no text of the mail's, or is read by other rules.
constexpr std::array dropped{
    "applet"sv,    "audio"sv,    "base"sv,     "basefont"sv, "bgsound"sv, "canvas"sv,
    "datalist"sv,  "embed"sv,    "frame"sv,    "frameset"sv, "head"sv,    "iframe"sv,
    "input"sv,     "isindex"sv,  "keygen"sv,   "link"sv,     "math"sv,    "menuitem"sv,
    "meta"sv,      "noembed"sv,  "noframes"sv, "noscript"sv, "object"sv,  "param"sv,
    "plaintext"sv, "script"sv,   "select"sv,   "source"sv,   "style"sv,   "svg"sv,
    "template"sv,  "textarea"sv, "title"sv,    "track"sv,    "video"sv,   "xmp"sv};
constexpr std::array void_elements{"br"sv, "col"sv, "hr"sv, "img"sv, "wbr"sv};

enum class Kind : std::uint8_t { text, number, length, colour, keyword, language };
struct Allowed {
  std::string_view name;
  Kind kind;
  std::string_view on;  ///< "" on every element, else the elements it may stand on, between blanks
};
constexpr std::array allowed{
    Allowed{"align", Kind::keyword,
            " caption col colgroup div h1 h2 h3 h4 h5 h6 hr img p table tbody td tfoot th thead tr "},
    Allowed{"alt", Kind::text, " img "},
    Allowed{"bgcolor", Kind::colour, " table tbody td tfoot th thead tr "},
    Allowed{"border", Kind::number, " img table "},
    Allowed{"cellpadding", Kind::number, " table "},
    Allowed{"cellspacing", Kind::number, " table "},
    Allowed{"color", Kind::colour, " font hr "},
    Allowed{"colspan", Kind::number, " td th "},
    Allowed{"dir", Kind::keyword, ""},
    Allowed{"height", Kind::length, " img table td th tr "},
    Allowed{"lang", Kind::language, ""},
    Allowed{"nowrap", Kind::keyword, " td th "},
    Allowed{"rowspan", Kind::number, " td th "},
    Allowed{"size", Kind::number, " font hr "},
    Allowed{"span", Kind::number, " col colgroup "},
    Allowed{"start", Kind::number, " ol "},
    Allowed{"title", Kind::text, ""},
    Allowed{"type", Kind::keyword, " li ol ul "},
    Allowed{"valign", Kind::keyword, " col colgroup tbody td tfoot th thead tr "},
    Allowed{"value", Kind::number, " li "},
    Allowed{"width", Kind::length, " col colgroup hr img table td th "},
};
constexpr std::array keywords{"1"sv,       "a"sv,      "auto"sv,    "baseline"sv, "bottom"sv,
                              "center"sv,  "circle"sv, "decimal"sv, "disc"sv,     "i"sv,
                              "justify"sv, "left"sv,   "ltr"sv,     "middle"sv,   "nowrap"sv,
                              "right"sv,   "rtl"sv,    "square"sv,  "top"sv};
/// Style properties that move nothing out of its place and load nothing.
constexpr std::array properties{
    "background-color"sv, "border"sv,         "border-bottom"sv,  "border-collapse"sv, "border-color"sv,
    "border-left"sv,      "border-right"sv,   "border-spacing"sv, "border-style"sv,    "border-top"sv,
    "border-width"sv,     "color"sv,          "direction"sv,      "font-family"sv,     "font-size"sv,
    "font-style"sv,       "font-weight"sv,    "height"sv,         "letter-spacing"sv,  "line-height"sv,
    "list-style-type"sv,  "margin"sv,         "margin-bottom"sv,  "margin-left"sv,     "margin-right"sv,
    "margin-top"sv,       "max-width"sv,      "min-width"sv,      "padding"sv,         "padding-bottom"sv,
    "padding-left"sv,     "padding-right"sv,  "padding-top"sv,    "text-align"sv,      "text-decoration"sv,
    "text-indent"sv,      "text-transform"sv, "vertical-align"sv, "white-space"sv,     "width"sv};
constexpr std::array schemes{"http"sv, "https"sv, "mailto"sv};
constexpr std::array image_types{"image/gif"sv, "image/jpeg"sv, "image/png"sv, "image/webp"sv};

constexpr std::size_t attribute_bytes_max = 4096;
constexpr std::size_t url_bytes_max = 8192;
constexpr std::size_t style_value_bytes_max = 100;
constexpr int rounds_max = 4;  ///< of reading the result again until it stays the same

template <std::size_t n> bool listed(const std::array<std::string_view, n>& list, std::string_view word) {
  return std::ranges::binary_search(list, word);
}
static_assert(std::ranges::is_sorted(kept) && std::ranges::is_sorted(dropped) &&
              std::ranges::is_sorted(void_elements) && std::ranges::is_sorted(keywords) &&
              std::ranges::is_sorted(properties) && std::ranges::is_sorted(schemes) &&
              std::ranges::is_sorted(image_types) && std::ranges::is_sorted(allowed, {}, &Allowed::name));

// ---- characters ----

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}
bool is_alpha(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// As text or as a quoted attribute: nothing in it begins or ends anything.
void escape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '`': out += "&#96;"; break;
      case '\0': break;
      case '\r': out += "&#13;"; break;
      default: out += c;
    }
  }
}

// ---- values ----

/// The URL as it is written out, or none where it leads anywhere else than the web or a mail. Read as browsers read: blanks and
/// controls around it do not count, nor line ends and tabs within.
std::optional<std::string> clean_url(std::string_view url) {
  if (url.size() > url_bytes_max) return std::nullopt;
  std::string plain;
  for (const char c : url)
    if (c != '\t' && c != '\n' && c != '\r') plain += c;
  std::string_view rest = plain;
  while (!rest.empty() && (is_control(rest.front()) || rest.front() == ' ')) rest.remove_prefix(1);
  while (!rest.empty() && (is_control(rest.back()) || rest.back() == ' ')) rest.remove_suffix(1);
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string scheme = lowered(rest.substr(0, colon));
  if (!listed(schemes, scheme)) return std::nullopt;
  rest.remove_prefix(colon + 1);
  if (scheme != "mailto" && !rest.starts_with("//")) return std::nullopt;
  std::string out = scheme + ":";
  for (const char c : rest) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (is_control(c) || c == ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c == '\\' || c == '\'') {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

bool is_image_data(std::string_view url) {
  constexpr std::string_view start = "data:", encoding = ";base64,";
  if (!url.starts_with(start)) return false;
  url.remove_prefix(start.size());
  const std::size_t end = url.find(encoding);
  if (end == std::string_view::npos || !listed(image_types, url.substr(0, end))) return false;
  url.remove_prefix(end + encoding.size());
  return !url.empty() && std::ranges::all_of(url, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
  });
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit);
}
bool is_colour(std::string_view text) {
  if (text.starts_with('#')) {
    text.remove_prefix(1);
    return (text.size() == 3 || text.size() == 6) && std::ranges::all_of(text, [](char c) {
             return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
           });
  }
  return !text.empty() && text.size() <= 24 && std::ranges::all_of(text, is_alpha);
}

std::optional<std::string> clean_attribute(Kind kind, std::string_view value) {
  if (kind == Kind::text) {
    if (value.size() > attribute_bytes_max) return std::nullopt;
    std::string out;
    for (const char c : value)
      if (!is_control(c)) out += c;
    return out;
  }
  const std::string word = lowered(trimmed(value));
  bool good = false;
  switch (kind) {
    case Kind::number:
      good = is_number(word) || (word.starts_with('-') && is_number(word.substr(1))) ||
             (word.starts_with('+') && is_number(word.substr(1)));
      break;
    case Kind::length:
      good = is_number(word) || (word.ends_with('%') && is_number(word.substr(0, word.size() - 1)));
      break;
    case Kind::colour: good = is_colour(word); break;
    case Kind::keyword: good = listed(keywords, word); break;
    case Kind::language:
      good = !word.empty() && word.size() <= 35 &&
             std::ranges::all_of(word, [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; });
      break;
    case Kind::text: break;
  }
  if (!good) return std::nullopt;
  // The numbering of lists tells "a" from "A".
  return kind == Kind::keyword && word.size() == 1 ? std::string(trimmed(value)) : word;
}

/// rgb(1, 2, 3) and rgba(1, 2, 3, .5) are the only functions.
bool is_style_value(std::string_view value) {
  if (value.empty() || value.size() > style_value_bytes_max) return false;
  if (value.starts_with("rgb(") || value.starts_with("rgba(")) {
    if (!value.ends_with(')')) return false;
    value = value.substr(value.find('(') + 1);
    value.remove_suffix(1);
    return std::ranges::all_of(
        value, [](char c) { return is_digit(c) || c == ',' || c == '.' || c == '%' || c == ' '; });
  }
  return std::ranges::all_of(value, [](char c) {
    return is_alpha(c) || is_digit(c) || c == ' ' || c == '#' || c == '.' || c == ',' || c == '%' || c == '-';
  });
}

std::string clean_style(std::string_view style) {
  std::string out;
  if (style.size() > attribute_bytes_max) return out;
  while (!style.empty()) {
    const std::size_t end = std::min(style.find(';'), style.size());
    const std::string_view one = style.substr(0, end);
    style.remove_prefix(std::min(end + 1, style.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = lowered(trimmed(one.substr(0, colon)));
    if (!listed(properties, name)) continue;
    std::string value;
    for (const char c : lowered(trimmed(one.substr(colon + 1)))) {
      // Fonts are named in quotes, which are not needed.
      if (name == "font-family" && (c == '"' || c == '\'')) continue;
      if (is_blank(c) && (value.empty() || value.back() == ' ')) continue;
      value += is_blank(c) ? ' ' : c;
    }
    if (value.ends_with("!important"))
      value = std::string(trimmed(std::string_view(value).substr(0, value.size() - 10)));
    // Text that is moved out of sight, or over other text.
    if (name.starts_with("margin") && value.find('-') != std::string::npos) continue;
    if (name == "text-indent" && value.find('-') != std::string::npos) continue;
    if (!is_style_value(value)) continue;
    out += (out.empty() ? "" : ";") + name + ":" + value;
  }
  return out;
}

// ---- the walk ----

class Writer {
 public:
  explicit Writer(const FindImage& find_image) : find_image_(find_image) {}

  /// False where it grew too large.
  bool write(const GumboNode& root) {
    todo_.push_back({&root, {}, 0});
    while (!todo_.empty()) {
      if (out_.size() > sanitised_bytes_max) return false;
      const Visit visit = todo_.back();
      todo_.pop_back();
      if (!visit.closing.empty()) {
        out_ += "</";
        out_ += visit.closing;
        out_ += '>';
      } else {
        enter(*visit.node, visit.depth);
      }
    }
    return true;
  }
  std::string take() { return std::move(out_); }

 private:
  struct Visit {
    const GumboNode* node;
    std::string_view closing;  ///< the name of an element that ends here
    std::size_t depth;
  };

  void enter(const GumboNode& node, std::size_t depth) {
    switch (node.type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE: return escape(node.v.text.text, out_);
      case GUMBO_NODE_ELEMENT: return element(node.v.element, depth);
      case GUMBO_NODE_DOCUMENT:
      case GUMBO_NODE_COMMENT:
      case GUMBO_NODE_TEMPLATE: return;
    }
  }
  void element(const GumboElement& element, std::size_t depth) {
    if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return;
    const std::string name = name_of(element);
    if (listed(dropped, name)) return;
    const auto keep = std::ranges::lower_bound(kept, std::string_view(name));
    if (keep != kept.end() && *keep == name && depth < html_depth_max) {
      out_ += '<';
      out_ += name;
      attributes(element, name);
      out_ += '>';
      if (listed(void_elements, name)) return;
      todo_.push_back({nullptr, *keep, 0});
      ++depth;
      // A parser drops the first line end in it.
      if (name == "pre" && begins_a_line(element)) out_ += '\n';
    }
    for (unsigned i = element.children.length; i-- > 0;)
      todo_.push_back({static_cast<const GumboNode*>(element.children.data[i]), {}, depth});
  }
  static std::string name_of(const GumboElement& element) {
    if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
    GumboStringPiece piece = element.original_tag;
    gumbo_tag_from_original_text(&piece);
    return piece.data == nullptr ? std::string() : lowered({piece.data, piece.length});
  }
  static bool begins_a_line(const GumboElement& element) {
    if (element.children.length == 0) return false;
    const auto* first = static_cast<const GumboNode*>(element.children.data[0]);
    return (first->type == GUMBO_NODE_TEXT || first->type == GUMBO_NODE_WHITESPACE) &&
           first->v.text.text[0] == '\n';
  }

  void attributes(const GumboElement& element, std::string_view name) {
    std::array<bool, allowed.size()> given{};
    std::string style;
    for (unsigned i = 0; i < element.attributes.length; ++i) {
      const auto& attribute = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
      const std::string called = lowered(attribute.name);
      if (called == "style" && style.empty()) style = clean_style(attribute.value);
      const auto found = std::ranges::lower_bound(allowed, std::string_view(called), {}, &Allowed::name);
      if (found == allowed.end() || found->name != called) continue;
      if (!found->on.empty() && found->on.find(" " + std::string(name) + " ") == std::string_view::npos)
        continue;
      bool& already = given[static_cast<std::size_t>(found - allowed.begin())];
      if (already) continue;
      if (const auto value = clean_attribute(found->kind, attribute.value)) {
        put(called, *value);
        already = true;
      }
    }
    if (name == "a") link(element);
    if (name == "img") image(element);
    if (!style.empty()) put("style", style);
  }
  void link(const GumboElement& element) {
    const GumboAttribute* href = gumbo_get_attribute(&element.attributes, "href");
    if (href == nullptr) return;
    const auto url = clean_url(href->value);
    if (!url) return;
    put("href", *url);
    put("rel", "noopener noreferrer nofollow");
    put("target", "_blank");
  }
  void image(const GumboElement& element) {
    const GumboAttribute* src = gumbo_get_attribute(&element.attributes, "src");
    const GumboAttribute* marked = gumbo_get_attribute(&element.attributes, "data-blocked");
    if (src == nullptr) {
      // What an earlier round blocked.
      if (marked != nullptr && (marked->value == "remote"sv || marked->value == "missing"sv))
        put("data-blocked", marked->value);
      return;
    }
    const std::string_view address = trimmed(src->value);
    constexpr std::string_view cid = "cid:";
    if (lowered(address.substr(0, cid.size())) == cid) {
      const auto found = find_image_ ? find_image_(address.substr(cid.size())) : std::nullopt;
      if (found && is_image_data(*found)) return put("src", *found);
      return put("data-blocked", "missing");
    }
    if (is_image_data(address)) return put("src", address);
    put("data-blocked", "remote");
  }
  void put(std::string_view name, std::string_view value) {
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    escape(value, out_);
    out_ += '"';
  }

  const FindImage& find_image_;
  std::vector<Visit> todo_;
  std::string out_;
};

/// The body of the tree, or none.
const GumboNode* body_of(const GumboNode* root) {
  if (root == nullptr || root->type != GUMBO_NODE_ELEMENT) return nullptr;
  const GumboVector& children = root->v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == GUMBO_TAG_BODY) return child;
  }
  return nullptr;
}

std::optional<std::string> once(std::string_view html, const FindImage& find_image) {
  const HtmlTree tree(html);
  if (tree.root() == nullptr) return std::nullopt;
  const GumboNode* body = body_of(tree.root());
  if (body == nullptr) return std::string();
  Writer writer(find_image);
  if (!writer.write(*body)) return std::nullopt;
  return writer.take();
}

std::string as_plain_text(std::string_view html) {
  std::string out = "<pre>";
  const std::string text = text_of_html(html);
  escape(text, out);
  out += "</pre>";
  // Once more: what is no UTF-8 is replaced by the parser alone.
  return once(out, {}).value_or("<pre></pre>");
}

}  // namespace

std::string sanitise_html(std::string_view html, const FindImage& find_image) {
  auto last = once(html, find_image);
  for (int round = 0; last && round < rounds_max; ++round) {
    auto next = has_too_many_tags(*last) ? std::nullopt : once(*last, {});
    if (next == last) return *std::move(last);
    last = std::move(next);
  }
  return as_plain_text(html);
}

std::string html_document(std::string_view sanitised) {
  std::string out =
      "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">"
      "<style>body{margin:8px;font:14px/1.5 system-ui,sans-serif;color:#111;background:#fff;"
      "overflow-wrap:anywhere}img{max-width:100%}pre{white-space:pre-wrap}"
      "img[data-blocked]{min-width:16px;min-height:16px;outline:1px dashed #999}</style></head><body>";
  out += sanitised;
  return out + "</body></html>\n";
}

}  // namespace parlance::http
