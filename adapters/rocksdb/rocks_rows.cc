#include "adapters/rocksdb/rocks_rows.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <map>
#include <mutex>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include "adapters/files/durable_file.h"
#include "adapters/rocksdb/database_watch.h"
#include "engine/base/assert.h"

namespace parlance {
namespace {

constexpr std::size_t block_bytes = 16 * 1024;
constexpr std::size_t batch_overhead = 16;  ///< of a change, at most
constexpr double bloom_bits = 10;
constexpr double memtable_bloom_ratio = 0.1;

rocksdb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
ByteView view(const rocksdb::Slice& s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

Error store_error(const rocksdb::Status& status, std::string_view doing, std::string_view what) {
  std::string detail = std::string(doing) + " " + std::string(what) + ": " + status.ToString();
  if (status.IsNoSpace()) return {Errc::read_only, "rows.no_space", std::move(detail)};
  if (status.IsCorruption()) return corrupt("rows.corrupt", std::move(detail));
  if (status.IsNotSupported()) return {Errc::newer, "rows.newer", std::move(detail)};
  return unavailable("rows.io", std::move(detail));
}

/// Dropped: every failure reaches us as a status, and Debian's build of the library aborts the process when its log meets a full disk twice.
class NoLogger final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

/// RocksDB looks for space every five seconds and refuses Resume() meanwhile; ours comes with the next write.
class NoWaitForSpace final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status error,
                            bool* by_itself) override {
    if (error.IsNoSpace()) *by_itself = false;
  }
};

/// Held while the store is open or being destroyed; goes with the process.
class FolderLock {
 public:
  [[nodiscard]] static Result<FolderLock> take(const std::filesystem::path& dir) {
    const std::filesystem::path path = dir / "lock";
    FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0 || ::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      if (lock.fd_ >= 0 && errno == EWOULDBLOCK)
        return Error{Errc::locked, "rows.locked", "another process uses " + dir.string()};
      if (errno == ENOSPC) return Error{Errc::read_only, "rows.no_space", path.string()};
      return unavailable("rows.io", path.string() + ": " + std::generic_category().message(errno));
    }
    return lock;
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

std::filesystem::path database_of(const std::filesystem::path& dir) { return dir / "rows"; }
std::filesystem::path mark_of(const std::filesystem::path& dir) { return dir / "damaged"; }

constexpr std::size_t mark_bytes_max = 4096;
constexpr files::Durable rows_files{files::Rules{.no_space = "rows.no_space",
                                                 .read_only = "rows.no_space",
                                                 .not_permitted = "rows.io",
                                                 .absent = "rows.absent",
                                                 .not_a_folder = "rows.io",
                                                 .too_long = "rows.io",
                                                 .io = "rows.io"}};

/// Whether the database may be used, and by how many it is. What was found damaged is used by nobody any more, and says so in a file,
/// or a process that is killed before it has made the rows again would believe them at its next start.
class Trust {
 public:
  explicit Trust(std::filesystem::path mark) : mark_(std::move(mark)) {}

  /// A use of the database, as long as it lives.
  class Use {
   public:
    explicit Use(Trust& trust) : trust_(&trust) { trust_->users_.fetch_add(1); }
    Use(Use&& other) noexcept : trust_(std::exchange(other.trust_, nullptr)) {}
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (trust_ != nullptr && trust_->users_.fetch_sub(1) == 1) trust_->users_.notify_all();
    }

   private:
    Trust* trust_;
  };
  [[nodiscard]] Result<Use> use() {
    Use use(*this);
    if (!lost_.load()) return use;
    const std::lock_guard lock(mutex_);
    return damage_.value_or(corrupt("rows.corrupt", "the rows are thrown away"));
  }

  /// What a status comes to; a damaged block is remembered.
  [[nodiscard]] Error judged(const rocksdb::Status& status, std::string_view doing, std::string_view what) {
    Error error = store_error(status, doing, what);
    if (error.code == Errc::corrupt) lose(error);
    return error;
  }
  void lose(const Error& error) {
    {
      const std::lock_guard lock(mutex_);
      if (damage_) return;
      damage_ = error;
      lost_.store(true);
    }
    // Where it cannot be written, the next start finds the damage by itself when it reads there.
    (void)rows_files.replace(mark_, as_bytes(error.detail));
  }
  [[nodiscard]] std::optional<Error> damage() const {
    const std::lock_guard lock(mutex_);
    return damage_;
  }
  /// After lose().
  void wait_until_unused() const {
    for (auto users = users_.load(); users != 0; users = users_.load()) users_.wait(users);
  }
  void regain() {
    const std::lock_guard lock(mutex_);
    damage_.reset();
    lost_.store(false);
  }

