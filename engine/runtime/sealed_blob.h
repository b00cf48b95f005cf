#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/hash.h"
#include "engine/base/instant.h"
#include "engine/domain/vocabulary.h"
#include "engine/ports/blob_store.h"
#include "engine/ports/key_service.h"

/// A file's bytes as the blob store keeps them: sealed in chunks, so that neither sealing nor reading ever holds the whole.
///
///   offset size
///        0    8  "PARLBLOB"
///        8    1  suite: 1 = ChaCha20-Poly1305 (RFC 8439) with a key of this blob's own and a counting nonce
///        9    7  zeros
///       16   16  the attachment's id
///       32   16  workspace
///       48   16  reference: under whose key row the blob's key is derived until a message has it
///       64   24  salt, random
///       88   32  commitment to the blob's key and all that stands before
///      120       chunks: the content, 64 KiB each, the last one filled with zeros to a multiple of 1 KiB (at least one), each
///                followed by its tag of 16
///    n-528  512  the description, sealed like a chunk: version u8 (1), actor kind u8, lengths of name and type u16 each,
///                zeros 2, size u64, made at i64 (ms), SHA-256 of the content 32, actor 16, conversation 16, name, type, zeros
///     n-16   16  its tag
///
/// blob key (32) = BLAKE2b-256 keyed with the row's files key, over "parlance blob 1" | salt | id. Whoever attaches the blob to
/// a message puts this key into the message's capsule, so the blob is readable as long as that capsule is.
/// chunk key (32) | commitment (32) = BLAKE2b-512 keyed with the blob key, over the bytes 0 to 87.
/// Nonce: the chunk's number u64, then u32: 0 more content follows, 1 the last content, 2 the description. So a chunk opens only
/// in its blob and its place, and a blob that was cut, extended or put together anew does not open.
///
/// The file's length tells the content's up to 1 KiB, and nothing else of it. Threads: an object by one at a time.
namespace parlance {

inline constexpr std::size_t blob_chunk_bytes = 64 * 1024;
inline constexpr std::size_t blob_name_bytes_max = 255;
inline constexpr std::size_t blob_type_bytes_max = 127;
inline constexpr std::size_t blob_salt_bytes = 24;
inline constexpr std::size_t blob_head_bytes = 120;

/// What stands clear at the start of a blob.
struct BlobHead {
  AttachmentId id;
  WorkspaceId workspace;
  ReferenceId reference;
  std::array<std::uint8_t, blob_salt_bytes> salt{};
  bool operator==(const BlobHead&) const = default;
};

/// What stands sealed at its end.
struct BlobDescription {
  std::uint64_t size = 0;
  Sha256 sha256{};
  Instant made_at;
  Actor actor;
  ConversationId conversation;  ///< zero where none was named
  std::string name;             ///< at most blob_name_bytes_max
  std::string type;             ///< at most blob_type_bytes_max
  bool operator==(const BlobDescription&) const = default;
};

[[nodiscard]] BlobKey derive_blob_key(const Key& files_key, const BlobHead& head);

/// Seals a content that comes in pieces. What each call appends to `out` goes into the blob in that order.
class BlobSealer {
 public:
  BlobSealer(const BlobKey& key, const BlobHead& head);
  ~BlobSealer();
  BlobSealer(const BlobSealer&) = delete;
  BlobSealer& operator=(const BlobSealer&) = delete;

  void add(ByteView content, Bytes& out);
  /// Fills in size and digest. Once, at the end.
  void finish(BlobDescription& description, Bytes& out);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t size_ = 0;
};

/// Errors as OpenBlob's.
[[nodiscard]] Result<BlobHead> read_blob_head(const BlobReader& blob);

/// A blob that opened: head and description are authentic, each chunk is once it was read.
class OpenBlob {
 public:
  /// `corrupt` "blob.corrupt" where it does not open under this key, `newer` "blob.newer", or the reader's own error.
  [[nodiscard]] static Result<OpenBlob> open(std::unique_ptr<BlobReader> blob, const BlobKey& key,
                                             WorkspaceId workspace, AttachmentId id);
  OpenBlob(OpenBlob&&) noexcept;
  ~OpenBlob();
  [[nodiscard]] const BlobDescription& description() const;
  /// At least one byte and at most a chunk of the content from `at` on; empty at its end. `corrupt` where it is not authentic.
  [[nodiscard]] Result<Bytes> read(std::uint64_t at) const;

 private:
  struct State;
  explicit OpenBlob(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace parlance
