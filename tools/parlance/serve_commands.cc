#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/commands.h"
#include "tools/parlance/config.h"
#include "tools/parlance/limits.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"
#include "tools/parlance/server.h"

/// `parlance serve`, and `parlance config`, which says what it would be told.
namespace parlance::tools {
namespace {

struct Told {
  ServeOptions serve;
  std::filesystem::path config;
  std::string log_format = "auto", log_level = "info";
  bool origin = false;
  Output output;
};

void add_serve_options(CLI::App& command, Told& told) {
  ServeOptions& options = told.serve;
  add_config(command, told.config);
  command.add_option("--data", options.data, "The data folder; made on the first start");
  command.add_option("--keys", options.keys, "The keyring's folder (default: DATA/keys)");
  command.add_option("--listen", options.listen, "HOST:PORT; port 0 picks one")->capture_default_str();
  command.add_option("--threads", options.threads, "Serving threads; 0: one a core, at least two")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      .add_option("--log-format", told.log_format,
                  "Of the lines on stderr; auto: text on a terminal, else json")
      ->check(CLI::IsMember({"auto", "json", "text"}))
      ->capture_default_str();
  command
      .add_option("--log-level", told.log_level, "Lines of this level and graver; debug: each request, too")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  const auto seconds = [&command](const char* name, std::int64_t& ms, const char* help) {
    command
        .add_option_function<double>(
            name, [&ms](double value) { ms = static_cast<std::int64_t>(value * 1000); }, help)
        ->check(CLI::Range(0.1, 3600.0))
        ->default_str(fmt::format("{}", static_cast<double>(ms) / 1000));
  };
  seconds("--header-seconds", options.http.header_ms, "For a request's header to come");
  seconds("--idle-seconds", options.http.idle_ms, "Between two requests of a connection");
  seconds("--write-seconds", options.http.write_ms, "For a client to take an answer");
  command.add_option("--body-bytes-per-second", options.http.body_bytes_per_second, "A slower body is cut")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  command.add_option("--connections", options.http.connections, "Open at once, in all")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--connections-per-address", options.http.connections_per_address,
                  "Of one address that is not this machine's")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--session-rate", options.rates.session_per_second, "Requests a second of an agent's page")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command
      .add_option("--sign-ins-per-minute", options.rates.sign_ins_per_minute,
                  "Of one address that is not this machine's")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command
      .add_option("--lookups-per-minute", options.rates.lookups_per_minute,
                  "Of people by their address, of one agent")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command.add_option("--view-lag", options.view_lag, "Records behind the log, beyond which /readyz is 503")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  command
      .add_option("--space-reserve-mib", options.space_reserve_mib,
                  "Kept free on the disk; with less no command is taken, and erasing still is")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command.add_option("--backups", options.backups,
                     "Where backups go that are asked for over HTTP without naming a folder");
}

int run_serve(CLI::App& command, Told& told) {
  const auto configured = configure(command, told.config);
  if (!configured) return report(configured.error());
  if (told.serve.data.empty())
    return report(Failure{Exit::usage,
                          "say which data folder: --data DIR, PARLANCE_DATA, or data = \"DIR\" in the file "
                          "of --config"});
  told.serve.http.stream.write_ms = told.serve.http.write_ms;
  JournalOptions& journal = told.serve.journal;
  journal.format = told.log_format == "json"   ? JournalFormat::json
                   : told.log_format == "text" ? JournalFormat::text
                                               : JournalFormat::by_terminal;
  for (const auto level : {JournalLevel::debug, JournalLevel::info, JournalLevel::warn, JournalLevel::error})
    if (to_text(level) == told.log_level) journal.level = level;
  return serve(told.serve);
}

int print_config(CLI::App& command, Told& told) {
  const auto configured = configure(command, told.config);
  if (!configured) return report(configured.error());
  std::vector<Column> columns{{"key", "key"}, {"value", "value"}};
  if (told.origin) columns.push_back({"origin", "origin"});
  Rows rows(told.output, std::move(columns));
  for (const Configured& one : *configured) {
    json::object row{{"key", one.key}, {"value", one.value}};
    if (told.origin) row["origin"] = one.origin;
    rows.add(std::move(row));
  }
  rows.finish();
  return flush_stdout() ? Exit::done : Exit::failed;
}

int print_limits(CLI::App& command, Told& told) {
  const auto configured = configure(command, told.config);
  if (!configured) return report(configured.error());
  Rows rows(told.output, {{"limit", "name"},
                          {"value", "value"},
                          {"unit", "unit"},
                          {"setting", "setting"},
                          {"what for", "meaning"}});
  for (const Limit& one : limits_of(told.serve))
    rows.add({{"name", one.name},
              {"value", fmt::format("{}", one.value)},
              {"unit", one.unit},
              {"setting", one.setting},
              {"meaning", one.meaning}});
  rows.finish();
  return flush_stdout() ? Exit::done : Exit::failed;
}

}  // namespace

void add_serve_commands(CLI::App& app, int& code) {
  auto told = std::make_shared<Told>();
  CLI::App* serve_command = app.add_subcommand("serve", "Serve the HTTP API and the page from a data folder");
  add_serve_options(*serve_command, *told);
  serve_command->footer(
      "Each option may also stand in the file of --config (listen = \"...\") or in the environment "
      "(PARLANCE_LISTEN).\n\n"
      "Example: parlance serve --data ~/desk --listen 127.0.0.1:8080");
  serve_command->callback([told, serve_command, &code] { code = run_serve(*serve_command, *told); });

  CLI::App* config = app.add_subcommand("config", "What a server is told, and by whom: print, limits");
  config->require_subcommand(1);
  auto printed = std::make_shared<Told>();
  CLI::App* print =
      config->add_subcommand("print", "Print what `parlance serve` with the same words would be told");
  add_serve_options(*print, *printed);
  print->add_flag("--origin", printed->origin, "And where each value comes from");
  add_output(*print, printed->output, false);
  print->footer("Example: parlance config print --origin --config /etc/parlance/parlance.toml");
  auto bounded = std::make_shared<Told>();
  CLI::App* limits =
      config->add_subcommand("limits", "Print every limit of a server, and which setting changes it");
  add_serve_options(*limits, *bounded);
  add_output(*limits, bounded->output, false);
  limits->footer("Example: parlance config limits --output json");
  limits->callback([bounded, limits, &code] { code = print_limits(*limits, *bounded); });
  print->callback([printed, print, &code] { code = print_config(*print, *printed); });
}

}  // namespace parlance::tools
