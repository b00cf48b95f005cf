#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include <rocksdb/db.h>

#include "adapters/embedded/log_database.h"
#include "adapters/embedded/log_remains.h"
#include "adapters/embedded/manifest_mark.h"
#include "tests/adapters/embedded/damaged_log.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;

enum class Outcome { refused, corrupt_read, harmless, silent_loss };

/// Opens, reads everything, and says whether all of it is there.
Outcome look(const fs::path& dir, bool read_only) {
  const auto log = open_embedded_log(dir, {.read_only = read_only});
  if (!log) {
    CHECK(log.error().code != Errc::refused);
    CHECK_FALSE(log.error().detail.empty());
    return Outcome::refused;
  }
  for (PartitionId p = 0; p < 2; ++p) {
    Offset next = 0;
    bool same = true;
    const auto end = (*log)->read(p, 0, SIZE_MAX, [&](const StoredRecord& record) {
      same = same && record.offset == next && as_text(record.bytes) == text_of(p, next);
      ++next;
      return true;
    });
    if (!end) {
      CHECK(end.error().code == Errc::corrupt);
      CHECK(end.error().detail.find("partition " + std::to_string(p) + ", offset " + std::to_string(next)) !=
            std::string::npos);
      return Outcome::corrupt_read;
    }
    if (!same || next != records_each) return Outcome::silent_loss;
  }
  std::size_t rows = 0;
  const auto scanned =
      (*log)->vault().scan(VaultFamily::capsules, [&](ByteView, ByteView) { return ++rows > 0; });
  if (!scanned) return Outcome::corrupt_read;
  const auto removed = (*log)->vault().get(VaultFamily::rows, as_bytes("erased"));
  if (!removed) return Outcome::corrupt_read;
  return rows == 2 * records_each && !*removed ? Outcome::harmless : Outcome::silent_loss;
}

}  // namespace

TEST_CASE("one byte flipped anywhere in the folder is found or harmless, never a shorter log in silence") {
  const DamagedLog log;
  REQUIRE(look(log.dir(), true) == Outcome::harmless);
  std::size_t flips = 0;
  std::map<std::string, std::map<Outcome, int>> outcomes;
  for (const fs::path& file : log.files()) {
    const Bytes original = contents(file);
    const std::string kind =
        file.has_extension() ? file.extension().string() : file.filename().string().substr(0, 8);
    for (const std::size_t at : positions(original.size(), 24)) {
      CAPTURE(file.string());
      CAPTURE(at);
      Bytes damaged = original;
      damaged[at] ^= 0x40;
      put_contents(file, damaged);
      const Outcome outcome = look(log.dir(), true);
      CHECK(outcome != Outcome::silent_loss);
      ++outcomes[kind][outcome];
      ++flips;
    }
    put_contents(file, original);
  }
  CHECK(flips > 200);
  // The kinds of file that hold records must not all have been harmless, or nothing was tried.
  CHECK(outcomes[".log"][Outcome::refused] > 15);
  CHECK(outcomes[".sst"][Outcome::corrupt_read] + outcomes[".sst"][Outcome::refused] > 50);
  CHECK(outcomes["MANIFEST"][Outcome::refused] > 10);
  CHECK(outcomes["format"][Outcome::refused] > 10);
  CHECK(look(log.dir(), true) == Outcome::harmless);
}

TEST_CASE("each of the last bytes of the database's catalogue is found or harmless") {
  const DamagedLog log;
  for (const fs::path& file : log.files()) {
    if (!file.filename().string().starts_with("MANIFEST")) continue;
    const Bytes original = contents(file);
    for (std::size_t back = 1; back <= std::min<std::size_t>(500, original.size()); ++back) {
      CAPTURE(back);
      Bytes damaged = original;
      // The high bit of a length makes a record reach beyond the end, which RocksDB takes for a torn one and drops.
      damaged[original.size() - back] ^= 0x80;
      put_contents(file, damaged);
      CHECK(look(log.dir(), true) != Outcome::silent_loss);
    }
    put_contents(file, original);
  }
}

