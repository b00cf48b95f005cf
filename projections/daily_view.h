#pragma once
#include "projections/standing.h"

namespace parlance {

/// What was done, by queue, channel, language and agent, in buckets of 15 minutes UTC of when it happened. Names nobody but
/// agents. Definition 1:
///
/// - created, resolved, reopened: the events, each at its own time. Agent: who resolved, and who reopened (none for a customer).
///   A resolution that was undone is counted out again where it was counted.
/// - replied: public replies by people; what a program answers is not counted.
/// - first response: in each episode, the earliest reply by a person that is not dated before the episode's first customer
///   message; counted where that reply falls, credited to who wrote it. The time runs from that message. A reply that comes to light
///   later and is dated earlier takes its place.
/// - restated: facts recorded after their bucket was over; whoever read the bucket in between saw another number.
struct DailyView {
  static constexpr std::string_view name = "daily";
  static constexpr std::uint32_t version = 2;
  static constexpr std::int64_t bucket_ms = 15 * 60 * 1000;
  using Events = Handles<conversation::Opened, conversation::MessageReceived, conversation::Replied,
                         conversation::Assigned, conversation::QueueChanged, conversation::Resolved,
                         conversation::Reopened, conversation::Transferred, conversation::Escalated,
                         conversation::Undone>;

  enum class By : std::uint8_t { queue = 1, channel = 2, language = 3, agent = 4 };

  struct StreamRow {
    std::uint32_t view_version = 0;
    Language language = Language::und;
    Channel channel = Channel::none;
    std::uint8_t zero = 0;
    QueueId queue;
    RowInstant first_message_at;   ///< of the episode
    RowInstant first_response_at;  ///< as it was counted
    QueueId response_queue;
    AgentId response_agent;
    QueueId resolved_queue;  ///< as the last resolution was counted
    AgentId resolved_agent;
  };
  /// Key: tag 1, By (8 bits), bucket (64 bits, of 15 minutes since 1970), key (128 bits: id, or the enumeration's value).
  struct Figures {
    std::uint32_t view_version = 0;
    std::uint32_t created = 0;
    std::uint32_t replied = 0;
    std::uint32_t resolved = 0;
    std::uint32_t reopened = 0;
    std::uint32_t first_responses = 0;
    std::uint32_t restated = 0;
    std::uint32_t zero = 0;
    std::uint64_t response_ms = 0;              ///< sum
    std::uint64_t response_ms_squared_low = 0;  ///< sum of squares, 128 bits
    std::uint64_t response_ms_squared_high = 0;
  };
  static constexpr std::uint8_t figures_tag = 1;

