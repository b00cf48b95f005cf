#include "engine/domain/conversation.h"
#include "schemas/categories.h"
#include "schemas/conversation_generated.h"
#include "schemas/event_codec.h"
#include "schemas/vocabulary_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::conversation;
namespace form = parlance::wire::conversation;

static_assert(same(WaitFor::none, form::WaitFor::none) && same(WaitFor::customer, form::WaitFor::customer) &&
              same(WaitFor::third_party, form::WaitFor::third_party));
static_assert(same(RatingKind::none, wire::RatingKind::none) &&
              same(RatingKind::csat, wire::RatingKind::csat) &&
              same(RatingKind::nps, wire::RatingKind::nps) && same(RatingKind::ces, wire::RatingKind::ces));
static_assert(same(domain::FirstResponse::none, form::FirstResponse::none) &&
              same(domain::FirstResponse::running, form::FirstResponse::running) &&
              same(domain::FirstResponse::met, form::FirstResponse::met) &&
              same(domain::FirstResponse::breached, form::FirstResponse::breached) &&
              same(domain::FirstResponse::withdrawn, form::FirstResponse::withdrawn));
static_assert(same(domain::Act::none, form::Act::none) && same(domain::Act::resolved, form::Act::resolved) &&
              same(domain::Act::closed, form::Act::closed) &&
              same(domain::Act::snoozed, form::Act::snoozed) &&
              same(domain::Act::waiting, form::Act::waiting) &&
              same(domain::Act::assigned, form::Act::assigned) &&
              same(domain::Act::unassigned, form::Act::unassigned) &&
              same(domain::Act::transferred, form::Act::transferred) &&
              same(domain::Act::escalated, form::Act::escalated) &&
              same(domain::Act::priority_changed, form::Act::priority_changed) &&
              same(domain::Act::type_changed, form::Act::type_changed) &&
              same(domain::Act::tags_changed, form::Act::tags_changed) &&
              same(domain::Act::fields_changed, form::Act::fields_changed) &&
              same(domain::Act::spam_marked, form::Act::spam_marked) &&
              same(domain::Act::spam_unmarked, form::Act::spam_unmarked) &&
              same(domain::Act::sub_state_changed, form::Act::sub_state_changed));

constexpr auto parts_known =
    static_cast<std::uint8_t>(domain::Part::phase | domain::Part::holder | domain::Part::priority |
                              domain::Part::type | domain::Part::tags | domain::Part::fields);

