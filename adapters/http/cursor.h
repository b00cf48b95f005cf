#pragma once
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/ports/key_service.h"

namespace parlance::http {

/// An opaque place to go on from: `bytes` with what they are for, under the keyring's session key, so that nobody makes one up.
/// `about` is everything the place depends on (route and filter): a cursor of another list is refused.
[[nodiscard]] std::string make_cursor(const Key& key, std::string_view about, ByteView bytes);
/// `invalid` "cursor.unknown".
[[nodiscard]] Result<Bytes> read_cursor(const Key& key, std::string_view about, std::string_view text);

}  // namespace parlance::http
