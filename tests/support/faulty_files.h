#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace parlance::tests {

/// What a power cut leaves of what was written and not synced. Of files made, renamed and removed in a folder that was not synced after it,
/// the first so many stay done, as with the journal of a file system; of `lost`, none.
enum class PowerLoss : std::uint8_t {
  lost,      ///< nothing
  torn,      ///< the first part of each file
  reordered  ///< some of each file's pages, and zeros between them
};

/// The system's files under RocksDB, with a disk that fails when told: a sync that answers an error, a disk without space, and
/// a power cut that keeps only what was synced.
class FaultyFiles {
 public:
  FaultyFiles();
  ~FaultyFiles();
  [[nodiscard]] rocksdb::Env* env() { return env_.get(); }

  /// The `n`th sync of a file from now on, 1 being the next, fails with an I/O error, and so do all after it.
  void fail_sync(int n);
  /// Whether writing to files and making them fails for lack of space.
  void set_full(bool full);
  /// The `n`th write to a file from now on fails for lack of space, half of it written, and so do all after it.
  void fill_up_at(int n);
  [[nodiscard]] int syncs() const;
  /// From the `n`th change of the disk from now on, 1 being the next, nothing reaches it any more, and whoever tries is told of an
  /// I/O error. A change is a write, a sync, a file made, renamed or removed.
  void cut_power_at(int n);
  /// Whether the cut has come.
  [[nodiscard]] bool is_cut() const;
  /// Leaves what a power cut does, by chance of `seed`, and the power is back. Only when nobody has files open.
  void lose_unsynced(PowerLoss how = PowerLoss::lost, std::uint64_t seed = 0);

  struct State;

 private:
  std::shared_ptr<State> state_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace parlance::tests
