#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapters/embedded/log_remains.h"
#include "engine/base/instant.h"
#include "schemas/log_fold.h"
#include "tools/parlance/report.h"

/// What is left of a damaged log, and what its backups give back: reads, changes nothing, takes no lock, needs no key.
///
///   each record     read past what does not read (log_remains.h), and judged as every reader judges it (schemas/log_fold.h). Behind a gap
///                   the fold begins anew with the chain that the next accepted record says it extends
///   each partition  ends where its sealed mark or its files say, whichever is later; what lies before and does not read is a lost range
///   each range      is looked for in the backups, newest first. A backup's partition is folded from its start and must have the chain
///                   that this log has before the range and behind it, so what it gives is bit for bit what was written
namespace parlance::tools {

/// Offsets of a partition that a backup has.
struct GivenBack {
  std::uint32_t backup = 0;
  Offset from = 0, until = 0;
};

/// What a log must have at an offset: its state there, as far as the chain tells.
struct ChainAt {
  Offset next = 0;
  std::uint64_t seq = 0;
  Sha256 chain{};
};

/// [from, until) of a partition does not read.
struct LostRange {
  PartitionId partition = 0;
  Offset from = 0, until = 0;
  bool damaged =
      false;  ///< a file holds them and does not give them back; else no file that is there could hold them
  std::string file;                      ///< in which they are, or were; empty: not known
  std::optional<Instant> after, before;  ///< when the records around them were written
  std::vector<GivenBack> given;          ///< ascending, without an overlap
  std::optional<ChainAt> chain_before, chain_behind;
  [[nodiscard]] std::uint64_t records() const { return until - from; }
  [[nodiscard]] std::uint64_t given_records() const;
};

/// How the records that read and the sealed mark go together.
enum class MarkSays : std::uint8_t {
  nothing,  ///< there is none that reads, or the records at its place do not read
  met,      ///< they are those that it was made over
  differs,  ///< they are others
};

struct PartitionSalvage {
  std::optional<Offset> marked;  ///< the end that the sealed mark tells
  Offset end = 0;                ///< one above the last offset that is known to have been written
  std::uint64_t unread = 0;      ///< records below it that do not read
  MarkSays mark = MarkSays::nothing;
  [[nodiscard]] std::uint64_t read() const { return end - unread; }
};

struct BackupSalvage {
  std::uint32_t number = 0;
  Instant created_at;
  std::string trouble;         ///< why it was of no use; else
  std::uint64_t given = 0;     ///< lost records that it is the newest to have
  std::uint64_t lost = 0;      ///< records written after it that do not read
  std::uint64_t left_out = 0;  ///< records written after it that read here, which a restore leaves behind
};

struct SalvageOptions {
  std::filesystem::path data;
  std::filesystem::path keys;     ///< empty: DATA/keys, which may be absent where the keyring lies elsewhere
  std::filesystem::path backups;  ///< empty: none is looked at
  bool quiet = false;
};

struct Salvage {
  LogId log;
  std::string refusal;  ///< why the log does not open as it is; empty: it does
  std::vector<std::string>
      troubles;  ///< of files that hold no record, and of records that are no longer the ones written
  std::vector<std::string> notes;  ///< what is worth knowing and no damage
  std::vector<PartitionSalvage> partitions;
  std::vector<LostRange> ranges;  ///< the first lost_ranges_max, in the order of the log
  std::uint64_t ranges_in_all = 0;
  std::vector<VaultRemains> vault;
  std::vector<BackupSalvage> backups;  ///< newest first
  [[nodiscard]] bool damaged() const;
  [[nodiscard]] std::uint64_t unread() const;
};
inline constexpr std::size_t lost_ranges_max = 1'000;
/// Rows of this family are lost, or may be.
[[nodiscard]] bool is_damaged(const VaultRemains& vault);

/// Fails where nothing of a log lies, where a server is at work (what it moves meanwhile would look like damage), where a newer program
/// wrote it, and where `backups` is no folder of backups of this log.
[[nodiscard]] Done<Salvage> salvage_log(const SalvageOptions& options);

}  // namespace parlance::tools
