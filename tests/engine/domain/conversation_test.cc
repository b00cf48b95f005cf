#include "engine/domain/conversation.h"

#include <doctest/doctest.h>

#include "tests/engine/domain/conversation_story.h"
#include "tests/support/given.h"
#include "tests/support/print.h"

namespace parlance::conversation {
namespace {

using namespace story;
using given = tests::Given<State, Event>;
using Timers = std::vector<Timer>;

/// Every command but Open and Tick, as they may come to a conversation in any state.
std::vector<Command> any_command(Instant when) {
  return {receive(when),
          reply(kim, when),
          note(when),
          assign(kim, when),
          Unassign{{}, when},
          Snooze{when + hour_ms, {}, when},
          Wait{WaitFor::customer, {}, when},
          resolve(when),
          Reopen{{}, when},
          Close{{}, when},
          SetPriority{Priority::urgent, when},
          change_tags({vip}, {}, when)};
}

// ---- opening ----

TEST_CASE("a conversation opens once, as it was asked for") {
  const Open open{ada, Channel::email, identity(), shop, parse_language("de"), Priority::normal, billing,
                  256, false,          at(0)};
  given({}).when(open).then({opened()});
  given({opened()}).when(open).then_refused("conversation.exists");
  given({opened(), closed(at(1))}).when(open).then_refused("conversation.exists");
}
TEST_CASE("what never opened is not found, whatever is asked of it") {
  for (const Command& command : any_command(at(1)))
    given({}).when(command).then_not_found("conversation.not_found");
}
TEST_CASE("a closed conversation takes nothing but notes") {
  const given closed_one({opened(), received(at(0)), closed(at(1))});
  for (const Command& command : any_command(at(2))) {
    if (std::holds_alternative<Note>(command) || std::holds_alternative<Close>(command)) continue;
    closed_one.when(command).then_refused("conversation.closed");
  }
  closed_one.when(note(at(2))).then({noted(at(2))});
  closed_one.when(Close{{}, at(2)}).then_nothing();
}

// ---- the customer writes ----

TEST_CASE("a customer's message is kept under its author's reference") {
  given({opened()}).when(receive(at(0), nullptr)).then({received(at(0))});
}
TEST_CASE("who writes here for the first time joins, and their words lie under their own reference") {
  Receive command = receive(at(3), nullptr);
  command.author = bob;
  command.joins = identity();
  given({opened(), received(at(0))}).when(command).then({joined(at(3)), received(at(3), {}, bob)});
  command.joins.reset();
  given({opened(), received(at(0)), joined(at(3))}).when(command).then({received(at(3), {}, bob)});
}
TEST_CASE("the 201st participant is refused, the 200th is not") {
  std::vector<Event> history{opened()};
  for (std::size_t i = 1; i < participants_max; ++i) history.emplace_back(joined(at(1)));
  Receive command = receive(at(2), nullptr);
  command.author = bob;
  command.joins = identity();
  given(history).when(command).then({joined(at(2)), received(at(2), {}, bob)});
  history.emplace_back(joined(at(1)));
  given(history).when(command).then_refused("conversation.too_many_participants");
}
TEST_CASE("files come with the message they came with") {
  Receive command = receive(at(1), nullptr);
  command.attachments = {{"photo.png", "image/png", "bytes"}};
  MessageReceived wanted = received(at(1));
  wanted.attachments = Personal<Attachments>(command.attachments, ada, FieldClass::attachment);
  given({opened()}).when(command).then({wanted});
}
TEST_CASE("a text of 512 KiB is taken, one byte more is refused, as text and as HTML, from everybody") {
  const auto try_all = [](auto command) {
    const given here({opened()});
    command.content.text.assign(text_bytes_max, 'a');
    command.content.html.assign(text_bytes_max, 'a');
    CHECK(decide(here.state(), command).has_value());
    command.content.html += 'a';
    here.when(command).then_refused("conversation.text_too_long");
    command.content.html.clear();
    command.content.text += 'a';
    here.when(command).then_refused("conversation.text_too_long");
  };
  try_all(receive(at(1)));
  try_all(reply(kim, at(1)));
  try_all(note(at(1)));
}
TEST_CASE("a message ends a wait and a snooze") {
  for (const Event& rest : std::initializer_list<Event>{
           waiting(WaitFor::customer, at(1)), waiting(WaitFor::third_party, at(1)), snoozed(at(90), at(1))}) {
    const State state =
        given({opened(), received(at(0)), replied(kim, at(0)), rest, received(at(2))}).state();
    CHECK(state.phase == Phase::open);
    CHECK(timers(state).empty());
  }
}

// ---- the first response ----

TEST_CASE("the first customer message starts the first-response target, the next one does not") {
  given({opened()}).when(receive(at(0))).then({received(at(0), at(60))});
  given(asked()).when(receive(at(5))).then({received(at(5))});
}
TEST_CASE("without a target in the settings, or without settings, none starts") {
  given({opened()}).when(receive(at(0), &adopted_without_targets())).then({received(at(0))});
  given({opened()}).when(receive(at(0), nullptr)).then({received(at(0))});
}
TEST_CASE("a message that comes late is due from when it was written, even if that is past already") {
  given({opened(at(0))}).when(receive(at(-600))).then({received(at(-600), at(-540))});
}
TEST_CASE("a ticket that an agent started has no target until the customer writes, and then it has one") {
  const given started({opened(at(0), true), replied(kim, at(0))});
  CHECK(timers(started.state()).empty());
  started.when(receive(at(30))).then({received(at(30), at(90))});
}
TEST_CASE("after the first answer a message of the same episode starts no other first response") {
  given(asked_and({replied(kim, at(5))})).when(receive(at(10))).then({received(at(10))});
}
TEST_CASE("a broken promise, kept or not afterwards, starts no other one in its episode") {
  given(asked_and({FirstResponseBreached{at(60)}})).when(receive(at(70))).then({received(at(70))});
  given(asked_and({FirstResponseBreached{at(60)}, replied(kim, at(65))}))
      .when(receive(at(70)))
      .then({received(at(70))});
}
TEST_CASE("an answer at the very deadline is in time") {
  given(asked()).when(reply(kim, at(60))).then({replied(kim, at(60))});
  CHECK(given(asked_and({replied(kim, at(60))})).state().first_response == FirstResponse::met);
}
TEST_CASE("an answer one millisecond late breaks the promise at the deadline's own instant") {
  const Instant late = at(60) + 1;
  given(asked()).when(reply(kim, late)).then({FirstResponseBreached{at(60)}, replied(kim, late)});
}
TEST_CASE("a program's answer neither keeps nor breaks the promise to a person") {
  given(asked()).when(reply(program, at(5))).then({replied(program, at(5))});
  given(asked()).when(reply(program, at(61))).then({replied(program, at(61))});
  CHECK(given(asked_and({replied(program, at(5))})).state().first_response == FirstResponse::running);
}
TEST_CASE("an answer dated before a recorded breach withdraws it; both stay on record") {
  given(asked_and({FirstResponseBreached{at(60)}}))
      .when(reply(kim, at(60)))
      .then({replied(kim, at(60)), BreachWithdrawn{at(60), at(60)}});
}
TEST_CASE("an answer dated after a recorded breach leaves it") {
  const Instant late = at(60) + 1;
  given(asked_and({FirstResponseBreached{at(60)}})).when(reply(kim, late)).then({replied(kim, late)});
}
TEST_CASE("a program's answer withdraws no breach") {
  given(asked_and({FirstResponseBreached{at(60)}}))
      .when(reply(program, at(5)))
      .then({replied(program, at(5))});
}
TEST_CASE("a breach is withdrawn even where a late answer was recorded before the timely one") {
  given(asked_and({FirstResponseBreached{at(60)}, replied(kim, at(70))}))
      .when(reply(lee, at(20)))
      .then({replied(lee, at(20)), BreachWithdrawn{at(60), at(20)}});
}
TEST_CASE("a breach is withdrawn once") {
  given(asked_and({FirstResponseBreached{at(60)}, replied(kim, at(20)), BreachWithdrawn{at(60), at(20)}}))
      .when(reply(lee, at(10)))
      .then({replied(lee, at(10))});
}
TEST_CASE("resolving or closing ends a running target without a breach") {
  for (const Event& end : std::initializer_list<Event>{resolved(at(10)), closed(at(10))}) {
    const given ended(asked_and({end}));
    CHECK(ended.state().first_response == FirstResponse::none);
    ended.when(Tick{{TimerKind::first_response, at(60)}}).then_nothing();
  }
}
TEST_CASE("resolving or closing after a deadline that no tick has recorded yet records the breach first") {
  given(asked()).when(resolve(at(61))).then({FirstResponseBreached{at(60)}, resolved(at(61))});
  given(asked()).when(Close{{}, at(61)}).then({FirstResponseBreached{at(60)}, closed(at(61))});
}
TEST_CASE("resolving or closing dated before a recorded breach withdraws it") {
  const given broken(asked_and({FirstResponseBreached{at(60)}}));
  broken.when(resolve(at(50))).then({resolved(at(50)), BreachWithdrawn{at(60), at(50)}});
  broken.when(Close{{}, at(50)}).then({closed(at(50)), BreachWithdrawn{at(60), at(50)}});
  broken.when(resolve(at(61))).then({resolved(at(61))});
}

// ---- an agent writes ----

TEST_CASE("a reply goes out on the conversation's channel unless it names another") {
  Reply command = reply(kim, at(1));
  command.channel = Channel::whatsapp;
  Replied wanted = replied(kim, at(1));
  wanted.channel = Channel::whatsapp;
  given({opened()}).when(command).then({wanted});
  command.channel = Channel::none;
  wanted.channel = Channel::email;
  given({opened()}).when(command).then({wanted});
}
TEST_CASE("a reply by somebody who has not seen the last message or note is refused") {
  const auto seeing = [](Version seen) {
    Reply command = reply(kim, at(9));
    command.seen = seen;
    return command;
  };
  const given written({opened(), received(at(0)), noted(at(1)), assigned(kim, at(2))});
  written.when(seeing(2)).then_refused("conversation.changed_since");
  written.when(seeing(3)).then({replied(kim, at(9))});  // what came after it was no message
  written.when(seeing(4)).then({replied(kim, at(9))});
  written.when(reply(kim, at(9))).then({replied(kim, at(9))});
  written.when(seeing(5)).then_refused("conversation.version_unknown");
}
TEST_CASE("of two replies that saw the same version one passes") {
  Reply command = reply(kim, at(9));
  command.seen = 2;
  given({opened(), received(at(0))}).when(command).then({replied(kim, at(9))});
  given({opened(), received(at(0)), replied(kim, at(9))})
      .when(command)
      .then_refused("conversation.changed_since");
}
TEST_CASE("an agent may still write where the work is resolved, and it stays resolved") {
  const given done({opened(), received(at(0)), resolved(at(1))});
  done.when(reply(kim, at(2))).then({replied(kim, at(2))});
  CHECK(given({opened(), received(at(0)), resolved(at(1)), replied(kim, at(2))}).state().phase ==
        Phase::resolved);
}
TEST_CASE("a reply and an assignment make a new conversation open, a note does not") {
  CHECK(given({opened()}).state().phase == Phase::fresh);
  CHECK(given({opened(), received(at(1))}).state().phase == Phase::fresh);
  CHECK(given({opened(), noted(at(1))}).state().phase == Phase::fresh);
  CHECK(given({opened(), replied(kim, at(1))}).state().phase == Phase::open);
  CHECK(given({opened(), assigned(kim, at(1))}).state().phase == Phase::open);
}
TEST_CASE("a note lies under the requester's reference, with its files") {
  Note command = note(at(1));
  command.attachments = {{"scan.pdf", "application/pdf", "bytes"}};
  NoteAdded wanted = noted(at(1));
  wanted.attachments = Personal<Attachments>(command.attachments, ada, FieldClass::attachment);
  given({opened()}).when(command).then({wanted});
}
TEST_CASE("the preview of a message that is sealed is kept for the next, a plaintext one is not") {
  MessageReceived message_sealed = received(at(1));
  const Sealed sealed{{named<EnvelopeId>(61), 2}, ada, FieldClass::content};
  message_sealed.preview.seal(sealed);
  CHECK(given({opened(), message_sealed}).state().preview == sealed);
  CHECK(given({opened(), message_sealed, replied(kim, at(2))}).state().preview == sealed);
  CHECK_FALSE(given({opened(), received(at(1))}).state().preview.has_value());
}

// ---- whose it is ----

TEST_CASE("an open conversation goes to the agent it is assigned to, in the queue where it waits") {
  given({opened()}).when(assign(kim, at(5))).then({assigned(kim, at(5))});
}
TEST_CASE("it goes from one agent to another and never has two") {
  given({opened(), assigned(kim, at(1))}).when(assign(lee, at(5))).then({assigned(lee, at(5))});
  CHECK(given({opened(), assigned(kim, at(1)), assigned(lee, at(5))}).state().agent == lee);
}
TEST_CASE("assigning it to whom it belongs changes nothing") {
  given({opened(), assigned(kim, at(1))}).when(assign(kim, at(5))).then_nothing();
  given({opened(), assigned(kim, at(1))}).when(claim(kim, at(5))).then_nothing();
  given({opened()}).when(assign({}, at(5), billing)).then_nothing();
}
TEST_CASE("an agent claims what nobody has") {
  Assigned wanted = assigned(kim, at(5));
  wanted.claimed = true;
  given({opened()}).when(claim(kim, at(5))).then({wanted});
}
TEST_CASE("nobody claims what another agent has") {
  given({opened(), assigned(kim, at(1))}).when(claim(lee, at(5))).then_refused("conversation.taken");
}
TEST_CASE("it moves to a queue with or without an agent, and an agent keeps it over a move") {
  given({opened()}).when(assign({}, at(5), returns)).then({QueueChanged{billing, returns, {}, at(5)}});
  given({opened()})
      .when(assign(kim, at(5), returns))
      .then({QueueChanged{billing, returns, {}, at(5)}, assigned(kim, at(5), returns)});
  const given moved({opened(), assigned(kim, at(1)), QueueChanged{billing, returns, {}, at(5)}});
  CHECK(moved.state().agent == kim);
  CHECK(moved.state().queue == returns);
}
TEST_CASE("agents and queues that the settings do not know are refused") {
  given({opened()}).when(assign(stranger, at(1))).then_refused("agent.unknown");
  given({opened()}).when(assign(kim, at(1), no_such_queue)).then_refused("queue.unknown");
}
TEST_CASE("before anything is adopted, ids are taken as they come") {
  Assign command = assign(stranger, at(1));
  command.adopted = nullptr;
  given({opened()}).when(command).then({assigned(stranger, at(1))});
}
TEST_CASE("an agent gives it back once") {
  given({opened(), assigned(kim, at(1))}).when(Unassign{{}, at(2)}).then({Unassigned{kim, {}, at(2)}});
  given({opened(), assigned(kim, at(1)), Unassigned{kim, {}, at(2)}})
      .when(Unassign{{}, at(3)})
      .then_nothing();
  given({opened(), assigned(kim, at(1)), Unassigned{kim, {}, at(2)}})
      .when(assign(lee, at(3)))
      .then({assigned(lee, at(3))});
}

// ---- waiting ----

TEST_CASE("it is snoozed until later, again until another time, and not twice until the same") {
  given({opened()}).when(Snooze{at(60), {}, at(1)}).then({snoozed(at(60), at(1))});
  given({opened(), snoozed(at(60), at(1))}).when(Snooze{at(90), {}, at(2)}).then({snoozed(at(90), at(2))});
  given({opened(), snoozed(at(60), at(1))}).when(Snooze{at(60), {}, at(2)}).then_nothing();
}
TEST_CASE("a snooze until now or earlier is refused, one millisecond later is enough") {
  given({opened()}).when(Snooze{at(1), {}, at(1)}).then_refused("conversation.snooze_in_the_past");
  given({opened()}).when(Snooze{at(0), {}, at(1)}).then_refused("conversation.snooze_in_the_past");
  given({opened()}).when(Snooze{at(1) + 1, {}, at(1)}).then({snoozed(at(1) + 1, at(1))});
}
TEST_CASE("a snooze ends at its own instant, open again") {
  const given asleep({opened(), snoozed(at(60), at(1))});
  asleep.when(Tick{{TimerKind::snooze, at(60)}}).then({Woken{at(60)}});
  CHECK(given({opened(), snoozed(at(60), at(1)), Woken{at(60)}}).state().phase == Phase::open);
}
TEST_CASE("a snooze is no pause of the first response") {
  const given asleep(asked_and({snoozed(at(90), at(1))}));
  CHECK(timers(asleep.state()) == Timers{{TimerKind::snooze, at(90)}, {TimerKind::first_response, at(60)}});
  asleep.when(Tick{{TimerKind::first_response, at(60)}}).then({FirstResponseBreached{at(60)}});
}
TEST_CASE("it waits for the customer or for a third party, each begun once") {
  given({opened()}).when(Wait{WaitFor::customer, {}, at(1)}).then({waiting(WaitFor::customer, at(1))});
  const given waits({opened(), waiting(WaitFor::customer, at(1))});
  waits.when(Wait{WaitFor::customer, {}, at(2)}).then_nothing();
  waits.when(Wait{WaitFor::third_party, {}, at(2)}).then({waiting(WaitFor::third_party, at(2))});
  CHECK(waits.state().phase == Phase::waiting_customer);
  CHECK(given({opened(), waiting(WaitFor::third_party, at(1))}).state().phase == Phase::waiting_third_party);
}
TEST_CASE("waiting ends a snooze") {
  const given waits({opened(), snoozed(at(60), at(1)), waiting(WaitFor::customer, at(2))});
  CHECK(timers(waits.state()).empty());
  waits.when(Tick{{TimerKind::snooze, at(60)}}).then_nothing();
}
TEST_CASE("what is resolved neither sleeps nor waits") {
  const given done({opened(), resolved(at(1))});
  done.when(Snooze{at(60), {}, at(2)}).then_refused("conversation.resolved");
  done.when(Wait{WaitFor::customer, {}, at(2)}).then_refused("conversation.resolved");
}

// ---- the end, and the beginning again ----

TEST_CASE("resolving keeps the windows it was decided on") {
  given({opened()}).when(resolve(at(10))).then({resolved(at(10))});
  Resolve command = resolve(at(10));
  command.adopted = &adopted_without_targets();
  given({opened()}).when(command).then({Resolved{kim, std::nullopt, at(10) + 7 * 24 * hour_ms, {}, at(10)}});
  command.adopted = nullptr;
  given({opened()}).when(command).then({Resolved{kim, std::nullopt, at(10) + 7 * 24 * hour_ms, {}, at(10)}});
}
TEST_CASE("resolving what is resolved changes nothing") {
  given({opened(), resolved(at(1))}).when(resolve(at(2))).then_nothing();
}
TEST_CASE("a customer's message reopens it: a new episode, and a new target from that message") {
  given(asked_and({replied(kim, at(5)), resolved(at(10))}))
      .when(receive(at(20)))
      .then({reopened(2, true, at(20)), received(at(20), at(80))});
}
TEST_CASE("a reopening without a target in the settings starts none") {
  given({opened(), resolved(at(10))})
      .when(receive(at(20), &adopted_without_targets()))
      .then({reopened(2, true, at(20)), received(at(20))});
}
TEST_CASE("an agent reopens it; the next customer message of the new episode starts its target") {
  given({opened(), received(at(0)), resolved(at(10))})
      .when(Reopen{{}, at(20)})
      .then({reopened(2, false, at(20))});
  const given again(asked_and({replied(kim, at(5)), resolved(at(10)), reopened(2, false, at(20))}));
  CHECK(timers(again.state()).empty());
  again.when(receive(at(30))).then({received(at(30), at(90))});
}
TEST_CASE("what an agent writes after reopening, before the customer does, answers nothing yet") {
  given(asked_and({replied(kim, at(5)), resolved(at(10)), reopened(2, false, at(20)), replied(kim, at(21))}))
      .when(receive(at(30)))
      .then({received(at(30), at(90))});
}
TEST_CASE("reopening what is not resolved changes nothing") {
  given({opened()}).when(Reopen{{}, at(1)}).then_nothing();
  given({opened(), resolved(at(1)), reopened(2, false, at(2))}).when(Reopen{{}, at(3)}).then_nothing();
}
TEST_CASE("each reopening is the next episode, with a promise of its own") {
  const given third({opened(), resolved(at(1)), reopened(2, false, at(2)), resolved(at(3)),
                     reopened(3, true, at(4)), received(at(4), at(64))});
  CHECK(third.state().episode == 3);
  CHECK(third.state().first_response == FirstResponse::running);
  CHECK(timers(third.state()) == Timers{{TimerKind::first_response, at(64)}});
}
TEST_CASE("a breach of an earlier episode is not withdrawn by an answer in a later one") {
  given(asked_and({FirstResponseBreached{at(60)}, resolved(at(70)), reopened(2, false, at(80))}))
      .when(reply(kim, at(50)))
      .then({replied(kim, at(50))});
}
TEST_CASE("it closes by itself when its day is over, at that instant") {
  const Instant due = at(10) + 24 * hour_ms;
  const given done({opened(), resolved(at(10))});
  CHECK(timers(done.state()) == Timers{{TimerKind::auto_close, due}});
  done.when(Tick{{TimerKind::auto_close, due}}).then({closed(due, true)});
}
TEST_CASE("what was reopened or closed does not close by itself any more") {
  const Instant due = at(10) + 24 * hour_ms;
  given({opened(), resolved(at(10)), reopened(2, false, at(11))})
      .when(Tick{{TimerKind::auto_close, due}})
      .then_nothing();
  given({opened(), resolved(at(10)), closed(at(11))}).when(Tick{{TimerKind::auto_close, due}}).then_nothing();
}
TEST_CASE("resolving without auto-close asks for no timer") {
  CHECK(timers(given({opened(), Resolved{kim, std::nullopt, at(99), {}, at(1)}}).state()).empty());
}
TEST_CASE("it is closed from any state but closed") {
  for (const Event& before : std::initializer_list<Event>{received(at(1)), snoozed(at(60), at(1)),
                                                          resolved(at(1)), waiting(WaitFor::customer, at(1))})
    given({opened(), before}).when(Close{{}, at(2)}).then({closed(at(2))});
}

// ---- priority and tags ----

TEST_CASE("a priority changes once, also where the work is resolved") {
  given({opened()})
      .when(SetPriority{Priority::urgent, at(1)})
      .then({PriorityChanged{Priority::normal, Priority::urgent, at(1)}});
  given({opened()}).when(SetPriority{Priority::normal, at(1)}).then_nothing();
  given({opened(), resolved(at(1))})
      .when(SetPriority{Priority::low, at(2)})
      .then({PriorityChanged{Priority::normal, Priority::low, at(2)}});
}
TEST_CASE("tags are added and removed, each once, and only what changes is recorded") {
  given({opened()})
      .when(change_tags({vip, fraud, vip}, {}, at(1)))
      .then({TagsChanged{{vip, fraud}, {}, at(1)}});
  const given tagged({opened(), TagsChanged{{vip}, {}, at(1)}});
  tagged.when(change_tags({vip}, {}, at(2))).then_nothing();
  tagged.when(change_tags({}, {fraud}, at(2))).then_nothing();
  tagged.when(change_tags({fraud}, {vip, vip}, at(2))).then({TagsChanged{{fraud}, {vip}, at(2)}});
  CHECK(given({opened(), TagsChanged{{vip}, {}, at(1)}, TagsChanged{{fraud}, {vip}, at(2)}}).state().tags ==
        std::vector<TagId>{fraud});
}
TEST_CASE("what is both added and removed ends up removed, whatever was there") {
  given({opened()}).when(change_tags({vip}, {vip}, at(1))).then_nothing();
  given({opened(), TagsChanged{{vip}, {}, at(1)}})
      .when(change_tags({vip}, {vip}, at(2)))
      .then({TagsChanged{{}, {vip}, at(2)}});
}
TEST_CASE("a tag that the settings do not know is refused; removing one is not") {
  given({opened()}).when(change_tags({no_such_tag}, {}, at(1))).then_refused("tag.unknown");
  given({opened()}).when(change_tags({}, {no_such_tag}, at(1))).then_nothing();
}
TEST_CASE("100 tags are taken, not 101, and at 100 one may be exchanged for another") {
  std::vector<TagId> many;
  for (std::uint64_t i = 0; i < tags_on_conversation_max; ++i) many.push_back(named<TagId>(1000 + i));
  ChangeTags command = change_tags(many, {}, at(1));
  command.adopted = nullptr;
  given({opened()}).when(command).then({TagsChanged{many, {}, at(1)}});
  const given full({opened(), TagsChanged{many, {}, at(1)}});
  full.when(change_tags({vip}, {}, at(2))).then_refused("conversation.too_many_tags");
  full.when(change_tags({vip}, {many.front()}, at(2))).then({TagsChanged{{vip}, {many.front()}, at(2)}});
  full.when(change_tags({vip, fraud}, {many.front()}, at(2))).then_refused("conversation.too_many_tags");
}

// ---- timers ----

TEST_CASE("a conversation asks for exactly the timers that its state calls for") {
  CHECK(timers(State{}).empty());
  CHECK(timers(given({opened()}).state()).empty());
  CHECK(timers(given(asked()).state()) == Timers{{TimerKind::first_response, at(60)}});
  CHECK(timers(given(asked_and({waiting(WaitFor::customer, at(1))})).state()) ==
        Timers{{TimerKind::first_response, at(60)}});
  CHECK(timers(given(asked_and({replied(kim, at(1))})).state()).empty());
  CHECK(timers(given(asked_and({FirstResponseBreached{at(60)}})).state()).empty());
  CHECK(timers(given(asked_and({resolved(at(1))})).state()) ==
        Timers{{TimerKind::auto_close, at(1) + 24 * hour_ms}});
  CHECK(timers(given(asked_and({closed(at(1))})).state()).empty());
}
TEST_CASE("a timer fires once, at its own instant") {
  given(asked()).when(Tick{{TimerKind::first_response, at(60)}}).then({FirstResponseBreached{at(60)}});
  given(asked_and({FirstResponseBreached{at(60)}}))
      .when(Tick{{TimerKind::first_response, at(60)}})
      .then_nothing();
}
TEST_CASE(
    "a timer that is no longer asked for changes nothing: answered, moved, of another kind, or of nothing") {
  given(asked_and({replied(kim, at(5))})).when(Tick{{TimerKind::first_response, at(60)}}).then_nothing();
  given({opened(), snoozed(at(60), at(1)), snoozed(at(90), at(2))})
      .when(Tick{{TimerKind::snooze, at(60)}})
      .then_nothing();
  given(asked()).when(Tick{{TimerKind::first_response, at(60) + 1}}).then_nothing();
  given(asked()).when(Tick{{TimerKind::auto_close, at(60)}}).then_nothing();
  given(asked()).when(Tick{{TimerKind::none, at(60)}}).then_nothing();
  given({}).when(Tick{{TimerKind::first_response, at(60)}}).then_nothing();
}

// ---- reasons, names ----

TEST_CASE("a free reason lies under the requester's reference") {
  const std::string why = "Ada asked for Lee";
  const given here({opened(), assigned(kim, at(0))});
  Assign command = assign(lee, at(1), returns);
  command.reason = why;
  here.when(command).then({QueueChanged{billing, returns, because(why), at(1)},
                           Assigned{lee, returns, false, because(why), at(1)}});
  here.when(Unassign{why, at(1)}).then({Unassigned{kim, because(why), at(1)}});
  here.when(Snooze{at(60), why, at(1)}).then({Snoozed{at(60), because(why), at(1)}});
  here.when(Wait{WaitFor::customer, why, at(1)}).then({WaitStarted{WaitFor::customer, because(why), at(1)}});
  here.when(Resolve{kim, why, at(1)}).then({Resolved{kim, {}, at(1) + 168 * hour_ms, because(why), at(1)}});
  here.when(Close{why, at(1)}).then({Closed{false, because(why), at(1)}});
  given({opened(), resolved(at(0))}).when(Reopen{why, at(1)}).then({Reopened{2, false, because(why), at(1)}});
}
TEST_CASE("every phase has one name, and nothing else is a phase") {
  for (const Phase phase : {Phase::fresh, Phase::open, Phase::waiting_customer, Phase::waiting_third_party,
                            Phase::snoozed, Phase::resolved, Phase::closed})
    CHECK(parse_phase(to_text(phase)) == phase);
  for (const char* text : {"absent", "", "New", "fresh", "closed "})
    CHECK_FALSE(parse_phase(text).has_value());
  CHECK(to_text(Phase::absent) == "absent");
}
TEST_CASE("work is to be done from new to snoozed, no longer") {
  for (const Phase phase :
       {Phase::fresh, Phase::open, Phase::waiting_customer, Phase::waiting_third_party, Phase::snoozed})
    CHECK(is_active(phase));
  for (const Phase phase : {Phase::absent, Phase::resolved, Phase::closed}) CHECK_FALSE(is_active(phase));
}

}  // namespace
}  // namespace parlance::conversation
