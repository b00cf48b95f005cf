#pragma once
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "schemas/wire.h"

/// One category's events to and from the body of an envelope's event. For the .cc files of this folder alone.
///
/// A category's codec is one file with a `Form`: the domain's Event, the schema's Entry and EventTraits, and for each
/// event, side by side, how it is written and how it is read.
namespace parlance::codec {

struct Writing {
  Builder& builder;
  EnvelopeId envelope;  ///< under which the capsules lie

  template <class T> [[nodiscard]] wire::Capsule capsule(const Personal<T>& field) const {
    const Sealed& sealed = field.sealed();
    PARLANCE_ASSERT(sealed.capsule.envelope == envelope, "an event's capsules lie under its own envelope");
    return {stored(sealed.reference), flatbuffers::span<const std::uint8_t, 32>(sealed.digest),
            sealed.capsule.number, stored_enum<wire::FieldClass>(sealed.field_class)};
  }
};

/// Reads one event's body.
struct EventReading : Reading {
  EventReading(std::size_t size, EnvelopeId id_of_envelope) : Reading(size), envelope(id_of_envelope) {}
  EnvelopeId envelope;
  Instant occurred_at;

  template <class T> void capsule(const wire::Capsule* in, Personal<T>& out) {
    Sealed sealed{{envelope, in->number()}, ReferenceId::from(raw_id(&in->reference()))};
    if (in->field_class() == wire::FieldClass::none) return corrupt("a capsule without a class");
    enumeration(in->field_class(), sealed.field_class, "field class");
    digest(*in->digest(), sealed.digest);
    out.seal(sealed);
  }
  template <class T> void capsule(const wire::Capsule* in, std::optional<Personal<T>>& out) {
    if (in != nullptr) capsule(in, out.emplace());
  }
};

template <class Form, std::size_t I> using DomainMember = std::variant_alternative_t<I, typename Form::Event>;
template <class T> struct TableOf;
template <class T> struct TableOf<flatbuffers::Offset<T>> {
  using Table = T;
};
template <class Form, std::size_t I>
using StoredMember = typename TableOf<decltype(Form::write(
    std::declval<Writing&>(), std::declval<const DomainMember<Form, I>&>()))>::Table;

template <class Form> inline constexpr std::size_t member_count = std::variant_size_v<typename Form::Event>;
template <class Form> using MemberIndices = std::make_index_sequence<member_count<Form>>;

/// Every event is written as the union's member of the same number.
template <class Form, std::size_t... I> consteval bool members_agree(std::index_sequence<I...>) {
  using Stored = typename Form::StoredEvent;
  return static_cast<std::size_t>(Stored::MAX) == sizeof...(I) &&
         ((static_cast<std::size_t>(Form::template Traits<StoredMember<Form, I>>::enum_value) == I + 1) &&
          ...);
}

/// Leaves the finished body in `writing.builder`.
template <class Form>
void write_entry(const Writing& writing, Instant occurred_at, const typename Form::Event& event) {
  static_assert(members_agree<Form>(MemberIndices<Form>{}));
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.at; }) {
          PARLANCE_ASSERT(e.at == occurred_at, "an event's instant is stored once, as occurred_at");
        }
        const auto table = Form::write(writing, e);
        typename Form::EntryBuilder entry(writing.builder);
        entry.add_event(table.Union());
        entry.add_event_type(
            Form::template Traits<typename TableOf<std::remove_const_t<decltype(table)>>::Table>::enum_value);
        writing.builder.Finish(entry.Finish(), Form::identifier());
      },
      event);
}

template <class Form, std::size_t... I>
void read_member(EventReading& reading, const void* table, std::size_t index, typename Form::Event& out,
                 std::index_sequence<I...>) {
  const auto read_one = [&]<std::size_t J>() {
    auto& event = out.template emplace<J>();
    if constexpr (requires { event.at; }) event.at = reading.occurred_at;
    Form::read(reading, *static_cast<const StoredMember<Form, J>*>(table), event);
  };
  (void)((index == I && (read_one.template operator()<I>(), true)) || ...);
}

/// `body` is aligned. `member` is the union's member that the envelope says it holds, from 1; one beyond the union is of a
/// newer program.
template <class Form>
void read_entry(EventReading& reading, ByteView body, std::uint8_t member, typename Form::Event& out) {
  if (member == 0) return reading.corrupt("an event without a kind");
  if (member > member_count<Form>) return reading.newer("the event kind", member);
  if (!verifies<typename Form::Entry>(body, Form::identifier())) return reading.corrupt("not a sound event");
  const auto& entry = *flatbuffers::GetRoot<typename Form::Entry>(body.data());
  if (static_cast<std::uint8_t>(entry.event_type()) != member)
    return reading.corrupt("an event of another kind");
  read_member<Form>(reading, entry.event(), member - 1U, out, MemberIndices<Form>{});
}

}  // namespace parlance::codec
