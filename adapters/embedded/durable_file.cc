#include "adapters/embedded/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace parlance::embedded {
namespace {
constexpr mode_t file_mode = 0600;
constexpr mode_t folder_mode = 0700;
}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Error file_error(int error_number, std::string_view doing, const std::filesystem::path& path) {
  std::string detail =
      std::string(doing) + " " + path.string() + ": " + std::generic_category().message(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: return {Errc::read_only, "log.no_space", std::move(detail)};
    case EROFS: return {Errc::read_only, "log.folder_read_only", std::move(detail)};
    case EACCES:
    case EPERM: return unavailable("log.not_permitted", std::move(detail));
    case ENOENT: return {Errc::not_found, "log.file_absent", std::move(detail)};
    default: return unavailable("log.io", std::move(detail));
  }
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return file_error(errno, "opening", folder);
  if (::fsync(fd.get()) != 0) return file_error(errno, "syncing", folder);
  return {};
}

Result<void> write_at(const FileDescriptor& file, std::uint64_t at, ByteView bytes,
                      const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(errno, "writing", path);
    at += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_file_durably(const std::filesystem::path& path, ByteView bytes) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  {
    const FileDescriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
    if (!fd) return file_error(errno, "making", temporary);
    if (auto written = write_at(fd, 0, bytes, temporary); !written) return written;
    if (::fsync(fd.get()) != 0) return file_error(errno, "syncing", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error(errno, "renaming", temporary);
  return sync_folder(path.parent_path());
}

Result<Bytes> read_small_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return file_error(errno, "opening", path);
  Bytes bytes(bytes_max + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(errno, "reading", path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > bytes_max) return invalid("log.file_too_long", path.string());
  bytes.resize(size);
  return bytes;
}

Result<void> make_folder_durably(const std::filesystem::path& folder) {
  struct stat found {};
  if (::stat(folder.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return invalid("log.not_ours", folder.string() + " is not a folder");
  }
  const std::filesystem::path parent = folder.has_parent_path() ? folder.parent_path() : ".";
  if (parent != folder) {
    if (auto made = make_folder_durably(parent); !made) return made;
  }
  if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST)
    return file_error(errno, "making", folder);
  return sync_folder(parent);
}

}  // namespace parlance::embedded
