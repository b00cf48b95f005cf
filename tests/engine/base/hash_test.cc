#include "engine/base/hash.h"

#include <thread>

#include <doctest/doctest.h>

namespace parlance {
namespace {

std::string sha256_hex(std::string_view text) { return to_hex(sha256(as_bytes(text))); }

// FIPS 180-4's examples, as NIST's "SHA Test Vectors" give them.
TEST_CASE("SHA-256 answers the standard's known answers") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
TEST_CASE("SHA-256 of pieces is that of the whole, wherever it is cut") {
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(sha256({as_bytes(std::string_view(text).substr(0, cut)),
                  {},
                  as_bytes(std::string_view(text).substr(cut))}) == sha256(as_bytes(text)));
  CHECK(sha256({}) == sha256(ByteView{}));
}
TEST_CASE("SHA-256 is the same on every thread") {
  Sha256 there{};
  std::thread([&] { there = sha256(as_bytes("abc")); }).join();
  CHECK(there == sha256(as_bytes("abc")));
}

TEST_CASE("CRC-32 answers the catalogue's check value") {
  CHECK(crc32(as_bytes("123456789")) == 0xcbf43926);
  CHECK(crc32({}) == 0);
  CHECK(crc32(as_bytes(std::string_view("\0", 1))) == 0xd202ef8d);
}
TEST_CASE("CRC-32 goes on from where it stopped, also over nothing") {
  const std::uint32_t half = crc32(as_bytes("1234"));
  CHECK(crc32(as_bytes("56789"), half) == 0xcbf43926);
  CHECK(crc32({}, half) == half);
}

TEST_CASE("hexadecimal is in lower case, two digits a byte") {
  CHECK(to_hex(Bytes{0x00, 0x0f, 0xa0, 0xff}) == "000fa0ff");
  CHECK(to_hex({}).empty());
}

}  // namespace
}  // namespace parlance
