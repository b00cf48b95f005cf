#include "adapters/embedded/blob_folder.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "adapters/embedded/durable_file.h"

namespace parlance {
namespace fs = std::filesystem;
namespace {

using embedded::FileDescriptor;
constexpr mode_t file_mode = 0600;

Error trouble(const Error& error) {
  std::string_view rule = "blob.io";
  if (error.code == Errc::read_only) rule = "blob.no_space";
  if (error.code == Errc::not_found) rule = "blob.absent";
  return {error.code, rule, error.detail};
}
Error trouble(int error_number, std::string_view doing, const fs::path& path) {
  return trouble(embedded::file_error(error_number, doing, path));
}

fs::path new_path(const fs::path& dir, AttachmentId id) { return dir / "new" / to_text(id); }
fs::path path_of(const fs::path& dir, AttachmentId id) {
  const std::string text = to_text(id);
  return dir / text.substr(text.size() - 2) / text;
}

class Writer final : public BlobWriter {
 public:
  Writer(FileDescriptor file, fs::path from, fs::path to)
      : file_(std::move(file)), from_(std::move(from)), to_(std::move(to)) {}
  ~Writer() override {
    if (!committed_) ::unlink(from_.c_str());
  }
  Result<void> append(ByteView bytes) override {
    if (auto written = embedded::write_at(file_, at_, bytes, from_); !written)
      return trouble(written.error());
    at_ += bytes.size();
    return {};
  }
  Result<void> commit() override {
    if (auto synced = embedded::log_files.sync(file_, from_); !synced) return trouble(synced.error());
    if (auto made = embedded::make_folder_durably(to_.parent_path()); !made) return trouble(made.error());
    // It replaces nothing: create() looked, and nobody else writes this id while its file is in new/.
    if (::rename(from_.c_str(), to_.c_str()) != 0) return trouble(errno, "renaming", from_);
    committed_ = true;
    if (auto synced = embedded::sync_folder(to_.parent_path()); !synced) return trouble(synced.error());
    return {};
  }

 private:
  FileDescriptor file_;
  fs::path from_, to_;
  std::uint64_t at_ = 0;
  bool committed_ = false;
};

class Reader final : public BlobReader {
 public:
  Reader(FileDescriptor file, fs::path path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<Bytes> read(std::uint64_t at, std::size_t bytes) const override {
    if (at >= size_) return Bytes{};
    Bytes out(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, size_ - at)));
    std::size_t have = 0;
    while (have < out.size()) {
      const ssize_t n =
          ::pread(file_.get(), out.data() + have, out.size() - have, static_cast<off_t>(at + have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return trouble(errno, "reading", path_);
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    out.resize(have);
    return out;
  }

 private:
  FileDescriptor file_;
  fs::path path_;
  std::uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<BlobFolder>> BlobFolder::open(const fs::path& dir) {
  const fs::path incoming = dir / "new";
  if (auto made = embedded::make_folder_durably(incoming); !made) return trouble(made.error());
  std::error_code error;
  for (fs::directory_iterator it(incoming, error), end; !error && it != end; it.increment(error)) {
    if (!parse_id<AttachmentId>(it->path().filename().string())) continue;
    if (::unlink(it->path().c_str()) != 0 && errno != ENOENT) return trouble(errno, "removing", it->path());
  }
  if (error) return trouble(error.value(), "reading", incoming);
  // A folder that somebody made and was killed before syncing is there and may yet be forgotten.
  if (auto synced = embedded::sync_folder(dir); !synced) return trouble(synced.error());
  return std::unique_ptr<BlobFolder>(new BlobFolder(dir));
}

Result<std::unique_ptr<BlobWriter>> BlobFolder::create(AttachmentId id) {
  const fs::path to = path_of(dir_, id);
  struct stat found {};
  if (::stat(to.c_str(), &found) == 0) return refused("blob.exists", to_text(id) + " is there already");
  const fs::path from = new_path(dir_, id);
  FileDescriptor file(::open(from.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file_mode));
  if (!file && errno == EEXIST) return refused("blob.exists", to_text(id) + " is being written");
  if (!file) return trouble(errno, "making", from);
  return std::unique_ptr<BlobWriter>(std::make_unique<Writer>(std::move(file), from, to));
}

Result<std::unique_ptr<BlobReader>> BlobFolder::open(AttachmentId id) const {
  const fs::path path = path_of(dir_, id);
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return trouble(errno, "opening", path);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return trouble(errno, "reading", path);
  if (!S_ISREG(found.st_mode)) return unavailable("blob.io", path.string() + " is not a file");
  return std::unique_ptr<BlobReader>(
      std::make_unique<Reader>(std::move(file), path, static_cast<std::uint64_t>(found.st_size)));
}

Result<void> BlobFolder::remove(AttachmentId id) {
  const fs::path path = path_of(dir_, id);
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return trouble(errno, "removing", path);
  }
  if (auto synced = embedded::sync_folder(path.parent_path()); !synced) return trouble(synced.error());
  return {};
}

Result<void> BlobFolder::scan(const std::function<bool(AttachmentId, std::uint64_t)>& sink) const {
  std::error_code error;
  for (fs::directory_iterator shard(dir_, error), end; !error && shard != end; shard.increment(error)) {
    if (shard->path().filename().string().size() != 2) continue;
    for (fs::directory_iterator file(shard->path(), error); !error && file != end; file.increment(error)) {
      const auto id = parse_id<AttachmentId>(file->path().filename().string());
      if (!id) continue;
      std::error_code gone;
      const auto size = file->file_size(gone);
      if (!gone && !sink(*id, size)) return {};
    }
  }
  if (error) return trouble(error.value(), "reading", dir_);
  return {};
}

}  // namespace parlance
