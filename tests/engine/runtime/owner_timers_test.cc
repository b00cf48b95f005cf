// Time enters only as records.
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
settings::Policy with_first_response(std::int64_t ms) {
  return {.first_response_ms = ms, .auto_close_ms = {}, .reopen_window_ms = day_ms};
}
}  // namespace

TEST_CASE("a snooze wakes at its own instant, once") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const Instant until = desk.time.now() + hour_ms;
  desk.done(desk.on(id, conversation::Snooze{until, "later", {}}));
  desk.pass(hour_ms - 1);
  CHECK(desk.state(id).phase == conversation::Phase::snoozed);
  desk.pass(3 * hour_ms);
  CHECK(desk.state(id).phase == conversation::Phase::open);
  const auto woken = desk.all<conversation::Woken>(id);
  REQUIRE(woken.size() == 1);
  CHECK(woken.front().at == until);
  desk.crash_and_lose_rows();
  desk.pass(day_ms);
  CHECK(desk.all<conversation::Woken>(id).size() == 1);
}

TEST_CASE("a resolved conversation closes by itself, unless reopened") {
  EngineFixture desk;
  desk.done(desk.policy({.first_response_ms = {}, .auto_close_ms = 2 * hour_ms}));
  const ConversationId id = desk.open();
  const ConversationId back = desk.open({.from = "bob@example.com"});
  desk.done(desk.on(id, conversation::Resolve{}));
  desk.done(desk.on(back, conversation::Resolve{}));
  const Instant due = desk.time.now() + 2 * hour_ms;
  desk.pass(hour_ms);
  desk.received({.from = "bob@example.com", .text = "no"});
  desk.pass(2 * hour_ms);
  const auto closed = desk.all<conversation::Closed>(id);
  REQUIRE(closed.size() == 1);
  CHECK(closed.front().automatic);
  CHECK(closed.front().at == due);
  CHECK(desk.all<conversation::Closed>(back).empty());
}

TEST_CASE("a first response that is late breaches at the deadline; one in time does not") {
  EngineFixture desk;
  desk.done(desk.policy(with_first_response(hour_ms)));
  const ConversationId late = desk.open();
  const ConversationId good = desk.open({.from = "bob@example.com"});
  const Instant due = desk.time.now() + hour_ms;
  desk.pass(hour_ms / 2);
  desk.done(desk.reply(good));
  desk.pass(hour_ms);
  const auto breached = desk.all<conversation::FirstResponseBreached>(late);
  REQUIRE(breached.size() == 1);
  CHECK(breached.front().at == due);
  CHECK(desk.all<conversation::FirstResponseBreached>(good).empty());
  CHECK(desk.state(good).first_response == conversation::FirstResponse::met);

  SUBCASE("a reply dated before the deadline withdraws it") {
    Request request = desk.reply(late);
    std::get<conversation::Reply>(std::get<OnConversation>(request.action).command).at = due + -1;
    desk.done(request);
    const auto withdrawn = desk.all<conversation::BreachWithdrawn>(late);
    REQUIRE(withdrawn.size() == 1);
    CHECK(withdrawn.front().due == due);
    CHECK(desk.all<conversation::FirstResponseBreached>(late).size() == 1);
  }
  SUBCASE("a later one leaves it") {
    desk.done(desk.reply(late));
    CHECK(desk.all<conversation::BreachWithdrawn>(late).empty());
  }
}

TEST_CASE(
    "a message that is overdue on arrival breaches, though its timer is due before its record is certain") {
  EngineFixture desk;
  desk.done(desk.policy(with_first_response(hour_ms)));
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.message({.at = desk.time.now() + -5 * hour_ms}));
  desk.settle();
  desk.engine().tick();
  desk.settle();
  CHECK_FALSE(pending.answered());
  desk.storage->hold_appends(false);
  desk.storage->deliver_all();
  desk.settle();
  desk.pass(minute_ms);
  const ConversationId id = desk.conversation_of(pending.outcome());
  CHECK(desk.all<conversation::FirstResponseBreached>(id).size() == 1);
}

TEST_CASE("a timer that fell due while nobody was there fires at the start, before what came later") {
  for (const bool lose_rows : {false, true}) {
    CAPTURE(lose_rows);
    EngineFixture desk;
    const ConversationId id = desk.open();
    const Instant until = desk.time.now() + hour_ms;
    desk.done(desk.on(id, conversation::Snooze{until, {}, {}}));
    desk.process.reset();
    if (lose_rows) REQUIRE(desk.rows.drop("fold"));
    desk.time.advance(5 * hour_ms);
    desk.process = std::make_unique<EngineProcess>(desk.storage, desk.rows, desk.keys, desk.time, 99);
    desk.engine().start();
    const Pending reply = desk.send(desk.reply(id));
    desk.settle();
    CHECK(reply.rule() == "done");
    const auto events = desk.events(id);
    REQUIRE(events.size() == 5);
    CHECK(std::get<conversation::Event>(events[3].event.body) ==
          conversation::Event{conversation::Woken{until}});
    CHECK(std::holds_alternative<conversation::Replied>(std::get<conversation::Event>(events[4].event.body)));
  }
}

