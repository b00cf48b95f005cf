// Repeats, certainty before answers, and answers without events.
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

TEST_CASE("a repeat is answered with the first outcome: in flight, later, after a restart, after a crash") {
  for (const bool exclusive : {true, false}) {
    CAPTURE(exclusive);
    EngineFixture desk({.exclusive = exclusive});
    desk.storage->hold_appends(true);
    const Pending first = desk.send(desk.message({.key = "k"}));
    const Pending in_flight = desk.send(desk.message({.key = "k"}));
    desk.process->executor.run();
    CHECK_FALSE(first.answered());
    CHECK_FALSE(in_flight.answered());
    desk.storage->deliver_all();
    desk.storage->hold_appends(false);
    desk.settle();
    desk.storage->deliver_all();
    desk.settle();
    CHECK_FALSE(first.outcome().replayed);
    const auto same = [&](const Outcome& repeat) {
      CHECK(repeat.replayed);
      CHECK(repeat.envelope == first.outcome().envelope);
      CHECK(repeat.positions == first.outcome().positions);
      CHECK(repeat.stream == first.outcome().stream);
      CHECK(repeat.version == first.outcome().version);
      CHECK(repeat.message == first.outcome().message);
      CHECK(repeat.opened);
      CHECK(repeat.ticket_number == first.outcome().ticket_number);
      CHECK(repeat.subject == first.outcome().subject);
    };
    same(in_flight.outcome());
    same(desk.received({.key = "k"}));
    desk.restart();
    same(desk.received({.key = "k"}));
    desk.crash();
    same(desk.received({.key = "k"}));
    desk.crash_and_lose_rows();
    same(desk.received({.key = "k"}));
    CHECK(desk.conversations() == 1);
  }
}

TEST_CASE("a repeat that comes between certainty and its row is the same one") {
  EngineFixture desk;
  desk.storage->hold_appends(true);
  const Pending first = desk.send(desk.message({.key = "k"}));
  desk.process->executor.run();
  desk.storage->deliver_all();                                   // the report is posted
  const Pending second = desk.send(desk.message({.key = "k"}));  // and this right behind it
  desk.storage->hold_appends(false);
  desk.settle();
  desk.storage->deliver_all();
  desk.settle();
  CHECK(second.outcome().replayed);
  CHECK(second.outcome().envelope == first.outcome().envelope);
  CHECK(desk.conversations() == 1);
}

TEST_CASE("a key with another body is refused, in flight and later") {
  EngineFixture desk;
  desk.storage->hold_appends(true);
  Request one = desk.message({.key = "k"});
  one.fingerprint = 1;
  Request other = desk.message({.text = "else", .key = "k"});
  other.fingerprint = 2;
  const Pending first = desk.send(one);
  const Pending in_flight = desk.send(other);
  desk.settle();
  CHECK_FALSE(in_flight.answered());  // the key might still turn out not to have been used
  desk.storage->deliver_all();
  desk.storage->hold_appends(false);
  desk.settle();
  CHECK(first.rule() == "done");
  CHECK(in_flight.rule() == "command.key_reused");
  CHECK(desk.ask(other).rule() == "command.key_reused");
  desk.restart();
  CHECK(desk.ask(other).rule() == "command.key_reused");
  CHECK(desk.ask(one).outcome().replayed);
}

TEST_CASE("nobody is answered before the record is certain") {
  EngineFixture desk;
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.message({.key = "k"}));
  desk.pass(hour_ms);
  CHECK_FALSE(pending.answered());
  for (const auto& flight : desk.storage->in_flight()) desk.storage->land(flight.id);
  desk.settle();
  CHECK_FALSE(pending.answered());  // it is there, and nobody has said so
  desk.storage->deliver_all();
  desk.settle();
  CHECK(pending.rule() == "done");
}

TEST_CASE("a refusal waits until what it was decided on is certain") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  desk.storage->hold_appends(true);
  const Pending closes = desk.send(desk.on(id, conversation::Close{}));
  const Pending refused = desk.send(desk.reply(id));
  desk.settle();
  CHECK_FALSE(refused.answered());
  desk.storage->deliver_all();
  desk.settle();
  CHECK(closes.rule() == "done");
  CHECK(refused.rule() == "conversation.closed");
}

