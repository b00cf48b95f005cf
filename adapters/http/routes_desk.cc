#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "adapters/http/commands.h"
#include "adapters/http/cursor.h"
#include "adapters/http/desk_json.h"
#include "adapters/http/render.h"

/// People and queues: who works at the desk, who is there, and how what waits finds an owner.
namespace parlance::http {
namespace {

constexpr std::size_t agents_shown = 500;
constexpr std::size_t agents_shown_max = 1000;
constexpr std::array channels{Channel::email,     Channel::chat, Channel::whatsapp, Channel::messenger,
                              Channel::instagram, Channel::sms,  Channel::voice,    Channel::marketplace,
                              Channel::social,    Channel::api};

constexpr std::size_t language_tag_bytes_max = 40;

Language read_language(std::string_view tag) {
  return tag.size() <= language_tag_bytes_max ? parse_language(tag) : Language::und;
}

bool is_admin(const Call& call) { return has(call->caller.scopes, Scope::admin); }

/// The workspace as its own streams last had it, or an answered 503.
struct Here {
  std::shared_ptr<const Directory> directory;
  const WorkspaceState* workspace = nullptr;
  [[nodiscard]] const desk::State& desk() const { return workspace->desk; }
};
std::optional<Here> workspace_here(const Call& call) {
  Here here{call->engine().directory()};
  here.workspace = call->workspace(*here.directory);
  if (here.workspace != nullptr) return here;
  call->fail(503, "unavailable", "the workspace is not there yet; try again soon");
  return std::nullopt;
}

void send(const Call& call, Action action, unsigned status, Describe describe) {
  submit(call, request_for(call, call->caller.workspace.slot(), call->request.path, std::move(action)),
         status, std::move(describe));
}
template <class AnId> Describe same(AnId id) {
  return [id](const Outcome&, json::object& body) { body["id"] = to_text(id); };
}
void etag(std::vector<std::pair<std::string, std::string>>& headers, Version version) {
  headers.emplace_back("ETag", "\"" + std::to_string(version) + "\"");
}

// ---- showing agents ----

json::object load_json(std::uint64_t total, const auto& by_channel) {
  json::object out{{"total", total}};
  for (const auto& [channel, count] : by_channel) out[to_text(channel)] = count;
  return out;
}

using Routed = std::map<AgentId, routing::AgentState>;
std::optional<Routed> routed_here(const Call& call) {
  auto read = call->engine().routed_agents(call->caller.workspace);
  if (read) return Routed(read->begin(), read->end());
  call->fail(read.error());
  return std::nullopt;
}

json::object agent_full_json(const Call& call, const desk::State& desk, const desk::Agent& agent,
                             const Routed& routed, const Workload& load) {
  json::object out = agent_json(*call, agent.id).as_object();
  out["email"] = nullptr;
  if (is_admin(call) || call->caller.role == Role::lead || call->caller.agent == agent.id) {
    const auto names = names_of(*call);
    if (const auto it = names->emails.find(agent.id); it != names->emails.end()) out["email"] = it->second;
  }
  out["role"] = to_text(agent.role);
  out["active"] = agent.active;
  json::array languages, skills, teams;
  for (const Language language : agent.languages) languages.push_back(json::string(to_text(language)));
  for (const SkillId id : agent.skills)
    if (const desk::Skill* skill = desk::find(desk, id))
      skills.push_back(json::object{{"id", to_text(id)}, {"name", skill->name}});
  for (const TeamId id : agent.teams)
    if (const desk::Team* team = desk::find(desk, id))
      teams.push_back(json::object{{"id", to_text(id)}, {"name", team->name}});
  out["languages"] = std::move(languages);
  out["skills"] = std::move(skills);
  out["teams"] = std::move(teams);
  json::object capacity{{"default", agent.capacity.total}};
  for (const auto& limit : agent.capacity.channels) capacity[to_text(limit.channel)] = limit.most;
  out["capacity"] = std::move(capacity);
  const auto it = routed.find(agent.id);
  const routing::AgentState state = it == routed.end() ? routing::AgentState{} : it->second;
  out["presence"] = routing::to_text(agent.active ? state.presence : routing::Presence::offline);
  out["presence_since"] =
      state.since == Instant{} ? json::value(nullptr) : json::value(to_rfc3339(state.since));
  out["load"] = load_json(load.open, load.open_by_channel);
  out["offers"] = state.offers.size();
  out["version"] = std::to_string(agent.version);
  return out;
}

/// What `?presence=&team=&skill=&language=` ask for.
struct AgentFilter {
  std::optional<routing::Presence> presence;
  std::optional<TeamId> team;
  std::optional<SkillId> skill;
  std::optional<Language> language;

