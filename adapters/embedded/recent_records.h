#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/base/bytes.h"

namespace parlance::embedded {

/// The newest records of one partition, up to a number of bytes, so that whoever follows the end of the log is served from
/// memory. Threads: any.
class RecentRecords {
 public:
  /// Consecutive records that came in one group. Immutable, so a reader keeps it without a lock.
  struct Chunk {
    Offset first = 0;
    std::vector<Bytes> records;
    std::size_t bytes = 0;
    [[nodiscard]] Offset end() const { return first + records.size(); }
  };
  using Chunks = std::vector<std::shared_ptr<const Chunk>>;

  explicit RecentRecords(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  /// `first` follows the last record added. Drops the oldest chunks beyond the bound.
  void add(Offset first, std::vector<Bytes> records);
  /// The chunks that hold the `limit` records from `from` on, as far as there are; none when `from` is no longer or not yet here.
  [[nodiscard]] Chunks from(Offset from, std::size_t limit) const;
  void clear();

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;  ///< guards the two below
  std::deque<std::shared_ptr<const Chunk>> chunks_;
  std::size_t bytes_ = 0;
};

}  // namespace parlance::embedded
