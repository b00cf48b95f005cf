#include "adapters/http/rate_limits.h"

#include <string>

#include <doctest/doctest.h>

using namespace parlance::http;
using namespace std::chrono_literals;
using Kind = RateLimits::Kind;

namespace {
constexpr std::chrono::steady_clock::time_point start{1h};
}

TEST_CASE("a burst is let through, then the rate, and the wait is told") {
  RateLimits limits({.session_per_second = 50, .session_burst = 100});
  for (int i = 0; i < 100; ++i) CHECK_FALSE(limits.ask(Kind::session, "ada", start));
  CHECK(limits.ask(Kind::session, "ada", start) == 1);
  CHECK_FALSE(limits.ask(Kind::session, "bo", start));  // everybody has their own
  CHECK(limits.refused(Kind::session) == 1);
  int taken = 0;
  for (int ms = 0; ms < 1000; ++ms) taken += limits.ask(Kind::session, "ada", start + ms * 1ms) ? 0 : 1;
  CHECK(taken >= 49);
  CHECK(taken <= 50);
}

TEST_CASE("sign-ins and look-ups are counted by the minute, apart") {
  RateLimits limits({});
  for (int i = 0; i < 5; ++i) CHECK_FALSE(limits.ask(Kind::sign_in, "203.0.113.7", start));
  CHECK(limits.ask(Kind::sign_in, "203.0.113.7", start) == 12);
  CHECK_FALSE(limits.ask(Kind::lookup, "203.0.113.7", start));
  CHECK_FALSE(limits.ask(Kind::sign_in, "203.0.113.7", start + 13s));
  CHECK(limits.ask(Kind::sign_in, "203.0.113.7", start + 13s));
}

TEST_CASE(
    "however many ask, what is remembered of them is bounded, and who is at the limit is not forgotten for "
    "it") {
  RateLimits limits({});
  for (int i = 0; i < 6; ++i) (void)limits.ask(Kind::sign_in, "bad", start);
  for (std::size_t i = 0; i < rate_keys_max - 2; ++i)
    (void)limits.ask(Kind::session, std::to_string(i), start);
  for (std::size_t i = 0; i < 10; ++i)
    (void)limits.ask(Kind::session, "late " + std::to_string(i), start + 2s);
  CHECK(limits.ask(Kind::sign_in, "bad", start + 2s));
}

TEST_CASE("the address is the peer's; a proxy on this machine is believed, nobody else") {
  CHECK(limited_address("203.0.113.7", "198.51.100.1") == "203.0.113.7");
  CHECK(limited_address("127.0.0.1", "").empty());
  CHECK(limited_address("::1", "").empty());
  CHECK(limited_address("::ffff:127.0.0.1", "").empty());
  CHECK(limited_address("127.0.0.1", "6.6.6.6, 198.51.100.1") == "198.51.100.1");
  CHECK(limited_address("127.0.0.1", "2001:DB8::1") == "2001:db8::1");
  CHECK(limited_address("127.0.0.1", "<script>").empty());
  CHECK(limited_address("127.0.0.1", "127.0.0.1").empty());
  CHECK(limited_address("::ffff:203.0.113.7", "") == "203.0.113.7");
}
