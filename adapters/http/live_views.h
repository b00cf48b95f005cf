#pragma once
#include <memory>

#include "adapters/http/exchange.h"
#include "adapters/http/feed.h"
#include "adapters/http/live_core.h"

namespace parlance::http {

/// What the live core tells, out of the views, the histories and the log: lists, conversations, counts and queues. `context` and
/// `feed` outlive it.
[[nodiscard]] std::shared_ptr<LiveSource> make_live_views(Context& context, const Feed& feed);

}  // namespace parlance::http
