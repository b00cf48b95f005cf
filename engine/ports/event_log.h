#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/id.h"
#include "engine/ports/vault.h"

namespace parlance {

/// A record on its way into the log, with the vault rows that must be durable no later than it.
struct Record {
  Bytes bytes;
  std::vector<VaultRow> rows;
  Sha256 chain{};  ///< the partition's running chain once this record is accepted: what the sealed mark keeps
};

/// A record as read. `bytes` is valid only inside the call to the sink.
struct StoredRecord {
  Offset offset;
  ByteView bytes;
};
/// Returns false to stop the read early.
using RecordSink = std::function<bool(const StoredRecord&)>;
/// Called once for each record, in order: its index in the call, and its offset or why it may not be in the log.
using AppendDone = std::function<void(std::size_t index, Result<Offset> offset)>;

/// How far a partition had come, kept outside the log: RocksDB cuts a damaged tail in silence, so the end of the log
/// alone proves nothing. `chain` is that of Record::chain.
struct SealedMark {
  Offset next = 0;
  Sha256 chain{};
  bool operator==(const SealedMark&) const = default;
};

/// The append-only log that owners write and projections follow.
///
/// A partition's offsets are dense from 0. A record is opaque bytes and the vault rows that belong to it, durable no later
/// than the bytes. This port knows no event type, and whether a record counts is the fold's rule (schemas/log_fold.h),
/// not the log's.
///
/// Threads: append() and reopen() are called by the partition's owner only, the rest by anyone.
class EventLog {
 public:
  virtual ~EventLog() = default;

  [[nodiscard]] virtual LogId id() const = 0;
  [[nodiscard]] virtual std::uint32_t generation() const = 0;
  [[nodiscard]] virtual PartitionId partitions() const = 0;
  /// No other process can write this log while it is open (fencing.md 16).
  [[nodiscard]] virtual bool exclusive() const = 0;

  /// Appends `records` in order on the owner's current handle; calls `done` once for each, in order, on any thread, with its
  /// offset after the sync that made it durable, or with `unavailable` when it may or may not be in the log, or with `read_only`
  /// when the write was refused before any sync. The first error ends the handle: reopen(partition), then fencing.md 7.
  virtual void append(PartitionId partition, std::vector<Record> records, AppendDone done) = 0;
  /// A new handle for `partition` after a doubt. On the embedded log after `read_only`: opens the writing side again
  /// if there is space, else answers `read_only` once more.
  [[nodiscard]] virtual Result<void> reopen(PartitionId partition) = 0;

  /// The durable end: the next offset to be written as far as it is known to be durable. Never falls while open.
  [[nodiscard]] virtual Offset end(PartitionId partition) const = 0;
  /// Hands `sink` at most `limit` durable records of `partition` from `from` on, in order, and returns where to continue.
  /// `corrupt` names partition and offset where stored bytes cannot be read back.
  [[nodiscard]] virtual Result<Offset> read(PartitionId partition, Offset from, std::size_t limit,
                                            const RecordSink& sink) const = 0;
  /// `listener` is called (on any thread, briefly) whenever end(partition) has risen. Set once, before the first append.
  virtual void on_advance(std::function<void(PartitionId)> listener) = 0;

  /// The mark as found when the log was opened; none on a new partition or on a log that keeps no marks (Kafka, memory).
  [[nodiscard]] virtual std::optional<SealedMark> sealed_mark(PartitionId partition) const = 0;
};

}  // namespace parlance
