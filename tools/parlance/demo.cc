#include "tools/parlance/demo.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/demo_history.h"
#include "tools/parlance/demo_traffic.h"
#include "tools/parlance/report.h"

namespace parlance::tools {
namespace {
using namespace demo;  // NOLINT: its whole purpose

constexpr std::size_t conversations_max = 20'000;
constexpr std::int64_t grid_ms = 5 * minute_ms;  ///< so that two demos started together are alike
/// Made first and last: a folder that has the first has a demo, one that has the last has all of its history.
constexpr std::string_view first_tag = "wander & wool";
constexpr std::string_view last_tag = "feedback";
constexpr std::uint64_t texts_version = 2;  ///< another one makes other histories from the same seed

std::filesystem::path default_data() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != 0)
    return std::filesystem::path(data) / "parlance-demo";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".local" / "share" / "parlance-demo";
}

bool has_tag(Node& node, std::string_view name) {
  const auto directory = node.engine().directory();
  const auto it = directory->workspaces.find(node.workspace());
  return it != directory->workspaces.end() &&
         std::ranges::find(it->second.settings.tags, name, &settings::Tag::name) !=
             it->second.settings.tags.end();
}

Result<Outcome> add_tag(Node& node, std::string_view name, std::uint64_t fingerprint) {
  Request request = request_of(node, {ActorKind::system, {}}, node.workspace().slot(), name,
                               OnSettings{settings::AddTag{{}, std::string(name)}});
  request.fingerprint = fingerprint;
  return node.submit(std::move(request));
}

void wait_until_shown(Node& node) {
  const auto behind = [](const ViewStatus& status) {
    return status.lag != 0 && status.health != Health::stopped;
  };
  while (std::ranges::any_of(node.views().status(), behind))
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

/// Writes what is missing of the history; the clock is the system's afterwards.
Result<Shop> prepare(Node& node, DemoClock& clock, const DemoOptions& options, Instant end) {
  const bool begun = has_tag(node, first_tag);
  if (has_tag(node, last_tag)) {
    clock.go_live();
    return set_up_shop(node);
  }
  if (!begun) {
    auto listed =
        node.views().list({.workspace = node.workspace(), .states = {}, .sort = Sort::newest, .limit = 1});
    if (!listed) return listed.error();
    if (!listed->tickets.empty())
      return invalid("demo.not_a_demo",
                     options.data.string() +
                         " holds conversations that are not the demo's; name another folder with --data");
    clock.set(end + -history_ms);
  }
  const std::uint64_t fingerprint = 1 + (options.seed * 31 + options.conversations) * 31 + texts_version;
  auto first = add_tag(node, first_tag, fingerprint);
  if (!first && first.error().rule == "command.key_reused")
    return invalid("demo.other_history", "the history in " + options.data.string() +
                                             " is unfinished and was begun with another --seed or "
                                             "--conversations; repeat those, or delete the folder");
  if (!first) return first.error();
  // The moment of the first act is in its id, so a history that goes on does so on the same days.
  const Instant begin{static_cast<std::int64_t>(first->envelope.high >> 16)};
  clock.set(begin);
  auto shop = set_up_shop(node);
  if (!shop) return shop.error();
  const HistoryPlan plan{options.seed, options.conversations, begin, begin + history_ms};
  if (auto written = write_history(node, clock, *shop, plan); !written) return written.error();
  if (auto last = add_tag(node, last_tag, 0); !last) return last.error();
  clock.go_live();
  return shop;
}

}  // namespace

int run_demo(DemoOptions options) {
  if (options.data.empty()) options.data = default_data();
  block_signals();
  std::error_code ignored;
  const Instant end{SystemClock().now().ms / grid_ms * grid_ms};
  // How far an old folder has come is known once it is open; until then it is early, so that no timer fires too soon.
  DemoClock clock(std::filesystem::exists(options.data / "log", ignored) ? Instant{} : end + -history_ms);
  ServeOptions serving;
  serving.data = options.data;
  serving.listen = options.listen;
  auto node = Node::open(serving, &clock);
  if (!node) return report(node.error());
  auto shop = prepare(**node, clock, options, end);
  if (!shop) return report(shop.error());
  wait_until_shown(**node);
  std::unique_ptr<Traffic> traffic;
  if (options.traffic) traffic = std::make_unique<Traffic>(**node, *shop, options.seed);
  return run_until_signal(**node, shop->agents.front(), [&] { traffic.reset(); });
}

void add_demo_command(CLI::App& app, int& code) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command =
      app.add_subcommand("demo", "Serve a seeded shop with three weeks of history and live traffic");
  command->add_option("--data", options->data,
                      "The data folder (default: parlance-demo where your data lie)");
  command->add_option("--listen", options->listen, "HOST:PORT; port 0 picks one")->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed makes the same shop")->capture_default_str();
  command->add_option("--conversations", options->conversations, "How many the history has")
      ->check(CLI::Range(std::size_t{1}, conversations_max))
      ->capture_default_str();
  command->add_flag("!--no-traffic", options->traffic, "The history alone; nothing happens by itself");
  command->footer("Example: parlance demo --listen 127.0.0.1:8080");
  command->callback([options, &code] { code = run_demo(*options); });
}

}  // namespace parlance::tools
