// Undoing one's last act, and nothing else's.
#include <doctest/doctest.h>

#include "engine/domain/conversation.h"
#include "tests/engine/domain/conversation_story.h"
#include "tests/support/print.h"
#include "tests/support/show.h"

namespace parlance::conversation {
namespace {

using namespace story;

const Actor kims{ActorKind::agent, kim};
const Actor lees{ActorKind::agent, lee};

/// A conversation that people do things to, one envelope each.
class Told {
 public:
  Told() { did(kims, {opened(), received(at(0), at(60))}); }

  Told& did(const Actor& by, std::vector<Event> events) {
    ++envelopes_;
    for (const Event& event : events)
      state_ = evolve(std::move(state_), event, {by, EnvelopeId{{9, envelopes_}}, std::nullopt});
    return *this;
  }
  /// Asks for it and does what is decided; what it led to.
  template <class Command> std::vector<Event> asks(const Actor& by, const Command& command) {
    const auto decided = decide(state_, command);
    REQUIRE(decided);
    did(by, *decided);
    return *decided;
  }
  Undone undo(const Actor& by, Instant when) {
    const auto events = asks(by, Undo{by, AgentId::from(by.id), when});
    REQUIRE(events.size() == 1);
    return std::get<Undone>(events.front());
  }
  [[nodiscard]] std::string refusal(const Actor& by, Instant when) const {
    const auto decided = decide(state_, Undo{by, AgentId::from(by.id), when});
    return decided ? "done" : std::string(decided.error().rule);
  }
  [[nodiscard]] const State& state() const { return state_; }

