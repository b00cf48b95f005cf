#include "adapters/http/event_facts.h"

#include <concepts>
#include <map>
#include <type_traits>

namespace parlance::http {
namespace {

// What a header's member may be.
template <class T>
concept AnId = std::derived_from<T, RawId> && !std::same_as<T, RawId>;

json::value fact(bool value) { return value; }
json::value fact(Instant value) {
  if (value == Instant{}) return nullptr;
  return json::value(to_rfc3339(value));
}
json::value fact(WaitFor value) {
  return value == WaitFor::customer ? json::value("customer") : json::value("third_party");
}
// A reference stands for a person in a conversation: it stays inside.
template <AnId Id>
  requires(!std::same_as<Id, ReferenceId>)
json::value fact(Id value) {
  if (!value) return nullptr;
  return json::value(to_text(value));
}
template <std::integral T>
  requires(!std::same_as<T, bool>)
json::value fact(T value) {
  if constexpr (sizeof(T) == 8)
    return json::value(std::to_string(value));
  else
    return json::value(value);
}
template <class T>
  requires std::is_enum_v<T> && requires(T value) { std::string(to_text(value)); }
json::value fact(T value) {
  return json::value(std::string(to_text(value)));
}
template <class T>
  requires requires(const T& value) { fact(value); }
json::value fact(const std::optional<T>& value) {
  return value ? fact(*value) : json::value(nullptr);
}
template <class T>
  requires requires(const T& value) { fact(value); }
json::value fact(const std::vector<T>& values) {
  json::array out;
  for (const T& value : values) out.push_back(fact(value));
  return out;
}

struct Facts {
  json::object out;

  template <class T> void put(std::string_view name, const T& value) {
    if constexpr (requires { fact(value); }) out[name] = fact(value);
  }

// Not every event has each member.
#define PARLANCE_FACT(member) \
  if constexpr (requires { e.member; }) put(#member, e.member)

  template <class Event> void operator()(const Event& e) {
    PARLANCE_FACT(id);
    PARLANCE_FACT(agent);
    PARLANCE_FACT(queue);
    PARLANCE_FACT(team);
    PARLANCE_FACT(channel);
    PARLANCE_FACT(store);
    PARLANCE_FACT(language);
    PARLANCE_FACT(languages);
    PARLANCE_FACT(priority);
    PARLANCE_FACT(number);
    PARLANCE_FACT(by_agent);
    PARLANCE_FACT(by_customer);
    PARLANCE_FACT(automatic);
    PARLANCE_FACT(claimed);
    PARLANCE_FACT(first_response_due);
    PARLANCE_FACT(from);
    PARLANCE_FACT(to);
    PARLANCE_FACT(until);
    PARLANCE_FACT(on);
    PARLANCE_FACT(due);
    PARLANCE_FACT(closes_at);
    PARLANCE_FACT(reopens_until);
    PARLANCE_FACT(episode);
    PARLANCE_FACT(added);
    PARLANCE_FACT(removed);
    PARLANCE_FACT(role);
    PARLANCE_FACT(kind);
    PARLANCE_FACT(score);
    PARLANCE_FACT(type);
    PARLANCE_FACT(field);
    PARLANCE_FACT(sub_state);
    PARLANCE_FACT(presence);
    PARLANCE_FACT(skills);
    PARLANCE_FACT(teams);
    PARLANCE_FACT(agents);
    PARLANCE_FACT(offer);
    PARLANCE_FACT(conversation);
    PARLANCE_FACT(message);
    PARLANCE_FACT(mentions);
    PARLANCE_FACT(expires_at);
    PARLANCE_FACT(active);
    PARLANCE_FACT(to_do);
    PARLANCE_FACT(waits);
    PARLANCE_FACT(rule);
    PARLANCE_FACT(rule_version);
    PARLANCE_FACT(offered_until);
    // A text in a header is the administrator's own word, of a queue or a tag: the schema gate takes no other.
    if constexpr (requires { std::string(e.name); }) out["name"] = e.name;
  }
#undef PARLANCE_FACT

  void operator()(const settings::PolicyChanged& e) {
    const auto seconds = [](const std::optional<std::int64_t>& ms) {
      return ms ? json::value(*ms / 1000) : json::value(nullptr);
    };
    out = {{"first_response_seconds", seconds(e.policy.first_response_ms)},
           {"auto_close_seconds", seconds(e.policy.auto_close_ms)},
           {"reopen_window_seconds", e.policy.reopen_window_ms / 1000}};
  }
  void operator()(const adoption::Adopted& e) {
    out = {{"settings_version", fact(e.body.settings_version)}, {"desk_version", fact(e.body.desk_version)}};
  }
};

}  // namespace

std::string stream_text(const StreamId& stream) {
  if (stream.category == Category::conversation) return to_text(ConversationId::from(stream.id));
  if (stream.category == Category::subject) return to_text(SubjectId::from(stream.id));
  return raw_id_text(to_text(stream.category), stream.id);
}

json::object event_facts(const AnyEvent& event) {
  Facts facts;
  std::visit([&](const auto& category) { std::visit([&](const auto& e) { facts(e); }, category); }, event);
  return std::move(facts.out);
}

json::array event_capsules(const AnyEvent& event) {
  json::array out;
  AnyEvent copy = event;  // each_personal() could change what it visits
  std::visit(
      [&](auto& category) {
        std::visit(
            [&](auto& e) {
              const auto each = [&](auto& field) {
                const Sealed& sealed = field.sealed();
                out.push_back(
                    json::object{{"number", sealed.capsule.number}, {"class", to_text(sealed.field_class)}});
              };
              if constexpr (requires { e.each_personal(each); }) e.each_personal(each);
            },
            category);
      },
      copy);
  return out;
}

EventKind kind_of_name(std::string_view name) {
  static const std::map<std::string, EventKind, std::less<>> known = [] {
    std::map<std::string, EventKind, std::less<>> out;
    for (unsigned category = 1; category < 64; ++category)
      for (unsigned member = 1; member < 256; ++member) {
        const auto kind = static_cast<EventKind>(category << 8 | member);
        const std::string_view kind_text = kind_name(kind);
        if (kind_text == "unknown") break;
        out.emplace(kind_text, kind);
      }
    return out;
  }();
  const auto it = known.find(name);
  return it == known.end() ? EventKind{0} : it->second;
}

}  // namespace parlance::http
