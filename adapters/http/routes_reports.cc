#include <algorithm>
#include <charconv>
#include <cmath>

#include "adapters/http/csv.h"
#include "adapters/http/cursor.h"
#include "adapters/http/lists.h"
#include "adapters/http/render.h"
#include "adapters/http/zones.h"

/// Reports: figures over a time, the list behind each, and what a supervisor looks at.
namespace parlance::http {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr int days_default = 7;

/// What a metric's figures mean, in words. A figure whose meaning changes gets another version, or another name beside the old one.
struct Definition {
  Metric metric;
  std::string_view name;
  unsigned version;
  std::string_view text;
};
constexpr std::array<Definition, 15> definitions{{
    {Metric::created, "created", 1,
     "Conversations opened, by the time of their opening. Left out: spam (spam). Agent: who opened it."},
    {Metric::replied, "replied", 1,
     "Public replies by people, by the time of the reply. Left out: replies by programs (by_program). Agent: "
     "who replied."},
    {Metric::resolved, "resolved", 1,
     "Episodes resolved, by the time of resolving; a conversation that is reopened and resolved again counts "
     "again. Left out: closed without resolving (closed_unresolved), resolving undone (undone). Agent: who "
     "resolved."},
    {Metric::reopened, "reopened", 1,
     "Reopenings, by customers and by agents, by their time. Agent: who reopened; none where a customer "
     "did."},
    {Metric::breached, "breached", 1,
     "First-response deadlines that passed without an answer, by the deadline. Left out: breaches withdrawn "
     "because an answer dated before the deadline came to light (withdrawn). Agent: who held the "
     "conversation then."},
    {Metric::first_response, "first_response", 1,
     "From an episode's first customer message to the earliest reply by a person not dated before it, in "
     "calendar time, by the time of the reply. Left out: episodes that ended without one (not_answered, or "
     "no_reply_needed where an agent said so), by their end. Agent: who replied."},
    {Metric::resolution, "resolution", 1,
     "From the opening or reopening of an episode to its resolving, in calendar time, by the time of "
     "resolving. Left out: closed without resolving (closed_unresolved). Agent: who resolved."},
    {Metric::resolution, "first_resolution", 1,
     "As resolution, of each conversation's first episode alone. Left out besides: later episodes "
     "(later_episode)."},
    {Metric::waiting, "waiting", 1,
     "How long the requester waited in an episode: the time from its opening or reopening to its resolving "
     "without what was spent waiting for the customer, in calendar time, by the time of resolving. Left out: "
     "closed without resolving (closed_unresolved)."},
    {Metric::backlog, "backlog", 1,
     "Conversations neither resolved nor closed at the end of each day or hour, or else at the end of the "
     "time asked for; what has not come yet is as now. Agent: who holds it."},
    {Metric::fcr, "fcr", 1,
     "First-contact resolution: the share of resolved episodes in which people replied at most `replies_max` "
     "times and which were not reopened within `window_days` days, by the time of resolving. Provisional "
     "while that window is open. A new conversation about the same matter is not recognised. Left out: "
     "resolved without a reply by a person (no_reply), closed without resolving (closed_unresolved). Agent: "
     "who resolved."},
    {Metric::csat, "csat", 1,
     "Customer satisfaction: the mean of scores from 1 to 5 and the share of 4 and 5, by the time of the "
     "answer; one answer an episode, later ones correct it. Left out: corrected answers (corrected). The "
     "response rate is of the episodes resolved in the same time."},
    {Metric::nps, "nps", 1,
     "Net promoter score: of scores from 0 to 10 the share of 9 and 10 less the share of 0 to 6, times 100, "
     "by "
     "the time of the answer; one answer an episode, later ones correct it. Left out: corrected answers "
     "(corrected). The response rate is of the episodes resolved in the same time."},
    {Metric::ces, "ces", 1,
     "Customer effort: the mean of scores from 1 to 7, by the time of the answer; one answer an episode, "
     "later "
     "ones correct it. Left out: corrected answers (corrected). The response rate is of the episodes "
     "resolved "
     "in the same time."},
    {Metric::created, "overview", 1,
     "Since the beginning of the local day: conversations created, replies by people, episodes resolved, "
     "first-response deadlines breached, as the reports of these names count them. Now: conversations new or "
     "open that nobody has (by agent: new or open in the agent's hands), the oldest of these by its earliest "
     "unanswered message or else its creation, and promised answers that are late."},
}};
const Definition* definition_of(Metric metric, std::string_view name) {
  const auto it = std::ranges::find_if(definitions, [&](const Definition& d) {
    return d.metric == metric && (name.empty() || d.name == name) && d.name != "overview";
  });
  return it == definitions.end() ? nullptr : &*it;
}
json::object definition_json(const Definition& d) {
  return {{"name", d.name}, {"version", d.version}, {"text", d.text}};
}

bool is_duration(Metric m) {
  return m == Metric::first_response || m == Metric::resolution || m == Metric::waiting;
}

bool is_rating(Metric m) { return m == Metric::csat || m == Metric::nps || m == Metric::ces; }

/// What a request for a report asks.
struct Asked {
  ReportQuery query;
  const Definition* definition = nullptr;
  std::string by;  ///< "" for nothing
  std::string tz;
  std::vector<LocalTime> times;  ///< by day or hour
  std::optional<ReportKey> key;  ///< of one row, for its list
};

std::optional<std::int64_t> whole_number(const Call& call, const char* name, std::int64_t min,
                                         std::int64_t max, std::int64_t otherwise) {
  const auto text = query(call, name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size() && value >= min && value <= max)
    return value;
  call->fail({{std::string("?") + name, "not_in_range",
               "a whole number from " + std::to_string(min) + " to " + std::to_string(max)}});
  return std::nullopt;
}

std::optional<Zone> read_zone(const Call& call, std::string& name) {
  name = query(call, "tz").value_or("UTC");
  auto zone = Zone::find(name);
  if (zone) return *zone;
  if (zone.error().code == Errc::invalid)
    call->fail({{"?tz", std::string(zone.error().rule), zone.error().detail}});
  else
    call->fail(zone.error());
  return std::nullopt;
}

std::optional<ReportBy> read_by(const Call& call, const std::string& by, bool times) {
  if (by.empty()) return ReportBy::nothing;
  if (by == "queue") return ReportBy::queue;
  if (by == "channel") return ReportBy::channel;
  if (by == "language") return ReportBy::language;
  if (by == "agent") return ReportBy::agent;
  if (by == "team") return ReportBy::team;
  if (by == "type") return ReportBy::type;
  if (times && (by == "day" || by == "hour")) return ReportBy::time;
  call->fail({{"?by", "unknown_dimension",
               times ? "queue, channel, language, agent, team, type, day or hour"
                     : "queue, channel, language, agent, team or type"}});
  return std::nullopt;
}

/// Reads the time asked for and, by day or hour, where these begin.
bool read_time(const Call& call, const Zone& zone, Asked& asked) {
  ReportQuery& q = asked.query;
  const auto read = [&](const char* name, Instant& out) {
    const auto text = query(call, name);
    if (!text) return true;
    auto at = zone.parse(*text);
    if (at) {
      out = *at;
      return true;
    }
    call->fail({{std::string("?") + name, std::string(at.error().rule), at.error().detail}});
    return false;
  };
  q.to = q.as_of = call->now();
  if (!read("to", q.to)) return false;
  auto first_day = zone.day_of(Instant{std::max<std::int64_t>(0, q.to.ms - (days_default - 1) * day_ms)});
  if (!first_day) return call->fail(first_day.error()), false;
  q.from = std::max(*first_day, instant_min);
  if (!read("from", q.from)) return false;
  if (q.to < q.from) {
    call->fail({{"?to", "report.range", "a time does not end before it begins"}});
    return false;
  }
  if (q.by != ReportBy::time) return true;
  const Instant last{std::max(q.from.ms, q.to.ms - 1)};
  auto times = asked.by == "day" ? zone.days(q.from, last) : zone.hours(q.from, last);
  if (!times) {
    call->fail({{"?from", std::string(times.error().rule), times.error().detail}});
    return false;
  }
  asked.times = std::move(*times);
  for (const LocalTime& t : asked.times) q.starts.push_back(t.start);
  return true;
}

bool read_key(const Call& call, Asked& asked) {
  const auto text = query(call, "key");
  if (!text) return true;
  const bool none = *text == "none";
  std::optional<RawId> id;
  switch (asked.query.by) {
    case ReportBy::nothing: break;
    case ReportBy::queue:
      if (const auto parsed = parse_id<QueueId>(*text); parsed || none) id = none ? RawId{} : RawId(*parsed);
      break;
    case ReportBy::agent:
      if (const auto parsed = parse_id<AgentId>(*text); parsed || none) id = none ? RawId{} : RawId(*parsed);
      break;
    case ReportBy::team:
      if (const auto parsed = parse_id<TeamId>(*text); parsed || none) id = none ? RawId{} : RawId(*parsed);
      break;
    case ReportBy::type:
      if (const auto parsed = parse_id<TypeId>(*text); parsed || none) id = none ? RawId{} : RawId(*parsed);
      break;
    case ReportBy::channel:
      if (const auto channel = parse_channel(*text); channel || none)
        id = RawId{0, static_cast<std::uint64_t>(channel.value_or(Channel::none))};
      break;
    case ReportBy::language:
      if (const Language language = parse_language(*text);
          language != Language::und || *text == "und" || none)
        id = RawId{0, static_cast<std::uint64_t>(language)};
      break;
    case ReportBy::time: {
      const auto it = std::ranges::find(asked.times, *text, &LocalTime::key);
      if (it != asked.times.end()) id = RawId{0, static_cast<std::uint64_t>(it - asked.times.begin())};
      break;
    }
  }
  if (!id) {
    call->fail({{"?key", "unknown_key", "the key of one of the report's rows, or none; with by="}});
    return false;
  }
  asked.key = ReportKey{*id};
  return true;
}

/// Everything a report and its list ask alike; none: answered.
std::optional<Asked> read_asked(const Call& call, bool list) {
  std::vector<std::string_view> known{"from", "to", "by", "tz", "definition"};
  const auto metric = parse_metric(call->captured.at(0));
  if (!metric) {
    call->fail(404, "report.unknown", "no report of that name; see GET /v1/reports");
    return std::nullopt;
  }
  std::vector<Fault> faults;
  for (const auto& [name, value] : call->request.query) {
    const bool parameter = *metric == Metric::fcr && (name == "replies_max" || name == "window_days");
    const bool of_list = list && (name == "key" || name == "limit" || name == "after");
    if (std::ranges::find(known, std::string_view(name)) == known.end() && !parameter && !of_list)
      faults.push_back({"?" + name, "unknown_parameter", "nothing of that name is taken here"});
  }
  if (!faults.empty()) {
    call->fail(faults);
    return std::nullopt;
  }
  Asked asked;
  ReportQuery& q = asked.query;
  q.workspace = call->caller.workspace;
  q.metric = *metric;
  asked.definition = definition_of(*metric, query(call, "definition").value_or(""));
  if (asked.definition == nullptr) {
    std::string names;
    for (const Definition& d : definitions)
      if (d.metric == *metric && d.name != "overview") names.append(names.empty() ? "" : ", ").append(d.name);
    call->fail({{"?definition", "report.unknown_definition", "one of " + names}});
    return std::nullopt;
  }
  q.first_episode_only = asked.definition->name == "first_resolution";
  asked.by = query(call, "by").value_or("");
  const auto by = read_by(call, asked.by, true);
  if (!by) return std::nullopt;
  q.by = *by;
  if (q.metric == Metric::backlog && q.by == ReportBy::type) {
    call->fail({{"?by", "unknown_dimension", "a backlog is not counted by type"}});
    return std::nullopt;
  }
  const auto replies = whole_number(call, "replies_max", 1, 100, 1);
  if (!replies) return std::nullopt;
  q.fcr_replies_max = static_cast<std::uint32_t>(*replies);
  const auto days = whole_number(call, "window_days", 0, 365, 7);
  if (!days) return std::nullopt;
  q.fcr_window_ms = *days * day_ms;
  const auto zone = read_zone(call, asked.tz);
  if (!zone || !read_time(call, *zone, asked) || !read_key(call, asked)) return std::nullopt;
  return asked;
}

json::value seconds(double ms) { return std::round(ms) / 1000.0; }
json::value share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return nullptr;
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// A row's figures by name, in their order: what the JSON and the table both show.
using Figures = std::vector<std::pair<std::string_view, json::value>>;
Figures figures_of(const Asked& asked, const ReportFigures& f) {
  const Metric metric = asked.query.metric;
  Figures out;
  const auto n = static_cast<double>(f.counted);
  if (is_duration(metric)) {
    const double mean = f.counted == 0 ? 0 : static_cast<double>(f.sum) / n;
    const auto or_null = [&](json::value value) {
      return f.counted == 0 ? json::value(nullptr) : std::move(value);
    };
    out.emplace_back("value", or_null(seconds(mean)));
    out.emplace_back("count", f.counted);
    out.emplace_back("sum_seconds", seconds(static_cast<double>(f.sum)));
    out.emplace_back("mean_seconds", or_null(seconds(mean)));
    out.emplace_back("variance",
                     or_null(std::max(0.0, static_cast<double>(f.squares) / n - mean * mean) / 1e6));
    for (const auto& [name, q] : {std::pair<std::string_view, double>{"p50_seconds", 0.5},
                                  std::pair<std::string_view, double>{"p90_seconds", 0.9},
                                  std::pair<std::string_view, double>{"p95_seconds", 0.95},
                                  std::pair<std::string_view, double>{"p99_seconds", 0.99}})
      out.emplace_back(name, or_null(seconds(f.sketch.quantile(q))));
  } else if (metric == Metric::fcr) {
    out.emplace_back("value", share(static_cast<std::uint64_t>(f.sum), f.counted));
    out.emplace_back("count", f.counted);
    out.emplace_back("first_contact", f.sum);
    out.emplace_back("provisional", f.provisional);
  } else if (is_rating(metric)) {
    const auto difference = static_cast<double>(f.high) - static_cast<double>(f.low);
    const double score = metric == Metric::nps ? 100.0 * difference / n : static_cast<double>(f.sum) / n;
    out.emplace_back("value", f.counted == 0 ? json::value(nullptr) : json::value(score));
    out.emplace_back("count", f.counted);
    out.emplace_back("sum", f.sum);
    if (metric == Metric::csat) out.emplace_back("share_content", share(f.high, f.counted));
    if (metric == Metric::nps) {
      out.emplace_back("promoters", f.high);
      out.emplace_back("detractors", f.low);
    }
    out.emplace_back("resolved", f.episodes);
    out.emplace_back("response_rate", share(f.counted, f.episodes));
  } else {
    out.emplace_back("value", f.counted);
  }
  out.emplace_back("left_out", f.left_out);
  out.emplace_back("restated", f.restated);
  return out;
}

/// A row's key and name as people see them.
std::pair<json::value, json::value> named(const Call& call, const Asked& asked, const ReportKey& key) {
  const auto of = [](const json::value& object) -> std::pair<json::value, json::value> {
    if (!object.is_object()) return {nullptr, nullptr};
    return {object.at("id"), object.at("name")};
  };
  switch (asked.query.by) {
    case ReportBy::nothing: break;
    case ReportBy::queue: return of(queue_json(*call, QueueId::from(key.id)));
    case ReportBy::agent: return of(agent_json(*call, AgentId::from(key.id)));
    case ReportBy::team: return of(team_json(*call, TeamId::from(key.id)));
    case ReportBy::type: return of(type_json(*call, TypeId::from(key.id)));
    case ReportBy::channel: {
      const json::value text = json::value(to_text(key.channel()));
      return {text, text};
    }
    case ReportBy::language: {
      const json::value text = json::value(to_text(key.language()));
      return {text, text};
    }
    case ReportBy::time: {
      const json::value text = json::value(asked.times.at(key.time()).key);
      return {text, text};
    }
  }
  return {nullptr, nullptr};
}

std::string csv_cell(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string())
    return csv_text(std::string_view(value.as_string().data(), value.as_string().size()));
  if (!value.is_double()) return json::serialize(value);
  // As the JSON has it, but never in powers of ten, which a spreadsheet rounds.
  std::array<char, 64> out;
  const auto written =
      std::to_chars(out.data(), out.data() + out.size(), value.as_double(), std::chars_format::fixed);
  return {out.data(), written.ptr};
}

