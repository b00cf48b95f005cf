#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;
using conversation::FirstResponse;
using conversation::Phase;

TEST_CASE("a customer's first message makes a new ticket that promises an answer") {
  Served s;
  const auto& c = s.shop.opened_with_message(Channel::whatsapp, queues[1]);
  const Ticket t = s.ticket(c.id);
  CHECK(t.state == Phase::fresh);
  CHECK(t.version == 2);
  CHECK(t.queue == queues[1]);
  CHECK(t.channel == Channel::whatsapp);
  CHECK(to_text(t.language) == "de");
  CHECK(t.priority == Priority::normal);
  CHECK(t.requester == c.state.requester);
  CHECK(t.identity->reference == c.state.requester);
  CHECK(t.preview.has_value());
  CHECK(t.created_at == monday);
  CHECK(t.last_message_at == monday);
  CHECK(t.last_message_by == ActorKind::customer);
  CHECK(t.unanswered_since == monday);
  CHECK(t.first_response.state == FirstResponse::running);
  CHECK(t.first_response.due_at == monday + 3'600'000);
  CHECK(t.episode == 1);
  CHECK(t.received == 1);
  const auto by_number = s.views->ticket_by_number(workspace, t.number);
  CHECK(*by_number == t);
  CHECK_FALSE(s.views->ticket_by_number(workspace, t.number + 1)->has_value());
}

