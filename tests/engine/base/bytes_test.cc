#include "engine/base/bytes.h"

#include <limits>

#include <doctest/doctest.h>

#include "engine/base/hash.h"

namespace parlance {
namespace {

enum class Colour : std::uint16_t { none = 0, green = 0x0102 };

TEST_CASE("what is written reads back, in order, to the last byte") {
  const RawId id{0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210};
  ByteWriter out;
  out.le(std::uint8_t{200}).le(std::int64_t{-2}).le(Colour::green).be(std::uint32_t{0xa1b2c3d4}).id(id);
  out.text("größe").text("").raw(as_bytes("rest"));
  const Bytes bytes = out.take();
  ByteReader in(bytes);
  CHECK(in.le<std::uint8_t>() == 200);
  CHECK(in.le<std::int64_t>() == -2);
  CHECK(in.le<Colour>() == Colour::green);
  CHECK(in.be<std::uint32_t>() == 0xa1b2c3d4);
  CHECK(in.id() == id);
  CHECK(in.text() == "größe");
  CHECK(in.text().empty());
  CHECK_FALSE(in.at_end());
  CHECK(in.left() == 4);
  CHECK(as_text(in.take(4)) == "rest");
  CHECK(in.at_end());
}
TEST_CASE("rows are little-endian and keys big-endian") {
  ByteWriter out;
  out.le(std::uint16_t{0x0102}).be(std::uint16_t{0x0102}).le(Colour::green).id({1, 2});
  CHECK(to_hex(out.bytes()) ==
        "020101020201"
        "0000000000000001"
        "0000000000000002");
}
TEST_CASE("big-endian numbers sort as bytes as they sort as numbers") {
  Bytes last;
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256},
                                std::uint64_t{1} << 40, std::numeric_limits<std::uint64_t>::max()}) {
    const Bytes bytes = ByteWriter{}.be(n).take();
    CHECK(last < bytes);
    ByteReader in(bytes);
    CHECK(in.be<std::uint64_t>() == n);
    last = bytes;
  }
}
TEST_CASE("every integer width reads back its extremes") {
  const auto reads_back = [](auto value) {
    const Bytes bytes = ByteWriter{}.le(value).take();
    ByteReader in(bytes);
    CHECK(in.le<decltype(value)>() == value);
    CHECK(in.at_end());
  };
  reads_back(std::numeric_limits<std::int8_t>::min());
  reads_back(std::numeric_limits<std::int16_t>::min());
  reads_back(std::numeric_limits<std::int32_t>::min());
  reads_back(std::numeric_limits<std::int64_t>::min());
  reads_back(std::numeric_limits<std::uint64_t>::max());
}
TEST_CASE("a read that does not fit is zero, and so is every one after it") {
  const Bytes bytes{1, 2, 3};
  ByteReader in(bytes);
  CHECK(in.le<std::uint32_t>() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.le<std::uint8_t>() == 0);
  CHECK(in.be<std::uint16_t>() == 0);
  CHECK(in.id() == RawId{});
  CHECK(in.text().empty());
  CHECK(in.take(0).empty());
  CHECK(in.left() == 0);
  CHECK_FALSE(in.at_end());
}
TEST_CASE("a text longer than what is left is refused, whatever it says of its length") {
  for (const std::uint32_t said : {4U, 5U, 0x7fffffffU, 0xffffffffU}) {
    const Bytes bytes = ByteWriter{}.le(said).raw(as_bytes("abc")).take();
    ByteReader in(bytes);
    CHECK(in.text().empty());
    CHECK_FALSE(in.ok());
  }
}
TEST_CASE("nothing to read is the end, and taking nothing from it is fine") {
  ByteReader in({});
  CHECK(in.at_end());
  CHECK(in.take(0).empty());
  CHECK(in.ok());
  CHECK(in.take(std::numeric_limits<std::size_t>::max()).empty());
  CHECK_FALSE(in.ok());
}
TEST_CASE("a cut anywhere is noticed") {
  const Bytes bytes = ByteWriter{}.le(std::uint16_t{7}).text("abc").id({1, 2}).take();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    ByteReader in(ByteView(bytes).first(cut));
    (void)in.le<std::uint16_t>();
    (void)in.text();
    (void)in.id();
    CHECK_FALSE(in.at_end());
  }
}

}  // namespace
}  // namespace parlance
