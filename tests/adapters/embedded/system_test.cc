#include "adapters/embedded/system.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

namespace parlance::tests {

TEST_CASE("the system's clock is in the years that this program accepts") {
  const SystemClock clock;
  const Instant first = clock.now();
  CHECK(first > Instant{1'600'000'000'000});
  CHECK(first < instant_max);
  const std::int64_t before = clock.boot_ms();
  CHECK(before > 0);
  CHECK(clock.boot_ms() >= before);
}

TEST_CASE("the system's random bytes differ from call to call and fill what is asked for") {
  SystemRandom random;
  CHECK(random.id128() != random.id128());
  std::vector<std::uint8_t> bytes(4096);
  random.fill(bytes);
  for (std::size_t quarter = 0; quarter < bytes.size(); quarter += 1024) {
    CHECK(std::count(bytes.begin() + quarter, bytes.begin() + quarter + 1024, 0) < 64);
  }
  random.fill({});
}

}  // namespace parlance::tests
