#include "adapters/embedded/sealed_mark.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "engine/base/assert.h"

namespace parlance::embedded {
namespace {

constexpr std::string_view magic = "PLCMARK1";
constexpr std::size_t header_bytes = 128;
constexpr std::size_t area_bytes = 128;
constexpr std::size_t slot_bytes = 64;
constexpr std::size_t bytes_max = header_bytes + 65535 * area_bytes;  // as many areas as the header can say

Bytes with_checksum(Bytes bytes, std::size_t size, std::uint32_t start) {
  bytes.resize(size - sizeof(std::uint32_t));
  const std::uint32_t crc = crc32(bytes, start);
  return ByteWriter().raw(bytes).le(crc).take();
}

Bytes header(LogId log, PartitionId partitions, std::size_t areas) {
  return with_checksum(
      ByteWriter().raw(as_bytes(magic)).id(log).le(partitions).le(static_cast<std::uint16_t>(areas)).take(),
      header_bytes, 0);
}

Bytes slot(std::size_t area, const SealedMark& mark, std::uint32_t header_crc) {
  return with_checksum(ByteWriter().le(mark.next).raw(mark.chain).le(static_cast<std::uint16_t>(area)).take(),
                       slot_bytes, header_crc);
}

/// None unless the slot is whole and of this area of this file.
std::optional<SealedMark> parse_slot(ByteView bytes, std::size_t area, std::uint32_t header_crc) {
  ByteReader reader(bytes);
  SealedMark mark;
  mark.next = reader.le<Offset>();
  const ByteView chain = reader.take(mark.chain.size());
  std::ranges::copy(chain, mark.chain.begin());
  const Bytes whole = slot(area, mark, header_crc);
  if (!std::ranges::equal(whole, bytes)) return std::nullopt;
  return mark;
}

/// The mark of an area, and which of its slots holds it; none where neither is whole.
std::optional<std::pair<SealedMark, std::uint8_t>> parse_area(ByteView bytes, std::size_t area,
                                                              std::uint32_t header_crc) {
  const auto first = parse_slot(bytes.first(slot_bytes), area, header_crc);
  const auto second = parse_slot(bytes.subspan(slot_bytes, slot_bytes), area, header_crc);
  if (!first && !second) return std::nullopt;
  const bool in_second = !first || (second && second->next > first->next);
  return std::pair(in_second ? *second : *first, std::uint8_t{in_second});
}

}  // namespace

Result<void> SealedMarkFile::create(const std::filesystem::path& path, LogId log, PartitionId partitions,
                                    std::size_t areas) {
  ByteWriter file;
  const Bytes head = header(log, partitions, areas);
  file.raw(head);
  for (std::size_t area = 0; area < areas; ++area) {
    const Bytes zero = slot(area, {}, crc32(head));
    file.raw(zero).raw(zero);
  }
  return write_file_durably(path, file.bytes());
}

Result<SealedMarkFile> SealedMarkFile::open(const std::filesystem::path& path, LogId log,
                                            PartitionId partitions, std::size_t areas, bool writable) {
  const std::string advice =
      "; without it nobody can tell whether the log is whole: restore the whole folder from a backup";
  const auto damaged = [&](std::string_view what) {
    return corrupt("log.mark_damaged", path.string() + ": " + std::string(what) + advice);
  };
  const std::size_t size = header_bytes + areas * area_bytes;
  const auto bytes = read_small_file(path, size);
  if (!bytes && bytes.error().code == Errc::not_found) {
    return corrupt("log.mark_missing", path.string() + " is missing" + advice);
  }
  if (!bytes && bytes.error().rule == "log.file_too_long") return damaged("too long");
  if (!bytes) return bytes.error();
  if (bytes->size() != size) return damaged("too short");
  const ByteView view = *bytes;
  const Bytes head = header(log, partitions, areas);
  if (!std::ranges::equal(view.first(header_bytes), head))
    return damaged("its header is not that of this log");

  SealedMarkFile file;
  file.path_ = path;
  file.header_crc_ = crc32(head);
  for (std::size_t area = 0; area < areas; ++area) {
    const std::size_t at = header_bytes + area * area_bytes;
    const auto found = parse_area(view.subspan(at, area_bytes), area, file.header_crc_);
    if (!found) return damaged("both slots of area " + std::to_string(area) + " are damaged");
    file.marks_.push_back(found->first);
    file.slot_.push_back(found->second);
  }
  if (writable) {
    file.file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file.file_) return file_error(errno, "opening", path);
  }
  return file;
}

std::optional<SealedMarkRemains> SealedMarkFile::remains(const std::filesystem::path& path) {
  const auto bytes = read_small_file(path, bytes_max);
  if (!bytes || bytes->size() < header_bytes) return std::nullopt;
  const ByteView view = *bytes;
  ByteReader reader(view.subspan(magic.size()));
  SealedMarkRemains out;
  out.log = reader.id_of<LogId>();
  out.partitions = reader.le<PartitionId>();
  const auto areas = reader.le<std::uint16_t>();
  const Bytes head = header(out.log, out.partitions, areas);
  if (!std::ranges::equal(view.first(header_bytes), head)) return std::nullopt;
  for (std::size_t area = 0; area < areas; ++area) {
    const std::size_t at = header_bytes + area * area_bytes;
    const auto found = at + area_bytes <= view.size()
                           ? parse_area(view.subspan(at, area_bytes), area, crc32(head))
                           : std::nullopt;
    out.areas.push_back(found ? std::optional(found->first) : std::nullopt);
  }
  return out;
}

SealedMarkFile SealedMarkFile::in_memory(std::vector<SealedMark> marks) {
  SealedMarkFile file;
  file.marks_ = std::move(marks);
  file.slot_.resize(file.marks_.size());
  return file;
}

Result<void> SealedMarkFile::write(std::size_t area, const SealedMark& mark) {
  PARLANCE_ASSERT(mark.next > marks_[area].next, "a sealed mark only rises");
  const auto other = static_cast<std::uint8_t>(1 - slot_[area]);
  const std::uint64_t at = header_bytes + area * area_bytes + other * slot_bytes;
  if (auto written = write_at(file_, at, slot(area, mark, header_crc_), path_); !written) return written;
  marks_[area] = mark;
  slot_[area] = other;
  return {};
}

Result<void> SealedMarkFile::sync() { return log_files.sync(file_, path_); }

}  // namespace parlance::embedded
