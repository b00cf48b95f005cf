#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/domain/draft.h"
#include "engine/domain/intake.h"
#include "engine/ports/key_service.h"
#include "engine/ports/row_store.h"
#include "engine/process/routing.h"
#include "engine/runtime/door.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/history.h"
#include "engine/runtime/routing_rows.h"
#include "engine/runtime/speculation.h"
#include "schemas/envelope.h"
#include "schemas/log_fold.h"

namespace parlance {

/// The door of a slot has no state of its own; only its version counts.
struct DoorState {
  bool operator==(const DoorState&) const = default;
};
inline void write_row(ByteWriter&, const DoorState&) {}
inline void read_row(ByteReader&, DoorState&) {}

/// Everything an owner knows of its partition besides the log itself: stream states, identity map, command ids, timers, number
/// counters and history. The fold store holds what is certain; over it lies what the envelopes in flight will change.
///
/// An envelope is folded by the same code when it is decided (decided(), then certain() once it is accepted) and when it is
/// read back (catch_up()), so a fold store that was lost comes back row by row. What is certain waits in memory for
/// write(), one batch with the log's state, and is read through meanwhile.
///
/// Single-threaded. Errors are the row store's, the vault's or the keys'; after one of them the partition must be folded no
/// further.
class PartitionFold {
 public:
  PartitionFold(PartitionId partition, Genesis genesis, RowFamily& store, Door& door, KeyService& keys);

  // ---- the log's state that the stored rows stand for ----

  struct Applied {
    LogState log;
    Instant last_recorded;  ///< the latest recorded_at of a certain envelope
  };
  /// None where the store holds nothing of this log and layout: then it is emptied, and the log is folded from its start.
  [[nodiscard]] Result<std::optional<Applied>> load(LogId log);

  // ---- folding ----

  /// Folds one's own envelope in flight; `identities` are those its events carry, in their order, and `preview` is the
  /// touched conversation's, both in the clear, as are the orders that its events' messages name ("" for none). Returns the rows that
  /// it changes, for certain().
  [[nodiscard]] Result<std::vector<RowChange>> decided(const Envelope& envelope,
                                                       const std::vector<std::optional<Identity>>& identities,
                                                       const std::vector<std::string>& orders,
                                                       const std::optional<Preview>& preview, Ticket ticket);
  /// It was accepted at `offset`.
  [[nodiscard]] Result<void> certain(const Envelope& envelope, std::vector<RowChange> changes, Offset offset,
                                     Ticket ticket);
  /// Folds an accepted envelope from its bytes. Nothing may be in flight beyond it. An identity that is erased maps to
  /// nothing; one that cannot be opened now is an error, never a blank.
  [[nodiscard]] Result<void> catch_up(const Envelope& envelope, Offset offset, Ticket settled);
  /// The record before `log.next` was folded, whatever it was.
  void passed(const LogState& log) { passed_ = log; }
  /// Writes what is certain, in one batch. Returns the earliest timer that was set.
  [[nodiscard]] Result<Instant> write(Ticket settled);
  /// Forgets what was in flight. What is certain must be written before.
  void drop();

  // ---- reading, with what is in flight ----

  [[nodiscard]] StreamStates<conversation::State>& conversations() { return conversations_; }
  [[nodiscard]] StreamStates<subject::State>& subjects() { return subjects_; }
  [[nodiscard]] StreamStates<settings::State>& settings() { return settings_; }
  [[nodiscard]] StreamStates<desk::State>& desks() { return desks_; }
  [[nodiscard]] StreamStates<adoption::State>& adoptions() { return adoptions_; }
  [[nodiscard]] StreamStates<draft::State>& drafts() { return drafts_; }
  [[nodiscard]] StreamStates<routing::State>& routings() { return routings_; }
  /// What routing followed of a conversation before, and where its events about it lie.
  [[nodiscard]] Result<routing_rows::Trail> trail_of(WorkspaceId workspace,
                                                     ConversationId conversation) const;
  [[nodiscard]] Result<Version> version_of(const StreamId& stream);
  [[nodiscard]] WorkspaceId workspace_of(const StreamId& stream);
  /// Where an accepted command lies.
  [[nodiscard]] Result<std::optional<Offset>> offset_of(CommandId command) const;
  /// Whom a normalised address belongs to; none where that is erased.
  [[nodiscard]] Result<std::optional<SubjectId>> find_subject(WorkspaceId workspace, Channel channel,
                                                              const std::string& address);
  /// All conversations of a person that the door of a slot knows of, oldest first.
  [[nodiscard]] Result<std::vector<fold_rows::Conversation>> conversations_of(Slot door,
                                                                              SubjectId subject) const;
  /// The reference under which a person writes in a conversation; none where there is none or it is erased.
  [[nodiscard]] Result<std::optional<ReferenceId>> reference_of(WorkspaceId workspace,
                                                                ConversationId conversation,
                                                                SubjectId subject);
  /// Whether this partition has adopted that the import is open.
  [[nodiscard]] Result<bool> is_open(WorkspaceId workspace, ImportId import);
  /// How many tickets the slot has numbered.
  [[nodiscard]] Result<std::uint64_t> numbered(WorkspaceId workspace, Slot slot) const;
  /// An error where that cannot be told now: whoever takes it for a no seals new text for somebody who was erased.
  [[nodiscard]] Result<bool> is_erased(WorkspaceId workspace, ReferenceId reference);
  [[nodiscard]] bool is_mine(Slot slot) const {
    return slot >= genesis_.first_slot && slot < genesis_.first_slot + genesis_.slots;
  }

  // ---- reading what is certain and written ----

