// The traces that break each weaker variant of the fencing protocol, as the model checker found them, played on the real
// fold and the real writers: what each variant lacks is what stops the trace here.
#include "tests/engine/runtime/fenced_world.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

using Bodies = std::vector<std::string>;

/// The body sent in a flight, to be compared with what was answered.
std::string body_of(const World& world, FlightId flight) {
  for (const auto& sent : world.storage->in_flight())
    if (sent.id == flight) return std::string(as_text((**parse_record(the_log, *sent.bytes)).body));
  FAIL("the record is not in flight");
  return {};
}

/// Process 0 owns epoch 1, and that is certain to it alone.
void let_own(World& world, std::size_t process) {
  world.land_and_report(world[process].claim());
  REQUIRE(world[process].writer->owning());
}

FlightId newest(const World& world) { return world.storage->in_flight().back().id; }
Error no_answer() { return unavailable("log.unavailable", "no answer came"); }

/// After a doubt: goes on until the next claim is in flight.
FlightId next_claim(World& world) {
  const std::size_t before = newest(world);
  world.run_for(FencedWriter::round_trip_ms);
  REQUIRE(newest(world) > before);
  REQUIRE(world.frame(newest(world)).kind == RecordKind::claim);
  return newest(world);
}

/// Nothing of all that may still come breaks an answer given.
void finish(World& world) {
  world.check_invariants();
  world.calm();
  world.check_invariants();
}

}  // namespace

TEST_CASE("W1: the next offset, counting those in flight, does not confirm while the one before is open") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land_and_report(claim_0);
  world[0].decide(0);
  const auto second = world[0].send(1);
  const auto first = second - 1;
  world.land(claim_1);
  world.storage->lose(first);
  world.land_and_report(second);
  CHECK(world[0].yes.empty());
  CHECK(world[0].writer->in_flight() == 2);
  world.storage->report(first, no_answer());
  finish(world);
  CHECK(world[0].yes.empty());
}

TEST_CASE("W2: a success report confirms nothing while the record before it is lost") {
  World world(2);
  let_own(world, 0);
  world[0].decide(0);
  const auto second = world[0].send(1);
  world.storage->lose(second - 1);
  world.land_and_report(second);
  CHECK(world[0].yes.empty());
  world[0].poll();
  CHECK(world[0].yes.empty());
  world.storage->report(second - 1, no_answer());
  finish(world);
  CHECK(world[0].yes.empty());
  CHECK(world[0].never.size() == 2);
}

TEST_CASE("W3: the end of the log is no proof that a record in doubt will never come") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  const std::string body = body_of(world, envelope);
  world.storage->report(envelope, no_answer());
  const auto claim = next_claim(world);
  world[0].poll();
  CHECK(world[0].log.end(0) == world[0].writer->certain().next);
  CHECK(world[0].never.empty());
  CHECK(world[0].writer->in_doubt() == 1);
  world.land(envelope);
  world.land_and_report(claim);
  CHECK(world[0].yes == Bodies{body});
  CHECK(world[0].never.empty());
  CHECK(world[0].writer->owning());
  finish(world);
}

TEST_CASE("W4: the new claim's report settles nothing before the log up to it is read") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  const std::string body = body_of(world, envelope);
  world.storage->report(envelope, no_answer());
  const auto claim = next_claim(world);
  world.land(envelope);
  world.land(claim);
  world.storage->fail_reads(unavailable("log.unavailable"));
  world.report(claim);
  CHECK(world[0].never.empty());
  CHECK_FALSE(world[0].writer->owning());
  world.storage->fail_reads({});
  world.run_for(FencedWriter::retry_ms);
  CHECK(world[0].yes == Bodies{body});
  CHECK(world[0].never.empty());
  finish(world);
}

TEST_CASE("W5: one void copy of a record does not mean that no copy will be accepted") {
  World world(1);
  let_own(world, 0);
  world[0].decide(0);
  const auto second = world[0].send(1);
  const auto first = second - 1;
  world.storage->report(first, no_answer());
  const auto claim = next_claim(world);
  world.land(second, true);
  world[0].poll();
  CHECK(world[0].voids == 1);
  CHECK(world[0].never.empty());
  world.land(first);
  world.land(second);
  world.land_and_report(claim);
  CHECK(world[0].yes.size() == 2);
  CHECK(world[0].never.empty());
  finish(world);
}