  [[nodiscard]] bool takes(const desk::Agent& agent, routing::Presence now) const {
    const auto has = [](const auto& things, const auto& wanted) {
      return !wanted || std::ranges::find(things, *wanted) != things.end();
    };
    return (!presence || (agent.active ? now : routing::Presence::offline) == *presence) &&
           has(agent.teams, team) && has(agent.skills, skill) && has(agent.languages, language);
  }
};

/// A skill's or team's id, from its id or name.
template <class Thing> auto id_of_word(const std::vector<Thing>& words, std::string_view text) {
  using AnId = decltype(Thing::id);
  const auto parsed = parse_id<AnId>(text);
  const auto it = std::ranges::find_if(
      words, [&](const Thing& word) { return parsed ? word.id == *parsed : word.name == text; });
  return it == words.end() ? std::optional<AnId>{} : std::optional(it->id);
}

void agents(const Call& call) {
  const auto here = workspace_here(call);
  if (!here) return;
  const desk::State& desk = here->desk();
  std::vector<Fault> faults;
  AgentFilter filter;
  std::size_t limit = agents_shown;
  std::string about = "agents " + to_text(call->caller.workspace);
  std::optional<std::string> after;
  for (const auto& [name, value] : call->request.query) {
    const auto wants = [&, &name = name](auto& out, const auto& found) {
      if (found)
        out = *found;
      else
        faults.push_back({"?" + name, "unknown", "nothing of that name"});
    };
    if (name == "presence") {
      wants(filter.presence, routing::parse_presence(value));
    } else if (name == "team") {
      wants(filter.team, id_of_word(desk.teams, value));
    } else if (name == "skill") {
      wants(filter.skill, id_of_word(desk.skills, value));
    } else if (name == "language") {
      const Language language = read_language(value);
      wants(filter.language, language == Language::und ? std::nullopt : std::optional(language));
    } else if (name == "limit") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
      if (error != std::errc{} || end != value.data() + value.size() || limit == 0 ||
          limit > agents_shown_max)
        faults.push_back({"?limit", "not_in_range", "a whole number from 1 to 1000"});
      continue;
    } else if (name == "after") {
      after = value;
      continue;
    } else {
      faults.push_back({"?" + name, "unknown_parameter", "nothing of that name is taken here"});
    }
    about += "&" + name + "=" + value;
  }
  if (!faults.empty()) return call->fail(faults);
  const Key& key = call->engine().keys().secret(SecretKey::session);
  std::size_t from = 0;  // agents are never removed, so a place in their order stays
  if (after) {
    auto cursor = read_cursor(key, about, *after);
    if (!cursor) return call->fail(cursor.error());
    from = ByteReader(*cursor).le<std::uint64_t>();
  }
  when_visible(call, [=] {
    const auto routed = routed_here(call);
    if (!routed) return;
    auto loads = call->views().workloads(call->caller.workspace);
    if (!loads) return call->fail(loads.error());
    json::array data;
    std::optional<std::string> next;
    const std::vector<desk::Agent>& all = here->desk().agents;
    for (std::size_t i = from; i < all.size(); ++i) {
      const desk::Agent& agent = all[i];
      const auto it = routed->find(agent.id);
      if (!filter.takes(agent, it == routed->end() ? routing::Presence::offline : it->second.presence))
        continue;
      if (data.size() == limit) {
        ByteWriter place;
        place.le(static_cast<std::uint64_t>(i));
        next = make_cursor(key, about, place.bytes());
        break;
      }
      const auto load = std::ranges::lower_bound(*loads, agent.id, {}, &Workload::agent);
      const bool known = load != loads->end() && load->agent == agent.id;
      data.push_back(agent_full_json(call, here->desk(), agent, *routed, known ? *load : Workload{}));
    }
    call->answer(200,
                 json::object{{"data", std::move(data)},
                              {"page", json::object{{"has_more", next.has_value()},
                                                    {"next", next ? json::value(*next) : nullptr}}}},
                 position_headers(call));
  });
}

void agent(const Call& call) {
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  when_visible(call, [call, id] {
    const auto here = workspace_here(call);
    if (!here) return;
    const desk::Agent* found = desk::find(here->desk(), *id);
    if (found == nullptr) return call->fail(404, "agent.not_found", "no agent of that id");
    const auto routed = routed_here(call);
    if (!routed) return;
    auto load = call->views().workload(call->caller.workspace, *id);
    if (!load) return call->fail(load.error());
    auto headers = position_headers(call);
    etag(headers, found->version);
    call->answer(200, agent_full_json(call, here->desk(), *found, *routed, *load), std::move(headers));
  });
}

// ---- changing agents ----

std::optional<std::vector<Language>> read_languages(Fields& fields) {
  const json::array* list = fields.array("languages", desk::words_of_agent_max);
  if (list == nullptr) return std::nullopt;
  std::vector<Language> out;
  for (const json::value& item : *list) {
    const Language language =
        item.is_string() ? read_language(std::string_view(item.as_string())) : Language::und;
    if (language == Language::und)
      fields.fault("languages", "language.unknown", "codes of ISO 639-1, such as de or zh-Hant");
    else if (std::ranges::find(out, language) == out.end())
      out.push_back(language);
  }
  return out;
}

/// Skills or teams by name or id, each once.
template <class Thing>
std::optional<std::vector<decltype(Thing::id)>> read_words(Fields& fields, const char* name,
                                                           const std::vector<Thing>& words,
                                                           std::string_view unknown) {
  const json::array* list = fields.array(name, desk::words_of_agent_max);
  if (list == nullptr) return std::nullopt;
  std::vector<decltype(Thing::id)> out;
  for (const json::value& item : *list) {
    const auto id = item.is_string() ? id_of_word(words, std::string_view(item.as_string())) : std::nullopt;
    if (!id)
      fields.fault(name, unknown, "a name or id that is there; add it first");
    else if (std::ranges::find(out, *id) == out.end())
      out.push_back(*id);
  }
  return out;
}

/// What is given replaces all that was; without "default" that stays.
std::optional<Capacity> read_capacity(Fields& fields, std::vector<Fault>& faults, std::uint16_t total) {
  const json::value* value = fields.any("capacity");
  if (value == nullptr) return std::nullopt;
  Capacity out;
  Fields one(*value, "/capacity", faults);
  out.total = static_cast<std::uint16_t>(one.integer("default", 0, capacity_max).value_or(total));
  for (const Channel channel : channels)
    if (const auto most = one.integer(to_text(channel), 0, capacity_max))
      out.channels.push_back({channel, static_cast<std::uint16_t>(*most)});
  one.finish();
  return out;
}

std::optional<Role> read_role(Fields& fields) {
  const std::string text = fields.text("role", 40);
  if (text.empty()) return std::nullopt;
  const auto role = parse_role(text);
  if (!role) fields.fault("role", "unknown", "agent, lead or admin");
  return role;
}

void add_agent(const Call& call) {
  const auto here = workspace_here(call);
  if (!here) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::AddAgent command;
  command.profile.name = fields.text("name", desk::name_bytes_max, true);
  command.profile.email = fields.text("email", 320);
  command.role = read_role(fields).value_or(Role::agent);
  command.languages = read_languages(fields).value_or(command.languages);
  command.skills =
      read_words(fields, "skills", here->desk().skills, "skill.unknown").value_or(command.skills);
  command.teams = read_words(fields, "teams", here->desk().teams, "team.unknown").value_or(command.teams);
  command.capacity = read_capacity(fields, faults, Capacity{}.total).value_or(Capacity{});
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 201, made<AgentId>());
}

