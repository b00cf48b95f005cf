#include "adapters/memory/memory_keys.h"

#include <doctest/doctest.h>

#include "tests/contract/key_service_contract.h"

using namespace parlance;

TEST_CASE("keyring in memory") {
  std::uint64_t seed = 1;
  tests::key_service_contract([&] { return std::make_unique<MemoryKeys>(seed++); });
}

TEST_CASE("a keyring in memory repeats itself from its seed") {
  MemoryKeys one(5), two(5);
  for (int i = 0; i < 3; ++i) CHECK(one.wrap(3, {}, {}).value() == two.wrap(3, {}, {}).value());
  CHECK(one.fingerprint() == two.fingerprint());
}

TEST_CASE("a keyring in memory that is switched off says so, and comes back") {
  MemoryKeys keys(5);
  const Bytes wrapped = keys.wrap(3, {}, {}).value();
  keys.set_unavailable(true);
  CHECK(keys.wrap(3, {}, {}).error().code == Errc::unavailable);
  CHECK(keys.unwrap(3, wrapped, {}).error().code == Errc::unavailable);
  keys.set_unavailable(false);
  CHECK(keys.unwrap(3, wrapped, {}).has_value());
}
