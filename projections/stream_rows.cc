#include "projections/stream_rows.h"

#include <new>

namespace parlance {
namespace {
std::uint64_t spread(const StreamKey& key) {
  const std::uint64_t h =
      (key.stream.id.low ^ key.stream.id.high ^ key.workspace.low) * 0x9e3779b97f4a7c15ULL;
  return h ^ h >> 32;
}
constexpr std::uint64_t tag_bits = ~std::uint64_t{0} << 32;
}  // namespace

StreamRows::StreamRows(std::span<const std::uint32_t> row_bytes) {
  PARLANCE_ASSERT(row_bytes.size() <= views_max, "a runner takes a bounded number of views");
  block_bytes_ = sizeof(StreamBlock);
  for (std::size_t view = 0; view < row_bytes.size(); ++view) {
    offsets_[view] = static_cast<std::uint32_t>(block_bytes_);
    sizes_[view] = row_bytes[view];
    block_bytes_ += (row_bytes[view] + 7) / 8 * 8;
  }
  table_.resize(table_places_min);
}

void StreamRows::clear() {
  chunks_.clear();
  free_.clear();
  made_ = 0;
  used_ = 0;
  table_.assign(table_places_min, 0);
}

StreamBlock& StreamRows::at(std::uint32_t index) const {
  return *std::launder(reinterpret_cast<StreamBlock*>(chunks_[index / blocks_per_chunk].get() +
                                                      index % blocks_per_chunk * block_bytes_));
}

StreamBlock* StreamRows::find(const StreamKey& key) const {
  const std::uint64_t hash = spread(key);
  for (std::size_t i = hash & (table_.size() - 1); table_[i] != 0; i = (i + 1) & (table_.size() - 1)) {
    if (((table_[i] ^ hash) & tag_bits) != 0) continue;
    StreamBlock& block = at(static_cast<std::uint32_t>(table_[i]) - 1);
    if (block.key == key) {
      block.referenced = true;
      return &block;
    }
  }
  return nullptr;
}

StreamBlock& StreamRows::get(const StreamKey& key) {
  if (StreamBlock* found = find(key)) return *found;
  if (2 * (used_ + 1) > table_.size()) rehash(2 * table_.size());
  std::uint32_t index = made_;
  if (free_.empty()) {
    if (made_ % blocks_per_chunk == 0)
      chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(blocks_per_chunk * block_bytes_));
    ++made_;
  } else {
    index = free_.back();
    free_.pop_back();
  }
  auto* block =
      new (chunks_[index / blocks_per_chunk].get() + index % blocks_per_chunk * block_bytes_) StreamBlock;
  block->key = key;
  block->referenced = true;
  block->in_use = true;
  ++used_;
  place(index);
  return *block;
}

void StreamRows::place(std::uint32_t index) {
  const std::uint64_t hash = spread(at(index).key);
  std::size_t i = hash & (table_.size() - 1);
  while (table_[i] != 0) i = (i + 1) & (table_.size() - 1);
  table_[i] = (hash & tag_bits) | (index + 1);
}

void StreamRows::rehash(std::size_t capacity) {
  table_.assign(capacity, 0);
  for (std::uint32_t index = 0; index < made_; ++index)
    if (at(index).in_use) place(index);
}

std::size_t StreamRows::sweep() {
  const std::size_t before = used_;
  for (std::uint32_t index = 0; index < made_; ++index) {
    StreamBlock& block = at(index);
    const bool keep = !block.in_use || block.referenced || block.pending || block.dirty != 0;
    block.referenced = false;
    if (keep) continue;
    block.in_use = false;
    free_.push_back(index);
    --used_;
  }
  if (used_ != before) rehash(table_.size());
  return (before - used_) * block_bytes_;
}

void StreamRows::unload(std::size_t view) {
  const auto others = static_cast<std::uint16_t>(~(1U << view));
  for (std::uint32_t index = 0; index < made_; ++index) {
    StreamBlock& block = at(index);
    block.loaded &= others;
    block.exists &= others;
    block.dirty &= others;
  }
}

}  // namespace parlance