void change_agent(const Call& call) {
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  const auto here = workspace_here(call);
  if (!here) return;
  const desk::Agent* known = desk::find(here->desk(), *id);
  if (known == nullptr) return call->fail(404, "agent.not_found", "no agent of that id");
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::ChangeAgent command{*id};
  if (fields.has("name") || fields.has("email")) {
    // One capsule holds both.
    auto opened = call->engine().door().open<AgentProfile>(engine_principal, Purpose::engine,
                                                           call->caller.workspace, known->profile);
    if (const auto* closed = std::get_if<Unavailable>(&opened)) return call->fail(closed->error);
    const auto* now = std::get_if<AgentProfile>(&opened);
    AgentProfile profile = now == nullptr ? AgentProfile{} : *now;
    if (fields.has("name")) profile.name = fields.text("name", desk::name_bytes_max, true);
    if (fields.has("email")) profile.email = fields.text("email", 320);
    if (now == nullptr || profile != *now) command.profile = std::move(profile);
  }
  command.role = read_role(fields);
  command.languages = read_languages(fields);
  command.skills = read_words(fields, "skills", here->desk().skills, "skill.unknown");
  command.teams = read_words(fields, "teams", here->desk().teams, "team.unknown");
  command.capacity = read_capacity(fields, faults, known->capacity.total);
  command.active = fields.boolean("active");
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 200, same(*id));
}

