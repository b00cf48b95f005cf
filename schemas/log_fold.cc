#include "schemas/log_fold.h"

#include <algorithm>

namespace parlance {
namespace {

constexpr std::string_view tag = "parlance log 1";

Sha256 initial_chain(LogId log, PartitionId partition) {
  const ByteView partition_bytes{reinterpret_cast<const std::uint8_t*>(&partition), sizeof partition};
  return sha256({as_bytes(tag), log.bytes(), partition_bytes});
}

Error stop(Errc code, std::string_view rule, const LogState& state, Offset offset, std::string_view what) {
  return {code, rule,
          "partition " + std::to_string(state.partition) + ", offset " + std::to_string(offset) + ": " +
              std::string(what)};
}

/// What the claim accuses the log of, if it is right.
std::optional<std::string> lost(const LogState& state, const PassedStates* passed, const Seen& seen) {
  const auto at = "what a claim had seen up to " + std::to_string(seen.next);
  if (seen.next > state.next) return at + " is not in this log";
  std::optional<Seen> here;
  if (seen.next == state.next) {
    here = Seen{state.next, state.seq, state.chain};
  } else if (seen.next == 0) {
    here = Seen{0, 0, initial_chain(state.log, state.partition)};
  } else if (passed != nullptr) {
    here = passed->at(seen.next);
  }
  if (here && *here != seen) return at + " is not what this log holds";
  return std::nullopt;
}

Result<Folded> fold_record(LogState& state, const PassedStates* passed, Offset offset, ByteView bytes) {
  if (offset != state.next)
    return stop(Errc::corrupt, "log.hole", state, offset,
                "offset " + std::to_string(state.next) + " was to come");
  const auto parsed = parse_record(state.log, bytes);
  if (!parsed && !state.sealed)
    return stop(Errc::corrupt, "log.corrupt", state, offset, parsed.error().detail);

  Folded out;
  LogState after = state;
  if (parsed && *parsed && (**parsed).frame.partition == state.partition) {
    out.record = **parsed;
    const Frame& frame = out.record.frame;
    if (frame.kind == RecordKind::claim) {
      const bool acceptable = !state.sealed && frame.epoch == state.epoch + 1;
      const bool known = frame.format == claim_format;
      if (acceptable && !known)
        return stop(Errc::newer, "log.newer", state, offset, "a claim of a format unknown to this program");
      const auto claim = known ? decode_claim(out.record.body) : Result<Claim>(Claim{});
      if (acceptable && !claim)
        return stop(Errc::corrupt, "log.corrupt", state, offset, claim.error().detail);
      if (known && claim)
        if (const auto what = lost(state, passed, claim->seen))
          return stop(Errc::loss, "log.loss", state, offset, *what);
      if (acceptable) {
        out.verdict = Verdict::accepted_claim;
        after.epoch = frame.epoch;
        after.nonce = claim->nonce;
        after.sealed = claim->seal;
      }
    } else if (!state.sealed && frame.epoch == state.epoch && frame.seq == state.seq + 1 &&
               frame.prev == state.chain) {
      if (frame.kind != RecordKind::envelope)
        return stop(Errc::newer, "log.newer", state, offset, "a record of a kind unknown to this program");
      if (frame.format != envelope_format)
        return stop(Errc::newer, "log.newer", state, offset,
                    "an envelope of a format unknown to this program");
      out.verdict = Verdict::accepted_envelope;
      after.seq = frame.seq;
    }
  }

  out.record_hash = sha256(bytes);
  after.next += 1;
  after.last_record = out.record_hash;
  if (out.verdict == Verdict::void_record) {
    out.record = {};
    after.voids += 1;
  } else {
    after.chain = extend_chain(state.chain, out.record_hash);
  }
  state = after;
  return out;
}

}  // namespace

LogState initial_log_state(LogId log, PartitionId partition) {
  LogState state;
  state.log = log;
  state.partition = partition;
  state.chain = initial_chain(log, partition);
  return state;
}

PassedStates::PassedStates(const LogState& start) : first_(start.next), last_(start.next) {
  points_.push_back({start.seq, start.chain});
}

void PassedStates::add(const LogState& state) {
  last_ = state.next;
  const std::size_t slot = (last_ - first_) % capacity;
  if (slot == points_.size()) {
    points_.push_back({state.seq, state.chain});
  } else {
    points_[slot] = {state.seq, state.chain};
  }
}

std::optional<Seen> PassedStates::at(Offset next) const {
  if (next > last_ || next < first_ || last_ - next >= points_.size()) return std::nullopt;
  const Point& point = points_[(next - first_) % capacity];
  return Seen{next, point.seq, point.chain};
}

Result<Folded> fold(LogState& state, PassedStates& passed, Offset offset, ByteView bytes) {
  auto folded = fold_record(state, &passed, offset, bytes);
  if (folded) passed.add(state);
  return folded;
}

Result<Folded> fold(LogState& state, Offset offset, ByteView bytes) {
  return fold_record(state, nullptr, offset, bytes);
}

Sha256 extend_chain(const Sha256& chain, const Sha256& record_hash) { return sha256({chain, record_hash}); }

Bytes encode_log_state(const LogState& state) {
  ByteWriter out;
  out.id(state.log)
      .le(state.partition)
      .le(state.next)
      .le(state.epoch)
      .id(state.nonce)
      .le(state.seq)
      .raw(state.chain);
  out.le(static_cast<std::uint8_t>(state.sealed)).le(state.voids).raw(state.last_record);
  return out.take();
}

Result<LogState> decode_log_state(ByteView bytes) {
  ByteReader in(bytes);
  LogState state;
  state.log = in.id_of<LogId>();
  state.partition = in.le<PartitionId>();
  state.next = in.le<Offset>();
  state.epoch = in.le<std::uint64_t>();
  state.nonce = in.id();
  state.seq = in.le<std::uint64_t>();
  std::ranges::copy(in.take(state.chain.size()), state.chain.begin());
  const auto sealed = in.le<std::uint8_t>();
  state.sealed = sealed == 1;
  state.voids = in.le<std::uint64_t>();
  std::ranges::copy(in.take(state.last_record.size()), state.last_record.begin());
  if (!in.at_end() || sealed > 1)
    return corrupt("log_state.malformed", "the bytes are not a saved state of the fold");
  return state;
}

}  // namespace parlance
