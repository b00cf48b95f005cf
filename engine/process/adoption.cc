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
  body.queues = desk.queues;
  for (const desk::Agent& agent : desk.agents) body.agents.push_back(agent.id);
  return body;
}

}  // namespace parlance::process