bool wants_csv(const Call& call) {
  return call->request.header("accept").find("text/csv") != std::string_view::npos;
}

struct NamedRow {
  json::value key, name;
  Figures figures;
};

void answer_csv(const Call& call, const Asked& asked, const std::vector<NamedRow>& rows) {
  HttpResponse out;
  out.type = "text/csv; charset=utf-8; header=present";
  out.headers = position_headers(call);
  out.headers.emplace_back("Content-Disposition",
                           "attachment; filename=\"" + std::string(to_text(asked.query.metric)) + ".csv\"");
  out.headers.emplace_back("Parlance-Definition", std::string(asked.definition->name) + "@" +
                                                      std::to_string(asked.definition->version));
  std::vector<std::string> head{"key", "name"};
  for (const auto& [name, value] : figures_of(asked, {})) head.emplace_back(name);
  out.body = csv_record(head);
  for (const NamedRow& row : rows) {
    std::vector<std::string> cells{csv_cell(row.key), csv_cell(row.name)};
    for (const auto& [name, value] : row.figures) cells.push_back(csv_cell(value));
    out.body += csv_record(cells);
  }
  call->respond(std::move(out));
}

json::object as_object(const Figures& figures) {
  json::object out;
  for (const auto& [name, value] : figures) out[name] = value;
  return out;
}

