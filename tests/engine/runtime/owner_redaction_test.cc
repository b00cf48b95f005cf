// What a redaction does to keys: an older copy of the message opens no more, and all else goes on opening.
#include <map>

#include "engine/runtime/grant.h"
#include "engine/runtime/streams.h"
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

struct Opens {
  Sealed sealed;
  CapsuleSchema schema = CapsuleSchema::text;
  Bytes plain;  ///< re-encoded; empty where it does not open
  std::string state;
};
using All = std::map<CapsuleId, Opens>;

/// Every capsule that the log names, with what the door says of it now.
All everything(EngineFixture& desk) {
  All out;
  auto envelopes = desk.envelopes();
  for (Envelope& envelope : envelopes)
    for (StreamEvent& event : envelope.events) {
      const auto visit = [&]<class T>(const Personal<T>& field) {
        Opens one{field.sealed(), capsule_schema<T>, {}, {}};
        auto opened = desk.engine().door().open<T>(engine_principal, Purpose::engine, envelope.workspace,
                                                   field.sealed());
        if (const auto* value = std::get_if<T>(&opened)) {
          one.plain = encode_plain(*value);
          one.state = "value";
        } else if (const auto* erased = std::get_if<Erased>(&opened)) {
          one.state = erased->redacted ? "redacted" : "erased";
        } else {
          one.state = std::get<Unavailable>(opened).error.rule;
        }
        out.emplace(field.sealed().capsule, std::move(one));
      };
      std::visit(
          [&](auto& category) {
            std::visit(
                [&](auto& e) {
                  if constexpr (requires { e.each_personal(visit); }) e.each_personal(visit);
                },
                category);
          },
          event.body);
    }
  return out;
}

/// All that opened before opens to the same, but for what was redacted since; nothing is unreadable.
void check_kept(const All& before, const All& after) {
  for (const auto& [id, now] : after) {
    CHECK((now.state == "value" || now.state == "redacted"));
    const auto was = before.find(id);
    if (was != before.end() && now.state == "value") CHECK(was->second.plain == now.plain);
  }
}

