#include "adapters/memory/memory_log.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace parlance {
namespace {

Error no_space() { return {Errc::read_only, "log.read_only", "the memory log was told to refuse writes"}; }
Error in_doubt() { return unavailable("log.unavailable", "the record may or may not be in the log"); }

}  // namespace

MemoryLogStorage::MemoryLogStorage(MemoryLogOptions options)
    : options_(options), partitions_(options.partitions) {
  PARLANCE_ASSERT(options.partitions > 0, "a log has a partition");
}

void MemoryLogStorage::hold_appends(bool hold) {
  const std::lock_guard lock(mutex_);
  hold_appends_ = hold;
}

void MemoryLogStorage::hold_syncs(bool hold) {
  const std::lock_guard lock(mutex_);
  hold_syncs_ = hold;
}

void MemoryLogStorage::refuse_writes(bool refuse) {
  const std::lock_guard lock(mutex_);
  refuse_writes_ = refuse;
}

void MemoryLogStorage::fail_reads(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  read_error_ = std::move(error);
}

std::vector<MemoryLogStorage::Flight> MemoryLogStorage::in_flight() const {
  const std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  out.reserve(flights_.size());
  for (const auto& [id, sent] : flights_) {
    Flight& flight = out.emplace_back(sent.flight);
    const auto process = processes_.find(flight.process);
    flight.zombie =
        process == processes_.end() || process->second.handles.at(flight.partition).number != flight.handle;
  }
  return out;
}

Offset MemoryLogStorage::land(FlightId flight, bool another_copy) {
  Offset offset = 0;
  PartitionId partition = 0;
  Listeners risen;
  {
    const std::lock_guard lock(mutex_);
    Sent& record = sent(flight);
    PARLANCE_ASSERT(record.flight.may_land, "a record that is lost or has landed does not land");
    partition = record.flight.partition;
    offset = land_locked(record, another_copy);
    if (!hold_syncs_) {
      sync_locked(at(partition));
      risen = listeners();
    }
    forget_settled();
  }
  for (const auto& listener : risen) (*listener)(partition);
  return offset;
}

void MemoryLogStorage::lose(FlightId flight) {
  const std::lock_guard lock(mutex_);
  sent(flight).flight.may_land = false;
  forget_settled();
}

void MemoryLogStorage::report(FlightId flight) {
  Result<Offset> what = in_doubt();
  {
    const std::lock_guard lock(mutex_);
    const Flight& record = sent(flight).flight;
    if (record.landed && *record.landed < at(record.partition).durable) what = *record.landed;
  }
  report(flight, std::move(what));
}

void MemoryLogStorage::report(FlightId flight, Result<Offset> what) {
  std::shared_ptr<const AppendDone> done;
  std::size_t index = 0;
  {
    const std::lock_guard lock(mutex_);
    Sent& record = sent(flight);
    PARLANCE_ASSERT(!record.flight.reported, "a record is reported once");
    record.flight.reported = true;
    index = record.index;
    done = std::move(record.done);
    Handle& on = handle(record.flight.process, record.flight.partition);
    if (!what && on.number == record.flight.handle) on.ended = what.error();
    forget_settled();
  }
  (*done)(index, std::move(what));
}

void MemoryLogStorage::lose_report(FlightId flight) {
  const std::lock_guard lock(mutex_);
  sent(flight).flight.reported = true;
  forget_settled();
}

std::size_t MemoryLogStorage::deliver_all() {
  std::size_t landed = 0;
  for (const Flight& flight : in_flight()) {
    if (flight.may_land) {
      land(flight.id);
      ++landed;
    }
    if (!flight.reported) report(flight.id);
  }
  return landed;
}

void MemoryLogStorage::sync(PartitionId partition) {
  Listeners risen;
  {
    const std::lock_guard lock(mutex_);
    sync_locked(at(partition));
    risen = listeners();
  }
  for (const auto& listener : risen) (*listener)(partition);
}

void MemoryLogStorage::lose_unsynced(PartitionId partition, std::size_t kept) {
  const std::lock_guard lock(mutex_);
  Partition& on = at(partition);
  on.records.resize(std::min(on.records.size(), on.durable + kept));
  sync_locked(on);
}

void MemoryLogStorage::truncate(PartitionId partition, Offset next) {
  const std::lock_guard lock(mutex_);
  Partition& on = at(partition);
  on.records.resize(std::min<std::size_t>(on.records.size(), next));
  on.durable = std::min(on.durable, on.records.size());
}

