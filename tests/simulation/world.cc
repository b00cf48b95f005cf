#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "engine/base/fault_point.h"
#include "schemas/frame.h"

namespace parlance::simulation {
namespace {

constexpr Instant begin{1'764'000'000'000};
constexpr std::int64_t second_ms = 1000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms,
                       year_ms = 365 * 24 * hour_ms;
constexpr std::size_t steps_max = 20'000;
/// So far wall and boot clock may be apart before a process holds its timers back.
constexpr std::int64_t clocks_apart_ms_max = 5 * minute_ms;

/// Thrown at a named place of the program: the process ends there.
struct KilledHere {};
World* listening = nullptr;                             ///< the run under way
constexpr std::int64_t quiet_ms_max = 30 * minute_ms;   ///< within which all must have come to rest
constexpr std::int64_t timers_ms_max = 12 * minute_ms;  ///< the farthest that a deadline lies ahead

bool is_message(Feature feature) {
  return feature == Feature::message || feature == Feature::reply_to_message || feature == Feature::thread;
}
std::string text_of(const Result<Outcome>& result) {
  if (!result) return std::string(result.error().rule);
  std::string out = result->replayed ? "again" : "done";
  for (const Position& position : result->positions) out += " " + to_text(position);
  return out;
}

}  // namespace

World::World(const Plan& plan, Trace& trace)
    : plan_(plan),
      trace_(trace),
      random_(plan.seed ^ 0x5eedULL),
      time_(begin),
      keys_(plan.seed),
      storage_(std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({1, plan.seed}),
                                                                   .partitions = plan.partitions,
                                                                   .exclusive = plan.exclusive,
                                                                   .marks = plan.exclusive})),
      workspace_(default_workspace(storage_->options().id)),
      nodes_(plan.has(Fault::second_node) ? 2 : 1),
      clients_(plan_, ledger_, random_, keys_, workspace_, begin),
      point_random_(plan.seed ^ 0xb07aULL),
      seen_end_(plan.partitions, 0),
      recorded_(plan.partitions) {
  storage_->hold_appends(true);
  storage_->hold_syncs(plan.exclusive);
  listening = this;
  listen_at_fault_points(&World::listen);
}
World::~World() {
  listen_at_fault_points(nullptr);
  listening = nullptr;
}

void World::note(const std::string& line) { trace_.note(std::to_string(time_.boot_ms()) + " " + line); }

// ---- named places ----

bool World::listen(const char* name) { return listening->at_point(name); }

bool World::at_point(const char* name) {
  Coverage::Point& point = coverage_.points[name];
  ++point.passed;
  if (running_ == nullptr || quiet_) return false;
  if (plan_.has(Fault::point) && point_random_.one_in(plan_.point_one_in)) {
    ++point.taken;
    note(std::string("killed at ") + name);
    throw KilledHere();
  }
  if (!plan_.has(Fault::rare_branch) || !point_random_.one_in(plan_.rare_one_in)) return false;
  ++point.taken;
  happened_[static_cast<std::size_t>(Fault::rare_branch)] = true;
  ++coverage_.happened[static_cast<std::size_t>(Fault::rare_branch)];
  return true;
}

template <class Work> bool World::in(Node& node, const Work& work) {
  running_ = &node;
  try {
    work();
    running_ = nullptr;
    return true;
  } catch (const KilledHere&) {
    running_ = nullptr;
    happened(Fault::point);
    kill(node, chance(2));
    return false;
  }
}

Node& World::survivor() {
  for (Node& node : nodes_)
    if (node.process) return node;
  throw Violation("no process is left");
}

std::unique_ptr<Process> World::process_from_zero(MemoryRows& rows) {
  return std::make_unique<Process>(storage_, rows, keys_, time_, nodes_.front().skew_ms, plan_.seed ^ ~0ULL);
}

// ---- the run ----

