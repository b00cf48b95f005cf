#pragma once
#include <array>
#include <cstdint>

#include "engine/base/bytes.h"

namespace parlance {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4) of the pieces one after the other.
[[nodiscard]] Sha256 sha256(std::initializer_list<ByteView> pieces);
[[nodiscard]] inline Sha256 sha256(ByteView bytes) { return sha256({bytes}); }

/// CRC-32 as zlib and PNG have it (polynomial 0xEDB88320), so that a stranger's tools can check it.
[[nodiscard]] std::uint32_t crc32(ByteView bytes, std::uint32_t start = 0);

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);

}  // namespace parlance