auto write_entries(const Writing& w, const std::vector<domain::FieldEntry>& entries) {
  return write_tables(w.builder, entries, [&](Builder& builder, const domain::FieldEntry& entry) {
    form::FieldEntryBuilder b(builder);
    b.add_field(by_pointer(stored(entry.field)));
    b.add_kind(stored_enum<wire::FieldKind>(static_cast<FieldKind>(entry.value.index())));
    if (const auto* text = std::get_if<Personal<std::string>>(&entry.value))
      b.add_text(by_pointer(w.capsule(*text)));
    if (const auto* number = std::get_if<domain::NumberValue>(&entry.value))
      b.add_number(stored_ms(number->ten_thousandths));
    if (const auto* date = std::get_if<domain::DateValue>(&entry.value)) b.add_date(date->days);
    if (const auto* choice = std::get_if<ChoiceId>(&entry.value)) b.add_choice(by_pointer(stored(*choice)));
    if (const auto* yes = std::get_if<bool>(&entry.value)) b.add_boolean(*yes);
    return b.Finish();
  });
}
void read_entry_value(EventReading& r, const form::FieldEntry& in, domain::FieldEntry& out) {
  r.id(in.field(), out.field);
  FieldKind kind = FieldKind::none;
  r.enumeration(in.kind(), kind, "the kind of field");
  switch (kind) {
    case FieldKind::none: break;
    case FieldKind::text:
      if (in.text() == nullptr) return r.corrupt("a text without its capsule");
      r.capsule(in.text(), out.value.emplace<Personal<std::string>>());
      break;
    case FieldKind::number:
      r.ms(in.number(), out.value.emplace<domain::NumberValue>().ten_thousandths);
      break;
    case FieldKind::date: out.value.emplace<domain::DateValue>().days = in.date(); break;
    case FieldKind::choice: r.id(in.choice(), out.value.emplace<ChoiceId>()); break;
    case FieldKind::boolean: out.value.emplace<bool>(in.boolean()); break;
  }
}
void read_entries(EventReading& r, const Tables<form::FieldEntry>* in, std::vector<domain::FieldEntry>& out) {
  read_tables(r, in, out, [&](Reading&, const form::FieldEntry& entry, domain::FieldEntry& to) {
    read_entry_value(r, entry, to);
  });
}

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::Opened> write(const Writing& w, const domain::Opened& e) {
    form::OpenedBuilder b(w.builder);
    b.add_requester(by_pointer(stored(e.requester)));
    b.add_identity(by_pointer(w.capsule(e.identity)));
    if (e.store) b.add_store(by_pointer(stored(e.store)));
    if (e.queue) b.add_queue(by_pointer(stored(e.queue)));
    b.add_number(e.number);
    b.add_language(static_cast<std::uint16_t>(e.language));
    b.add_channel(stored(e.channel));
    b.add_priority(stored(e.priority));
    b.add_by_agent(e.by_agent);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Opened& in, domain::Opened& out) {
    r.id(in.requester(), out.requester);
    r.enumeration(in.channel(), out.channel, "channel");
    r.id(in.store(), out.store);
    r.language(in.language(), out.language);
    r.enumeration(in.priority(), out.priority, "priority");
    r.id(in.queue(), out.queue);
    out.number = in.number();
    out.by_agent = in.by_agent();
    r.capsule(in.identity(), out.identity);
  }

  static flatbuffers::Offset<form::MessageReceived> write(const Writing& w,
                                                          const domain::MessageReceived& e) {
    const auto files = stored_ids(w.builder, e.files);
    form::MessageReceivedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_author(by_pointer(stored(e.author)));
    b.add_content(by_pointer(w.capsule(e.content)));
    if (e.attachments) b.add_attachments(by_pointer(w.capsule(*e.attachments)));
    b.add_preview(by_pointer(w.capsule(e.preview)));
    if (e.first_response_due) b.add_first_response_due(stored(*e.first_response_due));
    b.add_language(static_cast<std::uint16_t>(e.language));
    b.add_channel(stored(e.channel));
    b.add_files(files);
    return b.Finish();
  }
  static void read(EventReading& r, const form::MessageReceived& in, domain::MessageReceived& out) {
    r.id(in.id(), out.id);
    r.id(in.author(), out.author);
    r.enumeration(in.channel(), out.channel, "channel");
    r.language(in.language(), out.language);
    r.capsule(in.content(), out.content);
    r.capsule(in.attachments(), out.attachments);
    r.capsule(in.preview(), out.preview);
    r.instant(in.first_response_due(), out.first_response_due);
    r.ids(in.files(), out.files);
  }

  static flatbuffers::Offset<form::ParticipantJoined> write(const Writing& w,
                                                            const domain::ParticipantJoined& e) {
    form::ParticipantJoinedBuilder b(w.builder);
    b.add_participant(by_pointer(stored(e.participant)));
    b.add_identity(by_pointer(w.capsule(e.identity)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::ParticipantJoined& in, domain::ParticipantJoined& out) {
    r.id(in.participant(), out.participant);
    r.capsule(in.identity(), out.identity);
  }

  static flatbuffers::Offset<form::Replied> write(const Writing& w, const domain::Replied& e) {
    const auto files = stored_ids(w.builder, e.files);
    form::RepliedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_content(by_pointer(w.capsule(e.content)));
    if (e.attachments) b.add_attachments(by_pointer(w.capsule(*e.attachments)));
    b.add_preview(by_pointer(w.capsule(e.preview)));
    b.add_channel(stored(e.channel));
    b.add_files(files);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Replied& in, domain::Replied& out) {
    r.id(in.id(), out.id);
    r.id(in.agent(), out.agent);
    r.enumeration(in.channel(), out.channel, "channel");
    r.capsule(in.content(), out.content);
    r.capsule(in.attachments(), out.attachments);
    r.capsule(in.preview(), out.preview);
    r.ids(in.files(), out.files);
  }

  static flatbuffers::Offset<form::NoteAdded> write(const Writing& w, const domain::NoteAdded& e) {
    const auto files = stored_ids(w.builder, e.files);
    const auto mentions = stored_ids(w.builder, e.mentions);
    form::NoteAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_content(by_pointer(w.capsule(e.content)));
    if (e.attachments) b.add_attachments(by_pointer(w.capsule(*e.attachments)));
    b.add_files(files);
    b.add_mentions(mentions);
    return b.Finish();
  }
  static void read(EventReading& r, const form::NoteAdded& in, domain::NoteAdded& out) {
    r.id(in.id(), out.id);
    r.id(in.agent(), out.agent);
    r.capsule(in.content(), out.content);
    r.capsule(in.attachments(), out.attachments);
    r.ids(in.files(), out.files);
    r.ids(in.mentions(), out.mentions);
  }

  static flatbuffers::Offset<form::Assigned> write(const Writing& w, const domain::Assigned& e) {
    form::AssignedBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.queue) b.add_queue(by_pointer(stored(e.queue)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    b.add_claimed(e.claimed);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Assigned& in, domain::Assigned& out) {
    r.id(in.agent(), out.agent);
    r.id(in.queue(), out.queue);
    out.claimed = in.claimed();
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Unassigned> write(const Writing& w, const domain::Unassigned& e) {
    form::UnassignedBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Unassigned& in, domain::Unassigned& out) {
    r.id(in.agent(), out.agent);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::QueueChanged> write(const Writing& w, const domain::QueueChanged& e) {
    form::QueueChangedBuilder b(w.builder);
    if (e.from) b.add_from(by_pointer(stored(e.from)));
    if (e.to) b.add_to(by_pointer(stored(e.to)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::QueueChanged& in, domain::QueueChanged& out) {
    r.id(in.from(), out.from);
    r.id(in.to(), out.to);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Snoozed> write(const Writing& w, const domain::Snoozed& e) {
    form::SnoozedBuilder b(w.builder);
    b.add_until(stored(e.until));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Snoozed& in, domain::Snoozed& out) {
    r.instant(in.until(), out.until);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Woken> write(const Writing& w, const domain::Woken&) {
    return form::CreateWoken(w.builder);
  }
  static void read(EventReading&, const form::Woken&, domain::Woken&) {}

  static flatbuffers::Offset<form::WaitStarted> write(const Writing& w, const domain::WaitStarted& e) {
    form::WaitStartedBuilder b(w.builder);
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    b.add_on(stored_enum<form::WaitFor>(e.on));
    return b.Finish();
  }
  static void read(EventReading& r, const form::WaitStarted& in, domain::WaitStarted& out) {
    r.enumeration(in.on(), out.on, "what is waited for");
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Resolved> write(const Writing& w, const domain::Resolved& e) {
    form::ResolvedBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.closes_at) b.add_closes_at(stored(*e.closes_at));
    b.add_reopens_until(stored(e.reopens_until));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Resolved& in, domain::Resolved& out) {
    r.id(in.agent(), out.agent);
    r.instant(in.closes_at(), out.closes_at);
    r.instant(in.reopens_until(), out.reopens_until);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Reopened> write(const Writing& w, const domain::Reopened& e) {
    form::ReopenedBuilder b(w.builder);
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    b.add_episode(e.episode);
    b.add_by_customer(e.by_customer);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Reopened& in, domain::Reopened& out) {
    out.episode = in.episode();
    out.by_customer = in.by_customer();
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Closed> write(const Writing& w, const domain::Closed& e) {
    form::ClosedBuilder b(w.builder);
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    b.add_automatic(e.automatic);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Closed& in, domain::Closed& out) {
    out.automatic = in.automatic();
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::PriorityChanged> write(const Writing& w,
                                                          const domain::PriorityChanged& e) {
    form::PriorityChangedBuilder b(w.builder);
    b.add_from(stored(e.from));
    b.add_to(stored(e.to));
    return b.Finish();
  }
  static void read(EventReading& r, const form::PriorityChanged& in, domain::PriorityChanged& out) {
    r.enumeration(in.from(), out.from, "priority");
    r.enumeration(in.to(), out.to, "priority");
  }

  static flatbuffers::Offset<form::TagsChanged> write(const Writing& w, const domain::TagsChanged& e) {
    const auto added = stored_ids(w.builder, e.added);
    const auto removed = stored_ids(w.builder, e.removed);
    form::TagsChangedBuilder b(w.builder);
    b.add_added(added);
    b.add_removed(removed);
    return b.Finish();
  }
  static void read(EventReading& r, const form::TagsChanged& in, domain::TagsChanged& out) {
    r.ids(in.added(), out.added);
    r.ids(in.removed(), out.removed);
  }

  static flatbuffers::Offset<form::FirstResponseBreached> write(const Writing& w,
                                                                const domain::FirstResponseBreached&) {
    return form::CreateFirstResponseBreached(w.builder);
  }
  static void read(EventReading&, const form::FirstResponseBreached&, domain::FirstResponseBreached&) {}

  static flatbuffers::Offset<form::BreachWithdrawn> write(const Writing& w,
                                                          const domain::BreachWithdrawn& e) {
    form::BreachWithdrawnBuilder b(w.builder);
    b.add_due(stored(e.due));
    return b.Finish();
  }
  static void read(EventReading& r, const form::BreachWithdrawn& in, domain::BreachWithdrawn& out) {
    r.instant(in.due(), out.due);
  }

  static flatbuffers::Offset<form::Transferred> write(const Writing& w, const domain::Transferred& e) {
    form::TransferredBuilder b(w.builder);
    if (e.from_queue) b.add_from_queue(by_pointer(stored(e.from_queue)));
    if (e.to_queue) b.add_to_queue(by_pointer(stored(e.to_queue)));
    if (e.from_agent) b.add_from_agent(by_pointer(stored(e.from_agent)));
    if (e.to_agent) b.add_to_agent(by_pointer(stored(e.to_agent)));
    if (e.from_team) b.add_from_team(by_pointer(stored(e.from_team)));
    if (e.to_team) b.add_to_team(by_pointer(stored(e.to_team)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Transferred& in, domain::Transferred& out) {
    r.id(in.from_queue(), out.from_queue);
    r.id(in.to_queue(), out.to_queue);
    r.id(in.from_agent(), out.from_agent);
    r.id(in.to_agent(), out.to_agent);
    r.id(in.from_team(), out.from_team);
    r.id(in.to_team(), out.to_team);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::Escalated> write(const Writing& w, const domain::Escalated& e) {
    form::EscalatedBuilder b(w.builder);
    if (e.from_queue) b.add_from_queue(by_pointer(stored(e.from_queue)));
    if (e.to_queue) b.add_to_queue(by_pointer(stored(e.to_queue)));
    if (e.from_agent) b.add_from_agent(by_pointer(stored(e.from_agent)));
    if (e.to_agent) b.add_to_agent(by_pointer(stored(e.to_agent)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Escalated& in, domain::Escalated& out) {
    r.id(in.from_queue(), out.from_queue);
    r.id(in.to_queue(), out.to_queue);
    r.id(in.from_agent(), out.from_agent);
    r.id(in.to_agent(), out.to_agent);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::TypeChanged> write(const Writing& w, const domain::TypeChanged& e) {
    form::TypeChangedBuilder b(w.builder);
    if (e.from) b.add_from(by_pointer(stored(e.from)));
    if (e.to) b.add_to(by_pointer(stored(e.to)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::TypeChanged& in, domain::TypeChanged& out) {
    r.id(in.from(), out.from);
    r.id(in.to(), out.to);
  }

  static flatbuffers::Offset<form::SubjectLineChanged> write(const Writing& w,
                                                             const domain::SubjectLineChanged& e) {
    form::SubjectLineChangedBuilder b(w.builder);
    if (e.line) b.add_line(by_pointer(w.capsule(*e.line)));
    b.add_preview(by_pointer(w.capsule(e.preview)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::SubjectLineChanged& in, domain::SubjectLineChanged& out) {
    r.capsule(in.line(), out.line);
    r.capsule(in.preview(), out.preview);
  }

  static flatbuffers::Offset<form::FieldsChanged> write(const Writing& w, const domain::FieldsChanged& e) {
    return form::CreateFieldsChanged(w.builder, write_entries(w, e.changes));
  }
  static void read(EventReading& r, const form::FieldsChanged& in, domain::FieldsChanged& out) {
    read_entries(r, in.changes(), out.changes);
  }

  static flatbuffers::Offset<form::SubStateChanged> write(const Writing& w,
                                                          const domain::SubStateChanged& e) {
    form::SubStateChangedBuilder b(w.builder);
    if (e.from) b.add_from(by_pointer(stored(e.from)));
    if (e.to) b.add_to(by_pointer(stored(e.to)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::SubStateChanged& in, domain::SubStateChanged& out) {
    r.id(in.from(), out.from);
    r.id(in.to(), out.to);
  }

  static flatbuffers::Offset<form::SpamMarked> write(const Writing& w, const domain::SpamMarked& e) {
    form::SpamMarkedBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::SpamMarked& in, domain::SpamMarked& out) {
    r.id(in.agent(), out.agent);
  }

  static flatbuffers::Offset<form::SpamUnmarked> write(const Writing& w, const domain::SpamUnmarked& e) {
    form::SpamUnmarkedBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.unanswered_since) b.add_unanswered_since(stored(*e.unanswered_since));
    if (e.first_response_due) b.add_first_response_due(stored(*e.first_response_due));
    return b.Finish();
  }
  static void read(EventReading& r, const form::SpamUnmarked& in, domain::SpamUnmarked& out) {
    r.id(in.agent(), out.agent);
    r.instant(in.unanswered_since(), out.unanswered_since);
    r.instant(in.first_response_due(), out.first_response_due);
  }

  static flatbuffers::Offset<form::NoReplyNeeded> write(const Writing& w, const domain::NoReplyNeeded& e) {
    form::NoReplyNeededBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::NoReplyNeeded& in, domain::NoReplyNeeded& out) {
    r.id(in.agent(), out.agent);
    r.capsule(in.reason(), out.reason);
  }

  static flatbuffers::Offset<form::MessageRedacted> write(const Writing& w,
                                                          const domain::MessageRedacted& e) {
    form::MessageRedactedBuilder b(w.builder);
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.preview) b.add_preview(by_pointer(w.capsule(*e.preview)));
    if (e.reason) b.add_reason(by_pointer(w.capsule(*e.reason)));
    b.add_message(by_pointer(stored(e.message)));
    b.add_of(e.of);
    return b.Finish();
  }
  static void read(EventReading& r, const form::MessageRedacted& in, domain::MessageRedacted& out) {
    r.id(in.agent(), out.agent);
    r.capsule(in.preview(), out.preview);
    r.capsule(in.reason(), out.reason);
    r.id(in.message(), out.message);
    out.of = in.of();
  }

  static flatbuffers::Offset<form::Rated> write(const Writing& w, const domain::Rated& e) {
    form::RatedBuilder b(w.builder);
    if (e.queue) b.add_queue(by_pointer(stored(e.queue)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.comment) b.add_comment(by_pointer(w.capsule(*e.comment)));
    b.add_episode(e.episode);
    b.add_kind(stored_enum<wire::RatingKind>(e.kind));
    b.add_score(e.score);
    if (e.corrects) b.add_corrects(*e.corrects);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Rated& in, domain::Rated& out) {
    r.id(in.queue(), out.queue);
    r.id(in.agent(), out.agent);
    r.capsule(in.comment(), out.comment);
    r.enumeration(in.kind(), out.kind, "the kind of rating");
    out.score = in.score();
    if (const auto corrects = in.corrects()) out.corrects = *corrects;
    out.episode = in.episode();
  }

  static flatbuffers::Offset<form::Before> write_before(const Writing& w, const domain::Before& before) {
    const auto added = stored_ids(w.builder, before.tags_added);
    const auto removed = stored_ids(w.builder, before.tags_removed);
    const auto fields = write_entries(w, before.fields);
    form::BeforeBuilder b(w.builder);
    if (before.sub_state) b.add_sub_state(by_pointer(stored(before.sub_state)));
    if (before.queue) b.add_queue(by_pointer(stored(before.queue)));
    if (before.agent) b.add_agent(by_pointer(stored(before.agent)));
    if (before.team) b.add_team(by_pointer(stored(before.team)));
    if (before.type) b.add_type(by_pointer(stored(before.type)));
    b.add_snoozed_until(stored(before.snoozed_until));
    b.add_closes_at(stored(before.closes_at));
    b.add_reopens_until(stored(before.reopens_until));
    if (before.unanswered_since) b.add_unanswered_since(stored(*before.unanswered_since));
    b.add_first_response_due(stored(before.first_response_due));
    b.add_tags_added(added);
    b.add_tags_removed(removed);
    b.add_fields(fields);
    b.add_parts(static_cast<std::uint8_t>(before.parts));
    b.add_phase(stored_enum<wire::Phase>(before.phase));
    b.add_first_response(stored_enum<form::FirstResponse>(before.first_response));
    b.add_escalated(before.escalated);
    b.add_priority(stored(before.priority));
    return b.Finish();
  }
  static void read_before(EventReading& r, const form::Before& in, domain::Before& out) {
    if ((in.parts() & ~parts_known) != 0) return r.newer("parts of a conversation", in.parts());
    out.parts = static_cast<domain::Part>(in.parts());
    r.enumeration(in.phase(), out.phase, "state");
    r.id(in.sub_state(), out.sub_state);
    r.instant(in.snoozed_until(), out.snoozed_until);
    r.instant(in.closes_at(), out.closes_at);
    r.instant(in.reopens_until(), out.reopens_until);
    r.instant(in.unanswered_since(), out.unanswered_since);
    r.enumeration(in.first_response(), out.first_response, "first response");
    r.instant(in.first_response_due(), out.first_response_due);
    out.escalated = in.escalated();
    r.id(in.queue(), out.queue);
    r.id(in.agent(), out.agent);
    r.id(in.team(), out.team);
    r.enumeration(in.priority(), out.priority, "priority");
    r.id(in.type(), out.type);
    r.ids(in.tags_added(), out.tags_added);
    r.ids(in.tags_removed(), out.tags_removed);
    read_entries(r, in.fields(), out.fields);
  }

  static flatbuffers::Offset<form::Undone> write(const Writing& w, const domain::Undone& e) {
    const auto before = write_before(w, e.before);
    form::UndoneBuilder b(w.builder);
    if (e.envelope) b.add_envelope(by_pointer(stored(e.envelope)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_before(before);
    b.add_done_at(stored(e.done_at));
    b.add_act(stored_enum<form::Act>(e.act));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Undone& in, domain::Undone& out) {
    r.id(in.envelope(), out.envelope);
    r.id(in.agent(), out.agent);
    r.enumeration(in.act(), out.act, "the act undone");
    r.instant(in.done_at(), out.done_at);
    read_before(r, *in.before(), out.before);
  }
};

}  // namespace

void write_event(const Writing& writing, Instant occurred_at, const domain::Event& event) {
  write_entry<Form>(writing, occurred_at, event);
}
void read_event(EventReading& reading, ByteView body, std::uint8_t member, domain::Event& out) {
  read_entry<Form>(reading, body, member, out);
}

}  // namespace parlance::codec