void MemoryLogStorage::overwrite(PartitionId partition, Offset offset, Bytes bytes) {
  const std::lock_guard lock(mutex_);
  at(partition).records.at(offset).bytes = std::make_shared<const Bytes>(std::move(bytes));
}

void MemoryLogStorage::set_mark(PartitionId partition, std::optional<SealedMark> mark) {
  const std::lock_guard lock(mutex_);
  at(partition).mark = mark;
}

Bytes MemoryLogStorage::bytes(PartitionId partition, Offset offset) const {
  const std::lock_guard lock(mutex_);
  PARLANCE_ASSERT(offset < at(partition).durable, "the offset is below the end");
  return *at(partition).records[offset].bytes;
}

Offset MemoryLogStorage::end(PartitionId partition) const {
  const std::lock_guard lock(mutex_);
  return at(partition).durable;
}

std::uint32_t MemoryLogStorage::join() {
  const std::lock_guard lock(mutex_);
  Process& process = processes_[++last_process_];
  for (PartitionId p = 0; p < options_.partitions; ++p) process.handles[p] = {};
  return last_process_;
}

void MemoryLogStorage::leave(std::uint32_t process) {
  std::vector<std::shared_ptr<const AppendDone>>
      dropped;  // what they own is destroyed after the lock is given back
  const std::lock_guard lock(mutex_);
  processes_.erase(process);
  for (auto& [id, sent] : flights_) {
    if (sent.flight.process != process) continue;
    sent.flight.reported = true;
    dropped.push_back(std::move(sent.done));
  }
  forget_settled();
}

void MemoryLogStorage::append(std::uint32_t process, PartitionId partition, std::vector<Record> records,
                              AppendDone done) {
  const std::size_t count = records.size();
  std::vector<Offset> offsets;
  std::optional<Error> refusal;
  Listeners risen;
  {
    const std::lock_guard lock(mutex_);
    Handle& on = handle(process, partition);
    if (!on.ended && refuse_writes_) on.ended = no_space();
    refusal = on.ended;
    if (!refusal) {
      const auto shared_done = std::make_shared<const AppendDone>(done);
      ++last_call_;
      for (std::size_t i = 0; i < count; ++i) {
        Sent record;
        record.flight.id = ++last_flight_;
        record.flight.call = last_call_;
        record.flight.process = process;
        record.flight.partition = partition;
        record.flight.handle = on.number;
        record.flight.bytes = std::make_shared<const Bytes>(std::move(records[i].bytes));
        record.rows = std::move(records[i].rows);
        record.chain = records[i].chain;
        if (hold_appends_) {
          record.index = i;
          record.done = shared_done;
          flights_.emplace(last_flight_, std::move(record));
        } else {
          offsets.push_back(land_locked(record, false));
        }
      }
      if (hold_appends_) return;
      // An append that is not held is reported at once, so it is durable at once as well.
      sync_locked(at(partition));
      risen = listeners();
    }
  }
  for (const auto& listener : risen) (*listener)(partition);
  for (std::size_t i = 0; i < count; ++i)
    done(i, refusal ? Result<Offset>(*refusal) : Result<Offset>(offsets[i]));
}

Result<void> MemoryLogStorage::reopen(std::uint32_t process, PartitionId partition) {
  const std::lock_guard lock(mutex_);
  if (refuse_writes_) return no_space();
  Handle& on = handle(process, partition);
  ++on.number;
  on.ended.reset();
  return {};
}

Result<Offset> MemoryLogStorage::read(PartitionId partition, Offset from, std::size_t limit,
                                      const RecordSink& sink) const {
  std::vector<std::shared_ptr<const Bytes>> records;
  {
    const std::lock_guard lock(mutex_);
    if (read_error_) return *read_error_;
    const Partition& on = at(partition);
    if (from >= on.durable) return from;
    const std::size_t count = std::min<std::size_t>(limit, on.durable - from);
    records.reserve(count);
    for (std::size_t i = 0; i < count; ++i) records.push_back(on.records[from + i].bytes);
  }
  Offset offset = from;
  for (const auto& bytes : records)
    if (!sink({offset++, *bytes})) break;
  return offset;
}

MemoryLogStorage::Partition& MemoryLogStorage::at(PartitionId partition) {
  PARLANCE_ASSERT(partition < partitions_.size(), "the partition is one of the log's");
  return partitions_[partition];
}

const MemoryLogStorage::Partition& MemoryLogStorage::at(PartitionId partition) const {
  PARLANCE_ASSERT(partition < partitions_.size(), "the partition is one of the log's");
  return partitions_[partition];
}

