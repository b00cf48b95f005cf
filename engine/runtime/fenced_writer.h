#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/ports/event_log.h"
#include "engine/ports/executor.h"
#include "engine/ports/random.h"
#include "schemas/log_fold.h"

namespace parlance {

/// One partition's ownership: rules 2 to 8, 12, 13 and 16 of the fencing protocol to the letter, and what rules 9 to 11 need of it.
/// It knows nothing of deciders or events.
///
/// It folds the log, claims, sends envelopes and tells its listener, in log order, which records are accepted.
///
/// On an exclusive log reports alone confirm; on any other poll() must be called whenever the log has risen, and what
/// the views' reader folds apart from it must be shown to compare(), because only a second fold of the log finds out
/// that the log has lost what this writer had read or was told.
///
/// Threads: construct, call and destroy it on `executor`; what the log reports is posted there, and the listener is called there, never
/// inside start(), poll() or propose(). Log, executor, random and listener outlive it, and the executor outlives the
/// log. It uses no clock but the executor's delays, so it is stepped by a simulation.
class FencedWriter {
 public:
  /// Names one propose(), counted from 1: of two of them the later one was decided later.
  using Ticket = std::uint64_t;

  /// Records folded in one turn of the executor while catching up.
  static constexpr std::size_t read_batch = 1000;
  /// The unit of the random wait before a claim (13), on a log that others may write.
  static constexpr std::int64_t round_trip_ms = 20;
  /// Between two tries to claim on an exclusive log, to open the writing handle again, or to read again what could not be
  /// read.
  static constexpr std::int64_t retry_ms = 1000;
  /// On a log that others may write: a claim or the oldest envelope in flight without an answer for this long is in doubt, and a record
  /// that was certain and cannot be read again for this long is lost.
  static constexpr std::int64_t answer_timeout_ms = 30'000;

  /// Any of these may call the writer, stop() included, or destroy it.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// An accepted record became certain: each exactly once, in log order, while catching up, while owning and after being deposed.
    /// `ticket` is that of the propose() it comes from, of this writer's present run, or none for another's or an earlier
    /// run's. `after` is the state with it folded. The views in `folded` are valid only inside the call.
    virtual void on_accepted(Offset offset, const Folded& folded, const LogState& after,
                             std::optional<Ticket> ticket) = 0;
    /// A void record was folded; `after` is the state with it.
    virtual void on_void(Offset offset, const LogState& after) = 0;
    /// The claim was accepted: propose() may be called; all that is certain was told before, and each earlier ticket is settled.
    virtual void on_owning() = 0;
    /// Owning ended: all that is in flight is in doubt (7), or the owner was deposed: drop the speculative state. Each of its tickets is
    /// settled later, by on_accepted or on_never. Told once for each on_owning, except when the writer stops.
    virtual void on_doubt() = 0;
    /// Settled: this proposal will never be accepted (8).
    virtual void on_never(Ticket ticket) = 0;
    /// Another owner's claim was accepted, and each ticket is settled; no claim until start() is called again. Folding goes on with
    /// poll().
    virtual void on_deposed() = 0;
    /// The log takes no writes now (no space); reading goes on, and the writer tries again by itself until on_owning.
    virtual void on_read_only() = 0;
    /// Stopped for good: what fold() stops with, naming the place; "log.loss" also when a record that was certain is another one or
    /// gone, when the log does not reach or match its sealed mark, or when a reader folded otherwise; "log.shared_owner"
    /// when an envelope of this writer's own epoch is not its own, so two processes share one memory; "log.sealed"
    /// when the partition was sealed; or what the log answers when it cannot be read. What is in flight is never
    /// answered.
    virtual void on_stopped(const Error& error) = 0;
  };

  /// `certain` is a saved state (checked by rule 2 before it is folded on) or initial_log_state(); `genesis` goes into the
  /// claim of epoch 1. `mark` is the log's sealed mark: a log that does not reach or match it stops with LOSS. A state
  /// beyond the mark is held against the mark's reach alone.
  FencedWriter(EventLog& log, PartitionId partition, LogState certain, Genesis genesis,
               std::optional<SealedMark> mark, Executor& executor, Random& random, Listener& listener);
  ~FencedWriter();
  FencedWriter(const FencedWriter&) = delete;
  FencedWriter& operator=(const FencedWriter&) = delete;

  /// Assigned: checks rule 2 and the mark, folds to the end, claims. At first, and again after on_deposed.
  void start();
  /// The same with a claim that seals the partition (14): accepted, nothing after it ever is, and the writer stops
  /// with "log.sealed".
  void seal();
  /// The log has risen (EventLog::on_advance): folds what is new. On an exclusive log reports alone do.
  void poll();
  /// What a reader that folds this partition apart from this writer has come to. Where the two differ at the same offset, the log has
  /// lost or changed something acknowledged: stops with "log.loss". To be shown now and then, such as once a batch.
  void compare(const LogState& reader);
  /// No more reading or sending; what is in flight is never answered.
  void stop();

  [[nodiscard]] bool owning() const;
  /// F: what is certain.
  [[nodiscard]] const LogState& certain() const;
  /// Envelopes in flight (Q) and in doubt (D).
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::size_t in_doubt() const;

  /// Appends an envelope with this body, of at most body_bytes_max, on F + Q and sends it with its vault rows. Only while owning().
  /// Several proposals made in one turn of the executor go to the log as one append.
  Ticket propose(ByteView body, const KindSet& kinds, std::vector<VaultRow> rows);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parlance