void deactivate(const Call& call) {
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields(call->body, "", faults).finish();
  if (!faults.empty()) return call->fail(faults);
  desk::ChangeAgent command{*id};
  command.active = false;
  send(call, OnDesk{std::move(command)}, 200, same(*id));
}

void presence(const Call& call) {
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  if (call->caller.agent != *id && !is_admin(call))
    return call->fail(403, "forbidden", "agents say for themselves whether they are there");
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const std::string text = fields.text("presence", 40, true);
  const auto wanted = routing::parse_presence(text);
  if (!wanted && !text.empty()) fields.fault("presence", "unknown", "online, away or offline");
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  routing::SetPresence command;
  command.agent = *id;
  command.presence = *wanted;
  send(call, OnRouting{command}, 200, same(*id));
}

// ---- teams and skills ----

void teams(const Call& call) {
  const auto here = workspace_here(call);
  if (!here) return;
  json::array data;
  for (const desk::Team& team : here->desk().teams) {
    json::array members;
    for (const desk::Agent& agent : here->desk().agents)
      if (std::ranges::find(agent.teams, team.id) != agent.teams.end())
        members.push_back(agent_json(*call, agent.id));
    data.push_back(json::object{{"id", to_text(team.id)},
                                {"name", team.name},
                                {"agents", std::move(members)},
                                {"version", std::to_string(team.version)}});
  }
  call->answer(200, json::object{{"data", std::move(data)}});
}

std::vector<AgentId> read_agents(Fields& fields, const char* name) {
  std::vector<AgentId> out;
  const json::array* list = fields.array(name, desk::agents_max);
  if (list == nullptr) return out;
  for (const json::value& item : *list) {
    const auto id =
        parse_id<AgentId>(item.is_string() ? std::string_view(item.as_string()) : std::string_view());
    if (id)
      out.push_back(*id);
    else
      fields.fault(name, id.error().rule, id.error().detail);
  }
  return out;
}

void add_team(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::AddTeam command;
  command.name = fields.text("name", desk::name_bytes_max, true);
  command.agents = read_agents(fields, "agents");
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 201, made<TeamId>());
}

