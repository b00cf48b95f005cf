#include "adapters/rocksdb/cached_rows.h"

#include <algorithm>

#include "adapters/memory/memory_rows.h"
#include "adapters/rocksdb/rocks_rows.h"
#include "tests/contract/row_store_contract.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t mib = 1024 * 1024;
using std::chrono::hours;

std::unique_ptr<RowStore> open_cached(const fs::path& dir) {
  auto opened = open_rocks_rows(dir, {.cache_bytes = 8 * mib, .write_buffer_bytes = 16 * mib});
  REQUIRE(opened);
  return cache_rows(std::move(*opened));
}

class CachedFixture final : public RowStoreFixture {
 public:
  CachedFixture() : store_(open_cached(dir())) {}
  RowStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = open_cached(dir());
  }
  void crash() override {
    const fs::path before = dir();
    ++images_;
    fs::copy(before, dir(), fs::copy_options::recursive);
    store_.reset();
    store_ = open_cached(dir());
  }

 private:
  [[nodiscard]] fs::path dir() const { return temp_ / ("rows" + std::to_string(images_)); }
  TempDir temp_;
  int images_ = 0;
  std::unique_ptr<RowStore> store_;
};

/// Counts what reaches it, and refuses writes when told to.
class Watched final : public RowStore, public RowFamily {
 public:
  struct Seen {
    std::size_t gets = 0, writes = 0, rows = 0;
    bool sorted = true;
    std::optional<Error> refuse;
  };
  explicit Watched(Seen& seen) : seen_(seen), rows_(**memory_.open("a")) {}

  std::vector<std::string> families() const override { return memory_.families(); }
  Result<RowFamily*> open(std::string_view) override { return static_cast<RowFamily*>(this); }
  Result<void> drop(std::string_view name) override { return memory_.drop(name); }
  Result<void> renew() override { return memory_.renew(); }

  Result<std::optional<Bytes>> get(ByteView key) const override {
    ++seen_.gets;
    return rows_.get(key);
  }
  Result<void> scan(ByteView from, ByteView to,
                    const std::function<bool(ByteView, ByteView)>& sink) const override {
    return rows_.scan(from, to, sink);
  }
  Result<void> write_all(std::span<const RowChangeView> changes) override {
    if (seen_.refuse) return *seen_.refuse;
    ++seen_.writes;
    seen_.rows += changes.size();
    seen_.sorted = seen_.sorted &&
                   std::ranges::is_sorted(changes, std::ranges::lexicographical_compare, &RowChangeView::key);
    return rows_.write_all(changes);
  }
  Result<void> flush() override { return rows_.flush(); }

 private:
  Seen& seen_;
  MemoryRows memory_;
  RowFamily& rows_;
};

struct World {
  Watched::Seen seen;
  std::unique_ptr<RowStore> store;
  RowFamily* rows = nullptr;
  explicit World(CachedRowsOptions options = {.write_down_after = hours(1)}) {
    store = cache_rows(std::make_unique<Watched>(seen), options);
    rows = *store->open("a");
  }
};

}  // namespace

TEST_CASE("cached rows keep the contract") {
  row_store_contract([] { return std::make_unique<CachedFixture>(); });
}

TEST_CASE("a row that changes often is written down once, in order") {
  World world;
  for (int i = 0; i < 100; ++i)
    REQUIRE(world.rows->write({put("counter", std::to_string(i)), put("z" + std::to_string(99 - i), "")}));
  CHECK(world.seen.writes == 0);
  CHECK(row_text(*world.rows, "counter") == "99");
  REQUIRE(world.rows->flush());
  CHECK(world.seen.writes == 1);
  CHECK(world.seen.rows == 101);
  CHECK(world.seen.sorted);
}

TEST_CASE("a row is read from below once, and a changed one not at all") {
  World world;
  REQUIRE(world.rows->write({put("a", "1"), put("b", "2")}));
  REQUIRE(world.rows->flush());
  CHECK(row_text(*world.rows, "a") == "1");
  CHECK(row_text(*world.rows, "a") == "1");
  CHECK(world.seen.gets == 1);
  REQUIRE(world.rows->write({put("a", "3"), erase("b")}));
  CHECK(row_text(*world.rows, "a") == "3");
  CHECK(row_text(*world.rows, "b") == std::nullopt);
  REQUIRE(world.rows->flush());
  CHECK(row_text(*world.rows, "a") == "3");
  CHECK(row_text(*world.rows, "b") == std::nullopt);
}

