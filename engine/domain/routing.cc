#include "engine/domain/routing.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>

#include "engine/base/assert.h"

namespace parlance::routing {
namespace {

using Events = std::vector<Event>;
using Outcome = Result<Events>;

constexpr std::array<std::pair<Presence, std::string_view>, 3> presences{
    {{Presence::online, "online"}, {Presence::away, "away"}, {Presence::offline, "offline"}}};
constexpr std::size_t released_max = 200;
constexpr std::size_t looked_at_max = 50;  ///< of a queue, the oldest: the others wait until these are gone

template <class T> bool contains(const std::vector<T>& things, const T& one) {
  return std::ranges::find(things, one) != things.end();
}
void remember(std::vector<AgentId>& agents, AgentId agent) {
  if (contains(agents, agent)) return;
  if (agents.size() >= declined_max) agents.erase(agents.begin());
  agents.push_back(agent);
}

// ---- folding ----
//
// A ledger is the state itself or, while one command is decided, a draft over it: both take the same events.

template <class Ledger> void count(Ledger& ledger, ConversationId id, const Entry& entry, std::int32_t by) {
  switch (entry.standing) {
    case Standing::held: ledger.agent(entry.agent).held.add(entry.channel, by); return;
    case Standing::offered: {
      auto& offers = ledger.agent(entry.agent).offers;
      if (by > 0)
        // By conversation, so that a state read from rows is the one that was written.
        offers.insert(std::ranges::upper_bound(offers, id, {}, &Offer::conversation),
                      {id, entry.offered_until});
      else
        std::erase_if(offers, [&](const Offer& offer) { return offer.conversation == id; });
      ledger.agent(entry.agent).reserved.add(entry.channel, by);
      return;
    }
    case Standing::assigning: ledger.agent(entry.agent).reserved.add(entry.channel, by); return;
    case Standing::waiting:
    case Standing::parked: return;
  }
}

void waits_again(Entry& entry) {
  entry.standing = Standing::waiting;
  entry.agent = {};
  entry.offered_until = {};
}

template <class Ledger> void apply(Ledger& ledger, const PresenceChanged& e) {
  AgentState& agent = ledger.agent(e.agent);
  agent.presence = e.presence;
  agent.since = e.at;
  agent.misses = 0;
}
template <class Ledger> void apply(Ledger& ledger, const Followed& e) {
  const bool holds = e.to_do && e.agent;
  if (!holds && !e.waits) return ledger.put(e.conversation, std::nullopt);
  const Entry* before = ledger.entry(e.conversation);
  Entry entry = before == nullptr ? Entry{} : *before;
  const bool same_queue = before != nullptr && before->queue == e.queue;
  entry.seen = e.seen;
  entry.queue = e.queue;
  entry.channel = e.channel;
  entry.language = e.language;
  if (holds) {
    entry.standing = Standing::held;
    entry.agent = e.agent;
    entry.offered_until = {};
    entry.told = false;
    entry.declined.clear();
    entry.missed.clear();
  } else if (!same_queue || entry.standing == Standing::held) {
    // Whoever gave it back does not get it again by the rule.
    entry.declined.clear();
    if (same_queue) entry.declined.push_back(entry.agent);
    entry.missed.clear();
    entry.told = false;
    entry.since = e.at;
    waits_again(entry);
  } else if (entry.standing == Standing::parked || entry.standing == Standing::assigning) {
    // Where it was being assigned, it had the agent and was given back before this was told, or it will refuse the agent: had it
    // to be waited for still, nothing more might come. Where it takes the agent after all, that is told next.
    waits_again(entry);
  }
  ledger.put(e.conversation, std::move(entry));
}
template <class Ledger> void apply(Ledger& ledger, const Decided& e) {
  const Entry* before = ledger.entry(e.conversation);
  if (before == nullptr) return;
  Entry entry = *before;
  entry.told = !e.agent;
  if (e.agent) {
    entry.agent = e.agent;
    entry.standing = e.offered_until ? Standing::offered : Standing::assigning;
    entry.offered_until = e.offered_until.value_or(Instant{});
    // Everybody had their chance: another round begins.
    if (contains(entry.missed, e.agent)) entry.missed.clear();
    ledger.agent(e.agent).turn = ledger.next_turn();
  }
  ledger.put(e.conversation, std::move(entry));
}
template <class Ledger> void apply(Ledger& ledger, const OfferAccepted& e) {
  ledger.agent(e.agent).misses = 0;
  const Entry* before = ledger.entry(e.conversation);
  if (before == nullptr) return;
  Entry entry = *before;
  entry.standing = Standing::assigning;
  entry.offered_until = {};
  ledger.put(e.conversation, std::move(entry));
}
template <class Ledger, class Change> void give_back(Ledger& ledger, ConversationId id, Change change) {
  const Entry* before = ledger.entry(id);
  if (before == nullptr) return;
  Entry entry = *before;
  waits_again(entry);
  change(entry);
  ledger.put(id, std::move(entry));
}
template <class Ledger> void apply(Ledger& ledger, const OfferDeclined& e) {
  ledger.agent(e.agent).misses = 0;
  give_back(ledger, e.conversation, [&](Entry& entry) { remember(entry.declined, e.agent); });
}
template <class Ledger> void apply(Ledger& ledger, const OfferExpired& e) {
  ++ledger.agent(e.agent).misses;
  give_back(ledger, e.conversation, [&](Entry& entry) { remember(entry.missed, e.agent); });
}
template <class Ledger> void apply(Ledger& ledger, const OfferWithdrawn& e) {
  give_back(ledger, e.conversation, [](Entry&) {});
}
template <class Ledger> void apply(Ledger& ledger, const AssignRefused& e) {
  give_back(ledger, e.conversation, [&](Entry& entry) {
    if (e.refusal == Refusal::agent_unknown)
      remember(entry.declined, e.agent);
    else
      entry.standing = Standing::parked;
  });
}
template <class Ledger> void apply(Ledger& ledger, const Released& e) {
  ledger.put(e.conversation, std::nullopt);
}

struct StateLedger {
  State& state;
  AgentState& agent(AgentId id) { return state.agents[id]; }
  [[nodiscard]] const Entry* entry(ConversationId id) const {
    const auto it = state.entries.find(id);
    return it == state.entries.end() ? nullptr : &it->second;
  }
  void put(ConversationId id, std::optional<Entry> entry) { routing::put(state, id, std::move(entry)); }
  std::uint64_t next_turn() { return ++state.turns; }
};

// ---- deciding ----

/// Whether somebody who speaks `spoken` understands `asked`: scripts count only where both are said.
bool understands(Language spoken, Language asked) {
  const auto a = static_cast<unsigned>(spoken);
  const auto b = static_cast<unsigned>(asked);
  return a == b || (a % 1024 == b % 1024 && (a / 1024 == 0 || b / 1024 == 0));
}

/// The state as it will be after the events decided so far. Costs what it touches, however much the ledger holds.
class Draft {
 public:
  Draft(const State& base, const desk::State* desk, Instant now)
      : base_(base), desk_(*desk), now_(now), turns_(base.turns) {}

