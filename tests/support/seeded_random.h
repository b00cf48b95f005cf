#pragma once
#include <random>

#include "engine/ports/random.h"

namespace parlance::tests {

/// The same bytes for the same seed, on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_() >> 32);
  }
  /// 0 .. n - 1.
  [[nodiscard]] std::size_t below(std::size_t n) { return engine_() % n; }
  [[nodiscard]] bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace parlance::tests
