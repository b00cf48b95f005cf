#include "engine/domain/conversation_rules.h"

#include <algorithm>

namespace parlance::conversation::rules {
namespace {

bool covers(const settings::Place& place, Phase phase, SubStateId sub_state) {
  return place.sub_state ? place.sub_state == sub_state : place.state == phase;
}
std::string name_of(const adoption::Body& adopted, Phase phase, SubStateId sub_state) {
  const settings::SubState* word = sub_state ? adopted.find(sub_state) : nullptr;
  return word == nullptr ? std::string(to_text(phase)) : "'" + word->name + "'";
}

}  // namespace

std::optional<Error> shut(const State& state) {
  if (state.phase == Phase::absent)
    return Error{Errc::not_found, "conversation.not_found", "no conversation of that id"};
  if (state.phase == Phase::closed)
    return refused("conversation.closed", "the conversation is closed; a new message opens another one");
  return std::nullopt;
}

std::optional<Error> inactive(const State& state) {
  if (auto error = shut(state)) return error;
  if (state.phase == Phase::resolved)
    return refused("conversation.resolved", "the conversation is resolved; reopen it first");
  if (state.phase == Phase::spam)
    return refused("conversation.spam", "it is marked as spam; take the mark away first");
  return std::nullopt;
}

Reason reason_of(const State& state, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Personal<std::string>(text, state.requester, FieldClass::content);
}

Events ending_first_response(const State& state, Instant at, Event fact) {
  Events events;
  if (state.first_response == FirstResponse::running && at > state.first_response_due)
    events.emplace_back(FirstResponseBreached{state.first_response_due});
  events.push_back(std::move(fact));
  if (state.first_response == FirstResponse::breached && at <= state.first_response_due)
    events.emplace_back(BreachWithdrawn{state.first_response_due, at});
  return events;
}

std::optional<Error> unknown(const adoption::Body* adopted, AgentId agent, QueueId queue) {
  if (adopted == nullptr) return std::nullopt;
  if (agent && !adopted->knows(agent)) return refused("agent.unknown", "no agent of that id");
  if (queue && !adopted->knows(queue)) return refused("queue.unknown", "no queue of that id");
  return std::nullopt;
}

std::optional<Error> barred(const State& state, const adoption::Body* adopted, Phase phase,
                            SubStateId sub_state) {
  if (adopted == nullptr) return std::nullopt;
  if (sub_state) {
    const settings::SubState* word = adopted->find(sub_state);
    if (word == nullptr || word->retired)
      return refused("sub_state.unknown", "no sub-state of that id is in use");
    if (word->state != phase)
      return refused("sub_state.of_another_state", "'" + word->name + "' belongs to " +
                                                       std::string(to_text(word->state)) + ", not to " +
                                                       std::string(to_text(phase)));
  }
  if (!adopted->transitions) return std::nullopt;
  const bool listed = std::ranges::any_of(*adopted->transitions, [&](const settings::Transition& way) {
    return covers(way.from, state.phase, state.sub_state) && covers(way.to, phase, sub_state);
  });
  if (listed) return std::nullopt;
  return refused("conversation.transition_not_allowed", "the workspace's transitions lead nowhere from " +
                                                            name_of(*adopted, state.phase, state.sub_state) +
                                                            " to " + name_of(*adopted, phase, sub_state));
}

Events then_sub_state(const State& state, Phase phase, Events events, SubStateId sub_state, Instant at) {
  const SubStateId from = state.phase == phase ? state.sub_state : SubStateId{};
  if (sub_state && sub_state != from) events.emplace_back(SubStateChanged{from, sub_state, at});
  return events;
}

}  // namespace parlance::conversation::rules