/// The vault as it was: the thief's copy.
struct Copy {
  std::map<Bytes, Bytes> capsules;
  explicit Copy(EngineFixture& desk) {
    REQUIRE(desk.process->vault.scan(VaultFamily::capsules, [&](ByteView key, ByteView value) {
      capsules.emplace(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
      return true;
    }));
  }
  /// Whether the copy's capsule opens under the present row, by itself or by the copy's grant.
  [[nodiscard]] bool opens(EngineFixture& desk, const Opens& what) const {
    Door fresh(desk.process->vault, desk.keys, desk.process->random);
    const auto row = fresh.row(desk.workspace, what.sealed.reference);
    REQUIRE(std::holds_alternative<KeyRow>(row));
    const auto& keys = std::get<KeyRow>(row);
    REQUIRE(keys.contact);
    const auto capsule = capsules.find(capsule_key(what.sealed.capsule));
    REQUIRE(capsule != capsules.end());
    const CapsuleContext context{desk.workspace, what.sealed.capsule, what.sealed.reference,
                                 what.sealed.field_class, what.schema};
    for (const Key& key : {keys.content, keys.files, *keys.contact}) {
      if (open_capsule(key, context, capsule->second)) return true;
      for (const GrantPlace place : grant_places) {
        const auto grant = capsules.find(grant_key(what.sealed.capsule, place));
        if (grant == capsules.end()) continue;
        const auto sealing = open_grant(key, context, capsule->second, grant->second);
        if (sealing && open_capsule(*sealing, context, capsule->second)) return true;
      }
    }
    return false;
  }
};
/// Of what was redacted between the two, nothing opens from the copy; how much that was.
std::size_t check_shredded(EngineFixture& desk, const Copy& copy, const All& before, const All& after) {
  std::size_t gone = 0;
  for (const auto& [id, now] : after) {
    if (now.state != "redacted" || !before.contains(id) || before.at(id).state != "value") continue;
    ++gone;
    CHECK_FALSE(copy.opens(desk, now));
  }
  return gone;
}

Request keep(EngineFixture& desk, ConversationId id, AgentId agent, std::string text) {
  OnDraft action;
  action.conversation = id;
  action.agent = agent;
  action.command.text = std::move(text);
  action.command.kind = DraftKind::reply;
  action.command.at = desk.time.now();
  Request request;
  request.workspace = desk.workspace;
  request.slot = id.slot();
  request.actor = {ActorKind::agent, agent};
  request.action = std::move(action);
  return request;
}
Request with_file(Request request, std::string name) {
  Attachment file;
  file.name = std::move(name);
  file.data = "the content";
  std::get<Arrive>(request.action).attachments.push_back(std::move(file));
  return request;
}

/// A conversation with some of everything: requester and a participant from another slot, replies, a note, drafts of two
/// agents (one thrown away), a field, a reason.
struct Scene {
  ConversationId id;
  std::vector<MessageId> messages;
  ReferenceId requester, participant;
};
Scene scene(EngineFixture& desk) {
  Scene out;
  settings::DefineField define;
  define.field.name = "order";
  define.field.kind = FieldKind::text;
  const auto field = FieldId::from(desk.done(desk.on_settings(define)).made);

  const Outcome first = desk.done(with_file(desk.message({.text = "my card is 4111"}), "card.png"));
  out.id = desk.conversation_of(first);
  out.messages.push_back(*first.message);
  out.messages.push_back(*desk.received({.text = "and 4112"}).message);
  const std::string guest = desk.address_away_from(out.id.slot());
  out.messages.push_back(
      *desk.received({.from = guest, .text = "I am 4113", .thread = out.id, .name = "Guest"}).message);
  desk.done(keep(desk, out.id, desk.agent, "Dear"));
  desk.done(keep(desk, out.id, desk.agent, "Dear Ada"));
  const auto other_agent = AgentId::from({8, 8});
  desk.done(keep(desk, out.id, other_agent, "Hm"));
  desk.done(keep(desk, out.id, other_agent, ""));
  out.messages.push_back(*desk.done(desk.reply(out.id, "dear 4114")).message);
  conversation::Note note;
  note.agent = desk.agent;
  note.content.text = "she said 4115";
  out.messages.push_back(*desk.done(desk.on(out.id, note)).message);
  desk.done(keep(desk, out.id, desk.agent, "once more"));
  conversation::SetFields set;
  set.changes.push_back({field, Personal<std::string>("A-1", {}, FieldClass::content)});
  desk.done(desk.on(out.id, std::move(set)));
  out.messages.push_back(*desk.received({.text = "still there?"}).message);
  out.requester = desk.all<conversation::MessageReceived>(out.id)[0].author;
  out.participant = desk.all<conversation::MessageReceived>(out.id)[2].author;
  REQUIRE(out.requester != out.participant);
  return out;
}
Bytes row_of(EngineFixture& desk, ReferenceId reference) {
  const auto row = desk.process->vault.get(VaultFamily::rows, reference.bytes());
  REQUIRE(row);
  REQUIRE(*row);
  return **row;
}

}  // namespace

