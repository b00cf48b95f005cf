#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports/clock.h"
#include "engine/ports/event_log.h"
#include "engine/ports/executor.h"
#include "engine/ports/key_service.h"
#include "engine/ports/random.h"
#include "engine/ports/row_store.h"
#include "engine/ports/vault.h"
#include "engine/runtime/door.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/history.h"
#include "engine/runtime/owner.h"
#include "engine/runtime/request.h"
#include "schemas/envelope.h"

namespace parlance {

/// The workspaces as their own streams last had them. Immutable; taken as a snapshot.
struct Directory {
  std::map<WorkspaceId, WorkspaceState> workspaces;
};

/// A stored event with the envelope around it.
struct RecordedEvent {
  Position position;
  std::uint16_t index = 0;
  EnvelopeId envelope;
  Actor actor;
  Instant recorded_at;
  StreamEvent event;
  Version settings_version = 0;  ///< of the adopted settings that it was decided on
};

/// The write side, whole: an owner for each partition, the way from a slot to its owner, adoption, and the readers of history.
///
/// Threads: submit(), the readers and directory() by any; answers come on any thread. The executors run one thing at a time
/// each and must have stopped running before the engine is destroyed.
class Engine {
 public:
  struct Ports {
    EventLog& log;
    Vault& vault;
    KeyService& keys;
    RowFamily& fold;
    Random& random;
    const Clock& clock;
    std::vector<Executor*> executors;  ///< one for each partition; they may be the same
  };
  explicit Engine(Ports ports);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void start();
  /// Asks every owner to stop and calls `done` (on any thread) when all have.
  void stop(std::function<void()> done);
  /// Decides `request` at the owner of its slot. The answer to a change of settings or desk waits until every partition has
  /// adopted it.
  void submit(Request request, Answer answer);
  /// Fires due timers; call a few times a second.
  void tick();
  /// Makes the fold store durable when a restart would otherwise fold more than 100,000 records; call about each second, from
  /// a thread that may wait for the disk. `force`: at any rate.
  [[nodiscard]] Result<void> maintain(bool force = false);

  /// What the fold store held cannot be trusted: every owner stops and answers whom it owes an answer, the store is emptied by `renew`,
  /// and new owners fold the log from its beginning. Readers of the fold store are `unavailable` "fold.rebuilding", and commands too, until
  /// rebuilt() was seen. Waits for the owners to stop, so it is called on none of the executors. Where `renew` fails its error is returned
  /// and nobody owns until this is called again with success.
  [[nodiscard]] Result<void> begin_again(const std::function<Result<void>()>& renew);
  /// Whether readers are refused for that.
  [[nodiscard]] bool rebuilding() const;
  /// Asks whether every owner has folded the log to its end; then readers are answered again. Call now and then while rebuilding().
  void look_whether_rebuilt();

  [[nodiscard]] PartitionId partition_of(Slot slot) const;
  [[nodiscard]] std::shared_ptr<const Directory> directory() const;
  [[nodiscard]] Door& door();
  [[nodiscard]] const KeyService& keys() const;
  /// `done` gets the state of every owner, in the order of partitions.
  void status(std::function<void(std::vector<OwnerStatus>)> done);

  // ---- reading what is certain ----

  /// The next offset whose events history and the streams' states do not have yet.
  [[nodiscard]] Result<Offset> folded(PartitionId partition) const;
  /// Calls `done` (on the executor of the slot's partition) when all that was answered there before is in history.
  void after_answers(Slot slot, std::function<void()> done);

  /// At most `limit` entries of a stream's history from version `from` (1 is the first).
  [[nodiscard]] Result<std::vector<history::Entry>> history(const StreamId& stream, Version from,
                                                            std::size_t limit) const;
  /// The events behind such entries, in their order. `corrupt` where the log does not give them back.
  [[nodiscard]] Result<std::vector<RecordedEvent>> events(const StreamId& stream,
                                                          const std::vector<history::Entry>& entries) const;
  /// The envelope at a position; none where there is none (a claim, a void record, beyond the end).
  [[nodiscard]] Result<std::optional<Envelope>> envelope(const Position& position) const;
  /// Which workspace a stream belongs to, and its version; none where it does not exist.
  [[nodiscard]] Result<std::optional<std::pair<WorkspaceId, Version>>> stream(const StreamId& stream) const;
  [[nodiscard]] Result<std::optional<subject::State>> subject(WorkspaceId workspace, SubjectId id) const;
  /// The last reversible act of somebody's in a conversation, among its latest; none where there is none.
  [[nodiscard]] Result<std::optional<conversation::Done>> last_act(WorkspaceId workspace, ConversationId id,
                                                                   const Actor& by) const;
  /// What an agent has begun to write there; none where that is nothing.
  [[nodiscard]] Result<std::optional<draft::State>> draft(WorkspaceId workspace, ConversationId id,
                                                          AgentId agent) const;
  /// Who has begun to write there.
  [[nodiscard]] Result<std::vector<fold_rows::Drafted>> drafts(ConversationId id) const;
  /// The conversations of a person that the door of their slot knows, oldest first.
  [[nodiscard]] Result<std::vector<ConversationId>> conversations_of(SubjectId id) const;
  /// The conversations in which a message names the order; see order_index.h.
  [[nodiscard]] Result<std::vector<ConversationId>> conversations_of_order(WorkspaceId workspace,
                                                                           std::string_view order) const;
  /// Presence, load and offers of the agents that routing knows; who is not among them is offline and holds nothing.
  [[nodiscard]] Result<std::vector<std::pair<AgentId, routing::AgentState>>> routed_agents(
      WorkspaceId workspace) const;
  /// What routing decided about a conversation, the oldest first; of a long story the end.
  [[nodiscard]] Result<std::vector<RecordedEvent>> routing_of(WorkspaceId workspace,
                                                              ConversationId conversation) const;
  /// Asks the address's door. `done` is called on any thread.
  void find_subject(WorkspaceId workspace, Channel channel, std::string address,
                    std::function<void(Result<std::optional<SubjectId>>)> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The workspace that the first start makes: its id follows from the log's, so a start that was cut short makes the same.
[[nodiscard]] WorkspaceId default_workspace(LogId log);
/// The slots of a partition when `partitions` share the 256 evenly.
[[nodiscard]] Genesis genesis_of(PartitionId partition, PartitionId partitions, std::uint32_t generation,
                                 const KeyService& keys);

}  // namespace parlance
