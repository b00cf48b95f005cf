#include "tools/parlance/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <future>
#include <mutex>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/core.h>

#include "adapters/embedded/system.h"
#include "adapters/files/failed_sync.h"
#include "adapters/http/api.h"
#include "adapters/http/asio_executor.h"
#include "adapters/http/server.h"
#include "adapters/web/page.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/files.h"
#include "tools/parlance/process_figures.h"
#include "tools/parlance/report.h"
#include "tools/parlance/server_backups.h"
#include "tools/parlance/service.h"
#include "tools/parlance/version.h"
#include "tools/parlance/worker.h"

namespace parlance::tools {
namespace fs = std::filesystem;
namespace asio = boost::asio;
namespace {

constexpr std::int64_t tick_ms = 100;
constexpr std::int64_t maintain_ms = 1000;
constexpr unsigned look_ticks = 10;  // between two looks at what is wrong
constexpr std::int64_t stop_ms = 4000;
constexpr std::int64_t rebuilding_look_ms = 20;
constexpr std::size_t apply_records = 2'000;
constexpr std::int64_t sweep_ms = 3'600'000;
constexpr int sweeps_a_day = 24;

Result<void> write_private(const fs::path& path, const std::string& text) {
  return folder_files.replace(path, as_bytes(text));
}

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

constexpr std::string_view safe_after_stop =
    "Nothing that was acknowledged is in doubt: it was synced before. Check the disk, then start again; what "
    "got no "
    "answer may be sent again with its key.";

/// From any thread, at once: nobody may be answered after it. A start that fails is told to people, like any other.
[[noreturn]] void stop_at_failed_sync(JournalWriter& journal, bool serving, const fs::path& path,
                                      const std::string& what) {
  if (!serving)
    fmt::print(stderr, "parlance: {} could not be synced: {}. {}\n", path.string(), what, safe_after_stop);
  else
    journal.say_last(
        "disk.sync_failed",
        "stopping: a file could not be synced, and a disk that fails once may have lost what it was given, "
        "so it is not asked again",
        {{"file", path}, {"detail", MachineText{what}}, {"advice", Literal::of_ours(safe_after_stop)}});
  ::_exit(Exit::failed);
}
[[noreturn]] void stop_at_failed_write(JournalWriter& journal, bool serving, const Error& error) {
  if (!serving)
    fmt::print(stderr, "parlance: the log cannot be written: {} ({}). {}\n", error.detail, error.rule,
               safe_after_stop);
  else
    journal.say_last("log.write_failed", "stopping: the log can no longer be written safely",
                     {{"rule", Literal::of_ours(error.rule)},
                      {"detail", machine_text(error)},
                      {"advice", Literal::of_ours(safe_after_stop)}});
  ::_exit(Exit::failed);
}

class NodeImpl final : public Node {
 public:
  explicit NodeImpl(ServeOptions options, const Clock* clock)
      : options_(std::move(options)),
        clock_(clock != nullptr ? *clock : system_clock_),
        journal_(options_.journal, system_clock_) {}
  ~NodeImpl() override { stop(); }

