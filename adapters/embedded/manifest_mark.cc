#include "adapters/embedded/manifest_mark.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

#include <rocksdb/db.h>

#include "adapters/embedded/durable_file.h"
#include "engine/base/hash.h"

namespace parlance::embedded {
namespace {

constexpr std::string_view magic = "PLCMANI1";
constexpr std::string_view manifest_prefix = "MANIFEST-";
constexpr std::size_t current_bytes_max = 64;
constexpr std::size_t chunk_bytes = 64 * 1024;

struct Mark {
  std::uint64_t number = 0, bytes = 0;
  std::uint32_t crc = 0;
};

Bytes to_bytes(const Mark& mark) {
  Bytes bytes = ByteWriter().raw(as_bytes(magic)).le(mark.number).le(mark.bytes).le(mark.crc).take();
  const std::uint32_t crc = crc32(bytes);
  return ByteWriter().raw(bytes).le(crc).take();
}

std::optional<Mark> read_mark(const std::filesystem::path& path) {
  const auto bytes = read_small_file(path, manifest_mark_bytes);
  if (!bytes) return std::nullopt;
  ByteReader reader(*bytes);
  (void)reader.take(magic.size());
  Mark mark;
  mark.number = reader.le<std::uint64_t>();
  mark.bytes = reader.le<std::uint64_t>();
  mark.crc = reader.le<std::uint32_t>();
  if (!std::ranges::equal(*bytes, to_bytes(mark))) return std::nullopt;
  return mark;
}

std::string manifest_name(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(manifest_prefix) + std::string(6 - std::min<std::size_t>(digits.size(), 6), '0') +
         digits;
}

/// Of "MANIFEST-000005", and of what CURRENT holds.
std::optional<std::uint64_t> manifest_number(std::string_view name) {
  if (!name.starts_with(manifest_prefix)) return std::nullopt;
  name.remove_prefix(manifest_prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  if (error != std::errc{} || (!rest.empty() && rest != "\n")) return std::nullopt;
  return number;
}

/// CRC-32 of the file from `from` up to `to`, going on from `crc`; none where the file is shorter.
std::optional<std::uint32_t> crc_of(const std::filesystem::path& path, std::uint64_t from, std::uint64_t to,
                                    std::uint32_t crc) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(from));
  std::array<char, chunk_bytes> chunk{};
  while (from < to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), to - from));
    if (!file.read(chunk.data(), static_cast<std::streamsize>(size))) return std::nullopt;
    crc = crc32(as_bytes({chunk.data(), size}), crc);
    from += size;
  }
  return crc;
}

}  // namespace

Result<void> ManifestMark::check() const {
  const auto mark = read_mark(path_);
  // The mark before the list: whoever writes meanwhile moves the list first.
  const auto current = read_small_file(database_ / "CURRENT", current_bytes_max);
  if (!mark || !current) return {};
  const auto number = manifest_number(as_text(*current));
  if (!number || *number > mark->number) return {};
  std::string found = "is an older one, " + manifest_name(*number);
  if (*number == mark->number) {
    const std::filesystem::path list = database_ / manifest_name(*number);
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(list, error);
    if (error) return {};
    if (size >= mark->bytes) {
      if (crc_of(list, 0, mark->bytes, 0) == mark->crc) return {};
      found = "is damaged within these";
    } else {
      found = "has " + std::to_string(size);
    }
  }
  return Error{Errc::loss, "log.behind_mark",
               "the list of the log's tables, " + manifest_name(mark->number) + ", had " +
                   std::to_string(mark->bytes) + " bytes; the one in " + database_.string() + " " + found +
                   ". Tables that it named last would be missing"};
}

void ManifestMark::OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& /*info*/) { note(*db); }

void ManifestMark::note(rocksdb::DB& db) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> files;
  std::uint64_t bytes = 0;  // those that are durable: RocksDB counts them after its sync
  if (!db.GetLiveFiles(files, &bytes, false).ok()) return;
  for (const std::string& file : files) {
    const auto number = manifest_number(std::string_view(file).substr(1));  // each begins with a slash
    if (!number || (*number == number_ && bytes == bytes_)) continue;
    const bool same = *number == number_;  // and longer: a list only grows
    const auto crc = crc_of(database_ / manifest_name(*number), same ? bytes_ : 0, bytes, same ? crc_ : 0);
    if (!crc || !write_file_durably(path_, to_bytes({*number, bytes, *crc}))) return;
    number_ = *number;
    bytes_ = bytes;
    crc_ = *crc;
  }
}

}  // namespace parlance::embedded
