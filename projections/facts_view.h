#pragma once
#include <algorithm>

#include "projections/daily_counts.h"
#include "projections/fact_model.h"
#include "projections/standing.h"

namespace parlance {

/// What reports count, fact by fact: who reads the facts of a time has its figures, the list behind them and the deciding events at
/// once, in any time zone, and the list sums to the figure because it is the same facts. They lie in the hour of their own time
/// (`occurred_at`), so a fact that comes late changes the past it belongs to and says so (`restated`). Names nobody but agents.
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
///
/// Beside the facts, the stretches: how long each conversation was to be worked on, and where. A stretch is a time in which it was active
/// (neither resolved, closed nor spam) in one queue with one holder, kept in the hour of its end; the one that still runs stands in the
/// conversation's own row. The backlog of any instant is the stretches that cover it. A conversation's stretches follow one another
/// without overlap: one that comes to light late begins where the last one ended.
///
/// And their sums in short buckets: daily_counts.h.
struct FactsView {
  static constexpr std::string_view name = "facts";
  static constexpr std::uint32_t version = 3;
  static constexpr std::uint64_t hour_ms = 60 * 60 * 1000;
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
    stretch = 8,  ///< a Stretch, not a Fact
  };
  /// Where a fact lies in its kind: its hour, and its number among those of the hour.
  struct Place {
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    std::uint32_t hour = 0;
    std::uint32_t number = none;
    [[nodiscard]] bool is_set() const { return number != none; }
  };
  /// An event of the conversation: its version there. 0: none.
  using EventNumber = std::uint32_t;
  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t episode = 0;
    Standing standing;
    RowInstant opened_at;  ///< of the episode
    RowInstant first_message_at;
    RowInstant waits_since;
    std::int64_t waited_ms = 0;
    RowInstant response_at;
    EventNumber opened_by = 0;
    EventNumber first_message_by = 0;
    Place created;
    Place response, resolution, breach;  ///< of the episode
    std::array<Place, 4> ratings{};      ///< of the episode, by RatingKind
    TypeId type;
    std::uint32_t replies = 0;      ///< by people, in the episode
    std::uint8_t answered = 0;      ///< `response` is an answer, not the lack of one
    std::uint8_t resolved = 0;      ///< `resolution` is one, not a closing without
    std::uint8_t reply_needed = 1;  ///< nobody said that it is not
    std::uint8_t zero = 0;
    std::uint32_t stretches = 0;
    EventNumber began = 0;
    RowInstant since;  ///< of the running stretch, else the end of the last
  };
  struct Fact {
    RowInstant at;
    ConversationId conversation;
    std::int64_t value_ms = 0;
    std::int64_t waited_ms = 0;
    RowInstant reopened_at;
    QueueId queue;
    AgentId agent;
    TeamId team;
    TypeId type;
    EventNumber made_by = 0;
    EventNumber first = 0, last = 0;  ///< from which event the value runs, and the one that decided
    std::uint32_t episode = 0;
    std::uint32_t replies = 0;
    Language language = Language::und;
    Channel channel = Channel::none;
    LeftOut left_out = LeftOut::no;
    RatingKind rating = RatingKind::none;
    std::uint8_t restated = 0;
    std::uint8_t replaced = 0;  ///< another one stands in its place: it is none any more
    std::array<std::uint8_t, 5> zero{};
  };
  struct Stretch {
    RowInstant from, until;
    ConversationId conversation;
    QueueId queue;
    AgentId agent;  ///< zero: nobody
    TeamId team;    ///< zero: none
    EventNumber began = 0, ended = 0;
    std::uint32_t number = 0;  ///< of its conversation, from 1
    Language language = Language::und;
    Channel channel = Channel::none;
    std::uint8_t zero = 0;
  };
  /// How many of a kind an hour has. Key: tag 1, Kind (8 bits), hour since 1970 (32).
  struct Hour {
    std::uint32_t view_version = 0;
    std::uint32_t items = 0;
  };
  static constexpr std::uint8_t hour_tag = 1;
  /// Rows of Facts, or of Stretches: key: tag 2, Kind (8 bits), hour (32), the row's number in the hour (32). Each but an hour's last is
  /// full.
  static constexpr std::uint8_t items_tag = 2;
  [[nodiscard]] static std::uint32_t hour_of(RowInstant at) {
    constexpr std::uint64_t last = ~std::uint32_t{0};
    return static_cast<std::uint32_t>(
        std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(at.ms, 0)) / hour_ms, last));
  }

  static ApplyOutcome on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if (mine.exists()) return cannot("facts.conversation_exists");
    StreamRow& row = mine.make();
    row.episode = 1;
    begin_episode(row, e, at, rows);
    const AgentId by = e.by_agent ? agent_of(at.actor) : AgentId{};
    count(Kind::created, add(rows, Kind::created, row, by, at, &row.created), true, at, rows);
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
  static EventNumber event_of(const EventAt& at) { return static_cast<EventNumber>(at.version); }
  /// The requester waits for the shop: all of an episode but the time it waits for the customer.
  static bool waits(const Standing& s) {
    return is_active(s.phase) && s.phase != conversation::Phase::waiting_customer;
  }

  template <class E> static void move_on(StreamRow& row, const E& e, const EventAt& at, Rows& rows) {
    if constexpr (Moves::has<E>) {
      const Standing before = row.standing;
      move(row.standing, e);
      const bool waited = waits(before), waits_now = waits(row.standing);
      if (waited && !waits_now) {
        row.waited_ms += std::max<std::int64_t>(0, at.occurred_at.ms - row.waits_since.ms);
        row.waits_since = {};
      } else if (!waited && waits_now) {
        row.waits_since = at.occurred_at;
      }
      next_stretch(row, before, at, rows);
    }
  }
  static void next_stretch(StreamRow& row, const Standing& before, const EventAt& at, Rows& rows) {
    const Standing& now = row.standing;
    const bool was = is_active(before.phase), is = is_active(now.phase);
    const bool moved = before.queue != now.queue || before.agent != now.agent || before.team != now.team;
    if (was == is && !(is && moved)) return;
    const RowInstant when =
        row.since.is_set() && row.since.ms > at.occurred_at.ms ? row.since : at.occurred_at;
    if (was && when.ms > row.since.ms) {
      Stretch& ended = append<Stretch>(rows, Kind::stretch, when, nullptr);
      ended.from = row.since;
      ended.until = when;
      ended.conversation = ConversationId::from(at.stream.id);
      ended.queue = before.queue;
      ended.agent = before.agent;
      ended.team = before.team;
      ended.began = row.began;
      ended.ended = event_of(at);
      ended.number = row.stretches;
      ended.language = before.language;
      ended.channel = before.channel;
    }
    row.since = when;
    if (!is) return;
    ++row.stretches;
    row.began = event_of(at);
  }
  template <class E> static void begin_episode(StreamRow& row, const E& e, const EventAt& at, Rows& rows) {
    row.waited_ms = 0;
    row.waits_since = {};
    move_on(row, e, at, rows);
    row.opened_at = at.occurred_at;
    row.opened_by = event_of(at);
    row.first_message_at = {};
    row.first_message_by = 0;
    row.response = row.resolution = row.breach = {};
    row.ratings = {};
    row.replies = 0;
    row.answered = 0;
    row.resolved = 0;
    row.reply_needed = 1;
  }

  static void take(StreamRow& row, const conversation::MessageReceived& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
    row.reply_needed = 1;
    if (row.first_message_at.is_set()) return;
    row.first_message_at = at.occurred_at;
    row.first_message_by = event_of(at);
  }
  static void take(StreamRow& row, const conversation::Replied& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
    Fact& fact = add(rows, Kind::replied, row, e.agent, at);
    if (!e.agent) {
      fact.left_out = LeftOut::by_program;
      return;
    }
    ++row.replies;
    count(Kind::replied, fact, true, at, rows);
    const bool answers = row.first_message_at.is_set() && at.occurred_at.ms >= row.first_message_at.ms;
    if (!answers || (row.answered != 0 && at.occurred_at.ms >= row.response_at.ms)) return;
    respond(row, e.agent, at, rows, LeftOut::no);
  }
  static void take(StreamRow& row, const conversation::Resolved& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
    end_unanswered(row, e.agent, at, rows);
    end_episode(row, e.agent, at, rows, LeftOut::no);
  }
  static void take(StreamRow& row, const conversation::Closed& e, const EventAt& at, Rows& rows) {
    const bool unresolved = is_active(row.standing.phase);
    move_on(row, e, at, rows);
    if (!unresolved) return;  // it was resolved before, or spam
    end_unanswered(row, agent_of(at.actor), at, rows);
    end_episode(row, agent_of(at.actor), at, rows, LeftOut::closed_unresolved);
  }
  static void take(StreamRow& row, const conversation::Reopened& e, const EventAt& at, Rows& rows) {
    if (row.resolution.is_set()) {
      fact_at(rows, Kind::resolved, row.resolution).reopened_at = at.occurred_at;
    }
    row.episode = e.episode;
    begin_episode(row, e, at, rows);
    const AgentId by = e.by_customer ? AgentId{} : agent_of(at.actor);
    count(Kind::reopened, add(rows, Kind::reopened, row, by, at), true, at, rows);
  }
  static void take(StreamRow& row, const conversation::FirstResponseBreached&, const EventAt& at,
                   Rows& rows) {
    Fact& fact = add(rows, Kind::breached, row, row.standing.agent, at, &row.breach);
    fact.first = row.first_message_by;
    if (row.first_message_at.is_set()) fact.value_ms = at.occurred_at.ms - row.first_message_at.ms;
  }
  static void take(StreamRow& row, const conversation::BreachWithdrawn&, const EventAt& at, Rows& rows) {
    if (!row.breach.is_set()) return;
    Fact& fact = fact_at(rows, Kind::breached, row.breach);
    fact.left_out = LeftOut::withdrawn;
    fact.first = fact.last;
    fact.last = event_of(at);
    fact.restated |= restates(fact.at, at);
  }
  static void take(StreamRow& row, const conversation::TypeChanged& e, const EventAt&, Rows&) {
    row.type = e.to;
  }
  static void take(StreamRow& row, const conversation::NoReplyNeeded&, const EventAt&, Rows&) {
    row.reply_needed = 0;
  }
  static void take(StreamRow& row, const conversation::SpamMarked& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
    leave_out(row.created, Kind::created, LeftOut::spam, at, rows);
  }
  static void take(StreamRow& row, const conversation::SpamUnmarked& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
    leave_out(row.created, Kind::created, LeftOut::no, at, rows);
  }
  static void take(StreamRow& row, const conversation::Rated& e, const EventAt& at, Rows& rows) {
    const auto kind = static_cast<std::size_t>(e.kind);
    if (kind >= row.ratings.size()) return;
    if (row.ratings[kind].is_set()) leave_out(row.ratings[kind], Kind::rated, LeftOut::corrected, at, rows);
    Fact& fact = add(rows, Kind::rated, row, e.agent, at, &row.ratings[kind]);
    fact.rating = e.kind;
    fact.queue = e.queue;
    fact.episode = e.episode;
    fact.value_ms = e.score;
  }
  static void take(StreamRow& row, const conversation::Undone& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
    using conversation::Act;
    if (has(e.before.parts, conversation::Part::type)) row.type = e.before.type;
    if (e.act == Act::spam_marked) leave_out(row.created, Kind::created, LeftOut::no, at, rows);
    if (e.act == Act::spam_unmarked) leave_out(row.created, Kind::created, LeftOut::spam, at, rows);
    const bool ended = (e.act == Act::resolved && row.resolved != 0) ||
                       (e.act == Act::closed && row.resolution.is_set() && row.resolved == 0);
    if (!ended) return;
    // The lack of an answer was found at the same event, and is none any more.
    if (row.response.is_set() && row.answered == 0) {
      fact_at(rows, Kind::first_response, row.response).replaced = 1;
      row.response = {};
    }
    leave_out(row.resolution, Kind::resolved, LeftOut::undone, at, rows);
    row.resolution = {};
    row.resolved = 0;
  }
  /// All others move the conversation and are not counted themselves.
  template <class E> static void take(StreamRow& row, const E& e, const EventAt& at, Rows& rows) {
    move_on(row, e, at, rows);
  }

  /// What was counted is left out from now on, or counts again; the event that says so joins those that decided.
  static void leave_out(const Place& place, Kind kind, LeftOut reason, const EventAt& at, Rows& rows) {
    if (!place.is_set()) return;
    Fact& fact = fact_at(rows, kind, place);
    count(kind, fact, false, at, rows);
    fact.left_out = reason;
    count(kind, fact, true, at, rows);
    if (fact.first == 0) fact.first = fact.last;
    fact.last = event_of(at);
    fact.restated |= restates(fact.at, at);
  }
  static void end_unanswered(StreamRow& row, AgentId agent, const EventAt& at, Rows& rows) {
    if (row.first_message_at.is_set() && !row.response.is_set())
      respond(row, agent, at, rows, row.reply_needed != 0 ? LeftOut::not_answered : LeftOut::no_reply_needed);
  }
  /// The episode's first response, or the lack of one, in place of what was taken for it.
  static void respond(StreamRow& row, AgentId agent, const EventAt& at, Rows& rows, LeftOut left_out) {
    const bool again = row.response.is_set();
    if (again) {
      Fact& before = fact_at(rows, Kind::first_response, row.response);
      count(Kind::first_response, before, false, at, rows);
      before.replaced = 1;
    }
    Fact& fact = add(rows, Kind::first_response, row, agent, at, &row.response);
    fact.left_out = left_out;
    fact.first = row.first_message_by;
    fact.value_ms = std::max<std::int64_t>(0, at.occurred_at.ms - row.first_message_at.ms);
    fact.restated |= again ? 1 : 0;
    count(Kind::first_response, fact, true, at, rows);
    row.response_at = at.occurred_at;
    row.answered = left_out == LeftOut::no ? 1 : 0;
  }
  static void end_episode(StreamRow& row, AgentId agent, const EventAt& at, Rows& rows, LeftOut left_out) {
    Fact& fact = add(rows, Kind::resolved, row, agent, at, &row.resolution);
    fact.left_out = left_out;
    fact.first = row.opened_by;
    fact.value_ms = std::max<std::int64_t>(0, at.occurred_at.ms - row.opened_at.ms);
    fact.waited_ms = row.waited_ms;
    fact.replies = row.replies;
    count(Kind::resolved, fact, true, at, rows);
    row.resolved = left_out == LeftOut::no ? 1 : 0;
  }

  static std::uint8_t restates(RowInstant when, const EventAt& at) {
    return DailyCounts::restates(when, at.recorded_at) ? 1 : 0;
  }
  /// The fact, if nothing leaves it out, joins the sums of its time or leaves them.
  static void count(Kind kind, const Fact& fact, bool in, const EventAt& at, Rows& rows) {
    if (fact.left_out != LeftOut::no) return;
    using Figures = DailyCounts::Figures;
    std::uint32_t Figures::*counter = nullptr;
    switch (kind) {
      case Kind::created: counter = &Figures::created; break;
      case Kind::replied: counter = &Figures::replied; break;
      case Kind::resolved: counter = &Figures::resolved; break;
      case Kind::reopened: counter = &Figures::reopened; break;
      case Kind::first_response: break;
      default: return;
    }
    DailyCounts::change(
        rows, fact.at, fact.queue, fact.channel, fact.language, fact.agent, [&](Figures& figures) {
          if (counter != nullptr)
            figures.*counter += in ? 1 : static_cast<std::uint32_t>(-1);
          else
            DailyCounts::count_response(figures, static_cast<std::uint64_t>(fact.value_ms), in);
          // A response that joins is a reply that was counted already.
          if (counter != nullptr || !in) figures.restated += restates(fact.at, at);
        });
  }
  static RowKey items_key(Rows& rows, Kind kind, std::uint32_t hour, std::size_t row) {
    return rows.key(items_tag)
        .be(static_cast<std::uint8_t>(kind))
        .be(hour)
        .be(static_cast<std::uint32_t>(row));
  }
  template <class Item> static Item& append(Rows& rows, Kind kind, RowInstant at, Place* place) {
    const std::uint32_t hour = hour_of(at);
    const std::uint32_t number =
        rows.at<Hour>(rows.key(hour_tag).be(static_cast<std::uint8_t>(kind)).be(hour)).items++;
    if (place != nullptr) *place = {hour, number};
    return rows.append<Item>(items_key(rows, kind, hour, number / items_max<Item>));
  }
  static Fact& fact_at(Rows& rows, Kind kind, const Place& place) {
    return rows.item<Fact>(items_key(rows, kind, place.hour, place.number / items_max<Fact>),
                           place.number % items_max<Fact>);
  }
  /// `place`, where it is wanted, is where the fact lies from now on.
  static Fact& add(Rows& rows, Kind kind, const StreamRow& row, AgentId agent, const EventAt& at,
                   Place* place = nullptr) {
    Fact& fact = append<Fact>(rows, kind, at.occurred_at, place);
    fact.at = at.occurred_at;
    fact.conversation = ConversationId::from(at.stream.id);
    fact.made_by = event_of(at);
    fact.episode = row.episode;
    fact.queue = row.standing.queue;
    fact.agent = agent;
    fact.language = row.standing.language;
    fact.channel = row.standing.channel;
    fact.team = row.standing.team;
    fact.type = row.type;
    fact.last = event_of(at);
    fact.restated = restates(at.occurred_at, at);
    return fact;
  }
};
static_assert(FixedRow<FactsView::StreamRow> && RowItem<FactsView::Fact> && RowItem<FactsView::Stretch>);

}  // namespace parlance
