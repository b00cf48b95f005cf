#include "engine/runtime/sealed_blob.h"

#include <algorithm>
#include <cstring>
#include <sodium.h>

#include "engine/base/assert.h"
#include "engine/runtime/capsule.h"

namespace parlance {
namespace {

constexpr std::string_view magic = "PARLBLOB";
constexpr std::string_view key_label = "parlance blob 1";
constexpr std::uint8_t suite = 1;
constexpr std::size_t tag_bytes = crypto_aead_chacha20poly1305_ietf_ABYTES;
constexpr std::size_t clear_bytes = 88;
constexpr std::size_t commitment_bytes = 32;
constexpr std::size_t padding_bytes = 1024;
constexpr std::size_t description_bytes = 512;
constexpr std::size_t description_fixed_bytes = 88;
constexpr std::size_t sealed_chunk_bytes = blob_chunk_bytes + tag_bytes;
constexpr std::size_t sealed_description_bytes = description_bytes + tag_bytes;
constexpr std::uint8_t description_version = 1;
static_assert(clear_bytes + commitment_bytes == blob_head_bytes);
static_assert(description_fixed_bytes + blob_name_bytes_max + blob_type_bytes_max <= description_bytes);
static_assert(blob_chunk_bytes % padding_bytes == 0);

const bool library_ready = sodium_init() >= 0;

enum class Place : std::uint32_t { more = 0, last = 1, description = 2 };
using Nonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(std::uint64_t number, Place place) {
  Nonce nonce;
  std::memcpy(nonce.data(), &number, sizeof number);
  std::memcpy(nonce.data() + sizeof number, &place, sizeof place);
  return nonce;
}

Bytes clear_head(const BlobHead& head) {
  Bytes out = ByteWriter()
                  .raw(as_bytes(magic))
                  .le(suite)
                  .raw(std::array<std::uint8_t, 7>{})
                  .id(head.id)
                  .id(head.workspace)
                  .id(head.reference)
                  .raw(head.salt)
                  .take();
  PARLANCE_ASSERT(out.size() == clear_bytes, "a blob's head has one length");
  return out;
}

/// The chunks' key and the commitment beside it; gone from memory with this object.
class Derived {
 public:
  Derived(const BlobKey& key, ByteView clear) {
    const int failed = crypto_generichash_blake2b(both_.data(), both_.size(), clear.data(), clear.size(),
                                                  key.data(), key.size());
    PARLANCE_ASSERT(library_ready && failed == 0, "BLAKE2b of the crypto library works");
  }
  ~Derived() { sodium_memzero(both_.data(), both_.size()); }
  Derived(const Derived&) = delete;
  Derived& operator=(const Derived&) = delete;
  [[nodiscard]] const std::uint8_t* key() const { return both_.data(); }
  [[nodiscard]] ByteView commitment() const { return ByteView(both_).subspan(32); }

 private:
  std::array<std::uint8_t, 64> both_;
};

void seal(const Derived& derived, std::uint64_t number, Place place, ByteView plain, Bytes& out) {
  const std::size_t at = out.size();
  out.resize(at + plain.size() + tag_bytes);
  const Nonce nonce = nonce_of(number, place);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data() + at, nullptr, plain.data(), plain.size(), nullptr, 0,
                                            nullptr, nonce.data(), derived.key());
}
bool unseal(const Derived& derived, std::uint64_t number, Place place, ByteView sealed, Bytes& out) {
  if (sealed.size() < tag_bytes) return false;
  out.resize(sealed.size() - tag_bytes);
  const Nonce nonce = nonce_of(number, place);
  return crypto_aead_chacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, sealed.data(), sealed.size(),
                                                   nullptr, 0, nonce.data(), derived.key()) == 0;
}

Bytes write_description(const BlobDescription& d) {
  PARLANCE_ASSERT(d.name.size() <= blob_name_bytes_max && d.type.size() <= blob_type_bytes_max,
                  "a file's name and type were bounded before it is sealed");
  Bytes out = ByteWriter()
                  .le(description_version)
                  .le(d.actor.kind)
                  .le(static_cast<std::uint16_t>(d.name.size()))
                  .le(static_cast<std::uint16_t>(d.type.size()))
                  .le(std::uint16_t{0})
                  .le(d.size)
                  .le(d.made_at.ms)
                  .raw(d.sha256)
                  .id(d.actor.id)
                  .id(d.conversation)
                  .raw(as_bytes(d.name))
                  .raw(as_bytes(d.type))
                  .take();
  out.resize(description_bytes);
  return out;
}

