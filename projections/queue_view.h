#pragma once
#include "projections/counts.h"
#include "projections/standing.h"

namespace parlance {

/// How much waits in each queue. What depends on the present moment (the oldest, the late) is read from the working order instead.
struct QueueView {
  static constexpr std::string_view name = "queue";
  static constexpr std::uint32_t version = 2;
  using Events = Moves;

  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    Standing standing;
  };
  /// Key: tag 1, queue.
  struct Counts {
    std::uint32_t view_version = 0;
    std::uint32_t waiting = 0;  ///< new or open, nobody assigned
    std::uint32_t open = 0;     ///< new or open
    std::uint32_t snoozed = 0;
    ByChannel waiting_by_channel{};
  };
  static constexpr std::uint8_t counts_tag = 1;
  /// Key: tag 2, queue, language (16 bits).
  struct LanguageCounts {
    std::uint32_t view_version = 0;
    std::uint32_t waiting = 0;
  };
  static constexpr std::uint8_t language_tag = 2;

  template <class E> static ApplyOutcome on(const E& e, const EventAt&, Mine<StreamRow> mine, Rows& rows) {
    if constexpr (std::is_same_v<E, conversation::Opened>) {
      mine.make();
    } else {
      if (!mine.exists()) return cannot("queue.conversation_unknown");
    }
    const Standing before = mine->standing;
    move(mine->standing, e);
    if (before == mine->standing) return applied;
    count(before, static_cast<std::uint32_t>(-1), rows);
    count(mine->standing, 1, rows);
    return applied;
  }

 private:
  static void count(const Standing& s, std::uint32_t by, Rows& rows) {
    const bool snoozed = s.phase == conversation::Phase::snoozed;
    if (!s.to_do() && !snoozed) return;
    auto& counts = rows.at<Counts>(rows.key(counts_tag).id(s.queue));
    if (snoozed) counts.snoozed += by;
    if (s.to_do()) counts.open += by;
    if (!s.waiting_for_an_agent()) return;
    counts.waiting += by;
    counts.waiting_by_channel[channel_index(s.channel)] += by;
    rows.at<LanguageCounts>(rows.key(language_tag).id(s.queue).be(static_cast<std::uint16_t>(s.language)))
        .waiting += by;
  }
};

}  // namespace parlance
