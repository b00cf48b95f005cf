#include "projections/keyed_rows.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace parlance {

std::size_t KeyedRows::Hash::operator()(const RowKey& key) const {
  return XXH3_64bits(key.bytes().data(), key.bytes().size());
}

void KeyedRows::Row::resize(std::size_t to) {
  PARLANCE_ASSERT(to <= row_bytes_max, "rows are of bounded size");
  if (to > capacity()) {
    // A row that grows item by item is moved a few times, not each time.
    const std::size_t room = std::min(row_bytes_max, std::max(to, 2 * capacity()));
    auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(room);
    std::memcpy(larger.get(), data(), size);
    large_ = std::move(larger);
    large_capacity_ = static_cast<std::uint16_t>(room);
  }
  size = static_cast<std::uint16_t>(to);
}

KeyedRows::Row& KeyedRows::touch(const RowKey& key, PartitionId partition, const RowFamily* family) {
  auto it = rows_.find(key);
  if (it == rows_.end()) {
    std::optional<Bytes> stored;
    if (family != nullptr) {
      auto got = family->get(stored_key(partition, key.bytes()));
      if (!got) throw RowStoreFailure{got.error()};
      stored = std::move(*got);
      if (stored && stored->size() > row_bytes_max)
        throw RowStoreFailure{
            corrupt("views.row_size", "a stored row is " + std::to_string(stored->size()) + " bytes long")};
    }
    it = rows_.try_emplace(key).first;
    Row& row = it->second;
    row.exists = stored.has_value();
    if (stored) {
      row.resize(stored->size());
      std::memcpy(row.data(), stored->data(), stored->size());
    }
    bytes_ += footprint(row);
  }
  Row& row = it->second;
  row.referenced = true;
  if (!row.touched) {
    row.touched = true;
    touched_.push_back({&*it, row.exists, row.size, row.capacity(), old_.size()});
    if (row.exists) old_.insert(old_.end(), row.data(), row.data() + row.size);
  }
  return row;
}

const KeyedRows::Row* KeyedRows::in_memory(const RowKey& key) const {
  const auto it = rows_.find(key);
  return it == rows_.end() ? nullptr : &it->second;
}

std::size_t KeyedRows::keep_changes(RowHash& hash) {
  std::size_t dirtied = 0;
  for (const Touched& t : touched_) {
    Row& row = t.entry->second;
    row.touched = false;
    bytes_ += row.capacity() - t.old_capacity;
    if (row.dirty) {
      if (row.size > t.old_size) dirtied += row.size - t.old_size;
      continue;
    }
    const ByteView old{old_.data() + t.old_at, t.existed ? t.old_size : 0U};
    if (row.exists == t.existed && (!row.exists || std::ranges::equal(old, row.bytes()))) continue;
    if (t.existed) hash.subtract(RowHash::term(t.entry->first.bytes(), old));
    make_dirty(*t.entry);
    dirtied += row.size + t.entry->first.bytes().size();
  }
  touched_.clear();
  old_.clear();
  return dirtied;
}

void KeyedRows::undo_changes() {
  for (const Touched& t : touched_) {
    Row& row = t.entry->second;
    row.touched = false;
    row.exists = t.existed;
    row.resize(t.old_size);
    if (t.existed) std::memcpy(row.data(), old_.data() + t.old_at, t.old_size);
    bytes_ += row.capacity() - t.old_capacity;
  }
  touched_.clear();
  old_.clear();
}

std::size_t KeyedRows::sweep() {
  const std::size_t before = bytes_;
  for (auto it = rows_.begin(); it != rows_.end();) {
    Row& row = it->second;
    const bool keep = row.dirty || row.referenced;
    row.referenced = false;
    if (!keep) bytes_ -= footprint(row);
    it = keep ? std::next(it) : rows_.erase(it);
  }
  return before - bytes_;
}

void KeyedRows::clear() {
  rows_.clear();
  dirty_.clear();
  touched_.clear();
  old_.clear();
  bytes_ = 0;
}

}  // namespace parlance
