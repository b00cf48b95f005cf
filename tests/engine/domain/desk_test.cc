#include "engine/domain/desk.h"

#include <doctest/doctest.h>

#include "tests/support/given.h"

namespace parlance::desk {
namespace {

using given = tests::Given<State, Event>;
const AgentId kim{{1, 1}};
const AgentId lee{{2, 2}};
const ReferenceId row{{3, 3}};
const AgentProfile profile{"Kim", "kim@example.org"};
const QueueId billing{{4, 4}};
const QueueId returns{{5, 5}};
const TokenId key{{6, 6}};
const TokenId other_key{{7, 7}};
const Sha256 hash = sha256(as_bytes("a token"));

AgentAdded added(AgentId id = kim) {
  return {id, Role::agent, Personal<AgentProfile>(profile, row, FieldClass::contact)};
}
TokenIssued issued(TokenId id = key) { return {id, kim, Scope::agent, hash}; }

TEST_CASE("an agent is added once, their profile under a row of their own") {
  given({}).when(AddAgent{kim, Role::agent, profile, row}).then({added()});
  given({added()}).when(AddAgent{kim, Role::admin, profile, row}).then_refused("desk.agent_exists");
  given({added()}).when(AddAgent{lee, Role::agent, profile, row}).then({added(lee)});
}
TEST_CASE("an agent's name has 1 to 200 bytes") {
  AddAgent command{kim, Role::agent, profile, row};
  command.profile.name = "";
  given({}).when(command).then_refused("desk.name_length");
  command.profile.name = std::string(201, 'x');
  given({}).when(command).then_refused("desk.name_length");
  command.profile.name = std::string(200, 'x');
  CHECK(decide(State{}, command).has_value());
}
TEST_CASE("a desk has up to 5000 agents") {
  State state;
  for (std::uint64_t i = 1; i < agents_max; ++i) state.agents.push_back({AgentId{{9, i}}, Role::agent, {}});
  CHECK(decide(state, AddAgent{kim, Role::agent, profile, row}).has_value());
  state.agents.push_back({lee, Role::agent, {}});
  const auto refusal = decide(state, AddAgent{kim, Role::agent, profile, row});
  REQUIRE_FALSE(refusal.has_value());
  CHECK(refusal.error().rule == "desk.too_many_agents");
}
TEST_CASE("a queue is added once by name and once by id; the first is where conversations wait") {
  given({}).when(AddQueue{billing, "billing"}).then({QueueAdded{billing, "billing"}});
  given({QueueAdded{billing, "billing"}})
      .when(AddQueue{returns, "billing"})
      .then_refused("desk.queue_exists");
  given({QueueAdded{billing, "billing"}})
      .when(AddQueue{billing, "returns"})
      .then_refused("desk.queue_exists");
  const given both({QueueAdded{billing, "billing"}, QueueAdded{returns, "returns"}});
  CHECK(both.state().queues.front().id == billing);
}
TEST_CASE("a queue's name has 1 to 200 bytes") {
  given({}).when(AddQueue{billing, ""}).then_refused("desk.name_length");
  given({}).when(AddQueue{billing, std::string(201, 'x')}).then_refused("desk.name_length");
  given({}).when(AddQueue{billing, std::string(200, 'x')}).then({QueueAdded{billing, std::string(200, 'x')}});
}
TEST_CASE("a desk has up to 500 queues") {
  std::vector<Event> history;
  for (std::uint64_t i = 1; i < queues_max; ++i)
    history.emplace_back(QueueAdded{QueueId{{9, i}}, std::to_string(i)});
  given(history).when(AddQueue{billing, "billing"}).then({QueueAdded{billing, "billing"}});
  history.emplace_back(QueueAdded{returns, "returns"});
  given(history).when(AddQueue{billing, "billing"}).then_refused("desk.too_many_queues");
}
TEST_CASE("a token speaks for an agent of the desk, or for a program of its own") {
  given({added()}).when(IssueToken{key, kim, Scope::agent, hash}).then({issued()});
  given({}).when(IssueToken{key, kim, Scope::agent, hash}).then_refused("desk.agent_unknown");
  given({}).when(IssueToken{key, {}, Scope::ingest, hash}).then({TokenIssued{key, {}, Scope::ingest, hash}});
}
TEST_CASE("a token is issued once and, once revoked, gone") {
  given({added(), issued()}).when(IssueToken{key, kim, Scope::admin, hash}).then_refused("desk.token_exists");
  given({added(), issued()}).when(RevokeToken{key}).then({TokenRevoked{key}});
  given({added(), issued(), TokenRevoked{key}}).when(RevokeToken{key}).then_nothing();
  given({}).when(RevokeToken{key}).then_nothing();
}
TEST_CASE("revoking one token leaves the others") {
  const State state = given({added(), issued(), issued(other_key), TokenRevoked{key}}).state();
  REQUIRE(state.tokens.size() == 1);
  CHECK(state.tokens.front() == Token{other_key, kim, Scope::agent, hash});
}
TEST_CASE("a desk has up to 20000 tokens") {
  State state;
  for (std::uint64_t i = 1; i < tokens_max; ++i)
    state.tokens.push_back({TokenId{{9, i}}, {}, Scope::ingest, hash});
  CHECK(decide(state, IssueToken{key, {}, Scope::ingest, hash}).has_value());
  state.tokens.push_back({other_key, {}, Scope::ingest, hash});
  const auto refusal = decide(state, IssueToken{key, {}, Scope::ingest, hash});
  REQUIRE_FALSE(refusal.has_value());
  CHECK(refusal.error().rule == "desk.too_many_tokens");
}
TEST_CASE("the state keeps sealed profiles and never plaintext") {
  AgentAdded sealed = added();
  const Sealed held{{EnvelopeId{{8, 8}}, 1}, row, FieldClass::contact};
  sealed.profile.seal(held);
  CHECK(given({sealed}).state().agents.front() == Agent{kim, Role::agent, held});
  CHECK(given({added()}).state().agents.front() == Agent{kim, Role::agent, {}});
}

}  // namespace
}  // namespace parlance::desk
