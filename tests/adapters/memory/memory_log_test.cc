#include "adapters/memory/memory_log.h"

#include "tests/contract/event_log_contract.h"
#include "tests/contract/vault_contract.h"

namespace parlance::tests {
namespace {

using Texts = std::vector<std::string>;

MemoryLogOptions options_of(PartitionId partitions) {
  return {.id = LogId{{3, 4}}, .partitions = partitions};
}

class MemoryFixture final : public LogFixture {
 public:
  MemoryFixture(PartitionId partitions, bool hold)
      : storage_(std::make_shared<MemoryLogStorage>(options_of(partitions))), vault_(storage_) {
    storage_->hold_appends(hold);
    reopen();
  }
  EventLog& log() override { return *log_; }
  Vault& vault() override { return vault_; }
  void reopen() override { log_ = std::make_unique<MemoryLog>(storage_); }
  void settle() override { storage_->deliver_all(); }

 private:
  std::shared_ptr<MemoryLogStorage> storage_;
  MemoryVault vault_;
  std::unique_ptr<MemoryLog> log_;
};

MakeLog holding(bool hold) {
  return [hold](PartitionId partitions) { return std::make_unique<MemoryFixture>(partitions, hold); };
}

/// Two processes on one partition whose appends wait.
struct Held {
  std::shared_ptr<MemoryLogStorage> storage = std::make_shared<MemoryLogStorage>(options_of(1));
  MemoryLog one{storage}, two{storage};
  Texts reports;  ///< "index: offset" or "index: rule"

  Held() { storage->hold_appends(true); }
  /// One append; the flights it made.
  std::vector<MemoryLogStorage::FlightId> send(MemoryLog& from, const Texts& texts) {
    std::vector<Record> records;
    for (const auto& text : texts)
      records.push_back(record_of(text, {row_of(VaultFamily::rows, text, "row")}));
    from.append(0, std::move(records), [this](std::size_t index, const Result<Offset>& offset) {
      reports.push_back(std::to_string(index) + ": " +
                        (offset ? std::to_string(*offset) : std::string(offset.error().rule)));
    });
    std::vector<MemoryLogStorage::FlightId> ids;
    for (const auto& flight : storage->in_flight()) ids.push_back(flight.id);
    if (ids.size() > texts.size())
      ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(texts.size()));
    return ids;
  }
};

}  // namespace

TEST_CASE("the memory log keeps the contract") { event_log_contract(holding(false)); }
TEST_CASE("the memory log keeps the contract when records wait in flight") {
  event_log_contract(holding(true));
}
TEST_CASE("the memory log serves many owners and readers at once") {
  event_log_threads_contract(holding(false));
}
TEST_CASE("the memory vault keeps the contract") { vault_contract(holding(false)); }

TEST_CASE("held records land in any order and are reported apart from it") {
  Held held;
  const auto ids = held.send(held.one, {"a", "b"});
  CHECK(held.one.end(0) == 0);
  CHECK(held.storage->land(ids[1]) == 0);
  CHECK(held.storage->land(ids[0]) == 1);
  CHECK(read_all(held.two, 0) == Texts{"b", "a"});
  CHECK(held.reports.empty());
  held.storage->report(ids[0]);
  held.storage->report(ids[1]);
  CHECK(held.reports == Texts{"0: 1", "1: 0"});
  CHECK(held.storage->in_flight().empty());
}

TEST_CASE("a record may land twice, after it was reported as not known and after its handle was given up") {
  Held held;
  const auto id = held.send(held.one, {"a"}).front();
  held.storage->land(id, true);
  held.storage->report(id, unavailable("log.unavailable"));
  CHECK(held.reports == Texts{"0: log.unavailable"});
  CHECK_FALSE(held.storage->in_flight().front().zombie);
  REQUIRE(held.one.reopen(0));
  CHECK(held.storage->in_flight().front().zombie);
  held.storage->land(id);
  CHECK(read_all(held.one, 0) == Texts{"a", "a"});
  CHECK(held.storage->in_flight().empty());
}

TEST_CASE("the first error ends the handle until it is opened again") {
  Held held;
  const auto id = held.send(held.one, {"a"}).front();
  held.storage->lose(id);
  held.storage->report(id);
  CHECK(held.send(held.one, {"b"}).empty());
  CHECK(held.reports == Texts{"0: log.unavailable", "0: log.unavailable"});
  REQUIRE(held.one.reopen(0));
  held.send(held.one, {"c"});
  held.send(held.two, {"d"});
  CHECK(held.storage->in_flight().size() == 2);
}

