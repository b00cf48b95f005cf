#include "engine/base/id.h"

#include <limits>
#include <random>
#include <unordered_set>
#include <vector>

#include <doctest/doctest.h>

#include "engine/base/bytes.h"
#include "tests/support/print.h"

namespace parlance {
namespace {

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
constexpr Instant noon{1'764'000'000'000};

/// Ids of every shape: bounds, single bits, and some at random.
std::vector<RawId> many_ids() {
  std::vector<RawId> out{{0, 0}, {all_ones, all_ones}, {0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210}};
  for (int bit = 0; bit < 64; ++bit) {
    out.push_back({std::uint64_t{1} << bit, 0});
    out.push_back({0, std::uint64_t{1} << bit});
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t high = random();
    out.push_back({high, random()});
  }
  return out;
}

TEST_CASE("an id is its prefix and 26 characters of base32") {
  CHECK(to_text(ConversationId{}) == "cnv_00000000000000000000000000");
  CHECK(to_text(QueueId{{0, 1}}) == "que_00000000000000000000000001");
  CHECK(to_text(QueueId{{0, 31}}) == "que_0000000000000000000000000z");
  CHECK(to_text(QueueId{{0, 32}}) == "que_00000000000000000000000010");
  CHECK(to_text(AgentId{{all_ones, all_ones}}) == "agt_7zzzzzzzzzzzzzzzzzzzzzzzzz");
  // By hand: 0x8000...0 is bit 127, the top of the first character's three bits.
  CHECK(to_text(AgentId{{std::uint64_t{1} << 63, 0}}) == "agt_40000000000000000000000000");
}
TEST_CASE("every id reads back from its text and from its bytes") {
  for (const RawId& id : many_ids()) {
    CHECK(parse_id<ConversationId>(to_text(ConversationId::from(id))) ==
          Result<ConversationId>(ConversationId::from(id)));
    CHECK(RawId::from_bytes(id.bytes()) == id);
  }
}
TEST_CASE("ids sort alike as numbers, as bytes and as text") {
  const std::vector<RawId> ids = many_ids();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const RawId& a = ids[i];
    const RawId& b = ids[(i * 7 + 3) % ids.size()];
    CHECK((a < b) == (a.bytes() < b.bytes()));
    CHECK((a < b) == (to_text(ConversationId::from(a)) < to_text(ConversationId::from(b))));
  }
}
TEST_CASE("an id is made of a moment, a slot and chance, and sorts by the moment") {
  const RawId random{all_ones, 0x1122'3344'5566'7788};
  const RawId id = make_raw_id(noon, 0xab, random);
  CHECK(id.slot() == 0xab);
  CHECK((id.high >> 16) == static_cast<std::uint64_t>(noon.ms));
  CHECK((id.high & 0xff) == 0xff);
  CHECK(id.low == random.low);
  CHECK(make_raw_id(noon, 255, random) < make_raw_id(noon + 1, 0, {}));
  for (int slot = 0; slot < 256; ++slot) CHECK(make_raw_id(noon, static_cast<Slot>(slot), {}).slot() == slot);
}
TEST_CASE("no moment spills into other ids' bits") {
  for (const std::int64_t ms : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(), instant_max.ms}) {
    const RawId id = make_raw_id({ms}, 7, {});
    CHECK(id.slot() == 7);
    CHECK(id.low == 0);
  }
}
TEST_CASE("what is not exactly an id of this kind is refused") {
  const std::string good = to_text(QueueId{{1, 2}});
  REQUIRE(parse_id<QueueId>(good).has_value());
  const auto refuses = [](std::string_view text) {
    CAPTURE(text);
    const auto parsed = parse_id<QueueId>(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == Errc::invalid);
    CHECK(parsed.error().rule == "id.malformed");
  };
  refuses("");
  refuses("que");
  refuses("que_");
  refuses(good.substr(1));
  refuses(good.substr(0, good.size() - 1));
  refuses(good + '0');
  refuses(' ' + good);
  refuses(good + '\0');
  refuses(to_text(AgentId{{1, 2}}));
  refuses("QUE" + good.substr(3));
  refuses("que-" + good.substr(4));
  refuses(std::string(1'000'000, 'q'));
  // The first character holds three bits: 8 and above would be a 131st bit.
  for (const char c : std::string_view("89abcdefghjkmnpqrstvwxyz"))
    refuses("que_" + std::string(1, c) + good.substr(5));
  // Neither upper case nor the letters that Crockford leaves out, and no byte that is no character at all.
  for (int c = 0; c < 256; ++c) {
    if (std::string_view("0123456789abcdefghjkmnpqrstvwxyz").find(static_cast<char>(c)) !=
        std::string_view::npos)
      continue;
    refuses(good.substr(0, good.size() - 1) + static_cast<char>(c));
  }
}
TEST_CASE("zero is no id") {
  CHECK_FALSE(static_cast<bool>(AgentId{}));
  CHECK(static_cast<bool>(AgentId{{0, 1}}));
  CHECK(static_cast<bool>(AgentId{{1, 0}}));
}
TEST_CASE("ids and streams serve as keys") {
  std::unordered_set<ConversationId> ids;
  std::unordered_set<StreamId> streams;
  for (const RawId& id : many_ids()) {
    ids.insert(ConversationId::from(id));
    streams.insert({Category::conversation, id});
    streams.insert({Category::subject, id});
  }
  CHECK(ids.size() == many_ids().size());
  CHECK(streams.size() == 2 * ids.size());
}

TEST_CASE("a position is three numbers with colons, and reads back") {
  CHECK(to_text(Position{1, 3, 1842}) == "1:3:1842");
  for (const Position& p : {Position{}, Position{0, 0, 0}, Position{4294967295U, 65535, all_ones}})
    CHECK(parse_position(to_text(p)) == Result<Position>(p));
}
TEST_CASE("positions sort by generation, partition and offset") {
  CHECK(Position{1, 9, 9} < Position{2, 0, 0});
  CHECK(Position{1, 1, 9} < Position{1, 2, 0});
  CHECK(Position{1, 1, 1} < Position{1, 1, 2});
}
TEST_CASE("what is not exactly a position is refused") {
  for (const std::string_view text : std::initializer_list<std::string_view>{"",
                                                                             ":",
                                                                             "::",
                                                                             "1",
                                                                             "1:2",
                                                                             "1:2:",
                                                                             "1::3",
                                                                             ":2:3",
                                                                             "1:2:3:",
                                                                             "1:2:3:4",
                                                                             " 1:2:3",
                                                                             "1:2:3 ",
                                                                             "1: 2:3",
                                                                             "+1:2:3",
                                                                             "-1:2:3",
                                                                             "1:-2:3",
                                                                             "1:2:-3",
                                                                             "1.0:2:3",
                                                                             "0x1:2:3",
                                                                             "1:2:3e1",
                                                                             "a:b:c",
                                                                             "1,2,3",
                                                                             "01:2:3",
                                                                             "1:02:3",
                                                                             "1:2:03",
                                                                             "00:0:0",
                                                                             "4294967296:0:0",
                                                                             "0:65536:0",
                                                                             "0:0:18446744073709551616",
                                                                             "99999999999999999999:0:0",
                                                                             std::string_view("1:2:3\0", 6),
                                                                             "\xef\xbc\x91:2:3"}) {
    CAPTURE(text);
    const auto parsed = parse_position(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == Errc::invalid);
    CHECK(parsed.error().rule == "position.malformed");
  }
}

}  // namespace
}  // namespace parlance
