#include "adapters/http/conditions.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

using namespace parlance;
using namespace parlance::http;

namespace {

constexpr Instant start{1'764'000'000'000};
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

Circumstances all_well() {
  Circumstances c;
  c.now = start;
  c.owners.resize(2);
  for (OwnerStatus& o : c.owners) o.health = OwnerHealth::owning;
  c.views.resize(2);
  for (ViewStatus& v : c.views) v.view = "ticket";
  c.machine.log = LogHealth{};
  c.machine.log->free_bytes = 100 * gib;
  c.machine.log->reserve_bytes = gib / 4;
  c.machine.log->resume_bytes = gib / 3;
  c.machine.stores = {{"fold", {}}, {"views", {}}};
  return c;
}

std::vector<std::string> names(const std::vector<Condition>& found) {
  std::vector<std::string> out;
  for (const Condition& c : found) {
    CHECK(std::ranges::find(condition_names(), c.name) != condition_names().end());
    CHECK_FALSE(c.happened.empty());
    CHECK_FALSE(c.safe.empty());
    CHECK_FALSE(c.advice.empty());
    out.emplace_back(c.name);
  }
  return out;
}
using Names = std::vector<std::string>;

struct Said final : Journal {
  void say(JournalLevel level, Literal event, Literal, std::vector<JournalField> fields) override {
    lines.push_back(std::string(to_text(level)) + " " + std::string(event.text()) + " " +
                    std::get<std::string>(fields.front().value.held()));
    if (const auto* number = std::get_if<double>(&fields.back().value.held())) seconds = *number;
  }
  bool takes(JournalLevel) const override { return true; }
  Names lines;
  double seconds = 0;  ///< that the last one names
};

}  // namespace

TEST_CASE("where all is well nothing is wrong") { CHECK(find_conditions(all_well()).empty()); }

TEST_CASE("a disk that fills up is told first, then that nothing is taken, with the figures") {
  Circumstances c = all_well();
  c.machine.log->free_bytes = gib / 2;
  auto found = find_conditions(c);
  REQUIRE(names(found) == Names{"log.space_short"});
  CHECK(found[0].ready);
  c.machine.log->space = LogHealth::Space::low;
  c.machine.log->free_bytes = gib / 8;
  for (OwnerStatus& o : c.owners) o.health = OwnerHealth::read_only;
  found = find_conditions(c);
  REQUIRE(names(found) == Names{"log.no_space"});
  CHECK_FALSE(found[0].ready);
  CHECK(found[0].happened.find("128 MiB are free") != std::string::npos);
  CHECK(found[0].advice.find("341 MiB") != std::string::npos);
}

TEST_CASE("a database that failed or stalls is told by its name") {
  Circumstances c = all_well();
  c.machine.log->database.background_error = "IO error: EIO";
  c.machine.stores[0].health.stall = StoreHealth::Stall::slowed;
  c.machine.stores[1].health.stall = StoreHealth::Stall::stopped;
  c.machine.stores[1].health.background_error = "Corruption: x";
  CHECK(names(find_conditions(c)) ==
        Names{"log.background_error", "views.background_error", "fold.write_stall", "views.write_stall"});
}

TEST_CASE("the views are behind beyond the limit and not at it") {
  Circumstances c = all_well();
  c.views[1].lag = view_lag_max;
  CHECK(find_conditions(c).empty());
  c.views[1].lag = view_lag_max + 1;
  const auto found = find_conditions(c);
  REQUIRE(names(found) == Names{"views.behind"});
  CHECK_FALSE(found[0].ready);
  CHECK(found[0].happened.find("ticket by 10001") != std::string::npos);
}

TEST_CASE("quarantined records and events are named with place and rule, the first few") {
  Circumstances c = all_well();
  c.owners[1].quarantined = 9;
  for (Offset at = 0; at < 5; ++at) c.owners[1].first_quarantined.push_back({at, "envelope.damaged"});
  c.views[0].quarantined = 1;
  c.views[0].health = Health::degraded;
  c.quarantined = {{"ticket", 0, 42, 1, "view.unknown_kind"}};
  const auto found = find_conditions(c);
  REQUIRE(names(found) == Names{"owner.quarantined", "views.degraded"});
  CHECK(found[0].happened.find("1:0 (envelope.damaged)") != std::string::npos);
  CHECK(found[1].happened.find("ticket at 0:42, event 1 (view.unknown_kind)") != std::string::npos);
}

TEST_CASE("held timers are told with which way the clock went and how far") {
  Circumstances c = all_well();
  c.owners[0].timers_held = true;
  c.owners[0].clocks_apart_ms = -3'600'000;
  auto found = find_conditions(c);
  REQUIRE(names(found) == Names{"timers.held"});
  CHECK(found[0].ready);
  CHECK(found[0].happened.find("60 min back") != std::string::npos);
  c.owners[0].clocks_apart_ms = std::int64_t{3650} * 86'400'000;
  CHECK(find_conditions(c)[0].happened.find("3650 d forward") != std::string::npos);
  c.owners[0].timers_held = false;
  c.owners[1].last_recorded = c.now + 120'000;
  CHECK(names(find_conditions(c)) == Names{"clock.behind_log"});
}

TEST_CASE("partitions that are not owned are one condition, whatever their reasons") {
  Circumstances c = all_well();
  c.owners[0].health = OwnerHealth::starting;
  c.owners[1].health = OwnerHealth::stopped;
  c.owners[1].reason = "log.corrupt: x";
  const auto found = find_conditions(c);
  REQUIRE(names(found) == Names{"owner.not_owning"});
  CHECK(found[0].happened.find("starting") != std::string::npos);
  CHECK(found[0].happened.find("log.corrupt: x") != std::string::npos);
}

TEST_CASE("what lasts is said when it begins and when it ends, and keeps its beginning") {
  Said said;
  ConditionBook book(&said);
  Circumstances c = all_well();
  c.machine.views_not_stored = Error{Errc::read_only, "rows.no_space", "no space"};
  for (int i = 0; i < 100; ++i) {
    const auto now = book.update(find_conditions(c), start + i * 1000, i * 1000);
    REQUIRE(now.size() == 1);
    CHECK(now[0].since == start);
  }
  CHECK(said.lines == Names{"warn condition.began views.not_stored"});
  CHECK(
      book.update(find_conditions(all_well()), start + -100'000, 100'000).empty());  // the clock was set back
  CHECK(said.lines ==
        Names{"warn condition.began views.not_stored", "info condition.ended views.not_stored"});
  CHECK(said.seconds == 100);
  CHECK(book.now().empty());
}
