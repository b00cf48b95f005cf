#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "adapters/http/access.h"
#include "adapters/http/backups.h"
#include "adapters/http/conditions.h"
#include "adapters/http/loss_book.h"
#include "adapters/http/message.h"
#include "adapters/http/metrics.h"
#include "adapters/http/rate_limits.h"
#include "engine/ports/clock.h"
#include "engine/ports/executor.h"
#include "engine/ports/journal.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/files.h"
#include "projections/views.h"

namespace parlance::http {

/// A file of the page, as built into the program.
struct PageFile {
  std::string_view path;  ///< "/index.html"
  std::string_view bytes;
};

/// The routes: from an HTTP request to the engine or the views, and back. Threads: handle() by any.
class Api {
 public:
  struct Parts {
    Engine& engine;
    EventLog& log;
    Views& views;
    const Clock& clock;
    Executor& timers;  ///< for waits with a limit
    Executor& live;    ///< on which live updates are worked out
    std::function<std::vector<PageFile>()> page;
    std::string version;
    /// Runs work that may take as long as reading the whole log, off the serving threads.
    std::function<void(std::function<void()>)> in_background;
    Files& files;
    /// Runs work that waits for the disk, in order, off the serving threads.
    std::function<void(std::function<void()>)> on_disk;
    /// What else is told on /metrics; called by any thread. May be empty.
    std::function<void(std::vector<MetricFamily>&)> figures{};
    Backups* backups = nullptr;  ///< null: this server makes none
    Journal* journal = nullptr;  ///< null: nothing is told of requests
    RateLimitOptions rates{};
    Offset view_lag = view_lag_max;  ///< records; views further behind are not ready
    /// What the process knows of its stores; called by any thread, and never waits. May be empty.
    std::function<MachineHealth()> machine{};
  };
  explicit Api(Parts parts);
  ~Api();

  void handle(HttpRequest request, Respond respond);
  /// A POST of somebody in this process, whoever they say they are.
  struct Command {
    std::string path;  ///< decoded
    std::string key;   ///< the Idempotency-Key; empty: none
    std::string as;    ///< the agent who did it, of an import; empty: the caller
    ImportId import;
    boost::json::value body;
  };
  void post(const Caller& caller, Command command, Respond respond);
  /// The views have applied more. Any thread.
  void views_advanced();
  /// For Server::Streams: none where the route takes its body whole, null where it has answered.
  [[nodiscard]] std::optional<std::shared_ptr<BodySink>> stream(const HttpRequest& head,
                                                                const std::function<Respond()>& respond);
  [[nodiscard]] Access& access();
  /// Looks what is wrong and says in the journal what began and what ended; call about each second. Any thread.
  void look_at_conditions();
  /// Requests being answered.
  [[nodiscard]] std::size_t under_way() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parlance::http
