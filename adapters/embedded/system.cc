#include "adapters/embedded/system.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sodium.h>
#include <time.h>

#include "engine/base/assert.h"

namespace parlance {

Instant SystemClock::now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

std::int64_t SystemClock::boot_ms() const {
  timespec now{};
  // Not the monotonic clock: that one stands still while the machine sleeps.
  PARLANCE_ASSERT(::clock_gettime(CLOCK_BOOTTIME, &now) == 0, "the kernel has a clock since boot");
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

SystemRandom::SystemRandom() {
  PARLANCE_ASSERT(sodium_init() >= 0, "libsodium finds a source of random bytes");
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  // A call of the kernel for each salt would be a noticeable part of a message's cost.
  struct Drawn {
    std::array<std::uint8_t, 1024> bytes;
    std::size_t left = 0;
    ~Drawn() { sodium_memzero(bytes.data(), bytes.size()); }
  };
  static thread_local Drawn drawn;
  if (out.size() > drawn.bytes.size()) return randombytes_buf(out.data(), out.size());
  if (out.size() > drawn.left) {
    randombytes_buf(drawn.bytes.data(), drawn.bytes.size());
    drawn.left = drawn.bytes.size();
  }
  drawn.left -= out.size();
  const std::span<std::uint8_t> taken(drawn.bytes.data() + drawn.left, out.size());
  std::ranges::copy(taken, out.begin());
  sodium_memzero(taken.data(), taken.size());  // no byte is given twice, nor kept
}

}  // namespace parlance
