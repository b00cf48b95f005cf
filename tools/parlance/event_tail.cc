#include <chrono>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/client.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"

/// `parlance events tail`: a server's events as they happen, from its feed. Where the stream breaks it goes on behind the last event shown.
namespace parlance::tools {
namespace {

struct TailOptions {
  ServerOptions server;
  std::string after = "end";
  std::vector<std::string> types;
  std::uint64_t limit = ~std::uint64_t{0};
  Output output;
};

constexpr auto pause_first = std::chrono::milliseconds(250);
constexpr auto pause_max = std::chrono::seconds(8);

std::string text(const json::object& row, std::string_view name) {
  const auto* value = row.if_contains(name);
  return value != nullptr && value->is_string() ? printable(value->get_string()) : std::string();
}

/// One line at once: a table would wait for the end, which does not come.
void print_line(const json::object& event) {
  fmt::print("{}  {:<12}  {:<32}  {}  {}\n", text(event, "recorded_at"), text(event, "position"),
             text(event, "type"), text(event, "stream"), text(event, "version"));
}

int tail(const TailOptions& options) {
  auto client = Client::open(options.server, Answers::server);
  if (!client) return report(client.error());
  Query query{{"after", options.after}};
  if (!options.types.empty())
    query.emplace_back("types", fmt::format("{}", CLI::detail::join(options.types, ",")));
  const Format format = options.output.format();
  Rows rows(options.output, {{"position", "position"},
                             {"recorded at", "recorded_at"},
                             {"type", "type"},
                             {"stream", "stream"},
                             {"version", "version", true},
                             {"actor", "actor.kind"}});
  std::uint64_t left = options.limit;
  std::string last;
  bool writable = true;
  auto pause = std::chrono::milliseconds(pause_first);
  const auto take = [&](const std::string& id, const std::string& data) {
    json::error_code malformed;
    json::value event = json::parse(data, malformed);
    if (malformed || !event.is_object()) return true;
    if (!event.get_object().contains("type")) {
      fmt::print(stderr, "note: the feed begins anew: {}\n", printable(data));
      return true;
    }
    last = id;
    pause = pause_first;
    if (format == Format::table && options.output.fields.empty())
      print_line(event.get_object());
    else
      rows.add(std::move(event.get_object()));
    writable = flush_stdout();
    return --left != 0 && writable;
  };
  while (left != 0) {
    const auto followed = client->follow("/v1/events", query, last, take);
    if (followed) break;
    if (followed.error().code != Exit::unreachable) return report(followed.error());
    fmt::print(stderr, "note: {}; trying again\n", followed.error().text);
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, pause_max);
    // A server that was started anew listens elsewhere, perhaps.
    auto again = Client::open(options.server, Answers::server);
    if (again) client = std::move(again);
  }
  if (format != Format::table) rows.finish();
  return writable && flush_stdout() ? Exit::done : Exit::failed;
}

}  // namespace

void add_tail_command(CLI::App& events, int& code) {
  auto options = std::make_shared<TailOptions>();
  CLI::App* command = events.add_subcommand("tail", "Print a server's events as they happen");
  command->add_option("--after", options->after, "end, or the id of an event: go on behind it")
      ->capture_default_str();
  command->add_option("--types", options->types, "Only these, such as conversation.opened")->delimiter(',');
  command->add_option("--limit", options->limit, "End after so many")->check(CLI::PositiveNumber);
  add_server(*command, options->server, "The folder of a server on this machine, for its address and token");
  add_output(*command, options->output, true);
  command->footer(
      "Each event's id is where to go on: `--after ID` misses nothing.\n\n"
      "Example: parlance events tail --data ~/desk --types conversation.opened | jq -r .stream");
  command->callback([options, &code] { code = tail(*options); });
}

}  // namespace parlance::tools
