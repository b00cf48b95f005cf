#include "adapters/http/metrics.h"

#include <algorithm>
#include <array>
#include <limits>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "adapters/http/exchange.h"

namespace parlance::http {
namespace {

/// The codes that routes answer with; another one is counted as "other", so that the series stay bounded.
constexpr std::array statuses{101U, 200U, 201U, 202U, 204U, 206U, 304U, 400U, 401U, 403U, 404U, 405U, 406U,
                              408U, 409U, 410U, 412U, 413U, 415U, 422U, 428U, 429U, 431U, 500U, 501U, 503U};

MetricFamily one(std::string name, std::string help, MetricFamily::Kind kind, double value) {
  MetricFamily family{std::move(name), std::move(help), kind, {}};
  family.samples.push_back({{}, value, {}});
  return family;
}

::prometheus::ClientMetric metric_of(const MetricFamily& family, const MetricFamily::Sample& sample) {
  ::prometheus::ClientMetric out;
  for (const auto& [name, value] : sample.labels) out.label.push_back({name, value});
  switch (family.kind) {
    case MetricFamily::Kind::counter: out.counter.value = sample.value; break;
    case MetricFamily::Kind::gauge: out.gauge.value = sample.value; break;
    case MetricFamily::Kind::histogram: {
      std::uint64_t count = 0;
      for (std::size_t i = 0; i < sample.histogram.counts.size(); ++i) {
        count += sample.histogram.counts[i];
        ::prometheus::ClientMetric::Bucket bucket;
        bucket.cumulative_count = count;
        bucket.upper_bound = i < sample.histogram.bounds.size() ? sample.histogram.bounds[i]
                                                                : std::numeric_limits<double>::infinity();
        out.histogram.bucket.push_back(bucket);
      }
      out.histogram.sample_count = count;
      out.histogram.sample_sum = sample.histogram.sum;
    }
  }
  return out;
}

}  // namespace

MetricFamily gauge(std::string name, std::string help, double value) {
  return one(std::move(name), std::move(help), MetricFamily::Kind::gauge, value);
}
MetricFamily counter(std::string name, std::string help, double value) {
  return one(std::move(name), std::move(help), MetricFamily::Kind::counter, value);
}
MetricFamily histogram(std::string name, std::string help, HistogramCounts counts) {
  MetricFamily family{std::move(name), std::move(help), MetricFamily::Kind::histogram, {}};
  family.samples.push_back({{}, 0, std::move(counts)});
  return family;
}

std::string prometheus_text(std::vector<MetricFamily> families) {
  std::ranges::sort(families, {}, &MetricFamily::name);
  std::vector<::prometheus::MetricFamily> out;
  for (const MetricFamily& family : families) {
    ::prometheus::MetricFamily to;
    to.name = family.name;
    to.help = family.help;
    to.type = family.kind == MetricFamily::Kind::counter ? ::prometheus::MetricType::Counter
              : family.kind == MetricFamily::Kind::gauge ? ::prometheus::MetricType::Gauge
                                                         : ::prometheus::MetricType::Histogram;
    for (const auto& sample : family.samples) to.metric.push_back(metric_of(family, sample));
    if (!to.metric.empty()) out.push_back(std::move(to));
  }
  return ::prometheus::TextSerializer().Serialize(out);
}

struct RequestMetrics::One {
  std::array<std::atomic<std::uint64_t>, statuses.size() + 1> by_status{};
  Histogram<seconds_bounds.size()> seconds{seconds_bounds};
};

RequestMetrics::RequestMetrics(const std::vector<Route>& routes) : routes_(routes) {
  for (std::size_t i = 0; i <= routes.size(); ++i) ones_.push_back(std::make_shared<One>());
}

void RequestMetrics::answered(const Route* route, unsigned status, std::chrono::steady_clock::duration took) {
  One& one = route == nullptr ? *ones_.back() : *ones_[static_cast<std::size_t>(route - routes_.data())];
  const auto it = std::ranges::find(statuses, status);
  one.by_status[static_cast<std::size_t>(it - statuses.begin())].fetch_add(1, std::memory_order_relaxed);
  one.seconds.add(std::chrono::duration<double>(took).count());
}

void RequestMetrics::add_to(std::vector<MetricFamily>& families) const {
  MetricFamily requests{"parlance_http_requests_total",
                        "Requests answered, by route and status.",
                        MetricFamily::Kind::counter,
                        {}};
  MetricFamily seconds{"parlance_http_request_duration_seconds",
                       "From the request read to its answer, by route.",
                       MetricFamily::Kind::histogram,
                       {}};
  for (std::size_t i = 0; i < ones_.size(); ++i) {
    // A file of the page and what is nowhere are one route: their paths are the world's, not ours.
    const bool known = i < routes_.size();
    const Labels labels{{"method", known ? std::string(routes_[i].method) : "any"},
                        {"route", known ? std::string(routes_[i].pattern) : "other"}};
    std::uint64_t all = 0;
    for (std::size_t s = 0; s <= statuses.size(); ++s) {
      const std::uint64_t count = ones_[i]->by_status[s].load(std::memory_order_relaxed);
      if (count == 0) continue;
      all += count;
      Labels with = labels;
      with.emplace_back("status", s < statuses.size() ? std::to_string(statuses[s]) : "other");
      requests.samples.push_back({std::move(with), static_cast<double>(count), {}});
    }
    if (all != 0) seconds.samples.push_back({labels, 0, ones_[i]->seconds.counts()});
  }
  families.push_back(std::move(requests));
  families.push_back(std::move(seconds));
}

}  // namespace parlance::http
