#include "engine/runtime/fenced_writer.h"

#include "tests/engine/runtime/fenced_world.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

constexpr bool exclusive = true;

FlightId newest(const World& world) {
  const auto flights = world.storage->in_flight();
  return flights.empty() ? 0 : flights.back().id;
}
Claim claim_in(const World& world, FlightId flight) {
  for (const auto& sent : world.storage->in_flight())
    if (sent.id == flight) return *decode_claim((**parse_record(the_log, *sent.bytes)).body);
  FAIL("the record is not in flight");
  return {};
}
void let_own(World& world, std::size_t process) {
  world.land_and_report(world[process].claim());
  REQUIRE(world[process].writer->owning());
}
/// Everything that is in flight arrives, and nobody is told that the log has risen.
void deliver(World& world) {
  world.storage->deliver_all();
  world.run_all();
}
/// Without what the invariants need to know of a decision, which is much for thousands of them.
void propose_untested(Process& process, const std::string& body) {
  process.tickets[process.writer->propose(as_bytes(body), {}, {})] = body;
}
/// Process 0 owns and has written so many envelopes; nothing is in flight.
void write_log(World& world, int envelopes) {
  let_own(world, 0);
  for (int i = 0; i < envelopes; ++i) world[0].decide(i);
  world[0].run();
  deliver(world);
  REQUIRE(world[0].writer->certain().seq == static_cast<std::uint64_t>(envelopes));
}

}  // namespace

TEST_CASE("on a log of its own an owner confirms by reports alone") {
  World world(1, exclusive);
  world[0].assign();
  world[0].run();
  CHECK_FALSE(world[0].writer->owning());
  deliver(world);
  CHECK(world[0].writer->owning());
  world[0].send(0);
  CHECK(world[0].yes.empty());
  CHECK(world[0].writer->in_flight() == 1);
  deliver(world);
  CHECK(world[0].yes.size() == 1);
  CHECK(world[0].writer->in_flight() == 0);
  world.check_invariants();
}

TEST_CASE("proposals made in one turn go to the log as one append, in order and each on the one before") {
  World world(1, exclusive);
  let_own(world, 0);
  for (int i = 0; i < 3; ++i) world[0].decide(i);
  CHECK(world.storage->in_flight().empty());
  world[0].run();
  world[0].send(3);
  const auto flights = world.storage->in_flight();
  REQUIRE(flights.size() == 4);
  CHECK(flights[0].call == flights[1].call);
  CHECK(flights[1].call == flights[2].call);
  CHECK(flights[2].call != flights[3].call);
  Sha256 chain = world[0].writer->certain().chain;
  for (std::size_t i = 0; i < flights.size(); ++i) {
    const Frame frame = world.frame(flights[i].id);
    CHECK(frame.seq == i + 1);
    CHECK(frame.epoch == 1);
    CHECK(frame.prev == chain);
    chain = extend_chain(chain, sha256(*flights[i].bytes));
  }
  deliver(world);
  CHECK(world[0].writer->certain().chain == chain);
  CHECK(world[0].yes.size() == 4);
  world.check_invariants();
}

TEST_CASE("kinds and vault rows go with the record") {
  World world(1, exclusive);
  let_own(world, 0);
  KindSet kinds;
  kinds.add(5);
  const auto ticket = world[0].writer->propose(as_bytes("body"), kinds, {{VaultFamily::rows, {1}, {2}}});
  world[0].tickets[ticket] = "body";  // so that the answer is known
  world[0].run();
  CHECK(world.frame(newest(world)).kinds == kinds);
  MemoryVault vault(world.storage);
  const Bytes key{1};
  CHECK_FALSE(vault.get(VaultFamily::rows, key)->has_value());
  deliver(world);
  CHECK(vault.get(VaultFamily::rows, key).value() == Bytes{2});
}

