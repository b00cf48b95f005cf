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
#include "engine/domain/intake.h"
#include "engine/domain/settings.h"
#include "engine/domain/subject.h"
#include "schemas/frame.h"

/// The envelope: the events of one accepted command, as one record's body. The FlatBuffers form is schemas/envelope.fbs;
/// this codec alone knows it.
namespace parlance {

using AnyEvent = std::variant<conversation::Event, subject::Event, intake::Event, settings::Event, desk::Event,
                              adoption::Event>;

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
  std::uint64_t fingerprint = 0;  ///< keyed hash over the raw key and the body of the request; 0 without a key
  EnvelopeId correlation;         ///< the first envelope of the chain; zero: this one
  EnvelopeId causation;           ///< the envelope that led here; zero: from outside
  Actor actor;
  Instant recorded_at;
  std::uint32_t decider_version = 1;
  std::vector<StreamEvent> events;
  bool operator==(const Envelope&) const = default;
};

[[nodiscard]] KindSet kinds_of(const Envelope& envelope);
/// Every personal field must be sealed by now.
[[nodiscard]] Bytes encode_envelope(const Envelope& envelope);
/// `corrupt` when the bytes do not verify; `newer` when they hold an event kind that this program does not know. The bytes are
/// copied once into aligned memory, verified, then read.
[[nodiscard]] Result<Envelope> decode_envelope(ByteView body);

}  // namespace parlance
