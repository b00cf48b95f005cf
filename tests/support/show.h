#pragma once
#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/core/demangle.hpp>
#include <boost/pfr.hpp>

#include "engine/base/hash.h"
#include "engine/base/id.h"
#include "engine/base/instant.h"
#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"

/// Values as people read them in the output of a test: an event is its type's name and its members in order.
namespace parlance::tests {

template <class T> [[nodiscard]] std::string show(const T& value);

namespace shown {

/// "conversation::Opened" of parlance::conversation::Opened.
template <class T> std::string type_name() {
  std::string name = boost::core::demangle(typeid(T).name());
  if (constexpr std::string_view ours = "parlance::"; name.starts_with(ours)) name.erase(0, ours.size());
  return name;
}
inline std::string text(std::string_view value) {
  constexpr std::size_t shown_max = 60;
  if (value.size() <= shown_max) return '"' + std::string(value) + '"';
  return '"' + std::string(value.substr(0, shown_max)) + "...\" (" + std::to_string(value.size()) + " bytes)";
}
template <class Tag> std::string value(const Id<Tag>& id) {
  return id ? to_text(id) : "no " + std::string(Tag::prefix);
}
inline std::string value(const RawId& id) { return to_hex(id.bytes()); }
inline std::string value(const Instant& at) { return to_rfc3339(at); }
inline std::string value(const std::string& s) { return text(s); }
inline std::string value(bool yes) { return yes ? "yes" : "no"; }
inline std::string value(const Sha256& digest) { return "sha256:" + to_hex(ByteView(digest).first<4>()); }
template <class T>
  requires std::is_enum_v<T>
std::string value(T e) {
  if constexpr (requires { std::string(to_text(e)); }) {
    return std::string(to_text(e));
  } else {
    return type_name<T>() + ' ' + std::to_string(static_cast<std::uint64_t>(e));
  }
}
template <class T>
  requires std::integral<T>
std::string value(T n) {
  return std::to_string(n);
}
template <class T> std::string value(const std::optional<T>& maybe) { return maybe ? show(*maybe) : "none"; }
template <class T> std::string value(const std::vector<T>& items) {
  std::string out = "[";
  for (const T& item : items) out += (out.size() > 1 ? ", " : "") + show(item);
  return out + ']';
}
template <class T> std::string value(const Personal<T>& personal) {
  const std::string under =
      " under " + show(personal.reference()) + ", class " + show(personal.field_class());
  return personal.is_plain() ? show(personal.plain()) + under : "sealed" + under;
}
template <class... Ts> std::string value(const std::variant<Ts...>& one) {
  return std::visit([](const auto& held) { return show(held); }, one);
}

}  // namespace shown

template <class T> std::string show(const T& value) {
  if constexpr (requires { shown::value(value); }) {
    return shown::value(value);
  } else {
    static_assert(std::is_aggregate_v<T>, "say in tests/support/show.h how this is shown");
    std::string out;
    if constexpr (!std::is_empty_v<T>)
      boost::pfr::for_each_field(
          value, [&](const auto& member) { out += (out.empty() ? "" : ", ") + show(member); });
    return shown::type_name<T>() + '{' + out + '}';
  }
}

/// One event a line.
template <class Event> [[nodiscard]] std::string show_lines(const std::vector<Event>& events) {
  if (events.empty()) return "  nothing\n";
  std::string out;
  for (const Event& event : events) out += "  " + show(event) + '\n';
  return out;
}

}  // namespace parlance::tests
