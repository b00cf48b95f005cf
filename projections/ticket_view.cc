#include "projections/ticket_view.h"

#include <algorithm>

namespace parlance {
namespace {

using conversation::FirstResponse;
using Row = TicketView::StreamRow;

template <class Message> void take_message(Row& row, const Message& e, ActorKind by, const EventAt& at) {
  if (!row.last_message_at.is_set() || at.occurred_at.ms >= row.last_message_at.ms) {
    row.last_message_at = at.occurred_at;
    row.last_message_by = by;
  }
  row.preview = RowSealed(e.preview.sealed());
}

/// The episode's first response is the earliest reply by a person not dated before its first customer message. What an
/// agent writes before the customer does answers nothing.
void take_response(Row& row, const EventAt& at) {
  if (!row.first_message_at.is_set()) return;
  row.episode_answered = 1;
  if (row.response == FirstResponse::running) row.response = FirstResponse::met;
  if (at.occurred_at.ms < row.first_message_at.ms) return;
  if (!row.response_at.is_set() || at.occurred_at.ms < row.response_at.ms) row.response_at = at.occurred_at;
}

/// Resolving or closing without an answer ends the promise: nobody waits for it any more.
void end_promise(Row& row) {
  row.unanswered_since = {};
  if (row.response == FirstResponse::running) row.response = FirstResponse::none;
}

}  // namespace

Outcome TicketView::on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows&) {
  if (mine.exists()) return cannot("ticket.conversation_exists");
  StreamRow& row = mine.make();
  move(row.standing, e);
  row.episode = 1;
  row.version = at.version;
  row.number = e.number;
  row.store = e.store;
  row.requester = e.requester;
  row.priority = e.priority;
  row.created_at = at.occurred_at;
  row.updated_at = at.occurred_at;
  row.identity = RowSealed(e.identity.sealed());
  return applied;
}

Outcome TicketView::change(StreamRow& row, const conversation::MessageReceived& e, const EventAt& at, Rows&) {
  take_message(row, e, ActorKind::customer, at);
  ++row.received;
  row.snoozed_until = {};
  row.last_received_at.ms = std::max(row.last_received_at.ms, at.occurred_at.ms);
  if (!row.unanswered_since.is_set() || at.occurred_at.ms < row.unanswered_since.ms)
    row.unanswered_since = at.occurred_at;
  if (!row.first_message_at.is_set()) row.first_message_at = at.occurred_at;
  if (e.first_response_due) {
    row.response = FirstResponse::running;
    row.response_due = *e.first_response_due;
  }
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::ParticipantJoined& e, const EventAt& at,
                           Rows& rows) {
  auto& participant = rows.at<Participant>(
      rows.key(participant_tag).id(at.stream.id).be(static_cast<std::uint16_t>(row.participants)));
  participant.reference = e.participant;
  participant.joined_at = at.occurred_at;
  participant.identity = RowSealed(e.identity.sealed());
  ++row.participants;
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::Replied& e, const EventAt& at, Rows&) {
  take_message(row, e, ActorKind::agent, at);
  ++row.replied;
  if (!e.agent) return applied;
  take_response(row, at);
  // A reply dated before the latest message, come to light late, does not answer that one.
  if (row.unanswered_since.is_set() && at.occurred_at.ms >= row.unanswered_since.ms)
    row.unanswered_since = at.occurred_at.ms >= row.last_received_at.ms ? RowInstant{} : row.last_received_at;
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::NoteAdded&, const EventAt&, Rows&) {
  ++row.notes;
  return applied;
}
Outcome TicketView::change(StreamRow&, const conversation::Assigned&, const EventAt&, Rows&) {
  return applied;
}
Outcome TicketView::change(StreamRow&, const conversation::Unassigned&, const EventAt&, Rows&) {
  return applied;
}
Outcome TicketView::change(StreamRow&, const conversation::QueueChanged&, const EventAt&, Rows&) {
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::Snoozed& e, const EventAt&, Rows&) {
  row.snoozed_until = e.until;
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::Woken&, const EventAt&, Rows&) {
  row.snoozed_until = {};
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::WaitStarted&, const EventAt&, Rows&) {
  row.snoozed_until = {};
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::Resolved& e, const EventAt& at, Rows&) {
  row.resolved_at = at.occurred_at;
  row.closes_at = e.closes_at ? RowInstant(*e.closes_at) : RowInstant{};
  row.reopens_until = e.reopens_until;
  row.snoozed_until = {};
  end_promise(row);
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::Reopened& e, const EventAt&, Rows&) {
  row.episode = e.episode;
  ++row.reopened;
  row.resolved_at = {};
  row.closes_at = {};
  row.reopens_until = {};
  row.first_message_at = {};
  row.response = FirstResponse::none;
  row.response_due = {};
  row.response_at = {};
  row.episode_answered = 0;
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::Closed&, const EventAt&, Rows&) {
  row.closes_at = {};
  row.reopens_until = {};
  row.snoozed_until = {};
  end_promise(row);
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::PriorityChanged& e, const EventAt&, Rows&) {
  row.priority = e.to;
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::TagsChanged& e, const EventAt& at,
                           Rows& rows) {
  const RowKey more_key = rows.key(more_tags_tag).id(at.stream.id);
  std::vector<TagId> tags;
  for (std::size_t i = 0; i < row.tags_count; ++i)
    tags.push_back(i < inline_tags ? row.tags[i] : rows.at<MoreTags>(more_key).tags[i - inline_tags]);
  tags.insert(tags.end(), e.added.begin(), e.added.end());
  std::erase_if(tags, [&](TagId tag) { return std::ranges::find(e.removed, tag) != e.removed.end(); });
  std::ranges::sort(tags);
  const auto twice = std::ranges::unique(tags);
  tags.erase(twice.begin(), twice.end());
  if (tags.size() > conversation::tags_on_conversation_max) return cannot("ticket.too_many_tags");

  if (tags.size() > inline_tags) {
    auto& more = rows.at<MoreTags>(more_key).tags;
    more.fill({});
    std::copy(tags.begin() + inline_tags, tags.end(), more.begin());
  } else if (row.tags_count > inline_tags) {
    rows.erase<MoreTags>(more_key);
  }
  row.tags.fill({});
  std::copy_n(tags.begin(), std::min(tags.size(), inline_tags), row.tags.begin());
  row.tags_count = static_cast<std::uint16_t>(tags.size());
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::FirstResponseBreached&, const EventAt&,
                           Rows&) {
  row.response = FirstResponse::breached;
  return applied;
}
Outcome TicketView::change(StreamRow& row, const conversation::BreachWithdrawn&, const EventAt&, Rows&) {
  row.response = FirstResponse::withdrawn;
  return applied;
}

