#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "engine/ports/key_service.h"

namespace parlance::tests {

/// What every KeyService does. `make` makes one with keys of its own each time.
inline void key_service_contract(const std::function<std::unique_ptr<KeyService>()>& make) {
  const auto keys = make();
  const Bytes text{1, 2, 3, 4, 5}, place{9, 8, 7};
  const auto refused_as_corrupt = [&](KeyService& by, BucketId bucket, ByteView wrapped,
                                      ByteView associated) {
    const auto opened = by.unwrap(bucket, wrapped, associated);
    return opened.has_error() && opened.error().code == Errc::corrupt;
  };

  SUBCASE("what is wrapped is unwrapped, in every bucket and of every length") {
    for (const BucketId bucket : std::array<BucketId, 5>{0, 1, 255, 256, 65'535})
      for (const std::size_t size : {0, 1, 112, 5000}) {
        const Bytes plain(size, static_cast<std::uint8_t>(bucket));
        const Bytes wrapped = keys->wrap(bucket, plain, place).value();
        CHECK(wrapped.size() == 24 + size + 16);
        CHECK(keys->unwrap(bucket, wrapped, place).value() == plain);
      }
  }
  SUBCASE("two wrappings of the same differ in nonce and ciphertext") {
    const Bytes one = keys->wrap(3, text, place).value(), two = keys->wrap(3, text, place).value();
    CHECK_FALSE(std::equal(one.begin(), one.begin() + 24, two.begin()));
    CHECK_FALSE(std::equal(one.begin() + 24, one.end(), two.begin() + 24));
  }
  SUBCASE("it does not open in another bucket, in another place or under another keyring") {
    const Bytes wrapped = keys->wrap(3, text, place).value();
    CHECK(refused_as_corrupt(*keys, 4, wrapped, place));
    CHECK(refused_as_corrupt(*keys, 3, wrapped, {}));
    CHECK(refused_as_corrupt(*keys, 3, wrapped, Bytes{9, 8, 6}));
    CHECK(refused_as_corrupt(*make(), 3, wrapped, place));
  }
  SUBCASE("with any single bit changed, or cut short, it does not open") {
    const Bytes wrapped = keys->wrap(3, text, place).value();
    for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
      Bytes changed = wrapped;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      CHECK(refused_as_corrupt(*keys, 3, changed, place));
    }
    for (std::size_t size = 0; size < wrapped.size(); ++size)
      CHECK(refused_as_corrupt(*keys, 3, ByteView(wrapped).first(size), place));
  }
  SUBCASE("its secrets differ from one another and from another keyring's, and stay") {
    std::set<Key> all;
    const auto others = make();
    for (std::size_t i = 1; i <= secret_keys; ++i) {
      const auto which = static_cast<SecretKey>(i);
      all.insert(keys->secret(which));
      all.insert(others->secret(which));
      CHECK(keys->secret(which) == keys->secret(which));
    }
    CHECK(all.size() == 2 * secret_keys);
    CHECK_FALSE(all.contains(Key{}));
  }
  SUBCASE("its fingerprint names its address-slot key and shows nothing of it") {
    const auto fingerprint = keys->fingerprint();
    CHECK(fingerprint == keys->fingerprint());
    CHECK(fingerprint != make()->fingerprint());
    for (std::size_t i = 1; i <= secret_keys; ++i)
      CHECK_FALSE(
          std::ranges::equal(std::span(keys->secret(static_cast<SecretKey>(i))).first(16), fingerprint));
  }
  SUBCASE("many threads may wrap and unwrap at once") {
    std::atomic<int> wrong = 0;
    const auto work = [&](BucketId bucket) {
      for (int i = 0; i < 200; ++i) {
        const auto wrapped = keys->wrap(bucket, text, place);
        if (!wrapped || keys->unwrap(bucket, *wrapped, place) != Result<Bytes>(text)) ++wrong;
      }
    };
    { std::jthread one(work, BucketId{1}), two(work, BucketId{1}), three(work, BucketId{2}); }
    CHECK(wrong == 0);
  }
}

}  // namespace parlance::tests
