#include "adapters/http/api.h"

#include <algorithm>
#include <charconv>

#include "adapters/http/exchange.h"
#include "adapters/http/live_views.h"
#include "adapters/http/positions.h"

namespace parlance::http {
namespace {

constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

/// The next segment of a path, without its '/'; it leaves the rest behind.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

/// Tried for every route there is: it allocates only for what stands for a {name}.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& captured) {
  captured.clear();
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = next_segment(pattern);
    const std::string_view given = next_segment(path);
    if (wanted.starts_with('{'))
      captured.emplace_back(given);
    else if (wanted != given)
      return false;
  }
  return pattern.empty() && path.empty();
}

bool may(const Caller& caller, Needs needs) {
  switch (needs) {
    case Needs::nothing: return true;
    case Needs::signed_in: return caller.role != Role::none;
    case Needs::agent: return has(caller.scopes, Scope::agent | Scope::admin);
    case Needs::ingest: return has(caller.scopes, Scope::ingest | Scope::import | Scope::admin);
    case Needs::admin: return has(caller.scopes, Scope::admin);
    case Needs::import: return has(caller.scopes, Scope::import | Scope::admin);
    case Needs::files: return has(caller.scopes, Scope::agent | Scope::ingest | Scope::import | Scope::admin);
  }
  return false;
}

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  if (path.ends_with(".json") || path.ends_with(".webmanifest")) return "application/json";
  if (path.ends_with(".png")) return "image/png";
  if (path.ends_with(".ico")) return "image/x-icon";
  if (path.ends_with(".woff2")) return "font/woff2";
  return "application/octet-stream";
}

bool serve_page(const Call& call) {
  const std::string path = call->request.path == "/" ? "/index.html" : call->request.path;
  for (const PageFile& file : call->context.parts.page()) {
    if (file.path != path) continue;
    HttpResponse out;
    out.type = type_of(file.path);
    out.fixed = file.bytes;
    // Files under /assets carry a hash in their name; the page itself is always asked for anew.
    out.headers.emplace_back(
        "Cache-Control", path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    out.headers.emplace_back("Content-Security-Policy", page_policy);
    out.headers.emplace_back("Referrer-Policy", "no-referrer");
    out.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    call->respond(std::move(out));
    return true;
  }
  return false;
}

bool is_json(std::string_view type) {
  const std::string_view wanted = "application/json";
  if (type.size() < wanted.size()) return false;
  const bool same = std::ranges::equal(type.substr(0, wanted.size()), wanted, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
  });
  return same && (type.size() == wanted.size() || type[wanted.size()] == ';' || type[wanted.size()] == ' ');
}

/// A page's own request: a foreign site can neither set this header nor fake the origin.
bool is_cross_site(const HttpRequest& request) {
  if (request.header("parlance-request").empty()) return true;
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return false;
  const std::size_t host = origin.find("://");
  return host == std::string_view::npos || origin.substr(host + 3) != request.header("host");
}

std::optional<std::int64_t> wait_ms(std::string_view prefer) {
  const std::size_t at = prefer.find("wait=");
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const char* begin = prefer.data() + at + 5;
  if (std::from_chars(begin, prefer.data() + prefer.size(), seconds).ec != std::errc{}) return std::nullopt;
  return std::clamp<std::int64_t>(seconds, 0, 30) * 1000;
}
constexpr std::int64_t wait_ms_default = 2000;

