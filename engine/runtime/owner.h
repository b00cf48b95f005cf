#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/desk.h"
#include "engine/domain/settings.h"
#include "engine/ports/clock.h"
#include "engine/ports/event_log.h"
#include "engine/ports/executor.h"
#include "engine/ports/random.h"
#include "engine/ports/row_store.h"
#include "engine/runtime/door.h"
#include "engine/runtime/request.h"
#include "engine/runtime/streams.h"
#include "schemas/frame.h"
#include "schemas/log_fold.h"

namespace parlance {

/// What a workspace's own streams hold, for those who route, sign in and name things.
struct WorkspaceState {
  WorkspaceId workspace;
  Version settings_version = 0;
  settings::State settings;
  Version desk_version = 0;
  desk::State desk;
};

enum class OwnerHealth : std::uint8_t { starting = 0, owning = 1, read_only = 2, deposed = 3, stopped = 4 };
/// An accepted record whose body does not verify: passed over, and nobody decides on it.
struct QuarantinedRecord {
  Offset offset = 0;
  std::string_view rule;
};
inline constexpr std::size_t quarantined_records_listed = 5;
struct OwnerStatus {
  OwnerHealth health = OwnerHealth::starting;
  LogState certain;
  std::size_t in_flight = 0;
  std::uint64_t quarantined = 0;                       ///< accepted bodies that do not verify
  bool timers_held = false;                            ///< wall clock and boot clock disagree
  std::string reason;                                  ///< why it stopped
  std::size_t waiting = 0;                             ///< commands that are taken and not yet in flight
  std::int64_t clocks_apart_ms = 0;                    ///< wall clock less boot clock, since the start
  std::vector<QuarantinedRecord> first_quarantined{};  ///< the first few
  Instant last_recorded{};                             ///< of the newest record
};

/// Both clocks at one moment.
struct ClockReading {
  Instant wall;
  std::int64_t boot_ms = 0;
  explicit ClockReading(const Clock& clock) : wall(clock.now()), boot_ms(clock.boot_ms()) {}
};

/// The one writer of a partition: takes commands in order, decides, seals, appends, folds what is certain into the fold
/// store and history, fires timers, answers. Fencing is FencedWriter's; this is everything above it.
///
/// It decides on its own envelopes before they are durable, and answers nobody until they are. Single-threaded: construct
/// and call on `executor`. It reads no clock but the port, so a simulation steps it.
class Owner {
 public:
  struct Ports {
    EventLog& log;
    Door& door;
    KeyService& keys;
    RowFamily& fold;
    Random& random;
    const Clock& clock;
    ClockReading
        clock_at_start;  ///< of the process: an owner that comes later must not take a wrong clock for the right one
    Executor& executor;
    /// Hands a command that follows from one of ours to the owner of its slot (perhaps this one). Called on the executor.
    std::function<void(Request, Answer)> route;
    /// A workspace's settings or desk became certain in a new version. Called on the executor.
    std::function<void(const WorkspaceState&)> published;
  };
  /// `genesis` says which slots are this partition's.
  Owner(PartitionId partition, Genesis genesis, Ports ports);
  ~Owner();
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  /// Loads the fold store's state, folds the rest of the log, claims. Commands may be submitted at once; they wait.
  void start();
  /// Answers everybody who waits, `unavailable` where the outcome is not certain, and stops.
  void stop();
  /// The same, telling them `because`, and never touches the fold store again: another owner of this partition may use it.
  void stop(const Error& because);
  /// The log has risen.
  void poll();
  void submit(Request request, Answer answer);
  /// Fires the timers that are due by the clock; call a few times a second.
  void tick();
  /// Writes certain rows down and makes them durable, so that a restart folds nothing.
  [[nodiscard]] Result<void> flush();

  [[nodiscard]] OwnerStatus status() const;
  /// Records accepted since the fold store was last made durable.
  [[nodiscard]] std::uint64_t unflushed() const;

  /// The person behind a normalised address, as far as this slot's door knows.
  [[nodiscard]] Result<std::optional<SubjectId>> find_subject(WorkspaceId workspace, Channel channel,
                                                              const std::string& address);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Commands an owner holds in flight or waiting; one more is `overloaded`.
inline constexpr std::size_t owner_commands_max = 4096;
/// Wall and boot clock may differ by this much since the process's start before timers are held.
inline constexpr std::int64_t clock_disagreement_ms_max = 5 * 60'000;
/// The log's envelope of a decision names this version of the deciders.
inline constexpr std::uint32_t decider_version = 2;

}  // namespace parlance
