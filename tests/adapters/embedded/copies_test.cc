#include <cerrno>
#include <fstream>
#include <random>

#include "adapters/embedded/log_copies.h"
#include "tests/adapters/embedded/damaged_log.h"
#include "tests/support/failing_calls.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;

template <class T> T must(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().detail));
  return std::move(*result);
}

/// A log of two partitions, of which `records` were appended to each.
struct Source {
  EmbeddedFixture fixture{2};
  TempDir temp;
  Offset records = 0;
  [[nodiscard]] fs::path dir() const { return temp / "copies"; }
  void append() {
    for (PartitionId p = 0; p < 2; ++p) REQUIRE(append_one(fixture, p, numbered(p, records)));
    ++records;
  }
  LogCopies::Made copy(LogCopies& copies) {
    return must(copies.create(fixture.embedded(), [](std::uint64_t) {}));
  }
};

/// Which no compression makes smaller.
std::string noise(std::size_t size) {
  std::minstd_rand chance(7);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(chance() >> 8);
  return out;
}

void check_whole(EmbeddedLog& log, Offset records) {
  for (PartitionId p = 0; p < 2; ++p) {
    const auto texts = read_all(log, p);
    REQUIRE(texts.size() == records);
    for (Offset offset = 0; offset < records; ++offset) {
      CHECK(texts[offset] == text_of(p, offset));
      CHECK(vault_text(log.vault(), VaultFamily::capsules, text_of(p, offset)) == "sealed");
    }
  }
}

}  // namespace

TEST_CASE("each copy is the log of its moment, to be read where it lies and to be made a log of again") {
  Source source;
  const auto copies = must(LogCopies::open(source.dir()));
  source.append();
  const auto first = source.copy(*copies);
  source.append();
  const auto second = source.copy(*copies);
  source.append();
  CHECK(copies->numbers() == std::vector<std::uint32_t>{first.copy.number, second.copy.number});
  const auto reader = must(LogCopies::open_to_read(source.dir()));
  for (const auto& [made, records] : {std::pair(&first, Offset{1}), std::pair(&second, Offset{2})}) {
    check_whole(*must(reader->open_log(made->copy.number, made->marks)), records);
    CHECK(must(reader->find(made->copy.number)).files == made->copy.files);
    for (const std::string& file : made->copy.files) CHECK(fs::exists(source.dir() / file));
    const fs::path to = source.temp / ("restored-" + std::to_string(records));
    REQUIRE(reader->restore(made->copy.number, made->marks, to));
    {
      const auto log = must(open_embedded_log(to));
      CHECK(log->id() == test_log);
      check_whole(*log, records);
    }
    // Not over a log, and not over what is somebody's.
    CHECK(reader->restore(made->copy.number, made->marks, to).error().rule == "log.exists");
  }
  REQUIRE(copies->remove(first.copy.number));
  CHECK(copies->numbers() == std::vector<std::uint32_t>{second.copy.number});
  CHECK(copies->find(first.copy.number).error().rule == "backup.absent");
  CHECK(copies->open_log(first.copy.number, first.marks).error().rule == "backup.absent");
  CHECK(copies->restore(first.copy.number, first.marks, source.temp / "gone").error().rule ==
        "backup.absent");
  CHECK(copies->remove(first.copy.number).error().rule == "backup.absent");
  check_whole(*must(copies->open_log(second.copy.number, second.marks)), 2);
}

TEST_CASE("a copy that does not reach its marks, or has others, is refused") {
  Source source;
  const auto copies = must(LogCopies::open(source.dir()));
  source.append();
  const auto made = source.copy(*copies);
  LogMarks marks = made.marks;
  marks.areas[1] = {2, sha256(as_bytes("b"))};
  CHECK(copies->open_log(made.copy.number, marks).error().rule == "log.behind_mark");
  marks.areas.pop_back();
  CHECK(copies->open_log(made.copy.number, marks).error().rule == "log.mark_damaged");
  CHECK(LogCopies::open_to_read(source.temp / "nowhere").error().rule == "backup.absent");
  std::ofstream(source.temp / "file") << "in the way";
  CHECK(LogCopies::open(source.temp / "file").error().rule == "backup.io");
}

TEST_CASE("a copy whose files are damaged is refused, and the others are as they were") {
  Source source;
  const auto copies = must(LogCopies::open(source.dir()));
  source.append();
  const auto made = source.copy(*copies);
  for (const std::string& file : made.copy.files) {
    CAPTURE(file);
    const Bytes original = contents(source.dir() / file);
    if (original.empty()) continue;
    Bytes harmed = original;
    harmed[original.size() / 2] ^= 1;
    put_contents(source.dir() / file, harmed);
    const TempDir temp;
    if (auto reader = LogCopies::open_to_read(source.dir())) {
      if (const auto done = (*reader)->restore(made.copy.number, made.marks, temp / "data"); !done) {
        CHECK(done.error().rule.starts_with("backup."));
        CHECK_FALSE(open_embedded_log(temp / "data", {.read_only = true}));
      } else {
        check_whole(*must(open_embedded_log(temp / "data")), 1);
      }
    }
    put_contents(source.dir() / file, original);
  }
  check_whole(*must(copies->open_log(made.copy.number, made.marks)), 1);
}

