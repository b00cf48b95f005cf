#include "engine/runtime/capsule.h"

#include <numeric>
#include <set>

#include <doctest/doctest.h>

#include "tests/support/hex.h"

using namespace parlance;
using tests::from_hex;
using tests::id_from_hex;

namespace {

Key counting_key() {
  Key key;
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

std::array<std::uint8_t, salt_bytes> counting_salt(std::uint8_t first = 0x40) {
  std::array<std::uint8_t, salt_bytes> salt;
  std::iota(salt.begin(), salt.end(), first);
  return salt;
}

CapsuleContext context() {
  return {.workspace = WorkspaceId::from(id_from_hex("00112233445566778899aabbccddeeff")),
          .capsule = {EnvelopeId::from(id_from_hex("0102030405060708090a0b0c0d0e0f10")), 3},
          .reference = ReferenceId::from(id_from_hex("f0e0d0c0b0a090807060504030201000")),
          .field_class = FieldClass::content,
          .schema = CapsuleSchema::message};
}

constexpr std::string_view question = "Wo bleibt mein Päckchen?";

// From the layout in capsule.h by hashlib and python3-cryptography.
constexpr std::string_view known_capsule =
    "01404142434445464748494a4b4c4d4e4f5051525354555657111a9dc5e2f014bae570a5c47fdee804863bbc4ac7be5eceb56369"
    "76dedc880c"
    "a5cb4a987faf9a9e0c6070437dab30a7bc03675941b6d791052e90035c1e8155dac705ddd1025b9b643812bdcf03f8c62a8bd7d4"
    "52f14a61c9"
    "b68f5177ae5495dd3f4e4fc6f0d7e42ff959bcdbfed873";

Errc code_of(const Result<Bytes>& result) {
  REQUIRE(result.has_error());
  return result.error().code;
}

}  // namespace

TEST_CASE("a capsule is laid out as its header says") {
  const Bytes stored = seal_capsule(counting_key(), context(), as_bytes(question), counting_salt());
  CHECK(to_hex(stored) == known_capsule);
  CHECK(to_hex(sha256(stored)) == "d71f55e9301875c61fced8977ec30440352b2fdb6a72dfeb3803b9ae73d695ce");
}

TEST_CASE("a capsule opens to what was sealed, of every length around the padding") {
  for (const std::size_t size : {0, 1, 59, 60, 61, 123, 124, 125, 4096, 100'000}) {
    CAPTURE(size);
    const Bytes text(size, 'x');
    const Bytes stored = seal_capsule(counting_key(), context(), text, counting_salt());
    CHECK((stored.size() - capsule_overhead_bytes) % capsule_padding_bytes == 0);
    CHECK(stored.size() - capsule_overhead_bytes < size + 4 + capsule_padding_bytes);
    CHECK(open_capsule(counting_key(), context(), stored).value() == text);
  }
}

TEST_CASE("texts of nearly the same length are stored in the same length") {
  std::set<std::size_t> sizes;
  for (std::size_t size = 0; size <= 60; ++size)
    sizes.insert(seal_capsule(counting_key(), context(), Bytes(size, 'x'), counting_salt()).size());
  CHECK(sizes == std::set<std::size_t>{137});
}

TEST_CASE("two sealings of one text share no byte run but the suite") {
  const Bytes one = seal_capsule(counting_key(), context(), as_bytes(question), counting_salt(1));
  const Bytes two = seal_capsule(counting_key(), context(), as_bytes(question), counting_salt(2));
  REQUIRE(one.size() == two.size());
  CHECK(one != two);
  std::size_t same = 0;
  for (std::size_t i = 1 + salt_bytes; i < one.size(); ++i) same += one[i] == two[i];
  CHECK(same < 10);
}

TEST_CASE("a capsule with any single bit changed does not open") {
  const Bytes stored = from_hex(known_capsule);
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    CAPTURE(bit);
    Bytes changed = stored;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK(code_of(open_capsule(counting_key(), context(), changed)) ==
          (bit < 8 ? Errc::newer : Errc::corrupt));
  }
}

TEST_CASE("a capsule cut short or made longer does not open") {
  const Bytes stored = from_hex(known_capsule);
  for (std::size_t size = 1; size < stored.size(); ++size)
    CHECK(code_of(open_capsule(counting_key(), context(), ByteView(stored).first(size))) == Errc::corrupt);
  CHECK(code_of(open_capsule(counting_key(), context(), {})) == Errc::corrupt);
  Bytes longer = stored;
  longer.resize(stored.size() + capsule_padding_bytes);
  CHECK(code_of(open_capsule(counting_key(), context(), longer)) == Errc::corrupt);
}

TEST_CASE("a capsule opens in its own place only") {
  const Bytes stored = from_hex(known_capsule);
  const auto refuses = [&](auto change) {
    CapsuleContext other = context();
    change(other);
    CHECK(code_of(open_capsule(counting_key(), other, stored)) == Errc::corrupt);
  };
  refuses([](CapsuleContext& c) { c.workspace.low ^= 1; });
  refuses([](CapsuleContext& c) { c.capsule.envelope.high ^= 1; });
  refuses([](CapsuleContext& c) { c.capsule.number = 4; });
  refuses([](CapsuleContext& c) { c.reference.low ^= 1; });
  refuses([](CapsuleContext& c) { c.field_class = FieldClass::contact; });
  refuses([](CapsuleContext& c) { c.schema = CapsuleSchema::text; });
}

TEST_CASE("a capsule of another key is refused by its commitment, whatever its tag says") {
  Key other = counting_key();
  other[31] ^= 0x80;
  const auto refusal = open_capsule(other, context(), from_hex(known_capsule));
  CHECK(code_of(refusal) == Errc::corrupt);
  CHECK(refusal.error().detail == "the capsule was sealed under another key");

  // The commitment depends on key and salt, so neither can be exchanged behind it.
  const auto commitment_of = [](const Key& key, const std::array<std::uint8_t, salt_bytes>& salt) {
    const Bytes stored = seal_capsule(key, context(), {}, salt);
    return Bytes(stored.begin() + 25, stored.begin() + 57);
  };
  CHECK(commitment_of(counting_key(), counting_salt()) == commitment_of(counting_key(), counting_salt()));
  CHECK(commitment_of(counting_key(), counting_salt()) != commitment_of(other, counting_salt()));
  CHECK(commitment_of(counting_key(), counting_salt()) != commitment_of(counting_key(), counting_salt(1)));
}

TEST_CASE("a capsule lies in the vault under its envelope and its number, which sort by number") {
  CHECK(to_hex(capsule_key(context().capsule)) == "0102030405060708090a0b0c0d0e0f100003");
  CHECK(capsule_key({context().capsule.envelope, 255}) < capsule_key({context().capsule.envelope, 256}));
}

TEST_CASE("a capsule longer than any text, and bytes that are none, are refused before they are opened") {
  Bytes huge(capsule_overhead_bytes + plain_bytes_max + 2 * capsule_padding_bytes);
  huge[0] = 1;
  CHECK(code_of(open_capsule(counting_key(), context(), huge)) == Errc::corrupt);
  const Bytes stored = seal_capsule(counting_key(), context(), as_bytes(question), counting_salt());
  const auto sealing = sealing_key(counting_key(), stored);
  REQUIRE(sealing.has_value());
  REQUIRE(sealing->has_value());
  CHECK(as_text(open_capsule(**sealing, context(), stored).value()) == question);
  CHECK(code_of(open_capsule(**sealing, context(), ByteView(stored).first(40))) == Errc::corrupt);
}
