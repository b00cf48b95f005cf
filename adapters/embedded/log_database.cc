#include "adapters/embedded/log_database.h"

#include <algorithm>

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "engine/base/assert.h"

namespace parlance::embedded {
namespace {

constexpr std::size_t mib = 1024 * 1024;
constexpr std::size_t partition_buffer_bytes = 8 * mib;
constexpr std::size_t vault_buffer_bytes = 16 * mib;
/// Bounds the replay at a start and the files an idle family holds back.
constexpr std::size_t wal_bytes_max = 128 * mib;
constexpr std::size_t block_cache_bytes = 32 * mib;
constexpr std::size_t block_bytes = 16 * 1024;
constexpr std::size_t vault_block_bytes = 4 * 1024;
constexpr std::size_t readahead_bytes = 512 * 1024;
/// From so many records on a read is a replay: read ahead, and leave the block cache to the others.
constexpr std::size_t replay_records = 256;
/// A log of 100 GB has some ten thousand tables; descriptors are a process's scarce good.
constexpr int open_files_max = 512;
/// Deleted capsules must be gone from the disk within days: tables of the vault older than this are rewritten.
constexpr std::uint64_t vault_rewrite_seconds = 24 * 60 * 60;

rocksdb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
ByteView view(const rocksdb::Slice& s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

std::string place(PartitionId p, Offset offset) {
  return "partition " + std::to_string(p) + ", offset " + std::to_string(offset);
}

Bytes identity_value(const LogIdentity& identity) {
  return ByteWriter().id(identity.id).le(identity.generation).le(identity.partitions).take();
}

/// RocksDB's own log file is dropped: every failure reaches us as a status, and Debian's build of the library aborts the process when its log meets a
/// full disk for the second time.
class NoLogger final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::DBOptions database_options(LogDatabase::Mode mode, rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = mode == LogDatabase::Mode::create;
  options.create_missing_column_families = mode == LogDatabase::Mode::create;
  options.paranoid_checks = true;
  // A torn tail is cut; the sealed mark tells whether anything acknowledged was in it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // The recovered tail may sit in the page cache of a disk that refused to sync it. Recovery writes it anew into tables and syncs
  // these, so that it is durable before anything is acknowledged on top of it.
  options.avoid_flush_during_recovery = false;
  options.max_total_wal_size = wal_bytes_max;
  options.max_background_jobs = 2;
  options.max_open_files = mode == LogDatabase::Mode::stand_in ? -1 : open_files_max;
  options.info_log = no_logger();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  options.block_size = block_bytes;
  options.format_version = 5;
  return options;
}

/// Offsets only rise, so the files of a partition never overlap and compaction moves them without rewriting, which
/// needs the same compression on every level. LZ4 in blocks of 16 KB halves records of 460 bytes at the writing cost of no
/// compression at all (1.5 us each); zstd took a tenth more off for 1 us more.
rocksdb::ColumnFamilyOptions partition_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = partition_buffer_bytes;
  options.compression = rocksdb::kLZ4Compression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  return options;
}

/// Keys are random and values ciphertext: a filter and small blocks pay, compression does not. Rows are written once, so files are
/// merged with others of their size: in levels, each file of new rows would rewrite all of the first one. A merge of
/// all needs as much free space as a purge.
rocksdb::ColumnFamilyOptions vault_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = vault_buffer_bytes;
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.compression = rocksdb::kNoCompression;
  options.periodic_compaction_seconds = vault_rewrite_seconds;
  rocksdb::BlockBasedTableOptions table = table_options(cache);
  table.block_size = vault_block_bytes;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// By vault_index().
constexpr std::array vault_names{"capsules", "rows", "tombstones"};
std::string vault_name(VaultFamily family) { return vault_names[vault_index(family)]; }

}  // namespace

std::vector<std::string> family_names(PartitionId partitions) {
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  for (PartitionId p = 0; p < partitions; ++p) names.push_back("p" + std::to_string(p));
  for (const VaultFamily f : vault_families) names.push_back(vault_name(f));
  return names;
}

Bytes offset_key(Offset offset) { return ByteWriter().be(offset).take(); }

std::optional<Offset> offset_of_key(ByteView key) {
  ByteReader reader(key);
  const auto offset = reader.be<Offset>();
  return reader.at_end() ? std::optional(offset) : std::nullopt;
}

std::shared_ptr<rocksdb::Logger> no_logger() { return std::make_shared<NoLogger>(); }

std::optional<LogIdentity> parse_identity(ByteView row) {
  ByteReader reader(row);
  LogIdentity identity;
  identity.id = reader.id_of<LogId>();
  identity.generation = reader.le<std::uint32_t>();
  identity.partitions = reader.le<PartitionId>();
  const bool ours = reader.at_end() && identity.partitions >= 1 && identity.partitions <= partitions_max;
  return ours ? std::optional(identity) : std::nullopt;
}

Error database_error(const rocksdb::Status& status, std::string_view doing) {
  std::string detail = std::string(doing) + ": " + status.ToString();
  if (status.IsNoSpace()) return {Errc::read_only, "log.no_space", std::move(detail)};
  if (status.IsCorruption()) return corrupt("log.corrupt", std::move(detail));
  if (status.IsNotSupported()) return {Errc::newer, "log.newer", std::move(detail)};
  if (status.IsIOError() && detail.find("lock file") != std::string::npos) {
    return {Errc::locked, "log.locked", std::move(detail)};
  }
  return unavailable("log.io", std::move(detail));
}

LogDatabase::LogDatabase(LogIdentity identity, Mode mode, std::function<void()> closed)
    : identity_(identity), mode_(mode), closed_(std::move(closed)) {}

LogDatabase::~LogDatabase() {
  if (db_) {
    for (rocksdb::ColumnFamilyHandle* handle : handles_)
      db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    db_->Close().PermitUncheckedError();
    db_.reset();
  }
  if (closed_) closed_();
}

Result<std::shared_ptr<LogDatabase>> LogDatabase::open(const std::filesystem::path& dir,
                                                       const LogIdentity& identity, Mode mode,
                                                       rocksdb::Env* env, std::function<void()> closed,
                                                       Listeners listeners) {
  const auto cache = rocksdb::NewLRUCache(block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : family_names(identity.partitions)) {
    const bool partition = families.size() - 1 < identity.partitions;  // after the first, the default one
    families.emplace_back(name, partition ? partition_options(cache) : vault_options(cache));
  }

  std::shared_ptr<LogDatabase> database(new LogDatabase(identity, mode, std::move(closed)));
  rocksdb::DBOptions options = database_options(mode, env);
  options.listeners = std::move(listeners);
  const bool reading = mode == Mode::read_only || mode == Mode::stand_in;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      reading ? rocksdb::DB::OpenForReadOnly(options, dir.string(), families, &database->handles_, &db)
              : rocksdb::DB::Open(options, dir.string(), families, &database->handles_, &db);
  if (!status.ok()) {
    Error error = database_error(status, "opening the log in " + dir.string());
    // No database where one was made, or files it names that are not there: damage, not a passing trouble.
    const bool absent = status.IsNotFound() || status.IsPathNotFound() || status.IsInvalidArgument();
    if (absent) error = corrupt("log.corrupt", std::move(error.detail));
    return error;
  }
  database->db_.reset(db);
  if (auto ours = database->check_identity(); !ours) return ours.error();
  return database;
}

/// The format file and the database must be of one log: two folders mixed by hand are refused.
Result<void> LogDatabase::check_identity() {
  const Bytes expected = identity_value(identity_);
  std::string found;
  const rocksdb::Status status = db_->Get({}, handles_[0], slice(identity_key), &found);
  if (status.IsNotFound() && mode_ == Mode::create) {
    rocksdb::WriteOptions durable;
    durable.sync = true;
    const rocksdb::Status put = db_->Put(durable, handles_[0], slice(identity_key), slice(expected));
    if (!put.ok()) return database_error(put, "making the log");
    return {};
  }
  if (!status.ok() && !status.IsNotFound()) return database_error(status, "reading the log's identity");
  if (found != as_text(expected))
    return corrupt("log.mixed", "the database is not that of the format file beside it");
  return {};
}

rocksdb::Status LogDatabase::write(rocksdb::WriteBatch& batch) { return db_->Write({}, &batch); }

rocksdb::Status LogDatabase::sync() { return db_->SyncWAL(); }

Result<Offset> LogDatabase::end(PartitionId p) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, partition(p)));
  it->SeekToLast();
  if (!it->status().ok())
    return database_error(it->status(), "finding the end of partition " + std::to_string(p));
  if (!it->Valid()) return Offset{0};
  const auto last = offset_of_key(view(it->key()));
  if (!last) return corrupt("log.corrupt", "a key of partition " + std::to_string(p) + " is no offset");
  return *last + 1;
}

