#include "engine/domain/intake.h"
#include "schemas/categories.h"
#include "schemas/door_generated.h"
#include "schemas/event_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::intake;
namespace form = parlance::wire::door;

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::MessageForwarded> write(const Writing& w,
                                                           const domain::MessageForwarded& e) {
    form::MessageForwardedBuilder b(w.builder);
    b.add_to(by_pointer(stored(e.to)));
    b.add_author(by_pointer(stored(e.author)));
    b.add_identity(by_pointer(w.capsule(e.identity)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::MessageForwarded& in, domain::MessageForwarded& out) {
    r.id(in.to(), out.to);
    r.id(in.author(), out.author);
    r.capsule(in.identity(), out.identity);
  }

  static flatbuffers::Offset<form::AddressLinked> write(const Writing& w, const domain::AddressLinked& e) {
    form::AddressLinkedBuilder b(w.builder);
    b.add_identity(by_pointer(w.capsule(e.identity)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::AddressLinked& in, domain::AddressLinked& out) {
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
