#include "engine/domain/desk.h"
#include "schemas/categories.h"
#include "schemas/desk_generated.h"
#include "schemas/event_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::desk;
namespace form = parlance::wire::desk;

static_assert(same(Scope::none, form::Scope::NONE) && same(Scope::agent, form::Scope::agent) &&
              same(Scope::ingest, form::Scope::ingest) && same(Scope::import, form::Scope::import_) &&
              same(Scope::admin, form::Scope::admin));
constexpr std::uint32_t scopes_known = static_cast<std::uint32_t>(form::Scope::ANY);

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::AgentAdded> write(const Writing& w, const domain::AgentAdded& e) {
    form::AgentAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_profile(by_pointer(w.capsule(e.profile)));
    b.add_role(stored(e.role));
    return b.Finish();
  }
  static void read(EventReading& r, const form::AgentAdded& in, domain::AgentAdded& out) {
    r.id(in.id(), out.id);
    r.enumeration(in.role(), out.role, "role");
    r.capsule(in.profile(), out.profile);
  }

  static flatbuffers::Offset<form::QueueAdded> write(const Writing& w, const domain::QueueAdded& e) {
    const auto name = stored(w.builder, e.name);
    form::QueueAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_name(name);
    return b.Finish();
  }
  static void read(EventReading& r, const form::QueueAdded& in, domain::QueueAdded& out) {
    r.id(in.id(), out.id);
    r.text(in.name(), out.name);
  }

  static flatbuffers::Offset<form::TokenIssued> write(const Writing& w, const domain::TokenIssued& e) {
    PARLANCE_ASSERT((static_cast<std::uint32_t>(e.scopes) & ~scopes_known) == 0,
                    "stored scopes are in the schema");
    form::TokenIssuedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_hash(by_pointer(wire::Digest(flatbuffers::span<const std::uint8_t, 32>(e.hash))));
    b.add_scopes(static_cast<form::Scope>(e.scopes));
    return b.Finish();
  }
  static void read(EventReading& r, const form::TokenIssued& in, domain::TokenIssued& out) {
    r.id(in.id(), out.id);
    r.id(in.agent(), out.agent);
    const auto scopes = static_cast<std::uint32_t>(in.scopes());
    if ((scopes & ~scopes_known) != 0) return r.newer("the token scopes", scopes);
    out.scopes = static_cast<Scope>(scopes);
    r.digest(*in.hash()->bytes(), out.hash);
  }

  static flatbuffers::Offset<form::TokenRevoked> write(const Writing& w, const domain::TokenRevoked& e) {
    form::TokenRevokedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::TokenRevoked& in, domain::TokenRevoked& out) {
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