  Result<void> open() {
    if (options_.keys.empty()) options_.keys = options_.data / "keys";
    files::on_failed_sync(
        [this, folders = std::array{fs::absolute(options_.data), fs::absolute(options_.keys)}](
            const fs::path& path, const std::string& what) {
          // A backup's folder may lie on another disk; its failed sync is the backup's trouble alone.
          const std::string name = fs::absolute(path).string();
          if (std::ranges::any_of(folders, [&](const fs::path& f) { return name.starts_with(f.string()); }))
            stop_at_failed_sync(journal_, serving_, path, what);
        });
    auto folder =
        open_folder(options_.data, options_.keys, options_.partitions,
                    {[this](const Error& error) { stop_at_failed_write(journal_, serving_, error); },
                     options_.space_reserve_mib << 20});
    if (!folder) return folder.error();
    folder_ = std::move(*folder);
    // We hold the lock, so an address that is there is one of a server that was killed.
    std::error_code ignored;
    fs::remove(options_.data / "address", ignored);
    auto fold = folder_.fold->open("fold");
    if (!fold) return fold.error();
    if (auto opened = open_views(); !opened) return opened.error();
    folder_.log->on_advance([this](PartitionId) { wake_applier(); });
    for (PartitionId p = 0; p < folder_.log->partitions(); ++p)
      strands_.push_back(http::make_strand_executor(io_));
    timers_ = http::make_strand_executor(io_);
    live_ = http::make_strand_executor(io_);
    std::vector<Executor*> executors;
    for (const auto& strand : strands_) executors.push_back(strand.get());
    engine_ = std::make_unique<Engine>(
        Engine::Ports{*folder_.log, folder_.log->vault(), *folder_.keys, **fold, random_, clock_, executors});
    const unsigned threads =
        options_.threads != 0 ? options_.threads : std::max(2U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < threads; ++i) pool_.emplace_back([this] { io_.run(); });
    applier_ = std::thread([this] { apply(); });
    keeper_ = std::thread([this] { keep(); });
    files_ = std::make_unique<Files>(
        Files::Ports{*folder_.files, engine_->door(), folder_.log->vault(), random_, clock_});
    uploads_ = std::make_unique<Worker>();
    sweeper_ = std::make_unique<Worker>();
    engine_->start();
    if (auto owning = wait_until_owning(); !owning) return owning.error();
    if (!options_.only_look) backups_ = std::make_unique<ServerBackups>(folder_, options_.backups);
    if (options_.only_look) {
      // What is asked once is answered once, whatever had to be made again.
      wait_until_rebuilt();
      return find_administrator();
    }
    ticking_ = true;
    schedule_tick();
    return first_start();
  }

  Engine& engine() override { return *engine_; }
  Views& views() override { return *views_; }
  Folder& folder() override { return folder_; }
  Journal& journal() override { return journal_; }
  WorkspaceId workspace() const override { return default_workspace(folder_.log->id()); }
  AgentId administrator() const override { return administrator_; }

  Result<Outcome> submit(Request request) override {
    std::promise<Result<Outcome>> answered;
    auto future = answered.get_future();
    engine_->submit(std::move(request),
                    [&](Result<Outcome> result) { answered.set_value(std::move(result)); });
    return future.get();
  }

  http::Api& api() override {
    if (!api_) make_api();
    return *api_;
  }

  http::HttpResponse ask(http::HttpRequest request) override {
    if (!api_) make_api();
    http::Caller caller;
    caller.workspace = workspace();
    caller.agent = administrator_;
    request.headers.emplace_back("cookie",
                                 std::string(http::session_cookie) + "=" +
                                     api_->access().make_session(caller, clock_.now() + http::session_ms));
    auto answered = std::make_shared<std::promise<http::HttpResponse>>();
    auto future = answered->get_future();
    api_->handle(std::move(request),
                 [answered](http::HttpResponse response) { answered->set_value(std::move(response)); });
    return future.get();
  }

  void make_api() {
    api_ = std::make_unique<http::Api>(http::Api::Parts{
        *engine_, *folder_.log, *views_, clock_, *timers_, *live_,
        [] {
          std::vector<http::PageFile> files;
          static std::vector<std::string> paths = [] {
            std::vector<std::string> out;
            for (const auto& [path, bytes] : web_page_files()) out.push_back("/" + std::string(path));
            return out;
          }();
          std::size_t i = 0;
          for (const auto& [path, bytes] : web_page_files()) files.push_back({paths[i++], bytes});
          return files;
        },
        std::string(version), [this](std::function<void()> work) { in_background(std::move(work)); }, *files_,
        [this](std::function<void()> work) { uploads_->post(std::move(work)); },
        [this](std::vector<http::MetricFamily>& families) { add_figures(families); }, backups_.get(),
        &journal_, options_.rates, options_.view_lag, [this] { return machine(); }});
    told_ = api_.get();
  }