void World::run() {
  start(nodes_.front());
  std::size_t idle = 0;
  for (; steps_ < steps_max; ++steps_) {
    heal();
    if (plan_.crash_at == steps_ && nodes_.front().process) {
      happened(Fault::crash);
      kill(nodes_.front(), true);
    }
    if (ledger_.intents.size() >= plan_.intents && settled_intents() && ++idle > 200) break;
    const std::size_t draw = random_.below(100);
    if (chance(plan_.fault_one_in))
      step_fault();
    else if (draw < 48)
      step_executors();
    else if (draw < 76)
      step_log();
    else if (draw < 81)
      step_client();
    else if (draw < 86)
      step_repeat();
    else if (draw < 88)
      step_ticks();
    else if (draw < 91)
      step_views();
    else if (draw < 92)
      step_rows();
    else if (draw < 93)
      supervise();
    else
      step_time();
    look_at_log();
  }
  quiet();
}

bool World::step_executors() {
  std::vector<std::pair<Node*, PartitionId>> ready;
  for (Node& node : nodes_) {
    if (!node.process || node.stands_until_ms > time_.boot_ms()) continue;
    for (PartitionId p = 0; p < plan_.partitions; ++p)
      if (node.process->executors[p]->ready()) ready.emplace_back(&node, p);
  }
  if (ready.empty()) return false;
  const auto [node, partition] = ready[random_.below(ready.size())];
  node->begun.insert(partition);
  for (std::size_t n = 1 + random_.below(6); n > 0; --n) {
    bool more = false;
    if (!in(*node, [&, p = partition, one = node] { more = one->process->executors[p]->step(); }) || !more)
      break;
  }
  return true;
}

bool World::step_log() {
  if (slow_disk_until_ != 0) return false;
  return plan_.exclusive ? deliver_exclusive() : deliver_shared();
}

bool World::step_client() {
  Node* node = any_alive();
  if (ledger_.intents.size() >= plan_.intents || node == nullptr) return false;
  Feature feature = clients_.next();
  if (feature == Feature::erasure) {
    erase();
    return true;
  }
  // Offers end soon, so whoever gets one mostly says something.
  const auto wanted = [&](Feature one) { return plan_.weights[static_cast<std::size_t>(one)] != 0; };
  const bool accepts = wanted(Feature::accept), declines = wanted(Feature::decline);
  const Offers offers = accepts || declines ? offers_of(*node) : Offers{};
  if (!offers.empty() && !chance(4))
    feature = accepts && (!declines || chance(3)) ? Feature::accept : Feature::decline;
  return send(clients_.invent(feature, time_.now(), offers), *node);
}

/// Repeats of what is not known, and of what is.
bool World::step_repeat() {
  Node* node = any_alive();
  if (node == nullptr || ledger_.intents.empty()) return false;
  for (std::size_t tries = 0; tries < 4; ++tries) {
    Intent& intent = ledger_.intents[random_.below(ledger_.intents.size())];
    if (!intent.keyed()) continue;
    const bool wanted =
        !intent.done && intent.unanswered == 0 && intent.last_error && !definitive(*intent.last_error);
    if (wanted || chance(plan_.repeat_one_in * 2)) return send(intent, *node);
  }
  return false;
}

void World::step_ticks() {
  if (Node* node = any_alive()) in(*node, [&] { node->process->engine.tick(); });
}

bool World::step_views() {
  Node* node = any_alive();
  if (node == nullptr) return false;
  Process& process = *node->process;
  if (!process.views) {
    auto opened = Views::open(process.log, *node->rows, {.dirty_bytes_max = 8 << 10, .dirty_ms_max = 500});
    if (!opened) return false;
    process.views = std::move(*opened);
    process.applied = process.views->applied();
  }
  std::optional<Result<std::size_t>> applying;
  const std::size_t records = 1 + random_.below(40);
  if (!in(*node, [&] { applying = process.views->apply_available(process.clock.now(), records); }))
    return true;
  const Result<std::size_t>& applied = *applying;
  must(applied.has_value(), "the views store their rows");
  const auto now = process.views->applied();
  for (const Position& before : process.applied) {
    const auto after = std::ranges::find(now, before.partition, &Position::partition);
    must(after != now.end() && after->offset >= before.offset, "a view's position never goes back");
  }
  process.applied = now;
  for (const ViewStatus& status : process.views->status()) {
    must(status.quarantined == 0, "a view quarantined an event: " + status.view);
    if (status.health != Health::stopped) continue;
    must(status.error && status.error->code == Errc::unavailable, "a view stopped: " + status.error->detail);
    process.views.reset();  // opened again by and by
    break;
  }
  return true;
}