TEST_CASE("a new owner is told all that is certain, once each and in order, in turns of a bounded length") {
  World world(2, exclusive);
  constexpr std::size_t envelopes = 3500;
  let_own(world, 0);
  for (std::size_t i = 0; i < envelopes; ++i) propose_untested(world[0], "envelope " + std::to_string(i));
  world[0].run();
  deliver(world);
  Process& late = world[1];
  late.assign();
  std::size_t turns = 0;
  std::size_t told = 0;
  while (late.executor.step()) {
    ++turns;
    CHECK(late.history.size() - told <= FencedWriter::read_batch);
    told = late.history.size();
  }
  CHECK(told == envelopes + 1);
  CHECK(turns < 10);
  CHECK(late.history == world[0].history);
  deliver(world);
  CHECK(late.writer->owning());
  CHECK(late.writer->certain().epoch == 2);
}

TEST_CASE(
    "a claim says what its sender had seen, and only the first of a partition says what the partition is") {
  World world(2);
  const auto first = world[0].claim();
  CHECK(claim_in(world, first).seen == Seen{0, 0, initial_log_state(the_log, 0).chain});
  CHECK(claim_in(world, first).genesis == the_genesis);
  CHECK(world.frame(first).epoch == 1);
  const RawId first_nonce = claim_in(world, first).nonce;
  world.land_and_report(first);
  const auto second = world[1].claim();
  const LogState& certain = world[1].writer->certain();
  CHECK(certain.next == 1);
  CHECK(claim_in(world, second).seen == Seen{1, 0, certain.chain});
  CHECK_FALSE(claim_in(world, second).genesis.has_value());
  CHECK(claim_in(world, second).nonce != first_nonce);
  CHECK(world.frame(second).epoch == 2);
}

TEST_CASE("another owner's accepted claim deposes, settles all that was in flight, and claims nothing back") {
  World world(2);
  let_own(world, 0);
  world[0].decide(0);
  world[0].send(1);
  world[1].poll();
  const auto claim = world[1].claim();
  world.land_and_report(claim);
  REQUIRE(world[1].writer->owning());
  world[0].poll();
  CHECK(world[0].doubts == 1);
  CHECK(world[0].deposals == 1);
  CHECK(world[0].never.size() == 2);
  CHECK_FALSE(world[0].writer->owning());
  const auto before = newest(world);
  world.run_for(2 * FencedWriter::answer_timeout_ms);
  CHECK(newest(world) == before);

  SUBCASE("it goes on folding what it is told of") {
    world.land_and_report(world[1].send(2));
    world[0].poll();
    CHECK(world[0].history == world[1].history);
  }
  SUBCASE("it owns again when it is assigned again") {
    world.land_and_report(world[0].claim());
    CHECK(world[0].writer->owning());
    CHECK(world[0].writer->certain().epoch == 3);
    world[1].poll();
    CHECK(world[1].deposals == 1);
  }
  world.calm();
  world.check_invariants();
}

TEST_CASE("a record reported beyond what was read is confirmed by reading up to it") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land_and_report(claim_0);
  const auto envelope = world[0].send(0);
  world.land(claim_1);
  world.land_and_report(envelope);
  CHECK(world[0].yes.size() == 1);
  CHECK(world[0].voids == 1);
  CHECK(world[0].doubts == 0);
}

TEST_CASE("a record that the tail has confirmed is not looked at again when its report comes") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  world.land(envelope);
  world[0].poll();
  CHECK(world[0].yes.size() == 1);
  world.storage->report(envelope, unavailable("log.unavailable"));
  world[0].run();
  CHECK(world[0].doubts == 0);
  CHECK(world[0].writer->owning());
}

TEST_CASE(
    "an envelope without an answer is in doubt after a while on a shared log, and waited for on a log of its "
    "own") {
  for (const bool own_log : {false, true}) {
    World world(1, own_log);
    let_own(world, 0);
    world[0].send(0);
    world.run_for(2 * FencedWriter::answer_timeout_ms + FencedWriter::round_trip_ms);
    CHECK(world[0].doubts == (own_log ? 0 : 1));
    CHECK(world[0].writer->owning() == own_log);
  }
}

