#include "engine/domain/intake.h"

#include <doctest/doctest.h>

namespace parlance::intake {
namespace {

constexpr Slot door = 7;
constexpr Slot elsewhere = 8;
ConversationId conversation_in(Slot slot, std::uint64_t n) {
  return ConversationId::from(make_raw_id(Instant{1'764'000'000'000}, slot, {n, n}));
}
const ConversationId first = conversation_in(door, 1);
const ConversationId second = conversation_in(door, 2);
const ConversationId third = conversation_in(door, 3);
const ConversationId far_away = conversation_in(elsewhere, 4);
const StoreId shop{{1, 1}};
const StoreId other_shop{{2, 2}};
constexpr Instant now{1'764'000'000'000};
const Arrive message{Channel::email, shop, door, now};

conversation::State in_phase(conversation::Phase phase, Instant reopens_until = {}) {
  conversation::State state;
  state.phase = phase;
  state.reopens_until = reopens_until;
  return state;
}
Known known(ConversationId id, std::optional<conversation::State> state, Channel channel = Channel::email,
            StoreId store = shop) {
  return {id, channel, store, std::move(state)};
}
State of_the_sender(std::vector<Known> all) { return {std::nullopt, std::nullopt, std::move(all)}; }
State with_thread(ConversationId thread, std::optional<conversation::State> state,
                  std::vector<Known> all = {}) {
  return {thread, std::move(state), std::move(all)};
}

/// "joins 2", "is forwarded to 4", "opens a new one", as the sentences below say it.
bool joins(const State& state, ConversationId id, const Arrive& arrive = message) {
  const Decision decision = decide(state, arrive);
  const auto* join = std::get_if<Join>(&decision);
  return join != nullptr && join->conversation == id;
}
bool is_forwarded(const State& state, ConversationId id, const Arrive& arrive = message) {
  const Decision decision = decide(state, arrive);
  const auto* forward = std::get_if<Forward>(&decision);
  return forward != nullptr && forward->conversation == id;
}
bool opens_new(const State& state, const Arrive& arrive = message) {
  return std::holds_alternative<OpenNew>(decide(state, arrive));
}

using conversation::Phase;
constexpr std::array active{Phase::fresh, Phase::open, Phase::waiting_customer, Phase::waiting_third_party,
                            Phase::snoozed};

TEST_CASE("who is unknown opens a conversation") { CHECK(opens_new({})); }
TEST_CASE(
    "what is marked as spam is joined by its own thread alone: a customer's new matter is not hidden with "
    "it") {
  CHECK(opens_new(of_the_sender({known(first, in_phase(Phase::spam))})));
  CHECK(joins(with_thread(first, in_phase(Phase::spam)), first));
}
TEST_CASE("a message joins the sender's active conversation, whatever it waits for") {
  for (const Phase phase : active) CHECK(joins(of_the_sender({known(first, in_phase(phase))}), first));
}
TEST_CASE("of several active ones it joins the newest") {
  CHECK(joins(of_the_sender({known(first, in_phase(Phase::open)), known(second, in_phase(Phase::snoozed)),
                             known(third, in_phase(Phase::closed))}),
              second));
}
TEST_CASE("another channel or another store is another matter") {
  CHECK(opens_new(of_the_sender({known(first, in_phase(Phase::open), Channel::whatsapp)})));
  CHECK(opens_new(of_the_sender({known(first, in_phase(Phase::open), Channel::email, other_shop)})));
  CHECK(opens_new(of_the_sender({known(far_away, std::nullopt, Channel::whatsapp)})));
}
TEST_CASE(
    "a resolved conversation is joined up to the last instant of its window, and not one millisecond "
    "longer") {
  CHECK(joins(of_the_sender({known(first, in_phase(Phase::resolved, now))}), first));
  CHECK(opens_new(of_the_sender({known(first, in_phase(Phase::resolved, now + -1))})));
}
TEST_CASE("what counts is when the message was written, not when it came") {
  Arrive late = message;
  late.at = now + -60'000;
  CHECK(joins(of_the_sender({known(first, in_phase(Phase::resolved, now + -1))}), first, late));
}
TEST_CASE("an active conversation comes before a newer resolved one") {
  CHECK(joins(
      of_the_sender({known(first, in_phase(Phase::open)), known(second, in_phase(Phase::resolved, now))}),
      first));
}
TEST_CASE("of several that may be reopened it joins the newest") {
  CHECK(joins(of_the_sender({known(first, in_phase(Phase::resolved, now)),
                             known(second, in_phase(Phase::resolved, now))}),
              second));
}
TEST_CASE("a closed conversation is not joined, nor one that never came to be") {
  CHECK(opens_new(of_the_sender(
      {known(first, in_phase(Phase::closed, now)), known(second, in_phase(Phase::absent, now))})));
}
TEST_CASE("a conversation that lives elsewhere is joined where none here is") {
  CHECK(is_forwarded(of_the_sender({known(first, in_phase(Phase::closed)), known(far_away, std::nullopt)}),
                     far_away));
  CHECK(joins(of_the_sender({known(first, in_phase(Phase::open)), known(far_away, std::nullopt)}), first));
  CHECK(joins(of_the_sender({known(first, in_phase(Phase::resolved, now)), known(far_away, std::nullopt)}),
              first));
}

TEST_CASE("a reply token leads to its conversation, past the sender's others") {
  CHECK(joins(with_thread(first, in_phase(Phase::open), {known(second, in_phase(Phase::open))}), first));
}
TEST_CASE("a reply token joins a resolved conversation however old it is, on whatever channel it lives") {
  CHECK(joins(with_thread(first, in_phase(Phase::resolved, now + -1)), first));
}
TEST_CASE("a reply token of another slot's conversation forwards, whatever the sender has here") {
  CHECK(is_forwarded(with_thread(far_away, std::nullopt, {known(first, in_phase(Phase::open))}), far_away));
}
TEST_CASE("a reply token of a closed or unknown conversation is as if there were none") {
  for (const auto& gone : {std::optional(in_phase(Phase::closed)), std::optional(in_phase(Phase::absent)),
                           std::optional<conversation::State>()}) {
    CHECK(opens_new(with_thread(first, gone)));
    CHECK(joins(with_thread(first, gone, {known(second, in_phase(Phase::open))}), second));
  }
}
TEST_CASE("the door decides the same twice") {
  const State state =
      of_the_sender({known(first, in_phase(Phase::open)), known(second, in_phase(Phase::resolved, now))});
  CHECK(decide(state, message).index() == decide(state, message).index());
  CHECK(joins(state, first));
  CHECK(joins(state, first));
}

}  // namespace
}  // namespace parlance::intake
