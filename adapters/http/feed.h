#pragma once
#include <functional>
#include <string>

#include "adapters/http/live_core.h"
#include "adapters/http/loss_book.h"
#include "engine/runtime/engine.h"
#include "projections/views.h"

namespace parlance::http {

/// The events of a workspace as others may read them, in the order of the log within a partition, by `recorded_at` between those.
///
/// A cursor is the next offset of every partition, in text, under the keyring's session key: one of another log is refused, and so
/// is one that is beyond this one's end. It fits a WebSocket's close reason (123 bytes) while there are 16 partitions of fewer than
/// 268 million records.
///
/// Threads: any.
class Feed {
 public:
  Feed(const Engine& engine, const EventLog& log, const Views& views, LossBook& losses)
      : engine_(engine), log_(log), views_(views), losses_(losses) {}

  /// Up to where views and history have applied, partition by partition. `known`: an earlier answer, which it does not fall behind.
  [[nodiscard]] LiveSource::Reach reach(const Offsets& known) const;
  [[nodiscard]] std::string cursor(const FeedPlace& place) const;
  /// `invalid` "cursor.unknown" or "cursor.beyond_end", which the operator is told of.
  [[nodiscard]] Result<FeedPlace> read_cursor(std::string_view text) const;
  [[nodiscard]] FeedPlace start() const { return {Offsets(log_.partitions(), 0), 0, 0}; }

  struct Item {
    Position position;
    const Envelope& envelope;
    std::uint16_t index;
    [[nodiscard]] const StreamEvent& event() const { return envelope.events[index]; }
  };
  /// {"id","position","envelope","index","type","stream",...}
  [[nodiscard]] static json::object json_of(const Item& item, std::string_view cursor);
  /// Visits at most `events_max` events from `place` until `until`, having read at most `records_max` records, and moves `place`
  /// on behind them; `sink` gets each with the place behind it. `corrupt` where the log does not give them back.
  [[nodiscard]] Result<void> read(
      const FeedQuery& query, FeedPlace& place, const Offsets& until, std::size_t events_max,
      std::size_t records_max, const std::function<void(const Item&, const FeedPlace& behind)>& sink) const;
  /// Whether `place` has all until `until`.
  [[nodiscard]] static bool at_end(const FeedPlace& place, const Offsets& until);

 private:
  struct Lane;
  [[nodiscard]] Result<bool> accepted(const Position& position, const Envelope& envelope) const;
  [[nodiscard]] Result<void> fill(const FeedQuery& query, Lane& lane, std::size_t& records_left) const;
  [[nodiscard]] std::string about() const;
  const Engine& engine_;
  const EventLog& log_;
  const Views& views_;
  LossBook& losses_;
};

}  // namespace parlance::http