TEST_CASE("an error for a record of a handle given up leaves the new one alone") {
  Held held;
  const auto id = held.send(held.one, {"a"}).front();
  REQUIRE(held.one.reopen(0));
  held.storage->report(id, unavailable("log.unavailable"));
  held.send(held.one, {"b"});
  CHECK(held.storage->deliver_all() == 2);
  CHECK(read_all(held.one, 0) == Texts{"a", "b"});
}

TEST_CASE("what a process that is gone had in flight may land and is reported to nobody") {
  Held held;
  {
    MemoryLog gone(held.storage);
    held.send(gone, {"a", "b"});
  }
  CHECK(held.storage->in_flight().front().zombie);
  CHECK(held.storage->deliver_all() == 2);
  CHECK(held.reports.empty());
  CHECK(read_all(held.one, 0) == Texts{"a", "b"});
}

TEST_CASE("without space appends, vault writes and reopening are refused, and reading goes on") {
  Held held;
  held.storage->hold_appends(false);
  MemoryVault vault(held.storage);
  held.send(held.one, {"a"});
  held.storage->refuse_writes(true);
  held.send(held.one, {"b", "c"});
  CHECK(held.reports == Texts{"0: 0", "0: log.read_only", "1: log.read_only"});
  CHECK(held.one.reopen(0).error().code == Errc::read_only);
  CHECK(vault.write({row_of(VaultFamily::rows, "k", "v")}, {}).error().code == Errc::read_only);
  CHECK(read_all(held.one, 0) == Texts{"a"});
  held.storage->refuse_writes(false);
  REQUIRE(held.one.reopen(0));
  held.send(held.one, {"d"});
  CHECK(held.reports.back() == "0: 1");
}

TEST_CASE(
    "what landed without a sync is not read, its rows are not there, and a stop of the machine loses it") {
  Held held;
  held.storage->hold_syncs(true);
  MemoryVault vault(held.storage);
  int advances = 0;
  held.two.on_advance([&advances](PartitionId) { ++advances; });
  const auto ids = held.send(held.one, {"a", "b", "c", "d"});
  held.storage->land(ids[0]);
  held.storage->sync(0);
  CHECK(advances == 1);
  for (std::size_t i = 1; i < 4; ++i) held.storage->land(ids[i]);
  CHECK(read_all(held.one, 0) == Texts{"a"});
  CHECK(vault_text(vault, VaultFamily::rows, "a") == "row");
  CHECK_FALSE(vault_text(vault, VaultFamily::rows, "b"));
  held.storage->lose_unsynced(0, 1);
  CHECK(read_all(held.one, 0) == Texts{"a", "b"});
  CHECK(vault_text(vault, VaultFamily::rows, "b") == "row");
  CHECK_FALSE(vault_text(vault, VaultFamily::rows, "c"));
  CHECK(advances == 1);
  // A report tells what is durable, and of the rest that it is not known.
  for (const auto id : ids) held.storage->report(id);
  CHECK(held.reports == Texts{"0: 0", "1: 1", "2: log.unavailable", "3: log.unavailable"});
}

TEST_CASE("a suffix can be lost and a record changed") {
  Held held;
  held.send(held.one, {"a", "b", "c"});
  held.storage->deliver_all();
  held.storage->truncate(0, 2);
  held.storage->overwrite(0, 0, bytes_of("x"));
  CHECK(read_all(held.two, 0) == Texts{"x", "b"});
  CHECK(held.storage->bytes(0, 1) == bytes_of("b"));
}

TEST_CASE("a mark follows what became durable and is found when the log is opened") {
  auto options = options_of(1);
  options.marks = true;
  const auto storage = std::make_shared<MemoryLogStorage>(options);
  MemoryLog log(storage);
  log.append(0, {record_of("a"), record_of("b")}, [](std::size_t, const Result<Offset>&) {});
  CHECK_FALSE(log.sealed_mark(0));
  CHECK(MemoryLog(storage).sealed_mark(0) == SealedMark{2, sha256(as_bytes("b"))});
  storage->set_mark(0, std::nullopt);
  CHECK_FALSE(MemoryLog(storage).sealed_mark(0));
}

TEST_CASE("reads fail as they are told to") {
  Held held;
  held.storage->fail_reads(corrupt("log.unreadable"));
  CHECK(held.one.read(0, 0, 1, [](const StoredRecord&) { return true; }).error().rule == "log.unreadable");
  MemoryVault vault(held.storage);
  CHECK(vault.get(VaultFamily::rows, {}).error().rule == "log.unreadable");
  CHECK(vault.scan(VaultFamily::rows, [](ByteView, ByteView) { return true; }).error().rule ==
        "log.unreadable");
}

}  // namespace parlance::tests
