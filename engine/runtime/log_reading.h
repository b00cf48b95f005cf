#pragma once
#include <optional>

#include "engine/base/error.h"
#include "engine/ports/event_log.h"
#include "schemas/envelope.h"

namespace parlance {

/// The envelope that the record at `offset` holds, whether it counts or not; none where the record is of another kind, or
/// there is none yet.
[[nodiscard]] Result<std::optional<Envelope>> read_envelope(const EventLog& log, PartitionId partition,
                                                            Offset offset);

}  // namespace parlance
