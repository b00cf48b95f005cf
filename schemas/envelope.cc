#include "schemas/envelope.h"

#include <array>

#include "schemas/categories.h"
#include "schemas/envelope_generated.h"
#include "schemas/event_codec.h"

namespace parlance {
namespace {

using codec::by_pointer;
using codec::same;
using codec::stored;

static_assert(same(Category::conversation, wire::Category::conversation) &&
              same(Category::subject, wire::Category::subject) &&
              same(Category::door, wire::Category::door) &&
              same(Category::settings, wire::Category::settings) &&
              same(Category::desk, wire::Category::desk) &&
              same(Category::adoption, wire::Category::adoption) &&
              same(Category::draft, wire::Category::draft) &&

              same(Category::routing, wire::Category::routing));
static_assert(same(ActorKind::none, wire::ActorKind::none) &&
              same(ActorKind::customer, wire::ActorKind::customer) &&
              same(ActorKind::agent, wire::ActorKind::agent) &&
              same(ActorKind::program, wire::ActorKind::program) &&
              same(ActorKind::system, wire::ActorKind::system));

/// Names of the members of a category's union, in their order.
struct CategoryNames {
  const std::string_view* names;
  std::size_t count;
};
constexpr std::array conversation_names =
    std::to_array<std::string_view>({"conversation.opened",
                                     "conversation.message_received",
                                     "conversation.participant_joined",
                                     "conversation.replied",
                                     "conversation.note_added",
                                     "conversation.assigned",
                                     "conversation.unassigned",
                                     "conversation.queue_changed",
                                     "conversation.snoozed",
                                     "conversation.woken",
                                     "conversation.wait_started",
                                     "conversation.resolved",
                                     "conversation.reopened",
                                     "conversation.closed",
                                     "conversation.priority_changed",
                                     "conversation.tags_changed",
                                     "conversation.first_response_breached",
                                     "conversation.breach_withdrawn",
                                     "conversation.transferred",
                                     "conversation.escalated",
                                     "conversation.type_changed",
                                     "conversation.subject_line_changed",
                                     "conversation.fields_changed",
                                     "conversation.sub_state_changed",
                                     "conversation.spam_marked",
                                     "conversation.spam_unmarked",
                                     "conversation.no_reply_needed",
                                     "conversation.message_redacted",
                                     "conversation.rated",
                                     "conversation.undone"});
constexpr std::array subject_names =
    std::to_array<std::string_view>({"subject.created", "subject.identity_added"});
constexpr std::array door_names =
    std::to_array<std::string_view>({"door.message_forwarded", "door.address_linked"});
constexpr std::array settings_names = std::to_array<std::string_view>(
    {"settings.policy_changed", "settings.tag_added", "settings.type_defined", "settings.field_defined",
     "settings.sub_state_defined", "settings.transitions_changed", "settings.canned_reply_defined",
     "settings.view_saved", "settings.view_removed", "settings.import_opened", "settings.import_closed"});
constexpr std::array desk_names = std::to_array<std::string_view>(
    {"desk.agent_added", "desk.queue_added", "desk.token_issued", "desk.token_revoked", "desk.agent_changed",
     "desk.activation_changed", "desk.skill_added", "desk.team_added", "desk.team_changed",
     "desk.queue_changed"});
constexpr std::array adoption_names = std::to_array<std::string_view>({"adoption.adopted"});
constexpr std::array draft_names = std::to_array<std::string_view>({"draft.kept", "draft.dropped"});
constexpr std::array routing_names = std::to_array<std::string_view>(
    {"routing.presence_changed", "routing.followed", "routing.decided", "routing.offer_accepted",
     "routing.offer_declined", "routing.offer_expired", "routing.offer_withdrawn", "routing.assign_refused",
     "routing.released"});
static_assert(conversation_names.size() == std::variant_size_v<conversation::Event>);
static_assert(subject_names.size() == std::variant_size_v<subject::Event>);
static_assert(door_names.size() == std::variant_size_v<intake::Event>);
static_assert(settings_names.size() == std::variant_size_v<settings::Event>);
static_assert(desk_names.size() == std::variant_size_v<desk::Event>);
static_assert(adoption_names.size() == std::variant_size_v<adoption::Event>);
static_assert(draft_names.size() == std::variant_size_v<draft::Event>);
static_assert(routing_names.size() == std::variant_size_v<routing::Event>);

/// In the order of Category, less `none`, which is also that of AnyEvent.
constexpr std::array all_names = std::to_array<CategoryNames>({
    {conversation_names.data(), conversation_names.size()},
    {subject_names.data(), subject_names.size()},
    {door_names.data(), door_names.size()},
    {settings_names.data(), settings_names.size()},
    {desk_names.data(), desk_names.size()},
    {adoption_names.data(), adoption_names.size()},
    {draft_names.data(), draft_names.size()},
    {routing_names.data(), routing_names.size()},
});
static_assert(all_names.size() == std::variant_size_v<AnyEvent>);
static_assert(all_names.size() == static_cast<std::size_t>(wire::Category::MAX));
template <Category category, class Event>
constexpr bool in_place =
    std::same_as<std::variant_alternative_t<static_cast<std::size_t>(category) - 1, AnyEvent>, Event>;
static_assert(in_place<Category::conversation, conversation::Event> &&
              in_place<Category::subject, subject::Event> && in_place<Category::door, intake::Event> &&
              in_place<Category::settings, settings::Event> && in_place<Category::desk, desk::Event> &&
              in_place<Category::adoption, adoption::Event> && in_place<Category::draft, draft::Event> &&

              in_place<Category::routing, routing::Event>);

template <std::size_t... I>
void read_body(codec::EventReading& reading, ByteView body, EventKind kind, AnyEvent& out,
               std::index_sequence<I...>) {
  const std::size_t index = (kind >> 8) - 1U;
  const auto member = static_cast<std::uint8_t>(kind & 0xff);
  (void)((index == I && (codec::read_event(reading, body, member, out.emplace<I>()), true)) || ...);
}

void read_stream_event(codec::EventReading& reading, const wire::Event& in, std::size_t& body_bytes_left,
                       StreamEvent& out) {
  const EventKind kind = in.kind();
  const auto category = static_cast<std::uint8_t>(in.category());
  if (category != kind >> 8 || category == 0) return reading.corrupt("a kind of another category");
  if (category > all_names.size()) return reading.newer("the event kind", kind);
  out.stream = {static_cast<Category>(category), reading.raw_id(in.stream())};
  out.version = in.version();
  reading.instant(in.occurred_at(), out.occurred_at);
  reading.occurred_at = out.occurred_at;
  const ByteView body{in.body()->data(), in.body()->size()};
  if (reinterpret_cast<std::uintptr_t>(body.data()) % alignof(std::uint64_t) != 0) {
    return reading.corrupt("an event that is not aligned");
  }
  if (body.size() > body_bytes_left) return reading.corrupt("events that share bytes");
  body_bytes_left -= body.size();
  read_body(reading, body, kind, out.body, std::make_index_sequence<std::variant_size_v<AnyEvent>>{});
}

}  // namespace

EventKind kind_of(const AnyEvent& event) {
  const std::size_t member =
      std::visit([](const auto& of_category) { return of_category.index() + 1; }, event);
  return static_cast<EventKind>((event.index() + 1) << 8 | member);
}

std::string_view kind_name(EventKind kind) {
  const std::size_t category = kind >> 8;
  const std::size_t member = kind & 0xff;
  if (category == 0 || category > all_names.size()) return "unknown";
  const CategoryNames& names = all_names[category - 1];
  return member == 0 || member > names.count ? "unknown" : names.names[member - 1];
}

KindSet kinds_of(const Envelope& envelope) {
  KindSet kinds;
  for (const StreamEvent& event : envelope.events) kinds.add(kind_of(event.body));
  return kinds;
}

Bytes encode_envelope(const Envelope& envelope) {
  static thread_local codec::Builder envelope_builder;
  static thread_local codec::Builder body_builder;
  static thread_local std::vector<flatbuffers::Offset<wire::Event>> events;
  const codec::Scratch scratch(envelope_builder);
  codec::Builder& builder = scratch.builder();
  events.clear();
  for (const StreamEvent& event : envelope.events) {
    const EventKind kind = kind_of(event.body);
    PARLANCE_ASSERT(static_cast<std::uint8_t>(event.stream.category) == kind >> 8,
                    "an event is of its stream's category");
    const codec::Scratch body_scratch(body_builder);
    const codec::Writing writing{body_scratch.builder(), envelope.id};
    std::visit([&](const auto& body) { codec::write_event(writing, event.occurred_at, body); }, event.body);
    const ByteView bytes = body_scratch.finished();
    builder.ForceVectorAlignment(bytes.size(), sizeof(std::uint8_t), alignof(std::uint64_t));
    const auto body = builder.CreateVector(bytes.data(), bytes.size());
    wire::EventBuilder table(builder);
    table.add_stream(by_pointer(stored(event.stream.id)));
    table.add_version(event.version);
    table.add_occurred_at(stored(event.occurred_at));
    table.add_body(body);
    table.add_kind(kind);
    table.add_category(static_cast<wire::Category>(event.stream.category));
    events.push_back(table.Finish());
  }
  const auto all_events = builder.CreateVector(events);
  wire::EnvelopeBuilder table(builder);
  table.add_id(by_pointer(stored(envelope.id)));
  table.add_workspace(by_pointer(stored(envelope.workspace)));
  if (envelope.command) table.add_command(by_pointer(stored(*envelope.command)));
  if (envelope.correlation) table.add_correlation(by_pointer(stored(envelope.correlation)));
  if (envelope.causation) table.add_causation(by_pointer(stored(envelope.causation)));
  if (envelope.import) table.add_import_id(by_pointer(stored(envelope.import)));
  if (envelope.actor.id) table.add_actor(by_pointer(stored(envelope.actor.id)));
  table.add_fingerprint(envelope.fingerprint);
  table.add_recorded_at(stored(envelope.recorded_at));
  table.add_decider_version(envelope.decider_version);
  table.add_settings_version(envelope.settings_version);
  table.add_events(all_events);
  table.add_actor_kind(codec::stored_enum<wire::ActorKind>(envelope.actor.kind));
  wire::FinishEnvelopeBuffer(builder, table.Finish());
  const ByteView bytes = scratch.finished();
  return {bytes.begin(), bytes.end()};
}

Result<Envelope> decode_envelope(ByteView body) {
  constexpr std::string_view corrupt_rule = "envelope.corrupt";
  constexpr std::string_view newer_rule = "envelope.newer";
  if (body.size() > body_bytes_max)
    return corrupt(corrupt_rule, "an envelope of " + std::to_string(body.size()) + " bytes");
  const codec::Aligned aligned(body);
  if (!codec::verifies<wire::Envelope>(aligned.bytes(), wire::EnvelopeIdentifier())) {
    return corrupt(corrupt_rule, "not a sound envelope of " + std::to_string(body.size()) + " bytes");
  }
  const wire::Envelope& in = *wire::GetEnvelope(aligned.bytes().data());

  Result<Envelope> result{boost::system::in_place_value};
  Envelope& out = *result;
  codec::EventReading reading(body.size(), EnvelopeId::from({in.id()->high(), in.id()->low()}));
  out.id = reading.envelope;
  reading.id(in.workspace(), out.workspace);
  if (in.command() != nullptr) reading.id(in.command(), out.command.emplace());
  out.fingerprint = in.fingerprint();
  reading.id(in.correlation(), out.correlation);
  reading.id(in.causation(), out.causation);
  reading.id(in.import_id(), out.import);
  reading.enumeration(in.actor_kind(), out.actor.kind, "the kind of actor");
  out.actor.id = reading.raw_id(in.actor());
  reading.instant(in.recorded_at(), out.recorded_at);
  out.decider_version = in.decider_version();
  out.settings_version = in.settings_version();
  if (!reading.ok()) return reading.error(corrupt_rule, newer_rule, "envelope " + to_text(out.id));

  if (in.events() == nullptr) return result;
  std::size_t body_bytes_left = body.size();
  out.events.reserve(std::min<std::size_t>(in.events()->size(), 64));
  for (const wire::Event* event : *in.events()) {
    read_stream_event(reading, *event, body_bytes_left, out.events.emplace_back());
    if (!reading.ok()) {
      return reading.error(corrupt_rule, newer_rule,
                           "envelope " + to_text(out.id) + ", event " +
                               std::to_string(out.events.size() - 1) + " (" +
                               std::string(kind_name(event->kind())) + ")");
    }
  }
  return result;
}

}  // namespace parlance
