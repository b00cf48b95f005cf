#pragma once
#include "engine/domain/adoption.h"
#include "engine/domain/desk.h"
#include "engine/domain/settings.h"

/// From a workspace's settings and desk to the body that every partition adopts. Each partition is sent the whole body; one that has it
/// already changes nothing, so sending it again after a restart, or twice, is harmless.
namespace parlance::process {

[[nodiscard]] adoption::Body body_to_adopt(Version settings_version, const settings::State& settings,
                                           Version desk_version, const desk::State& desk);

}  // namespace parlance::process
