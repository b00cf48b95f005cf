#pragma once
#include "engine/base/instant.h"

namespace parlance {

/// Wall time. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

}  // namespace parlance
