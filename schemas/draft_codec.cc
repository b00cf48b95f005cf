#include "engine/domain/draft.h"
#include "schemas/categories.h"
#include "schemas/draft_generated.h"
#include "schemas/event_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::draft;
namespace form = parlance::wire::draft;

static_assert(same(DraftKind::none, wire::DraftKind::none) &&
              same(DraftKind::reply, wire::DraftKind::reply) && same(DraftKind::note, wire::DraftKind::note));

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::Kept> write(const Writing& w, const domain::Kept& e) {
    form::KeptBuilder b(w.builder);
    b.add_conversation(by_pointer(stored(e.conversation)));
    b.add_agent(by_pointer(stored(e.agent)));
    b.add_text(by_pointer(w.capsule(e.text)));
    b.add_kind(stored_enum<wire::DraftKind>(e.kind));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Kept& in, domain::Kept& out) {
    r.id(in.conversation(), out.conversation);
    r.id(in.agent(), out.agent);
    r.enumeration(in.kind(), out.kind, "the kind of draft");
    r.capsule(in.text(), out.text);
  }

  static flatbuffers::Offset<form::Dropped> write(const Writing& w, const domain::Dropped& e) {
    form::DroppedBuilder b(w.builder);
    b.add_conversation(by_pointer(stored(e.conversation)));
    b.add_agent(by_pointer(stored(e.agent)));
    b.add_sent(e.sent);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Dropped& in, domain::Dropped& out) {
    r.id(in.conversation(), out.conversation);
    r.id(in.agent(), out.agent);
    out.sent = in.sent();
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
