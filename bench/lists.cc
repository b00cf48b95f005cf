// How long does a list take where very much is open?
//
// Workload: 150,000 conversations in 16 partitions, most of them open (synthetic_log.h), log and rows in memory, all rows in the
// views' own memory. Each answer is the processor time of this thread for one call, the mean and the worst of 500 calls, with another
// page, queue or agent each time.
#include <algorithm>
#include <time.h>

#include "adapters/memory/memory_log.h"
#include "adapters/memory/memory_rows.h"
#include "bench/synthetic_log.h"
#include "projections/views.h"

using namespace parlance;
using namespace parlance::bench;

namespace {

double cpu_us() {
  timespec at{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

template <class Call> void answer(const char* what, const Call& call) {
  constexpr int calls = 500;
  double all = 0, worst = 0;
  for (int i = 0; i < calls; ++i) {
    const double before = cpu_us();
    call(i);
    const double spent = cpu_us() - before;
    all += spent;
    worst = std::max(worst, spent);
  }
  std::printf("%-52s %8.0f us, at worst %8.0f us\n", what, all / calls, worst);
}

}  // namespace

int main() {
  MemoryLog log(
      std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({9, 9}), .partitions = 16}));
  write_traffic(
      log, 400'000, 150'000, [](std::uint64_t) {}, [] {});
  MemoryRows rows;
  const auto views = must(Views::open(log, rows, {}));
  while (must(views->apply_available(Instant{0}, 10'000)) != 0) {
  }
  std::uint64_t open = 0;
  for (const QueueStats& q : must(views->queues(workspace, start))) open += q.open;
  std::printf("%llu conversations new or open\n", static_cast<unsigned long long>(open));

  std::optional<ListCursor> after;
  const auto page = [&](ListQuery query) {
    query.workspace = workspace;
    query.after = after;
    after = must(views->list(query)).next;
  };
  answer("50 in working order, page after page", [&](int) { page({}); });
  after.reset();
  answer("50 in working order of one queue", [&](int i) {
    page({.queue = queue_number(static_cast<std::uint32_t>(i % 20))});
    after.reset();
  });
  answer("50 in working order of one agent", [&](int i) {
    page({.assignee = agent_number(static_cast<std::uint32_t>(i % 200))});
    after.reset();
  });
  answer("50 in working order that nobody holds, of a channel", [&](int i) {
    page({.assignee = AgentId{}, .channel = static_cast<Channel>(1 + i % 6)});
    after.reset();
  });
  answer("50 by last change, page after page", [&](int) { page({.sort = Sort::updated}); });
  after.reset();
  answer("the newest, by a filter that nothing passes",
         [&](int) { page({.channel = Channel::api, .sort = Sort::newest}); });
  const auto filter = [](const char* text) {
    const auto read = parse_filter(text);
    return std::make_shared<const Filter>(std::get<Filter>(resolve_filter(std::get<FilterText>(read), {})));
  };
  const auto filtered = [&](const char* what, const char* text) {
    const auto asked = filter(text);
    answer(what, [&](int) {
      page({.filter = asked, .now = start + 1'000'000});
      after.reset();
    });
  };
  filtered("50 by state, channel and language", "state:open channel:email,chat -lang:de");
  filtered("50 by what only tickets tell", "messages:>1 created:>2020-01-01");
  filtered("50 whose answer is late", "is:late");
  answer("how many of a state and a channel", [&, asked = filter("state:open channel:email")](int) {
    (void)must(views->count({.workspace = workspace, .filter = asked, .now = start}));
  });
  answer("all queues with their counts",
         [&](int) { (void)must(views->queues(workspace, start + 1'000'000)); });
  return 0;
}
