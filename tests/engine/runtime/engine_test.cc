// The way from a slot to its owner: adoption, forwarding, linked addresses, several processes.
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
std::vector<adoption::Adopted> adopted(EngineFixture& desk, PartitionId partition) {
  std::vector<adoption::Adopted> out;
  const auto first_slot = genesis_of(partition, desk.storage->options().partitions, 1, desk.keys).first_slot;
  for (const RecordedEvent& e : desk.events(adoption_stream(desk.workspace, first_slot)))
    out.push_back(std::get<adoption::Adopted>(std::get<adoption::Event>(e.event.body)));
  return out;
}
/// Runs what is ready until the log holds `count` records in flight or nothing is left to run.
bool runs_until_in_flight(EngineFixture& desk, std::size_t count) {
  while (desk.storage->in_flight().size() < count)
    if (!desk.process->executor.step()) return false;
  return true;
}
}  // namespace

TEST_CASE("a change of settings or desk is answered when every partition has adopted it") {
  EngineFixture desk;
  const settings::Policy policy{.first_response_ms = hour_ms, .auto_close_ms = {}};
  const Pending pending = desk.ask(desk.policy(policy));
  CHECK(pending.outcome().positions.size() >= 1);
  for (PartitionId p = 0; p < 4; ++p) {
    REQUIRE(adopted(desk, p).size() == 1);
    CHECK(adopted(desk, p).front().body.policy == policy);
    CHECK(adopted(desk, p).front().body.settings_version == 1);
  }
  const auto kim =
      AgentId::from(desk.done(desk.on_desk(desk::AddAgent{{}, Role::agent, {"Kim", {}}, {}})).made);
  for (PartitionId p = 0; p < 4; ++p) {
    CHECK(adopted(desk, p).back().body.knows(kim));
    CHECK(adopted(desk, p).back().body.policy == policy);
  }
  CHECK(desk.engine().directory()->workspaces.at(desk.workspace).desk.agents.size() == 1);
  desk.restart();
  CHECK(desk.engine().directory()->workspaces.at(desk.workspace).settings.policy == policy);
  for (PartitionId p = 0; p < 4; ++p) CHECK(adopted(desk, p).size() == 2);
}

TEST_CASE(
    "a change that one partition has not adopted yet is not answered, and nobody sees it before it is "
    "certain") {
  EngineFixture desk;
  desk.done(desk.policy({.first_response_ms = hour_ms, .auto_close_ms = {}}));
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.policy({.first_response_ms = 2 * hour_ms, .auto_close_ms = {}}));
  desk.process->executor.run();
  CHECK(desk.storage->in_flight().size() == 1);  // the change itself, and nowhere an adoption
  CHECK(desk.engine().directory()->workspaces.at(desk.workspace).settings.policy.first_response_ms ==
        hour_ms);
  desk.storage->deliver_all();
  desk.process->executor.run();
  CHECK(desk.storage->in_flight().size() == 4);
  CHECK_FALSE(pending.answered());
  // All but one.
  const auto flights = desk.storage->in_flight();
  for (std::size_t i = 0; i + 1 < flights.size(); ++i) {
    desk.storage->land(flights[i].id);
    desk.storage->report(flights[i].id);
  }
  desk.process->executor.run();
  CHECK_FALSE(pending.answered());
  desk.storage->deliver_all();
  desk.process->executor.run();
  CHECK(pending.rule() == "done");
}

TEST_CASE("a change that was lost is adopted nowhere, and the next one of that version is") {
  EngineFixture desk({.exclusive = false});
  desk.done(desk.policy({.first_response_ms = hour_ms, .auto_close_ms = {}}));
  desk.storage->hold_appends(true);
  const Pending tag = desk.send(desk.on_settings(settings::AddTag{{}, "first"}));
  const Pending lost = desk.send(desk.policy({.first_response_ms = 2 * hour_ms, .auto_close_ms = {}}));
  desk.process->executor.run();
  auto flights = desk.storage->in_flight();
  REQUIRE(flights.size() == 2);
  desk.storage->land(flights[0].id);
  desk.storage->report(flights[0].id);
  desk.process->executor.run();  // the tag is certain while the policy is not
  desk.storage->lose(flights[1].id);
  desk.storage->report(flights[1].id, unavailable("log.unavailable"));
  desk.storage->hold_appends(false);
  desk.storage->deliver_all();
  desk.settle();
  CHECK(lost.rule() == "command.not_done");
  desk.done(desk.policy({.first_response_ms = 3 * hour_ms, .auto_close_ms = {}}));
  for (PartitionId p = 0; p < 4; ++p) {
    CHECK(adopted(desk, p).back().body.policy.first_response_ms == 3 * hour_ms);
    for (const auto& event : adopted(desk, p)) CHECK(event.body.policy.first_response_ms != 2 * hour_ms);
  }
}

