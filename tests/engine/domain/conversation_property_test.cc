// Command sequences nobody would write down. A seed is one sequence for ever; a failure names its seed and its step.
#include <algorithm>
#include <array>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "engine/domain/conversation.h"
#include "tests/engine/domain/conversation_story.h"
#include "tests/support/print.h"
#include "tests/support/show.h"

namespace parlance::conversation {
namespace {

using namespace story;

/// One random command after another, on a clock that mostly goes forward. No distribution of the standard library: they
/// differ between its implementations.
class Commands {
 public:
  explicit Commands(std::uint64_t seed) : random_(seed) {}

  /// Who does it: one of two.
  Actor who() { return {ActorKind::agent, std::array{kim, lee}[below(2)]}; }

  Command next(const State& state) {
    now_ = now_ + static_cast<std::int64_t>(below(90)) * minute_ms;
    // One in four is dated back, up to two hours: it came to light late.
    const Instant when = below(4) == 0 ? now_ + -static_cast<std::int64_t>(below(120)) * minute_ms : now_;
    const std::string reason = below(2) == 0 ? "" : "because";
    const adoption::Body* body = std::array{&adopted(), &adopted_without_targets(),
                                            static_cast<const adoption::Body*>(nullptr)}[below(3)];
    switch (below(31)) {
      case 0:
        return Open{ada, Channel::email, identity(), shop, {}, Priority::normal, billing,
                    256, below(2) == 0,  when};
      case 1: return receive(when, body);
      case 2: {
        Receive from_bob = receive(when, body);
        from_bob.author = bob;
        if (std::ranges::find(state.participants, bob) == state.participants.end())
          from_bob.joins = identity();
        return from_bob;
      }
      case 3: return reply(agent(), when);
      case 4: return reply(program, when);
      case 5: return note(when);
      case 6: return assign(agent(), when, queue());
      case 7: return claim(agent(), when);
      case 8: return Unassign{reason, when};
      case 9: return Snooze{when + (static_cast<std::int64_t>(below(200)) - 20) * minute_ms, reason, when};
      case 10: return Wait{below(2) == 0 ? WaitFor::customer : WaitFor::third_party, reason, when};
      case 11: return Resolve{agent(), reason, when, body};
      case 12: return Reopen{reason, when};
      case 13:
        return below(8) == 0 ? Command(Close{reason, when})
                             : Command(SetPriority{static_cast<Priority>(1 + below(4)), when});
      case 14: return change_tags(tags(), tags(), when);
      case 15: return Transfer{queue(), agent(), {}, reason, when, body};
      case 16: return Escalate{queue(), agent(), reason, when, body};
      case 17: return SetType{std::array{complaint, no_such_type, TypeId{}}[below(3)], when, body};
      case 18: return SetSubjectLine{reason, preview(), when};
      case 19: return SetFields{entries(), when, body};
      case 20:
        return SetSubState{std::array{at_customs, no_such_sub_state, SubStateId{}}[below(3)], when, body};
      case 21: return MarkSpam{agent(), when};
      case 22: return UnmarkSpam{agent(), when};
      case 23: return EndTurn{agent(), reason, when};
      case 24: return Redact{named<MessageId>(50 + below(3)), agent(), reason, when, below(3), preview()};
      case 25:
        return Rate{static_cast<RatingKind>(below(4)), static_cast<std::int64_t>(below(12)), reason, when};
      case 26: return Undo{who(), agent(), now_};
      default: {
        const auto asked = timers(state);
        if (asked.empty() || below(5) == 0)
          return Tick{
              {static_cast<TimerKind>(below(4)), now_ + -static_cast<std::int64_t>(below(60)) * minute_ms}};
        return Tick{asked[below(asked.size())]};
      }
    }
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  AgentId agent() { return std::array{kim, lee, stranger, AgentId{}}[below(4)]; }
  QueueId queue() { return std::array{billing, returns, no_such_queue, QueueId{}}[below(4)]; }
  std::vector<TagId> tags() {
    std::vector<TagId> out(below(3));
    for (TagId& tag : out) tag = std::array{vip, fraud, no_such_tag}[below(3)];
    return out;
  }
  std::vector<FieldEntry> entries() {
    std::vector<FieldEntry> out(below(3));
    for (FieldEntry& entry : out) {
      entry.field = std::array{order, amount, no_such_field}[below(3)];
      switch (below(4)) {
        case 0: break;
        case 1: entry.value.emplace<Personal<std::string>>("A-1", ReferenceId{}, FieldClass::content); break;
        case 2:
          entry.value.emplace<NumberValue>().ten_thousandths = static_cast<std::int64_t>(below(9));
          break;
        default: entry.value.emplace<bool>(true); break;
      }
    }
    return out;
  }
  std::mt19937_64 random_;
  Instant now_ = at(0);
};

/// What must hold of a history, told from its events alone.
struct Witness {
  AgentId owner;
  std::uint32_t episode = 0;
  std::size_t breaches_in_episode = 0, withdrawals_in_episode = 0;
  std::optional<Instant> promised;
  bool opened = false, closed = false;

  void see(const Event& event) {
    const bool stays_possible = std::holds_alternative<NoteAdded>(event) ||
                                std::holds_alternative<MessageRedacted>(event) ||
                                std::holds_alternative<Rated>(event) || std::holds_alternative<Undone>(event);
    CHECK_MESSAGE((!closed || stays_possible),
                  "closed is final but for notes, redactions, ratings and undoing it");
    CHECK_MESSAGE(opened != std::holds_alternative<Opened>(event),
                  "opening is the first event and the only one");
    std::visit([&](const auto& e) { on(e); }, event);
  }