ReportQuery with_time(const Call& call, ReportQuery query) {
  query.time = call->time_limit();
  return query;
}

void report(const Call& call) {
  auto asked = read_asked(call, false);
  if (!asked) return;
  when_visible(call, [call, asked = std::move(*asked)] {
    const auto made = call->views().report(with_time(call, asked.query));
    if (!made) return call->fail(made.error());
    std::vector<NamedRow> rows;
    for (const ReportRow& row : made->rows) {
      auto [key, name] = named(call, asked, row.key);
      rows.push_back({std::move(key), std::move(name), figures_of(asked, row.figures)});
    }
    if (asked.query.by == ReportBy::nothing)
      rows.push_back({nullptr, nullptr, figures_of(asked, made->total)});
    if (wants_csv(call)) return answer_csv(call, asked, rows);
    auto headers = position_headers(call);
    json::object definition = definition_json(*asked.definition);
    if (asked.query.metric == Metric::fcr)
      definition["parameters"] = json::object{{"replies_max", asked.query.fcr_replies_max},
                                              {"window_days", asked.query.fcr_window_ms / day_ms}};
    if (is_duration(asked.query.metric))
      definition["quantiles"] = "from a sketch: off by at most 1 per cent of themselves";
    json::array left_out;
    for (const auto& [reason, count] : made->left_out)
      left_out.push_back(json::object{{"reason", to_text(reason)}, {"count", count}});
    json::array data;
    for (NamedRow& row : rows) {
      json::object one{{"key", std::move(row.key)}, {"name", std::move(row.name)}};
      for (auto& [name, value] : row.figures) one[name] = std::move(value);
      data.push_back(std::move(one));
    }
    json::object body{{"metric", to_text(asked.query.metric)},
                      {"definition", std::move(definition)},
                      {"from", to_rfc3339(asked.query.from)},
                      {"to", to_rfc3339(asked.query.to)},
                      {"tz", asked.tz},
                      {"by", asked.by.empty() ? json::value(nullptr) : json::value(asked.by)},
                      {"as_of", to_rfc3339(asked.query.as_of)},
                      {"position", headers.front().second},
                      {"counted", made->total.counted},
                      {"left_out", std::move(left_out)},
                      {"total", as_object(figures_of(asked, made->total))},
                      {"data", std::move(data)}};
    headers.emplace_back("Vary", "Accept");
    call->answer(200, body, std::move(headers));
  });
}

