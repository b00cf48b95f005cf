// Runs seeds of the simulation; see world.h for what a run is and oracles.h for what it must keep.
//
//   simulation                       the seeds that failed once, then 300
//   simulation --seeds FROM..TO      these
//   simulation --seed N              this one, every step printed, twice: both runs must be the same
//
// Ends with the one command that replays it when a seed fails. Prints how often each feature was done after each fault.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
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

char replay_line[512];  // for those who can't allocate any more

void name_replay(const char* program, std::uint64_t seed) {
  std::snprintf(replay_line, sizeof replay_line, "\nreplay with: %s --seed %llu\n", program,
                static_cast<unsigned long long>(seed));
}
void print_replay() { (void)!::write(STDERR_FILENO, replay_line, std::strlen(replay_line)); }
void on_abort(int) { print_replay(); }

struct Run {
  std::uint64_t hash = 0;
  Coverage coverage;
};
Run run(std::uint64_t seed, bool verbose) {
  Trace trace(verbose);
  World world(draw_plan(seed), trace);
  world.run();
  judge(world);
  return {trace.hash(), world.coverage()};
}

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
  const char* const program = argv[0];
  std::vector<std::uint64_t> seeds;
  bool verbose = false;
  if (argc == 3 && std::string(argv[1]) == "--seed") {
    seeds.push_back(std::stoull(argv[2]));
    verbose = true;
  } else if (argc == 3 && std::string(argv[1]) == "--seeds") {
    const std::string range = argv[2];
    const std::size_t dots = range.find("..");
    if (dots == std::string::npos) return std::fprintf(stderr, "--seeds FROM..TO\n"), 2;
    const std::uint64_t to = std::stoull(range.substr(dots + 2));
    for (std::uint64_t seed = std::stoull(range.substr(0, dots)); seed <= to; ++seed) seeds.push_back(seed);
  } else if (argc == 1) {
    seeds = failed_seeds(FAILED_SEEDS);
    for (std::uint64_t seed = 1; seed <= default_seeds; ++seed) seeds.push_back(seed);
  } else {
    return std::fprintf(stderr, "simulation [--seed N | --seeds FROM..TO]\n"), 2;
  }

  std::signal(SIGABRT, on_abort);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(print_replay);
#endif
  Coverage total;
  std::size_t failed = 0;
  for (const std::uint64_t seed : seeds) {
    name_replay(program, seed);
    try {
      const Run once = run(seed, verbose);
      total.add(once.coverage);
      if (verbose || seed % twice_one_in == 0)
        must(run(seed, false).hash == once.hash, "a seed runs the same twice");
      if (verbose) std::printf("trace %016llx\n", static_cast<unsigned long long>(once.hash));
    } catch (const std::exception& violation) {
      ++failed;
      std::fprintf(stderr, "\nseed %llu: %s", static_cast<unsigned long long>(seed), violation.what());
      print_replay();
    }
  }
  print(total);
  std::printf("%zu seeds, %zu failed\n", seeds.size(), failed);
  return failed == 0 ? 0 : 1;
}
