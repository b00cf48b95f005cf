#pragma once
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/domain/adoption.h"
#include "engine/domain/conversation.h"
#include "engine/domain/desk.h"
#include "engine/domain/draft.h"
#include "engine/domain/intake.h"
#include "engine/domain/routing.h"
#include "engine/domain/settings.h"
#include "engine/domain/subject.h"
#include "schemas/frame.h"

/// The envelope: the events of one accepted command, as one record's body. The FlatBuffers form is schemas/envelope.fbs;
/// this codec alone knows it.
///
/// A copy, whoever makes it, passes a record's body on as it is, never decoded and encoded again: so the events,
/// members and values of a newer program, which this one cannot read, survive it.
namespace parlance {

using AnyEvent = std::variant<conversation::Event, subject::Event, intake::Event, settings::Event,
                              desk::Event, adoption::Event, draft::Event, routing::Event>;

/// (category << 8) | the event's member number in its category's union, from 1. Stored for ever.
using EventKind = std::uint16_t;
[[nodiscard]] EventKind kind_of(const AnyEvent& event);
/// "conversation.message_received"; "unknown" for a kind of a newer program.
[[nodiscard]] std::string_view kind_name(EventKind kind);

struct StreamEvent {
  StreamId stream;
  Version version = 0;
  Instant occurred_at;  ///< equal to the event's own `at` where it has one: stored once, here
  AnyEvent body;
  bool operator==(const StreamEvent&) const = default;
};

struct Envelope {
  EnvelopeId id;
  WorkspaceId workspace;
  std::optional<CommandId> command;
  /// A keyed hash over the raw key and the body of the request; 0 without a key.
  std::uint64_t fingerprint = 0;
  EnvelopeId correlation;  ///< the first envelope of the chain; zero: this one
  EnvelopeId causation;    ///< the envelope that led here; zero: from outside
  Actor actor;
  Instant recorded_at;
  std::uint32_t decider_version = 1;
  std::vector<StreamEvent> events;
  Version settings_version = 0;  ///< of the adopted settings that it was decided on; 0: on none
  ImportId import;               ///< whose command it was; zero: of none
  bool operator==(const Envelope&) const = default;
};

[[nodiscard]] KindSet kinds_of(const Envelope& envelope);
/// Every personal field must be sealed by now, its capsule under this envelope's own id: only the number is stored.
/// Likewise an event's `at` must be its occurred_at, and each event one of its stream's category.
[[nodiscard]] Bytes encode_envelope(const Envelope& envelope);
/// `corrupt` when the bytes do not verify; `newer` when they hold an event kind, or a value of an enumeration, that
/// this program does not know. The bytes may lie at any address; they are verified before they are read, and nothing
/// returned points into them.
[[nodiscard]] Result<Envelope> decode_envelope(ByteView body);

}  // namespace parlance
