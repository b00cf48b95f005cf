#include "tools/parlance/log_reader.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "tools/parlance/folder.h"

namespace parlance::tools {
namespace {

constexpr std::size_t read_records = 2'000;
constexpr auto pause_first = std::chrono::milliseconds(20);

/// What files that went away look like.
bool may_pass(const Error& error) { return error.code == Errc::unavailable || error.code == Errc::corrupt; }

/// 20, 40, 80 ms: a server swaps its files much faster.
void pause(int opening) { std::this_thread::sleep_for(pause_first * (1 << opening)); }

}  // namespace

Result<LogReader> LogReader::open(const std::filesystem::path& dir) {
  return open([dir] { return open_log_to_read(dir); });
}

Result<LogReader> LogReader::open(Opening opening) {
  LogReader reader(std::move(opening));
  if (auto opened = reader.open_anew(); !opened) return opened.error();
  for (PartitionId p = 0; p < reader.log_->partitions(); ++p)
    reader.marks_.push_back(reader.log_->sealed_mark(p));
  return reader;
}

Result<void> LogReader::open_anew() {
  for (int opening = 0;; ++opening) {
    auto log = opening_();
    if (log) {
      log_ = std::move(*log);
      return {};
    }
    if (!may_pass(log.error()) || opening + 1 == openings_max) return log.error();
    pause(opening);
  }
}

Result<Offset> LogReader::read(PartitionId partition, Offset from, Offset until, const RecordSink& sink) {
  Offset next = from;
  bool stopped = false;
  int failed = 0;
  const auto take = [&](const StoredRecord& record) {
    next = record.offset + 1;
    failed = 0;
    stopped = !sink(record);
    return !stopped;
  };
  while (!stopped && next < until) {
    const Offset before = next;
    const auto limit = static_cast<std::size_t>(std::min<Offset>(read_records, until - next));
    const auto read = log_->read(partition, next, limit, take);
    if (read) {
      if (next == before) break;
      continue;
    }
    if (!may_pass(read.error()) || ++failed == openings_max) return read.error();
    pause(failed);
    if (auto opened = open_anew(); !opened) return opened.error();
  }
  return next;
}

Result<std::optional<Bytes>> LogReader::get(VaultFamily family, ByteView key) {
  for (int failed = 1;; ++failed) {
    auto value = log_->vault().get(family, key);
    if (value || !may_pass(value.error()) || failed == openings_max) return value;
    pause(failed);
    if (auto opened = open_anew(); !opened) return opened.error();
  }
}

}  // namespace parlance::tools
