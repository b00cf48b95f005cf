// What an import touches runs on the import's time.
#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
using conversation::Closed;
using conversation::FirstResponse;
using conversation::FirstResponseBreached;
using conversation::Phase;
using conversation::Woken;

const auto old_desk = ImportId::from({3, 3});
const auto other_desk = ImportId::from({3, 4});
constexpr std::int64_t year_ms = 365 * day_ms;

struct Importing : EngineFixture {
  explicit Importing(Options options = {}) : EngineFixture(options), then(time.now() + -10 * year_ms) {
    done(
        policy({.first_response_ms = hour_ms, .auto_close_ms = 2 * day_ms, .reopen_window_ms = 30 * day_ms}));
    done(on_settings(settings::OpenImport{old_desk}));
  }
  Request of(ImportId import, Request request) {
    request.import = import;
    return request;
  }
  Outcome line(Request request) { return done(of(old_desk, std::move(request))); }
  ConversationId opened(std::int64_t at, std::string from = "ada@example.com") {
    return conversation_of(line(message({.from = std::move(from), .at = then + at})));
  }
  template <class Command> Outcome line_on(ConversationId id, Command command, std::int64_t at) {
    command.at = then + at;
    return line(on(id, std::move(command)));
  }
  Outcome answered(ConversationId id, std::int64_t at) {
    conversation::Reply reply;
    reply.agent = agent;
    reply.content.text = "dear customer";
    return line_on(id, std::move(reply), at);
  }
  void close() { done(on_settings(settings::CloseImport{old_desk})); }

  Instant then;  ///< ten years ago
};
}  // namespace

TEST_CASE("an old ticket that was answered in time breaches by no clock of today") {
  Importing desk;
  const ConversationId id = desk.opened(0);
  desk.pass(day_ms);
  CHECK(desk.all<FirstResponseBreached>(id).empty());
  desk.answered(id, hour_ms);  // at the deadline's own instant: kept
  desk.line_on(id, conversation::Resolve{}, 2 * hour_ms);
  desk.pass(day_ms);
  CHECK(desk.state(id).phase == Phase::resolved);
  CHECK(desk.state(id).first_response == FirstResponse::met);
  CHECK(desk.all<Closed>(id).empty());
}

TEST_CASE("what was due by a line's time fires before it, at its own instant") {
  Importing desk;
  const ConversationId id = desk.opened(0);
  const Outcome outcome = desk.answered(id, 3 * hour_ms);
  const auto breached = desk.all<FirstResponseBreached>(id);
  REQUIRE(breached.size() == 1);
  CHECK(breached.front().at == desk.then + hour_ms);
  const auto events = desk.events(id);
  REQUIRE(events.size() == 4);
  CHECK(events[2].envelope == outcome.envelope);
  CHECK(std::holds_alternative<FirstResponseBreached>(std::get<conversation::Event>(events[2].event.body)));
}

TEST_CASE("a customer who came back after the ticket had closed by itself opened another one") {
  Importing desk;
  const ConversationId id = desk.opened(0);
  desk.answered(id, minute_ms);
  desk.line_on(id, conversation::Resolve{}, hour_ms);
  SUBCASE("after") {
    CHECK(desk.opened(3 * day_ms) != id);
    CHECK(desk.all<Closed>(id).empty());  // nothing of its own was read since
    desk.close();
    desk.pass(minute_ms);
    REQUIRE(desk.all<Closed>(id).size() == 1);
    CHECK(desk.all<Closed>(id).front().at == desk.then + hour_ms + 2 * day_ms);
  }
  SUBCASE("before") {
    CHECK(desk.opened(day_ms) == id);
    CHECK(desk.all<conversation::Reopened>(id).size() == 1);
  }
}

