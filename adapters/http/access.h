#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/http/message.h"
#include "engine/ports/clock.h"
#include "engine/runtime/engine.h"

/// Who is asking: tokens, sign-in links and page sessions.
namespace parlance::http {

struct Caller {
  WorkspaceId workspace;
  Actor actor;
  AgentId agent;  ///< zero: a program of its own
  Role role = Role::none;
  Scope scopes = Scope::none;
  bool by_cookie = false;
  Instant expires_at = instant_max;
  [[nodiscard]] Principal principal() const { return {actor, role}; }
};

inline constexpr std::int64_t link_ms = 10 * 60'000;
inline constexpr std::int64_t session_ms = 12 * 3'600'000;
inline constexpr std::string_view session_cookie = "parlance_session";

/// A token as it is shown once: "plt_" and 256 random bits in base32. What is kept is its SHA-256.
[[nodiscard]] std::string make_token();
[[nodiscard]] Sha256 hash_token(std::string_view token);

/// Threads: any.
class Access {
 public:
  Access(Engine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

  /// By bearer token or session cookie; none when neither holds.
  [[nodiscard]] std::optional<Caller> caller(const HttpRequest& request) const;
  /// A link's token, good once and for ten minutes, for an agent of a workspace.
  [[nodiscard]] std::string make_link(WorkspaceId workspace, AgentId agent);
  /// Uses a link up; none when it is unknown, used or too old.
  [[nodiscard]] std::optional<Caller> use_link(std::string_view token);
  [[nodiscard]] std::optional<Caller> by_token(std::string_view token) const;
  /// The session cookie's value: workspace, agent and expiry, under the keyring's session key.
  [[nodiscard]] std::string make_session(const Caller& caller, Instant expires_at) const;

 private:
  [[nodiscard]] std::optional<Caller> by_session(std::string_view value) const;
  [[nodiscard]] std::optional<Caller> as_agent(WorkspaceId workspace, AgentId agent) const;

  struct Link {
    WorkspaceId workspace;
    AgentId agent;
    Instant until;
  };
  using Tokens = std::unordered_map<std::string, Caller>;
  struct Known {
    std::shared_ptr<const Directory> of;
    Tokens tokens;
  };
  [[nodiscard]] std::shared_ptr<const Known> known() const;

  Engine& engine_;
  const Clock& clock_;
  std::mutex mutex_;  // guards links_
  std::map<std::string, Link, std::less<>> links_;
  mutable std::atomic<std::shared_ptr<const Known>> known_;
};

}  // namespace parlance::http
