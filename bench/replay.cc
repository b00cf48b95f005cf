// What does it cost to build all views again from the log?
//
// Workload: a log of 16 partitions in the embedded log on disk, 1,000,000 events (or as many as the first argument says) in envelopes of
// realistic sizes with their sealed digests, 20,000 conversations going on at any time (synthetic_log.h). First the log is
// read, folded and decoded and nothing else: no replay can cost less. Then the same and all views applied, with their rows in RocksDB,
// its flushes and compactions counted. Processor time is that of the whole process, so background threads are in it.
//
//   replay [EVENTS [views|baseline|log DIR]]
//
// The second and third argument are for profiling: make only the log, in DIR, or do only one of the two over such a log.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <sys/resource.h>

#include "adapters/embedded/embedded_log.h"
#include "adapters/rocksdb/rocks_rows.h"
#include "bench/synthetic_log.h"
#include "projections/views.h"
#include "tests/support/temp_dir.h"

using namespace parlance;
using namespace parlance::bench;

namespace {

struct Spent {
  double cpu_s = 0, wall_s = 0;
};
template <class Work> Spent measure(const Work& work) {
  const auto cpu_s = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  };
  const auto wall = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  const double cpu_before = cpu_s(), wall_before = wall();
  work();
  return {cpu_s() - cpu_before, wall() - wall_before};
}
void answer(const char* what, const Spent& spent, std::uint64_t events) {
  const double millions = static_cast<double>(events) / 1e6;
  std::printf("%-46s %6.2f CPU s per million events   %6.2f s on the clock\n", what, spent.cpu_s / millions,
              spent.wall_s / millions);
  std::fflush(stdout);
}

Written make_log(const std::filesystem::path& dir, std::uint64_t events) {
  must(create_embedded_log(dir, LogId::from({9, 9}), 1, 16));
  const auto log = must(open_embedded_log(dir));
  std::mutex mutex;
  std::condition_variable durable;
  std::uint64_t done = 0;
  // At most some thousands wait in the log; at the end, none.
  const auto settle = [&](std::uint64_t appended) {
    std::unique_lock lock(mutex);
    durable.wait(lock, [&] { return done + 20'000 > appended; });
  };
  const Written written = write_traffic(*log, events, 20'000, settle, [&] {
    const std::lock_guard lock(mutex);
    ++done;
    durable.notify_one();
  });
  std::unique_lock lock(mutex);
  durable.wait(lock, [&] { return done == written.records; });
  return written;
}

std::uint64_t read_fold_decode(const EventLog& log) {
  std::uint64_t events = 0;
  for (PartitionId p = 0; p < log.partitions(); ++p) {
    LogState state = initial_log_state(log.id(), p);
    PassedStates passed(state);
    while (state.next < log.end(p)) {
      must(log.read(p, state.next, 10'000, [&](const StoredRecord& record) {
        const Folded folded = must(fold(state, passed, record.offset, record.bytes));
        if (folded.verdict == Verdict::accepted_envelope)
          events += must(decode_envelope(folded.record.body)).events.size();
        return true;
      }));
    }
  }
  return events;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::string_view only = argc > 2 ? argv[2] : "";
  const tests::TempDir own;
  const std::filesystem::path dir = argc > 3 ? std::filesystem::path(argv[3]) : own.path();
  std::uint64_t events = wanted;
  if (only.empty() || only == "log") {
    const Written written = make_log(dir / "log", wanted);
    events = written.events;
    std::printf("%llu events in %llu records of %llu bytes on average\n",
                static_cast<unsigned long long>(events), static_cast<unsigned long long>(written.records),
                static_cast<unsigned long long>(written.bytes / written.records));
  }
  if (only == "log") return 0;
  const auto log = must(open_embedded_log(dir / "log", {.read_only = true}));
  if (only.empty() || only == "baseline")
    answer("read, fold and decode", measure([&] { (void)read_fold_decode(*log); }), events);
  if (only == "baseline") return 0;
  const auto rows_dir = own.path() / "rows";
  const auto views_spent = measure([&] {
    const auto rows = must(open_rocks_rows(rows_dir, rows_of_views));
    const auto views = must(Views::open(*log, *rows));
    // The views know no clock but this one: rows go down by bytes and by records.
    while (must(views->apply_available(Instant{0}, 10'000)) != 0) {
    }
    must(views->flush());
    for (const ViewStatus& s : views->status())
      if (s.lag != 0 || s.health != Health::ok)
        stop(s.error.value_or(corrupt("bench.views", s.view + " did not apply everything")));
  });
  answer("the same, and all views with their rows stored", views_spent, events);

  const auto rows = must(open_rocks_rows(rows_dir, rows_of_views));
  answer("opening the views again, orders from rows", measure([&] { (void)must(Views::open(*log, *rows)); }),
         events);
  return 0;
}