void World::step_rows() {
  Node* node = any_alive();
  if (node == nullptr) return;
  if (chance(2)) {
    const bool force = !chance(3);
    in(*node, [&] { must(node->process->engine.maintain(force).has_value(), "the fold store flushes"); });
  } else if (node->process->views) {
    in(*node, [&] { must(node->process->views->flush().has_value(), "the views flush"); });
  }
}

void World::step_time() {
  const std::size_t draw = random_.below(100);
  std::int64_t ms = 1 + static_cast<std::int64_t>(random_.below(20));
  if (draw >= 90) ms = 1 + static_cast<std::int64_t>(random_.below(5 * second_ms));
  if (draw >= 98) ms = 1 + static_cast<std::int64_t>(random_.below(2 * minute_ms));
  time_.advance(ms);
}

// ---- faults ----

void World::happened(Fault fault) {
  happened_[static_cast<std::size_t>(fault)] = true;
  ++coverage_.happened[static_cast<std::size_t>(fault)];
  note("fault " + std::string(fault_names[static_cast<std::size_t>(fault)]));
}

void World::step_fault() {
  // A process that is down comes back, fault or not.
  for (Node& node : nodes_)
    if (!node.process && (&node == &nodes_.front() || chance(2))) {
      if (plan_.has(Fault::rows_lost) && chance(3)) {
        happened(Fault::rows_lost);
        node.rows = std::make_unique<MemoryRows>();
      }
      return start(node);
    }
  const auto fault = static_cast<Fault>(random_.below(faults));
  if (plan_.has(fault)) inject(fault);
}

void World::inject(Fault fault) {
  Node* node = any_alive();
  if (node == nullptr) return;
  const auto for_a_while = [&] {
    return time_.boot_ms() + 1 + static_cast<std::int64_t>(random_.below(20 * second_ms));
  };
  const bool sets_clock =
      fault == Fault::clock_step || fault == Fault::clock_jump || fault == Fault::clock_years;
  if (sets_clock && node->begun.size() < plan_.partitions) return;
  if (sets_clock) node->clock_sets.push_back({time_.now(), node->skew_ms});
  switch (fault) {
    case Fault::crash: happened(fault); return kill(*node, chance(2));
    case Fault::orderly_stop: happened(fault); return stop(*node);
    case Fault::second_node:
      for (Node& other : nodes_)
        if (!other.process) {
          happened(fault);
          return start(other);
        }
      // Both live: the deposed one is assigned again.
      happened(fault);
      kill(*node, false);
      return start(*node);
    case Fault::standstill:
      happened(fault);
      node->stands_until_ms = for_a_while() + (chance(3) ? minute_ms : 0);
      return;
    case Fault::clock_step:
      happened(fault);
      node->skew_ms += static_cast<std::int64_t>(random_.below(6 * minute_ms)) - 3 * minute_ms;
      return;
    case Fault::clock_jump:
      happened(fault);
      node->skew_ms =
          node->skew_ms == 0 ? static_cast<std::int64_t>(random_.below(20 * hour_ms)) - 10 * hour_ms : 0;
      return;
    case Fault::clock_years:
      happened(fault);
      node->skew_ms = node->skew_ms == 0 ? (chance(2) ? 10 : -10) * year_ms : 0;
      return;
    case Fault::slow_disk:
      if (slow_disk_until_ != 0) return;
      happened(fault);
      slow_disk_until_ = for_a_while();
      return;
    case Fault::full_disk:
      if (disk_full_until_ != 0) return;
      happened(fault);
      disk_full_until_ = for_a_while();
      return storage_->refuse_writes(true);
    case Fault::reads_fail:
      if (reads_fail_until_ != 0) return;
      happened(fault);
      reads_fail_until_ = for_a_while();
      return storage_->fail_reads(unavailable("log.unavailable", "the simulated log cannot be read"));
    case Fault::keys_away:
      if (keys_away_until_ != 0) return;
      happened(fault);
      keys_away_until_ = for_a_while();
      return keys_.set_unavailable(true);
    case Fault::failed_sync: {
      const auto flights = storage_->in_flight();
      if (std::ranges::none_of(flights, [](const auto& f) { return f.landed.has_value(); })) return;
      happened(fault);
      return kill(*node, true);
    }
    case Fault::lost_record:
    case Fault::lost_report:
    case Fault::wrong_report:
    case Fault::doubled:
    case Fault::reordered:
    case Fault::rows_lost:
    case Fault::clock_skew:
    case Fault::point:
    case Fault::rare_branch: return;  // drawn where they happen
  }
}

