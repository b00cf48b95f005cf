#pragma once
#include <string>

#include "adapters/http/exchange.h"
#include "projections/views.h"

/// Values of the engine as the API's JSON. Personal text comes through the door, in the caller's name.
namespace parlance::http {

[[nodiscard]] json::value optional_time(const std::optional<Instant>& at);
[[nodiscard]] json::value agent_json(const Exchange& x, AgentId id);
[[nodiscard]] json::value queue_json(const Exchange& x, QueueId id);
/// One of the past has no drafts; only a whole one says what its reader may undo, which takes a look at how it came to be.
enum class TicketDetail : std::uint8_t { past, listed, whole };
[[nodiscard]] json::value type_json(const Exchange& x, TypeId id);
[[nodiscard]] json::value team_json(const Exchange& x, TeamId id);
[[nodiscard]] json::object ticket_json(const Exchange& x, const Ticket& ticket,
                                       TicketDetail detail = TicketDetail::listed);
[[nodiscard]] json::object timeline_item_json(const Exchange& x, const RecordedEvent& event);
[[nodiscard]] json::object event_json(const Exchange& x, const RecordedEvent& event);
[[nodiscard]] json::value actor_json(const Exchange& x, const Actor& actor);
/// All queues with their figures, as GET /v1/queues answers them.
[[nodiscard]] Result<json::array> queues_json(const Call& call);
[[nodiscard]] std::shared_ptr<const Names> names_of(const Exchange& x);

/// Opens a personal field for the caller: "value" and the value, "erased" or "redacted" with its day, or "unavailable".
template <class T> struct Shown {
  std::optional<T> value;
  std::string_view state = "value";
  std::optional<std::string> gone_on;
  /// For good, as somebody asked; not for want of a row or a key.
  [[nodiscard]] bool is_gone() const { return !value && state != "unavailable"; }
};
template <class T> [[nodiscard]] Shown<T> show(const Exchange& x, const Sealed& sealed) {
  Shown<T> out;
  auto opened = x.engine().door().open<T>(x.caller.principal(), Purpose::support, x.caller.workspace, sealed);
  if (auto* value = std::get_if<T>(&opened)) {
    out.value = std::move(*value);
  } else if (const auto* erased = std::get_if<Erased>(&opened)) {
    out.state = erased->redacted ? "redacted" : "erased";
    if (erased->day != 0) out.gone_on = to_day({static_cast<std::int64_t>(erased->day) * 86'400'000});
  } else {
    out.state = "unavailable";
  }
  return out;
}
template <class T> void put_state(json::object& out, const Shown<T>& shown) {
  out["personal"] = shown.state;
  if (shown.gone_on) out[shown.state == "redacted" ? "redacted_on" : "erased_on"] = *shown.gone_on;
}

}  // namespace parlance::http
