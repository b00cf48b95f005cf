#pragma once
#include "engine/base/id.h"

namespace parlance {

/// The streams whose ids follow from what they are of.
[[nodiscard]] StreamId door_stream(WorkspaceId workspace, Slot slot);
[[nodiscard]] StreamId adoption_stream(WorkspaceId workspace, std::uint16_t first_slot);
[[nodiscard]] StreamId settings_stream(WorkspaceId workspace);
[[nodiscard]] StreamId desk_stream(WorkspaceId workspace);
/// An agent's draft in a conversation: in the conversation's slot.
[[nodiscard]] StreamId draft_stream(ConversationId conversation, AgentId agent);
/// In the slot of the desk, so that both are decided by one owner.
[[nodiscard]] StreamId routing_stream(WorkspaceId workspace);

}  // namespace parlance
