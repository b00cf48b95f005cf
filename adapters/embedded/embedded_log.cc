#include "adapters/embedded/embedded_log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <future>
#include <mutex>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

#include <rocksdb/write_batch.h>

#include "adapters/embedded/log_database.h"
#include "adapters/embedded/log_remains.h"
#include "adapters/embedded/manifest_mark.h"
#include "adapters/embedded/recent_records.h"
#include "adapters/embedded/sealed_mark.h"
#include "adapters/rocksdb/database_watch.h"
#include "engine/base/assert.h"
#include "engine/base/fault_point.h"

namespace parlance {
namespace {

using embedded::LogDatabase;
using embedded::LogFolder;
using embedded::LogIdentity;
using embedded::ManifestMark;
using embedded::RecentRecords;
using embedded::SealedMarkFile;
using embedded::vault_families;
using embedded::vault_index;
using SteadyClock = std::chrono::steady_clock;

/// A group is closed once it holds so much; a batch is copied several times on its way.
constexpr std::size_t group_bytes_max = std::size_t{8} << 20;
constexpr auto space_check_interval = std::chrono::milliseconds(100);
constexpr auto mark_sync_interval = std::chrono::seconds(1);
/// How long opening anew waits for readers of the instance that refused a write.
constexpr auto readers_wait = std::chrono::seconds(5);

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now().time_since_epoch()).count();
}

rocksdb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void end_process(const Error& error) {
  std::fprintf(stderr,
               "parlance: stopping: the log can no longer be written safely: %.*s: %s\n"
               "Nothing that was acknowledged is in doubt. Check the disk, then start again; what got no "
               "answer may be sent again "
               "with its key.\n",
               static_cast<int>(error.rule.size()), error.rule.data(), error.detail.c_str());
  ::_exit(1);
}

/// Where the log and its vault had come to.
struct Ends {
  std::vector<Offset> partitions;
  std::array<std::uint64_t, vault_families.size()> vault{};
  bool operator==(const Ends&) const = default;
};

Result<Ends> ends_of(const LogDatabase& database, PartitionId partitions) {
  Ends ends;
  for (PartitionId p = 0; p < partitions; ++p) {
    const auto end = database.end(p);
    if (!end) return end.error();
    ends.partitions.push_back(*end);
  }
  for (const VaultFamily f : vault_families) {
    const auto count = database.vault_count(f);
    if (!count) return count.error();
    ends.vault[vault_index(f)] = *count;
  }
  return ends;
}

Error behind_mark(std::string detail) {
  return {Errc::loss, "log.behind_mark", std::move(detail) + "; something acknowledged is gone"};
}

Result<void> check_marks(const Ends& ends, const SealedMarkFile& marks) {
  for (std::size_t p = 0; p < ends.partitions.size(); ++p) {
    if (ends.partitions[p] < marks.mark(p).next) {
      return behind_mark("partition " + std::to_string(p) + " ends at offset " +
                         std::to_string(ends.partitions[p]) + ", its sealed mark is at " +
                         std::to_string(marks.mark(p).next));
    }
  }
  for (std::size_t f = 0; f < ends.vault.size(); ++f) {
    const Offset sealed = marks.mark(ends.partitions.size() + f).next;
    if (ends.vault[f] < sealed) {
      return behind_mark("family " + std::to_string(f + 1) + " of the vault holds " +
                         std::to_string(ends.vault[f]) + " groups, its sealed mark is at " +
                         std::to_string(sealed));
    }
  }
  return {};
}

/// A database and what becomes ready once it no longer uses the folder.
struct Opened {
  std::shared_ptr<LogDatabase> database;
  std::future<void> closed;
  std::shared_ptr<DatabaseWatch> watch;
};

Result<Opened> open_database(const LogFolder& folder, LogDatabase::Mode mode, rocksdb::Env* env,
                             std::shared_ptr<DatabaseWatch> watch = std::make_shared<DatabaseWatch>()) {
  auto closed = std::make_shared<std::promise<void>>();
  std::future<void> future = closed->get_future();
  LogDatabase::Listeners listeners{watch};
  std::shared_ptr<ManifestMark> manifest;
  if (mode == LogDatabase::Mode::writable) {
    manifest = std::make_shared<ManifestMark>(folder.manifest_mark(), folder.database());
    listeners.push_back(manifest);
  }
  auto database = LogDatabase::open(
      folder.database(), folder.identity(), mode, env, [closed] { closed->set_value(); },
      std::move(listeners));
  if (!database) return database.error();
  if (manifest) manifest->note((*database)->database());
  return Opened{std::move(*database), std::move(future), std::move(watch)};
}

