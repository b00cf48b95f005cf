#include <map>

#include "adapters/embedded/log_remains.h"
#include "tests/adapters/embedded/damaged_log.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;

/// What reading all of it gave back.
struct Found {
  std::uint64_t stored = 0, damaged = 0, missing = 0;
  std::set<std::string> files;  ///< that are blamed
  [[nodiscard]] bool whole() const { return stored == 2 * records_each && damaged == 0 && missing == 0; }
};

/// Reads all, and holds to be right what is given back.
Found read_all(const LogRemains& remains) {
  Found found;
  for (PartitionId p = 0; p < std::min<PartitionId>(remains.partitions(), 2); ++p) {
    Offset next = 0;
    remains.read(p, records_each, [&](const Stretch& stretch) {
      CHECK(stretch.from == next);
      CHECK(stretch.until > stretch.from);
      CHECK(stretch.until <= records_each);
      next = stretch.until;
      const std::uint64_t many = stretch.until - stretch.from;
      switch (stretch.kind) {
        case Stretch::Kind::stored:
          found.stored += many;
          CHECK(many == 1);
          CHECK(as_text(stretch.bytes) == text_of(p, stretch.from));
          break;
        case Stretch::Kind::damaged: found.damaged += many; break;
        case Stretch::Kind::missing: found.missing += many; break;
      }
      if (stretch.kind != Stretch::Kind::stored && !stretch.file.empty()) found.files.emplace(stretch.file);
      return true;
    });
    CHECK(next == records_each);
  }
  return found;
}

/// Looks at what is there with a scratch folder of its own.
Result<std::unique_ptr<LogRemains>> remains_of(const fs::path& dir) {
  static const TempDir scratch;
  static int number = 0;
  const fs::path own = scratch / std::to_string(++number);
  fs::create_directories(own);
  return LogRemains::open(dir, own);
}

std::uint64_t rows_of(const LogRemains& remains, std::string_view family) {
  for (const VaultRemains& one : remains.vault([](std::uint64_t) {}))
    if (one.family == family) return one.rows;
  return 0;
}

/// Every file with its bytes.
std::map<fs::path, Bytes> snapshot(const DamagedLog& log) {
  std::map<fs::path, Bytes> out;
  for (const fs::path& file : log.files()) out[file] = contents(file);
  return out;
}

}  // namespace

TEST_CASE("of a log that nothing happened to all is given back, and nothing is changed in it") {
  const DamagedLog log;
  const auto before = snapshot(log);
  const auto remains = remains_of(log.dir());
  REQUIRE(remains);
  CHECK((*remains)->id() == test_log);
  CHECK((*remains)->partitions() == 2);
  CHECK((*remains)->troubles().empty());
  CHECK((*remains)->end(0) == records_each);
  CHECK((*remains)->end(1) == records_each);
  CHECK(read_all(**remains).whole());
  CHECK(rows_of(**remains, "capsules") == 2 * records_each);
  for (const VaultRemains& family : (*remains)->vault([](std::uint64_t) {})) {
    CHECK(family.lost_max == 0);
    CHECK(family.tables.empty());
  }
  CHECK(snapshot(log) == before);
  // Up to where the sink has enough.
  int seen = 0;
  (*remains)->read(0, records_each, [&](const Stretch&) { return ++seen < 3; });
  CHECK(seen == 3);
}

TEST_CASE("whatever is harmed in a log, what is given back is what was written, and the rest is named") {
  const DamagedLog log;
  const auto before = snapshot(log);
  std::map<std::string, std::uint64_t> lost;  // by the kind of file
  const auto look = [&](const fs::path& file) {
    const auto remains = remains_of(log.dir());
    if (!remains) {
      CHECK(remains.error().code == Errc::newer);
      return;
    }
    const Found found = read_all(**remains);
    std::uint64_t rows = 0;
    bool told = !(*remains)->troubles().empty();
    for (const VaultRemains& family : (*remains)->vault([](std::uint64_t) {})) {
      rows += family.rows;
      told = told || !family.tables.empty();
    }
    if (file.extension() == ".sst") {
      // Nothing of a table is lost without its being told.
      CHECK(found.stored + found.damaged + found.missing == 2 * records_each);
      CHECK((found.whole() || !found.files.empty() || !(*remains)->troubles().empty()));
      CHECK((rows >= 2 * records_each || told));
    } else if (file.extension() != ".log") {
      CHECK(found.whole());
    }
    lost[file.extension().string()] += found.damaged + found.missing;
  };
  for (const auto& [file, original] : before) {
    CAPTURE(file.string());
    for (const std::size_t at : positions(original.size(), file.extension() == ".sst" ? 2 : 1)) {
      CAPTURE(at);
      Bytes harmed = original;
      harmed[at] ^= 0x40;
      put_contents(file, harmed);
      look(file);
      harmed = original;
      std::ranges::fill(harmed.begin() + static_cast<std::ptrdiff_t>(at),
                        harmed.begin() + static_cast<std::ptrdiff_t>(std::min(original.size(), at + 4096)),
                        0);
      put_contents(file, harmed);
      look(file);
      put_contents(file, Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(at)));
      look(file);
    }
    fs::remove(file);
    look(file);
    put_contents(file, original);
  }
  CHECK(lost[".sst"] > 0);
  CHECK(lost[".log"] > 0);
  CHECK(lost[""] == 0);
  const auto remains = remains_of(log.dir());
  REQUIRE(remains);
  CHECK(read_all(**remains).whole());
}

