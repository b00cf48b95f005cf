#pragma once
#include "projections/fact_model.h"
#include "projections/standing.h"

namespace parlance {

/// What reports count, one row a fact: who reads the rows of a time has its figures, the list behind them and the deciding events at
/// once, in any time zone, and the list sums to the figure because it is the same rows. Facts lie at their own time (`occurred_at`), so a
/// fact that comes late changes the past it belongs to and says so (`restated`). Names nobody but agents.
///
/// - created: a conversation opened; left out while it is spam.
/// - replied: a public reply by a person; a program's is left out.
/// - resolved: an episode resolved. Its value runs from its opening (or reopening) to here; `waited_ms` is that time without what it
///   waited for the customer; `replies` by people until here; `reopened_at` if it was. Closed without, or undone: left out.
/// - reopened: a new episode began.
/// - breached: the first-response deadline passed, at the deadline; withdrawn: left out.
/// - first_response: of an episode, the earliest reply by a person that is not dated before the episode's first customer message, at the
///   reply's time; the value runs from that message. An episode that ends without is left out, at its end. A reply that comes to light
///   later and is dated earlier takes its place.
/// - rated: what the customer answered, `rating` the question and the value the score; corrected by a later answer: left out.
///
/// Credit goes to who acted at that event: the agent is who replied, resolved or reopened; of a breach, who held the conversation; of
/// a rating, whom it names.
struct FactsView {
  static constexpr std::string_view name = "facts";
  static constexpr std::uint32_t version = 2;
  static constexpr std::int64_t bucket_ms = 15 * 60 * 1000;
  using Events =
      Handles<conversation::Opened, conversation::MessageReceived, conversation::Replied,
              conversation::Assigned, conversation::Unassigned, conversation::QueueChanged,
              conversation::Snoozed, conversation::Woken, conversation::WaitStarted, conversation::Resolved,
              conversation::Reopened, conversation::Closed, conversation::FirstResponseBreached,
              conversation::BreachWithdrawn, conversation::Transferred, conversation::Escalated,
              conversation::TypeChanged, conversation::SpamMarked, conversation::SpamUnmarked,
              conversation::NoReplyNeeded, conversation::Rated, conversation::Undone>;

  /// Stored: only add.
  enum class Kind : std::uint8_t {
    none = 0,
    created = 1,
    replied = 2,
    resolved = 3,
    reopened = 4,
    breached = 5,
    first_response = 6,
    rated = 7,
  };
  /// Where a fact lies in its kind.
  struct Place {
    RowInstant at;
    Version version = 0;  ///< of the event that made it
    [[nodiscard]] bool is_set() const { return at.is_set(); }
  };
  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t episode = 0;
    Standing standing;
    RowInstant opened_at;  ///< of the episode
    RowInstant first_message_at;
    RowInstant waits_since;
    std::int64_t waited_ms = 0;
    EventRef opened_by;
    EventRef first_message_by;
    Place created;
    Place response, resolution, breach;  ///< of the episode
    std::array<Place, 4> ratings{};      ///< of the episode, by RatingKind
    TypeId type;
    std::uint32_t replies = 0;      ///< by people, in the episode
    std::uint8_t answered = 0;      ///< `response` is an answer, not the lack of one
    std::uint8_t resolved = 0;      ///< `resolution` is one, not a closing without
    std::uint8_t reply_needed = 1;  ///< nobody said that it is not
    std::uint8_t zero = 0;
  };
  /// Key: tag 1, Kind (8 bits), its instant (64), conversation, the version of the event that made it (64).
  struct Fact {
    std::uint32_t view_version = 0;
    std::uint32_t episode = 0;
    std::int64_t value_ms = 0;
    std::int64_t waited_ms = 0;
    RowInstant reopened_at;
    QueueId queue;
    AgentId agent;
    Language language = Language::und;
    Channel channel = Channel::none;
    LeftOut left_out = LeftOut::no;
    std::uint32_t replies = 0;
    EventRef first, last;  ///< from which event the value runs, and the one that decided
    TeamId team;
    TypeId type;
    std::uint8_t restated = 0;
    RatingKind rating = RatingKind::none;
    std::array<std::uint8_t, 6> zero{};
  };
  static constexpr std::uint8_t fact_tag = 1;

