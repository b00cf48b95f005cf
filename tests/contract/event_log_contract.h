#pragma once
#include <atomic>
#include <map>
#include <thread>

#include "tests/contract/log_fixture.h"

/// What every EventLog does. An adapter's test is one TEST_CASE that calls this.
namespace parlance::tests {

inline void event_log_contract(const MakeLog& make) {
  using Texts = std::vector<std::string>;
  const auto numbered = [](std::string_view prefix, std::size_t count) {
    std::vector<Record> records;
    for (std::size_t i = 0; i < count; ++i)
      records.push_back(record_of(std::string(prefix) + std::to_string(i)));
    return records;
  };

  SUBCASE("a new log is empty, and reading it hands out nothing") {
    const auto fixture = make(3);
    CHECK(fixture->log().partitions() == 3);
    for (PartitionId p = 0; p < 3; ++p) {
      CHECK(fixture->log().end(p) == 0);
      CHECK(read_all(fixture->log(), p).empty());
      CHECK_FALSE(fixture->log().sealed_mark(p));
    }
  }

  SUBCASE("offsets are dense from 0 in each partition, in the order appended") {
    const auto fixture = make(2);
    CHECK(*append_one(*fixture, 0, record_of("a")) == 0);
    CHECK(*append_one(*fixture, 1, record_of("x")) == 0);
    CHECK(*append_one(*fixture, 0, record_of("b")) == 1);
    CHECK(fixture->log().end(0) == 2);
    CHECK(fixture->log().end(1) == 1);
    CHECK(read_all(fixture->log(), 0) == Texts{"a", "b"});
    CHECK(read_all(fixture->log(), 1) == Texts{"x"});
  }

  SUBCASE("each record of a call is reported once, in order, and readable when it is reported") {
    const auto fixture = make(1);
    std::vector<Offset> reported;
    Reports finished;
    const AppendDone done = finished.done();
    fixture->log().append(0, numbered("r", 100), [&](std::size_t index, Result<Offset> offset) {
      REQUIRE(offset);
      CHECK(index == reported.size());
      CHECK(fixture->log().end(0) > *offset);
      reported.push_back(*offset);
      done(index, offset);
    });
    fixture->settle();
    (void)finished.wait_for(100);
    for (std::size_t i = 0; i < 100; ++i) CHECK(reported[i] == i);
  }

  SUBCASE("appends that wait together keep their order, also across calls and partitions") {
    const auto fixture = make(3);
    Reports reports[3];
    for (int round = 0; round < 50; ++round) {
      for (PartitionId p = 0; p < 3; ++p) {
        fixture->log().append(p, numbered(std::to_string(round) + ".", 2), reports[p].done());
      }
    }
    fixture->settle();
    for (PartitionId p = 0; p < 3; ++p) {
      Offset next = 0;
      for (const auto& report : reports[p].wait_for(100)) CHECK(*report.offset == next++);
      Texts expected;
      for (int round = 0; round < 50; ++round) {
        for (const char* i : {".0", ".1"}) expected.push_back(std::to_string(round) + i);
      }
      CHECK(read_all(fixture->log(), p) == expected);
    }
  }

  SUBCASE("an append of no records reports nothing and moves nothing") {
    const auto fixture = make(1);
    fixture->log().append(0, {}, [](std::size_t, Result<Offset>) { FAIL("nothing was appended"); });
    fixture->settle();
    CHECK(*append_one(*fixture, 0, record_of("first")) == 0);
  }

  SUBCASE("a read begins at any offset, hands out no more than asked for, and says where to go on") {
    const auto fixture = make(1);
    append_all(*fixture, 0, numbered("r", 20));
    const auto read = [&](Offset from, std::size_t limit) {
      Texts found;
      const auto next = fixture->log().read(0, from, limit, [&](const StoredRecord& record) {
        found.emplace_back(as_text(record.bytes));
        return true;
      });
      REQUIRE(next);
      return std::pair(*next, found);
    };
    CHECK(read(0, 3) == std::pair<Offset, Texts>(3, {"r0", "r1", "r2"}));
    CHECK(read(18, 100) == std::pair<Offset, Texts>(20, {"r18", "r19"}));
    CHECK(read(7, 1) == std::pair<Offset, Texts>(8, {"r7"}));
    CHECK(read(7, 0) == std::pair<Offset, Texts>(7, {}));
    CHECK(read(20, 5) == std::pair<Offset, Texts>(20, {}));
    CHECK(read(99, 5) == std::pair<Offset, Texts>(99, {}));
    CHECK(read_all(fixture->log(), 0, 0, 7).size() == 20);
  }

  SUBCASE("a sink that has enough stops the read after that record") {
    const auto fixture = make(1);
    append_all(*fixture, 0, numbered("r", 5));
    std::size_t seen = 0;
    const auto next = fixture->log().read(0, 1, 100, [&](const StoredRecord&) { return ++seen < 2; });
    CHECK(*next == 3);
    CHECK(seen == 2);
  }

  SUBCASE("a sink may read the log and the vault") {
    const auto fixture = make(1);
    append_one(*fixture, 0, record_of("outer", {row_of(VaultFamily::capsules, "c", "sealed")}));
    const auto next = fixture->log().read(0, 0, 1, [&](const StoredRecord&) {
      CHECK(read_all(fixture->log(), 0) == Texts{"outer"});
      CHECK(vault_text(fixture->vault(), VaultFamily::capsules, "c") == "sealed");
      return true;
    });
    CHECK(*next == 1);
  }

  SUBCASE("records are any bytes: empty ones, zeros, and large ones") {
    const auto fixture = make(1);
    const std::string large(3 * 1024 * 1024, 'x');
    const std::string zeros(100, '\0');
    std::vector<Record> records;
    for (const std::string& text : {std::string(), zeros, large, std::string("end")})
      records.push_back(record_of(text));
    append_all(*fixture, 0, std::move(records));
    CHECK(read_all(fixture->log(), 0) == Texts{"", zeros, large, "end"});
    fixture->reopen();
    CHECK(read_all(fixture->log(), 0) == Texts{"", zeros, large, "end"});
  }

  SUBCASE("what was reported is there after a reopening, and offsets go on") {
    const auto fixture = make(2);
    append_all(*fixture, 0, numbered("r", 300));
    append_one(*fixture, 1, record_of("x", {row_of(VaultFamily::rows, "k", "v")}));
    const LogId id = fixture->log().id();
    fixture->reopen();
    CHECK(fixture->log().id() == id);
    CHECK(fixture->log().partitions() == 2);
    CHECK(fixture->log().end(0) == 300);
    CHECK(fixture->log().end(1) == 1);
    CHECK(read_all(fixture->log(), 0, 298) == Texts{"r298", "r299"});
    CHECK(vault_text(fixture->vault(), VaultFamily::rows, "k") == "v");
    CHECK(*append_one(*fixture, 0, record_of("next")) == 300);
    CHECK(read_all(fixture->log(), 0, 299) == Texts{"r299", "next"});
  }

  SUBCASE("the listener hears of every partition that rises, after its end did") {
    std::atomic<Offset> heard[2] = {0, 0};
    std::mutex mutex;
    std::condition_variable changed;
    const auto fixture = make(2);  // after what its listener uses
    fixture->log().on_advance([&](PartitionId p) {
      const std::lock_guard lock(mutex);
      heard[p] = fixture->log().end(p);
      changed.notify_all();
    });
    append_all(*fixture, 0, numbered("r", 3));
    append_all(*fixture, 1, numbered("r", 1));
    fixture->settle();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return heard[0] == 3 && heard[1] == 1; });
    CHECK(heard[0] == 3);
  }

  SUBCASE("the vault's rows of a record are there when it is reported") {
    const auto fixture = make(1);
    append_one(
        *fixture, 0,
        record_of("r", {row_of(VaultFamily::capsules, "c1", "one"),
                        row_of(VaultFamily::capsules, "c2", "two"), row_of(VaultFamily::rows, "c1", "key")}));
    CHECK(vault_text(fixture->vault(), VaultFamily::capsules, "c1") == "one");
    CHECK(vault_text(fixture->vault(), VaultFamily::capsules, "c2") == "two");
    CHECK(vault_text(fixture->vault(), VaultFamily::rows, "c1") == "key");
  }

  SUBCASE("a partition that is reopened without trouble goes on") {
    const auto fixture = make(1);
    append_one(*fixture, 0, record_of("a"));
    CHECK(fixture->log().reopen(0));
    CHECK(*append_one(*fixture, 0, record_of("b")) == 1);
    CHECK(read_all(fixture->log(), 0) == Texts{"a", "b"});
  }
}

