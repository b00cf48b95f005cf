#pragma once
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "engine/base/error.h"

/// JSON from outside, read strictly (RFC 8259 without its leeway): one value, valid UTF-8, no member twice, no number that a double or
/// a 64-bit integer cannot hold, bounded in size, depth, members and values. Errors are `invalid` "json.malformed" and say at which byte.
namespace parlance::http {

namespace json = boost::json;

inline constexpr std::size_t json_bytes_max = 1024 * 1024;
inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::size_t json_members_max = 10'000;  ///< of one object, or items of one array
inline constexpr std::size_t json_values_max = 40'000;   ///< in all

/// `fault_at`: gets the byte, from 0, at which a fault was met.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, std::size_t* fault_at = nullptr);

}  // namespace parlance::http