Error damaged(AttachmentId id, std::string_view what) {
  return corrupt("blob.corrupt", to_text(id) + " " + std::string(what));
}

Result<BlobDescription> read_description(AttachmentId id, ByteView plain) {
  ByteReader in(plain);
  if (in.le<std::uint8_t>() != description_version)
    return Error{Errc::newer, "blob.newer", to_text(id) + " was written by a newer program"};
  BlobDescription d;
  d.actor.kind = in.le<ActorKind>();
  const auto name = in.le<std::uint16_t>();
  const auto type = in.le<std::uint16_t>();
  (void)in.le<std::uint16_t>();
  d.size = in.le<std::uint64_t>();
  d.made_at.ms = in.le<std::int64_t>();
  const ByteView digest = in.take(d.sha256.size());
  if (in.ok()) std::ranges::copy(digest, d.sha256.begin());
  d.actor.id = in.id();
  d.conversation = in.id_of<ConversationId>();
  d.name = std::string(as_text(in.take(name)));
  d.type = std::string(as_text(in.take(type)));
  if (!in.ok()) return damaged(id, "has a description that is not laid out as one");
  return d;
}

constexpr std::uint64_t padded(std::uint64_t bytes) {
  return bytes == 0 ? padding_bytes : (bytes + padding_bytes - 1) / padding_bytes * padding_bytes;
}

}  // namespace

BlobKey derive_blob_key(const Key& files_key, const BlobHead& head) {
  const Bytes input = ByteWriter().raw(as_bytes(key_label)).raw(head.salt).id(head.id).take();
  BlobKey key;
  const int failed = crypto_generichash_blake2b(key.data(), key.size(), input.data(), input.size(),
                                                files_key.data(), files_key.size());
  PARLANCE_ASSERT(library_ready && failed == 0, "BLAKE2b of the crypto library works");
  return key;
}

// ---- sealing ----

struct BlobSealer::State {
  State(const BlobKey& key, Bytes clear_bytes_in) : clear(std::move(clear_bytes_in)), derived(key, clear) {
    crypto_hash_sha256_init(&digest);
    held.reserve(blob_chunk_bytes);
  }
  ~State() { wipe(held); }
  Bytes clear;
  Derived derived;
  crypto_hash_sha256_state digest;
  Bytes held;  ///< up to a whole chunk: whether it is the last is not known before more comes
  std::uint64_t number = 0;
  bool begun = false;

  void begin(Bytes& out) {
    if (std::exchange(begun, true)) return;
    out.insert(out.end(), clear.begin(), clear.end());
    const ByteView commitment = derived.commitment();
    out.insert(out.end(), commitment.begin(), commitment.end());
  }
};

BlobSealer::BlobSealer(const BlobKey& key, const BlobHead& head)
    : state_(std::make_unique<State>(key, clear_head(head))) {}
BlobSealer::~BlobSealer() = default;

void BlobSealer::add(ByteView content, Bytes& out) {
  State& s = *state_;
  s.begin(out);
  if (content.empty()) return;
  crypto_hash_sha256_update(&s.digest, content.data(), content.size());
  size_ += content.size();
  while (!content.empty()) {
    if (s.held.size() == blob_chunk_bytes) {
      seal(s.derived, s.number++, Place::more, s.held, out);
      s.held.clear();
    }
    const auto piece = content.first(std::min(content.size(), blob_chunk_bytes - s.held.size()));
    s.held.insert(s.held.end(), piece.begin(), piece.end());
    content = content.subspan(piece.size());
  }
}

void BlobSealer::finish(BlobDescription& description, Bytes& out) {
  State& s = *state_;
  s.begin(out);
  s.held.resize(padded(s.held.size()));
  seal(s.derived, s.number++, Place::last, s.held, out);
  description.size = size_;
  crypto_hash_sha256_final(&s.digest, description.sha256.data());
  Bytes plain = write_description(description);
  seal(s.derived, s.number, Place::description, plain, out);
  wipe(plain);
}

// ---- opening ----

struct OpenBlob::State {
  State(std::unique_ptr<BlobReader> blob_in, const BlobKey& key, const BlobHead& head)
      : id(head.id), blob(std::move(blob_in)), derived(key, clear_head(head)) {}
  AttachmentId id;
  std::unique_ptr<BlobReader> blob;
  Derived derived;
  BlobDescription description;
  std::uint64_t chunks = 0;
  std::uint64_t content_end = 0;  ///< where the chunks end in the blob
};