/// Whether the caller did not ask too often; answered otherwise. A part of a batch is not counted: the batch was.
bool within_rates(const Call& call, const Route& route) {
  if (!call->observed) return true;
  RateLimits& rates = call->context.rates;
  const auto refused = [&](RateLimits::Kind kind, const std::string& who) {
    const auto wait = rates.ask(kind, who, call->observed->begun);
    if (!wait) return false;
    HttpResponse out =
        problem(429, "too_many_requests", "asked too often; ask again in " + std::to_string(*wait) + " s");
    std::erase_if(out.headers, [](const auto& header) { return header.first == "Retry-After"; });
    out.headers.emplace_back("Retry-After", std::to_string(*wait));
    call->respond(std::move(out));
    return true;
  };
  if (route.pattern == "/v1/session" && route.method == "POST") {
    const std::string address =
        limited_address(call->request.remote, call->request.header("x-forwarded-for"));
    return address.empty() || !refused(RateLimits::Kind::sign_in, address);
  }
  if (!call->caller.by_cookie && has(call->caller.scopes, Scope::ingest | Scope::import | Scope::admin))
    return true;
  const std::string who = to_text(call->caller.agent);
  if (call->caller.by_cookie && refused(RateLimits::Kind::session, who)) return false;
  return route.pattern != "/v1/subjects/lookup" || !call->caller.agent ||
         !refused(RateLimits::Kind::lookup, who);
}

/// Whether the caller may use the route; answered otherwise.
bool admitted(const Call& call, const Route& route) {
  if (route.needs != Needs::nothing && call->caller.role == Role::none) {
    HttpResponse out =
        problem(401, "unauthorized", "send Authorization: Bearer TOKEN, or sign in on the page");
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
    call->respond(std::move(out));
    return false;
  }
  if (!may(call->caller, route.needs)) {
    call->fail(403, "forbidden", "this token's scopes do not reach here");
    return false;
  }
  const bool changes = route.method == "POST" || route.method == "DELETE";
  if (changes && call->caller.by_cookie && is_cross_site(call->request)) {
    call->fail(403, "csrf", "a page's command carries Parlance-Request: page and comes from our own origin");
    return false;
  }
  return true;
}

/// Counts requests while they are being answered, and what they are answered with. One that nobody can answer any more (an upload
/// whose client went away) ends with its exchange.
class Counting {
 public:
  Counting(std::shared_ptr<Context> context, std::shared_ptr<const Observed> observed)
      : context_(std::move(context)), observed_(std::move(observed)) {
    context_->under_way.fetch_add(1);
  }
  ~Counting() { end(); }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  void answered(const HttpResponse& response) {
    const auto took = std::chrono::steady_clock::now() - observed_->begun;
    context_->metrics.answered(observed_->route, response.status, took);
    context_->journal.answered(*observed_, response, took);
  }
  void end() {
    if (!ended_.exchange(true)) context_->under_way.fetch_sub(1);
  }

 private:
  std::shared_ptr<Context> context_;
  std::shared_ptr<const Observed> observed_;
  std::atomic<bool> ended_{false};
};
Respond counted(const std::shared_ptr<Context>& context, std::shared_ptr<const Observed> observed,
                Respond respond) {
  return [counting = std::make_shared<Counting>(context, std::move(observed)),
          respond = std::move(respond)](HttpResponse response) {
    counting->answered(response);
    respond(std::move(response));
    counting->end();
  };
}

}  // namespace

const std::vector<Route>& all_routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> out;
    for (const auto* some : {&find_routes(), &command_routes(), &query_routes(), &operating_routes(),
                             &report_routes(), &attachment_routes(), &conversation_work_routes(),
                             &settings_routes(), &live_routes(), &desk_routes(), &view_routes(),
                             &backup_routes(), &metrics_routes(), &import_routes(), &openapi_routes()})
      out.insert(out.end(), some->begin(), some->end());
    std::ranges::stable_sort(out, {},
                             [](const Route& route) { return std::ranges::count(route.pattern, '{'); });
    return out;
  }();
  return all;
}

Context::Context(Api::Parts p)
    : parts(std::move(p)),
      metrics(all_routes()),
      journal(parts.journal),
      conditions(parts.journal),
      rates(parts.rates),
      access(parts.engine, parts.clock) {}