TEST_CASE("on a log that others may write a refusal waits for an envelope decided after it") {
  EngineFixture desk({.partitions = 1, .exclusive = false});
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::Close{}));
  const Offset before = desk.storage->end(0);
  desk.storage->hold_appends(true);
  const Pending refused = desk.send(desk.reply(id));
  const Pending also = desk.send(desk.on(id, conversation::Close{}));
  desk.process->executor.run();
  CHECK_FALSE(refused.answered());
  CHECK_FALSE(also.answered());
  desk.storage->deliver_all();
  desk.process->executor.run();
  CHECK(refused.rule() == "conversation.closed");
  CHECK(also.rule() == "done");
  CHECK(desk.storage->end(0) == before + 1);  // one empty envelope served both
  const Envelope proof = desk.envelopes().back();
  CHECK(proof.events.empty());
  CHECK_FALSE(proof.command);
}

TEST_CASE("a command that changes nothing but has a key is remembered; one that is refused is not") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  Request same = desk.on(id, conversation::SetPriority{Priority::normal, {}});
  same.command = desk.key("same");
  const Outcome first = desk.done(same);
  CHECK(first.stream.id == id);
  CHECK(first.version == 2);
  desk.done(desk.on(id, conversation::SetPriority{Priority::high, {}}));
  const Outcome repeat = desk.done(same);
  CHECK(repeat.replayed);
  CHECK(repeat.envelope == first.envelope);
  CHECK(repeat.stream == first.stream);
  CHECK(desk.state(id).priority == Priority::high);

  Request wakes = desk.on(id, conversation::Snooze{{1}, {}, {}});
  wakes.command = desk.key("snooze");
  CHECK(desk.ask(wakes).rule() == "conversation.snooze_in_the_past");
  std::get<conversation::Snooze>(std::get<OnConversation>(wakes.action).command).until =
      desk.time.now() + hour_ms;
  CHECK(desk.ask(wakes).rule() == "done");
}

TEST_CASE("an expected version that is not the stream's is a conflict") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  Request request = desk.on(id, conversation::SetPriority{Priority::high, {}});
  request.if_match = 1;
  CHECK(desk.ask(request).rule() == "stream.version_conflict");
  request.if_match = 2;
  CHECK(desk.ask(request).rule() == "done");
  CHECK(desk.ask(request).rule() == "stream.version_conflict");

  Request tag = desk.on_settings(settings::AddTag{{}, "urgent"});
  tag.if_match = 1;
  CHECK(desk.ask(tag).rule() == "stream.version_conflict");
  tag.if_match = 0;
  CHECK(desk.ask(tag).rule() == "done");
}

TEST_CASE("what never got into the log is said to be not done, and the same key does it then") {
  EngineFixture desk({.partitions = 1, .exclusive = false});
  desk.storage->hold_appends(true);
  const Pending first = desk.send(desk.message({.key = "k"}));
  const Pending repeat = desk.send(desk.message({.key = "k"}));
  desk.process->executor.run();
  for (const auto& flight : desk.storage->in_flight()) {
    desk.storage->lose(flight.id);
    desk.storage->report(flight.id, unavailable("log.unavailable"));
  }
  desk.storage->hold_appends(false);
  desk.settle();
  CHECK(first.rule() == "command.not_done");
  CHECK(repeat.rule() == "command.not_done");
  CHECK(desk.conversations() == 0);
  CHECK_FALSE(desk.received({.key = "k"}).replayed);
  CHECK(desk.conversations() == 1);
}

TEST_CASE("what was reported as unknown but did get into the log is answered as done") {
  EngineFixture desk({.partitions = 1, .exclusive = false});
  desk.storage->hold_appends(true);
  const Pending first = desk.send(desk.message({.key = "k", .name = "Ada L."}));
  const Pending second = desk.send(desk.message({.text = "and this", .key = "l"}));
  desk.process->executor.run();
  for (const auto& flight : desk.storage->in_flight()) {
    desk.storage->land(flight.id);
    desk.storage->report(flight.id, unavailable("log.unavailable"));
  }
  desk.storage->hold_appends(false);
  desk.settle();
  CHECK(first.rule() == "done");
  CHECK(first.outcome().opened);
  CHECK(second.outcome().stream == first.outcome().stream);
  CHECK(desk.texts(desk.conversation_of(first.outcome())) == std::vector<std::string>{"hello", "and this"});
  CHECK(desk.received({.text = "third"}).stream == first.outcome().stream);
}

