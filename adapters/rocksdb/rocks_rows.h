#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine/ports/row_store.h"

namespace rocksdb {
class Env;
}

/// RowStore over one RocksDB instance without a write-ahead log: the log that the rows are folded from is their write-ahead log.
///
/// Durability. write() is one batch, whole or not at all, and visible at once; it is durable after flush(), after an orderly close, or when
/// RocksDB happens to flush. After a crash each family holds all batches up to some one of its own, so the families may be at different ones.
///
/// Trouble. A store that cannot be trusted is refused at the opening, or answers a read, as `corrupt`: destroy_rocks_rows() or renew(), and
/// rebuild from the log. Once a block was found damaged, the store answers nothing any more, and the file "damaged" beside the database
/// says so to the next opening, in case the process ends before it is renewed. `read_only` for lack of space leaves the store as it was, and the next write or flush tries again. After any other failed
/// write or flush it takes no more writes; what it has not flushed is folded again after a restart.
///
/// A scan sees the rows as they were when it began, and its sink may call any function of the store. One cache and one budget of
/// write buffers serve all families; the buffers are not in the cache, or they would drive out the filters that each look-up reads.
namespace parlance {

struct RocksRowsOptions {
  /// Blocks read, of all families together; indexes and filters are in it.
  std::size_t cache_bytes = std::size_t{32} << 20;
  /// All write buffers together; a full family is flushed beyond a quarter of it.
  std::size_t write_buffer_bytes = std::size_t{48} << 20;
  /// A filter over what is not flushed yet: for rows looked up by keys that are often not there. It costs a cache miss a row written.
  bool filter_unflushed = true;
  /// Null: the system's files. For faults in tests; must outlive the store.
  rocksdb::Env* env = nullptr;
};

/// For views, which keep in memory what they change, and look up little else.
inline constexpr RocksRowsOptions rows_of_views{.cache_bytes = std::size_t{48} << 20,
                                                .filter_unflushed = false};

/// Opens or makes the store in `dir`. `locked` "rows.locked" where another process has it open; `read_only` "rows.no_space";
/// `newer` "rows.newer"; `corrupt` "rows.corrupt" for anything else that is there and does not open; `unavailable` "rows.io" where the
/// folder cannot be used.
[[nodiscard]] Result<std::unique_ptr<RowStore>> open_rocks_rows(const std::filesystem::path& dir,
                                                                RocksRowsOptions options = {});

/// Deletes the store in `dir`, whatever state it is in. `locked` where it is open.
[[nodiscard]] Result<void> destroy_rocks_rows(const std::filesystem::path& dir);

}  // namespace parlance
