#include "adapters/rocksdb/guarded_env.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "adapters/files/failed_sync.h"

namespace parlance {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus guarded(IOStatus synced, const std::string& name) {
  if (!synced.ok() && !synced.IsNotSupported()) files::tell_failed_sync(name, synced.ToString());
  return synced;
}

class GuardedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string name)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)) {}

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return guarded(FSWritableFileOwnerWrapper::Sync(options, debug), name_);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return guarded(FSWritableFileOwnerWrapper::Fsync(options, debug), name_);
  }

 private:
  const std::string name_;
};

class GuardedFolder final : public rocksdb::FSDirectoryWrapper {
 public:
  GuardedFolder(std::unique_ptr<rocksdb::FSDirectory>&& folder, std::string name)
      : FSDirectoryWrapper(std::move(folder)), name_(std::move(name)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return guarded(FSDirectoryWrapper::Fsync(options, debug), name_);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& how) override {
    return guarded(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, how), name_);
  }

 private:
  const std::string name_;
};

class GuardedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  GuardedFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "GuardedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return guard(name, FileSystemWrapper::NewWritableFile(name, options, file, debug), file);
  }
  IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                              IODebugContext* debug) override {
    return guard(name, FileSystemWrapper::ReopenWritableFile(name, options, file, debug), file);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                             const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return guard(name, FileSystemWrapper::ReuseWritableFile(name, old_name, options, file, debug), file);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* debug) override {
    IOStatus made = FileSystemWrapper::NewDirectory(name, options, folder, debug);
    if (made.ok()) *folder = std::make_unique<GuardedFolder>(std::move(*folder), name);
    return made;
  }

 private:
  static IOStatus guard(const std::string& name, IOStatus made,
                        std::unique_ptr<rocksdb::FSWritableFile>* file) {
    if (made.ok()) *file = std::make_unique<GuardedFile>(std::move(*file), name);
    return made;
  }
};

}  // namespace

rocksdb::Env* guarded_env() {
  // Never destroyed: RocksDB's threads may outlive what is static.
  static rocksdb::Env* env = rocksdb::NewCompositeEnv(std::make_shared<GuardedFileSystem>()).release();
  return env;
}

}  // namespace parlance