TEST_CASE("what was decided and not yet sent when the doubt came is never sent") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  world.storage->report(envelope, unavailable("log.unavailable"));
  world[0].decide(1);
  world[0].run();
  CHECK(newest(world) == envelope);
  CHECK(world[0].writer->in_doubt() == 2);
  world.calm();
  CHECK(world[0].never.size() + world[0].yes.size() == 2);
  CHECK(world[0].never.size() >= 1);
  world.check_invariants();
}

TEST_CASE("an owner in doubt that reads another one's claim steps down") {
  World world(2);
  let_own(world, 0);
  world[1].poll();
  const auto claim = world[1].claim();
  const auto envelope = world[0].send(0);
  SUBCASE("before it has claimed again") {
    world.land(claim);
    world.storage->report(envelope, unavailable("log.unavailable"));
    world[0].run();
  }
  SUBCASE("while its own next claim is in flight") {
    world.storage->report(envelope, unavailable("log.unavailable"));
    world.run_for(FencedWriter::round_trip_ms);
    REQUIRE(newest(world) > envelope);
    world.land(claim);
    world[0].poll();
  }
  world.report(claim);
  CHECK(world[1].writer->owning());
  CHECK(world[0].doubts == 1);
  CHECK(world[0].deposals == 1);
  CHECK(world[0].never.size() == 1);
  const auto before = newest(world);
  world.run_for(2 * FencedWriter::answer_timeout_ms);
  CHECK(newest(world) == before);
  CHECK_FALSE(world[0].writer->owning());
}

TEST_CASE("a claimer does not run after an owner that writes faster than it reads") {
  World world(2);
  write_log(world, 3);
  Process& claimer = world[1];
  claimer.assign();
  for (int turns = 0; turns < 40 && world.storage->in_flight().empty(); ++turns) {
    for (std::size_t i = 0; i <= FencedWriter::read_batch; ++i) propose_untested(world[0], "envelope");
    world[0].run();
    world.storage->deliver_all();
    world[0].run();
    claimer.executor.step();
    world.time.advance(5);
  }
  REQUIRE_FALSE(world.storage->in_flight().empty());
  CHECK(world.frame(newest(world)).epoch == 2);
}

TEST_CASE("a busy owner is not in doubt for what it sent last") {
  World world(1);
  let_own(world, 0);
  for (int i = 0; i < 8; ++i) {
    const auto envelope = world[0].send(i);
    world.run_for(FencedWriter::answer_timeout_ms / 2 + 1000);
    world.land_and_report(envelope);
  }
  CHECK(world[0].doubts == 0);
  CHECK(world[0].yes.size() == 8);
}

TEST_CASE("an own claim that was given up and comes late deposes nobody") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  world.storage->report(envelope, unavailable("log.unavailable"));
  world.run_for(FencedWriter::round_trip_ms);
  const auto first = newest(world);
  world.run_for(FencedWriter::answer_timeout_ms + 2 * FencedWriter::round_trip_ms);
  const auto second = newest(world);
  REQUIRE(second > first);
  world.land(first);
  world.land(second);
  world[0].poll();
  CHECK(world[0].deposals == 0);
  CHECK(world[0].never.size() == 1);
  world.run_for(4 * FencedWriter::round_trip_ms);
  CHECK(world.frame(newest(world)).epoch == 3);
  world.land_and_report(newest(world));
  CHECK(world[0].writer->owning());
}

TEST_CASE(
    "before a claim of a shared log there is a random wait that grows with each claim in a row, to a bound") {
  World world(1);
  world[0].assign();
  std::set<std::int64_t> waits;
  std::int64_t longest = 0;
  std::int64_t from = world.time.boot_ms();
  for (int k = 0; k < 40; ++k) {
    const auto before = newest(world);
    world[0].run();
    while (newest(world) == before) {
      world.time.advance(1);
      world[0].run();
    }
    const std::int64_t wait = world.time.boot_ms() - from;
    CHECK(wait <= FencedWriter::round_trip_ms * std::min(1 << std::min(k, 6), 64));
    waits.insert(wait);
    longest = std::max(longest, wait);
    world.storage->lose(newest(world));
    world.storage->report(newest(world), unavailable("log.unavailable"));
    from = world.time.boot_ms();
  }
  CHECK(waits.size() > 20);
  CHECK(longest > 16 * FencedWriter::round_trip_ms);
}

