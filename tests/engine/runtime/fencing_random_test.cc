// Seeded schedules in which anything may happen to anybody at any time: what the model checker visits in small and
// completely, visited here at random and longer, on the real writers.
#include "tests/engine/runtime/fenced_world.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

class Schedule {
 public:
  Schedule(std::uint64_t seed, std::size_t processes) : chance_(seed), world_(processes) {
    world_.seed = seed * 1000;
    for (std::size_t i = 0; i < processes; ++i) world_.restart(i, false);
  }

  World& world() { return world_; }

  void step() {
    Process& process = world_[chance_.below(world_.processes.size())];
    switch (chance_.below(16)) {
      case 0:
      case 1:
      case 2: process.executor.step(); break;
      case 3: process.run(); break;
      case 4:
      case 5:
        with_flight([&](const auto& flight) {
          if (flight.may_land) world_.land(flight.id, chance_.one_in(6));
        });
        break;
      case 6:
      case 7: with_flight([&](const auto& flight) { report(flight); }); break;
      case 8:
      case 9:
      case 10: decide(process); break;
      case 11: process.poll(); break;
      case 12:
        if (!process.assigned && !process.stopped) process.assign();
        break;
      case 13: world_.time.advance(static_cast<std::int64_t>(chance_.below(100))); break;
      case 14: process.run(); break;
      default: rarely(process);
    }
  }

 private:
  template <class Use> void with_flight(Use use) {
    const auto flights = world_.storage->in_flight();
    if (!flights.empty()) use(flights[chance_.one_in(2) ? 0 : chance_.below(flights.size())]);
  }
  void report(const MemoryLogStorage::Flight& flight) {
    if (flight.reported) return;
    if (chance_.one_in(12)) {
      // False offsets are known of duplicates, but never the expected one: an envelope is never at 0.
      const bool is_claim = world_.frame(flight.id).kind == RecordKind::claim;
      world_.storage->report(flight.id, is_claim || chance_.one_in(2) ? ~Offset{0} : Offset{0});
    } else if (flight.landed ? chance_.one_in(12) : chance_.one_in(4)) {
      world_.storage->report(flight.id, unavailable("log.unavailable"));
    } else if (flight.landed) {
      world_.storage->report(flight.id);
    }
  }
  void decide(Process& process) {
    if (!process.writer->owning() || process.writer->in_flight() >= 3) return;
    const int command = static_cast<int>(chance_.below(6));
    if (!world_.holds(process.history, command) && !world_.holds(process.speculative, command))
      process.decide(command);
  }
  void rarely(Process& process) {
    switch (chance_.below(8)) {
      case 0: world_.restart(process.number, chance_.one_in(2)); break;
      case 1: world_.time.advance(FencedWriter::answer_timeout_ms); break;
      case 2:
      case 3: with_flight([&](const auto& flight) { world_.storage->lose(flight.id); }); break;
      case 4:
        with_flight([&](const auto& flight) {
          if (!flight.reported) world_.storage->lose_report(flight.id);
        });
        break;
      case 5:
        refusing_ = !refusing_;
        world_.storage->refuse_writes(refusing_);
        break;
      case 6:
        unreadable_ = !unreadable_;
        world_.storage->fail_reads(unreadable_ ? std::optional(unavailable("log.unavailable"))
                                               : std::nullopt);
        break;
      default: process.writer->compare(world_.fold_log().state);
    }
  }

 public:
  void heal() {
    world_.storage->refuse_writes(false);
    world_.storage->fail_reads({});
    world_.calm();
  }

 private:
  SeededRandom chance_;
  World world_;
  bool refusing_ = false, unreadable_ = false;
};

}  // namespace

TEST_CASE(
    "in any schedule of up to three writers an answer given stays true, and in the end one of them writes") {
  std::size_t yes = 0, never = 0, voids = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Schedule schedule(seed, 2 + seed % 2);
    World& world = schedule.world();
    for (int steps = 1; steps <= 240; ++steps) {
      schedule.step();
      if (steps % 40 == 0) world.check_invariants();
    }
    schedule.heal();
    world.check_invariants();
    for (const auto& process : world.processes) {
      CHECK(process->writer->in_flight() == 0);
      CHECK(process->writer->in_doubt() == 0);
    }
    if (!world[0].assigned) world[0].assign();
    world.calm();
    REQUIRE(world[0].writer->owning());
    world[0].decide(99);
    world.calm();
    CHECK(world.answered_yes.contains(world.fold_log().accepted.back()));
    world.check_invariants();
    yes += world.answered_yes.size();
    never += world.answered_never.size();
    voids += world.fold_log().state.voids;
  }
  CHECK(yes > 400);
  CHECK(never > 100);
  CHECK(voids > 500);
}

TEST_CASE("after a loss nothing wrong is accepted, and whoever took what is gone for certain stops") {
  std::size_t stopped = 0, went_on = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Schedule schedule(seed, 2 + seed % 2);
    World& world = schedule.world();
    for (int steps = 0; steps < 120; ++steps) schedule.step();
    world.storage->truncate(0, world.storage->end(0) * (seed % 5) / 5);
    for (int steps = 0; steps < 120; ++steps) schedule.step();
    (void)world.fold_log();  // (3), (4) and (5) on what is left
    schedule.heal();
    // Whoever still knows what is gone finds out as soon as it goes on.
    for (const auto& process : world.processes) {
      if (process->stopped) continue;
      if (process->writer->owning()) process->decide(99);
      if (!process->assigned) process->assign();
      world.calm();
    }
    const auto reader = world.fold_log();
    for (const auto& process : world.processes) {
      if (!process->stopped) process->writer->compare(reader.state);
      if (process->stopped) {
        CHECK(process->stop_rule() == "log.loss");
        ++stopped;
      } else {
        CHECK_FALSE(reader.stopped.has_value());
        CHECK(process->history == reader.accepted);
        ++went_on;
      }
    }
  }
  CHECK(stopped > 100);
  CHECK(went_on > 100);
}
