#include "tests/support/faulty_files.h"

#include <limits>

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

  [[nodiscard]] bool full() const { return writes_until_full <= 0; }
};

namespace {

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

class WatchedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit WatchedFileSystem(std::shared_ptr<FaultyFiles::State> state)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), state_(std::move(state)) {}
  [[nodiscard]] const char* Name() const override { return "WatchedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->full()) return IOStatus::NoSpace("no space on the faulty disk");
      state_->files[name] = {};
    }
    IOStatus made = FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (made.ok()) *file = std::make_unique<WatchedFile>(std::move(*file), name, state_);
    return made;
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    state_->files.erase(name);
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::lock_guard lock(state_->mutex);
    if (auto file = state_->files.extract(from)) {
      state_->files.erase(to);
      file.key() = to;
      state_->files.insert(std::move(file));
    }
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }

 private:
  const std::shared_ptr<FaultyFiles::State> state_;
};

}  // namespace

FaultyFiles::FaultyFiles()
    : state_(std::make_shared<State>()),
      env_(rocksdb::NewCompositeEnv(std::make_shared<WatchedFileSystem>(state_))) {}
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
void FaultyFiles::lose_unsynced() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, file] : state_->files) {
    std::error_code absent;
    if (std::filesystem::exists(name, absent)) std::filesystem::resize_file(name, file.synced, absent);
  }
  state_->syncs_until_failure = std::numeric_limits<int>::max();
  state_->writes_until_full = std::numeric_limits<int>::max();
}

}  // namespace parlance::tests