TEST_CASE("when the import is closed, what was due by then fires at its own instants") {
  for (const bool lose_rows : {false, true}) {
    CAPTURE(lose_rows);
    Importing desk;
    const ConversationId late = desk.opened(0);
    const ConversationId snoozed = desk.opened(0, "bob@example.com");
    desk.answered(snoozed, minute_ms);
    desk.line_on(snoozed, conversation::Snooze{.until = desk.time.now() + day_ms, .reason = {}, .at = {}},
                 hour_ms);
    desk.pass(2 * hour_ms);
    CHECK(desk.all<FirstResponseBreached>(late).empty());
    desk.close();
    if (lose_rows) desk.crash_and_lose_rows();
    desk.pass(minute_ms);
    REQUIRE(desk.all<FirstResponseBreached>(late).size() == 1);
    CHECK(desk.all<FirstResponseBreached>(late).front().at == desk.then + hour_ms);
    CHECK(desk.state(snoozed).phase == Phase::snoozed);
    desk.pass(day_ms);
    CHECK(desk.all<Woken>(snoozed).size() == 1);
    desk.pass(day_ms);
    CHECK(desk.all<FirstResponseBreached>(late).size() == 1);
    CHECK(desk.all<Woken>(snoozed).size() == 1);
  }
}

TEST_CASE("kill -9 while an import is open: it is open still, and holds what it held") {
  for (const bool lose_rows : {false, true}) {
    CAPTURE(lose_rows);
    Importing desk;
    const ConversationId id = desk.opened(0);
    if (lose_rows)
      desk.crash_and_lose_rows();
    else
      desk.crash();
    desk.pass(day_ms);
    CHECK(desk.all<FirstResponseBreached>(id).empty());
    desk.answered(id, minute_ms);
    CHECK(desk.state(id).first_response == FirstResponse::met);
    desk.close();
    desk.pass(day_ms);
    CHECK(desk.all<FirstResponseBreached>(id).empty());
  }
}

TEST_CASE("a conversation that no import touched runs by the clock meanwhile") {
  Importing desk;
  const ConversationId live = desk.open({.from = "live@example.com"});
  desk.opened(0);
  desk.pass(2 * hour_ms);
  CHECK(desk.all<FirstResponseBreached>(live).size() == 1);
}

TEST_CASE("an agent of today at a ticket that is being imported fires nothing of it") {
  Importing desk;
  const ConversationId id = desk.opened(0);
  desk.done(desk.on(id, conversation::SetPriority{Priority::high, desk.time.now()}));
  CHECK(desk.all<FirstResponseBreached>(id).empty());
  desk.answered(id, minute_ms);
  desk.close();
  desk.pass(day_ms);
  CHECK(desk.state(id).first_response == FirstResponse::met);
}

TEST_CASE("history joins no conversation that began after it") {
  Importing desk;
  const ConversationId live = desk.open();
  const ConversationId old = desk.opened(0);
  CHECK(old != live);
  CHECK(desk.opened(day_ms) == old);
  CHECK(desk.opened(-day_ms) == old);  // not in the order of time, but of the same history
  CHECK(desk.texts(live).size() == 1);
}

TEST_CASE("a second import takes over what a first one brought") {
  Importing desk;
  const ConversationId id = desk.opened(0);
  desk.close();
  desk.done(desk.on_settings(settings::OpenImport{other_desk}));
  desk.done(desk.of(other_desk, desk.message({.at = desk.then + minute_ms})));
  CHECK(desk.texts(id).size() == 2);
  desk.pass(day_ms);
  CHECK(desk.all<FirstResponseBreached>(id).size() <= 1);  // due between the two, or not at all yet
  desk.done(desk.on_settings(settings::CloseImport{other_desk}));
  desk.pass(day_ms);
  CHECK(desk.all<FirstResponseBreached>(id).size() == 1);
}

TEST_CASE("a command of an import that is not open is refused; a repeat of one that was taken is not") {
  Importing desk;
  Request first = desk.message({.key = "one", .at = desk.then});
  const ConversationId id = desk.conversation_of(desk.line(first));
  desk.close();
  CHECK(desk.ask(desk.of(old_desk, desk.reply(id))).rule() == "import.not_open");
  CHECK(desk.ask(desk.of(old_desk, first)).outcome().replayed);
  CHECK(desk.ask(desk.of(other_desk, desk.message({.at = desk.then}))).rule() == "import.not_open");
}

TEST_CASE("a message that goes on to another slot stays the import's") {
  Importing desk;
  const ConversationId id = desk.opened(0);
  const std::string guest = desk.address_away_from(id.slot());
  desk.line(desk.message({.from = guest, .thread = id, .at = desk.then + 3 * hour_ms}));
  CHECK(desk.texts(id).size() == 2);
  REQUIRE(desk.all<FirstResponseBreached>(id).size() == 1);
  for (const RecordedEvent& event : desk.events(id)) {
    const auto envelope = desk.engine().envelope(event.position);
    REQUIRE(envelope);
    CHECK((*envelope)->import == old_desk);
  }
}

