#include "adapters/http/html_text.h"

#include <vector>

#include "adapters/http/html_tree.h"

namespace parlance::http {
namespace {

bool is_hidden(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_TITLE: return true;
    default: return false;
  }
}
bool is_block(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_P:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_BR:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_HR: return true;
    default: return false;
  }
}

/// Folds white space into single blanks, and blank lines into one.
class Text {
 public:
  void add(std::string_view piece) {
    for (const char c : piece) {
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')
        blank_ = true;
      else
        put(c);
    }
  }
  void add_blank() { blank_ = true; }
  void end_line() {
    if (!out_.empty()) ++lines_;
    blank_ = false;
  }
  std::string take() { return std::move(out_); }

 private:
  void put(char c) {
    if (lines_ > 0)
      out_.append(lines_ > 2 ? 2 : lines_, '\n');
    else if (blank_ && !out_.empty())
      out_ += ' ';
    lines_ = 0;
    blank_ = false;
    out_ += c;
  }
  std::string out_;
  std::size_t lines_ = 0;
  bool blank_ = false;
};

/// Of markup that is made to exhaust a parser: what stands outside of angle brackets.
std::string text_between_tags(std::string_view html) {
  Text text;
  bool inside = false;
  while (!html.empty()) {
    const std::size_t end = std::min(html.find(inside ? '>' : '<'), html.size());
    if (!inside) text.add(html.substr(0, end));
    html.remove_prefix(std::min(end + 1, html.size()));
    text.add_blank();
    inside = !inside;
  }
  return text.take();
}

}  // namespace

std::string text_of_html(std::string_view html) {
  const HtmlTree tree(html);
  if (tree.root() == nullptr) return text_between_tags(html);
  Text text;
  // Walked with a stack of our own: hostile markup nests as deep as it is long.
  struct Visit {
    const GumboNode* node;
    bool leaving;
  };
  std::vector<Visit> todo{{tree.root(), false}};
  while (!todo.empty()) {
    const Visit visit = todo.back();
    todo.pop_back();
    const GumboNode& node = *visit.node;
    if (visit.leaving) {
      text.end_line();
      continue;
    }
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_CDATA) {
      text.add(node.v.text.text);
    } else if (node.type == GUMBO_NODE_WHITESPACE) {
      text.add_blank();
    } else if (node.type == GUMBO_NODE_ELEMENT && !is_hidden(node.v.element.tag)) {
      if (is_block(node.v.element.tag)) {
        text.end_line();
        if (node.v.element.tag != GUMBO_TAG_BR) todo.push_back({&node, true});
      }
      const GumboVector& children = node.v.element.children;
      for (unsigned i = children.length; i-- > 0;)
        todo.push_back({static_cast<const GumboNode*>(children.data[i]), false});
    }
  }
  return text.take();
}

}  // namespace parlance::http
