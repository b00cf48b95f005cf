// The administrator's own words: types, fields, sub-states, transitions, canned replies.
#include <doctest/doctest.h>

#include "engine/domain/settings.h"
#include "tests/support/given.h"

namespace parlance::settings {
namespace {

using given = tests::Given<State, Event>;
using conversation::Phase;
template <class AnId> constexpr AnId named(std::uint64_t n) { return AnId{{n, n}}; }

Type complaint() { return {named<TypeId>(1), "complaint", false}; }
Field outcome() {
  return {named<FieldId>(2),
          "outcome",
          FieldKind::choice,
          {{named<ChoiceId>(3), "refund", false}, {named<ChoiceId>(4), "repair", false}},
          false,
          false};
}
SubState at_customs() { return {named<SubStateId>(5), "at customs", Phase::waiting_third_party, false}; }
CannedReply lost() {
  return {named<CannedReplyId>(6),   "lost parcel", parse_language("de"), "/lost",
          "Hallo {{customer.name}}", false};
}

TEST_CASE("a word is defined, then changed under its id, and its name is its own while it is in use") {
  given({}).when(DefineType{complaint()}).then({TypeDefined{complaint()}});
  const given one({TypeDefined{complaint()}});
  one.when(DefineType{complaint()}).then_refused("settings.word_exists");
  Type renamed = complaint();
  renamed.name = "claim";
  one.when(DefineType{renamed, false}).then({TypeDefined{renamed}});
  one.when(DefineType{complaint(), false}).then_nothing();
  one.when(DefineType{{named<TypeId>(9), "complaint", false}}).then_refused("settings.name_taken");
  one.when(DefineType{{named<TypeId>(9), "", false}}).then_refused("settings.name_length");
  one.when(DefineType{{named<TypeId>(9), "other", false}, false}).then_not_found("settings.word_unknown");
  Type retired = complaint();
  retired.retired = true;
  given({TypeDefined{retired}})
      .when(DefineType{{named<TypeId>(9), "complaint", false}})
      .then({TypeDefined{{named<TypeId>(9), "complaint", false}}});
}
TEST_CASE("a field keeps its kind, and its choices keep being known") {
  given({}).when(DefineField{outcome()}).then({FieldDefined{outcome()}});
  Field field = outcome();
  field.kind = FieldKind::text;
  given({}).when(DefineField{field}).then_refused("settings.choices_of_no_choice");
  field.choices.clear();
  given({FieldDefined{outcome()}}).when(DefineField{field, false}).then_refused("settings.kind_is_fixed");
  field = outcome();
  field.choices.pop_back();
  given({FieldDefined{outcome()}}).when(DefineField{field, false}).then_refused("settings.choice_lost");
  field = outcome();
  field.choices[1].retired = true;
  given({FieldDefined{outcome()}}).when(DefineField{field, false}).then({FieldDefined{field}});
  field.choices[1].name = "refund";
  given({}).when(DefineField{field}).then_refused("settings.choice_twice");
  field.choices.clear();
  given({}).when(DefineField{field}).then_refused("settings.no_choices");
  field.kind = FieldKind::none;
  given({}).when(DefineField{field}).then_refused("settings.no_kind");
}
TEST_CASE("a sub-state keeps its base state") {
  given({}).when(DefineSubState{at_customs()}).then({SubStateDefined{at_customs()}});
  SubState moved = at_customs();
  moved.state = Phase::open;
  given({SubStateDefined{at_customs()}})
      .when(DefineSubState{moved, false})
      .then_refused("settings.state_is_fixed");
  moved.state = Phase::absent;
  given({}).when(DefineSubState{moved}).then_refused("settings.no_state");
}
TEST_CASE("transitions lead between places that there are; none at all is not the same as no limits") {
  const Transitions ways{{{{Phase::open, {}}, {Phase::absent, at_customs().id}}}};
  given({}).when(ChangeTransitions{ways}).then_refused("settings.place_unknown");
  given({SubStateDefined{at_customs()}}).when(ChangeTransitions{ways}).then({TransitionsChanged{ways}});
  given({}).when(ChangeTransitions{std::nullopt}).then_nothing();
  const Transitions nowhere{std::vector<Transition>{}};
  given({}).when(ChangeTransitions{nowhere}).then({TransitionsChanged{nowhere}});
  given({TransitionsChanged{nowhere}})
      .when(ChangeTransitions{std::nullopt})
      .then({TransitionsChanged{std::nullopt}});
  given({}).when(ChangeTransitions{{{{{}, {}}}}}).then_refused("settings.place_unknown");
}
TEST_CASE("a canned reply is one for each name and language, and holds only what is filled in") {
  given({}).when(DefineCannedReply{lost()}).then({CannedReplyDefined{lost()}});
  CannedReply other = lost();
  other.id = named<CannedReplyId>(7);
  given({CannedReplyDefined{lost()}}).when(DefineCannedReply{other}).then_refused("settings.name_taken");
  other.language = parse_language("ja");
  given({CannedReplyDefined{lost()}}).when(DefineCannedReply{other}).then({CannedReplyDefined{other}});
  for (const char* text : {"{{customer.birthday}}", "{{", "{{customer.name}", "a {{ }} b"}) {
    other.text = text;
    given({}).when(DefineCannedReply{other}).then_refused("settings.unknown_placeholder");
  }
  other.text = "{{ agent.name }}: {{ticket.number}}";
  given({}).when(DefineCannedReply{other}).then({CannedReplyDefined{other}});
  other.text.clear();
  given({}).when(DefineCannedReply{other}).then_refused("settings.text_length");
}

}  // namespace
}  // namespace parlance::settings
