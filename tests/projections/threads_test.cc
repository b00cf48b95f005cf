#include <algorithm>
#include <atomic>
#include <thread>

#include "adapters/memory/memory_rows.h"
#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;

TEST_CASE("queries, waits and a rebuild go on while another thread applies, and change nothing") {
  Served alone(91, 3);
  alone.shop.act(900);
  alone.apply_all();

  Shop shop(91, 3);
  shop.act(900);
  MemoryRows rows;
  const auto views =
      must(Views::open(shop.log.log(), rows, {.dirty_bytes_max = 20'000, .cache_bytes_max = 1}));
  std::atomic<int> told = 0;
  std::atomic<bool> done = false;
  std::atomic<std::size_t> faults = 0;
  const auto count = [&](const auto& result) { faults += result.has_value() ? 0U : 1U; };
  std::thread waiting([&] {
    for (Offset offset = 0; offset < shop.log.log().end(0); ++offset) {
      const auto wait = views->when_applied({1, 0, offset}, [&] { ++told; });
      if (offset % 2 == 0) views->forget(wait);
    }
  });
  std::size_t fallen = 0;
  std::thread reading([&] {
    for (std::uint64_t most = 0; !done;) {
      std::uint64_t created = 0;
      const auto days = views->daily(workspace, monday, monday + 86'400'000, DailyBy::channel);
      count(days);
      if (days)
        for (const DailyFigures& day : *days) created += day.created;
      fallen += created < most ? 1U : 0U;
      most = std::max(most, created);
      count(views->list({.workspace = workspace}));
      count(views->queues(workspace, monday));
      count(views->workload(workspace, agents[0]));
      count(views->ticket(workspace, shop.conversations.front().id));
      (void)views->status();
    }
  });
  std::thread rebuilding([&] {
    count(views->rebuild("ticket"));
    count(views->verify("facts"));
  });
  while (must(views->apply_available(shop.now, 9)) != 0) {
  }
  waiting.join();
  rebuilding.join();
  done = true;
  reading.join();

  CHECK(faults == 0);
  CHECK(fallen == 0);
  CHECK(told >= static_cast<int>(shop.log.log().end(0) / 2));
  const auto hashes = alone.hashes();
  for (const ViewStatus& status : views->status()) {
    CHECK(status.lag == 0);
    CHECK(status.hash == hashes.at({status.view, status.partition}));
  }
}
