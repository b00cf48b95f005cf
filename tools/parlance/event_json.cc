#include "tools/parlance/event_json.h"

#include "engine/base/hash.h"

namespace parlance::tools {
namespace {

json::value actor_id(const Actor& actor) {
  if (actor.kind == ActorKind::agent) return json::value(to_text(AgentId::from(actor.id)));
  if (actor.kind == ActorKind::program) return json::value(to_text(TokenId::from(actor.id)));
  return nullptr;
}

}  // namespace

std::string stream_text(const StreamId& stream) {
  if (stream.category == Category::conversation) return to_text(ConversationId::from(stream.id));
  if (stream.category == Category::subject) return to_text(SubjectId::from(stream.id));
  return raw_id_text(to_text(stream.category), stream.id);
}

void each_sealed(const AnyEvent& event, const std::function<void(const Sealed&)>& visit) {
  AnyEvent copy = event;  // each_personal() could change what it visits
  std::visit(
      [&](auto& category) {
        std::visit(
            [&](auto& e) {
              const auto each = [&](auto& field) { visit(field.sealed()); };
              if constexpr (requires { e.each_personal(each); }) e.each_personal(each);
            },
            category);
      },
      copy);
}

json::object event_json(const Position& position, const Envelope& envelope, std::size_t index) {
  const StreamEvent& event = envelope.events[index];
  json::object out{
      {"id", to_text(envelope.id) + ":" + std::to_string(index)},
      {"type", kind_name(kind_of(event.body))},
      {"workspace", to_text(envelope.workspace)},
      {"stream", stream_text(event.stream)},
      {"version", std::to_string(event.version)},
      {"occurred_at", to_rfc3339(event.occurred_at)},
      {"recorded_at", to_rfc3339(envelope.recorded_at)},
      {"actor", json::object{{"kind", to_text(envelope.actor.kind)}, {"id", actor_id(envelope.actor)}}},
      {"position", to_text(position)}};
  if (envelope.command) out["command"] = to_text(*envelope.command);
  if (envelope.causation) out["causation"] = to_text(envelope.causation);
  if (envelope.import) out["import"] = to_text(envelope.import);
  if (envelope.correlation) out["correlation"] = to_text(envelope.correlation);
  json::array capsules;
  each_sealed(event.body, [&](const Sealed& sealed) {
    capsules.push_back(json::object{{"number", sealed.capsule.number},
                                    {"reference", to_text(sealed.reference)},
                                    {"class", to_text(sealed.field_class)},
                                    {"digest", to_hex(sealed.digest)}});
  });
  out["capsules"] = std::move(capsules);
  return out;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (unsigned category = 1; category <= std::variant_size_v<AnyEvent>; ++category)
    for (unsigned member = 1; member <= 255; ++member) {
      const std::string_view name = kind_name(static_cast<EventKind>(category << 8 | member));
      if (name == "unknown") break;
      names.emplace_back(name);
    }
  return names;
}

}  // namespace parlance::tools