class Log final : public EmbeddedLog, private Vault {
 public:
  Log(LogFolder folder, SealedMarkFile marks, Opened opened, const Ends& ends, EmbeddedLogOptions options)
      : options_(std::move(options)),
        folder_(std::move(folder)),
        database_(std::move(opened.database)),
        watch_(std::move(opened.watch)),
        marks_(std::move(marks)),
        old_closed_(std::move(opened.closed)) {
    for (std::size_t p = 0; p < ends.partitions.size(); ++p) {
      partitions_.push_back(std::make_unique<Partition>(ends.partitions[p], options_.recent_bytes));
      if (marks_.mark(p).next > 0) partitions_[p]->found = marks_.mark(p);
    }
    vault_counts_ = ends.vault;
    if (!options_.fail_stop) options_.fail_stop = end_process;
    if (!options_.read_only) writer_ = std::thread([this] { write_groups(); });
  }

  ~Log() override {
    if (!writer_.joinable()) return;
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  LogId id() const override { return folder_.identity().id; }
  std::uint32_t generation() const override { return folder_.identity().generation; }
  PartitionId partitions() const override { return folder_.identity().partitions; }
  bool exclusive() const override { return true; }
  Vault& vault() override { return *this; }

  Result<void> purge() override {
    if (options_.read_only) return Error{Errc::read_only, "log.opened_read_only"};
    const auto db = database();
    if (db->mode() != LogDatabase::Mode::writable)
      return Error{Errc::read_only, "log.no_space", "the database takes no writes"};
    if (free_bytes() < options_.space_reserve_bytes + db->vault_bytes()) {
      return Error{Errc::read_only, "log.no_space",
                   "the vault is " + std::to_string(db->vault_bytes()) + " bytes to be copied"};
    }
    return db->purge();
  }

  LogFigures figures() const override {
    return {records_written_.load(std::memory_order_relaxed), bytes_written_.load(std::memory_order_relaxed),
            sync_seconds_.counts(), group_records_.counts()};
  }

  LogHealth health() const override {
    LogHealth out;
    switch (state_.load(std::memory_order_relaxed)) {
      case State::writing: break;
      case State::low_space: out.space = LogHealth::Space::low; break;
      case State::refused: out.space = LogHealth::Space::refused; break;
      case State::stopped: out.space = LogHealth::Space::stopped; break;
    }
    out.free_bytes = free_bytes();
    out.reserve_bytes = options_.space_reserve_bytes;
    out.resume_bytes = space_to_resume();
    {
      const std::lock_guard lock(queue_mutex_);
      out.waiting_records = queue_.size();
      out.waiting_bytes = queue_bytes_;
    }
    if (const auto begun = group_begun_ms_.load(std::memory_order_relaxed); begun != 0)
      out.group_ms = std::max<std::int64_t>(steady_ms() - begun, 1);
    out.database = watch_->health(database()->database());
    const std::lock_guard lock(damage_mutex_);
    out.damaged_reads = damaged_reads_;
    out.damage = damage_;
    return out;
  }

  Result<LogMarks> copy_with(const std::function<Result<void>(rocksdb::DB&)>& copy) override {
    LogMarks marks{id(), generation(), partitions(), {}};
    std::shared_ptr<LogDatabase> db;
    {
      const std::lock_guard lock(write_mutex_);
      for (std::size_t area = 0; area < partitions_.size() + vault_families.size(); ++area)
        marks.areas.push_back(marks_.mark(area));
      db = database();
    }
    if (db->mode() != LogDatabase::Mode::writable)
      return Error{Errc::read_only, "log.no_space", "the database takes no writes"};
    if (auto copied = copy(db->database()); !copied) return copied.error();
    return marks;
  }

  void append(PartitionId partition, std::vector<Record> records, AppendDone done) override {
    PARLANCE_ASSERT(partition < partitions(), "the log has this partition");
    Waiting waiting{.partition = partition, .records = std::move(records), .done = std::move(done)};
    if (options_.read_only) return refuse(waiting, {Errc::read_only, "log.opened_read_only"});
    for (const Record& record : waiting.records) {
      waiting.bytes += record.bytes.size();
      for (const VaultRow& row : record.rows) waiting.bytes += row.key.size() + row.value.size();
    }
    fault_point("log.append");
    enqueue(std::move(waiting));
  }

  Result<void> reopen(PartitionId partition) override {
    PARLANCE_ASSERT(partition < partitions(), "the log has this partition");
    if (options_.read_only) return Error{Errc::read_only, "log.opened_read_only"};
    std::vector<PartitionId> risen;
    {
      const std::lock_guard lock(write_mutex_);
      if (state_ != State::writing) {
        if (auto resumed = resume(risen); !resumed) return resumed;
      }
    }
    {
      const std::lock_guard lock(queue_mutex_);
      ++partitions_[partition]->handle;
    }
    for (const PartitionId p : risen) advanced(p);
    return {};
  }

  Offset end(PartitionId partition) const override {
    PARLANCE_ASSERT(partition < partitions(), "the log has this partition");
    return partitions_[partition]->end.load(std::memory_order_acquire);
  }

  Result<Offset> read(PartitionId partition, Offset from, std::size_t limit,
                      const RecordSink& sink) const override {
    const Offset until = end(partition);
    if (from >= until || limit == 0) return from;
    Offset next = from;
    for (const auto& chunk : partitions_[partition]->recent.from(from, limit)) {
      for (; next < chunk->end() && next - from < limit; ++next) {
        if (!sink({next, chunk->records[next - chunk->first]})) return next + 1;
      }
    }
    if (next != from) return next;
    return noted(database()->read(partition, from, until, limit, sink));
  }

  void on_advance(std::function<void(PartitionId)> listener) override { advanced_ = std::move(listener); }

  std::optional<SealedMark> sealed_mark(PartitionId partition) const override {
    PARLANCE_ASSERT(partition < partitions(), "the log has this partition");
    return partitions_[partition]->found;
  }

 private:
  /// Damage that a read met, for who looks after the machine.
  template <class T> Result<T> noted(Result<T> read) const {
    if (!read && read.error().code == Errc::corrupt) {
      const std::lock_guard lock(damage_mutex_);
      if (damaged_reads_++ == 0) damage_ = read.error().detail;
    }
    return read;
  }

  struct Partition {
    Partition(Offset at, std::size_t recent_bytes) : end(at), next(at), recent(recent_bytes) {}
    std::atomic<Offset> end;  ///< durable
    Offset next;              ///< of the next record to be written; guarded by write_mutex_
    RecentRecords recent;
    std::uint64_t handle = 1;   ///< guarded by queue_mutex_
    std::uint64_t refused = 0;  ///< the last handle that had an error; guarded by queue_mutex_
    std::optional<SealedMark> found;
  };

  /// An append, or a write to the vault alone, on its way to the writer thread.
  struct Waiting {
    PartitionId partition = 0;
    std::vector<Record> records{};
    AppendDone done{};
    std::uint64_t handle = 0;
    std::size_t bytes = 0;
    const std::vector<VaultRow>* put = nullptr;  ///< not null: a write to the vault
    const std::vector<VaultRow>* remove = nullptr;
    std::promise<Result<void>>* written = nullptr;
    [[nodiscard]] bool is_vault() const { return put != nullptr; }
  };

  enum class State : std::uint8_t {
    writing,
    low_space,  ///< the reserve is reached; the database itself is well
    refused,    ///< the database refused a write and takes none before it is opened anew
    stopped,    ///< fail_stop was called and returned
  };

  // Vault ------------------------------------------------------------------------------------------------------------

  Result<std::optional<Bytes>> get(VaultFamily family, ByteView key) const override {
    if (key.empty()) return std::optional<Bytes>{};
    return noted(database()->get(family, key));
  }

  Result<void> scan(VaultFamily family, const std::function<bool(ByteView, ByteView)>& sink) const override {
    return noted(database()->scan(family, sink));
  }

  Result<void> write(const std::vector<VaultRow>& put, const std::vector<VaultRow>& remove) override {
    PARLANCE_ASSERT(std::this_thread::get_id() != writer_.get_id(),
                    "the vault is not written from a callback of the log");
    if (options_.read_only) return Error{Errc::read_only, "log.opened_read_only"};
    if (put.empty() && remove.empty()) return {};
    std::promise<Result<void>> written;
    std::future<Result<void>> result = written.get_future();
    fault_point("vault.write");
    enqueue({.put = &put, .remove = &remove, .written = &written});
    return result.get();
  }

  // The queue --------------------------------------------------------------------------------------------------------

  void enqueue(Waiting waiting) {
    {
      const std::lock_guard lock(queue_mutex_);
      PARLANCE_ASSERT(!stopping_, "nothing is written to a log that is being closed");
      waiting.handle = partitions_[waiting.partition]->handle;
      queue_bytes_ += waiting.bytes;
      queue_.push_back(std::move(waiting));
      PARLANCE_ASSERT(
          queue_.size() <= embedded_waiting_appends_max && queue_bytes_ <= embedded_waiting_bytes_max,
          "owners bound what they have in flight");
    }
    wake_.notify_one();
  }

  void write_groups() {
    std::vector<Waiting> group;
    std::unique_lock lock(queue_mutex_);
    for (;;) {
      const auto due = [this] { return stopping_ || !queue_.empty(); };
      if (!mark_unsynced_since_) {
        wake_.wait(lock, due);
      } else {
        wake_.wait_until(lock, *mark_unsynced_since_ + mark_sync_interval, due);
      }
      take_group(group);
      const bool last = stopping_ && queue_.empty();
      lock.unlock();
      if (!group.empty()) commit(group);
      group.clear();
      sync_marks(last);
      if (last) return;
      lock.lock();
    }
  }

  /// Moves the oldest waiting writes into `group`. Under queue_mutex_.
  void take_group(std::vector<Waiting>& group) {
    std::size_t bytes = 0;
    while (!queue_.empty() && bytes < group_bytes_max) {
      bytes += queue_.front().bytes;
      queue_bytes_ -= queue_.front().bytes;
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }

  // The group --------------------------------------------------------------------------------------------------------

  /// What a group does to one partition.
  struct Share {
    Offset first = 0;
    std::vector<Bytes> records;
    SealedMark mark;
  };

  void commit(std::vector<Waiting>& group) {
    std::vector<Share> shares(partitions_.size());
    std::vector<PartitionId> touched;
    std::optional<Error> trouble;
    std::vector<bool> ended(group.size());
    group_begun_ms_.store(steady_ms(), std::memory_order_relaxed);
    {
      const std::lock_guard lock(write_mutex_);
      check_space();
      if (state_ == State::refused && std::ranges::any_of(group, &Waiting::is_vault))
        trouble = open_anew_for_the_vault(touched);
      end_old_handles(group, ended);
      if (!trouble) trouble = write_group(group, ended, shares, touched);
    }
    group_begun_ms_.store(0, std::memory_order_relaxed);
    if (trouble) end_handles(group);
    answer(group, ended, shares, trouble);
    for (const PartitionId p : touched) advanced(p);
  }

  /// Appends on a handle that already had an error are not written, nor are records while writing is ended. Sets `ended`.
  void end_old_handles(const std::vector<Waiting>& group, std::vector<bool>& ended) {
    const std::lock_guard lock(queue_mutex_);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (group[i].is_vault()) continue;
      Partition& partition = *partitions_[group[i].partition];
      if (state_ != State::writing) partition.refused = std::max(partition.refused, group[i].handle);
      ended[i] = group[i].handle <= partition.refused;
    }
  }

  void end_handles(const std::vector<Waiting>& group) {
    const std::lock_guard lock(queue_mutex_);
    for (const Waiting& waiting : group) {
      if (waiting.is_vault()) continue;
      Partition& partition = *partitions_[waiting.partition];
      partition.refused = std::max(partition.refused, waiting.handle);
    }
  }

  /// Writes and syncs all of `group` but what is `ended`, makes it visible and adds to `touched` the partitions that rose.
  std::optional<Error> write_group(std::vector<Waiting>& group, const std::vector<bool>& ended,
                                   std::vector<Share>& shares, std::vector<PartitionId>& touched) {
    if (state_ == State::stopped) return stopped();
    const auto db = database();
    rocksdb::WriteBatch batch;
    std::array<bool, vault_families.size()> vault_touched{};
    const auto put_row = [&](const VaultRow& row) {
      PARLANCE_ASSERT(!row.key.empty(), "a row of the vault has a key");
      batch.Put(db->vault(row.family), slice(row.key), slice(row.value)).PermitUncheckedError();
      vault_touched[vault_index(row.family)] = true;
    };
    std::vector<PartitionId> written;
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (ended[i]) continue;
      Waiting& waiting = group[i];
      if (waiting.is_vault()) {
        for (const VaultRow& row : *waiting.put) put_row(row);
        for (const VaultRow& row : *waiting.remove) {
          PARLANCE_ASSERT(!row.key.empty(), "a row of the vault has a key");
          batch.Delete(db->vault(row.family), slice(row.key)).PermitUncheckedError();
          vault_touched[vault_index(row.family)] = true;
        }
        continue;
      }
      if (waiting.records.empty()) continue;
      Partition& partition = *partitions_[waiting.partition];
      Share& share = shares[waiting.partition];
      if (share.records.empty()) {
        share.first = partition.next;
        written.push_back(waiting.partition);
      }
      for (Record& record : waiting.records) {
        const Offset offset = share.first + share.records.size();
        for (const VaultRow& row : record.rows) put_row(row);
        batch
            .Put(db->partition(waiting.partition), slice(ByteWriter().be(offset).bytes()),
                 slice(record.bytes))
            .PermitUncheckedError();
        share.mark = {offset + 1, record.chain};
        share.records.push_back(std::move(record.bytes));
      }
    }
    auto counts = vault_counts_;
    for (const VaultFamily f : vault_families) {
      if (!vault_touched[vault_index(f)]) continue;
      const Bytes count = ByteWriter().le(++counts[vault_index(f)]).take();
      batch.Put(db->vault(f), rocksdb::Slice(), slice(count)).PermitUncheckedError();
    }
    if (batch.Count() == 0) return std::nullopt;

    PARLANCE_ASSERT(state_ != State::refused,
                    "a database that refused a write is opened anew before the next");
    // Written and synced in two steps, since only a refusal before any sync may be survived.
    if (const rocksdb::Status status = db->write(batch); !status.ok()) {
      Error error = embedded::database_error(status, "writing the log");
      if (!status.IsNoSpace()) return stop(error);
      state_ = State::refused;
      return error;
    }
    fault_point("log.group_written");
    const auto sync_begun = SteadyClock::now();
    if (const rocksdb::Status status = db->sync(); !status.ok()) {
      return stop(embedded::database_error(status, "syncing the log"));
    }
    sync_seconds_.add(std::chrono::duration<double>(SteadyClock::now() - sync_begun).count());
    fault_point("log.group_synced");
    count_written(shares);

    vault_counts_ = counts;
    for (const PartitionId p : written) {
      Partition& partition = *partitions_[p];
      partition.next = shares[p].mark.next;
      partition.recent.add(shares[p].first, std::move(shares[p].records));
      partition.end.store(partition.next, std::memory_order_release);
    }
    touched.insert(touched.end(), written.begin(), written.end());
    return write_marks(shares, written, vault_touched);
  }

