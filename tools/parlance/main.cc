#include <exception>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/commands.h"
#include "tools/parlance/demo.h"
#include "tools/parlance/hint.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"
#include "tools/parlance/server.h"
#include "tools/parlance/version.h"

using namespace parlance::tools;

namespace {

void add_serve_command(CLI::App& app, int& code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* serve_command = app.add_subcommand("serve", "Serve the HTTP API and the page from a data folder");
  serve_command->add_option("--data", options->data, "The data folder; made on the first start")->required();
  serve_command->add_option("--keys", options->keys, "The keyring's folder (default: DATA/keys)");
  serve_command->add_option("--listen", options->listen, "HOST:PORT; port 0 picks one")
      ->capture_default_str();
  serve_command->add_option("--threads", options->threads,
                            "Serving threads (default: one a core, at least two)");
  serve_command->footer("Example: parlance serve --data ~/desk --listen 127.0.0.1:8080");
  serve_command->callback([options, &code] { code = serve(*options); });
}

/// The command that the line had come to before it went wrong.
const CLI::App* innermost(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

/// "unknown word; is this meant?"
int unknown_word(const CLI::App& app) {
  const CLI::App* command = innermost(&app);
  const std::vector<std::string> rest = app.remaining(true);
  const std::string word = rest.empty() ? "" : rest.front();
  std::vector<std::string> known;
  if (word.starts_with('-')) {
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  } else {
    for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; }))
      known.push_back(sub->get_name());
  }
  std::string path;
  for (const CLI::App* at = command; at != nullptr; at = at->get_parent())
    path = path.empty() ? at->get_name() : at->get_name() + " " + path;
  const std::string_view near = nearest(word.substr(0, word.find('=')), known);
  fmt::print(stderr, "parlance: `{}` does not know {}", path, printable(word));
  if (!near.empty()) fmt::print(stderr, "; is {} meant?", near);
  fmt::print(stderr, "\n`{} --help` says what there is\n", path);
  return Exit::usage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Parlance: an event-sourced conversation engine for customer service", "parlance"};
  app.set_version_flag("--version", std::string(version));
  app.require_subcommand(0, 1);
  app.footer(exit_codes_help());
  int code = Exit::done;

  add_serve_command(app, code);
  add_demo_command(app, code);
  add_event_commands(app, code);
  add_log_commands(app, code);
  app.add_subcommand("version", "Print the version")->callback([] { fmt::print("parlance {}\n", version); });
  app.add_subcommand("help", "Print this")->callback([&] { fmt::print("{}", app.help()); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return unknown_word(app);
  } catch (const CLI::ParseError& error) {
    const int said = app.exit(error);
    return said == 0 ? Exit::done : Exit::usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "parlance: {}\n", error.what());
    return Exit::failed;
  }
  if (app.get_subcommands().empty()) fmt::print("{}", app.help());
  return code;
}
