// Between conversations and routing: what opens is given out, the ledger follows what happens, and nothing owed is forgotten.
#include <map>

#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

class RoutedDesk : public EngineFixture {
 public:
  explicit RoutedDesk(Options options = {}) : EngineFixture(options) {
    inbox = QueueId::from(done(on_desk(desk::AddQueue{{}, "Inbox"})).made);
    for (const char* name : {"Ann", "Ben", "Cam"})
      agents.push_back(AgentId::from(done(on_desk(desk::AddAgent{{}, Role::agent, {name, ""}, {}})).made));
  }
  void rule(QueueRule rule) { done(on_desk(desk::ChangeQueue{inbox, {}, std::move(rule)})); }
  void round_robin() { rule({.kind = RuleKind::round_robin, .skills = {}, .team = {}, .offer_ms = {}}); }
  void offering() { rule({.kind = RuleKind::round_robin, .skills = {}, .team = {}, .offer_ms = minute_ms}); }
  template <class Command> Request on_routing(Command command) {
    Request request;
    request.workspace = workspace;
    request.slot = workspace.slot();
    request.actor = {ActorKind::agent, agent};
    request.action = OnRouting{command};
    return request;
  }
  Outcome presence(AgentId id, routing::Presence presence) {
    return done(on_routing(routing::SetPresence{id, presence}));
  }
  void online() {
    for (const AgentId id : agents) presence(id, routing::Presence::online);
  }
  ConversationId opens(const std::string& from) {
    return open({.from = from + "@example.com", .key = "from " + from});
  }
  Request claim(ConversationId id, AgentId by) {
    conversation::Assign assign;
    assign.agent = by;
    assign.claimed = true;
    return on(id, assign);
  }
  Request resolve(ConversationId id) { return on(id, conversation::Resolve{}); }
  [[nodiscard]] std::map<AgentId, routing::AgentState> ledger() {
    const auto read = engine().routed_agents(workspace);
    REQUIRE(read);
    return {read->begin(), read->end()};
  }
  [[nodiscard]] std::vector<ConversationId> opened() const {
    std::vector<ConversationId> out;
    for (const Envelope& envelope : envelopes())
      for (const StreamEvent& event : envelope.events)
        if (const auto* c = std::get_if<conversation::Event>(&event.body))
          if (std::holds_alternative<conversation::Opened>(*c))
            out.push_back(ConversationId::from(event.stream.id));
    return out;
  }
  /// The ledger says what the conversations say, and nothing is on its way.
  void is_true() {
    std::map<AgentId, Load> held;
    for (const ConversationId id : opened()) {
      const conversation::State now = state(id);
      if (conversation::is_to_do(now.phase) && now.agent) held[now.agent].add(now.channel, 1);
    }
    const auto counted = ledger();
    for (const AgentId id : agents) {
      const auto it = counted.find(id);
      CHECK((it == counted.end() ? Load{} : it->second.held) == held[id]);
      CHECK((it == counted.end() ? 0U : it->second.reserved.total) == 0U);
    }
    // What was owed is paid: after a restart nothing more happens.
    const std::size_t before = happened();
    restart();
    pass(1000);
    CHECK(happened() == before);
  }
  [[nodiscard]] std::size_t happened() const {
    std::size_t events = 0;
    for (const Envelope& envelope : envelopes()) events += envelope.events.size();
    return events;
  }
  template <class E> std::size_t routed() {
    std::size_t n = 0;
    for (const RecordedEvent& e : events(routing_stream(workspace)))
      n += std::holds_alternative<E>(std::get<routing::Event>(e.event.body)) ? 1 : 0;
    return n;
  }

  QueueId inbox;
  std::vector<AgentId> agents;
};

}  // namespace

TEST_CASE("with rules of hand alone nothing is routed") {
  RoutedDesk desk;
  desk.online();
  const ConversationId id = desk.opens("ada");
  desk.done(desk.claim(id, desk.agents[0]));
  desk.done(desk.resolve(id));
  for (const Envelope& envelope : desk.envelopes())
    for (const StreamEvent& event : envelope.events)
      if (const auto* routed = std::get_if<routing::Event>(&event.body))
        CHECK(std::holds_alternative<routing::PresenceChanged>(*routed));
}

