#include "engine/runtime/streams.h"

#include "engine/base/bytes.h"
#include "engine/base/hash.h"

namespace parlance {
namespace {
RawId with_slot(RawId id, Slot slot) {
  return {(id.high & ~0xff00ULL) | static_cast<std::uint64_t>(slot) << 8, id.low};
}
}  // namespace

StreamId door_stream(WorkspaceId workspace, Slot slot) {
  return {Category::door, with_slot(workspace, slot)};
}
StreamId adoption_stream(WorkspaceId workspace, std::uint16_t first_slot) {
  return {Category::adoption, with_slot(workspace, static_cast<Slot>(first_slot))};
}
StreamId settings_stream(WorkspaceId workspace) { return {Category::settings, workspace}; }
StreamId desk_stream(WorkspaceId workspace) { return {Category::desk, workspace}; }
StreamId draft_stream(ConversationId conversation, AgentId agent) {
  const Sha256 hash = sha256({as_bytes("parlance draft"), conversation.bytes(), agent.bytes()});
  return {Category::draft, with_slot(RawId::from_bytes(ByteView(hash).first<16>()), conversation.slot())};
}
StreamId routing_stream(WorkspaceId workspace) { return {Category::routing, workspace}; }

}  // namespace parlance
