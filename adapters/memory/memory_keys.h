#pragma once
#include <atomic>
#include <cstdint>

#include "engine/ports/key_service.h"

namespace parlance {

/// A keyring in memory: all keys and nonces follow from the seed, so that a simulation repeats itself. For tests and
/// simulation; nothing of it is kept. Wraps with XChaCha20-Poly1305. Threads: any; nonces repeat with the seed only
/// where the order of the calls does.
class MemoryKeys final : public KeyService {
 public:
  explicit MemoryKeys(std::uint64_t seed);
  ~MemoryKeys() override;
  MemoryKeys(const MemoryKeys&) = delete;
  MemoryKeys& operator=(const MemoryKeys&) = delete;

  /// While `unavailable`, wrap() and unwrap() answer `unavailable` ("keyring.unavailable"). The secrets stay: they were
  /// read at start.
  void set_unavailable(bool unavailable) { unavailable_ = unavailable; }

  [[nodiscard]] Result<Bytes> wrap(BucketId bucket, ByteView plaintext, ByteView associated) override;
  [[nodiscard]] Result<Bytes> unwrap(BucketId bucket, ByteView wrapped, ByteView associated) override;
  [[nodiscard]] const Key& secret(SecretKey which) const override;
  [[nodiscard]] std::array<std::uint8_t, 16> fingerprint() const override;

 private:
  [[nodiscard]] Key bucket_key(BucketId bucket) const;

  Key seed_key_{};
  std::array<Key, secret_keys> secrets_{};
  std::atomic<std::uint64_t> wrapped_ = 0;
  std::atomic<bool> unavailable_ = false;
};

}  // namespace parlance
