#include "tests/simulation/plan.h"

#include <algorithm>
#include <cstdio>

#include "tests/support/seeded_random.h"

namespace parlance::simulation {

Plan draw_plan(std::uint64_t seed) {
  tests::SeededRandom random(seed * 0x9e3779b97f4a7c15ULL + 1);
  Plan plan;
  plan.seed = seed;
  plan.exclusive = random.one_in(2);
  plan.partitions = std::array<PartitionId, 4>{1, 2, 4, 4}[random.below(4)];
  for (std::size_t i = 0; i < faults; ++i) plan.on[i] = random.one_in(3);
  const auto never = [&](Fault fault) { plan.on[static_cast<std::size_t>(fault)] = false; };
  if (plan.exclusive) {
    for (const Fault fault : {Fault::lost_record, Fault::lost_report, Fault::wrong_report, Fault::doubled,
                              Fault::reordered, Fault::second_node})
      never(fault);
  } else {
    never(Fault::failed_sync);
  }
  for (auto& weight : plan.weights)
    weight = random.one_in(2) ? 0 : 1 + static_cast<std::uint32_t>(random.below(6));
  // Nobody is offered anything without agents who are there and a queue with a rule.
  const auto weight = [&](Feature feature) -> std::uint32_t& {
    return plan.weights[static_cast<std::size_t>(feature)];
  };
  if (!random.one_in(3)) weight(Feature::accept) = weight(Feature::decline) = 4;
  if (weight(Feature::accept) + weight(Feature::decline) > 0)
    for (const Feature feature : {Feature::desk, Feature::presence})
      weight(feature) = std::max(weight(feature), 5U);
  plan.weights[static_cast<std::size_t>(Feature::message)] =
      10 + static_cast<std::uint32_t>(random.below(30));
  // An erasure is one process's business: another one would have to be told.
  if (plan.has(Fault::second_node)) plan.weights[static_cast<std::size_t>(Feature::erasure)] = 0;
  plan.addresses = 2 + random.below(8);
  plan.intents = 20 + random.below(45);
  plan.fault_one_in = 20 + static_cast<std::uint32_t>(random.below(150));
  plan.repeat_one_in = 2 + static_cast<std::uint32_t>(random.below(8));
  plan.point_one_in = 50 + static_cast<std::uint32_t>(random.below(1000));
  plan.rare_one_in = 2 + static_cast<std::uint32_t>(random.below(60));
  return plan;
}

Plan draw_plan_of_crash(std::uint64_t seed, std::size_t step) {
  Plan plan = draw_plan(seed);
  plan.on.reset();
  plan.crash_at = step;
  plan.weights.fill(1);
  plan.intents = 14;
  plan.fault_one_in = 10;  // it comes back soon
  return plan;
}

Plan Less::of(Plan plan) const {
  plan.on &= ~without_faults;
  for (std::size_t i = 0; i < features; ++i)
    if (without_features[i] && i != static_cast<std::size_t>(Feature::message)) plan.weights[i] = 0;
  if (intents) plan.intents = std::min(plan.intents, *intents);
  return plan;
}

void Trace::note(const std::string& line) {
  for (const char c : line) hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
  if (verbose_) std::printf("%s\n", line.c_str());
}

void Coverage::add(const Coverage& other) {
  for (std::size_t i = 0; i < features; ++i) {
    done[i] += other.done[i];
    for (std::size_t j = 0; j < faults; ++j) done_after[i][j] += other.done_after[i][j];
  }
  for (std::size_t j = 0; j < faults; ++j) happened[j] += other.happened[j];
  for (const auto& [name, point] : other.points) {
    points[name].passed += point.passed;
    points[name].taken += point.taken;
  }
  envelopes += other.envelopes;
  restarts += other.restarts;
}

}  // namespace parlance::simulation
