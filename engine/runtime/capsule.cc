#include "engine/runtime/capsule.h"

#include <cstring>
#include <sodium.h>

#include "engine/base/assert.h"

namespace parlance {
namespace {

constexpr std::string_view label = "parlance capsule 1";
constexpr std::size_t commitment_bytes = 32;
constexpr std::size_t tag_bytes = crypto_aead_chacha20poly1305_ietf_ABYTES;
constexpr std::size_t length_bytes = sizeof(std::uint32_t);
constexpr std::size_t salt_at = 1;
constexpr std::size_t commitment_at = salt_at + salt_bytes;
constexpr std::size_t ciphertext_at = commitment_at + commitment_bytes;
constexpr std::size_t context_bytes = label.size() + 1 + 16 + 16 + 2 + 1 + 2 + 16;
static_assert(ciphertext_at + tag_bytes == capsule_overhead_bytes);
// A nonce may be zero because no key seals twice.
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};

// Chooses the fastest implementations of this processor; harmless to repeat.
const bool library_ready = sodium_init() >= 0;

/// The key of one sealing and the commitment beside it; both are gone from memory with this object.
class Derived {
 public:
  Derived(const Key& data_key, const std::uint8_t* salt, std::uint8_t suite) {
    std::array<std::uint8_t, salt_bytes + 1> input;
    std::memcpy(input.data(), salt, salt_bytes);
    input.back() = suite;
    const int failed = crypto_generichash_blake2b(both_.data(), both_.size(), input.data(), input.size(),
                                                  data_key.data(), data_key.size());
    PARLANCE_ASSERT(library_ready && failed == 0, "BLAKE2b of the crypto library works");
  }
  ~Derived() { sodium_memzero(both_.data(), both_.size()); }
  Derived(const Derived&) = delete;
  Derived& operator=(const Derived&) = delete;

  [[nodiscard]] const std::uint8_t* key() const { return both_.data(); }
  [[nodiscard]] const std::uint8_t* commitment() const { return both_.data() + sizeof(Key); }

 private:
  std::array<std::uint8_t, sizeof(Key) + commitment_bytes> both_;
};

std::array<std::uint8_t, context_bytes> associated_data(const CapsuleContext& context) {
  std::array<std::uint8_t, context_bytes> out;
  std::uint8_t* to = out.data();
  const auto put = [&](const void* from, std::size_t size) {
    std::memcpy(to, from, size);
    to += size;
  };
  const auto put_id = [&](RawId id) { put(id.bytes().data(), 16); };
  put(label.data(), label.size());
  put(&capsule_suite, 1);
  put_id(context.workspace);
  put_id(context.capsule.envelope);
  put(&context.capsule.number, sizeof context.capsule.number);
  put(&context.field_class, sizeof context.field_class);
  put(&context.schema, sizeof context.schema);
  put_id(context.reference);
  return out;
}

constexpr std::size_t padded(std::size_t plaintext_bytes) {
  return (length_bytes + plaintext_bytes + capsule_padding_bytes - 1) / capsule_padding_bytes *
         capsule_padding_bytes;
}

}  // namespace

Bytes seal_capsule(const Key& data_key, const CapsuleContext& context, ByteView plaintext,
                   const std::array<std::uint8_t, salt_bytes>& salt) {
  PARLANCE_ASSERT(plaintext.size() <= plain_bytes_max, "a plaintext was bounded before it is sealed");
  const Derived derived(data_key, salt.data(), capsule_suite);
  const std::size_t inner_bytes = padded(plaintext.size());

  Bytes out(capsule_overhead_bytes + inner_bytes);
  out[0] = capsule_suite;
  std::memcpy(&out[salt_at], salt.data(), salt.size());
  std::memcpy(&out[commitment_at], derived.commitment(), commitment_bytes);
  // The plaintext is laid out where its ciphertext will be and encrypted in place: no other copy is made.
  std::uint8_t* const inner = &out[ciphertext_at];
  const auto length = static_cast<std::uint32_t>(plaintext.size());
  std::memcpy(inner, &length, length_bytes);
  if (!plaintext.empty()) std::memcpy(inner + length_bytes, plaintext.data(), plaintext.size());

  const auto associated = associated_data(context);
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(inner, inner + inner_bytes, nullptr, inner, inner_bytes,
                                                     associated.data(), associated.size(), nullptr,
                                                     nonce.data(), derived.key());
  return out;
}

namespace {

Error damaged(std::string_view what) { return corrupt("capsule.corrupt", std::string(what)); }

Result<void> check_form(ByteView stored) {
  if (stored.empty()) return damaged("a capsule of no bytes");
  if (stored[0] != capsule_suite)
    return Error{Errc::newer, "capsule.newer_suite", "a capsule of suite " + std::to_string(stored[0])};
  if (stored.size() < capsule_overhead_bytes + capsule_padding_bytes ||
      (stored.size() - capsule_overhead_bytes) % capsule_padding_bytes != 0 ||
      stored.size() - capsule_overhead_bytes > padded(plain_bytes_max))
    return damaged("a capsule of a length that no capsule has");
  return {};
}

}  // namespace

SealingKey::~SealingKey() { sodium_memzero(key.data(), key.size()); }

Result<std::optional<SealingKey>> sealing_key(const Key& data_key, ByteView stored) {
  if (const auto formed = check_form(stored); !formed) return formed.error();
  const Derived derived(data_key, &stored[salt_at], capsule_suite);
  std::optional<SealingKey> out;
  if (sodium_memcmp(derived.commitment(), &stored[commitment_at], commitment_bytes) == 0)
    std::memcpy(out.emplace().key.data(), derived.key(), sizeof(Key));
  return out;
}

Result<Bytes> open_capsule(const Key& data_key, const CapsuleContext& context, ByteView stored) {
  const auto sealing = sealing_key(data_key, stored);
  if (!sealing) return sealing.error();
  if (!*sealing) return damaged("the capsule was sealed under another key");
  return open_capsule(**sealing, context, stored);
}

Result<Bytes> open_capsule(const SealingKey& sealing, const CapsuleContext& context, ByteView stored) {
  if (const auto formed = check_form(stored); !formed) return formed.error();
  const std::size_t inner_bytes = stored.size() - capsule_overhead_bytes;
  const std::uint8_t* const inner = &stored[ciphertext_at];
  const auto associated = associated_data(context);
  Bytes out(inner_bytes);
  if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(
          out.data(), nullptr, inner, inner_bytes, inner + inner_bytes, associated.data(), associated.size(),
          nonce.data(), sealing.key.data()) != 0)
    return damaged("the capsule does not open in its place");

  // What follows was sealed by a holder of the key, yet a second layout of the same text is still refused.
  std::uint32_t length = 0;
  std::memcpy(&length, out.data(), length_bytes);
  const bool sized = length <= plain_bytes_max && padded(length) == inner_bytes;
  if (!sized ||
      sodium_is_zero(out.data() + length_bytes + length, inner_bytes - length_bytes - length) == 0) {
    wipe(out);
    return damaged("the capsule's inside is not laid out as a capsule's");
  }
  std::memmove(out.data(), out.data() + length_bytes, length);
  wipe(std::span(out).subspan(length));
  out.resize(length);
  return out;
}

ByteView commitment_of(ByteView stored) {
  return stored.size() < ciphertext_at ? ByteView{} : stored.subspan(commitment_at, commitment_bytes);
}

Bytes capsule_key(const CapsuleId& id) { return ByteWriter().id(id.envelope).be(id.number).take(); }

void wipe(std::span<std::uint8_t> secret) { sodium_memzero(secret.data(), secret.size()); }

}  // namespace parlance