/// What was away for a while comes back.
void World::heal() {
  const std::int64_t now = time_.boot_ms();
  const auto over = [&](std::int64_t& until) {
    return until != 0 && now >= until && std::exchange(until, 0) != 0;
  };
  if (over(disk_full_until_)) storage_->refuse_writes(false);
  if (over(reads_fail_until_)) storage_->fail_reads(std::nullopt);
  if (over(keys_away_until_)) keys_.set_unavailable(false);
  (void)over(slow_disk_until_);
}

void World::start(Node& node) {
  node.life = ++lives_;
  node.stands_until_ms = 0;
  if (!quiet_ && plan_.has(Fault::clock_skew) && chance(3)) {
    happened(Fault::clock_skew);
    node.skew_ms = static_cast<std::int64_t>(random_.below(4 * hour_ms)) - 2 * hour_ms;
  }
  node.begun.clear();
  node.clock_sets.clear();
  node.skew_at_start_ms =
      node.skew_ms;  // one that starts with a wrong clock holds its timers once that is set right
  ++coverage_.restarts;
  note("start process " + std::to_string(node.life));
  node.process = std::make_unique<Process>(storage_, *node.rows, keys_, time_, node.skew_ms,
                                           plan_.seed * 1000 + node.life);
  in(node, [&] { node.process->engine.start(); });
}

void World::kill(Node& node, bool power_cut) {
  note("kill process " + std::to_string(node.life));
  node.process.reset();
  node.rows->lose_unflushed();
  for (Intent& intent : ledger_.intents) intent.unanswered -= intent.unanswered_of.erase(node.life);
  if (!plan_.exclusive) return;
  for (const auto& flight : storage_->in_flight())
    if (flight.may_land) storage_->lose(flight.id);
  // What the process had written is the system's to keep, unless the power goes.
  for (PartitionId p = 0; p < plan_.partitions; ++p)
    storage_->lose_unsynced(p, power_cut ? random_.below(3) : ~std::size_t{0} >> 1U);
  look_at_log();
}

void World::stop(Node& node) {
  note("stop process " + std::to_string(node.life));
  bool stopped = false;
  node.process->engine.stop([&] { stopped = true; });
  for (bool ran = true; ran;) {
    ran = false;
    for (const auto& executor : node.process->executors) ran = executor->run() > 0 || ran;
  }
  must(stopped, "an engine that is asked to stop stops");
  for (const Intent& intent : ledger_.intents)
    must(!intent.unanswered_of.contains(node.life), "a stop answers everybody: " + intent.text);
  if (node.process->views) must(node.process->views->flush().has_value(), "the views flush");
  must(node.process->engine.maintain(true).has_value(), "the fold store flushes");
  kill(node, false);
}

/// Starts again what has stopped, as whoever runs it would. Looks at what was last told, and asks anew.
void World::supervise() {
  for (Node& node : nodes_) {
    if (!node.process || node.stands_until_ms > time_.boot_ms()) continue;
    bool start_again = false;
    if (const auto told = statuses_.find(node.life); told != statuses_.end())
      for (const OwnerStatus& status : told->second) {
        auto& certain = certain_[{node.life, status.certain.partition}];
        must(status.certain.next >= certain, "what is certain never goes back");
        certain = status.certain.next;
        must(status.quarantined == 0, "an owner quarantined a record of its own kind");
        if (status.health == OwnerHealth::stopped) {
          const bool expected = status.reason.starts_with("keyring.unavailable") ||
                                status.reason.starts_with("log.unavailable");
          must(expected, "an owner stopped: " + status.reason);
          start_again = start_again || (keys_away_until_ == 0 && reads_fail_until_ == 0);
        }
        if (status.health == OwnerHealth::deposed)
          start_again = start_again || std::ranges::count_if(
                                           nodes_, [](const Node& n) { return n.process != nullptr; }) == 1;
      }
    if (start_again) {
      kill(node, false);
      start(node);
      continue;
    }
    node.process->engine.status([this, life = node.life](std::vector<OwnerStatus> all) {
      statuses_.insert_or_assign(life, std::move(all));
    });
  }
}

