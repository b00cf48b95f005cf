#include "adapters/embedded/log_remains.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <map>
#include <system_error>

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include "adapters/embedded/log_database.h"
#include "adapters/embedded/log_folder.h"
#include "adapters/embedded/manifest_mark.h"
#include "adapters/embedded/sealed_mark.h"

namespace parlance {
namespace {

namespace fs = std::filesystem;
using embedded::offset_of_key;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

constexpr std::string_view table_extension = ".sst";
constexpr std::string_view wal_extension = ".log";
/// Added to the numbers of copied write-ahead logs, so that they are newer than all that an empty database has written.
constexpr std::uint64_t replayed_from = 1'000'000;
constexpr std::size_t readahead_bytes = 512 * 1024;
constexpr std::uint64_t rows_told_each = 4096;
constexpr int open_files_max = 64;

ByteView view(const rocksdb::Slice& s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
rocksdb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The N of "N.sst".
std::optional<std::uint64_t> number_of(const fs::path& path, std::string_view extension) {
  const std::string name = path.filename().string();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  return error == std::errc{} && rest == extension ? std::optional(number) : std::nullopt;
}
std::string table_name(std::uint64_t number) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%06llu", static_cast<unsigned long long>(number));
  return digits.data() + std::string(table_extension);
}

std::optional<PartitionId> partition_of(std::string_view family) {
  PartitionId p = 0;
  if (!family.starts_with('p')) return std::nullopt;
  const auto [end, error] = std::from_chars(family.data() + 1, family.data() + family.size(), p);
  const bool ours =
      error == std::errc{} && end == family.data() + family.size() && p < embedded::partitions_max;
  return ours ? std::optional(p) : std::nullopt;
}

/// A folder without its write-ahead log. Opened to be read only, nothing is changed in it.
class OnlyTables final : public rocksdb::FileSystemWrapper {
 public:
  OnlyTables() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "OnlyTables"; }

  IOStatus GetChildren(const std::string& dir, const IOOptions& options, std::vector<std::string>* names,
                       IODebugContext* debug) override {
    IOStatus listed = FileSystemWrapper::GetChildren(dir, options, names, debug);
    std::erase_if(*names, [](const std::string& name) { return name.ends_with(wal_extension); });
    return listed;
  }
};

rocksdb::DBOptions lenient_options() {
  rocksdb::DBOptions options;
  options.paranoid_checks = false;
  options.max_open_files = open_files_max;
  options.info_log = embedded::no_logger();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

/// A database and its handles, closed in order.
struct OpenDatabase {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  OpenDatabase() = default;
  OpenDatabase(const OpenDatabase&) = delete;
  OpenDatabase& operator=(const OpenDatabase&) = delete;
  ~OpenDatabase() {
    if (!db) return;
    for (rocksdb::ColumnFamilyHandle* handle : handles)
      db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    db->Close().PermitUncheckedError();
  }
};

/// What the catalogue says of a table.
struct Listed {
  std::uint64_t number = 0;
  std::string family;
  std::optional<Offset> first, last;  ///< of a partition's
  std::uint64_t bytes = 0;
};

/// None where the catalogue does not read.
std::optional<std::vector<Listed>> read_catalogue(const fs::path& database) {
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<OnlyTables>());
  rocksdb::DBOptions options = lenient_options();
  options.env = env.get();
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options, database.string(), &names).ok()) return std::nullopt;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  OpenDatabase open;
  rocksdb::DB* db = nullptr;
  if (!rocksdb::DB::OpenForReadOnly(options, database.string(), families, &open.handles, &db).ok())
    return std::nullopt;
  open.db.reset(db);
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  std::vector<Listed> out;
  for (const auto& file : files) {
    Listed one{file.file_number, file.column_family_name, {}, {}, file.size};
    if (partition_of(one.family)) {
      one.first = offset_of_key(as_bytes(file.smallestkey));
      one.last = offset_of_key(as_bytes(file.largestkey));
    }
    out.push_back(std::move(one));
  }
  return out;
}