TEST_CASE("a catalogue that lost its end is refused, also where later writes cover what it named") {
  EmbeddedFixture fixture(1);
  append_one(fixture, 0, record_of("a", {row_of(VaultFamily::capsules, "a", "sealed")}));
  fixture.reopen();
  append_one(fixture, 0, record_of("b", {row_of(VaultFamily::capsules, "b", "sealed")}));
  const auto flush_all = [](rocksdb::DB& db) -> Result<void> {
    std::vector<std::string> files;
    std::uint64_t bytes = 0;
    if (!db.GetLiveFiles(files, &bytes, true).ok()) return unavailable("test.flush");
    return {};
  };
  REQUIRE(fixture.embedded().copy_with(flush_all));
  // In the write-ahead log, with the family's count.
  append_one(fixture, 0, record_of("c", {row_of(VaultFamily::capsules, "c", "sealed")}));
  fs::path list;
  for (const auto& entry : fs::directory_iterator(fixture.dir() / "log"))
    if (entry.path().filename().string().starts_with("MANIFEST")) list = entry.path();
  const auto marked = [&] {
    const Bytes mark = contents(fixture.dir() / "manifest-mark");
    ByteReader reader(mark);
    (void)reader.take(16);
    return reader.le<std::uint64_t>();
  };
  for (int tries = 0; marked() < fs::file_size(list) && tries < 1000; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(marked() == fs::file_size(list));

  const TempDir temp;
  const fs::path image = temp / "image";
  fs::copy(fixture.dir(), image, fs::copy_options::recursive);
  list = image / "log" / list.filename();
  const auto look_at = [&] {
    const auto log = open_embedded_log(image, {.read_only = true});
    if (!log) return Outcome::refused;
    for (const char* name : {"a", "b", "c"})
      if (vault_text((*log)->vault(), VaultFamily::capsules, name) != "sealed") return Outcome::silent_loss;
    return Outcome::harmless;
  };
  CHECK(look_at() == Outcome::harmless);
  const Bytes original = contents(list);
  int lost_without_mark = 0;
  for (std::size_t keep = 0; keep < original.size(); ++keep) {
    CAPTURE(keep);
    put_contents(list, Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(keep)));
    CHECK(look_at() == Outcome::refused);
    Bytes flipped = original;
    flipped[keep] ^= 0x80;
    put_contents(list, flipped);
    CHECK(look_at() == Outcome::refused);
  }
  // The mark is what finds it, and a mark that does not read is as none.
  put_contents(image / "manifest-mark", {});
  for (std::size_t keep = 0; keep < original.size(); ++keep) {
    put_contents(list, Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(keep)));
    if (look_at() == Outcome::silent_loss) ++lost_without_mark;
  }
  CHECK(lost_without_mark > 0);
  put_contents(list, original);
  CHECK(look_at() == Outcome::harmless);
  fs::copy_file(fixture.dir() / "manifest-mark", image / "manifest-mark",
                fs::copy_options::overwrite_existing);
  CHECK(look_at() == Outcome::harmless);
  // An older list, by the file that says which.
  put_contents(image / "log" / "MANIFEST-000001", original);
  std::ofstream(image / "log" / "CURRENT") << "MANIFEST-000001\n";
  const auto older = open_embedded_log(image, {.read_only = true});
  REQUIRE_FALSE(older);
  CHECK(older.error().rule == "log.behind_mark");
  CHECK(older.error().detail.find("is an older one, MANIFEST-000001") != std::string::npos);
}