/// For logs with threads of their own: owners append and readers follow at the same time.
inline void event_log_threads_contract(const MakeLog& make) {
  constexpr PartitionId partitions = 4;
  constexpr std::size_t records_each = 500;
  std::mutex mutex;
  std::condition_variable risen;
  const auto fixture = make(partitions);  // after what its listener uses
  fixture->log().on_advance([&](PartitionId) {
    const std::lock_guard lock(mutex);
    risen.notify_all();
  });
  std::vector<std::thread> threads;
  std::atomic<bool> end_fell = false;
  std::atomic<bool> wrong = false;
  for (PartitionId p = 0; p < partitions; ++p) {
    threads.emplace_back([&, p] {
      Reports reports;
      for (std::size_t i = 0; i < records_each; ++i) {
        std::vector<Record> records;
        records.push_back(record_of(std::to_string(p) + "/" + std::to_string(i)));
        fixture->log().append(p, std::move(records), reports.done());
      }
      Offset expected = 0;
      for (const auto& report : reports.wait_for(records_each))
        wrong = wrong || !report.offset || *report.offset != expected++;
    });
    threads.emplace_back([&, p] {
      Offset next = 0;
      Offset last_end = 0;
      while (next < records_each) {
        const Offset end = fixture->log().end(p);
        end_fell = end_fell || end < last_end;
        last_end = end;
        const auto read = fixture->log().read(p, next, 64, [&](const StoredRecord& record) {
          const std::string expected = std::to_string(p) + "/" + std::to_string(record.offset);
          wrong = wrong || as_text(record.bytes) != expected;
          return true;
        });
        wrong = wrong || !read;
        if (wrong) return;
        next = *read;
        std::unique_lock lock(mutex);
        risen.wait(lock, [&] { return next == records_each || fixture->log().end(p) > next; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(end_fell);
  CHECK_FALSE(wrong);
}

}  // namespace parlance::tests
