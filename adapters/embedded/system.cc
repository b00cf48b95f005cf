#include "adapters/embedded/system.h"

#include <chrono>
#include <sodium.h>

#include "engine/base/assert.h"

namespace parlance {

Instant SystemClock::now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

SystemRandom::SystemRandom() {
  PARLANCE_ASSERT(sodium_init() >= 0, "libsodium finds a source of random bytes");
}

void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

}  // namespace parlance
