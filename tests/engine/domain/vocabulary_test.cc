#include "engine/domain/vocabulary.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

namespace parlance {
namespace {

TEST_CASE("every channel, priority and role has one name and reads back from it") {
  for (int i = 1; i <= 10; ++i)
    CHECK(parse_channel(to_text(static_cast<Channel>(i))) == static_cast<Channel>(i));
  for (int i = 1; i <= 4; ++i)
    CHECK(parse_priority(to_text(static_cast<Priority>(i))) == static_cast<Priority>(i));
  for (int i = 1; i <= 3; ++i) CHECK(parse_role(to_text(static_cast<Role>(i))) == static_cast<Role>(i));
  std::set<std::string_view> actors;
  for (int i = 0; i <= 4; ++i) actors.insert(to_text(static_cast<ActorKind>(i)));
  CHECK(actors.size() == 5);
}
TEST_CASE("nothing else is a channel, a priority or a role") {
  for (const char* text : {"", "none", "E-mail", "EMAIL", "email ", "mail"})
    CHECK_FALSE(parse_channel(text).has_value());
  for (const char* text : {"", "none", "High", "medium"}) CHECK_FALSE(parse_priority(text).has_value());
  for (const char* text : {"", "none", "Admin", "root"}) CHECK_FALSE(parse_role(text).has_value());
  CHECK(to_text(Channel::none) == "none");
  CHECK(to_text(static_cast<Channel>(200)) == "none");
}
TEST_CASE("scopes are a set") {
  const Scope both = Scope::ingest | Scope::admin;
  CHECK(has(both, Scope::ingest));
  CHECK(has(both, Scope::admin));
  CHECK_FALSE(has(both, Scope::agent));
  CHECK_FALSE(has(Scope::none, Scope::agent));
}

TEST_CASE("a language tag reads as its language and, where it tells two written forms apart, its script") {
  const auto reads = [](std::string_view tag, std::string_view as) {
    CAPTURE(tag);
    CHECK(to_text(parse_language(tag)) == as);
  };
  reads("de", "de");
  reads("DE", "de");
  reads("de-CH", "de");
  reads("pt_BR", "pt");
  reads("en-US-x-private", "en");
  reads("sr-Latn-RS", "sr-Latn");
  reads("sr-cyrl", "sr-Cyrl");
  reads("zh", "zh");
  reads("zh-Hant-TW", "zh-Hant");
  reads("zh-hans", "zh-Hans");
  reads("zh-TW", "zh-Hant");
  reads("zh-hk", "zh-Hant");
  reads("zh-MO", "zh-Hant");
  reads("zh-CN", "zh-Hans");
  reads("zh_SG", "zh-Hans");
  reads("de-TW", "de");
}
TEST_CASE("what is no language of ISO 639-1 is undetermined") {
  for (const char* tag :
       {"", "-", "d", "deu", "xx", "qq-DE", "und", " de", "d ", "d-", "1e", "\xc3\xa4", "a a", "de\xc3"})
    CHECK(parse_language(tag) == Language::und);
}
TEST_CASE("every two-letter language reads back, each with a number of its own") {
  std::set<Language> languages;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      const std::string tag{a, b};
      const Language language = parse_language(tag);
      if (language == Language::und) continue;
      CHECK(to_text(language) == tag);
      CHECK(static_cast<unsigned>(language) == static_cast<unsigned>(1 + (a - 'a') + 26 * (b - 'a')));
      languages.insert(language);
      for (const char* script : {"Hans", "Hant", "Latn", "Cyrl", "Arab"})
        CHECK(to_text(parse_language(tag + '-' + script)) == tag + '-' + script);
    }
  }
  CHECK(languages.size() == 183);
}
TEST_CASE("a stored language that this program has no name for is shown as undetermined") {
  for (const unsigned stored : {0U, 677U, 1023U, 1024U, 6U * 1024 + 1, 65535U})
    CHECK(to_text(static_cast<Language>(stored)) == "und");
}

TEST_CASE("a preview is the start of a text, its white space runs as one space") {
  CHECK(preview_of("Where is my parcel?") == "Where is my parcel?");
  CHECK(preview_of("  Dear\r\n\r\n\tall,\n ") == "Dear all,");
  CHECK(preview_of(" \n\t ").empty());
  CHECK(preview_of("").empty());
  CHECK(preview_of(std::string_view("a\0b", 3)) == "a b");
}
TEST_CASE("a preview is never longer than asked and ends between characters") {
  const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa6 b";  // 1, 2, 3 and 4 bytes, a space, 1 byte
  constexpr std::array<std::size_t, 6> ends{0, 1, 3, 6, 10, 12};
  for (std::size_t limit = 0; limit <= text.size() + 2; ++limit) {
    const std::string preview = preview_of(text, limit);
    CAPTURE(limit);
    CHECK(preview.size() <= limit);
    CHECK(text.starts_with(preview));
    CHECK(std::ranges::find(ends, preview.size()) != ends.end());
  }
  CHECK(preview_of(text, text.size()) == text);
  CHECK(preview_of(std::string(1000, 'x')).size() == preview_text_bytes_max);
}
TEST_CASE("a preview of bytes that are no UTF-8 stays within its limit") {
  for (const std::string_view text : {"\xff\xff\xff", "\xf0", "a\xe2\x82", "\x80\x80\x80\x80\x80"})
    for (std::size_t limit = 0; limit < 6; ++limit) CHECK(preview_of(text, limit).size() <= limit);
}

}  // namespace
}  // namespace parlance