 private:
  const std::filesystem::path mark_;
  std::atomic<std::uint32_t> users_{0};
  std::atomic<bool> lost_{false};
  mutable std::mutex mutex_;  ///< guards what follows
  std::optional<Error> damage_;
};

class Family final : public RowFamily {
 public:
  Family(std::string name, Trust& trust) : name_(std::move(name)), trust_(trust) {}
  ~Family() override { close(); }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  /// Where its rows lie. Nobody uses it meanwhile, as in close().
  void attach(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
    db_ = &db;
    handle_ = handle;
  }
  void close() {
    if (handle_ != nullptr) db_->DestroyColumnFamilyHandle(handle_).PermitUncheckedError();
    handle_ = nullptr;
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle() const { return handle_; }

  Result<std::optional<Bytes>> get(ByteView key) const override {
    const auto use = trust_.use();
    if (!use) return use.error();
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get({}, handle_, slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>{};
    if (!status.ok()) return trust_.judged(status, "reading", name_);
    const ByteView bytes = view(value);
    return std::optional<Bytes>(std::in_place, bytes.begin(), bytes.end());
  }

  Result<void> scan(ByteView from, ByteView to,
                    const std::function<bool(ByteView, ByteView)>& sink) const override {
    const auto use = trust_.use();
    if (!use) return use.error();
    const rocksdb::Slice upper = slice(to);
    rocksdb::ReadOptions options;
    // An iterator that runs past what was asked for pays for every deleted row it meets there.
    if (!to.empty()) options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handle_));
    for (it->Seek(slice(from)); it->Valid(); it->Next()) {
      if (!sink(view(it->key()), view(it->value()))) return {};
    }
    if (!it->status().ok()) return trust_.judged(it->status(), "scanning", name_);
    return {};
  }

  Result<void> write_all(std::span<const RowChangeView> changes) override {
    const auto use = trust_.use();
    if (!use) return use.error();
    std::size_t bytes = 0;
    for (const RowChangeView& change : changes)
      bytes += change.key.size() + (change.value ? change.value->size() : 0) + batch_overhead;
    rocksdb::WriteBatch batch(bytes);
    for (const RowChangeView& change : changes) {
      const rocksdb::Status added = change.value ? batch.Put(handle_, slice(change.key), slice(*change.value))
                                                 : batch.Delete(handle_, slice(change.key));
      if (!added.ok()) return trust_.judged(added, "writing", name_);
    }
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status status = with_space([&] { return db_->Write(options, &batch); });
    if (!status.ok()) return trust_.judged(status, "writing", name_);
    return {};
  }

  Result<void> flush() override {
    const auto use = trust_.use();
    if (!use) return use.error();
    const rocksdb::Status status = with_space([&] { return db_->Flush({}, handle_); });
    if (!status.ok()) return trust_.judged(status, "flushing", name_);
    return {};
  }

 private:
  /// After the disk was full once, RocksDB refuses everything until it is told to go on, though there be space again.
  [[nodiscard]] rocksdb::Status with_space(const std::function<rocksdb::Status()>& change) {
    rocksdb::Status status = change();
    if (!status.IsNoSpace() || !db_->Resume().ok()) return status;
    return change();
  }

  const std::string name_;
  Trust& trust_;
  rocksdb::DB* db_ = nullptr;
  rocksdb::ColumnFamilyHandle* handle_ = nullptr;
};

struct CloseDatabase {
  void operator()(rocksdb::DB* db) const {
    db->Close().PermitUncheckedError();
    delete db;
  }
};

class Rows final : public RowStore {
 public:
  Rows(FolderLock lock, std::filesystem::path dir, rocksdb::DBOptions options,
       rocksdb::ColumnFamilyOptions family_options)
      : lock_(std::move(lock)),
        dir_(std::move(dir)),
        options_(std::move(options)),
        family_options_(std::move(family_options)),
        trust_(mark_of(dir_)) {
    options_.listeners.push_back(watch_);
  }

