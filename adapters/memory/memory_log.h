#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/ports/event_log.h"
#include "engine/ports/vault.h"

namespace parlance {

struct MemoryLogOptions {
  LogId id;
  std::uint32_t generation = 1;
  PartitionId partitions = 1;
  bool exclusive = true;
  /// Keeps a sealed mark per partition, as the embedded log does; it moves with each record that becomes durable.
  bool marks = false;
};

/// What several processes share: the partitions' records, the vault and the network between. Each process has a MemoryLog of its
/// own onto it.
///
/// Plainly used, an append is durable and reported before append() returns. A test or a simulation takes hold of what
/// may happen instead: after hold_appends() each record waits in flight until it is told to land, in any order, also
/// after its handle was given up, and its report is a step of its own. Nothing happens by itself then, and no step
/// looks at a clock or at chance, so the same steps give the same log.
///
/// Threads: any; the callers of append(), of report() and of land() run the callbacks, without a lock held.
class MemoryLogStorage {
 public:
  explicit MemoryLogStorage(MemoryLogOptions options);

  /// From now on appends wait in flight; or, again, land at once.
  void hold_appends(bool hold);
  /// From now on what lands is neither readable nor in the vault until sync(); or, again, at once.
  void hold_syncs(bool hold);
  /// No space: appends and vault writes are refused with `read_only` and so is reopen().
  void refuse_writes(bool refuse);
  /// Every read and vault access fails with this, until none is given.
  void fail_reads(std::optional<Error> error);

  /// Names one record of one append(), counted from 1 over the storage.
  using FlightId = std::uint64_t;
  struct Flight {
    FlightId id = 0;
    std::uint64_t call = 0;     ///< the append() it came with, counted from 1 over the storage
    std::uint32_t process = 0;  ///< MemoryLog::process() of the sender
    PartitionId partition = 0;
    std::uint32_t handle = 0;  ///< counted from 0, one more with each reopen()
    bool zombie = false;       ///< its handle was given up, or its process is gone
    bool may_land = true;
    bool reported = false;  ///< or never to be
    std::optional<Offset> landed;
    std::shared_ptr<const Bytes> bytes;
  };
  /// What may still land or be reported, in the order sent.
  [[nodiscard]] std::vector<Flight> in_flight() const;
  /// Puts it at the end of its partition. With `another_copy` it may land once more.
  Offset land(FlightId flight, bool another_copy = false);
  /// It will not land (again).
  void lose(FlightId flight);
  /// Tells its sender where it last landed, durably, or that this is not known.
  void report(FlightId flight);
  /// Tells its sender this, true or not; an error ends the sender's handle if the record was sent on it.
  void report(FlightId flight, Result<Offset> what);
  void lose_report(FlightId flight);
  /// Lands and reports everything that may, in the order sent; how many landed.
  std::size_t deliver_all();

  /// What landed becomes durable: its vault rows, then its readability.
  void sync(PartitionId partition);
  /// The machine stops: of what landed without a sync, the first `kept` records of the partition survive.
  void lose_unsynced(PartitionId partition, std::size_t kept = 0);
  /// The suffix from `next` on is gone, durable or not.
  void truncate(PartitionId partition, Offset next);
  /// A record is now this.
  void overwrite(PartitionId partition, Offset offset, Bytes bytes);
  void set_mark(PartitionId partition, std::optional<SealedMark> mark);

  /// A durable record's bytes.
  [[nodiscard]] Bytes bytes(PartitionId partition, Offset offset) const;
  [[nodiscard]] Offset end(PartitionId partition) const;
  [[nodiscard]] const MemoryLogOptions& options() const { return options_; }

 private:
  friend class MemoryLog;
  friend class MemoryVault;

