#include "adapters/http/zones.h"

#include <doctest/doctest.h>

using namespace parlance;
using namespace parlance::http;

namespace {
Zone zone(const char* name) {
  auto found = Zone::find(name);
  REQUIRE_MESSAGE(found.has_value(), name);
  return *found;
}
Instant at(const char* text) { return *parse_rfc3339(text); }
}  // namespace

TEST_CASE("a zone is known by its IANA name") {
  for (const char* name : {"UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"}) (void)zone(name);
  for (const std::string name : {"", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime",
                                 "europe/berlin", "Europe/Berlin ", "+01:00"}) {
    const auto found = Zone::find(name);
    REQUIRE_MESSAGE(!found.has_value(), name);
    CHECK(found.error().rule == "time_zone.unknown");
  }
  CHECK(!Zone::find(std::string(1000, 'A')).has_value());
}

TEST_CASE("a local day begins at local midnight, also when it has 23 or 25 hours") {
  const auto days = zone("Europe/Berlin").days(at("2026-03-28T12:00:00Z"), at("2026-03-30T12:00:00Z"));
  REQUIRE(days.has_value());
  CHECK(*days == std::vector<LocalTime>{{at("2026-03-27T23:00:00Z"), "2026-03-28"},
                                        {at("2026-03-28T23:00:00Z"), "2026-03-29"},
                                        {at("2026-03-29T22:00:00Z"), "2026-03-30"}});
  const auto autumn = zone("Europe/Berlin").days(at("2026-10-25T00:00:00Z"), at("2026-10-26T00:00:00Z"));
  REQUIRE(autumn.has_value());
  CHECK(*autumn == std::vector<LocalTime>{{at("2026-10-24T22:00:00Z"), "2026-10-25"},
                                          {at("2026-10-25T23:00:00Z"), "2026-10-26"}});
}

TEST_CASE("where clocks skip midnight the day begins at the change") {
  // Chile, 2026-09-06: from 00:00 to 01:00.
  const auto days = zone("America/Santiago").days(at("2026-09-06T12:00:00Z"), at("2026-09-06T13:00:00Z"));
  REQUIRE(days.has_value());
  CHECK(*days == std::vector<LocalTime>{{at("2026-09-06T04:00:00Z"), "2026-09-06"}});
}

TEST_CASE("a day that a zone left out is none") {
  // Samoa went from 29 to 31 December 2011.
  const auto days = zone("Pacific/Apia").days(at("2011-12-29T12:00:00Z"), at("2011-12-31T12:00:00Z"));
  REQUIRE(days.has_value());
  std::vector<std::string> keys;
  for (const LocalTime& d : *days) keys.push_back(d.key);
  CHECK(keys == std::vector<std::string>{"2011-12-29", "2011-12-31", "2012-01-01"});
}

TEST_CASE("the hour that comes twice is two hours, and the one that is skipped is none") {
  const auto back = zone("Europe/Berlin").hours(at("2026-10-24T23:30:00Z"), at("2026-10-25T02:10:00Z"));
  REQUIRE(back.has_value());
  CHECK(*back == std::vector<LocalTime>{{at("2026-10-24T23:00:00Z"), "2026-10-25T01:00+02:00"},
                                        {at("2026-10-25T00:00:00Z"), "2026-10-25T02:00+02:00"},
                                        {at("2026-10-25T01:00:00Z"), "2026-10-25T02:00+01:00"},
                                        {at("2026-10-25T02:00:00Z"), "2026-10-25T03:00+01:00"}});
  const auto forth = zone("Europe/Berlin").hours(at("2026-03-29T00:30:00Z"), at("2026-03-29T01:10:00Z"));
  REQUIRE(forth.has_value());
  CHECK(*forth == std::vector<LocalTime>{{at("2026-03-29T00:00:00Z"), "2026-03-29T01:00+01:00"},
                                         {at("2026-03-29T01:00:00Z"), "2026-03-29T03:00+02:00"}});
}

TEST_CASE("hours of a zone that is off by half an hour, and clocks that change by one") {
  const auto india = zone("Asia/Kolkata").hours(at("2026-11-01T00:00:00Z"), at("2026-11-01T01:00:00Z"));
  REQUIRE(india.has_value());
  CHECK(*india == std::vector<LocalTime>{{at("2026-10-31T23:30:00Z"), "2026-11-01T05:00+05:30"},
                                         {at("2026-11-01T00:30:00Z"), "2026-11-01T06:00+05:30"}});
  // Lord Howe, 2026-04-05: at 02:00 back by half an hour.
  const auto howe = zone("Australia/Lord_Howe").hours(at("2026-04-04T14:00:00Z"), at("2026-04-04T16:00:00Z"));
  REQUIRE(howe.has_value());
  CHECK(*howe == std::vector<LocalTime>{{at("2026-04-04T14:00:00Z"), "2026-04-05T01:00+11:00"},
                                        {at("2026-04-04T15:00:00Z"), "2026-04-05T01:00+10:30"},
                                        {at("2026-04-04T15:30:00Z"), "2026-04-05T02:00+10:30"}});
}

TEST_CASE("a day as a time is where it begins in the zone") {
  CHECK(*zone("Europe/Berlin").parse("2026-11-01") == at("2026-10-31T23:00:00Z"));
  CHECK(*zone("America/New_York").parse("2026-11-01") == at("2026-11-01T04:00:00Z"));
  CHECK(*zone("America/New_York").parse("2026-11-01T10:00:00+01:00") == at("2026-11-01T09:00:00Z"));
  CHECK(*zone("UTC").day_of(at("2026-11-01T23:59:59.999Z")) == at("2026-11-01T00:00:00Z"));
  for (const char* text :
       {"", "today", "2026-02-30", "2026-11-1", "2026/11/01", "20261101", "2026-11-01T25:00:00Z"})
    CHECK_MESSAGE(!zone("UTC").parse(text).has_value(), text);
}

TEST_CASE("days and hours are bounded") {
  CHECK(zone("UTC").days(at("2000-01-01T00:00:00Z"), at("2010-01-01T00:00:00Z")).has_value());
  const auto days = zone("UTC").days(at("1970-01-01T00:00:00Z"), at("2199-01-01T00:00:00Z"));
  REQUIRE(!days.has_value());
  CHECK(days.error().rule == "time_zone.too_many");
  CHECK(!zone("UTC").hours(at("1970-01-01T00:00:00Z"), at("2199-01-01T00:00:00Z")).has_value());
  CHECK(zone("UTC").hours(instant_max, instant_max).has_value());
  CHECK(zone("Europe/Berlin").days(instant_max, instant_max).has_value());
}
