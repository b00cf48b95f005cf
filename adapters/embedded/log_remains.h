#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports/event_log.h"

/// What can still be read of an embedded log (embedded_log.h), whatever became of its files.
///
/// The database is never opened: one file that is damaged would hide what the others hold. Instead
///   - each table is read by itself, whether the catalogue (MANIFEST, CURRENT) can be read or not. A table's own properties name its
///     family. Where a block does not read, the reader goes on offset by offset until one does;
///   - the write-ahead log is copied to a scratch folder and replayed there, into an empty database of the same families, which leaves
///     out what does not read;
///   - the catalogue, where it can be read, says which tables there should be and which offsets lie in each. It is opened to be read
///     only, through a view of the folder that shows no write-ahead log.
/// So nothing is changed in the folder, and no lock is taken: it may lie on a disk that takes no writes. Whoever writes the log meanwhile
/// moves files away, which looks like damage.
///
/// Memory: some hundred bytes a table, and what an open table needs, of which few are open at once. Time: reads every table once.
namespace parlance {

/// What lies in [from, until) of a partition.
struct Stretch {
  enum class Kind : std::uint8_t {
    stored,  ///< one record, `bytes`, valid only inside the call to the sink. Whether it is the one that was written the fold says
    damaged,  ///< a file that is there holds, or held, it, and does not give it back
    missing,  ///< no file that is there could hold it
  };
  Offset from = 0, until = 0;
  Kind kind = Kind::missing;
  ByteView bytes{};
  std::string_view file{};  ///< which is damaged or gone, where that is known: "000123.sst"; valid as `bytes`
};

/// Of one family of the vault.
struct VaultRemains {
  std::string family;                   ///< capsules, rows, tombstones
  std::uint64_t rows = 0;               ///< that read, each counted in each table that has it
  std::uint64_t lost_max = 0;           ///< rows that do not read, at most
  std::vector<std::string> tables;      ///< damaged or gone, by file name
  std::optional<std::uint64_t> groups;  ///< writes that the family knows of (log_database.h)
  std::optional<std::uint64_t> told;    ///< writes that the sealed mark knows of
};

/// Threads: one.
class LogRemains {
 public:
  /// `dir` is the folder of a log. `scratch`: a folder of the caller's, empty, that outlives this and has room for the write-ahead log.
  /// Errors: `not_found` "log.absent" where nothing of a log lies; `newer` "log.newer"; `unavailable` "log.io".
  [[nodiscard]] static Result<std::unique_ptr<LogRemains>> open(const std::filesystem::path& dir,
                                                                const std::filesystem::path& scratch);
  virtual ~LogRemains() = default;

  /// Of the format file, else of the sealed mark, else of the database.
  [[nodiscard]] virtual LogId id() const = 0;
  [[nodiscard]] virtual PartitionId partitions() const = 0;
  /// None where the file of marks or this mark in it is damaged.
  [[nodiscard]] virtual std::optional<SealedMark> sealed_mark(PartitionId partition) const = 0;
  /// What is wrong with files that hold no record, a sentence each: format, sealed mark, catalogue.
  [[nodiscard]] virtual const std::vector<std::string>& troubles() const = 0;

  /// One above the last offset that any table or the write-ahead log is known to hold, or to have held.
  [[nodiscard]] virtual Offset end(PartitionId partition) const = 0;
  /// [0, until) without a gap or an overlap, in order, up to where `sink` returns false.
  virtual void read(PartitionId partition, Offset until,
                    const std::function<bool(const Stretch&)>& sink) const = 0;
  /// Reads every row of the vault. `rows` is told how many have been read, now and then.
  [[nodiscard]] virtual std::vector<VaultRemains> vault(
      const std::function<void(std::uint64_t rows)>& rows) const = 0;
};

inline constexpr std::size_t tables_told_max = 8;
/// Which records or rows lie in the tables that `text` names ("...000123.sst..."), as the catalogue of the database in `dir` says:
/// "000123.sst holds offsets 12 to 40 of partition 3", and how many more there are. Empty where nothing of it is known.
[[nodiscard]] std::string what_tables_hold(const std::filesystem::path& dir, std::string_view text);

}  // namespace parlance
