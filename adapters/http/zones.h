#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace date {
class time_zone;
}

/// Local days and hours: where they begin on the common clock, by the system's time-zone data.
namespace parlance::http {

inline constexpr std::size_t local_times_max = 3'700;  ///< days or hours at once

/// A local day or hour that begins at `start`. `key` is "2026-10-25", or "2026-10-25T02:00+02:00": of the two hours with one name when
/// clocks are set back, the offset tells which.
struct LocalTime {
  Instant start;
  std::string key;
  bool operator==(const LocalTime&) const = default;
};

/// An IANA time zone. A value; the data behind it lives as long as the program. Threads: any.
class Zone {
 public:
  /// `invalid` "time_zone.unknown"; `unavailable` "time_zone.data" where the system has no data.
  [[nodiscard]] static Result<Zone> find(std::string_view name);
  /// The days that begin at or before `to` and end after `from`; at least one. `invalid` "time_zone.too_many" beyond local_times_max.
  [[nodiscard]] Result<std::vector<LocalTime>> days(Instant from, Instant to) const;
  /// The same of hours. An hour in which clocks change ends at the change.
  [[nodiscard]] Result<std::vector<LocalTime>> hours(Instant from, Instant to) const;
  /// Reads an RFC 3339 instant, or a day, which is where it begins here. `invalid` "time.malformed".
  [[nodiscard]] Result<Instant> parse(std::string_view text) const;
  /// The local day's first instant.
  [[nodiscard]] Result<Instant> day_of(Instant at) const;

 private:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_;
};

}  // namespace parlance::http
