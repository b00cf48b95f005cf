#include "engine/domain/settings.h"
#include "schemas/categories.h"
#include "schemas/event_codec.h"
#include "schemas/policy_codec.h"
#include "schemas/settings_generated.h"
#include "schemas/vocabulary_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::settings;
namespace form = parlance::wire::settings;

static_assert(same(ViewOrder::none, form::ViewOrder::none) &&
              same(ViewOrder::working_order, form::ViewOrder::working_order) &&
              same(ViewOrder::newest, form::ViewOrder::newest) &&
              same(ViewOrder::oldest, form::ViewOrder::oldest) &&
              same(ViewOrder::updated, form::ViewOrder::updated));

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::PolicyChanged> write(const Writing& w, const domain::PolicyChanged& e) {
    const auto policy = write_policy(w.builder, e.policy);
    form::PolicyChangedBuilder b(w.builder);
    b.add_policy(policy);
    return b.Finish();
  }
  static void read(EventReading& r, const form::PolicyChanged& in, domain::PolicyChanged& out) {
    read_policy(r, *in.policy(), out.policy);
  }

  static flatbuffers::Offset<form::TagAdded> write(const Writing& w, const domain::TagAdded& e) {
    const auto name = stored(w.builder, e.name);
    form::TagAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_name(name);
    return b.Finish();
  }
  static void read(EventReading& r, const form::TagAdded& in, domain::TagAdded& out) {
    r.id(in.id(), out.id);
    r.text(in.name(), out.name);
  }

  static flatbuffers::Offset<form::ImportOpened> write(const Writing& w, const domain::ImportOpened& e) {
    form::ImportOpenedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::ImportOpened& in, domain::ImportOpened& out) {
    r.id(in.id(), out.id);
  }

  static flatbuffers::Offset<form::ImportClosed> write(const Writing& w, const domain::ImportClosed& e) {
    form::ImportClosedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::ImportClosed& in, domain::ImportClosed& out) {
    r.id(in.id(), out.id);
  }

  static flatbuffers::Offset<form::TypeDefined> write(const Writing& w, const domain::TypeDefined& e) {
    return form::CreateTypeDefined(w.builder, write_word(w.builder, e.type));
  }
  static void read(EventReading& r, const form::TypeDefined& in, domain::TypeDefined& out) {
    read_word(r, *in.type(), out.type);
  }

  static flatbuffers::Offset<form::FieldDefined> write(const Writing& w, const domain::FieldDefined& e) {
    return form::CreateFieldDefined(w.builder, write_word(w.builder, e.field));
  }
  static void read(EventReading& r, const form::FieldDefined& in, domain::FieldDefined& out) {
    read_word(r, *in.field(), out.field);
  }

  static flatbuffers::Offset<form::SubStateDefined> write(const Writing& w,
                                                          const domain::SubStateDefined& e) {
    return form::CreateSubStateDefined(w.builder, write_word(w.builder, e.sub_state));
  }
  static void read(EventReading& r, const form::SubStateDefined& in, domain::SubStateDefined& out) {
    read_word(r, *in.sub_state(), out.sub_state);
  }

  static flatbuffers::Offset<form::TransitionsChanged> write(const Writing& w,
                                                             const domain::TransitionsChanged& e) {
    return form::CreateTransitionsChanged(w.builder, write_transitions(w.builder, e.transitions));
  }
  static void read(EventReading& r, const form::TransitionsChanged& in, domain::TransitionsChanged& out) {
    read_transitions(r, in.transitions(), out.transitions);
  }

  static flatbuffers::Offset<form::CannedReplyDefined> write(const Writing& w,
                                                             const domain::CannedReplyDefined& e) {
    const domain::CannedReply& reply = e.reply;
    const auto name = stored(w.builder, reply.name);
    const auto shortcut = stored(w.builder, reply.shortcut);
    const auto text = stored(w.builder, reply.text);
    form::CannedReplyBuilder b(w.builder);
    b.add_id(by_pointer(stored(reply.id)));
    b.add_name(name);
    b.add_shortcut(shortcut);
    b.add_text(text);
    b.add_language(static_cast<std::uint16_t>(reply.language));
    b.add_retired(reply.retired);
    return form::CreateCannedReplyDefined(w.builder, b.Finish());
  }
  static void read(EventReading& r, const form::CannedReplyDefined& in, domain::CannedReplyDefined& out) {
    const form::CannedReply& reply = *in.reply();
    r.id(reply.id(), out.reply.id);
    r.text(reply.name(), out.reply.name);
    r.language(reply.language(), out.reply.language);
    r.text(reply.shortcut(), out.reply.shortcut);
    r.text(reply.text(), out.reply.text);
    out.reply.retired = reply.retired();
  }

  static flatbuffers::Offset<form::ViewSaved> write(const Writing& w, const domain::ViewSaved& e) {
    form::ViewSavedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_owner(by_pointer(stored(e.owner)));
    b.add_name(by_pointer(w.capsule(e.name)));
    b.add_filter(by_pointer(w.capsule(e.filter)));
    b.add_shared(e.shared);
    b.add_order(stored_enum<form::ViewOrder>(e.order));
    return b.Finish();
  }
  static void read(EventReading& r, const form::ViewSaved& in, domain::ViewSaved& out) {
    r.id(in.id(), out.id);
    r.id(in.owner(), out.owner);
    out.shared = in.shared();
    r.enumeration(in.order(), out.order, "order");
    r.capsule(in.name(), out.name);
    r.capsule(in.filter(), out.filter);
  }

  static flatbuffers::Offset<form::ViewRemoved> write(const Writing& w, const domain::ViewRemoved& e) {
    form::ViewRemovedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::ViewRemoved& in, domain::ViewRemoved& out) {
    r.id(in.id(), out.id);
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
