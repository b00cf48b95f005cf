#include "adapters/http/fields.h"

#include <doctest/doctest.h>

namespace parlance::http {
namespace {

/// A body and the faults found while reading it, as "pointer code" each.
struct Body {
  explicit Body(std::string_view text) : value(*parse_json(text)) {}
  json::value value;
  std::vector<Fault> faults;
  [[nodiscard]] Fields fields(std::string at = "") { return {value, std::move(at), faults}; }
  [[nodiscard]] std::vector<std::string> found() const {
    std::vector<std::string> out;
    for (const Fault& fault : faults) {
      CHECK_FALSE(fault.detail.empty());
      out.push_back(fault.pointer + ' ' + fault.code);
    }
    return out;
  }
};
using Found = std::vector<std::string>;

TEST_CASE("members of every kind read as they were sent") {
  Body body(R"({"text":"Größe","at":"1970-01-01T00:00:01Z","n":-7,"yes":true,"list":[1,2],"any":{"a":1}})");
  Fields fields = body.fields();
  CHECK(fields.text("text", 7) == "Größe");
  CHECK(fields.instant("at") == Instant{1000});
  CHECK(fields.integer("n", -7, 7) == -7);
  CHECK(fields.boolean("yes") == true);
  REQUIRE(fields.array("list", 2) != nullptr);
  CHECK(fields.array("list", 2)->size() == 2);
  REQUIRE(fields.any("any") != nullptr);
  CHECK(fields.has("any"));
  fields.finish();
  CHECK(body.found().empty());
}
TEST_CASE("what is missing or null is not there, and that alone is no fault") {
  Body body(R"({"text":null,"list":null})");
  Fields fields = body.fields();
  CHECK(fields.text("text", 10).empty());
  CHECK_FALSE(fields.instant("at").has_value());
  CHECK_FALSE(fields.integer("n", 0, 1).has_value());
  CHECK_FALSE(fields.boolean("yes").has_value());
  CHECK(fields.array("list", 10) == nullptr);
  CHECK(fields.any("any") == nullptr);
  CHECK_FALSE(fields.has("text"));
  fields.finish();
  CHECK(body.found().empty());
}
TEST_CASE("a required text must be there and not empty") {
  for (const char* text : {"{}", R"({"text":null})", R"({"text":""})"}) {
    Body body(text);
    CHECK(body.fields().text("text", 10, true).empty());
    CHECK(body.found() == Found{"/text required"});
  }
}
TEST_CASE("a text of another kind, too long, or with a NUL is a fault") {
  for (const char* text : {R"({"t":1})", R"({"t":true})", R"({"t":[]})", R"({"t":{}})"}) {
    Body body(text);
    CHECK(body.fields().text("t", 10).empty());
    CHECK(body.found() == Found{"/t not_a_text"});
  }
  Body long_one(R"({"t":"1234567890a"})");
  CHECK(long_one.fields().text("t", 10).empty());
  CHECK(long_one.found() == Found{"/t too_long"});
  Body nul(R"({"t":"a\u0000b"})");
  CHECK(nul.fields().text("t", 10).empty());
  CHECK(nul.found() == Found{"/t nul_character"});
}
TEST_CASE("a length is in bytes, and the longest is taken") {
  Body body(R"({"t":"€€€"})");
  CHECK(body.fields().text("t", 9) == "€€€");
  CHECK(body.found().empty());
  CHECK(body.fields().text("t", 8).empty());
  CHECK(body.found() == Found{"/t too_long"});
}
TEST_CASE("a time that is none says so under the rule that it breaks") {
  Body body(R"({"a":"yesterday","b":"1969-12-31T23:59:59Z","c":1764000000})");
  Fields fields = body.fields();
  CHECK_FALSE(fields.instant("a").has_value());
  CHECK_FALSE(fields.instant("b").has_value());
  CHECK_FALSE(fields.instant("c").has_value());
  CHECK(body.found() == Found{"/a instant.malformed", "/b instant.out_of_range", "/c not_a_text"});
}
TEST_CASE("an integer is whole and within its bounds, these included") {
  const auto reads = [](const char* text) {
    Body body(text);
    const auto n = body.fields().integer("n", -2, 3);
    CHECK(n.has_value() == body.faults.empty());
    if (!n) CHECK(body.found() == Found{"/n not_in_range"});
    return n;
  };
  CHECK(reads(R"({"n":-2})") == -2);
  CHECK(reads(R"({"n":3})") == 3);
  CHECK(reads(R"({"n":-0})") == 0);
  for (const char* text : {R"({"n":-3})", R"({"n":4})", R"({"n":1.5})", R"({"n":1.0})", R"({"n":1e0})",
                           R"({"n":"1"})", R"({"n":true})", R"({"n":[1]})", R"({"n":18446744073709551615})"})
    CHECK_FALSE(reads(text).has_value());
}
TEST_CASE("a boolean is true or false and nothing like it") {
  for (const char* text : {R"({"b":0})", R"({"b":1})", R"({"b":"true"})", R"({"b":[]})"}) {
    Body body(text);
    CHECK_FALSE(body.fields().boolean("b").has_value());
    CHECK(body.found() == Found{"/b not_a_boolean"});
  }
  Body no(R"({"b":false})");
  CHECK(no.fields().boolean("b") == false);
}
TEST_CASE("a list is an array of at most so many") {
  for (const char* text : {R"({"l":[1,2,3]})", R"({"l":{}})", R"({"l":"ab"})"}) {
    Body body(text);
    CHECK(body.fields().array("l", 2) == nullptr);
    CHECK(body.found() == Found{"/l not_a_list"});
  }
}
TEST_CASE("a member that nobody asked for is a fault, so a misspelt one is not lost") {
  Body body(R"({"text":"a","txet":"b","x/y~z":1})");
  Fields fields = body.fields();
  (void)fields.text("text", 10);
  fields.finish();
  CHECK(body.found() == Found{"/txet unknown_member", "/x~1y~0z unknown_member"});
}
TEST_CASE("asking whether a member is there is asking for it") {
  Body body(R"({"a":1,"b":2})");
  Fields fields = body.fields();
  CHECK(fields.has("a"));
  CHECK(fields.any("b") != nullptr);
  fields.finish();
  CHECK(body.found().empty());
}
TEST_CASE("what is no object has one fault, and members asked of it make no more") {
  for (const char* text : {"[]", "null", "1", R"("text")"}) {
    Body body(text);
    Fields fields = body.fields("/commands/3");
    CHECK(fields.text("text", 10, true).empty());
    CHECK_FALSE(fields.integer("n", 0, 1).has_value());
    fields.finish();
    CHECK(body.found() == Found{"/commands/3 not_an_object"});
  }
}
TEST_CASE("every fault is collected, each with the pointer to its place") {
  Body body(R"({"a":1,"b":"x","c":{}})");
  Fields fields = body.fields("/commands/0");
  (void)fields.text("a", 10);
  (void)fields.boolean("b");
  fields.fault("c", "own_rule", "in words");
  (void)fields.text("d", 10, true);
  fields.finish();
  CHECK(body.found() == Found{"/commands/0/a not_a_text", "/commands/0/b not_a_boolean",
                              "/commands/0/c own_rule", "/commands/0/d required",
                              "/commands/0/c unknown_member"});
}

}  // namespace
}  // namespace parlance::http
