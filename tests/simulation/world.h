#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/clients.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/node.h"
#include "tests/simulation/plan.h"

namespace parlance::simulation {

/// A record that became durable, and who sent it.
struct Landed {
  PartitionId partition = 0;
  Offset offset = 0;
};

/// One run of one seed: the real engine and views on ports in memory, under a scheduler that draws every step from the
/// seed. Time passes only when a step says so. Nothing depends on addresses, threads or the real clock.
class World {
 public:
  World(const Plan& plan, Trace& trace);
  ~World();
  /// All steps, then the quiet phase, in which everything must come to rest. Throws Violation.
  void run();
  /// How many steps there were before the quiet phase.
  [[nodiscard]] std::size_t steps() const { return steps_; }

  // ---- for those who judge the run ----
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] MemoryLogStorage& storage() { return *storage_; }
  [[nodiscard]] MemoryKeys& keys() { return keys_; }
  [[nodiscard]] std::vector<Node>& nodes() { return nodes_; }
  [[nodiscard]] Node& survivor();
  [[nodiscard]] tests::VirtualTime& time() { return time_; }
  [[nodiscard]] WorkspaceId workspace() const { return workspace_; }
  /// Every durable record in the order in which they became so.
  [[nodiscard]] const std::vector<Landed>& landed() const { return landed_; }
  /// Which process sent these bytes.
  [[nodiscard]] const std::map<Sha256, std::uint32_t>& senders() const { return senders_; }
  [[nodiscard]] Coverage& coverage() { return coverage_; }
  /// A process over an empty row store: what folding from zero gives.
  [[nodiscard]] std::unique_ptr<Process> process_from_zero(MemoryRows& rows);

 private:
  // One kind of step each; false when there is nothing to do.
  bool step_executors();
  bool step_log();
  bool step_client();
  bool step_repeat();
  void step_ticks();
  bool step_views();
  void step_rows();
  void step_time();
  void step_fault();

  // Faults.
  void inject(Fault fault);
  void happened(Fault fault);
  void start(Node& node);
  void kill(Node& node, bool power_cut);
  void stop(Node& node);
  void supervise();
  void heal();

  // The log's network or disk.
  bool deliver_exclusive();
  bool deliver_shared();
  void sync_all();
  void look_at_log();

  /// Runs `work` of a node's process. At a named place it may be killed (false), or take a rare branch.
  template <class Work> bool in(Node& node, const Work& work);
  [[nodiscard]] bool at_point(const char* name);
  static bool listen(const char* name);
  void look_at_timers(const MemoryLogStorage::Flight& flight);

  // Clients.
  bool send(Intent& intent, Node& node);
  void answered(std::size_t number, std::uint64_t life, const Result<Outcome>& result);
  void erase();
  [[nodiscard]] Offers offers_of(Node& node);
  Node* any_alive();
  void quiet();
  void come_to_rest(Node& last);
  void settle(std::int64_t ms);
  [[nodiscard]] bool settled_intents() const;

  [[nodiscard]] bool chance(std::size_t one_in) { return random_.one_in(one_in); }
  void note(const std::string& line);

  const Plan plan_;
  Trace& trace_;
  tests::SeededRandom random_;
  tests::VirtualTime time_;
  MemoryKeys keys_;
  std::shared_ptr<MemoryLogStorage> storage_;
  WorkspaceId workspace_;
  std::vector<Node> nodes_;
  std::uint64_t lives_ = 0;
  Ledger ledger_;
  Clients clients_;
  // Named places: one generator of their own, so that a run without them is otherwise the same.
  tests::SeededRandom point_random_;
  Node* running_ = nullptr;  ///< whose process takes a step now
  std::vector<Landed> landed_;
  std::vector<Offset> seen_end_;
  std::vector<Instant> recorded_;  ///< by partition: the latest time that was sent
  MemoryLogStorage::FlightId seen_flight_ = 0;
  std::map<Sha256, std::uint32_t> senders_;
  std::map<std::uint64_t, std::vector<OwnerStatus>> statuses_;  ///< of processes, as last told
  std::map<std::pair<std::uint64_t, PartitionId>, Offset> certain_;
  std::array<bool, faults> happened_{};
  std::int64_t disk_full_until_ = 0, reads_fail_until_ = 0, keys_away_until_ = 0, slow_disk_until_ = 0;
  bool quiet_ = false;
  std::size_t steps_ = 0;
  Coverage coverage_;
};

}  // namespace parlance::simulation
