#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/domain/conversation.h"
#include "schemas/envelope.h"

namespace parlance {

/// The promise of a first reply by a person, for the running episode.
struct TicketFirstResponse {
  conversation::FirstResponse state = conversation::FirstResponse::none;
  std::optional<Instant> due_at;
  std::optional<Instant> at;       ///< the first reply by a person after the episode's first customer message
  std::optional<std::int64_t> ms;  ///< from that message to that reply, never negative
  std::optional<Instant> from;     ///< the episode's first customer message, where the promise begins
  bool outstanding = false;        ///< promised and not given: running, or broken and nobody answered yet
  bool operator==(const TicketFirstResponse&) const = default;
};

/// What the customer thought of an episode.
struct TicketRating {
  RatingKind kind = RatingKind::none;
  std::uint8_t score = 0;
  std::uint32_t episode = 0;
  Instant at;
  AgentId agent;  ///< who gets the credit
  std::optional<Sealed> comment;
  bool operator==(const TicketRating&) const = default;
};

/// A conversation as agents see it, without its personal text: the door opens `identity` and `preview`.
struct Ticket {
  WorkspaceId workspace;
  ConversationId id;
  std::uint64_t number = 0;
  Version version = 0;  ///< of the conversation's stream, as far as it is applied
  conversation::Phase state = conversation::Phase::absent;
  QueueId queue;     ///< zero: none
  AgentId assignee;  ///< zero: nobody
  Channel channel = Channel::none;
  StoreId store;  ///< zero: none
  Language language = Language::und;
  Priority priority = Priority::none;
  std::vector<TagId> tags;  ///< sorted
  ReferenceId requester;
  std::optional<Sealed> identity;  ///< Identity of the requester
  std::optional<Sealed> preview;   ///< Preview, as the last message left it
  Instant created_at;
  Instant updated_at;
  std::optional<Instant> last_message_at;
  ActorKind last_message_by =
      ActorKind::none;  ///< customer or agent (a program that answers counts as agent's side)
  std::optional<Instant> unanswered_since;  ///< the oldest customer message without an answer
  TicketFirstResponse first_response;
  std::optional<Instant> resolved_at;
  std::optional<Instant> snoozed_until;
  std::optional<Instant> closes_at;      ///< closes by itself then
  std::optional<Instant> reopens_until;  ///< a customer's message up to then reopens
  std::uint32_t episode = 0;
  std::uint32_t reopened = 0;
  std::uint32_t received = 0;
  std::uint32_t replied = 0;
  std::uint32_t notes = 0;
  std::uint32_t participants = 0;
  TeamId team;           ///< zero: none
  TypeId type;           ///< zero: none
  SubStateId sub_state;  ///< zero: the base state alone
  bool escalated = false;
  std::vector<conversation::FieldEntry> fields;  ///< texts sealed
  std::vector<TicketRating> ratings;             ///< oldest first; of a kind and episode the last one counts
  std::vector<AgentId> mentions;                 ///< who is mentioned in notes, sorted
  bool operator==(const Ticket&) const = default;
};

/// Somebody other than the requester who wrote in a conversation.
struct TicketParticipant {
  ReferenceId reference;
  Sealed identity;  ///< Identity
  Instant joined_at;
  bool operator==(const TicketParticipant&) const = default;
};

/// What a view may know of the envelope that an event came in.
struct EventMeta {
  WorkspaceId workspace;
  EnvelopeId envelope;
  Actor actor;
  Instant recorded_at;
};

/// An event of the past with what stood around it.
struct PastEvent {
  EventMeta meta;
  StreamEvent event;
};

/// The ticket as it was after `history`, the events of one conversation in order from its first: time travel, through the
/// ticket view's own code. `not_found` for an empty history; an event the view cannot apply gives that rule.
[[nodiscard]] Result<Ticket> fold_ticket(std::span<const PastEvent> history);

}  // namespace parlance
