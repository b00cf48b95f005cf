#include "adapters/http/lists.h"

#include <algorithm>
#include <charconv>

#include "adapters/http/cursor.h"
#include "adapters/http/filters.h"
#include "adapters/http/render.h"

namespace parlance::http {
namespace {

template <class AnId> bool read_id_filter(const Call& call, const char* name, std::optional<AnId>& out) {
  const auto text = query(call, name);
  if (!text) return true;
  const auto id = parse_id<AnId>(*text);
  if (id)
    out = *id;
  else
    call->fail({{std::string("?") + name, std::string(id.error().rule), id.error().detail}});
  return id.has_value();
}

constexpr std::array<std::pair<Sort, std::string_view>, 4> sorts{{{Sort::working_order, "working_order"},
                                                                  {Sort::newest, "newest"},
                                                                  {Sort::oldest, "oldest"},
                                                                  {Sort::updated, "updated"}}};

}  // namespace

std::optional<std::string> query(const Call& call, const char* name) {
  const auto it = call->request.query.find(name);
  if (it == call->request.query.end()) return std::nullopt;
  return it->second;
}

bool knows_all(const Call& call, std::initializer_list<std::string_view> known) {
  std::vector<Fault> faults;
  for (const auto& [name, value] : call->request.query)
    if (std::ranges::find(known, std::string_view(name)) == known.end())
      faults.push_back({"?" + name, "unknown_parameter", "nothing of that name is taken here"});
  if (faults.empty()) return true;
  call->fail(faults);
  return false;
}

std::optional<std::size_t> read_limit(const Call& call) {
  const auto text = query(call, "limit");
  if (!text) return limit_default;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error == std::errc{} && end == text->data() + text->size() && limit >= 1 && limit <= list_limit_max)
    return limit;
  call->fail({{"?limit", "not_in_range", "a whole number from 1 to 200"}});
  return std::nullopt;
}

const Key& cursor_key(const Call& call) { return call->engine().keys().secret(SecretKey::session); }

json::object page_json(const std::optional<std::string>& next) {
  return json::object{{"has_more", next.has_value()},
                      {"next", next ? json::value(*next) : json::value(nullptr)}};
}

std::optional<Sort> parse_sort(std::string_view text) {
  const auto it = std::ranges::find(sorts, text, [](const auto& s) { return s.second; });
  if (it == sorts.end()) return std::nullopt;
  return it->first;
}
std::string_view to_text(Sort sort) {
  return std::ranges::find(sorts, sort, [](const auto& s) { return s.first; })->second;
}

bool read_list(const Call& call, ListQuery& list) {
  if (!knows_all(call, {"state", "queue", "assignee", "channel", "subject", "q", "sort", "limit", "after"}))
    return false;
  if (call->request.all_q.size() > 1) {
    call->fail({{"?q", "twice", "a list has one filter"}});
    return false;
  }
  list.workspace = call->caller.workspace;
  const auto limit = read_limit(call);
  if (!limit) return false;
  list.limit = *limit;
  if (const auto states = query(call, "state")) {
    std::string_view rest = *states;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const auto phase = conversation::parse_phase(rest.substr(0, end));
      if (!phase) {
        call->fail({{"?state", "unknown_state",
                     "new, open, waiting_customer, waiting_third_party, snoozed, resolved, closed or spam"}});
        return false;
      }
      list.states.push_back(*phase);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (!read_id_filter(call, "queue", list.queue)) return false;
  if (const auto assignee = query(call, "assignee")) {
    if (*assignee == "none") {
      list.assignee = AgentId{};
    } else if (*assignee == "me") {
      if (!call->caller.agent) {
        call->fail({{"?assignee", "not_an_agent", "this token speaks for no agent"}});
        return false;
      }
      list.assignee = call->caller.agent;
    } else if (!read_id_filter(call, "assignee", list.assignee)) {
      return false;
    }
  }
  if (const auto channel = query(call, "channel")) {
    list.channel = parse_channel(*channel);
    if (!list.channel) {
      call->fail({{"?channel", "unknown_channel", "such as email, chat or whatsapp"}});
      return false;
    }
  }
  std::optional<SubjectId> subject;
  if (!read_id_filter(call, "subject", subject)) return false;
  if (subject) {
    auto ids = call->engine().conversations_of(*subject);
    if (!ids) {
      call->fail(ids.error());
      return false;
    }
    list.ids = std::move(*ids);
  }
  if (const auto sort = query(call, "sort")) {
    const auto order = parse_sort(*sort);
    if (!order) {
      call->fail({{"?sort", "unknown_order", "working_order, newest, oldest or updated"}});
      return false;
    }
    list.sort = *order;
  } else if (list.ids) {
    list.sort = Sort::newest;
  }
  return true;
}

std::string about_list(const Call& call) {
  std::string about = "list " + to_text(call->caller.workspace) + " " + call->request.path;
  for (const auto& [name, value] : call->request.query)
    if (name != "after" && name != "limit") about += "&" + name + "=" + value;
  return about + "@" + raw_id_text("who", call->caller.agent);
}

void answer_list(const Call& call, ListQuery list, const std::string& about,
                 const std::optional<std::string>& after) {
  if (after) {
    auto cursor = read_cursor(cursor_key(call), about, *after);
    if (!cursor) return call->fail(cursor.error());
    ByteReader in(*cursor);
    ListCursor place;
    place.key = in.le<std::int64_t>();
    place.id = in.id_of<ConversationId>();
    list.after = place;
  }
  list.time = call->time_limit();
  auto found = call->views().list(list);
  if (!found) return call->fail(found.error());
  json::array data;
  data.reserve(found->tickets.size());
  for (const Ticket& ticket : found->tickets) data.push_back(ticket_json(*call, ticket));
  std::optional<std::string> next;
  auto headers = position_headers(call);
  if (found->next) {
    ByteWriter place;
    place.le(found->next->key).id(found->next->id);
    next = make_cursor(cursor_key(call), about, place.bytes());
    if (call->request.method != "POST")
      headers.emplace_back("Link", "<" + call->request.path + "?after=" + *next + ">; rel=\"next\"");
  }
  call->answer(200, json::object{{"data", std::move(data)}, {"page", page_json(next)}}, std::move(headers));
}

void answer_filtered_list(const Call& call, ListQuery list) {
  const auto answer = [call](ListQuery asked) {
    when_visible(call, [call, asked = std::move(asked)]() mutable {
      asked.now = call->now();
      answer_list(call, std::move(asked), about_list(call), query(call, "after"));
    });
  };
  const auto q = query(call, "q");
  if (!q) return answer(std::move(list));
  with_filter(call, *q, "/q", true, [call, list = std::move(list), answer](FilterPtr filter) mutable {
    list.filter = std::move(filter);
    if (list.filter->names_conversations() && !query(call, "sort")) list.sort = Sort::newest;
    answer(std::move(list));
  });
}

}  // namespace parlance::http
