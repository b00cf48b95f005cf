#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/adapters/embedded/embedded_fixture.h"
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
  CHECK(fixture.vault().write({}, {row_of(VaultFamily::capsules, "0/0", "")}));
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

}  // namespace parlance::tests