  void add_figures(std::vector<http::MetricFamily>& families) {
    add_process_figures(families);
    const LogFigures log = folder_.log->figures();
    families.push_back(http::counter("parlance_log_appended_records_total",
                                     "Records made durable since the start.",
                                     static_cast<double>(log.records)));
    families.push_back(
        http::counter("parlance_log_appended_bytes_total", "Their bytes.", static_cast<double>(log.bytes)));
    families.push_back(
        http::histogram("parlance_log_sync_duration_seconds", "One sync of the log.", log.sync_seconds));
    families.push_back(http::histogram("parlance_log_group_records", "Records that one sync made durable.",
                                       log.group_records));
    families.push_back(http::gauge("parlance_http_connections", "Open connections.",
                                   server_ ? static_cast<double>(server_->connections()) : 0));
    families.push_back(http::counter("parlance_http_connections_refused_total",
                                     "Connections hung up on, because there were too many.",
                                     server_ ? static_cast<double>(server_->refused_connections()) : 0));
    families.push_back(http::gauge("parlance_journal_waiting_lines",
                                   "Lines of the journal that wait for a reader.",
                                   static_cast<double>(journal_.waiting())));
    families.push_back(http::counter("parlance_journal_lost_lines_total",
                                     "Lines left out, because nobody read.",
                                     static_cast<double>(journal_.lost())));
    http::MetricFamily jobs{"parlance_jobs_waiting",
                            "Work that waits for a thread of its own.",
                            http::MetricFamily::Kind::gauge,
                            {}};
    const auto waiting = [&](const char* worker, std::size_t count) {
      jobs.samples.push_back({{{"worker", worker}}, static_cast<double>(count), {}});
    };
    {
      const std::lock_guard lock(mutex_);
      waiting("keeper", jobs_.size());
      families.push_back(http::gauge(
          "parlance_view_lag_seconds", "How long the views have been behind the log; 0: they are not.",
          behind_since_ms_ == 0 ? 0 : static_cast<double>(clock_.boot_ms() - behind_since_ms_) / 1000));
    }
    waiting("uploads", uploads_->waiting());
    waiting("sweeper", sweeper_->waiting());
    families.push_back(std::move(jobs));
    families.push_back(http::histogram("parlance_view_apply_duration_seconds",
                                       "One turn of applying records to the views.",
                                       apply_seconds_.counts()));
    families.push_back(http::histogram(
        "parlance_fold_keep_duration_seconds",
        "One turn of writing the fold store's changed rows down, a second apart.", keep_seconds_.counts()));
    if (backups_)
      families.push_back(
          http::gauge("parlance_backup_last_success_timestamp_seconds",
                      "When this process last made a backup, as seconds since 1970; 0: not yet.",
                      backups_->last_success_seconds()));
  }

  Result<std::string> listen() override {
    if (!api_) make_api();
    auto server = http::Server::listen(
        io_, options_.listen, options_.http,
        [this](http::HttpRequest request, http::Respond respond) {
          api_->handle(std::move(request), std::move(respond));
        },
        [this](const http::HttpRequest& head, const std::function<http::Respond()>& respond) {
          return api_->stream(head, respond);
        });
    if (!server) return server.error();
    server_ = std::move(*server);
    serving_ = true;
    last_words_.emplace(journal_);
    server_->start();
    sweep();
    if (auto written = write_private(options_.data / "address", "http://" + server_->address() + "\n");
        !written)
      return written.error();
    return server_->address();
  }

  std::string sign_in_link(AgentId agent) override {
    return "/#/sign-in/" + api_->access().make_link(workspace(), agent);
  }

