#pragma once
#include <string>

#include "adapters/http/exchange.h"
#include "projections/views.h"

/// Lists as a live subscription asks for them.
namespace parlance::http {

/// By `q`, the parameters of GET /v1/conversations (state, queue, assignee, channel), sort and limit. What is wrong goes to the faults
/// of `fields`. `about` gets everything that tells this list from others.
[[nodiscard]] ListQuery read_list_query(Context& context, const Caller& caller, Fields& fields,
                                        std::string& about);
/// By `q` alone.
[[nodiscard]] ListQuery read_count_query(Context& context, const Caller& caller, Fields& fields,
                                         std::string& about);
/// The list changes because time passes.
[[nodiscard]] bool depends_on_time(const ListQuery& query);
/// Whether the ticket belongs into the list now, wherever it may stand.
[[nodiscard]] bool passes(const ListQuery& query, const Ticket& ticket, Instant now);

}  // namespace parlance::http