 private:
  State state_;
  std::uint64_t envelopes_ = 0;
};

/// The state without the record of acts: what else there is must come back.
State bare(State state) {
  state.acts.clear();
  return state;
}

TEST_CASE("every reversible act leads back to the state before it") {
  const std::vector<Command> commands{
      resolve(at(5)),
      Close{{}, at(5)},
      Snooze{at(90), {}, at(5)},
      Wait{WaitFor::third_party, {}, at(5), at_customs, &adopted()},
      assign(lee, at(5), returns),
      Unassign{{}, at(5)},
      Transfer{returns, {}, second_level, {}, at(5), &adopted()},
      Escalate{returns, lee, {}, at(5), &adopted()},
      SetPriority{Priority::urgent, at(5)},
      SetType{complaint, at(5), &adopted()},
      change_tags({vip}, {fraud}, at(5)),
      SetFields{{{amount, NumberValue{7}}, {outcome, {}}}, at(5), &adopted()},
      MarkSpam{kim, at(5)},
      SetSubState{doubted, at(5), &adopted()},
  };
  for (const Command& command : commands) {
    CAPTURE(command.index());
    Told story;
    story.did(kims, {assigned(kim, at(1))}).did(kims, {TagsChanged{{fraud}, {}, at(2)}});
    story.did(kims, {FieldsChanged{{{outcome, refund}}, at(3)}});
    const State before = story.state();
    REQUIRE_FALSE(story.asks(lees, command).empty());
    CHECK(bare(story.state()) != bare(before));
    const Undone undone = story.undo(lees, at(6));
    CHECK(undone.done_at == at(5));
    CHECK(bare(story.state()) == bare(before));
  }
}
TEST_CASE("a new one that was given to somebody is new again") {
  Told story;
  story.asks(kims, assign(lee, at(1)));
  CHECK(story.state().phase == Phase::open);
  story.undo(kims, at(2));
  CHECK(story.state().phase == Phase::fresh);
}
TEST_CASE("there is nothing to undo where one did nothing, or long ago, or what cannot be undone") {
  Told story;
  CHECK(story.refusal(kims, at(1)) == "conversation.nothing_to_undo");
  story.did(kims, {replied(kim, at(1))}).did(kims, {noted(at(2))});
  CHECK(story.refusal(kims, at(3)) == "conversation.nothing_to_undo");
  story.did(kims, {resolved(at(4))});
  CHECK(story.refusal(lees, at(5)) == "conversation.nothing_to_undo");
  CHECK(story.refusal(kims, at(14)) == "done");
  CHECK(story.refusal(kims, Instant{at(14).ms + 1}) == "conversation.nothing_to_undo");
}
TEST_CASE("what would destroy something that happened since is not undone") {
  Told story;
  story.did(kims, {resolved(at(4))});
  SUBCASE("the customer wrote") {
    story.did({ActorKind::customer, {}}, {reopened(2, true, at(5)), received(at(5))});
    CHECK(story.refusal(kims, at(6)) == "conversation.undo_overtaken");
  }
  SUBCASE("another agent moved it") {
    story.did(lees, {closed(at(5))});
    CHECK(story.refusal(kims, at(6)) == "conversation.undo_overtaken");
    story.undo(lees, at(6));
    CHECK(story.state().phase == Phase::resolved);
    CHECK(story.refusal(kims, at(6)) == "conversation.undo_overtaken");
  }
  SUBCASE("but a tag, a note or a rating is left as it is") {
    story.did(lees, {TagsChanged{{vip}, {}, at(5)}}).did(lees, {noted(at(5))});
    story.undo(kims, at(6));
    CHECK(story.state().phase == Phase::fresh);
    CHECK(story.state().tags == std::vector<TagId>{vip});
  }
}
TEST_CASE("undoing goes back act by act") {
  Told story;
  story.did(kims, {PriorityChanged{Priority::normal, Priority::high, at(1)}});
  story.did(kims, {TagsChanged{{vip}, {}, at(2)}});
  CHECK(story.undo(kims, at(3)).act == Act::tags_changed);
  CHECK(story.undo(kims, at(3)).act == Act::priority_changed);
  CHECK(story.refusal(kims, at(3)) == "conversation.nothing_to_undo");
  CHECK(story.state().priority == Priority::normal);
}
TEST_CASE("a promise that was broken while it was resolved stays broken, and one that still runs runs on") {
  Told story;
  story.asks(kims, resolve(at(59)));
  story.undo(kims, at(62));
  CHECK(timers(story.state()) == std::vector<Timer>{{TimerKind::first_response, at(60)}});
  Told late;
  late.asks(kims, resolve(at(61)));
  late.undo(kims, at(62));
  CHECK(late.state().first_response == FirstResponse::breached);
}
TEST_CASE("a text that comes back is sealed anew; what is erased meanwhile stays away") {
  Told story;
  const FieldEntry sealed{
      order, Personal<std::string>(Sealed{{EnvelopeId{{1, 1}}, 3}, ada, FieldClass::content, {}})};
  const FieldEntry fresh{order, Personal<std::string>("A-1", ada, FieldClass::content)};
  story.did(kims, {FieldsChanged{{sealed}, at(1)}}).did(kims, {FieldsChanged{{{order, {}}}, at(2)}});
  const auto with = decide(story.state(), Undo{kims, kim, at(3), {fresh}});
  REQUIRE(with);
  CHECK(std::get<Undone>(with->front()).before.fields == std::vector<FieldEntry>{fresh});
  const auto without = decide(story.state(), Undo{kims, kim, at(3)});
  REQUIRE(without);
  CHECK(std::get<Undone>(without->front()).before.fields == std::vector<FieldEntry>{{order, {}}});
}
TEST_CASE("only so many acts are kept, the latest") {
  Told story;
  for (int i = 0; i < 20; ++i) {
    const bool up = i % 2 == 0;
    story.did(kims, {PriorityChanged{up ? Priority::normal : Priority::high,
                                     up ? Priority::high : Priority::normal, at(1)}});
  }
  CHECK(story.state().acts.size() == acts_kept_max);
}

}  // namespace
}  // namespace parlance::conversation
