#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "schemas/envelope.h"

namespace parlance::tools {

namespace json = boost::json;

/// An event as `parlance events` and the API show it: what the header holds, and of personal fields where they lie and their digests.
/// No key is needed and no text comes out.
[[nodiscard]] json::object event_json(const Position& position, const Envelope& envelope, std::size_t index);
/// "cnv_..." and "sub_..." are ids as everywhere; a workspace's own streams are named by category: "desk_...".
[[nodiscard]] std::string stream_text(const StreamId& stream);
/// Visits the sealed form of every personal field of an event, in order.
void each_sealed(const AnyEvent& event, const std::function<void(const Sealed&)>& visit);

/// Every kind this program knows, by name, in order.
[[nodiscard]] std::vector<std::string> kind_names();

}  // namespace parlance::tools
