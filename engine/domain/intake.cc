#include "engine/domain/intake.h"

#include <ranges>

namespace parlance::intake {
namespace {
bool may_join(const conversation::State& state, Instant at) {
  if (conversation::is_active(state.phase)) return true;
  return state.phase == conversation::Phase::resolved && at <= state.reopens_until;
}
}  // namespace

Decision decide(const State& state, const Arrive& message) {
  if (state.thread) {
    if (state.thread->slot() != message.slot) return Forward{*state.thread};
    // A thread reference joins a resolved conversation however old it is; a closed or unknown one it can't.
    if (state.thread_state && state.thread_state->phase != conversation::Phase::absent &&
        state.thread_state->phase != conversation::Phase::closed)
      return Join{*state.thread};
  }
  const auto here = [&](const Known& k) { return k.channel == message.channel && k.store == message.store; };
  for (const Known& k : state.known | std::views::reverse)
    if (here(k) && k.state && conversation::is_active(k.state->phase)) return Join{k.conversation};
  for (const Known& k : state.known | std::views::reverse)
    if (here(k) && k.state && may_join(*k.state, message.at)) return Join{k.conversation};
  for (const Known& k : state.known | std::views::reverse)
    if (here(k) && !k.state) return Forward{k.conversation};
  return OpenNew{};
}

}  // namespace parlance::intake
