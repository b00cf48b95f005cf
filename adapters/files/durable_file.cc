#include "adapters/files/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "adapters/files/failed_sync.h"
#include "engine/base/fault_point.h"

namespace parlance::files {
namespace {
constexpr mode_t file_mode = 0600;
constexpr mode_t folder_mode = 0700;
}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int FileDescriptor::close() { return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno; }

Error Durable::error(int error_number, std::string_view doing, const std::filesystem::path& path) const {
  std::string detail =
      std::string(doing) + " " + path.string() + ": " + std::generic_category().message(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: return {Errc::read_only, rules_.no_space, std::move(detail)};
    case EROFS: return {Errc::read_only, rules_.read_only, std::move(detail)};
    case EACCES:
    case EPERM: return unavailable(rules_.not_permitted, std::move(detail));
    case ENOENT: return {Errc::not_found, rules_.absent, std::move(detail)};
    default: return unavailable(rules_.io, std::move(detail));
  }
}

Result<void> Durable::sync_folder(const std::filesystem::path& folder) const {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return error(errno, "opening", folder);
  // All of it: to some file systems a folder's entries are no data.
  return after_sync(::fsync(fd.get()), folder);
}

Result<void> Durable::sync(const FileDescriptor& file, const std::filesystem::path& path) const {
  return after_sync(::fdatasync(file.get()), path);
}

Result<void> Durable::after_sync(int result, const std::filesystem::path& path) const {
  if (result == 0) return {};
  Error failed = error(errno, "syncing", path);
  tell_failed_sync(path, failed.detail);
  return failed;
}

Result<void> Durable::write_at(const FileDescriptor& file, std::uint64_t at, ByteView bytes,
                               const std::filesystem::path& path) const {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error(errno, "writing", path);
    at += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> Durable::write_synced(const std::filesystem::path& path, ByteView bytes) const {
  // A left-over goes first: its mode and its hard links are not ours to inherit.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return error(errno, "replacing", path);
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (!file) return error(errno, "making", path);
  if (auto written = write_at(file, 0, bytes, path); !written) return written;
  if (auto synced = sync(file, path); !synced) return synced;
  if (const int failed = file.close(); failed != 0) return error(failed, "closing", path);
  fault_point("file.synced");
  return {};
}

Result<void> Durable::rename(const std::filesystem::path& from, const std::filesystem::path& to) const {
  if (::rename(from.c_str(), to.c_str()) != 0) return error(errno, "renaming", from);
  fault_point("file.renamed");
  return {};
}

Result<void> Durable::replace(const std::filesystem::path& path, ByteView bytes) const {
  std::filesystem::path temporary = path;
  temporary += ".new";
  if (auto written = write_synced(temporary, bytes); !written) return written;
  if (auto renamed = rename(temporary, path); !renamed) return renamed;
  return sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

Result<Bytes> Durable::read(const std::filesystem::path& path, std::size_t bytes_max) const {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return error(errno, "opening", path);
  Bytes bytes(bytes_max + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error(errno, "reading", path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > bytes_max) return invalid(rules_.too_long, path.string());
  bytes.resize(size);
  return bytes;
}

Result<void> Durable::make_folder(const std::filesystem::path& folder) const {
  struct stat found {};
  if (::stat(folder.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return invalid(rules_.not_a_folder, folder.string() + " is not a folder");
  }
  const std::filesystem::path parent = folder.has_parent_path() ? folder.parent_path() : ".";
  if (parent != folder) {
    if (auto made = make_folder(parent); !made) return made;
  }
  if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST) return error(errno, "making", folder);
  return sync_folder(parent);
}

}  // namespace parlance::files
