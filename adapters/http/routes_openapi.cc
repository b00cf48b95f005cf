#include <algorithm>

#include "adapters/http/api_document.h"
#include "adapters/http/exchange.h"
#include "adapters/http/openapi.h"

/// The API's document, for whoever writes a client.
namespace parlance::http {
namespace {

void answer(const Call& call, std::string_view type, bool yaml) {
  HttpResponse out;
  out.type = type;
  out.fixed = api_document(yaml);
  out.headers.emplace_back("Cache-Control", "no-cache");
  call->respond(std::move(out));
}
void json_document(const Call& call) { answer(call, "application/json", false); }
void yaml_document(const Call& call) { answer(call, "application/yaml", true); }  // RFC 9512

std::string_view to_text(Needs needs) {
  switch (needs) {
    case Needs::nothing: return "nothing";
    case Needs::signed_in: return "token";
    case Needs::agent: return "agent";
    case Needs::ingest: return "ingest,import";
    case Needs::admin: return "admin";
    case Needs::import: return "import";
    case Needs::files: return "agent,ingest,import";
  }
  return "admin";
}

}  // namespace

std::string_view api_document(bool yaml) {
  const auto files = openapi_files();
  return std::ranges::find(files, yaml ? "openapi.yaml" : "openapi.json",
                           [](const auto& f) { return f.first; })
      ->second;
}

std::vector<RouteLine> route_lines() {
  std::vector<RouteLine> out;
  for (const Route& route : all_routes()) out.push_back({route.method, route.pattern, to_text(route.needs)});
  return out;
}

const std::vector<Route>& openapi_routes() {
  static const std::vector<Route> routes{
      {"GET", "/openapi.json", json_document, Needs::nothing},
      {"GET", "/openapi.yaml", yaml_document, Needs::nothing},
  };
  return routes;
}

}  // namespace parlance::http
