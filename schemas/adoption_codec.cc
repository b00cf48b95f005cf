#include "engine/domain/adoption.h"
#include "schemas/adoption_generated.h"
#include "schemas/categories.h"
#include "schemas/event_codec.h"
#include "schemas/policy_codec.h"
#include "schemas/vocabulary_codec.h"

namespace parlance::codec {
namespace {

namespace domain = parlance::adoption;
namespace form = parlance::wire::adoption;

/// Words of the administrator's: an id and a name each. Nothing for none.
template <class Table, class TableBuilder> auto write_words(Builder& builder, const auto& words) {
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<Table>>> vector;
  if (words.empty()) return vector;
  std::vector<flatbuffers::Offset<Table>> tables;
  tables.reserve(words.size());
  for (const auto& word : words) {
    const auto name = stored(builder, word.name);
    TableBuilder table(builder);
    table.add_id(by_pointer(stored(word.id)));
    table.add_name(name);
    if constexpr (requires { word.routed; }) table.add_routed(word.routed);
    tables.push_back(table.Finish());
  }
  vector = builder.CreateVector(tables);
  return vector;
}

template <class Table, class Word>
void read_words(Reading& r, const flatbuffers::Vector<flatbuffers::Offset<Table>>* in,
                std::vector<Word>& out) {
  if (in == nullptr || !r.take(in->size() * sizeof(wire::Id))) return;
  out.reserve(in->size());
  for (const Table* table : *in) {
    Word& word = out.emplace_back();
    r.id(table->id(), word.id);
    r.text(table->name(), word.name);
    if constexpr (requires { word.routed; }) word.routed = table->routed();
  }
}

struct Form {
  using Event = domain::Event;
  using StoredEvent = form::Event;
  using Entry = form::Entry;
  using EntryBuilder = form::EntryBuilder;
  template <class T> using Traits = form::EventTraits<T>;
  static const char* identifier() { return form::EntryIdentifier(); }

  static flatbuffers::Offset<form::Adopted> write(const Writing& w, const domain::Adopted& e) {
    const auto policy = write_policy(w.builder, e.body.policy);
    const auto tags = write_words<form::Tag, form::TagBuilder>(w.builder, e.body.tags);
    const auto queues = write_words<form::Queue, form::QueueBuilder>(w.builder, e.body.queues);
    const auto teams = write_words<form::Team, form::TeamBuilder>(w.builder, e.body.teams);
    const auto agents = stored_ids(w.builder, e.body.agents);
    const auto types = write_tables(w.builder, e.body.types, word_writer);
    const auto fields = write_tables(w.builder, e.body.fields, word_writer);
    const auto sub_states = write_tables(w.builder, e.body.sub_states, word_writer);
    const auto transitions = write_transitions(w.builder, e.body.transitions);
    const auto imports = stored_ids(w.builder, e.body.imports);
    form::AdoptedBuilder b(w.builder);
    b.add_settings_version(e.body.settings_version);
    b.add_desk_version(e.body.desk_version);
    b.add_policy(policy);
    b.add_tags(tags);
    b.add_queues(queues);
    b.add_agents(agents);
    b.add_types(types);
    b.add_fields(fields);
    b.add_sub_states(sub_states);
    b.add_transitions(transitions);
    b.add_teams(teams);
    b.add_routes(e.body.routes);
    b.add_imports(imports);
    return b.Finish();
  }
  static void read(EventReading& r, const form::Adopted& in, domain::Adopted& out) {
    out.body.settings_version = in.settings_version();
    out.body.desk_version = in.desk_version();
    read_policy(r, *in.policy(), out.body.policy);
    read_words(r, in.tags(), out.body.tags);
    read_words(r, in.queues(), out.body.queues);
    r.ids(in.agents(), out.body.agents);
    read_tables(r, in.types(), out.body.types, word_reader);
    read_tables(r, in.fields(), out.body.fields, word_reader);
    read_tables(r, in.sub_states(), out.body.sub_states, word_reader);
    read_transitions(r, in.transitions(), out.body.transitions);
    read_words(r, in.teams(), out.body.teams);
    out.body.routes = in.routes();
    r.ids(in.imports(), out.body.imports);
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
