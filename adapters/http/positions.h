#pragma once
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/ports/event_log.h"

namespace parlance::http {

/// The positions that a reader wants to see, of this log, between commas: at most 64. `invalid` "position.malformed",
/// "position.unknown" or "position.too_many"; `loss` "position.beyond_end" for one that the durable log does not reach: nobody is told of a
/// position before it is durable, so what was acknowledged there is gone. Threads: any.
[[nodiscard]] Result<std::vector<Position>> read_positions(const EventLog& log, std::string_view text);

}  // namespace parlance::http
