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
  std::jmp_buf full;

  static constexpr std::size_t block_bytes = 64 * 1024;

  /// None where that is too much.
  void* take(std::size_t bytes) {
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
}  // namespace

HtmlTree::HtmlTree(std::string_view html) : arena_(std::make_unique<Arena>()) {
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
