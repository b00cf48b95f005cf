#pragma once
#include <filesystem>
#include <optional>

#include "tools/parlance/backup_folder.h"
#include "tools/parlance/key_backup.h"
#include "tools/parlance/log_verify.h"

/// Making a data folder of a backup: log and vault of one time, keys and the ledger of what was destroyed of the newest key backup.
///
/// Everything is made in TO/restoring and held against its hashes and rules there; then the keyring and, as the one step that counts, the
/// log get their places. Cut short before that step, TO holds no log, and the same command begins again. The ledger is applied before
/// anything can be read: what was destroyed after the backup stays destroyed.
namespace parlance::tools {

struct RestoreOptions {
  std::filesystem::path from, to;
  std::optional<std::uint32_t> number;    ///< none: the newest
  std::filesystem::path keys;             ///< a folder of key backups
  std::filesystem::path keys_to;          ///< where the keyring goes; empty: TO/keys
  std::uint64_t unreadable_accepted = 0;  ///< so many key rows may not open
  bool keys_are_newest = false;           ///< the operator says that no newer key backup exists
};

struct Restored {
  BackupManifest manifest;
  Instant keys_of;                  ///< when the key backup was made
  std::uint64_t redestroyed = 0;    ///< rows of the ledger that the backup still had
  std::uint64_t unreadable = 0;     ///< key rows that do not open
  LogFound found;                   ///< what verifying the restored log found
  std::vector<BackupFault> faults;  ///< of the backup's files; nothing was restored where there are any
};

/// Refusals: `invalid` "restore.exists", "restore.inside", "keyring.other_log"; `version_conflict` "keyring.older", "ledger.older", "keyring.unreadable_rows"; those of the backup and
/// its keys. Where `faults` or `found.differences` is not empty nothing was restored.
[[nodiscard]] Result<Restored> restore_backup(const RestoreOptions& options, bool quiet, const Tell& tell);

}  // namespace parlance::tools