  void count_written(const std::vector<Share>& shares) {
    std::size_t records = 0, bytes = 0;
    for (const Share& share : shares) {
      records += share.records.size();
      for (const Bytes& record : share.records) bytes += record.size();
    }
    if (records == 0) return;
    records_written_.fetch_add(records, std::memory_order_relaxed);
    bytes_written_.fetch_add(bytes, std::memory_order_relaxed);
    group_records_.add(static_cast<double>(records));
  }

  /// Through the page cache; sync_marks() follows. A failure here is not the records' failure: they are durable.
  std::optional<Error> write_marks(const std::vector<Share>& shares, const std::vector<PartitionId>& written,
                                   const std::array<bool, vault_families.size()>& vault_touched) {
    Result<void> done;
    const auto mark = [&](std::size_t area, const SealedMark& reached) {
      if (done) done = marks_.write(area, reached);
    };
    for (const PartitionId p : written) mark(p, shares[p].mark);
    for (std::size_t f = 0; f < vault_families.size(); ++f)
      if (vault_touched[f]) mark(partitions_.size() + f, {vault_counts_[f], {}});
    fault_point("log.mark_written");
    if (!mark_unsynced_since_) mark_unsynced_since_ = SteadyClock::now();
    if (done) return std::nullopt;
    // A file system that copies on write may have no space even for bytes that are there already.
    if (done.error().code != Errc::read_only) return stop(done.error());
    state_ = State::low_space;
    return std::nullopt;
  }