  static ApplyOutcome on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    auto& row = mine.make();
    row.language = e.language;
    row.channel = e.channel;
    row.queue = e.queue;
    count(row, row.queue, {}, at, at.occurred_at, rows, [](Figures& f) { ++f.created; });
    return applied;
  }
  static ApplyOutcome on(const conversation::MessageReceived&, const EventAt& at, Mine<StreamRow> mine,
                         Rows&) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    if (!mine->first_message_at.is_set()) mine->first_message_at = at.occurred_at;
    return applied;
  }
  static ApplyOutcome on(const conversation::Replied& e, const EventAt& at, Mine<StreamRow> mine,
                         Rows& rows) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    if (!e.agent) return applied;
    const bool responds = takes_first_response(*mine, at, rows);
    const std::uint64_t ms = responds ? response_ms(*mine, at.occurred_at.ms) : 0;
    count(*mine, mine->queue, e.agent, at, at.occurred_at, rows, [&](Figures& f) {
      ++f.replied;
      if (responds) count_response(f, ms, true);
    });
    if (!responds) return applied;
    mine->first_response_at = at.occurred_at;
    mine->response_queue = mine->queue;
    mine->response_agent = e.agent;
    return applied;
  }
  static ApplyOutcome on(const conversation::Assigned& e, const EventAt&, Mine<StreamRow> mine, Rows&) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    mine->queue = e.queue;
    return applied;
  }
  static ApplyOutcome on(const conversation::QueueChanged& e, const EventAt&, Mine<StreamRow> mine, Rows&) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    mine->queue = e.to;
    return applied;
  }
  static ApplyOutcome on(const conversation::Resolved& e, const EventAt& at, Mine<StreamRow> mine,
                         Rows& rows) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    count(*mine, mine->queue, e.agent, at, at.occurred_at, rows, [](Figures& f) { ++f.resolved; });
    mine->resolved_queue = mine->queue;
    mine->resolved_agent = e.agent;
    return applied;
  }
  template <class E>
    requires std::is_same_v<E, conversation::Transferred> || std::is_same_v<E, conversation::Escalated>
  static ApplyOutcome on(const E& e, const EventAt&, Mine<StreamRow> mine, Rows&) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    mine->queue = e.to_queue;
    return applied;
  }
  static ApplyOutcome on(const conversation::Undone& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    if (e.act == conversation::Act::resolved)
      count(*mine, mine->resolved_queue, mine->resolved_agent, at, e.done_at, rows,
            [](Figures& f) { --f.resolved; });
    if (has(e.before.parts, conversation::Part::holder)) mine->queue = e.before.queue;
    return applied;
  }
  static ApplyOutcome on(const conversation::Reopened& e, const EventAt& at, Mine<StreamRow> mine,
                         Rows& rows) {
    if (!mine.exists()) return cannot("daily.conversation_unknown");
    const AgentId by =
        !e.by_customer && at.actor.kind == ActorKind::agent ? AgentId::from(at.actor.id) : AgentId{};
    count(*mine, mine->queue, by, at, at.occurred_at, rows, [](Figures& f) { ++f.reopened; });
    mine->first_message_at = {};
    mine->first_response_at = {};
    return applied;
  }

 private:
  __extension__ using Wide = unsigned __int128;

  /// Whether a reply of now is the episode's first response; one counted before is then counted out again.
  static bool takes_first_response(const StreamRow& row, const EventAt& at, Rows& rows) {
    if (!row.first_message_at.is_set() || at.occurred_at.ms < row.first_message_at.ms) return false;
    if (!row.first_response_at.is_set()) return true;
    if (at.occurred_at.ms >= row.first_response_at.ms) return false;
    const std::uint64_t ms = response_ms(row, row.first_response_at.ms);
    count(row, row.response_queue, row.response_agent, at, Instant{row.first_response_at.ms}, rows,
          [&](Figures& f) { count_response(f, ms, false); });
    return true;
  }
  static std::uint64_t response_ms(const StreamRow& row, std::int64_t at_ms) {
    return static_cast<std::uint64_t>(at_ms - row.first_message_at.ms);
  }
  static void count_response(Figures& f, std::uint64_t ms, bool in) {
    const Wide before = static_cast<Wide>(f.response_ms_squared_high) << 64 | f.response_ms_squared_low;
    const Wide square = static_cast<Wide>(ms) * ms;
    const Wide after = in ? before + square : before - square;
    f.first_responses += in ? 1 : static_cast<std::uint32_t>(-1);
    f.response_ms = in ? f.response_ms + ms : f.response_ms - ms;
    f.response_ms_squared_low = static_cast<std::uint64_t>(after);
    f.response_ms_squared_high = static_cast<std::uint64_t>(after >> 64);
  }
  template <class Change>
  static void count(const StreamRow& row, QueueId queue, AgentId agent, const EventAt& at, Instant when,
                    Rows& rows, const Change& change) {
    const auto bucket = static_cast<std::uint64_t>(std::max<std::int64_t>(when.ms, 0) / bucket_ms);
    const bool restates = at.recorded_at.ms >= static_cast<std::int64_t>(bucket + 1) * bucket_ms;
    const auto in = [&](By by, RawId key) {
      auto& figures =
          rows.at<Figures>(rows.key(figures_tag).be(static_cast<std::uint8_t>(by)).be(bucket).id(key));
      change(figures);
      figures.restated += restates ? 1 : 0;
    };
    in(By::queue, queue);
    in(By::channel, RawId{0, static_cast<std::uint64_t>(row.channel)});
    in(By::language, RawId{0, static_cast<std::uint64_t>(row.language)});
    if (agent) in(By::agent, agent);
  }
};

}  // namespace parlance