TEST_CASE("a copy that is stopped leaves nothing, and what a kill left half written goes with the next one") {
  Source source;
  source.append();
  {
    const auto copies = must(LogCopies::open(source.dir()));
    copies->stop();
    CHECK(copies->create(source.fixture.embedded(), [](std::uint64_t) {}).error().rule == "backup.stopped");
    CHECK(copies->numbers().empty());
  }
  {
    const auto copies = must(LogCopies::open(source.dir()));
    for (int i = 0; i < 6; ++i)
      REQUIRE(append_one(source.fixture, 0, record_of(std::to_string(i) + noise(1 << 20))));
    int told = 0;
    const auto stopped = copies->create(source.fixture.embedded(), [&](std::uint64_t) {
      if (++told == 1) copies->stop();
    });
    CHECK(told >= 1);
    CHECK(stopped.error().rule == "backup.stopped");
    CHECK(copies->numbers().empty());
  }
  std::ofstream(source.dir() / "meta" / "9.tmp") << "half";
  const auto copies = must(LogCopies::open(source.dir()));
  (void)source.copy(*copies);
  CHECK_FALSE(fs::exists(source.dir() / "meta" / "9.tmp"));
}

TEST_CASE(
    "whichever call to the system fails, a copy is whole or is told as none, and a restored log is whole or "
    "none" *
    doctest::skip(!tests::calls_can_fail)) {
  Source source;
  source.append();
  // Tables of more than one block, so that not all of them is read by the opening.
  for (int i = 0; i < 20; ++i)
    REQUIRE(source.fixture.vault().write({row_of(VaultFamily::rows, std::to_string(i), noise(20'000))}, {}));
  source.fixture.reopen();
  struct Given {
    TempDir temp;
    std::unique_ptr<LogCopies> copies;
    std::optional<LogCopies::Made> made;
  };
  const auto with_a_copy = [&](int) {
    auto given = std::make_unique<Given>();
    given->copies = must(LogCopies::open(given->temp / "copies"));
    given->made = source.copy(*given->copies);
    return given;
  };
  const auto check_copy = [&](const Given& given) {
    const auto reader = must(LogCopies::open_to_read(given.temp / "copies"));
    check_whole(*must(reader->open_log(given.made->copy.number, given.made->marks)), source.records);
  };
  const auto is_told = [](const auto& done) {
    CHECK((done || done.error().rule.starts_with("backup.") || done.error().rule.starts_with("log.")));
  };
  int failed = fail_each_call(
      EIO, with_a_copy,
      [](const auto& given) {
        return given->copies->restore(given->made->copy.number, given->made->marks, given->temp / "data");
      },
      [&](const auto& given, const Result<void>& done, const std::string& call) {
        CAPTURE(call);
        is_told(done);
        if (auto log = open_embedded_log(given->temp / "data", {.read_only = true}))
          check_whole(**log, source.records);
        else
          CHECK_FALSE(done);
        check_copy(*given);
      });
  failed += fail_each_call(
      EIO, with_a_copy,
      [](const auto& given) { return given->copies->open_log(given->made->copy.number, given->made->marks); },
      [&](const auto& given, auto& opened, const std::string& call) {
        CAPTURE(call);
        is_told(opened);
        if (opened) check_whole(**opened, source.records);
        check_copy(*given);
      });
  failed += fail_each_call(
      EIO, with_a_copy, [](const auto& given) { return LogCopies::open(given->temp / "copies"); },
      [&](const auto& given, auto& opened, const std::string& call) {
        CAPTURE(call);
        is_told(opened);
        check_copy(*given);
      });
  CHECK(failed > 30);
  // Copying is done by threads of the library.
  for (const int error : {EIO, ENOSPC})
    for (const char* call : {"write", "fdatasync", "fsync", "rename", "open"})
      for (const int n : {1, 2, 3, 5, 8}) {
        CAPTURE(call);
        CAPTURE(n);
        const auto given = with_a_copy(0);
        Result<LogCopies::Made> made = [&] {
          const FailingCall failing(call, n, error);
          return given->copies->create(source.fixture.embedded(), [](std::uint64_t) {});
        }();
        is_told(made);
        check_copy(*given);
        if (made) check_whole(*must(given->copies->open_log(made->copy.number, made->marks)), source.records);
      }
}

}  // namespace parlance::tests
