#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/embedded/embedded_log.h"
#include "adapters/embedded/log_copies.h"
#include "adapters/files/durable_file.h"
#include "adapters/keyring/file_keyring.h"
#include "tools/parlance/backup_manifest.h"

/// A folder of backups of one log:
///
///   format            "parlance backups 1", "log log_..."; two lines. The folder is ours exactly when this file is there.
///   lock              held by whoever changes the folder
///   N.backup          the manifest of backup N (backup_manifest.h), written last
///   log/              log and vault, by RocksDB's backup engine: what two backups share is there once
///   files/            the files of attachments that any of the backups names, as in the data folder
///
/// Holds no key: the keyring's backup is another folder (key_backup.h), kept apart.
namespace parlance::tools {

/// Told how much of long work is done; `doing` is what, "copying", and `unit` what `done` and `total` count. A total of 0 is not known.
using Tell =
    std::function<void(const char* doing, const char* unit, std::uint64_t done, std::uint64_t total)>;

/// Something of a backup that is not as it was written.
struct BackupFault {
  std::string place;  ///< the file, or partition and offset
  std::string rule;
  std::string detail;
};

/// Threads: one, but stop().
class BackupFolder {
 public:
  /// Makes `dir` a folder for backups of `log`, if it is not one yet. Refuses (`invalid`) "backup.not_ours" where something else lies there,
  /// "backup.other_log", and "backup.inside" where it and one of `apart` lie one in the other.
  [[nodiscard]] static Result<void> prepare(const std::filesystem::path& dir, LogId log,
                                            const std::vector<std::filesystem::path>& apart);
  /// Of a folder that prepare() made. `locked` "backup.locked" where another process changes it and `writable`.
  [[nodiscard]] static Result<std::unique_ptr<BackupFolder>> open(const std::filesystem::path& dir,
                                                                  bool writable);

  [[nodiscard]] LogId log() const { return log_; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  /// Of whole backups, ascending.
  [[nodiscard]] Result<std::vector<std::uint32_t>> numbers() const;
  [[nodiscard]] Result<BackupManifest> manifest(std::uint32_t number) const;

  /// Log and vault of one moment, beside the writer, then the attachments' files in `attachments` (may be absent). Nothing counts
  /// before all of it is durable.
  [[nodiscard]] Result<BackupManifest> create(EmbeddedLog& log, const FileKeyring& keys,
                                              const std::filesystem::path& attachments, const Tell& tell);
  /// Any thread: ends a create() under way.
  void stop();
  /// Removes all but the newest `keep` backups; returns those it removed.
  [[nodiscard]] Result<std::vector<std::uint32_t>> keep(std::size_t keep);

  /// Reads every file of a backup again. The faults, at most faults_max.
  [[nodiscard]] Result<std::vector<BackupFault>> check_files(const BackupManifest& manifest,
                                                             const Tell& tell) const;
  static constexpr std::size_t faults_max = 1000;
  /// The log of a backup, where it lies.
  [[nodiscard]] Result<std::unique_ptr<EmbeddedLog>> open_log(const BackupManifest& manifest) const;
  /// Log, vault and attachments into `data`, a folder without them. Durable when it returns, not atomic.
  [[nodiscard]] Result<void> restore(const BackupManifest& manifest, const std::filesystem::path& data,
                                     const Tell& tell) const;

 private:
  BackupFolder() = default;
  [[nodiscard]] std::filesystem::path manifest_path(std::uint32_t number) const;
  [[nodiscard]] Result<void> drop_unfinished();
  [[nodiscard]] Result<void> copy_attachments(const std::filesystem::path& from, BackupManifest& manifest,
                                              const std::map<std::string, FileDigest>& known,
                                              const Tell& tell);
  [[nodiscard]] Result<LogCopies*> copies() const;

  std::filesystem::path dir_;
  LogId log_;
  bool writable_ = false;
  files::FileDescriptor lock_;
  mutable std::unique_ptr<LogCopies> copies_;  ///< opened when first wanted: it reads every copy's list
  std::atomic<bool> stopped_{false};
};

/// Where the data folder keeps attachments' files.
inline constexpr const char* attachments_folder = "files";
/// Whether one of the two is, or lies in, the other, by the real paths of what is there of them.
[[nodiscard]] bool overlap(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace parlance::tools
