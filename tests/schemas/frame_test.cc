#include "schemas/frame.h"

#include <cstring>

#include <doctest/doctest.h>

using namespace parlance;

namespace {

/// first, first + 1, ...
template <std::size_t n> std::array<std::uint8_t, n> counting(std::uint8_t first) {
  std::array<std::uint8_t, n> out;
  for (auto& byte : out) byte = first++;
  return out;
}

const LogId log_id = LogId::from(RawId::from_bytes(counting<16>(0)));

Frame envelope_frame() {
  Frame frame;
  frame.partition = 7;
  frame.log = log_id;
  frame.epoch = 1;
  frame.seq = 1;
  frame.prev = counting<32>(0x80);
  frame.kinds.add(3);
  frame.kinds.add(130);
  return frame;
}

Claim whole_claim() {
  Claim claim;
  claim.nonce = RawId::from_bytes(counting<16>(0x20));
  claim.seen = {5, 4, counting<32>(0)};
  claim.seal = true;
  claim.genesis = Genesis{3, 16, 8, counting<16>(0x40)};
  claim.copied_from = {{log_id, 2, counting<32>(0)}};
  return claim;
}

Bytes with_u32(Bytes bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

}  // namespace

// The bytes below were made with Python's struct and zlib from the layout in the header: they are stored for ever.
TEST_CASE("a frame is laid out as its header says, for ever") {
  CHECK(to_hex(encode_record(envelope_frame(), as_bytes("hello"))) ==
        "504c4331"
        "02"
        "01"
        "0700"
        "000102030405060708090a0b0c0d0e0f"
        "0100000000000000"
        "0100000000000000"
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
        "0c000000000000000000000000000000"
        "05000000"
        "256cc86d"
        "68656c6c6f");
}

TEST_CASE("a claim's body is laid out as the frame's header says, for ever") {
  CHECK(to_hex(encode_claim(whole_claim())) ==
        "202122232425262728292a2b2c2d2e2f"
        "0500000000000000"
        "0400000000000000"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        "07"
        "0300000010000800404142434445464748494a4b4c4d4e4f"
        "0100"
        "000102030405060708090a0b0c0d0e0f"
        "0200"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

TEST_CASE("a record is read back as it was written, its body inside the bytes given") {
  const Bytes bytes = encode_record(envelope_frame(), as_bytes("hello"));
  const auto parsed = parse_record(log_id, bytes);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->has_value());
  CHECK((**parsed).frame == envelope_frame());
  CHECK(as_text((**parsed).body) == "hello");
  CHECK((**parsed).body.data() == bytes.data() + frame_bytes);
}

TEST_CASE("a record may have no body") {
  const Bytes bytes = encode_record(envelope_frame(), {});
  CHECK(bytes.size() == frame_bytes);
  const auto parsed = parse_record(log_id, bytes);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->has_value());
  CHECK((**parsed).body.empty());
}

TEST_CASE("bytes that are not ours, and records of another log, are no frame and no error") {
  const Bytes bytes = encode_record(envelope_frame(), as_bytes("hello"));
  Bytes broken = bytes;
  broken.back() ^= 1;
  const LogId other{{1, 2}};
  for (const Bytes& foreign :
       {Bytes{}, Bytes{'P', 'L'}, Bytes(200, 0), Bytes(bytes.begin(), bytes.begin() + 23)}) {
    const auto parsed = parse_record(log_id, foreign);
    REQUIRE(parsed.has_value());
    CHECK_FALSE(parsed->has_value());
  }
  for (const Bytes& of_this_log : {bytes, broken}) {
    const auto parsed = parse_record(other, of_this_log);
    REQUIRE(parsed.has_value());
    CHECK_FALSE(parsed->has_value());
  }
}

TEST_CASE("a record of this log that was cut, lengthened or changed is corrupt") {
  const Bytes bytes = encode_record(envelope_frame(), as_bytes("hello"));
  std::vector<Bytes> wrong;
  for (std::size_t size = 24; size < bytes.size(); ++size)
    wrong.emplace_back(bytes.begin(), bytes.begin() + size);
  wrong.push_back(bytes);
  wrong.back().push_back(0);
  wrong.push_back(with_u32(bytes, 88, 0xffff'ffff));
  wrong.push_back(with_u32(bytes, 88, 0));
  wrong.push_back(with_u32(bytes, 92, 0));
  for (std::size_t at = 24; at < bytes.size(); ++at) {
    wrong.push_back(bytes);
    wrong.back()[at] ^= 0x10;
  }
  for (const Bytes& record : wrong) {
    const auto parsed = parse_record(log_id, record);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == Errc::corrupt);
    CHECK(parsed.error().rule == "log.corrupt");
  }
}

TEST_CASE("a set of kinds holds what was added, and may hold what shares its bit") {
  KindSet kinds;
  kinds.add(0);
  kinds.add(127);
  kinds.add(200);
  CHECK(kinds.may_hold(0));
  CHECK(kinds.may_hold(127));
  CHECK(kinds.may_hold(200));
  CHECK(kinds.may_hold(72));
  CHECK_FALSE(kinds.may_hold(1));
  CHECK_FALSE(kinds.may_hold(126));
}

TEST_CASE("a claim is read back as it was written") {
  Claim later = whole_claim();
  later.seal = false;
  later.genesis.reset();
  later.copied_from.clear();
  Claim first = whole_claim();
  first.copied_from.clear();
  for (const Claim& claim : {whole_claim(), later, first}) {
    const auto read = decode_claim(encode_claim(claim));
    REQUIRE(read.has_value());
    CHECK(*read == claim);
  }
}

TEST_CASE("whatever is read as a claim is exactly those bytes, and all else is corrupt") {
  const Bytes bytes = encode_claim(whole_claim());
  std::size_t read_as_claims = 0;
  const auto check = [&read_as_claims](const Bytes& body) {
    const auto claim = decode_claim(body);
    if (claim) {
      ++read_as_claims;
      CHECK(encode_claim(*claim) == body);
    } else {
      CHECK(claim.error().rule == "log.corrupt");
    }
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = decode_claim(ByteView(bytes).first(size));
    CHECK_FALSE(cut.has_value());
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(decode_claim(longer).has_value());
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const unsigned flip : {1U, 2U, 4U, 8U, 0x80U, 0xffU}) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      check(changed);
    }
  CHECK(read_as_claims > 0);

  Bytes no_heads = encode_claim(whole_claim());
  no_heads.resize(65 + 24);
  no_heads.push_back(0);
  no_heads.push_back(0);
  CHECK_FALSE(decode_claim(no_heads).has_value());
}
