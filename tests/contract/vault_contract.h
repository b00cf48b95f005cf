#pragma once
#include "tests/contract/log_fixture.h"

/// What every Vault does.
namespace parlance::tests {

inline void vault_contract(const MakeLog& make) {
  using Rows = std::vector<std::pair<std::string, std::string>>;
  constexpr auto capsules = VaultFamily::capsules;
  constexpr auto rows = VaultFamily::rows;
  constexpr auto tombstones = VaultFamily::tombstones;
  const auto scan = [](const Vault& vault, VaultFamily family, std::size_t enough = 1000) {
    Rows found;
    const auto done = vault.scan(family, [&](ByteView key, ByteView value) {
      found.emplace_back(as_text(key), as_text(value));
      return found.size() < enough;
    });
    REQUIRE(done);
    return found;
  };
  const auto fixture = make(1);

  SUBCASE("a new vault holds nothing") {
    CHECK_FALSE(vault_text(fixture->vault(), capsules, "c"));
    for (const VaultFamily family : {capsules, rows, tombstones})
      CHECK(scan(fixture->vault(), family).empty());
  }

  SUBCASE("a row is in its own family alone") {
    REQUIRE(fixture->vault().write({row_of(rows, "k", "v")}, {}));
    CHECK(vault_text(fixture->vault(), rows, "k") == "v");
    CHECK_FALSE(vault_text(fixture->vault(), capsules, "k"));
    CHECK_FALSE(vault_text(fixture->vault(), rows, "kk"));
    CHECK_FALSE(vault_text(fixture->vault(), rows, ""));
  }

  SUBCASE("a write puts and removes in one step, and stays") {
    append_one(*fixture, 0,
               record_of("r", {row_of(rows, "a", "1"), row_of(rows, "b", "2"), row_of(capsules, "c", "3")}));
    REQUIRE(fixture->vault().write(
        {row_of(tombstones, "a", "day"), row_of(rows, "b", "new")},
        {row_of(rows, "a", ""), row_of(capsules, "c", ""), row_of(capsules, "absent", "")}));
    for (int opening = 0; opening < 2; ++opening) {
      CHECK(scan(fixture->vault(), rows) == Rows{{"b", "new"}});
      CHECK(scan(fixture->vault(), capsules).empty());
      CHECK(scan(fixture->vault(), tombstones) == Rows{{"a", "day"}});
      fixture->reopen();
    }
    CHECK(fixture->log().end(0) == 1);
  }

  SUBCASE("a write of nothing succeeds") { CHECK(fixture->vault().write({}, {})); }

  SUBCASE("a scan is in the order of the keys' bytes and stops when told") {
    REQUIRE(fixture->vault().write({row_of(rows, "b", "2"), row_of(rows, "\xff", "4"), row_of(rows, "a", "1"),
                                    row_of(rows, "ba", "3"), row_of(rows, std::string_view("\0", 1), "0")},
                                   {}));
    CHECK(scan(fixture->vault(), rows) ==
          Rows{{std::string("\0", 1), "0"}, {"a", "1"}, {"b", "2"}, {"ba", "3"}, {"\xff", "4"}});
    CHECK(scan(fixture->vault(), rows, 2).size() == 2);
  }

  SUBCASE("the last of several values for a key counts") {
    append_one(*fixture, 0, record_of("r1", {row_of(rows, "k", "1")}));
    append_one(*fixture, 0, record_of("r2", {row_of(rows, "k", "2"), row_of(rows, "k", "3")}));
    CHECK(vault_text(fixture->vault(), rows, "k") == "3");
    CHECK(scan(fixture->vault(), rows) == Rows{{"k", "3"}});
  }
}

}  // namespace parlance::tests