TEST_CASE("W6: a claim's report does not make an owner of one whose claim came second") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land(claim_0);
  world.land_and_report(claim_1);
  CHECK_FALSE(world[1].writer->owning());
  CHECK(world[1].ownings == 0);
  world.report(claim_0);
  CHECK(world[0].writer->owning());
  finish(world);
}

TEST_CASE("W7: an envelope decided on a claim that came second is void, and so not acknowledged") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land(claim_0);
  const LogState before = initial_log_state(the_log, 0);
  const Sha256 chain = extend_chain(before.chain, sha256(*world.storage->in_flight().back().bytes));
  world.land(claim_1);
  // What process 1 would send, had it believed the report.
  Frame frame;
  frame.log = the_log;
  frame.epoch = 1;
  frame.seq = 1;
  frame.prev = chain;
  world.storage->hold_appends(false);
  world[1].log.append(0, {Record{encode_record(frame, as_bytes("on a void claim")), {}, {}}},
                      [](auto, const auto&) {});
  world.storage->hold_appends(true);
  const auto judged = world.fold_log();
  CHECK(judged.accepted.size() == 1);
  CHECK(judged.state.voids == 2);
  finish(world);
}

TEST_CASE("W8: an owner knows its claim by the nonce, not by the epoch") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  CHECK(world.frame(claim_0).epoch == world.frame(claim_1).epoch);
  world.land(claim_0);
  world[1].poll();
  CHECK(world[1].writer->certain().epoch == 1);
  CHECK_FALSE(world[1].writer->owning());
  finish(world);
}

TEST_CASE("W9: an envelope of an epoch that is over is void, whoever sent it") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  const std::string body = body_of(world, envelope);
  world.storage->report(envelope, no_answer());
  world.land_and_report(next_claim(world));
  CHECK(world[0].never == Bodies{body});
  world.land(envelope);
  world[0].poll();
  CHECK(world[0].voids == 1);
  CHECK(world[0].writer->owning());
  finish(world);
}

TEST_CASE("W10, W11: an envelope that overtakes the one it was decided on is void") {
  World world(1);
  let_own(world, 0);
  world[0].decide(0);
  const auto second = world[0].send(1);
  const auto first = second - 1;
  const std::string first_body = body_of(world, first);
  world.land_and_report(second);
  CHECK(world[0].yes.empty());
  world.land_and_report(first);
  CHECK(world[0].yes == Bodies{first_body});
  finish(world);
  CHECK(world[0].yes == Bodies{first_body});
  CHECK(world[0].never.size() == 1);
}

TEST_CASE("W12: after a failed delivery nothing more is sent in that epoch, so no seq is given twice") {
  World world(1);
  let_own(world, 0);
  const auto envelope = world[0].send(0);
  world.report(envelope);
  CHECK_FALSE(world[0].writer->owning());
  CHECK(world[0].doubts == 1);
  world.land_and_report(next_claim(world));
  REQUIRE(world[0].writer->owning());
  world[0].decide(1);
  const auto last = world[0].send(0);
  CHECK(world.frame(envelope).epoch == 1);
  CHECK(world.frame(last - 1).epoch == 2);
  CHECK(world.frame(last - 1).seq == 1);
  CHECK(world.frame(last).seq == 2);
  world.land(envelope);
  world.storage->lose(last - 1);
  world.land_and_report(last);
  finish(world);
  CHECK(world[0].yes.empty());
}

TEST_CASE("W13: a foreign record in between does not void the rightful envelope") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land_and_report(claim_0);
  const auto envelope = world[0].send(0);
  const std::string body = body_of(world, envelope);
  world.land(claim_1);
  world.land_and_report(envelope);
  CHECK(world[0].yes == Bodies{body});
  CHECK(world[0].voids == 1);
  finish(world);
}

