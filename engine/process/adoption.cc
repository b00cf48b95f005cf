#include "engine/process/adoption.h"

namespace parlance::process {

adoption::Body body_to_adopt(Version settings_version, const settings::State& settings, Version desk_version,
                             const desk::State& desk) {
  adoption::Body body;
  body.settings_version = settings_version;
  body.desk_version = desk_version;
  body.policy = settings.policy;
  body.tags = settings.tags;
  body.types = settings.types;
  body.fields = settings.fields;
  body.sub_states = settings.sub_states;
  body.transitions = settings.transitions;
  body.imports = settings.imports;
  for (const desk::Queue& queue : desk.queues)
    body.queues.push_back({queue.id, queue.name, queue.rule.kind != RuleKind::manual});
  for (const desk::Agent& agent : desk.agents)
    if (agent.active) body.agents.push_back(agent.id);
  for (const desk::Team& team : desk.teams) body.teams.push_back({team.id, team.name});
  body.routes = desk.routes;
  return body;
}

}  // namespace parlance::process
