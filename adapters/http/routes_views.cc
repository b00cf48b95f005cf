#include <algorithm>
#include <memory>

#include "adapters/http/commands.h"
#include "adapters/http/filters.h"
#include "adapters/http/lists.h"
#include "adapters/http/render.h"

/// Saved views: filters with a name and an order, an agent's own or shared with all.
namespace parlance::http {
namespace {

Sort sort_of(ViewOrder order) {
  switch (order) {
    case ViewOrder::newest: return Sort::newest;
    case ViewOrder::oldest: return Sort::oldest;
    case ViewOrder::updated: return Sort::updated;
    case ViewOrder::none:
    case ViewOrder::working_order: break;
  }
  return Sort::working_order;
}
ViewOrder order_of(Sort sort) {
  switch (sort) {
    case Sort::working_order: return ViewOrder::working_order;
    case Sort::newest: return ViewOrder::newest;
    case Sort::oldest: return ViewOrder::oldest;
    case Sort::updated: return ViewOrder::updated;
  }
  return ViewOrder::working_order;
}

bool is_mine(const Exchange& x, const settings::SavedView& view) {
  return x.caller.agent && view.owner == x.caller.agent;
}
/// One's own, and for who leads those that all see.
bool may_change(const Exchange& x, const settings::SavedView& view) {
  return is_mine(x, view) || (view.shared && (x.caller.role == Role::admin || x.caller.role == Role::lead));
}

/// A view with its words opened; none where its owner's are erased.
struct Opened {
  settings::SavedView view;
  std::string name, q;
};
std::optional<Opened> open_view(const Exchange& x, const settings::SavedView& view) {
  auto name = show<std::string>(x, view.name);
  auto q = show<std::string>(x, view.filter);
  if (!name.value) return std::nullopt;
  return Opened{view, std::move(*name.value), q.value.value_or("")};
}

/// The views that the caller sees, own ones first, each part by name.
std::vector<Opened> views_seen(const Exchange& x) {
  std::vector<Opened> out;
  const auto directory = x.engine().directory();
  const WorkspaceState* workspace = x.workspace(*directory);
  if (workspace == nullptr) return out;
  for (const settings::SavedView& view : workspace->settings.views)
    if (view.shared || is_mine(x, view))
      if (auto opened = open_view(x, view)) out.push_back(std::move(*opened));
  std::ranges::sort(out, {}, [&](const Opened& v) { return std::pair(!is_mine(x, v.view), v.name); });
  return out;
}

json::object view_json(const Exchange& x, const Opened& v) {
  return {{"id", to_text(v.view.id)},
          {"name", v.name},
          {"q", v.q},
          {"sort", to_text(sort_of(v.view.order))},
          {"shared", v.view.shared},
          {"owner", agent_json(x, v.view.owner)},
          {"mine", is_mine(x, v.view)},
          {"changeable", may_change(x, v.view)}};
}

/// Counts one view after the other: a filter may have to ask elsewhere who an address is.
struct Counting {
  Call call;
  std::vector<Opened> views;
  TimeLimit time;
  json::array data;
};
void count_next(const std::shared_ptr<Counting>& counting) {
  const Call& call = counting->call;
  const std::size_t i = counting->data.size();
  if (i == counting->views.size()) {
    auto headers = position_headers(call);
    return call->answer(200, json::object{{"data", std::move(counting->data)}}, std::move(headers));
  }
  const Opened& v = counting->views[i];
  resolve_filter_for(call, v.q, false, [counting](ResolvedFilter resolved) {
    const Call& x = counting->call;
    json::object one = view_json(*x, counting->views[counting->data.size()]);
    one["count"] = nullptr;
    one["fault"] = nullptr;
    if (const auto* fault = std::get_if<FilterFault>(&resolved)) {
      // A tag or queue that the view names may be no more.
      one["fault"] =
          json::object{{"code", fault->code}, {"offset", fault->offset}, {"detail", fault->detail}};
    } else if (const auto* filter = std::get_if<FilterPtr>(&resolved)) {
      ListQuery list{.workspace = x->caller.workspace};
      list.filter = *filter;
      list.now = x->now();
      list.time = counting->time;
      if (const auto counted = x->views().count(list)) {
        one["count"] = counted->count;
        one["complete"] = counted->complete;
      }
    }
    counting->data.push_back(std::move(one));
    count_next(counting);
  });
}

void views(const Call& call) {
  if (!knows_all(call, {"counts"})) return;
  const std::string counts = query(call, "counts").value_or("false");
  if (counts != "true" && counts != "false")
    return call->fail({{"?counts", "not_a_boolean", "true or false"}});
  when_visible(call, [call, counted = counts == "true"] {
    if (counted) {
      auto counting = std::make_shared<Counting>();
      counting->time = call->time_limit();
      counting->call = call;
      counting->views = views_seen(*call);
      return count_next(counting);
    }
    json::array data;
    for (const Opened& v : views_seen(*call)) data.push_back(view_json(*call, v));
    call->answer(200, json::object{{"data", std::move(data)}}, position_headers(call));
  });
}

/// The view in the path, if the caller may change it; answers 404 or 403 otherwise. What one may not see is not there.
std::optional<Opened> view_in_path(const Call& call) {
  const auto id = path_id<ViewId>(call);
  if (!id) return std::nullopt;
  for (Opened& v : views_seen(*call)) {
    if (v.view.id != *id) continue;
    if (may_change(*call, v.view)) return std::move(v);
    call->fail(403, "view.not_yours", "only its owner, a lead or an administrator changes a shared view");
    return std::nullopt;
  }
  call->fail(404, "view.not_found", "no view of that id");
  return std::nullopt;
}

/// Reads what the body says, over what there is, and saves it when its filter is good.
void save(const Call& call, settings::SaveView command) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  if (std::string name = fields.text("name", settings::name_bytes_max, command.anew || fields.has("name"));
      !name.empty())
    command.name = std::move(name);
  // An empty filter passes everything, which is as good a view as any.
  if (command.anew || fields.has("q")) command.filter = fields.text("q", 16 * filter_bytes_max);
  if (const std::string sort = fields.text("sort", 40); !sort.empty()) {
    const auto order = parse_sort(sort);
    if (!order) fields.fault("sort", "unknown_order", "working_order, newest, oldest or updated");
    command.order = order_of(order.value_or(Sort::working_order));
  }
  command.shared = fields.boolean("shared").value_or(command.shared);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  const std::string q = command.filter;
  with_filter(call, q, "/q", false, [call, command = std::move(command)](const FilterPtr&) mutable {
    const unsigned status = command.anew ? 201 : 200;
    submit(
        call,
        request_for(call, call->caller.workspace.slot(), call->request.path, OnSettings{std::move(command)}),
        status, [](const Outcome& outcome, json::object& body) {
          if (outcome.made) body["id"] = to_text(ViewId::from(outcome.made));
        });
  });
}

void add_view(const Call& call) {
  settings::SaveView command;
  command.owner = call->caller.agent;
  command.order = ViewOrder::working_order;
  if (!command.owner)
    return call->fail(409, "agent.required", "this token speaks for no agent, and a view has an owner");
  save(call, std::move(command));
}

void change_view(const Call& call) {
  auto v = view_in_path(call);
  if (!v) return;
  settings::SaveView command;
  command.id = v->view.id;
  command.owner = v->view.owner;
  command.shared = v->view.shared;
  command.order = v->view.order;
  command.name = std::move(v->name);
  command.filter = std::move(v->q);
  command.anew = false;
  save(call, std::move(command));
}

void remove_view(const Call& call) {
  const auto v = view_in_path(call);
  if (!v) return;
  const ViewId id = v->view.id;
  submit(call,
         request_for(call, call->caller.workspace.slot(), call->request.path,
                     OnSettings{settings::RemoveView{id}}),
         200, [id](const Outcome&, json::object& body) { body["id"] = to_text(id); });
}

}  // namespace

const std::vector<Route>& view_routes() {
  static const std::vector<Route> routes{
      {"GET", "/v1/views", views, Needs::agent},
      {"POST", "/v1/views", add_view, Needs::agent},
      {"POST", "/v1/views/{id}", change_view, Needs::agent},
      {"DELETE", "/v1/views/{id}", remove_view, Needs::agent},
  };
  return routes;
}

}  // namespace parlance::http
