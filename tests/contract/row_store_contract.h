#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "engine/ports/row_store.h"
#include "tests/support/print.h"

/// What every RowStore does. An adapter's test is one TEST_CASE that calls this.
namespace parlance::tests {

class RowStoreFixture {
 public:
  virtual ~RowStoreFixture() = default;
  virtual RowStore& store() = 0;
  /// The store as an orderly end of the process leaves it; pointers to families are no longer valid.
  virtual void reopen() = 0;
  /// The store as a crash leaves it; likewise.
  virtual void crash() = 0;
};
using MakeRows = std::function<std::unique_ptr<RowStoreFixture>()>;

[[nodiscard]] inline RowChange put(std::string_view key, std::string_view value) {
  const ByteView k = as_bytes(key);
  const ByteView v = as_bytes(value);
  return {Bytes(k.begin(), k.end()), Bytes(v.begin(), v.end())};
}
[[nodiscard]] inline RowChange erase(std::string_view key) {
  const ByteView k = as_bytes(key);
  return {Bytes(k.begin(), k.end()), std::nullopt};
}
[[nodiscard]] inline std::optional<std::string> row_text(const RowFamily& family, std::string_view key) {
  const auto value = family.get(as_bytes(key));
  REQUIRE(value);
  if (!*value) return std::nullopt;
  return std::string(as_text(**value));
}

inline void row_store_contract(const MakeRows& make) {
  using Rows = std::vector<std::pair<std::string, std::string>>;
  const auto fixture = make();
  const auto family = [&](std::string_view name) {
    const auto opened = fixture->store().open(name);
    REQUIRE(opened);
    return *opened;
  };
  const auto scan = [](const RowFamily& rows, std::string_view from = "", std::string_view to = "",
                       std::size_t enough = 1000) {
    Rows found;
    REQUIRE(rows.scan(as_bytes(from), as_bytes(to), [&](ByteView key, ByteView value) {
      found.emplace_back(as_text(key), as_text(value));
      return found.size() < enough;
    }));
    return found;
  };

  SUBCASE("a new store has no families, and a new family no rows") {
    CHECK(fixture->store().families().empty());
    CHECK(scan(*family("a")).empty());
    CHECK_FALSE(row_text(*family("a"), "k"));
    CHECK(fixture->store().families() == std::vector<std::string>{"a"});
  }

  SUBCASE("opening a family again gives the same one") { CHECK(family("a") == family("a")); }

  SUBCASE("a family needs a name") { CHECK(fixture->store().open("").error().rule == "rows.family_name"); }

  SUBCASE("a batch is visible at once, in its own family alone") {
    REQUIRE(family("a")->write({put("k", "1"), put("", "empty key"), put("e", "")}));
    CHECK(row_text(*family("a"), "k") == "1");
    CHECK(row_text(*family("a"), "") == "empty key");
    CHECK(row_text(*family("a"), "e") == "");
    CHECK_FALSE(row_text(*family("b"), "k"));
    REQUIRE(family("a")->write({put("k", "2"), erase("e"), erase("absent")}));
    CHECK(scan(*family("a")) == Rows{{"", "empty key"}, {"k", "2"}});
    REQUIRE(family("a")->write({}));
  }

  SUBCASE("the last change of a key in a batch counts") {
    REQUIRE(family("a")->write({put("k", "1"), erase("k"), put("k", "3"), put("l", "1"), erase("l")}));
    CHECK(scan(*family("a")) == Rows{{"k", "3"}});
  }

  SUBCASE("a scan is in the order of the keys' bytes, from one key up to another, and stops when told") {
    RowFamily& rows = *family("a");
    REQUIRE(rows.write({put("b", "2"), put("a", "1"), put("ba", "3"), put("\xff\xff", "5"), put("\x7f", "4"),
                        put("", "0")}));
    CHECK(scan(rows) ==
          Rows{{"", "0"}, {"a", "1"}, {"b", "2"}, {"ba", "3"}, {"\x7f", "4"}, {"\xff\xff", "5"}});
    CHECK(scan(rows, "b") == Rows{{"b", "2"}, {"ba", "3"}, {"\x7f", "4"}, {"\xff\xff", "5"}});
    CHECK(scan(rows, "aa", "ba") == Rows{{"b", "2"}});
    CHECK(scan(rows, "ba", "b").empty());
    CHECK(scan(rows, "", "", 2).size() == 2);
    REQUIRE(rows.flush());
    REQUIRE(rows.write({erase("b"), put("c", "new")}));
    CHECK(scan(rows, "a", "d") == Rows{{"a", "1"}, {"ba", "3"}, {"c", "new"}});
  }

  SUBCASE("a scan sees the rows as they were when it began, whatever its sink writes") {
    RowFamily& rows = *family("a");
    REQUIRE(rows.write({put("a", "1"), put("b", "2"), put("c", "3")}));
    Rows found;
    REQUIRE(rows.scan({}, {}, [&](ByteView key, ByteView value) {
      found.emplace_back(as_text(key), as_text(value));
      if (found.size() == 1) REQUIRE(rows.write({erase("b"), put("c", "changed"), put("d", "4")}));
      CHECK(row_text(rows, "d") == "4");
      return true;
    }));
    CHECK(found == Rows{{"a", "1"}, {"b", "2"}, {"c", "3"}});
    CHECK(scan(rows) == Rows{{"a", "1"}, {"c", "changed"}, {"d", "4"}});
  }

  SUBCASE("an orderly end keeps everything") {
    REQUIRE(family("a")->write({put("k", "1")}));
    REQUIRE(family("b")->write({put("k", "2")}));
    REQUIRE(family("b")->flush());
    REQUIRE(family("b")->write({put("l", "3")}));
    fixture->reopen();
    CHECK(fixture->store().families() == std::vector<std::string>{"a", "b"});
    CHECK(scan(*family("a")) == Rows{{"k", "1"}});
    CHECK(scan(*family("b")) == Rows{{"k", "2"}, {"l", "3"}});
  }

  SUBCASE("a crash keeps what was flushed, and of the rest only whole batches in order") {
    RowFamily* rows = family("a");
    for (int batch = 1; batch <= 20; ++batch) {
      const std::string number = std::to_string(batch);
      REQUIRE(rows->write(
          {put("applied", number), put("row" + number, number), erase("row" + std::to_string(batch - 3))}));
      if (batch == 7) REQUIRE(rows->flush());
    }
    REQUIRE(family("b")->write({put("k", "unflushed")}));
    fixture->crash();
    rows = family("a");
    const auto applied = row_text(*rows, "applied");
    REQUIRE(applied);
    const int batch = std::stoi(*applied);
    CHECK(batch >= 7);
    CHECK(batch <= 20);
    CHECK(scan(*rows, "row", "rox").size() == 3);
    for (int kept = batch - 2; kept <= batch; ++kept) CHECK(row_text(*rows, "row" + std::to_string(kept)));
    REQUIRE(rows->write({put("applied", "21")}));
    CHECK(row_text(*rows, "applied") == "21");
  }

  SUBCASE("a dropped family is gone, also after a reopening, and its name may be used again") {
    REQUIRE(family("a")->write({put("k", "1")}));
    REQUIRE(family("a")->flush());
    REQUIRE(family("b")->write({put("k", "2")}));
    REQUIRE(fixture->store().drop("a"));
    CHECK(fixture->store().families() == std::vector<std::string>{"b"});
    CHECK(fixture->store().drop("a").error().code == Errc::not_found);
    CHECK(scan(*family("a")).empty());
    REQUIRE(fixture->store().drop("a"));
    fixture->reopen();
    CHECK(fixture->store().families() == std::vector<std::string>{"b"});
    CHECK(row_text(*family("b"), "k") == "2");
  }

  SUBCASE("a renewed store has the families it had, without a row, and goes on") {
    RowFamily* a = family("a");
    RowFamily* b = family("b");
    REQUIRE(a->write({put("k", "1")}));
    REQUIRE(a->flush());
    REQUIRE(b->write({put("k", "2")}));
    REQUIRE(fixture->store().renew());
    CHECK_FALSE(fixture->store().damage());
    CHECK(fixture->store().families() == std::vector<std::string>{"a", "b"});
    CHECK(family("a") == a);
    CHECK(scan(*a).empty());
    CHECK_FALSE(row_text(*b, "k"));
    REQUIRE(a->write({put("l", "3")}));
    REQUIRE(a->flush());
    fixture->reopen();
    CHECK(scan(*family("a")) == Rows{{"l", "3"}});
    CHECK(scan(*family("b")).empty());
  }

  SUBCASE("large rows and many of them") {
    RowFamily& rows = *family("a");
    const std::string large(2 * 1024 * 1024, 'x');
    std::vector<RowChange> changes;
    for (int i = 0; i < 5000; ++i) changes.push_back(put("n" + std::to_string(10000 + i), std::to_string(i)));
    changes.push_back(put("large", large));
    REQUIRE(rows.write(changes));
    REQUIRE(rows.flush());
    CHECK(row_text(rows, "large") == large);
    CHECK(row_text(rows, "n12345") == "2345");
    CHECK_FALSE(row_text(rows, "n1234"));
    std::size_t seen = 0;
    REQUIRE(rows.scan(as_bytes("n"), as_bytes("o"), [&](ByteView, ByteView) { return ++seen > 0; }));
    CHECK(seen == 5000);
  }
}

}  // namespace parlance::tests
