#pragma once
#include <cstdint>
#include <optional>

#include "schemas/frame.h"

/// Which records of a partition count: one pure fold, the same for every reader (fencing.md 1 and 2).
namespace parlance {

/// The state of the fold. Command ids, which fencing.md keeps here too, are the fold store's rows.
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
/// chain = SHA-256("parlance log 1" | log id | partition as u16 little-endian).
[[nodiscard]] LogState initial_log_state(LogId log, PartitionId partition);

enum class Verdict : std::uint8_t { void_record, accepted_claim, accepted_envelope };
struct Folded {
  Verdict verdict = Verdict::void_record;
  ParsedRecord record;   ///< views into the bytes given; only when accepted
  Sha256 record_hash{};  ///< SHA-256 of the bytes as stored
};

/// Folds the record at `offset` into `state`. On an error the state is unchanged and the reader stops; rules: "log.hole",
/// "log.corrupt", "log.newer", "log.loss". An accepted envelope whose body cannot be verified stays accepted.
///
/// LOSS by a claim's `seen` (rule 2): the caller says which state the log had at seen.next, where it still knows it;
/// the fold itself refuses a `seen.next` above the claim's own offset, and one equal to it that differs from `state`.
[[nodiscard]] Result<Folded> fold(LogState& state, Offset offset, ByteView bytes);

/// chain' = SHA-256(chain | SHA-256(record)).
[[nodiscard]] Sha256 extend_chain(const Sha256& chain, const Sha256& record_hash);

/// Fixed layout for the stores that keep a state; exactly log_state_bytes long.
inline constexpr std::size_t log_state_bytes = 16 + 2 + 8 + 8 + 16 + 8 + 32 + 1 + 8 + 32;
[[nodiscard]] Bytes encode_log_state(const LogState& state);
[[nodiscard]] Result<LogState> decode_log_state(ByteView bytes);

}  // namespace parlance
