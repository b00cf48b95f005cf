// The clock is wrong, is set, or is mended, while deadlines run (and while the process is down).
#include <array>
#include <atomic>
#include <thread>

#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

constexpr std::int64_t a_year_ms = 365 * day_ms;

struct Snoozed {
  Snoozed() {
    for (int i = 1; i <= 6; ++i) {
      ids.push_back(desk.open({.from = "guest" + std::to_string(i) + "@example.com"}));
      due.push_back(desk.time.now() + i * hour_ms);
      desk.done(desk.on(ids.back(), conversation::Snooze{due.back(), {}, {}}));
    }
  }
  /// How many have been woken; each once, dated with its own deadline.
  std::size_t woken() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto events = desk.all<conversation::Woken>(ids[i]);
      REQUIRE(events.size() <= 1);
      if (events.empty()) continue;
      CHECK(events.front().at == due[i]);
      ++count;
    }
    return count;
  }
  bool held() {
    desk.engine().tick();
    desk.settle();
    bool any = false;
    for (const OwnerStatus& status : desk.status()) any = any || status.timers_held;
    return any;
  }
  EngineFixture desk;
  std::vector<ConversationId> ids;
  std::vector<Instant> due;
};

}  // namespace

TEST_CASE("a clock that runs up to five minutes fast or slow is believed, and each timer fires once") {
  for (const std::int64_t skew : {5 * minute_ms, -5 * minute_ms}) {
    CAPTURE(skew);
    Snoozed s;
    s.desk.time.set_wall(s.desk.time.now() + skew);
    CHECK_FALSE(s.held());
    CHECK(s.woken() == 0);
    s.desk.pass(hour_ms - skew - minute_ms);
    CHECK(s.woken() == 0);  // by the clock that is believed, none early
    s.desk.pass(2 * minute_ms);
    CHECK(s.woken() == 1);
    s.desk.pass(6 * hour_ms);
    CHECK(s.woken() == 6);
  }
}

TEST_CASE(
    "beyond five minutes none fires and it is said; when the clock is mended each fires once, none early") {
  for (const std::int64_t jump :
       {5 * minute_ms + 1, hour_ms, 10 * a_year_ms, -5 * minute_ms - 1, -hour_ms, -10 * a_year_ms}) {
    CAPTURE(jump);
    Snoozed s;
    const Instant right = s.desk.time.now();
    const std::int64_t boot = s.desk.time.boot_ms();
    s.desk.time.set_wall(right + jump);
    CHECK(s.held());
    for (const OwnerStatus& status : s.desk.status()) CHECK(status.clocks_apart_ms == jump);
    s.desk.pass(3 * hour_ms + minute_ms);
    CHECK(s.woken() == 0);
    // Commands go on meanwhile, and do not fire what waits.
    CHECK(s.desk.ask(s.desk.reply(s.ids[5])).rule() == "done");
    CHECK(s.woken() == 0);
    s.desk.time.set_wall(right + (s.desk.time.boot_ms() - boot));
    CHECK_FALSE(s.held());
    s.desk.pass(minute_ms);
    CHECK(s.woken() == 3);
    s.desk.pass(4 * hour_ms);
    CHECK(s.woken() == 6);
  }
}

TEST_CASE("a clock that jumps back and forth loses no timer and fires none twice") {
  Snoozed s;
  const Instant right = s.desk.time.now();
  const std::int64_t boot = s.desk.time.boot_ms();
  for (int i = 0; i < 40; ++i) {
    constexpr std::array jumps{hour_ms,         -hour_ms,        10 * a_year_ms,
                               -10 * a_year_ms, std::int64_t{0}, 4 * minute_ms};
    s.desk.time.set_wall(right + (s.desk.time.boot_ms() - boot) +
                         jumps[static_cast<std::size_t>(i) % jumps.size()]);
    s.desk.pass(10 * minute_ms);
    (void)s.woken();
  }
  s.desk.time.set_wall(right + (s.desk.time.boot_ms() - boot));
  s.desk.pass(hour_ms);
  CHECK(s.woken() == 6);
}

TEST_CASE("a restart while the clock is behind fires none early; once it has caught up each fires once") {
  Snoozed s;
  const Instant right = s.desk.time.now();
  s.desk.time.set_wall(right + -2 * hour_ms);
  s.desk.crash();
  CHECK_FALSE(
      s.held());  // this process knows no other clock; the newest record's time tells (status: last_recorded)
  for (const OwnerStatus& status : s.desk.status()) CHECK(status.last_recorded.ms <= right.ms);
  s.desk.pass(hour_ms);
  CHECK(s.woken() == 0);
  s.desk.pass(2 * hour_ms + minute_ms);
  CHECK(s.woken() == 1);
  s.desk.pass(6 * hour_ms);
  CHECK(s.woken() == 6);
}

TEST_CASE("times in the log never fall, whatever the clock does") {
  Snoozed s;
  const Instant right = s.desk.time.now();
  for (const std::int64_t jump : {-hour_ms, 10 * a_year_ms, -10 * a_year_ms, std::int64_t{0}}) {
    s.desk.time.set_wall(right + jump);
    for (const ConversationId id : s.ids)
      CHECK(s.desk.ask(s.desk.on(id, conversation::SetPriority{Priority::high, {}})).answered());
    for (const ConversationId id : s.ids)
      CHECK(s.desk.ask(s.desk.on(id, conversation::SetPriority{Priority::low, {}})).answered());
  }
  for (const ConversationId id : s.ids) {
    Instant last{};
    for (const RecordedEvent& event : s.desk.events(id)) {
      CHECK(event.recorded_at.ms >= last.ms);
      last = event.recorded_at;
    }
  }
}

TEST_CASE("owners that begin again while the clock is wrong hold timers as those before them did") {
  Snoozed s;
  s.desk.time.set_wall(s.desk.time.now() + a_year_ms);
  REQUIRE(s.held());
  std::atomic<bool> begun = false;
  std::thread again([&] {
    CHECK(s.desk.engine().begin_again([] { return Result<void>(); }));
    begun = true;
  });
  while (!begun) s.desk.settle();
  again.join();
  s.desk.settle();
  s.desk.engine().look_whether_rebuilt();
  s.desk.settle();
  CHECK(s.held());
  CHECK(s.woken() == 0);
  s.desk.time.set_wall(s.desk.time.now() + -a_year_ms);
  s.desk.pass(2 * hour_ms);
  CHECK(s.woken() >= 1);
}
