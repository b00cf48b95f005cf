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
  CHECK(given({sealed}).state().agents.front().profile == held);
  CHECK(given({added()}).state().agents.front().profile == Sealed{});
}

const SkillId refunds{{10, 1}};
const TeamId team{{11, 1}};
const Language german = parse_language("de");
AgentChanged changed(AgentId id = kim) {
  return {id, Role::agent, {german}, {refunds}, {team}, {5, {{Channel::chat, 2}}}, std::nullopt};
}
const std::vector<Event> words{SkillAdded{refunds, "refunds"}, TeamAdded{team, "north"}, added()};
std::vector<Event> with(std::vector<Event> more) {
  std::vector<Event> out = words;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

TEST_CASE("what an agent can do is changed part by part; the rest stays") {
  const given here(with({changed()}));
  here.when(ChangeAgent{.id = kim}).then_nothing();
  ChangeAgent command{.id = kim};
  command.languages = std::vector<Language>{};
  AgentChanged without = changed();
  without.languages.clear();
  here.when(command).then({without});
  command = {.id = kim, .role = Role::lead, .profile = AgentProfile{"Kim B", ""}};
  AgentChanged lead = changed();
  lead.role = Role::lead;
  lead.profile = Personal<AgentProfile>(AgentProfile{"Kim B", ""}, ReferenceId{}, FieldClass::contact);
  here.when(command).then({lead});
  CHECK(here.state().agents.front().capacity == Capacity{5, {{Channel::chat, 2}}});
}
TEST_CASE("an agent may be added with all they can do") {
  AddAgent command{lee, Role::agent, profile, row};
  command.languages = {german};
  command.skills = {refunds};
  command.teams = {team};
  command.capacity = {5, {{Channel::chat, 2}}};
  given(words).when(command).then({added(lee), changed(lee)});
}
TEST_CASE("words an agent cannot have") {
  const given here(words);
  here.when(ChangeAgent{.id = lee}).then_not_found("agent.not_found");
  here.when(ChangeAgent{.id = kim, .languages = std::vector{Language::und}})
      .then_refused("desk.language_unknown");
  here.when(ChangeAgent{.id = kim, .languages = std::vector{german, german}}).then_refused("desk.word_twice");
  here.when(ChangeAgent{.id = kim, .skills = std::vector{SkillId{{9, 9}}}}).then_refused("skill.unknown");
  here.when(ChangeAgent{.id = kim, .teams = std::vector{TeamId{{9, 9}}}}).then_refused("team.unknown");
  here.when(ChangeAgent{.id = kim, .capacity = Capacity{501, {}}}).then_refused("desk.capacity");
  here.when(ChangeAgent{.id = kim, .capacity = Capacity{5, {{Channel::chat, 501}}}})
      .then_refused("desk.capacity");
  here.when(ChangeAgent{.id = kim, .capacity = Capacity{5, {{Channel::chat, 1}, {Channel::chat, 2}}}})
      .then_refused("desk.capacity");
  here.when(ChangeAgent{.id = kim, .skills = std::vector<SkillId>(51, refunds)})
      .then_refused("desk.too_many_words");
  here.when(ChangeAgent{.id = kim, .profile = AgentProfile{"", ""}}).then_refused("desk.name_length");
}
TEST_CASE("an agent leaves and comes back; the last administrator stays") {
  AgentAdded admin = added(lee);
  admin.role = Role::admin;
  const given here({added(), admin});
  here.when(ChangeAgent{.id = kim, .active = false}).then({ActivationChanged{kim, false}});
  here.when(ChangeAgent{.id = kim, .active = true}).then_nothing();
  here.when(ChangeAgent{.id = lee, .active = false}).then_refused("desk.last_admin");
  here.when(ChangeAgent{.id = lee, .role = Role::agent}).then_refused("desk.last_admin");
  given({added(), admin, ActivationChanged{kim, false}})
      .when(ChangeAgent{.id = kim, .active = true})
      .then({ActivationChanged{kim, true}});
}
TEST_CASE("skills and teams have names of their own") {
  const given here(words);
  here.when(AddSkill{SkillId{{9, 9}}, "refunds"}).then_refused("desk.skill_exists");
  here.when(AddSkill{SkillId{{9, 9}}, ""}).then_refused("desk.name_length");
  here.when(AddTeam{TeamId{{9, 9}}, "north"}).then_refused("desk.team_exists");
  here.when(AddTeam{TeamId{{9, 9}}, "south", {kim}})
      .then({TeamAdded{TeamId{{9, 9}}, "south"}, TeamChanged{TeamId{{9, 9}}, "south", {kim}, {}}});
  here.when(AddTeam{TeamId{{9, 9}}, "south", {lee}}).then_refused("agent.unknown");
}
TEST_CASE("agents join and leave a team; who is in both lists leaves") {
  const given here(with({changed()}));
  here.when(ChangeTeam{.id = team, .add = {kim}}).then_nothing();
  here.when(ChangeTeam{.id = team, .add = {kim}, .remove = {kim}})
      .then({TeamChanged{team, "north", {}, {kim}}});
  here.when(ChangeTeam{.id = team, .name = "Nord"}).then({TeamChanged{team, "Nord", {}, {}}});
  here.when(ChangeTeam{.id = TeamId{{9, 9}}}).then_not_found("team.not_found");
  CHECK(given(with({changed(), TeamChanged{team, "north", {}, {kim}}})).state().agents.front().teams.empty());
}
TEST_CASE("a queue's rule is part of it; routing begins with the first rule and does not end with the last") {
  const QueueRule rule{.kind = RuleKind::round_robin, .skills = {refunds}, .team = team, .offer_ms = 30'000};
  const given here(with({QueueAdded{billing, "billing"}}));
  CHECK_FALSE(here.state().routes);
  here.when(ChangeQueue{.id = billing, .rule = rule}).then({QueueChanged{billing, "billing", rule}});
  here.when(ChangeQueue{.id = billing, .rule = QueueRule{}}).then_nothing();
  here.when(ChangeQueue{.id = returns}).then_not_found("queue.not_found");
  here.when(AddQueue{returns, "returns", rule})
      .then({QueueAdded{returns, "returns"}, QueueChanged{returns, "returns", rule}});
  QueueRule wrong = rule;
  wrong.offer_ms = 4'999;
  here.when(ChangeQueue{.id = billing, .rule = wrong}).then_refused("queue.offer_time");
  wrong = rule;
  wrong.skills = {SkillId{{9, 9}}};
  here.when(ChangeQueue{.id = billing, .rule = wrong}).then_refused("skill.unknown");
  wrong = rule;
  wrong.team = TeamId{{9, 9}};
  here.when(ChangeQueue{.id = billing, .rule = wrong}).then_refused("team.unknown");
  const given after(with({QueueAdded{billing, "billing"}, QueueChanged{billing, "billing", rule},
                          QueueChanged{billing, "billing", {}}}));
  CHECK(after.state().routes);
  CHECK(after.state().queues.front().rule == QueueRule{});
}
TEST_CASE("the version to have seen is of the one thing that changes") {
  const State state = given(with({QueueAdded{billing, "billing"}, changed()})).state();
  CHECK(state.version == 5);
  CHECK(version_to_see(state, ChangeQueue{.id = billing}) == 4);
  CHECK(version_to_see(state, ChangeAgent{.id = kim}) == 5);
  CHECK(version_to_see(state, ChangeTeam{.id = team}) == 2);
  CHECK(version_to_see(state, AddQueue{returns, "returns"}) == 5);
}

}  // namespace
}  // namespace parlance::desk
