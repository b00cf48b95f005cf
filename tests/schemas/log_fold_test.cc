#include "schemas/log_fold.h"

#include <string>

#include <doctest/doctest.h>

using namespace parlance;

namespace {

const LogId log_id = [] {
  std::array<std::uint8_t, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return LogId::from(RawId::from_bytes(bytes));
}();
constexpr PartitionId partition = 7;

Seen seen_of(const LogState& state) { return {state.next, state.seq, state.chain}; }

Bytes claim_record(std::uint64_t epoch, const Claim& claim, std::uint8_t format = claim_format) {
  Frame frame;
  frame.kind = RecordKind::claim;
  frame.format = format;
  frame.partition = partition;
  frame.log = log_id;
  frame.epoch = epoch;
  return encode_record(frame, encode_claim(claim));
}
/// The claim that the owner of `state` would send.
Bytes claim_on(const LogState& state, RawId nonce, bool seal = false) {
  Claim claim;
  claim.nonce = nonce;
  claim.seen = seen_of(state);
  claim.seal = seal;
  return claim_record(state.epoch + 1, claim);
}
Frame envelope_frame_on(const LogState& state) {
  Frame frame;
  frame.partition = partition;
  frame.log = log_id;
  frame.epoch = state.epoch;
  frame.seq = state.seq + 1;
  frame.prev = state.chain;
  return frame;
}
Bytes envelope_on(const LogState& state, std::string_view body = "body") {
  return encode_record(envelope_frame_on(state), as_bytes(body));
}

/// Folds at the state's own offset; a failure names its rule.
struct Outcome {
  std::optional<Verdict> verdict;
  std::string rule;
  bool operator==(const Outcome&) const = default;
};
const Outcome voided{Verdict::void_record, {}};
const Outcome claimed{Verdict::accepted_claim, {}};
const Outcome enveloped{Verdict::accepted_envelope, {}};
Outcome stopped(std::string rule) { return {std::nullopt, std::move(rule)}; }

Outcome fold_on(LogState& state, ByteView bytes) {
  const auto folded = fold(state, state.next, bytes);
  if (!folded) return stopped(std::string(folded.error().rule));
  return {folded->verdict, {}};
}
Outcome fold_copy(LogState state, ByteView bytes) { return fold_on(state, bytes); }

constexpr RawId ada{1, 1}, kim{2, 2};

/// Ada owns epoch 1 and has written two envelopes.
LogState owned() {
  LogState state = initial_log_state(log_id, partition);
  REQUIRE(fold_on(state, claim_on(state, ada)) == claimed);
  REQUIRE(fold_on(state, envelope_on(state, "first")) == enveloped);
  REQUIRE(fold_on(state, envelope_on(state, "second")) == enveloped);
  return state;
}

}  // namespace

TEST_CASE("a log begins with nothing accepted, on a chain of its own id and partition") {
  const LogState state = initial_log_state(log_id, partition);
  CHECK(state.next == 0);
  CHECK(state.epoch == 0);
  CHECK(state.seq == 0);
  CHECK_FALSE(state.sealed);
  CHECK(state.chain != initial_log_state(log_id, partition + 1).chain);
  CHECK(state.chain != initial_log_state(LogId{{1, 1}}, partition).chain);
}

// Computed with Python's hashlib from the protocol's words: what is stored for ever.
TEST_CASE("the chain of a log that is stored today stays what it is") {
  LogState state = initial_log_state(log_id, partition);
  CHECK(to_hex(state.chain) == "b808e7a9930c67332c808a2aa888e27da692940ea072ddd49af5e4915c0374f9");
  Claim claim;
  std::array<std::uint8_t, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0x20 + i);
  claim.nonce = RawId::from_bytes(bytes);
  claim.seen = seen_of(state);
  claim.genesis = Genesis{3, 16, 8, {}};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    claim.genesis->address_key[i] = static_cast<std::uint8_t>(0x40 + i);
  CHECK(fold_on(state, claim_record(1, claim)) == claimed);
  CHECK(to_hex(state.chain) == "9e16e7a5cc4d72e2da5076f24d31f2f40284b58bf19820d91ba72bfeb4f115e7");
  Frame frame = envelope_frame_on(state);
  frame.kinds.add(3);
  frame.kinds.add(130);
  CHECK(fold_on(state, encode_record(frame, as_bytes("hello"))) == enveloped);
  CHECK(to_hex(state.chain) == "d2df9d5de413220e6aa89aed27e50d01746b4689b57827be321e4ca6b6d0b269");
}

