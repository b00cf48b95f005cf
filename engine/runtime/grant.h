#pragma once
#include <array>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/runtime/capsule.h"

/// A grant: the sealing key of one capsule, wrapped under another data key than the capsule was sealed under. It lies in the vault
/// beside its capsule. Whoever has the row opens that capsule by it, and no other; it dies with the row, as the capsule does.
///
/// To shred one capsule, its row gets a new data key, every other capsule that was sealed under the old one gets a grant under the
/// new one, and the old key goes (Door::shred). A capsule has two places for grants. New ones are put where the one that opens now
/// is not, so that they may be written beforehand, in several batches: until the row has the new key nobody misses the old ones,
/// and what an interrupted shredding left behind opens nothing and is written over by the next. What a renewed row does not open any
/// more lies in the other place until then. Stored layout, 105 bytes:
///
///   offset size
///        0    1  suite: 1 = ChaCha20-Poly1305 (RFC 8439) with a fresh key and nonce zero
///        1   24  salt, random for each wrapping
///       25   32  commitment to the data key, the salt and the suite
///       57   32  ciphertext of the capsule's sealing key
///       89   16  tag
///
/// key (32) | commitment (32) = BLAKE2b-512 (RFC 7693), keyed with the data key, over "parlance grant 1" | salt | suite.
///
/// Associated data, 102 bytes: "parlance grant 1" | suite u8 | workspace 16 | envelope id 16 | number u16 | class u8 | schema u16 |
/// reference 16 | the capsule's commitment 32 (ids as their stored bytes, integers little-endian). So a grant opens beside its
/// capsule alone. The digest in the event is over the capsule, which a grant does not change. Threads: any.
namespace parlance {

inline constexpr std::uint8_t grant_suite = 1;
inline constexpr std::size_t grant_bytes = 1 + salt_bytes + 32 + sizeof(Key) + 16;

/// `capsule` is the stored one that `sealing` opens. `salt` must be fresh and unpredictable for each call.
[[nodiscard]] Bytes seal_grant(const Key& data_key, const CapsuleContext& context, ByteView capsule,
                               const SealingKey& sealing, const std::array<std::uint8_t, salt_bytes>& salt);
/// `corrupt` ("grant.corrupt") when it does not open under this key, in this context and beside this capsule, `newer`
/// ("grant.newer_suite") when it names a suite that this program does not know; nothing is returned unverified.
[[nodiscard]] Result<SealingKey> open_grant(const Key& data_key, const CapsuleContext& context,
                                            ByteView capsule, ByteView stored);

/// Where a capsule's grants lie. Stored: never change.
enum class GrantPlace : std::uint8_t { first = 'g', second = 'h' };
inline constexpr std::array grant_places{GrantPlace::first, GrantPlace::second};

/// The vault key of a capsule's grant, in the capsules' family: the capsule's, and the place's byte.
[[nodiscard]] Bytes grant_key(const CapsuleId& id, GrantPlace place);
[[nodiscard]] Bytes grant_beside(Bytes capsule_key, GrantPlace place);

}  // namespace parlance