Ticket ticket_of(WorkspaceId workspace, ConversationId id, const TicketView::StreamRow& row,
                 const TicketView::MoreTags* more) {
  Ticket t;
  t.workspace = workspace;
  t.id = id;
  t.number = row.number;
  t.version = row.version;
  t.state = row.standing.phase;
  t.queue = row.standing.queue;
  t.assignee = row.standing.agent;
  t.channel = row.standing.channel;
  t.store = row.store;
  t.language = row.standing.language;
  t.priority = row.priority;
  for (std::size_t i = 0; i < row.tags_count; ++i) {
    if (i < TicketView::inline_tags) {
      t.tags.push_back(row.tags[i]);
    } else if (more != nullptr) {
      t.tags.push_back(more->tags[i - TicketView::inline_tags]);
    }
  }
  t.requester = row.requester;
  t.identity = row.identity.get();
  t.preview = row.preview.get();
  t.created_at = Instant{row.created_at.ms};
  t.updated_at = Instant{row.updated_at.ms};
  t.last_message_at = row.last_message_at.get();
  t.last_message_by = row.last_message_by;
  t.unanswered_since = row.unanswered_since.get();
  t.first_response = {row.response, row.response_due.get(),     row.response_at.get(),
                      std::nullopt, row.first_message_at.get(), TicketView::response_outstanding(row)};
  if (row.response_at.is_set()) t.first_response.ms = row.response_at.ms - row.first_message_at.ms;
  t.resolved_at = row.resolved_at.get();
  t.snoozed_until = row.snoozed_until.get();
  t.closes_at = row.closes_at.get();
  t.reopens_until = row.reopens_until.get();
  t.episode = row.episode;
  t.reopened = row.reopened;
  t.received = row.received;
  t.replied = row.replied;
  t.notes = row.notes;
  t.participants = row.participants;
  return t;
}

Result<Ticket> fold_ticket(std::span<const PastEvent> history) {
  if (history.empty()) return Error{Errc::not_found, "conversation.not_found", "no events of it up to there"};
  const Projection view = projection<TicketView>();
  TicketView::StreamRow row;
  bool exists = false;
  KeyedRows keyed;
  RowHash hash;
  const WorkspaceId workspace = history.front().meta.workspace;
  const RawId id = history.front().event.stream.id;
  Rows rows(keyed, 0, workspace, nullptr, TicketView::version);
  for (const PastEvent& past : history) {
    const EventAt at{workspace,         past.meta.envelope, past.meta.actor,       past.meta.recorded_at,
                     past.event.stream, past.event.version, past.event.occurred_at};
    if (const Outcome outcome = view.apply(past.event.body, at, &row, &exists, rows); !outcome.applied())
      return corrupt(outcome.rule,
                     "version " + std::to_string(past.event.version) + " of the conversation's history");
    keyed.keep_changes(hash);
  }
  if (!exists) return Error{Errc::not_found, "conversation.not_found", "no events of it up to there"};
  TicketView::MoreTags more;
  const auto* held = keyed.in_memory(RowKey(workspace, TicketView::more_tags_tag).id(id));
  if (held != nullptr) std::memcpy(&more, held->data(), sizeof more);
  return ticket_of(workspace, ConversationId::from(id), row, &more);
}

}  // namespace parlance
