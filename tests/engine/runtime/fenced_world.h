#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "adapters/memory/memory_log.h"
#include "engine/runtime/fenced_writer.h"
#include "tests/support/manual_executor.h"
#include "tests/support/seeded_random.h"

/// A log, the processes that write it, and what must hold between them: the checker of the fencing protocol's model, played
/// on the real writers.
namespace parlance::tests {

inline const LogId the_log{{0x10, 0x20}};
inline const Genesis the_genesis{1, 0, 256, {7}};
using FlightId = MemoryLogStorage::FlightId;

/// What was decided, by the body that was sent for it.
struct Decision {
  std::size_t process = 0;
  int command = 0;
  RawId nonce;
  std::vector<std::string> history;  ///< the names of all accepted records it was decided on
};

class World;

/// One process with one writer of partition 0. It takes no step by itself.
class Process final : public FencedWriter::Listener {
 public:
  Process(World& world, std::size_t number, std::optional<LogState> saved,
          std::optional<SealedMark> mark = {});

  /// Runs what is ready.
  void run() { executor.run(); }
  /// Is told that the log has risen, and runs.
  void poll() {
    writer->poll();
    run();
  }
  /// Is assigned to write the partition.
  void assign() {
    assigned = true;
    writer->start();
  }
  /// Is assigned, and goes on until its claim is in flight.
  FlightId claim();
  /// Decides on F + Q and sends; the record's place among those in flight is that of the sole newest one.
  FlightId send(int command);
  /// Decides without running the executor, so that several go as one append.
  FencedWriter::Ticket decide(int command);

  void on_accepted(Offset offset, const Folded& folded, const LogState& after,
                   std::optional<FencedWriter::Ticket> ticket) override;
  void on_void(Offset offset, const LogState& after) override;
  void on_owning() override {
    CHECK(writer->in_doubt() == 0);
    ++ownings;
  }
  void on_doubt() override {
    CHECK_FALSE(writer->owning());
    ++doubts;
    speculative.clear();
  }
  void on_never(FencedWriter::Ticket ticket) override;
  void on_deposed() override {
    CHECK(writer->in_doubt() == 0);
    ++deposals;
    assigned = false;
  }
  void on_read_only() override { ++read_onlys; }
  void on_stopped(const Error& error) override { stopped = error; }

  [[nodiscard]] std::string stop_rule() const { return stopped ? std::string(stopped->rule) : std::string(); }

  World& world;
  std::size_t number;
  ManualExecutor executor;
  SeededRandom random;
  MemoryLog log;
  std::vector<std::string> history;      ///< names of the accepted records told, from the start of the log
  std::vector<std::string> speculative;  ///< bodies decided on top
  std::vector<std::string> yes, never;   ///< bodies
  std::map<FencedWriter::Ticket, std::string> tickets;
  bool assigned = false;
  int ownings = 0, doubts = 0, deposals = 0, read_onlys = 0;
  std::size_t voids = 0;
  std::optional<Error> stopped;
  std::unique_ptr<FencedWriter> writer;  ///< last: it is destroyed before what it calls
};

class World {
 public:
  explicit World(std::size_t count, bool exclusive = false, bool marks = false)
      : storage(std::make_shared<MemoryLogStorage>(MemoryLogOptions{the_log, 1, 1, exclusive, marks})) {
    storage->hold_appends(true);
    for (std::size_t i = 0; i < count; ++i)
      processes.push_back(std::make_unique<Process>(*this, i, std::nullopt));
  }

  Process& operator[](std::size_t i) { return *processes[i]; }

  /// The process is gone with all it knew, but for what it had saved; another one takes its place.
  void restart(std::size_t i, bool keeps_state, std::optional<SealedMark> mark = {}) {
    std::optional<LogState> saved;
    std::vector<std::string> history;
    if (keeps_state) {
      saved = processes[i]->writer->certain();
      history = processes[i]->history;
    }
    processes[i].reset();
    processes[i] = std::make_unique<Process>(*this, i, saved, mark);
    processes[i]->history = history;
  }

  Offset land(FlightId flight, bool another_copy = false) { return storage->land(flight, another_copy); }
  /// Its sender is told what became of it, and runs.
  void report(FlightId flight) {
    storage->report(flight);
    run_all();
  }
  void land_and_report(FlightId flight) {
    land(flight);
    report(flight);
  }
  void run_all() {
    for (const auto& process : processes) process->run();
  }
  /// Everybody runs, at each moment on the way at which something is due.
  void run_for(std::int64_t ms) {
    const std::int64_t until = time.boot_ms() + ms;
    run_all();
    while (time.boot_ms() < until) {
      std::int64_t next = until;
      for (const auto& process : processes)
        next = std::min(next, process->executor.next_due().value_or(until));
      time.advance(std::max<std::int64_t>(next - time.boot_ms(), 0));
      run_all();
    }
  }
  /// Everything in flight arrives and everybody reads, until nothing is left to happen within a minute.
  void calm() {
    for (int turns = 0; turns < 40; ++turns) {
      storage->deliver_all();
      for (const auto& process : processes) process->poll();
      run_for(turns < 20 ? 50 : 3000);
    }
  }
  [[nodiscard]] Frame frame(FlightId flight) const {
    for (const auto& sent : storage->in_flight())
      if (sent.id == flight) return (**parse_record(the_log, *sent.bytes)).frame;
    FAIL("the record is not in flight");
    return {};
  }