OpenBlob::OpenBlob(std::unique_ptr<State> state) : state_(std::move(state)) {}
OpenBlob::OpenBlob(OpenBlob&&) noexcept = default;
OpenBlob::~OpenBlob() = default;
const BlobDescription& OpenBlob::description() const { return state_->description; }

namespace {
Result<std::pair<BlobHead, Bytes>> read_head(const BlobReader& blob) {
  auto bytes = blob.read(0, blob_head_bytes);
  if (!bytes) return bytes.error();
  ByteReader in(*bytes);
  const ByteView start = in.take(magic.size());
  const auto which = in.le<std::uint8_t>();
  const ByteView zeros = in.take(7);
  BlobHead head;
  head.id = in.id_of<AttachmentId>();
  head.workspace = in.id_of<WorkspaceId>();
  head.reference = in.id_of<ReferenceId>();
  const ByteView salt = in.take(head.salt.size());
  const ByteView commitment = in.take(commitment_bytes);
  if (!in.at_end() || as_text(start) != magic)
    return corrupt("blob.corrupt", "a blob that does not begin as one");
  if (which != suite || sodium_is_zero(zeros.data(), zeros.size()) == 0)
    return Error{Errc::newer, "blob.newer", "a blob of suite " + std::to_string(which)};
  std::ranges::copy(salt, head.salt.begin());
  return std::pair(head, Bytes(commitment.begin(), commitment.end()));
}
}  // namespace

Result<BlobHead> read_blob_head(const BlobReader& blob) {
  auto head = read_head(blob);
  if (!head) return head.error();
  return head->first;
}

Result<OpenBlob> OpenBlob::open(std::unique_ptr<BlobReader> blob, const BlobKey& key, WorkspaceId workspace,
                                AttachmentId id) {
  const std::uint64_t size = blob->size();
  if (size < blob_head_bytes + padding_bytes + tag_bytes + sealed_description_bytes)
    return damaged(id, "is cut short");
  auto head = read_head(*blob);
  if (!head) return head.error();
  if (head->first.id != id || head->first.workspace != workspace)
    return damaged(id, "lies under another name than its own");
  auto state = std::make_unique<State>(std::move(blob), key, head->first);
  if (sodium_memcmp(state->derived.commitment().data(), head->second.data(), commitment_bytes) != 0)
    return damaged(id, "was sealed under another key");
  state->content_end = size - sealed_description_bytes;
  const std::uint64_t content = state->content_end - blob_head_bytes;
  state->chunks = (content + sealed_chunk_bytes - 1) / sealed_chunk_bytes;
  const std::uint64_t rest = content % sealed_chunk_bytes;
  if (rest != 0 && (rest <= tag_bytes || (rest - tag_bytes) % padding_bytes != 0))
    return damaged(id, "has a length that no blob has");

  auto sealed = state->blob->read(state->content_end, sealed_description_bytes);
  if (!sealed) return sealed.error();
  Bytes plain;
  if (!unseal(state->derived, state->chunks, Place::description, *sealed, plain))
    return damaged(id, "does not open at its end");
  auto description = read_description(id, plain);
  wipe(plain);
  if (!description) return description.error();
  const std::uint64_t whole = (state->chunks - 1) * blob_chunk_bytes;
  const std::uint64_t last = content - (state->chunks - 1) * sealed_chunk_bytes - tag_bytes;
  if (description->size < whole || padded(description->size - whole) != last ||
      (description->size == whole && state->chunks > 1))
    return damaged(id, "is not of the length that its description says");
  state->description = std::move(*description);
  return OpenBlob(std::move(state));
}

Result<Bytes> OpenBlob::read(std::uint64_t at) const {
  const State& s = *state_;
  if (at >= s.description.size) return Bytes{};
  const std::uint64_t number = at / blob_chunk_bytes;
  const std::uint64_t from = blob_head_bytes + number * sealed_chunk_bytes;
  const bool last = number + 1 == s.chunks;
  const auto length = static_cast<std::size_t>((last ? s.content_end : from + sealed_chunk_bytes) - from);
  auto sealed = s.blob->read(from, length);
  if (!sealed) return sealed.error();
  Bytes plain;
  if (sealed->size() != length ||
      !unseal(s.derived, number, last ? Place::last : Place::more, *sealed, plain))
    return damaged(s.id, "does not open at byte " + std::to_string(number * blob_chunk_bytes));
  const std::uint64_t end =
      std::min<std::uint64_t>(s.description.size - number * blob_chunk_bytes, plain.size());
  plain.resize(static_cast<std::size_t>(end));
  plain.erase(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(at % blob_chunk_bytes));
  return plain;
}

}  // namespace parlance
