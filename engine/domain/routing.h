#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/capacity.h"
#include "engine/domain/conversation.h"
#include "engine/domain/desk.h"

/// Who gets what: presence, offers, load, and what waits for an owner. One stream a workspace, beside its desk.
///
/// Only a conversation's own stream says who owns it. Each partition tells routing of every conversation whose standing
/// changed (Follow); routing keeps a ledger of those that somebody holds or that wait in a queue with a rule, chooses by the
/// queue's rule, records whom it looked at and why, and asks the conversation to be assigned. A refusal, or a later
/// Follow, corrects the ledger; a Follow that is older than what is known changes nothing. So commands may be repeated,
/// come late or cross one another, and the ledger ends up as the conversations are.
namespace parlance::routing {

/// Stored: only add.
enum class Presence : std::uint8_t { none = 0, online = 1, away = 2, offline = 3 };
[[nodiscard]] std::string_view to_text(Presence presence);
[[nodiscard]] std::optional<Presence> parse_presence(std::string_view text);

/// Why an agent was not considered any further. Stored: only add.
enum class Exclusion : std::uint8_t {
  none = 0,
  offline = 1,  ///< not online
  full = 2,
  language = 3,  ///< others who can take it speak the conversation's language
  skill = 4,
  team = 5,
  declined = 6,  ///< it was theirs before, or offered to them, and they did not want it
  missed = 7,    ///< offered to them in this round, without an answer
};
[[nodiscard]] std::string_view to_text(Exclusion exclusion);

struct Candidate {
  AgentId agent;
  std::uint32_t load =
      0;  ///< of the limit that leaves the least room: all channels together, or the conversation's
  std::uint32_t capacity = 0;
  std::int32_t score = 0;  ///< by the rule; the higher goes first
  Exclusion excluded = Exclusion::none;
  bool operator==(const Candidate&) const = default;
};
inline constexpr std::size_t candidates_max = 50;  ///< that an event lists

struct PresenceChanged {
  AgentId agent;
  Presence presence;
  bool by_misses;  ///< set away, after too many offers without an answer
  Instant at;
  bool operator==(const PresenceChanged&) const = default;
};
/// How a conversation has just come to the agent who holds it. Stored: only add.
enum class Taken : std::uint8_t {
  none = 0,     ///< nobody holds it, or the agent did before
  by_rule = 1,  ///< as routing had chosen
  claimed = 2,  ///< the agent took it
  by_hand = 3,  ///< somebody assigned it
};
/// Where a conversation stands, as its own stream said at `seen`.
struct Followed {
  ConversationId conversation;
  Version seen;
  QueueId queue;
  AgentId agent;  ///< zero: nobody
  bool to_do;     ///< new or open; what waits for somebody else, sleeps or is done takes no capacity
  bool waits;     ///< for an owner, whom the queue's rule is to find
  Taken taken;
  Channel channel;
  Language language;
  Instant at;
  bool operator==(const Followed&) const = default;
};
/// What the queue's rule says for a conversation that waits.
struct Decided {
  ConversationId conversation;
  AgentId agent;  ///< zero: nobody can take it now, it waits on
  QueueId queue;
  RuleKind rule;
  Version rule_version;                  ///< of the queue
  Version desk_version;                  ///< on which it was decided
  std::optional<Instant> offered_until;  ///< none: assigned at once
  std::vector<Candidate> candidates;     ///< the chosen one first, then by score, then those excluded
  std::uint32_t left_out;                ///< further agents, all excluded, that are not listed
  Instant at;
  bool operator==(const Decided&) const = default;
};
struct OfferAccepted {
  ConversationId conversation;
  AgentId agent;
  Instant at;
  bool operator==(const OfferAccepted&) const = default;
};
struct OfferDeclined {
  ConversationId conversation;
  AgentId agent;
  Instant at;
  bool operator==(const OfferDeclined&) const = default;
};
/// `at` is the deadline itself, not the moment somebody noticed.
struct OfferExpired {
  ConversationId conversation;
  AgentId agent;
  Instant at;
  bool operator==(const OfferExpired&) const = default;
};
/// The agent is not there any more.
struct OfferWithdrawn {
  ConversationId conversation;
  AgentId agent;
  Instant at;
  bool operator==(const OfferWithdrawn&) const = default;
};
/// Why the conversation did not take the agent. Stored: only add.
enum class Refusal : std::uint8_t {
  none = 0,
  moved_on = 1,       ///< it has an owner, is elsewhere or is done: its own Follow says what holds now
  agent_unknown = 2,  ///< the agent is none, or none any more
};
struct AssignRefused {
  ConversationId conversation;
  AgentId agent;
  Refusal refusal;
  Instant at;
  bool operator==(const AssignRefused&) const = default;
};
/// The queue has no rule any more: agents take what waits there.
struct Released {
  ConversationId conversation;
  Instant at;
  bool operator==(const Released&) const = default;
};
using Event = std::variant<PresenceChanged, Followed, Decided, OfferAccepted, OfferDeclined, OfferExpired,
                           OfferWithdrawn, AssignRefused, Released>;

/// The conversation that an event is about; zero: an agent alone.
[[nodiscard]] ConversationId about(const Event& event);

enum class Standing : std::uint8_t {
  waiting = 1,
  offered = 2,    ///< to `agent`, until `offered_until`
  assigning = 3,  ///< the conversation is asked to take `agent`; ends with whatever Follow comes next
  held = 4,       ///< by `agent`, says the conversation
  parked = 5,     ///< it refused, because it had moved on: its Follow is on its way
};
/// A conversation that somebody has to do with.
struct Entry {
  Standing standing = Standing::waiting;
  Version seen = 0;
  QueueId queue;
  AgentId agent;
  Channel channel = Channel::none;
  Language language = Language::und;
  bool told = false;  ///< it is on record that nobody could take it
  Instant since;      ///< it waits; the oldest goes first
  Instant offered_until;
  std::vector<AgentId> declined;
  std::vector<AgentId> missed;
  EnvelopeId
      decided_in;  ///< where it was given to `agent`; kept by whoever folds, for the ids of what follows
  bool operator==(const Entry&) const = default;
};
inline constexpr std::size_t declined_max = 50;  ///< agents remembered; the oldest is forgotten

struct Offer {
  ConversationId conversation;
  Instant until;
  bool operator==(const Offer&) const = default;
};
struct AgentState {
  Presence presence = Presence::offline;
  Instant since;             ///< of the presence; zero: never told
  std::uint64_t turn = 0;    ///< the number of the decision that last gave them something
  std::uint32_t misses = 0;  ///< offers in a row without an answer
  Load held;                 ///< to do, as their conversations say
  Load reserved;             ///< offered, or being assigned
  std::vector<Offer> offers;
  bool operator==(const AgentState&) const = default;
};
inline constexpr std::uint32_t misses_max = 3;  ///< then the agent is set away

struct Place {
  QueueId queue;
  Instant since;
  ConversationId conversation;
  auto operator<=>(const Place&) const = default;
};
/// `waiting`, `offers` and the loads follow from the entries (see put()).
struct State {
  std::uint64_t turns = 0;
  std::unordered_map<AgentId, AgentState> agents;
  std::unordered_map<ConversationId, Entry> entries;
  std::set<Place> waiting;
  std::set<std::pair<Instant, ConversationId>> offers;
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);
/// Sets or, without a value, removes an entry, and what follows from it.
void put(State& state, ConversationId conversation, std::optional<Entry> entry);

/// Due when the first offer ends; none without offers.
[[nodiscard]] std::vector<conversation::Timer> timers(const State& state);

// Commands. `desk` is the workspace's own; `now` when it is decided.

struct SetPresence {
  AgentId agent;
  Presence presence = Presence::none;
  const desk::State* desk = nullptr;
  Instant now;
};
struct Follow {
  ConversationId conversation;
  Version version = 0;  ///< of the conversation's stream, when it came to stand so
  Version known = 0;    ///< the last one that was followed, also where the ledger has no entry any more
  QueueId queue;
  AgentId agent;
  bool to_do = false;
  Taken taken = Taken::none;  ///< claimed or by hand, where an assignment was what changed
  Channel channel = Channel::none;
  Language language = Language::und;
  Instant since;  ///< when it came to stand so, at the source
  const desk::State* desk = nullptr;
  Instant now;
};
struct AcceptOffer {
  ConversationId conversation;
  AgentId agent;
  const desk::State* desk = nullptr;
  Instant now;
};
struct DeclineOffer {
  ConversationId conversation;
  AgentId agent;
  const desk::State* desk = nullptr;
  Instant now;
};
/// The timer is due: offers up to `due` end.
struct ExpireOffers {
  Instant due;
  const desk::State* desk = nullptr;
  Instant now;
};
/// The conversation refused the agent whom the decision in `decided_in` gave it to.
struct RefuseAssign {
  ConversationId conversation;
  EnvelopeId decided_in;
  Refusal refusal = Refusal::none;
  const desk::State* desk = nullptr;
  Instant now;
};
/// The desk may have changed, or something was left to do: give out what waits, as far as it goes.
struct Review {
  const desk::State* desk = nullptr;
  Instant now;
};

/// What one decision gives out at most, and lets go of at most; the rest is for the next Review.
inline constexpr std::size_t decisions_max = 20;
/// True where such a limit may have been met, so another Review should follow.
[[nodiscard]] bool may_go_on(const std::vector<const Event*>& events);

/// Refusals: "agent.unknown", "offer.none" (not offered to this agent, or no longer), "offer.expired".
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const SetPresence& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Follow& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AcceptOffer& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const DeclineOffer& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ExpireOffers& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const RefuseAssign& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Review& command);

}  // namespace parlance::routing