TEST_CASE("older copies of redacted messages open no more, one after the other, and all else does") {
  EngineFixture desk;
  const Scene s = scene(desk);
  const auto again = [&](int round) {
    if (round % 3 == 1) desk.restart();
    if (round % 3 == 2) desk.crash_and_lose_rows();
  };
  int round = 0;
  SUBCASE("at once") { round = -100; }
  SUBCASE("over restarts and lost rows") {}
  std::vector<std::pair<Copy, All>> copies;
  // The participant's, the reply, the note, then the requester's own.
  for (const std::size_t n : {2U, 3U, 4U, 0U, 1U}) {
    copies.emplace_back(Copy(desk), everything(desk));
    desk.done(desk.redact(s.id, s.messages[n]));
    if (round >= 0) again(round++);
    for (const OwnerStatus& status : desk.status()) CHECK(status.health == OwnerHealth::owning);
    const All after = everything(desk);
    for (const auto& [copy, before] : copies) {
      check_kept(before, after);
      CHECK(check_shredded(desk, copy, before, after) > 0);
    }
    desk.received({.text = "something new"});
    check_kept(after, everything(desk));
  }
  CHECK(desk.texts(s.id).back() == "something new");
  CHECK(desk.all<conversation::MessageRedacted>(s.id).size() == 5);
  // The repeat changes no key.
  const Bytes row = row_of(desk, s.requester);
  desk.done(desk.redact(s.id, s.messages[0]));
  desk.crash_and_lose_rows();
  CHECK(row_of(desk, s.requester) == row);
}

TEST_CASE("only the keys that sealed the message change") {
  EngineFixture desk;
  const Scene s = scene(desk);
  const auto keys = [&](ReferenceId reference) {
    return std::get<KeyRow>(desk.engine().door().row(desk.workspace, reference));
  };
  const KeyRow requester = keys(s.requester), participant = keys(s.participant);
  // The note had no file and no preview.
  desk.done(desk.redact(s.id, s.messages[4]));
  CHECK(keys(s.requester).content != requester.content);
  CHECK(keys(s.requester).files == requester.files);
  CHECK(keys(s.requester).contact == requester.contact);
  CHECK(keys(s.participant) == participant);
  desk.done(desk.redact(s.id, s.messages[0]));
  CHECK(keys(s.requester).files != requester.files);
  desk.done(desk.redact(s.id, s.messages[2]));
  CHECK(keys(s.participant).content != participant.content);
}

TEST_CASE("what comes while a redaction is under way is neither lost nor sealed under a dying key") {
  EngineFixture desk;
  const Scene s = scene(desk);
  const Copy copy(desk);
  const All before = everything(desk);
  desk.storage->hold_appends(true);
  // One before it and two after it, all decided before anything is certain.
  Pending earlier = desk.send(desk.message({.text = "earlier"}));
  Pending redacting = desk.send(desk.redact(s.id, s.messages[0]));
  Pending later = desk.send(desk.message({.text = "later"}));
  Pending replied = desk.send(desk.reply(s.id, "a reply"));
  desk.settle();
  auto flights = desk.storage->in_flight();
  REQUIRE(flights.size() == 4);
  // The redaction is certain while later words are still in flight: it waits, and so does what comes now.
  for (std::size_t i = 0; i < 2; ++i) {
    desk.storage->land(flights[i].id);
    desk.storage->report(flights[i].id);
    desk.settle();
  }
  CHECK(earlier.answered());
  CHECK_FALSE(redacting.answered());
  Pending newest = desk.send(desk.message({.text = "newest"}));
  desk.settle();
  CHECK(desk.storage->in_flight().size() == 2);
  CHECK(
      everything(desk).at(desk.all<conversation::MessageReceived>(s.id)[0].content.sealed().capsule).state ==
      "value");
  SUBCASE("all of it lands") {
    desk.storage->hold_appends(false);
    desk.storage->deliver_all();
    desk.settle();
    for (Pending* p : {&redacting, &later, &replied, &newest}) CHECK(p->rule() == "done");
    CHECK(desk.texts(s.id) == std::vector<std::string>{"(closed)", "and 4112", "I am 4113", "still there?",
                                                       "earlier", "later", "newest"});
  }
  SUBCASE("a crash before the last ones landed") {
    desk.storage->hold_appends(false);
    desk.crash();
    CHECK(desk.texts(s.id) ==
          std::vector<std::string>{"(closed)", "and 4112", "I am 4113", "still there?", "earlier"});
  }
  SUBCASE("a crash after one of them landed, and the rows were lost") {
    desk.storage->land(flights[2].id);
    desk.storage->hold_appends(false);
    desk.crash_and_lose_rows();
    CHECK(desk.texts(s.id) ==
          std::vector<std::string>{"(closed)", "and 4112", "I am 4113", "still there?", "earlier", "later"});
  }
  SUBCASE("stopped in order") {
    desk.storage->hold_appends(false);
    desk.storage->deliver_all();
    desk.restart();
    CHECK(redacting.answered());
    CHECK(newest.answered());
  }
  const All after = everything(desk);
  check_kept(before, after);
  CHECK(check_shredded(desk, copy, before, after) > 0);
  desk.received({.text = "and on"});
  CHECK(desk.texts(s.id).back() == "and on");
}

