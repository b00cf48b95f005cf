// Starts, ends, trouble, and the fold store that may be lost.
#include <set>

#include "engine/runtime/fold_rows.h"
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
/// Some of everything.
std::vector<ConversationId> busy_day(EngineFixture& desk) {
  desk.done(desk.policy({.first_response_ms = hour_ms, .auto_close_ms = day_ms}));
  const auto tag = TagId::from(desk.done(desk.on_settings(settings::AddTag{{}, "urgent"})).made);
  const auto kim =
      AgentId::from(desk.done(desk.on_desk(desk::AddAgent{{}, Role::agent, {"Kim", {}}, {}})).made);
  desk.done(desk.on_desk(desk::AddQueue{{}, "returns"}));
  std::vector<ConversationId> ids;
  for (int i = 0; i < 12; ++i) {
    const std::string from = "c" + std::to_string(i) + "@example.com";
    ids.push_back(desk.open({.from = from, .key = "open" + from}));
    desk.received({.from = from, .text = "more"});
  }
  desk.received({.from = "c0@example.com", .text = "forwarded", .thread = ids[5]});
  desk.done(desk.on(ids[0], conversation::Assign{kim, {}, true, {}, {}}));
  desk.done(desk.reply(ids[0]));
  desk.done(desk.on(ids[1], conversation::Snooze{desk.time.now() + hour_ms, "tomorrow", {}}));
  desk.done(desk.on(ids[2], conversation::Resolve{}));
  desk.done(desk.on(ids[3], conversation::ChangeTags{{tag}, {}, {}}));
  desk.done(desk.on(ids[4], conversation::Close{}));
  desk.pass(2 * hour_ms);
  return ids;
}
}  // namespace

TEST_CASE("a fold store that was lost, or is older than the log, comes back row by row") {
  EngineFixture desk;
  const auto ids = busy_day(desk);
  const auto live = desk.stored_rows();
  CHECK(live.size() > 100);

  // The record of each new claim changes the rows of the log's state, and nothing else.
  const auto without_log_state = [](std::vector<std::pair<Bytes, Bytes>> rows) {
    std::erase_if(rows, [](const auto& row) { return row.first.size() == 3 && row.first[2] == 'M'; });
    return rows;
  };
  SUBCASE("lost altogether") { desk.crash_and_lose_rows(); }
  SUBCASE("never flushed") { desk.crash(); }
  SUBCASE("older") {
    REQUIRE(desk.engine().maintain(true));
    desk.crash();
  }
  SUBCASE("of another log") {
    // As another log's would be: its state names that one.
    const auto row = desk.fold_store().get(fold_rows::key(0, 'M'));
    REQUIRE(*row);
    Bytes foreign = **row;
    foreign[0] ^= 1;
    REQUIRE(desk.fold_store().write({{fold_rows::key(0, 'M'), foreign}}));
    desk.restart();
  }
  CHECK(without_log_state(desk.stored_rows()) == without_log_state(live));
  CHECK(desk.received({.from = "c3@example.com"}).stream.id == ids[3]);
}

TEST_CASE("the history is complete and dense, and names each event's place") {
  EngineFixture desk;
  busy_day(desk);
  std::map<StreamId, Version> versions;
  std::size_t events = 0;
  for (const Envelope& envelope : desk.envelopes())
    for (const StreamEvent& event : envelope.events) {
      ++events;
      CHECK(event.version == ++versions[event.stream]);
    }
  std::size_t found = 0;
  for (const auto& [stream, version] : versions) {
    const auto stored = desk.events(stream);
    REQUIRE(stored.size() == version);
    for (Version v = 1; v <= version; ++v) CHECK(stored[v - 1].event.version == v);
    found += stored.size();
    const auto row = desk.engine().stream(stream);
    REQUIRE(row);
    REQUIRE(*row);
    CHECK((*row)->second == version);
  }
  CHECK(found == events);
  CHECK(desk.engine().history(StreamId{Category::conversation, {1, 1}}, 1, 10)->empty());
}