TEST_CASE("a claim of the next epoch is accepted and envelopes follow in order, each on the one before") {
  LogState state = initial_log_state(log_id, partition);
  const LogState empty = state;
  const Bytes claim = claim_on(state, ada);
  const auto folded = fold(state, 0, claim);
  REQUIRE(folded.has_value());
  CHECK(folded->verdict == Verdict::accepted_claim);
  CHECK(folded->record_hash == sha256(claim));
  CHECK(state.next == 1);
  CHECK(state.epoch == 1);
  CHECK(state.nonce == ada);
  CHECK(state.seq == 0);
  CHECK(state.chain == extend_chain(empty.chain, sha256(claim)));
  CHECK(state.last_record == sha256(claim));

  const LogState before = state;
  const Bytes envelope = envelope_on(state, "first");
  const auto second = fold(state, 1, envelope);
  REQUIRE(second.has_value());
  CHECK(second->verdict == Verdict::accepted_envelope);
  CHECK(as_text(second->record.body) == "first");
  CHECK(second->record.frame.seq == 1);
  CHECK(state.next == 2);
  CHECK(state.epoch == 1);
  CHECK(state.seq == 1);
  CHECK(state.chain == extend_chain(before.chain, sha256(envelope)));
  CHECK(state.voids == 0);
}

TEST_CASE("seq goes on over epochs") {
  LogState state = owned();
  REQUIRE(fold_on(state, claim_on(state, kim)) == claimed);
  CHECK(state.epoch == 2);
  CHECK(state.nonce == kim);
  CHECK(state.seq == 2);
  CHECK(fold_on(state, envelope_on(state)) == enveloped);
  CHECK(state.seq == 3);
}

TEST_CASE("a void record changes the offset, the counter and the last record alone") {
  LogState state = owned();
  const LogState before = state;
  Frame frame = envelope_frame_on(state);
  frame.seq += 1;
  const Bytes bytes = encode_record(frame, as_bytes("body"));
  CHECK(fold_on(state, bytes) == voided);
  LogState expected = before;
  expected.next += 1;
  expected.voids += 1;
  expected.last_record = sha256(bytes);
  CHECK(state == expected);
}

TEST_CASE("an envelope of another epoch, out of its turn or on another history is void") {
  const LogState state = owned();
  const auto with = [&state](auto change) {
    Frame frame = envelope_frame_on(state);
    change(frame);
    return fold_copy(state, encode_record(frame, as_bytes("body")));
  };
  CHECK(with([](Frame&) {}) == enveloped);
  CHECK(with([](Frame& f) { f.epoch = 0; }) == voided);
  CHECK(with([](Frame& f) { f.epoch = 2; }) == voided);
  CHECK(with([](Frame& f) { f.seq -= 1; }) == voided);
  CHECK(with([](Frame& f) { f.seq += 1; }) == voided);
  CHECK(with([](Frame& f) { f.seq = 0; }) == voided);
  CHECK(with([](Frame& f) { f.prev = initial_log_state(log_id, partition).chain; }) == voided);
  CHECK(with([](Frame& f) { f.prev[31] ^= 1; }) == voided);
  CHECK(with([](Frame& f) { f.partition = 8; }) == voided);
  CHECK(with([](Frame& f) { f.log = LogId{{9, 9}}; }) == voided);
}

TEST_CASE("a claim of any epoch but the next is void") {
  const LogState state = owned();
  Claim claim;
  claim.nonce = kim;
  claim.seen = seen_of(state);
  CHECK(fold_copy(state, claim_record(0, claim)) == voided);
  CHECK(fold_copy(state, claim_record(1, claim)) == voided);
  CHECK(fold_copy(state, claim_record(3, claim)) == voided);
  CHECK(fold_copy(state, claim_record(2, claim)) == claimed);
}

TEST_CASE("bytes that are no record of this log are void") {
  const LogState state = owned();
  CHECK(fold_copy(state, {}) == voided);
  CHECK(fold_copy(
            state,
            as_bytes(
                "somebody else's record, which is longer than any frame of ours would be: 0123456789012")) ==
        voided);
}