/// One table of the folder, or one that the catalogue names.
struct Table {
  fs::path path;
  std::uint64_t number = 0;
  std::string family;
  bool live = true;   ///< the catalogue names it, or there is none
  bool reads = true;  ///< it opens
  std::uint64_t entries = 0, deletions = 0;
  Offset first = 0, last = 0;  ///< of a partition's; what lies between may be in it
  bool has_range = false;
  [[nodiscard]] std::string name() const { return table_name(number); }
};

using Iterator = std::unique_ptr<rocksdb::Iterator>;

rocksdb::ReadOptions reading() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = readahead_bytes;
  return options;
}

bool at_end(const rocksdb::Iterator& it) { return !it.Valid() && it.status().ok(); }

/// The lowest number in (low, high] from which on `holds` does; it does at `high`.
template <class Holds> std::uint64_t bisect(std::uint64_t low, std::uint64_t high, const Holds& holds) {
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

/// Where the offsets of a partition's table lie, though its blocks may be damaged: its index knows the last one, and they are dense.
void find_range(Table& table, rocksdb::Iterator& it) {
  constexpr Offset none = std::numeric_limits<Offset>::max();
  it.SeekToLast();
  auto last = it.Valid() ? offset_of_key(view(it.key())) : std::nullopt;
  if (!last) {
    const auto is_past = [&](Offset offset) {
      it.Seek(slice(embedded::offset_key(offset)));
      return at_end(it);
    };
    if (is_past(0) || !is_past(none)) return;
    last = bisect(0, none, is_past) - 1;
  }
  it.SeekToFirst();
  const auto first = it.Valid() ? offset_of_key(view(it.key())) : std::nullopt;
  // A forged first offset must not have us look for more than the table has entries.
  const Offset lowest = *last - std::min(*last, table.entries - 1);
  table.last = *last;
  table.first = first && *first <= *last ? std::max(*first, lowest) : lowest;
  table.has_range = true;
}

/// Reads one source of a partition's records in rising order.
class Cursor {
 public:
  /// `last` is below the highest offset that there can be.
  Cursor(Offset first, Offset last, std::string file) : first_(first), last_(last), file_(std::move(file)) {}
  virtual ~Cursor() = default;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  [[nodiscard]] Offset first() const { return first_; }
  [[nodiscard]] Offset last() const { return last_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  /// The record at `offset`, in [first, last]; none where it is not given back. Then next() says from where on there may be one, which
  /// is above `offset` and at most last + 1.
  std::optional<ByteView> at(Offset offset) {
    if (!it_) it_ = open();
    next_ = offset + 1;
    if (!it_) {
      next_ = last_ + 1;
      return std::nullopt;
    }
    auto key = current();
    if (key && *key < offset) {
      it_->Next();
      key = current();
    }
    if (!key || *key < offset) {
      it_->Seek(slice(embedded::offset_key(offset)));
      key = current();
    }
    if (key && *key == offset) return view(it_->value());
    if (key && *key > offset) next_ = std::min(*key, last_ + 1);
    if (at_end(*it_)) next_ = last_ + 1;
    return std::nullopt;
  }
  [[nodiscard]] Offset next() const { return next_; }
  /// Frees what reading needs.
  void close() {
    it_.reset();
    closed();
  }

 private:
  virtual Iterator open() = 0;
  virtual void closed() {}
  /// The key that the iterator is at; none: at none that is an offset.
  [[nodiscard]] std::optional<Offset> current() const {
    return it_->Valid() ? offset_of_key(view(it_->key())) : std::nullopt;
  }

  const Offset first_, last_;
  const std::string file_;
  Offset next_ = 0;
  Iterator it_;
};

class TableCursor final : public Cursor {
 public:
  TableCursor(const Table& table, const rocksdb::Options& options)
      : Cursor(table.first, table.last, table.name()), table_(table), options_(options) {}
  ~TableCursor() override { close(); }

 private:
  Iterator open() override {
    if (!table_.reads) return nullptr;
    reader_ = std::make_unique<rocksdb::SstFileReader>(options_);
    if (!reader_->Open(table_.path.string()).ok()) return nullptr;
    return Iterator(reader_->NewIterator(reading()));
  }
  void closed() override { reader_.reset(); }

  const Table& table_;
  const rocksdb::Options& options_;
  std::unique_ptr<rocksdb::SstFileReader> reader_;
};

class ReplayCursor final : public Cursor {
 public:
  ReplayCursor(Offset first, Offset last, rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family)
      : Cursor(first, last, "the write-ahead log"), db_(db), family_(family) {}
  ~ReplayCursor() override { close(); }

 private:
  Iterator open() override { return Iterator(db_.NewIterator(reading(), family_)); }

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle* family_;
};

/// Goes through a table of the vault; returns how many rows read, and adds whether all did. Keys are not dense: behind a block that does not
/// read, a key in one that does is looked for by halving.
std::uint64_t count_rows(rocksdb::Iterator& it, std::uint64_t entries, bool& whole,
                         const std::function<void()>& row) {
  const auto prefix = [](const rocksdb::Slice& key) {
    Bytes eight(8);
    std::ranges::copy(view(key).first(std::min<std::size_t>(key.size(), 8)), eight.begin());
    return ByteReader(eight).be<std::uint64_t>();
  };
  constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t rows = 0, at = 0;
  const auto goes_on = [&](std::uint64_t from) {
    it.Seek(slice(ByteWriter().be(from).take()));
    return it.Valid() || it.status().ok();
  };
  it.SeekToFirst();
  for (std::uint64_t blocks = 0; blocks <= entries; ++blocks) {
    for (; it.Valid(); it.Next()) {
      at = std::max(at, prefix(it.key()));
      if (it.key().empty()) continue;
      ++rows;
      row();
    }
    if (it.status().ok()) break;
    whole = false;
    std::uint64_t low = at, step = 1;
    while (low < all && !goes_on(low + std::min(step, all - low))) {
      low += std::min(step, all - low);
      step += std::min(step, all - step);
    }
    if (low == all) break;
    const std::uint64_t high = low + std::min(step, all - low);
    at = bisect(low, high, goes_on);
    if (!goes_on(at)) break;
  }
  return rows;
}

class Remains final : public LogRemains {
 public:
  Result<void> open(const fs::path& dir, const fs::path& scratch) {
    dir_ = dir;
    table_options_.info_log = embedded::no_logger();
    std::error_code error;
    std::vector<fs::path> wals;
    const fs::path database = dir / "log";
    for (fs::directory_iterator entry(database, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      if (const auto number = number_of(entry->path(), table_extension))
        tables_.push_back({.path = entry->path(), .number = *number});
      if (number_of(entry->path(), wal_extension)) wals.push_back(entry->path());
    }
    if (error && error.value() != ENOENT && error.value() != ENOTDIR)
      return unavailable("log.io", "listing " + database.string() + ": " + error.message());
    const auto folder = embedded::LogFolder::open(dir, false);
    if (!folder && folder.error().code == Errc::newer) return folder.error();
    marks_ = embedded::SealedMarkFile::remains(dir / "sealed-mark");
    if (tables_.empty() && wals.empty() && !marks_ && !folder)
      return Error{Errc::not_found, "log.absent", "nothing of a log in " + dir.string()};
    look_at_catalogue(database);
    std::ranges::sort(tables_, {}, &Table::number);
    for (Table& table : tables_) look_at(table);
    compare_with_catalogue();
    // Of an identity that nothing tells, the tables know at least the partitions.
    if (folder) {
      id_ = folder->identity().id;
      partitions_ = folder->identity().partitions;
    } else if (marks_) {
      id_ = marks_->log;
      partitions_ = std::min(marks_->partitions, embedded::partitions_max);
    }
    if (!folder) troubles_.push_back(folder.error().detail);
    if (partitions_ == 0)
      for (const Table& table : tables_)
        if (const auto p = partition_of(table.family))
          partitions_ = std::max(partitions_, static_cast<PartitionId>(*p + 1));
    if (auto replayed = replay(wals, scratch); !replayed) return replayed;
    if (!folder && !marks_) take_identity_of_database();
    if (const auto whole = embedded::ManifestMark(dir / "manifest-mark", database).check(); !whole)
      troubles_.push_back(whole.error().detail);
    look_at_marks();
    sort_tables();
    return {};
  }

  LogId id() const override { return id_; }
  PartitionId partitions() const override { return partitions_; }
  const std::vector<std::string>& troubles() const override { return troubles_; }

  std::optional<SealedMark> sealed_mark(PartitionId p) const override {
    return marks_ && p < marks_->areas.size() ? marks_->areas[p] : std::nullopt;
  }

  Offset end(PartitionId p) const override {
    Offset end = 0;
    for (const Table* table : of_partition(p)) end = std::max(end, table->last + 1);
    if (const auto range = replayed_range(p)) end = std::max(end, range->second + 1);
    return end;
  }

  void read(PartitionId p, Offset until, const std::function<bool(const Stretch&)>& sink) const override {
    // By their first offset; of two that begin alike the one that the catalogue names.
    std::vector<const Table*> tables = of_partition(p);
    const auto replayed = replayed_range(p);
    std::size_t coming = 0;
    std::vector<std::unique_ptr<Cursor>> open;
    if (replayed)
      open.push_back(
          std::make_unique<ReplayCursor>(replayed->first, replayed->second, *replay_.db, replay_family(p)));
    for (Offset at = 0; at < until;) {
      while (coming < tables.size() && tables[coming]->first <= at)
        open.push_back(std::make_unique<TableCursor>(*tables[coming++], table_options_));
      std::erase_if(open, [&](const auto& cursor) { return cursor->last() < at; });
      Stretch stretch{.from = at, .until = until};
      if (coming < tables.size()) stretch.until = std::min(until, tables[coming]->first);
      for (const auto& cursor : open) {
        if (cursor->first() > at) {
          stretch.until = std::min(stretch.until, cursor->first());
          continue;
        }
        if (const auto bytes = cursor->at(at)) {
          stretch = {at, at + 1, Stretch::Kind::stored, *bytes, cursor->file()};
          break;
        }
        stretch.until = std::min(stretch.until, cursor->next());
        stretch.kind = Stretch::Kind::damaged;
        stretch.file = cursor->file();
      }
      if (stretch.kind == Stretch::Kind::damaged && is_gone(stretch.file))
        stretch.kind = Stretch::Kind::missing;
      if (!sink(stretch)) return;
      at = stretch.until;
    }
  }

  std::vector<VaultRemains> vault(const std::function<void(std::uint64_t)>& told) const override {
    std::vector<VaultRemains> out;
    std::uint64_t all = 0;
    const auto count = [&] {
      if (++all % rows_told_each == 0) told(all);
    };
    const auto names = embedded::family_names(partitions_);
    for (const VaultFamily f : embedded::vault_families) {
      VaultRemains one;
      one.family = names[1 + partitions_ + embedded::vault_index(f)];
      const std::size_t area = partitions_ + embedded::vault_index(f);
      if (marks_ && area < marks_->areas.size() && marks_->areas[area]) one.told = marks_->areas[area]->next;
      const auto take_groups = [&](rocksdb::Iterator& it) {
        it.Seek(rocksdb::Slice());
        if (!it.Valid() || !it.key().empty()) return;
        ByteReader reader(view(it.value()));
        const auto groups = reader.le<std::uint64_t>();
        if (reader.at_end()) one.groups = std::max(one.groups.value_or(0), groups);
      };
      for (const Table& table : tables_) {
        // One that the catalogue does not name any more, or never did, holds nothing that is served.
        if (table.family != one.family || !table.live) continue;
        rocksdb::SstFileReader reader(table_options_);
        if (!table.reads || !reader.Open(table.path.string()).ok()) {
          one.tables.push_back(table.name());
          one.lost_max += table.entries;
          continue;
        }
        const Iterator it(reader.NewIterator(reading()));
        take_groups(*it);
        bool whole = true;
        const std::uint64_t rows = count_rows(*it, table.entries, whole, count);
        one.rows += rows;
        if (whole) continue;
        one.tables.push_back(table.name());
        one.lost_max +=
            std::max<std::uint64_t>(1, table.entries - std::min(table.entries, table.deletions + rows));
      }
      if (rocksdb::ColumnFamilyHandle* family = replay_family(static_cast<PartitionId>(area))) {
        const Iterator it(replay_.db->NewIterator(reading(), family));
        take_groups(*it);
        bool whole = true;
        one.rows += count_rows(*it, std::numeric_limits<std::uint32_t>::max(), whole, count);
      }
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  /// Adds the tables that should be there and are not.
  void look_at_catalogue(const fs::path& database) {
    listed_ = read_catalogue(database);
    if (!listed_) {
      troubles_.push_back(database.string() +
                          ": the catalogue of its tables (CURRENT, MANIFEST) does not read; each table was "
                          "looked at by itself");
      return;
    }
    for (Table& table : tables_)
      table.live = std::ranges::find(*listed_, table.number, &Listed::number) != listed_->end();
    for (const Listed& one : *listed_)
      if (std::ranges::find(tables_, one.number, &Table::number) == tables_.end())
        tables_.push_back({.path = database / table_name(one.number), .number = one.number});
  }

  void look_at(Table& table) const {
    const Listed* listed = nullptr;
    if (listed_)
      for (const Listed& one : *listed_)
        if (one.number == table.number) listed = &one;
    rocksdb::SstFileReader reader(table_options_);
    table.reads = reader.Open(table.path.string()).ok();
    const auto properties = table.reads ? reader.GetTableProperties() : nullptr;
    if (properties) {
      std::error_code error;
      // What is forged must not keep us busy: an entry takes a byte at least.
      table.entries = std::min<std::uint64_t>(properties->num_entries, fs::file_size(table.path, error));
      table.deletions = std::min<std::uint64_t>(properties->num_deletions, table.entries);
      table.family = properties->column_family_name;
    }
    if (table.family.empty() && listed != nullptr) table.family = listed->family;
    if (!partition_of(table.family)) return;
    if (table.reads && table.entries != 0) {
      const Iterator it(reader.NewIterator(reading()));
      find_range(table, *it);
    }
    if (!table.has_range && listed != nullptr && listed->first && listed->last &&
        *listed->first <= *listed->last) {
      table.first = *listed->first;
      table.last = *listed->last;
      table.has_range = true;
    }
    if (table.last == std::numeric_limits<Offset>::max()) table.has_range = false;
    if (table.entries == 0) table.reads = false;
  }

  /// Says of each table that is there and is another than the catalogue names what it holds instead.
  void compare_with_catalogue() {
    if (!listed_) return;
    for (const Table& table : tables_) {
      std::error_code error;
      const std::uint64_t bytes = fs::file_size(table.path, error);
      const auto listed = std::ranges::find(*listed_, table.number, &Listed::number);
      if (error || listed == listed_->end()) continue;
      const bool same = table.family == listed->family && bytes == listed->bytes &&
                        (!table.has_range || !listed->last || table.last == *listed->last);
      if (same) continue;
      troubles_.push_back(table.path.string() + " is not the table that was written there: it has " +
                          std::to_string(bytes) + " bytes and holds " + held(table.family, table) +
                          ", and the catalogue says " + std::to_string(listed->bytes) + " bytes and " +
                          held(listed->family, *listed) + belongs_to(table, bytes));
    }
  }
  /// Whose name a table that has another one should have, if any: files that were exchanged are exchanged back.
  [[nodiscard]] std::string belongs_to(const Table& table, std::uint64_t bytes) const {
    const auto it = std::ranges::find_if(*listed_, [&](const Listed& one) {
      return one.family == table.family && one.bytes == bytes && one.last == table.last && table.has_range;
    });
    return it == listed_->end() ? "" : ". That is " + table_name(it->number) + "; rename it to that";
  }
  static std::string held(const std::string& family, Offset first, Offset last) {
    return "offsets " + std::to_string(first) + " to " + std::to_string(last) + " of partition " +
           family.substr(1);
  }
  static std::string held(const std::string& family, const Table& table) {
    if (family.empty()) return "nothing that reads";
    return table.has_range && partition_of(family) ? held(family, table.first, table.last)
                                                   : "rows of " + family;
  }
  static std::string held(const std::string& family, const Listed& listed) {
    return listed.first && listed.last ? held(family, *listed.first, *listed.last) : "rows of " + family;
  }

  /// Copies of `wals`, replayed where they do no harm.
  Result<void> replay(const std::vector<fs::path>& wals, const fs::path& scratch) {
    if (wals.empty() || partitions_ == 0) return {};
    const fs::path to = scratch / "replayed";
    rocksdb::DBOptions options = lenient_options();
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : embedded::family_names(partitions_)) {
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
      families.back().options.compression = rocksdb::kLZ4Compression;
      families.back().options.write_buffer_size = replay_buffer_bytes;
    }
    const auto doing = "replaying the write-ahead log in " + to.string();
    for (const bool copied : {false, true}) {
      rocksdb::DB* db = nullptr;
      OpenDatabase open;
      const rocksdb::Status status = rocksdb::DB::Open(options, to.string(), families, &open.handles, &db);
      if (!status.ok()) return unavailable("log.io", doing + ": " + status.ToString());
      open.db.reset(db);
      if (copied) {
        replay_.db = std::move(open.db);
        replay_.handles = std::move(open.handles);
        break;
      }
      if (auto done = copy_wals(wals, to); !done) return done;
    }
    return {};
  }

  static Result<void> copy_wals(const std::vector<fs::path>& wals, const fs::path& to) {
    for (const fs::path& wal : wals) {
      std::error_code error;
      const std::uint64_t number = *number_of(wal, wal_extension);
      const fs::path copy = to / (std::to_string(replayed_from + number) + std::string(wal_extension));
      fs::copy_file(wal, copy, error);
      if (error)
        return unavailable("log.io", "copying " + wal.string() + " to " + copy.string() + ": " +
                                         error.message() + "; name another place with TMPDIR");
      fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write, error);
    }
    return {};
  }

  void take_identity_of_database() {
    const auto take = [&](rocksdb::Iterator& it) {
      it.Seek(slice(as_bytes(embedded::identity_key)));
      if (!it.Valid() || it.key().ToStringView() != embedded::identity_key) return;
      if (const auto identity = embedded::parse_identity(view(it.value()))) {
        id_ = identity->id;
        partitions_ = std::max(partitions_, identity->partitions);
      }
    };
    if (rocksdb::ColumnFamilyHandle* family = replay_family_at(0))
      take(*Iterator(replay_.db->NewIterator(reading(), family)));
    for (const Table& table : tables_) {
      rocksdb::SstFileReader reader(table_options_);
      if (table.family == rocksdb::kDefaultColumnFamilyName && reader.Open(table.path.string()).ok())
        take(*Iterator(reader.NewIterator(reading())));
    }
  }

  void look_at_marks() {
    const std::string path = (dir_ / "sealed-mark").string();
    const std::string so = ", so nobody can tell whether records behind the last one that reads are gone";
    std::error_code error;
    if (!marks_) {
      troubles_.push_back(path +
                          (fs::exists(dir_ / "sealed-mark", error) ? " does not read" : " is missing") + so);
      return;
    }
    for (std::size_t area = 0; area < partitions_ + embedded::vault_families.size(); ++area) {
      if (area < marks_->areas.size() && marks_->areas[area]) continue;
      const std::string whose = embedded::family_names(partitions_)[1 + area];
      troubles_.push_back(path + " does not read where it tells of " + whose + so);
    }
  }

  void sort_tables() {
    for (const Table& table : tables_) {
      const auto p = partition_of(table.family);
      if (p && table.has_range && *p < partitions_) by_partition_[*p].push_back(&table);
    }
    for (auto& [partition, tables] : by_partition_)
      std::ranges::sort(tables, [](const Table* a, const Table* b) {
        return a->first != b->first ? a->first < b->first : a->live && !b->live;
      });
  }
  [[nodiscard]] std::vector<const Table*> of_partition(PartitionId p) const {
    const auto it = by_partition_.find(p);
    return it == by_partition_.end() ? std::vector<const Table*>() : it->second;
  }

  /// Whether the file is one that the catalogue names and that is not there.
  [[nodiscard]] bool is_gone(std::string_view file) const {
    std::error_code error;
    return file.ends_with(table_extension) && !fs::exists(dir_ / "log" / file, error);
  }

  /// Of an area: a partition, or a family of the vault behind them.
  [[nodiscard]] rocksdb::ColumnFamilyHandle* replay_family(PartitionId area) const {
    return replay_family_at(std::size_t{1} + area);
  }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* replay_family_at(std::size_t index) const {
    return index < replay_.handles.size() ? replay_.handles[index] : nullptr;
  }
  [[nodiscard]] std::optional<std::pair<Offset, Offset>> replayed_range(PartitionId p) const {
    rocksdb::ColumnFamilyHandle* family = replay_family(p);
    if (family == nullptr || p >= partitions_) return std::nullopt;
    const Iterator it(replay_.db->NewIterator({}, family));
    it->SeekToFirst();
    const auto first = it->Valid() ? offset_of_key(view(it->key())) : std::nullopt;
    it->SeekToLast();
    const auto last = it->Valid() ? offset_of_key(view(it->key())) : std::nullopt;
    if (!first || !last || *last == std::numeric_limits<Offset>::max()) return std::nullopt;
    return std::pair(*first, *last);
  }

  static constexpr std::size_t replay_buffer_bytes = std::size_t{4} << 20;

  fs::path dir_;
  LogId id_;
  PartitionId partitions_ = 0;
  std::optional<embedded::SealedMarkRemains> marks_;
  std::vector<std::string> troubles_;
  std::optional<std::vector<Listed>> listed_;
  std::vector<Table> tables_;
  std::map<PartitionId, std::vector<const Table*>> by_partition_;
  rocksdb::Options table_options_;
  OpenDatabase replay_;
};

}  // namespace

Result<std::unique_ptr<LogRemains>> LogRemains::open(const fs::path& dir, const fs::path& scratch) {
  auto remains = std::make_unique<Remains>();
  if (auto opened = remains->open(dir, scratch); !opened) return opened.error();
  return std::unique_ptr<LogRemains>(std::move(remains));
}

std::string what_tables_hold(const fs::path& dir, std::string_view text) {
  std::string out;
  std::size_t told = 0, more = 0;
  const auto names = [&](std::string_view extension) {
    return text.find(extension) != std::string_view::npos;
  };
  if (!names(table_extension) && !names(".ldb")) return out;
  const auto listed = read_catalogue(dir / "log");
  if (!listed) return out;
  for (const Listed& one : *listed) {
    // RocksDB calls a table that it does not find by its old extension, ".ldb".
    const std::string name = table_name(one.number);
    if (text.find(name.substr(0, name.size() - table_extension.size() + 1)) == std::string_view::npos)
      continue;
    if (told == tables_told_max) {
      ++more;
      continue;
    }
    const auto p = partition_of(one.family);
    out += told++ == 0 ? "" : "; ";
    out += name + " holds ";
    if (p && one.first && one.last)
      out += "offsets " + std::to_string(*one.first) + " to " + std::to_string(*one.last) + " of partition " +
             std::to_string(*p);
    else
      out += one.family == rocksdb::kDefaultColumnFamilyName ? "the log's identity"
                                                             : "rows of the vault's family " + one.family;
  }
  if (more > 0) out += "; and " + std::to_string(more) + " more";
  return out;
}

}  // namespace parlance