TEST_CASE("a timer due when a command comes is decided first, in the same envelope") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const Instant until = desk.time.now() + hour_ms;
  desk.done(desk.on(id, conversation::Snooze{until, {}, {}}));
  desk.time.advance(2 * hour_ms);  // without a tick
  const Outcome outcome = desk.done(desk.reply(id));
  CHECK(outcome.version == 5);
  const auto events = desk.events(id);
  REQUIRE(events.size() == 5);
  CHECK(events[3].envelope == outcome.envelope);
  CHECK(std::get<conversation::Event>(events[3].event.body) ==
        conversation::Event{conversation::Woken{until}});
  desk.pass(hour_ms);
  CHECK(desk.all<conversation::Woken>(id).size() == 1);
}

TEST_CASE("a refusal that follows from a timer which was due is told when that is on record") {
  EngineFixture desk;
  desk.done(desk.policy({.first_response_ms = {}, .auto_close_ms = hour_ms}));
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::Resolve{}));
  const Instant due = desk.time.now() + hour_ms;
  desk.time.advance(hour_ms);  // without a tick
  desk.storage->hold_appends(true);
  Request request = desk.reply(id);
  request.command = desk.key("late");
  const Pending refused = desk.send(request);
  desk.settle();
  CHECK_FALSE(refused.answered());
  desk.storage->deliver_all();
  desk.storage->hold_appends(false);
  desk.settle();
  CHECK(refused.rule() == "conversation.closed");
  REQUIRE(desk.all<conversation::Closed>(id).size() == 1);
  CHECK(desk.all<conversation::Closed>(id).front().at == due);
  for (const Envelope& envelope : desk.envelopes()) CHECK(envelope.command != request.command);
  desk.pass(hour_ms);
  CHECK(desk.all<conversation::Closed>(id).size() == 1);
}

TEST_CASE("a tick while the firing is in flight does not fire again, nor fill the log") {
  for (const bool exclusive : {true, false}) {
    EngineFixture desk({.partitions = 1, .exclusive = exclusive});
    const ConversationId id = desk.open();
    desk.done(desk.on(id, conversation::Snooze{desk.time.now() + hour_ms, {}, {}}));
    desk.time.advance(hour_ms);
    desk.storage->hold_appends(true);
    for (int i = 0; i < 10; ++i) {
      desk.engine().tick();
      desk.process->executor.run();
    }
    CHECK(desk.storage->in_flight().size() == 1);
    desk.storage->hold_appends(false);
    desk.storage->deliver_all();
    desk.settle();
    CHECK(desk.all<conversation::Woken>(id).size() == 1);
  }
}

TEST_CASE("a clock that goes back lets nothing fall: recorded_at stays, and nothing fires early") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  desk.pass(minute_ms);
  desk.done(desk.reply(id));
  const Instant before = desk.events(id).back().recorded_at;
  desk.time.set_wall(desk.time.now() + -2 * minute_ms);
  desk.done(desk.reply(id, "again"));
  CHECK(desk.events(id).back().recorded_at == before);

  // The log has seen a time at which this one would be due; the clock has not.
  const Instant until = desk.time.now() + minute_ms;
  desk.done(desk.on(id, conversation::Snooze{until, {}, {}}));
  desk.done(desk.reply(id, "still asleep"));
  CHECK(desk.state(id).phase == conversation::Phase::snoozed);
  desk.pass(2 * minute_ms);
  CHECK(desk.state(id).phase == conversation::Phase::open);
}

TEST_CASE("when wall and boot clock part by more than five minutes timers are held, and this is said") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const Instant until = desk.time.now() + hour_ms;
  desk.done(desk.on(id, conversation::Snooze{until, {}, {}}));
  const Instant right = desk.time.now();
  desk.time.set_wall(right + 10 * hour_ms);
  desk.engine().tick();
  desk.settle();
  CHECK(desk.status()[desk.engine().partition_of(id.slot())].timers_held);
  desk.done(desk.reply(id));
  CHECK(desk.state(id).phase == conversation::Phase::snoozed);
  desk.time.set_wall(right);
  desk.pass(minute_ms);
  CHECK_FALSE(desk.status()[desk.engine().partition_of(id.slot())].timers_held);
  CHECK(desk.state(id).phase == conversation::Phase::snoozed);
  desk.pass(hour_ms);
  CHECK(desk.all<conversation::Woken>(id).size() == 1);
  CHECK(desk.all<conversation::Woken>(id).front().at == until);
}
