#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/domain/capacity.h"
#include "engine/domain/personal.h"
#include "engine/domain/queue_rule.h"
#include "engine/domain/vocabulary.h"

/// The desk of a workspace: who works there and what they can do, where work waits and by which rule it finds an owner,
/// and which tokens speak for whom. One stream a workspace, decided by administrators and adopted by every partition; what
/// changes with each conversation (presence, offers, load) is routing's (routing.h), so that it is not.
namespace parlance::desk {

struct AgentAdded {
  AgentId id;
  Role role;
  Personal<AgentProfile> profile;  ///< under the agent's own row
  bool operator==(const AgentAdded&) const = default;
  void each_personal(auto&& visit) { visit(profile); }
};
struct QueueAdded {
  QueueId id;
  std::string name;
  bool operator==(const QueueAdded&) const = default;
};
/// A token is 256 random bits shown once; the log keeps its SHA-256 alone.
struct TokenIssued {
  TokenId id;
  AgentId agent;  ///< for whom it speaks; zero: a program of its own
  Scope scopes;
  Sha256 hash;
  bool operator==(const TokenIssued&) const = default;
};
struct TokenRevoked {
  TokenId id;
  bool operator==(const TokenRevoked&) const = default;
};
/// All that is known of an agent from now on, but for a profile that stays.
struct AgentChanged {
  AgentId id;
  Role role;
  std::vector<Language> languages;
  std::vector<SkillId> skills;
  std::vector<TeamId> teams;
  Capacity capacity;
  std::optional<Personal<AgentProfile>> profile;
  bool operator==(const AgentChanged&) const = default;
  void each_personal(auto&& visit) {
    if (profile) visit(*profile);
  }
};
/// An agent who is not active cannot sign in and gets no work; what they hold stays theirs until somebody takes it.
struct ActivationChanged {
  AgentId id;
  bool active;
  bool operator==(const ActivationChanged&) const = default;
};
struct SkillAdded {
  SkillId id;
  std::string name;
  bool operator==(const SkillAdded&) const = default;
};
struct TeamAdded {
  TeamId id;
  std::string name;
  bool operator==(const TeamAdded&) const = default;
};
struct TeamChanged {
  TeamId id;
  std::string name;
  std::vector<AgentId> added, removed;
  bool operator==(const TeamChanged&) const = default;
};
struct QueueChanged {
  QueueId id;
  std::string name;
  QueueRule rule;
  bool operator==(const QueueChanged&) const = default;
};
using Event = std::variant<AgentAdded, QueueAdded, TokenIssued, TokenRevoked, AgentChanged, ActivationChanged,
                           SkillAdded, TeamAdded, TeamChanged, QueueChanged>;

/// `version` of each of these: of the stream, by the last event that changed it.
struct Agent {
  AgentId id;
  Role role = Role::none;
  Sealed profile;
  std::vector<Language> languages;
  std::vector<SkillId> skills;
  std::vector<TeamId> teams;
  Capacity capacity;
  bool active = true;
  Version version = 0;
  bool operator==(const Agent&) const = default;
};
struct Queue {
  QueueId id;
  std::string name;
  QueueRule rule;
  Version version = 0;
  bool operator==(const Queue&) const = default;
};
struct Token {
  TokenId id;
  AgentId agent;
  Scope scopes;
  Sha256 hash;
  bool operator==(const Token&) const = default;
};
struct Skill {
  SkillId id;
  std::string name;
  bool operator==(const Skill&) const = default;
};
struct Team {
  TeamId id;
  std::string name;
  Version version = 0;
  bool operator==(const Team&) const = default;
};
struct State {
  Version version = 0;  ///< events so far, which is the stream's version
  std::vector<Agent> agents;
  std::vector<Queue> queues;  ///< the first is where new conversations wait
  std::vector<Token> tokens;
  std::vector<Skill> skills;
  std::vector<Team> teams;
  bool routes =
      false;  ///< some queue has or had another rule than manual: from then on routing keeps its ledger
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);
[[nodiscard]] const Agent* find(const State& state, AgentId id);
[[nodiscard]] const Queue* find(const State& state, QueueId id);
[[nodiscard]] const Team* find(const State& state, TeamId id);
[[nodiscard]] const Skill* find(const State& state, SkillId id);

inline constexpr std::size_t agents_max = 5000;
inline constexpr std::size_t queues_max = 500;
inline constexpr std::size_t tokens_max = 20000;
inline constexpr std::size_t skills_max = 500;
inline constexpr std::size_t teams_max = 500;
inline constexpr std::size_t words_of_agent_max = 50;  ///< languages, skills or teams
inline constexpr std::size_t name_bytes_max = 200;

/// `row` names the agent's own key row, made by the caller.
struct AddAgent {
  AgentId id;
  Role role = Role::agent;
  AgentProfile profile;
  ReferenceId row;
  std::vector<Language> languages{};
  std::vector<SkillId> skills{};
  std::vector<TeamId> teams{};
  Capacity capacity{};
};
struct AddQueue {
  QueueId id;
  std::string name;
  QueueRule rule{};
};
struct IssueToken {
  TokenId id;
  AgentId agent;
  Scope scopes;
  Sha256 hash;
};
struct RevokeToken {
  TokenId id;
};
/// What is not given stays as it is.
struct ChangeAgent {
  AgentId id;
  std::optional<Role> role{};
  std::optional<AgentProfile> profile{};
  std::optional<std::vector<Language>> languages{};
  std::optional<std::vector<SkillId>> skills{};
  std::optional<std::vector<TeamId>> teams{};
  std::optional<Capacity> capacity{};
  std::optional<bool> active{};
};
struct AddSkill {
  SkillId id;
  std::string name;
};
struct AddTeam {
  TeamId id;
  std::string name;
  std::vector<AgentId> agents{};
};
struct ChangeTeam {
  TeamId id;
  std::optional<std::string> name{};
  std::vector<AgentId> add{}, remove{};
};
struct ChangeQueue {
  QueueId id;
  std::optional<std::string> name{};
  std::optional<QueueRule> rule{};
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddAgent& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddQueue& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const IssueToken& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const RevokeToken& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangeAgent& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddSkill& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddTeam& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangeTeam& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangeQueue& command);

/// The version that whoever sends the command must have seen: of the one thing it changes; of the whole stream otherwise.
[[nodiscard]] Version version_to_see(const State& state, const ChangeAgent& command);
[[nodiscard]] Version version_to_see(const State& state, const ChangeTeam& command);
[[nodiscard]] Version version_to_see(const State& state, const ChangeQueue& command);
template <class Command> [[nodiscard]] Version version_to_see(const State& state, const Command&) {
  return state.version;
}

}  // namespace parlance::desk
