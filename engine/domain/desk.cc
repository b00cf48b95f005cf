#include "engine/domain/desk.h"

#include <algorithm>

namespace parlance::desk {
namespace {

using Events = std::vector<Event>;
using Decided = Result<Events>;

auto* find_in(auto& things, auto id) {
  const auto it = std::ranges::find(things, id, [](const auto& thing) { return thing.id; });
  return it == things.end() ? nullptr : &*it;
}

void apply(State& s, const AgentAdded& e) {
  Agent agent;
  agent.id = e.id;
  agent.role = e.role;
  if (!e.profile.is_plain()) agent.profile = e.profile.sealed();
  agent.version = s.version;
  s.agents.push_back(std::move(agent));
}
void apply(State& s, const QueueAdded& e) { s.queues.push_back({e.id, e.name, {}, s.version}); }
void apply(State& s, const TokenIssued& e) { s.tokens.push_back({e.id, e.agent, e.scopes, e.hash}); }
void apply(State& s, const TokenRevoked& e) {
  std::erase_if(s.tokens, [&](const Token& token) { return token.id == e.id; });
}
void apply(State& s, const AgentChanged& e) {
  Agent* agent = find_in(s.agents, e.id);
  if (agent == nullptr) return;
  agent->role = e.role;
  agent->languages = e.languages;
  agent->skills = e.skills;
  agent->teams = e.teams;
  agent->capacity = e.capacity;
  if (e.profile && !e.profile->is_plain()) agent->profile = e.profile->sealed();
  agent->version = s.version;
}
void apply(State& s, const ActivationChanged& e) {
  Agent* agent = find_in(s.agents, e.id);
  if (agent == nullptr) return;
  agent->active = e.active;
  agent->version = s.version;
}
void apply(State& s, const SkillAdded& e) { s.skills.push_back({e.id, e.name}); }
void apply(State& s, const TeamAdded& e) { s.teams.push_back({e.id, e.name, s.version}); }
void apply(State& s, const TeamChanged& e) {
  if (Team* team = find_in(s.teams, e.id)) {
    team->name = e.name;
    team->version = s.version;
  }
  const auto each = [&](const std::vector<AgentId>& ids, auto change) {
    for (const AgentId id : ids)
      if (Agent* agent = find_in(s.agents, id)) {
        change(agent->teams);
        agent->version = s.version;
      }
  };
  each(e.added, [&](std::vector<TeamId>& teams) { teams.push_back(e.id); });
  each(e.removed, [&](std::vector<TeamId>& teams) { std::erase(teams, e.id); });
}
void apply(State& s, const QueueChanged& e) {
  Queue* queue = find_in(s.queues, e.id);
  if (queue == nullptr) return;
  queue->name = e.name;
  queue->rule = e.rule;
  queue->version = s.version;
  s.routes = s.routes || e.rule.kind != RuleKind::manual;
}

bool is_name(const std::string& name) { return !name.empty() && name.size() <= name_bytes_max; }
template <class T> bool contains(const std::vector<T>& things, const T& one) {
  return std::ranges::find(things, one) != things.end();
}
template <class T> bool has_twice(std::vector<T> things) {
  std::ranges::sort(things);
  return std::ranges::adjacent_find(things) != things.end();
}

/// None where the words are known and the numbers within their limits.
std::optional<Error> fault_in(const State& s, const std::vector<Language>& languages,
                              const std::vector<SkillId>& skills, const std::vector<TeamId>& teams,
                              const Capacity& capacity) {
  if (languages.size() > words_of_agent_max || skills.size() > words_of_agent_max ||
      teams.size() > words_of_agent_max)
    return refused("desk.too_many_words", "at most 50 languages, 50 skills and 50 teams an agent");
  if (has_twice(languages) || has_twice(skills) || has_twice(teams))
    return refused("desk.word_twice", "each language, skill and team once");
  if (contains(languages, Language::und)) return refused("desk.language_unknown", "a language of ISO 639-1");
  for (const SkillId id : skills)
    if (find(s, id) == nullptr) return refused("skill.unknown", "no skill of that id; add it first");
  for (const TeamId id : teams)
    if (find(s, id) == nullptr) return refused("team.unknown", "no team of that id; add it first");
  if (capacity.total > capacity_max)
    return refused("desk.capacity", "an agent has at most 500 conversations at once");
  for (std::size_t i = 0; i < capacity.channels.size(); ++i) {
    const auto& limit = capacity.channels[i];
    if (limit.channel == Channel::none || limit.most > capacity_max ||
        (i > 0 && capacity.channels[i - 1].channel >= limit.channel))
      return refused("desk.capacity", "a number from 0 to 500 for each channel once");
  }
  return std::nullopt;
}
std::optional<Error> fault_in(const State& s, const QueueRule& rule) {
  if (rule.skills.size() > words_of_agent_max || has_twice(rule.skills))
    return refused("desk.word_twice", "each skill once, at most 50");
  for (const SkillId id : rule.skills)
    if (find(s, id) == nullptr) return refused("skill.unknown", "no skill of that id; add it first");
  if (rule.team && find(s, rule.team) == nullptr)
    return refused("team.unknown", "no team of that id; add it first");
  if (rule.offer_ms && (*rule.offer_ms < offer_ms_min || *rule.offer_ms > offer_ms_max))
    return refused("queue.offer_time", "an offer stands from 5 seconds to 24 hours");
  return std::nullopt;
}

/// Somebody must be left who can change the desk.
bool is_last_admin(const State& s, AgentId id) {
  return std::ranges::none_of(s.agents, [&](const Agent& agent) {
    return agent.id != id && agent.active && agent.role == Role::admin;
  });
}
Error agent_unknown() { return {Errc::not_found, "agent.not_found", "no agent of that id"}; }

}  // namespace

State evolve(State state, const Event& event) {
  ++state.version;
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

const Agent* find(const State& state, AgentId id) { return find_in(state.agents, id); }
const Queue* find(const State& state, QueueId id) { return find_in(state.queues, id); }
const Team* find(const State& state, TeamId id) { return find_in(state.teams, id); }
const Skill* find(const State& state, SkillId id) { return find_in(state.skills, id); }

Decided decide(const State& state, const AddAgent& command) {
  if (!is_name(command.profile.name))
    return refused("desk.name_length", "an agent's name has 1 to 200 bytes");
  if (find(state, command.id) != nullptr) return refused("desk.agent_exists", "there is an agent of that id");
  if (state.agents.size() >= agents_max) return refused("desk.too_many_agents", "at most 5000 agents");
  if (auto fault = fault_in(state, command.languages, command.skills, command.teams, command.capacity))
    return *fault;
  Events events{AgentAdded{command.id, command.role,
                           Personal<AgentProfile>(command.profile, command.row, FieldClass::contact)}};
  if (!command.languages.empty() || !command.skills.empty() || !command.teams.empty() ||
      command.capacity != Capacity{})
    events.emplace_back(AgentChanged{command.id, command.role, command.languages, command.skills,
                                     command.teams, command.capacity, std::nullopt});
  return events;
}

Decided decide(const State& state, const AddQueue& command) {
  if (!is_name(command.name)) return refused("desk.name_length", "a queue's name has 1 to 200 bytes");
  if (std::ranges::find(state.queues, command.name, &Queue::name) != state.queues.end() ||
      find(state, command.id) != nullptr)
    return refused("desk.queue_exists", "there is a queue of that name or id");
  if (state.queues.size() >= queues_max) return refused("desk.too_many_queues", "at most 500 queues");
  if (auto fault = fault_in(state, command.rule)) return *fault;
  Events events{QueueAdded{command.id, command.name}};
  if (command.rule != QueueRule{}) events.emplace_back(QueueChanged{command.id, command.name, command.rule});
  return events;
}

Decided decide(const State& state, const IssueToken& command) {
  if (command.agent && find(state, command.agent) == nullptr)
    return refused("desk.agent_unknown", "no agent of that id");
  if (find_in(state.tokens, command.id) != nullptr)
    return refused("desk.token_exists", "there is a token of that id");
  if (state.tokens.size() >= tokens_max)
    return refused("desk.too_many_tokens", "at most 20000 tokens; revoke some");
  return Events{TokenIssued{command.id, command.agent, command.scopes, command.hash}};
}

Decided decide(const State& state, const RevokeToken& command) {
  if (find_in(state.tokens, command.id) == nullptr) return Events{};
  return Events{TokenRevoked{command.id}};
}

Decided decide(const State& state, const ChangeAgent& command) {
  const Agent* agent = find(state, command.id);
  if (agent == nullptr) return agent_unknown();
  if (command.profile && !is_name(command.profile->name))
    return refused("desk.name_length", "an agent's name has 1 to 200 bytes");
  AgentChanged changed{command.id,
                       command.role.value_or(agent->role),
                       command.languages.value_or(agent->languages),
                       command.skills.value_or(agent->skills),
                       command.teams.value_or(agent->teams),
                       command.capacity.value_or(agent->capacity),
                       std::nullopt};
  if (auto fault = fault_in(state, changed.languages, changed.skills, changed.teams, changed.capacity))
    return *fault;
  const bool active = command.active.value_or(agent->active);
  if (agent->active && agent->role == Role::admin && (!active || changed.role != Role::admin) &&
      is_last_admin(state, command.id))
    return refused("desk.last_admin", "somebody must be left who may change the desk");
  const bool same = changed.role == agent->role && changed.languages == agent->languages &&
                    changed.skills == agent->skills && changed.teams == agent->teams &&
                    changed.capacity == agent->capacity;
  if (command.profile)
    changed.profile = Personal<AgentProfile>(*command.profile, agent->profile.reference, FieldClass::contact);
  Events events;
  if (!same || command.profile) events.emplace_back(std::move(changed));
  if (active != agent->active) events.emplace_back(ActivationChanged{command.id, active});
  return events;
}

Decided decide(const State& state, const AddSkill& command) {
  if (!is_name(command.name)) return refused("desk.name_length", "a skill's name has 1 to 200 bytes");
  if (std::ranges::find(state.skills, command.name, &Skill::name) != state.skills.end() ||
      find(state, command.id) != nullptr)
    return refused("desk.skill_exists", "there is a skill of that name or id");
  if (state.skills.size() >= skills_max) return refused("desk.too_many_skills", "at most 500 skills");
  return Events{SkillAdded{command.id, command.name}};
}

namespace {
/// Adding who is in, or removing who is not, changes nothing; who is in both is removed.
Result<TeamChanged> members(const State& state, const ChangeTeam& command, const std::string& name) {
  TeamChanged changed{command.id, name, {}, {}};
  for (const auto* ids : {&command.add, &command.remove})
    for (const AgentId id : *ids)
      if (find(state, id) == nullptr) return refused("agent.unknown", "no agent of that id");
  const auto in_team = [&](AgentId id) { return contains(find(state, id)->teams, command.id); };
  for (const AgentId id : command.add) {
    if (in_team(id) || contains(changed.added, id) || contains(command.remove, id)) continue;
    if (find(state, id)->teams.size() >= words_of_agent_max)
      return refused("desk.too_many_words", "an agent is in at most 50 teams");
    changed.added.push_back(id);
  }
  for (const AgentId id : command.remove)
    if (in_team(id) && !contains(changed.removed, id)) changed.removed.push_back(id);
  return changed;
}
}  // namespace

Decided decide(const State& state, const AddTeam& command) {
  if (!is_name(command.name)) return refused("desk.name_length", "a team's name has 1 to 200 bytes");
  if (std::ranges::find(state.teams, command.name, &Team::name) != state.teams.end() ||
      find(state, command.id) != nullptr)
    return refused("desk.team_exists", "there is a team of that name or id");
  if (state.teams.size() >= teams_max) return refused("desk.too_many_teams", "at most 500 teams");
  auto changed = members(state, {command.id, std::nullopt, command.agents, {}}, command.name);
  if (!changed) return changed.error();
  Events events{TeamAdded{command.id, command.name}};
  if (!changed->added.empty()) events.emplace_back(std::move(*changed));
  return events;
}

Decided decide(const State& state, const ChangeTeam& command) {
  const Team* team = find(state, command.id);
  if (team == nullptr) return Error{Errc::not_found, "team.not_found", "no team of that id"};
  const std::string name = command.name.value_or(team->name);
  if (!is_name(name)) return refused("desk.name_length", "a team's name has 1 to 200 bytes");
  const auto namesake = std::ranges::find(state.teams, name, &Team::name);
  if (namesake != state.teams.end() && namesake->id != command.id)
    return refused("desk.team_exists", "there is another team of that name");
  auto changed = members(state, command, name);
  if (!changed) return changed.error();
  if (name == team->name && changed->added.empty() && changed->removed.empty()) return Events{};
  return Events{std::move(*changed)};
}

Decided decide(const State& state, const ChangeQueue& command) {
  const Queue* queue = find(state, command.id);
  if (queue == nullptr) return Error{Errc::not_found, "queue.not_found", "no queue of that id"};
  const std::string name = command.name.value_or(queue->name);
  if (!is_name(name)) return refused("desk.name_length", "a queue's name has 1 to 200 bytes");
  const auto namesake = std::ranges::find(state.queues, name, &Queue::name);
  if (namesake != state.queues.end() && namesake->id != command.id)
    return refused("desk.queue_exists", "there is another queue of that name");
  const QueueRule rule = command.rule.value_or(queue->rule);
  if (auto fault = fault_in(state, rule)) return *fault;
  if (name == queue->name && rule == queue->rule) return Events{};
  return Events{QueueChanged{command.id, name, rule}};
}

Version version_to_see(const State& state, const ChangeAgent& command) {
  const Agent* agent = find(state, command.id);
  return agent == nullptr ? state.version : agent->version;
}
Version version_to_see(const State& state, const ChangeTeam& command) {
  const Team* team = find(state, command.id);
  return team == nullptr ? state.version : team->version;
}
Version version_to_see(const State& state, const ChangeQueue& command) {
  const Queue* queue = find(state, command.id);
  return queue == nullptr ? state.version : queue->version;
}

}  // namespace parlance::desk
