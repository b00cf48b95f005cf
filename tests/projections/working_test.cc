#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
std::vector<ConversationId> order(Served& s, ListQuery query = {}) {
  s.apply_all();
  query.workspace = workspace;
  std::vector<ConversationId> out;
  const TicketList list = must(s.views->list(query));
  for (const Ticket& t : list.tickets) out.push_back(t.id);
  return out;
}
}  // namespace

TEST_CASE("what was promised comes by its deadline, then what rests") {
  Served s;
  s.shop.adopted.policy.first_response_ms = 7'200'000;
  const auto later = s.shop.opened_with_message().id;
  s.shop.adopted.policy.first_response_ms = 600'000;
  s.shop.now = monday + 60'000;
  const auto sooner = s.shop.opened_with_message().id;
  s.shop.now = monday + 70'000;
  auto& answered = s.shop.opened_with_message();
  s.shop.reply(answered, monday + 80'000);
  CHECK(order(s) == std::vector{sooner, later, answered.id});
  // The customer writes again: no deadline runs, the unanswered message counts.
  s.shop.receive(answered, monday + 90'000);
  CHECK(order(s) == std::vector{answered.id, sooner, later});
}

TEST_CASE("a broken promise stays first until somebody answers") {
  Served s;
  const auto first = s.shop.opened_with_message().id;
  s.shop.now = monday + 4'000'000;
  const auto second = s.shop.opened_with_message().id;
  auto& c = s.shop.conversations.front();
  s.shop.apply(c, conversation::Tick{{conversation::TimerKind::first_response, monday + 3'600'000}});
  CHECK(order(s) == std::vector{first, second});
  s.shop.reply(c, s.shop.now);
  CHECK(order(s) == std::vector{second, first});
}

TEST_CASE("no order moves because time passes; what is late is computed at the moment of reading") {
  Served s;
  for (int i = 0; i < 5; ++i) {
    s.shop.now = s.shop.now + 100'000;
    s.shop.opened_with_message();
  }
  const auto before = order(s);
  const auto late = [&](Instant now) { return s.views->queue(workspace, queues[0], now)->late; };
  CHECK(late(monday + 3'600'000) == 0);
  CHECK(late(monday + 3'600'000 + 250'000) == 2);
  CHECK(late(monday + 90'000'000) == 5);
  CHECK(order(s) == before);
  CHECK(s.views->apply_available(monday + 900'000'000).value() == 0);
  CHECK(order(s) == before);
}

TEST_CASE("a queue counts what waits, by channel and language, and knows the oldest") {
  Served s;
  s.shop.opened_with_message(Channel::email);
  s.shop.now = monday + 1'000;
  s.shop.opened_with_message(Channel::chat);
  auto& held = s.shop.opened_with_message(Channel::chat);
  s.shop.apply(held, conversation::Assign{.agent = agents[0], .at = s.shop.now, .adopted = &s.shop.adopted});
  auto& asleep = s.shop.opened_with_message(Channel::chat);
  s.shop.apply(asleep, conversation::Snooze{.until = monday + 900'000, .at = s.shop.now});
  s.apply_all();

  const QueueStats q = *s.views->queue(workspace, queues[0], monday);
  CHECK(q.waiting == 2);
  CHECK(q.open == 3);
  CHECK(q.snoozed == 1);
  CHECK(q.oldest_waiting_at == monday);
  CHECK(q.by_channel ==
        std::vector<std::pair<Channel, std::uint64_t>>{{Channel::email, 1}, {Channel::chat, 1}});
  CHECK(q.by_language == std::vector<std::pair<Language, std::uint64_t>>{{parse_language("de"), 2}});
  CHECK(s.views->queue(workspace, queues[2], monday)->open == 0);

  const Workload w = *s.views->workload(workspace, agents[0]);
  CHECK(w.open == 1);
  CHECK(w.by_channel == std::vector<std::pair<Channel, std::uint64_t>>{{Channel::chat, 1}});
  CHECK(s.views->workload(workspace, agents[1])->open == 0);
}

TEST_CASE("queues and workloads sum to the tickets they count, over random histories") {
  Served s(11, 3);
  s.shop.act(1'500);
  s.apply_all();
  std::map<QueueId, QueueStats> counted;
  std::map<AgentId, Workload> held;
  const Instant now = s.shop.now;
  for (const auto& c : s.shop.conversations) {
    const Ticket t = s.ticket(c.id);
    const bool to_do = t.state == conversation::Phase::fresh || t.state == conversation::Phase::open;
    QueueStats& q = counted[t.queue];
    q.open += to_do;
    q.snoozed += t.state == conversation::Phase::snoozed;
    if (to_do && !t.assignee) {
      ++q.waiting;
      const Instant since = t.unanswered_since.value_or(t.created_at);
      if (!q.oldest_waiting_at || since < *q.oldest_waiting_at) q.oldest_waiting_at = since;
    }
    const bool open_promise =
        t.first_response.state == conversation::FirstResponse::running ||
        (t.first_response.state == conversation::FirstResponse::breached && !c.state.answered_in_episode);
    q.late += is_active(t.state) && open_promise && *t.first_response.due_at < now;
    if (!t.assignee) continue;
    Workload& w = held[t.assignee];
    w.open += to_do;
    w.snoozed += t.state == conversation::Phase::snoozed;
    w.waiting += t.state == conversation::Phase::waiting_customer ||
                 t.state == conversation::Phase::waiting_third_party;
  }
  const auto all = s.views->queues(workspace, now);
  CHECK(all->size() == 3);
  for (const QueueStats& q : *all) {
    CHECK(q.waiting == counted[q.id].waiting);
    CHECK(q.open == counted[q.id].open);
    CHECK(q.snoozed == counted[q.id].snoozed);
    CHECK(q.late == counted[q.id].late);
    CHECK(q.oldest_waiting_at == counted[q.id].oldest_waiting_at);
    std::uint64_t by_channel = 0, by_language = 0;
    for (const auto& [channel, n] : q.by_channel) by_channel += n;
    for (const auto& [language, n] : q.by_language) by_language += n;
    CHECK(by_channel == q.waiting);
    CHECK(by_language == q.waiting);
  }
  for (const AgentId agent : agents) {
    const Workload w = *s.views->workload(workspace, agent);
    CHECK(w.open == held[agent].open);
    CHECK(w.waiting == held[agent].waiting);
    CHECK(w.snoozed == held[agent].snoozed);
  }
}
