#include <algorithm>
#include <charconv>

#include "adapters/http/cursor.h"
#include "adapters/http/desk_json.h"
#include "adapters/http/exchange.h"
#include "adapters/http/lists.h"
#include "adapters/http/render.h"
#include "engine/runtime/blind.h"

/// The routes that only read.
namespace parlance::http {
namespace {

constexpr std::size_t history_max = 100'000;  ///< events of one conversation that time travel folds

/// The conversation named in the path, if it is of the caller's workspace; answers 404 otherwise.
std::optional<std::pair<ConversationId, Version>> conversation_here(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return std::nullopt;
  auto stream = call->engine().stream({Category::conversation, *id});
  if (!stream) {
    call->fail(stream.error());
    return std::nullopt;
  }
  if (!*stream || (*stream)->first != call->caller.workspace) {
    call->fail(404, "conversation.not_found", "no conversation of that id");
    return std::nullopt;
  }
  return std::pair(*id, (*stream)->second);
}

/// Up to which version a time-travelling request looks: all, ?at_version= or ?as_of= (what was recorded by then).
struct Until {
  std::optional<Version> version;
  std::optional<Instant> recorded_by;
  [[nodiscard]] bool travels() const { return version || recorded_by; }
};
std::optional<Until> read_until(const Call& call) {
  Until until;
  if (const auto text = query(call, "at_version")) {
    const auto [end, error] =
        std::from_chars(text->data(), text->data() + text->size(), until.version.emplace());
    if (error != std::errc{} || end != text->data() + text->size() || until.version == Version{0}) {
      call->fail({{"?at_version", "not_in_range", "a version, from 1"}});
      return std::nullopt;
    }
  }
  if (const auto text = query(call, "as_of")) {
    auto at = parse_rfc3339(*text);
    if (!at) {
      call->fail({{"?as_of", std::string(at.error().rule), at.error().detail}});
      return std::nullopt;
    }
    until.recorded_by = *at;
  }
  return until;
}
bool within(const history::Entry& entry, const Until& until) {
  return (!until.version || entry.version <= *until.version) &&
         (!until.recorded_by || entry.recorded_at <= *until.recorded_by);
}
/// The conversation of the path and its version, which must have come as far; without one it has been answered.
std::optional<std::pair<ConversationId, Version>> conversation_until(const Call& call, const Until& until) {
  auto here = conversation_here(call);
  if (here && until.version && *until.version > here->second) {
    call->fail(
        {{"?at_version", "not_in_range", "the conversation is at version " + std::to_string(here->second)}});
    return std::nullopt;
  }
  return here;
}

void etag(std::vector<std::pair<std::string, std::string>>& headers, Version version) {
  headers.emplace_back("ETag", "\"" + std::to_string(version) + "\"");
}

void travelled_ticket(const Call& call, ConversationId id, const Until& until) {
  const StreamId stream{Category::conversation, id};
  auto entries = call->engine().history(stream, 1, history_max);
  if (!entries) return call->fail(entries.error());
  std::erase_if(*entries, [&](const history::Entry& e) { return !within(e, until); });
  if (entries->empty())
    return call->fail(404, "conversation.not_found", "the conversation did not exist then");
  auto events = call->engine().events(stream, *entries);
  if (!events) return call->fail(events.error());
  std::vector<PastEvent> past;
  past.reserve(events->size());
  for (const RecordedEvent& e : *events)
    past.push_back({{call->caller.workspace, e.envelope, e.actor, e.recorded_at}, e.event});
  auto ticket = fold_ticket(past);
  if (!ticket) return call->fail(ticket.error());
  auto headers = position_headers(call);
  etag(headers, ticket->version);
  call->answer(200, ticket_json(*call, *ticket, TicketDetail::past), std::move(headers));
}

void conversation(const Call& call) {
  if (!knows_all(call, {"as_of", "at_version"})) return;
  const auto until = read_until(call);
  if (!until) return;
  when_visible(call, [call, until] {
    if (until->travels()) {
      const auto here = conversation_until(call, *until);
      if (here) travelled_ticket(call, here->first, *until);
      return;
    }
    const auto id = path_id<ConversationId>(call);
    if (!id) return;
    auto ticket = call->views().ticket(call->caller.workspace, *id);
    if (!ticket) return call->fail(ticket.error());
    if (!*ticket) return call->fail(404, "conversation.not_found", "no conversation of that id");
    json::object body = ticket_json(*call, **ticket, TicketDetail::whole);
    json::array people;
    if ((*ticket)->participants != 0) {
      auto participants = call->views().participants(call->caller.workspace, *id);
      if (!participants) return call->fail(participants.error());
      for (const TicketParticipant& p : *participants) {
        const auto shown = show<Identity>(*call, p.identity);
        json::object one{
            {"id", shown.value ? json::value(to_text(shown.value->subject)) : json::value(nullptr)},
            {"name", shown.value && !shown.value->name.empty() ? json::value(shown.value->name)
                                                               : json::value(nullptr)},
            {"joined_at", to_rfc3339(p.joined_at)}};
        put_state(one, shown);
        people.push_back(std::move(one));
      }
    }
    body["participants"] = std::move(people);
    auto headers = position_headers(call);
    etag(headers, (*ticket)->version);
    call->answer(200, body, std::move(headers));
  });
}

/// Pages over a conversation's history, rendering each event with `render`.
void history_page(const Call& call, json::object (*render)(const Exchange&, const RecordedEvent&)) {
  if (!knows_all(call, {"as_of", "at_version", "limit", "after"})) return;
  const auto until = read_until(call);
  if (!until) return;
  const auto limit = read_limit(call);
  if (!limit) return;
  when_visible(call, [call, until, limit, render] {
    const auto here = conversation_until(call, *until);
    if (!here) return;
    const StreamId stream{Category::conversation, here->first};
    const std::string about = "history " + to_text(here->first);
    Version from = 1;
    if (const auto after = query(call, "after")) {
      auto cursor = read_cursor(cursor_key(call), about, *after);
      if (!cursor) return call->fail(cursor.error());
      from = ByteReader(*cursor).le<Version>() + 1;
    }
    auto entries = call->engine().history(stream, from, *limit + 1);
    if (!entries) return call->fail(entries.error());
    std::erase_if(*entries, [&](const history::Entry& e) { return !within(e, *until); });
    std::optional<std::string> next;
    if (entries->size() > *limit) {
      entries->resize(*limit);
      ByteWriter place;
      place.le(entries->back().version);
      next = make_cursor(cursor_key(call), about, place.bytes());
    }
    auto events = call->engine().events(stream, *entries);
    if (!events) return call->fail(events.error());
    json::array data;
    for (const RecordedEvent& event : *events) data.push_back(render(*call, event));
    auto headers = position_headers(call);
    etag(headers, here->second);
    call->answer(200, json::object{{"data", std::move(data)}, {"page", page_json(next)}}, std::move(headers));
  });
}
void timeline(const Call& call) { history_page(call, timeline_item_json); }
void raw_events(const Call& call) { history_page(call, event_json); }

// ---- lists ----

void conversations(const Call& call) {
  ListQuery list;
  if (!read_list(call, list)) return;
  answer_filtered_list(call, std::move(list));
}

void queue_conversations(const Call& call) {
  const auto id = path_id<QueueId>(call);
  if (!id) return;
  ListQuery list;
  if (!read_list(call, list)) return;
  list.queue = *id;
  answer_filtered_list(call, std::move(list));
}

void agent_conversations(const Call& call) {
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  ListQuery list;
  if (!read_list(call, list)) return;
  list.assignee = *id;
  answer_filtered_list(call, std::move(list));
}

// ---- queues, agents, customers ----

json::object stats_json(const Call& call, const QueueStats& stats) {
  json::object out = queue_json(*call, stats.id).as_object();
  out["waiting"] = stats.waiting;
  out["open"] = stats.open;
  out["snoozed"] = stats.snoozed;
  out["late"] = stats.late;
  out["oldest_waiting_at"] = optional_time(stats.oldest_waiting_at);
  json::object channels, languages;
  for (const auto& [channel, count] : stats.by_channel) channels[to_text(channel)] = count;
  for (const auto& [language, count] : stats.by_language) languages[to_text(language)] = count;
  out["by_channel"] = std::move(channels);
  out["by_language"] = std::move(languages);
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  if (const auto* known = workspace == nullptr ? nullptr : desk::find(workspace->desk, stats.id)) {
    out["rule"] = rule_json(known->rule);
    out["version"] = std::to_string(known->version);
  }
  return out;
}

/// In the desk's order; a queue that never held anything is there too, with zeros.
Result<json::array> all_queues(const Call& call) {
  auto stats = call->views().queues(call->caller.workspace, call->now());
  if (!stats) return stats.error();
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  json::array data;
  if (workspace != nullptr)
    for (const desk::Queue& queue : workspace->desk.queues) {
      const auto it = std::ranges::find(*stats, queue.id, &QueueStats::id);
      QueueStats none;
      none.id = queue.id;
      data.push_back(stats_json(call, it == stats->end() ? none : *it));
    }
  return data;
}

void queues(const Call& call) {
  if (!knows_all(call, {})) return;
  when_visible(call, [call] {
    auto data = all_queues(call);
    if (!data) return call->fail(data.error());
    call->answer(200, json::object{{"data", std::move(*data)}}, position_headers(call));
  });
}

void queue(const Call& call) {
  if (!knows_all(call, {})) return;
  const auto id = path_id<QueueId>(call);
  if (!id) return;
  when_visible(call, [call, id] {
    const auto directory = call->engine().directory();
    const WorkspaceState* workspace = call->workspace(*directory);
    if (workspace == nullptr ||
        std::ranges::find(workspace->desk.queues, *id, &desk::Queue::id) == workspace->desk.queues.end())
      return call->fail(404, "queue.not_found", "no queue of that id");
    auto stats = call->views().queue(call->caller.workspace, *id, call->now());
    if (!stats) return call->fail(stats.error());
    auto headers = position_headers(call);
    etag(headers, desk::find(workspace->desk, *id)->version);
    call->answer(200, stats_json(call, *stats), std::move(headers));
  });
}

void workload(const Call& call) {
  if (!knows_all(call, {})) return;
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  when_visible(call, [call, id] {
    const auto directory = call->engine().directory();
    const WorkspaceState* workspace = call->workspace(*directory);
    if (workspace == nullptr ||
        std::ranges::find(workspace->desk.agents, *id, &desk::Agent::id) == workspace->desk.agents.end())
      return call->fail(404, "agent.not_found", "no agent of that id");
    auto load = call->views().workload(call->caller.workspace, *id);
    if (!load) return call->fail(load.error());
    json::object channels;
    for (const auto& [channel, count] : load->by_channel) channels[to_text(channel)] = count;
    auto routed = call->engine().routed_agents(call->caller.workspace);
    if (!routed) return call->fail(routed.error());
    const auto known = std::ranges::find(*routed, *id, [](const auto& agent) { return agent.first; });
    const routing::AgentState state = known == routed->end() ? routing::AgentState{} : known->second;
    call->answer(200,
                 json::object{{"agent", agent_json(*call, *id)},
                              {"open", load->open},
                              {"waiting", load->waiting},
                              {"snoozed", load->snoozed},
                              {"routing", routed_json(state)},
                              {"by_channel", std::move(channels)}},
                 position_headers(call));
  });
}

json::array ids_json(const std::vector<ConversationId>& ids) {
  json::array out;
  for (const ConversationId id : ids) out.push_back(json::string(to_text(id)));
  return out;
}

void subject(const Call& call) {
  if (!knows_all(call, {})) return;
  const auto id = path_id<SubjectId>(call);
  if (!id) return;
  auto known = call->engine().subject(call->caller.workspace, *id);
  if (!known) return call->fail(known.error());
  if (!*known) return call->fail(404, "subject.not_found", "no customer of that id");
  auto conversations = call->engine().conversations_of(*id);
  if (!conversations) return call->fail(conversations.error());
  json::object body{{"id", to_text(*id)},
                    {"name", nullptr},
                    {"conversations", ids_json(*conversations)},
                    {"personal", "value"}};
  json::array identities;
  for (const Sealed& sealed : (*known)->identities) {
    const auto shown = show<Identity>(*call, sealed);
    put_state(body, shown);
    if (!shown.value) continue;
    identities.push_back(
        json::object{{"channel", to_text(shown.value->channel)}, {"address", shown.value->address}});
    if (body["name"].is_null() && !shown.value->name.empty()) body["name"] = shown.value->name;
  }
  body["identities"] = std::move(identities);
  call->answer(200, body);
}

void lookup(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const std::string channel = fields.text("channel", 40, true);
  const auto kind = parse_channel(channel);
  if (!kind && !channel.empty())
    fields.fault("channel", "unknown_channel", "such as email, chat or whatsapp");
  std::string address = fields.text("address", 1000, true);
  if (kind && !address.empty()) {
    auto normal = normalise_address(*kind, address);
    if (normal)
      address = std::move(*normal);
    else
      fields.fault("address", normal.error().rule, normal.error().detail);
  }
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  call->engine().find_subject(call->caller.workspace, *kind, address,
                              [call](Result<std::optional<SubjectId>> found) {
                                if (!found) return call->fail(found.error());
                                json::object body{{"subject", nullptr}, {"conversations", json::array()}};
                                if (*found) {
                                  body["subject"] = to_text(**found);
                                  auto conversations = call->engine().conversations_of(**found);
                                  if (!conversations) return call->fail(conversations.error());
                                  body["conversations"] = ids_json(*conversations);
                                }
                                call->answer(200, body);
                              });
}

void put_word(const settings::Type&, json::object&) {}
void put_word(const settings::Field& field, json::object& out) {
  out["kind"] = to_text(field.kind);
  out["required_to_resolve"] = field.required_to_resolve;
  if (field.kind != FieldKind::choice) return;
  json::array choices;
  for (const settings::Choice& choice : field.choices)
    if (!choice.retired) choices.push_back(json::string(choice.name));
  out["choices"] = std::move(choices);
}
void put_word(const settings::SubState& sub_state, json::object& out) {
  out["state"] = conversation::to_text(sub_state.state);
}
/// Those in use.
template <class Word> json::array words_json(const std::vector<Word>& words) {
  json::array out;
  for (const Word& word : words) {
    if (word.retired) continue;
    json::object one{{"id", to_text(word.id)}, {"name", word.name}};
    put_word(word, one);
    out.push_back(std::move(one));
  }
  return out;
}
json::value transitions_json(const settings::State& state) {
  if (!state.transitions) return nullptr;
  const auto place = [](const settings::Place& p) {
    return p.sub_state ? to_text(p.sub_state) : std::string(conversation::to_text(p.state));
  };
  json::array out;
  for (const settings::Transition& way : *state.transitions)
    out.push_back(json::object{{"from", place(way.from)}, {"to", place(way.to)}});
  return out;
}

void settings(const Call& call) {
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  if (workspace == nullptr)
    return call->fail(503, "unavailable", "the workspace is not there yet; try again soon");
  const auto seconds = [](const std::optional<std::int64_t>& ms) {
    return ms ? json::value(*ms / 1000) : json::value(nullptr);
  };
  json::array tags;
  for (const settings::Tag& tag : workspace->settings.tags)
    tags.push_back(json::object{{"id", to_text(tag.id)}, {"name", tag.name}});
  const settings::State& state = workspace->settings;
  std::vector<std::pair<std::string, std::string>> headers;
  etag(headers, workspace->settings_version);
  call->answer(200,
               json::object{{"first_response_seconds", seconds(workspace->settings.policy.first_response_ms)},
                            {"auto_close_seconds", seconds(workspace->settings.policy.auto_close_ms)},
                            {"reopen_window_seconds", workspace->settings.policy.reopen_window_ms / 1000},
                            {"tags", std::move(tags)},
                            {"types", words_json(state.types)},
                            {"fields", words_json(state.fields)},
                            {"sub_states", words_json(state.sub_states)},
                            {"transitions", transitions_json(state)},
                            {"version", std::to_string(workspace->settings_version)}},
               std::move(headers));
}

// ---- figures ----

void daily(const Call& call) {
  if (!knows_all(call, {"from", "to", "by", "width"})) return;
  const auto time = [&](const char* name, Instant otherwise) -> std::optional<Instant> {
    const auto text = query(call, name);
    if (!text) return otherwise;
    auto at = parse_rfc3339(*text);
    if (at) return *at;
    call->fail({{std::string("?") + name, std::string(at.error().rule), at.error().detail}});
    return std::nullopt;
  };
  const auto to = time("to", call->now());
  if (!to) return;
  const auto from = time("from", *to + -86'400'000);
  if (!from) return;
  const std::string by = query(call, "by").value_or("queue");
  DailyBy dimension = DailyBy::queue;
  if (by == "channel")
    dimension = DailyBy::channel;
  else if (by == "language")
    dimension = DailyBy::language;
  else if (by == "agent")
    dimension = DailyBy::agent;
  else if (by != "queue")
    return call->fail({{"?by", "unknown_dimension", "queue, channel, language or agent"}});
  std::int64_t width = bucket_ms;
  if (const auto text = query(call, "width")) {
    if (*text == "15m")
      width = bucket_ms;
    else if (*text == "1h")
      width = 3'600'000;
    else if (*text == "1d")
      width = 86'400'000;
    else
      return call->fail({{"?width", "unknown_width", "15m, 1h or 1d"}});
  }
  when_visible(call, [=] {
    auto figures = call->views().daily(call->caller.workspace, *from, *to, dimension, width);
    if (!figures) return call->fail(figures.error());
    json::array data;
    for (const DailyFigures& f : *figures) {
      json::object one{{"bucket", to_rfc3339(f.bucket)}, {"key", nullptr}, {"name", nullptr}};
      switch (dimension) {
        case DailyBy::queue:
          if (const json::value q = queue_json(*call, f.key.queue); q.is_object()) {
            one["key"] = q.at("id");
            one["name"] = q.at("name");
          }
          break;
        case DailyBy::agent:
          if (const json::value a = agent_json(*call, f.key.agent); a.is_object()) {
            one["key"] = a.at("id");
            one["name"] = a.at("name");
          }
          break;
        case DailyBy::channel: one["key"] = one["name"] = to_text(f.key.channel); break;
        case DailyBy::language: one["key"] = one["name"] = to_text(f.key.language); break;
      }
      one["created"] = f.created;
      one["replied"] = f.replied;
      one["resolved"] = f.resolved;
      one["reopened"] = f.reopened;
      one["first_responses"] = f.first_responses;
      one["first_response_seconds"] = static_cast<double>(f.first_response_ms) / 1000.0;
      one["restated"] = f.restated;
      data.push_back(std::move(one));
    }
    call->answer(200,
                 json::object{{"definition", "daily"},
                              {"version", 2},
                              {"counts",
                               "conversations opened and not spam, public replies by people, resolutions not "
                               "undone, reopenings; first "
                               "responses by the time of the reply, first_response_seconds is their sum; "
                               "buckets in UTC by occurred_at"},
                              {"by", by},
                              {"data", std::move(data)}},
                 position_headers(call));
  });
}

}  // namespace

Result<json::array> queues_json(const Call& call) { return all_queues(call); }

const std::vector<Route>& query_routes() {
  static const std::vector<Route> routes{
      {"GET", "/v1/conversations", conversations},
      {"GET", "/v1/conversations/{id}", conversation},
      {"GET", "/v1/conversations/{id}/timeline", timeline},
      {"GET", "/v1/conversations/{id}/events", raw_events},
      {"GET", "/v1/queues", queues},
      {"GET", "/v1/queues/{id}", queue},
      {"GET", "/v1/queues/{id}/conversations", queue_conversations},
      {"GET", "/v1/agents/{id}/workload", workload},
      {"GET", "/v1/agents/{id}/conversations", agent_conversations},
      {"GET", "/v1/subjects/{id}", subject, Needs::agent},
      {"POST", "/v1/subjects/lookup", lookup, Needs::agent},
      {"GET", "/v1/settings", settings},
      {"GET", "/v1/reports/daily", daily},
  };
  return routes;
}

}  // namespace parlance::http