  void sync_marks(bool now) {
    if (!mark_unsynced_since_ || (!now && SteadyClock::now() < *mark_unsynced_since_ + mark_sync_interval))
      return;
    mark_unsynced_since_.reset();
    const std::lock_guard lock(write_mutex_);
    if (state_ == State::stopped) return;
    if (const auto synced = marks_.sync(); !synced) stop(synced.error());
    fault_point("log.mark_synced");
  }

  /// Runs the callbacks of `group` in the order in which its writes came.
  void answer(std::vector<Waiting>& group, const std::vector<bool>& ended, const std::vector<Share>& shares,
              const std::optional<Error>& trouble) {
    std::vector<Offset> next(shares.size());
    for (std::size_t p = 0; p < shares.size(); ++p) next[p] = shares[p].first;
    for (std::size_t i = 0; i < group.size(); ++i) {
      Waiting& waiting = group[i];
      if (waiting.is_vault()) {
        waiting.written->set_value(trouble ? Result<void>(*trouble) : Result<void>());
      } else if (ended[i]) {
        refuse(waiting, {Errc::read_only, "log.handle_ended", "writing had ended; reopen the partition"});
      } else if (trouble) {
        refuse(waiting, *trouble);
      } else {
        for (std::size_t r = 0; r < waiting.records.size(); ++r) waiting.done(r, next[waiting.partition]++);
      }
    }
  }

