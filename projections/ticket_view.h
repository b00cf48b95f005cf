#pragma once
#include <array>

#include "projections/standing.h"
#include "projections/ticket_model.h"

namespace parlance {

/// A conversation as agents see it: all that the API shows of a ticket but personal text, of which it keeps where the capsules lie.
struct TicketView {
  static constexpr std::string_view name = "ticket";
  static constexpr std::uint32_t version = 2;
  using Events = HandlesAll<conversation::Event>;

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
    std::uint8_t escalated = 0;
    std::uint8_t turn_ended = 0;  ///< no reply is needed to what the customer wrote last
    std::uint16_t fields = 0;     ///< how many Field rows there are
    std::uint16_t ratings = 0;    ///< how many Rating rows
    std::uint16_t mentions = 0;   ///< how many in Mentions
    std::array<std::uint8_t, 6> zero{};
    TypeId type;
    SubStateId sub_state;
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
  /// Key: tag 3, conversation, place (16 bits): places are dense.
  struct Field {
    std::uint32_t view_version = 0;
    FieldKind kind = FieldKind::none;
    std::array<std::uint8_t, 3> zero{};
    FieldId field;
    ChoiceId choice;
    std::int64_t number = 0;  ///< ten-thousandths, days since 1970, or 1 for yes
    RowSealed text;
  };
  static constexpr std::uint8_t field_tag = 3;
  /// Key: tag 4, conversation, place (16 bits).
  struct Rating {
    std::uint32_t view_version = 0;
    std::uint32_t episode = 0;
    RatingKind kind = RatingKind::none;
    std::uint8_t score = 0;
    std::array<std::uint8_t, 6> zero{};
    RowInstant at;
    AgentId agent;
    RowSealed comment;
  };
  static constexpr std::uint8_t rating_tag = 4;
  static constexpr std::uint16_t ratings_max = 1000;  ///< shown of one conversation: the first ones
  /// Key: tag 5, conversation. Only where somebody is mentioned.
  struct Mentions {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    std::array<AgentId, 64> agents{};  ///< sorted; the first ones that came
  };
  static constexpr std::uint8_t mentions_tag = 5;

  static ApplyOutcome on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows);
  template <class E> static ApplyOutcome on(const E& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows) {
    if (!mine.exists()) return cannot("ticket.conversation_unknown");
    if (at.version <= mine->version) return cannot("ticket.version_again");
    const conversation::Phase before = mine->standing.phase;
    if constexpr (Moves::has<E>) move(mine->standing, e);
    // A sub-state is within its base state.
    if (mine->standing.phase != before) mine->sub_state = {};
    if (const ApplyOutcome outcome = change(*mine, e, at, rows); !outcome.applied()) return outcome;
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
  // Beyond where it stands. One for each event.
  static ApplyOutcome change(StreamRow& row, const conversation::MessageReceived& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::ParticipantJoined& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Replied& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::NoteAdded& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Assigned& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Unassigned& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::QueueChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Snoozed& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Woken& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::WaitStarted& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Resolved& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Reopened& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Closed& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::PriorityChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::TagsChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::FirstResponseBreached& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::BreachWithdrawn& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Transferred& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Escalated& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::TypeChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::SubjectLineChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::FieldsChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::SubStateChanged& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::SpamMarked& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::SpamUnmarked& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::NoReplyNeeded& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::MessageRedacted& e, const EventAt& at,
                             Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Rated& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change(StreamRow& row, const conversation::Undone& e, const EventAt& at, Rows& rows);
  static ApplyOutcome change_tags(StreamRow& row, const std::vector<TagId>& added,
                                  const std::vector<TagId>& removed, const EventAt& at, Rows& rows);
  static ApplyOutcome set_fields(StreamRow& row, const std::vector<conversation::FieldEntry>& changes,
                                 const EventAt& at, Rows& rows);
};
static_assert(FixedRow<TicketView::StreamRow> && FixedRow<TicketView::Field> &&
              FixedRow<TicketView::Rating> && FixedRow<TicketView::Mentions>);

/// What a ticket has beyond its own row.
struct TicketExtras {
  std::optional<TicketView::MoreTags> tags;
  std::vector<TicketView::Field> fields;
  std::vector<TicketView::Rating> ratings;
  std::optional<TicketView::Mentions> mentions;
};
/// Reads it. `get.template operator()<Row>(key)` answers with the row of that key, a Result of an optional.
template <class Get>
[[nodiscard]] Result<TicketExtras> read_extras(WorkspaceId workspace, ConversationId id,
                                               const TicketView::StreamRow& row, const Get& get) {
  TicketExtras out;
  const auto key = [&](std::uint8_t tag) { return RowKey(workspace, tag).id(id); };
  const auto one = [&]<class Row>(const RowKey& at, std::optional<Row>& to) -> Result<void> {
    auto read = get.template operator()<Row>(at);
    if (!read) return read.error();
    to = *read;
    return {};
  };
  const auto some = [&]<class Row>(std::uint8_t tag, std::size_t count,
                                   std::vector<Row>& to) -> Result<void> {
    for (std::size_t place = 0; place < count; ++place) {
      auto read = get.template operator()<Row>(key(tag).be(static_cast<std::uint16_t>(place)));
      if (!read) return read.error();
      if (*read) to.push_back(**read);
    }
    return {};
  };
  if (row.tags_count > TicketView::inline_tags)
    if (auto read = one(key(TicketView::more_tags_tag), out.tags); !read) return read.error();
  if (auto read = some(TicketView::field_tag, row.fields, out.fields); !read) return read.error();
  if (auto read = some(TicketView::rating_tag, row.ratings, out.ratings); !read) return read.error();
  if (row.mentions != 0)
    if (auto read = one(key(TicketView::mentions_tag), out.mentions); !read) return read.error();
  return out;
}

/// The row as the struct that queries answer with.
[[nodiscard]] Ticket ticket_of(WorkspaceId workspace, ConversationId id, const TicketView::StreamRow& row,
                               const TicketExtras& extras);

}  // namespace parlance