// ---- the log ----

void World::sync_all() {
  for (PartitionId p = 0; p < plan_.partitions; ++p) storage_->sync(p);
}

/// One writer: lands in order, syncs, reports in order.
bool World::deliver_exclusive() {
  const auto flights = storage_->in_flight();
  if (flights.empty()) return false;
  const auto reportable = std::ranges::find_if(flights, [&](const auto& f) {
    return !f.reported && f.landed && *f.landed < storage_->end(f.partition);
  });
  const auto unlanded = std::ranges::find_if(flights, [](const auto& f) { return f.may_land; });
  const bool unsynced = std::ranges::any_of(
      flights, [&](const auto& f) { return f.landed && *f.landed >= storage_->end(f.partition); });
  if (disk_full_until_ != 0 && unlanded != flights.end()) {
    // The whole group is refused before any sync.
    for (const auto& flight : flights) {
      if (!flight.may_land) continue;
      storage_->lose(flight.id);
      storage_->report(flight.id, Error{Errc::read_only, "log.read_only", "no space"});
    }
    return true;
  }
  const std::size_t draw = random_.below(3);
  if (draw == 0 && reportable != flights.end()) {
    storage_->report(reportable->id);
  } else if (draw == 1 && unsynced) {
    sync_all();
  } else if (unlanded != flights.end()) {
    storage_->land(unlanded->id);
  } else if (unsynced) {
    sync_all();
  } else if (reportable != flights.end()) {
    storage_->report(reportable->id);
  }
  return true;
}

/// A network between: anything may be late, lost, doubled or out of order.
bool World::deliver_shared() {
  const auto flights = storage_->in_flight();
  if (flights.empty()) return false;
  std::size_t at = random_.below(std::min<std::size_t>(flights.size(), 8));
  const bool overtake = plan_.has(Fault::reordered) && chance(6);
  if (!overtake) {
    // The first of its sender's there.
    const auto& drawn = flights[at];
    at = static_cast<std::size_t>(std::ranges::find_if(flights,
                                                       [&](const auto& f) {
                                                         return f.process == drawn.process &&
                                                                f.partition == drawn.partition;
                                                       }) -
                                  flights.begin());
  }
  const auto& flight = flights[at];
  const auto fault = [&](Fault which, std::size_t one_in) {
    if (quiet_ || !plan_.has(which) || !chance(one_in)) return false;
    happened(which);
    return true;
  };
  if (overtake && flight.may_land && at > 0) happened(Fault::reordered);
  if (flight.may_land) {
    if (flight.landed || fault(Fault::lost_record, 10)) {
      if (flight.landed && chance(2))
        storage_->land(flight.id);
      else
        storage_->lose(flight.id);
    } else {
      storage_->land(flight.id, fault(Fault::doubled, 10));
    }
  } else if (fault(Fault::lost_report, 12)) {
    storage_->lose_report(flight.id);
  } else if (flight.landed && fault(Fault::wrong_report, 12)) {
    storage_->report(flight.id, unavailable("log.unavailable", "the simulated network lost the answer"));
  } else {
    storage_->report(flight.id);
  }
  return true;
}

/// Who sent what, and what became durable when.
void World::look_at_log() {
  for (const auto& flight : storage_->in_flight()) {
    if (flight.id <= seen_flight_) continue;
    seen_flight_ = flight.id;
    senders_.emplace(sha256(*flight.bytes), flight.process);
    look_at_timers(flight);
  }
  for (PartitionId p = 0; p < plan_.partitions; ++p) {
    const Offset end = storage_->end(p);
    must(end >= seen_end_[p], "the log's end never goes back");
    for (; seen_end_[p] < end; ++seen_end_[p]) landed_.push_back({p, seen_end_[p]});
  }
}

// ---- clients ----

