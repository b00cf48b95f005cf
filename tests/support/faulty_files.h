#pragma once
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace parlance::tests {

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
  /// Cuts every file back to what was synced of it. Only when nobody has them open.
  void lose_unsynced();

  struct State;

 private:
  std::shared_ptr<State> state_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace parlance::tests