MemoryLogStorage::Sent& MemoryLogStorage::sent(FlightId flight) {
  const auto found = flights_.find(flight);
  PARLANCE_ASSERT(found != flights_.end(), "the record is in flight");
  return found->second;
}

MemoryLogStorage::Handle& MemoryLogStorage::handle(std::uint32_t process, PartitionId partition) {
  const auto found = processes_.find(process);
  PARLANCE_ASSERT(found != processes_.end(), "the process is there");
  PARLANCE_ASSERT(partition < partitions_.size(), "the partition is one of the log's");
  return found->second.handles[partition];
}

Offset MemoryLogStorage::land_locked(Sent& sent, bool another_copy) {
  Partition& on = at(sent.flight.partition);
  on.records.push_back({sent.flight.bytes, sent.rows, sent.chain});
  sent.flight.landed = on.records.size() - 1;
  sent.flight.may_land = another_copy;
  return *sent.flight.landed;
}

void MemoryLogStorage::sync_locked(Partition& partition) {
  for (; partition.durable < partition.records.size(); ++partition.durable) {
    Stored& record = partition.records[partition.durable];
    for (VaultRow& row : record.rows) family(row.family)[std::move(row.key)] = std::move(row.value);
    record.rows.clear();
    if (options_.marks) partition.mark = SealedMark{partition.durable + 1, record.chain};
  }
}

void MemoryLogStorage::forget_settled() {
  std::erase_if(flights_, [](const auto& entry) {
    const Flight& flight = entry.second.flight;
    return flight.reported && !flight.may_land;
  });
}

MemoryLogStorage::VaultRows& MemoryLogStorage::family(VaultFamily family) {
  return vault_.at(static_cast<std::size_t>(family) - 1);
}

MemoryLogStorage::Listeners MemoryLogStorage::listeners() const {
  Listeners out;
  for (const auto& [number, process] : processes_)
    if (process.on_advance) out.push_back(process.on_advance);
  return out;
}

MemoryLog::MemoryLog(std::shared_ptr<MemoryLogStorage> storage)
    : storage_(std::move(storage)), process_(storage_->join()) {
  const std::lock_guard lock(storage_->mutex_);
  for (const auto& partition : storage_->partitions_) marks_.push_back(partition.mark);
}

MemoryLog::~MemoryLog() { storage_->leave(process_); }

void MemoryLog::append(PartitionId partition, std::vector<Record> records, AppendDone done) {
  storage_->append(process_, partition, std::move(records), std::move(done));
}

Result<void> MemoryLog::reopen(PartitionId partition) { return storage_->reopen(process_, partition); }

Result<Offset> MemoryLog::read(PartitionId partition, Offset from, std::size_t limit,
                               const RecordSink& sink) const {
  return storage_->read(partition, from, limit, sink);
}

void MemoryLog::on_advance(std::function<void(PartitionId)> listener) {
  const std::lock_guard lock(storage_->mutex_);
  storage_->processes_.at(process_).on_advance =
      std::make_shared<const std::function<void(PartitionId)>>(std::move(listener));
}

std::optional<SealedMark> MemoryLog::sealed_mark(PartitionId partition) const { return marks_.at(partition); }

Result<std::optional<Bytes>> MemoryVault::get(VaultFamily family, ByteView key) const {
  const std::lock_guard lock(storage_->mutex_);
  if (storage_->read_error_) return *storage_->read_error_;
  const auto& rows = storage_->family(family);
  const auto found = rows.find(Bytes(key.begin(), key.end()));
  if (found == rows.end()) return std::nullopt;
  return found->second;
}

Result<void> MemoryVault::scan(VaultFamily family,
                               const std::function<bool(ByteView key, ByteView value)>& sink) const {
  // One row at a time, so that the sink may use the storage.
  std::optional<Bytes> last;
  while (true) {
    Bytes value;
    {
      const std::lock_guard lock(storage_->mutex_);
      if (storage_->read_error_) return *storage_->read_error_;
      const auto& rows = storage_->family(family);
      const auto next = last ? rows.upper_bound(*last) : rows.begin();
      if (next == rows.end()) return {};
      last = next->first;
      value = next->second;
    }
    if (!sink(*last, value)) return {};
  }
}

Result<void> MemoryVault::write(const std::vector<VaultRow>& put, const std::vector<VaultRow>& remove) {
  const std::lock_guard lock(storage_->mutex_);
  if (storage_->refuse_writes_) return no_space();
  for (const VaultRow& row : put) storage_->family(row.family)[row.key] = row.value;
  for (const VaultRow& row : remove) storage_->family(row.family).erase(row.key);
  return {};
}

}  // namespace parlance