/// Timers that a process fires by itself (a refusal's bring nobody's command with them either) are due by its clock, and not while
/// that is known to be wrong.
void World::look_at_timers(const MemoryLogStorage::Flight& flight) {
  const auto record = parse_record(storage_->options().id, *flight.bytes);
  if (!record || !*record || (*record)->frame.kind != RecordKind::envelope) return;
  const auto envelope = decode_envelope((*record)->body);
  must(envelope.has_value(), "what is sent decodes");
  // No time that is recorded goes back.
  const bool time_hidden = envelope->recorded_at <= recorded_[flight.partition];
  recorded_[flight.partition] = std::max(recorded_[flight.partition], envelope->recorded_at);
  const auto node = std::ranges::find_if(
      nodes_, [&](const Node& one) { return one.process && one.process->log.process() == flight.process; });
  if (node == nodes_.end()) return;
  if (envelope->command || envelope->import || envelope->actor.kind != ActorKind::system) return;
  for (const StreamEvent& event : envelope->events) {
    const auto* body = std::get_if<conversation::Event>(&event.body);
    if (body == nullptr) continue;
    const auto* closed = std::get_if<conversation::Closed>(body);
    const bool timer = std::holds_alternative<conversation::Woken>(*body) ||
                       std::holds_alternative<conversation::FirstResponseBreached>(*body) ||
                       (closed != nullptr && closed->automatic);
    if (!timer) continue;
    must(event.occurred_at <= envelope->recorded_at, "a timer does not fire before its time");
    // Decided before the clock was set, it may be sent after.
    const std::int64_t apart = node->skew_ms - node->skew_at_start_ms;
    // What was recorded while the clock ran ahead holds later times up, also where it was never sent.
    Instant ahead;
    const bool decided_before = std::ranges::any_of(node->clock_sets, [&](const Node::ClockSet& set) {
      ahead = std::max(ahead, set.at + set.skew_before_ms);
      return std::abs(set.skew_before_ms - node->skew_at_start_ms) <= clocks_apart_ms_max &&
             envelope->recorded_at <= ahead;
    });
    must(std::abs(apart) <= clocks_apart_ms_max || decided_before || time_hidden,
         "timers are held while wall and boot clock disagree");
  }
}

/// What agents are offered, as the node's fold store has it.
Offers World::offers_of(Node& node) {
  Offers out;
  const auto agents = node.process->engine.routed_agents(workspace_);
  if (!agents) return out;
  for (const auto& [agent, state] : *agents)
    for (const routing::Offer& offer : state.offers) out.emplace_back(agent, offer.conversation);
  return out;
}

Node* World::any_alive() {
  std::vector<Node*> alive;
  for (Node& node : nodes_)
    if (node.process) alive.push_back(&node);
  return alive.empty() ? nullptr : alive[random_.below(alive.size())];
}

bool World::send(Intent& intent, Node& node) {
  note("ask " + std::to_string(intent.number) + " " +
       std::string(feature_names[static_cast<std::size_t>(intent.feature)]) + " of process " +
       std::to_string(node.life));
  ++intent.unanswered;
  intent.unanswered_of.insert(node.life);
  return in(node, [&] {
    node.process->engine.submit(
        intent.request, [this, number = intent.number, life = node.life](const Result<Outcome>& result) {
          answered(number, life, result);
        });
  });
}

