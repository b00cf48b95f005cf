#include "adapters/http/zones.h"

#include <array>
#include <cstdio>

#include <date/tz.h>

namespace parlance::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using SysMs = date::sys_time<milliseconds>;

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::size_t name_bytes_max = 64;

SysMs sys(Instant at) { return SysMs(milliseconds(at.ms)); }
Instant instant(SysMs at) { return {at.time_since_epoch().count()}; }

Error too_many() {
  return invalid("time_zone.too_many", "at most " + std::to_string(local_times_max) +
                                           " days or hours at once; ask for a shorter time");
}
/// The library throws where its data is missing or damaged.
template <class Work> auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& e) {
    return unavailable("time_zone.data", e.what());
  }
}

std::string day_key(date::local_days day) {
  const date::year_month_day ymd(day);
  std::array<char, 32> out;
  const int length = std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                                   static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return {out.data(), static_cast<std::size_t>(length)};
}
std::string hour_key(SysMs at, seconds offset) {
  const auto local = date::local_time<milliseconds>(at.time_since_epoch() + offset);
  const auto day = date::floor<date::days>(local);
  const auto hour = std::chrono::duration_cast<hours>(local - day).count();
  const auto minutes_off = std::chrono::duration_cast<minutes>(offset).count();
  const auto away = minutes_off < 0 ? -minutes_off : minutes_off;
  std::array<char, 32> out;
  const int length =
      std::snprintf(out.data(), out.size(), "T%02d:00%c%02d:%02d", static_cast<int>(hour),
                    minutes_off < 0 ? '-' : '+', static_cast<int>(away / 60), static_cast<int>(away % 60));
  return day_key(day).append(out.data(), static_cast<std::size_t>(length));
}
/// Where the local day begins: at midnight, or at the change of clocks that skips it.
SysMs start_of(const date::time_zone& zone, date::local_days day) {
  return zone.to_sys(date::local_time<milliseconds>(day), date::choose::earliest);
}
date::local_days local_day(const date::time_zone& zone, Instant at) {
  return date::floor<date::days>(zone.to_local(sys(at)));
}

}  // namespace

Result<Zone> Zone::find(std::string_view name) {
  const Error unknown = invalid("time_zone.unknown", "an IANA name, such as Europe/Berlin or UTC");
  if (name.empty() || name.size() > name_bytes_max) return unknown;
  try {
    (void)date::get_tzdb();
  } catch (const std::exception& e) {
    return unavailable("time_zone.data", e.what());
  }
  try {
    return Zone(date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    return unknown;
  }
}

Result<std::vector<LocalTime>> Zone::days(Instant from, Instant to) const {
  return guarded([&]() -> Result<std::vector<LocalTime>> {
    std::vector<LocalTime> out;
    for (date::local_days day = local_day(*zone_, from);; day += date::days(1)) {
      const Instant start = instant(start_of(*zone_, day));
      if (start > to && !out.empty()) return out;
      if (out.size() == local_times_max) return too_many();
      // A day that a zone skipped altogether begins where the next one does.
      if (!out.empty() && out.back().start == start) out.pop_back();
      out.push_back({start, day_key(day)});
    }
  });
}

Result<std::vector<LocalTime>> Zone::hours(Instant from, Instant to) const {
  return guarded([&]() -> Result<std::vector<LocalTime>> {
    std::vector<LocalTime> out;
    date::sys_info info = zone_->get_info(sys(from));
    const auto into_hour = [](Instant at, seconds offset) {
      const std::int64_t local = at.ms + offset.count() * 1000;
      return ((local % hour_ms) + hour_ms) % hour_ms;
    };
    Instant start = from + -into_hour(from, info.offset);
    if (start < instant(info.begin)) start = instant(info.begin);
    for (;;) {
      if (start > to && !out.empty()) return out;
      if (out.size() == local_times_max) return too_many();
      out.push_back({start, hour_key(sys(start), info.offset)});
      const Instant next = start + (hour_ms - into_hour(start, info.offset));
      if (sys(next) >= info.end) {
        start = instant(info.end);
        info = zone_->get_info(info.end);
        continue;
      }
      start = next;
    }
  });
}

Result<Instant> Zone::parse(std::string_view text) const {
  const auto malformed = [] {
    return invalid("time.malformed", "an instant such as 2026-11-01T10:00:00Z, or a day such as 2026-11-01");
  };
  if (text.size() != 10) {
    auto at = parse_rfc3339(text);
    if (at) return *at;
    return malformed();
  }
  const auto utc = parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!utc) return malformed();
  return guarded([&]() -> Result<Instant> {
    const auto day = date::local_days(date::floor<date::days>(sys(*utc)).time_since_epoch());
    const Instant start = instant(start_of(*zone_, day));
    if (start < instant_min) return Instant{0};
    return start;
  });
}

Result<Instant> Zone::day_of(Instant at) const {
  return guarded([&]() -> Result<Instant> { return instant(start_of(*zone_, local_day(*zone_, at))); });
}

}  // namespace parlance::http
