#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
void check_rebuilds_alike(Served& s) {
  for (const std::string& view : s.views->names()) {
    const auto compared = s.views->verify(view);
    REQUIRE(compared.has_value());
    for (const HashComparison& c : *compared) CHECK_MESSAGE(c.equal(), view);
  }
}
}  // namespace

TEST_CASE("every view rebuilt has the live one's hash, over random histories") {
  for (std::uint32_t seed = 31; seed <= 34; ++seed) {
    Served s(seed, 3);
    for (int round = 0; round < 4; ++round) {
      s.shop.act(200);
      s.apply_all();
      if (round == 1) REQUIRE(s.views->flush().has_value());
      check_rebuilds_alike(s);
    }
  }
}

TEST_CASE("it makes no difference in which steps partitions are applied, stored and forgotten") {
  std::map<std::pair<std::string, PartitionId>, std::string> hashes;
  const Views::Options plain, hasty{.dirty_bytes_max = 3'000, .replay_records_max = 50, .cache_bytes_max = 1};
  for (const auto& [options, at_a_time] :
       {std::pair(plain, 10'000), std::pair(plain, 1), std::pair(hasty, 7), std::pair(hasty, 90)}) {
    Served s(41, 4, options);
    s.shop.act(700);
    s.apply_all(static_cast<std::size_t>(at_a_time));
    if (hashes.empty()) hashes = s.hashes();
    CHECK(s.hashes() == hashes);
    CHECK(s.views->quarantined("ticket")->empty());
    check_rebuilds_alike(s);
  }
}

TEST_CASE("a crash loses unflushed batches of each view by itself, and replay makes them good") {
  for (std::uint32_t seed = 51; seed <= 56; ++seed) {
    Served s(seed, 3, {.dirty_bytes_max = 5'000, .replay_records_max = 150});
    Served never_crashed(seed, 3);
    for (int round = 0; round < 6; ++round) {
      s.shop.act(150);
      never_crashed.shop.act(150);
      s.apply_all(40);
      s.views.reset();
      s.rows.crash(
          [&](std::size_t batches) { return s.shop.below(static_cast<std::uint32_t>(batches) + 1); });
      // Chance is the shop's: the twin takes as much of it.
      for (std::size_t i = 0; i < s.rows.families().size(); ++i) never_crashed.shop.random();
      s.reopen();
      s.apply_all(33);
    }
    never_crashed.apply_all();
    CHECK(s.hashes() == never_crashed.hashes());
    for (const ViewStatus& status : s.views->status()) {
      CHECK(status.lag == 0);
      CHECK(status.health == Health::ok);
    }
    check_rebuilds_alike(s);
  }
}

TEST_CASE("rows go down by bytes, by age and for the sake of the restart") {
  Served s(1, 1, {.dirty_ms_max = 5'000, .replay_records_max = 200});
  constexpr std::size_t at_a_time = 50;
  const std::size_t at_start = s.rows.writes();
  s.shop.opened_with_message();
  REQUIRE(s.views->apply_available(monday, at_a_time).has_value());
  CHECK(s.rows.writes() == at_start);
  REQUIRE(s.views->apply_available(monday + 4'999, at_a_time).has_value());
  CHECK(s.rows.writes() == at_start);
  REQUIRE(s.views->apply_available(monday + 5'000, at_a_time).has_value());
  CHECK(s.rows.writes() > at_start);
  // Flushed before more than 200 records would have to be replayed, and not long before.
  const std::size_t flushes = s.rows.flushes();
  s.shop.act(400);
  const Offset records = s.shop.log.log().end(0);
  s.apply_all(at_a_time);
  const std::size_t views = s.views->names().size();
  CHECK(s.rows.flushes() - flushes >= views * (records / 200));
  CHECK(s.rows.flushes() - flushes <= views * (records / 100));
}

TEST_CASE("far behind, rows go down in larger batches; near the end, as ever") {
  Served s(1, 1, {.dirty_ms_max = 5'000, .replay_records_max = 200, .catch_up_times = 4});
  constexpr std::size_t at_a_time = 50;
  s.shop.act(3'000);
  const Offset records = s.shop.log.log().end(0);
  REQUIRE(records > 2'000);
  const std::size_t views = s.views->names().size();
  std::vector<Offset> flushed_at;
  Offset done = 0;
  for (std::size_t flushes = s.rows.flushes();;) {
    const std::size_t many = *s.views->apply_available(monday, at_a_time);
    if (many == 0) break;
    done += many;
    if (s.rows.flushes() == flushes) continue;
    CHECK(s.rows.flushes() == flushes + views);
    flushes = s.rows.flushes();
    flushed_at.push_back(done);
  }
  REQUIRE(flushed_at.size() > 2);
  for (std::size_t i = 1; i < flushed_at.size(); ++i) {
    const Offset batch = flushed_at[i] - flushed_at[i - 1];
    const bool far = records - flushed_at[i] > 200;
    CHECK(batch <= 800);
    CHECK((far ? batch > 700 : batch <= 800));
  }
  CHECK(done - flushed_at.back() <= 200);
}

TEST_CASE("a store that does not write loses nothing, and the next time it goes down") {
  Served s(61, 2, {.dirty_bytes_max = 1});
  s.shop.act(200);
  s.rows.fail_writes(true);
  while (!s.views->apply_available(s.shop.now, 50)) {
    const auto positions = s.views->applied();
    if (!positions.empty() && s.views->status().front().lag == 0) break;
  }
  s.rows.fail_writes(false);
  s.apply_all();
  REQUIRE(s.views->flush().has_value());
  Served other(61, 2);
  other.shop.act(200);
  other.apply_all();
  CHECK(s.hashes() == other.hashes());
  s.reopen();
  CHECK(s.hashes() == other.hashes());
}

TEST_CASE(
    "a store that cannot be read in the middle of an envelope stops the partition and keeps what was stored "
    "whole") {
  Served s(62, 1, {.dirty_bytes_max = 1, .cache_bytes_max = 1});
  auto& c = s.shop.opened_with_message();
  s.apply_all();
  s.shop.opened_with_message();
  s.apply_all();
  s.shop.opened_with_message();
  s.apply_all();
  s.shop.reply(s.shop.conversations.front(), monday);
  s.rows.fail_reads(true);
  (void)s.views->apply_available(s.shop.now);
  CHECK(s.views->status().front().health == Health::stopped);
  s.rows.fail_reads(false);
  CHECK(s.views->apply_available(s.shop.now).value() == 0);
  s.reopen();
  CHECK(s.ticket(s.shop.conversations.front().id).replied == 1);
  (void)c;
  check_rebuilds_alike(s);
}

TEST_CASE("a damaged row is found by verifying and mended by rebuilding, which changes who serves") {
  Served s(71, 2);
  s.shop.act(300);
  s.apply_all();
  REQUIRE(s.views->flush().has_value());
  const auto hashes = s.hashes();
  const std::string before = s.views->status().front().family;
  for (auto& [key, value] : s.rows.rows(before))
    if (key[0] == 0 && value.size() > 200) {
      value[150] ^= 1;
      break;
    }
  s.reopen();
  std::size_t different = 0;
  for (const HashComparison& c : must(s.views->verify("ticket"))) different += !c.equal();
  CHECK(different == 1);
  CHECK(s.hashes() == hashes);
  REQUIRE(s.views->rebuild("ticket").has_value());
  for (const HashComparison& c : must(s.views->verify("ticket"))) CHECK(c.equal());
  const std::string after = s.views->status().front().family;
  CHECK(after != before);
  const auto families = s.rows.families();
  CHECK(std::ranges::find(families, before) == families.end());
  const auto rebuilt = s.hashes();
  s.shop.act(100);
  s.apply_all();
  CHECK(s.hashes() != rebuilt);
  check_rebuilds_alike(s);
  REQUIRE(s.views->flush().has_value());
  s.reopen();
  CHECK(s.views->status().front().family == after);
  for (const auto& c : s.shop.conversations) CHECK(s.ticket(c.id).state == c.state.phase);
  CHECK(s.views->verify("no such view").error().code == Errc::not_found);
}

TEST_CASE("an interrupted rebuild leaves nothing behind") {
  Served s(72, 1);
  s.shop.act(50);
  s.apply_all();
  REQUIRE(s.views->flush().has_value());
  REQUIRE(s.rows.open("ticket@v1.9").has_value());
  s.reopen();
  const auto families = s.rows.families();
  CHECK(std::ranges::find(families, "ticket@v1.9") == families.end());
  check_rebuilds_alike(s);
}

TEST_CASE("rows of another log are not served") {
  Served s(73, 1);
  s.shop.act(50);
  s.apply_all();
  REQUIRE(s.views->flush().has_value());
  OwnedLog other(1);
  auto storage =
      std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({8, 8}), .partitions = 1});
  MemoryLog empty(storage);
  auto views = Views::open(empty, s.rows);
  REQUIRE(views.has_value());
  CHECK((*views)->applied().empty());
  CHECK((*views)->list({.workspace = workspace})->tickets.empty());
}

TEST_CASE("while rows go down, who lists them finds each of them, and once") {
  Served s(67, 2, {.dirty_bytes_max = 1u << 30, .dirty_ms_max = 1'000'000'000});
  Shop::Conversation stranger{ConversationId::from({1, 77}), {}, 4, {}};
  const auto listed = [&] {
    std::vector<std::string> out;
    for (const QueueStats& queue : must(s.views->queues(workspace, s.shop.now)))
      out.push_back(to_text(queue.id) + " " + std::to_string(queue.waiting) + " " +
                    std::to_string(queue.open));
    for (const Workload& load : must(s.views->workloads(workspace)))
      out.push_back(to_text(load.agent) + " " + std::to_string(load.open + load.waiting));
    for (const DailyFigures& day :
         must(s.views->daily(workspace, monday, monday + 86'400'000, DailyBy::channel)))
      out.push_back(std::to_string(day.bucket.ms) + " " + std::to_string(day.created + day.replied));
    for (const Quarantined& q : must(s.views->quarantined("ticket"))) out.push_back(q.rule);
    return out;
  };
  std::size_t looks = 0;
  for (int round = 0; round < 3; ++round) {
    s.shop.append(stranger, {conversation::NoteAdded{.at = monday}});
    s.shop.act(100);
    s.apply_all();
    const auto before = listed();
    const auto hashes = s.hashes();
    REQUIRE(before.size() > 6);
    s.rows.around_write([&] {
      ++looks;
      CHECK(listed() == before);
      CHECK(s.hashes() == hashes);
    });
    REQUIRE(s.views->flush().has_value());
    s.rows.around_write({});
    CHECK(listed() == before);
  }
  CHECK(looks >= 3 * s.views->names().size());
}
