#pragma once
#include "engine/base/instant.h"

namespace parlance {

/// Two clocks, so that a jump of the wall clock can be seen. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time.
  [[nodiscard]] virtual Instant now() const = 0;
  /// Milliseconds since some fixed moment, counting on while the machine sleeps; never set by anybody.
  [[nodiscard]] virtual std::int64_t boot_ms() const = 0;
};

}  // namespace parlance
