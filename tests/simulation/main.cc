// Runs seeds of the simulation; see world.h for what a run is and oracles.h for what it must keep.
//
//   simulation                          the seeds that failed once, then 500, then short runs with a power cut before each step
//   simulation --seeds FROM..TO         these seeds
//   simulation --from N --for SECONDS   seeds from N on, until the time is over
//   simulation --seed N                 this one, every step printed, twice: both runs must be the same
//   simulation --seed N --crash-at K    its short run with a power cut before step K, likewise
//
// With --seed, what a run is made smaller by: --without NAME,NAME (faults and features), --commands N.
//
// When a seed fails it is made smaller as long as it still fails, and the command that replays that is printed. Prints how often each
// feature was done after each fault, and how often each named place of the program was passed; by itself it fails where one of these is
// nought and gaps() does not say why. The last line is "cases N failed M", with the seeds that failed.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include "tests/simulation/oracles.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace {

using namespace parlance::simulation;

constexpr std::uint64_t default_seeds = 500;
constexpr std::uint64_t more_seeds_to =
    800;  ///< as far as they are needed so that no cell of the coverage is empty
constexpr std::uint64_t twice_one_in = 100;
/// Whose short runs lose power before each step: one of each kind of log.
constexpr std::array<std::uint64_t, 2> crashed_seeds{3, 5};
constexpr std::size_t crash_stride = 7, crash_steps_max = 5000;
/// Runs that one failure may cost to be made smaller.
constexpr std::size_t smaller_runs_max = 150;
constexpr std::size_t failures_made_smaller_max = 3;

char replay_line[2048];  // for those who can't allocate any more

/// One run to make.
struct Job {
  std::uint64_t seed = 0;
  std::optional<std::size_t> crash_at;
  Less less{};
};

std::string words_of(const Less& less) {
  std::string names;
  const auto add = [&](std::string_view name) { (names += names.empty() ? "" : ",") += name; };
  for (std::size_t i = 0; i < faults; ++i)
    if (less.without_faults[i]) add(fault_names[i]);
  for (std::size_t i = 0; i < features; ++i)
    if (less.without_features[i]) add(feature_names[i]);
  std::string out;
  if (!names.empty()) out += " --without '" + names + "'";
  if (less.intents) out += " --commands " + std::to_string(*less.intents);
  return out;
}

void name_replay(const char* program, const Job& job) {
  std::string line = "\nreplay with: " + std::string(program) + " --seed " + std::to_string(job.seed);
  if (job.crash_at) line += " --crash-at " + std::to_string(*job.crash_at);
  line += words_of(job.less) + "\n";
  std::snprintf(replay_line, sizeof replay_line, "%s", line.c_str());
}
void print_replay() { (void)!::write(STDERR_FILENO, replay_line, std::strlen(replay_line)); }
void on_abort(int) { print_replay(); }

struct Run {
  std::uint64_t hash = 0;
  std::size_t steps = 0;
  Coverage coverage;
};
Run run(const Job& job, bool verbose) {
  Trace trace(verbose);
  World world(job.less.of(job.crash_at ? draw_plan_of_crash(job.seed, *job.crash_at) : draw_plan(job.seed)),
              trace);
  world.run();
  judge(world);
  return {trace.hash(), world.steps(), world.coverage()};
}

/// What its failure says; none where it does not fail. A failed assertion ends the program, so what fails so is not made smaller.
std::optional<std::string> failure_of(const Job& job) {
  try {
    (void)run(job, false);
    return std::nullopt;
  } catch (const std::exception& violation) {
    return violation.what();
  }
}

/// The same seed with as few faults, features and commands as still make it fail, whatever the failure then is.
Job smaller(Job job) {
  std::size_t runs = 0;
  const auto try_it = [&](const Job& less) {
    if (runs >= smaller_runs_max) return;
    ++runs;
    if (failure_of(less)) job = less;
  };
  const Plan plan = draw_plan(job.seed);
  if (!job.crash_at)
    for (std::size_t i = 0; i < faults; ++i) {
      if (!plan.on[i] || job.less.without_faults[i]) continue;
      Job less = job;
      less.less.without_faults.set(i);
      try_it(less);
    }
  for (std::size_t i = 0; i < features; ++i) {
    if (i == static_cast<std::size_t>(Feature::message) || (!job.crash_at && plan.weights[i] == 0)) continue;
    Job less = job;
    less.less.without_features.set(i);
    try_it(less);
  }
  for (std::size_t commands = job.less.intents.value_or(plan.intents); commands > 1;) {
    commands = commands * 2 / 3;
    Job less = job;
    less.less.intents = commands;
    try_it(less);
    if (job.less.intents != commands) break;
  }
  return job;
}