TEST_CASE(
    "no envelope holds a person's stream or the link to one together with a conversation, nor names it as "
    "cause") {
  EngineFixture desk;
  const auto ids = busy_day(desk);
  const SubjectId person = desk.received({.from = "c7@example.com"}).subject;
  desk.done(desk.add_identity(person, Channel::email, desk.address_away_from(person.slot())));
  const auto envelopes = desk.envelopes();
  std::map<EnvelopeId, std::pair<bool, bool>> holds;  // a conversation; a person or a link
  std::size_t persons = 0;
  for (const Envelope& envelope : envelopes) {
    auto& [conversation, subject] = holds[envelope.id];
    for (const StreamEvent& event : envelope.events) {
      conversation = conversation || event.stream.category == Category::conversation;
      const auto* door = std::get_if<intake::Event>(&event.body);
      const bool link = door != nullptr && std::holds_alternative<intake::AddressLinked>(*door);
      subject = subject || event.stream.category == Category::subject || link;
    }
    CHECK_FALSE((conversation && subject));
    persons += subject ? 1 : 0;
  }
  CHECK(persons >= 14);
  for (const Envelope& envelope : envelopes)
    for (const EnvelopeId cause : {envelope.causation, envelope.correlation}) {
      if (!cause) continue;
      CHECK_FALSE((holds[envelope.id].first && holds[cause].second));
      CHECK_FALSE((holds[envelope.id].second && holds[cause].first));
    }
}

TEST_CASE("a person whose first event a crash prevented is created at the next start") {
  EngineFixture desk;
  desk.storage->hold_appends(true);
  const Pending pending = desk.send(desk.message({}));
  desk.process->executor.run();
  desk.storage->deliver_all();  // the conversation is in the log, its person is not
  desk.process->executor.run();
  const SubjectId person = pending.outcome().subject;
  REQUIRE(desk.storage->in_flight().size() == 1);
  CHECK_FALSE(*desk.engine().subject(desk.workspace, person));
  desk.storage->lose(desk.storage->in_flight().front().id);
  desk.storage->hold_appends(false);
  SUBCASE("from the rows") {
    REQUIRE(desk.engine().maintain(true));
    desk.crash();
  }
  SUBCASE("from the log") { desk.crash(); }
  CHECK(desk.engine().subject(desk.workspace, person)->has_value());
  CHECK(desk.events(StreamId{Category::subject, person}).size() == 2);
  desk.restart();
  CHECK(desk.events(StreamId{Category::subject, person}).size() == 2);
}

TEST_CASE(
    "without the keys an owner stops at what it cannot open, and folds it later as if nothing had been") {
  EngineFixture desk;
  busy_day(desk);
  const auto live = desk.stored_rows();
  desk.process.reset();
  REQUIRE(desk.rows.drop("fold"));
  desk.keys.set_unavailable(true);
  desk.start();
  std::size_t stopped = 0;
  for (const OwnerStatus& status : desk.status()) {
    if (status.health != OwnerHealth::stopped) continue;
    ++stopped;
    CHECK(status.reason.find("keyring.unavailable") != std::string::npos);
  }
  CHECK(stopped > 0);
  CHECK(desk.ask(desk.message({.from = "c0@example.com"})).result().error().code == Errc::unavailable);
  desk.keys.set_unavailable(false);
  desk.restart();
  for (const OwnerStatus& status : desk.status()) CHECK(status.health == OwnerHealth::owning);
  CHECK(desk.stored_rows().size() == live.size());
}

