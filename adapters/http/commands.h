#pragma once
#include <functional>
#include <string_view>

#include "adapters/http/exchange.h"
#include "engine/runtime/request.h"

/// How a route sends its command. Inside adapters/http only.
namespace parlance::http {

/// A command that the caller may repeat under its Idempotency-Key. `scope` is within which the key is unique.
[[nodiscard]] Request request_for(const Call& call, Slot slot, std::string_view scope, Action action);

/// Adds to the answer's body.
using Describe = std::function<void(const Outcome&, json::object&)>;
/// Submits it with the caller's If-Match, and answers: `created_status`, or the problem.
void submit(const Call& call, Request request, unsigned created_status, Describe describe);

/// The id of what was added.
template <class AnId> [[nodiscard]] Describe made() {
  return [](const Outcome& outcome, json::object& body) { body["id"] = to_text(AnId::from(outcome.made)); };
}

}  // namespace parlance::http
