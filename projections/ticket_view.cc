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

conversation::FieldEntry entry_of(const TicketView::Field& row) {
  conversation::FieldEntry out{row.field, {}};
  switch (row.kind) {
    case FieldKind::none: break;
    case FieldKind::text:
      if (const auto sealed = row.text.get()) out.value.emplace<Personal<std::string>>(*sealed);
      break;
    case FieldKind::number:
      out.value.emplace<conversation::NumberValue>().ten_thousandths = row.number;
      break;
    case FieldKind::date:
      out.value.emplace<conversation::DateValue>().days = static_cast<std::int32_t>(row.number);
      break;
    case FieldKind::choice: out.value.emplace<ChoiceId>(row.choice); break;
    case FieldKind::boolean: out.value.emplace<bool>(row.number != 0); break;
  }
  return out;
}

}  // namespace

ApplyOutcome TicketView::on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows&) {
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

ApplyOutcome TicketView::change(StreamRow& row, const conversation::MessageReceived& e, const EventAt& at,
                                Rows&) {
  take_message(row, e, ActorKind::customer, at);
  ++row.received;
  row.snoozed_until = {};
  row.turn_ended = 0;
  row.last_received_at.ms = std::max(row.last_received_at.ms, at.occurred_at.ms);
  const bool waits = row.standing.phase != conversation::Phase::spam;
  if (waits && (!row.unanswered_since.is_set() || at.occurred_at.ms < row.unanswered_since.ms))
    row.unanswered_since = at.occurred_at;
  if (!row.first_message_at.is_set()) row.first_message_at = at.occurred_at;
  if (e.first_response_due) {
    row.response = FirstResponse::running;
    row.response_due = *e.first_response_due;
  }
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::ParticipantJoined& e, const EventAt& at,
                                Rows& rows) {
  auto& participant = rows.at<Participant>(
      rows.key(participant_tag).id(at.stream.id).be(static_cast<std::uint16_t>(row.participants)));
  participant.reference = e.participant;
  participant.joined_at = at.occurred_at;
  participant.identity = RowSealed(e.identity.sealed());
  ++row.participants;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Replied& e, const EventAt& at, Rows&) {
  take_message(row, e, ActorKind::agent, at);
  ++row.replied;
  if (!e.agent) return applied;
  take_response(row, at);
  // A reply dated before the latest message, come to light late, does not answer that one.
  if (row.unanswered_since.is_set() && at.occurred_at.ms >= row.unanswered_since.ms)
    row.unanswered_since = at.occurred_at.ms >= row.last_received_at.ms ? RowInstant{} : row.last_received_at;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::NoteAdded& e, const EventAt& at,
                                Rows& rows) {
  ++row.notes;
  if (e.mentions.empty()) return applied;
  auto& agents = rows.at<Mentions>(rows.key(mentions_tag).id(at.stream.id)).agents;
  for (const AgentId agent : e.mentions) {
    const auto end = agents.begin() + row.mentions;
    const auto place = std::lower_bound(agents.begin(), end, agent);
    if (row.mentions == agents.size() || (place != end && *place == agent)) continue;
    std::move_backward(place, end, end + 1);
    *place = agent;
    ++row.mentions;
  }
  return applied;
}
ApplyOutcome TicketView::change(StreamRow&, const conversation::Assigned&, const EventAt&, Rows&) {
  return applied;
}
ApplyOutcome TicketView::change(StreamRow&, const conversation::Unassigned&, const EventAt&, Rows&) {
  return applied;
}
ApplyOutcome TicketView::change(StreamRow&, const conversation::QueueChanged&, const EventAt&, Rows&) {
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Snoozed& e, const EventAt&, Rows&) {
  row.snoozed_until = e.until;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Woken&, const EventAt&, Rows&) {
  row.snoozed_until = {};
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::WaitStarted&, const EventAt&, Rows&) {
  row.snoozed_until = {};
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Resolved& e, const EventAt& at, Rows&) {
  row.resolved_at = at.occurred_at;
  row.closes_at = e.closes_at ? RowInstant(*e.closes_at) : RowInstant{};
  row.reopens_until = e.reopens_until;
  row.snoozed_until = {};
  row.escalated = 0;
  end_promise(row);
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Reopened& e, const EventAt&, Rows&) {
  row.episode = e.episode;
  ++row.reopened;
  row.turn_ended = 0;
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
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Closed&, const EventAt&, Rows&) {
  row.closes_at = {};
  row.reopens_until = {};
  row.snoozed_until = {};
  row.escalated = 0;
  end_promise(row);
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::PriorityChanged& e, const EventAt&,
                                Rows&) {
  row.priority = e.to;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::TagsChanged& e, const EventAt& at,
                                Rows& rows) {
  return change_tags(row, e.added, e.removed, at, rows);
}
ApplyOutcome TicketView::change_tags(StreamRow& row, const std::vector<TagId>& added,
                                     const std::vector<TagId>& removed, const EventAt& at, Rows& rows) {
  const RowKey more_key = rows.key(more_tags_tag).id(at.stream.id);
  std::vector<TagId> tags;
  for (std::size_t i = 0; i < row.tags_count; ++i)
    tags.push_back(i < inline_tags ? row.tags[i] : rows.at<MoreTags>(more_key).tags[i - inline_tags]);
  tags.insert(tags.end(), added.begin(), added.end());
  std::erase_if(tags, [&](TagId tag) { return std::ranges::find(removed, tag) != removed.end(); });
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
ApplyOutcome TicketView::change(StreamRow& row, const conversation::FirstResponseBreached&, const EventAt&,
                                Rows&) {
  row.response = FirstResponse::breached;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::BreachWithdrawn&, const EventAt&, Rows&) {
  row.response = FirstResponse::withdrawn;
  return applied;
}

ApplyOutcome TicketView::change(StreamRow&, const conversation::Transferred&, const EventAt&, Rows&) {
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Escalated&, const EventAt&, Rows&) {
  row.escalated = 1;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::TypeChanged& e, const EventAt&, Rows&) {
  row.type = e.to;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::SubjectLineChanged& e, const EventAt&,
                                Rows&) {
  row.preview = RowSealed(e.preview.sealed());
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::FieldsChanged& e, const EventAt& at,
                                Rows& rows) {
  return set_fields(row, e.changes, at, rows);
}
ApplyOutcome TicketView::set_fields(StreamRow& row, const std::vector<conversation::FieldEntry>& changes,
                                    const EventAt& at, Rows& rows) {
  const auto place = [&](std::size_t i) {
    return rows.key(field_tag).id(at.stream.id).be(static_cast<std::uint16_t>(i));
  };
  for (const conversation::FieldEntry& change : changes) {
    std::size_t i = 0;
    while (i < row.fields && rows.at<Field>(place(i)).field != change.field) ++i;
    if (std::holds_alternative<std::monostate>(change.value)) {
      if (i == row.fields) continue;
      // The last one takes its place.
      --row.fields;
      if (i != row.fields) rows.at<Field>(place(i)) = Field(rows.at<Field>(place(row.fields)));
      rows.erase<Field>(place(row.fields));
      continue;
    }
    if (i == row.fields) {
      if (row.fields >= conversation::fields_on_conversation_max) return cannot("ticket.too_many_fields");
      ++row.fields;
    }
    Field& field = rows.at<Field>(place(i));
    const std::uint32_t view_version = field.view_version;
    field = {};
    field.view_version = view_version;
    field.field = change.field;
    field.kind = static_cast<FieldKind>(change.value.index());
    if (const auto* text = std::get_if<Personal<std::string>>(&change.value))
      field.text = RowSealed(text->sealed());
    if (const auto* number = std::get_if<conversation::NumberValue>(&change.value))
      field.number = number->ten_thousandths;
    if (const auto* date = std::get_if<conversation::DateValue>(&change.value)) field.number = date->days;
    if (const auto* choice = std::get_if<ChoiceId>(&change.value)) field.choice = *choice;
    if (const auto* yes = std::get_if<bool>(&change.value)) field.number = *yes ? 1 : 0;
  }
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::SubStateChanged& e, const EventAt&,
                                Rows&) {
  row.sub_state = e.to;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::SpamMarked&, const EventAt&, Rows&) {
  row.snoozed_until = {};
  row.closes_at = {};
  row.reopens_until = {};
  end_promise(row);
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::SpamUnmarked& e, const EventAt&, Rows&) {
  row.unanswered_since = e.unanswered_since ? RowInstant(*e.unanswered_since) : RowInstant{};
  row.resolved_at = {};
  if (!e.first_response_due) return applied;
  row.response = FirstResponse::running;
  row.response_due = *e.first_response_due;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::NoReplyNeeded&, const EventAt&, Rows&) {
  row.turn_ended = 1;
  end_promise(row);
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::MessageRedacted& e, const EventAt&,
                                Rows&) {
  if (e.preview) row.preview = RowSealed(e.preview->sealed());
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Rated& e, const EventAt& at, Rows& rows) {
  if (row.ratings >= ratings_max) return applied;
  auto& rating = rows.at<Rating>(rows.key(rating_tag).id(at.stream.id).be(row.ratings));
  rating.episode = e.episode;
  rating.kind = e.kind;
  rating.score = e.score;
  rating.at = at.occurred_at;
  rating.agent = e.agent;
  if (e.comment) rating.comment = RowSealed(e.comment->sealed());
  ++row.ratings;
  return applied;
}
ApplyOutcome TicketView::change(StreamRow& row, const conversation::Undone& e, const EventAt& at,
                                Rows& rows) {
  using conversation::Part;
  const conversation::Before& before = e.before;
  // The decider's zero is none.
  const auto or_none = [](Instant instant) {
    return instant == Instant{} ? RowInstant{} : RowInstant(instant);
  };
  if (has(before.parts, Part::phase)) {
    row.sub_state = before.sub_state;
    row.snoozed_until = or_none(before.snoozed_until);
    row.closes_at = or_none(before.closes_at);
    row.reopens_until = or_none(before.reopens_until);
    row.unanswered_since = before.unanswered_since ? RowInstant(*before.unanswered_since) : RowInstant{};
    row.response = before.first_response;
    row.response_due = or_none(before.first_response_due);
    row.escalated = before.escalated ? 1 : 0;
    if (is_active(before.phase)) row.resolved_at = {};
  }
  if (has(before.parts, Part::priority)) row.priority = before.priority;
  if (has(before.parts, Part::type)) row.type = before.type;
  if (const ApplyOutcome tags = change_tags(row, before.tags_added, before.tags_removed, at, rows);
      !tags.applied())
    return tags;
  return set_fields(row, before.fields, at, rows);
}

Ticket ticket_of(WorkspaceId workspace, ConversationId id, const TicketView::StreamRow& row,
                 const TicketExtras& extras) {
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
    } else if (extras.tags) {
      t.tags.push_back(extras.tags->tags[i - TicketView::inline_tags]);
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
  t.team = row.standing.team;
  t.type = row.type;
  t.sub_state = row.sub_state;
  t.escalated = row.escalated != 0;
  for (const TicketView::Field& field : extras.fields) t.fields.push_back(entry_of(field));
  std::ranges::sort(t.fields, {}, &conversation::FieldEntry::field);
  for (const TicketView::Rating& r : extras.ratings)
    t.ratings.push_back({r.kind, r.score, r.episode, Instant{r.at.ms}, r.agent, r.comment.get()});
  if (extras.mentions)
    t.mentions.assign(extras.mentions->agents.begin(), extras.mentions->agents.begin() + row.mentions);
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
    if (const ApplyOutcome outcome = view.apply(past.event.body, at, &row, &exists, rows); !outcome.applied())
      return corrupt(outcome.rule,
                     "version " + std::to_string(past.event.version) + " of the conversation's history");
    keyed.keep_changes(hash);
  }
  if (!exists) return Error{Errc::not_found, "conversation.not_found", "no events of it up to there"};
  const auto extras = read_extras(workspace, ConversationId::from(id), row,
                                  [&]<class Kept>(const RowKey& key) -> Result<std::optional<Kept>> {
                                    const auto* held = keyed.in_memory(key);
                                    if (held == nullptr || !held->exists) return std::optional<Kept>{};
                                    Kept out;
                                    std::memcpy(&out, held->data(), sizeof out);
                                    return std::optional<Kept>(out);
                                  });
  if (!extras) return extras.error();
  return ticket_of(workspace, ConversationId::from(id), row, *extras);
}

}  // namespace parlance
