#include "adapters/http/message.h"

#include <string_view>

#include <doctest/doctest.h>

namespace parlance::http {
namespace {

using namespace std::string_view_literals;
using Query = std::map<std::string, std::string>;

HttpRequest split(std::string_view target) {
  HttpRequest out;
  CAPTURE(target);
  REQUIRE(parse_target(target, out));
  return out;
}
void refuses(std::string_view target) {
  HttpRequest out;
  CAPTURE(target);
  CHECK_FALSE(parse_target(target, out));
}

TEST_CASE("a target is a path and a query") {
  const HttpRequest request = split("/v1/conversations?state=open&limit=50");
  CHECK(request.target == "/v1/conversations?state=open&limit=50");
  CHECK(request.path == "/v1/conversations");
  CHECK(request.query == Query{{"limit", "50"}, {"state", "open"}});
}
TEST_CASE("a target without a query has none, whatever stood there before") {
  HttpRequest request = split("/a?b=c");
  REQUIRE(parse_target("/d", request));
  CHECK(request.path == "/d");
  CHECK(request.query.empty());
  CHECK(split("/").path == "/");
  CHECK(split("/?").query.size() <= 1);
}
TEST_CASE("path and query are decoded, once") {
  CHECK(split("/a%20b/%C3%A4").path == "/a b/\xc3\xa4");
  CHECK(split("/a%2520b").path == "/a%20b");
  CHECK(split("/q?a%3Db=c%26d%3D%25").query == Query{{"a=b", "c&d=%"}});
}
TEST_CASE("a plus is a space in a query, as forms send it, and a plus in a path") {
  CHECK(split("/a+b?q=c+d").path == "/a+b");
  CHECK(split("/a?q=c+d").query == Query{{"q", "c d"}});
  CHECK(split("/a?q=c%2Bd").query == Query{{"q", "c+d"}});
}
TEST_CASE("a parameter may be empty or stand without a value") {
  CHECK(split("/a?q=").query == Query{{"q", ""}});
  CHECK(split("/a?q").query == Query{{"q", ""}});
  CHECK(split("/a?q=1=2").query == Query{{"q", "1=2"}});
}
TEST_CASE("filters may come several in one request, in their order") {
  CHECK(split("/a?q=1&x=y&%71=2&q=1").all_q == std::vector<std::string>{"1", "2", "1"});
  CHECK(split("/a?q=1&q=2").query == Query{{"q", "1"}});
  CHECK(split("/a?x=1").all_q.empty());
}

TEST_CASE("the same parameter twice says two things and is refused, also in another spelling") {
  refuses("/a?x=1&x=2");
  refuses("/a?x=1&x=1");
  refuses("/a?x=1&%78=2");
  refuses("/a?&");
}
TEST_CASE("a path is kept as it is: nothing in it is resolved") {
  CHECK(split("/a/../b").path == "/a/../b");
  CHECK(split("/a/%2e%2e/b").path == "/a/../b");
  CHECK(split("//evil.example/a").path == "//evil.example/a");
  CHECK(split("/a%2Fb").path == "/a/b");
}
TEST_CASE("a NUL is refused, in the path and in the query") {
  refuses("/a%00b");
  refuses("/a\0b"sv);
  refuses("/a?q=%00");
  refuses("/a?%00=1");
}
TEST_CASE("bytes that decode to no UTF-8 are refused, in the path and in the query") {
  for (const char* bytes : {"%FF", "%80", "%C3", "%C0%AF", "%ED%A0%80", "%F4%90%80%80"}) {
    refuses(std::string("/a") + bytes);
    refuses(std::string("/a?q=") + bytes);
    refuses(std::string("/a?") + bytes + "=1");
  }
}
TEST_CASE("what is no origin form is refused") {
  for (const std::string_view target : {""sv,
                                        "*"sv,
                                        "a"sv,
                                        "?q=1"sv,
                                        "#f"sv,
                                        "http://example.org/"sv,
                                        "example.org:443"sv,
                                        "/a b"sv,
                                        "/a\r\nX: y"sv,
                                        "/a#fragment"sv,
                                        "/a?q=1#f"sv,
                                        "/%"sv,
                                        "/%4"sv,
                                        "/%zz"sv,
                                        "/a?q=%"sv,
                                        "/a?q=%4"sv,
                                        "/\xc3\xa4"sv,
                                        "/a?q=\xff"sv,
                                        "/a<b>"sv,
                                        "/a\"b"sv,
                                        "/a\\b"sv,
                                        "/a^b"sv,
                                        "/a`b"sv,
                                        "/a{b}"sv,
                                        "/a|b"sv,
                                        "/a?q=\t"sv,
                                        "/\x7f"sv})
    refuses(target);
}
TEST_CASE("a target of 4 KiB is taken, one byte more is not") {
  CHECK(split('/' + std::string(4095, 'a')).path.size() == 4096);
  refuses('/' + std::string(4096, 'a'));
}
TEST_CASE("a header is found by its name in lower case, the first of several") {
  HttpRequest request;
  request.headers = {{"accept", "a"}, {"x", "1"}, {"x", "2"}};
  CHECK(request.header("x") == "1");
  CHECK(request.header("accept") == "a");
  CHECK(request.header("X").empty());
  CHECK(request.header("y").empty());
}

}  // namespace
}  // namespace parlance::http
