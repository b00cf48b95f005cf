#include "engine/domain/routing.h"

#include <doctest/doctest.h>

#include "tests/support/given.h"

namespace parlance::routing {
namespace {

using given = tests::Given<State, Event>;

const AgentId ann{{1, 1}};
const AgentId ben{{1, 2}};
const AgentId cam{{1, 3}};
const QueueId billing{{2, 1}};
const QueueId returns{{2, 2}};
const SkillId refunds{{3, 1}};
const TeamId team{{4, 1}};
const ConversationId one{{5, 1}};
const ConversationId two{{5, 2}};
const ConversationId three{{5, 3}};
const Language german = parse_language("de");
const Language spanish = parse_language("es");
constexpr Instant t0{1000};

desk::Agent agent(AgentId id, std::uint16_t capacity = 2) {
  desk::Agent out;
  out.id = id;
  out.role = Role::agent;
  out.capacity.total = capacity;
  return out;
}
/// Ann, Ben and Cam; billing by the rule given, returns by hand.
desk::State desk_with(QueueRule rule) {
  desk::State out;
  out.version = 9;
  out.agents = {agent(ann), agent(ben), agent(cam)};
  out.queues = {{billing, "billing", std::move(rule), 7}, {returns, "returns", {}, 3}};
  out.skills = {{refunds, "refunds"}};
  out.teams = {{team, "team", 1}};
  out.routes = true;
  return out;
}
const desk::State round_robin =
    desk_with({.kind = RuleKind::round_robin, .skills = {}, .team = {}, .offer_ms = {}});
const desk::State least_loaded =
    desk_with({.kind = RuleKind::least_loaded, .skills = {}, .team = {}, .offer_ms = {}});
const desk::State offering =
    desk_with({.kind = RuleKind::round_robin, .skills = {}, .team = {}, .offer_ms = 60'000});

Follow opened(ConversationId id, const desk::State& desk, Instant now = t0) {
  Follow f;
  f.conversation = id;
  f.version = 1;
  f.queue = billing;
  f.to_do = true;
  f.channel = Channel::email;
  f.since = now;
  f.desk = &desk;
  f.now = now;
  return f;
}
Follow held(ConversationId id, AgentId by, const desk::State& desk, Version version = 2,
            Taken taken = Taken::by_hand) {
  Follow f = opened(id, desk);
  f.version = version;
  f.agent = by;
  f.taken = taken;
  return f;
}
Follow done(ConversationId id, AgentId by, const desk::State& desk, Version version = 3) {
  Follow f = held(id, by, desk, version, Taken::none);
  f.to_do = false;
  return f;
}

/// Commands one after the other: what a desk does in a day.
class Day {
 public:
  explicit Day(const desk::State& desk) : desk_(desk) {}

  template <class Command> std::vector<Event> does(Command command) {
    command.desk = &desk_;
    command.now = now;
    const auto events = decide(state, command);
    REQUIRE_MESSAGE(events.has_value(), events.error().rule);
    CHECK(events == decide(state, command));
    for (const Event& event : *events) {
      state = evolve(std::move(state), event);
      // As whoever folds does it.
      if (const auto it = state.entries.find(about(event)); it != state.entries.end())
        if (std::holds_alternative<Decided>(event) || std::holds_alternative<OfferAccepted>(event))
          it->second.decided_in = EnvelopeId::from({8, ++envelopes});
    }
    sound();
    return *events;
  }
  template <class Command> std::string refused(Command command) {
    command.desk = &desk_;
    command.now = now;
    const auto events = decide(state, command);
    REQUIRE_FALSE(events.has_value());
    return std::string(events.error().rule);
  }
  void online(std::initializer_list<AgentId> agents) {
    for (const AgentId id : agents) does(SetPresence{id, Presence::online});
  }
  Follow opens(ConversationId id) { return opened(id, desk_, now); }
  /// Whom the last decision about it gave it to; zero: nobody.
  AgentId given_to(const std::vector<Event>& events) {
    AgentId out;
    for (const Event& event : events)
      if (const auto* decided = std::get_if<Decided>(&event)) out = decided->agent;
    return out;
  }
  /// The conversation took the agent.
  void takes(ConversationId id, Version version = 2) {
    does(held(id, state.entries.at(id).agent, desk_, version));
  }
  [[nodiscard]] std::uint32_t load(AgentId id) const {
    const auto it = state.agents.find(id);
    return it == state.agents.end() ? 0 : it->second.held.total;
  }
  [[nodiscard]] std::uint32_t reserved(AgentId id) const {
    const auto it = state.agents.find(id);
    return it == state.agents.end() ? 0 : it->second.reserved.total;
  }
  [[nodiscard]] Standing standing(ConversationId id) const { return state.entries.at(id).standing; }

  State state;
  Instant now = t0;

 private:
  /// What follows from the entries is what is kept beside them.
  void sound() const {
    State again;
    again.turns = state.turns;
    for (const auto& [id, entry] : state.entries) put(again, id, entry);
    CHECK(again.waiting == state.waiting);
    CHECK(again.offers == state.offers);
    for (const auto& [id, agent] : state.agents) {
      const AgentState counted = again.agents.contains(id) ? again.agents.at(id) : AgentState{};
      CHECK(counted.held == agent.held);
      CHECK(counted.reserved == agent.reserved);
      CHECK(counted.offers.size() == agent.offers.size());
    }
  }
  const desk::State& desk_;
  std::uint64_t envelopes = 0;
};

const Candidate* candidate(const std::vector<Event>& events, AgentId id) {
  for (const Event& event : events)
    if (const auto* decided = std::get_if<Decided>(&event))
      for (const Candidate& c : decided->candidates)
        if (c.agent == id) return &c;
  return nullptr;
}
template <class E> std::size_t count(const std::vector<Event>& events) {
  std::size_t n = 0;
  for (const Event& event : events) n += std::holds_alternative<E>(event) ? 1 : 0;
  return n;
}

TEST_CASE("an agent's presence is theirs to set, and the same again changes nothing") {
  given({})
      .when(SetPresence{ann, Presence::online, &round_robin, t0})
      .then({PresenceChanged{ann, Presence::online, false, t0}});
  given({PresenceChanged{ann, Presence::online, false, t0}})
      .when(SetPresence{ann, Presence::online, &round_robin, t0})
      .then_nothing();
  given({}).when(SetPresence{ann, Presence::offline, &round_robin, t0}).then_nothing();
  given({})
      .when(SetPresence{AgentId{{1, 9}}, Presence::online, &round_robin, t0})
      .then_refused("agent.unknown");
  desk::State without = round_robin;
  without.agents.front().active = false;
  given({}).when(SetPresence{ann, Presence::online, &without, t0}).then_refused("agent.unknown");
}

TEST_CASE("nobody there: it waits, which is put on record once, and whoever comes first gets it") {
  Day day(round_robin);
  const auto events = day.does(day.opens(one));
  REQUIRE(events.size() == 2);
  const Decided& decided = std::get<Decided>(events[1]);
  CHECK_FALSE(decided.agent);
  CHECK(decided.rule_version == 7);
  CHECK(decided.desk_version == 9);
  CHECK(decided.candidates.size() == 3);
  for (const Candidate& c : decided.candidates) CHECK(c.excluded == Exclusion::offline);
  CHECK(day.does(Review{}).empty());
  const auto came = day.does(SetPresence{ben, Presence::online});
  CHECK(day.given_to(came) == ben);
  CHECK(day.standing(one) == Standing::assigning);
  CHECK(day.reserved(ben) == 1);
  CHECK(day.load(ben) == 0);
  day.takes(one);
  CHECK(day.reserved(ben) == 0);
  CHECK(day.load(ben) == 1);
}

TEST_CASE("round robin: whoever has waited longest for a turn, whatever they hold") {
  Day day(round_robin);
  day.online({ann, ben, cam});
  CHECK(day.given_to(day.does(day.opens(one))) == ann);
  CHECK(day.given_to(day.does(day.opens(two))) == ben);
  CHECK(day.given_to(day.does(day.opens(three))) == cam);
  CHECK(day.given_to(day.does(day.opens(ConversationId{{5, 4}}))) == ann);
}

TEST_CASE("least loaded: the largest part of the capacity free; of equals the one whose turn it is") {
  desk::State desk = least_loaded;
  desk.agents[0].capacity.total = 10;
  Day day(desk);
  day.online({ann, ben, cam});
  CHECK(day.given_to(day.does(day.opens(one))) == ann);
  CHECK(day.given_to(day.does(day.opens(two))) == ben);
  CHECK(day.given_to(day.does(day.opens(three))) == cam);
  const auto events = day.does(day.opens(ConversationId{{5, 4}}));
  CHECK(day.given_to(events) == ann);  // one of ten, the others one of two
  CHECK(candidate(events, ann)->score == 900);
  CHECK(candidate(events, ann)->capacity == 10);
  CHECK(candidate(events, ben)->score == 500);
  CHECK(candidate(events, ben)->load == 1);
}

TEST_CASE("a manual queue gives nothing out, and what agents hold there counts") {
  Day day(round_robin);
  day.online({ann});
  Follow f = day.opens(one);
  f.queue = returns;
  CHECK(day.does(f).size() == 1);
  CHECK(day.state.entries.empty());
  for (const ConversationId id : {one, two}) {
    Follow taken = held(id, ann, round_robin, 2, Taken::claimed);
    taken.queue = returns;
    day.does(taken);
  }
  CHECK(day.load(ann) == 2);
  const auto events = day.does(day.opens(three));
  CHECK_FALSE(day.given_to(events));
  CHECK(candidate(events, ann)->excluded == Exclusion::full);
  CHECK(candidate(events, ann)->load == 2);
}

TEST_CASE("a full agent gets the oldest that waits as soon as there is room") {
  Day day(round_robin);
  day.online({ann});
  for (const ConversationId id : {one, two}) {
    day.does(day.opens(id));
    day.takes(id);
  }
  day.now = {2000};
  day.does(day.opens(three));
  const ConversationId older{{5, 4}};
  Follow f = day.opens(older);
  f.since = {1500};
  day.does(f);
  CHECK(day.standing(three) == Standing::waiting);
  const auto events = day.does(done(one, ann, round_robin));
  CHECK(count<Decided>(events) == 1);
  CHECK(day.standing(older) == Standing::assigning);
  CHECK(day.standing(three) == Standing::waiting);
}

TEST_CASE("a channel's own limit holds within the whole") {
  desk::State desk = round_robin;
  desk.agents[0].capacity = {5, {{Channel::chat, 1}}};
  Day day(desk);
  day.online({ann});
  Follow chat = day.opens(one);
  chat.channel = Channel::chat;
  CHECK(day.given_to(day.does(chat)) == ann);
  chat.conversation = two;
  const auto events = day.does(chat);
  CHECK_FALSE(day.given_to(events));
  CHECK(candidate(events, ann)->load == 1);
  CHECK(candidate(events, ann)->capacity == 1);
  // A chat that must wait holds no mail up.
  CHECK(day.given_to(day.does(day.opens(three))) == ann);
}

TEST_CASE("speakers of the language go first; where none can take it, anybody may") {
  desk::State desk = round_robin;
  desk.queues[0].rule.prefers_language = true;
  desk.agents[1].languages = {german};
  Day day(desk);
  day.online({ann, ben});
  Follow f = day.opens(one);
  f.language = german;
  const auto events = day.does(f);
  CHECK(day.given_to(events) == ben);
  CHECK(candidate(events, ann)->excluded == Exclusion::language);
  f.conversation = two;
  f.language = spanish;
  CHECK(day.given_to(day.does(f)) == ann);
  f.conversation = three;
  f.language = Language::und;
  CHECK(day.given_to(day.does(f)) == ben);
}

TEST_CASE("a script is a language of its own only where both say theirs") {
  desk::State desk = round_robin;
  desk.queues[0].rule.prefers_language = true;
  desk.agents[0].languages = {parse_language("zh-Hans")};
  desk.agents[1].languages = {parse_language("zh")};
  Day day(desk);
  day.online({ann, ben});
  Follow f = day.opens(one);
  f.language = parse_language("zh-Hant");
  CHECK(day.given_to(day.does(f)) == ben);
}

TEST_CASE("skills and team are required") {
  desk::State desk = round_robin;
  desk.queues[0].rule.skills = {refunds};
  desk.queues[0].rule.team = team;
  desk.agents[0].skills = {refunds};
  desk.agents[1].teams = {team};
  Day day(desk);
  day.online({ann, ben, cam});
  const auto events = day.does(day.opens(one));
  CHECK_FALSE(day.given_to(events));
  CHECK(candidate(events, ann)->excluded == Exclusion::team);
  CHECK(candidate(events, ben)->excluded == Exclusion::skill);
  desk.agents[2].teams = {team};
  desk.agents[2].skills = {refunds};
  CHECK(day.given_to(day.does(Review{})) == cam);
}

TEST_CASE("an offer reserves its agent's room, and accepted it is assigned") {
  Day day(offering);
  day.online({ann});
  const auto events = day.does(day.opens(one));
  CHECK(std::get<Decided>(events.back()).offered_until == t0 + 60'000);
  CHECK(day.standing(one) == Standing::offered);
  CHECK(day.reserved(ann) == 1);
  CHECK(day.state.agents.at(ann).offers.size() == 1);
  CHECK(timers(day.state) == std::vector<conversation::Timer>{{conversation::TimerKind::offer, t0 + 60'000}});
  CHECK(day.refused(AcceptOffer{one, ben}) == "offer.none");
  CHECK(day.refused(AcceptOffer{two, ann}) == "offer.none");
  CHECK(day.does(AcceptOffer{one, ann}) == std::vector<Event>{OfferAccepted{one, ann, t0}});
  CHECK(day.standing(one) == Standing::assigning);
  CHECK(timers(day.state).empty());
  CHECK(day.does(AcceptOffer{one, ann}).empty());
  day.takes(one);
  CHECK(day.does(AcceptOffer{one, ann}).empty());
  CHECK(day.load(ann) == 1);
}

TEST_CASE("a declined offer goes to the next, and not again to who declined it") {
  Day day(offering);
  day.online({ann, ben});
  day.does(day.opens(one));
  const auto events = day.does(DeclineOffer{one, ann});
  CHECK(day.given_to(events) == ben);
  CHECK(candidate(events, ann)->excluded == Exclusion::declined);
  const auto last = day.does(DeclineOffer{one, ben});
  CHECK_FALSE(day.given_to(last));
  CHECK(day.standing(one) == Standing::waiting);
  CHECK(day.does(Review{}).empty());
  // Somebody takes it by hand; given back, it is for anybody but them.
  day.does(held(one, ann, offering, 5, Taken::claimed));
  Follow back = day.opens(one);
  back.version = 6;
  CHECK(day.given_to(day.does(back)) == ben);
}

TEST_CASE("an offer without an answer ends at its own instant and goes round; then a new round begins") {
  Day day(offering);
  day.online({ann, ben});
  day.does(day.opens(one));
  const Instant end = t0 + 60'000;
  day.now = end + 5'000;
  const auto events = day.does(ExpireOffers{end});
  CHECK(events.front() == Event{OfferExpired{one, ann, end}});
  CHECK(day.given_to(events) == ben);
  CHECK(candidate(events, ann)->excluded == Exclusion::missed);
  CHECK(day.state.entries.at(one).offered_until == day.now + 60'000);
  const auto round = day.does(ExpireOffers{day.now + 60'000});
  CHECK(day.given_to(round) == ann);
  CHECK(day.does(ExpireOffers{end}).empty());
}

TEST_CASE("who lets three offers in a row pass is set away") {
  Day day(offering);
  day.online({ann});
  day.does(day.opens(one));
  for (int i = 0; i < 2; ++i) {
    const Instant end = day.state.entries.at(one).offered_until;
    day.now = end;
    CHECK(count<PresenceChanged>(day.does(ExpireOffers{end})) == 0);
  }
  const Instant end = day.state.entries.at(one).offered_until;
  const auto events = day.does(ExpireOffers{end});
  REQUIRE(count<PresenceChanged>(events) == 1);
  CHECK(day.state.agents.at(ann).presence == Presence::away);
  CHECK(day.standing(one) == Standing::waiting);
  CHECK(day.given_to(day.does(SetPresence{ann, Presence::online})) == ann);
}

TEST_CASE("an offer that ended before cannot be accepted, though nobody has noticed yet") {
  Day day(offering);
  day.online({ann});
  day.does(day.opens(one));
  day.now = t0 + 60'001;
  CHECK(day.refused(AcceptOffer{one, ann}) == "offer.expired");
}

TEST_CASE("who goes away gets nothing more, and what was offered to them goes to others") {
  Day day(offering);
  day.online({ann, ben});
  day.does(day.opens(one));
  for (const Presence gone : {Presence::away, Presence::offline}) {
    Day copy = day;
    const auto events = copy.does(SetPresence{ann, gone});
    CHECK(count<OfferWithdrawn>(events) == 1);
    CHECK(copy.given_to(events) == ben);
    CHECK(copy.given_to(copy.does(copy.opens(two))) == ben);
    CHECK(copy.refused(AcceptOffer{one, ann}) == "offer.none");
  }
}

TEST_CASE("claimed while it is offered to another: the offer is over, the ledger says who has it") {
  Day day(offering);
  day.online({ann, ben});
  day.does(day.opens(one));
  day.does(held(one, ben, offering, 2, Taken::claimed));
  CHECK(day.load(ben) == 1);
  CHECK(day.reserved(ann) == 0);
  CHECK(day.state.offers.empty());
  CHECK(day.refused(AcceptOffer{one, ann}) == "offer.none");
}

TEST_CASE("a refused assign frees the agent, and the conversation's own word says what holds") {
  Day day(round_robin);
  day.online({ann, ben});
  day.does(day.opens(one));
  const EnvelopeId decision = day.state.entries.at(one).decided_in;
  CHECK(day.does(RefuseAssign{one, EnvelopeId{{8, 99}}, Refusal::moved_on}).empty());
  const auto events = day.does(RefuseAssign{one, decision, Refusal::moved_on});
  CHECK(events == std::vector<Event>{AssignRefused{one, ann, Refusal::moved_on, t0}});
  CHECK(day.standing(one) == Standing::parked);
  CHECK(day.reserved(ann) == 0);
  CHECK(day.does(Review{}).empty());
  day.does(held(one, cam, round_robin, 2, Taken::claimed));
  CHECK(day.load(cam) == 1);
  CHECK(day.does(RefuseAssign{one, decision, Refusal::moved_on}).empty());
  CHECK(day.load(cam) == 1);
}

TEST_CASE("an agent whom the conversation does not know is not tried again") {
  Day day(round_robin);
  day.online({ann, ben});
  day.does(day.opens(one));
  const auto events =
      day.does(RefuseAssign{one, day.state.entries.at(one).decided_in, Refusal::agent_unknown});
  CHECK(day.given_to(events) == ben);
}

TEST_CASE("what comes late or twice changes nothing") {
  Day day(round_robin);
  day.online({ann});
  day.does(day.opens(one));
  day.takes(one, 4);
  CHECK(day.does(day.opens(one)).empty());
  CHECK(day.does(held(one, ben, round_robin, 3)).empty());
  CHECK(day.does(held(one, ann, round_robin, 4)).empty());
  day.does(done(one, ann, round_robin, 6));
  CHECK(day.state.entries.empty());
  Follow late = held(one, ann, round_robin, 5);
  late.known = 6;
  CHECK(day.does(late).empty());
  late.version = 6;
  late.to_do = false;
  CHECK(day.does(late).empty());
  CHECK(day.load(ann) == 0);
}

TEST_CASE("a confirmed choice is by the rule, another agent's hand is told apart") {
  Day day(round_robin);
  day.online({ann});
  day.does(day.opens(one));
  const auto confirmed = day.does(held(one, ann, round_robin, 2, Taken::by_hand));
  CHECK(std::get<Followed>(confirmed.front()).taken == Taken::by_rule);
  const auto moved = day.does(held(one, ben, round_robin, 3, Taken::by_hand));
  CHECK(std::get<Followed>(moved.front()).taken == Taken::by_hand);
  CHECK(day.load(ann) == 0);
  CHECK(day.load(ben) == 1);
}

TEST_CASE("moved to another queue while it is being assigned, it is chosen for anew") {
  desk::State desk = round_robin;
  desk.queues[1].rule = {.kind = RuleKind::least_loaded, .skills = {}, .team = {}, .offer_ms = {}};
  Day day(desk);
  day.online({ann, ben});
  day.does(day.opens(one));
  const EnvelopeId before = day.state.entries.at(one).decided_in;
  Follow moved = day.opens(one);
  moved.version = 2;
  moved.queue = returns;
  CHECK(day.given_to(day.does(moved)));
  CHECK(day.standing(one) == Standing::assigning);
  CHECK(day.does(RefuseAssign{one, before, Refusal::moved_on}).empty());
  CHECK(day.reserved(ann) + day.reserved(ben) == 1);
}

TEST_CASE("given back before it was told that the agent had it, it waits again, and is chosen for anew") {
  Day day(round_robin);
  day.online({ann, ben});
  day.does(day.opens(one));
  const EnvelopeId before = day.state.entries.at(one).decided_in;
  REQUIRE(day.state.entries.at(one).agent == ann);
  Follow given_back = day.opens(one);
  given_back.version = 3;
  CHECK(day.given_to(day.does(given_back)) == ben);
  CHECK(day.reserved(ann) == 0);
  CHECK(day.reserved(ben) == 1);
  // The answers to the first choice come late.
  CHECK(day.does(RefuseAssign{one, before, Refusal::moved_on}).empty());
  day.does(held(one, ann, round_robin, 4));
  CHECK(day.load(ann) == 1);
  CHECK(day.reserved(ben) == 0);
}

TEST_CASE("a queue that becomes manual lets go of what waits there") {
  desk::State desk = round_robin;
  Day day(desk);
  day.does(day.opens(one));
  desk.queues[0].rule = {};
  const auto events = day.does(Review{});
  CHECK(events == std::vector<Event>{Released{one, t0}});
  CHECK(day.state.waiting.empty());
  desk.queues[0].rule.kind = RuleKind::round_robin;
  day.online({ann});
  Follow again = day.opens(one);
  again.known = 1;
  CHECK(day.given_to(day.does(again)) == ann);  // the same version: nothing changed but the rule
}

TEST_CASE("one command gives out so much, and says that there may be more") {
  desk::State desk = round_robin;
  desk.agents[0].capacity.total = 100;
  Day day(desk);
  for (std::uint64_t i = 0; i < 50; ++i) day.does(day.opens(ConversationId{{6, i}}));
  std::size_t handed_out = 0;
  auto events = day.does(SetPresence{ann, Presence::online});
  while (true) {
    std::vector<const Event*> pointers;
    for (const Event& event : events) pointers.push_back(&event);
    handed_out += count<Decided>(events);
    CHECK(count<Decided>(events) <= decisions_max);
    if (!may_go_on(pointers)) break;
    events = day.does(Review{});
  }
  CHECK(handed_out == 50);
  CHECK(day.reserved(ann) == 50);
}

TEST_CASE("offers to who is no agent any more go to others") {
  desk::State desk = offering;
  Day day(desk);
  day.online({ann, ben});
  day.does(day.opens(one));
  desk.agents[0].active = false;
  const auto events = day.does(Review{});
  CHECK(count<OfferWithdrawn>(events) == 1);
  CHECK(day.given_to(events) == ben);
}

TEST_CASE("an event lists so many candidates and counts the rest") {
  desk::State desk = round_robin;
  for (std::uint64_t i = 0; i < 100; ++i) desk.agents.push_back(agent(AgentId{{7, i}}));
  Day day(desk);
  day.online({cam});
  const auto events = day.does(day.opens(one));
  const Decided& decided = std::get<Decided>(events.back());
  CHECK(decided.agent == cam);
  CHECK(decided.candidates.size() == candidates_max);
  CHECK(decided.candidates.front().agent == cam);
  CHECK(decided.left_out == 103 - candidates_max);
}

TEST_CASE("a state read from its rows is the one that was written, in whichever order its offers were made") {
  const auto offered = [](ConversationId id, Instant until) {
    Entry entry;
    entry.standing = Standing::offered;
    entry.queue = billing;
    entry.agent = ann;
    entry.offered_until = until;
    return std::pair(id, entry);
  };
  const auto first = offered(one, {9}), second = offered(two, {5}), third = offered(three, {7});
  State forward, backward;
  for (const auto& [id, entry] : {first, second, third}) put(forward, id, entry);
  for (const auto& [id, entry] : {third, second, first}) put(backward, id, entry);
  CHECK(forward.agents.at(ann).offers.size() == 3);
  CHECK(forward.agents.at(ann).offers == backward.agents.at(ann).offers);
}

}  // namespace
}  // namespace parlance::routing
