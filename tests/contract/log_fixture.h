#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "engine/base/hash.h"
#include "engine/ports/event_log.h"
#include "engine/ports/vault.h"
#include "tests/support/print.h"

/// What the contracts of EventLog and Vault ask of an adapter under test, and the few words they are written in.
namespace parlance::tests {

class LogFixture {
 public:
  virtual ~LogFixture() = default;
  virtual EventLog& log() = 0;
  virtual Vault& vault() = 0;
  /// Closes the log and opens what it stored.
  virtual void reopen() = 0;
  /// Lets a log that is stepped deliver what waits; one with threads of its own needs nothing.
  virtual void settle() {}
};
/// A new, empty log of so many partitions.
using MakeLog = std::function<std::unique_ptr<LogFixture>(PartitionId partitions)>;

/// Collects what append() reports.
class Reports {
 public:
  [[nodiscard]] AppendDone done() {
    return [this](std::size_t index, Result<Offset> offset) {
      const std::lock_guard lock(mutex_);
      reports_.push_back({index, std::move(offset)});
      changed_.notify_all();
    };
  }
  struct Report {
    std::size_t index;
    Result<Offset> offset;
  };
  /// The first `count`, once there are so many.
  [[nodiscard]] std::vector<Report> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reports_.size() >= count; });
    return reports_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Report> reports_;
};

[[nodiscard]] inline Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}
[[nodiscard]] inline Record record_of(std::string_view text, std::vector<VaultRow> rows = {}) {
  return {.bytes = bytes_of(text), .rows = std::move(rows), .chain = sha256(as_bytes(text))};
}
[[nodiscard]] inline VaultRow row_of(VaultFamily family, std::string_view key, std::string_view value) {
  return {family, bytes_of(key), bytes_of(value)};
}

/// Appends and waits until all is reported.
inline std::vector<Result<Offset>> append_all(LogFixture& fixture, PartitionId partition,
                                              std::vector<Record> records) {
  Reports reports;
  const std::size_t count = records.size();
  fixture.log().append(partition, std::move(records), reports.done());
  fixture.settle();
  std::vector<Result<Offset>> offsets;
  for (auto& report : reports.wait_for(count)) {
    CHECK(report.index == offsets.size());
    offsets.push_back(std::move(report.offset));
  }
  return offsets;
}
inline Result<Offset> append_one(LogFixture& fixture, PartitionId partition, Record record) {
  std::vector<Record> records;
  records.push_back(std::move(record));
  return append_all(fixture, partition, std::move(records)).front();
}

/// All records from `from` on as text, read in steps of `limit`.
[[nodiscard]] inline std::vector<std::string> read_all(const EventLog& log, PartitionId partition,
                                                       Offset from = 0, std::size_t limit = 1000) {
  std::vector<std::string> found;
  while (true) {
    Offset expected = from;
    const auto next = log.read(partition, from, limit, [&](const StoredRecord& record) {
      CHECK(record.offset == expected++);
      found.emplace_back(as_text(record.bytes));
      return true;
    });
    REQUIRE(next);
    CHECK(*next == expected);
    if (*next == from) return found;
    from = *next;
  }
}

[[nodiscard]] inline std::optional<std::string> vault_text(const Vault& vault, VaultFamily family,
                                                           std::string_view key) {
  const auto value = vault.get(family, as_bytes(key));
  REQUIRE(value);
  if (!*value) return std::nullopt;
  return std::string(as_text(**value));
}

}  // namespace parlance::tests
