#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "projections/row.h"

namespace parlance {

inline constexpr std::size_t views_max = 16;

/// Which stream of which workspace.
struct StreamKey {
  WorkspaceId workspace;
  StreamId stream;
  bool operator==(const StreamKey&) const = default;
  [[nodiscard]] RowKey row_key() const {
    return RowKey(workspace, 0).be(static_cast<std::uint8_t>(stream.category)).id(stream.id);
  }
};

/// What the views keep of one stream, side by side, so that an event looks all of it up at once. Bit v of the masks is view v's.
struct StreamBlock {
  StreamKey key;
  std::uint16_t loaded = 0;  ///< what memory says counts; else the store's row does
  std::uint16_t exists = 0;
  std::uint16_t dirty = 0;
  bool referenced = false;  ///< since the last sweep
  bool pending = false;     ///< taken out of the index until the next sync
  bool in_use = false;
};

/// A partition's rows of streams in memory: blocks of one size in a pool that never moves them, found through an open-addressed
/// table. Threads: the caller holds the partition's lock.
class StreamRows {
 public:
  /// `row_bytes`: of each view's row; 0 where a view keeps none.
  explicit StreamRows(std::span<const std::uint32_t> row_bytes);
  StreamRows(const StreamRows&) = delete;
  StreamRows& operator=(const StreamRows&) = delete;

  [[nodiscard]] StreamBlock* find(const StreamKey& key) const;
  /// Finds or makes it.
  StreamBlock& get(const StreamKey& key);
  [[nodiscard]] std::uint8_t* row(StreamBlock& block, std::size_t view) const {
    return reinterpret_cast<std::uint8_t*>(&block) + offsets_[view];
  }
  [[nodiscard]] std::uint32_t row_bytes(std::size_t view) const { return sizes_[view]; }

  /// Drops clean blocks that nobody asked for since the last sweep. Returns the bytes.
  std::size_t sweep();
  /// View `view` holds nothing in memory any more; its changed rows are lost. Nothing may be pending.
  void unload(std::size_t view);
  /// Nothing is in memory any more; changed rows are lost.
  void clear();
  [[nodiscard]] std::size_t bytes() const { return used_ * block_bytes_; }

 private:
  static constexpr std::size_t blocks_per_chunk = 128;
  static constexpr std::size_t table_places_min = 1024;
  [[nodiscard]] StreamBlock& at(std::uint32_t index) const;
  void place(std::uint32_t index);
  void rehash(std::size_t capacity);
  std::array<std::uint32_t, views_max> offsets_{}, sizes_{};
  std::size_t block_bytes_ = 0;
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t made_ = 0;
  std::size_t used_ = 0;
  /// A block's index + 1, below 32 bits of its key's hash, so that another's block is not looked at; 0: empty.
  std::vector<std::uint64_t> table_;
};

}  // namespace parlance
