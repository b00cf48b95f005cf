#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "engine/ports/event_log.h"
#include "engine/ports/executor.h"
#include "engine/ports/random.h"
#include "schemas/log_fold.h"

namespace parlance {

/// One partition's ownership protocol, fencing.md 2 to 13 and 16 to the letter; it knows nothing of deciders or events.
///
/// It folds the log, claims, sends envelopes and tells its listener, in log order, which records are accepted. It is
/// single-threaded: construct, call and destroy it on `executor`; what the log reports is posted there. It uses no
/// clock but the executor's delays, so it is stepped by a simulation.
class FencedWriter {
 public:
  /// Names one propose(), counted from 1.
  using Ticket = std::uint64_t;

  class Listener {
   public:
    virtual ~Listener() = default;
    /// An accepted record became certain: each exactly once, in log order, while catching up and while owning. `ticket` is that of the
    /// propose() it comes from, of this writer's present run, or none for another's or an earlier run's. `after` is
    /// the state with it folded. The views in `folded` are valid only inside the call.
    virtual void on_accepted(Offset offset, const Folded& folded, const LogState& after,
                             std::optional<Ticket> ticket) = 0;
    /// A void record was folded; `after` is the state with it.
    virtual void on_void(Offset offset, const LogState& after) = 0;
    /// The claim was accepted: propose() may be called; all that is certain was told before.
    virtual void on_owning() = 0;
    /// All that is in flight is in doubt (7), or its owner was deposed: drop the speculative state. Each of its tickets is settled
    /// later, by on_accepted or on_never.
    virtual void on_doubt() = 0;
    /// Settled: this proposal will never be accepted (8).
    virtual void on_never(Ticket ticket) = 0;
    /// Another owner's claim was accepted; no claim until start() is called again.
    virtual void on_deposed() = 0;
    /// The log takes no writes now (no space); reading goes on, and the writer tries again by itself.
    virtual void on_read_only() = 0;
    /// Stopped for good: HOLE, CORRUPT, NEWER or LOSS, with the place.
    virtual void on_stopped(const Error& error) = 0;
  };

  /// `certain` is a saved state (checked by rule 2 before it is folded on) or initial_log_state(); `genesis` goes into the
  /// claim of epoch 1. `mark` is the log's sealed mark: a log that does not reach or match it stops with LOSS.
  FencedWriter(EventLog& log, PartitionId partition, LogState certain, Genesis genesis,
               std::optional<SealedMark> mark, Executor& executor, Random& random, Listener& listener);
  ~FencedWriter();
  FencedWriter(const FencedWriter&) = delete;
  FencedWriter& operator=(const FencedWriter&) = delete;

  /// Assigned: checks rule 2, folds to the end, claims.
  void start();
  /// The log has risen (EventLog::on_advance): folds what is new. On an exclusive log reports alone do.
  void poll();
  /// No more reading or sending; what is in flight is never answered.
  void stop();

  [[nodiscard]] bool owning() const;
  /// F: what is certain.
  [[nodiscard]] const LogState& certain() const;
  /// Envelopes in flight (Q) and in doubt (D).
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::size_t in_doubt() const;

  /// Appends an envelope with this body on F + Q and sends it with its vault rows. Only while owning(). Several proposals made in one turn
  /// of the executor go to the log as one append.
  Ticket propose(ByteView body, const KindSet& kinds, std::vector<VaultRow> rows);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parlance