/// What all runs together came to.
struct Total {
  const char* program;
  bool verbose = false;
  Coverage coverage;
  std::size_t runs = 0, failed = 0;
  std::string failed_seeds{};

  /// How many steps it had; none where it failed.
  std::optional<std::size_t> add(const Job& job, bool twice) {
    name_replay(program, job);
    ++runs;
    try {
      const Run once = run(job, verbose);
      coverage.add(once.coverage);
      if (twice) must(run(job, false).hash == once.hash, "a seed runs the same twice");
      if (verbose) std::printf("trace %016llx\n", static_cast<unsigned long long>(once.hash));
      return once.steps;
    } catch (const std::exception& violation) {
      ++failed;
      failed_seeds += " " + std::to_string(job.seed);
      std::fprintf(stderr, "\nseed %llu: %s", static_cast<unsigned long long>(job.seed), violation.what());
      print_replay();
      if (!verbose && failed <= failures_made_smaller_max) {
        name_replay(program, smaller(job));
        std::fprintf(stderr, "or, smaller:");
        print_replay();
      }
      return std::nullopt;
    }
  }
};

/// Cells that are nought for a reason: a fault that never happens before a feature is done. Empty: any.
struct Gap {
  std::string_view feature, fault, why;
};
constexpr std::array gaps{
    Gap{"erasure", "second node",
        "an erasure is one process's business: another one would have to be told (plan.cc)"},
};
/// Named places that are passed here. Those of the embedded log, of files and of backups are not: these lie in memory here, and are
/// killed at by the scenarios.
constexpr std::array<std::string_view, 14> places{
    "fold.flush_early", "fold.flush",        "fold.flushed",      "fold.forget_states", "timer.fire",
    "owner.answer",     "owner.overloaded",  "log.read_one",      "door.forget_row",    "door.forget_preview",
    "views.store",      "views.store_early", "views.forget_rows", "views.flushed"};

/// What of all that ought to be come to was not, and is not explained.
std::vector<std::string> empty_cells(const Coverage& coverage) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < features; ++i)
    for (std::size_t j = 0; j < faults; ++j) {
      if (coverage.done_after[i][j] != 0) continue;
      const bool explained = std::ranges::any_of(gaps, [&](const Gap& gap) {
        return gap.feature == feature_names[i] && gap.fault == fault_names[j];
      });
      if (!explained)
        out.push_back("never: " + std::string(feature_names[i]) + " after " + std::string(fault_names[j]));
    }
  for (const std::string_view place : places)
    if (const auto point = coverage.points.find(std::string(place));
        point == coverage.points.end() || point->second.taken == 0)
      out.push_back("never killed or took its branch: " + std::string(place));
  return out;
}

void print(const Coverage& coverage) {
  std::printf("\n%-15s %8s", "done after", "any");
  for (const auto name : fault_names) std::printf(" %12.*s", static_cast<int>(name.size()), name.data());
  for (std::size_t i = 0; i < features; ++i) {
    std::printf("\n%-15.*s %8zu", static_cast<int>(feature_names[i].size()), feature_names[i].data(),
                coverage.done[i]);
    for (std::size_t j = 0; j < faults; ++j) std::printf(" %12zu", coverage.done_after[i][j]);
  }
  std::printf("\n%-15s %8s", "fault happened", "");
  for (std::size_t j = 0; j < faults; ++j) std::printf(" %12zu", coverage.happened[j]);
  std::printf("\n");
  for (const auto& [name, point] : coverage.points)
    std::printf("place %-20s passed %9zu, killed or rare %7zu\n", name.c_str(), point.passed, point.taken);
  std::printf("%zu envelopes, %zu processes\n", coverage.envelopes, coverage.restarts);
}

