#pragma once
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "adapters/embedded/log_folder.h"
#include "engine/ports/event_log.h"
#include "engine/ports/vault.h"

/// The RocksDB instance that holds the log and the vault: one opening of it.
///
///   family            key                          value
///   p0, p1, ...       offset, u64 big-endian       the record's bytes
///   capsules          VaultRow::key                VaultRow::value
///   rows              the same
///   tombstones        the same
///   (vault families)  empty                        count: the groups that wrote this family, u64 little-endian
///   default           "log"                        log id 16, generation u32, partitions u16, little-endian
///
/// The count is to a family of the vault what the end is to a partition: it tells a family that lost its newest rows (or its newest
/// deletions, which would undo an erasure) from a whole one. Keys of the vault are never empty.
namespace parlance::embedded {

inline constexpr std::array vault_families{VaultFamily::capsules, VaultFamily::rows, VaultFamily::tombstones};
/// 0, 1, 2 in the order above.
[[nodiscard]] constexpr std::size_t vault_index(VaultFamily family) {
  return static_cast<std::size_t>(family) - 1;
}

/// All families in the order in which a log makes them, which gives them their numbers in the write-ahead log: default, p0, p1, ...,
/// capsules, rows, tombstones.
[[nodiscard]] std::vector<std::string> family_names(PartitionId partitions);
/// A partition's key of an offset, and back; none where the bytes are no such key.
[[nodiscard]] Bytes offset_key(Offset offset);
[[nodiscard]] std::optional<Offset> offset_of_key(ByteView key);
/// RocksDB's own log, dropped.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> no_logger();
/// What the row "log" of the family default says. The log's number of partitions, and its generation, are within their bounds.
[[nodiscard]] std::optional<LogIdentity> parse_identity(ByteView row);
inline constexpr std::string_view identity_key = "log";

/// NoSpace: `read_only` "log.no_space"; Corruption: `corrupt` "log.corrupt"; another holder of RocksDB's own lock: `locked`
/// "log.locked"; a format it does not know: `newer` "log.newer"; else `unavailable` "log.io".
[[nodiscard]] Error database_error(const rocksdb::Status& status, std::string_view doing);

/// Threads: reading any; write() and sync() one at a time.
class LogDatabase {
 public:
  enum class Mode : std::uint8_t {
    create,  ///< makes what is missing; only for a folder in state `new`
    writable,
    read_only,  ///< writes nothing to the folder, not even a log of RocksDB's own; sees what was there when it was opened
    stand_in,  ///< read_only with every table held open, so that files may go from the folder while it serves
  };
  /// What hears of the database's background work.
  using Listeners = std::vector<std::shared_ptr<rocksdb::EventListener>>;
  /// `env` null: the real file system. `closed` is called once this instance no longer uses the folder.
  [[nodiscard]] static Result<std::shared_ptr<LogDatabase>> open(const std::filesystem::path& dir,
                                                                 const LogIdentity& identity, Mode mode,
                                                                 rocksdb::Env* env,
                                                                 std::function<void()> closed = {},
                                                                 Listeners listeners = {});
  ~LogDatabase();
  LogDatabase(const LogDatabase&) = delete;
  LogDatabase& operator=(const LogDatabase&) = delete;

  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* partition(PartitionId p) const { return handles_[1 + p]; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* vault(VaultFamily f) const {
    return handles_[1 + identity_.partitions + vault_index(f)];
  }

  /// Into the write-ahead log of the operating system and the memtables; durable only after sync().
  [[nodiscard]] rocksdb::Status write(rocksdb::WriteBatch& batch);
  [[nodiscard]] rocksdb::Status sync();

  /// One above the last key of the partition.
  [[nodiscard]] Result<Offset> end(PartitionId p) const;
  [[nodiscard]] Result<std::uint64_t> vault_count(VaultFamily f) const;
  /// EventLog::read below `end`. Stored bytes that do not read, and a missing offset: `corrupt`.
  [[nodiscard]] Result<Offset> read(PartitionId p, Offset from, Offset end, std::size_t limit,
                                    const RecordSink& sink) const;
  [[nodiscard]] Result<std::optional<Bytes>> get(VaultFamily f, ByteView key) const;
  [[nodiscard]] Result<void> scan(VaultFamily f, const std::function<bool(ByteView, ByteView)>& sink) const;

  /// For copying.
  [[nodiscard]] rocksdb::DB& database() { return *db_; }
  /// No flush and no compaction from now on, so that no file of the folder goes away by this instance. It still reads.
  void stop_background_work();
  /// Of the vault's tables.
  [[nodiscard]] std::uint64_t vault_bytes() const;
  /// EmbeddedLog::purge(). Beside write() and sync(), on another thread.
  [[nodiscard]] Result<void> purge();

 private:
  LogDatabase(LogIdentity identity, Mode mode, std::function<void()> closed);
  [[nodiscard]] Result<void> check_identity();
  [[nodiscard]] Result<Offset> read_one(PartitionId p, Offset at, const RecordSink& sink) const;

  const LogIdentity identity_;
  const Mode mode_;
  const std::function<void()> closed_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  ///< default, the partitions, the vault
};

}  // namespace parlance::embedded