  static void refuse(const Waiting& waiting, const Error& error) {
    for (std::size_t r = 0; r < waiting.records.size(); ++r) waiting.done(r, error);
  }

  void advanced(PartitionId partition) const {
    if (advanced_) advanced_(partition);
  }

  // Trouble ----------------------------------------------------------------------------------------------------------

  static Error stopped() {
    return unavailable("log.stopped", "the log stopped after a failed write or sync");
  }

  Error stop(const Error& error) {
    state_ = State::stopped;
    options_.fail_stop(error);
    return stopped();
  }

  [[nodiscard]] std::uint64_t free_bytes() const {
    if (options_.free_bytes) return options_.free_bytes();
    struct statvfs found {};
    // Where this cannot be told, the write itself tells.
    if (::statvfs(folder_.database().c_str(), &found) != 0) return UINT64_MAX;
    return std::uint64_t{found.f_bavail} * found.f_frsize;
  }

  [[nodiscard]] std::uint64_t space_to_resume() const {
    return options_.space_reserve_bytes + options_.space_reserve_bytes / 4;
  }

  void check_space() {
    const auto now = SteadyClock::now();
    if (state_ != State::writing || now < space_checked_ + space_check_interval) return;
    space_checked_ = now;
    if (free_bytes() < options_.space_reserve_bytes) state_ = State::low_space;
  }

