#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "schemas/frame.h"

/// Which records of a partition count: one pure fold, the same for every reader (rules 1 and 2 of the fencing protocol).
namespace parlance {

/// The state of the fold. Command ids, which the protocol counts to it too, are the fold store's rows.
struct LogState {
  LogId log;
  PartitionId partition = 0;
  Offset next = 0;
  std::uint64_t epoch = 0;
  RawId nonce;
  std::uint64_t seq = 0;
  Sha256 chain{};
  bool sealed = false;
  std::uint64_t voids = 0;
  Sha256 last_record{};  ///< SHA-256 of the last record folded, void ones included: rule 2 re-reads it
  bool operator==(const LogState&) const = default;
};
/// chain = SHA-256("parlance log 1" | log id, 16 bytes | partition as u16 little-endian).
[[nodiscard]] LogState initial_log_state(LogId log, PartitionId partition);

enum class Verdict : std::uint8_t { void_record, accepted_claim, accepted_envelope };
struct Folded {
  Verdict verdict = Verdict::void_record;
  ParsedRecord record;   ///< views into the bytes given; only when accepted
  Sha256 record_hash{};  ///< SHA-256 of the bytes as stored
};

/// What a reader's state lately was, offset by offset, so that it can hold a claim's `seen` (rule 2) and another reader
/// of the same log against it. Keeps the last `capacity` states.
class PassedStates {
 public:
  static constexpr std::size_t capacity = 4096;
  /// Knows `start`, and what is added from there on.
  explicit PassedStates(const LogState& start);
  /// `state` is the one after the next record.
  void add(const LogState& state);
  /// What the state was at `next`; none where that is no longer, or not yet, known.
  [[nodiscard]] std::optional<Seen> at(Offset next) const;

 private:
  struct Point {
    std::uint64_t seq;
    Sha256 chain;
  };
  Offset first_;  ///< that of the start
  Offset last_;
  std::vector<Point> points_;  ///< the state at n is at (n - first_) % capacity
};

/// Folds the record at `offset` into `state`. On an error nothing is changed and the reader stops. Rules: "log.hole" when `offset` is
/// not state.next; "log.corrupt" for bytes of this log that are not as they were written, an acceptable claim without a claim's
/// body among them; "log.newer" for an acceptable record whose kind or body format is unknown here (a kind unknown is
/// judged as an envelope is); "log.loss" when a claim, void or not, has seen what this log does not hold. The detail
/// names partition and offset. An accepted envelope whose body cannot be verified stays accepted.
///
/// A claim's `seen` is held against the start of the log, `state`, and `passed`, which is then added to.
[[nodiscard]] Result<Folded> fold(LogState& state, PassedStates& passed, Offset offset, ByteView bytes);
/// The same for a reader that keeps no passed states.
[[nodiscard]] Result<Folded> fold(LogState& state, Offset offset, ByteView bytes);

/// chain' = SHA-256(chain | SHA-256(record)).
[[nodiscard]] Sha256 extend_chain(const Sha256& chain, const Sha256& record_hash);

/// Fixed layout for the stores that keep a state; exactly log_state_bytes long.
///
///   offset size
///        0   16  log id
///       16    2  partition
///       18    8  next
///       26    8  epoch
///       34   16  nonce
///       50    8  seq
///       58   32  chain
///       90    1  sealed: 0 or 1
///       91    8  voids
///       99   32  last record
inline constexpr std::size_t log_state_bytes = 16 + 2 + 8 + 8 + 16 + 8 + 32 + 1 + 8 + 32;
[[nodiscard]] Bytes encode_log_state(const LogState& state);
/// `corrupt` with rule "log_state.malformed" unless the bytes are exactly a state.
[[nodiscard]] Result<LogState> decode_log_state(ByteView bytes);

}  // namespace parlance
