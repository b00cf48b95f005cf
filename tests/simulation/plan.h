#pragma once
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/base/id.h"

/// What one seed runs: which faults are on, and what the clients do. Swarm style: each seed draws its own mixture, because
/// faults that are all on at once hide each other.
namespace parlance::simulation {

enum class Fault : std::uint8_t {
  crash,         ///< a process is killed; what was not synced or flushed is gone
  orderly_stop,  ///< stopped as an administrator does it
  lost_record,   ///< a record on its way does not arrive (not on an exclusive log)
  lost_report,   ///< a record arrives and its sender never hears
  wrong_report,  ///< a record arrives and its sender is told that this is not known
  doubled,       ///< a record arrives twice
  reordered,     ///< records overtake each other
  second_node,   ///< another process claims while the first lives
  standstill,    ///< a process takes no step for a while, and then goes on as if nothing had been
  clock_step,    ///< the wall clock is set by up to three minutes
  clock_jump,    ///< or by hours
  full_disk,     ///< writes are refused
  failed_sync,   ///< a sync fails, so the process ends (on an exclusive log)
  reads_fail,    ///< log and vault cannot be read
  keys_away,     ///< the keyring does not answer
  rows_lost,     ///< the fold store and the views' rows are gone at a restart
  slow_disk,     ///< nothing is written and no report comes for a while
  clock_skew,    ///< a process starts with a clock that is wrong by up to two hours, and stays so
  clock_years,   ///< the wall clock is set by ten years, forward or back
  point,         ///< a process is killed at a named place of the program (engine/base/fault_point.h)
  rare_branch,   ///< and goes where it seldom goes
};
inline constexpr std::size_t faults = 21;
inline constexpr std::array<std::string_view, faults> fault_names{
    "crash",       "orderly stop", "lost record", "lost report", "wrong report", "doubled",
    "reordered",   "second node",  "standstill",  "clock step",  "clock jump",   "full disk",
    "failed sync", "no reads",     "no keys",     "rows lost",   "slow disk",    "clock skew",
    "clock years", "point",        "rare branch"};

enum class Feature : std::uint8_t {
  message,
  reply_to_message,
  thread,
  link_address,
  open_by_agent,
  reply,
  note,
  assign,
  claim,
  unassign,
  snooze,
  wait,
  resolve,
  reopen,
  close,
  priority,
  tags,
  policy,
  desk,
  erasure,
  redaction,
  transfer,
  escalate,
  set_type,
  subject_line,
  set_fields,
  sub_state,
  spam,
  not_spam,
  no_reply_needed,
  rate,
  undo,
  draft,
  words,
  saved_view,
  desk_change,
  token,
  presence,
  accept,
  decline,
  import,
};
inline constexpr std::size_t features = 41;
inline constexpr std::array<std::string_view, features> feature_names{
    "message",     "in reply to",     "thread",   "link address", "open by agent", "reply",     "note",
    "assign",      "claim",           "unassign", "snooze",       "wait",          "resolve",   "reopen",
    "close",       "priority",        "tags",     "policy",       "desk",          "erasure",   "redaction",
    "transfer",    "escalate",        "type",     "subject line", "fields",        "sub-state", "spam",
    "not spam",    "no reply needed", "rating",   "undo",         "draft",         "words",     "saved view",
    "desk change", "token",           "presence", "accept",       "decline",       "import"};

struct Plan {
  std::uint64_t seed = 0;
  bool exclusive = true;
  PartitionId partitions = 1;
  std::bitset<faults> on;
  std::array<std::uint32_t, features> weights{};
  std::size_t addresses = 6;
  std::size_t intents = 60;    ///< commands of clients, repeats not counted
  std::uint32_t fault_one_in;  ///< a step is a fault once in so many
  std::uint32_t repeat_one_in;
  std::optional<std::size_t> crash_at;  ///< the power goes before this step
  std::uint32_t point_one_in = 0;       ///< a named place kills once in so many, where that is on
  std::uint32_t rare_one_in = 0;        ///< a rare branch is taken once in so many
  [[nodiscard]] bool has(Fault fault) const { return on[static_cast<std::size_t>(fault)]; }
};
[[nodiscard]] Plan draw_plan(std::uint64_t seed);
/// A short run without other faults, in which the power goes before a given step.
[[nodiscard]] Plan draw_plan_of_crash(std::uint64_t seed, std::size_t step);

/// What is left of a run when it is made smaller, to find the least that still fails.
struct Less {
  std::bitset<faults> without_faults;
  std::bitset<features> without_features;
  std::optional<std::size_t> intents;
  [[nodiscard]] Plan of(Plan plan) const;
};

/// Something that must hold does not.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void must(bool holds, const std::string& what) {
  if (!holds) throw Violation(what);
}

/// What happened, hashed; two runs of a seed have the same. Verbose, it is printed too.
class Trace {
 public:
  explicit Trace(bool verbose) : verbose_(verbose) {}
  void note(const std::string& line);
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  bool verbose_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

/// How often a feature was done, and in how many of these a fault had happened before in the run.
struct Coverage {
  std::array<std::size_t, features> done{};
  std::array<std::array<std::size_t, faults>, features> done_after{};
  std::array<std::size_t, faults> happened{};
  /// Named places of the program: how often they were passed, and how often one killed or took its rare branch.
  struct Point {
    std::size_t passed = 0, taken = 0;
  };
  std::map<std::string, Point> points;
  std::size_t envelopes = 0;
  std::size_t restarts = 0;
  void add(const Coverage& other);
};

}  // namespace parlance::simulation