TEST_CASE("what opens in a queue with a rule is given to who is there, one after the other") {
  RoutedDesk desk;
  desk.round_robin();
  desk.online();
  std::map<AgentId, int> given;
  for (int i = 0; i < 6; ++i) {
    const ConversationId id = desk.opens("ada" + std::to_string(i));
    const AgentId who = desk.state(id).agent;
    CHECK(who);
    ++given[who];
    const auto story = desk.engine().routing_of(desk.workspace, id);
    REQUIRE(story);
    REQUIRE(story->size() == 3);  // it waits, it is given, it is held
    const auto& decided = std::get<routing::Decided>(std::get<routing::Event>((*story)[1].event.body));
    CHECK(decided.agent == who);
    CHECK(decided.candidates.size() == 3);
  }
  for (const auto& [agent, count] : given) CHECK(count == 2);
  desk.is_true();
}

TEST_CASE("nobody there: it waits, through a restart and without the fold store, until somebody comes") {
  for (const bool lose_rows : {false, true}) {
    CAPTURE(lose_rows);
    RoutedDesk desk;
    desk.round_robin();
    const ConversationId first = desk.opens("ada");
    desk.pass(minute_ms);
    const ConversationId second = desk.opens("bob");
    CHECK_FALSE(desk.state(first).agent);
    lose_rows ? desk.crash_and_lose_rows() : desk.restart();
    desk.done(desk.on_desk(desk::ChangeAgent{.id = desk.agents[0], .capacity = Capacity{1, {}}}));
    desk.presence(desk.agents[0], routing::Presence::online);
    CHECK(desk.state(first).agent == desk.agents[0]);
    CHECK_FALSE(desk.state(second).agent);
    desk.done(desk.resolve(first));
    CHECK(desk.state(second).agent == desk.agents[0]);
    desk.is_true();
  }
}

TEST_CASE("a claim, a transfer of agents, resolving and reopening correct the ledger") {
  RoutedDesk desk;
  desk.round_robin();
  const ConversationId id = desk.opens("ada");
  desk.done(desk.claim(id, desk.agents[1]));
  desk.is_true();
  conversation::Assign assign;
  assign.agent = desk.agents[2];
  desk.done(desk.on(id, assign));
  desk.is_true();
  desk.done(desk.on(id, conversation::Wait{.on = WaitFor::customer, .reason = {}, .at = {}}));
  desk.is_true();
  (void)desk.opens("ada");
  desk.is_true();
  desk.done(desk.resolve(id));
  desk.is_true();
  desk.done(desk.on(id, conversation::Reopen{}));
  desk.is_true();
  CHECK(desk.ledger().at(desk.agents[2]).held.total == 1);
  // Given back, it goes to whoever is there, and not to who gave it back.
  desk.presence(desk.agents[2], routing::Presence::online);
  desk.presence(desk.agents[0], routing::Presence::online);
  desk.done(desk.on(id, conversation::Unassign{}));
  CHECK(desk.state(id).agent == desk.agents[0]);
  desk.is_true();
}

