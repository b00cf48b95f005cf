#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
DailyFigures total(Served& s, DailyBy by, DailyKey key, Instant from = monday + -86'400'000,
                   Instant to = monday + 86'400'000) {
  s.apply_all();
  DailyFigures sum;
  for (const DailyFigures& f : must(s.views->daily(workspace, from, to, by))) {
    if (f.key != key) continue;
    sum.created += f.created;
    sum.replied += f.replied;
    sum.resolved += f.resolved;
    sum.reopened += f.reopened;
    sum.first_responses += f.first_responses;
    sum.first_response_ms += f.first_response_ms;
    sum.restated += f.restated;
  }
  return sum;
}
}  // namespace

TEST_CASE("figures count each act at its own time, by queue, channel, language and agent") {
  Served s;
  auto& c = s.shop.opened_with_message(Channel::chat, queues[1]);
  s.shop.now = monday + 60'000;
  s.shop.reply(c, s.shop.now, agents[2]);
  s.shop.reply(c, s.shop.now, AgentId{});
  s.shop.now = monday + 120'000;
  s.shop.apply(c, conversation::Resolve{.agent = agents[1], .at = s.shop.now, .adopted = &s.shop.adopted});
  s.shop.receive(c, s.shop.now);

  for (const auto& [by, key] : {std::pair(DailyBy::queue, DailyKey{.queue = queues[1]}),
                                std::pair(DailyBy::channel, DailyKey{.channel = Channel::chat}),
                                std::pair(DailyBy::language, DailyKey{.language = parse_language("de")})}) {
    const DailyFigures f = total(s, by, key);
    CHECK(f.created == 1);
    CHECK(f.replied == 1);
    CHECK(f.resolved == 1);
    CHECK(f.reopened == 1);
    CHECK(f.first_responses == 1);
    CHECK(f.first_response_ms == 60'000);
    CHECK(f.restated == 0);
  }
  CHECK(total(s, DailyBy::agent, {.agent = agents[2]}).replied == 1);
  CHECK(total(s, DailyBy::agent, {.agent = agents[2]}).first_responses == 1);
  CHECK(total(s, DailyBy::agent, {.agent = agents[1]}).resolved == 1);
  CHECK(total(s, DailyBy::agent, {.agent = agents[1]}).reopened == 0);
}

TEST_CASE("a fact that comes after its bucket changes that bucket and is counted as restated") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.now = monday + 3'600'000;
  s.shop.reply(c, monday + 1'000);
  const auto buckets = [&] {
    s.apply_all();
    return *s.views->daily(workspace, monday, monday + 86'400'000, DailyBy::queue);
  };
  REQUIRE(buckets().size() == 1);
  CHECK(buckets()[0].bucket.ms == monday.ms / 900'000 * 900'000);
  CHECK(buckets()[0].replied == 1);
  CHECK(buckets()[0].restated == 1);
}

TEST_CASE("an earlier reply that comes to light takes the place of the first response") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.now = monday + 3'600'000;
  s.shop.reply(c, s.shop.now, agents[0]);
  CHECK(total(s, DailyBy::queue, {.queue = queues[0]}).first_response_ms == 3'600'000);
  s.shop.reply(c, monday + 10'000, agents[1]);
  const DailyFigures f = total(s, DailyBy::queue, {.queue = queues[0]});
  CHECK(f.first_responses == 1);
  CHECK(f.first_response_ms == 10'000);
  CHECK(total(s, DailyBy::agent, {.agent = agents[0]}).first_responses == 0);
  CHECK(total(s, DailyBy::agent, {.agent = agents[1]}).first_responses == 1);
}

TEST_CASE("wider buckets are sums of the narrow ones") {
  Served s(5, 3);
  s.shop.act(1'000);
  s.apply_all();
  constexpr std::int64_t day = 86'400'000;
  std::map<std::pair<std::int64_t, QueueId>, DailyFigures> expected;
  const Instant end = s.shop.now + day;
  for (const DailyFigures& f : must(s.views->daily(workspace, {0}, end, DailyBy::queue))) {
    DailyFigures& e = expected[{f.bucket.ms / day * day, f.key.queue}];
    e.created += f.created;
    e.first_responses += f.first_responses;
    e.first_response_ms += f.first_response_ms;
  }
  const auto days = *s.views->daily(workspace, {0}, end, DailyBy::queue, day);
  CHECK(days.size() == expected.size());
  std::uint64_t created = 0;
  for (const DailyFigures& f : days) {
    const DailyFigures& e = expected[{f.bucket.ms, f.key.queue}];
    CHECK(f.created == e.created);
    CHECK(f.first_responses == e.first_responses);
    CHECK(f.first_response_ms == e.first_response_ms);
    CHECK(f.first_response_ms_variance >= 0);
    created += f.created;
  }
  CHECK(created == s.shop.conversations.size());
  CHECK(s.views->daily(workspace, {0}, end, DailyBy::queue, 1'000).error().rule == "views.bucket_width");
  CHECK(s.views->daily(workspace, end, {0}, DailyBy::queue).error().rule == "views.range");
}

TEST_CASE("the variance of two first responses is theirs") {
  Served s;
  for (const std::int64_t ms : {1'000, 3'000}) {
    auto& c = s.shop.opened_with_message();
    s.shop.reply(c, monday + ms);
  }
  s.apply_all();
  const auto figures = *s.views->daily(workspace, monday, monday + 1, DailyBy::queue);
  REQUIRE(figures.size() == 1);
  CHECK(figures[0].first_response_ms == 4'000);
  CHECK(figures[0].first_response_ms_variance == doctest::Approx(1'000'000));
}
