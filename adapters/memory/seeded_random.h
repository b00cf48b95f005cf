#pragma once
#include <atomic>
#include <cstdint>
#include <cstring>

#include "engine/ports/random.h"

namespace parlance {

/// The same bytes again for the same seed and the same order of calls: SplitMix64 (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", 2014). For tests, benches and simulation; anybody can foretell it.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    while (!out.empty()) {
      std::uint64_t z = state_.fetch_add(step) + step;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      z ^= z >> 31;
      const std::size_t size = out.size() < sizeof z ? out.size() : sizeof z;
      std::memcpy(out.data(), &z, size);
      out = out.subspan(size);
    }
  }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15ULL;
  std::atomic<std::uint64_t> state_;
};

}  // namespace parlance
