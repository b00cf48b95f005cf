#pragma once
#include <memory>
#include <set>
#include <vector>

#include "adapters/memory/memory_keys.h"
#include "adapters/memory/memory_log.h"
#include "adapters/memory/memory_rows.h"
#include "engine/runtime/engine.h"
#include "projections/views.h"
#include "tests/support/manual_executor.h"
#include "tests/support/seeded_random.h"

namespace parlance::simulation {

/// A machine's wall clock, which somebody may set, over the run's one time.
class NodeClock final : public Clock {
 public:
  NodeClock(const tests::VirtualTime& time, const std::int64_t& skew_ms) : time_(time), skew_ms_(skew_ms) {}
  [[nodiscard]] Instant now() const override { return time_.now() + skew_ms_; }
  [[nodiscard]] std::int64_t boot_ms() const override { return time_.boot_ms(); }

 private:
  const tests::VirtualTime& time_;
  const std::int64_t& skew_ms_;
};

/// One life of a process: the engine and the views over it, each partition on an executor of its own.
struct Process {
  Process(const std::shared_ptr<MemoryLogStorage>& storage, MemoryRows& rows, KeyService& keys,
          tests::VirtualTime& time, const std::int64_t& skew_ms, std::uint64_t seed)
      : log(storage),
        vault(storage),
        clock(time, skew_ms),
        random(seed),
        executors(make_executors(log.partitions(), time)),
        engine(ports(rows, keys)) {}

  MemoryLog log;
  MemoryVault vault;
  NodeClock clock;
  tests::SeededRandom random;
  std::vector<std::unique_ptr<tests::ManualExecutor>> executors;
  Engine engine;
  std::unique_ptr<Views> views;
  std::vector<Position> applied;  ///< by the views, as last looked at

 private:
  static std::vector<std::unique_ptr<tests::ManualExecutor>> make_executors(PartitionId partitions,
                                                                            tests::VirtualTime& time) {
    std::vector<std::unique_ptr<tests::ManualExecutor>> out;
    for (PartitionId p = 0; p < partitions; ++p) out.push_back(std::make_unique<tests::ManualExecutor>(time));
    return out;
  }
  Engine::Ports ports(MemoryRows& rows, KeyService& keys) {
    Engine::Ports out{log, vault, keys, *rows.open("fold").value(), random, clock, {}};
    for (const auto& executor : executors) out.executors.push_back(executor.get());
    return out;
  }
};

/// A machine: what stays while processes come and go.
struct Node {
  std::unique_ptr<MemoryRows> rows = std::make_unique<MemoryRows>();
  std::int64_t skew_ms = 0;
  std::int64_t skew_at_start_ms = 0;
  struct ClockSet {
    Instant at;  ///< by the true clock
    std::int64_t skew_before_ms = 0;
  };
  std::vector<ClockSet> clock_sets;  ///< since the process began
  std::set<PartitionId> begun;  ///< whose owners have begun: from then on they notice that the clock is set
  std::int64_t stands_until_ms = 0;  ///< by the boot clock
  std::uint64_t life = 0;            ///< counts processes over the run; 0: none yet
  std::unique_ptr<Process> process;
};

}  // namespace parlance::simulation
