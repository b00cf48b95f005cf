#include "engine/domain/conversation.h"
#include "schemas/categories.h"
#include "schemas/conversation_generated.h"
#include "schemas/event_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::conversation;
namespace form = parlance::wire::conversation;

static_assert(same(WaitFor::none, form::WaitFor::none) && same(WaitFor::customer, form::WaitFor::customer) &&
              same(WaitFor::third_party, form::WaitFor::third_party));

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
    form::NoteAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_content(by_pointer(w.capsule(e.content)));
    if (e.attachments) b.add_attachments(by_pointer(w.capsule(*e.attachments)));
    b.add_files(files);
    return b.Finish();
  }
  static void read(EventReading& r, const form::NoteAdded& in, domain::NoteAdded& out) {
    r.id(in.id(), out.id);
    r.id(in.agent(), out.agent);
    r.capsule(in.content(), out.content);
    r.capsule(in.attachments(), out.attachments);
    r.ids(in.files(), out.files);
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
};

}  // namespace

void write_event(const Writing& writing, Instant occurred_at, const domain::Event& event) {
  write_entry<Form>(writing, occurred_at, event);
}
void read_event(EventReading& reading, ByteView body, std::uint8_t member, domain::Event& out) {
  read_entry<Form>(reading, body, member, out);
}

}  // namespace parlance::codec
