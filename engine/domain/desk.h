#pragma once
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"

/// The desk of a workspace: who works there, where work waits, and which tokens speak for whom. One stream a workspace.
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
using Event = std::variant<AgentAdded, QueueAdded, TokenIssued, TokenRevoked>;

struct Agent {
  AgentId id;
  Role role;
  Sealed profile;
  bool operator==(const Agent&) const = default;
};
struct Queue {
  QueueId id;
  std::string name;
  bool operator==(const Queue&) const = default;
};
struct Token {
  TokenId id;
  AgentId agent;
  Scope scopes;
  Sha256 hash;
  bool operator==(const Token&) const = default;
};
struct State {
  std::vector<Agent> agents;
  std::vector<Queue> queues;  ///< the first is where new conversations wait
  std::vector<Token> tokens;
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);

inline constexpr std::size_t agents_max = 5000;
inline constexpr std::size_t queues_max = 500;
inline constexpr std::size_t tokens_max = 20000;
inline constexpr std::size_t name_bytes_max = 200;

/// `row` names the agent's own key row, made by the caller.
struct AddAgent {
  AgentId id;
  Role role;
  AgentProfile profile;
  ReferenceId row;
};
struct AddQueue {
  QueueId id;
  std::string name;
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
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddAgent& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddQueue& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const IssueToken& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const RevokeToken& command);

}  // namespace parlance::desk
