#pragma once
#include <cstdint>
#include <string>

#include "adapters/http/exchange.h"
#include "projections/views.h"

/// Lists as a live subscription asks for them.
namespace parlance::http {

/// By `q`, or the parameters of GET /v1/conversations (state, queue, assignee, channel), and sort and limit. What is wrong goes to the
/// faults of `fields`. `about` gets everything that tells this list from others.
[[nodiscard]] Result<ListQuery> read_list_query(Context& context, const Caller& caller, Fields& fields,
                                                std::string& about);
/// By `q` alone.
[[nodiscard]] Result<ListQuery> read_count_query(Context& context, const Caller& caller, Fields& fields,
                                                 std::string& about);
/// Whether the ticket belongs into the list, wherever it may stand.
[[nodiscard]] bool passes(const ListQuery& query, const Ticket& ticket);
/// How many tickets the list holds in all.
[[nodiscard]] Result<std::uint64_t> count_of(const Views& views, ListQuery query);

}  // namespace parlance::http
