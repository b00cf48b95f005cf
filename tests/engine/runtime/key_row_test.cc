#include "engine/runtime/key_row.h"

#include <doctest/doctest.h>

#include "adapters/memory/memory_keys.h"
#include "tests/support/hex.h"

using namespace parlance;
using tests::id_from_hex;

namespace {

const auto workspace = WorkspaceId::from(id_from_hex("00112233445566778899aabbccddeeff"));
const auto reference = ReferenceId::from(id_from_hex("f0e0d0c0b0a090807060504030201000"));

KeyRow a_row() {
  KeyRow row{.kind = RowKind::author,
             .owner = id_from_hex("0102030405060708090a0b0c0d0ebeef"),
             .conversation = ConversationId::from(id_from_hex("1112131415161718191a1b1c1d1e1f20"))};
  row.content.fill(0xc0);
  row.files.fill(0xf1);
  return row;
}

Errc code_of(const Result<KeyRow>& result) {
  REQUIRE(result.has_error());
  return result.error().code;
}

/// Wraps nothing: what unwrap_row() makes of an inside that a newer or a broken program wrapped.
class OpenKeys final : public KeyService {
 public:
  Result<Bytes> wrap(BucketId, ByteView plaintext, ByteView) override {
    return ByteWriter().raw(Bytes(24)).raw(plaintext).raw(Bytes(16)).take();
  }
  Result<Bytes> unwrap(BucketId, ByteView wrapped, ByteView) override {
    const ByteView inner = wrapped.subspan(24, wrapped.size() - 40);
    return Bytes(inner.begin(), inner.end());
  }
  const Key& secret(SecretKey) const override { return none_; }
  std::array<std::uint8_t, 16> fingerprint() const override { return {}; }

 private:
  Key none_{};
};

}  // namespace

TEST_CASE("a key row comes back as it was wrapped") {
  MemoryKeys keys(7);
  for (const RowKind kind : {RowKind::author, RowKind::subject, RowKind::agent, RowKind::upload}) {
    KeyRow row = a_row();
    row.kind = kind;
    row.flags = row_restricted | row_dying;
    const auto stored = wrap_row(keys, workspace, reference, row);
    CHECK(unwrap_row(keys, workspace, reference, stored.value()).value() == row);
  }
}

TEST_CASE("a key row is laid out as its header says") {
  OpenKeys keys;
  KeyRow row = a_row();
  row.flags = row_dying;
  const Bytes stored = wrap_row(keys, workspace, reference, row).value();
  CHECK(stored.size() == key_row_bytes);
  CHECK(to_hex(stored) ==
        "0101efbe"
        "00112233445566778899aabbccddeeff"
        "000000000000000000000000000000000000000000000000"
        "0102030405060708090a0b0c0d0ebeef1112131415161718191a1b1c1d1e1f20"
        "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
        "f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1"
        "02000000000000000000000000000000"
        "00000000000000000000000000000000");
  const auto head = read_row_head(stored);
  CHECK(head->kind == RowKind::author);
  CHECK(head->bucket == 0xbeef);
  CHECK(head->workspace == workspace);
}

TEST_CASE("two wrappings of one row differ, and neither shows its keys or its owner") {
  MemoryKeys keys(7);
  const Bytes one = wrap_row(keys, workspace, reference, a_row()).value();
  const Bytes two = wrap_row(keys, workspace, reference, a_row()).value();
  CHECK(one != two);
  const auto owner = a_row().owner.bytes();
  CHECK(std::search(one.begin(), one.end(), owner.begin(), owner.end()) == one.end());
}

TEST_CASE("a key row with any single bit changed is refused") {
  MemoryKeys keys(7);
  const Bytes stored = wrap_row(keys, workspace, reference, a_row()).value();
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    CAPTURE(bit);
    Bytes changed = stored;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const Errc code = code_of(unwrap_row(keys, workspace, reference, changed));
    CHECK((code == Errc::corrupt || (code == Errc::newer && bit < 16)));
  }
}

TEST_CASE("a key row cut short or made longer is refused") {
  MemoryKeys keys(7);
  Bytes stored = wrap_row(keys, workspace, reference, a_row()).value();
  for (std::size_t size = 0; size < stored.size(); ++size)
    CHECK(code_of(unwrap_row(keys, workspace, reference, ByteView(stored).first(size))) == Errc::corrupt);
  stored.push_back(0);
  CHECK(code_of(unwrap_row(keys, workspace, reference, stored)) == Errc::corrupt);
}

TEST_CASE("a key row opens under its own reference, workspace and keyring only") {
  MemoryKeys keys(7), others(8);
  const Bytes stored = wrap_row(keys, workspace, reference, a_row()).value();
  auto other_reference = reference;
  other_reference.low ^= 1;
  auto other_workspace = workspace;
  other_workspace.low ^= 1;
  CHECK(code_of(unwrap_row(keys, workspace, other_reference, stored)) == Errc::corrupt);
  CHECK(code_of(unwrap_row(keys, other_workspace, reference, stored)) == Errc::corrupt);
  CHECK(code_of(unwrap_row(others, workspace, reference, stored)) == Errc::corrupt);
}

