#include "adapters/http/list_query.h"

#include <algorithm>

namespace parlance::http {
namespace {

constexpr std::size_t filter_bytes_max = 2048;
constexpr std::uint64_t counted_max = 10'000;

/// Calls `each` with the parts of `text` between `separator`s; empty parts are left out.
template <class Each> void split(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end != 0) each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

class Reader {
 public:
  Reader(const Caller& caller, Fields& fields, ListQuery& query)
      : caller_(caller), fields_(fields), query_(query) {}

  void states(const char* member, std::string_view text) {
    split(text, ',', [&](std::string_view one) {
      if (const auto phase = conversation::parse_phase(one))
        query_.states.push_back(*phase);
      else
        fields_.fault(member, "unknown_state",
                      "new, open, waiting_customer, waiting_third_party, snoozed, resolved or closed");
    });
    std::ranges::sort(query_.states);
  }
  void queue(const char* member, std::string_view text) {
    if (const auto id = parse_id<QueueId>(text))
      query_.queue = *id;
    else
      fields_.fault(member, id.error().rule, id.error().detail);
  }
  void assignee(const char* member, std::string_view text) {
    if (text == "none") {
      query_.assignee = AgentId{};
    } else if (text == "me") {
      if (!caller_.agent) return fields_.fault(member, "not_an_agent", "this token speaks for no agent");
      query_.assignee = caller_.agent;
    } else if (const auto id = parse_id<AgentId>(text)) {
      query_.assignee = *id;
    } else {
      fields_.fault(member, id.error().rule, id.error().detail);
    }
  }
  void channel(const char* member, std::string_view text) {
    query_.channel = parse_channel(text);
    if (!query_.channel) fields_.fault(member, "unknown_channel", "such as email, chat or whatsapp");
  }
  void filter(const char* member, std::string_view text) {
    split(text, ' ', [&](std::string_view term) {
      const std::size_t colon = std::min(term.find(':'), term.size());
      const std::string_view key = term.substr(0, colon);
      const std::string_view value = term.substr(std::min(colon + 1, term.size()));
      if (key == "state" && value == "active")
        query_.states.clear();
      else if (key == "state")
        states(member, value);
      else if (key == "queue")
        queue(member, value);
      else if (key == "assignee")
        assignee(member, value);
      else if (key == "channel")
        channel(member, value);
      else if (term == "is:unassigned")
        assignee(member, "none");
      else if (term == "is:mine")
        assignee(member, "me");
      else
        fields_.fault(member, "filter.unknown_key", "at " + std::string(term.substr(0, 100)));
    });
  }

 private:
  const Caller& caller_;
  Fields& fields_;
  ListQuery& query_;
};

std::string text_of(const ListQuery& query) {
  std::string out =
      "sort " + std::to_string(static_cast<int>(query.sort)) + " limit " + std::to_string(query.limit);
  for (const conversation::Phase phase : query.states) out += " " + std::string(conversation::to_text(phase));
  if (query.queue) out += " queue " + to_text(*query.queue);
  if (query.assignee) out += " assignee " + to_text(*query.assignee);
  if (query.channel) out += " channel " + std::string(to_text(*query.channel));
  return out;
}

}  // namespace

Result<ListQuery> read_count_query(Context&, const Caller& caller, Fields& fields, std::string& about) {
  ListQuery query;
  query.workspace = caller.workspace;
  Reader(caller, fields, query).filter("q", fields.text("q", filter_bytes_max));
  about += text_of(query);
  return query;
}

Result<ListQuery> read_list_query(Context&, const Caller& caller, Fields& fields, std::string& about) {
  ListQuery query;
  query.workspace = caller.workspace;
  Reader reader(caller, fields, query);
  reader.filter("q", fields.text("q", filter_bytes_max));
  if (const std::string text = fields.text("state", 200); !text.empty()) reader.states("state", text);
  if (const std::string text = fields.text("queue", 40); !text.empty()) reader.queue("queue", text);
  if (const std::string text = fields.text("assignee", 40); !text.empty()) reader.assignee("assignee", text);
  if (const std::string text = fields.text("channel", 40); !text.empty()) reader.channel("channel", text);
  const std::string sort = fields.text("sort", 40);
  if (sort == "newest")
    query.sort = Sort::newest;
  else if (sort == "oldest")
    query.sort = Sort::oldest;
  else if (sort == "updated")
    query.sort = Sort::updated;
  else if (!sort.empty() && sort != "working_order")
    fields.fault("sort", "unknown_order", "working_order, newest, oldest or updated");
  query.limit = static_cast<std::size_t>(fields.integer("limit", 1, list_limit_max).value_or(50));
  about += text_of(query);
  return query;
}

bool passes(const ListQuery& query, const Ticket& ticket) {
  const bool any_state = query.states.empty() && query.sort != Sort::working_order;
  const bool state = query.states.empty()
                         ? any_state || conversation::is_active(ticket.state)
                         : std::ranges::find(query.states, ticket.state) != query.states.end();
  return state && (!query.queue || *query.queue == ticket.queue) &&
         (!query.assignee || *query.assignee == ticket.assignee) &&
         (!query.channel || *query.channel == ticket.channel);
}

Result<std::uint64_t> count_of(const Views& views, ListQuery query) {
  query.limit = list_limit_max;
  std::uint64_t count = 0;
  while (count < counted_max) {
    auto page = views.list(query);
    if (!page) return page.error();
    count += page->tickets.size();
    if (!page->next) break;
    query.after = page->next;
  }
  return count;
}

}  // namespace parlance::http
