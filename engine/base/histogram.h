#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace parlance {

/// A histogram at one moment. `counts[i]` are the values up to bounds[i] and above the one before, the last those above all.
struct HistogramCounts {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;  ///< one more than bounds
  double sum = 0;
};

/// From half a millisecond to ten seconds: requests, syncs.
inline constexpr std::array seconds_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                           0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
inline constexpr std::array size_bounds{1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0};

/// Counts values in fixed buckets, without a lock. Threads: any.
template <std::size_t N> class Histogram {
 public:
  explicit constexpr Histogram(const std::array<double, N>& bounds) : bounds_(bounds) {}
  void add(double value) {
    std::size_t i = 0;
    while (i < N && value > bounds_[i]) ++i;
    counts_[i].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  [[nodiscard]] HistogramCounts counts() const {
    HistogramCounts out{{bounds_.begin(), bounds_.end()}, {}, sum_.load(std::memory_order_relaxed)};
    for (const auto& count : counts_) out.counts.push_back(count.load(std::memory_order_relaxed));
    return out;
  }

 private:
  const std::array<double, N>& bounds_;
  std::array<std::atomic<std::uint64_t>, N + 1> counts_{};
  std::atomic<double> sum_{0};
};

}  // namespace parlance