Result<std::uint64_t> LogDatabase::vault_count(VaultFamily f) const {
  const auto value = get(f, {});
  if (!value) return value.error();
  if (!*value) return std::uint64_t{0};
  ByteReader reader(**value);
  const auto count = reader.le<std::uint64_t>();
  if (!reader.at_end()) return corrupt("log.corrupt", "the count of the vault's family " + vault_name(f));
  return count;
}

Result<Offset> LogDatabase::read(PartitionId p, Offset from, Offset end, std::size_t limit,
                                 const RecordSink& sink) const {
  if (limit == 1) return read_one(p, from, sink);
  const Bytes bound = offset_key(end);
  const rocksdb::Slice upper = slice(bound);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  if (limit >= replay_records) {
    options.readahead_size = readahead_bytes;
    options.fill_cache = false;
  }
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, partition(p)));
  Offset next = from;
  for (it->Seek(slice(offset_key(from))); limit > 0 && next < end; it->Next(), --limit) {
    if (!it->Valid() || !std::ranges::equal(view(it->key()), offset_key(next))) {
      if (!it->status().ok()) return database_error(it->status(), place(p, next));
      return corrupt("log.hole", place(p, next) + " is missing");
    }
    if (!sink({next, view(it->value())})) return next + 1;
    ++next;
  }
  return next;
}

