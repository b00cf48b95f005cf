#include <fstream>

#include "tests/adapters/embedded/embedded_fixture.h"
#include "tests/contract/event_log_contract.h"
#include "tests/contract/vault_contract.h"
#include "tests/support/faulty_files.h"

namespace parlance::tests {
namespace {

MakeLog with(const EmbeddedLogOptions& options) {
  return [options](PartitionId partitions) { return std::make_unique<EmbeddedFixture>(partitions, options); };
}

}  // namespace

TEST_CASE("the embedded log keeps the contract") { event_log_contract(with({})); }

TEST_CASE("the embedded log keeps the contract when nothing is served from memory") {
  event_log_contract(with({.recent_bytes = 0}));
}

TEST_CASE("the embedded log serves many owners and readers at once") {
  event_log_threads_contract(with({}));
  event_log_threads_contract(with({.recent_bytes = 2000}));
}

TEST_CASE("appends that wait together, of all partitions and of the vault, share one sync") {
  FaultyFiles files;
  EmbeddedFixture fixture(3, {.env = files.env()});
  append_one(fixture, 0, record_of("first"));
  Reports reports;
  Reports finished;
  int before = 0;
  const AppendDone done = finished.done();
  std::vector<Record> records;
  records.push_back(record_of("second"));
  fixture.log().append(0, std::move(records), [&](std::size_t index, Result<Offset> offset) {
    // On the writer's own thread, so all of these wait when it comes back.
    before = files.syncs();
    for (int i = 0; i < 300; ++i) {
      std::vector<Record> more;
      more.push_back(record_of("r", {row_of(VaultFamily::capsules, std::to_string(i), "sealed")}));
      fixture.log().append(static_cast<PartitionId>(i % 3), std::move(more), reports.done());
    }
    done(index, std::move(offset));
  });
  (void)finished.wait_for(1);
  for (const auto& report : reports.wait_for(300)) CHECK(report.offset);
  CHECK(files.syncs() == before + 1);
}

TEST_CASE("what was removed from the vault is in no file after a purge") {
  EmbeddedFixture fixture(2);
  const auto is_in_a_file = [&](std::string_view needle) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.dir())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (text.find(needle) != std::string::npos) return true;
    }
    return false;
  };
  append_one(fixture, 0,
             record_of("r", {row_of(VaultFamily::capsules, "c1", "ciphertext one"),
                             row_of(VaultFamily::capsules, "c2", "ciphertext two"),
                             row_of(VaultFamily::rows, "k1", "wrapped key one")}));
  fixture.reopen();
  append_one(fixture, 1, record_of("s", {row_of(VaultFamily::capsules, "c3", "ciphertext three")}));
  REQUIRE(
      fixture.vault().write({row_of(VaultFamily::tombstones, "k1", "day")},
                            {row_of(VaultFamily::capsules, "c1", ""), row_of(VaultFamily::capsules, "c3", ""),
                             row_of(VaultFamily::rows, "k1", "")}));
  CHECK(is_in_a_file("ciphertext one"));
  CHECK(is_in_a_file("ciphertext three"));
  REQUIRE(fixture.embedded().purge());
  for (const char* needle : {"ciphertext one", "ciphertext three", "wrapped key one"}) {
    CAPTURE(needle);
    CHECK_FALSE(is_in_a_file(needle));
  }
  CHECK(vault_text(fixture.vault(), VaultFamily::capsules, "c2") == "ciphertext two");
  CHECK(*append_one(fixture, 1, record_of("t")) == 1);
  fixture.reopen();
  CHECK(vault_text(fixture.vault(), VaultFamily::capsules, "c2") == "ciphertext two");
  CHECK(vault_text(fixture.vault(), VaultFamily::tombstones, "k1") == "day");
  CHECK(read_all(fixture.log(), 1) == std::vector<std::string>{"s", "t"});
}

TEST_CASE("a purge that would use up the reserve is refused") {
  std::uint64_t free = 1000;
  EmbeddedFixture fixture(1, {.space_reserve_bytes = 1000, .free_bytes = [&] { return free; }});
  append_one(fixture, 0, record_of("r", {row_of(VaultFamily::capsules, "c", "v")}));
  fixture.reopen();
  CHECK(fixture.embedded().purge().error().code == Errc::read_only);
  free = 1'000'000;
  CHECK(fixture.embedded().purge());
}

TEST_CASE("the embedded vault keeps the contract") { vault_contract(with({})); }

}  // namespace parlance::tests