  /// Back to writing, under write_mutex_. Adds the partitions whose end rose to `risen`.
  Result<void> resume(std::vector<PartitionId>& risen) {
    if (state_ == State::stopped) return stopped();
    const std::uint64_t wanted = space_to_resume();
    if (const std::uint64_t free = free_bytes(); free < wanted) {
      return Error{
          Errc::read_only, "log.no_space",
          std::to_string(free) + " bytes free, " + std::to_string(wanted) + " wanted before writing goes on"};
    }
    if (state_ == State::refused) {
      if (auto opened = open_anew(risen); !opened) return opened;
    }
    state_ = State::writing;
    return {};
  }

  /// An erasure does not wait for the reserve: it is what the reserve is for.
  std::optional<Error> open_anew_for_the_vault(std::vector<PartitionId>& risen) {
    if (auto opened = open_anew(risen); !opened) return opened.error();
    state_ = State::low_space;
    return std::nullopt;
  }

  /// After a refused write RocksDB refuses all that follow until it is opened again. Readers go on throughout: first on a stand-in,
  /// which holds every file open, then, when nobody uses the old instance any more, on the new one.
  Result<void> open_anew(std::vector<PartitionId>& risen) {
    if (database()->mode() != LogDatabase::Mode::stand_in) {
      // With space again the old instance would flush what it holds, and delete files while the stand-in opens them.
      database()->stop_background_work();
      auto stand_in = open_database(folder_, LogDatabase::Mode::stand_in, options_.env, watch_);
      if (!stand_in) return Error{Errc::read_only, "log.no_space", stand_in.error().detail};
      set_database(std::move(stand_in->database));
    }
    if (old_closed_.wait_for(readers_wait) != std::future_status::ready) {
      return Error{Errc::read_only, "log.no_space", "readers still use the database that refused a write"};
    }
    auto opened = open_database(folder_, LogDatabase::Mode::writable, options_.env, watch_);
    if (!opened) return not_yet(opened.error());
    const auto ends = ends_of(*opened->database, partitions());
    if (!ends) return not_yet(ends.error());
    for (std::size_t f = 0; f < vault_counts_.size(); ++f) {
      if (ends->vault[f] < vault_counts_[f])
        return behind_mark("the vault fell back while its database was opened anew");
    }
    for (PartitionId p = 0; p < partitions(); ++p) {
      if (ends->partitions[p] < end(p))
        return behind_mark("partition " + std::to_string(p) + " fell back while it was opened anew");
    }
    for (PartitionId p = 0; p < partitions(); ++p) {
      Partition& partition = *partitions_[p];
      partition.next = ends->partitions[p];
      if (partition.next == partition.end) continue;
      // The refused group is in the log after all.
      partition.recent.clear();
      partition.end.store(partition.next, std::memory_order_release);
      risen.push_back(p);
    }
    vault_counts_ = ends->vault;
    watch_->opened();
    set_database(std::move(opened->database));
    old_closed_ = std::move(opened->closed);
    return {};
  }

