#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "adapters/embedded/durable_file.h"
#include "engine/ports/event_log.h"

/// How far each partition and each family of the vault had come, in a file outside the database. RocksDB cuts a damaged tail in silence;
/// a log that does not reach its mark is refused. Little-endian.
///
///   offset size
///        0    8  magic, the ASCII bytes "PLCMARK1"
///        8   16  log id
///       24    2  partitions
///       26    2  areas: the partitions in order, then the vault's families in the order of VaultFamily
///       28   96  zeros
///      124    4  CRC-32 of bytes 0 to 123
///      128       one area of 128 bytes each: two slots of 64 bytes
///
///   slot 0    8  next: of a partition, its durable end; of a family of the vault, the groups that wrote it (log_database.h)
///        8   32  chain: SealedMark::chain; zeros for the vault
///       40    2  number of this area
///       42   18  zeros
///       60    4  CRC-32 of bytes 0 to 59, continued over the header's 128
///
/// A write goes to the slot that does not hold the mark, so a torn one leaves the mark before it. Of two whole slots the higher
/// `next` counts. A mark may be behind the log (it is synced each second, not each group), never ahead of it.
namespace parlance::embedded {

/// What can still be told of a file of marks, whatever became of it.
struct SealedMarkRemains {
  LogId log;
  PartitionId partitions = 0;
  std::vector<std::optional<SealedMark>> areas;  ///< none: both slots are damaged
};

class SealedMarkFile {
 public:
  /// All areas at zero, durably.
  [[nodiscard]] static Result<void> create(const std::filesystem::path& path, LogId log,
                                           PartitionId partitions, std::size_t areas);
  /// `corrupt` "log.mark_missing" or "log.mark_damaged", with what to do.
  [[nodiscard]] static Result<SealedMarkFile> open(const std::filesystem::path& path, LogId log,
                                                   PartitionId partitions, std::size_t areas, bool writable);

  /// Each area for itself. None where the file is not there, or its header is damaged.
  [[nodiscard]] static std::optional<SealedMarkRemains> remains(const std::filesystem::path& path);

  /// Marks that stand elsewhere; to be read only.
  [[nodiscard]] static SealedMarkFile in_memory(std::vector<SealedMark> marks);

  [[nodiscard]] const SealedMark& mark(std::size_t area) const { return marks_[area]; }
  /// Survives the end of the process; a crash of the machine only after sync(). `mark.next` is above the last one's.
  [[nodiscard]] Result<void> write(std::size_t area, const SealedMark& mark);
  [[nodiscard]] Result<void> sync();

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint32_t header_crc_ = 0;
  std::vector<SealedMark> marks_;
  std::vector<std::uint8_t> slot_;  ///< which of the two holds the mark
};

}  // namespace parlance::embedded
