#include <algorithm>

#include "adapters/http/exchange.h"
#include "engine/runtime/blind.h"

/// History brought in from elsewhere: opening and closing an import, and commands that are part of one.
namespace parlance::http {
namespace {

constexpr std::size_t name_bytes_max = 1000;

void submit(const Call& call, ImportId id, decltype(OnSettings::command) command, unsigned status) {
  Request request;
  request.workspace = call->caller.workspace;
  request.slot = call->caller.workspace.slot();
  request.actor = call->caller.actor;
  request.action = OnSettings{std::move(command)};
  call->engine().submit(std::move(request), [call, id, status](Result<Outcome> result) {
    if (!result) return call->fail(result.error());
    std::string positions;
    for (const Position& position : result->positions)
      positions += (positions.empty() ? "" : ",") + to_text(position);
    json::object body{{"id", to_text(id)}, {"position", positions}};
    if (result->unchanged) body["unchanged"] = true;
    call->answer(status, body, {{"Parlance-Position", positions}});
  });
}

/// The same name is the same import, which goes on where it is open, and opens again where it was closed.
void open_import(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const std::string name = fields.text("name", name_bytes_max, true);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  const ImportId id = import_id(call->engine().keys(), call->caller.workspace, name);
  submit(call, id, settings::OpenImport{id}, 201);
}

void close_import(const Call& call) {
  const auto id = path_id<ImportId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit(call, *id, settings::CloseImport{*id}, 200);
}

/// Those that are open; with `name`, the one of that name, open or not.
void list_imports(const Call& call) {
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  std::vector<ImportId> open;
  if (workspace != nullptr) open = workspace->settings.imports;
  json::array data;
  const auto add = [&](ImportId id) {
    const bool is_open = std::ranges::find(open, id) != open.end();
    data.push_back(json::object{{"id", to_text(id)}, {"state", is_open ? "open" : "closed"}});
  };
  const auto name = call->request.query.find("name");
  if (name != call->request.query.end())
    add(import_id(call->engine().keys(), call->caller.workspace, name->second));
  else
    for (const ImportId id : open) add(id);
  call->answer(200, json::object{{"data", std::move(data)},
                                 {"page", json::object{{"has_more", false}, {"next", nullptr}}}});
}

}  // namespace

bool take_import_headers(const Call& call) {
  const std::string_view import = call->request.header("parlance-import");
  const std::string_view as = call->request.header("parlance-as");
  // One that is there and empty is a mistake: what it was meant for must not be done as if it stood alone.
  const bool has_import = call->request.has_header("parlance-import");
  const bool has_as = call->request.has_header("parlance-as");
  if (!has_import && !has_as && !call->import) return true;
  const auto refuse = [&](unsigned status, std::string_view code, std::string_view detail) {
    call->fail(status, code, detail);
    return false;
  };
  if (!has(call->caller.scopes, Scope::import | Scope::admin))
    return refuse(403, "forbidden", "Parlance-Import and Parlance-As need the scope import");
  if (has_import) {
    const auto id = parse_id<ImportId>(import);
    if (!id) return refuse(422, id.error().rule, "Parlance-Import: the id that POST /v1/imports answered");
    call->import = *id;
  }
  if (!has_as) {
    // Whoever brings a history in did not do what it tells.
    call->caller.agent = {};
    call->caller.actor = {ActorKind::program, {}};
    return true;
  }
  const auto agent = parse_id<AgentId>(as);
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  if (!agent || workspace == nullptr ||
      std::ranges::find(workspace->desk.agents, *agent, &desk::Agent::id) == workspace->desk.agents.end())
    return refuse(422, "agent.unknown", "Parlance-As: no agent of that id");
  call->caller.agent = *agent;
  call->caller.actor = {ActorKind::agent, *agent};
  return true;
}

const std::vector<Route>& import_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/imports", open_import, Needs::import},
      {"GET", "/v1/imports", list_imports, Needs::import},
      {"POST", "/v1/imports/{id}/close", close_import, Needs::import},
  };
  return routes;
}

}  // namespace parlance::http
