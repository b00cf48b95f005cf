#include "tools/parlance/import_names.h"

#include <vector>

#include "adapters/rocksdb/rocks_rows.h"

namespace parlance::tools {
namespace {
constexpr std::size_t cache_bytes = std::size_t{32} << 20;
constexpr std::size_t write_buffer_bytes = std::size_t{32} << 20;
}  // namespace

Done<std::optional<std::string>> ImportNames::get(const std::string& name) const {
  if (const auto it = recent_.find(name); it != recent_.end()) return std::optional(it->second);
  if (rows_ == nullptr) return std::optional<std::string>{};
  const auto row = rows_->get(as_bytes(name));
  if (!row) return failure(row.error());
  if (!*row) return std::optional<std::string>{};
  return std::optional(std::string(as_text(**row)));
}

Done<void> ImportNames::put(const std::string& name, std::string value) {
  recent_.insert_or_assign(name, std::move(value));
  return recent_.size() < in_memory_max_ ? Done<void>{} : spill();
}

Done<void> ImportNames::spill() {
  if (rows_ == nullptr) {
    auto folder = ScratchFolder::make();
    if (!folder) return folder.error();
    folder_.emplace(std::move(*folder));
    auto store = open_rocks_rows(folder_->path() / "names",
                                 {.cache_bytes = cache_bytes, .write_buffer_bytes = write_buffer_bytes});
    if (!store) return failure(store.error());
    store_ = std::move(*store);
    auto rows = store_->open("names");
    if (!rows) return failure(rows.error());
    rows_ = *rows;
  }
  std::vector<RowChange> changes;
  changes.reserve(recent_.size());
  for (const auto& [name, value] : recent_) {
    const ByteView key = as_bytes(name);
    const ByteView id = as_bytes(value);
    changes.push_back({Bytes(key.begin(), key.end()), Bytes(id.begin(), id.end())});
  }
  if (auto written = rows_->write(changes); !written) return failure(written.error());
  recent_.clear();
  return {};
}

}  // namespace parlance::tools
