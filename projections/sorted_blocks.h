#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace parlance {

/// A sorted set of small values in blocks of neighbours: it is walked like an array, and inserting moves at most a block. Values are
/// distinct under `<`; they may carry more than what orders them.
template <class T> class SortedBlocks {
 public:
  /// False: there is one already.
  bool insert(const T& value) {
    if (blocks_.empty()) {
      blocks_.push_back({value});
      firsts_.push_back(value);
      size_ = 1;
      return true;
    }
    const std::size_t b = block_of(value);
    auto& block = blocks_[b];
    const auto at = std::lower_bound(block.begin(), block.end(), value);
    if (at != block.end() && !(value < *at)) return false;
    block.insert(at, value);
    ++size_;
    if (block.size() > block_max) split(b);
    firsts_[b] = blocks_[b].front();
    return true;
  }
  bool erase(const T& value) {
    if (blocks_.empty()) return false;
    const std::size_t b = block_of(value);
    auto& block = blocks_[b];
    const auto at = std::lower_bound(block.begin(), block.end(), value);
    if (at == block.end() || value < *at) return false;
    block.erase(at);
    --size_;
    if (block.empty()) {
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(b));
      firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(b));
    } else {
      firsts_[b] = block.front();
    }
    return true;
  }
  /// Visits values from the first that is not below `from`, ascending, until `visit` returns false.
  template <class Visit> void ascend(const T& from, const Visit& visit) const {
    if (blocks_.empty()) return;
    std::size_t b = block_of(from);
    auto at = std::lower_bound(blocks_[b].begin(), blocks_[b].end(), from);
    for (;;) {
      for (; at != blocks_[b].end(); ++at)
        if (!visit(*at)) return;
      if (++b == blocks_.size()) return;
      at = blocks_[b].begin();
    }
  }
  /// Visits values below `before`, descending.
  template <class Visit> void descend(const T& before, const Visit& visit) const {
    if (blocks_.empty()) return;
    std::size_t b = block_of(before);
    auto at = std::lower_bound(blocks_[b].begin(), blocks_[b].end(), before);
    for (;;) {
      while (at != blocks_[b].begin())
        if (!visit(*--at)) return;
      if (b-- == 0) return;
      at = blocks_[b].end();
    }
  }
  /// How many lie in [from, to).
  [[nodiscard]] std::size_t count(const T& from, const T& to) const {
    if (blocks_.empty() || !(from < to)) return 0;
    const std::size_t first = block_of(from), last = block_of(to);
    const auto below = [&](std::size_t b, const T& value) {
      return static_cast<std::size_t>(std::lower_bound(blocks_[b].begin(), blocks_[b].end(), value) -
                                      blocks_[b].begin());
    };
    std::size_t n = below(last, to);
    for (std::size_t b = first; b < last; ++b) n += blocks_[b].size();
    return n - below(first, from);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  void clear() { *this = {}; }

 private:
  static constexpr std::size_t block_max = 256;
  /// The last block that begins no later than `value`, else the first.
  [[nodiscard]] std::size_t block_of(const T& value) const {
    const auto after = std::upper_bound(firsts_.begin(), firsts_.end(), value);
    return after == firsts_.begin() ? 0 : static_cast<std::size_t>(after - firsts_.begin()) - 1;
  }
  void split(std::size_t b) {
    // Values mostly come at the end: there the full block stays full.
    auto& block = blocks_[b];
    const std::size_t keep = b + 1 == blocks_.size() ? block.size() - 1 : block.size() / 2;
    std::vector<T> upper(block.begin() + static_cast<std::ptrdiff_t>(keep), block.end());
    block.resize(keep);
    firsts_.insert(firsts_.begin() + static_cast<std::ptrdiff_t>(b) + 1, upper.front());
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(b) + 1, std::move(upper));
  }
  std::vector<std::vector<T>> blocks_;
  std::vector<T> firsts_;  ///< of each block: one short array to search
  std::size_t size_ = 0;
};

}  // namespace parlance