TEST_CASE(
    "killed at any step, a conversation that opened is given to somebody once, and the ledger is true") {
  for (const bool exclusive : {true, false}) {
    CAPTURE(exclusive);
    for (int steps = 0; steps < 200; ++steps) {
      CAPTURE(steps);
      RoutedDesk desk({.exclusive = exclusive});
      desk.round_robin();
      desk.online();
      const EngineFixture::Message message{.from = "ada@example.com", .key = "k"};
      (void)desk.send(desk.message(message));
      bool idle = false;
      for (int i = 0; i < steps && !idle; ++i) idle = !desk.process->executor.step();
      desk.crash();
      desk.settle();
      const ConversationId id = desk.conversation_of(desk.received(message));
      desk.pass(10'000);
      CHECK(desk.opened().size() == 1);
      CHECK(desk.state(id).agent);
      CHECK(desk.all<conversation::Assigned>(id).size() == 1);
      CHECK(desk.routed<routing::Decided>() == 1);
      if (idle || steps % 10 == 0) desk.is_true();
      if (idle) break;
    }
  }
}

TEST_CASE("whatever happens between two kills, the ledger comes out true") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    RoutedDesk desk({.seed = seed});
    desk.round_robin();
    desk.online();
    SeededRandom random(seed * 77);
    std::vector<ConversationId> ids;
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 12; ++i) {
        const auto chance = random.id128().low;
        const AgentId who = desk.agents[chance % 3];
        const ConversationId id = ids.empty() ? ConversationId{} : ids[chance / 8 % ids.size()];
        switch (chance / 1024 % 7) {
          case 0:
          case 1: ids.push_back(desk.opens("c" + std::to_string(round) + "." + std::to_string(i))); break;
          case 2:
            if (id) (void)desk.send(desk.claim(id, who));
            break;
          case 3:
            if (id) (void)desk.send(desk.resolve(id));
            break;
          case 4:
            if (id) (void)desk.send(desk.on(id, conversation::Unassign{}));
            break;
          case 5:
            if (id) (void)desk.send(desk.on(id, conversation::Reopen{}));
            break;
          case 6:
            (void)desk.send(desk.on_routing(routing::SetPresence{
                who, chance / 4096 % 2 == 0 ? routing::Presence::online : routing::Presence::away}));
            break;
          default: break;
        }
        for (auto steps = chance / 65536 % 30; steps > 0; --steps) desk.process->executor.step();
      }
      if (round % 3 == 2)
        desk.crash_and_lose_rows();
      else
        desk.crash();
      desk.pass(5'000);
    }
    desk.pass(10'000);
    desk.is_true();
  }
}

TEST_CASE("an offer is accepted: the answer comes when the conversation has the agent") {
  RoutedDesk desk;
  desk.offering();
  desk.presence(desk.agents[0], routing::Presence::online);
  const ConversationId id = desk.opens("ada");
  CHECK_FALSE(desk.state(id).agent);
  REQUIRE(desk.ledger().at(desk.agents[0]).offers.size() == 1);
  CHECK(desk.ask(desk.on_routing(routing::AcceptOffer{id, desk.agents[1]})).rule() == "offer.none");
  const Outcome outcome = desk.done(desk.on_routing(routing::AcceptOffer{id, desk.agents[0]}));
  CHECK(outcome.stream == StreamId{Category::conversation, id});
  CHECK(outcome.positions.size() == 2);
  CHECK(desk.state(id).agent == desk.agents[0]);
  desk.is_true();
}

TEST_CASE("an offer ends by the clock, also while nobody is running, and goes to the next") {
  RoutedDesk desk;
  desk.offering();
  desk.presence(desk.agents[0], routing::Presence::online);
  desk.presence(desk.agents[1], routing::Presence::online);
  const ConversationId id = desk.opens("ada");
  const Instant end = desk.ledger().at(desk.agents[0]).offers.front().until;
  desk.time.advance(3 * minute_ms);
  desk.crash();
  desk.pass(1000);
  REQUIRE(desk.routed<routing::OfferExpired>() == 1);
  for (const RecordedEvent& e : desk.events(routing_stream(desk.workspace)))
    if (std::holds_alternative<routing::OfferExpired>(std::get<routing::Event>(e.event.body)))
      CHECK(e.event.occurred_at == end);
  CHECK(desk.ledger().at(desk.agents[0]).offers.empty());
  REQUIRE(desk.ledger().at(desk.agents[1]).offers.size() == 1);
  CHECK(desk.ledger().at(desk.agents[1]).offers.front().until > desk.time.now());
  desk.done(desk.on_routing(routing::AcceptOffer{id, desk.agents[1]}));
  CHECK(desk.state(id).agent == desk.agents[1]);
  desk.is_true();
}

TEST_CASE("claimed while it is offered: accepting it then is refused") {
  RoutedDesk desk;
  desk.offering();
  desk.presence(desk.agents[0], routing::Presence::online);
  const ConversationId id = desk.opens("ada");
  desk.done(desk.claim(id, desk.agents[2]));
  CHECK(desk.ask(desk.on_routing(routing::AcceptOffer{id, desk.agents[0]})).rule() == "offer.none");
  desk.is_true();
}

