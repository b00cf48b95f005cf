#include "adapters/embedded/log_copies.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <rocksdb/db.h>
#include <rocksdb/utilities/backup_engine.h>

#include "adapters/embedded/durable_file.h"
#include "adapters/embedded/log_folder.h"
#include "adapters/embedded/sealed_mark.h"

namespace parlance {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t tell_bytes = std::uint64_t{1} << 20;

Error engine_error(const rocksdb::Status& status, const std::string& doing) {
  const std::string detail = doing + ": " + status.ToString();
  if (status.IsNoSpace())
    return {
        Errc::read_only, "backup.no_space",
        detail +
            ". Nothing of this backup counts; those made before it, and the data, are whole. Make room on "
            "the disk of that file, and make the backup again"};
  if (status.IsCorruption()) return corrupt("backup.damaged", detail);
  if (status.IsNotFound() || status.IsPathNotFound()) return {Errc::not_found, "backup.absent", detail};
  if (status.IsIncomplete())
    return unavailable("backup.stopped", "the backup was stopped; nothing of it is kept");
  return unavailable("backup.io", detail);
}

rocksdb::BackupEngineOptions engine_options(const fs::path& dir) {
  rocksdb::BackupEngineOptions options(dir.string());
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.sync = true;
  options.callback_trigger_interval_size = tell_bytes;
  return options;
}

Result<void> sync_all(const fs::path& dir) {
  std::error_code error;
  for (fs::directory_iterator entry(dir, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const embedded::FileDescriptor file(::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return embedded::file_error(errno, "opening", entry->path());
    if (auto synced = embedded::log_files.sync(file, entry->path()); !synced) return synced;
  }
  if (error) return embedded::file_error(error.value(), "listing", dir);
  return embedded::sync_folder(dir);
}

class Copies final : public LogCopies {
 public:
  Result<void> open(const fs::path& dir, bool writable) {
    dir_ = dir;
    rocksdb::IOStatus status;
    if (writable) {
      if (auto made = embedded::make_folder_durably(dir); !made)
        return unavailable("backup.io", made.error().detail);
      rocksdb::BackupEngine* engine = nullptr;
      status = rocksdb::BackupEngine::Open(engine_options(dir), rocksdb::Env::Default(), &engine);
      writable_.reset(engine);
      reader_ = engine;
    } else {
      std::error_code ignored;
      if (!fs::is_directory(dir, ignored))
        return Error{Errc::not_found, "backup.absent", "no copies of a log in " + dir.string()};
      rocksdb::BackupEngineReadOnly* engine = nullptr;
      status = rocksdb::BackupEngineReadOnly::Open(engine_options(dir), rocksdb::Env::Default(), &engine);
      only_reader_.reset(engine);
      reader_ = engine;
    }
    if (!status.ok()) return engine_error(status, "opening " + dir.string());
    return {};
  }

  std::vector<std::uint32_t> numbers() const override {
    std::vector<rocksdb::BackupInfo> infos;
    reader_->GetBackupInfo(&infos);
    std::vector<std::uint32_t> out;
    for (const rocksdb::BackupInfo& info : infos) out.push_back(info.backup_id);
    std::ranges::sort(out);
    return out;
  }

  Result<LogCopy> find(std::uint32_t number) const override {
    const auto info = details(number);
    if (!info) return info.error();
    LogCopy copy{number, {}};
    for (const rocksdb::BackupFileInfo& file : info->file_details)
      copy.files.push_back(file.relative_filename);
    copy.files.push_back("meta/" + std::to_string(number));
    return copy;
  }

  Result<Made> create(EmbeddedLog& log, const std::function<void(std::uint64_t)>& copied) override {
    rocksdb::BackupID number = 0;
    rocksdb::CreateBackupOptions options;
    // Tables are shared with the next copy, the write-ahead log is not.
    options.flush_before_backup = true;
    std::atomic<std::uint64_t> bytes{0};
    options.progress_callback = [&] { copied(bytes += tell_bytes); };
    auto marks = log.copy_with([&](rocksdb::DB& db) -> Result<void> {
      if (stopped_) return unavailable("backup.stopped", "the backup was stopped; nothing of it is kept");
      const rocksdb::IOStatus status = writable_->CreateNewBackup(options, &db, &number);
      if (!status.ok()) return engine_error(status, "copying the log into " + dir_.string());
      return {};
    });
    if (!marks) {
      (void)writable_->GarbageCollect();
      return marks.error();
    }
    auto copy = find(number);
    if (!copy) return copy.error();
    // What a killed one left half written, and RocksDB collects only where its number comes again.
    std::error_code ignored;
    for (auto entry = fs::directory_iterator(dir_ / "meta", ignored);
         !ignored && entry != fs::directory_iterator(); entry.increment(ignored)) {
      std::error_code kept;
      if (entry->path().extension() == ".tmp") fs::remove(entry->path(), kept);
    }
    return Made{std::move(*copy), std::move(*marks)};
  }

  void stop() override {
    stopped_ = true;
    writable_->StopBackup();
  }

  Result<void> remove(std::uint32_t number) override {
    const rocksdb::IOStatus status = writable_->DeleteBackup(number);
    if (!status.ok())
      return engine_error(status, "removing copy " + std::to_string(number) + " of " + dir_.string());
    return {};
  }

  Result<std::unique_ptr<EmbeddedLog>> open_log(std::uint32_t number, const LogMarks& marks) const override {
    auto info = details(number);
    if (!info) return info.error();
    return open_log_copy(info->name_for_open, marks, info->env_for_open);
  }

  Result<void> restore(std::uint32_t number, const LogMarks& marks, const fs::path& dir) const override {
    const embedded::LogIdentity identity{marks.id, marks.generation, marks.partitions};
    if (auto made = embedded::LogFolder::create(dir, identity); !made) return made;
    auto folder = embedded::LogFolder::open(dir, true);
    if (!folder) return folder.error();
    const std::string database = folder->database().string();
    const rocksdb::IOStatus status = reader_->RestoreDBFromBackup(number, database, database);
    if (!status.ok())
      return engine_error(status, "restoring copy " + std::to_string(number) + " to " + database);
    if (auto synced = sync_all(database); !synced) return synced;
    const auto& path = folder->sealed_mark();
    if (auto made = embedded::SealedMarkFile::create(path, marks.id, marks.partitions, marks.areas.size());
        !made)
      return made;
    auto file = embedded::SealedMarkFile::open(path, marks.id, marks.partitions, marks.areas.size(), true);
    if (!file) return file.error();
    for (std::size_t area = 0; area < marks.areas.size(); ++area)
      if (marks.areas[area].next > 0)
        if (auto written = file->write(area, marks.areas[area]); !written) return written;
    if (auto synced = file->sync(); !synced) return synced;
    return folder->set_complete();
  }

 private:
  [[nodiscard]] Result<rocksdb::BackupInfo> details(std::uint32_t number) const {
    rocksdb::BackupInfo info;
    const rocksdb::Status status = reader_->GetBackupInfo(number, &info, true);
    if (!status.ok()) return engine_error(status, "copy " + std::to_string(number) + " in " + dir_.string());
    return info;
  }

  fs::path dir_;
  std::unique_ptr<rocksdb::BackupEngine> writable_;
  std::unique_ptr<rocksdb::BackupEngineReadOnly> only_reader_;
  const rocksdb::BackupEngineReadOnlyBase* reader_ = nullptr;  ///< one of the two
  std::atomic<bool> stopped_{false};
};

Result<std::unique_ptr<LogCopies>> opened(const fs::path& dir, bool writable) {
  auto copies = std::make_unique<Copies>();
  if (auto done = copies->open(dir, writable); !done) return done.error();
  return std::unique_ptr<LogCopies>(std::move(copies));
}

}  // namespace

Result<std::unique_ptr<LogCopies>> LogCopies::open(const fs::path& dir) { return opened(dir, true); }
Result<std::unique_ptr<LogCopies>> LogCopies::open_to_read(const fs::path& dir) { return opened(dir, false); }

}  // namespace parlance
