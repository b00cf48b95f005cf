#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "adapters/http/api.h"
#include "adapters/http/message.h"
#include "adapters/http/server.h"
#include "engine/base/error.h"
#include "engine/ports/clock.h"
#include "engine/runtime/engine.h"
#include "projections/views.h"
#include "tools/parlance/folder.h"
#include "tools/parlance/journal_writer.h"

namespace parlance::tools {

struct ServeOptions {
  std::filesystem::path data;
  std::filesystem::path keys;  ///< empty: DATA/keys
  std::string listen = "127.0.0.1:8080";
  PartitionId partitions = 16;    ///< of a new log
  unsigned threads = 0;           ///< 0: one a core, at least two
  std::filesystem::path backups;  ///< where POST /v1/admin/backups goes without another word; may be empty
  JournalOptions journal;
  http::ServerLimits http;
  http::RateLimitOptions rates;
  Offset view_lag = http::view_lag_max;
  std::uint64_t space_reserve_mib = EmbeddedLogOptions{}.space_reserve_bytes >> 20;
  bool only_look = false;  ///< nothing happens by itself, nothing is listened on: for StoppedFolder
};

/// Everything of one node, put together and running: the folder, the engine on its strands, the applier, HTTP.
///
/// Threads: start(), stop() by the one that made it; they wait.
class Node {
 public:
  /// Opens the folder, folds what the last run left, and owns every partition when this returns. `clock` outlives the node;
  /// null: the system's.
  [[nodiscard]] static Result<std::unique_ptr<Node>> open(ServeOptions options, const Clock* clock = nullptr);
  virtual ~Node() = default;

  [[nodiscard]] virtual Engine& engine() = 0;
  [[nodiscard]] virtual Views& views() = 0;
  [[nodiscard]] virtual Folder& folder() = 0;
  [[nodiscard]] virtual Journal& journal() = 0;
  [[nodiscard]] virtual WorkspaceId workspace() const = 0;
  /// The agent made by the first start.
  [[nodiscard]] virtual AgentId administrator() const = 0;
  /// Submits and waits for the answer. Not from the node's own threads.
  [[nodiscard]] virtual Result<Outcome> submit(Request request) = 0;

  /// The routes, for commands of this process. Lives as long as the node runs.
  [[nodiscard]] virtual http::Api& api() = 0;
  /// Starts answering HTTP; "127.0.0.1:8080".
  [[nodiscard]] virtual Result<std::string> listen() = 0;
  /// Answers a request of the administrator's as if it had come over HTTP. Not from the node's own threads.
  [[nodiscard]] virtual http::HttpResponse ask(http::HttpRequest request) = 0;
  /// A path and fragment that signs `agent` in, once, within ten minutes: "/#/sign-in/TOKEN".
  [[nodiscard]] virtual std::string sign_in_link(AgentId agent) = 0;
  /// Takes no more requests, answers what was accepted, makes everything durable. At most some 5 s.
  virtual void stop() = 0;
};

/// Leaves the signals that end a server to run_until_signal(). Call it before anything makes a thread.
void block_signals();
/// `parlance serve`: runs until SIGTERM or SIGINT.
[[nodiscard]] int serve(const ServeOptions& options);
/// Runs a node until a signal, printing its address and a sign-in link for `agent` (zero: the administrator).
[[nodiscard]] int run_until_signal(Node& node, AgentId agent, const std::function<void()>& before_stop);

}  // namespace parlance::tools
