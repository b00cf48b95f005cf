#pragma once
#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/domain/adoption.h"
#include "engine/domain/conversation.h"
#include "engine/domain/desk.h"
#include "engine/domain/draft.h"
#include "engine/domain/routing.h"
#include "engine/domain/settings.h"
#include "engine/domain/subject.h"

/// Decider states as rows of the fold store. Disposable: a change of layout bumps state_rows_version, and the fold store is
/// then folded again from the log.
namespace parlance {

inline constexpr std::uint32_t state_rows_version = 11;

void write_row(ByteWriter& out, const conversation::State& state);
void write_row(ByteWriter& out, const subject::State& state);
void write_row(ByteWriter& out, const settings::State& state);
void write_row(ByteWriter& out, const desk::State& state);
void write_row(ByteWriter& out, const adoption::State& state);
void write_row(ByteWriter& out, const draft::State& state);
/// Of routing, what is neither an entry nor an agent: those have rows of their own (routing_rows.h).
void write_row(ByteWriter& out, const routing::State& state);
void read_row(ByteReader& in, conversation::State& state);
void read_row(ByteReader& in, subject::State& state);
void read_row(ByteReader& in, settings::State& state);
void read_row(ByteReader& in, desk::State& state);
void read_row(ByteReader& in, adoption::State& state);
void read_row(ByteReader& in, draft::State& state);
void read_row(ByteReader& in, routing::State& state);

void write_row(ByteWriter& out, const Sealed& sealed);
void read_row(ByteReader& in, Sealed& sealed);

}  // namespace parlance