TEST_CASE("the rest of an adoption that a crash cut short follows at the next start") {
  EngineFixture desk;
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.policy({.first_response_ms = hour_ms, .auto_close_ms = {}}));
  desk.process->executor.run();
  desk.storage->deliver_all();
  desk.process->executor.run();
  REQUIRE(desk.storage->in_flight().size() == 4);
  const auto one = desk.storage->in_flight()[1];
  desk.storage->land(one.id);
  desk.storage->hold_appends(false);
  desk.crash();
  for (PartitionId p = 0; p < 4; ++p) {
    REQUIRE(adopted(desk, p).size() == 1);
    CHECK(adopted(desk, p).front().body.policy.first_response_ms == hour_ms);
  }
}

TEST_CASE(
    "a message to somebody else's thread goes to that slot: decision on record, one message, both in the "
    "answer") {
  for (const PartitionId partitions : {PartitionId{4}, PartitionId{1}}) {
    CAPTURE(partitions);
    EngineFixture desk({.partitions = partitions});
    const ConversationId id = desk.open();
    const std::string from = desk.address_away_from(id.slot());
    const EngineFixture::Message message{.from = from, .text = "me too", .key = "k", .thread = id};
    const Outcome outcome = desk.received(message);
    CHECK(outcome.stream.id == id);
    CHECK(outcome.subject);
    REQUIRE(outcome.positions.size() == 2);
    const auto door = desk.engine().envelope(outcome.positions[0]);
    REQUIRE(*door);
    const auto* forwarded =
        std::get_if<intake::MessageForwarded>(&std::get<intake::Event>((*door)->events.front().body));
    REQUIRE(forwarded != nullptr);
    CHECK(forwarded->to == id);
    const auto target = desk.engine().envelope(outcome.positions[1]);
    REQUIRE(*target);
    CHECK((*target)->causation == (*door)->id);
    CHECK(desk.texts(id) == std::vector<std::string>{"hello", "me too"});
    CHECK(desk.all<conversation::ParticipantJoined>(id).size() == 1);

    const Outcome repeat = desk.received(message);
    CHECK(repeat.replayed);
    CHECK(repeat.positions == outcome.positions);
    desk.crash_and_lose_rows();
    CHECK(desk.received(message).positions == outcome.positions);
    CHECK(desk.texts(id).size() == 2);
    // The next one without a thread goes there too: it is the sender's active conversation.
    CHECK(desk.received({.from = from, .text = "anything new?"}).stream.id == id);
    CHECK(desk.all<conversation::ParticipantJoined>(id).size() == 1);
  }
}

TEST_CASE(
    "the answer to a forwarded message waits for the second append; a crash between leaves one message") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const EngineFixture::Message message{
      .from = desk.address_away_from(id.slot()), .text = "me too", .key = "k", .thread = id};
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.message(message));
  REQUIRE(runs_until_in_flight(desk, 1));
  desk.storage->deliver_all();
  desk.process->executor.run();
  CHECK_FALSE(pending.answered());
  REQUIRE(desk.storage->in_flight().size() == 2);  // the target's, and the new person's first event
  SUBCASE("the second is lost") {
    desk.storage->hold_appends(false);
    desk.crash();
    CHECK(desk.texts(id).size() == 1);
  }
  SUBCASE("the second lands, unheard") {
    for (const auto& flight : desk.storage->in_flight()) desk.storage->land(flight.id);
    desk.storage->hold_appends(false);
    desk.crash();
    CHECK(desk.texts(id).size() == 2);
  }
  const Outcome retry = desk.received(message);
  CHECK(retry.stream.id == id);
  CHECK(retry.replayed);
  CHECK(retry.positions.size() == 2);
  CHECK(desk.texts(id) == std::vector<std::string>{"hello", "me too"});
  CHECK(desk.conversations() == 1);
}

TEST_CASE("a message forwarded to a conversation that is closed opens one at its door, also for a repeat") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::Close{}));
  const EngineFixture::Message message{
      .from = desk.address_away_from(id.slot()), .text = "late", .key = "k", .thread = id};
  const Outcome outcome = desk.received(message);
  CHECK(outcome.opened);
  CHECK(outcome.positions.size() == 2);
  CHECK(desk.texts(desk.conversation_of(outcome)) == std::vector<std::string>{"late"});
  const Outcome repeat = desk.received(message);
  CHECK(repeat.stream == outcome.stream);
  CHECK(repeat.replayed);
  desk.crash_and_lose_rows();
  CHECK(desk.received(message).positions == outcome.positions);
  CHECK(desk.conversations() == 2);
  // A thread that never was is no better.
  const Outcome nowhere =
      desk.received({.from = message.from, .text = "lost", .thread = ConversationId::from({id.high, 77})});
  CHECK(nowhere.stream == outcome.stream);
}