  /// A family that was there before is attached to its rows anew.
  Result<void> open_database() {
    const std::string name = database_of(dir_).string();
    std::vector<std::string> names;
    const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options_, name, &names);
    if (!listed.ok()) names.assign(1, rocksdb::kDefaultColumnFamilyName);
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& family : names) descriptors.emplace_back(family, family_options_);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options_, name, descriptors, &handles, &db);
    if (!status.ok()) {
      Error error = store_error(status, "opening", name);
      // The folder itself works, since it is locked; what does not open in it is damaged.
      if (error.code == Errc::unavailable) error = corrupt("rows.corrupt", std::move(error.detail));
      return error;
    }
    db_.reset(db);
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      auto& family = families_[handle->GetName()];
      if (!family) family = std::make_unique<Family>(handle->GetName(), trust_);
      family->attach(*db_, handle);
    }
    return {};
  }

  StoreHealth health() const override {
    const auto use = trust_.use();
    return use ? watch_->health(*db_) : StoreHealth{};
  }
  std::optional<Error> damage() const override { return trust_.damage(); }

  Result<void> renew() override {
    trust_.lose(corrupt("rows.corrupt", "the rows in " + dir_.string() + " are thrown away"));
    const std::lock_guard lock(mutex_);
    trust_.wait_until_unused();
    for (const auto& [name, family] : families_) family->close();
    db_.reset();
    std::error_code error;
    std::filesystem::remove_all(database_of(dir_), error);
    if (error) return unavailable("rows.io", database_of(dir_).string() + ": " + error.message());
    watch_->opened();
    if (auto opened = open_database(); !opened) return opened;
    for (const auto& [name, family] : families_) {
      if (family->handle() != nullptr) continue;
      rocksdb::ColumnFamilyHandle* handle = nullptr;
      const rocksdb::Status status = db_->CreateColumnFamily(family_options_, name, &handle);
      if (!status.ok()) return store_error(status, "making", name);
      family->attach(*db_, handle);
    }
    std::filesystem::remove(mark_of(dir_), error);
    if (error) return unavailable("rows.io", mark_of(dir_).string() + ": " + error.message());
    trust_.regain();
    return {};
  }

  std::vector<std::string> families() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, family] : families_) {
      if (name != rocksdb::kDefaultColumnFamilyName) names.push_back(name);
    }
    return names;
  }

  Result<RowFamily*> open(std::string_view family) override {
    if (family.empty() || family == rocksdb::kDefaultColumnFamilyName)
      return invalid("rows.family_name", std::string(family));
    const std::lock_guard lock(mutex_);
    if (const auto found = families_.find(family); found != families_.end()) return found->second.get();
    const auto use = trust_.use();
    if (!use) return use.error();
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    const rocksdb::Status status = db_->CreateColumnFamily(family_options_, std::string(family), &handle);
    if (!status.ok()) return trust_.judged(status, "making", family);
    auto made = std::make_unique<Family>(std::string(family), trust_);
    made->attach(*db_, handle);
    return families_.emplace(family, std::move(made)).first->second.get();
  }

  Result<void> drop(std::string_view family) override {
    const std::lock_guard lock(mutex_);
    const auto found = families_.find(family);
    if (found == families_.end() || family == rocksdb::kDefaultColumnFamilyName) {
      return Error{Errc::not_found, "rows.no_family", std::string(family)};
    }
    const auto use = trust_.use();
    if (!use) return use.error();
    const rocksdb::Status status = db_->DropColumnFamily(found->second->handle());
    if (!status.ok()) return trust_.judged(status, "dropping", family);
    families_.erase(found);
    return {};
  }

 private:
  FolderLock lock_;
  const std::filesystem::path dir_;
  rocksdb::DBOptions options_;
  const rocksdb::ColumnFamilyOptions family_options_;
  const std::shared_ptr<DatabaseWatch> watch_ = std::make_shared<DatabaseWatch>();
  mutable Trust trust_;
  std::unique_ptr<rocksdb::DB, CloseDatabase> db_;
  mutable std::mutex mutex_;  ///< guards the map below, and db_ while it is closed and opened
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;  ///< after db_: gone before it
};

rocksdb::DBOptions database_options(const RocksRowsOptions& wanted) {
  rocksdb::DBOptions options;
  if (wanted.env != nullptr) options.env = wanted.env;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(wanted.write_buffer_bytes);
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<NoLogger>();
  options.listeners.push_back(std::make_shared<NoWaitForSpace>());
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const RocksRowsOptions& wanted,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = wanted.write_buffer_bytes / 4;
  options.max_write_buffer_number = 4;
  options.compression = rocksdb::kLZ4Compression;
  // Keys are looked up whole, so whole keys are in the filters.
  options.memtable_prefix_bloom_size_ratio = wanted.filter_unflushed ? memtable_bloom_ratio : 0;
  options.memtable_whole_key_filtering = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = block_bytes;
  table.format_version = 5;
  // Bloom above, where filters are read and written most; ribbon, a third smaller, at the bottom, where they are largest.
  table.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(bloom_bits, 1));
  // In parts, because a part of the cache that is smaller than a whole filter never keeps it, and each look-up reads it anew.
  table.partition_filters = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

Result<std::unique_ptr<RowStore>> open_rocks_rows(const std::filesystem::path& dir,
                                                  RocksRowsOptions options) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return unavailable("rows.io", dir.string() + ": " + error.message());
  auto lock = FolderLock::take(dir);
  if (!lock) return lock.error();
  if (std::filesystem::exists(mark_of(dir), error)) {
    const auto said = rows_files.read(mark_of(dir), mark_bytes_max);
    return corrupt("rows.corrupt", said ? std::string(as_text(*said)) : "it was found damaged");
  }
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
  auto rows = std::make_unique<Rows>(std::move(*lock), dir, database_options(options),
                                     family_options(options, cache));
  if (auto opened = rows->open_database(); !opened) return opened.error();
  return std::unique_ptr<RowStore>(std::move(rows));
}

Result<void> destroy_rocks_rows(const std::filesystem::path& dir) {
  std::error_code error;
  if (!std::filesystem::exists(dir, error)) return {};
  auto lock = FolderLock::take(dir);
  if (!lock) return lock.error();
  // The mark last: a database that is half deleted stays marked.
  for (const std::filesystem::path& gone : {database_of(dir), mark_of(dir)}) {
    std::filesystem::remove_all(gone, error);
    if (error) return unavailable("rows.io", gone.string() + ": " + error.message());
  }
  return {};
}

}  // namespace parlance
