#include "adapters/http/openapi.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include "adapters/http/event_facts.h"
#include "adapters/http/exchange.h"
#include "tests/support/print.h"

using namespace parlance;
using namespace parlance::http;

namespace {

const json::object& document() {
  static const json::value parsed = [] {
    for (const auto& [path, bytes] : openapi_files())
      if (path == "openapi.json") return json::parse(bytes);
    return json::value();
  }();
  return parsed.as_object();
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string().data(), value.as_string().size());
}

/// "GET /v1/queues" to the operation.
std::map<std::string, const json::object*> operations() {
  const std::map<std::string, std::string, std::less<>> methods{
      {"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}};
  std::map<std::string, const json::object*> out;
  for (const auto& path : document().at("paths").as_object())
    for (const auto& member : path.value().as_object())
      if (const auto method = methods.find(std::string(member.key())); method != methods.end())
        out.emplace(method->second + " " + std::string(path.key()), &member.value().as_object());
  return out;
}

std::string name_of(const Route& route) {
  return std::string(route.method) + " " + std::string(route.pattern);
}

/// The scopes of which a token needs one, as the document says it: beside each of its two schemes the same.
json::value security_of(Needs needs) {
  const auto of = [](const json::array& scopes) {
    return json::array{json::object{{"bearer", scopes}}, json::object{{"session", scopes}}};
  };
  switch (needs) {
    case Needs::nothing: return json::array{};
    case Needs::signed_in: return of({});
    case Needs::agent: return of({"agent"});
    case Needs::ingest: return of({"ingest", "import"});
    case Needs::admin: return of({"admin"});
    case Needs::import: return of({"import"});
  }
  return nullptr;
}

}  // namespace

TEST_CASE("every route is in the API's document, and every operation of it is a route") {
  const auto described = operations();
  std::set<std::string> routes;
  for (const Route& route : all_routes()) {
    INFO(name_of(route));
    CHECK(routes.insert(name_of(route)).second);
    CHECK(described.contains(name_of(route)));
  }
  for (const auto& [name, operation] : described) {
    INFO(name);
    CHECK(routes.contains(name));
  }
  CHECK(routes.size() > 100);
}

TEST_CASE("the API's document says who may use a route") {
  const auto described = operations();
  for (const Route& route : all_routes()) {
    // An upload looks at its token itself, before its body comes.
    if (route.body != nullptr) continue;
    const auto operation = described.find(name_of(route));
    if (operation == described.end()) continue;
    const json::value* own = operation->second->if_contains("security");
    INFO(name_of(route));
    CHECK(json::serialize(own == nullptr ? document().at("security") : *own) ==
          json::serialize(security_of(route.needs)));
  }
}

TEST_CASE("the API's document names every type of event") {
  std::set<std::string> named;
  for (const json::value& type :
       document().at("components").at("schemas").at("EventType").at("enum").as_array())
    named.insert(text_of(type));
  for (const std::string& name : named) {
    INFO(name);
    CHECK(kind_of_name(name) != 0);
  }
  for (unsigned category = 1; category < 64; ++category)
    for (unsigned member = 1; member < 256; ++member) {
      const std::string name(kind_name(static_cast<EventKind>(category << 8 | member)));
      if (name == "unknown") break;
      INFO(name);
      CHECK(named.contains(name));
    }
}

TEST_CASE("operations have names of their own") {
  std::set<std::string> ids;
  for (const auto& [name, operation] : operations()) {
    INFO(name);
    CHECK(ids.insert(text_of(operation->at("operationId"))).second);
  }
}

TEST_CASE("the document is served in JSON and in YAML, without what its source shares") {
  std::map<std::string, std::string_view> files;
  for (const auto& [path, bytes] : openapi_files()) files.emplace(path, bytes);
  REQUIRE(files.size() == 2);
  CHECK(files.at("openapi.yaml").starts_with("openapi: 3.1.0"));
  CHECK(files.at("openapi.yaml").find("<<:") == std::string_view::npos);
  CHECK(text_of(document().at("openapi")) == "3.1.0");
  for (const auto& member : document()) CHECK_FALSE(std::string(member.key()).starts_with("x-"));
}