void with_conditions(const std::shared_ptr<Context>& context,
                     std::function<void(std::vector<Condition>, const std::vector<OwnerStatus>&)> done) {
  context->parts.engine.status([context, done = std::move(done)](const std::vector<OwnerStatus>& owners) {
    Circumstances found{context->parts.clock.now(), owners, context->parts.views.status(), {}, {},
                        context->parts.view_lag};
    if (context->parts.machine) found.machine = context->parts.machine();
    found.losses = context->losses.told();
    found.damaged_downloads = context->damaged_downloads;
    std::string listed;  // views, in whose quarantine was looked
    for (const ViewStatus& view : found.views) {
      if (view.quarantined == 0 || view.view == listed) continue;
      listed = view.view;
      const auto first = context->parts.views.quarantined(view.view);
      if (first) found.quarantined.insert(found.quarantined.end(), first->begin(), first->end());
      if (found.quarantined.size() > conditions_places_max) break;
    }
    done(context->conditions.update(find_conditions(found), found.now, context->parts.clock.boot_ms()),
         owners);
  });
}

Error explained(const Context& context, const Error& error) {
  if (error.code != Errc::read_only) return error;
  for (const Condition& condition : context.conditions.now())
    if (condition.name == "log.no_space")
      return {error.code, error.rule, error.detail + ". " + condition.happened + " " + condition.advice};
  return error;
}

void dispatch(const Call& call) {
  const std::string& path = call->request.path;
  const std::string_view method =
      call->request.method == "HEAD" ? std::string_view("GET") : std::string_view(call->request.method);
  std::string allowed;
  std::string_view resource;
  for (const Route& route : all_routes()) {
    if (!resource.empty() && route.pattern != resource) continue;
    if (!matches(route.pattern, path, call->captured)) continue;
    resource = route.pattern;
    if (route.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      if (route.method == "GET") allowed += ", HEAD";
      continue;
    }
    if (call->observed) {
      call->observed->route = &route;
      call->observed->ids = ids_among(call->captured);
    }
    if (!admitted(call, route) || !within_rates(call, route)) return;
    if (method == "POST" && call->body.is_null()) {
      const std::string_view type = call->request.header("content-type");
      if (!call->request.body.empty() && !is_json(type))
        return call->fail(415, "http.media_type", "send Content-Type: application/json");
      auto body = call->request.body.empty() ? Result<json::value>(json::value(json::object{}))
                                             : parse_json(call->request.body);
      if (!body) return call->fail(body.error());
      call->body = std::move(*body);
    }
    if (method == "POST" && !take_import_headers(call)) return;
    return route.handler(call);
  }
  if (!allowed.empty()) {
    HttpResponse out = problem(405, "http.method", "allowed here: " + allowed);
    out.headers.emplace_back("Allow", allowed);
    return call->respond(std::move(out));
  }
  if ((method == "GET") && serve_page(call)) return;
  call->fail(404, "not_found", "there is no " + call->request.method + " " + path.substr(0, 200));
}

void when_visible(const Call& call, std::function<void()> read) {
  auto wanted = read_positions(call->context.parts.log, call->request.header("parlance-at-least"));
  if (!wanted) {
    const Error& error = wanted.error();
    if (error.code == Errc::loss) call->context.losses.position(error.detail);
    return call->fail(error.rule == "position.malformed" ? 400 : 422, error.rule, error.detail);
  }
  std::vector<Position> positions = std::move(*wanted);
  std::erase_if(positions, [&](const Position& p) { return call->views().has_applied(p); });
  if (positions.empty()) return read();
  // These take longer than anybody waits.
  if (call->views().rebuilding())
    return call->fail(
        503, "unavailable",
        "what is shown is being made again from the log, because its rows were damaged; try again "
        "soon");

  struct Wait {
    std::atomic<std::size_t> left;
    std::atomic<bool> over{false};
    std::vector<Views::WaitId> ids;
    std::function<void()> read;
  };
  auto wait = std::make_shared<Wait>();
  wait->left = positions.size() + 1;
  wait->read = std::move(read);
  const auto one_less = [wait] {
    if (wait->left.fetch_sub(1) == 1 && !wait->over.exchange(true)) wait->read();
  };
  const std::int64_t limit = wait_ms(call->request.header("prefer")).value_or(wait_ms_default);
  for (const Position& position : positions)
    wait->ids.push_back(call->views().when_applied(position, one_less));
  call->context.parts.timers.after(limit, [wait, call] {
    for (const Views::WaitId id : wait->ids) call->views().forget(id);
    if (!wait->over.exchange(true))
      call->fail(503, "view_behind", "the views have not applied that position yet; try again soon");
  });
  one_less();
}

