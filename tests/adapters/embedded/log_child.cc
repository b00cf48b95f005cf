// The process that tests kill, refuse and let fail.
//
//   log_child append DIR       appends to both partitions of the log in DIR for ever; each acknowledged record is a line "P OFFSET"
//   log_child hold DIR         opens the log, says "open", and keeps it until its input ends
//   log_child fail-sync DIR N  appends with a disk whose Nth sync fails, likewise
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <unistd.h>

#include "adapters/embedded/embedded_log.h"
#include "tests/support/faulty_files.h"

namespace {

using namespace parlance;

Bytes bytes_of(const std::string& text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

/// Four appends in flight in each partition; each acknowledgement is told with one write and followed by another append.
class Appender {
 public:
  explicit Appender(EventLog& log) : log_(log) {}
  [[noreturn]] void run() {
    for (PartitionId p = 0; p < log_.partitions(); ++p) {
      next_[p] = log_.end(p);
      append(p, 4);
    }
    std::promise<void>().get_future().wait();
    std::abort();
  }

 private:
  /// After the first call for `p`, only the log's callbacks call it, one at a time.
  void append(PartitionId p, int count) {
    std::vector<Record> records;
    for (int i = 0; i < count; ++i) {
      const std::string text = std::to_string(p) + " " + std::to_string(next_[p]++);
      records.push_back({.bytes = bytes_of(text),
                         .rows = {{VaultFamily::capsules, bytes_of(text), bytes_of("sealed " + text)}}});
    }
    log_.append(p, std::move(records), [this, p](std::size_t, const Result<Offset>& offset) {
      if (!offset) return;
      const std::string line = std::to_string(p) + " " + std::to_string(*offset) + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
      append(p, 1);
    });
  }

  EventLog& log_;
  Offset next_[2] = {0, 0};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string what = argv[1];
  tests::FaultyFiles files;
  EmbeddedLogOptions options;
  if (what == "fail-sync") options.env = files.env();
  auto log = open_embedded_log(argv[2], options);
  if (!log) {
    std::cout << log.error().rule << std::endl;
    return 3;
  }
  if (what == "hold") {
    std::cout << "open" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
    }
    return 0;
  }
  if (what == "fail-sync") files.fail_sync(std::atoi(argv[3]));
  Appender(**log).run();
}
