#include "adapters/http/list_query.h"

#include <algorithm>

#include "adapters/http/filters.h"
#include "adapters/http/lists.h"

namespace parlance::http {
namespace {

/// The filter means another thing for each who asks.
bool names_the_caller(const FilterText& text) {
  return std::ranges::any_of(text.terms, [](const FilterTerm& term) {
    const std::string_view word = term.key == FilterKey::is ? "mine" : "me";
    const bool may =
        term.key == FilterKey::is || term.key == FilterKey::assignee || term.key == FilterKey::mentions;
    return may &&
           std::ranges::any_of(term.values, [&](const FilterValue& value) { return value.text == word; });
  });
}

/// Reads the members of one list. What is wrong goes to the faults of `fields`.
class Reader {
 public:
  Reader(Context& context, const Caller& caller, Fields& fields, ListQuery& query, std::string& about)
      : context_(context), caller_(caller), fields_(fields), query_(query), about_(about) {
    query_.workspace = caller.workspace;
  }

  void filter() {
    const std::string text = fields_.text("q", filter_bytes_max);
    if (text.empty()) return;
    auto read = parse_filter(text);
    if (const auto* fault = std::get_if<FilterFault>(&read)) return wrong(*fault);
    const FilterText& filter = std::get<FilterText>(read);
    // A sender's conversations are looked up at the doors, which is no part of following a list.
    for (const FilterTerm& term : filter.terms)
      if (term.key == FilterKey::from)
        return wrong(
            {term.offset, "filter.not_live", "a sender's conversations cannot be followed; search for them"});
    auto resolved = resolve_filter(filter, filter_names(context_, caller_));
    if (const auto* fault = std::get_if<FilterFault>(&resolved)) return wrong(*fault);
    query_.filter = std::make_shared<const Filter>(std::move(std::get<Filter>(resolved)));
    about_ += " q " + to_text(filter);
    if (names_the_caller(filter)) about_ += " me " + to_text(caller_.agent);
  }
  void states() {
    std::string_view rest;
    const std::string text = fields_.text("state", 200);
    for (rest = text; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      if (const auto phase = conversation::parse_phase(rest.substr(0, end)))
        query_.states.push_back(*phase);
      else
        return fields_.fault("state", "unknown_state",
                             "new, open, waiting_customer, waiting_third_party, snoozed, resolved or closed");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::ranges::sort(query_.states);
    for (const conversation::Phase phase : query_.states)
      about_ += " " + std::string(conversation::to_text(phase));
  }
  void queue() {
    const std::string text = fields_.text("queue", 40);
    if (text.empty()) return;
    const auto id = parse_id<QueueId>(text);
    if (!id) return fields_.fault("queue", id.error().rule, id.error().detail);
    query_.queue = *id;
    about_ += " queue " + text;
  }
  void assignee() {
    const std::string text = fields_.text("assignee", 40);
    if (text.empty()) return;
    if (text == "none") {
      query_.assignee = AgentId{};
    } else if (text == "me") {
      if (!caller_.agent) return fields_.fault("assignee", "not_an_agent", "this token speaks for no agent");
      query_.assignee = caller_.agent;
    } else if (const auto id = parse_id<AgentId>(text)) {
      query_.assignee = *id;
    } else {
      return fields_.fault("assignee", id.error().rule, id.error().detail);
    }
    about_ += " assignee " + to_text(*query_.assignee);
  }
  void channel() {
    const std::string text = fields_.text("channel", 40);
    if (text.empty()) return;
    query_.channel = parse_channel(text);
    if (!query_.channel)
      return fields_.fault("channel", "unknown_channel", "such as email, chat or whatsapp");
    about_ += " channel " + text;
  }
  void order() {
    if (const std::string text = fields_.text("sort", 40); !text.empty()) {
      const auto sort = parse_sort(text);
      if (!sort) return fields_.fault("sort", "unknown_order", "working_order, newest, oldest or updated");
      query_.sort = *sort;
    } else if (query_.filter && query_.filter->names_conversations()) {
      query_.sort = Sort::newest;
    }
    query_.limit =
        static_cast<std::size_t>(fields_.integer("limit", 1, list_limit_max).value_or(limit_default));
    about_ += " sort " + std::string(to_text(query_.sort)) + " limit " + std::to_string(query_.limit);
  }

 private:
  void wrong(const FilterFault& fault) {
    const Fault as = as_fault(fault, "");
    fields_.fault("q", as.code, as.detail);
  }
  Context& context_;
  const Caller& caller_;
  Fields& fields_;
  ListQuery& query_;
  std::string& about_;
};

}  // namespace

ListQuery read_count_query(Context& context, const Caller& caller, Fields& fields, std::string& about) {
  ListQuery query;
  Reader(context, caller, fields, query, about).filter();
  return query;
}

ListQuery read_list_query(Context& context, const Caller& caller, Fields& fields, std::string& about) {
  ListQuery query;
  Reader reader(context, caller, fields, query, about);
  reader.filter();
  reader.states();
  reader.queue();
  reader.assignee();
  reader.channel();
  reader.order();
  return query;
}

bool depends_on_time(const ListQuery& query) { return query.filter && query.filter->depends_on_time(); }

bool passes(const ListQuery& query, const Ticket& ticket, Instant now) {
  const bool names_states =
      query.filter && (query.filter->names_states() || query.filter->names_conversations());
  const bool any_state = query.states.empty() && (query.sort != Sort::working_order || names_states);
  const bool state = query.states.empty()
                         ? any_state || conversation::is_active(ticket.state)
                         : std::ranges::find(query.states, ticket.state) != query.states.end();
  return state && (!query.queue || *query.queue == ticket.queue) &&
         (!query.assignee || *query.assignee == ticket.assignee) &&
         (!query.channel || *query.channel == ticket.channel) &&
         (!query.filter || query.filter->matches(ticket, now));
}

}  // namespace parlance::http
