#pragma once
#include <string_view>

#include "engine/base/bytes.h"

namespace parlance::tests {

/// The bytes of lower-case hexadecimal, as known-answer vectors are written.
inline Bytes from_hex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return out;
}
inline RawId id_from_hex(std::string_view text) {
  return RawId::from_bytes(ByteView(from_hex(text)).first<16>());
}

}  // namespace parlance::tests
