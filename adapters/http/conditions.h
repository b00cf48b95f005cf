#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/loss_book.h"
#include "engine/base/instant.h"
#include "engine/ports/journal.h"
#include "engine/ports/store_health.h"
#include "engine/runtime/owner.h"
#include "projections/view_status.h"

/// What is wrong with a server just now, found in one place for the status, the health, the metrics, the journal and the page.
namespace parlance::http {

enum class Severity : std::uint8_t {
  notice,   ///< to be looked at some day
  warning,  ///< goes on, worse than it should
  failure   ///< something that was asked for is not done
};
[[nodiscard]] std::string_view to_text(Severity severity);

struct Condition {
  std::string_view name;  ///< one of condition_names
  Severity severity = Severity::warning;
  bool ready = true;  ///< false: traffic is better sent elsewhere
  Instant since{};
  std::string happened, safe, advice;  ///< sentences for people, with figures and ids, and nobody's words
  std::int64_t since_boot_ms = 0;      ///< the same by the clock that nobody sets
};
[[nodiscard]] std::span<const std::string_view> condition_names();

/// Views further behind the log than so many records are not ready.
inline constexpr Offset view_lag_max = 10'000;
/// A group of records that takes longer on its way to the disk is a stall.
inline constexpr std::int64_t group_slow_ms = 2'000;
/// Less free than so many times the reserve is told before it is too late.
inline constexpr std::uint64_t space_short_times = 4;
/// The newest record may be so much ahead of the clock.
inline constexpr std::int64_t clock_behind_ms_max = 60'000;
inline constexpr std::size_t conditions_places_max = 5;  ///< named in one sentence

/// What only the process itself knows.
struct MachineHealth {
  std::optional<LogHealth> log;
  struct Store {
    std::string_view name;  ///< "fold" or "views"
    StoreHealth health;
    std::string rebuilding{};  ///< what was found damaged, while it is made again; empty: it is not
  };
  std::vector<Store> stores;
  std::optional<Error> views_not_stored;  ///< since the last attempt
  std::optional<Error> fold_not_kept;
  std::optional<Error> files_not_swept;
  std::uint64_t files_damaged = 0;
};

struct Circumstances {
  Instant now;
  std::vector<OwnerStatus> owners;
  std::vector<ViewStatus> views;
  std::vector<Quarantined> quarantined;  ///< the first few
  MachineHealth machine;
  Offset view_lag = view_lag_max;
  LossBook::Told losses{};
  std::uint64_t damaged_downloads = 0;
};
/// What is wrong, the gravest first; `since` is not set.
[[nodiscard]] std::vector<Condition> find_conditions(const Circumstances& circumstances);

/// Remembers since when what is wrong is, and says in the journal when it begins and when it ends, and nothing meanwhile. Threads: any.
class ConditionBook {
 public:
  explicit ConditionBook(Journal* journal) : journal_(journal) {}
  /// What was found at `now`, which is `boot_ms` of the boot clock, with `since`.
  [[nodiscard]] std::vector<Condition> update(std::vector<Condition> found, Instant now,
                                              std::int64_t boot_ms);
  /// What was found last.
  [[nodiscard]] std::vector<Condition> now() const;

 private:
  Journal* journal_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Condition> current_;
};

}  // namespace parlance::http
