#include "adapters/http/conditions.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

namespace parlance::http {
namespace {

constexpr std::array<std::string_view, 23> names{
    "log.no_space",         "log.space_short",  "log.slow",
    "log.background_error", "log.write_stall",  "fold.background_error",
    "fold.write_stall",     "fold.not_kept",    "views.background_error",
    "views.write_stall",    "views.not_stored", "views.behind",
    "views.degraded",       "views.stopped",    "owner.not_owning",
    "owner.quarantined",    "timers.held",      "clock.behind_log",
    "files.damaged",        "log.damaged",      "log.shorter_than_told",
    "fold.rebuilding",      "views.rebuilding"};

std::string mib(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

/// "3 s", "5 min", "2 h", "9 d"
std::string length(std::int64_t ms) {
  const std::int64_t s = std::abs(ms) / 1000;
  if (s < 120) return std::to_string(s) + " s";
  if (s < 2 * 3600) return std::to_string(s / 60) + " min";
  if (s < 2 * 86'400) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86'400) + " d";
}

/// "a, b and 4 more"
std::string listed(const std::vector<std::string>& places) {
  std::string out;
  for (std::size_t i = 0; i < std::min(places.size(), conditions_places_max); ++i)
    out += (i == 0 ? "" : ", ") + places[i];
  if (places.size() > conditions_places_max)
    out += " and " + std::to_string(places.size() - conditions_places_max) + " more";
  return out;
}

std::string said(const Error& error) {
  return error.detail.empty() ? std::string(error.rule) : error.detail + " (" + std::string(error.rule) + ")";
}

class Finder {
 public:
  explicit Finder(const Circumstances& c) : c_(c) {}

  std::vector<Condition> find() {
    if (c_.machine.log) look_at_log(*c_.machine.log);
    look_at_losses();
    look_at_rebuilding();
    for (const auto& store : c_.machine.stores)
      look_at_database(store.name, store.health,
                       "Nothing: the rows of this store are made from the log and can be made again.");
    look_at_keeping();
    look_at_owners();
    look_at_clocks();
    look_at_views();
    std::ranges::stable_sort(found_, std::ranges::greater{}, &Condition::severity);
    return std::move(found_);
  }

 private:
  void add(std::string_view name, Severity severity, bool ready, std::string happened, std::string safe,
           std::string advice) {
    found_.push_back({name, severity, ready, {}, std::move(happened), std::move(safe), std::move(advice)});
  }

  void look_at_log(const LogHealth& log) {
    const bool writing = log.space == LogHealth::Space::writing;
    const std::string free = mib(log.free_bytes) + " are free";
    if (!writing)
      add("log.no_space", Severity::failure, false,
          (log.space == LogHealth::Space::refused
               ? "The disk had no space for the log, so no command is taken. " + free + "."
               : "No command is taken: " + free + ", and the last " + mib(log.reserve_bytes) +
                     " are kept so that erasing still works."),
          "Everything that was acknowledged is stored. Reading goes on.",
          "Make room on the disk of the data folder. Writing goes on by itself within seconds once " +
              mib(log.resume_bytes) + " are free.");
    else if (log.free_bytes < log.reserve_bytes * space_short_times)
      add("log.space_short", Severity::warning, true, "The disk of the data folder fills up: " + free + ".",
          "Everything works. Below " + mib(log.reserve_bytes) + " no command is taken any more.",
          "Make room, or make the disk larger.");
    if (log.group_ms >= group_slow_ms)
      add("log.slow", Severity::warning, true,
          "The disk has been writing the same records for " + length(log.group_ms) + "; " +
              std::to_string(log.waiting_records) + " appends wait.",
          "Nobody was told of what is not stored. What waits is answered when the disk is done.",
          "Look at the disk: another program that writes much, or a disk that is failing.");
    if (log.damaged_reads != 0)
      add("log.damaged", Severity::failure, true,
          "The log or its vault could not be read " + std::to_string(log.damaged_reads) +
              " times since the start, because what is stored there is damaged. First: " + log.damage + ".",
          "Nothing wrong is shown: whoever asks for what is damaged is refused, and everything else goes on. "
          "New commands are stored as ever.",
          "Copy the data folder and check the disk. Then stop the server: `parlance log salvage` names every "
          "range that is lost, which backup gives it back, and how to restore that.");
    look_at_database("log", log.database,
                     "Everything that was acknowledged is in the log's own write-ahead file, synced.");
  }

  void look_at_database(std::string_view name, const StoreHealth& health, const std::string& safe) {
    const auto named = [&](std::string_view what) {
      const std::string whole = std::string(name) + "." + std::string(what);
      return *std::ranges::find(names, whole);
    };
    if (!health.background_error.empty())
      add(named("background_error"), Severity::failure, true,
          "The database of the " + std::string(name) +
              " could not write in the background: " + health.background_error + ".",
          safe, "Make room if the disk is full, else check the disk; then start the server again.");
    if (health.stall != StoreHealth::Stall::none)
      add(named("write_stall"), Severity::warning, true,
          "The database of the " + std::string(name) +
              (health.stall == StoreHealth::Stall::stopped ? " takes no writes" : " takes writes slowly") +
              " until it has rewritten " + mib(health.compaction_bytes) + ".",
          "Nothing is lost: it catches up by itself.",
          "If it lasts, the disk is too slow for what comes in, or another program uses it.");
  }

  void look_at_losses() {
    const LossBook::Told& told = c_.losses;
    if (told.positions + told.cursors == 0) return;
    const bool sure = told.cursors != 0;
    add("log.shorter_than_told", sure ? Severity::failure : Severity::warning, true,
        std::to_string(told.positions + told.cursors) +
            " requests named a place that this log does not reach. First: " + told.first + ".",
        "Everything that is in this log is served as ever. What was acknowledged beyond its end is not here.",
        (sure ? std::string(
                    "Cursors are signed, so this server gave them out: the data folder was replaced by "
                    "an older copy. ")
              : std::string("If the data folder was replaced by an older copy, or its disk lost what it said "
                            "was safe, this is what is missing; a client may also have made it up. ")) +
            "Stop the server, and bring back the newest backup or the folder that was there before. If it "
            "must "
            "go on from here, tell who wrote since then; it is told until the server is started again.");
  }

  void look_at_rebuilding() {
    for (const MachineHealth::Store& store : c_.machine.stores) {
      if (store.rebuilding.empty()) continue;
      const bool views = store.name == "views";
      add(views ? "views.rebuilding" : "fold.rebuilding", Severity::failure, false,
          std::string(views ? "What is shown is being made again from the log"
                            : "The write side's rows are being made again from the log") +
              ": " + store.rebuilding + ".",
          views
              ? "Nothing is lost: commands are taken and stored. Lists and figures are refused until they "
                "are "
                "whole again."
              : "Nothing is lost: everything that was acknowledged is in the log. Commands and timelines are "
                "refused until the log has been read.",
          "Wait; it ends by itself. Rows do not spoil by themselves, so check the disk.");
    }
  }

  void look_at_keeping() {
    if (const auto& error = c_.machine.views_not_stored)
      add("views.not_stored", Severity::warning, true,
          "The views' rows could not be written down: " + said(*error) + ".",
          "Nothing is lost: they are served from memory, and can be made again from the log.",
          "Make room if the disk is full, else check the disk. It is tried again by itself; if it goes on, "
          "start "
          "the server again.");
    if (const auto& error = c_.machine.fold_not_kept)
      add("fold.not_kept", Severity::warning, true,
          "The write side's rows could not be written down: " + said(*error) + ".",
          "Nothing is lost: they are folded again from the log at the next start, which takes longer.",
          "Make room if the disk is full, else check the disk.");
    const std::uint64_t damaged = std::max(c_.machine.files_damaged, c_.damaged_downloads);
    if (damaged != 0 || c_.machine.files_not_swept)
      add("files.damaged", Severity::warning, true,
          damaged != 0 ? "Attached files are damaged on the disk, or gone: it was met " +
                             std::to_string(damaged) + " times."
                       : "Attached files could not be looked at: " + said(*c_.machine.files_not_swept) + ".",
          "A damaged file is never given out as if it were whole. Messages are not touched.",
          "Check the disk, and get the files back from a backup.");
  }

  void look_at_owners() {
    std::map<std::string, std::vector<std::string>> not_owning;  // by reason
    std::vector<std::string> records;
    std::uint64_t quarantined = 0;
    for (std::size_t p = 0; p < c_.owners.size(); ++p) {
      const OwnerStatus& o = c_.owners[p];
      const bool no_space = o.health == OwnerHealth::read_only;
      if (o.health != OwnerHealth::owning && !no_space)
        not_owning[!o.reason.empty()                   ? o.reason
                   : o.health == OwnerHealth::starting ? "starting"
                                                       : "not owned"]
            .push_back(std::to_string(p));
      quarantined += o.quarantined;
      for (const QuarantinedRecord& r : o.first_quarantined)
        records.push_back(std::to_string(p) + ":" + std::to_string(r.offset) + " (" + std::string(r.rule) +
                          ")");
    }
    for (const auto& [reason, partitions] : not_owning)
      add("owner.not_owning", Severity::failure, false,
          "Commands for some conversations are not taken (partitions " + listed(partitions) + "): " + reason +
              ".",
          "Everything that was acknowledged is stored. Reading goes on.",
          reason == "starting"
              ? "Wait: it reads the log."
              : "Look at what it says; `parlance log verify` examines the log, and where that is damaged "
                "`parlance log salvage` says what is left of it.");
    // One line for all reasons, or a name would stand twice.
    merge_last_of("owner.not_owning");
    if (quarantined != 0)
      add("owner.quarantined", Severity::warning, true,
          std::to_string(quarantined) + " records of the log cannot be read: " + listed(records) + ".",
          "They are passed over; everything else is decided and shown.",
          "`parlance log verify` says more. A newer program may have written them.");
  }

  void merge_last_of(std::string_view name) {
    const auto first = std::ranges::find(found_, name, &Condition::name);
    if (first == found_.end()) return;
    for (auto next = std::next(first); next != found_.end();) {
      if (next->name != name) {
        ++next;
        continue;
      }
      first->happened += " " + next->happened;
      first->advice = next->advice;
      next = found_.erase(next);
    }
  }

  void look_at_clocks() {
    std::int64_t apart = 0;
    bool held = false;
    Instant newest{};
    for (const OwnerStatus& o : c_.owners) {
      held = held || o.timers_held;
      if (std::abs(o.clocks_apart_ms) > std::abs(apart)) apart = o.clocks_apart_ms;
      newest = std::max(newest, o.last_recorded);
    }
    if (held)
      add("timers.held", Severity::failure, true,
          "The wall clock was set " + length(apart) + (apart > 0 ? " forward" : " back") +
              " while the server ran, so deadlines, snoozes and automatic closing wait.",
          "No timer is lost: each one fires once, dated with its own deadline, when the clock can be "
          "trusted.",
          "Set the clock right, and they go on by themselves. If it is right now, start the server again.");
    if (newest.ms - c_.now.ms > clock_behind_ms_max)
      add("clock.behind_log", Severity::warning, true,
          "The clock says " + to_rfc3339(c_.now) + ", and the newest record is of " + to_rfc3339(newest) +
              ".",
          "Nothing is lost: times in the log never fall, so new records bear that time.",
          "Set the clock right. Deadlines wait until it has caught up.");
  }

  void look_at_views() {
    std::map<std::string, Offset> behind;
    std::vector<std::string> stopped, degraded;
    std::uint64_t quarantined = 0;
    for (const ViewStatus& v : c_.views) {
      if (v.lag > c_.view_lag) behind[v.view] = std::max(behind[v.view], v.lag);
      if (v.health == Health::stopped)
        stopped.push_back(v.view + " in partition " + std::to_string(v.partition) +
                          (v.error ? ": " + said(*v.error) : ""));
      quarantined += v.quarantined;
    }
    if (!behind.empty()) {
      std::vector<std::string> places;
      for (const auto& [view, lag] : behind) places.push_back(view + " by " + std::to_string(lag));
      add("views.behind", Severity::failure, false,
          "What is shown is behind the log by more than " + std::to_string(c_.view_lag) +
              " records: " + listed(places) + ".",
          "Nothing is lost: commands are taken and stored, and the views catch up by themselves.",
          "Wait. If it does not shrink, the machine is too slow for what comes in, or the disk is.");
    }
    if (!stopped.empty())
      add("views.stopped", Severity::failure, false,
          "A part of the log cannot be followed by the views: " + listed(stopped) + ".",
          "Commands are taken and stored. What is shown of these partitions stays as it was.",
          "`parlance log verify` says what is wrong with the log; start the server again when that is "
          "mended.");
    if (quarantined == 0) return;
    for (const Quarantined& q : c_.quarantined)
      degraded.push_back(q.view + " at " + std::to_string(q.partition) + ":" + std::to_string(q.offset) +
                         (q.event ? ", event " + std::to_string(*q.event) : "") + " (" + q.rule + ")");
    add("views.degraded", Severity::warning, true,
        std::to_string(quarantined) + " events could not be shown: " + listed(degraded) + ".",
        "They are in the log, and everything else is shown.",
        "Rebuild the view (`parlance view rebuild`) with a program that knows these events.");
  }

  const Circumstances& c_;
  std::vector<Condition> found_;
};

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::notice: return "notice";
    case Severity::warning: return "warning";
    case Severity::failure: return "failure";
  }
  return "failure";
}

std::span<const std::string_view> condition_names() { return names; }

std::vector<Condition> find_conditions(const Circumstances& circumstances) {
  return Finder(circumstances).find();
}

std::vector<Condition> ConditionBook::update(std::vector<Condition> found, Instant now,
                                             std::int64_t boot_ms) {
  const std::lock_guard lock(mutex_);
  for (Condition& condition : found) {
    const auto before = std::ranges::find(current_, condition.name, &Condition::name);
    condition.since = before == current_.end() ? now : before->since;
    condition.since_boot_ms = before == current_.end() ? boot_ms : before->since_boot_ms;
    if (before != current_.end() || journal_ == nullptr) continue;
    journal_->say(condition.severity == Severity::failure ? JournalLevel::error : JournalLevel::warn,
                  "condition.began", "something is wrong",
                  {{"condition", Literal::of_ours(condition.name)},
                   {"happened", MachineText{condition.happened}},
                   {"safe", MachineText{condition.safe}},
                   {"advice", MachineText{condition.advice}}});
  }
  for (const Condition& before : current_)
    if (journal_ != nullptr && std::ranges::find(found, before.name, &Condition::name) == found.end())
      journal_->say(JournalLevel::info, "condition.ended", "it is over",
                    {{"condition", Literal::of_ours(before.name)},
                     {"since", before.since},
                     {"seconds", static_cast<double>(boot_ms - before.since_boot_ms) / 1000}});
  current_ = found;
  return found;
}

std::vector<Condition> ConditionBook::now() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace parlance::http
