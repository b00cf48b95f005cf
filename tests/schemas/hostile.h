#pragma once
#include <cstdint>
#include <random>

#include "engine/base/bytes.h"

namespace parlance::tests {

/// Hands `check` what a broken disk or an enemy may make of `bytes`: cut at each length, each byte inverted, each bit of it
/// flipped, 32-bit words replaced by telling numbers, and many places at once at random.
void each_damage(const Bytes& bytes, auto&& check) {
  for (std::size_t length = 0; length < bytes.size(); ++length)
    check(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)));
  Bytes damaged = bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int mask : {0xff, 1, 2, 4, 8, 16, 32, 64, 128}) {
      damaged[i] = static_cast<std::uint8_t>(bytes[i] ^ mask);
      check(damaged);
    }
    damaged[i] = bytes[i];
  }
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    for (const std::uint32_t word : {0U, 1U, 4U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU, 0xffff'fffcU,
                                     static_cast<std::uint32_t>(bytes.size())}) {
      std::memcpy(damaged.data() + i, &word, sizeof word);
      check(damaged);
    }
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i), 4,
                damaged.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::minstd_rand random(20'251'122);
  for (int round = 0; round < 300 && !bytes.empty(); ++round) {
    damaged = bytes;
    for (unsigned i = 0; i <= random() % 8; ++i)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    check(damaged);
  }
}

}  // namespace parlance::tests