TEST_CASE(
    "where there is no space the handle is given up, opening it is tried each second, and then it is claimed "
    "again") {
  World world(1, exclusive);
  let_own(world, 0);
  world.storage->refuse_writes(true);
  world[0].decide(0);
  world[0].run();
  CHECK(world[0].doubts == 1);
  CHECK(world[0].read_onlys == 1);
  CHECK(world[0].writer->in_doubt() == 1);
  CHECK(world[0].never.empty());
  world.run_for(10 * FencedWriter::retry_ms);
  CHECK(world[0].read_onlys == 1);
  CHECK(world[0].never.empty());
  world.storage->refuse_writes(false);
  world.run_for(FencedWriter::retry_ms);
  deliver(world);
  CHECK(world[0].writer->owning());
  CHECK(world[0].writer->certain().epoch == 2);
  CHECK(world[0].never.size() == 1);
  CHECK(world[0].stop_rule().empty());
  world[0].send(1);
  deliver(world);
  CHECK(world[0].yes.size() == 1);
}

TEST_CASE("a log that opens and then refuses the claim is asked again each second, not in a loop") {
  World world(1, exclusive);
  world[0].assign();
  for (int i = 0; i < 5; ++i) {
    world[0].run();
    REQUIRE(world.storage->in_flight().size() == 1);
    world.storage->lose(newest(world));
    world.storage->report(newest(world), Error{Errc::read_only, "log.read_only"});
    CHECK(world[0].executor.run() < 20);
    CHECK(world.storage->in_flight().empty());
    world.time.advance(FencedWriter::retry_ms);
  }
  CHECK(world[0].read_onlys == 1);
}

TEST_CASE("a reader that cannot read now goes on when it can") {
  World world(2, exclusive);
  write_log(world, 3);
  world.storage->fail_reads(unavailable("log.unavailable"));
  world[1].assign();
  world.run_for(5 * FencedWriter::retry_ms);
  CHECK(world[1].history.empty());
  CHECK_FALSE(world[1].stopped.has_value());
  world.storage->fail_reads({});
  world.run_for(FencedWriter::retry_ms);
  CHECK(world[1].history == world[0].history);
}

TEST_CASE("stored bytes that cannot be read back stop the writer") {
  World world(2, exclusive);
  write_log(world, 3);
  world.storage->fail_reads(corrupt("log.unreadable", "partition 0, offset 2"));
  world[1].assign();
  world[1].run();
  CHECK(world[1].stop_rule() == "log.unreadable");
}

TEST_CASE("what the fold stops with stops the writer, and it names the place") {
  World world(2, exclusive);
  write_log(world, 3);
  Bytes record = world.storage->bytes(0, 2);
  std::string rule;
  SUBCASE("corrupt") {
    record.back() ^= 1;
    rule = "log.corrupt";
  }
  SUBCASE("newer") {
    auto parsed = **parse_record(the_log, record);
    parsed.frame.format = envelope_format + 1;
    record = encode_record(parsed.frame, parsed.body);
    rule = "log.newer";
  }
  world.storage->overwrite(0, 2, record);
  world[1].assign();
  world[1].run();
  CHECK(world[1].stop_rule() == rule);
  CHECK(world[1].stopped->detail.starts_with("partition 0, offset 2: "));
  CHECK(world[1].history.size() == 2);
  CHECK(world.storage->in_flight().empty());
}

TEST_CASE("a saved state is folded on from where it was") {
  World world(1, exclusive);
  write_log(world, 3);
  world.restart(0, true);
  const auto saved = world[0].history.size();
  world[0].assign();
  world[0].run();
  deliver(world);
  CHECK(world[0].writer->owning());
  CHECK(world[0].history.size() == saved + 1);
  world.check_invariants();
}

