#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "adapters/http/api_document.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"

/// `parlance openapi`: the API's document without a server.
namespace parlance::tools {

void add_openapi_command(CLI::App& app, int& code) {
  struct Options {
    bool yaml = false;
    bool routes = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("openapi", "Print the description of the HTTP API, in OpenAPI 3.1");
  auto* yaml = command->add_flag("--yaml", options->yaml, "In YAML instead of JSON");
  command
      ->add_flag("--routes", options->routes,
                 "Instead, each route that a server has: method, path, the scopes of which a token needs one")
      ->excludes(yaml);
  command->footer(
      "Examples:\n"
      "  parlance openapi > openapi.json\n"
      "  parlance openapi --routes");
  command->callback([options, &code] {
    if (options->routes)
      for (const http::RouteLine& route : http::route_lines())
        fmt::print("{} {} {}\n", route.method, route.path, route.needs);
    else
      fmt::print("{}\n", http::api_document(options->yaml));
    code = flush_stdout() ? Exit::done : Exit::failed;
  });
}

}  // namespace parlance::tools