  /// Timers due by `now`, the earliest first, about `limit` at most; and when the next one after them is due. Those of streams that
  /// an open import touched are not among them.
  struct Due {
    std::vector<fold_rows::DueTimer> timers;
    Instant next = instant_max;
  };
  [[nodiscard]] Result<Due> due(Instant now, std::size_t limit);
  /// People whose first event is still owed, with the identity that says so.
  [[nodiscard]] Result<std::vector<std::pair<WorkspaceId, Sealed>>> owed() const;
  /// Redactions whose capsules are not known to be destroyed yet.
  [[nodiscard]] Result<std::vector<fold_rows::Redacting>> redactions() const;
  /// Whether that one, which stands in the conversation at `version`, is among them, or will be once what is certain is written.
  [[nodiscard]] Result<bool> owes_redaction(ConversationId conversation, Version version) const;
  /// They are now: with the next write() the redaction is owed no more.
  void redacted(const fold_rows::Redacting& redacting, Ticket settled);
  /// The workspaces whose settings or desk live here.
  [[nodiscard]] Result<std::set<WorkspaceId>> workspaces() const;
  /// Those that routing knows something of here; and those that this partition has adopted something of.
  [[nodiscard]] Result<std::vector<WorkspaceId>> routed_workspaces() const;
  [[nodiscard]] Result<std::vector<WorkspaceId>> adopted_workspaces() const;

  // ---- what is owed to routing ----

  /// What became certain since the last call.
  [[nodiscard]] std::vector<routing_rows::Owed> take_owed_to_routing() {
    return std::exchange(owed_to_routing_, {});
  }
  /// All of it that is written down.
  [[nodiscard]] Result<std::vector<routing_rows::Owed>> owed_to_routing() const;
  /// Owes what was found by looking through all conversations.
  void owe_to_routing(const routing_rows::Owed& owed);
  void paid_to_routing(ConversationId conversation);
  /// What is adopted as far as that is certain and written down, as each_conversation() gives them; adoptions() may be ahead.
  [[nodiscard]] Result<adoption::Body> adopted_for_certain(WorkspaceId workspace) const;
  /// The queues with a rule whose conversations were owed; nothing: it was never looked through them.
  [[nodiscard]] Result<std::optional<std::vector<QueueId>>> swept(WorkspaceId workspace) const;
  void set_swept(WorkspaceId workspace, const std::vector<QueueId>& queues);
  /// Hands `use` at most `limit` written conversations from `from` on; returns where to go on, empty at the end.
  [[nodiscard]] Result<Bytes> each_conversation(
      const Bytes& from, std::size_t limit,
      const std::function<void(ConversationId, const StreamState<conversation::State>&)>& use) const;
  [[nodiscard]] Bytes first_conversation() const {
    return fold_rows::stream_key(partition_, {Category::conversation, {}});
  }
  template <class State> [[nodiscard]] Result<StreamState<State>> written(const StreamId& stream) const {
    const auto row = store_.get(fold_rows::stream_key(partition_, stream));
    if (!row) return row.error();
    if (!*row) return StreamState<State>{};
    return StreamStates<State>::parse(**row);
  }

 private:
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<std::vector<RowChange>> fold(const Envelope& envelope,
                                                    const std::vector<std::optional<Identity>>& identities,
                                                    const std::optional<Preview>& preview, Ticket ticket);
  struct Folding;
  [[nodiscard]] Result<void> fold_event(const Folding& at, const conversation::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const subject::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const settings::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const desk::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const adoption::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const intake::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const draft::Event& event);
  [[nodiscard]] Result<void> fold_event(const Folding& at, const routing::Event& event);
  void move_timers(const Folding& at, const std::vector<conversation::Timer>& before,
                   const std::vector<conversation::Timer>& after, ImportId from = {}, ImportId to = {}) const;
  [[nodiscard]] Result<void> owe_follow(const Folding& at, const process::Stand& stood,
                                        const conversation::State& state, const conversation::Event& event);
  [[nodiscard]] Result<std::vector<WorkspaceId>> workspaces_of(Category category) const;
  template <class State, class Event>
  [[nodiscard]] Result<void> evolve_stream(StreamStates<State>& states, const Folding& at,
                                           const Event& event);
  [[nodiscard]] Result<void> fold_identity(const Folding& at, const Identity& identity, const Sealed& sealed);
  [[nodiscard]] Result<Bytes> row_of(const StreamId& stream, const std::optional<Preview>& preview,
                                     Ticket ticket);
  [[nodiscard]] Result<void> note(const history::Entry& entry, const StreamId& stream, Ticket ticket);
  void put_certain(Bytes key, Bytes value, Ticket ticket);
  void put(const Folding& at, Bytes key, std::optional<Bytes> value);
  [[nodiscard]] Bytes key_of_timer(const StreamId& stream, const conversation::Timer& timer,
                                   ImportId import) const;

  PartitionId partition_;
  Genesis genesis_;
  RowFamily& store_;
  Door& door_;
  KeyService& keys_;

  SpeculativeRows rows_;
  StreamStates<conversation::State> conversations_;
  StreamStates<subject::State> subjects_;
  StreamStates<settings::State> settings_;
  StreamStates<desk::State> desks_;
  StreamStates<adoption::State> adoptions_;
  StreamStates<DoorState> doors_;
  StreamStates<draft::State> drafts_;
  StreamStates<routing::State> routings_;  ///< never evicted: each holds a desk's whole ledger

  std::optional<LogState> passed_;
  Instant last_recorded_;
  std::vector<std::pair<RowChange, Ticket>> pending_;  ///< certain, not yet written
  std::vector<routing_rows::Owed> owed_to_routing_;
};

/// The sealed identity an event carries, if it does.
[[nodiscard]] const Personal<Identity>* identity_of(const AnyEvent& event);

}  // namespace parlance
