#include "engine/domain/adoption.h"

#include <utility>

namespace parlance::adoption {
namespace {
void apply(State& s, const Adopted& e) { s.body = e.body; }
}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Result<std::vector<Event>> decide(const State& state, const Adopt& command) {
  // Two bodies may be made at once, each newer than the other in one part: of each part the newer one counts, so
  // nothing adopted ever goes back.
  Body body = state.body;
  if (command.body.settings_version > body.settings_version) {
    body.settings_version = command.body.settings_version;
    body.policy = command.body.policy;
    body.tags = command.body.tags;
    body.types = command.body.types;
    body.fields = command.body.fields;
    body.sub_states = command.body.sub_states;
    body.transitions = command.body.transitions;
    body.imports = command.body.imports;
  }
  if (command.body.desk_version > body.desk_version) {
    body.desk_version = command.body.desk_version;
    body.queues = command.body.queues;
    body.agents = command.body.agents;
    body.teams = command.body.teams;
    body.routes = command.body.routes;
  }
  if (body == state.body) return std::vector<Event>{};
  return std::vector<Event>{Adopted{std::move(body)}};
}

}  // namespace parlance::adoption