TEST_CASE(
    "a mark of the catalogue that is where it was is not written again, and a name that is none says "
    "nothing") {
  EmbeddedFixture fixture(1);
  const fs::path path = fixture.dir() / "manifest-mark", database = fixture.dir() / "log";
  REQUIRE(fixture.embedded().copy_with([&](rocksdb::DB& db) -> Result<void> {
    embedded::ManifestMark mark(path, database);
    mark.note(db);
    const Bytes noted = contents(path);
    CHECK(noted.size() == embedded::manifest_mark_bytes);
    fs::remove(path);
    mark.note(db);
    CHECK_FALSE(fs::exists(path));
    put_contents(path, noted);
    CHECK(mark.check());
    return {};
  }));
  fixture.close();
  for (const char* name : {"MANIFEST-12x\n", "MANIFEST-x\n"}) {
    std::ofstream(database / "CURRENT") << name;
    CHECK(embedded::ManifestMark(path, database).check());  // it is RocksDB's to refuse
    CHECK_FALSE(fixture.try_open());
  }
}

TEST_CASE("a file cut short, emptied or gone is found or harmless") {
  const DamagedLog log;
  for (const fs::path& file : log.files()) {
    const Bytes original = contents(file);
    for (const std::size_t keep :
         {std::size_t{0}, original.size() / 2, original.size() - std::min<std::size_t>(original.size(), 1)}) {
      CAPTURE(file.string());
      CAPTURE(keep);
      put_contents(file, Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(keep)));
      CHECK(look(log.dir(), true) != Outcome::silent_loss);
    }
    fs::remove(file);
    CHECK(look(log.dir(), true) != Outcome::silent_loss);
    put_contents(file, original);
  }
  CHECK(look(log.dir(), true) == Outcome::harmless);
}

TEST_CASE("where many tables are damaged, the refusal names the first of them, and that there are more") {
  constexpr PartitionId partitions = 40;
  EmbeddedFixture fixture(partitions);
  for (PartitionId p = 0; p < partitions; ++p) REQUIRE(append_all(fixture, p, {numbered(p, 0)}).front());
  fixture.reopen();
  fixture.close();
  std::vector<fs::path> tables;
  for (const auto& entry : fs::directory_iterator(fixture.dir() / "log"))
    if (entry.path().extension() == ".sst") tables.push_back(entry.path());
  std::ranges::sort(tables);
  // Those that RocksDB does not open before it compares the sizes of all with its catalogue.
  for (std::size_t at = tables.size() / 2; at < tables.size(); ++at) put_contents(tables[at], {});
  const auto refused = open_embedded_log(fixture.dir(), {.read_only = true});
  REQUIRE_FALSE(refused);
  const std::string& said = refused.error().detail;
  CAPTURE(said);
  CHECK(said.find("and more like it (") != std::string::npos);
  CHECK(said.find(" more). Nothing was changed") != std::string::npos);
  CHECK(said.find('\n') == std::string::npos);
  CHECK(said.size() < 2'000);
}

TEST_CASE("a refused opening for writing leaves the good records behind the damage in place") {
  const DamagedLog log;
  const auto files = log.files();
  const auto wal = std::ranges::find_if(
      files, [](const fs::path& f) { return f.extension() == ".log" && fs::file_size(f) > 0; });
  REQUIRE(wal != files.end());
  const Bytes original = contents(*wal);
  Bytes damaged = original;
  damaged[original.size() / 2] ^= 1;
  put_contents(*wal, damaged);
  const auto refused = open_embedded_log(log.dir());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::loss);
  CHECK(refused.error().rule == "log.behind_mark");
  CHECK(contents(*wal) == damaged);
  CHECK(log.files() == files);
  put_contents(*wal, original);
  CHECK(look(log.dir(), false) == Outcome::harmless);
}

