#pragma once
#include "projections/facts_view.h"

namespace parlance {

/// How long each conversation was to be worked on, and where: a row for each stretch of time in which it was active (neither resolved,
/// closed nor spam) in one queue with one holder. The backlog of any instant is the stretches that cover it. A conversation's stretches
/// follow one another without overlap: one that comes to light late begins where the last one ended.
///
/// Key: tag 1, until when (64 bits of milliseconds; all ones: it lasts), conversation, its number (32). By its end, because what ended
/// before the asked instant covers nothing after it.
struct StaysView {
  static constexpr std::string_view name = "stays";
  static constexpr std::uint32_t version = 2;
  using Events = Moves;

  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t stretches = 0;
    Standing standing;
    RowInstant since;  ///< of the running stretch, else the end of the last
    EventRef began;
  };
  struct Stay {
    std::uint32_t view_version = 0;
    Language language = Language::und;
    Channel channel = Channel::none;
    std::uint8_t zero = 0;
    RowInstant from;
    QueueId queue;
    AgentId agent;  ///< zero: nobody
    TeamId team;    ///< zero: none
    EventRef began, ended;
  };
  static constexpr std::uint8_t stay_tag = 1;
  static constexpr std::uint64_t lasts = ~std::uint64_t{0};

  template <class E> static ApplyOutcome on(const E& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if constexpr (std::is_same_v<E, conversation::Opened>) {
      if (mine.exists()) return cannot("stays.conversation_exists");
      mine.make();
    } else {
      if (!mine.exists()) return cannot("stays.conversation_unknown");
    }
    StreamRow& row = *mine;
    const Standing before = row.standing;
    move(row.standing, e);
    const bool was = is_active(before.phase), is = is_active(row.standing.phase);
    const bool moved = before.queue != row.standing.queue || before.agent != row.standing.agent ||
                       before.team != row.standing.team;
    if (was == is && !(is && moved)) return applied;
    const RowInstant when =
        row.since.is_set() && row.since.ms > at.occurred_at.ms ? row.since : at.occurred_at;
    const EventRef here{at.envelope, at.index, {}};
    if (was) {
      const Stay running = rows.at<Stay>(key(rows, lasts, at, row.stretches));
      rows.erase<Stay>(key(rows, lasts, at, row.stretches));
      if (when.ms > running.from.ms) {
        Stay& ended = rows.at<Stay>(key(rows, static_cast<std::uint64_t>(when.ms), at, row.stretches));
        ended = running;
        ended.ended = here;
      }
    }
    row.since = when;
    if (!is) return applied;
    Stay& stay = rows.at<Stay>(key(rows, lasts, at, ++row.stretches));
    stay.from = when;
    stay.language = row.standing.language;
    stay.channel = row.standing.channel;
    stay.queue = row.standing.queue;
    stay.agent = row.standing.agent;
    stay.team = row.standing.team;
    stay.began = here;
    row.began = here;
    return applied;
  }

 private:
  static RowKey key(Rows& rows, std::uint64_t until, const EventAt& at, std::uint32_t number) {
    return rows.key(stay_tag).be(until).id(at.stream.id).be(number);
  }
};
static_assert(FixedRow<StaysView::StreamRow> && FixedRow<StaysView::Stay>);

}  // namespace parlance