TEST_CASE("after a seal nothing is accepted, whole or not") {
  LogState state = owned();
  REQUIRE(fold_on(state, claim_on(state, kim, true)) == claimed);
  CHECK(state.sealed);
  CHECK(fold_copy(state, envelope_on(state)) == voided);
  CHECK(fold_copy(state, claim_on(state, ada)) == voided);
  Bytes broken = envelope_on(state);
  broken.back() ^= 1;
  CHECK(fold_copy(state, broken) == voided);
}

TEST_CASE("a record at another offset than the next is a hole") {
  LogState state = owned();
  const LogState before = state;
  for (const Offset offset : {Offset{0}, before.next - 1, before.next + 1}) {
    const auto folded = fold(state, offset, envelope_on(before));
    REQUIRE_FALSE(folded.has_value());
    CHECK(folded.error().rule == "log.hole");
    CHECK(state == before);
  }
}

TEST_CASE("no byte of an envelope or a claim can be flipped so that it is still accepted") {
  const LogState state = owned();
  for (const Bytes& record : {envelope_on(state, "a body of some length"), claim_on(state, kim)}) {
    for (std::size_t at = 0; at < record.size(); ++at)
      for (unsigned bits = 1; bits < 256; ++bits) {
        Bytes changed = record;
        changed[at] = static_cast<std::uint8_t>(changed[at] ^ bits);
        LogState after = state;
        const Outcome outcome = fold_on(after, changed);
        // Where the magic or the log id is hit nobody can tell that it was ours; elsewhere the checksum can.
        const bool anonymous = at < 4 || (at >= 8 && at < 24);
        REQUIRE(outcome == (anonymous ? voided : stopped("log.corrupt")));
        REQUIRE((anonymous || after == state));
      }
  }
}

TEST_CASE("a record of this log that is cut short or runs on is corrupt") {
  const LogState state = owned();
  const Bytes record = envelope_on(state);
  for (std::size_t size = 24; size < record.size(); ++size)
    CHECK(fold_copy(state, ByteView(record).first(size)) == stopped("log.corrupt"));
  Bytes longer = record;
  longer.push_back(0);
  CHECK(fold_copy(state, longer) == stopped("log.corrupt"));
}

TEST_CASE(
    "a claim with a right checksum and no claim's body is corrupt where it would be accepted, else void") {
  const LogState state = owned();
  Frame frame;
  frame.kind = RecordKind::claim;
  frame.format = claim_format;
  frame.partition = partition;
  frame.log = log_id;
  frame.epoch = 2;
  CHECK(fold_copy(state, encode_record(frame, as_bytes("nonce?"))) == stopped("log.corrupt"));
  frame.epoch = 3;
  CHECK(fold_copy(state, encode_record(frame, as_bytes("nonce?"))) == voided);
}

TEST_CASE(
    "a record of an unknown kind or body format stops where it would be accepted, and is void elsewhere") {
  const LogState state = owned();
  Frame frame = envelope_frame_on(state);
  frame.kind = static_cast<RecordKind>(3);
  CHECK(fold_copy(state, encode_record(frame, as_bytes("body"))) == stopped("log.newer"));
  frame.seq += 1;
  CHECK(fold_copy(state, encode_record(frame, as_bytes("body"))) == voided);

  frame = envelope_frame_on(state);
  frame.format = envelope_format + 1;
  CHECK(fold_copy(state, encode_record(frame, as_bytes("body"))) == stopped("log.newer"));
  frame.epoch += 1;
  CHECK(fold_copy(state, encode_record(frame, as_bytes("body"))) == voided);

  Claim claim;
  claim.seen = seen_of(state);
  CHECK(fold_copy(state, claim_record(2, claim, claim_format + 1)) == stopped("log.newer"));
  CHECK(fold_copy(state, claim_record(1, claim, claim_format + 1)) == voided);
}

