#include "engine/runtime/blind.h"

#include <array>
#include <set>

#include <doctest/doctest.h>

#include "adapters/memory/memory_keys.h"
#include "tests/support/hex.h"

using namespace parlance;
using tests::id_from_hex;

namespace {

const auto workspace = WorkspaceId::from(id_from_hex("00112233445566778899aabbccddeeff"));
const auto envelope = EnvelopeId::from(id_from_hex("0102030405060708090a0b0c0d0e0f10"));

std::string form(Channel channel, std::string_view text) {
  const auto result = normalise_address(channel, text);
  return result ? *result : std::string(result.error().rule);
}

}  // namespace

// Computed from the construction in blind.h by Python's hashlib.
TEST_CASE("blind hashes are those that their header describes") {
  const MemoryKeys keys(7);
  CHECK(slot_of_address(keys, workspace, Channel::email, "ada@example.com") == 236);
  CHECK(blind_address(keys, workspace, Channel::email, "ada@example.com") ==
        id_from_hex("c67bc405a2819b2b4a250f50663fa568"));
  CHECK(command_id(keys, workspace, "email shop", "<1@example.com>") ==
        CommandId::from(id_from_hex("7229d0711d2d6a3957e1dfc062713b15")));
  CHECK(derive_id(keys, "forward", envelope) ==
        CommandId::from(id_from_hex("a7f5788bd161ed0b956cd3b47142772d")));
  CHECK(store_id(keys, workspace, Channel::email, "shop@example.com") ==
        StoreId::from(id_from_hex("4bba008ac8d5fe9b66c3e3c08fa5553d")));
  CHECK(fingerprint64(keys, "k1", as_bytes("{}")) == 0x6ba62dfdb8333ccbULL);
}

TEST_CASE("moving a letter from one part to the next gives another hash") {
  const MemoryKeys keys(7);
  CHECK(command_id(keys, workspace, "a", "bc") != command_id(keys, workspace, "ab", "c"));
  CHECK(command_id(keys, workspace, "abc", "") != command_id(keys, workspace, "", "abc"));
  CHECK(fingerprint64(keys, "a", as_bytes("bc")) != fingerprint64(keys, "ab", as_bytes("c")));
}

TEST_CASE("equal addresses of two workspaces, of two channels or under two keyrings have nothing in common") {
  const MemoryKeys keys(7), others(8);
  auto other = workspace;
  other.low ^= 1;
  const RawId here = blind_address(keys, workspace, Channel::email, "ada@example.com");
  CHECK(here != blind_address(keys, other, Channel::email, "ada@example.com"));
  CHECK(here != blind_address(keys, workspace, Channel::chat, "ada@example.com"));
  CHECK(here != blind_address(others, workspace, Channel::email, "ada@example.com"));
}

TEST_CASE("addresses spread over all slots") {
  const MemoryKeys keys(7);
  std::array<int, 256> counts{};
  for (int i = 0; i < 25'600; ++i)
    ++counts[slot_of_address(keys, workspace, Channel::email, std::to_string(i) + "@example.com")];
  for (const int count : counts) {
    CHECK(count > 50);
    CHECK(count < 150);
  }
}

TEST_CASE("each command that one cause leads to has its own id, always the same") {
  const MemoryKeys keys(7);
  CHECK(derive_id(keys, "forward", envelope) == derive_id(keys, "forward", envelope, 0));
  const std::set<CommandId> ids{
      derive_id(keys, "forward", envelope, 0), derive_id(keys, "forward", envelope, 1),
      derive_id(keys, "assign", envelope, 0),
      derive_id(keys, "forward", EnvelopeId::from(RawId{envelope.high, envelope.low + 1}), 0)};
  CHECK(ids.size() == 4);
}

TEST_CASE("a derived id cannot be computed without the keyring") {
  CHECK(derive_id(MemoryKeys(7), "forward", envelope) != derive_id(MemoryKeys(8), "forward", envelope));
}

TEST_CASE("a mail address has one form, however it is written") {
  CHECK(form(Channel::email, "  Ada.Lovelace@Example.COM\r\n") == "ada.lovelace@example.com");
  CHECK(form(Channel::email, "JU\u0308RGEN@B\u00dcCHER.example") == "j\u00fcrgen@b\u00fccher.example");
  CHECK(form(Channel::email, "\u00a0ada@example.com\u3000") == "ada@example.com");
  CHECK(form(Channel::email, "\u041f\u043e\u0447\u0442\u0430@\u041f\u0420\u0418\u041c\u0415\u0420.example") ==
        "\u043f\u043e\u0447\u0442\u0430@\u043f\u0440\u0438\u043c\u0435\u0440.example");
}

TEST_CASE("a number keeps its digits and a plus before them") {
  CHECK(form(Channel::whatsapp, "+49 (170) 555-01 23") == "+491705550123");
  CHECK(form(Channel::sms, "0170/5550123") == "01705550123");
  CHECK(form(Channel::voice, "\uff0b\uff14\uff19 170") == "+49170");
  CHECK(form(Channel::voice, "\u0661\u0662\u0663") == "123");
  CHECK(form(Channel::sms, "12+34") == "1234");
}

TEST_CASE("a sender who is no number keeps the name, so that two of them are not one") {
  CHECK(form(Channel::sms, " SHOP1 ") == "SHOP1");
  CHECK(form(Channel::sms, "POST1") == "POST1");
  CHECK(form(Channel::whatsapp, "491705550123@s.whatsapp.net") == "491705550123@s.whatsapp.net");
  CHECK(form(Channel::sms, "+") == "+");
  CHECK(form(Channel::sms, "7") == "7");
}

TEST_CASE("an address of the other channels stays as it is given, but for space around it") {
  CHECK(form(Channel::marketplace, " Buyer-7Xa ") == "Buyer-7Xa");
  CHECK(form(Channel::chat, "visitor 12 B") == "visitor 12 B");
}

TEST_CASE("what is no address is refused by its rule") {
  CHECK(form(Channel::email, "") == "address.empty");
  CHECK(form(Channel::chat, " \t ") == "address.empty");
  CHECK(form(Channel::email, "ada\xff@example.com") == "address.not_utf8");
  CHECK(form(Channel::email, "ada\xed\xa0\x80@example.com") ==
        "address.not_utf8");  // half of a surrogate pair
  CHECK(form(Channel::email, "ada@example.com\r\nBcc: eve@example.com") == "address.control_character");
  CHECK(form(Channel::chat, std::string_view("a\0b", 3)) == "address.control_character");
  CHECK(form(Channel::chat, std::string(320, 'a')) == std::string(320, 'a'));
  CHECK(form(Channel::chat, std::string(321, 'a')) == "address.too_long");
  CHECK(form(Channel::chat, std::string(1'000'000, ' ')) == "address.too_long");
  // U+0130 is two bytes, and three in lower case.
  std::string grows;
  for (int i = 0; i < 160; ++i) grows += "\u0130";
  CHECK(form(Channel::email, grows) == "address.too_long");
}

TEST_CASE("the form of a form is itself") {
  for (const Channel channel : {Channel::email, Channel::sms, Channel::chat})
    for (const std::string_view text :
         {"Ada@Example.com", "+49 170", "\u0130stanbul@example.com", "A\u030a@x"}) {
      const auto once = normalise_address(channel, text).value();
      CHECK(normalise_address(channel, once).value() == once);
    }
}
