#include "engine/runtime/history.h"

#include <doctest/doctest.h>

#include "adapters/memory/memory_rows.h"
#include "tests/support/print.h"

namespace parlance {
namespace {

const StreamId kept_stream{Category::conversation, {7, 9}};

history::Entry entry(Version version) {
  const Instant at{1'700'000'000'000 + static_cast<std::int64_t>(version) * 90'000};
  // Late ones, early ones, two events of one envelope, and three actors in turn.
  const std::int64_t lag = version % 3 == 0 ? 86'400'000 : -5;
  return {version,
          static_cast<std::uint16_t>(100 + version % 20),
          {at.ms - lag},
          at,
          {version % 2 == 0 ? ActorKind::agent : ActorKind::customer, {version % 3, 1}},
          1'000'000 + version / 2,
          static_cast<std::uint16_t>(version % 2)};
}

std::vector<history::Entry> entries(Version from, Version to) {
  std::vector<history::Entry> out;
  for (Version v = from; v <= to; ++v) out.push_back(entry(v));
  return out;
}

}  // namespace

TEST_CASE("a block gives its entries back") {
  for (const Version last : {33U, 34U, 64U}) {
    const auto written = entries(33, last);
    CHECK(history::read_block(33, history::write_block(written)) == written);
  }
  CHECK(history::read_block(1, {})->empty());
}

TEST_CASE("an entry of one agent at work costs some 14 bytes") {
  std::vector<history::Entry> block = entries(1, 32);
  for (auto& e : block) e.actor = {ActorKind::agent, {1, 1}};
  CHECK(history::write_block(block).size() < 16 * block.size());
}

TEST_CASE("a damaged block is refused, not guessed at") {
  const Bytes good = history::write_block(entries(1, 5));
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    const auto read = history::read_block(1, ByteView(good).first(cut));
    if (read) CHECK(read->size() < 5);
  }
  Bytes endless(40, 0xff);
  CHECK(!history::read_block(1, endless));
  CHECK(!history::read_block(1, history::write_block(entries(1, 33))));
}

TEST_CASE("reading begins and ends anywhere, over the borders of blocks") {
  MemoryRows store;
  RowFamily& rows = **store.open("fold");
  for (Version first = 1; first <= 70; first += history::block_entries) {
    const Version last = std::min<Version>(70, first + history::block_entries - 1);
    const Bytes value = history::write_block(entries(first, last));
    REQUIRE(rows.write({{history::block_key(3, kept_stream, first), value}}));
  }
  for (const Version from : {1U, 2U, 32U, 33U, 64U, 65U, 70U})
    for (const std::size_t limit : {0U, 1U, 32U, 33U, 200U}) {
      const Version last = std::min<Version>(70, from + limit - 1);
      CHECK(*history::read(rows, 3, kept_stream, from, limit) ==
            (limit == 0 ? entries(1, 0) : entries(from, last)));
    }
  CHECK(history::read(rows, 3, kept_stream, 71, 10)->empty());
  CHECK(*history::read(rows, 3, kept_stream, 0, 1) == entries(1, 1));
  CHECK(history::read(rows, 2, kept_stream, 1, 10)->empty());
  REQUIRE(rows.write({{history::block_key(3, kept_stream, 1), Bytes{0xff}}}));
  CHECK(history::read(rows, 3, kept_stream, 1, 10).error().rule == "history.malformed");
}

}  // namespace parlance