TEST_CASE("W14: an owner that has read a foreign void record acknowledges what the fold accepts") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land_and_report(claim_0);
  const auto envelope = world[0].send(0);
  const std::string body = body_of(world, envelope);
  world.land(claim_1);
  world[0].poll();
  CHECK(world[0].voids == 1);
  world.land_and_report(envelope);
  CHECK(world[0].yes == Bodies{body});
  CHECK(world.fold_log().accepted.back() == body);
  finish(world);
}

TEST_CASE("W15: claims that were lost or void never count, so a later one can be accepted") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.storage->lose(claim_0);
  world.storage->lose(claim_1);
  world.run_for(FencedWriter::answer_timeout_ms + 2 * FencedWriter::round_trip_ms);
  const auto again = newest(world);
  REQUIRE(again > claim_1);
  CHECK(world.frame(again).epoch == 1);
  world.land_and_report(again);
  CHECK(world[0].writer->owning() != world[1].writer->owning());
  finish(world);
}

TEST_CASE("W16: an owner that was copied while it ran stops when it reads the other one's envelope") {
  World world(1);
  let_own(world, 0);
  const LogState memory = world[0].writer->certain();
  const auto own = world[0].send(0);
  // The copy has the same memory: its envelope is as good as this one's, and it lands first.
  Frame frame;
  frame.log = the_log;
  frame.epoch = memory.epoch;
  frame.seq = memory.seq + 1;
  frame.prev = memory.chain;
  MemoryLog copy(world.storage);
  copy.append(0, {Record{encode_record(frame, as_bytes("the copy's")), {}, {}}}, [](auto, const auto&) {});
  const auto foreign = newest(world);
  world.land(foreign);
  SUBCASE("by its tail") {
    world[0].poll();
    CHECK(world[0].stop_rule() == "log.shared_owner");
    CHECK(world[0].yes.empty());
  }
  SUBCASE(
      "by the views' reader, when the broker took its own for a duplicate and reported the copy's offset") {
    world.storage->lose(own);
    world.storage->report(own, Offset{1});
    world[0].run();
    LogState reader = initial_log_state(the_log, 0);
    for (Offset offset = 0; offset < 2; ++offset)
      REQUIRE(fold(reader, offset, world.storage->bytes(0, offset)).has_value());
    world[0].writer->compare(reader);
    CHECK(world[0].stop_rule() == "log.loss");
  }
}

TEST_CASE(
    "W17: an owner that was deposed without knowing gets nothing confirmed that a refusal could rest on") {
  World world(2);
  let_own(world, 0);
  world[1].poll();
  const auto claim_1 = world[1].claim();
  world.land_and_report(claim_1);
  REQUIRE(world[1].writer->owning());
  world.land_and_report(world[1].send(0));
  CHECK(world[1].yes.size() == 1);
  // A command that will be refused comes to process 0, which still believes that it owns: the refusal waits for an envelope
  // decided after it came.
  REQUIRE(world[0].writer->owning());
  const auto empty = world[0].send(1);
  const std::string body = body_of(world, empty);
  world.land(empty);
  world.storage->report(empty);
  world[0].run();
  CHECK(world[0].yes.empty());
  CHECK(world[0].never == Bodies{body});
  CHECK(world[0].deposals == 1);
  CHECK_FALSE(world[0].writer->owning());
  finish(world);
}

namespace {

/// The part that T1, T2 and T8 share: process 0 owns, the log is cut to nothing, process 1's claim of the same epoch and
/// then process 0's envelope land.
struct CutAndClaimed {
  World world{2};
  FlightId envelope = 0;
  CutAndClaimed() {
    const auto claim_0 = world[0].claim();
    const auto claim_1 = world[1].claim();
    world.land_and_report(claim_0);
    envelope = world[0].send(0);
    world.storage->truncate(0, 0);
    world.land(claim_1);
    world.land(envelope);
  }
};

}  // namespace

TEST_CASE(
    "T1, T2: after a loss an envelope decided on what is gone is void, though epoch and seq would fit") {
  CutAndClaimed cut;
  const auto judged = cut.world.fold_log();
  CHECK_FALSE(judged.stopped.has_value());
  CHECK(judged.state.epoch == 1);
  CHECK(judged.state.seq == 0);
  CHECK(judged.state.voids == 1);
}

