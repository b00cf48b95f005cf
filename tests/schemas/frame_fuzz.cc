// Any bytes at all as a record, a claim's body and a stored state of the fold; and records that are right but for what the input
// says, folded one after the other.
#include <algorithm>

#include "engine/base/assert.h"
#include "schemas/log_fold.h"

using namespace parlance;

namespace {

const LogId log_id = LogId::from({1, 2});

void check_record(ByteView bytes) {
  const auto parsed = parse_record(log_id, bytes);
  if (!parsed) {
    PARLANCE_ASSERT(parsed.error().rule == "log.corrupt", "a refusal has its rule");
  } else if (*parsed) {
    PARLANCE_ASSERT(std::ranges::equal(encode_record((*parsed)->frame, (*parsed)->body), bytes),
                    "a record has one form");
  }
  if (const auto claim = decode_claim(bytes))
    PARLANCE_ASSERT(std::ranges::equal(encode_claim(*claim), bytes), "a claim has one form");
  if (const auto state = decode_log_state(bytes))
    PARLANCE_ASSERT(std::ranges::equal(encode_log_state(*state), bytes), "a state has one form");
}

/// Each step: a byte that says what is right about the record, one for the length of what follows, and that.
void check_fold(ByteView input) {
  ByteReader in(input);
  LogState state = initial_log_state(log_id, 3);
  LogState alone = state;
  PassedStates passed(state);
  while (in.left() >= 2) {
    const auto what = in.le<std::uint8_t>();
    const ByteView given = in.take(std::min<std::size_t>(in.le<std::uint8_t>(), in.left()));
    Bytes record(given.begin(), given.end());
    Bytes body = record;
    if ((what & 1) != 0) {
      Frame frame;
      frame.log = log_id;
      frame.partition = 3;
      frame.kind = (what & 2) != 0 ? RecordKind::claim : RecordKind::envelope;
      frame.epoch = state.epoch + ((what & 2) != 0 ? 1U : 0U);
      frame.seq = (what & 2) != 0 ? 0 : state.seq + 1;
      frame.prev = (what & 2) != 0 ? Sha256{} : state.chain;
      if ((what & 4) != 0) frame.epoch += 1;
      if ((what & 8) != 0) frame.format = 9;
      if ((what & 16) != 0) frame.seq += 7;
      if ((what & 34) == 34) {
        Claim claim;
        claim.nonce = {7, given.size()};
        claim.seen = {state.next, state.seq, state.chain};
        claim.seal = given.size() % 16 == 15;
        if (state.epoch == 0) claim.genesis.emplace();
        body = encode_claim(claim);
      }
      record = encode_record(frame, body);
      if ((what & 64) != 0 && !given.empty()) record[given[0] % record.size()] ^= 1;
    }
    const LogState before = state;
    const Offset offset = state.next + ((what & 128) != 0 ? 1U : 0U);
    const auto folded = fold(state, passed, offset, record);
    const auto folded_alone = fold(alone, offset, record);
    if (!folded) {
      PARLANCE_ASSERT(state == before, "an error changes nothing");
      if (folded_alone) return;  // only who keeps the states that have passed sees every loss
      PARLANCE_ASSERT(alone == before, "an error changes nothing, whoever folds");
      continue;
    }
    PARLANCE_ASSERT(folded_alone && folded_alone->verdict == folded->verdict && alone == state,
                    "the fold is one and the same for every reader");
    PARLANCE_ASSERT(state.next == before.next + 1, "each record is folded once");
    PARLANCE_ASSERT((folded->verdict == Verdict::void_record) == (state.chain == before.chain),
                    "the chain grows by what is accepted, and by nothing else");
    const auto again = decode_log_state(encode_log_state(state));
    PARLANCE_ASSERT(again && *again == state, "a state survives writing and reading");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_record({data, size});
  check_fold({data, size});
  // What passes its checksum.
  Frame frame;
  frame.log = log_id;
  const Bytes record = encode_record(frame, {data, size});
  const auto parsed = parse_record(log_id, record);
  PARLANCE_ASSERT(parsed && *parsed && (*parsed)->frame == frame &&
                      std::ranges::equal((*parsed)->body, ByteView(data, size)),
                  "what is written reads");
  check_record(ByteView(record).first(size % record.size()));
  return 0;
}
