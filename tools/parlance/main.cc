#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/report.h"
#include "tools/parlance/server.h"
#include "tools/parlance/version.h"

using namespace parlance::tools;

int main(int argc, char** argv) {
  CLI::App app{"Parlance: an event-sourced conversation engine for customer service", "parlance"};
  app.set_version_flag("--version", std::string(version));
  app.require_subcommand(0, 1);
  int code = Exit::done;

  ServeOptions serving;
  CLI::App* serve_command = app.add_subcommand("serve", "Serve the HTTP API and the page from a data folder");
  serve_command->add_option("--data", serving.data, "The data folder; made on the first start")->required();
  serve_command->add_option("--keys", serving.keys, "The keyring's folder (default: DATA/keys)");
  serve_command->add_option("--listen", serving.listen, "HOST:PORT; port 0 picks one")->capture_default_str();
  serve_command->add_option("--threads", serving.threads, "Serving threads (default: one a core, at least two)");
  serve_command->footer("Example: parlance serve --data ~/desk --listen 127.0.0.1:8080");
  serve_command->callback([&] { code = serve(serving); });

  app.add_subcommand("version", "Print the version")->callback([] { fmt::print("parlance {}\n", version); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int said = app.exit(error);
    return said == 0 ? Exit::done : Exit::usage;
  }
  if (app.get_subcommands().empty()) fmt::print("{}", app.help());
  return code;
}
