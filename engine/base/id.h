#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace parlance {

/// One of 256 shares of all ids. An id's slot decides its partition, so routing needs no lookup.
using Slot = std::uint8_t;

/// 128 bits, written big-endian: 48 bits milliseconds, 8 bits slot, 72 bits random (ids that are not made at a
/// moment, such as references and nonces, use all 128 as random). Text: the kind's prefix, '_', and 26 characters
/// of Crockford's base32 in lower case (the first holds the top three bits).
struct RawId {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const RawId&) const = default;
  [[nodiscard]] explicit operator bool() const { return (high | low) != 0; }
  [[nodiscard]] Slot slot() const { return static_cast<Slot>(high >> 8); }
  [[nodiscard]] std::array<std::uint8_t, 16> bytes() const;
  [[nodiscard]] static RawId from_bytes(std::span<const std::uint8_t, 16> bytes);
};

/// A typed id: a QueueId never passes for an AgentId. `Tag::prefix` is its text prefix.
template <class Tag> struct Id : RawId {
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] static Id from(RawId raw) { return Id{raw}; }
};

/// The id for `slot` made at `at` from 72 of `random`'s bits.
[[nodiscard]] RawId make_raw_id(Instant at, Slot slot, RawId random);
[[nodiscard]] std::string raw_id_text(std::string_view prefix, RawId id);
[[nodiscard]] Result<RawId> parse_raw_id(std::string_view prefix, std::string_view text);

template <class Tag> [[nodiscard]] std::string to_text(Id<Tag> id) { return raw_id_text(Tag::prefix, id); }
/// `invalid` with rule "id.malformed" unless `text` is exactly an id of this kind.
template <class AnId> [[nodiscard]] Result<AnId> parse_id(std::string_view text);

#define PARLANCE_ID(Name, Prefix)                                                       \
  struct Name##Tag {                                                                    \
    static constexpr std::string_view prefix = Prefix;                                  \
  };                                                                                    \
  using Name = Id<Name##Tag>;                                                           \
  template <> [[nodiscard]] inline Result<Name> parse_id<Name>(std::string_view text) { \
    const auto raw = parse_raw_id(Prefix, text);                                        \
    if (!raw) return raw.error();                                                       \
    return Name::from(*raw);                                                            \
  }

PARLANCE_ID(WorkspaceId, "wsp")
PARLANCE_ID(ConversationId, "cnv")
PARLANCE_ID(MessageId, "msg")
PARLANCE_ID(SubjectId, "sub")
PARLANCE_ID(AgentId, "agt")
PARLANCE_ID(QueueId, "que")
PARLANCE_ID(TagId, "tag")
PARLANCE_ID(TokenId, "tok")
PARLANCE_ID(EnvelopeId, "env")
PARLANCE_ID(LogId, "log")
/// What makes a command's retry harmless: a keyed hash, 128 bits (design: the raw keys name people).
PARLANCE_ID(CommandId, "cmd")
/// Names the key row of one (conversation, author), or of a subject's or agent's own row. Random, all 128 bits.
PARLANCE_ID(ReferenceId, "ref")
/// A store of the shop on a channel: keyed hash of (workspace, channel, account), so no text stands in the log.
PARLANCE_ID(StoreId, "sto")
/// A word of the administrator's for what agents can do.
PARLANCE_ID(SkillId, "skl")
PARLANCE_ID(TeamId, "tem")
// Words of the administrator's own: what conversations are about, what is noted of them, where they stand.
PARLANCE_ID(TypeId, "typ")
PARLANCE_ID(FieldId, "fld")
PARLANCE_ID(ChoiceId, "cho")
PARLANCE_ID(SubStateId, "sst")
PARLANCE_ID(CannedReplyId, "can")
/// A file that somebody attached to a message.
PARLANCE_ID(AttachmentId, "att")
PARLANCE_ID(ViewId, "viw")
/// A history brought in from elsewhere: a keyed hash of the name it was given.
PARLANCE_ID(ImportId, "imp")
#undef PARLANCE_ID

/// The streams of one kind. Values are stored for ever: only add.
enum class Category : std::uint8_t {
  none = 0,
  conversation = 1,
  subject = 2,
  door = 3,
  settings = 4,
  desk = 5,
  adoption = 6,
  draft = 7,
  routing = 8
};
/// "conversation"; "unknown" for what is no category.
[[nodiscard]] std::string_view to_text(Category category);

/// The history of one thing. Its slot is its id's.
struct StreamId {
  Category category = Category::none;
  RawId id;
  auto operator<=>(const StreamId&) const = default;
};

/// An event's place in its stream, dense from 1; 0 is "no event yet".
using Version = std::uint64_t;
/// A record's place in its partition, dense from 0.
using Offset = std::uint64_t;
/// An ordered shard of the log.
using PartitionId = std::uint16_t;

/// Where in the log something is; in text `generation:partition:offset`.
struct Position {
  std::uint32_t generation = 1;
  PartitionId partition = 0;
  Offset offset = 0;
  auto operator<=>(const Position&) const = default;
};
[[nodiscard]] std::string to_text(const Position& position);
[[nodiscard]] Result<Position> parse_position(std::string_view text);

}  // namespace parlance

template <class Tag> struct std::hash<parlance::Id<Tag>> {
  std::size_t operator()(const parlance::Id<Tag>& id) const noexcept {
    return id.low ^ (id.high * 0x9e3779b97f4a7c15ULL);
  }
};
template <> struct std::hash<parlance::StreamId> {
  std::size_t operator()(const parlance::StreamId& s) const noexcept {
    return s.id.low ^ (s.id.high * 0x9e3779b97f4a7c15ULL) ^ static_cast<std::size_t>(s.category);
  }
};