void World::answered(std::size_t number, std::uint64_t life, const Result<Outcome>& result) {
  look_at_log();
  Intent& intent = ledger_.intents[number];
  const std::string name = "command " + std::to_string(number);
  note(name + ": " + text_of(result));
  const auto out = intent.unanswered_of.find(life);
  must(out != intent.unanswered_of.end(), name + " was answered twice for one asking");
  intent.unanswered_of.erase(out);
  --intent.unanswered;

  if (!result) {
    intent.last_error = result.error();
    const std::string_view rule = result.error().rule;
    const bool final = definitive(result.error());
    // The first answer said that the offer was accepted, before the conversation was asked; this is what that said.
    const bool not_taken = intent.feature == Feature::accept && intent.done &&
                           intent.done->stream.category == Category::routing &&
                           rule.starts_with("conversation.");
    must(!intent.done || !final || !intent.keyed() || nodes_.size() > 1 || not_taken,
         name + " was done, and its repeat refused: " + std::string(rule));
    must(rule != "command.key_reused", name + " has the key of another");
    must(rule != "conversation.not_found" || !ledger_.erased.empty(), name + " met no conversation");
    must(rule != "subject.erased" || !ledger_.erased.empty(), name + " met an erasure that never was");
    must(!final || !is_message(intent.feature),
         name + ": a customer's message was refused: " + std::string(rule));
    // With two processes another one may have done it between the decision and its answer; a refusal may be overtaken by
    // the same command's next asking, which is decided anew.
    const bool not_there = rule == "command.not_done" || (final && intent.unanswered == 0);
    // That an offer was accepted is on record, also where the conversation then refused the agent.
    if (not_there && nodes_.size() == 1 && intent.feature != Feature::accept)
      intent.said_not_there.push_back(landed_.size());
    if (const auto* action = std::get_if<OnConversation>(&intent.request.action);
        action && rule == "conversation.closed")
      ledger_.said_closed.push_back({action->conversation, landed_.size()});
    return;
  }
  const Outcome& outcome = *result;
  for (const Position& position : outcome.positions)
    must(position.offset < storage_->end(position.partition), name + " was answered before it was durable");
  if (!outcome.replayed) ++intent.first_outcomes;
  if (intent.keyed()) must(intent.first_outcomes <= 1, name + " was done for the first time twice");
  if (intent.done && intent.keyed()) {
    // Whose agent had the conversation another way before it was told of the offer: the first answer says that the offer was accepted,
    // a later one what the conversation said to that.
    const bool told_later = intent.feature == Feature::accept &&
                            intent.done->stream.category == Category::routing &&
                            outcome.stream.category == Category::conversation;
    must(intent.done->envelope == outcome.envelope || told_later,
         name + ": a repeat was answered with another outcome");
    must(intent.done->stream == outcome.stream || told_later,
         name + ": a repeat was answered with another stream");
    must(intent.done->positions.front() == outcome.positions.front(),
         name + ": a repeat has another position");
    return;
  }
  if (!intent.done) {
    const auto feature = static_cast<std::size_t>(intent.feature);
    ++coverage_.done[feature];
    for (std::size_t j = 0; j < faults; ++j) coverage_.done_after[feature][j] += happened_[j] ? 1 : 0;
  }
  intent.done = outcome;
  clients_.learn(intent, outcome);
}

