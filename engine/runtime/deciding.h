#pragma once
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "engine/ports/key_service.h"
#include "engine/ports/random.h"
#include "engine/runtime/door.h"
#include "engine/runtime/partition_fold.h"
#include "engine/runtime/redaction.h"
#include "engine/runtime/request.h"

namespace parlance {

/// An event with the identity it carries in the clear, while that is known.
struct DraftEvent {
  StreamId stream;
  AnyEvent body;
  std::optional<Identity> identity;
};

/// What a decision wants appended.
struct Draft {
  std::vector<DraftEvent> events;
  std::vector<VaultRow> rows;      ///< key rows made for it
  std::vector<ReferenceId> made;   ///< whose they are
  std::optional<Preview> preview;  ///< in the clear, of the conversation touched
  StreamId stream;                 ///< asked about
  Version version = 0;             ///< of that stream, before
  Version settings_version = 0;    ///< of the adopted settings it was decided on; 0: on none
  std::ptrdiff_t fired = 0;        ///< how many of the events, the first, are timers that were due
  std::optional<Error> refused;    ///< the command was, once they had fired; only they are in the draft
  /// The author's reference made here, whose row is not among the partition's yet.
  std::optional<std::pair<std::pair<ConversationId, SubjectId>, ReferenceId>> author;
};

/// From a request to the events that it leads to: finds what the pure deciders need (states, adopted settings, references,
/// previews, fresh ids), asks them, and says what they said.
///
/// Timers of a conversation that were due before a command came are decided first, in the same envelope; a message is
/// sent to where they leave its conversation. While an import is open, those of what it touched are due by its commands' own
/// times alone: by the clock nothing of it is.
class Deciding {
 public:
  /// When a decision is made.
  struct Moment {
    Instant now;                        ///< recorded_at to be
    std::optional<Instant> timers_due;  ///< up to when timers have fired; none while they are held
  };
  /// To which conversation the message of an earlier command went, in flight or certain; none where there is no such command.
  using MessageWentTo = std::function<Result<std::optional<ConversationId>>(CommandId)>;

  /// The event that brought a message, in a conversation's stream; none where it has none of that id.
  using FindMessage = std::function<Result<std::optional<Redaction::Found>>(const StreamId&, MessageId)>;

  Deciding(PartitionFold& fold, Door& door, Random& random, std::uint16_t first_slot,
           MessageWentTo message_went_to, FindMessage find_message)
      : fold_(fold),
        door_(door),
        random_(random),
        first_slot_(first_slot),
        message_went_to_(std::move(message_went_to)),
        find_message_(std::move(find_message)) {}

  /// Fills ids into `request`, and takes texts out of it. On an error nothing is left behind. A refusal that follows from
  /// timers which were due comes as a draft of these: they are to be appended, without the command, before it is told.
  [[nodiscard]] Result<Draft> decide(Request& request, const Moment& at);
  /// The draft's record did not get into the log.
  void forget(const std::vector<ReferenceId>& made);
  /// The body that this partition has adopted; null before the first.
  [[nodiscard]] Result<const adoption::Body*> adopted(WorkspaceId workspace);

 private:
  struct Asked {
    Request& request;
    const Moment& at;
    Draft& draft;
    Instant happened;  ///< of the command, where it says
  };
  struct Incoming;
  [[nodiscard]] Result<void> on(const Asked& asked, Arrive& arrive);
  [[nodiscard]] Result<void> on(const Asked& asked, ReceiveForwarded& forwarded);
  [[nodiscard]] Result<void> on(const Asked& asked, OpenByAgent& open);
  [[nodiscard]] Result<void> on(const Asked& asked, CreateSubject& create);
  [[nodiscard]] Result<void> on(const Asked& asked, AddIdentity& add_identity);
  [[nodiscard]] Result<void> on(const Asked& asked, LinkAddress& link);
  [[nodiscard]] Result<void> on(const Asked& asked, OnConversation& action);
  [[nodiscard]] Result<void> on(const Asked& asked, OnSettings& action);
  [[nodiscard]] Result<void> on(const Asked& asked, OnDesk& action);
  [[nodiscard]] Result<void> on(const Asked& asked, OnAdoption& action);
  [[nodiscard]] Result<void> on(const Asked& asked, OnDraft& action);
  [[nodiscard]] Result<void> on(const Asked& asked, OnRouting& action);

  [[nodiscard]] Result<void> receive(const Asked& asked, conversation::State& state, Incoming incoming);
  [[nodiscard]] Result<std::optional<Instant>> timers_until(const Asked& asked,
                                                            const StreamState<conversation::State>& held);
  [[nodiscard]] Result<void> add(Draft& draft, conversation::State& state,
                                 const conversation::Command& command,
                                 const std::optional<Identity>& identity);
  /// Fills in what the command must be told of the conversation. `held` is valid for the call.
  template <class Command>
  [[nodiscard]] Result<void> prepare(const Asked& asked, const StreamState<conversation::State>& held,
                                     Command& command);
  [[nodiscard]] Result<void> send_draft(const Asked& asked, AgentId agent, DraftKind kind, Instant at);
  /// The adopted settings, noted as what the draft is decided on.
  [[nodiscard]] Result<const adoption::Body*> adopted(const Asked& asked);
  [[nodiscard]] Result<void> fire_due(const Asked& asked, conversation::State& state,
                                      const std::optional<Instant>& until);
  template <class Held, class Commands>
  [[nodiscard]] Result<void> on_versioned(const Asked& asked, const Held& held, Commands& commands);

  [[nodiscard]] RawId fresh_id(const Asked& asked) {
    return make_raw_id(asked.at.now, asked.request.slot, random_.id128());
  }
  /// A fresh id where there is none.
  template <class AnId> void name(const Asked& asked, AnId& id) {
    if (!id) id = AnId::from(fresh_id(asked));
  }
  [[nodiscard]] Result<StreamState<conversation::State>*> conversation(WorkspaceId workspace,
                                                                       const StreamId& stream);
  [[nodiscard]] Result<void> know(const Asked& asked, SubjectId sender, intake::State& out);
  [[nodiscard]] Result<void> know_thread(const Asked& asked, const Arrive& arrive, intake::State& out);
  [[nodiscard]] Result<ReferenceId> author_in(const Asked& asked, ConversationId conversation,
                                              SubjectId subject);
  [[nodiscard]] Result<ReferenceId> make_row(const Asked& asked, RowKind kind, RawId owner,
                                             ConversationId conversation);
  [[nodiscard]] Result<std::uint64_t> next_number(const Asked& asked);
  [[nodiscard]] Result<Preview> preview_of_conversation(WorkspaceId workspace,
                                                        const StreamState<conversation::State>& held);

  PartitionFold& fold_;
  Door& door_;
  Random& random_;
  std::uint16_t first_slot_;
  MessageWentTo message_went_to_;
  FindMessage find_message_;
};

}  // namespace parlance
