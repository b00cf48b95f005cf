#include "adapters/memory/memory_keys.h"

#include <cstring>
#include <sodium.h>
#include <string_view>

#include "engine/base/assert.h"

namespace parlance {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(nonce_bytes == 24 && tag_bytes == 16);

// Chooses the fastest implementations of this processor; harmless to repeat.
const bool library_ready = sodium_init() >= 0;

/// BLAKE2b of a label and a number, keyed.
void derive(const Key& key, std::string_view label, std::uint64_t number, std::span<std::uint8_t> out) {
  const Bytes input = ByteWriter().text(label).le(number).take();
  const int failed =
      crypto_generichash_blake2b(out.data(), out.size(), input.data(), input.size(), key.data(), key.size());
  PARLANCE_ASSERT(library_ready && failed == 0, "BLAKE2b of the crypto library works");
}

Error out_of_reach() { return unavailable("keyring.unavailable", "the keyring does not answer"); }

}  // namespace

MemoryKeys::MemoryKeys(std::uint64_t seed) {
  derive(Key{}, "memory keyring", seed, seed_key_);
  for (std::size_t i = 0; i < secrets_.size(); ++i) derive(seed_key_, "secret", i + 1, secrets_[i]);
}

MemoryKeys::~MemoryKeys() {
  sodium_memzero(seed_key_.data(), seed_key_.size());
  sodium_memzero(secrets_.data(), sizeof secrets_);
}

Key MemoryKeys::bucket_key(BucketId bucket) const {
  Key key;
  derive(seed_key_, "bucket", bucket, key);
  return key;
}

Result<Bytes> MemoryKeys::wrap(BucketId bucket, ByteView plaintext, ByteView associated) {
  if (unavailable_) return out_of_reach();
  Bytes out(nonce_bytes + plaintext.size() + tag_bytes);
  derive(seed_key_, "nonce", ++wrapped_, std::span(out).first(nonce_bytes));
  Key key = bucket_key(bucket);
  crypto_aead_xchacha20poly1305_ietf_encrypt(&out[nonce_bytes], nullptr, plaintext.data(), plaintext.size(),
                                             associated.data(), associated.size(), nullptr, out.data(),
                                             key.data());
  sodium_memzero(key.data(), key.size());
  return out;
}

Result<Bytes> MemoryKeys::unwrap(BucketId bucket, ByteView wrapped, ByteView associated) {
  if (unavailable_) return out_of_reach();
  if (wrapped.size() < nonce_bytes + tag_bytes)
    return corrupt("keyring.unwrap", "too few bytes for a wrapping");
  Bytes out(wrapped.size() - nonce_bytes - tag_bytes);
  Key key = bucket_key(bucket);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      out.data(), nullptr, nullptr, &wrapped[nonce_bytes], wrapped.size() - nonce_bytes, associated.data(),
      associated.size(), wrapped.data(), key.data());
  sodium_memzero(key.data(), key.size());
  if (failed != 0)
    return corrupt("keyring.unwrap",
                   "the bytes do not open under the keys of bucket " + std::to_string(bucket));
  return out;
}

const Key& MemoryKeys::secret(SecretKey which) const {
  const auto index = static_cast<std::size_t>(which) - 1;
  PARLANCE_ASSERT(index < secrets_.size(), "a secret is one of those that SecretKey names");
  return secrets_[index];
}

std::array<std::uint8_t, 16> MemoryKeys::fingerprint() const {
  std::array<std::uint8_t, 16> out;
  derive(secret(SecretKey::address_slot), "address-slot key", 0, out);
  return out;
}

}  // namespace parlance
