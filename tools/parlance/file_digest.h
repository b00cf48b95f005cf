#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

#include "adapters/files/durable_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

/// Files too large for memory: their SHA-256, and copies that are known to be right.
namespace parlance::tools {

struct FileDigest {
  std::uint64_t bytes = 0;
  Sha256 sha256{};
  bool operator==(const FileDigest&) const = default;
};
/// Told the bytes of each piece as it was read.
using BytesRead = std::function<void(std::uint64_t bytes)>;

/// Small durable files under the backups' names for what may go wrong.
inline constexpr files::Durable backup_files{files::Rules{.no_space = "backup.no_space",
                                                          .read_only = "backup.read_only",
                                                          .not_permitted = "backup.not_permitted",
                                                          .absent = "backup.file_absent",
                                                          .not_a_folder = "backup.not_ours",
                                                          .too_long = "backup.damaged",
                                                          .io = "backup.io"}};

/// Errors as backup_files has them.
[[nodiscard]] Result<FileDigest> digest_file(const std::filesystem::path& path, const BytesRead& read = {});
/// Copies `from` to `to`, which must be absent, mode 600, synced; the digest of what was read. Its name is durable when its folder is
/// synced.
[[nodiscard]] Result<FileDigest> copy_file_synced(const std::filesystem::path& from,
                                                  const std::filesystem::path& to,
                                                  const BytesRead& read = {});

}  // namespace parlance::tools
