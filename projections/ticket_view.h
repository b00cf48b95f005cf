#pragma once
#include <array>

#include "projections/standing.h"
#include "projections/ticket_model.h"

namespace parlance {

/// A conversation as agents see it: all that the API shows of a ticket but personal text, of which it keeps where the capsules lie.
struct TicketView {
  static constexpr std::string_view name = "ticket";
  static constexpr std::uint32_t version = 1;
  using Events =
      Handles<conversation::Opened, conversation::MessageReceived, conversation::ParticipantJoined,
              conversation::Replied, conversation::NoteAdded, conversation::Assigned,
              conversation::Unassigned, conversation::QueueChanged, conversation::Snoozed,
              conversation::Woken, conversation::WaitStarted, conversation::Resolved, conversation::Reopened,
              conversation::Closed, conversation::PriorityChanged, conversation::TagsChanged,
              conversation::FirstResponseBreached, conversation::BreachWithdrawn>;

  static constexpr std::size_t inline_tags = 6;
  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t episode = 0;
    Version version = 0;
    std::uint64_t number = 0;
    Standing standing;
    StoreId store;
    ReferenceId requester;
    RowInstant created_at;
    RowInstant updated_at;
    RowInstant last_message_at;
    RowInstant last_received_at;  ///< the latest customer message's own time
    RowInstant unanswered_since;
    RowInstant first_message_at;  ///< the episode's first customer message
    RowInstant response_due;
    RowInstant response_at;  ///< the episode's first response
    RowInstant resolved_at;
    RowInstant snoozed_until;
    RowInstant closes_at;
    RowInstant reopens_until;
    std::uint32_t reopened = 0;
    std::uint32_t received = 0;
    std::uint32_t replied = 0;
    std::uint32_t notes = 0;
    std::uint32_t participants = 0;
    std::uint16_t tags_count = 0;
    conversation::FirstResponse response = conversation::FirstResponse::none;
    ActorKind last_message_by = ActorKind::none;
    Priority priority = Priority::none;
    std::uint8_t episode_answered = 0;  ///< by a person, since the episode's first customer message
    std::array<std::uint8_t, 6> zero{};
    std::array<TagId, inline_tags> tags{};  ///< sorted, these first, the rest in MoreTags
    RowSealed identity;
    RowSealed preview;
  };
  /// Key: tag 1, conversation, place (16 bits).
  struct Participant {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    ReferenceId reference;
    RowInstant joined_at;
    RowSealed identity;
  };
  static constexpr std::uint8_t participant_tag = 1;
  /// Key: tag 2, conversation. Only where there are more than fit the ticket's own row.
  struct MoreTags {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    std::array<TagId, conversation::tags_on_conversation_max - inline_tags> tags{};
  };
  static constexpr std::uint8_t more_tags_tag = 2;

  static Outcome on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows);
  template <class E> static Outcome on(const E& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if (!mine.exists()) return cannot("ticket.conversation_unknown");
    if (at.version <= mine->version) return cannot("ticket.version_again");
    if constexpr (Moves::has<E>) move(mine->standing, e);
    if (const Outcome outcome = change(*mine, e, at, rows); !outcome.applied()) return outcome;
    mine->version = at.version;
    mine->updated_at.ms = std::max(mine->updated_at.ms, at.occurred_at.ms);
    return applied;
  }

  /// A promise of an answer is still open: it runs, or it is broken and nobody answered yet.
  [[nodiscard]] static bool response_outstanding(const StreamRow& row) {
    using conversation::FirstResponse;
    return row.response == FirstResponse::running ||
           (row.response == FirstResponse::breached && row.episode_answered == 0);
  }

 private:
  static Outcome change(StreamRow& row, const conversation::MessageReceived& e, const EventAt& at,
                        Rows& rows);
  static Outcome change(StreamRow& row, const conversation::ParticipantJoined& e, const EventAt& at,
                        Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Replied& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::NoteAdded& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Assigned& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Unassigned& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::QueueChanged& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Snoozed& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Woken& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::WaitStarted& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Resolved& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Reopened& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::Closed& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::PriorityChanged& e, const EventAt& at,
                        Rows& rows);
  static Outcome change(StreamRow& row, const conversation::TagsChanged& e, const EventAt& at, Rows& rows);
  static Outcome change(StreamRow& row, const conversation::FirstResponseBreached& e, const EventAt& at,
                        Rows& rows);
  static Outcome change(StreamRow& row, const conversation::BreachWithdrawn& e, const EventAt& at,
                        Rows& rows);
};
static_assert(FixedRow<TicketView::StreamRow>);

/// The row as the struct that queries answer with; `more` where it has more tags than fit.
[[nodiscard]] Ticket ticket_of(WorkspaceId workspace, ConversationId id, const TicketView::StreamRow& row,
                               const TicketView::MoreTags* more);

}  // namespace parlance