 private:
  template <class E> void on(const E&) {}
  void on(const Opened&) {
    opened = true;
    episode = 1;
  }
  void on(const Assigned& e) {
    CHECK_MESSAGE(e.agent != owner, "an assignment says who is new");
    CHECK_MESSAGE((!e.claimed || !owner), "nobody takes by a claim what another has");
    owner = e.agent;
  }
  void on(const Unassigned& e) {
    CHECK_MESSAGE((owner && e.agent == owner), "who gives it back has it");
    owner = {};
  }
  void on(const Reopened& e) {
    CHECK_MESSAGE(e.episode == episode + 1, "episodes only grow, one by one");
    episode = e.episode;
    breaches_in_episode = withdrawals_in_episode = 0;
    promised.reset();
  }
  void on(const MessageReceived& e) {
    if (!e.first_response_due) return;
    CHECK_MESSAGE(!promised, "an episode has one first response");
    CHECK(*e.first_response_due == e.at + hour_ms);
    promised = e.first_response_due;
  }
  void on(const FirstResponseBreached& e) {
    CHECK_MESSAGE(promised == e.at, "a breach is stamped at the exact deadline");
    CHECK_MESSAGE(++breaches_in_episode == 1, "a promise is broken once");
  }
  void on(const BreachWithdrawn& e) {
    CHECK_MESSAGE(breaches_in_episode == 1, "what is withdrawn was recorded");
    CHECK_MESSAGE(++withdrawals_in_episode == 1, "a breach is withdrawn once");
    CHECK_MESSAGE((promised == e.due && e.at <= e.due), "only a fact in time withdraws");
  }
  void on(const Closed&) { closed = true; }
  void on(const Transferred& e) {
    CHECK(e.from_agent == owner);
    owner = e.to_agent;
  }
  void on(const Escalated& e) {
    CHECK(e.from_agent == owner);
    owner = e.to_agent;
  }
  void on(const NoReplyNeeded&) { promised.reset(); }
  void on(const Undone& e) {
    if (has(e.before.parts, Part::holder)) owner = e.before.agent;
    if (!has(e.before.parts, Part::phase)) return;
    closed = e.before.phase == Phase::closed;
    // A withdrawal that came with the act went with it.
    if (e.before.first_response == FirstResponse::breached) withdrawals_in_episode = 0;
  }
};

void check_state(const State& state, const Witness& seen) {
  CHECK(state.agent == seen.owner);
  CHECK(state.episode == seen.episode);
  CHECK((state.phase == Phase::closed) == seen.closed);
  CHECK((state.phase == Phase::absent) == !seen.opened);
  const auto asked = timers(state);
  std::set<TimerKind> kinds;
  for (const Timer& timer : asked) {
    CHECK_MESSAGE(kinds.insert(timer.kind).second, "at most one timer of a kind");
    CHECK(timer.kind != TimerKind::none);
    CHECK_MESSAGE((is_active(state.phase) || timer.kind == TimerKind::auto_close),
                  "only auto-close outlives the work");
  }
  if (state.phase == Phase::closed) CHECK(asked.empty());
  CHECK(std::set(state.tags.begin(), state.tags.end()).size() == state.tags.size());
}

TEST_CASE("whatever is asked in whatever order, the history keeps its invariants") {
  constexpr std::uint64_t seeds = 500;
  constexpr int steps = 60;
  std::size_t accepted = 0;
  std::set<std::size_t> kinds_seen;
  std::set<std::string_view> rules_seen;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    Commands commands(seed);
    State state;
    Witness seen;
    std::vector<std::pair<Event, Doing>> history;
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      const Command command = commands.next(state);
      const auto outcome = decide(state, command);
      REQUIRE_MESSAGE(outcome == decide(state, command), "a command decided twice comes out equal");
      if (!outcome) {
        rules_seen.insert(outcome.error().rule);
        continue;
      }
      if (!outcome->empty()) ++accepted;
      const Doing doing{commands.who(), EnvelopeId{{seed, static_cast<std::uint64_t>(step) + 1}},
                        std::nullopt};
      for (const Event& event : *outcome) {
        CAPTURE(tests::show(event));
        seen.see(event);
        state = evolve(std::move(state), event, doing);
        history.emplace_back(event, doing);
        kinds_seen.insert(event.index());
      }
      check_state(state, seen);
      if (const auto* tick = std::get_if<Tick>(&command))
        CHECK_MESSAGE(decide(state, *tick) == Result<std::vector<Event>>(std::vector<Event>{}),
                      "a timer fires once");
    }
    State again;
    for (const auto& [event, doing] : history) again = evolve(std::move(again), event, doing);
    CHECK_MESSAGE(again == state, "the same history folds into the same state");
  }
  // A generator that reaches little proves little.
  for (std::size_t kind = 0; kind < std::variant_size_v<Event>; ++kind) {
    CAPTURE(kind);
    CHECK(kinds_seen.contains(kind));
  }
  CHECK(rules_seen.size() >= 8);
  CHECK(accepted > seeds * steps / 4);
}

}  // namespace
}  // namespace parlance::conversation
