#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>

#include "tests/adapters/embedded/embedded_fixture.h"
#include "tests/support/failing_calls.h"
#include "tests/support/faulty_files.h"

namespace parlance::tests {
namespace {

std::string text_of(PartitionId p, Offset offset) { return std::to_string(p) + "/" + std::to_string(offset); }

Record numbered(PartitionId p, Offset offset) {
  return record_of(text_of(p, offset), {row_of(VaultFamily::capsules, text_of(p, offset), "sealed")});
}

/// Every record up to the end is what was appended there, with its row.
void check_whole(LogFixture& fixture, PartitionId p) {
  const auto texts = read_all(fixture.log(), p);
  REQUIRE(texts.size() == fixture.log().end(p));
  for (Offset offset = 0; offset < texts.size(); ++offset) {
    REQUIRE(texts[offset] == text_of(p, offset));
    REQUIRE(vault_text(fixture.vault(), VaultFamily::capsules, text_of(p, offset)) == "sealed");
  }
}

}  // namespace

TEST_CASE(
    "a failed sync stops the log: one call of the hook, no acknowledgement after it, and a power cut then "
    "loses nothing acknowledged") {
  for (int nth = 1; nth <= 12; ++nth) {
    CAPTURE(nth);
    FaultyFiles files;
    int stops = 0;
    EmbeddedFixture fixture(2, {.fail_stop = [&](const Error&) { ++stops; }, .env = files.env()});
    files.fail_sync(nth);
    std::vector<Offset> acknowledged(2);
    std::optional<Error> error;
    while (!error) {
      for (PartitionId p = 0; p < 2 && !error; ++p) {
        const auto offset = append_one(fixture, p, numbered(p, acknowledged[p]));
        if (offset) {
          CHECK(*offset == acknowledged[p]++);
        } else {
          error = offset.error();
        }
      }
    }
    CHECK(stops == 1);
    CHECK(error->code == Errc::unavailable);
    CHECK(append_one(fixture, 0, record_of("late")).error().code != Errc::refused);
    CHECK(append_one(fixture, 1, record_of("late")).error().code != Errc::refused);
    CHECK_FALSE(fixture.log().reopen(0));
    CHECK_FALSE(fixture.vault().write({row_of(VaultFamily::rows, "k", "v")}, {}));
    CHECK(stops == 1);
    CHECK(fixture.log().end(0) == acknowledged[0]);
    check_whole(fixture, 0);

    fixture.close();
    files.lose_unsynced();
    fixture.open();
    for (PartitionId p = 0; p < 2; ++p) {
      CHECK(fixture.log().end(p) == acknowledged[p]);
      check_whole(fixture, p);
      CHECK(*append_one(fixture, p, numbered(p, acknowledged[p])) == acknowledged[p]);
    }
  }
}

TEST_CASE(
    "a power cut after an orderly or a sudden end leaves what was acknowledged, and the recovered tail is "
    "durable again") {
  FaultyFiles files;
  EmbeddedFixture fixture(1, {.env = files.env()});
  for (Offset offset = 0; offset < 20; ++offset) {
    REQUIRE(append_one(fixture, 0, numbered(0, offset)));
    if (offset % 5 != 4) continue;
    fixture.close();
    files.lose_unsynced();
    fixture.open();
    CHECK(fixture.log().end(0) == offset + 1);
    check_whole(fixture, 0);
    // Opened and cut at once, before anything new is synced.
    fixture.close();
    files.lose_unsynced();
    fixture.open();
    check_whole(fixture, 0);
  }
}

TEST_CASE(
    "a write refused for lack of space ends writing; reading goes on, and each owner reopens when there is "
    "space") {
  for (const int nth : {0, 1, 2, 5}) {
    CAPTURE(nth);
    FaultyFiles files;
    EmbeddedFixture fixture(
        2, {.fail_stop = [](const Error& error) { FAIL(error.detail); }, .env = files.env()});
    std::vector<Offset> acknowledged(2);
    for (int i = 0; i < 10; ++i) {
      for (PartitionId p = 0; p < 2; ++p) {
        CHECK(*append_one(fixture, p, numbered(p, acknowledged[p])) == acknowledged[p]);
        ++acknowledged[p];
      }
    }
    nth == 0 ? files.set_full(true) : files.fill_up_at(nth);
    std::optional<Error> error;
    while (!error) {
      const auto offset = append_one(fixture, 0, numbered(0, acknowledged[0]));
      offset ? void(++acknowledged[0]) : void(error = offset.error());
    }
    CHECK(error->code == Errc::read_only);
    CHECK(error->rule == "log.no_space");
    CHECK(append_one(fixture, 0, numbered(0, acknowledged[0])).error().code == Errc::read_only);
    CHECK(append_one(fixture, 1, numbered(1, acknowledged[1])).error().code == Errc::read_only);
    CHECK(fixture.log().end(0) == acknowledged[0]);
    check_whole(fixture, 0);
    check_whole(fixture, 1);

    CHECK(fixture.log().reopen(0).error().code == Errc::read_only);
    CHECK(fixture.log().reopen(0).error().code == Errc::read_only);
    check_whole(fixture, 0);
    check_whole(fixture, 1);
    CHECK(fixture.vault().write({row_of(VaultFamily::rows, "k", "v")}, {}).error().code == Errc::read_only);

    files.set_full(false);
    REQUIRE(fixture.log().reopen(0));
    check_whole(fixture, 0);
    // The refused group may be in the log after all; whoever appends reads first.
    acknowledged[0] = fixture.log().end(0);
    CHECK(*append_one(fixture, 0, numbered(0, acknowledged[0])) == acknowledged[0]);
    // The other owner had an error on its handle too, and must say that it knows.
    CHECK(append_one(fixture, 1, numbered(1, acknowledged[1])).error().rule == "log.handle_ended");
    REQUIRE(fixture.log().reopen(1));
    acknowledged[1] = fixture.log().end(1);
    CHECK(*append_one(fixture, 1, numbered(1, acknowledged[1])) == acknowledged[1]);
    fixture.reopen();
    check_whole(fixture, 0);
    check_whole(fixture, 1);
  }
}

TEST_CASE(
    "a busy log survives a disk that fills at any write, those of its tables and its catalogue among them") {
  const std::string block(700 * 1024, 'x');
  for (int nth = 2; nth <= 62; nth += 5) {
    CAPTURE(nth);
    FaultyFiles files;
    EmbeddedFixture fixture(
        1, {.fail_stop = [](const Error& error) { FAIL(error.detail); }, .env = files.env()});
    files.fill_up_at(nth);
    Offset acknowledged = 0;
    std::optional<Error> error;
    while (!error && acknowledged < 100) {
      const auto offset = append_one(fixture, 0, record_of(std::to_string(acknowledged) + block));
      offset ? void(++acknowledged) : void(error = offset.error());
    }
    REQUIRE(error);
    CHECK(error->code == Errc::read_only);
    for (int opening = 0; opening < 2; ++opening) {
      Offset next = 0;
      REQUIRE(fixture.log().read(0, 0, 1000, [&](const StoredRecord& record) {
        CHECK(as_text(record.bytes) == std::to_string(next++) + block);
        return true;
      }));
      CHECK(next >= acknowledged);
      files.set_full(false);
      if (opening == 0) REQUIRE(fixture.log().reopen(0));
    }
    const Offset end = fixture.log().end(0);
    CHECK(*append_one(fixture, 0, record_of("more")) == end);
  }
}

TEST_CASE("readers never stop while a database that refused a write is opened anew") {
  FaultyFiles files;
  EmbeddedFixture fixture(1, {.recent_bytes = 0, .env = files.env()});
  for (Offset offset = 0; offset < 50; ++offset) REQUIRE(append_one(fixture, 0, numbered(0, offset)));
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::atomic<bool> wrong = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        Offset seen = 0;
        const auto next = fixture.log().read(0, 0, 1000, [&](const StoredRecord& record) {
          wrong = wrong || as_text(record.bytes) != text_of(0, record.offset);
          const auto row = fixture.vault().get(VaultFamily::capsules, as_bytes(text_of(0, record.offset)));
          wrong = wrong || !row || !*row;
          ++seen;
          return true;
        });
        wrong = wrong || !next || seen < 50;
        ++reads;
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    files.set_full(true);
    CHECK(append_one(fixture, 0, numbered(0, fixture.log().end(0))).error().code == Errc::read_only);
    CHECK_FALSE(fixture.log().reopen(0));
    files.set_full(false);
    const int before = reads;
    REQUIRE(fixture.log().reopen(0));
    while (reads < before + 2) std::this_thread::yield();
    const Offset end = fixture.log().end(0);
    CHECK(*append_one(fixture, 0, numbered(0, end)) == end);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK_FALSE(wrong);
}

TEST_CASE("below the reserve records are refused before they are written, and erasing goes on") {
  std::atomic<std::uint64_t> free = 1000;
  EmbeddedFixture fixture(2, {.space_reserve_bytes = 800, .free_bytes = [&] { return free.load(); }});
  REQUIRE(append_one(fixture, 0, numbered(0, 0)));
  free = 799;
  // Free space is looked at ten times a second at most, so the first refusal may come a little later.
  Result<Offset> last = Offset{0};
  while (last) last = append_one(fixture, 0, numbered(0, fixture.log().end(0)));
  CHECK(last.error().code == Errc::read_only);
  CHECK(append_one(fixture, 1, numbered(1, 0)).error().code == Errc::read_only);
  CHECK(fixture.vault().write({row_of(VaultFamily::tombstones, "k", "day")},
                              {row_of(VaultFamily::capsules, "0/0", "")}));
  CHECK_FALSE(vault_text(fixture.vault(), VaultFamily::capsules, "0/0"));
  free = 999;
  CHECK(fixture.log().reopen(0).error().rule == "log.no_space");
  free = 1000;
  REQUIRE(fixture.log().reopen(0));
  const Offset end = fixture.log().end(0);
  CHECK(*append_one(fixture, 0, numbered(0, end)) == end);
  REQUIRE(fixture.log().reopen(1));
  CHECK(*append_one(fixture, 1, numbered(1, 0)) == 0);
}

TEST_CASE("a refused write does not stop erasing for longer than the disk is full") {
  FaultyFiles files;
  std::atomic<std::uint64_t> free = 1000;
  EmbeddedFixture fixture(
      1, {.space_reserve_bytes = 800, .free_bytes = [&] { return free.load(); }, .env = files.env()});
  REQUIRE(append_one(fixture, 0, numbered(0, 0)));
  files.set_full(true);
  CHECK_FALSE(append_one(fixture, 0, numbered(0, 1)));
  free = 10;
  files.set_full(false);
  const auto erase = [&] { return fixture.vault().write({}, {row_of(VaultFamily::capsules, "0/0", "")}); };
  auto erased = erase();
  // Where the refused database is not closed in time, the next try finds it closed.
  for (int again = 0; again < 5 && !erased && erased.error().detail.starts_with("readers still"); ++again)
    erased = erase();
  CHECK_MESSAGE(erased.has_value(), (erased ? "" : erased.error().detail));
  CHECK_FALSE(vault_text(fixture.vault(), VaultFamily::capsules, "0/0"));
  CHECK(append_one(fixture, 0, numbered(0, 1)).error().code == Errc::read_only);
  CHECK(fixture.log().reopen(0).error().code == Errc::read_only);
}

TEST_CASE("appends that wait on an ended handle are refused even when the partition was reopened meanwhile") {
  std::atomic<std::uint64_t> free = 0;
  EmbeddedFixture fixture(1, {.space_reserve_bytes = 800, .free_bytes = [&] { return free.load(); }});
  Reports first;
  Reports second;
  std::vector<Record> records;
  records.push_back(record_of("a"));
  // The second append is made on the same handle while the first is being refused.
  const AppendDone done = first.done();
  fixture.log().append(0, std::move(records), [&](std::size_t index, Result<Offset> offset) {
    std::vector<Record> more;
    more.push_back(record_of("b"));
    fixture.log().append(0, std::move(more), second.done());
    free = 10'000;
    CHECK(fixture.log().reopen(0));
    done(index, offset);
  });
  CHECK(first.wait_for(1)[0].offset.error().code == Errc::read_only);
  CHECK(second.wait_for(1)[0].offset.error().rule == "log.handle_ended");
  CHECK(*append_one(fixture, 0, record_of("c")) == 0);
}

TEST_CASE("the log says how it is: what it wrote, what waits, its space, and damage that a read met") {
  FaultyFiles files;
  std::atomic<std::uint64_t> free = 1000;
  std::atomic<bool> looks = false;
  std::atomic<std::int64_t> group_ms = 0;
  EmbeddedFixture* log = nullptr;
  const auto free_bytes = [&] {
    // It is asked while a group is under way.
    if (looks.exchange(false)) group_ms = log->embedded().health().group_ms;
    return free.load();
  };
  EmbeddedFixture fixture(1, {.space_reserve_bytes = 800,
                              .recent_bytes = 0,
                              .fail_stop = [](const Error&) {},
                              .free_bytes = free_bytes,
                              .env = files.env()});
  log = &fixture;
  const auto space = [&] { return fixture.embedded().health().space; };
  CHECK(fixture.log().exclusive());
  looks = true;
  REQUIRE(append_one(fixture, 0, numbered(0, 0)));
  for (int tries = 0; group_ms == 0 && tries < 1000; ++tries) {
    REQUIRE(append_one(fixture, 0, numbered(0, fixture.log().end(0))));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(group_ms >= 1);
  const LogFigures figures = fixture.embedded().figures();
  CHECK(figures.records == fixture.log().end(0));
  CHECK(figures.bytes >= 3 * figures.records);
  const LogHealth well = fixture.embedded().health();
  CHECK(well.space == LogHealth::Space::writing);
  CHECK(well.free_bytes == 1000);
  CHECK(well.reserve_bytes == 800);
  CHECK(well.resume_bytes == 1000);
  CHECK(well.waiting_records == 0);
  CHECK(well.group_ms == 0);
  CHECK(well.damaged_reads == 0);

  free = 799;
  Result<Offset> last = Offset{0};
  while (last) last = append_one(fixture, 0, numbered(0, fixture.log().end(0)));
  CHECK(space() == LogHealth::Space::low);
  CHECK(fixture.embedded().purge().error().rule == "log.no_space");
  free = 1000;
  REQUIRE(fixture.log().reopen(0));
  REQUIRE(append_one(fixture, 0, numbered(0, fixture.log().end(0))));
  files.set_full(true);
  CHECK_FALSE(append_one(fixture, 0, numbered(0, fixture.log().end(0))));
  CHECK(space() == LogHealth::Space::refused);
  // Opened to be read until there is space: neither purged nor copied.
  CHECK_FALSE(fixture.log().reopen(0));
  free = 1'000'000;
  CHECK_FALSE(fixture.log().reopen(0));
  CHECK(fixture.embedded().purge().error().rule == "log.no_space");
  CHECK(fixture.embedded().copy_with([](rocksdb::DB&) { return Result<void>(); }).error().rule ==
        "log.no_space");
  files.set_full(false);
  REQUIRE(fixture.log().reopen(0));
  CHECK(space() == LogHealth::Space::writing);
  CHECK(fixture.embedded().purge());
  const Error no = unavailable("test.no");
  CHECK(fixture.embedded().copy_with([&](rocksdb::DB&) -> Result<void> { return no; }).error().rule ==
        "test.no");
  files.fail_sync(1);
  CHECK_FALSE(append_one(fixture, 0, numbered(0, fixture.log().end(0))));
  CHECK(space() == LogHealth::Space::stopped);
}

TEST_CASE("a log opened to be read takes no purge, and says where its folder is in use" *
          doctest::skip(!tests::calls_can_fail)) {
  EmbeddedFixture fixture(1);
  CHECK(*embedded_log_in_use(fixture.dir()));
  CHECK_FALSE(*embedded_log_in_use(fixture.dir() / "elsewhere"));
  REQUIRE(append_one(fixture, 0, numbered(0, 0)));
  fixture.close();
  CHECK_FALSE(*embedded_log_in_use(fixture.dir()));
  const auto log = open_embedded_log(fixture.dir(), {.read_only = true});
  REQUIRE(log);
  CHECK((*log)->purge().error().rule == "log.opened_read_only");
  CHECK((*log)->reopen(0).error().rule == "log.opened_read_only");
  int failed = fail_each_call(
      EIO, [](int) { return 0; }, [&](int) { return embedded_log_in_use(fixture.dir()); },
      [](int, const Result<bool>& used, const std::string& call) {
        CHECK((used ? !*used : used.error().rule == "log.io" && !call.empty()));
      });
  CHECK(failed >= 2);
}

TEST_CASE(
    "whichever call to the system fails, a read gives what was written or says why not, and so does the "
    "next" *
    doctest::skip(!tests::calls_can_fail)) {
  EmbeddedFixture fixture(1);
  // More than one block, so that not all of it was read by the opening.
  const std::string block(20'000, 'x');
  for (Offset offset = 0; offset < 10; ++offset)
    REQUIRE(append_one(
        fixture, 0,
        record_of(text_of(0, offset) + block, {row_of(VaultFamily::capsules, text_of(0, offset), block)})));
  fixture.reopen();  // into a table
  fixture.close();
  int told = 0;
  for (const std::size_t limit : {std::size_t{1}, std::size_t{10}, std::size_t{100'000}})
    fail_each_call(
        EIO,
        [&](int) {
          auto log = open_embedded_log(fixture.dir(), {.read_only = true});
          REQUIRE(log);
          return std::shared_ptr<EmbeddedLog>(std::move(*log));
        },
        [&](const auto& log) {
          std::size_t seen = 0;
          auto next = log->read(0, 0, limit, [&](const StoredRecord& record) {
            CHECK(as_text(record.bytes) == text_of(0, seen++) + block);
            return true;
          });
          if (next) CHECK(*next == std::min<std::size_t>(limit, 10));
          const auto row = log->vault().get(VaultFamily::capsules, as_bytes(text_of(0, 3)));
          if (row) CHECK((*row && as_text(**row) == block));
          std::size_t rows = 0;
          const auto scanned =
              log->vault().scan(VaultFamily::capsules, [&](ByteView, ByteView) { return ++rows > 0; });
          if (scanned) CHECK(rows == 10);
          return std::tuple(next ? "" : next.error().rule, row ? "" : row.error().rule,
                            scanned ? "" : scanned.error().rule);
        },
        [&](const auto&, const auto& rules, const std::string& call) {
          CAPTURE(call);
          for (const std::string_view rule : {std::get<0>(rules), std::get<1>(rules), std::get<2>(rules)}) {
            told += rule.empty() ? 0 : 1;
            CHECK((rule.empty() || (!call.empty() && (rule == "log.io" || rule == "log.corrupt"))));
          }
        });
  CHECK(told > 5);
}

TEST_CASE(
    "whichever call to the system fails while a database is opened anew, it is tried again and nothing is "
    "lost" *
    doctest::skip(!tests::calls_can_fail)) {
  const int failed = fail_each_call(
      EIO,
      [](int) {
        auto fixture =
            std::make_unique<EmbeddedFixture>(1, EmbeddedLogOptions{.fail_stop = [](const Error&) {}});
        REQUIRE(append_one(*fixture, 0, numbered(0, 0)));
        const FailingCall failing("write", 1, ENOSPC);
        CHECK(append_one(*fixture, 0, numbered(0, 1)).error().rule == "log.no_space");
        return fixture;
      },
      [](const auto& fixture) { return fixture->log().reopen(0); },
      [](const auto& fixture, const Result<void>& reopened, const std::string& call) {
        CAPTURE(call);
        CHECK((reopened || (reopened.error().rule.starts_with("log.") && !call.empty())));
        check_whole(*fixture, 0);
        REQUIRE(fixture->log().reopen(0));
        const Offset end = fixture->log().end(0);
        CHECK(*append_one(*fixture, 0, numbered(0, end)) == end);
      },
      3);
  CHECK(failed > 20);
}

TEST_CASE("a mark that cannot be written or synced: without space the log is low on it, else it stops" *
          doctest::skip(!tests::calls_can_fail)) {
  for (const int error : {ENOSPC, EIO}) {
    int stops = 0;
    EmbeddedFixture fixture(1, {.fail_stop = [&](const Error&) { ++stops; }});
    {
      const FailingCall failing("pwrite", 1, error);
      // The record is durable, whatever becomes of its mark; a log that stopped answers nobody.
      CHECK(append_one(fixture, 0, numbered(0, 0)).has_value() ==
            (error == ENOSPC));  // with a row, whose mark comes second
      CHECK(failing.came() == "pwrite");
    }
    CHECK(stops == (error == EIO ? 1 : 0));
    CHECK(fixture.embedded().health().space ==
          (error == EIO ? LogHealth::Space::stopped : LogHealth::Space::low));
    CHECK_FALSE(append_one(fixture, 0, numbered(0, 1)));
    fixture.close();
    fixture.open();
    CHECK(fixture.log().end(0) == 1);
  }
  int stops = 0;
  EmbeddedFixture fixture(1, {.fail_stop = [&](const Error&) { ++stops; }});
  REQUIRE(append_one(fixture, 0, numbered(0, 0)));
  {
    const FailingCall failing("fdatasync", 1, EIO);
    for (int tries = 0; failing.came().empty() && tries < 1000; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(failing.came() == "fdatasync");
  }
  for (int tries = 0; fixture.embedded().health().space != LogHealth::Space::stopped && tries < 1000; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(stops == 1);
  CHECK_FALSE(append_one(fixture, 0, numbered(0, 1)));
}

TEST_CASE("what is kept of the newest records is read in parts") {
  EmbeddedFixture fixture(1);
  for (Offset offset = 0; offset < 5; ++offset) REQUIRE(append_one(fixture, 0, numbered(0, offset)));
  for (const std::size_t limit : {1U, 2U, 5U, 9U}) CHECK(read_all(fixture.log(), 0, 0, limit).size() == 5);
  CHECK(read_all(fixture.log(), 0, 3, 1).size() == 2);
}

TEST_CASE("where free space cannot be told, the write itself tells" * doctest::skip(!tests::calls_can_fail)) {
  EmbeddedFixture fixture(1);
  const FailingCall failing("statvfs", 1, EIO);
  CHECK(fixture.embedded().health().free_bytes == UINT64_MAX);
}

TEST_CASE("appends that wait when the log is closed are all written, however many groups they make") {
  constexpr std::size_t many = 40;
  Reports reports;
  EmbeddedFixture fixture(1);
  const std::string block(1 << 20, 'x');
  for (std::size_t i = 0; i < many; ++i) {
    std::vector<Record> records;
    records.push_back(record_of(std::to_string(i) + block));
    fixture.log().append(0, std::move(records), reports.done());
  }
  fixture.close();
  const auto all = reports.wait_for(many);
  for (std::size_t i = 0; i < many; ++i) CHECK(*all[i].offset == i);
  fixture.open();
  CHECK(fixture.log().end(0) == many);
}

TEST_CASE("a database that fell back, is damaged, or is still read while it is opened anew is not written") {
  for (const std::string of : {"record", "row", "table", "reader"}) {
    CAPTURE(of);
    FaultyFiles files;
    EmbeddedFixture fixture(1, {.recent_bytes = 0, .fail_stop = [](const Error&) {}, .env = files.env()});
    REQUIRE(append_one(fixture, 0, record_of("in a table")));
    fixture.reopen();
    if (of == "row")
      REQUIRE(fixture.vault().write({row_of(VaultFamily::rows, "k", "v")}, {}));
    else
      REQUIRE(append_one(fixture, 0, record_of("in the write-ahead log")));
    files.set_full(true);
    CHECK_FALSE(append_one(fixture, 0, record_of("refused")));
    const auto harm = [&](std::string_view extension) {
      for (const auto& entry : std::filesystem::directory_iterator(fixture.dir() / "log"))
        if (entry.path().extension() == extension) std::filesystem::resize_file(entry.path(), 0);
    };
    // Read from now on; else what is in memory would come to a table as soon as there is space.
    if (of != "reader") CHECK_FALSE(fixture.log().reopen(0));
    if (of == "record" || of == "row") harm(".log");
    if (of == "table") harm(".sst");
    files.set_full(false);
    if (of == "reader") {
      Result<void> reopened;
      REQUIRE(fixture.log().read(0, 0, 10, [&](const StoredRecord&) {
        reopened = fixture.log().reopen(0);
        return false;
      }));
      REQUIRE_FALSE(reopened);
      CHECK(reopened.error().detail.starts_with("readers still use"));
      CHECK(fixture.log().reopen(0));
      continue;
    }
    const auto reopened = fixture.log().reopen(0);
    REQUIRE_FALSE(reopened);
    CHECK(reopened.error().code == (of == "table" ? Errc::corrupt : Errc::loss));
    CHECK(reopened.error().detail.find(of == "row"      ? "the vault fell back"
                                       : of == "record" ? "partition 0 fell back"
                                                        : "opening the log") != std::string::npos);
  }
}

}  // namespace parlance::tests
