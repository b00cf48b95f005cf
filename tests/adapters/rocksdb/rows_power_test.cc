#include "adapters/rocksdb/cached_rows.h"
#include "adapters/rocksdb/rocks_rows.h"
#include "tests/contract/row_store_contract.h"
#include "tests/support/faulty_files.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {
namespace {

constexpr std::size_t mib = 1024 * 1024;
constexpr int batches = 30;

class Rows {
 public:
  explicit Rows(bool cached) : cached_(cached) {}

  /// Batch `n` writes a row of its own, removes the one before the last and says `n` in two others. Ends where the power does. `durable`
  /// is the last batch that a flush made so.
  bool work(int& durable) {
    if (!open()) return false;
    for (int n = 1; n <= batches; ++n) {
      const std::string number = std::to_string(n);
      std::vector<RowChange> batch{put("first", number), put("row" + number, number), put("zz last", number)};
      if (n > 2) batch.push_back(erase("row" + std::to_string(n - 2)));
      if (!family_->write(batch)) return false;
      if (n % 5 != 0) continue;
      if (!family_->flush()) return false;
      durable = n;
      if (n % 10 != 0) continue;
      close();
      if (!open()) return false;
    }
    return true;
  }

  /// Some earlier whole batch, and none before `durable`.
  void check(int durable) {
    const auto first = row_text(*family_, "first");
    const int n = first ? std::stoi(*first) : 0;
    REQUIRE(n >= durable);
    REQUIRE(row_text(*family_, "zz last") == first);
    for (int row = 1; row <= batches; ++row) {
      CAPTURE(row);
      const std::string number = std::to_string(row);
      const bool there = row == n || row == n - 1;
      REQUIRE(row_text(*family_, "row" + number) == (there ? std::optional(number) : std::nullopt));
    }
  }

  bool open() {
    auto opened = open_rocks_rows(
        temp_ / "rows", {.cache_bytes = 8 * mib, .write_buffer_bytes = 16 * mib, .env = files_.env()});
    if (!opened) return false;
    store_ = cached_ ? cache_rows(std::move(*opened)) : std::move(*opened);
    auto family = store_->open("a");
    if (family) family_ = *family;
    return family.has_value();
  }
  void close() { store_.reset(); }
  FaultyFiles& files() { return files_; }

 private:
  const bool cached_;
  TempDir temp_;
  FaultyFiles files_;
  std::unique_ptr<RowStore> store_;
  RowFamily* family_ = nullptr;
};

/// Cuts the power at each `step`th change of the disk, beginning with `first`. Returns how many cuts there were.
int cut_everywhere(int first, int step, bool cached, PowerLoss how) {
  for (int nth = first, cuts = 0;; nth += step, ++cuts) {
    CAPTURE(nth);
    Rows rows(cached);
    rows.files().cut_power_at(nth);
    int durable = 0;
    const bool done = rows.work(durable);
    REQUIRE((done || rows.files().is_cut()));
    rows.close();
    const bool cut = rows.files().is_cut();
    rows.files().lose_unsynced(how, static_cast<std::uint64_t>(nth));
    REQUIRE(rows.open());
    rows.check(durable);
    if (!cut) return cuts;
  }
}

}  // namespace

TEST_CASE("rows after a power cut are those of a whole batch, and none that was flushed is missing") {
  for (const bool cached : {false, true}) {
    CAPTURE(cached);
    CHECK(cut_everywhere(1, 11, cached, PowerLoss::lost) > 5);
    CHECK(cut_everywhere(4, 11, cached, PowerLoss::torn) > 5);
    CHECK(cut_everywhere(8, 11, cached, PowerLoss::reordered) > 5);
  }
}

// A minute: tests_adapters_rocksdb --no-skip --test-case="rows after every power cut"
TEST_CASE("rows after every power cut" * doctest::skip()) {
  for (const bool cached : {false, true})
    for (const PowerLoss how : {PowerLoss::lost, PowerLoss::torn, PowerLoss::reordered})
      MESSAGE(cut_everywhere(1, 1, cached, how), " cuts");
}

}  // namespace parlance::tests
