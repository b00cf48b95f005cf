#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/histogram.h"

/// What a server tells Prometheus of itself. Labels come from sets that are fixed when the program is built or the log was made: routes, status codes,
/// views, partitions. Never an id, an address or a name of anybody.
namespace parlance::http {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct MetricFamily {
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  struct Sample {
    Labels labels;
    double value = 0;
    HistogramCounts histogram;  ///< of a histogram, instead of `value`
  };
  std::string name, help;
  Kind kind = Kind::gauge;
  std::vector<Sample> samples;
};

[[nodiscard]] MetricFamily gauge(std::string name, std::string help, double value);
[[nodiscard]] MetricFamily counter(std::string name, std::string help, double value);
[[nodiscard]] MetricFamily histogram(std::string name, std::string help, HistogramCounts counts);
/// In Prometheus' text format, families by name.
[[nodiscard]] std::string prometheus_text(std::vector<MetricFamily> families);

struct Route;

/// Requests by route and status. Threads: any.
class RequestMetrics {
 public:
  /// Of `routes`, which outlive it.
  explicit RequestMetrics(const std::vector<Route>& routes);
  /// `route` null: none matched, or a file of the page.
  void answered(const Route* route, unsigned status, std::chrono::steady_clock::duration took);
  void add_to(std::vector<MetricFamily>& families) const;

 private:
  struct One;
  const std::vector<Route>& routes_;
  std::deque<std::shared_ptr<One>> ones_;  ///< of the routes in order; the last is all else
};

}  // namespace parlance::http