/// The names of a conversation's events, as the feed gives them. None where history does not have one of them yet.
Result<std::optional<json::array>> event_names(const Call& call, ConversationId conversation,
                                               const std::vector<Version>& versions) {
  const StreamId stream{Category::conversation, conversation};
  json::array names;
  for (const Version version : versions) {
    const auto entry = call->engine().history(stream, version, 1);
    if (!entry) return entry.error();
    if (entry->empty()) return std::optional<json::array>{};
    const auto events = call->engine().events(stream, *entry);
    if (!events) return events.error();
    for (const RecordedEvent& e : *events)
      names.push_back(json::string(to_text(e.envelope) + ":" + std::to_string(e.index)));
  }
  return std::optional(std::move(names));
}

struct Explained {
  Asked asked;
  std::string about;
  ReportItems found;
};
constexpr unsigned history_waits_max = 1'000;
void answer_explained(const Call& call, const std::shared_ptr<const Explained>& explained,
                      unsigned waits = 0) {
  const Asked& asked = explained->asked;
  json::array data;
  for (const ReportItem& item : explained->found.items) {
    const auto ticket = call->views().ticket(call->caller.workspace, item.conversation);
    if (!ticket) return call->fail(ticket.error());
    auto events = event_names(call, item.conversation, item.events);
    if (!events) return call->fail(events.error());
    // The views were ahead of history: it has the event as soon as what came before it is answered.
    if (!*events && waits == history_waits_max)
      return call->fail(
          unavailable("report.history_behind", "history does not have these events yet; try again"));
    if (!*events)
      return call->engine().after_answers(item.conversation.slot(), [call, explained, waits] {
        answer_explained(call, explained, waits + 1);
      });
    const bool counted = item.left_out == LeftOut::no;
    json::object one{
        {"conversation", to_text(item.conversation)},
        {"number", *ticket ? json::value(std::to_string((*ticket)->number)) : json::value(nullptr)},
        {"at", to_rfc3339(item.at)},
        {"key", named(call, asked, item.key).first},
        {"counted", counted},
        {"reason", counted ? json::value(nullptr) : json::value(to_text(item.left_out))},
        {"events", std::move(**events)},
        {"value", is_duration(asked.query.metric) ? seconds(static_cast<double>(item.value))
                                                  : json::value(item.value)}};
    if (asked.query.metric == Metric::fcr) one["provisional"] = item.provisional;
    data.push_back(std::move(one));
  }
  std::optional<std::string> next;
  if (const auto& place = explained->found.next) {
    ByteWriter out;
    out.le(place->at).id(place->conversation).le(place->number);
    next = make_cursor(cursor_key(call), explained->about, out.bytes());
  }
  call->answer(200, json::object{{"data", std::move(data)}, {"page", page_json(next)}},
               position_headers(call));
}

