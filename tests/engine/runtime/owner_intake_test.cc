// Which conversation a message joins, through the whole write side.
#include <algorithm>
#include <random>
#include <set>

#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

TEST_CASE("the first message from an unknown address opens a conversation, and its person follows") {
  EngineFixture desk;
  const Outcome outcome = desk.received({.text = "where is my parcel?"});
  CHECK(outcome.opened);
  CHECK_FALSE(outcome.replayed);
  CHECK(outcome.version == 2);
  CHECK(outcome.message);
  CHECK(outcome.ticket_number == 256U + outcome.stream.id.slot());
  CHECK(outcome.positions.size() == 1);
  REQUIRE(outcome.subject);
  const ConversationId id = desk.conversation_of(outcome);
  CHECK(desk.texts(id) == std::vector<std::string>{"where is my parcel?"});
  CHECK(desk.state(id).phase == conversation::Phase::fresh);

  const auto person = desk.engine().subject(desk.workspace, outcome.subject);
  REQUIRE(person);
  REQUIRE(*person);
  CHECK((*person)->identities.size() == 1);
  CHECK(*desk.engine().conversations_of(outcome.subject) == std::vector{id});
}

TEST_CASE("a second message joins, another store or channel opens another conversation of the same person") {
  EngineFixture desk;
  const Outcome first = desk.received({.text = "one"});
  const Outcome second = desk.received({.text = "two"});
  CHECK(second.stream == first.stream);
  CHECK_FALSE(second.opened);
  CHECK(second.version == 3);
  CHECK(second.ticket_number == first.ticket_number);
  CHECK(desk.texts(desk.conversation_of(first)) == std::vector<std::string>{"one", "two"});

  const Outcome elsewhere = desk.received({.account = "other shop"});
  CHECK(elsewhere.opened);
  CHECK(elsewhere.subject == first.subject);
  CHECK(elsewhere.ticket_number == first.ticket_number + 256);

  const Outcome chat = desk.received({.from = "ada@example.com", .channel = Channel::chat});
  CHECK(chat.opened);
  CHECK(chat.stream != first.stream);
}

TEST_CASE("a message within the reopen window reopens, one after it opens another conversation") {
  EngineFixture desk;
  desk.done(desk.policy({.first_response_ms = {}, .auto_close_ms = {}, .reopen_window_ms = day_ms}));
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::Resolve{}));
  desk.pass(day_ms - minute_ms);
  const Outcome within = desk.received({.text = "still broken"});
  CHECK(within.stream.id == id);
  CHECK(desk.state(id).phase == conversation::Phase::open);
  CHECK(desk.state(id).episode == 2);

  desk.done(desk.on(id, conversation::Resolve{}));
  desk.pass(day_ms + minute_ms);
  const Outcome after = desk.received({.text = "another matter"});
  CHECK(after.opened);
  CHECK(after.stream.id != id);
  CHECK(desk.state(id).phase == conversation::Phase::resolved);

  // A thread reference reopens it however old it is.
  const Outcome threaded = desk.received({.text = "about the first", .thread = id});
  CHECK(threaded.stream.id == id);
  CHECK(desk.state(id).phase == conversation::Phase::open);
}

TEST_CASE("a message that comes when the auto-close is due, but has not fired, opens a conversation") {
  EngineFixture desk;
  desk.done(desk.policy({.first_response_ms = {}, .auto_close_ms = hour_ms}));
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::Resolve{}));
  desk.time.advance(hour_ms);
  const Outcome late = desk.received({.text = "one more thing"});
  CHECK(late.opened);
  CHECK(desk.texts(desk.conversation_of(late)) == std::vector<std::string>{"one more thing"});
  CHECK(desk.received({.text = "by thread", .thread = id}).stream == late.stream);
}

TEST_CASE("a reply to an earlier message goes where that one went, certain or in flight") {
  EngineFixture desk;
  const Outcome shop = desk.received({.text = "to the shop", .key = "m1"});
  const Outcome other = desk.received({.account = "other shop", .key = "m2"});
  REQUIRE(shop.stream != other.stream);
  CHECK(desk.received({.account = "other shop", .in_reply_to = "m1"}).stream == shop.stream);
  CHECK(desk.received({.account = "other shop", .in_reply_to = "nobody"}).stream == other.stream);

  desk.storage->hold_appends(true);
  const Pending first = desk.send(desk.message({.account = "third", .key = "m3"}));
  const Pending second = desk.send(desk.message({.account = "shop", .in_reply_to = "m3"}));
  desk.settle();
  desk.storage->deliver_all();
  desk.settle();
  CHECK(second.outcome().stream == first.outcome().stream);
}

