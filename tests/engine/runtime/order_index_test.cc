// From an order's number to the conversations in which it was named.
#include "engine/runtime/order_index.h"

#include "tests/support/engine_fixture.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
Outcome about(EngineFixture& desk, const std::string& from, const std::string& order) {
  Request request = desk.message({.from = from, .text = "where is it?"});
  std::get<Arrive>(request.action).content.order = order;
  return desk.done(std::move(request));
}
std::vector<ConversationId> found(EngineFixture& desk, std::string_view order) {
  auto ids = desk.engine().conversations_of_order(desk.workspace, order);
  REQUIRE(ids);
  std::ranges::sort(*ids);
  return std::move(*ids);
}
std::vector<ConversationId> sorted(std::vector<ConversationId> ids) {
  std::ranges::sort(ids);
  return ids;
}
}  // namespace

TEST_CASE("conversations are found by the order that a message in them names, however it is written") {
  EngineFixture desk;
  const auto first = desk.conversation_of(about(desk, "ann@example.com", "DE-1042"));
  const auto second = desk.conversation_of(about(desk, "bob@example.com", " #de-1042 "));
  const auto other = desk.conversation_of(about(desk, "cem@example.com", "DE-1043"));
  desk.open({.from = "dan@example.com"});
  SUBCASE("at once") {}
  SUBCASE("after a restart") { desk.restart(); }
  SUBCASE("after a crash") { desk.crash(); }
  SUBCASE("after the rows were lost") { desk.crash_and_lose_rows(); }
  for (const char* written : {"DE-1042", "de-1042", "#DE-1042", "\tDE-1042 "})
    CHECK(found(desk, written) == sorted({first, second}));
  CHECK(found(desk, "DE-1043") == sorted({other}));
  CHECK(found(desk, "DE-104").empty());
  // The same words in another workspace are another order.
  const auto elsewhere = desk.engine().conversations_of_order(WorkspaceId::from({7, 7}), "DE-1042");
  REQUIRE(elsewhere);
  CHECK(elsewhere->empty());
}

TEST_CASE("several messages and several orders of one conversation find it once each") {
  EngineFixture desk;
  const auto id = desk.conversation_of(about(desk, "ann@example.com", "A-1"));
  about(desk, "ann@example.com", "A-1");
  about(desk, "ann@example.com", "B-2");
  CHECK(found(desk, "A-1") == sorted({id}));
  CHECK(found(desk, "B-2") == sorted({id}));
}

TEST_CASE("an erased customer is not found by an order, at once and after any restart") {
  EngineFixture desk;
  const Outcome erased = about(desk, "ann@example.com", "A-1");
  const auto kept = desk.conversation_of(about(desk, "bob@example.com", "A-1"));
  const auto rows = desk.engine().door().rows_of(desk.workspace, erased.subject);
  REQUIRE(rows);
  REQUIRE(desk.engine().door().destroy(*rows, 20'000));
  SUBCASE("at once") {}
  SUBCASE("after a restart") { desk.restart(); }
  SUBCASE("after the rows were lost") { desk.crash_and_lose_rows(); }
  CHECK(found(desk, "A-1") == sorted({kept}));
}

TEST_CASE("the order itself stands in no row") {
  EngineFixture desk;
  about(desk, "ann@example.com", "NEEDLE-4711");
  desk.settle();
  std::size_t rows = 0;
  REQUIRE(desk.fold_store().scan({}, {}, [&](ByteView key, ByteView value) {
    for (const ByteView bytes : {key, value})
      for (const char* written : {"NEEDLE-4711", "needle-4711"})
        CHECK(as_text(bytes).find(written) == std::string_view::npos);
    ++rows;
    return true;
  }));
  CHECK(rows > 5);
}

TEST_CASE("what is no order's number is refused, and finds nothing") {
  EngineFixture desk;
  for (const std::string& written :
       {std::string(), std::string("  "), std::string("#"), std::string("a\nb"), std::string(201, 'x'),
        std::string("\xff\xfe"), std::string(100'000, 'x')}) {
    const auto ids = desk.engine().conversations_of_order(desk.workspace, written);
    REQUIRE_FALSE(ids);
    CHECK(ids.error().code == Errc::invalid);
    CHECK(ids.error().rule.starts_with("order."));
  }
}
