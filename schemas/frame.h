#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/id.h"

/// The frame in front of every record's body. It never changes; validity is read from it alone. Little-endian.
///
///   offset size
///        0    4  magic, the ASCII bytes "PLC1"
///        4    1  record kind: 1 claim, 2 envelope
///        5    1  body format, by kind: claim 1 = below; envelope 1 = schemas/envelope.fbs
///        6    2  partition
///        8   16  log id
///       24    8  epoch
///       32    8  seq (0 in a claim)
///       40   32  prev: the chain this record extends (zeros in a claim)
///       72   16  kinds: for each event kind inside, category << 8 | member, the bit n = (19 * category + member) mod 128, being
///                bit n % 8 of byte n / 8. A clear bit says that none of its kinds is inside; a set one that no known kind
///                has, that a newer one is. Kinds share bits, so what else is inside the body alone tells
///       88    4  length of the body
///       92    4  CRC-32 (zlib's) of bytes 0 to 91 and of the body
///       96       body
///
/// A claim's body, format 1:
///        0   16  nonce
///       16    8  seen: next  (seen is what its sender had folded to, rule 2 of the fencing protocol)
///       24    8  seen: seq
///       32   32  seen: chain
///       64    1  flags: 1 seal, 2 first claim of a partition (the block below follows), 4 after a copy (old heads follow)
///       65       if 2: generation u32, first slot u16, slots u16, fingerprint of the address key 16 bytes
///                if 4: count u16 (at least 1), then per old partition: log id 16, partition u16, chain 32
///              other flags are 0, and nothing follows
///
/// Ids stand as RawId::bytes() has them, big-endian.
///
/// The protocol is the fencing protocol; its rules are named by number where they are kept.
namespace parlance {

inline constexpr std::size_t frame_bytes = 96;
inline constexpr std::array<std::uint8_t, 4> frame_magic{'P', 'L', 'C', '1'};
enum class RecordKind : std::uint8_t { claim = 1, envelope = 2 };
inline constexpr std::uint8_t claim_format = 1;
inline constexpr std::uint8_t envelope_format = 1;
inline constexpr std::size_t body_bytes_max = 8 * 1024 * 1024;

/// A set of event kinds; see `kinds` above.
struct KindSet {
  std::array<std::uint8_t, 16> bits{};
  static constexpr unsigned bit(std::uint16_t kind) { return (19U * (kind >> 8U) + (kind & 0xffU)) % 128; }
  void add(std::uint16_t kind) {
    const unsigned n = bit(kind);
    bits[n / 8] = static_cast<std::uint8_t>(bits[n / 8] | 1U << (n % 8));
  }
  [[nodiscard]] bool may_hold(std::uint16_t kind) const {
    const unsigned n = bit(kind);
    return (bits[n / 8] >> (n % 8) & 1) != 0;
  }
  bool operator==(const KindSet&) const = default;
};

struct Frame {
  RecordKind kind = RecordKind::envelope;
  std::uint8_t format = envelope_format;
  PartitionId partition = 0;
  LogId log;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Sha256 prev{};
  KindSet kinds;
  bool operator==(const Frame&) const = default;
};

/// The frame with its length and checksum, then the body, which is at most body_bytes_max.
[[nodiscard]] Bytes encode_record(const Frame& frame, ByteView body);

/// A whole record: its frame, and its body inside the bytes given to parse_record.
struct ParsedRecord {
  Frame frame;
  ByteView body;
};
/// None: not a frame of ours (no magic, or too short to hold a log id) or of another log. `corrupt` with rule "log.corrupt": our
/// magic and `log`, and a checksum or length that does not fit. A kind or format unknown here is parsed all the same.
[[nodiscard]] Result<std::optional<ParsedRecord>> parse_record(LogId log, ByteView bytes);

/// What a claim's sender had folded to.
struct Seen {
  Offset next = 0;
  std::uint64_t seq = 0;
  Sha256 chain{};
  bool operator==(const Seen&) const = default;
};
/// Only in the first claim of a partition (epoch 1).
struct Genesis {
  std::uint32_t generation = 1;
  std::uint16_t first_slot = 0;
  std::uint16_t slots = 0;
  std::array<std::uint8_t, 16> address_key{};
  bool operator==(const Genesis&) const = default;
};
struct OldHead {
  LogId log;
  PartitionId partition = 0;
  Sha256 chain{};
  bool operator==(const OldHead&) const = default;
};
struct Claim {
  RawId nonce;
  Seen seen;
  bool seal = false;
  std::optional<Genesis> genesis;
  std::vector<OldHead> copied_from;
  bool operator==(const Claim&) const = default;
};
[[nodiscard]] Bytes encode_claim(const Claim& claim);
/// `corrupt` with rule "log.corrupt" unless the bytes are exactly what encode_claim() makes.
[[nodiscard]] Result<Claim> decode_claim(ByteView body);

}  // namespace parlance
