#pragma once
#include <filesystem>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

/// The few steps that make a small file durable, and errno as an Error that names the file.
namespace parlance::embedded {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// `read_only` "log.no_space" or "log.folder_read_only", `not_found` "log.file_absent", `unavailable` "log.not_permitted", else
/// `unavailable` "log.io".
[[nodiscard]] Error file_error(int error_number, std::string_view doing, const std::filesystem::path& path);

/// Replaces `path` by `bytes` as one step: a temporary file beside it, synced, renamed over it, its folder synced. After a crash
/// the file is the old one or the new one, whole.
[[nodiscard]] Result<void> write_file_durably(const std::filesystem::path& path, ByteView bytes);
/// The whole file; `invalid` "log.file_too_long" when it is longer than `bytes_max`.
[[nodiscard]] Result<Bytes> read_small_file(const std::filesystem::path& path, std::size_t bytes_max);
/// Makes `folder` and its missing parents, each durably.
[[nodiscard]] Result<void> make_folder_durably(const std::filesystem::path& folder);
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);
/// pwrite until all is written.
[[nodiscard]] Result<void> write_at(const FileDescriptor& file, std::uint64_t at, ByteView bytes,
                                    const std::filesystem::path& path);

}  // namespace parlance::embedded
