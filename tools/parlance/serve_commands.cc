#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/commands.h"
#include "tools/parlance/config.h"
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

  CLI::App* config = app.add_subcommand("config", "What a server is told, and by whom: print");
  config->require_subcommand(1);
  auto printed = std::make_shared<Told>();
  CLI::App* print =
      config->add_subcommand("print", "Print what `parlance serve` with the same words would be told");
  add_serve_options(*print, *printed);
  print->add_flag("--origin", printed->origin, "And where each value comes from");
  add_output(*print, printed->output, false);
  print->footer("Example: parlance config print --origin --config /etc/parlance/parlance.toml");
  print->callback([printed, print, &code] { code = print_config(*print, *printed); });
}

}  // namespace parlance::tools
