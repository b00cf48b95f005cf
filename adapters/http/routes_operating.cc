#include <algorithm>

#include "adapters/http/exchange.h"
#include "adapters/http/live_core.h"
#include "adapters/http/render.h"

/// The routes of signing in and of those who run the server.
namespace parlance::http {
namespace {

json::object session_json(const Call& call, const Caller& caller) {
  json::object principal{{"id", nullptr}, {"name", nullptr}, {"role", to_text(caller.role)}};
  if (const json::value agent = agent_json(*call, caller.agent); agent.is_object()) {
    principal["id"] = agent.at("id");
    principal["name"] = agent.at("name");
  }
  return json::object{
      {"principal", std::move(principal)},
      {"workspace", json::object{{"id", to_text(caller.workspace)}, {"name", "default"}}},
      {"expires_at",
       caller.expires_at == instant_max ? json::value(nullptr) : json::value(to_rfc3339(caller.expires_at))}};
}

void sign_in(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const std::string link = fields.text("link", 200);
  const std::string token = fields.text("token", 200);
  if (link.empty() == token.empty()) fields.fault("link", "required", "a one-time link's token, or a token");
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  auto caller = link.empty() ? call->context.access.by_token(token) : call->context.access.use_link(link);
  if (!caller)
    return call->fail(401, "unauthorized",
                      link.empty() ? "no such token" : "this link was used or is too old; get another one");
  if (!caller->agent)
    return call->fail(403, "agent.required",
                      "this token speaks for no agent; use an agent's token or a sign-in link");
  caller->expires_at = call->now() + session_ms;
  const std::string cookie =
      std::string(session_cookie) + "=" + call->context.access.make_session(*caller, caller->expires_at) +
      "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(session_ms / 1000);
  call->caller = *caller;
  call->answer(201, session_json(call, *caller), {{"Set-Cookie", cookie}});
}

void session(const Call& call) { call->answer(200, session_json(call, call->caller)); }

void sign_out(const Call& call) {
  HttpResponse out;
  out.status = 204;
  out.headers.emplace_back("Set-Cookie",
                           std::string(session_cookie) + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  call->respond(std::move(out));
}

std::string_view to_text(OwnerHealth health) {
  switch (health) {
    case OwnerHealth::starting: return "starting";
    case OwnerHealth::owning: return "owning";
    case OwnerHealth::read_only: return "read_only";
    case OwnerHealth::deposed: return "deposed";
    case OwnerHealth::stopped: return "stopped";
  }
  return "stopped";
}

void livez(const Call& call) {
  HttpResponse out;
  out.type = "text/plain; charset=utf-8";
  out.body = "ok\n";
  call->respond(std::move(out));
}

void readyz(const Call& call) {
  with_conditions(call->keep, [call](const std::vector<Condition>& conditions, const auto&) {
    HttpResponse out;
    out.type = "text/plain; charset=utf-8";
    for (const Condition& c : conditions) {
      if (!c.ready) out.status = 503;
      out.body += std::string(c.name) + (c.ready ? "" : " (not ready)") + "\n";
    }
    if (out.status == 503) out.headers.emplace_back("Retry-After", "1");
    if (out.body.empty()) out.body = "ok\n";
    call->respond(std::move(out));
  });
}

json::array conditions_json(const std::vector<Condition>& conditions) {
  json::array out;
  for (const Condition& c : conditions)
    out.push_back(json::object{{"name", c.name},
                               {"severity", to_text(c.severity)},
                               {"since", to_rfc3339(c.since)},
                               {"happened", c.happened},
                               {"safe", c.safe},
                               {"advice", c.advice}});
  return out;
}

std::string_view to_text(StoreHealth::Stall stall) {
  switch (stall) {
    case StoreHealth::Stall::none: return "none";
    case StoreHealth::Stall::slowed: return "slowed";
    case StoreHealth::Stall::stopped: return "stopped";
  }
  return "stopped";
}
std::string_view to_text(LogHealth::Space space) {
  switch (space) {
    case LogHealth::Space::writing: return "writing";
    case LogHealth::Space::low: return "low";
    case LogHealth::Space::refused: return "refused";
    case LogHealth::Space::stopped: return "stopped";
  }
  return "stopped";
}

json::object store_json(std::string_view name, const StoreHealth& s) {
  json::object out{{"name", name},
                   {"stall", to_text(s.stall)},
                   {"stalls", std::to_string(s.stalls)},
                   {"background_errors", std::to_string(s.background_errors)},
                   {"memory_bytes", std::to_string(s.memory_bytes)},
                   {"compaction_bytes", std::to_string(s.compaction_bytes)},
                   {"table_bytes", std::to_string(s.table_bytes)}};
  if (!s.background_error.empty()) out["background_error"] = s.background_error;
  return out;
}
/// The databases underneath, and the disk's space for the log; nulls where the process tells nothing.
json::object storage_json(const Call& call) {
  const MachineHealth machine = call->context.parts.machine ? call->context.parts.machine() : MachineHealth{};
  json::array stores;
  json::object out{{"log", nullptr}};
  if (machine.log) {
    const LogHealth& log = *machine.log;
    out["log"] = json::object{{"space", to_text(log.space)},
                              {"free_bytes", std::to_string(log.free_bytes)},
                              {"reserve_bytes", std::to_string(log.reserve_bytes)},
                              {"resume_bytes", std::to_string(log.resume_bytes)},
                              {"waiting_records", log.waiting_records},
                              {"waiting_bytes", log.waiting_bytes}};
    stores.push_back(store_json("log", log.database));
  }
  for (const auto& store : machine.stores) stores.push_back(store_json(store.name, store.health));
  out["stores"] = std::move(stores);
  return out;
}

void conditions(const Call& call) {
  with_conditions(call->keep, [call](const std::vector<Condition>& found, const auto&) {
    call->answer(200, json::object{{"data", conditions_json(found)}});
  });
}

json::array views_json(const Call& call) {
  json::array views;
  for (const ViewStatus& v : call->views().status()) {
    json::object one{{"view", v.view},
                     {"version", v.version},
                     {"family", v.family},
                     {"partition", v.partition},
                     {"applied", std::to_string(v.applied)},
                     {"end", std::to_string(v.end)},
                     {"lag", std::to_string(v.lag)},
                     {"hash", v.hash},
                     {"health", parlance::to_text(v.health)},
                     {"quarantined", std::to_string(v.quarantined)}};
    if (v.error) one["error"] = json::object{{"rule", v.error->rule}, {"detail", v.error->detail}};
    views.push_back(std::move(one));
  }
  return views;
}

void status(const Call& call) {
  with_conditions(call->keep, [call](const std::vector<Condition>& found,
                                     const std::vector<OwnerStatus>& owners) {
    json::array partitions;
    for (std::size_t p = 0; p < owners.size(); ++p) {
      const OwnerStatus& o = owners[p];
      json::object one{{"partition", p},
                       {"end", std::to_string(call->context.parts.log.end(static_cast<PartitionId>(p)))},
                       {"epoch", std::to_string(o.certain.epoch)},
                       {"seq", std::to_string(o.certain.seq)},
                       {"chain", to_hex(o.certain.chain)},
                       {"void", std::to_string(o.certain.voids)},
                       {"owner", to_text(o.health)},
                       {"in_flight", o.in_flight},
                       {"quarantined", std::to_string(o.quarantined)},
                       {"timers_held", o.timers_held},
                       {"waiting", o.waiting},
                       {"clocks_apart_ms", std::to_string(o.clocks_apart_ms)}};
      json::array unread;
      for (const QuarantinedRecord& r : o.first_quarantined)
        unread.push_back(json::object{{"offset", std::to_string(r.offset)}, {"rule", r.rule}});
      one["first_quarantined"] = std::move(unread);
      if (!o.reason.empty()) one["reason"] = o.reason;
      partitions.push_back(std::move(one));
    }
    call->answer(200, json::object{{"version", call->context.parts.version},
                                   {"log", parlance::to_text(call->context.parts.log.id())},
                                   {"generation", call->context.parts.log.generation()},
                                   {"now", to_rfc3339(call->now())},
                                   {"partitions", std::move(partitions)},
                                   {"views", views_json(call)},
                                   {"conditions", conditions_json(found)},
                                   {"storage", storage_json(call)},
                                   {"backups", call->context.parts.backups == nullptr
                                                   ? json::value(nullptr)
                                                   : json::value(call->context.parts.backups->status())}});
  });
}

void answer_comparisons(const Call& call, const Result<std::vector<HashComparison>>& compared) {
  if (!compared) return call->fail(compared.error());
  json::array data;
  bool equal = true;
  for (const HashComparison& c : *compared) {
    equal = equal && c.equal();
    data.push_back(json::object{{"partition", c.partition},
                                {"applied", std::to_string(c.applied)},
                                {"live", c.live},
                                {"rebuilt", c.rebuilt},
                                {"equal", c.equal()}});
  }
  call->answer(
      200, json::object{{"view", call->captured.front()}, {"equal", equal}, {"partitions", std::move(data)}});
}

void view_verify(const Call& call) {
  call->context.parts.in_background(
      [call] { answer_comparisons(call, call->views().verify(call->captured.front())); });
}
void view_rebuild(const Call& call) {
  call->context.parts.in_background(
      [call] { answer_comparisons(call, call->views().rebuild(call->captured.front())); });
}

}  // namespace

const std::vector<Route>& operating_routes() {
  static const std::vector<Route> routes{
      {"GET", "/livez", livez, Needs::nothing},
      {"GET", "/readyz", readyz, Needs::nothing},
      {"POST", "/v1/session", sign_in, Needs::nothing},
      {"GET", "/v1/session", session},
      {"DELETE", "/v1/session", sign_out, Needs::nothing},
      {"GET", "/v1/status", status},
      {"GET", "/v1/conditions", conditions},
      {"POST", "/v1/admin/views/{name}/verify", view_verify, Needs::admin},
      {"POST", "/v1/admin/views/{name}/rebuild", view_rebuild, Needs::admin},
  };
  return routes;
}

}  // namespace parlance::http