TEST_CASE("a full disk makes the owners read-only; with space they go on by themselves") {
  EngineFixture desk({.partitions = 1});
  const ConversationId id = desk.open();
  desk.storage->refuse_writes(true);
  const Pending in_flight = desk.send(desk.reply(id));
  desk.settle();
  CHECK(desk.status().front().health == OwnerHealth::read_only);
  // Nobody waits for space: whether it was done is known later, and sending it again is safe.
  CHECK(in_flight.rule() == "log.read_only");
  CHECK(desk.ask(desk.reply(id)).rule() == "log.read_only");
  CHECK(desk.texts(id).size() == 1);
  desk.storage->refuse_writes(false);
  desk.pass(minute_ms);
  CHECK(desk.status().front().health == OwnerHealth::owning);
  CHECK(desk.all<conversation::Replied>(id).empty());
  CHECK(desk.ask(desk.reply(id)).rule() == "done");
  CHECK(desk.all<conversation::Replied>(id).size() == 1);
}

TEST_CASE("what a full disk took after all is found by its repeat") {
  EngineFixture desk({.partitions = 1});
  const ConversationId id = desk.open();
  Request reply = desk.reply(id);
  reply.command = desk.key("reply");
  desk.storage->hold_appends(true);
  const Pending in_flight = desk.send(reply);
  desk.process->executor.run();
  desk.storage->refuse_writes(true);
  for (const auto& flight : desk.storage->in_flight()) {
    (void)desk.storage->land(flight.id);
    desk.storage->report(flight.id, Error{Errc::read_only, "log.read_only"});
  }
  desk.storage->hold_appends(false);
  desk.settle();
  CHECK(in_flight.rule() == "log.read_only");
  desk.storage->refuse_writes(false);
  desk.pass(minute_ms);
  CHECK(desk.all<conversation::Replied>(id).size() == 1);
  CHECK(desk.ask(reply).rule() == "done");
  CHECK(desk.all<conversation::Replied>(id).size() == 1);
}

TEST_CASE("more commands than an owner holds are told to come again") {
  EngineFixture desk({.partitions = 1});
  const ConversationId id = desk.open();
  desk.storage->hold_appends(true);
  std::vector<Pending> all;
  for (std::size_t i = 0; i < owner_commands_max + 10; ++i)
    all.push_back(
        desk.send(desk.on(id, conversation::SetPriority{i % 2 == 0 ? Priority::high : Priority::low, {}})));
  desk.process->executor.run();
  std::size_t overloaded = 0;
  for (const Pending& pending : all)
    overloaded += pending.answered() && pending.rule() == "owner.overloaded" ? 1 : 0;
  CHECK(overloaded == 10);
  desk.storage->hold_appends(false);
  desk.storage->deliver_all();
  desk.settle();
  for (const Pending& pending : all) CHECK(pending.answered());
  CHECK(desk.state(id).priority == Priority::low);
}

TEST_CASE("a stop answers everybody, and what was in flight is found out by the same key") {
  EngineFixture desk({.partitions = 1});
  const ConversationId id = desk.open();
  desk.storage->hold_appends(true);
  const Pending in_flight = desk.send(desk.message({.text = "in flight", .key = "k"}));
  const Pending waits = desk.send(desk.on(id, conversation::SetPriority{Priority::normal, {}}));
  desk.settle();
  bool stopped = false;
  desk.engine().stop([&] { stopped = true; });
  desk.process->executor.run();
  CHECK(stopped);
  CHECK(in_flight.result().error().code == Errc::unavailable);
  CHECK(waits.result().error().code == Errc::unavailable);
  CHECK(desk.ask(desk.reply(id)).result().error().code == Errc::unavailable);
  desk.storage->deliver_all();  // it landed all the same
  desk.storage->hold_appends(false);
  desk.restart();
  CHECK(desk.received({.text = "in flight", .key = "k"}).replayed);
  CHECK(desk.texts(id) == std::vector<std::string>{"hello", "in flight"});
}

TEST_CASE("commands that come before the claim wait for it") {
  EngineFixture desk;
  desk.process.reset();
  desk.process = std::make_unique<EngineProcess>(desk.storage, desk.rows, desk.keys, desk.time, 5);
  const Pending early = desk.send(desk.message({}));
  desk.engine().start();
  CHECK_FALSE(early.answered());
  desk.settle();
  CHECK(early.outcome().opened);
}
