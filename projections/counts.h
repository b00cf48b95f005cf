#pragma once
#include <array>
#include <cstdint>

#include "engine/domain/vocabulary.h"

namespace parlance {

/// Channels a row has room for; a newer program's channels are counted under `none`.
inline constexpr std::size_t row_channels = 16;
using ByChannel = std::array<std::uint32_t, row_channels>;
[[nodiscard]] constexpr std::size_t channel_index(Channel channel) {
  const auto index = static_cast<std::size_t>(channel);
  return index < row_channels ? index : 0;
}

}  // namespace parlance
