#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

/// What the stores underneath tell of themselves, for operators. Values of one moment.
namespace parlance {

/// A database of ours: the log's, or one of rows.
struct StoreHealth {
  enum class Stall : std::uint8_t { none, slowed, stopped };
  Stall stall = Stall::none;  ///< writes wait for work in the background
  std::uint64_t stalls = 0;   ///< how often that began since the start
  /// Work in the background that failed and has not recovered; empty: none. The machine's words.
  std::string background_error{};
  std::uint64_t background_errors = 0;  ///< since the start
  std::uint64_t memory_bytes = 0;       ///< written and in no table yet
  std::uint64_t compaction_bytes = 0;   ///< that wait to be rewritten, an estimate
  std::uint64_t table_bytes = 0;
  std::uint64_t running = 0;  ///< flushes and compactions under way
};

struct LogHealth {
  enum class Space : std::uint8_t {
    writing,
    low,      ///< less is free than the reserve: records are not taken, erasing still is
    refused,  ///< a write found no space: nothing is taken until the database is opened anew
    stopped   ///< the process is about to end
  };
  Space space = Space::writing;
  std::uint64_t free_bytes = 0;
  std::uint64_t reserve_bytes = 0;
  std::uint64_t resume_bytes = 0;   ///< so much must be free before writing goes on
  std::size_t waiting_records = 0;  ///< appends that wait for the writer
  std::size_t waiting_bytes = 0;
  std::int64_t group_ms = 0;  ///< how long the group under way has taken so far; 0: none is
  StoreHealth database;
  std::uint64_t damaged_reads = 0;  ///< reads of records and of the vault that met damage, since the start
  std::string damage{};             ///< the first of them: where, and what the machine said
};

}  // namespace parlance