TEST_CASE("rows folded again from the log are the rows that were there, also across opening and closing") {
  Importing desk;
  for (int i = 0; i < 12; ++i) {
    const std::string from = "c" + std::to_string(i) + "@example.com";
    const ConversationId id = desk.opened(i * hour_ms, from);
    if (i % 2 == 0) desk.answered(id, i * hour_ms + minute_ms);
    if (i % 3 == 0) desk.line_on(id, conversation::Resolve{}, (i + 1) * hour_ms);
    if (i == 6) desk.close();
    if (i == 6) desk.done(desk.on_settings(settings::OpenImport{old_desk}));
  }
  desk.pass(hour_ms);
  const auto before = desk.stored_rows();
  desk.crash_and_lose_rows();
  const auto after = desk.stored_rows();
  // All but where the log stands: a start claims.
  std::size_t differ = 0;
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i] != after[i]) {
      CHECK(before[i].first[2] == 'M');
      ++differ;
    }
  CHECK(differ <= desk.storage->options().partitions);
}

namespace {
/// A history drawn from a seed, told to a desk that may be killed between any two lines; what its conversations then hold.
std::vector<std::string> told(std::uint64_t seed, bool crashes) {
  SeededRandom random(seed);
  SeededRandom trouble(seed + 1000);
  Importing desk;
  std::vector<ConversationId> known;
  std::vector<Instant> clock(6, desk.then);
  bool open = true;
  for (int line = 0; line < 60; ++line) {
    if (crashes && trouble.one_in(5)) {
      if (trouble.one_in(3))
        desk.crash_and_lose_rows();
      else
        desk.crash();
    }
    if (crashes && trouble.one_in(4)) desk.pass(static_cast<std::int64_t>(trouble.below(600)) * minute_ms);
    const std::size_t who = random.below(clock.size());
    Instant& at = clock[who];
    at = at + static_cast<std::int64_t>(random.below(3 * 1440)) * minute_ms;
    const std::string from = "c" + std::to_string(who) + "@example.com";
    const std::string key = std::to_string(line);
    if (random.one_in(15)) {
      desk.close();
      open = false;
      if (!crashes) desk.pass(0);
    }
    if (!open) {
      desk.pass(minute_ms);  // what was due by then
      desk.done(desk.on_settings(settings::OpenImport{old_desk}));
      open = true;
    }
    Request request;
    if (known.size() <= who || random.one_in(3)) {
      request = desk.message({.from = from, .key = key, .at = at});
    } else {
      const ConversationId id = known[random.below(known.size())];
      switch (random.below(4)) {
        case 0: request = desk.on(id, conversation::Resolve{.agent = {}, .reason = {}, .at = at}); break;
        case 1: request = desk.on(id, conversation::Snooze{at + day_ms, {}, at}); break;
        case 2: request = desk.on(id, conversation::Wait{WaitFor::customer, {}, at}); break;
        default:
          request = desk.reply(id);
          std::get<conversation::Reply>(std::get<OnConversation>(request.action).command).at = at;
      }
      request.command = desk.key(key);
    }
    const Pending answered = desk.ask(desk.of(old_desk, request));
    if (answered.result() && answered.outcome().opened)
      known.push_back(ConversationId::from(answered.outcome().stream.id));
    // Once more, as one who was killed before the answer came would.
    if (crashes && trouble.one_in(3)) {
      const Pending again = desk.ask(desk.of(old_desk, request));
      CHECK(again.rule() == answered.rule());
    }
  }
  desk.close();
  desk.pass(minute_ms);
  std::vector<std::string> out;
  for (const ConversationId id : known)
    for (const RecordedEvent& event : desk.events(id))
      out.push_back(std::string(kind_name(kind_of(event.event.body))) + " " +
                    to_rfc3339(event.event.occurred_at));
  return out;
}
}  // namespace

TEST_CASE("killed between any two lines, and whatever the clock did, a history ends as told at one go") {
  std::size_t events = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto whole = told(seed, false);
    CHECK(whole.size() > 50);
    CHECK(told(seed, true) == whole);
    events += whole.size();
  }
  // Of sixty lines each; some are refused, many do more than one thing.
  CHECK(events > std::size_t{40} * 60);
}
