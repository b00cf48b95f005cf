#pragma once
#include <filesystem>
#include <mutex>

#include <rocksdb/listener.h>

#include "engine/base/error.h"

/// How far the list of the database's tables, RocksDB's MANIFEST, had come, in a file outside the database. RocksDB takes a list whose end is
/// missing, or does not read, for one that was being written when the power went, and opens with the tables named before: a partition
/// shows a hole then, but a family of the vault nothing, once its count was written anew. Little-endian.
///
///   offset size
///        0    8  magic, the ASCII bytes "PLCMANI1"
///        8    8  number of the MANIFEST
///       16    8  bytes of it
///       24    4  CRC-32 of these bytes
///       28    4  CRC-32 of bytes 0 to 27
///
/// A mark that is missing, or is not whole, says nothing: folders made before there was one have none, and the next opening for writing makes it.
namespace parlance::embedded {

inline constexpr std::size_t manifest_mark_bytes = 32;

/// Marks after each flush: a list that then falls short of the mark lacks a table. What a merge adds needs no mark, since the tables it took
/// away are missed by themselves. Threads: any.
class ManifestMark final : public rocksdb::EventListener {
 public:
  ManifestMark(std::filesystem::path path, std::filesystem::path database)
      : path_(std::move(path)), database_(std::move(database)) {}

  /// Before the database is opened for writing, which cuts a damaged end off for good. `loss` "log.behind_mark" where its list is not what was marked, or an older one. A list that cannot be read at all is left
  /// to RocksDB to refuse.
  [[nodiscard]] Result<void> check() const;
  /// Marks how far the list of `db`, which is open for writing, is durable. Where that fails the mark stays behind, which does no harm.
  void note(rocksdb::DB& db);

 private:
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& info) override;

  const std::filesystem::path path_, database_;
  std::mutex mutex_;  // guards what follows: what was marked last
  std::uint64_t number_ = 0, bytes_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace parlance::embedded
