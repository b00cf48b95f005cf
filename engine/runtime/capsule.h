#pragma once
#include <array>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/domain/personal.h"
#include "engine/ports/key_service.h"
#include "schemas/capsule_codec.h"

/// A capsule: personal text sealed under a data key. Stored layout (trust.md 8, lines 5, 6 and 11):
///
///   offset size
///        0    1  suite: 1 = ChaCha20-Poly1305 (RFC 8439) with a fresh key and nonce zero
///        1   24  salt, random for each sealing
///       25   32  commitment to the key
///       57    n  ciphertext of: length u32 little-endian, the plaintext, zeros up to a multiple of 64
///     57+n   16  tag
///
/// key (32) | commitment (32) = BLAKE2b-512, keyed with the data key, over salt | suite.
/// Associated data: "parlance capsule 1" | suite u8 | workspace 16 | envelope id 16 | number u16 | class u8 | schema u16 |
/// reference 16 (integers little-endian): nothing that a copy into another generation changes.
/// The digest in the event is SHA-256 over these stored bytes.
namespace parlance {

inline constexpr std::size_t salt_bytes = 24;
inline constexpr std::size_t capsule_overhead_bytes = 1 + salt_bytes + 32 + 16;

struct CapsuleContext {
  WorkspaceId workspace;
  CapsuleId capsule;
  ReferenceId reference;
  FieldClass field_class = FieldClass::content;
  CapsuleSchema schema = CapsuleSchema::text;
};

[[nodiscard]] Bytes seal_capsule(const Key& data_key, const CapsuleContext& context, ByteView plaintext,
                                 const std::array<std::uint8_t, salt_bytes>& salt);
/// `corrupt` when the capsule does not open under this key and context; nothing is returned unverified.
[[nodiscard]] Result<Bytes> open_capsule(const Key& data_key, const CapsuleContext& context, ByteView stored);

/// The vault key of a capsule: envelope id, number big-endian.
[[nodiscard]] Bytes capsule_key(const CapsuleId& id);

}  // namespace parlance