  // As a ledger.
  AgentState& agent(AgentId id) {
    const auto it = agents_.find(id);
    return it != agents_.end() ? it->second : agents_.emplace(id, look(id)).first->second;
  }
  [[nodiscard]] const Entry* entry(ConversationId id) const {
    if (const auto it = entries_.find(id); it != entries_.end()) return it->second ? &*it->second : nullptr;
    const auto it = base_.entries.find(id);
    return it == base_.entries.end() ? nullptr : &it->second;
  }
  void put(ConversationId id, std::optional<Entry> next) {
    if (const Entry* before = entry(id)) count(*this, id, Entry(*before), -1);
    if (next) count(*this, id, *next, 1);
    entries_.insert_or_assign(id, std::move(next));
  }
  std::uint64_t next_turn() { return ++turns_; }

  void add(Event event) {
    std::visit([&](const auto& e) { apply(*this, e); }, event);
    events_.push_back(std::move(event));
  }
  [[nodiscard]] Events take() { return std::move(events_); }
  [[nodiscard]] const desk::State& desk() const { return desk_; }

  /// Gives a waiting conversation to whom its queue's rule says, or puts on record that nobody can take it. True: given.
  bool choose(ConversationId id);
  /// Gives what waits to whom it may go, the oldest first, until `agent` can take no more of it.
  void fill(AgentId agent);
  /// A conversation that this agent had to do with changed: their room may be free.
  void freed(AgentId agent) {
    if (agent) fill(agent);
  }

