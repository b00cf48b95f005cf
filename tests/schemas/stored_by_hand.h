#pragma once
#include "engine/base/bytes.h"
#include "schemas/envelope.h"
#include "schemas/envelope_generated.h"

namespace parlance::tests {

/// An envelope whose event, named `times` times, holds what the codec would not write.
[[nodiscard]] inline Bytes envelope_of(wire::Category category, EventKind kind, ByteView body,
                                       std::size_t times = 1) {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceVectorAlignment(body.size(), 1, 8);
  const auto bytes = builder.CreateVector(body.data(), body.size());
  const wire::Id id(1, 2);
  const auto event = wire::CreateEvent(builder, category, &id, 1, 5, kind, bytes);
  const auto events = builder.CreateVector(std::vector<flatbuffers::Offset<wire::Event>>(times, event));
  wire::EnvelopeBuilder envelope(builder);
  envelope.add_id(&id);
  envelope.add_workspace(&id);
  envelope.add_events(events);
  wire::FinishEnvelopeBuffer(builder, envelope.Finish());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}
[[nodiscard]] inline Bytes envelope_of(wire::Category category, EventKind kind,
                                       const flatbuffers::FlatBufferBuilder& body, std::size_t times = 1) {
  return envelope_of(category, kind, ByteView{body.GetBufferPointer(), body.GetSize()}, times);
}

}  // namespace parlance::tests