TEST_CASE("a keyring that does not answer is not a damaged row") {
  MemoryKeys keys(7);
  const Bytes stored = wrap_row(keys, workspace, reference, a_row()).value();
  keys.set_unavailable(true);
  CHECK(code_of(unwrap_row(keys, workspace, reference, stored)) == Errc::unavailable);
  CHECK(wrap_row(keys, workspace, reference, a_row()).error().code == Errc::unavailable);
}

TEST_CASE("a key row of a newer program is named so and not guessed at") {
  OpenKeys keys;
  const Bytes stored = wrap_row(keys, workspace, reference, a_row()).value();
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = stored;
    changed[at] = value;
    return unwrap_row(keys, workspace, reference, changed);
  };
  CHECK(code_of(with(0, 3)) == Errc::newer);         // version
  CHECK(code_of(with(0, 0)) == Errc::newer);         // there never was one
  CHECK(code_of(with(0, 2)) == Errc::corrupt);       // known, and of another length
  CHECK(code_of(with(1, 5)) == Errc::newer);         // kind
  CHECK(code_of(with(44 + 96, 4)) == Errc::newer);   // a flag
  CHECK(code_of(with(44 + 97, 1)) == Errc::newer);   // what is zero today
  CHECK(code_of(with(44 + 111, 1)) == Errc::newer);  // the last of it
}

TEST_CASE("a key row in another bucket than its owner's is refused") {
  OpenKeys keys;
  Bytes stored = wrap_row(keys, workspace, reference, a_row()).value();
  stored[2] ^= 1;
  CHECK(code_of(unwrap_row(keys, workspace, reference, stored)) == Errc::corrupt);
}

TEST_CASE("files have a key of their own") {
  const KeyRow row = a_row();
  CHECK(data_key(row, FieldClass::content) == row.content);
  CHECK(data_key(row, FieldClass::contact) == row.content);
  CHECK(data_key(row, FieldClass::attachment) == row.files);
}

// ---- version 2: contact data has a key of its own ----

TEST_CASE("a key row with a contact key is laid out as its header says") {
  OpenKeys keys;
  KeyRow row = a_row();
  row.flags = row_dying;
  row.contact.emplace().fill(0xca);
  const Bytes stored = wrap_row(keys, workspace, reference, row).value();
  CHECK(stored.size() == key_row_2_bytes);
  CHECK(to_hex(stored) ==
        "0201efbe"
        "00112233445566778899aabbccddeeff"
        "000000000000000000000000000000000000000000000000"
        "0102030405060708090a0b0c0d0ebeef1112131415161718191a1b1c1d1e1f20"
        "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
        "f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1"
        "02000000000000000000000000000000"
        "cacacacacacacacacacacacacacacacacacacacacacacacacacacacacacacaca"
        "00000000000000000000000000000000");
  CHECK(unwrap_row(keys, workspace, reference, stored).value() == row);
  CHECK(data_key(row, FieldClass::contact) == *row.contact);
  CHECK(data_key(row, FieldClass::content) == row.content);
  CHECK(data_key(row, FieldClass::attachment) == row.files);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = stored;
    changed[at] = value;
    return unwrap_row(keys, workspace, reference, changed);
  };
  CHECK(code_of(with(0, 1)) == Errc::corrupt);
  CHECK(code_of(with(0, 3)) == Errc::newer);
  CHECK(code_of(with(44 + 96, 4)) == Errc::newer);
  CHECK(code_of(with(44 + 97, 1)) == Errc::newer);
  CHECK(code_of(with(44 + 111, 1)) == Errc::newer);
}

TEST_CASE("a key row with a contact key that was changed or cut is refused") {
  MemoryKeys keys(7);
  KeyRow row = a_row();
  row.contact.emplace().fill(0xca);
  const Bytes stored = wrap_row(keys, workspace, reference, row).value();
  CHECK(unwrap_row(keys, workspace, reference, stored).value() == row);
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    CAPTURE(bit);
    Bytes changed = stored;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const Errc code = code_of(unwrap_row(keys, workspace, reference, changed));
    CHECK((code == Errc::corrupt || (code == Errc::newer && bit < 16)));
  }
  for (std::size_t size = 0; size < stored.size(); ++size)
    CHECK(code_of(unwrap_row(keys, workspace, reference, ByteView(stored).first(size))) == Errc::corrupt);
  // Neither form passes for the other.
  Bytes as_first(stored.begin(), stored.begin() + key_row_bytes);
  as_first[0] = 1;
  CHECK(code_of(unwrap_row(keys, workspace, reference, as_first)) == Errc::corrupt);
}
