#include "engine/domain/subject.h"
#include "schemas/categories.h"
#include "schemas/event_codec.h"
#include "schemas/subject_generated.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::subject;
namespace form = parlance::wire::subject;

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::Created> write(const Writing& w, const domain::Created& e) {
    form::CreatedBuilder b(w.builder);
    b.add_row(by_pointer(stored(e.row)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Created& in, domain::Created& out) {
    r.id(in.row(), out.row);
  }

  static flatbuffers::Offset<form::IdentityAdded> write(const Writing& w, const domain::IdentityAdded& e) {
    form::IdentityAddedBuilder b(w.builder);
    b.add_identity(by_pointer(w.capsule(e.identity)));
    b.add_channel(stored(e.channel));
    return b.Finish();
  }
  static void read(EventReading& r, const form::IdentityAdded& in, domain::IdentityAdded& out) {
    r.enumeration(in.channel(), out.channel, "channel");
    r.capsule(in.identity(), out.identity);
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
