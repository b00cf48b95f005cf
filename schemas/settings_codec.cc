#include "engine/domain/settings.h"
#include "schemas/categories.h"
#include "schemas/event_codec.h"
#include "schemas/policy_codec.h"
#include "schemas/settings_generated.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::settings;
namespace form = parlance::wire::settings;

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
};

}  // namespace

void write_event(const Writing& writing, Instant occurred_at, const domain::Event& event) {
  write_entry<Form>(writing, occurred_at, event);
}
void read_event(EventReading& reading, ByteView body, std::uint8_t member, domain::Event& out) {
  read_entry<Form>(reading, body, member, out);
}

}  // namespace parlance::codec