TEST_CASE("somebody else's message by thread joins as a participant, once") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  std::string friend_address;
  for (int i = 0; friend_address.empty(); ++i) {
    const std::string address = "friend" + std::to_string(i) + "@example.com";
    if (slot_of_address(desk.keys, desk.workspace, Channel::email, address) == id.slot())
      friend_address = address;
  }
  CHECK(desk.received({.from = friend_address, .text = "me too", .thread = id}).stream.id == id);
  CHECK(desk.received({.from = friend_address, .text = "again", .thread = id}).stream.id == id);
  CHECK(desk.all<conversation::ParticipantJoined>(id).size() == 1);
  const auto messages = desk.all<conversation::MessageReceived>(id);
  REQUIRE(messages.size() == 3);
  CHECK(messages[1].author == messages[2].author);
  CHECK(messages[0].author != messages[1].author);
}

TEST_CASE("a thread reference into another workspace is none") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  Request foreign = desk.message({.text = "let me in", .thread = id});
  foreign.workspace = WorkspaceId::from({5, 0});
  foreign.slot = id.slot();
  const Outcome outcome = desk.done(foreign);
  CHECK(outcome.opened);
  CHECK(outcome.stream.id != id);
  Request reply = desk.reply(id);
  reply.workspace = foreign.workspace;
  CHECK(desk.ask(reply).rule() == "conversation.not_found");
}

TEST_CASE("a storm of doubled, shuffled messages makes one conversation with each of them once") {
  for (const bool exclusive : {true, false}) {
    CAPTURE(exclusive);
    EngineFixture desk({.exclusive = exclusive});
    desk.storage->hold_appends(true);
    std::vector<int> order;
    for (int i = 0; i < 40; ++i)
      for (int copies = 0; copies < 3; ++copies) order.push_back(i);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(7));
    std::vector<Pending> answers;
    for (const int i : order) {
      answers.push_back(desk.send(desk.message({.text = std::to_string(i), .key = "k" + std::to_string(i)})));
      if (answers.size() % 7 == 0) desk.process->executor.run();
      if (answers.size() % 11 == 0) desk.storage->deliver_all();
    }
    desk.storage->hold_appends(false);
    for (int i = 0; i < 5; ++i) {
      desk.process->executor.run();
      desk.storage->deliver_all();
    }
    desk.settle();
    CHECK(desk.conversations() == 1);
    std::size_t first = 0;
    for (const Pending& answer : answers) {
      CHECK(answer.outcome().stream == answers.front().outcome().stream);
      first += answer.outcome().replayed ? 0 : 1;
    }
    CHECK(first == 40);
    auto texts = desk.texts(desk.conversation_of(answers.front().outcome()));
    CHECK(texts.size() == 40);
    CHECK(std::set<std::string>(texts.begin(), texts.end()).size() == 40);
  }
}

TEST_CASE("the previews follow the last message, also while all is in flight") {
  EngineFixture desk;
  desk.storage->hold_appends(true);
  const Pending opened = desk.send(desk.message({.text = "hello there"}));
  desk.settle();
  const auto ids = [&] {
    for (const auto& flight : desk.storage->in_flight()) {
      const auto parsed = parse_record(desk.storage->options().id, *flight.bytes);
      const auto envelope = decode_envelope((*parsed)->body);
      if (envelope && !envelope->events.empty()) return ConversationId::from(envelope->events[0].stream.id);
    }
    return ConversationId{};
  }();
  REQUIRE(ids);
  const Pending prioritised = desk.send(desk.on(ids, conversation::SetPriority{Priority::high, {}}));
  const Pending answered = desk.send(desk.reply(ids, "good day"));
  desk.settle();
  desk.storage->deliver_all();
  desk.settle();
  CHECK(opened.outcome().opened);
  CHECK(prioritised.rule() == "done");
  REQUIRE(answered.rule() == "done");
  const auto preview = desk.engine().door().open<Preview>(engine_principal, Purpose::engine, desk.workspace,
                                                          *desk.state(ids).preview);
  REQUIRE(std::holds_alternative<Preview>(preview));
  CHECK(std::get<Preview>(preview).text == "good day");
  CHECK(std::get<Preview>(preview).name == "Ada");
  CHECK(std::get<Preview>(preview).account == "shop");
}

TEST_CASE("an agent writes first, and the customer's answer joins") {
  EngineFixture desk;
  Request request = desk.message({.from = "bob@example.com"});
  OpenByAgent open;
  open.channel = Channel::email;
  open.account = "shop";
  open.store = store_id(desk.keys, desk.workspace, open.channel, open.account);
  open.address = "bob@example.com";
  open.agent = desk.agent;
  open.content.text = "your warranty ends";
  open.content.sender_name = "Bob";
  open.at = desk.time.now();
  request.action = open;
  const Outcome outcome = desk.done(request);
  CHECK(outcome.opened);
  const ConversationId id = desk.conversation_of(outcome);
  CHECK(desk.all<conversation::Opened>(id).front().by_agent);
  CHECK(desk.received({.from = "bob@example.com", .text = "thanks"}).stream.id == id);
  CHECK(desk.state(id).participants.empty());
}
