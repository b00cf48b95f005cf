#pragma once
#include <cstddef>
#include <functional>
#include <gumbo.h>
#include <memory>
#include <string_view>
#include <vector>

namespace parlance::http {

/// How much memory one parse may take. Markup that nests formatting in tables and paragraphs makes the HTML5 algorithm build a tree
/// that is quadratic in its length; it ends here instead.
inline constexpr std::size_t html_tree_bytes_max = 48U << 20;
/// How many attributes one tag may have (give or take ten), and how many tags of a document and its body, whose attributes are put together: the parser
/// compares each attribute with all before it.
inline constexpr std::size_t html_attributes_max = 256;
inline constexpr std::size_t html_roots_max = 32;

/// HTML as an HTML5 parser understands it, in memory of its own that goes at once: no recursion, whatever its depth. The text outlives
/// the tree. Threads: one at a time.
class HtmlTree {
 public:
  explicit HtmlTree(std::string_view html);
  ~HtmlTree();
  HtmlTree(const HtmlTree&) = delete;
  HtmlTree& operator=(const HtmlTree&) = delete;
  /// Null where the tree would have been too large, or have taken too long.
  [[nodiscard]] const GumboNode* root() const;

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;
  const GumboOutput* output_ = nullptr;
};

}  // namespace parlance::http
