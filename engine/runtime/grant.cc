#include "engine/runtime/grant.h"

#include <cstring>
#include <sodium.h>

#include "engine/base/assert.h"

namespace parlance {
namespace {

constexpr std::string_view label = "parlance grant 1";
constexpr std::size_t commitment_bytes = 32;
constexpr std::size_t tag_bytes = crypto_aead_chacha20poly1305_ietf_ABYTES;
constexpr std::size_t salt_at = 1;
constexpr std::size_t commitment_at = salt_at + salt_bytes;
constexpr std::size_t ciphertext_at = commitment_at + commitment_bytes;
constexpr std::size_t tag_at = ciphertext_at + sizeof(Key);
static_assert(tag_at + tag_bytes == grant_bytes);
// A nonce may be zero because no key wraps twice.
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};

const bool library_ready = sodium_init() >= 0;

/// The key of one wrapping and the commitment beside it; both are gone from memory with this object.
struct Derived {
  Derived(const Key& data_key, const std::uint8_t* salt) {
    std::array<std::uint8_t, label.size() + salt_bytes + 1> input;
    std::memcpy(input.data(), label.data(), label.size());
    std::memcpy(input.data() + label.size(), salt, salt_bytes);
    input.back() = grant_suite;
    const int failed = crypto_generichash_blake2b(both.data(), both.size(), input.data(), input.size(),
                                                  data_key.data(), data_key.size());
    PARLANCE_ASSERT(library_ready && failed == 0, "BLAKE2b of the crypto library works");
  }
  ~Derived() { sodium_memzero(both.data(), both.size()); }
  Derived(const Derived&) = delete;
  Derived& operator=(const Derived&) = delete;

  [[nodiscard]] const std::uint8_t* key() const { return both.data(); }
  [[nodiscard]] const std::uint8_t* commitment() const { return both.data() + sizeof(Key); }

  std::array<std::uint8_t, sizeof(Key) + commitment_bytes> both;
};

Bytes associated_data(const CapsuleContext& context, ByteView capsule) {
  return ByteWriter()
      .raw(as_bytes(label))
      .le(grant_suite)
      .id(context.workspace)
      .id(context.capsule.envelope)
      .le(context.capsule.number)
      .le(context.field_class)
      .le(context.schema)
      .id(context.reference)
      .raw(commitment_of(capsule))
      .take();
}

}  // namespace

Bytes seal_grant(const Key& data_key, const CapsuleContext& context, ByteView capsule,
                 const SealingKey& sealing, const std::array<std::uint8_t, salt_bytes>& salt) {
  const Derived derived(data_key, salt.data());
  Bytes out(grant_bytes);
  out[0] = grant_suite;
  std::memcpy(&out[salt_at], salt.data(), salt.size());
  std::memcpy(&out[commitment_at], derived.commitment(), commitment_bytes);
  const Bytes associated = associated_data(context, capsule);
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(
      &out[ciphertext_at], &out[tag_at], nullptr, sealing.key.data(), sealing.key.size(), associated.data(),
      associated.size(), nullptr, nonce.data(), derived.key());
  return out;
}

Result<SealingKey> open_grant(const Key& data_key, const CapsuleContext& context, ByteView capsule,
                              ByteView stored) {
  const auto damaged = [](std::string_view what) { return corrupt("grant.corrupt", std::string(what)); };
  if (stored.empty()) return damaged("a grant of no bytes");
  if (stored[0] != grant_suite)
    return Error{Errc::newer, "grant.newer_suite", "a grant of suite " + std::to_string(stored[0])};
  if (stored.size() != grant_bytes) return damaged("a grant of " + std::to_string(stored.size()) + " bytes");
  if (commitment_of(capsule).empty()) return damaged("a grant beside what is no capsule");

  const Derived derived(data_key, &stored[salt_at]);
  if (sodium_memcmp(derived.commitment(), &stored[commitment_at], commitment_bytes) != 0)
    return damaged("the grant was wrapped under another key");
  const Bytes associated = associated_data(context, capsule);
  SealingKey out;
  if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(out.key.data(), nullptr, &stored[ciphertext_at],
                                                         sizeof(Key), &stored[tag_at], associated.data(),
                                                         associated.size(), nonce.data(), derived.key()) != 0)
    return damaged("the grant does not open in its place");
  return out;
}

Bytes grant_key(const CapsuleId& id, GrantPlace place) { return grant_beside(capsule_key(id), place); }
Bytes grant_beside(Bytes capsule_key, GrantPlace place) {
  capsule_key.push_back(static_cast<std::uint8_t>(place));
  return capsule_key;
}

}  // namespace parlance
