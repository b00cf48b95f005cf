#pragma once
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/domain/vocabulary.h"

/// The plaintext inside capsules: schemas/capsule.fbs. Fields are only ever added. Decoding treats the bytes as hostile.
namespace parlance {

/// What kind of plaintext a capsule holds; a part of its associated data. Stored: only add.
enum class CapsuleSchema : std::uint16_t {
  text = 1,
  message = 2,
  attachments = 3,
  preview = 4,
  identity = 5,
  agent_profile = 6
};

template <class T> inline constexpr CapsuleSchema capsule_schema = CapsuleSchema::text;
template <> inline constexpr CapsuleSchema capsule_schema<MessageContent> = CapsuleSchema::message;
template <> inline constexpr CapsuleSchema capsule_schema<Attachments> = CapsuleSchema::attachments;
template <> inline constexpr CapsuleSchema capsule_schema<Preview> = CapsuleSchema::preview;
template <> inline constexpr CapsuleSchema capsule_schema<Identity> = CapsuleSchema::identity;
template <> inline constexpr CapsuleSchema capsule_schema<AgentProfile> = CapsuleSchema::agent_profile;

/// The longest plaintext; whoever takes in a command keeps far below it.
inline constexpr std::size_t plain_bytes_max = 64 * 1024 * 1024;

[[nodiscard]] Bytes encode_plain(const std::string& value);
[[nodiscard]] Bytes encode_plain(const MessageContent& value);
[[nodiscard]] Bytes encode_plain(const Attachments& value);
[[nodiscard]] Bytes encode_plain(const Preview& value);
[[nodiscard]] Bytes encode_plain(const Identity& value);
[[nodiscard]] Bytes encode_plain(const AgentProfile& value);
/// `corrupt` when the bytes do not verify or hold another schema; `newer` when they hold a value that this
/// program does not know.
template <class T> [[nodiscard]] Result<T> decode_plain(ByteView bytes);
template <> Result<std::string> decode_plain<std::string>(ByteView bytes);
template <> Result<MessageContent> decode_plain<MessageContent>(ByteView bytes);
template <> Result<Attachments> decode_plain<Attachments>(ByteView bytes);
template <> Result<Preview> decode_plain<Preview>(ByteView bytes);
template <> Result<Identity> decode_plain<Identity>(ByteView bytes);
template <> Result<AgentProfile> decode_plain<AgentProfile>(ByteView bytes);

}  // namespace parlance
