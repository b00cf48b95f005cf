#include "adapters/rocksdb/rocks_rows.h"

#include <algorithm>
#include <fstream>

#include "tests/contract/row_store_contract.h"
#include "tests/support/faulty_files.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t mib = 1024 * 1024;
RocksRowsOptions small_options() { return {.cache_bytes = 8 * mib, .write_buffer_bytes = 16 * mib}; }

std::unique_ptr<RowStore> open_rows(const fs::path& dir, const RocksRowsOptions& options = small_options()) {
  auto opened = open_rocks_rows(dir, options);
  REQUIRE(opened);
  return std::move(*opened);
}

class RocksRowsFixture final : public RowStoreFixture {
 public:
  RocksRowsFixture() : store_(open_rows(dir())) {}
  RowStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = open_rows(dir());
  }
  void crash() override {
    // The files as they are while the process runs are what a kill leaves; a close would flush.
    const fs::path before = dir();
    ++images_;
    fs::copy(before, dir(), fs::copy_options::recursive);
    store_.reset();
    store_ = open_rows(dir());
  }

 private:
  [[nodiscard]] fs::path dir() const { return temp_ / ("rows" + std::to_string(images_)); }
  TempDir temp_;
  int images_ = 0;
  std::unique_ptr<RowStore> store_;
};

/// Row `i` of a thousand that do not compress to nothing.
std::string value_of(int i) {
  std::string value;
  for (std::uint32_t n = static_cast<std::uint32_t>(i) + 1; value.size() < 100;) {
    n = n * 1664525U + 1013904223U;
    value += static_cast<char>(n >> 24);
  }
  return value;
}

enum class Outcome { refused, corrupt_read, whole, empty, wrong };

Outcome look(const fs::path& dir) {
  auto opened = open_rocks_rows(dir, small_options());
  if (!opened) {
    CHECK((opened.error().code == Errc::corrupt || opened.error().code == Errc::newer));
    return Outcome::refused;
  }
  const auto family = (*opened)->open("a");
  if (!family) return Outcome::refused;
  int next = 0;
  bool same = true;
  const auto scanned = (*family)->scan({}, {}, [&](ByteView, ByteView value) {
    same = same && as_text(value) == value_of(next++);
    return true;
  });
  if (!scanned) {
    CHECK(scanned.error().code != Errc::refused);
    return Outcome::corrupt_read;
  }
  if (next == 0) return Outcome::empty;
  return same && next == 1000 ? Outcome::whole : Outcome::wrong;
}

}  // namespace

TEST_CASE("rows in RocksDB keep the contract") {
  row_store_contract([] { return std::make_unique<RocksRowsFixture>(); });
}

TEST_CASE("a store that is open is refused as locked, also for destroying") {
  const TempDir temp;
  {
    const auto store = open_rows(temp / "rows");
    CHECK(open_rocks_rows(temp / "rows").error().code == Errc::locked);
    CHECK(destroy_rocks_rows(temp / "rows").error().code == Errc::locked);
  }
  open_rows(temp / "rows");
}

TEST_CASE("a destroyed store is empty, and destroying none is no error") {
  const TempDir temp;
  REQUIRE(destroy_rocks_rows(temp / "rows"));
  {
    const auto store = open_rows(temp / "rows");
    REQUIRE((*store->open("a"))->write({put("k", "v")}));
  }
  REQUIRE(destroy_rocks_rows(temp / "rows"));
  REQUIRE(destroy_rocks_rows(temp / "rows"));
  CHECK(open_rows(temp / "rows")->families().empty());
}

TEST_CASE(
    "one byte flipped anywhere in a store is refused, found by the read, or harmless; then it is destroyed "
    "and made anew") {
  const TempDir temp;
  const fs::path dir = temp / "rows";
  {
    const auto store = open_rows(dir);
    RowFamily* family = *store->open("a");
    std::vector<RowChange> changes;
    for (int i = 0; i < 1000; ++i) changes.push_back(put("key" + std::to_string(10000 + i), value_of(i)));
    REQUIRE(family->write(changes));
  }
  const auto contents = [](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(dir / "rows")) files.push_back(entry.path().filename());
  std::ranges::sort(files);
  int found = 0;
  for (const fs::path& file : files) {
    const std::size_t size = fs::file_size(dir / "rows" / file);
    for (std::size_t i = 0; size > 0 && i <= 8; ++i) {
      CAPTURE(file.string());
      const std::size_t at = (size - 1) * i / 8;
      CAPTURE(at);
      const fs::path image = temp / "image";
      fs::copy(dir, image, fs::copy_options::recursive);
      std::string bytes = contents(image / "rows" / file);
      bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
      std::ofstream(image / "rows" / file, std::ios::binary | std::ios::trunc) << bytes;
      const Outcome outcome = look(image);
      // A store that lost whole flushes is an earlier state of itself: its applied offset says so, and the rest is folded again.
      CHECK(outcome != Outcome::wrong);
      if (outcome == Outcome::refused || outcome == Outcome::corrupt_read) {
        ++found;
        REQUIRE(destroy_rocks_rows(image));
        CHECK(look(image) == Outcome::empty);
      }
      fs::remove_all(image);
    }
  }
  CHECK(found > 10);
}

TEST_CASE("after a full disk a store takes writes again as soon as there is space") {
  for (int nth = 1; nth <= 12; ++nth) {
    CAPTURE(nth);
    const TempDir temp;
    FaultyFiles files;
    RocksRowsOptions options = small_options();
    options.env = files.env();
    const auto store = open_rows(temp / "rows", options);
    RowFamily* family = *store->open("a");
    files.fill_up_at(nth);
    Result<void> flushed;
    for (int i = 0; flushed && i < 20; ++i) {
      REQUIRE(family->write({put("k" + std::to_string(i), "1")}));
      flushed = family->flush();
    }
    CHECK(flushed.error().code == Errc::read_only);
    CHECK(family->flush().error().code == Errc::read_only);
    CHECK(row_text(*family, "k0") == "1");
    files.set_full(false);
    CHECK(family->write({put("k", "2")}));
    CHECK(family->flush());
    CHECK(row_text(*family, "k0") == "1");
    CHECK(row_text(*family, "k") == "2");
  }
}

TEST_CASE("a full disk and a failed sync answer the flush, and the flushed rows are still there") {
  for (const bool full : {true, false}) {
    CAPTURE(full);
    const TempDir temp;
    FaultyFiles files;
    RocksRowsOptions options = small_options();
    options.env = files.env();
    {
      const auto store = open_rows(temp / "rows", options);
      RowFamily* family = *store->open("a");
      REQUIRE(family->write({put("k", "1")}));
      REQUIRE(family->flush());
      REQUIRE(family->write({put("k", "2")}));
      full ? files.set_full(true) : files.fail_sync(1);
      const auto flushed = family->flush();
      REQUIRE_FALSE(flushed);
      CHECK((flushed.error().code == Errc::read_only || flushed.error().code == Errc::unavailable));
      CHECK(row_text(*family, "k") == "2");
    }
    files.lose_unsynced();
    const auto store = open_rows(temp / "rows", options);
    const auto value = row_text(**store->open("a"), "k");
    CHECK((value == "1" || value == "2"));
  }
}

}  // namespace parlance::tests
