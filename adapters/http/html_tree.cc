#include "adapters/http/html_tree.h"

#include <algorithm>
#include <csetjmp>
#include <cstdlib>

namespace parlance::http {

struct HtmlTree::Arena {
  std::vector<std::unique_ptr<std::byte[]>> blocks;
  std::byte* next = nullptr;
  std::size_t left = 0;
  std::size_t used = 0;
  std::size_t attributes = 0;  ///< of one tag, at most: those since the last node
  std::jmp_buf full;

  static constexpr std::size_t block_bytes = 64 * 1024;

  /// None where that is too much.
  void* take(std::size_t bytes) {
    // The list of a tag's attributes itself passes through the size of a node once, when it grows to sixteen.
    if (bytes == sizeof(GumboNode)) attributes = 0;
    if (bytes == sizeof(GumboAttribute) && ++attributes > html_attributes_max) return nullptr;
    constexpr std::size_t alignment = alignof(std::max_align_t);
    bytes = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    if (bytes > html_tree_bytes_max - used) return nullptr;
    used += bytes;
    if (bytes > left) {
      const std::size_t block = std::max(bytes, block_bytes);
      blocks.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
      next = blocks.back().get();
      left = block;
    }
    void* out = next;
    next += bytes;
    left -= bytes;
    return out;
  }
  /// The parser does not expect to get nothing, so it is left by a jump: nothing but its own C stands between, and all
  /// that it took lies here.
  static void* allocate(void* arena, std::size_t bytes) {
    auto* self = static_cast<Arena*>(arena);
    void* out = self->take(bytes);
    if (out == nullptr) std::longjmp(self->full, 1);
    return out;
  }
  static void release(void*, void*) {}
};

namespace {
/// No object with a destructor may live in the frame that a jump comes back to.
[[gnu::noinline]] GumboOutput* parse(const GumboOptions& options, std::jmp_buf& full, const char* html,
                                     std::size_t bytes) {
  if (setjmp(full) != 0) return nullptr;
  return gumbo_parse_with_options(&options, html, bytes);
}

/// Tags of a document or of its body, in any case.
std::size_t roots(std::string_view html) {
  std::size_t out = 0;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const std::string_view name = html.substr(at + 1, 4);
    const auto is = [&](std::string_view word) {
      return std::ranges::equal(name, word, {},
                                [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    };
    out += static_cast<std::size_t>(is("html") || is("body"));
  }
  return out;
}
}  // namespace

HtmlTree::HtmlTree(std::string_view html) : arena_(std::make_unique<Arena>()) {
  if (roots(html) > html_roots_max) return;
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = Arena::allocate;
  options.deallocator = Arena::release;
  options.userdata = arena_.get();
  options.max_errors = 0;  // each would hold a copy of the open tags
  output_ = parse(options, arena_->full, html.data(), html.size());
}
HtmlTree::~HtmlTree() = default;

const GumboNode* HtmlTree::root() const { return output_ == nullptr ? nullptr : output_->root; }

}  // namespace parlance::http
