#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

/// Small files that are there whole or not at all, and that only their owner can read. Errors are "keyring.unwritable"
/// (`unavailable`) with path and reason.
namespace parlance {

/// Writes `bytes` to `path` (mode 600), replacing what is there, and syncs the file. Whether its name is durable is the
/// folder's matter.
[[nodiscard]] Result<void> write_synced(const std::filesystem::path& path, ByteView bytes);
/// Renames within a folder.
[[nodiscard]] Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Makes the names in `folder` durable.
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace parlance