void explain(const Call& call) {
  auto asked = read_asked(call, true);
  if (!asked) return;
  const auto limit = read_limit(call);
  if (!limit) return;
  std::string about = "explain " + to_text(call->caller.workspace) + " " + call->request.path;
  for (const auto& [name, value] : call->request.query)
    if (name != "after" && name != "limit") about += "&" + name + "=" + value;
  std::optional<ReportPlace> after;
  if (const auto text = query(call, "after")) {
    auto cursor = read_cursor(cursor_key(call), about, *text);
    if (!cursor) return call->fail(cursor.error());
    ByteReader in(*cursor);
    after.emplace();
    after->at = in.le<std::uint64_t>();
    after->conversation = in.id_of<ConversationId>();
    after->number = in.le<std::uint64_t>();
  }
  when_visible(call, [call, asked = std::move(*asked), after, limit, about] {
    auto found = call->views().explain(with_time(call, asked.query), asked.key, after, *limit);
    if (!found) return call->fail(found.error());
    answer_explained(call, std::make_shared<const Explained>(asked, about, std::move(*found)));
  });
}

void overview(const Call& call) {
  if (!knows_all(call, {"by", "tz"})) return;
  Asked asked;
  asked.by = query(call, "by").value_or("queue");
  const auto by = read_by(call, asked.by, false);
  if (!by) return;
  asked.query.by = *by;
  const auto zone = read_zone(call, asked.tz);
  if (!zone) return;
  when_visible(call, [call, asked = std::move(asked), zone] {
    const Instant now = call->now();
    const auto from = zone->day_of(now);
    if (!from) return call->fail(from.error());
    const auto made = call->views().overview(call->caller.workspace, *from, now, asked.query.by);
    if (!made) return call->fail(made.error());
    const auto shown = [](const OverviewRow& row) {
      return json::object{{"created", row.created},
                          {"replied", row.replied},
                          {"resolved", row.resolved},
                          {"breached", row.breached},
                          {"waiting", row.waiting},
                          {"late", row.late},
                          {"oldest", optional_time(row.oldest)}};
    };
    json::array data;
    for (const OverviewRow& row : made->rows) {
      json::object one = shown(row);
      auto [key, name] = named(call, asked, row.key);
      one["key"] = std::move(key);
      one["name"] = std::move(name);
      data.push_back(std::move(one));
    }
    auto headers = position_headers(call);
    call->answer(200,
                 json::object{{"definition", definition_json(definitions.back())},
                              {"by", asked.by},
                              {"tz", asked.tz},
                              {"since", to_rfc3339(*from)},
                              {"as_of", to_rfc3339(now)},
                              {"position", headers.front().second},
                              {"total", shown(made->total)},
                              {"data", std::move(data)}},
                 headers);
  });
}

/// Which reports there are, and what they mean.
void reports(const Call& call) {
  if (!knows_all(call, {})) return;
  json::array data;
  for (const Definition& d : definitions) {
    json::object one = definition_json(d);
    one["metric"] = d.name == "overview" ? d.name : to_text(d.metric);
    data.push_back(std::move(one));
  }
  call->answer(200, json::object{{"data", std::move(data)}});
}

}  // namespace

const std::vector<Route>& report_routes() {
  static const std::vector<Route> routes{
      {"GET", "/v1/reports", reports},
      {"GET", "/v1/reports/overview", overview},
      {"GET", "/v1/reports/{metric}", report},
      {"GET", "/v1/reports/{metric}/explain", explain},
  };
  return routes;
}

}  // namespace parlance::http
