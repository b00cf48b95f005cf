#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "engine/base/histogram.h"
#include "engine/ports/event_log.h"
#include "engine/ports/store_health.h"
#include "engine/ports/vault.h"

namespace rocksdb {
class DB;
class Env;
}  // namespace rocksdb

/// EventLog and Vault over one RocksDB instance in a folder of ours: the default. The files are described in log_folder.h,
/// log_database.h and sealed_mark.h of this folder.
///
/// Durability. One thread writes: it takes whatever appends and vault writes wait, from all partitions, puts them into one batch, syncs
/// once, lets end() rise, writes the sealed marks, calls `done` for each record in the order appended, then the listener
/// of on_advance() once for each partition. There is no timer: a lone append waits for one sync, and what comes meanwhile is the next group.
/// A vault row is visible from the moment it is written, durable with its record.
///
/// Trouble. A failed sync, or any failed write but one for lack of space, ends the process (Options::fail_stop): after it
/// nobody knows what is on the disk, and a sync repeated may succeed without the data. A write refused for lack of space, or free space
/// below the reserve, ends writing: all waiting appends and all later ones answer `read_only` until reopen() finds space;
/// reading goes on throughout, also while the database is opened anew. Vault writes may use the reserve, so that erasing works on a
/// disk that is too full for messages.
///
/// Opening. A log that ends before its sealed mark is refused as `loss` ("log.behind_mark"), and the folder is left as it was: RocksDB
/// would otherwise delete the good records behind a damaged one. What only the fold sees, such as a chain that does not match, is
/// for whoever folds.
namespace parlance {

/// Appends that may wait at once, over all partitions. Owners bound what they have in flight well below; more is a fault of the program.
inline constexpr std::size_t embedded_waiting_appends_max = 65536;
inline constexpr std::size_t embedded_waiting_bytes_max = std::size_t{1} << 30;

struct EmbeddedLogOptions {
  /// Writes nothing, takes no lock and never disturbs a process that writes the log; shows the log as it was at the opening.
  /// While another process writes, the opening may fail as `unavailable` or `corrupt` (files go away under it): try again.
  bool read_only = false;
  /// Less free space than this ends writing of records; reopen() wants a quarter more.
  std::uint64_t space_reserve_bytes = std::uint64_t{256} << 20;
  /// Newest records kept in memory for each partition.
  std::size_t recent_bytes = std::size_t{2} << 20;
  /// Called on a failure after which the process must not go on. Empty: one line on stderr, exit code 1 at once. When one given here
  /// returns, nothing more is written or acknowledged.
  std::function<void(const Error&)> fail_stop{};
  /// Bytes free for the log. Empty: those of its file system.
  std::function<std::uint64_t()> free_bytes{};
  /// Null: the system's files. For faults in tests; must outlive the log.
  rocksdb::Env* env = nullptr;
  /// Lives as long as the log.
  std::shared_ptr<void> kept{};
};

/// What a log is, and how far it and its vault had come.
struct LogMarks {
  LogId id;
  std::uint32_t generation = 1;
  PartitionId partitions = 0;
  std::vector<SealedMark> areas;  ///< of the partitions, then of the vault's families (sealed_mark.h)
};

/// What the writer thread has done since the opening.
struct LogFigures {
  std::uint64_t records = 0, bytes = 0;
  HistogramCounts sync_seconds;   ///< of one sync
  HistogramCounts group_records;  ///< records that one sync made durable
};

/// Destroy it when no append waits and no other thread uses it; what waits nevertheless is still written.
class EmbeddedLog : public EventLog {
 public:
  /// Lives as long as the log. Vault::write() waits for its sync: never call it from `done` or the listener of on_advance().
  [[nodiscard]] virtual Vault& vault() = 0;
  /// Rewrites the vault so that what was removed from it before the call is in no file of the folder any more. It takes as long as copying
  /// the vault, beside the writer, and needs as much free space beyond the reserve (`read_only` otherwise). RocksDB does the same to
  /// tables older than a day by itself, but on a quiet log not to the write-ahead log.
  [[nodiscard]] virtual Result<void> purge() = 0;
  /// Threads: any.
  [[nodiscard]] virtual LogFigures figures() const = 0;
  /// Threads: any. Never waits for the disk.
  [[nodiscard]] virtual LogHealth health() const = 0;
  /// Calls `copy` with the database, whose instance stays open meanwhile, beside the writer; returns the marks as they were before the
  /// call: everything up to them is in whatever `copy` takes of it. `read_only` where the database takes no writes.
  [[nodiscard]] virtual Result<LogMarks> copy_with(const std::function<Result<void>(rocksdb::DB&)>& copy) = 0;
};

/// Makes a log in `dir`, which must be absent or empty. `invalid` "log.exists", "log.not_ours", "log.partitions" (1 to 64).
[[nodiscard]] Result<void> create_embedded_log(const std::filesystem::path& dir, LogId id,
                                               std::uint32_t generation, PartitionId partitions);

/// Refusals: `not_found` "log.absent"; `invalid` "log.not_ours"; `newer` "log.newer"; `locked` "log.locked"; `read_only`
/// "log.folder_read_only", "log.no_space"; `unavailable` "log.not_permitted", "log.io"; `corrupt` "log.format_damaged", "log.mark_missing", "log.mark_damaged",
/// "log.mixed", "log.corrupt"; `loss` "log.behind_mark". What is damaged is named by partition and offsets where that is known.
[[nodiscard]] Result<std::unique_ptr<EmbeddedLog>> open_embedded_log(const std::filesystem::path& dir,
                                                                     EmbeddedLogOptions options = {});

/// A copy of a log's database, to be read where it lies: nothing in it is changed. `env`: where the database is to be found.
[[nodiscard]] Result<std::unique_ptr<EmbeddedLog>> open_log_copy(const std::filesystem::path& database,
                                                                 const LogMarks& marks,
                                                                 std::shared_ptr<rocksdb::Env> env);
/// Whether a log lies in `dir`. A creation that was cut short before there was anything to lose leaves none.
[[nodiscard]] Result<bool> embedded_log_exists(const std::filesystem::path& dir);

/// Whether another process has the log in `dir` open for writing just now. Changes nothing.
[[nodiscard]] Result<bool> embedded_log_in_use(const std::filesystem::path& dir);

}  // namespace parlance
