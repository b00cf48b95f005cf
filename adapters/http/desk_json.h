#pragma once
#include "adapters/http/exchange.h"
#include "engine/domain/queue_rule.h"
#include "engine/domain/routing.h"

/// What belongs to the desk, as the API's JSON.
namespace parlance::http {

/// {"kind","languages","skills","team","offer_seconds"}
[[nodiscard]] json::object rule_json(const QueueRule& rule);
/// What routing counts with: {"presence","load":{"total",channel:n},"reserved":n} (offered, or being assigned).
[[nodiscard]] json::object routed_json(const routing::AgentState& agent);

}  // namespace parlance::http