std::vector<std::pair<std::string, std::string>> position_headers(const Call& call) {
  std::string text;
  Offset lag = 0;
  const EventLog& log = call->context.parts.log;
  for (const Position& position : call->views().applied()) {
    text += (text.empty() ? "" : ",") + to_text(position);
    const Offset end = log.end(position.partition);
    if (end > position.offset + 1) lag += end - position.offset - 1;
  }
  std::vector<std::pair<std::string, std::string>> out{{"Parlance-Position", text}};
  if (lag > 0) out.emplace_back("Parlance-Lag", std::to_string(lag));
  return out;
}

struct Api::Impl {
  std::shared_ptr<Context> context;
};

Api::Api(Parts parts) : impl_(std::make_shared<Impl>(std::make_shared<Context>(std::move(parts)))) {
  Context& context = *impl_->context;
  context.feed =
      std::make_shared<Feed>(context.parts.engine, context.parts.log, context.parts.views, context.losses);
  context.live = std::make_shared<LiveCore>(
      LiveCore::Ports{make_live_views(context, *context.feed), context.parts.live, context.parts.clock});
}
Api::~Api() = default;

namespace {
Call call_of(const std::shared_ptr<Context>& context, HttpRequest request, Respond respond) {
  auto observed = std::make_shared<Observed>();
  Respond answer = counted(context, observed, std::move(respond));
  auto call = std::make_shared<Exchange>(
      Exchange{*context, context, std::move(request), std::move(answer), {}, {}, nullptr});
  call->observed = std::move(observed);
  if (auto caller = context->access.caller(call->request)) call->caller = *caller;
  call->observed->agent = call->caller.agent;
  return call;
}
}  // namespace

void Api::handle(HttpRequest request, Respond respond) {
  dispatch(call_of(impl_->context, std::move(request), std::move(respond)));
}

std::optional<std::shared_ptr<BodySink>> Api::stream(const HttpRequest& head,
                                                     const std::function<Respond()>& respond) {
  std::vector<std::string> captured;
  for (const Route& route : all_routes()) {
    if (route.body == nullptr || route.method != head.method || !matches(route.pattern, head.path, captured))
      continue;
    const Call call = call_of(impl_->context, head, respond());
    call->captured = std::move(captured);
    call->observed->route = &route;
    call->observed->ids = ids_among(call->captured);
    if (!admitted(call, route) || !within_rates(call, route)) return nullptr;
    return route.body(call);
  }
  return std::nullopt;
}

void Api::post(const Caller& caller, Command command, Respond respond) {
  const auto& context = impl_->context;
  auto call = std::make_shared<Exchange>(
      Exchange{*context, context, {}, std::move(respond), caller, {}, std::move(command.body)});
  call->request.method = "POST";
  call->request.path = std::move(command.path);
  if (!command.key.empty()) call->request.headers.emplace_back("idempotency-key", std::move(command.key));
  // What is told of the past overwrites nobody's work.
  if (command.import) call->request.headers.emplace_back("if-match", "*");
  if (!command.as.empty()) call->request.headers.emplace_back("parlance-as", std::move(command.as));
  call->import = command.import;
  dispatch(call);
}

void Api::look_at_conditions() {
  with_conditions(impl_->context, [](const auto&, const auto&) {});
}
void Api::views_advanced() { impl_->context->live->advanced(); }
Access& Api::access() { return impl_->context->access; }
std::size_t Api::under_way() const { return impl_->context->under_way.load(); }

}  // namespace parlance::http
