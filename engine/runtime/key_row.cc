#include "engine/runtime/key_row.h"

#include <cstring>
#include <sodium.h>

#include "engine/base/assert.h"

namespace parlance {
namespace {

constexpr std::string_view label_1 = "parlance key row 1", label_2 = "parlance key row 2";
constexpr std::size_t wrapped_at = 1 + 1 + 2 + 16;
constexpr std::size_t inner_1_bytes = 16 + 16 + 32 + 32 + 1 + 15;
constexpr std::size_t inner_2_bytes = inner_1_bytes + 32;
constexpr std::size_t wrapping_bytes = 24 + 16;
static_assert(wrapped_at + inner_1_bytes + wrapping_bytes == key_row_bytes);
static_assert(wrapped_at + inner_2_bytes + wrapping_bytes == key_row_2_bytes);

constexpr std::size_t owner_at = 0, conversation_at = 16, content_at = 32, files_at = 64, flags_at = 96,
                      zeros_at = 97, contact_at = 112;

/// A row's inside as bytes, gone from memory with this object.
struct Inner {
  std::array<std::uint8_t, inner_2_bytes> bytes{};  ///< of version 1 the first inner_1_bytes of them
  Inner() = default;
  ~Inner() { sodium_memzero(bytes.data(), bytes.size()); }
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;
};

Bytes associated_data(std::uint8_t version, WorkspaceId workspace, ReferenceId reference, RowKind kind) {
  return ByteWriter()
      .raw(as_bytes(version == 1 ? label_1 : label_2))
      .id(workspace)
      .id(reference)
      .le(kind)
      .take();
}

Error damaged(std::string what) { return corrupt("key_row.corrupt", std::move(what)); }

bool known(RowKind kind) {
  return kind == RowKind::author || kind == RowKind::subject || kind == RowKind::agent ||
         kind == RowKind::upload;
}

}  // namespace

KeyRow::~KeyRow() {
  sodium_memzero(content.data(), content.size());
  sodium_memzero(files.data(), files.size());
  if (contact) sodium_memzero(contact->data(), contact->size());
}

Result<Bytes> wrap_row(KeyService& keys, WorkspaceId workspace, ReferenceId reference, const KeyRow& row) {
  Inner inner;
  std::memcpy(&inner.bytes[owner_at], row.owner.bytes().data(), 16);
  std::memcpy(&inner.bytes[conversation_at], row.conversation.bytes().data(), 16);
  std::memcpy(&inner.bytes[content_at], row.content.data(), row.content.size());
  std::memcpy(&inner.bytes[files_at], row.files.data(), row.files.size());
  inner.bytes[flags_at] = row.flags;
  if (row.contact) std::memcpy(&inner.bytes[contact_at], row.contact->data(), row.contact->size());
  const std::uint8_t version = row.contact ? 2 : 1;
  const std::size_t inner_bytes = row.contact ? inner_2_bytes : inner_1_bytes;

  const BucketId bucket = bucket_of(row.owner);
  const auto wrapped = keys.wrap(bucket, ByteView(inner.bytes).first(inner_bytes),
                                 associated_data(version, workspace, reference, row.kind));
  if (!wrapped) return wrapped.error();
  PARLANCE_ASSERT(wrapped->size() == inner_bytes + wrapping_bytes,
                  "a wrapping adds nonce and tag, nothing else");
  return ByteWriter().le(version).le(row.kind).le(bucket).id(workspace).raw(*wrapped).take();
}

Result<KeyRowHead> read_row_head(ByteView stored) {
  ByteReader in(stored);
  const auto version = in.le<std::uint8_t>();
  KeyRowHead head{
      .kind = in.le<RowKind>(), .bucket = in.le<BucketId>(), .workspace = in.id_of<WorkspaceId>()};
  if (!in.ok()) return damaged("a key row of " + std::to_string(stored.size()) + " bytes");
  if (version < 1 || version > 2 || !known(head.kind))
    return Error{Errc::newer, "key_row.newer",
                 "a key row of version " + std::to_string(version) + ", kind " +
                     std::to_string(static_cast<unsigned>(head.kind))};
  if (stored.size() != (version == 1 ? key_row_bytes : key_row_2_bytes))
    return damaged("a key row of " + std::to_string(stored.size()) + " bytes");
  return head;
}

Result<KeyRow> unwrap_row(KeyService& keys, WorkspaceId workspace, ReferenceId reference, ByteView stored) {
  const auto head = read_row_head(stored);
  if (!head) return head.error();
  if (head->workspace != workspace)
    return damaged("the key row " + to_text(reference) + " is another workspace's");

  const std::uint8_t version = stored[0];
  const std::size_t inner_bytes = version == 1 ? inner_1_bytes : inner_2_bytes;
  auto opened = keys.unwrap(head->bucket, stored.subspan(wrapped_at),
                            associated_data(version, workspace, reference, head->kind));
  if (!opened) {
    if (opened.error().code != Errc::corrupt) return opened.error();
    return damaged("the key row " + to_text(reference) + " does not open: " + opened.error().detail);
  }
  Inner inner;
  PARLANCE_ASSERT(opened->size() == inner_bytes, "an unwrapping takes off nonce and tag, nothing else");
  std::memcpy(inner.bytes.data(), opened->data(), inner_bytes);
  sodium_memzero(opened->data(), opened->size());

  const ByteView view(inner.bytes);
  KeyRow row;
  row.kind = head->kind;
  row.owner = RawId::from_bytes(view.subspan<owner_at, 16>());
  row.conversation = ConversationId::from(RawId::from_bytes(view.subspan<conversation_at, 16>()));
  std::memcpy(row.content.data(), &view[content_at], row.content.size());
  std::memcpy(row.files.data(), &view[files_at], row.files.size());
  row.flags = view[flags_at];
  if (version == 2) std::memcpy(row.contact.emplace().data(), &view[contact_at], sizeof(Key));
  if (bucket_of(row.owner) != head->bucket)
    return damaged("the key row " + to_text(reference) + " lies in another bucket than its owner's");
  if ((row.flags & ~(row_restricted | row_dying)) != 0 ||
      sodium_is_zero(&view[zeros_at], inner_1_bytes - zeros_at) == 0)
    return Error{Errc::newer, "key_row.newer",
                 "the key row " + to_text(reference) + " holds what a newer program wrote"};
  return row;
}

}  // namespace parlance
