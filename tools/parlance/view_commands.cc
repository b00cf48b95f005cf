#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "adapters/embedded/system.h"
#include "adapters/rocksdb/rocks_rows.h"
#include "projections/views.h"
#include "tools/parlance/client.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/folder.h"
#include "tools/parlance/output.h"
#include "tools/parlance/progress.h"
#include "tools/parlance/report.h"

/// `parlance view`: what operators ask of the views. With --server a running one is asked; with --data alone the folder of a
/// stopped one is opened, which keeps a server out for as long as it takes.
namespace parlance::tools {
namespace {

struct ViewOptions {
  ServerOptions server;
  std::vector<std::string> views;
  bool all = false;
  Output output;
};

/// The views of a server or of a folder, with the API's field names.
class ViewsAt {
 public:
  virtual ~ViewsAt() = default;
  /// A row for each view and partition, as in /v1/status.
  [[nodiscard]] virtual Done<json::array> status() = 0;
  /// A row for each partition: partition, applied, live, rebuilt, equal.
  [[nodiscard]] virtual Done<json::array> compare(const std::string& view, bool rebuild) = 0;
};

class ServerViews final : public ViewsAt {
 public:
  explicit ServerViews(Client client) : client_(std::move(client)) {}

  Done<json::array> status() override { return rows(client_.get("/v1/status"), "views"); }
  Done<json::array> compare(const std::string& view, bool rebuild) override {
    return rows(client_.post("/v1/admin/views/" + view + (rebuild ? "/rebuild" : "/verify")), "partitions");
  }

 private:
  static Done<json::array> rows(Done<json::value> answer, std::string_view member) {
    if (!answer) return answer.error();
    auto* object = answer->if_object();
    auto* array = object != nullptr && object->contains(member) ? object->at(member).if_array() : nullptr;
    if (array == nullptr) return Failure{Exit::failed, "the server's answer has no " + std::string(member)};
    return std::move(*array);
  }
  Client client_;
};

class FolderViews final : public ViewsAt {
 public:
  /// Applies what the log has and the views do not.
  [[nodiscard]] static Done<std::unique_ptr<FolderViews>> open(const std::filesystem::path& data,
                                                               bool quiet) {
    auto views = std::unique_ptr<FolderViews>(new FolderViews);
    if (auto opened = views->open_in(data, quiet); !opened) return failure(opened.error());
    return views;
  }
  ~FolderViews() override {
    if (views_) (void)views_->flush();
  }
  FolderViews(const FolderViews&) = delete;
  FolderViews& operator=(const FolderViews&) = delete;

  Done<json::array> status() override {
    json::array rows;
    for (const ViewStatus& v : views_->status()) {
      json::object row{{"view", v.view},
                       {"version", v.version},
                       {"family", v.family},
                       {"partition", v.partition},
                       {"applied", std::to_string(v.applied)},
                       {"end", std::to_string(v.end)},
                       {"lag", std::to_string(v.lag)},
                       {"hash", v.hash},
                       {"health", to_text(v.health)},
                       {"quarantined", std::to_string(v.quarantined)}};
      if (v.error) row["error"] = json::object{{"rule", v.error->rule}, {"detail", v.error->detail}};
      rows.push_back(std::move(row));
    }
    return rows;
  }

  Done<json::array> compare(const std::string& view, bool rebuild) override {
    auto compared = rebuild ? views_->rebuild(view) : views_->verify(view);
    if (!compared) return failure(compared.error());
    json::array rows;
    for (const HashComparison& c : *compared)
      rows.push_back(json::object{{"partition", c.partition},
                                  {"applied", std::to_string(c.applied)},
                                  {"live", c.live},
                                  {"rebuilt", c.rebuilt},
                                  {"equal", c.equal()}});
    return rows;
  }

 private:
  FolderViews() = default;

