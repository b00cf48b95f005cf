#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace parlance {

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, as UTC without leap seconds. Durations are plain
/// integers whose name ends in their unit.
struct Instant {
  std::int64_t ms = 0;
  auto operator<=>(const Instant&) const = default;
};
[[nodiscard]] constexpr Instant operator+(Instant at, std::int64_t delta_ms) { return {at.ms + delta_ms}; }
[[nodiscard]] constexpr std::int64_t operator-(Instant a, Instant b) { return a.ms - b.ms; }

/// Instants this program accepts from outside: 1970 to the end of 2199.
inline constexpr Instant instant_min{0};
inline constexpr Instant instant_max{7258118399999};

/// RFC 3339 in UTC with milliseconds: "2026-11-22T13:21:00.000Z".
[[nodiscard]] std::string to_rfc3339(Instant at);
/// "2026-11-22", the UTC day.
[[nodiscard]] std::string to_day(Instant at);
/// Reads RFC 3339 with any offset and up to nine fractional digits (cut to milliseconds); a leap second, at the end of a
/// UTC day, is the first of the next. `invalid` otherwise, also outside instant_min .. instant_max.
[[nodiscard]] Result<Instant> parse_rfc3339(std::string_view text);

}  // namespace parlance
