#include "adapters/keyring/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace parlance {
namespace {

Error failed(const std::filesystem::path& path, std::string_view what) {
  const int reason = errno;
  return unavailable("keyring.unwritable", path.string() + ": " + std::string(what) + ": " +
                                               std::generic_category().message(reason));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  /// Some file systems tell only here that a write failed.
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

}  // namespace

Result<void> write_synced(const std::filesystem::path& path, ByteView bytes) {
  // A left-over goes first: its mode and its hard links are not ours to inherit.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, "cannot be replaced");
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return failed(path, "cannot be made");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path, "cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return failed(path, "cannot be synced");
  if (!file.close()) return failed(path, "cannot be closed");
  return {};
}

Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(to, "cannot be put in place");
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return failed(folder, "cannot be opened");
  if (::fsync(directory.get()) != 0) return failed(folder, "cannot be synced");
  return {};
}

}  // namespace parlance
