// What destroying a person's key rows does to the write side.
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
void erase(EngineFixture& desk, SubjectId person) {
  const auto rows = desk.engine().door().rows_of(desk.workspace, person);
  REQUIRE(rows);
  REQUIRE_FALSE(rows->empty());
  REQUIRE(desk.engine().door().destroy(*rows, 20'000));
}
/// An address whose door is the given slot.
std::string address_in(EngineFixture& desk, Slot slot) {
  for (int i = 0;; ++i) {
    std::string address = "other" + std::to_string(i) + "@example.com";
    if (slot_of_address(desk.keys, desk.workspace, Channel::email, address) == slot) return address;
  }
}
}  // namespace

TEST_CASE("after an erasure the same address starts anew, and nothing is lost") {
  EngineFixture desk;
  const Outcome before = desk.received({.text = "my secret", .key = "k1"});
  const ConversationId old = desk.conversation_of(before);
  desk.received({.text = "more"});
  erase(desk, before.subject);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { desk.restart(); }
  SUBCASE("after the rows were lost") { desk.crash_and_lose_rows(); }

  for (const OwnerStatus& status : desk.status()) CHECK(status.health == OwnerHealth::owning);
  CHECK(desk.texts(old) == std::vector<std::string>{"(closed)", "(closed)"});
  const Outcome after = desk.received({.text = "hello again"});
  CHECK(after.opened);
  CHECK(after.stream != before.stream);
  REQUIRE(after.subject);
  CHECK(after.subject != before.subject);
  CHECK(desk.texts(desk.conversation_of(after)) == std::vector<std::string>{"hello again"});
  CHECK(desk.received({.text = "and again"}).stream == after.stream);
  CHECK(desk.engine().subject(desk.workspace, after.subject)->has_value());

  CHECK(desk.received({.text = "by thread", .thread = old}).stream == after.stream);
  CHECK(desk.ask(desk.reply(old)).rule() == "subject.erased");
  // What says nothing of a person still works: the statistics stay.
  CHECK(desk.ask(desk.on(old, conversation::Close{})).rule() == "done");
  // The repeat of what was erased is not done again.
  const Outcome repeat = desk.received({.text = "my secret", .key = "k1"});
  CHECK(repeat.replayed);
  CHECK(repeat.stream == before.stream);
}

TEST_CASE("somebody else's message by thread to an erased conversation opens one of their own") {
  EngineFixture desk;
  const Outcome before = desk.received({});
  const ConversationId old = desk.conversation_of(before);
  erase(desk, before.subject);
  std::string from;
  SUBCASE("in the same slot") { from = address_in(desk, old.slot()); }
  SUBCASE("from another slot") { from = desk.address_away_from(old.slot()); }
  const Outcome outcome = desk.received({.from = from, .text = "hi", .thread = old});
  CHECK(outcome.opened);
  CHECK(desk.texts(desk.conversation_of(outcome)) == std::vector<std::string>{"hi"});
}

TEST_CASE("an erased participant writes again under a new reference") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const std::string from = address_in(desk, id.slot());
  const Outcome joined = desk.received({.from = from, .text = "one", .thread = id});
  erase(desk, joined.subject);
  const Outcome again = desk.received({.from = from, .text = "two", .thread = id});
  CHECK(again.stream.id == id);
  CHECK(again.subject != joined.subject);
  CHECK(desk.all<conversation::ParticipantJoined>(id).size() == 2);
  CHECK(desk.texts(id) == std::vector<std::string>{"hello", "(closed)", "two"});
}

TEST_CASE("the repeat of a forwarded message after its sender was erased is the first one") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const std::string from = desk.address_away_from(id.slot());
  const Outcome first = desk.received({.from = from, .text = "hi", .key = "k", .thread = id});
  CHECK(first.stream.id == id);
  erase(desk, first.subject);
  const Outcome repeat = desk.received({.from = from, .text = "hi", .key = "k", .thread = id});
  CHECK(repeat.replayed);
  CHECK(repeat.stream.id == id);
  CHECK(desk.conversations() == 1);
  CHECK(desk.texts(id) == std::vector<std::string>{"hello", "(closed)"});
}

TEST_CASE("what cannot be read is not taken for not erased") {
  EngineFixture desk;
  const Outcome before = desk.received({.account = "one shop"});
  erase(desk, before.subject);
  desk.storage->fail_reads(unavailable("log.unavailable"));
  CHECK(desk.ask(desk.message({.account = "another"})).result().error().code == Errc::unavailable);
  desk.storage->fail_reads(std::nullopt);
  const Outcome after = desk.received({.account = "another"});
  CHECK(after.opened);
  CHECK(after.subject != before.subject);
  CHECK(desk.engine().door().rows_of(desk.workspace, before.subject)->empty());
}

TEST_CASE("timers of an erased conversation fire, and the deciders go on") {
  EngineFixture desk;
  const Outcome before = desk.received({});
  const ConversationId id = desk.conversation_of(before);
  desk.done(desk.on(id, conversation::Snooze{desk.time.now() + hour_ms, {}, {}}));
  erase(desk, before.subject);
  desk.pass(2 * hour_ms);
  CHECK(desk.all<conversation::Woken>(id).size() == 1);
}