void change_team(const Call& call) {
  const auto id = path_id<TeamId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::ChangeTeam command;
  command.id = *id;
  if (const std::string name = fields.text("name", desk::name_bytes_max); !name.empty()) command.name = name;
  command.add = read_agents(fields, "add");
  command.remove = read_agents(fields, "remove");
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 200, same(*id));
}

void skills(const Call& call) {
  const auto here = workspace_here(call);
  if (!here) return;
  json::array data;
  for (const desk::Skill& skill : here->desk().skills)
    data.push_back(json::object{{"id", to_text(skill.id)}, {"name", skill.name}});
  call->answer(200, json::object{{"data", std::move(data)}});
}

void add_skill(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::AddSkill command;
  command.name = fields.text("name", desk::name_bytes_max, true);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 201, made<SkillId>());
}

// ---- queues ----

/// The whole rule: what is not given is as in a rule without it.
std::optional<QueueRule> read_rule(Fields& fields, std::vector<Fault>& faults, const desk::State& desk) {
  const json::value* value = fields.any("rule");
  if (value == nullptr) return std::nullopt;
  QueueRule rule;
  Fields one(*value, "/rule", faults);
  const std::string kind = one.text("kind", 40, true);
  const auto parsed = parse_rule_kind(kind);
  if (!parsed && !kind.empty()) one.fault("kind", "unknown", "manual, round_robin or least_loaded");
  rule.kind = parsed.value_or(RuleKind::manual);
  rule.prefers_language = one.boolean("languages").value_or(false);
  rule.skills = read_words(one, "skills", desk.skills, "skill.unknown").value_or(rule.skills);
  if (const std::string team = one.text("team", desk::name_bytes_max); !team.empty()) {
    const auto id = id_of_word(desk.teams, team);
    if (!id) one.fault("team", "team.unknown", "a name or id that is there; add it first");
    rule.team = id.value_or(TeamId{});
  }
  if (const auto seconds = one.integer("offer_seconds", offer_ms_min / 1000, offer_ms_max / 1000))
    rule.offer_ms = *seconds * 1000;
  one.finish();
  return rule;
}

void add_queue(const Call& call) {
  const auto here = workspace_here(call);
  if (!here) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::AddQueue command;
  command.name = fields.text("name", desk::name_bytes_max, true);
  command.rule = read_rule(fields, faults, here->desk()).value_or(QueueRule{});
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 201, made<QueueId>());
}

void change_queue(const Call& call) {
  const auto id = path_id<QueueId>(call);
  if (!id) return;
  if (call->request.header("if-match").empty())
    return call->fail(428, "precondition_required",
                      "send If-Match with the ETag of GET /v1/queues/{id}: somebody may have changed it");
  const auto here = workspace_here(call);
  if (!here) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::ChangeQueue command;
  command.id = *id;
  if (const std::string name = fields.text("name", desk::name_bytes_max); !name.empty()) command.name = name;
  command.rule = read_rule(fields, faults, here->desk());
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  send(call, OnDesk{std::move(command)}, 200, same(*id));
}

// ---- offers ----

void offers(const Call& call) {
  if (!call->request.query.empty())
    return call->fail({{"?" + call->request.query.begin()->first, "unknown_parameter",
                        "nothing of that name is taken here"}});
  if (!call->caller.agent)
    return call->fail(409, "agent.required", "this token speaks for no agent: nothing is offered to it");
  when_visible(call, [call] {
    const auto routed = routed_here(call);
    if (!routed) return;
    json::array data;
    if (const auto it = routed->find(call->caller.agent); it != routed->end())
      for (const routing::Offer& offer : it->second.offers) {
        auto ticket = call->views().ticket(call->caller.workspace, offer.conversation);
        if (!ticket) return call->fail(ticket.error());
        // The view may still be behind the offer: it is shown with the next look.
        if (*ticket)
          data.push_back(json::object{{"id", to_text(offer.conversation)},
                                      {"conversation", ticket_json(*call, **ticket)},
                                      {"expires_at", to_rfc3339(offer.until)}});
      }
    call->answer(200, json::object{{"data", std::move(data)}}, position_headers(call));
  });
}

