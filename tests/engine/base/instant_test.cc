#include "engine/base/instant.h"

#include <chrono>

#include <doctest/doctest.h>

#include "tests/support/print.h"

namespace parlance {
namespace {

std::int64_t ms_of(std::string_view text) {
  const auto parsed = parse_rfc3339(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return parsed->ms;
}
void refuses(std::string_view text, std::string_view rule = "instant.malformed") {
  CAPTURE(text);
  const auto parsed = parse_rfc3339(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::invalid);
  CHECK(parsed.error().rule == rule);
}

// Seconds by `date -u -d <time> +%s`.
TEST_CASE("known times are so many milliseconds since 1970") {
  CHECK(ms_of("1970-01-01T00:00:00Z") == 0);
  CHECK(ms_of("2000-02-29T12:00:00Z") == 951'825'600'000);
  CHECK(ms_of("2001-09-09T01:46:40Z") == 1'000'000'000'000);
  CHECK(ms_of("2026-11-22T13:21:00Z") == 1'795'353'660'000);
  CHECK(ms_of("2038-01-19T03:14:08Z") == 2'147'483'648'000);
  CHECK(ms_of("2199-12-31T23:59:59.999Z") == instant_max.ms);
}
TEST_CASE("a time is written in UTC with milliseconds, and its day is the UTC day") {
  CHECK(to_rfc3339({0}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339({1'795'353'660'007}) == "2026-11-22T13:21:00.007Z");
  CHECK(to_rfc3339(instant_max) == "2199-12-31T23:59:59.999Z");
  CHECK(to_day({1'795'353'660'007}) == "2026-11-22");
}
TEST_CASE("times before 1970 are written too") {
  CHECK(to_rfc3339({-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(to_rfc3339({-86'400'000}) == "1969-12-31T00:00:00.000Z");
  CHECK(to_rfc3339({-86'400'001}) == "1969-12-30T23:59:59.999Z");
  CHECK(to_day({-1}) == "1969-12-31");
}
TEST_CASE("every day from 1970 to 2199 reads back, and agrees with the standard library's calendar") {
  using namespace std::chrono;
  for (sys_days day = sys_days{1970y / January / 1}; day <= sys_days{2199y / December / 31}; day += days{1}) {
    const Instant at{duration_cast<milliseconds>(day.time_since_epoch()).count() + 45'296'789};
    const year_month_day date{day};
    const std::string text = to_rfc3339(at);
    REQUIRE(parse_rfc3339(text) == Result<Instant>(at));
    REQUIRE(std::stoi(text.substr(0, 4)) == static_cast<int>(date.year()));
    REQUIRE(std::stoul(text.substr(5, 2)) == static_cast<unsigned>(date.month()));
    REQUIRE(std::stoul(text.substr(8, 2)) == static_cast<unsigned>(date.day()));
    REQUIRE(text.substr(10) == "T12:34:56.789Z");
  }
}
TEST_CASE("February has 29 days in leap years: every fourth, not the hundredth") {
  CHECK(ms_of("2024-02-29T00:00:00Z") + 86'400'000 == ms_of("2024-03-01T00:00:00Z"));
  CHECK(ms_of("2000-02-29T00:00:00Z") + 86'400'000 == ms_of("2000-03-01T00:00:00Z"));
  CHECK(ms_of("2100-02-28T00:00:00Z") + 86'400'000 == ms_of("2100-03-01T00:00:00Z"));
  refuses("2023-02-29T00:00:00Z");
  refuses("2100-02-29T00:00:00Z");
}
TEST_CASE("a day or a month that does not exist is refused") {
  for (const char* date : {"2026-00-10", "2026-13-10", "2026-01-00", "2026-01-32", "2026-04-31", "2026-06-31",
                           "2026-09-31", "2026-11-31", "2026-02-30", "2026-99-99"})
    refuses(std::string(date) + "T00:00:00Z");
}
TEST_CASE("an offset is subtracted, up to a day either way") {
  const std::int64_t noon = ms_of("2026-11-22T12:00:00Z");
  CHECK(ms_of("2026-11-22T13:00:00+01:00") == noon);
  CHECK(ms_of("2026-11-22T04:00:00-08:00") == noon);
  CHECK(ms_of("2026-11-22T17:30:00+05:30") == noon);
  CHECK(ms_of("2026-11-22T17:45:00+05:45") == noon);
  CHECK(ms_of("2026-11-22T12:00:00+00:00") == noon);
  CHECK(ms_of("2026-11-22T12:00:00-00:00") == noon);
  CHECK(ms_of("2026-11-23T11:59:00+23:59") == noon);
  CHECK(ms_of("2025-12-31T23:30:00-01:00") == ms_of("2026-01-01T00:30:00Z"));
  CHECK(ms_of("1969-12-31T23:00:00-01:00") == 0);
}
TEST_CASE("up to nine fractional digits are cut to milliseconds, not rounded") {
  CHECK(ms_of("1970-01-01T00:00:00.1Z") == 100);
  CHECK(ms_of("1970-01-01T00:00:00.12Z") == 120);
  CHECK(ms_of("1970-01-01T00:00:00.123Z") == 123);
  CHECK(ms_of("1970-01-01T00:00:00.1239Z") == 123);
  CHECK(ms_of("1970-01-01T00:00:00.999999999Z") == 999);
  CHECK(ms_of("1970-01-01T00:00:00.000000001Z") == 0);
  refuses("1970-01-01T00:00:00.Z");
  refuses("1970-01-01T00:00:00.1234567890Z");
}
TEST_CASE("letters may be small, and a space may stand for the T") {
  CHECK(ms_of("1970-01-01t00:00:01z") == 1000);
  CHECK(ms_of("1970-01-01 00:00:01Z") == 1000);
}
TEST_CASE(
    "a leap second is the next day's first, and stands only where one may be: at the end of a UTC day") {
  CHECK(ms_of("2016-12-31T23:59:60Z") == ms_of("2017-01-01T00:00:00Z"));
  CHECK(ms_of("2017-01-01T00:59:60+01:00") == ms_of("2017-01-01T00:00:00Z"));
  refuses("2016-12-31T12:00:60Z");
  refuses("2016-12-31T23:59:60+01:00");
  refuses("2016-12-31T23:59:61Z");
}
TEST_CASE("what is no RFC 3339 time is refused") {
  for (const std::string_view text :
       std::initializer_list<std::string_view>{"",
                                               "now",
                                               "2026",
                                               "2026-11-22",
                                               "2026-11-22T",
                                               "2026-11-22T12",
                                               "2026-11-22T12:00",
                                               "2026-11-22T12:00Z",
                                               "2026-11-22T12:00:00",
                                               "2026-11-22T12:00:00+",
                                               "2026-11-22T12:00:00+01",
                                               "2026-11-22T12:00:00+0100",
                                               "2026-11-22T12:00:00+1:00",
                                               "2026-11-22T12:00:00+24:00",
                                               "2026-11-22T12:00:00+00:60",
                                               "2026-11-22T12:00:00 +01:00",
                                               "2026-11-22T12:00:00Z ",
                                               " 2026-11-22T12:00:00Z",
                                               "2026-11-22T12:00:00ZZ",
                                               "2026-11-22T12:00:00Z+01:00",
                                               "2026-11-22T24:00:00Z",
                                               "2026-11-22T12:60:00Z",
                                               "26-11-22T12:00:00Z",
                                               "02026-11-22T12:00:00Z",
                                               "+2026-11-22T12:00:00Z",
                                               "-2026-11-22T12:00:00Z",
                                               "2026-1-22T12:00:00Z",
                                               "2026-11-2T12:00:00Z",
                                               "2026/11/22T12:00:00Z",
                                               "20261122T120000Z",
                                               "2026-11-22T12.00.00Z",
                                               "2026-11-22T12:00:00,5Z",
                                               "2026-11-22T12:00:0aZ",
                                               "1795353660",
                                               "2026-11-22_12:00:00Z",
                                               "2026-W47-7T12:00:00Z",
                                               "2026-326T12:00:00Z",
                                               "Sun, 22 Nov 2026 12:00:00 GMT",
                                               std::string_view("2026-11-22T12:00:00Z\0", 21),
                                               "\xef\xbc\x92"
                                               "026-11-22T12:00:00Z"})
    refuses(text);
}
TEST_CASE("times outside 1970 to 2199 are refused under a rule of their own, by a millisecond too") {
  refuses("1969-12-31T23:59:59.999Z", "instant.out_of_range");
  refuses("1970-01-01T00:00:00+00:01", "instant.out_of_range");
  refuses("2200-01-01T00:00:00Z", "instant.out_of_range");
  refuses("2199-12-31T23:59:59-00:01", "instant.out_of_range");
  refuses("2199-12-31T23:59:60Z", "instant.out_of_range");
  refuses("0000-01-01T00:00:00Z", "instant.out_of_range");
  refuses("0001-01-01T00:00:00+23:59", "instant.out_of_range");
  refuses("9999-12-31T23:59:59Z", "instant.out_of_range");
}
TEST_CASE("instants add and subtract milliseconds") {
  CHECK(Instant{5} + 7 == Instant{12});
  CHECK(Instant{5} - Instant{7} == -2);
  CHECK(Instant{5} < Instant{6});
}

}  // namespace
}  // namespace parlance
