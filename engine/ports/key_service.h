#pragma once
#include <array>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

namespace parlance {

using Key = std::array<std::uint8_t, 32>;

/// The secret hash keys of the keyring. Stored: only add.
enum class SecretKey : std::uint8_t {
  address_slot = 1,  ///< which slot an address belongs to; never rotated within a log
  blind_index = 2,   ///< the identity map's keys
  command_id = 3,
  fingerprint = 4,
  session = 5,  ///< signs page sessions, cursors
};
inline constexpr std::size_t secret_keys = 5;

using BucketId = std::uint16_t;

/// The keyring: wraps key rows under bucket keys and knows the secret hash keys. Losing it loses all personal data.
/// Threads: any.
class KeyService {
 public:
  virtual ~KeyService() = default;
  /// AEAD under the bucket's key: 24 bytes nonce, the ciphertext, 16 bytes tag.
  [[nodiscard]] virtual Result<Bytes> wrap(BucketId bucket, ByteView plaintext, ByteView associated) = 0;
  /// `corrupt` when the bytes do not open under the bucket's keys, `unavailable` when the keys cannot be had.
  [[nodiscard]] virtual Result<Bytes> unwrap(BucketId bucket, ByteView wrapped, ByteView associated) = 0;
  [[nodiscard]] virtual const Key& secret(SecretKey which) const = 0;
  /// Names the address-slot key without telling it; stands in each partition's first claim.
  [[nodiscard]] virtual std::array<std::uint8_t, 16> fingerprint() const = 0;
};

}  // namespace parlance