TEST_CASE("a claim, valid or not, that has seen what this log does not hold is a loss") {
  LogState state = initial_log_state(log_id, partition);
  PassedStates passed(state);
  std::vector<LogState> states{state};
  const auto append = [&](const Bytes& record) {
    REQUIRE(fold(state, passed, state.next, record).has_value());
    states.push_back(state);
  };
  append(claim_on(state, ada));
  for (int i = 0; i < 5; ++i) append(envelope_on(state));
  append({1, 2, 3});  // a void one

  const auto outcome = [&](std::uint64_t epoch, const Seen& seen) {
    Claim claim;
    claim.nonce = kim;
    claim.seen = seen;
    LogState copy = state;
    PassedStates copy_passed = passed;
    const auto folded = fold(copy, copy_passed, copy.next, claim_record(epoch, claim));
    if (!folded) CHECK(copy == state);
    return folded ? Outcome{folded->verdict, {}} : stopped(std::string(folded.error().rule));
  };
  for (const std::uint64_t epoch : {std::uint64_t{2}, std::uint64_t{9}}) {
    const Outcome healthy = epoch == 2 ? claimed : voided;
    for (const LogState& at : states) {
      CHECK(outcome(epoch, seen_of(at)) == healthy);
      Seen other = seen_of(at);
      other.seq += 1;
      CHECK(outcome(epoch, other) == stopped("log.loss"));
      other = seen_of(at);
      other.chain[0] ^= 1;
      CHECK(outcome(epoch, other) == stopped("log.loss"));
    }
    Seen above = seen_of(state);
    above.next += 1;
    CHECK(outcome(epoch, above) == stopped("log.loss"));
  }
}

TEST_CASE(
    "a reader that keeps no passed states still finds a loss at the start of the log and at the claim "
    "itself") {
  const LogState state = owned();
  const auto outcome = [&state](Seen seen) {
    Claim claim;
    claim.seen = seen;
    return fold_copy(state, claim_record(2, claim));
  };
  CHECK(outcome({0, 0, {}}) == stopped("log.loss"));
  CHECK(outcome({state.next, state.seq - 1, state.chain}) == stopped("log.loss"));
  CHECK(outcome({state.next + 1, state.seq, state.chain}) == stopped("log.loss"));
  CHECK(outcome({1, 17, {}}) == claimed);
}

TEST_CASE("after a seal a claim that has seen more is still a loss") {
  LogState state = owned();
  REQUIRE(fold_on(state, claim_on(state, kim, true)) == claimed);
  Claim claim;
  claim.seen = {state.next + 3, 9, {}};
  CHECK(fold_copy(state, claim_record(2, claim)) == stopped("log.loss"));
}

TEST_CASE("passed states are known as far back as they are kept") {
  LogState state = owned();
  const LogState start = state;
  PassedStates passed(state);
  CHECK(passed.at(start.next) == seen_of(start));
  CHECK_FALSE(passed.at(start.next - 1).has_value());
  CHECK_FALSE(passed.at(start.next + 1).has_value());
  for (std::size_t i = 0; i < 2 * PassedStates::capacity; ++i) {
    state.next += 1;
    state.seq += 1;
    passed.add(state);
  }
  CHECK(passed.at(state.next) == seen_of(state));
  const Offset oldest = state.next - PassedStates::capacity + 1;
  CHECK(passed.at(oldest) == Seen{oldest, state.seq - PassedStates::capacity + 1, state.chain});
  CHECK_FALSE(passed.at(oldest - 1).has_value());
  CHECK_FALSE(passed.at(start.next).has_value());
  CHECK_FALSE(passed.at(state.next + 1).has_value());
}

TEST_CASE("a saved state is read back as it was, and nothing else is read as one") {
  LogState state = owned();
  REQUIRE(fold_on(state, as_bytes("void")) == voided);
  REQUIRE(fold_on(state, claim_on(state, kim, true)) == claimed);
  const Bytes bytes = encode_log_state(state);
  CHECK(bytes.size() == log_state_bytes);
  const auto read = decode_log_state(bytes);
  REQUIRE(read.has_value());
  CHECK(*read == state);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_log_state(ByteView(bytes).first(size)).has_value());
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(decode_log_state(longer).has_value());
  Bytes unclear = bytes;
  unclear[90] = 2;
  CHECK_FALSE(decode_log_state(unclear).has_value());
}

TEST_CASE("every error of the fold names partition and offset") {
  LogState state = owned();
  Bytes broken = envelope_on(state);
  broken.back() ^= 1;
  const auto folded = fold(state, state.next, broken);
  REQUIRE_FALSE(folded.has_value());
  CHECK(folded.error().detail.starts_with("partition 7, offset 3: "));
}
