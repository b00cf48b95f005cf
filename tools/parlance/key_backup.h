#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/embedded/embedded_log.h"
#include "adapters/keyring/file_keyring.h"
#include "engine/base/instant.h"

/// The keyring's own backup. A folder that holds one state of it, the newest:
///
///   format          "parlance key backups 1"; one line
///   N/root.key      the keyring's three files (adapters/keyring), as they are
///   N/buckets
///   N/secrets
///   N/ledger        of what was destroyed: for each tombstone of the vault, in order, the reference (16 bytes) and the day (u32 little-endian)
///   N/capsules      of messages that were redacted: for each capsule's tombstone of the vault, in order, the capsule's key (18 bytes) and
///                   the day (u32 little-endian). Not in a state that an earlier program made
///   N/manifest      what it is, with the SHA-256 of the others; JSON
///
/// An older keyring holds keys that were destroyed since, and would bring back what was erased. So a new state replaces the one before
/// as soon as it is durable and was read back; never keep copies of older ones.
namespace parlance::tools {

template <std::size_t Bytes> struct TombstoneOf {
  std::array<std::uint8_t, Bytes> key{};
  std::uint32_t day = 0;
  auto operator<=>(const TombstoneOf&) const = default;
};
using RowTombstone = TombstoneOf<16>;      ///< of a key row: all that was sealed under it is gone
using CapsuleTombstone = TombstoneOf<18>;  ///< of one capsule

/// What was destroyed, each ascending.
struct Ledger {
  std::vector<RowTombstone> rows;
  std::vector<CapsuleTombstone> capsules;
};

struct KeyBackup {
  std::filesystem::path folder;  ///< with the keyring's files
  Instant created_at;
  LogId log;
  std::uint64_t serial = 0;
  std::string keyring_id, fingerprint;
  Ledger ledger;
  /// Whether the row is in the ledger.
  [[nodiscard]] bool knows(const std::array<std::uint8_t, 16>& reference) const;
};

/// Scans the vault for its tombstones.
[[nodiscard]] Result<Ledger> ledger_of(const Vault& vault);

/// Backs up the keyring in `keys`. `apart`: folders that it must not lie in, nor they in it ("backup.inside"). Refuses "backup.not_ours", "backup.other_log", and
/// `version_conflict` "backup.keys_older" where what `to` holds is of a newer keyring.
[[nodiscard]] Result<KeyBackup> back_up_keys(const std::filesystem::path& keys, LogId log, Ledger ledger,
                                             const std::filesystem::path& to,
                                             const std::vector<std::filesystem::path>& apart);
/// The newest whole state in a folder of key backups, every file held against its SHA-256. `not_found` "backup.no_keys", `corrupt` "backup.keys_damaged".
[[nodiscard]] Result<KeyBackup> find_key_backup(const std::filesystem::path& dir);

}  // namespace parlance::tools
