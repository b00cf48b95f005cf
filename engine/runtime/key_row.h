#pragma once
#include <cstdint>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/domain/personal.h"
#include "engine/ports/key_service.h"

/// A key row of the vault, keyed by 128 random bits (the reference), which alone stand in event headers. Stored layout,
/// 172 bytes, or 204 in version 2:
///
///   offset size
///        0    1  version, 1 or 2
///        1    1  kind
///        2    2  bucket, little-endian
///        4   16  workspace
///       20   24  nonce
///       44  112  ciphertext of: owner 16, conversation 16, content key 32, files key 32, flags u8, zeros 15
///           +32    version 2: contact key 32
///      156   16  tag (version 2: at 188)
///
/// In version 1 the content key seals class contact too. Such a row's keys are for its life: an identity sealed under it may
/// lie in other streams, so nobody can tell all that a new key would have to be granted. A row of version 2 has a key for
/// each class, and content and files key may be replaced (Door::shred).
///
/// Nonce, ciphertext and tag are KeyService's wrapping under the bucket, with "parlance key row 1" (or "parlance key row 2") |
/// workspace 16 | reference 16 | kind u8 as associated data. Bucket and workspace stand clear so that one owner's rows are found
/// among all without unwrapping those of others; a changed one does not open. Threads: any.
namespace parlance {

inline constexpr std::size_t key_row_bytes = 172;    ///< of version 1
inline constexpr std::size_t key_row_2_bytes = 204;  ///< of version 2

/// Stored: only add.
enum class RowKind : std::uint8_t {
  author = 1,   ///< one author in one conversation; owner = the subject
  subject = 2,  ///< a subject's own data; no conversation
  agent = 3,    ///< an agent's own data; owner = the agent
  upload = 4,   ///< a file that no message has yet; owner = the attachment
};

/// Flags of a row. Stored: only add.
inline constexpr std::uint8_t row_restricted =
    1;  ///< stored only: opened for the engine's own work, for no person
inline constexpr std::uint8_t row_dying = 2;  ///< about to be destroyed: nothing more is sealed under it

/// The keys are overwritten with zeros when a row goes out of memory, each copy of it too.
struct KeyRow {
  RowKind kind = RowKind::author;
  RawId owner;  ///< SubjectId, AgentId or AttachmentId
  ConversationId conversation;
  Key content{};  ///< seals class content; and contact, where that has none of its own
  Key files{};    ///< seals class attachment
  std::uint8_t flags = 0;
  std::optional<Key> contact{};  ///< seals class contact: stored as version 2. None: stored as version 1
  bool operator==(const KeyRow&) const = default;
  ~KeyRow();
};
[[nodiscard]] inline BucketId bucket_of(RawId owner) { return static_cast<BucketId>(owner.low); }
[[nodiscard]] inline const Key& data_key(const KeyRow& row, FieldClass field_class) {
  if (field_class == FieldClass::attachment) return row.files;
  return field_class == FieldClass::contact && row.contact ? *row.contact : row.content;
}

[[nodiscard]] Result<Bytes> wrap_row(KeyService& keys, WorkspaceId workspace, ReferenceId reference,
                                     const KeyRow& row);
/// `corrupt` ("key_row.corrupt") when the bytes are not this reference's row of this workspace, `newer`
/// ("key_row.newer") when a newer program wrote them, `unavailable` when the keys cannot be had.
[[nodiscard]] Result<KeyRow> unwrap_row(KeyService& keys, WorkspaceId workspace, ReferenceId reference,
                                        ByteView stored);

/// What stands clear in a stored row.
struct KeyRowHead {
  RowKind kind;
  BucketId bucket;
  WorkspaceId workspace;
};
/// Errors as unwrap_row's.
[[nodiscard]] Result<KeyRowHead> read_row_head(ByteView stored);

}  // namespace parlance