  void stop() override {
    if (stopped_) return;
    stopped_ = true;
    if (backups_) backups_->stop();
    if (server_) {
      std::promise<void> closed;
      server_->stop(stop_ms, [&] { closed.set_value(); });
      closed.get_future().wait();
    }
    ticking_ = false;
    for (const auto& worker : {uploads_.get(), sweeper_.get()})
      if (worker != nullptr) worker->stop();
    if (engine_ && !pool_.empty()) {
      std::promise<void> done;
      engine_->stop([&] { done.set_value(); });
      done.get_future().wait();
    }
    {
      const std::lock_guard lock(mutex_);
      quit_ = true;
    }
    wake_applier_.notify_all();
    wake_keeper_.notify_all();
    for (std::thread* thread : {&applier_, &keeper_})
      if (thread->joinable()) thread->join();
    if (engine_) (void)engine_->maintain(true);
    if (views_) (void)views_->flush();
    work_.reset();
    io_.stop();
    for (std::thread& thread : pool_) thread.join();
    pool_.clear();
    std::error_code ignored;
    if (server_) fs::remove(options_.data / "address", ignored);
    server_.reset();
    api_.reset();
  }

 private:
  // ---- rows that are damaged ----

  Result<void> open_views() {
    auto views = Views::open(*folder_.log, *folder_.views);
    std::string lost = folder_.views_lost;
    if (const auto damage = folder_.views->damage(); !views && damage) {
      lost = damage->detail;
      if (auto renewed = folder_.views->renew(); !renewed) return renewed.error();
      views = Views::open(*folder_.log, *folder_.views);
    }
    if (!views) return views.error();
    views_ = std::move(*views);
    if (lost.empty()) return {};
    views_rebuilding_ = lost;
    return views_->begin_again();
  }

  /// What the views' store found damaged is thrown away and made again. By the thread that applies.
  void mend_views() {
    const auto damage = folder_.views->damage();
    if (damage || views_not_begun_) {
      if (damage) begin_rebuilding(views_rebuilding_, "views", *damage);
      const auto begun = views_->begin_again();
      views_not_begun_ = !begun;
      remember(views_not_stored_, begun ? std::optional<Error>{} : begun.error());
    } else if (!views_->rebuilding()) {
      end_rebuilding(views_rebuilding_, "views");
    }
  }

  /// The same of the fold store. By the keeper.
  void mend_fold() {
    const auto damage = folder_.fold->damage();
    if (damage || fold_not_begun_) {
      if (damage) begin_rebuilding(fold_rebuilding_, "fold", *damage);
      const auto begun = engine_->begin_again([this] { return folder_.fold->renew(); });
      fold_not_begun_ = !begun;
      ++fold_begun_;
    } else if (engine_->rebuilding()) {
      engine_->look_whether_rebuilt();
    } else {
      end_rebuilding(fold_rebuilding_, "fold");
    }
  }

  void begin_rebuilding(std::string& where, Literal store, const Error& damage) {
    {
      const std::lock_guard lock(mutex_);
      if (!where.empty()) return;
      where = damage.detail;
    }
    journal_.say(JournalLevel::error, "rows.damaged",
                 "stored rows are damaged; they are thrown away and made again from the log, nothing is lost",
                 {{"store", store}, {"detail", machine_text(damage)}});
  }
  void end_rebuilding(std::string& where, Literal store) {
    {
      const std::lock_guard lock(mutex_);
      if (where.empty()) return;
      where.clear();
    }
    journal_.say(JournalLevel::info, "rows.made_again", "the rows are made again, and whole",
                 {{"store", store}});
  }
  void wait_until_rebuilt() {
    while (views_->rebuilding() || engine_->rebuilding())
      std::this_thread::sleep_for(std::chrono::milliseconds(rebuilding_look_ms));
  }

  // ---- the read side ----

  void wake_applier() {
    {
      const std::lock_guard lock(mutex_);
      if (risen_) return;
      risen_ = true;
    }
    wake_applier_.notify_one();
  }

