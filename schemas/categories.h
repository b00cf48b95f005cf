#pragma once
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/domain/adoption.h"
#include "engine/domain/conversation.h"
#include "engine/domain/desk.h"
#include "engine/domain/draft.h"
#include "engine/domain/intake.h"
#include "engine/domain/routing.h"
#include "engine/domain/settings.h"
#include "engine/domain/subject.h"

/// The events of each category to and from an event's body in an envelope; one .cc file each (<category>_codec.cc).
/// For the .cc files of this folder alone.
namespace parlance::codec {

struct Writing;
struct EventReading;

/// Leaves the finished body in the builder of `writing`.
void write_event(const Writing& writing, Instant occurred_at, const conversation::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const subject::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const intake::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const settings::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const desk::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const adoption::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const draft::Event& event);
void write_event(const Writing& writing, Instant occurred_at, const routing::Event& event);

/// `body` is aligned; `member` is the union's member that it is said to hold.
void read_event(EventReading& reading, ByteView body, std::uint8_t member, conversation::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, subject::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, intake::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, settings::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, desk::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, adoption::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, draft::Event& out);
void read_event(EventReading& reading, ByteView body, std::uint8_t member, routing::Event& out);

}  // namespace parlance::codec
