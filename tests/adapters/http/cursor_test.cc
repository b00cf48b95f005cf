#include "adapters/http/cursor.h"

#include <doctest/doctest.h>

namespace parlance::http {
namespace {

Key key_of(std::uint8_t first) {
  Key key{};
  key[0] = first;
  return key;
}
const Key key = key_of(1);
const Bytes place{0, 1, 2, 0xfd, 0xfe, 0xff};
constexpr std::string_view about = "GET /v1/conversations state=open";

void refuses(const Key& with, std::string_view of, std::string_view text) {
  CAPTURE(text);
  const auto read = read_cursor(with, of, text);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == Errc::invalid);
  CHECK(read.error().rule == "cursor.unknown");
}

TEST_CASE("a cursor gives back the place it was made of, and the same place the same cursor") {
  for (std::size_t size = 0; size <= 200; ++size) {
    const Bytes bytes(size, static_cast<std::uint8_t>(size));
    const std::string cursor = make_cursor(key, about, bytes);
    CHECK(cursor == make_cursor(key, about, bytes));
    const auto read = read_cursor(key, about, cursor);
    REQUIRE(read.has_value());
    CHECK(*read == bytes);
  }
}
TEST_CASE("a cursor needs no escaping in a URL") {
  for (int i = 0; i < 100; ++i) {
    const std::string cursor = make_cursor(key, about, Bytes(40, static_cast<std::uint8_t>(i * 7)));
    CHECK(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
  }
}
TEST_CASE("a cursor of another list, another filter or another key is unknown") {
  const std::string cursor = make_cursor(key, about, place);
  refuses(key, "GET /v1/conversations state=closed", cursor);
  refuses(key, "", cursor);
  refuses(key_of(2), about, cursor);
}
TEST_CASE("what a cursor is about and where it points do not run into each other") {
  refuses(key, "ab", make_cursor(key, "a", as_bytes("b")));
  refuses(key, "a", make_cursor(key, "ab", {}));
}
TEST_CASE("a cursor with any character changed, cut anywhere or longer is unknown") {
  const std::string cursor = make_cursor(key, about, place);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    refuses(key, about, changed);
    refuses(key, about, std::string_view(cursor).substr(0, i));
  }
  refuses(key, about, cursor + 'A');
  refuses(key, about, cursor + "AAAA");
}
TEST_CASE("one place has one cursor: other spellings of its characters are unknown") {
  const std::string cursor =
      make_cursor(key, about, Bytes{1});  // 17 bytes: the last character has four idle bits
  std::size_t taken = 0;
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
    if (read_cursor(key, about, cursor.substr(0, cursor.size() - 1) + c).has_value()) ++taken;
  CHECK(taken == 1);
  refuses(key, about, cursor + '=');
  refuses(key, about, cursor + "==");
  refuses(key, about, ' ' + cursor);
  refuses(key, about, cursor + '\n');
  refuses(key, about, cursor + '\0');
}
TEST_CASE("what never was a cursor is unknown") {
  for (const std::string_view text :
       {"", "A", "AAAA", "not a cursor", "====", "\xff\xff\xff", "%41", "AAAAAAAAAAAAAAAAAAAAAA"})
    refuses(key, about, text);
  refuses(key, about, std::string(512, 'A'));
  refuses(key, about, std::string(1'000'000, 'A'));
}

}  // namespace
}  // namespace parlance::http
