#include "engine/domain/adoption.h"

namespace parlance::adoption {
namespace {
void apply(State& s, const Adopted& e) { s.body = e.body; }
}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Result<std::vector<Event>> decide(const State& state, const Adopt& command) {
  const bool older = command.body.settings_version <= state.body.settings_version &&
                     command.body.desk_version <= state.body.desk_version;
  if (older) return std::vector<Event>{};
  return std::vector<Event>{Adopted{command.body}};
}

}  // namespace parlance::adoption