TEST_CASE("work on a conversation: assign, claim, tags, notes, wait, resolve, reopen, close") {
  EngineFixture desk;
  const auto kim =
      AgentId::from(desk.done(desk.on_desk(desk::AddAgent{{}, Role::agent, {"Kim", {}}, {}})).made);
  const auto lee =
      AgentId::from(desk.done(desk.on_desk(desk::AddAgent{{}, Role::agent, {"Lee", {}}, {}})).made);
  const auto tag = TagId::from(desk.done(desk.on_settings(settings::AddTag{{}, "urgent"})).made);
  const auto queue = QueueId::from(desk.done(desk.on_desk(desk::AddQueue{{}, "returns"})).made);
  const ConversationId id = desk.open();
  CHECK(desk.state(id).queue == queue);
  CHECK(desk.ask(desk.on(id, conversation::Assign{AgentId::from({9, 9}), {}, false, {}, {}})).rule() ==
        "agent.unknown");
  CHECK(desk.ask(desk.on(id, conversation::Assign{kim, {}, true, {}, {}})).rule() == "done");
  CHECK(desk.ask(desk.on(id, conversation::Assign{lee, {}, true, {}, {}})).rule() == "conversation.taken");
  CHECK(desk.ask(desk.on(id, conversation::Assign{lee, {}, false, "knows the carrier", {}})).rule() ==
        "done");
  CHECK(desk.state(id).agent == lee);
  CHECK(desk.ask(desk.on(id, conversation::ChangeTags{{tag}, {}, {}})).rule() == "done");
  CHECK(desk.state(id).tags == std::vector{tag});
  CHECK(desk.ask(desk.on(id, conversation::ChangeTags{{TagId::from({1, 1})}, {}, {}})).rule() ==
        "tag.unknown");
  CHECK(desk.ask(desk.on(id, conversation::Note{{}, lee, {.text = "calls back"}, {}, {}})).outcome().message);
  CHECK(desk.ask(desk.on(id, conversation::Wait{WaitFor::customer, {}, {}})).rule() == "done");
  CHECK(desk.state(id).phase == conversation::Phase::waiting_customer);
  CHECK(desk.ask(desk.on(id, conversation::Unassign{})).rule() == "done");
  CHECK_FALSE(desk.state(id).agent);
  CHECK(desk.ask(desk.on(id, conversation::Resolve{lee, {}, {}})).rule() == "done");
  CHECK(desk.ask(desk.on(id, conversation::Snooze{desk.time.now() + 5, {}, {}})).rule() ==
        "conversation.resolved");
  CHECK(desk.ask(desk.on(id, conversation::Reopen{})).rule() == "done");
  CHECK(desk.ask(desk.on(id, conversation::Close{"spam", {}})).rule() == "done");
  CHECK(desk.ask(desk.reply(id)).rule() == "conversation.closed");
  CHECK(desk.ask(desk.on(ConversationId::from({id.high, 1}), conversation::Close{})).rule() ==
        "conversation.not_found");
}

TEST_CASE(
    "a message that went another way does not arrive again where it was refused, once that would take it") {
  EngineFixture desk;
  const ConversationId shut = desk.open();
  desk.done(desk.on(shut, conversation::Close{}));
  EngineFixture::Message message{.from = desk.address_away_from(shut.slot()), .key = "k", .thread = shut};
  const Outcome first = desk.received(message);
  CHECK(desk.conversation_of(first) != shut);

  conversation::Undo undo;
  undo.by = {ActorKind::agent, desk.agent};
  desk.done(desk.on(shut, undo));
  REQUIRE(desk.state(shut).phase != conversation::Phase::closed);
  for (const bool restarted : {false, true}) {
    CAPTURE(restarted);
    if (restarted) desk.crash();
    const Outcome again = desk.received(message);
    CHECK(again.replayed);
    CHECK(again.stream == first.stream);
    CHECK(again.positions == first.positions);
    CHECK(desk.texts(shut).size() == 1);
  }
}