TEST_CASE("a table under another's name is told, with the name that it had") {
  const DamagedLog log;
  std::vector<fs::path> tables;
  for (const fs::path& file : log.files())
    if (file.extension() == ".sst") tables.push_back(file);
  REQUIRE(tables.size() >= 4);
  std::size_t named = 0;
  for (std::size_t one = 0; one < tables.size(); ++one)
    for (std::size_t other = one + 1; other < tables.size(); ++other) {
      const Bytes first = contents(tables[one]), second = contents(tables[other]);
      put_contents(tables[one], second);
      put_contents(tables[other], first);
      const auto remains = remains_of(log.dir());
      REQUIRE(remains);
      // All records are read wherever they lie.
      CHECK(read_all(**remains).stored == 2 * records_each);
      for (const std::string& trouble : (*remains)->troubles()) {
        CHECK(trouble.find("is not the table that was written there") != std::string::npos);
        named += trouble.find("rename it to that") != std::string::npos;
      }
      put_contents(tables[one], first);
      put_contents(tables[other], second);
    }
  CHECK(named > 0);
}

TEST_CASE("without the catalogue, the marks and the format the tables tell all there is") {
  const DamagedLog log;
  for (const fs::path& file : log.files()) {
    const std::string name = file.filename().string();
    if (name == "format" || name == "sealed-mark" || name == "CURRENT" || name.starts_with("MANIFEST"))
      fs::remove(file);
  }
  const auto remains = remains_of(log.dir());
  REQUIRE(remains);
  CHECK((*remains)->id() == test_log);
  CHECK((*remains)->partitions() == 2);
  CHECK(read_all(**remains).whole());
  CHECK_FALSE((*remains)->sealed_mark(0));
  std::string all;
  for (const std::string& trouble : (*remains)->troubles()) all += trouble + "\n";
  CHECK(all.find("the catalogue of its tables") != std::string::npos);
  CHECK(all.find("sealed-mark is missing") != std::string::npos);
}

TEST_CASE("what is no log, is of a later program, or cannot be replayed is refused by its rule") {
  const TempDir temp;
  CHECK(remains_of(temp / "nothing").error().rule == "log.absent");
  fs::create_directories(temp / "empty" / "log");
  CHECK(remains_of(temp / "empty").error().rule == "log.absent");
  CHECK(remains_of(temp / std::string(300, 'x')).error().rule == "log.io");
  // Names of the database's own kind, which it never gave.
  fs::create_directories(temp / "names" / "log");
  for (const char* name : {"12.sst", "x.sst", "12x.log", "00.log"})
    std::ofstream(temp / "names" / "log" / name) << "none";
  const auto names = remains_of(temp / "names");
  REQUIRE(names);
  CHECK((*names)->partitions() == 0);
  CHECK_FALSE((*names)->troubles().empty());
  const DamagedLog log;
  std::ofstream(temp / "file") << "in the way";
  CHECK(LogRemains::open(log.dir(), temp / "file").error().rule == "log.io");
  std::string format(as_text(contents(log.dir() / "format")));
  format.insert(format.find('\n'), "9");  // the version ends the first line
  put_contents(log.dir() / "format", bytes_of(format));
  CHECK(remains_of(log.dir()).error().rule == "log.newer");
}

TEST_CASE("what a table held is named by its partition and offsets, or by its family") {
  const DamagedLog log;
  std::map<std::string, int> held;
  for (const fs::path& file : log.files()) {
    if (file.extension() != ".sst") continue;
    const std::string said = what_tables_hold(log.dir(), "Corruption: in " + file.string());
    CHECK(said.starts_with(file.filename().string() + " holds "));
    for (const char* what :
         {"of partition 0", "of partition 1", "the log's identity", "rows of the vault's family"})
      held[what] += said.find(what) != std::string::npos;
  }
  CHECK(held["of partition 0"] > 0);
  CHECK(held["of partition 1"] > 0);
  CHECK(held["rows of the vault's family"] > 0);
  CHECK(what_tables_hold(log.dir(), "IO error: no space").empty());
  CHECK(what_tables_hold(log.dir(), "Corruption: in 999999.sst").empty());
  fs::remove(log.dir() / "log" / "CURRENT");
  CHECK(what_tables_hold(log.dir(), "Corruption: in 000012.sst").empty());
}

}  // namespace parlance::tests
