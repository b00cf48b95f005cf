// What agents do with a conversation beside answering it.
#include <doctest/doctest.h>

#include "engine/domain/conversation.h"
#include "tests/engine/domain/conversation_story.h"
#include "tests/support/given.h"
#include "tests/support/print.h"

namespace parlance::conversation {
namespace {

using namespace story;
using given = tests::Given<State, Event>;

/// The settings with `change` made to them.
template <class Change> adoption::Body settings_with(Change change) {
  adoption::Body body = adopted();
  change(body);
  return body;
}
FieldEntry text_of(FieldId field, std::string text, ReferenceId under = {}) {
  return {field, Personal<std::string>(std::move(text), under, FieldClass::content)};
}
FieldEntry number_of(FieldId field, std::int64_t ten_thousandths) {
  return {field, NumberValue{ten_thousandths}};
}
SetFields set(std::vector<FieldEntry> changes, Instant when) {
  return {std::move(changes), when, &adopted()};
}
Rated rated(RatingKind kind, std::uint8_t score, std::optional<std::uint8_t> corrects, Instant when,
            AgentId agent = kim) {
  return {kind, score, corrects, 1, billing, agent, std::nullopt, when};
}

// ---- handing on ----

TEST_CASE("a transfer takes it from who has it") {
  const given held(asked_and({assigned(kim, at(1))}));
  held.when(Transfer{returns, {}, {}, "wrong desk", at(2), &adopted()})
      .then({Transferred{billing, returns, kim, {}, {}, {}, because("wrong desk"), at(2)}});
  held.when(Transfer{{}, lee, {}, {}, at(2), &adopted()})
      .then({Transferred{billing, billing, kim, lee, {}, {}, std::nullopt, at(2)}});
  held.when(Transfer{{}, {}, second_level, {}, at(2), &adopted()})
      .then({Transferred{billing, billing, kim, {}, {}, second_level, std::nullopt, at(2)}});
}
TEST_CASE("a transfer names where to, and a place that there is") {
  const given one(asked());
  one.when(Transfer{{}, {}, {}, {}, at(1), &adopted()}).then_refused("conversation.transfer_nowhere");
  one.when(Transfer{no_such_queue, {}, {}, {}, at(1), &adopted()}).then_refused("queue.unknown");
  one.when(Transfer{{}, stranger, {}, {}, at(1), &adopted()}).then_refused("agent.unknown");
  one.when(Transfer{billing, {}, {}, {}, at(1), &adopted()}).then_nothing();
}
TEST_CASE("an escalation is marked until it is resolved, and may move on the way") {
  const given held(asked_and({assigned(kim, at(1))}));
  const Escalated marked{billing, billing, kim, kim, because("furious"), at(2)};
  held.when(Escalate{{}, {}, "furious", at(2), &adopted()}).then({marked});
  held.when(Escalate{returns, {}, {}, at(2), &adopted()})
      .then({Escalated{billing, returns, kim, {}, std::nullopt, at(2)}});
  given(asked_and({assigned(kim, at(1)), marked}))
      .when(Escalate{{}, {}, {}, at(3), &adopted()})
      .then_nothing();
  CHECK_FALSE(evolve(evolve(evolve({}, opened()), marked), resolved(at(4))).escalated);
}

// ---- what it is about ----

TEST_CASE("a type is one of the workspace's, in use") {
  const given one(asked());
  one.when(SetType{complaint, at(1), &adopted()}).then({TypeChanged{{}, complaint, at(1)}});
  one.when(SetType{no_such_type, at(1), &adopted()}).then_refused("type.unknown");
  const auto retired = settings_with([](auto& body) { body.types[0].retired = true; });
  one.when(SetType{complaint, at(1), &retired}).then_refused("type.unknown");
  given(asked_and({TypeChanged{{}, complaint, at(1)}}))
      .when(SetType{{}, at(2), &adopted()})
      .then({TypeChanged{complaint, {}, at(2)}});
  given(asked_and({TypeChanged{{}, complaint, at(1)}}))
      .when(SetType{complaint, at(2), &retired})
      .then_nothing();
}
TEST_CASE("the agents' subject line lies under the requester, with the preview that shows it") {
  const Personal<Preview> shown(preview(), ada, FieldClass::content);
  given(asked())
      .when(SetSubjectLine{"Lost at sea", preview(), at(1)})
      .then({SubjectLineChanged{because("Lost at sea"), shown, at(1)}});
  given(asked())
      .when(SetSubjectLine{"", preview(), at(1)})
      .then({SubjectLineChanged{std::nullopt, shown, at(1)}});
  given(asked())
      .when(SetSubjectLine{std::string(1001, 'x'), preview(), at(1)})
      .then_refused("conversation.subject_line_too_long");
}
TEST_CASE("a field takes what it is for") {
  const given one(asked());
  one.when(set({text_of(order, "A-1"), number_of(amount, 125'000)}, at(1)))
      .then({FieldsChanged{{text_of(order, "A-1", ada), number_of(amount, 125'000)}, at(1)}});
  one.when(set({{outcome, refund}}, at(1))).then({FieldsChanged{{{outcome, refund}}, at(1)}});
  one.when(set({number_of(order, 1)}, at(1))).then_refused("field.value_unfit");
  one.when(set({{outcome, named<ChoiceId>(75)}}, at(1))).then_refused("field.value_unfit");
  one.when(set({number_of(amount, 9'000'000'000'000'001)}, at(1))).then_refused("field.value_unfit");
  one.when(set({text_of(order, std::string(4001, 'x'))}, at(1))).then_refused("field.value_unfit");
  one.when(set({number_of(no_such_field, 1)}, at(1))).then_refused("field.unknown");
  one.when(set({number_of(amount, 1), number_of(amount, 2)}, at(1))).then_refused("field.twice");
}
TEST_CASE("a field that has the value already is left alone, and one of nothing is taken away") {
  const given filled(asked_and({FieldsChanged{{number_of(amount, 7)}, at(1)}}));
  filled.when(set({number_of(amount, 7)}, at(2))).then_nothing();
  filled.when(set({{amount, {}}}, at(2))).then({FieldsChanged{{{amount, {}}}, at(2)}});
  given(asked()).when(set({{amount, {}}}, at(2))).then_nothing();
  const auto retired = settings_with([](auto& body) { body.fields[1].retired = true; });
  filled.when(SetFields{{number_of(amount, 8)}, at(2), &retired}).then_refused("field.unknown");
  filled.when(SetFields{{{amount, {}}}, at(2), &retired}).then({FieldsChanged{{{amount, {}}}, at(2)}});
}
TEST_CASE("what must be filled in before resolving is asked for, by its name") {
  const auto strict = settings_with([](auto& body) { body.fields[1].required_to_resolve = true; });
  given(asked()).when(Resolve{kim, {}, at(1), &strict}).then_refused("conversation.field_required");
  CHECK(decide(evolve({}, opened()), Resolve{kim, {}, at(1), &strict}).error().detail.find("'amount'") !=
        std::string::npos);
  Resolve command{kim, {}, at(2), &strict};
  given(asked_and({FieldsChanged{{number_of(amount, 0)}, at(1)}})).when(command).then({resolved(at(2))});
}

// ---- where it stands, more finely ----

TEST_CASE("a sub-state belongs to its base state") {
  const given open_one(asked_and({assigned(kim, at(1))}));
  open_one.when(SetSubState{doubted, at(2), &adopted()}).then({SubStateChanged{{}, doubted, at(2)}});
  open_one.when(SetSubState{at_customs, at(2), &adopted()}).then_refused("sub_state.of_another_state");
  open_one.when(SetSubState{no_such_sub_state, at(2), &adopted()}).then_refused("sub_state.unknown");
  open_one.when(Wait{WaitFor::third_party, {}, at(2), at_customs, &adopted()})
      .then({waiting(WaitFor::third_party, at(2)), SubStateChanged{{}, at_customs, at(2)}});
  open_one.when(Wait{WaitFor::customer, {}, at(2), at_customs, &adopted()})
      .then_refused("sub_state.of_another_state");
}
TEST_CASE("whatever leaves the base state leaves its sub-state") {
  State state = evolve(evolve({}, opened()), assigned(kim, at(1)));
  state = evolve(std::move(state), SubStateChanged{{}, doubted, at(2)});
  CHECK(state.sub_state == doubted);
  CHECK_FALSE(evolve(state, waiting(WaitFor::customer, at(3))).sub_state);
  CHECK(evolve(state, assigned(lee, at(3))).sub_state == doubted);
}
TEST_CASE(
    "transitions, where there are any, say which ways lead on; a base state counts for its sub-states") {
  const auto ways = settings_with([](adoption::Body& body) {
    body.transitions = {{{{Phase::open, {}}, {Phase::waiting_third_party, {}}},
                         {{Phase::absent, at_customs}, {Phase::resolved, {}}}}};
  });
  const given open_one(asked_and({assigned(kim, at(1))}));
  open_one.when(Resolve{kim, {}, at(2), &ways}).then_refused("conversation.transition_not_allowed");
  open_one.when(Wait{WaitFor::third_party, {}, at(2), at_customs, &ways})
      .then({waiting(WaitFor::third_party, at(2)), SubStateChanged{{}, at_customs, at(2)}});
  open_one.when(Snooze{at(9), {}, at(2), {}, &ways}).then_refused("conversation.transition_not_allowed");
  open_one.when(Close{{}, at(2), &ways}).then_refused("conversation.transition_not_allowed");
  const given waits(asked_and({waiting(WaitFor::third_party, at(1))}));
  waits.when(Resolve{kim, {}, at(2), &ways}).then_refused("conversation.transition_not_allowed");
  waits.when(receive(at(2), &ways)).then({received(at(2))});
  given(asked_and({waiting(WaitFor::third_party, at(1)), SubStateChanged{{}, at_customs, at(1)}}))
      .when(Resolve{kim, {}, at(2), &ways})
      .then({resolved(at(2))});
}

// ---- spam, and what needs no answer ----

TEST_CASE("spam ends the promise; a mistake gives it back as it was") {
  const SpamMarked marked{kim, at(5)};
  given(asked()).when(MarkSpam{kim, at(5)}).then({marked});
  given(asked_and({marked})).when(MarkSpam{kim, at(6)}).then_nothing();
  given(asked_and({marked})).when(UnmarkSpam{kim, at(9)}).then({SpamUnmarked{kim, at(0), at(60), at(9)}});
  given(asked()).when(UnmarkSpam{kim, at(9)}).then_nothing();
  const State state = evolve(evolve(evolve({}, opened()), received(at(0), at(60))), marked);
  CHECK(state.phase == Phase::spam);
  CHECK(timers(state).empty());
  const State back = evolve(state, SpamUnmarked{kim, at(0), at(60), at(9)});
  CHECK(back.phase == Phase::open);
  CHECK(timers(back) == std::vector<Timer>{{TimerKind::first_response, at(60)}});
}
TEST_CASE("who was answered waits for nothing after a mistake either") {
  given(asked_and({replied(kim, at(1)), SpamMarked{kim, at(5)}}))
      .when(UnmarkSpam{kim, at(9)})
      .then({SpamUnmarked{kim, std::nullopt, std::nullopt, at(9)}});
}
TEST_CASE("spam is not worked on; what still comes is kept with it") {
  const given spam(asked_and({SpamMarked{kim, at(5)}}));
  spam.when(reply(kim, at(6))).then_refused("conversation.spam");
  spam.when(Snooze{at(9), {}, at(6)}).then_refused("conversation.spam");
  spam.when(resolve(at(6))).then_refused("conversation.spam");
  spam.when(receive(at(6))).then({received(at(6))});
  spam.when(note(at(6))).then({noted(at(6))});
}
TEST_CASE("no reply needed ends the turn, and the promise without meeting it") {
  const NoReplyNeeded ended{kim, because("says thanks"), at(5)};
  given(asked()).when(EndTurn{kim, "says thanks", at(5)}).then({ended});
  given(asked())
      .when(EndTurn{kim, {}, at(61)})
      .then({FirstResponseBreached{at(60)}, NoReplyNeeded{kim, std::nullopt, at(61)}});
  given(asked_and({ended})).when(EndTurn{kim, {}, at(6)}).then_nothing();
  given({opened()}).when(EndTurn{kim, {}, at(6)}).then_nothing();
  const State state = evolve(evolve(evolve({}, opened()), received(at(0), at(60))), ended);
  CHECK(state.first_response == FirstResponse::none);
  CHECK_FALSE(state.unanswered_since);
}

// ---- notes ----

TEST_CASE("a note mentions agents that there are, each once") {
  Note command = note(at(1));
  command.adopted = &adopted();
  command.mentions = {kim, lee, kim};
  NoteAdded wanted = noted(at(1));
  wanted.mentions = {kim, lee};
  given(asked()).when(command).then({wanted});
  command.mentions = {stranger};
  given(asked()).when(command).then_refused("agent.unknown");
  command.mentions.assign(51, kim);
  given(asked()).when(command).then_refused("conversation.too_many_mentions");
}

// ---- redaction ----

TEST_CASE("a message is redacted once, whatever the state") {
  const MessageRedacted redacted{
      message, 2, kim, Personal<Preview>(preview(), ada, FieldClass::content), because("card number"), at(5)};
  const Redact command{message, kim, "card number", at(5), 2, preview()};
  given(asked()).when(command).then({redacted});
  given(asked_and({closed(at(1))})).when(command).then({redacted});
  given(asked_and({redacted})).when(command).then_nothing();
  given(asked()).when(Redact{message, kim, {}, at(5), 0, preview()}).then_not_found("message.not_found");
}

// ---- ratings ----

TEST_CASE("a rating is of the episode, and a later one corrects it") {
  const given done(asked_and({resolved(at(1))}));
  done.when(Rate{RatingKind::csat, 4, {}, at(2)}).then({rated(RatingKind::csat, 4, std::nullopt, at(2))});
  const given once(asked_and({resolved(at(1)), rated(RatingKind::csat, 4, std::nullopt, at(2))}));
  once.when(Rate{RatingKind::csat, 2, {}, at(3)}).then({rated(RatingKind::csat, 2, std::uint8_t{4}, at(3))});
  once.when(Rate{RatingKind::csat, 4, {}, at(3)}).then_nothing();
  once.when(Rate{RatingKind::nps, 0, {}, at(3)}).then({rated(RatingKind::nps, 0, std::nullopt, at(3))});
  given(
      asked_and({resolved(at(1)), rated(RatingKind::csat, 4, std::nullopt, at(2)), reopened(2, true, at(3))}))
      .when(Rate{RatingKind::csat, 5, {}, at(4)})
      .then({Rated{RatingKind::csat, 5, std::nullopt, 2, billing, {}, std::nullopt, at(4)}});
}
TEST_CASE("scores keep to their scale") {
  const given one(asked());
  for (const auto& [kind, low, high] :
       {std::tuple{RatingKind::csat, 1, 5}, std::tuple{RatingKind::nps, 0, 10},
        std::tuple{RatingKind::ces, 1, 7}}) {
    one.when(Rate{kind, low - 1, {}, at(1)}).then_refused("rating.out_of_range");
    one.when(Rate{kind, high + 1, {}, at(1)}).then_refused("rating.out_of_range");
    one.when(Rate{kind, low, {}, at(1)})
        .then({rated(kind, static_cast<std::uint8_t>(low), std::nullopt, at(1), {})});
    one.when(Rate{kind, high, {}, at(1)})
        .then({rated(kind, static_cast<std::uint8_t>(high), std::nullopt, at(1), {})});
  }
  one.when(Rate{RatingKind::none, 1, {}, at(1)}).then_refused("rating.unknown_kind");
}

}  // namespace
}  // namespace parlance::conversation