/// A cold fold reads single records here and there; a lookup spares each the iterator.
Result<Offset> LogDatabase::read_one(PartitionId p, Offset at, const RecordSink& sink) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get({}, partition(p), slice(offset_key(at)), &value);
  if (status.IsNotFound()) return corrupt("log.hole", place(p, at) + " is missing");
  if (!status.ok()) return database_error(status, place(p, at));
  sink({at, view(value)});
  return at + 1;
}

Result<std::optional<Bytes>> LogDatabase::get(VaultFamily f, ByteView key) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get({}, vault(f), slice(key), &value);
  if (status.IsNotFound()) return std::optional<Bytes>{};
  if (!status.ok()) return database_error(status, "reading the vault's family " + vault_name(f));
  const ByteView bytes = view(value);
  return std::optional<Bytes>(std::in_place, bytes.begin(), bytes.end());
}

Result<void> LogDatabase::scan(VaultFamily f, const std::function<bool(ByteView, ByteView)>& sink) const {
  rocksdb::ReadOptions options;
  options.readahead_size = readahead_bytes;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, vault(f)));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (it->key().empty()) continue;
    if (!sink(view(it->key()), view(it->value()))) return {};
  }
  if (!it->status().ok()) return database_error(it->status(), "scanning the vault's family " + vault_name(f));
  return {};
}

void LogDatabase::stop_background_work() { rocksdb::CancelAllBackgroundWork(db_.get(), true); }

std::uint64_t LogDatabase::vault_bytes() const {
  std::uint64_t bytes = 0;
  for (const VaultFamily f : vault_families) {
    std::uint64_t size = 0;
    // Of a property that it does not know it leaves 0.
    (void)db_->GetIntProperty(vault(f), rocksdb::DB::Properties::kTotalSstFilesSize, &size);
    bytes += size;
  }
  return bytes;
}

Result<void> LogDatabase::purge() {
  // All families, since the write-ahead log is one for all and goes when nobody needs it any more.
  const rocksdb::Status flushed = db_->Flush({}, handles_);
  if (!flushed.ok()) return database_error(flushed, "flushing the log");
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (const VaultFamily f : vault_families) {
    const rocksdb::Status compacted = db_->CompactRange(options, vault(f), nullptr, nullptr);
    if (!compacted.ok()) return database_error(compacted, "purging the vault's family " + vault_name(f));
  }
  return {};
}

}  // namespace parlance::embedded