TEST_CASE("a log that does not hold the last record of the saved state any more has lost it") {
  World world(1, exclusive);
  write_log(world, 3);
  world.restart(0, true);
  SUBCASE("because it is shorter") { world.storage->truncate(0, 3); }
  SUBCASE("because it was cut and has grown again") {
    const Bytes other = world.storage->bytes(0, 1);
    world.storage->overwrite(0, 3, other);
  }
  world[0].assign();
  world[0].run();
  CHECK(world[0].stop_rule() == "log.loss");
  CHECK(world.storage->in_flight().empty());
}

TEST_CASE("on a shared log this process's copy may be behind what it was told, for a while") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  world.storage->hold_syncs(true);
  const Offset offset = world.land(envelope);
  world.storage->report(envelope, offset);
  world[0].run();
  CHECK(world[0].yes.size() == 1);
  world.storage->report(world[0].send(1), unavailable("log.unavailable"));
  world.run_for(FencedWriter::answer_timeout_ms / 2);
  CHECK(world[0].stop_rule().empty());
  SUBCASE("and catches up") {
    world.storage->hold_syncs(false);
    world.storage->sync(0);
    world.run_for(FencedWriter::answer_timeout_ms);
    world.calm();
    CHECK(world[0].writer->owning());
    world.check_invariants();
  }
  SUBCASE("but what never comes is lost") {
    world.run_for(FencedWriter::answer_timeout_ms);
    CHECK(world[0].stop_rule() == "log.loss");
  }
}

TEST_CASE("the chain sent with each record is the one that the sealed mark is held against") {
  World world(1, exclusive, true);
  write_log(world, 3);
  const auto mark = MemoryLog(world.storage).sealed_mark(0);
  REQUIRE(mark.has_value());
  CHECK(mark == SealedMark{4, world[0].writer->certain().chain});

  const auto opens = [&world](bool keeps_state, std::optional<SealedMark> with) {
    world.restart(0, keeps_state, with);
    world[0].assign();
    world[0].run();
    deliver(world);
    return world[0].stop_rule();
  };
  auto other_chain = *mark;
  other_chain.chain[0] ^= 1;
  auto further = *mark;
  further.next = 9;
  CHECK(opens(true, other_chain) == "log.loss");
  CHECK(opens(false, other_chain) == "log.loss");
  CHECK(world[0].history.size() == 3);
  CHECK(opens(true, further) == "log.loss");
  CHECK(opens(false, further) == "log.loss");
  CHECK(opens(true, mark).empty());
  CHECK(opens(false, mark).empty());
  CHECK(world[0].writer->owning());
  // Beyond the mark its reach alone is asked.
  CHECK(opens(true, other_chain).empty());
}

TEST_CASE("a log that lost its tail does not reach its mark") {
  World world(1, exclusive, true);
  write_log(world, 3);
  const auto mark = MemoryLog(world.storage).sealed_mark(0);
  world.storage->truncate(0, 2);
  world.restart(0, false, mark);
  world[0].assign();
  world[0].run();
  CHECK(world[0].stop_rule() == "log.loss");
  CHECK(world[0].history.empty());
}

TEST_CASE("a sealing claim ends the partition for everybody") {
  World world(2, exclusive);
  write_log(world, 2);
  world[1].writer->seal();
  world[1].run();
  CHECK(claim_in(world, newest(world)).seal);
  deliver(world);
  CHECK(world[1].stop_rule() == "log.sealed");
  CHECK(world[1].ownings == 0);
  CHECK(world.fold_log().state.sealed);
  world.restart(0, true);
  world[0].assign();
  world[0].run();
  CHECK(world[0].stop_rule() == "log.sealed");
  CHECK(world.storage->in_flight().empty());
  world.restart(1, true);
  REQUIRE(world[1].writer->certain().sealed);
  world[1].assign();
  world[1].run();
  CHECK(world[1].stop_rule() == "log.sealed");
  CHECK(world.storage->in_flight().empty());
}

TEST_CASE("an owner that is sealed off knows that what was in flight never comes") {
  World world(2);
  let_own(world, 0);
  world[0].send(0);
  world[1].writer->seal();
  world[1].executor.run_for(FencedWriter::round_trip_ms);
  world.land(newest(world));
  world[0].poll();
  CHECK(world[0].stop_rule() == "log.sealed");
  CHECK(world[0].never.size() == 1);
}

