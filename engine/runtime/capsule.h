#pragma once
#include <array>
#include <optional>
#include <span>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/domain/personal.h"
#include "engine/ports/key_service.h"
#include "schemas/capsule_codec.h"

/// A capsule: personal text sealed under a data key. Stored layout:
///
///   offset size
///        0    1  suite: 1 = ChaCha20-Poly1305 (RFC 8439) with a fresh key and nonce zero
///        1   24  salt, random for each sealing
///       25   32  commitment to the data key, the salt and the suite
///       57    n  ciphertext of: length u32 little-endian, the plaintext, zeros up to the next multiple of 64
///     57+n   16  tag
///
/// key (32) | commitment (32) = BLAKE2b-512 (RFC 7693), keyed with the data key, over salt | suite. A fresh key for
/// each sealing is why a nonce of zero is safe and why sealing again after a doubt reuses nothing. The commitment is
/// there because ChaCha20-Poly1305 alone does not bind its key: one ciphertext can be made to open to two texts under
/// two keys.
///
/// Associated data, 72 bytes: "parlance capsule 1" | suite u8 | workspace 16 | envelope id 16 | number u16 | class u8 |
/// schema u16 | reference 16 (ids as their stored bytes, integers little-endian): nothing that a copy into another
/// generation of the log changes. The digest in the event is SHA-256 over these stored bytes.
///
/// The stored size tells the plaintext's length up to 64 bytes, and nothing else of it. Threads: any.
namespace parlance {

inline constexpr std::uint8_t capsule_suite = 1;
inline constexpr std::size_t salt_bytes = 24;
inline constexpr std::size_t capsule_overhead_bytes = 1 + salt_bytes + 32 + 16;
inline constexpr std::size_t capsule_padding_bytes = 64;

struct CapsuleContext {
  WorkspaceId workspace;
  CapsuleId capsule;
  ReferenceId reference;
  FieldClass field_class = FieldClass::content;
  CapsuleSchema schema = CapsuleSchema::text;
};

/// `plaintext` has at most plain_bytes_max bytes. `salt` must be fresh and unpredictable for each call.
[[nodiscard]] Bytes seal_capsule(const Key& data_key, const CapsuleContext& context, ByteView plaintext,
                                 const std::array<std::uint8_t, salt_bytes>& salt);
/// `corrupt` ("capsule.corrupt") when the capsule does not open under this key and context, `newer`
/// ("capsule.newer_suite") when it names a suite that this program does not know; nothing is returned unverified.
/// Whoever gets the plaintext wipes it when it is no longer needed.
[[nodiscard]] Result<Bytes> open_capsule(const Key& data_key, const CapsuleContext& context, ByteView stored);

/// What opens one capsule and no other: derived from a data key and the capsule's own salt. Overwritten with zeros as it goes.
struct SealingKey {
  Key key{};
  ~SealingKey();
};
/// The sealing key of a stored capsule; none where it was sealed under another data key. Errors as open_capsule's.
[[nodiscard]] Result<std::optional<SealingKey>> sealing_key(const Key& data_key, ByteView stored);
/// As open_capsule() above. Where the key comes from must bind it to this capsule (grant.h).
[[nodiscard]] Result<Bytes> open_capsule(const SealingKey& sealing, const CapsuleContext& context,
                                         ByteView stored);
/// The 32 bytes of the commitment in a stored capsule; none where it is too short for one.
[[nodiscard]] ByteView commitment_of(ByteView stored);

/// The vault key of a capsule: envelope id, number big-endian.
[[nodiscard]] Bytes capsule_key(const CapsuleId& id);

/// Overwrites keys and plaintext with zeros, which the compiler may not leave out.
void wipe(std::span<std::uint8_t> secret);

}  // namespace parlance
