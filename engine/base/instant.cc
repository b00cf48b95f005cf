#include "engine/base/instant.h"

#include <array>

namespace parlance {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date, and back: Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms" (days_from_civil, civil_from_days).
constexpr std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}
struct Civil {
  std::int64_t year;
  unsigned month, day;
};
constexpr Civil civil_from_days(std::int64_t z) {
  z += 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<unsigned>(z - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned m = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<std::int64_t>(yoe) + era * 400 + (m <= 2), m, doy - (153 * mp + 2) / 5 + 1};
}
constexpr unsigned days_in_month(std::int64_t y, unsigned m) {
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
  return m == 2 && leap ? 29 : days[m - 1];
}
constexpr std::int64_t day_ms = 86'400'000;

}  // namespace

// By hand: a list of tickets holds hundreds of times, and snprintf took a twentieth of its answer.
std::string to_rfc3339(Instant at) {
  const std::int64_t days = at.ms >= 0 ? at.ms / day_ms : -((-at.ms + day_ms - 1) / day_ms);
  const auto in_day = static_cast<unsigned>(at.ms - days * day_ms);
  const Civil c = civil_from_days(days);
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t end, std::size_t digits, unsigned value) {
    for (; digits != 0; --digits, value /= 10) out[--end] = static_cast<char>('0' + value % 10);
  };
  put(7, 2, c.month);
  put(10, 2, c.day);
  put(13, 2, in_day / 3'600'000);
  put(16, 2, in_day / 60'000 % 60);
  put(19, 2, in_day / 1000 % 60);
  put(23, 3, in_day % 1000);
  if (c.year < 0 || c.year > 9999) return std::to_string(c.year) + out.substr(4);
  put(4, 4, static_cast<unsigned>(c.year));
  return out;
}

std::string to_day(Instant at) { return to_rfc3339(at).substr(0, 10); }

Result<Instant> parse_rfc3339(std::string_view text) {
  const auto bad = [&] {
    return invalid("instant.malformed", "not an RFC 3339 time such as 2026-11-22T13:21:00Z");
  };
  std::size_t at = 0;
  const auto number = [&](std::size_t digits, unsigned& out) {
    out = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') return false;
      out = out * 10 + static_cast<unsigned>(text[at] - '0');
    }
    return true;
  };
  const auto sign = [&](std::string_view any) {
    return at < text.size() && any.find(text[at]) != std::string_view::npos ? text[at++] : '\0';
  };
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!number(4, year) || !sign("-") || !number(2, month) || !sign("-") || !number(2, day)) return bad();
  if (!sign("Tt ") || !number(2, hour) || !sign(":") || !number(2, minute) || !sign(":") ||
      !number(2, second))
    return bad();
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return bad();
  if (hour > 23 || minute > 59 || second > 60) return bad();
  unsigned millis = 0;
  if (sign(".")) {
    unsigned digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits)
      if (digits < 3) millis = millis * 10 + static_cast<unsigned>(text[at] - '0');
    if (digits == 0 || digits > 9) return bad();
    for (; digits < 3; ++digits) millis *= 10;
  }
  std::int64_t offset_minutes = 0;
  if (!sign("Zz")) {
    unsigned oh = 0, om = 0;
    const char direction = sign("+-");
    if (direction == '\0' || !number(2, oh) || !sign(":") || !number(2, om) || oh > 23 || om > 59)
      return bad();
    offset_minutes = (direction == '-' ? -1 : 1) * static_cast<std::int64_t>(oh * 60 + om);
  }
  if (at != text.size()) return bad();
  const std::int64_t seconds =
      days_from_civil(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second - offset_minutes * 60;
  if (second == 60 && seconds % 86'400 != 0) return bad();  // a leap second ends a UTC day
  const Instant result{seconds * 1000 + millis};
  if (result < instant_min || result > instant_max)
    return invalid("instant.out_of_range", "times from 1970 to 2199 are accepted");
  return result;
}

}  // namespace parlance