TEST_CASE("another fold of the same log that agrees stops nobody, wherever it is") {
  World world(1, exclusive);
  write_log(world, 5);
  LogState reader = initial_log_state(the_log, 0);
  world[0].writer->compare(reader);
  for (Offset offset = 0; offset < world.storage->end(0); ++offset) {
    REQUIRE(fold(reader, offset, world.storage->bytes(0, offset)).has_value());
    world[0].writer->compare(reader);
  }
  CHECK(world[0].stop_rule().empty());
  CHECK(world[0].writer->owning());
}

TEST_CASE("a stopped writer does nothing more, whatever comes") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  world.land(envelope);
  SUBCASE("stopped") { world[0].writer->stop(); }
  SUBCASE("destroyed") { world[0].writer.reset(); }
  world.storage->report(envelope);
  world.run_for(2 * FencedWriter::answer_timeout_ms);
  CHECK(world[0].yes.empty());
  CHECK(world[0].never.empty());
  CHECK(world.storage->in_flight().empty());
}

namespace {

/// Leaves in one of its calls, stopping the writer or destroying it.
struct Leaving final : FencedWriter::Listener {
  Leaving(MemoryLogStorage& its_storage, int at, bool destroys)
      : storage(its_storage), leaves_at(at), destroy(destroys) {}
  void count() {
    if (++calls != leaves_at) return;
    if (destroy) {
      writer.reset();
    } else {
      writer->stop();
    }
  }
  void on_accepted(Offset, const Folded&, const LogState&, std::optional<FencedWriter::Ticket>) override {
    count();
  }
  void on_void(Offset, const LogState&) override { count(); }
  void on_owning() override {
    storage.refuse_writes(calls < 2);
    writer->propose(as_bytes("first"), {}, {});
    writer->propose(as_bytes("second"), {}, {});
    count();
  }
  void on_doubt() override { count(); }
  void on_never(FencedWriter::Ticket) override { count(); }
  void on_deposed() override { count(); }
  void on_read_only() override { count(); }
  void on_stopped(const Error&) override { count(); }
  MemoryLogStorage& storage;
  int calls = 0, leaves_at;
  bool destroy;
  std::unique_ptr<FencedWriter> writer;
};

}  // namespace

TEST_CASE("a listener may stop or destroy the writer in any of its calls, and hears no more") {
  // A claim accepted, owning, a doubt, no space; a claim accepted, twice never, owning, two envelopes accepted; and a doubt,
  // another's claim accepted, deposed.
  constexpr int calls_in_all = 13;
  for (const bool destroy : {false, true})
    for (int leaves_at = 1; leaves_at <= calls_in_all + 1; ++leaves_at) {
      CAPTURE(leaves_at);
      VirtualTime time;
      ManualExecutor executor(time);
      SeededRandom random(1);
      const auto storage = std::make_shared<MemoryLogStorage>(MemoryLogOptions{the_log, 1, 1, false, false});
      MemoryLog log(storage);
      Leaving listener(*storage, leaves_at, destroy);
      listener.writer = std::make_unique<FencedWriter>(log, PartitionId{0}, initial_log_state(the_log, 0),
                                                       the_genesis, std::nullopt, executor, random, listener);
      listener.writer->start();
      executor.run_for(FencedWriter::round_trip_ms);
      storage->refuse_writes(false);
      executor.run_for(2 * FencedWriter::retry_ms);
      if (listener.calls < leaves_at) {
        const LogState certain = listener.writer->certain();
        Claim claim;
        claim.nonce = {9, 9};
        claim.seen = {certain.next, certain.seq, certain.chain};
        Frame frame;
        frame.kind = RecordKind::claim;
        frame.log = the_log;
        frame.epoch = certain.epoch + 1;
        MemoryLog(storage).append(0, {Record{encode_record(frame, encode_claim(claim)), {}, {}}},
                                  [](auto, const auto&) {});
        listener.writer->poll();
        executor.run_for(FencedWriter::retry_ms);
      }
      CHECK(listener.calls == std::min(leaves_at, calls_in_all));
    }
}