  static Error not_yet(const Error& error) {
    if (error.code == Errc::corrupt) return error;
    return {Errc::read_only, "log.no_space", error.detail};
  }

  [[nodiscard]] std::shared_ptr<LogDatabase> database() const {
    const std::lock_guard lock(database_mutex_);
    return database_;
  }

  void set_database(std::shared_ptr<LogDatabase> database) {
    const std::lock_guard lock(database_mutex_);
    database_.swap(database);
  }

  EmbeddedLogOptions options_;
  LogFolder folder_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::function<void(PartitionId)> advanced_;

  mutable std::mutex database_mutex_;  ///< guards the pointer below
  std::shared_ptr<LogDatabase> database_;
  const std::shared_ptr<DatabaseWatch> watch_;  ///< of each opening

  std::mutex
      write_mutex_;  ///< held while the database is written or opened anew; guards the four below and Partition::next
  SealedMarkFile marks_;
  std::array<std::uint64_t, vault_families.size()> vault_counts_{};
  SteadyClock::time_point space_checked_{};
  std::future<void> old_closed_;  ///< ready once the last writable instance has left the folder

  std::atomic<State> state_{State::writing};  ///< changed under write_mutex_

  mutable std::mutex damage_mutex_;  ///< guards the two below
  mutable std::uint64_t damaged_reads_ = 0;
  mutable std::string damage_;
  mutable std::mutex queue_mutex_;  ///< guards the four below and the handles of Partition
  std::condition_variable wake_;
  std::deque<Waiting> queue_;
  std::size_t queue_bytes_ = 0;
  bool stopping_ = false;

  std::atomic<std::int64_t> group_begun_ms_{
      0};  ///< steady_ms() when the group under way was begun; 0: none is
  std::atomic<std::uint64_t> records_written_{0}, bytes_written_{0};
  Histogram<seconds_bounds.size()> sync_seconds_{seconds_bounds};
  Histogram<size_bounds.size()> group_records_{size_bounds};

  std::optional<SteadyClock::time_point> mark_unsynced_since_;  ///< the writer thread's alone
  std::thread writer_;
};

/// The first opening of a new folder. Until `complete` is written nothing was acknowledged, so a creation that did not finish is
/// simply done again.
Result<void> finish_creation(LogFolder& folder, std::size_t areas, rocksdb::Env* env) {
  if (auto made = LogDatabase::open(folder.database(), folder.identity(), LogDatabase::Mode::create, env);
      !made) {
    return made.error();
  }
  if (auto synced = embedded::sync_folder(folder.dir()); !synced) return synced;
  const LogIdentity& identity = folder.identity();
  if (auto made = SealedMarkFile::create(folder.sealed_mark(), identity.id, identity.partitions, areas);
      !made)
    return made;
  return folder.set_complete();
}

}  // namespace

Result<void> create_embedded_log(const std::filesystem::path& dir, LogId id, std::uint32_t generation,
                                 PartitionId partitions) {
  return LogFolder::create(dir, {id, generation, partitions});
}