TEST_CASE("a reply by a person answers, one by a program does not") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.now = monday + 60'000;
  s.shop.reply(c, s.shop.now, AgentId{});
  Ticket t = s.ticket(c.id);
  CHECK(t.state == Phase::open);
  CHECK(t.unanswered_since == monday);
  CHECK(t.last_message_by == ActorKind::agent);
  CHECK_FALSE(t.first_response.at.has_value());

  s.shop.now = monday + 90'000;
  s.shop.reply(c, s.shop.now, agents[1]);
  t = s.ticket(c.id);
  CHECK_FALSE(t.unanswered_since.has_value());
  CHECK(t.first_response.state == FirstResponse::met);
  CHECK(t.first_response.at == monday + 90'000);
  CHECK(t.first_response.ms == 90'000);
  CHECK(t.replied == 2);
}

TEST_CASE("an agent's opening words are no first response; the answer after the customer wrote is") {
  Served s;
  auto& c = s.shop.open();
  s.shop.reply(c, monday);
  s.shop.receive(c, monday + 10'000);
  s.shop.reply(c, monday + 15'000);
  const Ticket t = s.ticket(c.id);
  CHECK(t.first_response.at == monday + 15'000);
  CHECK(t.first_response.ms == 5'000);
}

TEST_CASE("a reply that comes to light late does not answer a message written after it") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.receive(c, monday + 50'000);
  s.shop.reply(c, monday + 20'000);
  CHECK(s.ticket(c.id).unanswered_since == monday + 50'000);
  s.shop.reply(c, monday + 60'000);
  const Ticket t = s.ticket(c.id);
  CHECK_FALSE(t.unanswered_since.has_value());
  CHECK(t.first_response.at == monday + 20'000);
  CHECK(t.last_message_at == monday + 60'000);
}

TEST_CASE("reopening starts a new episode with a promise of its own") {
  Served s;
  auto& c = s.shop.opened_with_message();
  s.shop.reply(c, monday + 1'000);
  s.shop.apply(c,
               conversation::Resolve{.agent = agents[0], .at = monday + 2'000, .adopted = &s.shop.adopted});
  Ticket t = s.ticket(c.id);
  CHECK(t.state == Phase::resolved);
  CHECK(t.resolved_at == monday + 2'000);
  CHECK(t.closes_at == monday + 86'402'000);
  CHECK(t.reopens_until.has_value());

  s.shop.receive(c, monday + 5'000);
  t = s.ticket(c.id);
  CHECK(t.state == Phase::open);
  CHECK(t.episode == 2);
  CHECK(t.reopened == 1);
  CHECK_FALSE(t.resolved_at.has_value());
  CHECK_FALSE(t.closes_at.has_value());
  CHECK(t.first_response.state == FirstResponse::running);
  CHECK_FALSE(t.first_response.at.has_value());
  s.shop.reply(c, monday + 9'000);
  CHECK(s.ticket(c.id).first_response.ms == 4'000);
}

TEST_CASE("tags are a sorted set, in more rows where they are many") {
  Served s;
  auto& c = s.shop.open();
  std::vector<TagId> all;
  for (std::uint64_t i = 100; i > 0; --i) all.push_back(TagId::from({4, i}));
  s.shop.append(c, {conversation::TagsChanged{.added = all, .at = monday}});
  Ticket t = s.ticket(c.id);
  std::ranges::sort(all);
  CHECK(t.tags == all);

  std::vector<TagId> removed(all.begin() + 4, all.end());
  s.shop.append(c, {conversation::TagsChanged{.removed = removed, .at = monday}});
  CHECK(s.ticket(c.id).tags == std::vector<TagId>(all.begin(), all.begin() + 4));
}

TEST_CASE("participants stand in the order they joined, with where their identity lies") {
  Served s;
  auto& c = s.shop.opened_with_message();
  for (int i = 0; i < 3; ++i) s.shop.receive(c, monday + 1'000 * i, true);
  s.apply_all();
  const auto people = s.views->participants(workspace, c.id);
  REQUIRE(people->size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK((*people)[i].reference == c.state.participants[i]);
    CHECK((*people)[i].identity.reference == c.state.participants[i]);
    CHECK((*people)[i].joined_at == monday + 1'000 * static_cast<std::int64_t>(i));
  }
  CHECK(s.ticket(c.id).participants == 3);
}

TEST_CASE("another workspace's id is no ticket") {
  Served s;
  const auto& c = s.shop.opened_with_message();
  s.apply_all();
  CHECK_FALSE(s.views->ticket(WorkspaceId::from({1, 2}), c.id)->has_value());
  CHECK_FALSE(s.views->ticket(workspace, ConversationId::from({9, 9}))->has_value());
}

TEST_CASE("the ticket stands where the decider's own fold stands, over random histories") {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    Served s(seed);
    s.shop.act(800);
    for (const auto& c : s.shop.conversations) {
      const Ticket t = s.ticket(c.id);
      CHECK(t.version == c.version);
      CHECK(t.state == c.state.phase);
      CHECK(t.queue == c.state.queue);
      CHECK(t.assignee == c.state.agent);
      CHECK(t.priority == c.state.priority);
      CHECK(t.episode == c.state.episode);
      CHECK(t.first_response.state == c.state.first_response);
      CHECK(t.preview == c.state.preview);
      CHECK(t.participants == c.state.participants.size());
      auto tags = c.state.tags;
      std::ranges::sort(tags);
      CHECK(t.tags == tags);
    }
  }
}

TEST_CASE("a ticket of the past is folded by the view's own code") {
  Served s(3);
  auto& c = s.shop.opened_with_message();
  std::vector<Ticket> as_it_was;
  const auto remember = [&] { as_it_was.push_back(s.ticket(c.id)); };
  remember();
  s.shop.reply(c, monday + 1'000);
  remember();
  s.shop.apply(c, conversation::ChangeTags{
                      .add = {TagId::from({4, 1})}, .at = monday + 2'000, .adopted = &s.shop.adopted});
  remember();
  s.shop.apply(c,
               conversation::Resolve{.agent = agents[0], .at = monday + 3'000, .adopted = &s.shop.adopted});
  remember();
  for (std::size_t i = 0; i < as_it_was.size(); ++i)
    CHECK(*fold_ticket(std::span(c.history).first(i + 2)) == as_it_was[i]);
  CHECK(fold_ticket({}).error().code == Errc::not_found);
  CHECK(fold_ticket(std::span(c.history).subspan(1)).error().rule == "ticket.conversation_unknown");
}
