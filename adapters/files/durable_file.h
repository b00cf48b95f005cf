#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

/// The few steps that make a small file durable. Files are made with mode 600, folders with 700.
namespace parlance::files {

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
  /// Some file systems tell only here that a write failed. 0, or errno.
  [[nodiscard]] int close();

 private:
  int fd_ = -1;
};

/// What trouble with files is called by whoever keeps them; stable literals.
struct Rules {
  std::string_view no_space;       ///< `read_only`
  std::string_view read_only;      ///< `read_only`: the file system takes no writes
  std::string_view not_permitted;  ///< `unavailable`
  std::string_view absent;         ///< `not_found`
  std::string_view not_a_folder;   ///< `invalid`
  std::string_view too_long;       ///< `invalid`
  std::string_view io;             ///< `unavailable`: all else
};

/// Errors name the file and what was being done. Threads: any.
class Durable {
 public:
  constexpr explicit Durable(const Rules& rules) : rules_(rules) {}

  /// errno as an Error.
  [[nodiscard]] Error error(int error_number, std::string_view doing,
                            const std::filesystem::path& path) const;

  /// Replaces `path` by `bytes` as one step: a temporary file beside it, synced, renamed over it, its folder synced. After a crash
  /// the file is the old one or the new one, whole.
  [[nodiscard]] Result<void> replace(const std::filesystem::path& path, ByteView bytes) const;
  /// Writes `bytes` to `path`, in place of whatever is there, and syncs the file. Whether its name is durable is the folder's matter.
  [[nodiscard]] Result<void> write_synced(const std::filesystem::path& path, ByteView bytes) const;
  [[nodiscard]] Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) const;
  /// Makes what was written to `file`, which is at `path`, durable. A failure, also of sync_folder() and what they serve, is told
  /// by tell_failed_sync() first: it is never survived by trying again.
  [[nodiscard]] Result<void> sync(const FileDescriptor& file, const std::filesystem::path& path) const;
  /// Makes the names in `folder` durable.
  [[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder) const;
  /// Makes `folder` and its missing parents, each durably.
  [[nodiscard]] Result<void> make_folder(const std::filesystem::path& folder) const;
  /// The whole file, at most `bytes_max` of it.
  [[nodiscard]] Result<Bytes> read(const std::filesystem::path& path, std::size_t bytes_max) const;
  /// pwrite until all is written.
  [[nodiscard]] Result<void> write_at(const FileDescriptor& file, std::uint64_t at, ByteView bytes,
                                      const std::filesystem::path& path) const;

 private:
  [[nodiscard]] Result<void> after_sync(int result, const std::filesystem::path& path) const;
  Rules rules_;
};

}  // namespace parlance::files