Result<std::unique_ptr<EmbeddedLog>> open_log_copy(const std::filesystem::path& database,
                                                   const LogMarks& marks, std::shared_ptr<rocksdb::Env> env) {
  const LogIdentity identity{marks.id, marks.generation, marks.partitions};
  if (marks.areas.size() != identity.partitions + vault_families.size())
    return corrupt("log.mark_damaged", "a copy has a mark for each partition and family");
  LogFolder folder = LogFolder::copy_at(database, identity);
  EmbeddedLogOptions options;
  options.read_only = true;
  options.env = env.get();
  options.kept = std::move(env);
  auto opened = open_database(folder, LogDatabase::Mode::read_only, options.env);
  if (!opened) return opened.error();
  const auto ends = ends_of(*opened->database, identity.partitions);
  if (!ends) return ends.error();
  SealedMarkFile file = SealedMarkFile::in_memory(marks.areas);
  if (auto reached = check_marks(*ends, file); !reached) return reached.error();
  return std::unique_ptr<EmbeddedLog>(std::make_unique<Log>(std::move(folder), std::move(file),
                                                            std::move(*opened), *ends, std::move(options)));
}

Result<bool> embedded_log_exists(const std::filesystem::path& dir) { return LogFolder::exists(dir); }

Result<bool> embedded_log_in_use(const std::filesystem::path& dir) { return embedded::is_locked(dir); }

namespace {

/// RocksDB names each table that is not as listed, a line for each: the first of them are enough for a refusal.
std::string first_lines(std::string_view text) {
  constexpr int lines_told_max = 4;
  std::string out;
  for (int line = 0; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (line == lines_told_max) return out + "; and more like it";
    out.append(line == 0 ? "" : "; ").append(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Adds which records lie in the files that a refusal for damage names, whichever check refused.
Error with_places(Error error, const std::filesystem::path& dir) {
  if (error.code != Errc::corrupt && error.code != Errc::loss) return error;
  const std::string held = what_tables_hold(dir, error.detail);
  error.detail = first_lines(error.detail);
  if (!held.empty()) error.detail += " (" + held + ")";
  error.detail += ". Nothing was changed";
  return error;
}

Result<std::unique_ptr<EmbeddedLog>> open_log(const std::filesystem::path& dir, EmbeddedLogOptions options) {
  auto folder = LogFolder::open(dir, !options.read_only);
  if (!folder) return folder.error();
  const LogIdentity identity = folder->identity();
  const std::size_t areas = identity.partitions + vault_families.size();
  if (!folder->complete()) {
    if (options.read_only)
      return Error{Errc::not_found, "log.absent",
                   "the log in " + dir.string() + " was never opened for writing"};
    if (auto made = finish_creation(*folder, areas, options.env); !made) return made.error();
  }
  // The marks first: whoever writes meanwhile moves the log before them.
  auto marks = SealedMarkFile::open(folder->sealed_mark(), identity.id, identity.partitions, areas,
                                    !options.read_only);
  if (!marks) return marks.error();

  // Looked at before anything is written, since an opening for writing cuts a damaged tail off for good.
  auto seen = open_database(*folder, LogDatabase::Mode::read_only, options.env);
  if (!seen) return seen.error();
  if (auto whole = ManifestMark(folder->manifest_mark(), folder->database()).check(); !whole)
    return whole.error();
  const auto ends = ends_of(*seen->database, identity.partitions);
  if (!ends) return ends.error();
  if (auto reached = check_marks(*ends, *marks); !reached) return reached.error();
  if (options.read_only) {
    return std::unique_ptr<EmbeddedLog>(std::make_unique<Log>(std::move(*folder), std::move(*marks),
                                                              std::move(*seen), *ends, std::move(options)));
  }

  seen->database.reset();
  auto opened = open_database(*folder, LogDatabase::Mode::writable, options.env);
  if (!opened) return opened.error();
  const auto recovered = ends_of(*opened->database, identity.partitions);
  if (!recovered) return recovered.error();
  if (*recovered != *ends)
    return corrupt("log.corrupt", "two openings of " + dir.string() + " ended at different offsets");
  return std::unique_ptr<EmbeddedLog>(std::make_unique<Log>(std::move(*folder), std::move(*marks),
                                                            std::move(*opened), *ends, std::move(options)));
}

}  // namespace

Result<std::unique_ptr<EmbeddedLog>> open_embedded_log(const std::filesystem::path& dir,
                                                       EmbeddedLogOptions options) {
  auto opened = open_log(dir, std::move(options));
  if (!opened) return with_places(opened.error(), dir);
  return opened;
}

}  // namespace parlance
