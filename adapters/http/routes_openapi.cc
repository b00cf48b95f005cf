#include <algorithm>

#include "adapters/http/exchange.h"
#include "adapters/http/openapi.h"

/// The API's document, for whoever writes a client.
namespace parlance::http {
namespace {

void document(const Call& call) {
  const auto files = openapi_files();
  const auto file = std::ranges::find(files, std::string_view(call->request.path).substr(1),
                                      [](const auto& one) { return one.first; });
  HttpResponse out;
  out.type = call->request.path.ends_with(".json") ? "application/json" : "application/yaml";  // RFC 9512
  out.fixed = file->second;
  out.headers.emplace_back("Cache-Control", "no-cache");
  call->respond(std::move(out));
}

}  // namespace

const std::vector<Route>& openapi_routes() {
  static const std::vector<Route> routes{
      {"GET", "/openapi.json", document, Needs::nothing},
      {"GET", "/openapi.yaml", document, Needs::nothing},
  };
  return routes;
}

}  // namespace parlance::http
