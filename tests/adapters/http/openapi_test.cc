#include "adapters/http/openapi.h"

#include <map>
#include <set>
#include <string>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include "schemas/envelope.h"
#include "tests/support/print.h"

using namespace parlance;
namespace json = boost::json;

namespace {

std::map<std::string, std::string_view> files() {
  std::map<std::string, std::string_view> out;
  for (const auto& [path, bytes] : openapi_files()) out.emplace(path, bytes);
  return out;
}

}  // namespace

TEST_CASE("the API's document names every type of event, and no other") {
  const json::value document = json::parse(files().at("openapi.json"));
  std::set<std::string> named;
  for (const json::value& type :
       document.at("components").at("schemas").at("EventType").at("enum").as_array())
    named.emplace(type.as_string().data(), type.as_string().size());
  std::set<std::string> known;
  for (unsigned category = 1; category < 64; ++category)
    for (unsigned member = 1; member < 256; ++member) {
      const std::string name(kind_name(static_cast<EventKind>(category << 8 | member)));
      if (name == "unknown") break;
      known.insert(name);
    }
  CHECK(named == known);
}

TEST_CASE("what is built in of the document has neither anchors nor what its source shares") {
  const auto built = files();
  REQUIRE(built.size() == 2);
  CHECK(built.at("openapi.yaml").starts_with("openapi: 3.1.0"));
  CHECK(built.at("openapi.yaml").find("<<:") == std::string_view::npos);
  CHECK(built.at("openapi.yaml").find("\nx-") == std::string_view::npos);
  const json::value document = json::parse(built.at("openapi.json"));
  CHECK(document.at("openapi") == "3.1.0");
  for (const auto& member : document.as_object()) CHECK_FALSE(std::string(member.key()).starts_with("x-"));
}
