#include "tools/parlance/file_digest.h"

#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <system_error>
#include <unistd.h>

namespace parlance::tools {
namespace {

namespace fs = std::filesystem;
using files::FileDescriptor;

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

template <class Piece> Result<FileDigest> read_all(const fs::path& path, Piece piece) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return backup_files.error(errno, "opening", path);
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  FileDigest digest;
  Bytes buffer(piece_bytes);
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return backup_files.error(errno, "reading", path);
    if (n == 0) break;
    const ByteView bytes = ByteView(buffer).first(static_cast<std::size_t>(n));
    crypto_hash_sha256_update(&state, bytes.data(), bytes.size());
    if (auto taken = piece(digest.bytes, bytes); !taken) return taken.error();
    digest.bytes += bytes.size();
  }
  crypto_hash_sha256_final(&state, digest.sha256.data());
  return digest;
}

}  // namespace

Result<FileDigest> digest_file(const fs::path& path, const BytesRead& read) {
  return read_all(path, [&](std::uint64_t, ByteView bytes) -> Result<void> {
    if (read) read(bytes.size());
    return {};
  });
}

Result<FileDigest> copy_file_synced(const fs::path& from, const fs::path& to, const BytesRead& read) {
  const FileDescriptor file(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return backup_files.error(errno, "making", to);
  auto digest = read_all(from, [&](std::uint64_t at, ByteView bytes) -> Result<void> {
    if (read) read(bytes.size());
    return backup_files.write_at(file, at, bytes, to);
  });
  if (!digest) return digest;
  if (auto synced = backup_files.sync(file, to); !synced) return synced.error();
  return digest;
}

}  // namespace parlance::tools
