// Runs seeds of the simulation; see world.h for what a run is and oracles.h for what it must keep.
//
//   simulation                          the seeds that failed once, then 300, then short runs with a power cut before each step
//   simulation --seeds FROM..TO         these seeds
//   simulation --seed N                 this one, every step printed, twice: both runs must be the same
//   simulation --seed N --crash-at K    its short run with a power cut before step K, likewise
//
// Ends with the one command that replays it when a seed fails. Prints how often each feature was done after each fault.
#include <array>
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

constexpr std::uint64_t default_seeds = 300;
constexpr std::uint64_t twice_one_in = 25;
/// Whose short runs lose power before each step: one of each kind of log.
constexpr std::array<std::uint64_t, 2> crashed_seeds{3, 5};
constexpr std::size_t crash_stride = 5, crash_steps_max = 5000;

char replay_line[512];  // for those who can't allocate any more

/// One run to make.
struct Job {
  std::uint64_t seed = 0;
  std::optional<std::size_t> crash_at;
};

void name_replay(const char* program, const Job& job) {
  const int end = std::snprintf(replay_line, sizeof replay_line, "\nreplay with: %s --seed %llu", program,
                                static_cast<unsigned long long>(job.seed));
  const auto used = static_cast<std::size_t>(end);
  if (used >= sizeof replay_line) return;
  if (job.crash_at)
    std::snprintf(replay_line + used, sizeof replay_line - used, " --crash-at %zu\n", *job.crash_at);
  else
    std::snprintf(replay_line + used, sizeof replay_line - used, "\n");
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
  World world(job.crash_at ? draw_plan_of_crash(job.seed, *job.crash_at) : draw_plan(job.seed), trace);
  world.run();
  judge(world);
  return {trace.hash(), world.steps(), world.coverage()};
}

/// What all runs together came to.
struct Total {
  const char* program;
  bool verbose = false;
  Coverage coverage;
  std::size_t runs = 0, failed = 0;

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
      std::fprintf(stderr, "\nseed %llu: %s", static_cast<unsigned long long>(job.seed), violation.what());
      print_replay();
      return std::nullopt;
    }
  }
};

void print(const Coverage& coverage) {
  std::printf("\n%-14s %8s", "done after", "any");
  for (const auto name : fault_names) std::printf(" %12.*s", static_cast<int>(name.size()), name.data());
  for (std::size_t i = 0; i < features; ++i) {
    std::printf("\n%-14.*s %8zu", static_cast<int>(feature_names[i].size()), feature_names[i].data(),
                coverage.done[i]);
    for (std::size_t j = 0; j < faults; ++j) std::printf(" %12zu", coverage.done_after[i][j]);
  }
  std::printf("\n%-14s %8s", "fault happened", "");
  for (std::size_t j = 0; j < faults; ++j) std::printf(" %12zu", coverage.happened[j]);
  std::printf("\n%zu envelopes, %zu processes\n", coverage.envelopes, coverage.restarts);
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

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Total total{argv[0]};
  std::vector<Job> jobs;
  bool crash_everywhere = false;
  if (words.size() >= 2 && words[0] == "--seed") {
    jobs.push_back({std::stoull(words[1]), std::nullopt});
    if (words.size() == 4 && words[2] == "--crash-at") jobs.front().crash_at = std::stoull(words[3]);
    total.verbose = true;
  } else if (words.size() == 2 && words[0] == "--seeds" && words[1].find("..") != std::string::npos) {
    const std::uint64_t to = std::stoull(words[1].substr(words[1].find("..") + 2));
    for (std::uint64_t seed = std::stoull(words[1]); seed <= to; ++seed) jobs.push_back({seed, std::nullopt});
  } else if (words.empty()) {
    for (const std::uint64_t seed : failed_seeds(FAILED_SEEDS)) jobs.push_back({seed, std::nullopt});
    for (std::uint64_t seed = 1; seed <= default_seeds; ++seed) jobs.push_back({seed, std::nullopt});
    crash_everywhere = true;
  } else {
    std::fprintf(stderr, "simulation [--seeds FROM..TO | --seed N [--crash-at K]]\n");
    return 2;
  }

  std::signal(SIGABRT, on_abort);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(print_replay);
#endif
  for (const Job& job : jobs) (void)total.add(job, total.verbose || job.seed % twice_one_in == 0);
  if (crash_everywhere)
    for (const std::uint64_t seed : crashed_seeds)
      for (std::size_t step = 0; step < crash_steps_max; step += crash_stride) {
        const auto steps = total.add({seed, step}, false);
        if (steps && *steps <= step) break;
      }
  print(total.coverage);
  std::printf("%zu runs, %zu failed\n", total.runs, total.failed);
  return total.failed == 0 ? 0 : 1;
}