/// The conversation in the path and the agent who calls, or an answered problem.
std::optional<ConversationId> offered_to_caller(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return std::nullopt;
  if (call->caller.agent) return *id;
  call->fail(409, "agent.required", "this token speaks for no agent: nothing is offered to it");
  return std::nullopt;
}

void accept(const Call& call) {
  const auto id = offered_to_caller(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields(call->body, "", faults).finish();
  if (!faults.empty()) return call->fail(faults);
  routing::AcceptOffer command;
  command.conversation = *id;
  command.agent = call->caller.agent;
  send(call, OnRouting{command}, 200, same(*id));
}

void decline(const Call& call) {
  const auto id = offered_to_caller(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const std::string reason = fields.text("reason", short_text_max);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  routing::DeclineOffer command;
  command.conversation = *id;
  command.agent = call->caller.agent;
  Request decline = request_for(call, call->caller.workspace.slot(), call->request.path, OnRouting{command});
  if (reason.empty()) return submit(call, std::move(decline), 200, same(*id));
  // What somebody writes about a customer lies with the customer's own words: in the conversation, as a note.
  conversation::Note note;
  note.agent = call->caller.agent;
  note.content.text = reason;
  note.at = call->now();
  Request noted = request_for(call, id->slot(), call->request.path + " reason", OnConversation{*id, note});
  call->engine().submit(std::move(decline), [call, id, noted](const Result<Outcome>& result) mutable {
    if (!result) return call->fail(result.error());
    submit(call, std::move(noted), 200, same(*id));
  });
}

// ---- why an agent has it ----

json::value rule_of(const routing::Decided& decided) {
  return json::object{{"kind", to_text(decided.rule)}, {"version", std::to_string(decided.rule_version)}};
}

/// What an event says in the list of assignments; null for one that says nothing there.
json::value assignment_json(const Call& call, const RecordedEvent& recorded, json::value& rule) {
  json::object out{{"id", to_text(recorded.envelope) + ":" + std::to_string(recorded.index)},
                   {"at", to_rfc3339(recorded.event.occurred_at)},
                   {"kind", nullptr},
                   {"agent", nullptr},
                   {"queue", nullptr},
                   {"rule", rule},
                   {"candidates", json::array()},
                   {"left_out", 0},
                   {"reason", nullptr}};
  const auto by = [&](std::string_view kind, AgentId agent, std::string_view reason) {
    out["kind"] = kind;
    out["agent"] = agent_json(*call, agent);
    out["reason"] = reason;
    return true;
  };
  struct Says {
    const Call& call;
    json::object& out;
    json::value& rule;
    const decltype(by)& say;
    bool operator()(const routing::PresenceChanged&) const { return false; }
    bool operator()(const routing::Followed& e) const {
      out["queue"] = queue_json(*call, e.queue);
      out["rule"] = nullptr;
      if (e.taken == routing::Taken::claimed) return say("claimed", e.agent, "claimed");
      return e.taken == routing::Taken::by_hand && say("assigned", e.agent, "manual");
    }
    bool operator()(const routing::Decided& e) const {
      rule = rule_of(e);
      out["rule"] = rule;
      out["queue"] = queue_json(*call, e.queue);
      out["left_out"] = e.left_out;
      if (e.offered_until) out["expires_at"] = to_rfc3339(*e.offered_until);
      json::array candidates;
      for (const routing::Candidate& c : e.candidates) {
        const bool excluded = c.excluded != routing::Exclusion::none;
        candidates.push_back(
            json::object{{"agent", agent_json(*call, c.agent)},
                         {"load", c.load},
                         {"capacity", c.capacity},
                         {"score", c.score},
                         {"excluded", excluded ? json::value(routing::to_text(c.excluded)) : nullptr}});
      }
      out["candidates"] = std::move(candidates);
      if (!e.agent) return say("no_candidate", {}, "no_candidate");
      return say(e.offered_until ? "offered" : "assigned", e.agent, to_text(e.rule));
    }
    bool operator()(const routing::OfferAccepted& e) const { return say("assigned", e.agent, "accepted"); }
    bool operator()(const routing::OfferDeclined& e) const { return say("declined", e.agent, "declined"); }
    bool operator()(const routing::OfferExpired& e) const { return say("expired", e.agent, "expired"); }
    bool operator()(const routing::OfferWithdrawn& e) const { return say("withdrawn", e.agent, "not_there"); }
    bool operator()(const routing::AssignRefused& e) const {
      return say("refused", e.agent,
                 e.refusal == routing::Refusal::agent_unknown ? "agent_unknown" : "moved_on");
    }
    bool operator()(const routing::Released&) const { return say("released", {}, "manual"); }
  };
  const auto* event = std::get_if<routing::Event>(&recorded.event.body);
  if (event == nullptr || !std::visit(Says{call, out, rule, by}, *event)) return nullptr;
  return out;
}

void assignments(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  auto stream = call->engine().stream({Category::conversation, *id});
  if (!stream) return call->fail(stream.error());
  if (!*stream || (*stream)->first != call->caller.workspace)
    return call->fail(404, "conversation.not_found", "no conversation of that id");
  auto events = call->engine().routing_of(call->caller.workspace, *id);
  if (!events) return call->fail(events.error());
  json::array data;
  json::value rule = nullptr;
  for (const RecordedEvent& event : *events)
    if (json::value one = assignment_json(call, event, rule); !one.is_null()) data.push_back(std::move(one));
  call->answer(200, json::object{{"data", std::move(data)}}, position_headers(call));
}

}  // namespace

json::object rule_json(const QueueRule& rule) {
  json::array skills;
  for (const SkillId id : rule.skills) skills.push_back(json::string(to_text(id)));
  return {{"kind", to_text(rule.kind)},
          {"languages", rule.prefers_language},
          {"skills", std::move(skills)},
          {"team", rule.team ? json::value(to_text(rule.team)) : json::value(nullptr)},
          {"offer_seconds", rule.offer_ms ? json::value(*rule.offer_ms / 1000) : json::value(nullptr)}};
}

json::object routed_json(const routing::AgentState& agent) {
  std::vector<std::pair<Channel, std::uint32_t>> held;
  for (const Channel channel : channels)
    if (const std::uint32_t count = agent.held.of(channel); count != 0) held.emplace_back(channel, count);
  return {{"presence", routing::to_text(agent.presence)},
          {"load", load_json(agent.held.total, held)},
          {"reserved", agent.reserved.total}};
}

const std::vector<Route>& desk_routes() {
  static const std::vector<Route> routes{
      {"GET", "/v1/agents", agents},
      {"POST", "/v1/agents", add_agent, Needs::admin},
      {"GET", "/v1/agents/{id}", agent},
      {"POST", "/v1/agents/{id}", change_agent, Needs::admin},
      {"POST", "/v1/agents/{id}/presence", presence, Needs::agent},
      {"POST", "/v1/agents/{id}/deactivate", deactivate, Needs::admin},
      {"GET", "/v1/teams", teams},
      {"POST", "/v1/teams", add_team, Needs::admin},
      {"POST", "/v1/teams/{id}", change_team, Needs::admin},
      {"GET", "/v1/skills", skills},
      {"POST", "/v1/skills", add_skill, Needs::admin},
      {"POST", "/v1/queues", add_queue, Needs::admin},
      {"POST", "/v1/queues/{id}", change_queue, Needs::admin},
      {"GET", "/v1/offers", offers, Needs::agent},
      {"POST", "/v1/conversations/{id}/accept", accept, Needs::agent},
      {"POST", "/v1/conversations/{id}/decline", decline, Needs::agent},
      {"GET", "/v1/conversations/{id}/assignments", assignments},
  };
  return routes;
}

}  // namespace parlance::http