 private:
  struct Ranked {
    Candidate candidate;
    std::uint64_t turn = 0;
    bool speaks = false;
  };
  [[nodiscard]] const AgentState& look(AgentId id) const {
    static const AgentState none;
    if (const auto it = agents_.find(id); it != agents_.end()) return it->second;
    const auto it = base_.agents.find(id);
    return it == base_.agents.end() ? none : it->second;
  }
  [[nodiscard]] Room room(const desk::Agent& agent, Channel channel) const {
    const AgentState& now = look(agent.id);
    return room_for(channel, agent.capacity, now.held.total + now.reserved.total,
                    now.held.of(channel) + now.reserved.of(channel));
  }
  [[nodiscard]] static Exclusion cannot(const desk::Agent& agent, const QueueRule& rule) {
    if (rule.team && !contains(agent.teams, rule.team)) return Exclusion::team;
    for (const SkillId skill : rule.skills)
      if (!contains(agent.skills, skill)) return Exclusion::skill;
    return Exclusion::none;
  }
  [[nodiscard]] std::vector<Ranked> rank(const Entry& entry, const QueueRule& rule) const;
  [[nodiscard]] std::set<QueueId> queues_with_waiting() const;
  [[nodiscard]] std::vector<Place> oldest(QueueId queue) const;
  [[nodiscard]] std::optional<Place> next_for(const desk::Agent& agent) const;