  struct Stored {
    std::shared_ptr<const Bytes> bytes;
    std::vector<VaultRow> rows;  ///< until it is durable
    Sha256 chain;
  };
  struct Partition {
    std::vector<Stored> records;
    std::size_t durable = 0;
    std::optional<SealedMark> mark;
  };
  struct Sent {
    Flight flight;
    std::vector<VaultRow> rows;
    Sha256 chain;
    std::size_t index = 0;
    std::shared_ptr<const AppendDone> done;
  };
  struct Handle {
    std::uint32_t number = 0;
    std::optional<Error> ended;
  };
  struct Process {
    std::map<PartitionId, Handle> handles;
    std::shared_ptr<const std::function<void(PartitionId)>> on_advance;
  };
  using Listeners = std::vector<std::shared_ptr<const std::function<void(PartitionId)>>>;
  using VaultRows = std::map<Bytes, Bytes>;

  std::uint32_t join();
  void leave(std::uint32_t process);
  void append(std::uint32_t process, PartitionId partition, std::vector<Record> records, AppendDone done);
  Result<void> reopen(std::uint32_t process, PartitionId partition);
  Result<Offset> read(PartitionId partition, Offset from, std::size_t limit, const RecordSink& sink) const;

  // Below: the caller holds mutex_.
  Partition& at(PartitionId partition);
  const Partition& at(PartitionId partition) const;
  Sent& sent(FlightId flight);
  Handle& handle(std::uint32_t process, PartitionId partition);
  Offset land_locked(Sent& sent, bool another_copy);
  void sync_locked(Partition& partition);
  void forget_settled();
  VaultRows& family(VaultFamily family);
  Listeners listeners() const;

  const MemoryLogOptions options_;
  mutable std::mutex mutex_;  ///< guards all below
  std::vector<Partition> partitions_;
  std::array<VaultRows, 3> vault_;
  std::map<FlightId, Sent> flights_;
  std::map<std::uint32_t, Process> processes_;
  FlightId last_flight_ = 0;
  std::uint64_t last_call_ = 0;
  std::uint32_t last_process_ = 0;
  bool hold_appends_ = false;
  bool hold_syncs_ = false;
  bool refuse_writes_ = false;
  std::optional<Error> read_error_;
};

/// One process's log in memory. Destroyed, the process is gone: what it has in flight may still land and is never reported.
class MemoryLog final : public EventLog {
 public:
  explicit MemoryLog(std::shared_ptr<MemoryLogStorage> storage);
  ~MemoryLog() override;
  MemoryLog(const MemoryLog&) = delete;
  MemoryLog& operator=(const MemoryLog&) = delete;

  /// Counted from 1 over the storage.
  [[nodiscard]] std::uint32_t process() const { return process_; }

  [[nodiscard]] LogId id() const override { return storage_->options().id; }
  [[nodiscard]] std::uint32_t generation() const override { return storage_->options().generation; }
  [[nodiscard]] PartitionId partitions() const override { return storage_->options().partitions; }
  [[nodiscard]] bool exclusive() const override { return storage_->options().exclusive; }
  void append(PartitionId partition, std::vector<Record> records, AppendDone done) override;
  [[nodiscard]] Result<void> reopen(PartitionId partition) override;
  [[nodiscard]] Offset end(PartitionId partition) const override { return storage_->end(partition); }
  [[nodiscard]] Result<Offset> read(PartitionId partition, Offset from, std::size_t limit,
                                    const RecordSink& sink) const override;
  void on_advance(std::function<void(PartitionId)> listener) override;
  [[nodiscard]] std::optional<SealedMark> sealed_mark(PartitionId partition) const override;

 private:
  std::shared_ptr<MemoryLogStorage> storage_;
  std::uint32_t process_;
  std::vector<std::optional<SealedMark>> marks_;  ///< as found
};

/// The vault in memory, of the same storage, so that rows are durable with the records they came with.
class MemoryVault final : public Vault {
 public:
  explicit MemoryVault(std::shared_ptr<MemoryLogStorage> storage) : storage_(std::move(storage)) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(VaultFamily family, ByteView key) const override;
  [[nodiscard]] Result<void> scan(
      VaultFamily family, const std::function<bool(ByteView key, ByteView value)>& sink) const override;
  [[nodiscard]] Result<void> write(const std::vector<VaultRow>& put,
                                   const std::vector<VaultRow>& remove) override;

 private:
  std::shared_ptr<MemoryLogStorage> storage_;
};

}  // namespace parlance
