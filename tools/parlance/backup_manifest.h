#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "adapters/embedded/embedded_log.h"
#include "engine/base/instant.h"
#include "tools/parlance/file_digest.h"

namespace parlance::tools {

/// What a backup of log and vault consists of. Stored as JSON Lines, so that a million attachments need no tree in memory and `jq` reads it:
///
///   {"kind":"backup","format":1,"backup":"7","created_at":T,"program":"0.1.0","rocksdb":"7.8.3","log":"log_...",
///    "generation":1,"partitions":16,"keyring":{"id":HEX,"serial":"3","fingerprint":HEX}}
///   {"kind":"partition","partition":0,"end":"12","sealed":{"next":"12","chain":HEX}}    one a partition, in order
///   {"kind":"family","family":"capsules","groups":"34"}                                 capsules, rows, tombstones
///   {"kind":"file","name":"log/private/7/MANIFEST-000009","bytes":"123","sha256":HEX}   relative to the folder
///   {"kind":"end","lines":"N","sha256":HEX}                                             over the N lines above, each with its line feed
///
/// Names no person and holds no secret: the keyring is only named.
struct BackupManifest {
  std::uint32_t number = 0;
  Instant created_at;
  std::string program, rocksdb;
  LogMarks marks;            ///< what the backup reaches at least
  std::vector<Offset> ends;  ///< of the partitions, as the backup has them
  std::string keyring_id, fingerprint;
  std::uint64_t keyring_serial = 0;
  std::map<std::string, FileDigest> files;

  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t records() const;
};

/// Durably, as the last thing of a backup: one without its manifest is none.
[[nodiscard]] Result<void> write_manifest(const std::filesystem::path& path, const BackupManifest& manifest);
/// `not_found` "backup.absent", `corrupt` "backup.manifest_damaged" with the line, `newer` "backup.newer".
[[nodiscard]] Result<BackupManifest> read_manifest(const std::filesystem::path& path);

}  // namespace parlance::tools
