#include "engine/domain/routing.h"
#include "schemas/categories.h"
#include "schemas/event_codec.h"
#include "schemas/routing_generated.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::routing;
namespace form = parlance::wire::routing;

static_assert(same(domain::Presence::none, form::Presence::none) &&
              same(domain::Presence::online, form::Presence::online) &&
              same(domain::Presence::away, form::Presence::away) &&
              same(domain::Presence::offline, form::Presence::offline));
static_assert(same(domain::Taken::none, form::Taken::none) &&
              same(domain::Taken::by_rule, form::Taken::by_rule) &&
              same(domain::Taken::claimed, form::Taken::claimed) &&
              same(domain::Taken::by_hand, form::Taken::by_hand));
static_assert(same(domain::Exclusion::none, form::Exclusion::none) &&
              same(domain::Exclusion::offline, form::Exclusion::offline) &&
              same(domain::Exclusion::full, form::Exclusion::full) &&
              same(domain::Exclusion::language, form::Exclusion::language) &&
              same(domain::Exclusion::skill, form::Exclusion::skill) &&
              same(domain::Exclusion::team, form::Exclusion::team) &&
              same(domain::Exclusion::declined, form::Exclusion::declined) &&
              same(domain::Exclusion::missed, form::Exclusion::missed));
static_assert(same(domain::Refusal::none, form::Refusal::none) &&
              same(domain::Refusal::moved_on, form::Refusal::moved_on) &&
              same(domain::Refusal::agent_unknown, form::Refusal::agent_unknown));

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::PresenceChanged> write(const Writing& w,
                                                          const domain::PresenceChanged& e) {
    form::PresenceChangedBuilder b(w.builder);
    b.add_agent(by_pointer(stored(e.agent)));
    b.add_presence(stored_enum<form::Presence>(e.presence));
    b.add_by_misses(e.by_misses);
    return b.Finish();
  }
  static void read(EventReading& r, const form::PresenceChanged& in, domain::PresenceChanged& out) {
    r.id(in.agent(), out.agent);
    r.enumeration(in.presence(), out.presence, "presence");
    out.by_misses = in.by_misses();
  }

  static flatbuffers::Offset<form::Followed> write(const Writing& w, const domain::Followed& e) {
    form::FollowedBuilder b(w.builder);
    b.add_seen(e.seen);
    b.add_conversation(by_pointer(stored(e.conversation)));
    if (e.queue) b.add_queue(by_pointer(stored(e.queue)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_language(static_cast<std::uint16_t>(e.language));
    b.add_channel(stored(e.channel));
    b.add_taken(stored_enum<form::Taken>(e.taken));
    b.add_to_do(e.to_do);
    b.add_waits(e.waits);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Followed& in, domain::Followed& out) {
    r.id(in.conversation(), out.conversation);
    out.seen = in.seen();
    r.id(in.queue(), out.queue);
    r.id(in.agent(), out.agent);
    out.to_do = in.to_do();
    out.waits = in.waits();
    r.enumeration(in.taken(), out.taken, "way an agent came to a conversation");
    r.enumeration(in.channel(), out.channel, "channel");
    r.language(in.language(), out.language);
  }

  static flatbuffers::Offset<form::Decided> write(const Writing& w, const domain::Decided& e) {
    flatbuffers::Offset<flatbuffers::Vector<const form::Candidate*>> candidates;
    if (!e.candidates.empty()) {
      std::vector<form::Candidate> all;
      all.reserve(e.candidates.size());
      for (const domain::Candidate& c : e.candidates)
        all.emplace_back(stored(c.agent), c.load, c.capacity, c.score,
                         stored_enum<form::Exclusion>(c.excluded));
      candidates = w.builder.CreateVectorOfStructs(all);
    }
    form::DecidedBuilder b(w.builder);
    b.add_rule_version(e.rule_version);
    b.add_desk_version(e.desk_version);
    if (e.offered_until) b.add_offered_until(stored(*e.offered_until));
    b.add_conversation(by_pointer(stored(e.conversation)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    if (e.queue) b.add_queue(by_pointer(stored(e.queue)));
    b.add_candidates(candidates);
    b.add_left_out(e.left_out);
    b.add_rule(stored(e.rule));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Decided& in, domain::Decided& out) {
    r.id(in.conversation(), out.conversation);
    r.id(in.agent(), out.agent);
    r.id(in.queue(), out.queue);
    r.enumeration(in.rule(), out.rule, "queue rule");
    out.rule_version = in.rule_version();
    out.desk_version = in.desk_version();
    r.instant(in.offered_until(), out.offered_until);
    out.left_out = in.left_out();
    if (in.candidates() == nullptr || !r.take(in.candidates()->size() * sizeof(form::Candidate))) return;
    out.candidates.reserve(in.candidates()->size());
    for (const form::Candidate* each : *in.candidates()) {
      const form::Candidate c = r.element(each);
      domain::Candidate& one = out.candidates.emplace_back();
      r.id(&c.agent(), one.agent);
      one.load = c.load();
      one.capacity = c.capacity();
      one.score = c.score();
      r.enumeration(c.excluded(), one.excluded, "reason to leave an agent out");
    }
  }

  /// An event that names a conversation and an agent, and nothing else.
  template <class FormBuilder> static auto write_pair(const Writing& w, const auto& e) {
    FormBuilder b(w.builder);
    b.add_conversation(by_pointer(stored(e.conversation)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    return b.Finish();
  }
  static void read_pair(EventReading& r, const auto& in, auto& out) {
    r.id(in.conversation(), out.conversation);
    r.id(in.agent(), out.agent);
  }
  static flatbuffers::Offset<form::OfferAccepted> write(const Writing& w, const domain::OfferAccepted& e) {
    return write_pair<form::OfferAcceptedBuilder>(w, e);
  }
  static void read(EventReading& r, const form::OfferAccepted& in, domain::OfferAccepted& out) {
    read_pair(r, in, out);
  }
  static flatbuffers::Offset<form::OfferDeclined> write(const Writing& w, const domain::OfferDeclined& e) {
    return write_pair<form::OfferDeclinedBuilder>(w, e);
  }
  static void read(EventReading& r, const form::OfferDeclined& in, domain::OfferDeclined& out) {
    read_pair(r, in, out);
  }
  static flatbuffers::Offset<form::OfferExpired> write(const Writing& w, const domain::OfferExpired& e) {
    return write_pair<form::OfferExpiredBuilder>(w, e);
  }
  static void read(EventReading& r, const form::OfferExpired& in, domain::OfferExpired& out) {
    read_pair(r, in, out);
  }
  static flatbuffers::Offset<form::OfferWithdrawn> write(const Writing& w, const domain::OfferWithdrawn& e) {
    return write_pair<form::OfferWithdrawnBuilder>(w, e);
  }
  static void read(EventReading& r, const form::OfferWithdrawn& in, domain::OfferWithdrawn& out) {
    read_pair(r, in, out);
  }

  static flatbuffers::Offset<form::AssignRefused> write(const Writing& w, const domain::AssignRefused& e) {
    form::AssignRefusedBuilder b(w.builder);
    b.add_conversation(by_pointer(stored(e.conversation)));
    if (e.agent) b.add_agent(by_pointer(stored(e.agent)));
    b.add_refusal(stored_enum<form::Refusal>(e.refusal));
    return b.Finish();
  }
  static void read(EventReading& r, const form::AssignRefused& in, domain::AssignRefused& out) {
    read_pair(r, in, out);
    r.enumeration(in.refusal(), out.refusal, "refusal of an agent");
  }

  static flatbuffers::Offset<form::Released> write(const Writing& w, const domain::Released& e) {
    form::ReleasedBuilder b(w.builder);
    b.add_conversation(by_pointer(stored(e.conversation)));
    return b.Finish();
  }
  static void read(EventReading& r, const form::Released& in, domain::Released& out) {
    r.id(in.conversation(), out.conversation);
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
