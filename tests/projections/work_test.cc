// The ticket and what is done to it beside answering.
#include <algorithm>

#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;
using conversation::FirstResponse;
using conversation::Phase;

namespace {

void check_says_what_decisions_are_made_on(const Ticket& t, const conversation::State& state) {
  CHECK(t.state == state.phase);
  CHECK(t.queue == state.queue);
  CHECK(t.assignee == state.agent);
  CHECK(t.team == state.team);
  CHECK(t.priority == state.priority);
  CHECK(t.type == state.type);
  CHECK(t.sub_state == state.sub_state);
  CHECK(t.escalated == state.escalated);
  CHECK(t.fields == state.fields);
  CHECK(t.episode == state.episode);
  auto tags = state.tags;
  std::ranges::sort(tags);
  CHECK(t.tags == tags);
  CHECK(t.snoozed_until.value_or(Instant{}) == state.snoozed_until);
  CHECK(t.closes_at.value_or(Instant{}) == state.closes_at);
  CHECK(t.reopens_until.value_or(Instant{}) == state.reopens_until);
  // What a spammer waits for is kept aside for a mistake.
  if (state.phase != Phase::spam) CHECK(t.unanswered_since == state.unanswered_since);
  CHECK(t.first_response.state == state.first_response);
}

}  // namespace

TEST_CASE("the ticket says what decisions are made on, whatever was done and undone") {
  for (std::uint32_t seed = 61; seed <= 64; ++seed) {
    CAPTURE(seed);
    Served s(seed, 3);
    for (int round = 0; round < 300; ++round) {
      s.shop.act();
      s.shop.work();
      s.shop.work();
    }
    s.apply_all();
    CHECK(s.views->quarantined("ticket")->empty());
    std::size_t undone = 0;
    for (const Shop::Conversation& c : s.shop.conversations) {
      check_says_what_decisions_are_made_on(s.ticket(c.id), c.state);
      const auto folded = fold_ticket(c.history);
      REQUIRE(folded);
      CHECK(*folded == s.ticket(c.id));
      for (const PastEvent& past : c.history)
        undone +=
            std::holds_alternative<conversation::Undone>(std::get<conversation::Event>(past.event.body));
    }
    CHECK(undone > 20);
    for (const std::string& view : s.views->names())
      for (const HashComparison& compared : must(s.views->verify(view)))
        CHECK_MESSAGE(compared.equal(), view);
  }
}

TEST_CASE("fields come and go, and each keeps its value") {
  Served s;
  auto& c = s.shop.opened_with_message();
  const auto set = [&](std::uint64_t field, std::optional<std::int64_t> number) {
    conversation::FieldEntry entry{FieldId::from({7, field}), {}};
    if (number) entry.value.emplace<conversation::NumberValue>().ten_thousandths = *number;
    s.shop.append(c, {conversation::FieldsChanged{{entry}, s.shop.now}});
  };
  for (std::uint64_t i = 50; i > 0; --i) set(i, static_cast<std::int64_t>(i));
  set(7, std::nullopt);
  set(50, std::nullopt);
  set(3, 33);
  const Ticket t = s.ticket(c.id);
  CHECK(t.fields == c.state.fields);
  CHECK(t.fields.size() == 48);
  CHECK(t.fields[2] == conversation::FieldEntry{FieldId::from({7, 3}), conversation::NumberValue{33}});
}

TEST_CASE("ratings stand in their order, and agents who are mentioned once each") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.apply(c, conversation::Rate{RatingKind::csat, 2, "slow", monday + 1});
  s.shop.apply(c, conversation::Rate{RatingKind::csat, 4, {}, monday + 2});
  for (const AgentId agent : {agents[2], agents[0], agents[2]})
    s.shop.apply(
        c, conversation::Note{.id = MessageId::from(s.shop.random_id()), .at = monday, .mentions = {agent}});
  const Ticket t = s.ticket(c.id);
  REQUIRE(t.ratings.size() == 2);
  CHECK(t.ratings[0].score == 2);
  CHECK(t.ratings[0].comment.has_value());
  CHECK(t.ratings[1].score == 4);
  CHECK(t.ratings[1].at == monday + 2);
  CHECK(t.mentions == std::vector<AgentId>{agents[0], agents[2]});
}

TEST_CASE("what needs no reply rests, until the customer writes again") {
  Served s;
  const ConversationId first = s.shop.opened_with_message().id;
  const ConversationId other = s.shop.opened_with_message().id;
  s.shop.apply(s.shop.conversations[0], conversation::EndTurn{agents[0], {}, monday + 1});
  const auto working = [&] {
    s.apply_all();
    return must(s.views->list({.workspace = workspace})).tickets;
  };
  CHECK(working().front().id == other);
  CHECK(working().size() == 2);
  CHECK_FALSE(s.ticket(first).unanswered_since);
  CHECK(s.ticket(first).first_response.state == FirstResponse::none);
  s.shop.receive(s.shop.conversations[0], monday + -5);
  CHECK(working().front().id == first);
}

TEST_CASE("spam is in no queue and with no agent's work") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.apply(c, conversation::MarkSpam{agents[0], monday + 1});
  s.apply_all();
  CHECK(must(s.views->list({.workspace = workspace})).tickets.empty());
  CHECK(must(s.views->list({.workspace = workspace, .states = {Phase::spam}})).tickets.size() == 1);
  CHECK(must(s.views->queue(workspace, queues[0], monday + 2)).waiting == 0);
  s.shop.apply(c, conversation::UnmarkSpam{agents[0], monday + 2});
  CHECK(s.ticket(c.id).unanswered_since == monday);
  CHECK(must(s.views->queue(workspace, queues[0], monday + 2)).waiting == 1);
}

TEST_CASE("a resolution that was undone is counted out again where it was counted") {
  Served s;
  auto& c = s.shop.opened_with_message();
  const auto resolved = [&] {
    s.apply_all();
    std::uint64_t sum = 0;
    for (const DailyFigures& f :
         must(s.views->daily(workspace, monday + -bucket_ms, monday + 10 * bucket_ms, DailyBy::queue)))
      sum += f.resolved;
    return sum;
  };
  s.shop.apply(c, conversation::Resolve{.agent = agents[0], .at = monday, .adopted = &s.shop.adopted});
  CHECK(resolved() == 1);
  s.shop.apply(c, conversation::Undo{{ActorKind::agent, agents[0]}, agents[0], monday + 1});
  CHECK(resolved() == 0);
  CHECK_FALSE(s.ticket(c.id).resolved_at.has_value());
}