  static ApplyOutcome on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if (mine.exists()) return cannot("facts.conversation_exists");
    StreamRow& row = mine.make();
    row.episode = 1;
    begin_episode(row, e, at);
    const AgentId by = e.by_agent ? agent_of(at.actor) : AgentId{};
    add(rows, Kind::created, row, by, at);
    row.created = {at.occurred_at, at.version};
    return applied;
  }
  template <class E> static ApplyOutcome on(const E& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if (!mine.exists()) return cannot("facts.conversation_unknown");
    take(*mine, e, at, rows);
    return applied;
  }

 private:
  static AgentId agent_of(const Actor& actor) {
    return actor.kind == ActorKind::agent ? AgentId::from(actor.id) : AgentId{};
  }
  static EventRef ref(const EventAt& at) { return {at.envelope, at.index, {}}; }
  /// The requester waits for the shop: all of an episode but the time it waits for the customer.
  static bool waits(const Standing& s) {
    return is_active(s.phase) && s.phase != conversation::Phase::waiting_customer;
  }

  template <class E> static void move_on(StreamRow& row, const E& e, const EventAt& at) {
    if constexpr (Moves::has<E>) {
      const bool before = waits(row.standing);
      move(row.standing, e);
      const bool after = waits(row.standing);
      if (before && !after) {
        row.waited_ms += std::max<std::int64_t>(0, at.occurred_at.ms - row.waits_since.ms);
        row.waits_since = {};
      } else if (!before && after) {
        row.waits_since = at.occurred_at;
      }
    }
  }
  template <class E> static void begin_episode(StreamRow& row, const E& e, const EventAt& at) {
    row.waited_ms = 0;
    row.waits_since = {};
    move_on(row, e, at);
    row.opened_at = at.occurred_at;
    row.opened_by = ref(at);
    row.first_message_at = {};
    row.first_message_by = {};
    row.response = row.resolution = row.breach = {};
    row.ratings = {};
    row.replies = 0;
    row.answered = 0;
    row.resolved = 0;
    row.reply_needed = 1;
  }

  static void take(StreamRow& row, const conversation::MessageReceived& e, const EventAt& at, Rows&) {
    move_on(row, e, at);
    row.reply_needed = 1;
    if (row.first_message_at.is_set()) return;
    row.first_message_at = at.occurred_at;
    row.first_message_by = ref(at);
  }
  static void take(StreamRow& row, const conversation::Replied& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at);
    Fact& fact = add(rows, Kind::replied, row, e.agent, at);
    if (!e.agent) {
      fact.left_out = LeftOut::by_program;
      return;
    }
    ++row.replies;
    const bool answers = row.first_message_at.is_set() && at.occurred_at.ms >= row.first_message_at.ms;
    if (!answers || (row.answered != 0 && at.occurred_at.ms >= row.response.at.ms)) return;
    respond(row, e.agent, at, rows, LeftOut::no);
  }
  static void take(StreamRow& row, const conversation::Resolved& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at);
    end_unanswered(row, e.agent, at, rows);
    end_episode(row, e.agent, at, rows, LeftOut::no);
  }
  static void take(StreamRow& row, const conversation::Closed& e, const EventAt& at, Rows& rows) {
    const bool unresolved = is_active(row.standing.phase);
    move_on(row, e, at);
    if (!unresolved) return;  // it was resolved before, or spam
    end_unanswered(row, agent_of(at.actor), at, rows);
    end_episode(row, agent_of(at.actor), at, rows, LeftOut::closed_unresolved);
  }
  static void take(StreamRow& row, const conversation::Reopened& e, const EventAt& at, Rows& rows) {
    if (row.resolution.is_set()) {
      Fact& resolved = rows.at<Fact>(key(rows, Kind::resolved, row.resolution, at));
      resolved.reopened_at = at.occurred_at;
    }
    row.episode = e.episode;
    begin_episode(row, e, at);
    add(rows, Kind::reopened, row, e.by_customer ? AgentId{} : agent_of(at.actor), at);
  }
  static void take(StreamRow& row, const conversation::FirstResponseBreached&, const EventAt& at,
                   Rows& rows) {
    Fact& fact = add(rows, Kind::breached, row, row.standing.agent, at);
    fact.first = row.first_message_by;
    if (row.first_message_at.is_set()) fact.value_ms = at.occurred_at.ms - row.first_message_at.ms;
    row.breach = {at.occurred_at, at.version};
  }
  static void take(StreamRow& row, const conversation::BreachWithdrawn&, const EventAt& at, Rows& rows) {
    if (!row.breach.is_set()) return;
    Fact& fact = rows.at<Fact>(key(rows, Kind::breached, row.breach, at));
    fact.left_out = LeftOut::withdrawn;
    fact.first = fact.last;
    fact.last = ref(at);
    fact.restated |= restates(row.breach.at, at);
  }
  static void take(StreamRow& row, const conversation::TypeChanged& e, const EventAt&, Rows&) {
    row.type = e.to;
  }
  static void take(StreamRow& row, const conversation::NoReplyNeeded&, const EventAt&, Rows&) {
    row.reply_needed = 0;
  }
  static void take(StreamRow& row, const conversation::SpamMarked& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at);
    leave_out(row.created, Kind::created, LeftOut::spam, at, rows);
  }
  static void take(StreamRow& row, const conversation::SpamUnmarked& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at);
    leave_out(row.created, Kind::created, LeftOut::no, at, rows);
  }
  static void take(StreamRow& row, const conversation::Rated& e, const EventAt& at, Rows& rows) {
    const auto kind = static_cast<std::size_t>(e.kind);
    if (kind >= row.ratings.size()) return;
    if (row.ratings[kind].is_set()) leave_out(row.ratings[kind], Kind::rated, LeftOut::corrected, at, rows);
    Fact& fact = add(rows, Kind::rated, row, e.agent, at);
    fact.rating = e.kind;
    fact.queue = e.queue;
    fact.episode = e.episode;
    fact.value_ms = e.score;
    row.ratings[kind] = {at.occurred_at, at.version};
  }
  static void take(StreamRow& row, const conversation::Undone& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at);
    using conversation::Act;
    if (has(e.before.parts, conversation::Part::type)) row.type = e.before.type;
    if (e.act == Act::spam_marked) leave_out(row.created, Kind::created, LeftOut::no, at, rows);
    if (e.act == Act::spam_unmarked) leave_out(row.created, Kind::created, LeftOut::spam, at, rows);
    const bool ended = (e.act == Act::resolved && row.resolved != 0) ||
                       (e.act == Act::closed && row.resolution.is_set() && row.resolved == 0);
    if (!ended) return;
    // The lack of an answer was found at the same event, and is none any more.
    if (row.response.is_set() && row.answered == 0 && row.response.version == row.resolution.version) {
      rows.erase<Fact>(key(rows, Kind::first_response, row.response, at));
      row.response = {};
    }
    leave_out(row.resolution, Kind::resolved, LeftOut::undone, at, rows);
    row.resolution = {};
    row.resolved = 0;
  }
  /// All others move the conversation and are not counted themselves.
  template <class E> static void take(StreamRow& row, const E& e, const EventAt& at, Rows&) {
    move_on(row, e, at);
  }

  /// What was counted is left out from now on, or counts again; the event that says so joins those that decided.
  static void leave_out(const Place& place, Kind kind, LeftOut reason, const EventAt& at, Rows& rows) {
    if (!place.is_set()) return;
    Fact& fact = rows.at<Fact>(key(rows, kind, place, at));
    fact.left_out = reason;
    if (!fact.first.envelope) fact.first = fact.last;
    fact.last = ref(at);
    fact.restated |= restates(place.at, at);
  }
  static void end_unanswered(StreamRow& row, AgentId agent, const EventAt& at, Rows& rows) {
    if (row.first_message_at.is_set() && !row.response.is_set())
      respond(row, agent, at, rows, row.reply_needed != 0 ? LeftOut::not_answered : LeftOut::no_reply_needed);
  }
  /// The episode's first response, or the lack of one, in place of what was taken for it.
  static void respond(StreamRow& row, AgentId agent, const EventAt& at, Rows& rows, LeftOut left_out) {
    const bool again = row.response.is_set();
    if (again) rows.erase<Fact>(key(rows, Kind::first_response, row.response, at));
    Fact& fact = add(rows, Kind::first_response, row, agent, at);
    fact.left_out = left_out;
    fact.first = row.first_message_by;
    fact.value_ms = std::max<std::int64_t>(0, at.occurred_at.ms - row.first_message_at.ms);
    fact.restated |= again ? 1 : 0;
    row.response = {at.occurred_at, at.version};
    row.answered = left_out == LeftOut::no ? 1 : 0;
  }
  static void end_episode(StreamRow& row, AgentId agent, const EventAt& at, Rows& rows, LeftOut left_out) {
    Fact& fact = add(rows, Kind::resolved, row, agent, at);
    fact.left_out = left_out;
    fact.first = row.opened_by;
    fact.value_ms = std::max<std::int64_t>(0, at.occurred_at.ms - row.opened_at.ms);
    fact.waited_ms = row.waited_ms;
    fact.replies = row.replies;
    row.resolution = {at.occurred_at, at.version};
    row.resolved = left_out == LeftOut::no ? 1 : 0;
  }

  static std::uint8_t restates(RowInstant when, const EventAt& at) {
    const std::int64_t bucket = std::max<std::int64_t>(when.ms, 0) / bucket_ms;
    return at.recorded_at.ms >= (bucket + 1) * bucket_ms ? 1 : 0;
  }
  static RowKey key(Rows& rows, Kind kind, const Place& place, const EventAt& at) {
    return rows.key(fact_tag)
        .be(static_cast<std::uint8_t>(kind))
        .be(static_cast<std::uint64_t>(std::max<std::int64_t>(place.at.ms, 0)))
        .id(at.stream.id)
        .be(place.version);
  }
  static Fact& add(Rows& rows, Kind kind, const StreamRow& row, AgentId agent, const EventAt& at) {
    Fact& fact = rows.at<Fact>(key(rows, kind, {at.occurred_at, at.version}, at));
    fact.episode = row.episode;
    fact.queue = row.standing.queue;
    fact.agent = agent;
    fact.language = row.standing.language;
    fact.channel = row.standing.channel;
    fact.team = row.standing.team;
    fact.type = row.type;
    fact.last = ref(at);
    fact.restated = restates(at.occurred_at, at);
    return fact;
  }
};
static_assert(FixedRow<FactsView::StreamRow> && FixedRow<FactsView::Fact>);

}  // namespace parlance
