#include <memory>

#include "adapters/http/filters.h"
#include "adapters/http/lists.h"

/// Finding conversations: search with a text that must not stand in a URL, and how many several filters find.
namespace parlance::http {
namespace {

constexpr std::size_t counts_max = 50;

/// The same as GET /v1/conversations?q=, with everything in the body: an address or an order leaves no trace in URLs.
void search(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  ListQuery list;
  list.workspace = call->caller.workspace;
  const std::string q =
      fields.text("q", 16 * filter_bytes_max);  // how long it may be is the grammar's to say
  const std::string sort = fields.text("sort", 40);
  if (!sort.empty()) {
    const auto order = parse_sort(sort);
    if (!order) fields.fault("sort", "unknown_order", "working_order, newest, oldest or updated");
    list.sort = order.value_or(Sort::working_order);
  }
  list.limit = static_cast<std::size_t>(fields.integer("limit", 1, list_limit_max).value_or(limit_default));
  const std::string after = fields.text("after", 1000);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  with_filter(call, q, "/q", false, [=](FilterPtr filter) mutable {
    if (filter->names_conversations() && sort.empty()) list.sort = Sort::newest;
    list.filter = std::move(filter);
    when_visible(call, [=]() mutable {
      list.now = call->now();
      const std::string about = "search " + to_text(list.workspace) + " " + std::string(to_text(list.sort)) +
                                " " + q + "@" + raw_id_text("who", call->caller.agent);
      answer_list(call, std::move(list), about, after.empty() ? std::nullopt : std::optional(after));
    });
  });
}

/// Several filters, resolved one after the other, then all counted.
struct Counting {
  Call call;
  std::vector<std::string> texts;
  bool in_url = false;
  std::vector<FilterPtr> filters;
};

void count_all(const std::shared_ptr<Counting>& counting) {
  const Call& call = counting->call;
  json::array data;
  const auto headers = position_headers(call);
  const TimeLimit time = call->time_limit();
  for (std::size_t i = 0; i < counting->filters.size(); ++i) {
    ListQuery list{.workspace = call->caller.workspace};
    list.filter = counting->filters[i];
    list.now = call->now();
    list.time = time;
    const auto counted = call->views().count(list);
    if (!counted) return call->fail(counted.error());
    data.push_back(json::object{{"q", counting->texts[i]},
                                {"count", counted->count},
                                {"complete", counted->complete},
                                {"as_of", headers.front().second}});
  }
  call->answer(200, json::object{{"data", std::move(data)}}, headers);
}
void resolve_next(const std::shared_ptr<Counting>& counting) {
  const Call& call = counting->call;
  const std::size_t i = counting->filters.size();
  if (i == counting->texts.size()) return when_visible(call, [counting] { count_all(counting); });
  with_filter(call, counting->texts[i], "/q/" + std::to_string(i), counting->in_url,
              [counting](FilterPtr filter) {
                counting->filters.push_back(std::move(filter));
                resolve_next(counting);
              });
}

void counts(const Call& call) {
  if (!knows_all(call, {"q"})) return;
  auto counting = std::make_shared<Counting>();
  counting->call = call;
  counting->texts = call->request.all_q;
  counting->in_url = true;
  if (counting->texts.empty() || counting->texts.size() > counts_max)
    return call->fail({{"?q", "not_in_range", "1 to 50 filters: ?q=...&q=..."}});
  resolve_next(counting);
}
void counts_of_body(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  auto counting = std::make_shared<Counting>();
  counting->call = call;
  const json::array* list = fields.array("q", counts_max);
  if ((list == nullptr || list->empty()) && faults.empty())
    fields.fault("q", "required", "a list of 1 to 50 filters");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const json::value& text = (*list)[i];
    if (text.is_string())
      counting->texts.emplace_back(text.as_string().data(), text.as_string().size());
    else
      fields.fault("q", "not_a_text", "each filter is a text");
  }
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  resolve_next(counting);
}

}  // namespace

const std::vector<Route>& find_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/conversations/search", search},
      {"GET", "/v1/conversations/counts", counts},
      {"POST", "/v1/conversations/counts", counts_of_body},
  };
  return routes;
}

}  // namespace parlance::http
