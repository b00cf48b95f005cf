#include "engine/process/routing.h"

namespace parlance::process {

Stand stand_of(const conversation::State& state) {
  return {conversation::is_to_do(state.phase), state.queue, state.agent};
}

bool concerns_routing(const Stand& stand, const adoption::Body& body) {
  return body.routes && stand.to_do && (stand.agent || body.routed(stand.queue));
}

bool must_follow(const Stand& before, const Stand& after, const adoption::Body& body) {
  return before != after && (concerns_routing(before, body) || concerns_routing(after, body));
}

routing::Follow follow_of(ConversationId id, const conversation::State& state, Version version,
                          routing::Taken taken, Instant since) {
  routing::Follow follow;
  follow.conversation = id;
  follow.version = version;
  follow.queue = state.queue;
  follow.agent = state.agent;
  follow.to_do = conversation::is_to_do(state.phase);
  follow.taken = taken;
  follow.channel = state.channel;
  follow.language = state.language;
  follow.since = since;
  return follow;
}

routing::Taken taken_by(const conversation::Event& event) {
  if (const auto* assigned = std::get_if<conversation::Assigned>(&event))
    return assigned->claimed ? routing::Taken::claimed : routing::Taken::by_hand;
  if (const auto* transferred = std::get_if<conversation::Transferred>(&event))
    return transferred->to_agent ? routing::Taken::by_hand : routing::Taken::none;
  const auto* escalated = std::get_if<conversation::Escalated>(&event);
  return escalated != nullptr && escalated->to_agent && escalated->to_agent != escalated->from_agent
             ? routing::Taken::by_hand
             : routing::Taken::none;
}

std::optional<conversation::Assign> assign_of(const routing::Entry& entry, Instant now) {
  if (entry.standing != routing::Standing::assigning) return std::nullopt;
  conversation::Assign assign;
  assign.agent = entry.agent;
  assign.queue = entry.queue;
  assign.at = now;
  assign.by_rule = true;
  return assign;
}

routing::Refusal refusal_of(const Error& error) {
  return error.rule == "agent.unknown" ? routing::Refusal::agent_unknown : routing::Refusal::moved_on;
}

}  // namespace parlance::process
