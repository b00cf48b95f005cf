// Redaction, undo, drafts and settings, through the owner.
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

/// "value", "erased" or "redacted"; any error's rule.
template <class T> std::string state_of(EngineFixture& desk, const Sealed& sealed) {
  const auto opened = desk.engine().door().open<T>(engine_principal, Purpose::engine, desk.workspace, sealed);
  if (const auto* erased = std::get_if<Erased>(&opened)) return erased->redacted ? "redacted" : "erased";
  if (const auto* closed = std::get_if<Unavailable>(&opened)) return std::string(closed->error.rule);
  return "value";
}
std::vector<std::string> states(EngineFixture& desk, ConversationId id) {
  std::vector<std::string> out;
  for (const auto& m : desk.all<conversation::MessageReceived>(id))
    out.push_back(state_of<MessageContent>(desk, m.content.sealed()));
  return out;
}
/// The capsule of every preview there ever was, oldest first.
std::vector<Sealed> previews(EngineFixture& desk, ConversationId id) {
  std::vector<Sealed> out;
  for (const RecordedEvent& recorded : desk.events(id))
    std::visit(
        [&](const auto& e) {
          if constexpr (requires { e.preview.sealed(); }) out.push_back(e.preview.sealed());
          if constexpr (requires { e.preview->sealed(); })
            if (e.preview) out.push_back(e.preview->sealed());
        },
        std::get<conversation::Event>(recorded.event.body));
  return out;
}
Preview preview_now(EngineFixture& desk, ConversationId id) {
  auto opened = desk.engine().door().open<Preview>(engine_principal, Purpose::engine, desk.workspace,
                                                   *desk.state(id).preview);
  REQUIRE(std::holds_alternative<Preview>(opened));
  return std::get<Preview>(opened);
}
Request undo(EngineFixture& desk, ConversationId id) {
  conversation::Undo command;
  command.by = {ActorKind::agent, desk.agent};
  command.agent = desk.agent;
  return desk.on(id, std::move(command));
}
Request keep(EngineFixture& desk, ConversationId id, std::string text, DraftKind kind = DraftKind::reply) {
  OnDraft action;
  action.conversation = id;
  action.agent = desk.agent;
  action.command.text = std::move(text);
  action.command.kind = kind;
  action.command.at = desk.time.now();
  Request request;
  request.workspace = desk.workspace;
  request.slot = id.slot();
  request.actor = {ActorKind::agent, desk.agent};
  request.action = std::move(action);
  return request;
}
std::string draft_text(EngineFixture& desk, ConversationId id) {
  const auto kept = desk.engine().draft(desk.workspace, id, desk.agent);
  REQUIRE(kept);
  if (!*kept) return "(none)";
  auto opened = desk.engine().door().open<std::string>(engine_principal, Purpose::engine, desk.workspace,
                                                       *(*kept)->text);
  return std::holds_alternative<std::string>(opened) ? std::get<std::string>(opened) : "(closed)";
}

}  // namespace

// ---- redaction ----

