#pragma once
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/ports/event_log.h"

namespace parlance::http {

/// The positions that a reader wants to see, of this log, between commas: at most 64. `invalid` "position.malformed",
/// "position.unknown" or "position.too_many". Threads: any.
[[nodiscard]] Result<std::vector<Position>> read_positions(const EventLog& log, std::string_view text);

}  // namespace parlance::http
