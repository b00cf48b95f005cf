#pragma once
#include "projections/counts.h"
#include "projections/standing.h"

namespace parlance {

/// What each agent holds.
struct WorkloadView {
  static constexpr std::string_view name = "workload";
  static constexpr std::uint32_t version = 2;
  using Events = Moves;

  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    Standing standing;
  };
  /// Key: tag 1, agent.
  struct Counts {
    std::uint32_t view_version = 0;
    std::uint32_t open = 0;     ///< new or open
    std::uint32_t waiting = 0;  ///< for the customer or a third party
    std::uint32_t snoozed = 0;
    ByChannel by_channel{};       ///< of the three together
    ByChannel open_by_channel{};  ///< of those new or open: what takes capacity
  };
  static constexpr std::uint8_t counts_tag = 1;

  template <class E> static ApplyOutcome on(const E& e, const EventAt&, Mine<StreamRow> mine, Rows& rows) {
    if constexpr (std::is_same_v<E, conversation::Opened>) {
      mine.make();
    } else {
      if (!mine.exists()) return cannot("workload.conversation_unknown");
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
    if (!s.agent || !is_active(s.phase)) return;
    auto& counts = rows.at<Counts>(rows.key(counts_tag).id(s.agent));
    if (s.to_do()) {
      counts.open += by;
      counts.open_by_channel[channel_index(s.channel)] += by;
    } else if (s.phase == conversation::Phase::snoozed) {
      counts.snoozed += by;
    } else {
      counts.waiting += by;
    }
    counts.by_channel[channel_index(s.channel)] += by;
  }
};

}  // namespace parlance