TEST_CASE("killed at any step, a redaction is whole after the next start, or it never was") {
  enum class Killed { before_the_event, before_the_batch, after_a_refused_batch, after_the_batch };
  for (const Killed killed : {Killed::before_the_event, Killed::before_the_batch,
                              Killed::after_a_refused_batch, Killed::after_the_batch})
    for (const bool rows_lost : {false, true}) {
      CAPTURE(static_cast<int>(killed));
      CAPTURE(rows_lost);
      EngineFixture desk;
      const Scene s = scene(desk);
      const Copy copy(desk);
      const All before = everything(desk);
      const Bytes row = row_of(desk, s.requester);
      const auto crash = [&] { rows_lost ? desk.crash_and_lose_rows() : desk.crash(); };
      desk.storage->hold_appends(true);
      Pending pending = desk.send(desk.redact(s.id, s.messages[0], "k"));
      desk.settle();
      const auto flights = desk.storage->in_flight();
      REQUIRE(flights.size() == 1);
      if (killed == Killed::before_the_event) {
        desk.storage->lose(flights[0].id);
        desk.storage->hold_appends(false);
        crash();
        CHECK(row_of(desk, s.requester) == row);
        for (const auto& [id, now] : everything(desk)) CHECK(now.state == "value");
        continue;
      }
      desk.storage->land(flights[0].id);
      CHECK(row_of(desk, s.requester) == row);
      desk.storage->refuse_writes(killed == Killed::after_a_refused_batch);
      if (killed != Killed::before_the_batch) desk.storage->report(flights[0].id);
      desk.settle();
      desk.storage->refuse_writes(false);
      desk.storage->hold_appends(false);
      if (killed == Killed::after_a_refused_batch) {
        CHECK(pending.rule() == "command.unfinished");
        CHECK(row_of(desk, s.requester) == row);
        // What is sealed meanwhile, under the keys that are still there, is met by the next try.
        desk.received({.text = "meanwhile"});
      }
      const Bytes then = row_of(desk, s.requester);
      CHECK((then != row) == (killed == Killed::after_the_batch));
      crash();
      CHECK(row_of(desk, s.requester) != row);
      if (killed == Killed::after_the_batch) CHECK(row_of(desk, s.requester) == then);
      if (killed == Killed::after_a_refused_batch) CHECK(desk.texts(s.id).back() == "meanwhile");
      const All after = everything(desk);
      check_kept(before, after);
      CHECK(check_shredded(desk, copy, before, after) > 0);
      CHECK(desk.done(desk.redact(s.id, s.messages[0], "k")).replayed);
    }
}