TEST_CASE("an offset that is missing is corrupt, with its place, and never a shorter log") {
  EmbeddedFixture fixture(2);
  for (Offset offset = 0; offset < 10; ++offset) append_one(fixture, 1, numbered(1, offset));
  fixture.close();
  change_by_hand(fixture.dir(), [](rocksdb::DB& db, auto& families) {
    CHECK(db.Delete({}, families["p1"], rocksdb::Slice("\0\0\0\0\0\0\0\4", 8)).ok());
  });
  fixture.open();
  CHECK(fixture.log().end(1) == 10);
  for (const std::size_t limit : {std::size_t{1}, std::size_t{100}, std::size_t{1000}}) {
    const auto read = fixture.log().read(1, 4, limit, [](const StoredRecord&) { return true; });
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::corrupt);
    CHECK(read.error().rule == "log.hole");
    CHECK(read.error().detail.find("partition 1, offset 4") != std::string::npos);
  }
  std::size_t seen = 0;
  CHECK(fixture.log().read(1, 0, 100, [&](const StoredRecord&) { return ++seen > 0; }).error().rule ==
        "log.hole");
  CHECK(seen == 4);
  CHECK(*fixture.log().read(1, 5, 100, [](const StoredRecord&) { return true; }) == 10);
}

TEST_CASE(
    "an older copy of the database beside a newer mark is refused as loss, of records and of the vault") {
  for (const bool record : {true, false}) {
    EmbeddedFixture fixture(1);
    append_one(fixture, 0, record_of("a"));
    fixture.close();
    const TempDir aside;
    fs::copy(fixture.dir() / "log", aside / "log", fs::copy_options::recursive);
    fixture.open();
    if (record)
      REQUIRE(append_one(fixture, 0, record_of("b")));
    else
      REQUIRE(fixture.vault().write({row_of(VaultFamily::rows, "k", "v")}, {}));
    fixture.close();
    fs::remove_all(fixture.dir() / "log");
    fs::remove(fixture.dir() / "manifest-mark");
    fs::copy(aside / "log", fixture.dir() / "log", fs::copy_options::recursive);
    const auto refused = fixture.try_open();
    CHECK(refused.error().code == Errc::loss);
    CHECK(refused.error().detail.find(record ? "partition 0" : "of the vault holds 0 groups") !=
          std::string::npos);
  }
}

TEST_CASE("rows of a database that no log of ours has are refused with their place") {
  using Families = std::map<std::string, rocksdb::ColumnFamilyHandle*>;
  const auto refusal = [](const std::function<void(rocksdb::DB&, Families&)>& change) {
    EmbeddedFixture fixture(2);
    append_one(fixture, 0, record_of("a", {row_of(VaultFamily::rows, "k", "v")}));
    fixture.close();
    change_by_hand(fixture.dir(), change);
    const auto opened = fixture.try_open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::corrupt);
    return opened.error().detail;
  };
  CHECK(refusal([](rocksdb::DB& db, Families& families) {
          CHECK(db.Put({}, families["p1"], "no offset", "x").ok());
        }).starts_with("a key of partition 1 is no offset"));
  CHECK(refusal([](rocksdb::DB& db, Families& families) {
          CHECK(db.Put({}, families["rows"], "", "x").ok());
        }).starts_with("the count of the vault's family rows"));
  CHECK(refusal([](rocksdb::DB& db, Families& families) {
          CHECK(db.Put({}, families["default"], std::string(embedded::identity_key), "another").ok());
        }).starts_with("the database is not that of the format file"));
  CHECK(refusal([](rocksdb::DB& db, Families& families) {
          CHECK(db.Delete({}, families["default"], std::string(embedded::identity_key)).ok());
        }).starts_with("the database is not that of the format file"));
}

TEST_CASE("the sealed mark holds the end and the chain of the last record of each partition") {
  EmbeddedFixture fixture(2);
  append_one(fixture, 0, record_of("a"));
  append_one(fixture, 0, record_of("b"));
  CHECK_FALSE(fixture.log().sealed_mark(0));
  fixture.reopen();
  CHECK(fixture.log().sealed_mark(0) == SealedMark{2, sha256(as_bytes("b"))});
  CHECK_FALSE(fixture.log().sealed_mark(1));
}

}  // namespace parlance::tests
