#include "adapters/memory/memory_rows.h"

#include "tests/contract/row_store_contract.h"

namespace parlance::tests {
namespace {

class MemoryRowsFixture final : public RowStoreFixture {
 public:
  RowStore& store() override { return rows_; }
  void reopen() override {}
  void crash() override { rows_.lose_unflushed(); }

 private:
  MemoryRows rows_;
};

}  // namespace

TEST_CASE("rows in memory keep the contract") {
  row_store_contract([] { return std::make_unique<MemoryRowsFixture>(); });
}

TEST_CASE("a crash leaves rows in memory exactly as they were flushed") {
  MemoryRows rows;
  RowFamily* family = *rows.open("a");
  REQUIRE(family->write({put("kept", "1"), put("changed", "1"), put("removed", "1")}));
  REQUIRE(family->flush());
  REQUIRE(family->write({put("changed", "2"), erase("removed"), put("new", "2")}));
  REQUIRE(family->write({put("changed", "3"), put("removed", "3"), erase("new"), erase("kept")}));
  REQUIRE((*rows.open("b"))->write({put("k", "v")}));
  rows.lose_unflushed();
  CHECK(row_text(*family, "kept") == "1");
  CHECK(row_text(*family, "changed") == "1");
  CHECK(row_text(*family, "removed") == "1");
  CHECK_FALSE(row_text(*family, "new"));
  CHECK_FALSE(row_text(**rows.open("b"), "k"));
}

}  // namespace parlance::tests