TEST_CASE("a linked address joins the person's conversation wherever its door is") {
  for (const PartitionId partitions : {PartitionId{4}, PartitionId{1}}) {
    CAPTURE(partitions);
    EngineFixture desk({.partitions = partitions});
    const Outcome first = desk.received({});
    const std::string second_address = desk.address_away_from(first.stream.id.slot(), "ada.second");
    Request link = desk.add_identity(first.subject, Channel::email, second_address);
    link.command = desk.key("link");
    const Outcome linked = desk.done(link);
    CHECK(linked.stream == StreamId{Category::subject, first.subject});
    CHECK(linked.positions.size() == 2);
    CHECK(desk.done(link).replayed);
    std::optional<SubjectId> found;
    desk.engine().find_subject(desk.workspace, Channel::email, second_address,
                               [&](Result<std::optional<SubjectId>> result) { found = *result; });
    desk.settle();
    CHECK(found == first.subject);

    const Outcome message = desk.received({.from = second_address, .text = "from my other address"});
    CHECK(message.stream == first.stream);
    CHECK(message.subject == first.subject);
    CHECK(desk.texts(desk.conversation_of(first)) ==
          std::vector<std::string>{"hello", "from my other address"});
    desk.crash_and_lose_rows();
    CHECK(desk.received({.from = second_address, .text = "more"}).stream == first.stream);
    CHECK(desk.conversations() == 1);
  }
}

TEST_CASE("a forwarded message that arrives late takes the address back from nobody") {
  EngineFixture desk({.partitions = 1});
  const ConversationId thread = desk.open();
  const Outcome other = desk.received({.from = "bob@example.com"});
  const std::string guest = desk.address_away_from(thread.slot());
  desk.storage->hold_appends(true);
  const Pending message = desk.send(desk.message({.from = guest, .text = "hi", .thread = thread}));
  REQUIRE(runs_until_in_flight(desk, 1));
  desk.storage->deliver_all();
  // The door has decided; before the message is in its conversation the address is linked to somebody else.
  const Pending linked = desk.send(desk.add_identity(other.subject, Channel::email, guest));
  desk.process->executor.run();
  desk.storage->hold_appends(false);
  for (int i = 0; i < 4; ++i) {
    desk.storage->deliver_all();
    desk.process->executor.run();
  }
  CHECK(message.outcome().stream.id == thread);
  CHECK(linked.rule() == "done");
  const auto found = [&] {
    std::optional<SubjectId> subject;
    desk.engine().find_subject(desk.workspace, Channel::email, guest,
                               [&](Result<std::optional<SubjectId>> result) { subject = *result; });
    desk.settle();
    return subject;
  };
  CHECK(found() == other.subject);
  desk.crash_and_lose_rows();
  CHECK(found() == other.subject);
}

TEST_CASE("a message that its door has sent on and that did not arrive is said to be unfinished") {
  EngineFixture desk({.exclusive = false});
  const ConversationId id = desk.open();
  const EngineFixture::Message message{
      .from = desk.address_away_from(id.slot()), .text = "me too", .key = "k", .thread = id};
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.message(message));
  REQUIRE(runs_until_in_flight(desk, 1));
  desk.storage->deliver_all();
  desk.process->executor.run();
  for (const auto& flight : desk.storage->in_flight()) {
    desk.storage->lose(flight.id);
    desk.storage->report(flight.id, unavailable("log.unavailable"));
  }
  desk.storage->hold_appends(false);
  desk.settle();
  CHECK(pending.rule() == "command.unfinished");
  CHECK(desk.received(message).stream.id == id);
  CHECK(desk.texts(id) == std::vector<std::string>{"hello", "me too"});
}

TEST_CASE("a crash between adding an address and telling its door: the retry links the same person") {
  EngineFixture desk;
  const Outcome first = desk.received({});
  const std::string address = desk.address_away_from(first.stream.id.slot(), "ada.second");
  Request link = desk.add_identity(first.subject, Channel::email, address);
  link.command = desk.key("link");
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(link);
  desk.process->executor.run();
  desk.storage->deliver_all();
  desk.process->executor.run();
  CHECK_FALSE(pending.answered());
  REQUIRE(desk.storage->in_flight().size() == 1);
  desk.storage->hold_appends(false);
  desk.crash();
  CHECK(desk.done(link).replayed);
  CHECK(desk.received({.from = address, .text = "me"}).stream == first.stream);
  CHECK(desk.conversations() == 1);
}

TEST_CASE("an engine that another one deposed says so, settles what it had, and the other goes on") {
  EngineFixture desk({.partitions = 2, .exclusive = false});
  const ConversationId id = desk.open();
  desk.storage->hold_appends(true);
  const Pending lost = desk.send(desk.message({.text = "lost", .key = "k"}));
  desk.process->executor.run();
  const auto flight = desk.storage->in_flight().front().id;
  desk.storage->hold_appends(false);

  MemoryRows other_rows;
  EngineProcess other(desk.storage, other_rows, desk.keys, desk.time, 555);
  other.engine.start();
  other.executor.run_for(minute_ms);
  desk.settle();
  CHECK(desk.status()[0].health == OwnerHealth::deposed);
  CHECK(lost.rule() == "command.not_done");
  CHECK(desk.ask(desk.reply(id)).result().error().code == Errc::unavailable);
  desk.storage->land(flight);  // the zombie's record arrives after all, void

  Pending again;
  other.engine.submit(desk.message({.text = "lost", .key = "k"}), again.answer());
  other.executor.run_for(minute_ms);
  CHECK(again.outcome().stream.id == id);
  CHECK_FALSE(again.outcome().replayed);
  desk.settle();
  CHECK(desk.texts(id) == std::vector<std::string>{"hello", "lost"});
}
