#pragma once
#include <string>

#include "adapters/http/json.h"
#include "schemas/envelope.h"

/// What an event's header says, as JSON: ids, instants, enumerations, counts and the administrator's vocabulary. Nothing that
/// describes a person is in it; of those fields it says how many there are and of which class.
namespace parlance::http {

/// "cnv_..." and "sub_..." as everywhere; a workspace's own streams by their category: "desk_...".
[[nodiscard]] std::string stream_text(const StreamId& stream);
/// The members of the event that name something known. A member of a new event is there by itself if another event has one of
/// that name and type.
[[nodiscard]] json::object event_facts(const AnyEvent& event);
/// [{"number","class"}]: its sealed fields.
[[nodiscard]] json::array event_capsules(const AnyEvent& event);
/// Every kind this program knows by that name; 0 for a name it does not know.
[[nodiscard]] EventKind kind_of_name(std::string_view name);

}  // namespace parlance::http
