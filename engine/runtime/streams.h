#pragma once
#include "engine/base/id.h"

namespace parlance {

/// The streams of which there is one a slot, a partition or a workspace.
[[nodiscard]] StreamId door_stream(WorkspaceId workspace, Slot slot);
[[nodiscard]] StreamId adoption_stream(WorkspaceId workspace, std::uint16_t first_slot);
[[nodiscard]] StreamId settings_stream(WorkspaceId workspace);
[[nodiscard]] StreamId desk_stream(WorkspaceId workspace);
/// In the slot of the desk, so that both are decided by one owner.
[[nodiscard]] StreamId routing_stream(WorkspaceId workspace);

}  // namespace parlance
