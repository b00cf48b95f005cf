#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <rocksdb/db.h>

#include "tests/adapters/embedded/embedded_fixture.h"

/// A log to be harmed, of which every byte is known.
namespace parlance::tests {

inline constexpr Offset records_each = 500;

inline std::string text_of(PartitionId p, Offset offset) {
  return "record " + std::to_string(p) + "/" + std::to_string(offset) + std::string(offset % 50, 'x');
}
inline Record numbered(PartitionId p, Offset offset) {
  return record_of(text_of(p, offset), {row_of(VaultFamily::capsules, text_of(p, offset), "sealed")});
}

inline Bytes contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return bytes_of(text);
}
inline void put_contents(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << as_text(bytes);
}

/// 1,000 records in two partitions with their rows, half of them in tables (from earlier openings), half in the write-ahead log, as a killed
/// process leaves them. A row was put and, in another table, removed; that table is among the last that the catalogue names.
class DamagedLog {
 public:
  DamagedLog() {
    EmbeddedFixture fixture(2);
    fill(fixture, 0, records_each / 5);
    fixture.reopen();
    fill(fixture, records_each / 5, records_each / 2);
    REQUIRE(fixture.vault().write({row_of(VaultFamily::rows, "erased", "key")}, {}));
    fixture.reopen();
    REQUIRE(fixture.vault().write({}, {row_of(VaultFamily::rows, "erased", "")}));
    fixture.reopen();
    fill(fixture, records_each / 2, records_each);
    // A copy of the files of a running process is what a kill leaves: all of it was written, and none is written at a close.
    std::filesystem::copy(fixture.dir(), dir(), std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path dir() const { return temp_ / "image"; }
  [[nodiscard]] std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir())) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }

 private:
  static void fill(EmbeddedFixture& fixture, Offset from, Offset to) {
    for (PartitionId p = 0; p < 2; ++p) {
      for (Offset offset = from; offset < to; offset += 50) {
        std::vector<Record> records;
        for (Offset o = offset; o < offset + 50; ++o) records.push_back(numbered(p, o));
        for (const auto& report : append_all(fixture, p, std::move(records))) REQUIRE(report);
      }
    }
  }
  TempDir temp_;
};

/// Changes a closed log's database as no program of ours does. `change(db, handles)`, the handles by the name of their family.
template <class Change> void change_by_hand(const std::filesystem::path& dir, const Change& change) {
  const std::string name = (dir / "log").string();
  std::vector<std::string> names;
  REQUIRE(rocksdb::DB::ListColumnFamilies({}, name, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& family : names) families.emplace_back(family, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(rocksdb::DBOptions(), name, families, &handles, &db).ok());
  std::map<std::string, rocksdb::ColumnFamilyHandle*> by_name;
  for (rocksdb::ColumnFamilyHandle* handle : handles) by_name[handle->GetName()] = handle;
  change(*db, by_name);
  for (rocksdb::ColumnFamilyHandle* handle : handles) CHECK(db->DestroyColumnFamilyHandle(handle).ok());
  delete db;
}

/// About `count` positions over a file of `size` bytes, its ends among them.
inline std::set<std::size_t> positions(std::size_t size, std::size_t count) {
  std::set<std::size_t> found;
  if (size == 0) return found;
  for (std::size_t i = 0; i <= count; ++i) found.insert((size - 1) * i / count);
  return found;
}

}  // namespace parlance::tests
