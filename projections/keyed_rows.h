#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/ports/row_store.h"
#include "projections/row.h"
#include "projections/row_hash.h"

namespace parlance {

/// A row that the store could not give. It leaves a half-applied event behind, so the partition applies nothing more until
/// its memory is read again from the store.
struct RowStoreFailure {
  Error error;
};

/// A view's rows in one partition that belong to no single stream (counters, lists), as far as they are in memory. A change is
/// noticed, undone or forgotten by the event that made it: touch, then keep_changes() or undo_changes().
///
/// Threads: the caller holds the partition's lock.
class KeyedRows {
 public:
  class Row {
   public:
    [[nodiscard]] std::uint8_t* data() { return large_ ? large_.get() : small_.data(); }
    [[nodiscard]] const std::uint8_t* data() const { return large_ ? large_.get() : small_.data(); }
    [[nodiscard]] ByteView bytes() const { return {data(), size}; }
    /// Keeps what stands in the first bytes of both sizes.
    void resize(std::size_t to);
    [[nodiscard]] std::size_t capacity() const { return large_ ? large_capacity_ : small_.size(); }
    std::uint16_t size = 0;
    bool exists = false;
    bool dirty = false;       ///< differs from the store
    bool touched = false;     ///< by the event being applied
    bool referenced = false;  ///< since the last sweep

   private:
    std::uint16_t large_capacity_ = 0;
    // Counters fit beside their key: looking one up costs one cache miss less.
    alignas(8) std::array<std::uint8_t, 96> small_{};
    std::unique_ptr<std::uint8_t[]> large_;
  };
  struct Hash {
    // Not noexcept, by which the standard library knows to keep hashes in its nodes: comparing keys costs cache misses.
    std::size_t operator()(const RowKey& key) const;
  };
  using Map = std::unordered_map<RowKey, Row, Hash>;
  using Entry = Map::value_type;

  /// The row, read from `family` where it is not in memory; `exists` may be false. Null family: what is not in memory does not exist.
  /// It may be changed and resized until keep_changes() or undo_changes(). Throws RowStoreFailure.
  Row& touch(const RowKey& key, PartitionId partition, const RowFamily* family);
  [[nodiscard]] const Row* in_memory(const RowKey& key) const;

  /// Takes the old terms of rows that changed out of `hash` and lists them as dirty. Returns the bytes that became dirty.
  std::size_t keep_changes(RowHash& hash);
  void undo_changes();

  [[nodiscard]] const std::vector<Entry*>& dirty() const { return dirty_; }
  void all_stored() {
    for (Entry* entry : dirty_) entry->second.dirty = false;
    dirty_.clear();
  }
  void make_dirty(Entry& entry) {
    entry.second.dirty = true;
    dirty_.push_back(&entry);
  }
  /// Drops clean rows that nobody asked for since the last sweep. Returns the bytes.
  std::size_t sweep();
  void clear();
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Touched {
    Entry* entry;
    bool existed;
    std::uint16_t old_size;
    std::size_t old_capacity;
    std::size_t old_at;  ///< where its bytes before stand in old_
  };
  [[nodiscard]] static std::size_t footprint(const Row& row) { return row.capacity() + sizeof(Entry) + 32; }
  Map rows_;
  std::vector<Entry*> dirty_;
  std::vector<Touched> touched_;
  Bytes old_;
  std::size_t bytes_ = 0;
};

}  // namespace parlance