  Result<void> open_in(const std::filesystem::path& data, bool quiet) {
    auto log = open_log_alone(data);
    if (!log) {
      Error error = log.error();
      if (error.code == Errc::locked) error.detail += "; ask a running server with --server URL";
      return error;
    }
    log_ = std::move(*log);
    // Opening would make them, and then there would be nothing to compare.
    std::error_code ignored;
    if (!std::filesystem::exists(data / "views", ignored))
      return Error{Errc::not_found, "views.absent",
                   data.string() + " has no views; the next start makes them from the log"};
    auto rows = open_rocks_rows(data / "views", rows_of_views);
    if (!rows) return rows.error();
    rows_ = std::move(*rows);
    auto views = Views::open(*log_, *rows_);
    if (!views) return views.error();
    views_ = std::move(*views);

    std::uint64_t lag = 0, done = 0;
    for (const ViewStatus& v : views_->status()) lag = std::max<std::uint64_t>(lag, v.lag);
    Progress progress("applying", "records", lag * log_->partitions(), quiet);
    for (;;) {
      auto applied = views_->apply_available(SystemClock().now(), apply_records);
      if (!applied) return applied.error();
      if (*applied == 0) return {};
      progress.at(done += *applied);
    }
  }

  static constexpr std::size_t apply_records = 2'000;
  std::unique_ptr<EmbeddedLog> log_;
  std::unique_ptr<RowStore> rows_;
  std::unique_ptr<Views> views_;
};

Done<std::unique_ptr<ViewsAt>> open(const ViewOptions& options) {
  if (options.server.server.empty() && !options.server.data.empty()) {
    auto views = FolderViews::open(options.server.data, options.output.quiet);
    if (!views) return views.error();
    return std::unique_ptr<ViewsAt>(std::move(*views));
  }
  auto client = Client::open(options.server, Answers::server);
  if (!client) return client.error();
  return std::unique_ptr<ViewsAt>(std::make_unique<ServerViews>(std::move(*client)));
}

/// Figures come as texts, as 64-bit integers do in JSON.
std::uint64_t figure(const json::object& row, std::string_view name) {
  const auto* value = row.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  std::uint64_t out = 0;
  if (text != nullptr) CLI::detail::lexical_cast(std::string(*text), out);
  return out;
}
std::string text(const json::object& row, std::string_view name) {
  const auto* value = row.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// The rows of a status that are objects, by view and partition; a stopped view is a failure to tell.
int status(const ViewOptions& options) {
  auto views = open(options);
  if (!views) return report(views.error());
  const auto status = (*views)->status();
  if (!status) return report(status.error());
  Rows rows(options.output, {{"view", "view"},
                             {"partition", "partition", true},
                             {"applied", "applied", true},
                             {"end", "end", true},
                             {"lag", "lag", true},
                             {"health", "health"},
                             {"quarantined", "quarantined", true},
                             {"hash", "hash"}});
  for (const json::value& row : *status)
    if (row.is_object()) rows.add(row.get_object());
  rows.finish("no views");
  return flush_stdout() ? Exit::done : Exit::failed;
}

int list(const ViewOptions& options) {
  auto views = open(options);
  if (!views) return report(views.error());
  const auto status = (*views)->status();
  if (!status) return report(status.error());
  struct Sum {
    json::value version;
    std::uint64_t applied = 0, lag = 0, quarantined = 0;
    std::string health = "ok";
  };
  std::map<std::string, Sum> sums;
  for (const json::value& one : *status) {
    const auto* row = one.if_object();
    if (row == nullptr) continue;
    Sum& sum = sums[text(*row, "view")];
    if (row->contains("version")) sum.version = row->at("version");
    sum.applied += figure(*row, "applied");
    sum.lag += figure(*row, "lag");
    sum.quarantined += figure(*row, "quarantined");
    // The worst of its partitions.
    if (const std::string health = text(*row, "health"); health == "stopped" || sum.health == "ok")
      sum.health = health;
  }
  Rows rows(options.output, {{"view", "id"},
                             {"version", "version", true},
                             {"applied", "applied", true},
                             {"lag", "lag", true},
                             {"quarantined", "quarantined", true},
                             {"health", "health"}});
  for (const auto& [view, sum] : sums)
    rows.add({{"id", view},
              {"version", sum.version},
              {"applied", std::to_string(sum.applied)},
              {"lag", std::to_string(sum.lag)},
              {"quarantined", std::to_string(sum.quarantined)},
              {"health", sum.health}});
  rows.finish("no views");
  return flush_stdout() ? Exit::done : Exit::failed;
}

Done<std::vector<std::string>> names(ViewsAt& views) {
  const auto status = views.status();
  if (!status) return status.error();
  std::vector<std::string> out;
  for (const json::value& one : *status)
    if (const auto* row = one.if_object())
      if (std::string name = text(*row, "view"); std::ranges::find(out, name) == out.end())
        out.push_back(std::move(name));
  return out;
}

/// A difference found while verifying is told with exit 6; one that a rebuild did away with is told, and done.
int compare(const ViewOptions& options, bool rebuild) {
  auto views = open(options);
  if (!views) return report(views.error());
  const auto all = names(**views);
  if (!all) return report(all.error());
  for (const std::string& view : options.views)
    if (std::ranges::find(*all, view) == all->end())
      return report(
          Failure{Exit::not_found, fmt::format("no view is called {}; there are {}", printable(view),
                                               fmt::format("{}", CLI::detail::join(*all, ", ")))});
  Rows rows(options.output, {{"view", "view"},
                             {"partition", "partition", true},
                             {"applied", "applied", true},
                             {"live", "live"},
                             {"rebuilt", "rebuilt"},
                             {"equal", "equal"}});
  int code = Exit::done;
  std::uint64_t unequal = 0;
  for (const std::string& view : options.views.empty() ? *all : options.views) {
    const auto compared = (*views)->compare(view, rebuild);
    if (!compared) {
      code = report(Failure{compared.error().code, "view " + view + ": " + compared.error().text});
      continue;
    }
    for (const json::value& one : *compared) {
      const auto* found = one.if_object();
      if (found == nullptr || !found->contains("equal")) continue;
      json::object row{{"view", view}};
      for (const auto& member : *found) row.insert_or_assign(member.key(), member.value());
      if (row.at("equal") != json::value(true)) {
        ++unequal;
        fmt::print(stderr, "parlance: view {}, partition {}: {} has the hash {}, and from the log {}\n", view,
                   json::serialize(row["partition"]), rebuild ? "what was served" : "what is served",
                   text(row, "live"), text(row, "rebuilt"));
      }
      rows.add(std::move(row));
    }
  }
  rows.finish();
  if (!flush_stdout()) return Exit::failed;
  if (unequal == 0 || rebuild) return code;
  fmt::print(stderr, "parlance: the log is the truth: `parlance view rebuild` serves it anew\n");
  return Exit::difference;
}

}  // namespace

void add_view_commands(CLI::App& app, int& code) {
  CLI::App* view = app.add_subcommand("view", "The views, made from the log: list, status, verify, rebuild");
  view->require_subcommand(1);
  const auto command = [&](const char* name, const char* does, bool ids) {
    auto options = std::make_shared<ViewOptions>();
    CLI::App* made = view->add_subcommand(name, does);
    add_server(*made, options->server,
               "A folder: that of --server for its token, or without --server a stopped one to open");
    add_output(*made, options->output, ids);
    return std::pair(made, options);
  };

  auto [list_command, list_options] =
      command("list", "List the views, and how far and how well they are", true);
  list_command->footer("Example: parlance view list --server http://127.0.0.1:8080 --data ~/desk");
  list_command->callback([options = list_options, &code] { code = list(*options); });

  auto [status_command, status_options] =
      command("status", "Each view in each partition, with its hash", false);
  status_command->footer("Example: parlance view status --server http://127.0.0.1:8080 --data ~/desk");
  status_command->callback([options = status_options, &code] { code = status(*options); });

  auto [verify_command, verify_options] = command(
      "verify", "Build views again from the log, beside what is served, and compare; exit 6 on a difference",
      false);
  verify_command->add_option("views", verify_options->views, "Which (default: all)");
  verify_command->footer(
      "Examples:\n"
      "  parlance view verify --server http://127.0.0.1:8080 --data ~/desk   a running server goes on "
      "serving\n"
      "  parlance view verify --data ~/desk ticket                           a stopped one");
  verify_command->callback([options = verify_options, &code] { code = compare(*options, false); });

  auto [rebuild_command, rebuild_options] =
      command("rebuild", "Build views again from the log, and serve that", false);
  CLI::Option* which = rebuild_command->add_option("views", rebuild_options->views, "Which");
  CLI::Option* all = rebuild_command->add_flag("--all", rebuild_options->all, "All of them")->excludes(which);
  rebuild_command->footer(
      "Example: parlance view rebuild ticket --server http://127.0.0.1:8080 --data ~/desk");
  rebuild_command->callback([options = rebuild_options, all, which, &code] {
    if (all->count() == 0 && which->count() == 0) throw CLI::RequiredError("a view's name, or --all,");
    code = compare(*options, true);
  });
}

}  // namespace parlance::tools