/// One seed a line; what follows '#' says what it found.
std::vector<std::uint64_t> failed_seeds(const char* path) {
  std::vector<std::uint64_t> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    if (line.find_first_of("0123456789") != std::string::npos) out.push_back(std::stoull(line));
  }
  return out;
}

/// Reads "--without A,B --commands N"; false where there is anything else.
bool read_less(const std::vector<std::string>& words, std::size_t from, Less& out) {
  for (; from + 1 < words.size(); from += 2) {
    if (words[from] == "--commands") {
      out.intents = std::stoull(words[from + 1]);
    } else if (words[from] == "--without") {
      std::string_view rest = words[from + 1];
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        const std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto fault = std::ranges::find(fault_names, name);
        const auto feature = std::ranges::find(feature_names, name);
        if (fault != fault_names.end())
          out.without_faults.set(static_cast<std::size_t>(fault - fault_names.begin()));
        else if (feature != feature_names.end())
          out.without_features.set(static_cast<std::size_t>(feature - feature_names.begin()));
        else
          return false;
      }
    } else {
      return false;
    }
  }
  return from == words.size();
}

int usage() {
  std::fprintf(
      stderr,
      "simulation [--seeds FROM..TO | --from N --for SECONDS | --seed N [--crash-at K] [--without NAMES] "
      "[--commands N]]\n");
  return 2;
}

/// Every seed from `from` on until the time is over.
void run_for(Total& total, std::uint64_t from, std::int64_t seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (std::uint64_t seed = from; std::chrono::steady_clock::now() < until; ++seed)
    (void)total.add({seed, std::nullopt}, seed % twice_one_in == 0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Total total{argv[0]};
  std::vector<Job> jobs;
  bool by_itself = false;
  std::signal(SIGABRT, on_abort);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(print_replay);
#endif
  if (words.size() >= 2 && words[0] == "--seed") {
    Job job{std::stoull(words[1]), std::nullopt};
    std::size_t next = 2;
    if (words.size() >= 4 && words[2] == "--crash-at") {
      job.crash_at = std::stoull(words[3]);
      next = 4;
    }
    if (!read_less(words, next, job.less)) return usage();
    jobs.push_back(job);
    total.verbose = true;
  } else if (words.size() == 2 && words[0] == "--seeds" && words[1].find("..") != std::string::npos) {
    const std::uint64_t to = std::stoull(words[1].substr(words[1].find("..") + 2));
    for (std::uint64_t seed = std::stoull(words[1]); seed <= to; ++seed) jobs.push_back({seed, std::nullopt});
  } else if (words.size() == 4 && words[0] == "--from" && words[2] == "--for") {
    run_for(total, std::stoull(words[1]), std::stoll(words[3]));
  } else if (words.empty()) {
    for (const std::uint64_t seed : failed_seeds(FAILED_SEEDS)) jobs.push_back({seed, std::nullopt});
    for (std::uint64_t seed = 1; seed <= default_seeds; ++seed) jobs.push_back({seed, std::nullopt});
    by_itself = true;
  } else {
    return usage();
  }

  for (const Job& job : jobs) (void)total.add(job, total.verbose || job.seed % twice_one_in == 0);
  if (by_itself)
    for (const std::uint64_t seed : crashed_seeds)
      for (std::size_t step = 0; step < crash_steps_max; step += crash_stride) {
        const auto steps = total.add({seed, step}, false);
        if (steps && *steps <= step) break;
      }
  std::vector<std::string> empty;
  if (by_itself) {
    // What five hundred draws did not come to, some more may.
    for (std::uint64_t seed = default_seeds + 1; seed <= more_seeds_to; ++seed) {
      if (empty_cells(total.coverage).empty()) break;
      (void)total.add({seed, std::nullopt}, false);
    }
    empty = empty_cells(total.coverage);
  }
  print(total.coverage);
  for (const std::string& cell : empty) std::printf("%s\n", cell.c_str());
  std::printf("cases %zu failed %zu%s%s\n", total.runs, total.failed, total.failed == 0 ? "" : ":",
              total.failed_seeds.c_str());
  return total.failed == 0 && empty.empty() ? 0 : 1;
}
