#pragma once
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/ports/key_service.h"

/// A key row of the vault, keyed by 128 random bits (the reference), which alone stand in event headers. Stored layout:
///
///   offset size
///        0    1  version, 1
///        1    1  kind
///        2    2  bucket, little-endian
///        4   24  nonce
///       28  112  ciphertext of: owner 16, conversation 16, content key 32, files key 32, flags u8, zeros 15
///      140   16  tag
///
/// Nonce, ciphertext and tag are KeyService's wrapping under the bucket, with "parlance key row 1" | workspace 16 | reference 16 | kind as associated data.
namespace parlance {

enum class RowKind : std::uint8_t {
  author = 1,   ///< one author in one conversation; owner = the subject
  subject = 2,  ///< a subject's own data; no conversation
  agent = 3,    ///< an agent's own data; owner = the agent
};
struct KeyRow {
  RowKind kind = RowKind::author;
  RawId owner;  ///< SubjectId or AgentId
  ConversationId conversation;
  Key content{};
  Key files{};
  std::uint8_t flags = 0;
  bool operator==(const KeyRow&) const = default;
};
[[nodiscard]] inline BucketId bucket_of(RawId owner) { return static_cast<BucketId>(owner.low); }

[[nodiscard]] Result<Bytes> wrap_row(KeyService& keys, WorkspaceId workspace, ReferenceId reference, const KeyRow& row);
[[nodiscard]] Result<KeyRow> unwrap_row(KeyService& keys, WorkspaceId workspace, ReferenceId reference, ByteView stored);

}  // namespace parlance
