#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "projections/runner_options.h"
#include "projections/view_set.h"

namespace parlance {

/// Follows the log into a set of views: applies, stores when it is due, tells who waits for a position, rebuilds beside.
///
/// Which family serves a view is a row of the family "serving" (view's name -> family's name); families are called
/// name@vVERSION.NUMBER. A family of another version of the view, or of another log, is not read: the view starts anew.
///
/// Threads: apply_available() and flush() by one thread at a time; everything else by any.
class Runner {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Runner>> open(const EventLog& log, RowStore& rows,
                                                            std::vector<Projection> projections,
                                                            RunnerOptions options,
                                                            StreamIndex* index = nullptr,
                                                            std::string_view indexed = {});

  /// Applies at most `records_max` records, in turn over the partitions, and stores rows when that is due. Returns how many were
  /// applied; 0: there are none to apply. An error is one of storing: rows stay in memory, and it is tried again.
  [[nodiscard]] Result<std::size_t> apply_available(Instant now, std::size_t records_max);
  /// Stores all changed rows and makes them durable.
  [[nodiscard]] Result<void> flush();

  /// Throws the store's rows away, all of them, and goes on from the log's beginning. By who applies; no view may be read meanwhile, and a
  /// rebuild that is under way is waited for. Where it fails nothing is applied until it is called again with success.
  [[nodiscard]] Result<void> begin_again();

  [[nodiscard]] const ViewSet& live() const { return *live_; }
  [[nodiscard]] std::vector<Position> applied() const;
  [[nodiscard]] bool has_applied(const Position& position) const;

  using WaitId = std::uint64_t;
  WaitId when_applied(const Position& position, std::function<void()> done);
  void forget(WaitId id);

  /// Builds a view again beside the live one and compares both at the same offsets; with `serve` the new rows then serve and the old
  /// ones are dropped. `overloaded` while another one is under way.
  [[nodiscard]] Result<std::vector<HashComparison>> rebuild(std::string_view view, bool serve);

 private:
  Runner(const EventLog& log, RowStore& rows, RunnerOptions options)
      : log_(log), rows_(rows), options_(options) {}
  [[nodiscard]] Result<ViewSet::View> open_view(const Projection& projection);
  [[nodiscard]] Result<std::string> fresh_family(const Projection& projection) const;
  [[nodiscard]] Result<void> serve(std::string_view view, const std::string& family);
  [[nodiscard]] Result<void> store_if_due(Instant now, std::size_t records_max);
  [[nodiscard]] std::uint64_t records_behind() const;
  [[nodiscard]] Result<std::vector<HashComparison>> rebuild_beside(std::size_t view, bool serve,
                                                                   const std::string& family);
  void tell_waiting();

  struct Wait {
    Position position;
    std::function<void()> done;
  };

  const EventLog& log_;
  RowStore& rows_;
  RunnerOptions options_;
  RowFamily* serving_ = nullptr;
  std::unique_ptr<ViewSet> live_;

  std::mutex apply_mutex_;  ///< guards what follows, and live_'s applying side
  std::optional<Instant> dirty_since_;
  std::uint64_t unflushed_records_ = 0;
  PartitionId turn_ = 0;
  std::mutex rebuild_mutex_;  ///< held while a view is rebuilt

  std::mutex wait_mutex_;  ///< guards what follows
  std::condition_variable told_;
  std::map<WaitId, Wait> waits_;
  WaitId last_wait_ = 0;
  WaitId telling_ = 0;
  std::thread::id telling_thread_;
};

}  // namespace parlance
