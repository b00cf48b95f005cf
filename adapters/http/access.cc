#include "adapters/http/access.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sodium.h>

namespace parlance::http {
namespace {

std::string mac_of(const Key& key, std::string_view text) {
  std::array<std::uint8_t, 32> mac;
  crypto_generichash(mac.data(), mac.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     key.data(), key.size());
  return to_hex(mac);
}
bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// What a role may do on the page.
Scope scopes_of(Role role) { return role == Role::admin ? Scope::agent | Scope::admin : Scope::agent; }
constexpr std::size_t links_max = 1000;

}  // namespace

std::string make_token() {
  RawId a, b;
  randombytes_buf(&a, sizeof a);
  randombytes_buf(&b, sizeof b);
  return raw_id_text("plt", a) + raw_id_text("", b).substr(1);
}

Sha256 hash_token(std::string_view token) { return sha256(as_bytes(token)); }

std::shared_ptr<const Access::Known> Access::known() const {
  const auto directory = engine_.directory();
  auto now = known_.load();
  if (now && now->of == directory) return now;
  auto next = std::make_shared<Known>();
  next->of = directory;
  for (const auto& [workspace, state] : directory->workspaces)
    for (const desk::Token& token : state.desk.tokens) {
      Caller caller;
      caller.workspace = workspace;
      caller.agent = token.agent;
      caller.actor = token.agent ? Actor{ActorKind::agent, token.agent} : Actor{ActorKind::program, token.id};
      caller.scopes = token.scopes;
      const auto agent = std::ranges::find(state.desk.agents, token.agent, &desk::Agent::id);
      if (agent != state.desk.agents.end() && !agent->active) continue;
      caller.role = has(token.scopes, Scope::admin)    ? Role::admin
                    : agent != state.desk.agents.end() ? agent->role
                                                       : Role::agent;
      next->tokens.emplace(std::string(as_text(token.hash)), caller);
    }
  known_.store(next);
  return next;
}

std::optional<Caller> Access::by_token(std::string_view token) const {
  if (token.size() > 200) return std::nullopt;
  const Sha256 hash = hash_token(token);
  const auto known = this->known();
  const auto it = known->tokens.find(std::string(as_text(hash)));
  if (it == known->tokens.end()) return std::nullopt;
  return it->second;
}

std::optional<Caller> Access::as_agent(WorkspaceId workspace, AgentId agent) const {
  const auto directory = engine_.directory();
  const auto it = directory->workspaces.find(workspace);
  if (it == directory->workspaces.end()) return std::nullopt;
  const auto& agents = it->second.desk.agents;
  const auto found = std::ranges::find(agents, agent, &desk::Agent::id);
  if (found == agents.end() || !found->active) return std::nullopt;
  Caller caller;
  caller.workspace = workspace;
  caller.agent = agent;
  caller.actor = {ActorKind::agent, agent};
  caller.role = found->role;
  caller.scopes = scopes_of(found->role);
  return caller;
}

std::string Access::make_session(const Caller& caller, Instant expires_at) const {
  const std::string text =
      to_text(caller.workspace) + "." + to_text(caller.agent) + "." + std::to_string(expires_at.ms);
  return text + "." + mac_of(engine_.keys().secret(SecretKey::session), text);
}

std::optional<Caller> Access::by_session(std::string_view value) const {
  if (value.size() > 300) return std::nullopt;
  const std::size_t mac_at = value.rfind('.');
  if (mac_at == std::string_view::npos) return std::nullopt;
  const std::string_view text = value.substr(0, mac_at);
  if (!same_secret(value.substr(mac_at + 1), mac_of(engine_.keys().secret(SecretKey::session), text)))
    return std::nullopt;
  const std::size_t first = text.find('.');
  const std::size_t second = text.rfind('.');
  if (first == second) return std::nullopt;
  const auto workspace = parse_id<WorkspaceId>(text.substr(0, first));
  const auto agent = parse_id<AgentId>(text.substr(first + 1, second - first - 1));
  Instant until;
  (void)std::from_chars(text.data() + second + 1, text.data() + text.size(), until.ms);
  if (!workspace || !agent || clock_.now() >= until) return std::nullopt;
  auto caller = as_agent(*workspace, *agent);
  if (caller) {
    caller->by_cookie = true;
    caller->expires_at = until;
  }
  return caller;
}

std::optional<Caller> Access::caller(const HttpRequest& request) const {
  const std::string_view authorization = request.header("authorization");
  if (!authorization.empty()) {
    constexpr std::string_view bearer = "bearer ";
    if (authorization.size() <= bearer.size() ||
        !std::ranges::equal(authorization.substr(0, bearer.size()), bearer,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; }))
      return std::nullopt;
    return by_token(authorization.substr(bearer.size()));
  }
  std::string_view cookies = request.header("cookie");
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view cookie = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    while (!cookie.empty() && cookie.front() == ' ') cookie.remove_prefix(1);
    if (cookie.starts_with(session_cookie) && cookie.size() > session_cookie.size() &&
        cookie[session_cookie.size()] == '=')
      return by_session(cookie.substr(session_cookie.size() + 1));
  }
  return std::nullopt;
}

std::string Access::make_link(WorkspaceId workspace, AgentId agent) {
  std::string token = make_token();
  const std::lock_guard lock(mutex_);
  std::erase_if(links_, [&](const auto& link) { return link.second.until <= clock_.now(); });
  if (links_.size() >= links_max) links_.erase(links_.begin());
  links_.insert_or_assign(to_hex(hash_token(token)), Link{workspace, agent, clock_.now() + link_ms});
  return token;
}

std::optional<Caller> Access::use_link(std::string_view token) {
  Link link;
  {
    const std::lock_guard lock(mutex_);
    const auto it = links_.find(to_hex(hash_token(token)));
    if (it == links_.end()) return std::nullopt;
    link = it->second;
    links_.erase(it);
  }
  if (link.until <= clock_.now()) return std::nullopt;
  return as_agent(link.workspace, link.agent);
}

}  // namespace parlance::http
