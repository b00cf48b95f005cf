#pragma once
#include <cstddef>
#include <cstdint>

namespace parlance {

/// When changed rows go down to the store, and how much stays in memory.
struct RunnerOptions {
  std::size_t dirty_bytes_max = 64 << 20;      ///< over all views, then changed rows go down
  std::int64_t dirty_ms_max = 5'000;           ///< the same by age
  std::uint64_t replay_records_max = 200'000;  ///< a restart replays at most so many
  std::size_t cache_bytes_max = 160 << 20;     ///< rows kept in memory where none are changed
  /// With more than replay_records_max still to apply, so many times as much may be changed, and so many times as many records be
  /// replayed: rows that change again go down fewer times, and a crash repeats little beside what is left.
  std::size_t catch_up_times = 4;
};

}  // namespace parlance
