#pragma once
#include <vector>

#include "engine/domain/settings.h"
#include "schemas/settings_generated.h"
#include "schemas/wire.h"

/// Words of the administrator's stand in events of the settings and in what partitions adopt. For the .cc files of this folder
/// alone.
namespace parlance::codec {

static_assert(same(FieldKind::none, wire::FieldKind::none) && same(FieldKind::text, wire::FieldKind::text) &&
              same(FieldKind::number, wire::FieldKind::number) &&
              same(FieldKind::date, wire::FieldKind::date) &&
              same(FieldKind::choice, wire::FieldKind::choice) &&
              same(FieldKind::boolean, wire::FieldKind::boolean));
static_assert(same(conversation::Phase::absent, wire::Phase::absent) &&
              same(conversation::Phase::fresh, wire::Phase::fresh) &&
              same(conversation::Phase::open, wire::Phase::open) &&
              same(conversation::Phase::waiting_customer, wire::Phase::waiting_customer) &&
              same(conversation::Phase::waiting_third_party, wire::Phase::waiting_third_party) &&
              same(conversation::Phase::snoozed, wire::Phase::snoozed) &&
              same(conversation::Phase::resolved, wire::Phase::resolved) &&
              same(conversation::Phase::closed, wire::Phase::closed) &&
              same(conversation::Phase::spam, wire::Phase::spam));

template <class Table> using Tables = flatbuffers::Vector<flatbuffers::Offset<Table>>;

/// The tables of all `words`, each made by `write`. Nothing for none.
template <class Word, class Write>
auto write_tables(Builder& builder, const std::vector<Word>& words, const Write& write) {
  using Offset = decltype(write(builder, words.front()));
  flatbuffers::Offset<flatbuffers::Vector<Offset>> none;
  if (words.empty()) return none;
  std::vector<Offset> tables;
  tables.reserve(words.size());
  for (const Word& word : words) tables.push_back(write(builder, word));
  return builder.CreateVector(tables);
}
template <class Table, class Word, class Read>
void read_tables(Reading& r, const Tables<Table>* in, std::vector<Word>& out, const Read& read) {
  // A table takes four bytes and the reference to it four more.
  if (in == nullptr || !r.take(in->size() * 8)) return;
  out.reserve(in->size());
  for (const Table* table : *in) read(r, *table, out.emplace_back());
}

[[nodiscard]] inline flatbuffers::Offset<wire::settings::Type> write_word(Builder& builder,
                                                                          const settings::Type& word) {
  const auto name = stored(builder, word.name);
  wire::settings::TypeBuilder b(builder);
  b.add_id(by_pointer(stored(word.id)));
  b.add_name(name);
  b.add_retired(word.retired);
  return b.Finish();
}
inline void read_word(Reading& r, const wire::settings::Type& in, settings::Type& out) {
  r.id(in.id(), out.id);
  r.text(in.name(), out.name);
  out.retired = in.retired();
}

[[nodiscard]] inline flatbuffers::Offset<wire::settings::Choice> write_word(Builder& builder,
                                                                            const settings::Choice& word) {
  const auto name = stored(builder, word.name);
  wire::settings::ChoiceBuilder b(builder);
  b.add_id(by_pointer(stored(word.id)));
  b.add_name(name);
  b.add_retired(word.retired);
  return b.Finish();
}
inline void read_word(Reading& r, const wire::settings::Choice& in, settings::Choice& out) {
  r.id(in.id(), out.id);
  r.text(in.name(), out.name);
  out.retired = in.retired();
}

[[nodiscard]] inline flatbuffers::Offset<wire::settings::Field> write_word(Builder& builder,
                                                                           const settings::Field& word) {
  const auto name = stored(builder, word.name);
  const auto choices = write_tables(builder, word.choices, [](Builder& b, const settings::Choice& choice) {
    return write_word(b, choice);
  });
  wire::settings::FieldBuilder b(builder);
  b.add_id(by_pointer(stored(word.id)));
  b.add_name(name);
  b.add_choices(choices);
  b.add_kind(stored_enum<wire::FieldKind>(word.kind));
  b.add_required_to_resolve(word.required_to_resolve);
  b.add_retired(word.retired);
  return b.Finish();
}
inline void read_word(Reading& r, const wire::settings::Field& in, settings::Field& out) {
  r.id(in.id(), out.id);
  r.text(in.name(), out.name);
  r.enumeration(in.kind(), out.kind, "the kind of field");
  read_tables(r, in.choices(), out.choices,
              [](Reading& reading, const wire::settings::Choice& choice, settings::Choice& to) {
                read_word(reading, choice, to);
              });
  out.required_to_resolve = in.required_to_resolve();
  out.retired = in.retired();
}

[[nodiscard]] inline flatbuffers::Offset<wire::settings::SubState> write_word(
    Builder& builder, const settings::SubState& word) {
  const auto name = stored(builder, word.name);
  wire::settings::SubStateBuilder b(builder);
  b.add_id(by_pointer(stored(word.id)));
  b.add_name(name);
  b.add_state(stored_enum<wire::Phase>(word.state));
  b.add_retired(word.retired);
  return b.Finish();
}
inline void read_word(Reading& r, const wire::settings::SubState& in, settings::SubState& out) {
  r.id(in.id(), out.id);
  r.text(in.name(), out.name);
  r.enumeration(in.state(), out.state, "state");
  out.retired = in.retired();
}

[[nodiscard]] inline flatbuffers::Offset<wire::settings::Transition> write_word(
    Builder& builder, const settings::Transition& way) {
  wire::settings::TransitionBuilder b(builder);
  if (way.from.sub_state) b.add_from(by_pointer(stored(way.from.sub_state)));
  if (way.to.sub_state) b.add_to(by_pointer(stored(way.to.sub_state)));
  b.add_from_state(stored_enum<wire::Phase>(way.from.state));
  b.add_to_state(stored_enum<wire::Phase>(way.to.state));
  return b.Finish();
}
inline void read_word(Reading& r, const wire::settings::Transition& in, settings::Transition& out) {
  r.id(in.from(), out.from.sub_state);
  r.id(in.to(), out.to.sub_state);
  r.enumeration(in.from_state(), out.from.state, "state");
  r.enumeration(in.to_state(), out.to.state, "state");
}

/// write_word and read_word as values, for the lists.
inline constexpr auto word_writer = [](Builder& builder, const auto& word) {
  return write_word(builder, word);
};
inline constexpr auto word_reader = [](Reading& r, const auto& in, auto& out) { read_word(r, in, out); };

/// Unlike other lists, no transitions and none at all are two things.
[[nodiscard]] inline auto write_transitions(Builder& builder, const settings::Transitions& transitions) {
  flatbuffers::Offset<Tables<wire::settings::Transition>> out;
  if (!transitions) return out;
  std::vector<flatbuffers::Offset<wire::settings::Transition>> tables;
  tables.reserve(transitions->size());
  for (const settings::Transition& way : *transitions) tables.push_back(write_word(builder, way));
  out = builder.CreateVector(tables);
  return out;
}
inline void read_transitions(Reading& r, const Tables<wire::settings::Transition>* in,
                             settings::Transitions& out) {
  if (in != nullptr) read_tables(r, in, out.emplace(), word_reader);
}

}  // namespace parlance::codec
