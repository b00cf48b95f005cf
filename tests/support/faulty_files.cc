#include "tests/support/faulty_files.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include <rocksdb/system_clock.h>

#include "tests/support/temp_dir.h"

namespace parlance::tests {

struct FaultyFiles::State {
  std::mutex mutex;  ///< guards all below
  int syncs = 0;
  int syncs_until_failure = std::numeric_limits<int>::max();
  int writes_until_full = std::numeric_limits<int>::max();
  struct File {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };
  std::map<std::string, File> files;

  /// What was there under a name, and may be again.
  struct Former {
    std::filesystem::path copy;
    File file;
  };
  /// Of a folder that was not synced since: `from` empty: `name` was made; `name` empty: `from` was removed; else it was renamed.
  struct Entry {
    std::string from, name;
    std::optional<Former> former;  ///< what was removed, or was under the new name before
  };
  int changes_until_cut = std::numeric_limits<int>::max();
  std::vector<Entry> entries;
  TempDir kept;
  int copies = 0;

  [[nodiscard]] bool full() const { return writes_until_full <= 0; }
  /// One more change; false: there is no power for it.
  bool change() {
    if (changes_until_cut > 0) --changes_until_cut;
    return changes_until_cut > 0;
  }
  std::optional<Former> keep(const std::string& name) {
    const auto found = files.find(name);
    if (found == files.end() || !std::filesystem::exists(name)) return std::nullopt;
    Former former{kept / std::to_string(copies++), found->second};
    std::filesystem::copy_file(name, former.copy);
    return former;
  }
  void bring_back(const Former& former, const std::string& name) {
    std::filesystem::copy_file(former.copy, name, std::filesystem::copy_options::overwrite_existing);
    files[name] = former.file;
  }
  void undo(const Entry& entry) {
    if (!entry.name.empty() && !entry.from.empty() && std::filesystem::exists(entry.name)) {
      std::filesystem::rename(entry.name, entry.from);
      files[entry.from] = files[entry.name];
    }
    if (!entry.name.empty()) {
      std::filesystem::remove(entry.name);
      files.erase(entry.name);
    }
    if (entry.former) bring_back(*entry.former, entry.name.empty() ? entry.from : entry.name);
  }
};

namespace {

constexpr std::uint64_t page_bytes = 4096;

void overwrite_with_zeros(const std::string& name, std::uint64_t from, std::uint64_t to) {
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(from));
  const std::string zeros(to - from, '\0');
  file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
}

rocksdb::IOStatus no_power() { return rocksdb::IOStatus::IOError("the power is cut"); }

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class WatchedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string name,
              std::shared_ptr<FaultyFiles::State> state)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), state_(std::move(state)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->change()) return no_power();
    if (--state_->writes_until_full <= 0) {
      state_->writes_until_full = 0;
      const rocksdb::Slice half(data.data(), data.size() / 2);
      if (FSWritableFileOwnerWrapper::Append(half, options, debug).ok())
        state_->files[name_].written += half.size();
      return IOStatus::NoSpace("no space on the faulty disk");
    }
    IOStatus done = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (done.ok()) state_->files[name_].written += data.size();
    return done;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->change()) return no_power();
    ++state_->syncs;
    if (--state_->syncs_until_failure <= 0) {
      state_->syncs_until_failure = 0;
      return IOStatus::IOError("the faulty disk does not sync");
    }
    IOStatus done = FSWritableFileOwnerWrapper::Sync(options, debug);
    if (done.ok()) state_->files[name_].synced = state_->files[name_].written;
    return done;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }

 private:
  const std::string name_;
  const std::shared_ptr<FaultyFiles::State> state_;
};

class WatchedFolder final : public rocksdb::FSDirectoryWrapper {
 public:
  WatchedFolder(std::unique_ptr<rocksdb::FSDirectory>&& folder, std::string name,
                std::shared_ptr<FaultyFiles::State> state)
      : FSDirectoryWrapper(std::move(folder)), name_(std::move(name)), state_(std::move(state)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->change()) return no_power();
    return synced(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& how) override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->change()) return no_power();
    return synced(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, how));
  }

 private:
  IOStatus synced(IOStatus done) {
    const auto here = std::filesystem::path(name_).lexically_normal();
    if (done.ok()) {
      std::erase_if(state_->entries, [&](const FaultyFiles::State::Entry& entry) {
        const std::filesystem::path path = entry.name.empty() ? entry.from : entry.name;
        return path.lexically_normal().parent_path() == here;
      });
    }
    return done;
  }
  const std::string name_;
  const std::shared_ptr<FaultyFiles::State> state_;
};

class WatchedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit WatchedFileSystem(std::shared_ptr<FaultyFiles::State> state)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), state_(std::move(state)) {}
  [[nodiscard]] const char* Name() const override { return "WatchedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    {
      const std::lock_guard lock(state_->mutex);
      if (!state_->change()) return no_power();
      if (state_->full()) return IOStatus::NoSpace("no space on the faulty disk");
      state_->entries.push_back({"", name, state_->keep(name)});
      state_->files[name] = {};
    }
    IOStatus made = FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (made.ok()) *file = std::make_unique<WatchedFile>(std::move(*file), name, state_);
    return made;
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->change()) return no_power();
    state_->entries.push_back({name, "", state_->keep(name)});
    state_->files.erase(name);
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    if (!state_->change()) return no_power();
    state_->entries.push_back({from, to, state_->keep(to)});
    if (auto file = state_->files.extract(from)) {
      state_->files.erase(to);
      file.key() = to;
      state_->files.insert(std::move(file));
    }
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* debug) override {
    IOStatus made = FileSystemWrapper::NewDirectory(name, options, folder, debug);
    if (made.ok()) *folder = std::make_unique<WatchedFolder>(std::move(*folder), name, state_);
    return made;
  }

 private:
  const std::shared_ptr<FaultyFiles::State> state_;
};

/// RocksDB waits a second after an error before it goes on, even in closing.
class ImpatientClock final : public rocksdb::SystemClockWrapper {
 public:
  ImpatientClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  [[nodiscard]] const char* Name() const override { return "ImpatientClock"; }
  void SleepForMicroseconds(int micros) override { target_->SleepForMicroseconds(std::min(micros, 1000)); }
};

class FaultyEnv final : public rocksdb::EnvWrapper {
 public:
  explicit FaultyEnv(const std::shared_ptr<rocksdb::FileSystem>& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;
    system_clock_ = std::make_shared<ImpatientClock>();
  }
};

}  // namespace

FaultyFiles::FaultyFiles()
    : state_(std::make_shared<State>()),
      env_(std::make_unique<FaultyEnv>(std::make_shared<WatchedFileSystem>(state_))) {}
FaultyFiles::~FaultyFiles() = default;

void FaultyFiles::fail_sync(int n) {
  const std::lock_guard lock(state_->mutex);
  state_->syncs_until_failure = n;
}
void FaultyFiles::set_full(bool full) {
  const std::lock_guard lock(state_->mutex);
  state_->writes_until_full = full ? 0 : std::numeric_limits<int>::max();
}
void FaultyFiles::fill_up_at(int n) {
  const std::lock_guard lock(state_->mutex);
  state_->writes_until_full = n;
}
int FaultyFiles::syncs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->syncs;
}
void FaultyFiles::cut_power_at(int n) {
  const std::lock_guard lock(state_->mutex);
  state_->changes_until_cut = n;
}
bool FaultyFiles::is_cut() const {
  const std::lock_guard lock(state_->mutex);
  return state_->changes_until_cut <= 0;
}
void FaultyFiles::lose_unsynced(PowerLoss how, std::uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  std::mt19937_64 chance(seed);
  const auto below = [&](std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n)(chance);
  };
  const std::size_t stay = how == PowerLoss::lost ? 0 : below(state_->entries.size());
  while (state_->entries.size() > stay) {
    state_->undo(state_->entries.back());
    state_->entries.pop_back();
  }
  state_->entries.clear();
  for (auto& [name, file] : state_->files) {
    if (!std::filesystem::exists(name)) continue;
    std::uint64_t kept = file.synced;
    if (how != PowerLoss::lost) kept += below(file.written - file.synced);
    std::filesystem::resize_file(name, kept);
    if (how == PowerLoss::reordered) {
      for (std::uint64_t from = file.synced; from < kept;) {
        const std::uint64_t to = std::min((from / page_bytes + 1) * page_bytes, kept);
        if (below(1) == 0) overwrite_with_zeros(name, from, to);
        from = to;
      }
    }
    file.written = file.synced = kept;
  }
  state_->changes_until_cut = std::numeric_limits<int>::max();
  state_->syncs_until_failure = std::numeric_limits<int>::max();
  state_->writes_until_full = std::numeric_limits<int>::max();
}

}  // namespace parlance::tests
