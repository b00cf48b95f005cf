// What the routes answer over stored bytes that are not there: never as if there had been nothing.
#include <doctest/doctest.h>

#include "tests/adapters/http/api_desk.h"
#include "tests/support/print.h"

namespace json = boost::json;
using namespace parlance;
using parlance::tests::ApiDesk;

namespace {

http::HttpResponse ask(ApiDesk& desk, std::string_view method, std::string_view target,
                       json::object body = {}) {
  http::HttpRequest request;
  request.method = method;
  REQUIRE(http::parse_target(target, request));
  if (method == "POST") {
    request.headers.emplace_back("idempotency-key", "key of " + std::string(target));
    request.body = json::serialize(body);
  }
  return desk.answer(std::move(request));
}
json::value asked(ApiDesk& desk, const std::string& target) {
  const auto answer = ask(desk, "GET", target);
  REQUIRE(answer.status == 200);
  return json::parse(answer.body);
}

/// Whether `got` is `whole`, but for what says that it cannot be read: null, or of a thing that is named all but its name.
bool same_but_closed(const json::value& got, const json::value& whole) {
  if (got.is_null() || got == whole) return true;
  if (const auto* list = got.if_array()) {
    const auto* of = whole.if_array();
    return of != nullptr && list->size() == of->size() &&
           std::equal(list->begin(), list->end(), of->begin(), same_but_closed);
  }
  const auto* object = got.if_object();
  const auto* of = whole.if_object();
  if (object == nullptr || of == nullptr) return false;
  if (const auto* state = object->if_contains("personal"); state != nullptr && *state == "unavailable")
    return object->contains("id") == of->contains("id") &&
           (!of->contains("id") || object->at("id") == of->at("id"));
  return object->size() == of->size() && std::ranges::all_of(*object, [&](const auto& member) {
           const auto* other = of->if_contains(member.key());
           return other != nullptr && same_but_closed(member.value(), *other);
         });
}

}  // namespace

TEST_CASE("whichever sealed text or key is out of reach, an answer says so and never leaves it out") {
  ApiDesk desk;
  const std::string conversation = "/v1/conversations/" + desk.known().at("$cnv");
  const json::array files{{{"name", "photo.png"}, {"type", "image/png"}, {"data", "aGVsbG8="}}};
  REQUIRE(ask(desk, "POST", "/v1/inbound",
              {{"channel", "email"},
               {"account", "shop"},
               {"message_id", "m2"},
               {"from", {{"address", "ada@example.com"}, {"name", "Ada"}}},
               {"text", "see the picture"},
               {"thread", desk.known().at("$cnv")},
               {"attachments", files}})
              .status == 201);
  REQUIRE(ask(desk, "POST", conversation + "/reply", {{"text", "we do"}, {"attachments", files}}).status ==
          201);
  REQUIRE(ask(desk, "POST", conversation + "/note", {{"text", "a crack"}, {"attachments", files}}).status ==
          201);
  const std::vector<std::string> targets{conversation, conversation + "/timeline?limit=200",
                                         "/v1/conversations?sort=oldest",
                                         "/v1/subjects/" + desk.known().at("$sub")};
  std::vector<json::value> whole;
  for (const std::string& target : targets) whole.push_back(asked(desk, target));

  std::size_t closed = 0, files_closed = 0;
  for (const VaultFamily family : {VaultFamily::capsules, VaultFamily::rows}) {
    std::vector<VaultRow> rows;
    REQUIRE(desk.vault().scan(family, [&](ByteView key, ByteView value) {
      rows.push_back({family, Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
      return true;
    }));
    for (const VaultRow& row : rows) {
      REQUIRE(desk.vault().write({}, {row}));
      for (std::size_t at = 0; at < targets.size(); ++at) {
        const json::value got = asked(desk, targets[at]);
        CAPTURE(targets[at]);
        CAPTURE(json::serialize(got));
        CAPTURE(json::serialize(whole[at]));
        CHECK(same_but_closed(got, whole[at]));
        closed += got != whole[at];
        files_closed += json::serialize(got).find("\"attachments\":null") != std::string::npos;
      }
      REQUIRE(desk.vault().write({row}, {}));
    }
  }
  CHECK(closed >= 6);
  CHECK(files_closed >= 3);
}