  void apply() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_applier_.wait_for(lock, std::chrono::milliseconds(maintain_ms),
                               [this] { return risen_ || quit_; });
        if (quit_) return;
        risen_ = false;
      }
      for (;;) {
        mend_views();
        const auto begun = std::chrono::steady_clock::now();
        auto applied = views_->apply_available(clock_.now(), apply_records);
        note_lag();
        if (!applied || *applied != 0) apply_seconds_.add(seconds_since(begun));
        remember(views_not_stored_, applied ? std::optional<Error>{} : applied.error());
        // Also where rows could not be stored: what was applied is shown.
        if (http::Api* api = told_; api != nullptr && (!applied || *applied != 0)) api->views_advanced();
        if (!applied || *applied == 0) break;
      }
    }
  }

  void note_lag() {
    const bool behind = std::ranges::any_of(views_->status(), [](const ViewStatus& v) { return v.lag != 0; });
    const std::lock_guard lock(mutex_);
    if (!behind)
      behind_since_ms_ = 0;
    else if (behind_since_ms_ == 0)
      behind_since_ms_ = clock_.boot_ms();
  }

  /// Disk work that nobody waits for, and long jobs asked for over HTTP.
  void keep() {
    for (;;) {
      std::vector<std::function<void()>> jobs;
      {
        std::unique_lock lock(mutex_);
        wake_keeper_.wait_for(
            lock, std::chrono::milliseconds(fold_rebuilding_.empty() ? maintain_ms : rebuilding_look_ms),
            [this] { return !jobs_.empty() || quit_; });
        if (quit_) return;
        jobs.swap(jobs_);
      }
      for (const auto& job : jobs) job();
      mend_fold();
      const auto begun = std::chrono::steady_clock::now();
      const auto kept = engine_->maintain();
      keep_seconds_.add(seconds_since(begun));
      remember(fold_not_kept_, kept ? std::optional<Error>{} : kept.error());
    }
  }
  void remember(std::optional<Error>& where, std::optional<Error> what) {
    const std::lock_guard lock(mutex_);
    where = std::move(what);
  }
  /// Threads: any.
  http::MachineHealth machine() {
    http::MachineHealth out;
    out.log = folder_.log->health();
    out.stores = {{"fold", folder_.fold->health(), {}}, {"views", folder_.views->health(), {}}};
    const std::lock_guard lock(mutex_);
    out.stores[0].rebuilding = fold_rebuilding_;
    out.stores[1].rebuilding = views_rebuilding_;
    out.views_not_stored = views_not_stored_;
    out.fold_not_kept = fold_not_kept_;
    out.files_not_swept = files_not_swept_;
    out.files_damaged = files_damaged_;
    return out;
  }
  void in_background(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(work));
    }
    wake_keeper_.notify_one();
  }

  // ---- attached files ----

  /// At the start, and each hour, and every blob once a day: removes what nobody uses and what cannot be opened any more.
  void sweep() {
    if (stopped_) return;
    sweeper_->post([this] {
      // Until the views have seen everything that is certain they cannot say what is used.
      if (!views_know_all()) return timers_->after(maintain_ms, [this] { sweep(); });
      const bool all = sweeps_++ % sweeps_a_day == 0;
      const auto swept = files_->sweep(
          all,
          [this](WorkspaceId workspace, AttachmentId id) -> Result<std::vector<Sealed>> {
            auto uses = views_->attachment_uses(workspace, id);
            if (!uses) return uses.error();
            std::vector<Sealed> capsules;
            for (const AttachmentUse& use : *uses) capsules.push_back(use.attachments);
            return capsules;
          },
          [this] { return !stopped_; });
      remember(files_not_swept_, swept ? std::optional<Error>{} : swept.error());
      if (swept && all) {
        const std::lock_guard lock(mutex_);
        files_damaged_ = swept->damaged;
      }
      timers_->after(sweep_ms, [this] { sweep(); });
    });
  }
  bool views_know_all() {
    for (const ViewStatus& status : views_->status())
      if (status.view == "attachment" && (status.lag != 0 || status.health != Health::ok)) return false;
    return true;
  }

  // ---- the write side ----

  void schedule_tick() {
    timers_->after(tick_ms, [this] {
      if (!ticking_) return;
      engine_->tick();
      if (http::Api* api = told_; api != nullptr && ++ticks_ % look_ticks == 0) api->look_at_conditions();
      schedule_tick();
    });
  }

  Result<void> wait_until_owning() {
    for (;;) {
      const unsigned begun = fold_begun_;
      std::promise<std::vector<OwnerStatus>> asked;
      engine_->status([&](std::vector<OwnerStatus> owners) { asked.set_value(std::move(owners)); });
      const auto owners = asked.get_future().get();
      for (std::size_t p = 0; p < owners.size(); ++p)
        // Where the fold store is damaged, the keeper has it made again.
        if (owners[p].health == OwnerHealth::stopped && !folder_.fold->damage() && !engine_->rebuilding() &&
            fold_begun_ == begun)
          return corrupt("log.refused", "partition " + std::to_string(p) + ": " + owners[p].reason);
      if (std::ranges::all_of(owners, [](const OwnerStatus& o) {
            return o.health == OwnerHealth::owning || o.health == OwnerHealth::read_only;
          }))
        return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  /// Of a folder that was served before: somebody who may see everything.
  Result<void> find_administrator() {
    const auto directory = engine_->directory();
    const auto it = directory->workspaces.find(workspace());
    if (it != directory->workspaces.end())
      for (const desk::Agent& agent : it->second.desk.agents)
        if (agent.role == Role::admin) {
          administrator_ = agent.id;
          return {};
        }
    return Error{Errc::not_found, "folder.unserved", "the log holds no workspace yet: it was never served"};
  }

  /// The workspace, its first agent and queue, and the administrator's token. A start that was cut short goes on where it stopped:
  /// each command has an id of its own.
  Result<void> first_start() {
    const fs::path token_path = options_.data / "admin.token";
    std::string token;
    if (std::ifstream in(token_path); in) std::getline(in, token);
    if (token.empty()) {
      token = http::make_token();
      if (auto written = write_private(token_path, token + "\n"); !written) return written.error();
    }
    const auto command = [&](std::string_view name, Action action) {
      Request request;
      request.workspace = workspace();
      request.slot = workspace().slot();
      request.command = derive_id(*folder_.keys, name, workspace());
      request.actor = {ActorKind::system, {}};
      request.action = std::move(action);
      return submit(std::move(request));
    };
    auto queue = command("first queue", OnDesk{desk::AddQueue{{}, "Inbox"}});
    if (!queue) return queue.error();
    auto agent = command("first agent", OnDesk{desk::AddAgent{{}, Role::admin, {"Administrator", ""}, {}}});
    if (!agent) return agent.error();
    administrator_ = AgentId::from(agent->made);
    const Sha256 hash = http::hash_token(token);
    const auto directory = engine_->directory();
    const auto it = directory->workspaces.find(workspace());
    const bool known =
        it != directory->workspaces.end() &&
        std::ranges::find(it->second.desk.tokens, hash, &desk::Token::hash) != it->second.desk.tokens.end();
    if (known) return {};
    Request request;
    request.workspace = workspace();
    request.slot = workspace().slot();
    request.actor = {ActorKind::system, {}};
    request.action = OnDesk{desk::IssueToken{
        {}, administrator_, Scope::agent | Scope::ingest | Scope::import | Scope::admin, hash}};
    auto issued = submit(std::move(request));
    if (!issued) return issued.error();
    return {};
  }

  ServeOptions options_;
  SystemClock system_clock_;
  const Clock& clock_;
  JournalWriter journal_;                ///< outlives all that says something
  std::optional<LastWords> last_words_;  ///< while it serves
  struct ForgetSyncs {
    ForgetSyncs() = default;
    ~ForgetSyncs() { files::on_failed_sync({}); }
    ForgetSyncs(const ForgetSyncs&) = delete;
    ForgetSyncs& operator=(const ForgetSyncs&) = delete;
  } forget_syncs_;  ///< after all that syncs, before the journal that it would be said in
  SystemRandom random_;
  Folder folder_;
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{asio::make_work_guard(io_)};
  std::vector<std::unique_ptr<Executor>> strands_;
  std::unique_ptr<Executor> timers_, live_;
  std::unique_ptr<Views> views_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ServerBackups> backups_;
  std::unique_ptr<http::Api> api_;
  std::atomic<http::Api*> told_{nullptr};  ///< of what is applied; outlives the applier
  std::unique_ptr<http::Server> server_;
  AgentId administrator_;
  std::vector<std::thread> pool_;
  std::thread applier_, keeper_;
  std::mutex mutex_;  // guards the next ten
  std::condition_variable wake_applier_, wake_keeper_;
  bool risen_ = true;
  bool quit_ = false;
  std::vector<std::function<void()>> jobs_;
  std::optional<Error> views_not_stored_, fold_not_kept_, files_not_swept_;
  std::string views_rebuilding_, fold_rebuilding_;  ///< what was damaged, until it is made again
  std::uint64_t files_damaged_ = 0;
  std::int64_t behind_since_ms_ = 0;  ///< by the boot clock; 0: the views have everything
  bool views_not_begun_ = false;      ///< the applier's: it is tried again
  bool fold_not_begun_ = false;       ///< the keeper's
  std::atomic<unsigned> fold_begun_{0};
  Histogram<seconds_bounds.size()> apply_seconds_{seconds_bounds}, keep_seconds_{seconds_bounds};
  std::atomic<bool> ticking_{false};
  unsigned ticks_ = 0;  ///< the timers' executor's
  std::atomic<bool> stopped_{false};
  std::atomic<bool> serving_{false};
  std::unique_ptr<Files> files_;
  int sweeps_ = 0;
  std::unique_ptr<Worker> uploads_, sweeper_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::open(ServeOptions options, const Clock* clock) {
  auto node = std::make_unique<NodeImpl>(std::move(options), clock);
  if (auto opened = node->open(); !opened) return opened.error();
  return std::unique_ptr<Node>(std::move(node));
}

namespace {

/// The keys are in this process's memory: no core dump of it, and no debugger of another user's.
void keep_out_of_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace

int run_until_signal(Node& node, AgentId agent, const std::function<void()>& before_stop) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  auto address = node.listen();
  if (!address) return report(address.error());
  Journal& journal = node.journal();
  for (const std::string& note : node.folder().notes)
    journal.say(JournalLevel::warn, "folder.note", "the folder was opened with a note",
                {{"note", MachineText{note}}});
  journal.say(JournalLevel::info, "server.started", "requests are answered",
              {{"version", Literal::of_ours(version)},
               {"address", MachineText{*address}},
               {"data", node.folder().dir},
               {"log", node.folder().log->id()}});
  fmt::print("listening on http://{}\n", *address);
  fmt::print("administrator's token in {}\n", (node.folder().dir / "admin.token").string());
  // It signs in whoever reads it first, and of a service many may read what it prints.
  if (std::getenv("JOURNAL_STREAM") == nullptr)
    fmt::print("sign in within ten minutes: http://{}{}\n", *address,
               node.sign_in_link(agent ? agent : node.administrator()));
  std::fflush(stdout);
  tell_ready("serving on http://" + *address);
  int signal = 0;
  sigwait(&signals, &signal);
  journal.say(JournalLevel::info, "server.stopping", "what was accepted is answered, then the process ends");
  tell_stopping();
  if (before_stop) before_stop();
  node.stop();
  journal.say(JournalLevel::info, "server.stopped", "everything is on the disk");
  return 0;
}

void block_signals() {
  // Before any thread is made, so that sigwait alone meets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int serve(const ServeOptions& options) {
  block_signals();
  keep_out_of_dumps();
  auto node = [&] {
    const Starting starting("opening the log and the views");
    return Node::open(options);
  }();
  if (!node) return report(node.error());
  return run_until_signal(**node, {}, {});
}

}  // namespace parlance::tools
