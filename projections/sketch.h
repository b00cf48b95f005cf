#pragma once
#include <cmath>
#include <cstdint>
#include <map>

namespace parlance {

/// Quantiles of durations with a bounded relative error (DDSketch; Masson, Rim, Lee: VLDB 2019): values fall into buckets whose bounds
/// grow by one factor, so an answer is off by at most `sketch_error` of itself. Sketches of parts add up to the sketch of the whole, in
/// any order. Takes 1 to 2^62; smaller values count as 0, which is exact.
inline constexpr double sketch_error = 0.01;

class Sketch {
 public:
  void add(std::int64_t value, std::uint64_t times = 1) {
    count_ += times;
    if (value < 1) {
      zeros_ += times;
    } else {
      buckets_[bucket_of(value)] += times;
    }
  }
  void merge(const Sketch& other) {
    count_ += other.count_;
    zeros_ += other.zeros_;
    for (const auto& [bucket, times] : other.buckets_) buckets_[bucket] += times;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The value of rank floor(q * (count - 1)), from 0; 0 where there is none.
  [[nodiscard]] double quantile(double q) const {
    if (count_ == 0) return 0;
    auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1));
    if (rank < zeros_) return 0;
    rank -= zeros_;
    for (const auto& [bucket, times] : buckets_) {
      if (rank < times) return 2.0 * std::pow(growth, bucket) / (growth + 1.0);
      rank -= times;
    }
    return 0;
  }
  bool operator==(const Sketch&) const = default;

 private:
  static constexpr double growth = (1.0 + sketch_error) / (1.0 - sketch_error);
  /// Bucket b holds growth^(b-1) < value <= growth^b.
  static std::int32_t bucket_of(std::int64_t value) {
    return static_cast<std::int32_t>(std::ceil(std::log(static_cast<double>(value)) / std::log(growth)));
  }
  std::map<std::int32_t, std::uint64_t> buckets_;
  std::uint64_t count_ = 0, zeros_ = 0;
};

}  // namespace parlance