TEST_CASE("what became certain a moment before a repeat of the redaction is not left out") {
  EngineFixture desk({.partitions = 1});
  const Outcome first = desk.received({.text = "4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.storage->hold_appends(true);
  Pending redacting = desk.send(desk.redact(id, *first.message, "k"));
  Pending last = desk.send(desk.message({.text = "hello"}));
  desk.settle();
  const auto flights = desk.storage->in_flight();
  REQUIRE(flights.size() == 2);
  for (const auto& flight : flights) desk.storage->land(flight.id);
  for (const auto& flight : flights) desk.storage->report(flight.id);
  // In the same turn: both are certain and neither is written down.
  Pending repeat = desk.send(desk.redact(id, *first.message, "k"));
  desk.settle();
  CHECK(redacting.rule() == "done");
  CHECK(last.rule() == "done");
  CHECK(repeat.outcome().replayed);
  CHECK(desk.texts(id) == std::vector<std::string>{"(closed)", "hello"});
}

TEST_CASE("a repeat of what is carried out waits for nothing") {
  EngineFixture desk;
  const Outcome first = desk.received({.text = "4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.done(desk.redact(id, *first.message, "k"));
  desk.storage->hold_appends(true);
  Pending in_flight = desk.send(desk.message({.text = "hello"}));
  Pending repeat = desk.send(desk.redact(id, *first.message, "k"));
  desk.settle();
  CHECK(repeat.outcome().replayed);
  CHECK_FALSE(in_flight.answered());
  desk.storage->hold_appends(false);
  desk.storage->deliver_all();
  desk.settle();
}

TEST_CASE("a redaction that fails is tried again when nothing is in flight, and holds nobody up meanwhile") {
  EngineFixture desk;
  const Scene s = scene(desk);
  desk.storage->hold_appends(true);
  Pending pending = desk.send(desk.redact(s.id, s.messages[0]));
  desk.settle();
  desk.storage->land(desk.storage->in_flight()[0].id);
  desk.storage->refuse_writes(true);
  desk.storage->report(desk.storage->in_flight()[0].id);
  desk.settle();
  CHECK(pending.rule() == "command.unfinished");
  desk.storage->refuse_writes(false);
  Pending before = desk.send(desk.message({.text = "before"}));
  desk.settle();
  CHECK(desk.storage->in_flight().size() == 1);
  desk.engine().tick();
  desk.settle();
  Pending after = desk.send(desk.message({.text = "after"}));
  desk.settle();
  CHECK(desk.storage->in_flight().size() == 1);  // "after" waits for the redaction, that for "before".
  CHECK(desk.texts(s.id).front() == "my card is 4111");
  desk.storage->hold_appends(false);
  desk.storage->deliver_all();
  desk.settle();
  CHECK(before.rule() == "done");
  CHECK(after.rule() == "done");
  CHECK(desk.texts(s.id) ==
        std::vector<std::string>{"(closed)", "and 4112", "I am 4113", "still there?", "before", "after"});
}

TEST_CASE("erasing a person after redactions erases all they wrote, and leaves the others' words") {
  EngineFixture desk;
  const Scene s = scene(desk);
  desk.done(desk.redact(s.id, s.messages[0]));
  desk.done(desk.redact(s.id, s.messages[2]));
  const auto rows = desk.engine().door().rows_of(
      desk.workspace, std::get<KeyRow>(desk.engine().door().row(desk.workspace, s.requester)).owner);
  REQUIRE(rows);
  REQUIRE(desk.engine().door().destroy(*rows, 20'000));
  bool lost = false;
  SUBCASE("at once") {}
  SUBCASE("after the rows were lost") { lost = true; }
  if (lost) desk.crash_and_lose_rows();
  for (const auto& [id, now] : everything(desk)) {
    if (std::ranges::find(*rows, now.sealed.reference) != rows->end()) CHECK(now.state == "erased");
    if (now.sealed.reference == s.participant) CHECK((now.state == "value" || now.state == "redacted"));
  }
}

TEST_CASE("on a log that others may write, a redaction destroys its capsules and leaves the keys") {
  EngineFixture desk({.exclusive = false});
  const Outcome first = desk.received({.text = "4111"});
  const ConversationId id = desk.conversation_of(first);
  desk.received({.text = "hello"});
  const ReferenceId author = desk.all<conversation::MessageReceived>(id)[0].author;
  const Bytes row = row_of(desk, author);
  desk.done(desk.redact(id, *first.message));
  CHECK(row_of(desk, author) == row);
  CHECK(desk.texts(id) == std::vector<std::string>{"(closed)", "hello"});
}