  struct Judged {
    LogState state = initial_log_state(the_log, 0);
    std::vector<std::string> accepted;  ///< names
    std::optional<Error> stopped;
  };
  /// A reader's own fold of the log as it is now.
  [[nodiscard]] Judged fold_log() const {
    Judged out;
    PassedStates passed(out.state);
    for (Offset offset = 0; offset < storage->end(0); ++offset) {
      const Bytes bytes = storage->bytes(0, offset);
      const auto folded = fold(out.state, passed, offset, bytes);
      if (!folded) {
        out.stopped = folded.error();
        break;
      }
      if (folded->verdict == Verdict::void_record) continue;
      if (folded->verdict == Verdict::accepted_envelope) check_accepted(out, *folded);
      out.accepted.push_back(name_of(*folded));
    }
    return out;
  }
  /// Whether a decision on this command is among these names.
  [[nodiscard]] bool holds(const std::vector<std::string>& names, int command) const {
    return std::ranges::any_of(names, [&](const std::string& name) {
      const auto found = decisions.find(name);
      return found != decisions.end() && found->second.command == command;
    });
  }
  /// Invariants (1) to (5) of the model, in any state of a log that lost nothing. A "never" is only as good as what may still
  /// land, so this is to be asked again after everything late has landed.
  void check_invariants() const {
    const Judged log = fold_log();
    REQUIRE_FALSE(log.stopped.has_value());
    const std::set<std::string> accepted(log.accepted.begin(), log.accepted.end());
    for (const std::string& body : answered_yes)
      CHECK_MESSAGE(accepted.contains(body), "(1) acknowledged, not accepted: ", body);
    for (const std::string& body : answered_never) {
      CHECK_MESSAGE(!accepted.contains(body), "(2) never, but accepted: ", body);
      CHECK_MESSAGE(!answered_yes.contains(body), "(2) both answers: ", body);
    }
    for (const auto& process : processes) {
      CHECK_FALSE(process->stopped.has_value());
      const auto& told = process->history;
      const bool is_prefix =
          told.size() <= log.accepted.size() && std::equal(told.begin(), told.end(), log.accepted.begin());
      CHECK_MESSAGE(is_prefix, "told once each, in log order");
    }
  }

  [[nodiscard]] static std::string name_of(const Folded& folded) {
    if (folded.verdict == Verdict::accepted_claim) return "claim " + to_hex(folded.record_hash);
    return std::string(as_text(folded.record.body));
  }

  VirtualTime time;
  std::shared_ptr<MemoryLogStorage> storage;
  std::map<std::string, Decision> decisions;
  std::set<std::string> answered_yes, answered_never;
  std::vector<std::unique_ptr<Process>> processes;
  std::uint64_t seed = 1;

 private:
  /// (3), (4) and (5) for an envelope that the fold has just accepted.
  void check_accepted(const Judged& log, const Folded& folded) const {
    const std::string body = name_of(folded);
    const auto found = decisions.find(body);
    REQUIRE_MESSAGE(found != decisions.end(), body);
    const Decision& decision = found->second;
    CHECK_MESSAGE(decision.nonce == log.state.nonce, "(3) decided under another claim: ", body);
    CHECK_MESSAGE(decision.history == log.accepted, "(4) decided on another history: ", body);
    CHECK_MESSAGE(!holds(log.accepted, decision.command), "(5) a command accepted twice: ", body);
  }
};

inline Process::Process(World& the_world, std::size_t its_number, std::optional<LogState> saved,
                        std::optional<SealedMark> mark)
    : world(the_world),
      number(its_number),
      executor(the_world.time),
      random(the_world.seed++),
      log(the_world.storage),
      writer(std::make_unique<FencedWriter>(log, PartitionId{0},
                                            saved ? *saved : initial_log_state(the_log, 0), the_genesis, mark,
                                            executor, random, *this)) {}

inline FlightId Process::claim() {
  const auto newest = [this] {
    const auto flights = world.storage->in_flight();
    return flights.empty() ? FlightId{0} : flights.back().id;
  };
  const FlightId before = newest();
  assign();
  executor.run_for(FencedWriter::round_trip_ms);
  REQUIRE(newest() > before);
  return newest();
}

inline FencedWriter::Ticket Process::decide(int command) {
  std::string body = "process " + std::to_string(number) + ", decision " +
                     std::to_string(world.decisions.size()) + ", command " + std::to_string(command);
  Decision decision{number, command, writer->certain().nonce, history};
  decision.history.insert(decision.history.end(), speculative.begin(), speculative.end());
  world.decisions.emplace(body, decision);
  const auto ticket = writer->propose(as_bytes(body), {}, {});
  tickets[ticket] = body;
  speculative.push_back(body);
  return ticket;
}

inline FlightId Process::send(int command) {
  decide(command);
  run();
  return world.storage->in_flight().back().id;
}

inline void Process::on_accepted(Offset offset, const Folded& folded, const LogState& after,
                                 std::optional<FencedWriter::Ticket> ticket) {
  CHECK(after.next == offset + 1);
  CHECK(after.last_record == folded.record_hash);
  const std::string name = World::name_of(folded);
  history.push_back(name);
  if (!ticket) return;
  CHECK(tickets.at(*ticket) == name);
  if (!speculative.empty() && speculative.front() == name) speculative.erase(speculative.begin());
  yes.push_back(name);
  world.answered_yes.insert(name);
}

inline void Process::on_void(Offset offset, const LogState& after) {
  CHECK(after.next == offset + 1);
  ++voids;
}

inline void Process::on_never(FencedWriter::Ticket ticket) {
  never.push_back(tickets.at(ticket));
  world.answered_never.insert(tickets.at(ticket));
}

}  // namespace parlance::tests
