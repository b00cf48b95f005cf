#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http/access.h"
#include "adapters/http/api.h"
#include "adapters/http/fields.h"
#include "adapters/http/json.h"
#include "adapters/http/metrics.h"
#include "adapters/http/problem.h"
#include "adapters/http/request_journal.h"
#include "projections/time_limit.h"

/// What every route has at hand. Inside adapters/http only.
namespace parlance::http {

class Feed;
class LiveCore;
struct Route;

/// Agents' names as the door gave them, for one state of the desk.
struct Names {
  std::shared_ptr<const Directory> of;
  std::map<AgentId, std::string> agents;
  std::map<AgentId, std::string> emails;  ///< of those who have one
};

struct Context {
  Api::Parts parts;
  RequestMetrics metrics;
  RequestJournal journal;
  ConditionBook conditions;
  LossBook losses;
  std::atomic<std::uint64_t> damaged_downloads{
      0};  ///< files whose bytes were gone or not as they were written
  RateLimits rates;
  Access access;
  std::atomic<std::shared_ptr<const Names>> names;
  std::atomic<std::size_t> under_way{0};
  std::shared_ptr<Feed> feed;
  std::shared_ptr<LiveCore> live;
  explicit Context(Api::Parts p);
};

/// Looks what is wrong just now, and calls `done` with it and with the owners as they are. On any thread.
void with_conditions(const std::shared_ptr<Context>& context,
                     std::function<void(std::vector<Condition>, const std::vector<OwnerStatus>&)> done);
/// The error with what is known of its cause, where that is something that lasts.
[[nodiscard]] Error explained(const Context& context, const Error& error);

/// What is counted of a request when it is answered.
struct Observed {
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  const Route* route = nullptr;    ///< none matched, or not yet
  AgentId agent{};                 ///< who asked; zero: a program, or nobody known
  std::vector<std::string> ids{};  ///< what the path names, where that is an id of ours and nothing else
};

/// One request on its way through a route. Kept alive by whoever has still to answer it.
struct Exchange {
  Context& context;
  std::shared_ptr<Context> keep;
  HttpRequest request;
  Respond respond;
  Caller caller;
  std::vector<std::string> captured;     ///< what stood for {id} in the path
  json::value body;                      ///< of a POST
  std::vector<AttachmentId> uploads{};   ///< that its command attaches
  std::shared_ptr<Observed> observed{};  ///< null: a part of a batch, or of this process
  ImportId import{};                     ///< the import that this is a command of; zero: of none

  void answer(unsigned status, const json::value& value,
              std::vector<std::pair<std::string, std::string>> headers = {}) const {
    HttpResponse out;
    out.status = status;
    out.body = json::serialize(value);
    out.headers = std::move(headers);
    respond(std::move(out));
  }
  void fail(const Error& error) const { respond(problem(explained(context, error))); }
  void fail(unsigned status, std::string_view code, std::string_view detail) const {
    respond(problem(status, code, detail));
  }
  void fail(const std::vector<Fault>& faults) const {
    respond(problem(422, faults.front().code, "the body has faults: see errors", faults));
  }
  [[nodiscard]] Engine& engine() const { return context.parts.engine; }
  [[nodiscard]] Views& views() const { return context.parts.views; }
  [[nodiscard]] Instant now() const { return context.parts.clock.now(); }
  /// Of a question that begins now.
  [[nodiscard]] TimeLimit time_limit() const { return TimeLimit(context.parts.clock); }
  [[nodiscard]] const WorkspaceState* workspace(const Directory& directory) const {
    const auto it = directory.workspaces.find(caller.workspace);
    return it == directory.workspaces.end() ? nullptr : &it->second;
  }
};
using Call = std::shared_ptr<Exchange>;
using Handler = void (*)(const Call&);
/// Takes the body in pieces; null: it has answered.
using BodyHandler = std::shared_ptr<BodySink> (*)(const Call&);

enum class Needs : std::uint8_t { nothing, signed_in, agent, ingest, admin, import, files };
struct Route {
  std::string_view method;
  std::string_view pattern;  ///< "/v1/conversations/{id}/reply"
  Handler handler;
  Needs needs = Needs::signed_in;
  BodyHandler body =
      nullptr;  ///< of a route whose body is taken in pieces; `handler` is then only called from a batch
};
[[nodiscard]] const std::vector<Route>& command_routes();
[[nodiscard]] const std::vector<Route>& query_routes();
[[nodiscard]] const std::vector<Route>& operating_routes();
[[nodiscard]] const std::vector<Route>& live_routes();
[[nodiscard]] const std::vector<Route>& backup_routes();
[[nodiscard]] const std::vector<Route>& metrics_routes();
[[nodiscard]] const std::vector<Route>& attachment_routes();
[[nodiscard]] const std::vector<Route>& find_routes();
[[nodiscard]] const std::vector<Route>& report_routes();
[[nodiscard]] const std::vector<Route>& conversation_work_routes();
[[nodiscard]] const std::vector<Route>& settings_routes();
[[nodiscard]] const std::vector<Route>& desk_routes();
[[nodiscard]] const std::vector<Route>& view_routes();
[[nodiscard]] const std::vector<Route>& import_routes();
[[nodiscard]] const std::vector<Route>& openapi_routes();
/// Every route there is. The first pattern that fits a path is its resource: what is named outright stands before {id}.
[[nodiscard]] const std::vector<Route>& all_routes();
/// Reads what a POST says about an import: `Parlance-Import`, the import that it is a command of, and `Parlance-As`, the agent who
/// did it then (nobody in particular where an import does not say); both need the scope import. False: answered.
[[nodiscard]] bool take_import_headers(const Call& call);
/// Finds and calls the route for a request whose caller is known; used by /v1/batch too.
void dispatch(const Call& call);

/// The id in the path, or an answered 404: a malformed id names nothing.
template <class AnId> [[nodiscard]] std::optional<AnId> path_id(const Call& call, std::size_t which = 0) {
  auto id = parse_id<AnId>(call->captured.at(which));
  if (id) return *id;
  call->fail(404, "not_found", id.error().detail);
  return std::nullopt;
}

/// Runs `read` when the views have applied what the request asks to see, or answers 503 `view_behind`. Answers carry the position.
void when_visible(const Call& call, std::function<void()> read);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> position_headers(const Call& call);

}  // namespace parlance::http
