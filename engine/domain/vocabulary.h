#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/id.h"

/// The closed lists that headers may name, and the plain values that several deciders share. Every enumeration here
/// is stored for ever: values are only ever added.
namespace parlance {

enum class Channel : std::uint8_t {
  none = 0,
  email = 1,
  chat = 2,
  whatsapp = 3,
  messenger = 4,
  instagram = 5,
  sms = 6,
  voice = 7,
  marketplace = 8,
  social = 9,
  api = 10,
};
enum class Priority : std::uint8_t { none = 0, low = 1, normal = 2, high = 3, urgent = 4 };
enum class Role : std::uint8_t { none = 0, agent = 1, lead = 2, admin = 3 };
enum class WaitFor : std::uint8_t { none = 0, customer = 1, third_party = 2 };
/// What a field of a workspace's own holds.
enum class FieldKind : std::uint8_t { none = 0, text = 1, number = 2, date = 3, choice = 4, boolean = 5 };
/// What customers are asked: how satisfied (1 to 5), whether they would recommend (0 to 10), how easy it was (1 to 7).
enum class RatingKind : std::uint8_t { none = 0, csat = 1, nps = 2, ces = 3 };
/// In which order a saved view shows conversations.
enum class ViewOrder : std::uint8_t { none = 0, working_order = 1, newest = 2, oldest = 3, updated = 4 };
enum class DraftKind : std::uint8_t { none = 0, reply = 1, note = 2 };

/// What a token may do. A set.
enum class Scope : std::uint32_t { none = 0, agent = 1, ingest = 2, import = 4, admin = 8 };
[[nodiscard]] constexpr Scope operator|(Scope a, Scope b) {
  return static_cast<Scope>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
[[nodiscard]] constexpr bool has(Scope set, Scope one) {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

/// Who did it.
enum class ActorKind : std::uint8_t { none = 0, customer = 1, agent = 2, program = 3, system = 4 };
/// `id` is the AgentId of an agent, the TokenId of a program, zero otherwise (a customer is named by references only).
struct Actor {
  ActorKind kind = ActorKind::none;
  RawId id;
  bool operator==(const Actor&) const = default;
};

/// A language as an enumeration: an ISO 639-1 code, and a script where one language is written in several. Anything
/// else is `und`. Stored as (first letter - 'a') + 26 * (second letter - 'a') + 1, plus 1024 * script; 0 is `und`.
enum class Language : std::uint16_t { und = 0 };
/// Reads a BCP 47 tag ("de", "zh-Hant-TW", "pt-BR"); regions are dropped; unknown languages are `und`.
[[nodiscard]] Language parse_language(std::string_view tag);
[[nodiscard]] std::string to_text(Language language);

[[nodiscard]] std::string_view to_text(Channel channel);
[[nodiscard]] std::optional<Channel> parse_channel(std::string_view text);
[[nodiscard]] std::string_view to_text(Priority priority);
[[nodiscard]] std::optional<Priority> parse_priority(std::string_view text);
[[nodiscard]] std::string_view to_text(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);
[[nodiscard]] std::string_view to_text(ActorKind kind);
[[nodiscard]] std::string_view to_text(FieldKind kind);
[[nodiscard]] std::optional<FieldKind> parse_field_kind(std::string_view text);
[[nodiscard]] std::string_view to_text(RatingKind kind);
[[nodiscard]] std::optional<RatingKind> parse_rating_kind(std::string_view text);
[[nodiscard]] std::string_view to_text(DraftKind kind);
[[nodiscard]] std::optional<DraftKind> parse_draft_kind(std::string_view text);

// ---- what capsules hold: plaintext structs, never in a header ----

/// Opens one blob of the blob store, and nothing else.
using BlobKey = std::array<std::uint8_t, 32>;

/// A file of a message: its bytes are here, or lie sealed in the blob store, and then only the key here opens them.
struct Attachment {
  std::string name;
  std::string type;            ///< media type, such as "image/png"
  std::string data;            ///< the bytes; empty where they lie in the blob store
  AttachmentId id;             ///< zero in what older programs wrote
  std::uint64_t stored = 0;    ///< bytes in the blob store
  std::optional<BlobKey> key;  ///< of the blob; none where the bytes are here
  std::string content_id;      ///< by which an HTML text names it, without angle brackets
  [[nodiscard]] std::uint64_t size() const { return key ? stored : data.size(); }
  bool operator==(const Attachment&) const = default;
};

/// A message as somebody wrote it. Empty strings are "not given".
struct MessageContent {
  std::string text;
  std::string html;
  std::string subject_line;
  std::string sender_name;
  std::string sender_address;
  std::string external_id;  ///< the channel's message id
  std::string in_reply_to;
  std::string thread;
  std::string order;
  std::string language_tag;  ///< as given
  bool operator==(const MessageContent&) const = default;
};

using Attachments = std::vector<Attachment>;

/// What a list shows of a conversation.
struct Preview {
  std::string name;  ///< of the requester
  std::string subject_line;
  std::string text;  ///< start of the last text, at most preview_text_bytes_max bytes, cut between characters
  std::string account;  ///< the store or mailbox, as the channel names it
  bool operator==(const Preview&) const = default;
};
inline constexpr std::size_t preview_text_bytes_max = 160;

/// Ties a conversation, or an address, to a person. Lies in capsules of opening and forwarding events and is folded into
/// the identity map; the log has no other link from a conversation to a person.
struct Identity {
  SubjectId subject;
  Channel channel = Channel::none;
  std::string account;
  std::string address;  ///< normalised: what the blind index is over
  std::string name;
  std::vector<ConversationId> conversations;  ///< of a linked address: the person's active ones elsewhere
  bool operator==(const Identity&) const = default;
};

/// An agent's own data.
struct AgentProfile {
  std::string name;
  std::string email;
  bool operator==(const AgentProfile&) const = default;
};

/// Cuts `text` to at most `bytes_max` bytes without cutting a UTF-8 character; white space runs become one space.
[[nodiscard]] std::string preview_of(std::string_view text, std::size_t bytes_max = preview_text_bytes_max);

}  // namespace parlance