/// The keys of one person's rows are destroyed, as an erasure does it.
void World::erase() {
  Node* node = any_alive();
  if (node == nullptr || ledger_.subjects.empty() || disk_full_until_ != 0) return;
  // What a dead process sent may still land, with rows that nobody alive has heard of: an erasure begins when every owner has confirmed
  // that it knows all there is.
  if (std::ranges::any_of(storage_->in_flight(),
                          [](const auto& flight) { return flight.zombie && flight.may_land; }))
    return;
  const std::size_t which = random_.below(ledger_.subjects.size());
  const SubjectId subject = ledger_.subjects[which];
  Door& door = node->process->engine.door();
  const auto rows = door.rows_of(workspace_, subject);
  if (!rows || rows->empty()) return;
  const auto destroyed = door.destroy(*rows, 20'000);
  if (!destroyed) return;
  note("erased " + to_text(subject));
  ledger_.destroyed.insert(rows->begin(), rows->end());
  ledger_.erased.insert(subject);
  ledger_.subjects.erase(ledger_.subjects.begin() + static_cast<std::ptrdiff_t>(which));
  const auto feature = static_cast<std::size_t>(Feature::erasure);
  ++coverage_.done[feature];
  for (std::size_t j = 0; j < faults; ++j) coverage_.done_after[feature][j] += happened_[j] ? 1 : 0;
}

// ---- the end ----

bool World::settled_intents() const {
  return std::ranges::all_of(ledger_.intents, [](const Intent& intent) {
    return intent.unanswered == 0 &&
           (intent.done || !intent.keyed() || (intent.last_error && definitive(*intent.last_error)));
  });
}

/// Runs everything for so long.
void World::settle(std::int64_t ms) {
  const std::int64_t until = time_.boot_ms() + ms;
  while (true) {
    bool ran = true;
    while (ran) {
      ran = false;
      for (Node& node : nodes_)
        if (node.process)
          for (const auto& executor : node.process->executors) ran = executor->run() > 0 || ran;
      look_at_log();
      const auto flights = storage_->in_flight();
      for (const auto& flight : flights)
        if (flight.may_land) storage_->land(flight.id);
      if (plan_.exclusive && !flights.empty()) sync_all();
      for (const auto& flight : flights)
        if (!flight.reported) storage_->report(flight.id);
      ran = ran || !flights.empty();
      look_at_log();
    }
    std::int64_t next = until;
    for (Node& node : nodes_)
      if (node.process)
        for (const auto& executor : node.process->executors)
          if (const auto due = executor->next_due()) next = std::min(next, *due);
    if (time_.boot_ms() >= until) return;
    time_.advance(std::max<std::int64_t>(next - time_.boot_ms(), 1));
  }
}

/// Whatever was asked has its answer, within quiet_ms_max.
void World::come_to_rest(Node& last) {
  const std::int64_t begun = time_.boot_ms();
  for (bool settled = false; !settled;) {
    must(
        time_.boot_ms() - begun < quiet_ms_max, "it does not come to rest: " + [&] {
          std::string open;
          for (const Intent& intent : ledger_.intents)
            if (intent.keyed() && !intent.done &&
                !(intent.asked_again_at_the_end && intent.last_error && definitive(*intent.last_error)))
              open += " command " + std::to_string(intent.number) + " (" +
                      (intent.last_error ? std::string(intent.last_error->rule) : "no answer") + ")";
          return open;
        }());
    settle(second_ms);
    settled = true;
    for (Intent& intent : ledger_.intents) {
      if (intent.unanswered > 0) settled = false;
      if (intent.done || !intent.keyed() || intent.unanswered > 0) continue;
      // Whatever was said before: the last word is what the log must bear out. A person that a command refers to may
      // have been erased before ever being created.
      const bool final = intent.last_error && (definitive(*intent.last_error) || !ledger_.erased.empty());
      if (intent.asked_again_at_the_end && final) continue;
      intent.asked_again_at_the_end = true;
      send(intent, last);
      settled = false;
    }
  }
}

void World::quiet() {
  quiet_ = true;
  note("quiet");
  storage_->refuse_writes(false);
  storage_->fail_reads(std::nullopt);
  keys_.set_unavailable(false);
  disk_full_until_ = reads_fail_until_ = keys_away_until_ = slow_disk_until_ = 0;
  // One process goes on: half of the time one that was there already, if that is all that is left.
  Node& last = nodes_[random_.below(nodes_.size())];
  const bool goes_on = nodes_.size() == 1 && last.process && last.skew_ms == 0 &&
                       last.skew_at_start_ms == 0 && chance(2) && !plan_.has(Fault::keys_away) &&
                       !plan_.has(Fault::reads_fail);
  for (Node& node : nodes_) {
    node.stands_until_ms = 0;
    node.skew_ms = 0;
    if (node.process && !goes_on) kill(node, false);
  }
  if (!goes_on) start(last);

  come_to_rest(last);
  // An import that nobody closes holds its timers for ever, as it should.
  if (Intent* end = clients_.end_import()) {
    send(*end, last);
    come_to_rest(last);
  }
  for (const std::int64_t until = time_.boot_ms() + timers_ms_max; time_.boot_ms() < until;) {
    settle(20 * second_ms);
    last.process->engine.tick();
  }
  settle(second_ms);
  if (!last.process->views) {
    auto opened = Views::open(last.process->log, *last.rows, {});
    must(opened.has_value(), "the views open");
    last.process->views = std::move(*opened);
  }
  while (true) {
    const auto applied = last.process->views->apply_available(last.process->clock.now());
    must(applied.has_value(), "the views apply what there is");
    if (*applied == 0) break;
  }
  statuses_.clear();
  supervise();
  settle(second_ms);
  for (const auto& [life, all] : statuses_)
    for (const OwnerStatus& status : all)
      must(status.health == OwnerHealth::owning, "at rest every partition is owned: " + status.reason);
}

}  // namespace parlance::simulation