TEST_CASE("what is kept is bounded, and what left is read again") {
  World world({.kept_bytes_max = 40'000, .write_down_after = hours(1)});
  for (int i = 0; i < 1000; ++i) REQUIRE(world.rows->write({put("k" + std::to_string(i), "v")}));
  REQUIRE(world.rows->flush());
  for (int i = 0; i < 1000; ++i) CHECK(row_text(*world.rows, "k" + std::to_string(i)) == "v");
  CHECK(world.seen.gets > 500);
}

TEST_CASE("a writer that is faster than the store below writes down itself") {
  World world({.changed_bytes_max = 1000, .write_down_after = hours(1)});
  for (int i = 0; i < 1000; ++i)
    REQUIRE(world.rows->write({put("k" + std::to_string(i), std::string(100, 'v'))}));
  REQUIRE(world.rows->flush());
  CHECK(world.seen.writes > 10);
  CHECK(world.seen.rows == 1000);
}

TEST_CASE("a write-down that fails is told to the next writer and to all after it; reads go on") {
  World world;
  REQUIRE(world.rows->write({put("a", "1")}));
  world.seen.refuse = unavailable("rows.io", "a bad disk");
  CHECK(world.rows->flush().error().rule == "rows.io");
  CHECK(world.rows->write({put("b", "2")}).error().rule == "rows.io");
  world.seen.refuse.reset();
  CHECK(!world.rows->flush());
  CHECK(row_text(*world.rows, "a") == "1");
  CHECK(row_text(*world.rows, "b") == std::nullopt);
}

TEST_CASE(
    "while the disk is full rows stay in memory and are read from there, and go down when there is space") {
  World world({.changed_bytes_max = 10'000, .write_down_after = hours(1)});
  REQUIRE(world.rows->write({put("a", "1"), put("c", "1"), put("e", "1"), put("g", "1")}));
  REQUIRE(world.rows->flush());
  world.seen.refuse = Error{Errc::read_only, "rows.no_space"};
  REQUIRE(world.rows->write({put("b", "2"), put("c", "2"), erase("e")}));
  CHECK(world.rows->flush().error().rule == "rows.no_space");
  REQUIRE(world.rows->write({put("b", "3"), put("h", "3")}));
  const auto all = [&](std::string_view from, std::string_view to, std::size_t most = SIZE_MAX) {
    std::string seen;
    REQUIRE(world.rows->scan(as_bytes(from), as_bytes(to), [&](ByteView key, ByteView value) {
      seen += std::string(as_text(key)) + std::string(as_text(value)) + " ";
      // Whoever reads may ask again.
      CHECK(world.rows->get(key).value().has_value());
      CHECK(world.rows->scan(key, key, [](ByteView, ByteView) { return true; }));
      return --most > 0;
    }));
    return seen;
  };
  CHECK(all("", "") == "a1 b3 c2 g1 h3 ");
  CHECK(all("b", "c") == "b3 ");
  CHECK(all("d", "g").empty());
  CHECK(all("", "", 2) == "a1 b3 ");
  SUBCASE("with space they go down, once") {
    world.seen.refuse.reset();
    world.seen.rows = 0;
    REQUIRE(world.rows->flush());
    CHECK(world.seen.rows == 4);
    CHECK(all("", "") == "a1 b3 c2 g1 h3 ");
  }
  SUBCASE("memory is bounded") {
    Result<void> written;
    int rows = 0;
    for (; written && rows < 1000; ++rows)
      written = world.rows->write({put("m" + std::to_string(rows), std::string(1000, 'v'))});
    CHECK(written.error().rule == "rows.no_space");
    CHECK(rows < 50);
  }
}

TEST_CASE("what changed is written down before the end") {
  Watched::Seen seen;
  {
    const auto store = cache_rows(std::make_unique<Watched>(seen), {.write_down_after = hours(1)});
    REQUIRE((*store->open("a"))->write({put("a", "1")}));
  }
  CHECK(seen.rows == 1);
}

}  // namespace parlance::tests
