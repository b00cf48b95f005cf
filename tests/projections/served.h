#pragma once
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "projections/views.h"
#include "tests/projections/lossy_rows.h"
#include "tests/projections/shop.h"

namespace parlance::tests {

/// The value, by value: `for (x : *answer())` would outlive its answer.
template <class T> T must(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().detail));
  return std::move(*result);
}

/// Whoever looks at it finds that so much time has passed since.
class Stopwatch final : public Clock {
 public:
  explicit Stopwatch(std::int64_t ms_a_look) : ms_a_look_(ms_a_look) {}
  [[nodiscard]] Instant now() const override { return {}; }
  [[nodiscard]] std::int64_t boot_ms() const override { return at_ms_ += ms_a_look_; }

 private:
  std::int64_t ms_a_look_;
  mutable std::int64_t at_ms_ = 0;
};

/// A shop's log with the views over it.
struct Served {
  explicit Served(std::uint32_t seed = 1, PartitionId partitions = 2, Views::Options options = {})
      : shop(seed, partitions), options_(options) {
    reopen();
  }
  Shop shop;
  LossyRows rows;
  std::unique_ptr<Views> views;

  void reopen() {
    views.reset();
    auto opened = Views::open(shop.log.log(), rows, options_);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().detail));
    views = std::move(*opened);
  }
  void apply_all(std::size_t at_a_time = 10'000) {
    for (;;) {
      const auto applied = views->apply_available(shop.now, at_a_time);
      REQUIRE(applied.has_value());
      if (*applied == 0) return;
    }
  }
  [[nodiscard]] Ticket ticket(ConversationId id) {
    apply_all();
    auto ticket = views->ticket(workspace, id);
    REQUIRE(ticket.has_value());
    REQUIRE(ticket->has_value());
    return **ticket;
  }
  /// View and partition -> hash.
  [[nodiscard]] std::map<std::pair<std::string, PartitionId>, std::string> hashes() const {
    std::map<std::pair<std::string, PartitionId>, std::string> out;
    for (const ViewStatus& s : views->status()) out[{s.view, s.partition}] = s.hash;
    return out;
  }

 private:
  Views::Options options_;
};

}  // namespace parlance::tests
