#include "engine/domain/settings.h"

#include <algorithm>
#include <array>

namespace parlance::settings {
namespace {

template <class Word> void define(std::vector<Word>& words, const Word& word) {
  const auto it = std::ranges::find(words, word.id, &Word::id);
  if (it == words.end())
    words.push_back(word);
  else
    *it = word;
}

void apply(State& s, const PolicyChanged& e) { s.policy = e.policy; }
void apply(State& s, const TagAdded& e) { s.tags.push_back({e.id, e.name}); }
void apply(State& s, const TypeDefined& e) { define(s.types, e.type); }
void apply(State& s, const FieldDefined& e) { define(s.fields, e.field); }
void apply(State& s, const SubStateDefined& e) { define(s.sub_states, e.sub_state); }
void apply(State& s, const TransitionsChanged& e) { s.transitions = e.transitions; }
void apply(State& s, const CannedReplyDefined& e) { define(s.canned_replies, e.reply); }
void apply(State& s, const ViewSaved& e) {
  define(s.views, SavedView{e.id, e.owner, e.shared, e.order, e.name.sealed(), e.filter.sealed()});
}
void apply(State& s, const ViewRemoved& e) {
  std::erase_if(s.views, [&](const SavedView& view) { return view.id == e.id; });
}
void apply(State& s, const ImportOpened& e) { s.imports.push_back(e.id); }
void apply(State& s, const ImportClosed& e) { std::erase(s.imports, e.id); }

bool in_range(const std::optional<std::int64_t>& ms) { return !ms || (*ms > 0 && *ms <= duration_ms_max); }

using Decided = Result<std::vector<Event>>;

std::optional<Error> bad_name(const std::string& name) {
  if (name.empty() || name.size() > name_bytes_max)
    return refused("settings.name_length", "a name has 1 to 200 bytes");
  return std::nullopt;
}

/// The common part of defining a word: it is there or not as `anew` says, its name is its own, and there is room.
template <class Word>
std::optional<Error> cannot_define(const std::vector<Word>& words, const Word& word, bool anew,
                                   std::size_t words_max) {
  if (auto error = bad_name(word.name)) return error;
  const auto same_id = std::ranges::find(words, word.id, &Word::id);
  if (anew && same_id != words.end())
    return refused("settings.word_exists", "there is one of that id already");
  if (!anew && same_id == words.end())
    return Error{Errc::not_found, "settings.word_unknown", "nothing of that id is in the settings"};
  if (anew && words.size() >= words_max)
    return refused("settings.too_many_words", "at most " + std::to_string(words_max) + " of these");
  return std::nullopt;
}
template <class Word> std::optional<Error> name_taken(const std::vector<Word>& words, const Word& word) {
  const bool taken = std::ranges::any_of(words, [&](const Word& other) {
    return other.id != word.id && !other.retired && other.name == word.name;
  });
  if (word.retired || !taken) return std::nullopt;
  return refused("settings.name_taken", "'" + word.name + "' is the name of another one");
}
template <class Word, class Defined>
Decided defined(const std::vector<Word>& words, const Word& word, Defined event) {
  const auto same = std::ranges::find(words, word.id, &Word::id);
  if (same != words.end() && *same == word) return std::vector<Event>{};
  return std::vector<Event>{std::move(event)};
}

std::optional<Error> bad_choices(const Field& field) {
  if (field.kind != FieldKind::choice) {
    if (field.choices.empty()) return std::nullopt;
    return refused("settings.choices_of_no_choice", "only a field of the kind choice has choices");
  }
  if (field.choices.size() > choices_max)
    return refused("settings.too_many_choices", "at most 200 choices a field");
  if (std::ranges::all_of(field.choices, &Choice::retired))
    return refused("settings.no_choices", "a field of the kind choice has at least one choice");
  for (std::size_t i = 0; i < field.choices.size(); ++i) {
    const Choice& choice = field.choices[i];
    if (auto error = bad_name(choice.name)) return error;
    for (std::size_t j = 0; j < i; ++j)
      if (field.choices[j].id == choice.id || field.choices[j].name == choice.name)
        return refused("settings.choice_twice", "'" + choice.name + "' is there twice");
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 3> placeholders{"customer.name", "ticket.number", "agent.name"};

/// What stands between {{ and }} must be something that is filled in: a customer would read anything else as it is.
std::optional<Error> bad_placeholder(std::string_view text) {
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at);
    std::string_view word = text.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (end == std::string_view::npos || std::ranges::find(placeholders, word) == placeholders.end())
      return refused("settings.unknown_placeholder",
                     "at byte " + std::to_string(at) +
                         ": {{customer.name}}, {{ticket.number}} and {{agent.name}} are filled in");
    at = end;
  }
  return std::nullopt;
}

}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Decided decide(const State& state, const ChangePolicy& command) {
  const Policy& p = command.policy;
  if (!in_range(p.first_response_ms) || !in_range(p.auto_close_ms) || p.reopen_window_ms < 0 ||
      p.reopen_window_ms > duration_ms_max)
    return refused("settings.duration_out_of_range", "durations are more than nothing and at most ten years");
  if (state.policy == p) return std::vector<Event>{};
  return std::vector<Event>{PolicyChanged{p}};
}

Decided decide(const State& state, const AddTag& command) {
  if (command.name.empty() || command.name.size() > name_bytes_max)
    return refused("settings.name_length", "a tag's name has 1 to 200 bytes");
  if (std::ranges::find(state.tags, command.name, &Tag::name) != state.tags.end() ||
      std::ranges::find(state.tags, command.id, &Tag::id) != state.tags.end())
    return refused("settings.tag_exists", "there is a tag of that name or id");
  if (state.tags.size() >= tags_max) return refused("settings.too_many_tags", "at most 1000 tags");
  return std::vector<Event>{TagAdded{command.id, command.name}};
}

Decided decide(const State& state, const OpenImport& command) {
  if (std::ranges::find(state.imports, command.id) != state.imports.end()) return std::vector<Event>{};
  if (state.imports.size() >= imports_max)
    return refused("import.too_many_open", "at most 16 imports are open at once; close one first");
  return std::vector<Event>{ImportOpened{command.id}};
}

Decided decide(const State& state, const CloseImport& command) {
  if (std::ranges::find(state.imports, command.id) == state.imports.end()) return std::vector<Event>{};
  return std::vector<Event>{ImportClosed{command.id}};
}

Decided decide(const State& state, const DefineType& c) {
  if (auto error = cannot_define(state.types, c.type, c.anew, types_max)) return *error;
  if (auto error = name_taken(state.types, c.type)) return *error;
  return defined(state.types, c.type, TypeDefined{c.type});
}

Decided decide(const State& state, const DefineField& c) {
  if (auto error = cannot_define(state.fields, c.field, c.anew, fields_max)) return *error;
  if (auto error = name_taken(state.fields, c.field)) return *error;
  if (c.field.kind == FieldKind::none)
    return refused("settings.no_kind", "a field holds a text, number, date, choice or boolean");
  if (auto error = bad_choices(c.field)) return *error;
  if (const auto before = std::ranges::find(state.fields, c.field.id, &Field::id);
      before != state.fields.end()) {
    if (before->kind != c.field.kind)
      return refused("settings.kind_is_fixed", "a field keeps its kind; define another one");
    // Conversations that were given a choice go on naming it.
    for (const Choice& choice : before->choices)
      if (std::ranges::find(c.field.choices, choice.id, &Choice::id) == c.field.choices.end())
        return refused("settings.choice_lost", "'" + choice.name + "' may be retired, not removed");
  }
  return defined(state.fields, c.field, FieldDefined{c.field});
}

Decided decide(const State& state, const DefineSubState& c) {
  if (auto error = cannot_define(state.sub_states, c.sub_state, c.anew, sub_states_max)) return *error;
  if (auto error = name_taken(state.sub_states, c.sub_state)) return *error;
  if (c.sub_state.state == conversation::Phase::absent)
    return refused("settings.no_state", "a sub-state belongs to one of the base states");
  const auto before = std::ranges::find(state.sub_states, c.sub_state.id, &SubState::id);
  if (before != state.sub_states.end() && before->state != c.sub_state.state)
    return refused("settings.state_is_fixed", "a sub-state keeps its base state; define another one");
  return defined(state.sub_states, c.sub_state, SubStateDefined{c.sub_state});
}

Decided decide(const State& state, const ChangeTransitions& c) {
  if (c.transitions) {
    if (c.transitions->size() > transitions_max)
      return refused("settings.too_many_transitions", "at most 2000 transitions");
    for (const Transition& transition : *c.transitions)
      for (const Place& place : {transition.from, transition.to}) {
        if (place.sub_state ? std::ranges::find(state.sub_states, place.sub_state, &SubState::id) ==
                                  state.sub_states.end()
                            : place.state == conversation::Phase::absent)
          return refused("settings.place_unknown", "a transition leads from and to a state or a sub-state");
      }
  }
  if (state.transitions == c.transitions) return std::vector<Event>{};
  return std::vector<Event>{TransitionsChanged{c.transitions}};
}

Decided decide(const State& state, const DefineCannedReply& c) {
  const CannedReply& reply = c.reply;
  if (auto error = cannot_define(state.canned_replies, reply, c.anew, canned_replies_max)) return *error;
  if (reply.text.empty() || reply.text.size() > canned_text_bytes_max)
    return refused("settings.text_length", "a canned reply's text has 1 to 8000 bytes");
  if (reply.shortcut.size() > shortcut_bytes_max)
    return refused("settings.shortcut_length", "a shortcut has at most 50 bytes");
  if (auto error = bad_placeholder(reply.text)) return *error;
  const bool taken = std::ranges::any_of(state.canned_replies, [&](const CannedReply& other) {
    return other.id != reply.id && !other.retired && other.name == reply.name &&
           other.language == reply.language;
  });
  if (!reply.retired && taken)
    return refused("settings.name_taken", "'" + reply.name + "' is there in that language already");
  return defined(state.canned_replies, reply, CannedReplyDefined{reply});
}

Decided decide(const State& state, const SaveView& c) {
  if (auto error = bad_name(c.name)) return *error;
  if (c.filter.size() > view_filter_bytes_max)
    return refused("settings.filter_length", "a view's filter has at most 2048 bytes");
  const auto held = std::ranges::find(state.views, c.id, &SavedView::id);
  if (!c.anew && held == state.views.end())
    return Error{Errc::not_found, "view.not_found", "no view of that id"};
  if (c.anew && held != state.views.end()) return refused("settings.id_taken", "there is one of that id");
  const AgentId owner = c.anew ? c.owner : held->owner;
  if (c.anew &&
      (state.views.size() >= views_max || std::ranges::count(state.views, owner, &SavedView::owner) >=
                                              static_cast<std::ptrdiff_t>(views_of_agent_max)))
    return refused("settings.too_many_views", "an agent keeps at most 100 views, all together 2000");
  return std::vector<Event>{ViewSaved{c.id, owner, c.shared, c.order,
                                      Personal<std::string>(c.name, c.row, FieldClass::content),
                                      Personal<std::string>(c.filter, c.row, FieldClass::content)}};
}

Decided decide(const State& state, const RemoveView& c) {
  if (std::ranges::find(state.views, c.id, &SavedView::id) == state.views.end())
    return Error{Errc::not_found, "view.not_found", "no view of that id"};
  return std::vector<Event>{ViewRemoved{c.id}};
}

}  // namespace parlance::settings
