#include "engine/domain/desk.h"

#include <algorithm>

namespace parlance::desk {
namespace {
void apply(State& s, const AgentAdded& e) {
  s.agents.push_back({e.id, e.role, e.profile.is_plain() ? Sealed{} : e.profile.sealed()});
}
void apply(State& s, const QueueAdded& e) { s.queues.push_back({e.id, e.name}); }
void apply(State& s, const TokenIssued& e) { s.tokens.push_back({e.id, e.agent, e.scopes, e.hash}); }
void apply(State& s, const TokenRevoked& e) {
  std::erase_if(s.tokens, [&](const Token& token) { return token.id == e.id; });
}
}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Result<std::vector<Event>> decide(const State& state, const AddAgent& command) {
  if (command.profile.name.empty() || command.profile.name.size() > name_bytes_max)
    return refused("desk.name_length", "an agent's name has 1 to 200 bytes");
  if (std::ranges::find(state.agents, command.id, &Agent::id) != state.agents.end())
    return refused("desk.agent_exists", "there is an agent of that id");
  if (state.agents.size() >= agents_max) return refused("desk.too_many_agents", "at most 5000 agents");
  return std::vector<Event>{AgentAdded{
      command.id, command.role, Personal<AgentProfile>(command.profile, command.row, FieldClass::contact)}};
}

Result<std::vector<Event>> decide(const State& state, const AddQueue& command) {
  if (command.name.empty() || command.name.size() > name_bytes_max)
    return refused("desk.name_length", "a queue's name has 1 to 200 bytes");
  if (std::ranges::find(state.queues, command.name, &Queue::name) != state.queues.end() ||
      std::ranges::find(state.queues, command.id, &Queue::id) != state.queues.end())
    return refused("desk.queue_exists", "there is a queue of that name or id");
  if (state.queues.size() >= queues_max) return refused("desk.too_many_queues", "at most 500 queues");
  return std::vector<Event>{QueueAdded{command.id, command.name}};
}

Result<std::vector<Event>> decide(const State& state, const IssueToken& command) {
  if (command.agent && std::ranges::find(state.agents, command.agent, &Agent::id) == state.agents.end())
    return refused("desk.agent_unknown", "no agent of that id");
  if (std::ranges::find(state.tokens, command.id, &Token::id) != state.tokens.end())
    return refused("desk.token_exists", "there is a token of that id");
  if (state.tokens.size() >= tokens_max)
    return refused("desk.too_many_tokens", "at most 20000 tokens; revoke some");
  return std::vector<Event>{TokenIssued{command.id, command.agent, command.scopes, command.hash}};
}

Result<std::vector<Event>> decide(const State& state, const RevokeToken& command) {
  if (std::ranges::find(state.tokens, command.id, &Token::id) == state.tokens.end())
    return std::vector<Event>{};
  return std::vector<Event>{TokenRevoked{command.id}};
}

}  // namespace parlance::desk