TEST_CASE("claimed while it is being assigned: one of the two has it, and the ledger knows who") {
  for (int steps = 0; steps < 60; ++steps) {
    CAPTURE(steps);
    RoutedDesk desk;
    desk.round_robin();
    const ConversationId id = desk.opens("ada");
    (void)desk.send(desk.on_routing(routing::SetPresence{desk.agents[0], routing::Presence::online}));
    for (int i = 0; i < steps; ++i) desk.process->executor.step();
    const Pending claimed = desk.ask(desk.claim(id, desk.agents[2]));
    desk.pass(1000);
    CHECK(desk.state(id).agent == (claimed.rule() == "done" ? desk.agents[2] : desk.agents[0]));
    desk.is_true();
  }
}

TEST_CASE("given back as soon as it is taken, whenever routing hears of it: nothing stays reserved") {
  for (const bool killed : {false, true})
    for (int steps = 0; steps < 40; ++steps) {
      CAPTURE(killed);
      CAPTURE(steps);
      RoutedDesk desk;
      desk.round_robin();
      const ConversationId id = desk.opens("ada");
      (void)desk.send(desk.on_routing(routing::SetPresence{desk.agents[0], routing::Presence::online}));
      for (int i = 0; i < steps; ++i) desk.process->executor.step();
      (void)desk.send(desk.on(id, conversation::Unassign{}));
      if (killed) {
        for (int i = 0; i < steps % 7; ++i) desk.process->executor.step();
        desk.crash_and_lose_rows();
      }
      desk.pass(1000);
      desk.is_true();
    }
}

TEST_CASE("a queue's first rule gives out what waited before, and counts what agents held before") {
  RoutedDesk desk;
  std::vector<ConversationId> before;
  for (int i = 0; i < 10; ++i) before.push_back(desk.opens("ada" + std::to_string(i)));
  for (int i = 0; i < 3; ++i) desk.done(desk.claim(before[static_cast<std::size_t>(i)], desk.agents[0]));
  desk.done(desk.resolve(before[9]));
  desk.online();
  desk.round_robin();
  desk.pass(1000);
  for (int i = 0; i < 9; ++i) CHECK(desk.state(before[static_cast<std::size_t>(i)]).agent);
  CHECK_FALSE(desk.state(before[9]).agent);
  desk.is_true();
  // By hand again, and once more by the rule.
  desk.rule({});
  const ConversationId waits = desk.opens("zoe");
  CHECK_FALSE(desk.state(waits).agent);
  desk.round_robin();
  desk.pass(1000);
  CHECK(desk.state(waits).agent);
  desk.is_true();
}

TEST_CASE("a desk that changes gives out what it can now") {
  RoutedDesk desk;
  const SkillId refunds = SkillId::from(desk.done(desk.on_desk(desk::AddSkill{{}, "refunds"})).made);
  desk.rule({.kind = RuleKind::least_loaded, .skills = {refunds}, .team = {}, .offer_ms = {}});
  desk.online();
  const ConversationId id = desk.opens("ada");
  CHECK_FALSE(desk.state(id).agent);
  desk.done(desk.on_desk(desk::ChangeAgent{.id = desk.agents[1], .skills = std::vector{refunds}}));
  desk.pass(1000);
  CHECK(desk.state(id).agent == desk.agents[1]);
  desk.is_true();
}

TEST_CASE("who is no agent any more is given nothing") {
  RoutedDesk desk;
  desk.round_robin();
  desk.online();
  desk.done(desk.on_desk(desk::ChangeAgent{.id = desk.agents[0], .active = false}));
  for (int i = 0; i < 4; ++i) CHECK(desk.state(desk.opens("a" + std::to_string(i))).agent != desk.agents[0]);
  desk.is_true();
}

TEST_CASE("If-Match on a queue looks at that queue alone") {
  RoutedDesk desk;
  const Version seen = 1;  // as it was added
  desk.round_robin();
  Request stale = desk.on_desk(desk::ChangeQueue{.id = desk.inbox, .name = "Other"});
  stale.if_match = seen;
  CHECK(desk.ask(stale).rule() == "stream.version_conflict");
  desk.done(desk.on_desk(desk::AddSkill{{}, "refunds"}));
  stale.if_match = 5;  // the rule's; the skill came later
  CHECK(desk.ask(stale).rule() == "done");
  stale.if_match = 99;
  CHECK(desk.ask(stale).rule() == "stream.version_conflict");
}
