#include "projections/keyed_rows.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace parlance {

std::size_t KeyedRows::Hash::operator()(const RowKey& key) const {
  return XXH3_64bits(key.bytes().data(), key.bytes().size());
}

KeyedRows::Row& KeyedRows::touch(const RowKey& key, PartitionId partition, const RowFamily* family,
                                 std::size_t size) {
  auto it = rows_.find(key);
  if (it == rows_.end()) {
    std::optional<Bytes> stored;
    if (family != nullptr) {
      auto got = family->get(stored_key(partition, key.bytes()));
      if (!got) throw RowStoreFailure{got.error()};
      stored = std::move(*got);
      if (stored && stored->size() != size)
        throw RowStoreFailure{corrupt("views.row_size", "a stored row is " + std::to_string(stored->size()) +
                                                            " bytes long instead of " +
                                                            std::to_string(size))};
    }
    it = rows_.try_emplace(key).first;
    Row& row = it->second;
    row.resize(size);
    row.exists = stored.has_value();
    if (stored) std::memcpy(row.data(), stored->data(), size);
    bytes_ += footprint(row);
  }
  Row& row = it->second;
  PARLANCE_ASSERT(row.size == size, "rows of one tag have one type");
  row.referenced = true;
  if (!row.touched) {
    row.touched = true;
    touched_.push_back({&*it, row.exists, old_.size()});
    old_.insert(old_.end(), row.data(), row.data() + size);
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
    const ByteView old{old_.data() + t.old_at, row.size};
    const bool same =
        row.exists == t.existed && (!row.exists || std::memcmp(old.data(), row.data(), row.size) == 0);
    if (same || row.dirty) continue;
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
    std::memcpy(row.data(), old_.data() + t.old_at, row.size);
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