TEST_CASE("T3, T4: one who read what is gone does not own on a claim decided on it") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto first_claim_1 = world[1].claim();
  world.land(claim_0);
  world[1].poll();
  world.run_for(4 * FencedWriter::round_trip_ms);
  const auto second_claim_1 = newest(world);
  REQUIRE(world.frame(second_claim_1).epoch == 2);
  world.storage->truncate(0, 0);
  world.land(first_claim_1);
  world.land(second_claim_1);
  world[1].poll();
  CHECK(world[1].stop_rule() == "log.loss");
  CHECK(world[1].ownings == 0);
  // The claim's seen accuses the log to every other reader as well.
  const auto judged = world.fold_log();
  REQUIRE(judged.stopped.has_value());
  CHECK(judged.stopped->rule == "log.loss");
}

TEST_CASE(
    "T3, T4: the chain holds all history, so an envelope on what is gone is void even after the same last "
    "record") {
  const LogState empty = initial_log_state(the_log, 0);
  const auto claim_on = [](const LogState& state, RawId nonce) {
    Claim claim;
    claim.nonce = nonce;
    claim.seen = {0, 0, initial_log_state(the_log, 0).chain};
    Frame frame;
    frame.kind = RecordKind::claim;
    frame.log = the_log;
    frame.epoch = state.epoch + 1;
    return encode_record(frame, encode_claim(claim));
  };
  LogState kept = empty, lost = empty;
  const Bytes second = claim_on({.epoch = 1}, {2, 2});
  REQUIRE(fold(lost, 0, claim_on(empty, {1, 1})).has_value());
  REQUIRE(fold(lost, 1, second).has_value());
  REQUIRE(fold(kept, 0, claim_on(empty, {3, 3})).has_value());
  REQUIRE(fold(kept, 1, second)->verdict == Verdict::accepted_claim);
  CHECK(kept.last_record == lost.last_record);
  Frame frame;
  frame.log = the_log;
  frame.epoch = 2;
  frame.seq = 1;
  frame.prev = lost.chain;
  CHECK(fold(kept, 2, encode_record(frame, as_bytes("decided on what is gone")))->verdict ==
        Verdict::void_record);
}

TEST_CASE("T7: where the next offset was no proof, another fold of the log stops the owner") {
  World world(2);
  const auto claim_0 = world[0].claim();
  const auto claim_1 = world[1].claim();
  world.land_and_report(claim_0);
  const auto envelope = world[0].send(0);
  world.land(envelope);
  world.storage->truncate(0, 0);
  world.storage->report(envelope, Offset{1});
  world[0].run();
  world.land(claim_1);
  const auto reader = world.fold_log();
  REQUIRE_FALSE(reader.stopped.has_value());
  world[0].writer->compare(reader.state);
  CHECK(world[0].stop_rule() == "log.loss");
  CHECK_FALSE(world[0].writer->owning());
}

TEST_CASE("T7: an owner that acknowledged what is gone never folds on or claims again") {
  World world(2);
  const auto claim_0 = world[0].claim();
  world.land_and_report(claim_0);
  const auto envelope = world[0].send(0);
  world.land(envelope);
  world.storage->truncate(0, 0);
  world.storage->report(envelope, Offset{1});
  world[0].run();
  REQUIRE(world[0].writer->owning());
  const auto next = world[0].send(1);
  world.storage->report(next, no_answer());
  world.run_for(FencedWriter::answer_timeout_ms + FencedWriter::retry_ms);
  CHECK(world[0].stop_rule() == "log.loss");
  for (const auto& flight : world.storage->in_flight()) CHECK(world.frame(flight.id).epoch <= 1);
}

TEST_CASE(
    "T8: an owner whose own fold holds what is gone reads that again before it believes anything more") {
  CutAndClaimed cut;
  cut.world[0].poll();
  CHECK(cut.world[0].stop_rule() == "log.loss");
  CHECK(cut.world[0].yes.empty());
}
