#pragma once
#include "engine/ports/clock.h"
#include "engine/ports/random.h"

namespace parlance {

/// The system's wall clock, and its clock since boot. Threads: any.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] std::int64_t boot_ms() const override;
};

/// The kernel's random bytes, through libsodium, drawn a kilobyte at a time for each thread. Threads: any; not across a fork.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace parlance