  const State& base_;
  const desk::State& desk_;
  Instant now_;
  std::uint64_t turns_;
  std::size_t given_ = 0;
  std::map<AgentId, AgentState> agents_;
  std::map<ConversationId, std::optional<Entry>> entries_;
  Events events_;
};

/// Every active agent: those who can take it first, the best before the others; then the others, those nearest to it first.
std::vector<Draft::Ranked> Draft::rank(const Entry& entry, const QueueRule& rule) const {
  std::vector<Ranked> all;
  bool somebody = false;
  bool somebody_speaks = false;
  bool somebody_missed = false;
  for (const desk::Agent& agent : desk_.agents) {
    if (!agent.active) continue;
    const AgentState& now = look(agent.id);
    const Room room = this->room(agent, entry.channel);
    Ranked ranked{{agent.id, room.used, room.most, 0, cannot(agent, rule)}, now.turn, false};
    Exclusion& excluded = ranked.candidate.excluded;
    if (excluded == Exclusion::none) {
      if (now.presence != Presence::online)
        excluded = Exclusion::offline;
      else if (contains(entry.declined, agent.id))
        excluded = Exclusion::declined;
      else if (!room.any())
        excluded = Exclusion::full;
      else if (contains(entry.missed, agent.id))
        excluded = Exclusion::missed;
    }
    if (entry.language != Language::und)
      ranked.speaks = std::ranges::any_of(
          agent.languages, [&](Language spoken) { return understands(spoken, entry.language); });
    const std::uint64_t waited = std::min<std::uint64_t>(turns_ - std::min(turns_, now.turn),
                                                         std::numeric_limits<std::int32_t>::max());
    ranked.candidate.score =
        rule.kind == RuleKind::least_loaded
            ? (room.most == 0 ? 0
                              : static_cast<std::int32_t>(1000 - 1000 * static_cast<std::int64_t>(room.used) /
                                                                     room.most))
            : static_cast<std::int32_t>(waited);
    somebody = somebody || excluded == Exclusion::none;
    somebody_missed = somebody_missed || excluded == Exclusion::missed;
    all.push_back(ranked);
  }
  // Nobody else is left: those who let it pass are asked again.
  if (!somebody && somebody_missed)
    for (Ranked& r : all)
      if (r.candidate.excluded == Exclusion::missed) r.candidate.excluded = Exclusion::none;
  if (rule.prefers_language) {
    for (const Ranked& r : all)
      somebody_speaks = somebody_speaks || (r.candidate.excluded == Exclusion::none && r.speaks);
    if (somebody_speaks)
      for (Ranked& r : all)
        if (r.candidate.excluded == Exclusion::none && !r.speaks) r.candidate.excluded = Exclusion::language;
  }
  // What the desk's order does not settle is settled by whose turn it is, then by that order.
  constexpr std::array<int, 8> nearness{0, 5, 2, 1, 6, 7, 3, 4};  // by Exclusion
  std::ranges::stable_sort(all, [&](const Ranked& a, const Ranked& b) {
    const int near_a = nearness.at(static_cast<std::size_t>(a.candidate.excluded));
    const int near_b = nearness.at(static_cast<std::size_t>(b.candidate.excluded));
    if (near_a != near_b) return near_a < near_b;
    if (a.candidate.score != b.candidate.score) return a.candidate.score > b.candidate.score;
    return a.turn < b.turn;
  });
  return all;
}

bool Draft::choose(ConversationId id) {
  const Entry* entry = this->entry(id);
  if (entry == nullptr || entry->standing != Standing::waiting || given_ >= decisions_max) return false;
  const desk::Queue* queue = desk::find(desk_, entry->queue);
  if (queue == nullptr || queue->rule.kind == RuleKind::manual) return false;
  const std::vector<Ranked> ranked = rank(*entry, queue->rule);
  const bool found = !ranked.empty() && ranked.front().candidate.excluded == Exclusion::none;
  if (!found && entry->told) return false;
  Decided decided{.conversation = id,
                  .agent = found ? ranked.front().candidate.agent : AgentId{},
                  .queue = queue->id,
                  .rule = queue->rule.kind,
                  .rule_version = queue->version,
                  .desk_version = desk_.version,
                  .offered_until = {},
                  .candidates = {},
                  .left_out = 0,
                  .at = now_};
  if (found && queue->rule.offer_ms) decided.offered_until = now_ + *queue->rule.offer_ms;
  for (const Ranked& r : ranked) {
    if (decided.candidates.size() < candidates_max)
      decided.candidates.push_back(r.candidate);
    else
      ++decided.left_out;
  }
  add(std::move(decided));
  given_ += found ? 1 : 0;
  return found;
}

std::set<QueueId> Draft::queues_with_waiting() const {
  std::set<QueueId> out;
  for (auto it = base_.waiting.begin(); it != base_.waiting.end();) {
    const QueueId queue = it->queue;
    out.insert(queue);
    const ConversationId last = ConversationId::from(
        {std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max()});
    it = base_.waiting.upper_bound({queue, {std::numeric_limits<std::int64_t>::max()}, last});
  }
  for (const auto& [id, entry] : entries_)
    if (entry && entry->standing == Standing::waiting) out.insert(entry->queue);
  return out;
}

std::vector<Place> Draft::oldest(QueueId queue) const {
  std::vector<Place> out;
  for (auto it = base_.waiting.lower_bound({queue, {std::numeric_limits<std::int64_t>::min()}, {}});
       it != base_.waiting.end() && it->queue == queue && out.size() < looked_at_max; ++it)
    if (!entries_.contains(it->conversation)) out.push_back(*it);
  for (const auto& [id, entry] : entries_)
    if (entry && entry->standing == Standing::waiting && entry->queue == queue)
      out.push_back({queue, entry->since, id});
  std::ranges::sort(out);
  return out;
}

std::optional<Place> Draft::next_for(const desk::Agent& agent) const {
  std::optional<Place> best;
  for (const QueueId id : queues_with_waiting()) {
    const desk::Queue* queue = desk::find(desk_, id);
    if (queue == nullptr || queue->rule.kind == RuleKind::manual) continue;
    if (cannot(agent, queue->rule) != Exclusion::none) continue;
    for (const Place& place : oldest(id)) {
      const Entry& entry = *this->entry(place.conversation);
      if (contains(entry.declined, agent.id) || !room(agent, entry.channel).any()) continue;
      if (!best || place.since < best->since) best = place;
      break;
    }
  }
  return best;
}

void Draft::fill(AgentId id) {
  const desk::Agent* agent = desk::find(desk_, id);
  if (agent == nullptr || !agent->active || look(id).presence != Presence::online) return;
  while (given_ < decisions_max) {
    const auto next = next_for(*agent);
    if (!next || !choose(next->conversation)) return;
  }
}

/// Takes what is offered to `agent` back, as they are not there, and gives it to others.
void withdraw_offers(Draft& draft, AgentId agent, Instant now) {
  const std::vector<Offer> offers = draft.agent(agent).offers;
  for (const Offer& offer : offers) draft.add(OfferWithdrawn{offer.conversation, agent, now});
  for (const Offer& offer : offers) draft.choose(offer.conversation);
}

/// The entry that is offered to this agent now; the refusal otherwise.
Result<const Entry*> offered_to(const State& state, ConversationId id, AgentId agent) {
  const auto it = state.entries.find(id);
  if (it == state.entries.end() || it->second.standing != Standing::offered || it->second.agent != agent)
    return refused("offer.none", "it is not offered to you, or no longer");
  return &it->second;
}

}  // namespace

std::string_view to_text(Presence presence) {
  const auto it = std::ranges::find(presences, presence, [](const auto& p) { return p.first; });
  return it == presences.end() ? "offline" : it->second;
}
std::optional<Presence> parse_presence(std::string_view text) {
  const auto it = std::ranges::find(presences, text, [](const auto& p) { return p.second; });
  if (it == presences.end()) return std::nullopt;
  return it->first;
}
std::string_view to_text(Exclusion exclusion) {
  constexpr std::array<std::string_view, 8> names{"none",  "offline", "full",     "language",
                                                  "skill", "team",    "declined", "missed"};
  return names.at(std::min<std::size_t>(static_cast<std::size_t>(exclusion), names.size() - 1));
}

ConversationId about(const Event& event) {
  return std::visit(
      [](const auto& e) {
        if constexpr (requires { e.conversation; })
          return e.conversation;
        else
          return ConversationId{};
      },
      event);
}

void put(State& state, ConversationId id, std::optional<Entry> next) {
  StateLedger ledger{state};
  const auto index = [&](const Entry& entry, bool in) {
    const Place place{entry.queue, entry.since, id};
    const std::pair offer(entry.offered_until, id);
    if (entry.standing == Standing::waiting)
      in ? (void)state.waiting.insert(place) : (void)state.waiting.erase(place);
    if (entry.standing == Standing::offered)
      in ? (void)state.offers.insert(offer) : (void)state.offers.erase(offer);
  };
  if (const auto it = state.entries.find(id); it != state.entries.end()) {
    count(ledger, id, it->second, -1);
    index(it->second, false);
  }
  if (!next) {
    state.entries.erase(id);
    return;
  }
  count(ledger, id, *next, 1);
  index(*next, true);
  state.entries.insert_or_assign(id, std::move(*next));
}

State evolve(State state, const Event& event) {
  StateLedger ledger{state};
  std::visit([&](const auto& e) { apply(ledger, e); }, event);
  return state;
}

std::vector<conversation::Timer> timers(const State& state) {
  if (state.offers.empty()) return {};
  return {{conversation::TimerKind::offer, state.offers.begin()->first}};
}

bool may_go_on(const std::vector<const Event*>& events) {
  std::size_t given = 0;
  std::size_t released = 0;
  for (const Event* event : events) {
    const auto* decided = std::get_if<Decided>(event);
    given += decided != nullptr && decided->agent ? 1 : 0;
    released += std::holds_alternative<Released>(*event) ? 1 : 0;
  }
  return given >= decisions_max || released >= released_max;
}

Outcome decide(const State& state, const SetPresence& command) {
  const desk::Agent* agent = desk::find(*command.desk, command.agent);
  if (agent == nullptr || (!agent->active && command.presence != Presence::offline))
    return refused("agent.unknown", "no active agent of that id");
  const auto it = state.agents.find(command.agent);
  const Presence before = it == state.agents.end() ? Presence::offline : it->second.presence;
  if (before == command.presence) return Events{};
  Draft draft(state, command.desk, command.now);
  draft.add(PresenceChanged{command.agent, command.presence, false, command.now});
  if (command.presence == Presence::online)
    draft.fill(command.agent);
  else
    withdraw_offers(draft, command.agent, command.now);
  return draft.take();
}

Outcome decide(const State& state, const Follow& command) {
  Draft draft(state, command.desk, command.now);
  const Entry* before = draft.entry(command.conversation);
  const Version known = before == nullptr ? command.known : before->seen;
  if (command.version < known || (before != nullptr && command.version == known)) return Events{};
  const desk::Queue* queue = desk::find(*command.desk, command.queue);
  const bool waits =
      command.to_do && !command.agent && queue != nullptr && queue->rule.kind != RuleKind::manual;
  const bool holds = command.to_do && command.agent;
  // The same again, of one that was let go of or never concerned anybody.
  if (before == nullptr && !waits && !holds && command.version == known) return Events{};
  AgentId left;
  Taken taken = command.agent ? command.taken : Taken::none;
  if (before != nullptr) {
    const bool was_chosen = before->standing == Standing::assigning || before->standing == Standing::offered;
    if (was_chosen && command.agent == before->agent && taken != Taken::claimed) taken = Taken::by_rule;
    left = before->agent;
  }
  draft.add(Followed{command.conversation, command.version, command.queue, command.agent, command.to_do,
                     waits, taken, command.channel, command.language, command.since});
  draft.choose(command.conversation);
  draft.freed(left);
  return draft.take();
}

Outcome decide(const State& state, const AcceptOffer& command) {
  const auto it = state.entries.find(command.conversation);
  const bool theirs = it != state.entries.end() && it->second.agent == command.agent;
  if (theirs && (it->second.standing == Standing::assigning || it->second.standing == Standing::held))
    return Events{};
  const auto offered = offered_to(state, command.conversation, command.agent);
  if (!offered) return offered.error();
  if (command.now > (*offered)->offered_until) return refused("offer.expired", "the offer ended before");
  return Events{OfferAccepted{command.conversation, command.agent, command.now}};
}

Outcome decide(const State& state, const DeclineOffer& command) {
  const auto offered = offered_to(state, command.conversation, command.agent);
  if (!offered) return offered.error();
  Draft draft(state, command.desk, command.now);
  draft.add(OfferDeclined{command.conversation, command.agent, command.now});
  draft.choose(command.conversation);
  draft.freed(command.agent);
  return draft.take();
}

Outcome decide(const State& state, const ExpireOffers& command) {
  Draft draft(state, command.desk, command.now);
  std::vector<std::pair<ConversationId, AgentId>> over;
  for (auto it = state.offers.begin();
       it != state.offers.end() && it->first <= command.due && over.size() < decisions_max; ++it) {
    const Entry& entry = state.entries.at(it->second);
    over.emplace_back(it->second, entry.agent);
    draft.add(OfferExpired{it->second, entry.agent, it->first});
  }
  for (const auto& [id, agent] : over) {
    if (draft.agent(agent).misses < misses_max || draft.agent(agent).presence != Presence::online) continue;
    draft.add(PresenceChanged{agent, Presence::away, true, command.now});
    withdraw_offers(draft, agent, command.now);
  }
  for (const auto& [id, agent] : over) draft.choose(id);
  for (const auto& [id, agent] : over) draft.freed(agent);
  return draft.take();
}

Outcome decide(const State& state, const RefuseAssign& command) {
  const auto it = state.entries.find(command.conversation);
  if (it == state.entries.end() || it->second.standing != Standing::assigning ||
      it->second.decided_in != command.decided_in)
    return Events{};
  Draft draft(state, command.desk, command.now);
  const AgentId agent = it->second.agent;
  draft.add(AssignRefused{command.conversation, agent, command.refusal, command.now});
  draft.choose(command.conversation);
  draft.freed(agent);
  return draft.take();
}

Outcome decide(const State& state, const Review& command) {
  Draft draft(state, command.desk, command.now);
  // Offers to those who are no agents any more.
  for (const auto& [until, id] : state.offers) {
    const AgentId agent = state.entries.at(id).agent;
    const desk::Agent* known = desk::find(*command.desk, agent);
    if (known == nullptr || !known->active) withdraw_offers(draft, agent, command.now);
  }
  std::size_t released = 0;
  QueueId looked_at;
  bool manual = false;
  for (const Place& place : state.waiting) {
    if (place.queue != looked_at) {
      looked_at = place.queue;
      const desk::Queue* queue = desk::find(*command.desk, place.queue);
      manual = queue == nullptr || queue->rule.kind == RuleKind::manual;
    }
    if (!manual) continue;
    if (released++ == released_max) break;
    draft.add(Released{place.conversation, command.now});
  }
  for (const desk::Agent& agent : command.desk->agents) draft.fill(agent.id);
  return draft.take();
}

}  // namespace parlance::routing
