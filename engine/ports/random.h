#pragma once
#include <span>

#include "engine/base/id.h"

namespace parlance {

/// Unpredictable bytes from the system; seeded ones under simulation. Threads: any.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  [[nodiscard]] RawId id128() {
    std::array<std::uint8_t, 16> bytes;
    fill(bytes);
    return RawId::from_bytes(bytes);
  }
};

}  // namespace parlance
