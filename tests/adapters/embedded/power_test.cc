#include <set>

#include "tests/adapters/embedded/embedded_fixture.h"
#include "tests/support/faulty_files.h"

namespace parlance::tests {
namespace {

constexpr PartitionId partitions = 2;
constexpr int events = 40;

std::string text_of(PartitionId p, Offset offset) { return std::to_string(p) + "/" + std::to_string(offset); }

/// What a client was told is done.
struct Told {
  std::vector<Offset> ends = std::vector<Offset>(partitions);
  std::set<std::string> erased;  ///< capsules
  std::set<std::string> asked;   ///< to be erased, perhaps done
};

class Machine {
 public:
  Machine() { REQUIRE(create_embedded_log(temp_ / "data", test_log, 1, partitions)); }

  /// What a desk does to its log, small: messages, an erasure now and then, what was erased purged, a restart. It ends where the
  /// power does; nothing is acknowledged after that. Whether it came to its end.
  bool work(Told& told) {
    if (!start()) return false;
    for (int i = 0; i < events; ++i) {
      const auto p = static_cast<PartitionId>(i % partitions);
      const std::string text = text_of(p, told.ends[p]);
      const auto offset =
          append_one(*fixture_, p, record_of(text, {row_of(VaultFamily::capsules, text, "sealed")}));
      if (!offset) return false;
      REQUIRE(*offset == told.ends[p]++);
      if (i % 8 == 5) {
        told.asked.insert(text);
        if (!fixture_->vault().write({row_of(VaultFamily::tombstones, text, "day")},
                                     {row_of(VaultFamily::capsules, text, "")}))
          return false;
        told.erased.insert(text);
      }
      if (i % 16 == 11 && !fixture_->embedded().purge()) return false;
      if (i % 16 == 15) {
        stop();
        if (!start()) return false;
      }
    }
    return true;
  }

  bool start() {
    auto opened = open_embedded_log(temp_ / "data", {.fail_stop = [](const Error&) {}, .env = files_.env()});
    if (!opened) {
      why_ = opened.error().detail;
      return false;
    }
    fixture_ = std::make_unique<Opened>(std::move(*opened));
    return true;
  }
  void stop() { fixture_.reset(); }

  /// All that was acknowledged is there, and what is there beside is whole.
  void check(const Told& told) {
    for (PartitionId p = 0; p < partitions; ++p) {
      const auto texts = read_all(fixture_->log(), p);
      REQUIRE(texts.size() == fixture_->log().end(p));
      REQUIRE(texts.size() >= told.ends[p]);
      for (Offset offset = 0; offset < texts.size(); ++offset) {
        const std::string text = text_of(p, offset);
        REQUIRE(texts[offset] == text);
        const bool capsule = vault_text(fixture_->vault(), VaultFamily::capsules, text) == "sealed";
        const bool tombstone = vault_text(fixture_->vault(), VaultFamily::tombstones, text) == "day";
        REQUIRE(capsule != tombstone);
        if (told.erased.contains(text)) REQUIRE(tombstone);
        if (!told.asked.contains(text)) REQUIRE(capsule);
      }
    }
  }

  /// The next record of each partition, acknowledged.
  void go_on(Told& told) {
    for (PartitionId p = 0; p < partitions; ++p) {
      told.ends[p] = fixture_->log().end(p);
      const std::string text = text_of(p, told.ends[p]);
      const auto offset =
          append_one(*fixture_, p, record_of(text, {row_of(VaultFamily::capsules, text, "sealed")}));
      REQUIRE(offset);
      REQUIRE(*offset == told.ends[p]++);
    }
  }

  FaultyFiles& files() { return files_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  class Opened final : public LogFixture {
   public:
    explicit Opened(std::unique_ptr<EmbeddedLog> log) : log_(std::move(log)) {}
    EventLog& log() override { return *log_; }
    Vault& vault() override { return log_->vault(); }
    void reopen() override {}
    EmbeddedLog& embedded() { return *log_; }

   private:
    std::unique_ptr<EmbeddedLog> log_;
  };
  TempDir temp_;
  FaultyFiles files_;
  std::unique_ptr<Opened> fixture_;
  std::string why_;
};

/// Cuts the power at each `step`th change of the disk, beginning with `first`. Returns how many cuts there were.
int cut_everywhere(int first, int step, PowerLoss how) {
  for (int nth = first, cuts = 0;; nth += step, ++cuts) {
    CAPTURE(nth);
    Machine machine;
    Told told;
    machine.files().cut_power_at(nth);
    const bool done = machine.work(told);
    REQUIRE((done || machine.files().is_cut()));
    machine.stop();
    const bool cut = machine.files().is_cut();
    machine.files().lose_unsynced(how, static_cast<std::uint64_t>(nth));
    const bool started = machine.start();
    REQUIRE_MESSAGE(started, machine.why());
    machine.check(told);
    machine.go_on(told);
    machine.stop();
    machine.files().lose_unsynced();
    const bool again = machine.start();
    REQUIRE_MESSAGE(again, machine.why());
    machine.check(told);
    if (!cut) return cuts;
  }
}

}  // namespace

TEST_CASE("a power cut loses nothing acknowledged: unsynced bytes are gone") {
  CHECK(cut_everywhere(1, 31, PowerLoss::lost) > 10);
}
TEST_CASE("a power cut loses nothing acknowledged: unsynced bytes are torn") {
  CHECK(cut_everywhere(13, 31, PowerLoss::torn) > 10);
}
TEST_CASE("a power cut loses nothing acknowledged: unsynced pages are reordered") {
  CHECK(cut_everywhere(25, 31, PowerLoss::reordered) > 10);
}

// Some six minutes: tests_adapters_embedded --no-skip --test-case="every power cut*"
TEST_CASE("every power cut loses nothing acknowledged" * doctest::skip()) {
  for (const PowerLoss how : {PowerLoss::lost, PowerLoss::torn, PowerLoss::reordered})
    MESSAGE(cut_everywhere(1, 1, how), " cuts");
}

}  // namespace parlance::tests