TEST_CASE("a redacted message is gone with every preview of its words, and the others stay") {
  EngineFixture desk;
  const Outcome first = desk.received({.text = "my card is 4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.received({.text = "are you there?"});
  desk.done(desk.reply(id, "yes"));
  const auto before = previews(desk, id);
  REQUIRE(before.size() == 3);
  const Outcome done = desk.done(desk.redact(id, *first.message));
  CHECK(done.stream.id == id);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { desk.restart(); }
  SUBCASE("after a crash") { desk.crash(); }
  SUBCASE("after the rows were lost") { desk.crash_and_lose_rows(); }
  CHECK(states(desk, id) == std::vector<std::string>{"redacted", "value"});
  for (const Sealed& preview : before) CHECK(state_of<Preview>(desk, preview) == "redacted");
  CHECK(preview_now(desk, id).text == "yes");
  CHECK(preview_now(desk, id).name == "Ada");
  for (const auto& reply : desk.all<conversation::Replied>(id))
    CHECK(state_of<MessageContent>(desk, reply.content.sealed()) == "value");
  // What comes after is not touched, and goes on from the preview without its words.
  desk.received({.text = "good"});
  CHECK(preview_now(desk, id).text == "good");
  CHECK(desk.all<conversation::MessageRedacted>(id).size() == 1);
  CHECK(desk.done(desk.redact(id, *first.message)).version == desk.events(id).back().event.version);
  CHECK(desk.all<conversation::MessageRedacted>(id).size() == 1);
}

TEST_CASE("the last message's words leave the preview, and so does a subject line of its own") {
  EngineFixture desk;
  Request message = desk.message({.text = "secret"});
  std::get<Arrive>(message.action).content.subject_line = "about a secret";
  const Outcome first = desk.done(std::move(message));
  const ConversationId id = desk.conversation_of(first);
  CHECK(preview_now(desk, id).subject_line == "about a secret");
  desk.done(desk.redact(id, *first.message));
  CHECK(preview_now(desk, id) == Preview{"Ada", "", "", "shop"});
}

TEST_CASE("a note and a reply are redacted likewise, and what is not there is not found") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  conversation::Note note;
  note.content.text = "she said 4111";
  const Outcome noted = desk.done(desk.on(id, note));
  const Outcome replied = desk.done(desk.reply(id, "thank you, 4111"));
  desk.done(desk.redact(id, *noted.message));
  desk.done(desk.redact(id, *replied.message));
  CHECK(state_of<MessageContent>(desk, desk.all<conversation::NoteAdded>(id)[0].content.sealed()) ==
        "redacted");
  CHECK(state_of<MessageContent>(desk, desk.all<conversation::Replied>(id)[0].content.sealed()) ==
        "redacted");
  CHECK(preview_now(desk, id).text.empty());
  CHECK(desk.ask(desk.redact(id, MessageId::from({1, 1}))).rule() == "message.not_found");
  const ConversationId other = desk.open({.from = "eve@example.com"});
  CHECK(desk.ask(desk.redact(other, *noted.message)).rule() == "message.not_found");
}

TEST_CASE("a redaction that is on record is carried out after a crash, whoever knows of it") {
  EngineFixture desk;
  const Outcome first = desk.received({.text = "4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.storage->hold_appends(true);
  Pending pending = desk.send(desk.redact(id, *first.message, "k"));
  desk.settle();
  CHECK_FALSE(pending.answered());
  CHECK(states(desk, id) == std::vector<std::string>{"value"});
  const auto flights = desk.storage->in_flight();
  REQUIRE(flights.size() == 1);
  SUBCASE("it never came to be") {
    desk.storage->hold_appends(false);
    desk.crash();
    CHECK(states(desk, id) == std::vector<std::string>{"value"});
    CHECK(desk.all<conversation::MessageRedacted>(id).empty());
  }
  SUBCASE("it landed, and nobody was told") {
    desk.storage->land(flights[0].id);
    CHECK(states(desk, id) == std::vector<std::string>{"value"});
    desk.storage->hold_appends(false);
    SUBCASE("then a crash") { desk.crash(); }
    SUBCASE("then a crash, and the rows were lost") { desk.crash_and_lose_rows(); }
    CHECK(states(desk, id) == std::vector<std::string>{"redacted"});
    const Outcome repeat = desk.done(desk.redact(id, *first.message, "k"));
    CHECK(repeat.replayed);
    CHECK(desk.all<conversation::MessageRedacted>(id).size() == 1);
  }
}

TEST_CASE("a redaction that cannot be carried out says so, and is when it can be") {
  EngineFixture desk;
  const Outcome first = desk.received({.text = "4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.storage->hold_appends(true);
  Pending pending = desk.send(desk.redact(id, *first.message, "k"));
  desk.settle();
  const auto flights = desk.storage->in_flight();
  REQUIRE(flights.size() == 1);
  desk.storage->land(flights[0].id);
  desk.storage->refuse_writes(true);
  desk.storage->report(flights[0].id);
  desk.settle();
  CHECK(pending.rule() == "command.unfinished");
  CHECK(states(desk, id) == std::vector<std::string>{"value"});
  desk.storage->refuse_writes(false);
  desk.storage->hold_appends(false);
  SUBCASE("at the next tick") { desk.pass(1000); }
  SUBCASE("by the repeat") { CHECK(desk.done(desk.redact(id, *first.message, "k")).replayed); }
  SUBCASE("after a restart") { desk.restart(); }
  CHECK(states(desk, id) == std::vector<std::string>{"redacted"});
}

TEST_CASE("what is redacted stays so when the person is erased") {
  EngineFixture desk;
  const Outcome first = desk.received({.text = "4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.done(desk.redact(id, *first.message));
  const auto rows = desk.engine().door().rows_of(desk.workspace, first.subject);
  REQUIRE(rows);
  REQUIRE(desk.engine().door().destroy(std::span<const ReferenceId>(*rows), 20'000));
  CHECK(states(desk, id) == std::vector<std::string>{"erased"});
}

// ---- undo ----

TEST_CASE("one's last act is undone within ten minutes, also after a crash") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  desk.done(desk.reply(id));
  desk.done(desk.on(id, conversation::Resolve{}));
  CHECK(desk.state(id).phase == conversation::Phase::resolved);
  SUBCASE("at once") {}
  SUBCASE("after a crash") { desk.crash(); }
  SUBCASE("after the rows were lost") { desk.crash_and_lose_rows(); }
  const auto last = desk.engine().last_act(desk.workspace, id, {ActorKind::agent, desk.agent});
  REQUIRE(last);
  REQUIRE(*last);
  CHECK((*last)->act == conversation::Act::resolved);
  CHECK(desk.done(undo(desk, id)).undone == conversation::Act::resolved);
  CHECK(desk.state(id).phase == conversation::Phase::open);
  CHECK(desk.ask(undo(desk, id)).rule() == "conversation.nothing_to_undo");
}
TEST_CASE("an act of long ago, or of somebody else's, is not undone") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::SetPriority{Priority::high, {}}));
  Request theirs = undo(desk, id);
  std::get<conversation::Undo>(std::get<OnConversation>(theirs.action).command).by.id = {8, 8};
  CHECK(desk.ask(std::move(theirs)).rule() == "conversation.nothing_to_undo");
  desk.pass(11 * minute_ms);
  CHECK(desk.ask(undo(desk, id)).rule() == "conversation.nothing_to_undo");
}
TEST_CASE("a text that was taken out of a field comes back, sealed anew") {
  EngineFixture desk;
  settings::DefineField define;
  define.field.name = "order";
  define.field.kind = FieldKind::text;
  const auto field = FieldId::from(desk.done(desk.on_settings(define)).made);
  const ConversationId id = desk.open();
  const auto set = [&](conversation::FieldValue value) {
    conversation::SetFields command;
    command.changes.push_back({field, std::move(value)});
    desk.done(desk.on(id, std::move(command)));
  };
  set(Personal<std::string>("A-1", {}, FieldClass::content));
  set({});
  CHECK(desk.state(id).fields.empty());
  desk.done(undo(desk, id));
  const conversation::State state = desk.state(id);
  REQUIRE(state.fields.size() == 1);
  const auto& text = std::get<Personal<std::string>>(state.fields[0].value);
  auto opened = desk.engine().door().open<std::string>(engine_principal, Purpose::engine, desk.workspace,
                                                       text.sealed());
  REQUIRE(std::holds_alternative<std::string>(opened));
  CHECK(std::get<std::string>(opened) == "A-1");
}

// ---- drafts ----

TEST_CASE("a draft is kept over restarts, moves no version of the conversation, and goes when it is sent") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  const auto versions = desk.events(id).size();
  CHECK(draft_text(desk, id) == "(none)");
  desk.done(keep(desk, id, "Dear"));
  desk.done(keep(desk, id, "Dear Ada"));
  SUBCASE("at once") {}
  SUBCASE("after a crash") { desk.crash(); }
  SUBCASE("after the rows were lost") { desk.crash_and_lose_rows(); }
  CHECK(draft_text(desk, id) == "Dear Ada");
  const auto drafts = desk.engine().drafts(id);
  REQUIRE(drafts);
  REQUIRE(drafts->size() == 1);
  CHECK((*drafts)[0].agent == desk.agent);
  CHECK(desk.events(id).size() == versions);
  const Outcome sent = desk.done(desk.reply(id, "Dear Ada, yes"));
  CHECK(sent.stream == StreamId{Category::conversation, id});
  CHECK(sent.version == versions + 1);
  CHECK(draft_text(desk, id) == "(none)");
  CHECK(desk.engine().drafts(id)->empty());
}
TEST_CASE("a note leaves the draft of a reply, and an empty text throws it away") {
  EngineFixture desk;
  const ConversationId id = desk.open();
  desk.done(keep(desk, id, "Dear"));
  conversation::Note note;
  note.agent = desk.agent;
  note.content.text = "she called";
  desk.done(desk.on(id, note));
  CHECK(draft_text(desk, id) == "Dear");
  desk.done(keep(desk, id, ""));
  CHECK(draft_text(desk, id) == "(none)");
  CHECK(desk.ask(keep(desk, ConversationId::from({5, 5}), "to nobody")).rule() == "conversation.not_found");
}

// ---- settings ----

TEST_CASE("every decision says on which settings it was made") {
  EngineFixture desk;
  settings::DefineType define;
  define.type.name = "complaint";
  const Outcome defined = desk.done(desk.on_settings(define));
  const ConversationId id = desk.open();
  desk.done(desk.on(id, conversation::SetType{TypeId::from(defined.made), {}}));
  CHECK(desk.events(id).back().settings_version == defined.version);
  CHECK(desk.state(id).type == TypeId::from(defined.made));
  define.type = {TypeId::from(defined.made), "complaint", true};
  define.anew = false;
  const Outcome retired = desk.done(desk.on_settings(define));
  desk.done(desk.on(id, conversation::SetType{{}, {}}));
  CHECK(desk.events(id).back().settings_version == retired.version);
  CHECK(desk.ask(desk.on(id, conversation::SetType{TypeId::from(defined.made), {}})).rule() ==
        "type.unknown");
}
