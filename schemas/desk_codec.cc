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

  static flatbuffers::Offset<form::AgentChanged> write(const Writing& w, const domain::AgentChanged& e) {
    flatbuffers::Offset<flatbuffers::Vector<std::uint16_t>> languages;
    if (!e.languages.empty()) {
      std::vector<std::uint16_t> numbers;
      for (const Language language : e.languages) numbers.push_back(static_cast<std::uint16_t>(language));
      languages = w.builder.CreateVector(numbers);
    }
    flatbuffers::Offset<flatbuffers::Vector<const form::ChannelCapacity*>> channels;
    if (!e.capacity.channels.empty()) {
      std::vector<form::ChannelCapacity> limits;
      for (const auto& limit : e.capacity.channels) limits.emplace_back(stored(limit.channel), limit.most);
      channels = w.builder.CreateVectorOfStructs(limits);
    }
    const auto skills = stored_ids(w.builder, e.skills);
    const auto teams = stored_ids(w.builder, e.teams);
    form::AgentChangedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    if (e.profile) b.add_profile(by_pointer(w.capsule(*e.profile)));
    b.add_languages(languages);
    b.add_skills(skills);
    b.add_teams(teams);
    b.add_channels(channels);
    b.add_capacity(e.capacity.total);
    b.add_role(stored(e.role));
    return b.Finish();
  }
  static void read(EventReading& r, const form::AgentChanged& in, domain::AgentChanged& out) {
    r.id(in.id(), out.id);
    r.enumeration(in.role(), out.role, "role");
    if (in.languages() != nullptr && r.take(in.languages()->size() * sizeof(std::uint16_t)))
      for (const std::uint16_t number : *in.languages()) r.language(number, out.languages.emplace_back());
    r.ids(in.skills(), out.skills);
    r.ids(in.teams(), out.teams);
    out.capacity.total = in.capacity();
    if (in.channels() != nullptr && r.take(in.channels()->size() * sizeof(form::ChannelCapacity)))
      for (const form::ChannelCapacity* limit : *in.channels()) {
        auto& one = out.capacity.channels.emplace_back();
        r.enumeration(limit->channel(), one.channel, "channel");
        one.most = limit->most();
      }
    r.capsule(in.profile(), out.profile);
  }

  static flatbuffers::Offset<form::ActivationChanged> write(const Writing& w,
                                                            const domain::ActivationChanged& e) {
    form::ActivationChangedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_active(e.active);
    return b.Finish();
  }
  static void read(EventReading& r, const form::ActivationChanged& in, domain::ActivationChanged& out) {
    r.id(in.id(), out.id);
    out.active = in.active();
  }

  static flatbuffers::Offset<form::SkillAdded> write(const Writing& w, const domain::SkillAdded& e) {
    const auto name = stored(w.builder, e.name);
    form::SkillAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_name(name);
    return b.Finish();
  }
  static void read(EventReading& r, const form::SkillAdded& in, domain::SkillAdded& out) {
    r.id(in.id(), out.id);
    r.text(in.name(), out.name);
  }

  static flatbuffers::Offset<form::TeamAdded> write(const Writing& w, const domain::TeamAdded& e) {
    const auto name = stored(w.builder, e.name);
    form::TeamAddedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_name(name);
    return b.Finish();
  }
  static void read(EventReading& r, const form::TeamAdded& in, domain::TeamAdded& out) {
    r.id(in.id(), out.id);
    r.text(in.name(), out.name);
  }

  static flatbuffers::Offset<form::TeamChanged> write(const Writing& w, const domain::TeamChanged& e) {
    const auto name = stored(w.builder, e.name);
    const auto added = stored_ids(w.builder, e.added);
    const auto removed = stored_ids(w.builder, e.removed);
    form::TeamChangedBuilder b(w.builder);
    b.add_id(by_pointer(stored(e.id)));
    b.add_name(name);
    b.add_added(added);
    b.add_removed(removed);
    return b.Finish();
  }
  static void read(EventReading& r, const form::TeamChanged& in, domain::TeamChanged& out) {
    r.id(in.id(), out.id);
    r.text(in.name(), out.name);
    r.ids(in.added(), out.added);
    r.ids(in.removed(), out.removed);
  }

  static flatbuffers::Offset<form::QueueChanged> write(const Writing& w, const domain::QueueChanged& e) {
    const auto name = stored(w.builder, e.name);
    const auto skills = stored_ids(w.builder, e.rule.skills);
    form::QueueChangedBuilder b(w.builder);
    if (e.rule.offer_ms) b.add_offer_ms(stored_ms(*e.rule.offer_ms));
    b.add_id(by_pointer(stored(e.id)));
    if (e.rule.team) b.add_team(by_pointer(stored(e.rule.team)));
    b.add_name(name);
    b.add_skills(skills);
    b.add_rule(stored(e.rule.kind));
    b.add_prefers_language(e.rule.prefers_language);
    return b.Finish();
  }
  static void read(EventReading& r, const form::QueueChanged& in, domain::QueueChanged& out) {
    r.id(in.id(), out.id);
    r.text(in.name(), out.name);
    r.enumeration(in.rule(), out.rule.kind, "queue rule");
    out.rule.prefers_language = in.prefers_language();
    r.ids(in.skills(), out.rule.skills);
    r.id(in.team(), out.rule.team);
    r.ms(in.offer_ms(), out.rule.offer_ms);
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
