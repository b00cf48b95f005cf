#pragma once
#include <filesystem>

#include "adapters/embedded/durable_file.h"
#include "engine/base/id.h"

/// The folder of an embedded log:
///
///   DIR/format        what this is; text, below. The folder is ours exactly when this file is there.
///   DIR/lock          empty; whoever writes the log holds it locked
///   DIR/sealed-mark   how far each partition had come (sealed_mark.h)
///   DIR/manifest-mark how far the database's list of its tables had come (manifest_mark.h)
///   DIR/log/          the RocksDB instance (log_database.h)
///
/// `format` has these lines, each ended by a line feed:
///
///   parlance log 1                      the version of the folder's layout
///   id log_01j...                       the log's id
///   generation 1
///   partitions 16
///   state complete                      `new` until the database and the sealed mark have been made
///   crc32 89abcdef                      CRC-32 of the lines above
///
/// The first line is what every later version keeps, so that a newer folder is refused as `newer`.
namespace parlance::embedded {

inline constexpr unsigned folder_version = 1;
/// A column family per partition costs memory: more partitions than this need another layout.
inline constexpr PartitionId partitions_max = 64;

struct LogIdentity {
  LogId id;
  std::uint32_t generation = 1;
  PartitionId partitions = 16;
  bool operator==(const LogIdentity&) const = default;
};

class LogFolder {
 public:
  /// Makes the folder and its format file in state `new`. `invalid` "log.exists" where a log is, "log.not_ours" where anything
  /// else is.
  [[nodiscard]] static Result<void> create(const std::filesystem::path& dir, const LogIdentity& identity);
  /// Whether anything is in `dir` but what a creation that was cut short leaves.
  [[nodiscard]] static Result<bool> exists(const std::filesystem::path& dir);
  /// `not_found` "log.absent" for a missing or empty folder, `invalid` "log.not_ours", `newer` "log.newer", `corrupt`
  /// "log.format_damaged", `read_only` "log.folder_read_only", and when writable, `locked` "log.locked".
  [[nodiscard]] static Result<LogFolder> open(const std::filesystem::path& dir, bool writable);

  /// A database that lies by itself, its identity known from elsewhere; only database() and identity() say anything.
  [[nodiscard]] static LogFolder copy_at(std::filesystem::path database, const LogIdentity& identity);

  [[nodiscard]] const LogIdentity& identity() const { return identity_; }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::filesystem::path database() const { return copy_.empty() ? dir_ / "log" : copy_; }
  [[nodiscard]] std::filesystem::path sealed_mark() const { return dir_ / "sealed-mark"; }
  [[nodiscard]] std::filesystem::path manifest_mark() const { return dir_ / "manifest-mark"; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  /// State `complete`, durably. From then on a missing database or mark is damage and is never made anew.
  [[nodiscard]] Result<void> set_complete();

 private:
  std::filesystem::path dir_;
  std::filesystem::path copy_;
  LogIdentity identity_;
  bool complete_ = false;
  FileDescriptor lock_;  ///< locked as long as it is open
};

/// Whether another process writes the log in `dir`.
[[nodiscard]] Result<bool> is_locked(const std::filesystem::path& dir);

}  // namespace parlance::embedded
