// Grants, and what they are for: shredding one capsule while all else that its row sealed goes on opening.
#include "engine/runtime/grant.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "adapters/memory/memory_keys.h"
#include "adapters/memory/memory_log.h"
#include "adapters/memory/seeded_random.h"
#include "engine/runtime/door.h"
#include "tests/support/hex.h"
#include "tests/support/print.h"

using namespace parlance;
using tests::id_from_hex;

namespace {

template <class Array> Array counting(std::uint8_t first) {
  Array out;
  std::iota(out.begin(), out.end(), first);
  return out;
}
const auto old_key = counting<Key>(0);
const auto new_key = counting<Key>(32);
const auto capsule_salt = counting<std::array<std::uint8_t, salt_bytes>>(1);
const auto grant_salt = counting<std::array<std::uint8_t, salt_bytes>>(101);

CapsuleContext context() {
  return {.workspace = WorkspaceId::from(id_from_hex("00112233445566778899aabbccddeeff")),
          .capsule = {EnvelopeId::from(id_from_hex("0102030405060708090a0b0c0d0e0f10")), 3},
          .reference = ReferenceId::from(id_from_hex("f0e0d0c0b0a090807060504030201000")),
          .field_class = FieldClass::content,
          .schema = CapsuleSchema::message};
}
Bytes a_capsule() { return seal_capsule(old_key, context(), as_bytes("Wo bleibt es?"), capsule_salt); }
Bytes a_grant(const Bytes& capsule) {
  return seal_grant(new_key, context(), capsule, **sealing_key(old_key, capsule), grant_salt);
}
Errc code_of(const Result<SealingKey>& result) {
  REQUIRE(result.has_error());
  return result.error().code;
}

/// The vault in memory, in which something may happen in the midst of a get(), and writing may fail.
class HookedVault final : public Vault {
 public:
  Result<std::optional<Bytes>> get(VaultFamily family, ByteView key) const override {
    auto value = vault_.get(family, key);
    ++gets;
    if (const auto now = gets == hooked_at ? std::exchange(hook, nullptr) : nullptr) now();
    return value;
  }
  Result<void> scan(VaultFamily family, const std::function<bool(ByteView, ByteView)>& sink) const override {
    return vault_.scan(family, sink);
  }
  Result<void> write(const std::vector<VaultRow>& put, const std::vector<VaultRow>& remove) override {
    if (write_fails || writes == writes_until_failure) return unavailable("vault.down");
    ++writes;
    largest = std::max(largest, put.size() + remove.size());
    return vault_.write(put, remove);
  }
  void put(const VaultRow& row) { REQUIRE(vault_.write({row}, {})); }
  [[nodiscard]] Bytes stored(const Bytes& key, VaultFamily family = VaultFamily::capsules) const {
    const auto value = vault_.get(family, key);
    REQUIRE(value);
    REQUIRE(*value);
    return **value;
  }
  [[nodiscard]] bool has(const Bytes& key, VaultFamily family = VaultFamily::capsules) const {
    return vault_.get(family, key).value().has_value();
  }

  mutable std::function<void()> hook;  ///< once, after this many further gets
  mutable int gets = 0;
  int hooked_at = -1;
  bool write_fails = false;
  int writes = 0;
  int writes_until_failure = -1;
  std::size_t largest = 0;  ///< batch

 private:
  MemoryVault vault_{std::make_shared<MemoryLogStorage>(MemoryLogOptions{})};
};

const auto workspace = WorkspaceId::from(RawId{0, 77});
const auto ada = SubjectId::from(RawId{5, 5});
const auto conversation = ConversationId::from(RawId{6, 6});
const Principal system_itself{{ActorKind::system, {}}, Role::none};
constexpr std::uint32_t day = 20'779;

struct Desk {
  HookedVault vault;
  MemoryKeys keys{7};
  SeededRandom random{1};
  DoorLimits limits;
  std::optional<Door> door_;
  std::uint64_t last = 0;
  ReferenceId reference = a_row();

  Door& door() {
    if (!door_) door_.emplace(vault, keys, random, limits);
    return *door_;
  }
  ReferenceId a_row() {
    const auto made = door().make_row(workspace, RowKind::author, ada, conversation).value();
    vault.put(made.stored);
    return made.reference;
  }
  Bytes row_key() const {
    const auto bytes = reference.bytes();
    return {bytes.begin(), bytes.end()};
  }
  KeyRow row() { return std::get<KeyRow>(door().row(workspace, reference)); }
  CapsuleHeld sealed(const std::string& text, FieldClass field_class = FieldClass::content) {
    Personal<std::string> field(text, reference, field_class);
    vault.put(door().seal(workspace, {EnvelopeId::from(RawId{9, ++last}), 2}, field).value());
    return {field.sealed(), CapsuleSchema::text};
  }
  /// The text; "redacted", "erased" or the error's rule in brackets.
  std::string open(const CapsuleHeld& held) {
    const auto opened = door().open<std::string>(system_itself, Purpose::engine, workspace, held.sealed);
    if (const auto* erased = std::get_if<Erased>(&opened))
      return erased->redacted ? "(redacted)" : "(erased)";
    if (const auto* closed = std::get_if<Unavailable>(&opened))
      return "(" + std::string(closed->error.rule) + ")";
    return std::get<std::string>(opened);
  }
  Result<void> shred(const std::vector<CapsuleHeld>& doomed, const std::vector<CapsuleHeld>& others) {
    return door().shred(workspace, doomed, others, day);
  }
  /// A capsule and its grants as they lie in the vault now.
  struct Copy {
    CapsuleHeld held;
    Bytes capsule;
    std::vector<Bytes> grants;
  };
  Copy copy(const CapsuleHeld& held) {
    Copy out{held, vault.stored(capsule_key(held.sealed.capsule)), {}};
    for (const GrantPlace place : grant_places)
      if (const Bytes key = grant_key(held.sealed.capsule, place); vault.has(key))
        out.grants.push_back(vault.stored(key));
    return out;
  }
  /// Whether it opens under the row's present keys.
  bool opens(const Copy& copy) {
    const Sealed& sealed = copy.held.sealed;
    const CapsuleContext context{workspace, sealed.capsule, sealed.reference, sealed.field_class,
                                 copy.held.schema};
    const KeyRow now = row();
    for (const Key& key : {now.content, now.files, *now.contact}) {
      if (open_capsule(key, context, copy.capsule)) return true;
      for (const Bytes& grant : copy.grants)
        if (open_grant(key, context, copy.capsule, grant)) return true;
    }
    return false;
  }
  /// Nothing of it is in the vault but its tombstone.
  bool is_gone(const CapsuleHeld& held) {
    for (const GrantPlace place : grant_places)
      if (vault.has(grant_key(held.sealed.capsule, place))) return false;
    return !vault.has(capsule_key(held.sealed.capsule)) &&
           vault.has(capsule_key(held.sealed.capsule), VaultFamily::tombstones);
  }
};

}  // namespace

// ---- the format ----

TEST_CASE("a grant is laid out as its header says") {
  // From the layout in grant.h by hashlib and a second implementation of RFC 8439.
  CHECK(to_hex(a_grant(a_capsule())) ==
        "0165666768696a6b6c6d6e6f707172737475767778797a7b7c6d5523bbb69a66"
        "6979d2f5cf225ab3a81310bbcfedc0274880d5cb549cf767b6b5eb9814866435"
        "0f41f15452e462ed12ad26a13a02133a2d469b76f6a7c5f6b4e4d623f7b69801"
        "10de97de19e9bce3aa");
  CHECK(a_grant(a_capsule()).size() == grant_bytes);
  CHECK(to_hex(grant_key(context().capsule, GrantPlace::first)) == "0102030405060708090a0b0c0d0e0f10000367");
  CHECK(to_hex(grant_key(context().capsule, GrantPlace::second)) == "0102030405060708090a0b0c0d0e0f10000368");
}

TEST_CASE("a capsule opens by its grant as under its own key") {
  const Bytes capsule = a_capsule();
  const auto sealing = open_grant(new_key, context(), capsule, a_grant(capsule));
  REQUIRE(sealing);
  CHECK(open_capsule(*sealing, context(), capsule).value() ==
        open_capsule(old_key, context(), capsule).value());
  CHECK_FALSE(*sealing_key(new_key, capsule));
}

TEST_CASE("a grant with any single bit changed, cut short or made longer is refused") {
  const Bytes capsule = a_capsule();
  const Bytes grant = a_grant(capsule);
  for (std::size_t bit = 0; bit < grant.size() * 8; ++bit) {
    CAPTURE(bit);
    Bytes changed = grant;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    CHECK(code_of(open_grant(new_key, context(), capsule, changed)) ==
          (bit < 8 ? Errc::newer : Errc::corrupt));
  }
  for (std::size_t size = 0; size < grant.size(); ++size)
    CHECK(code_of(open_grant(new_key, context(), capsule, ByteView(grant).first(size))) == Errc::corrupt);
  Bytes longer = grant;
  longer.push_back(0);
  CHECK(code_of(open_grant(new_key, context(), capsule, longer)) == Errc::corrupt);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{56}})
    CHECK(code_of(open_grant(new_key, context(), ByteView(capsule).first(size), grant)) == Errc::corrupt);
}

TEST_CASE("a grant opens beside its own capsule, in its own place and under its own key only") {
  const Bytes capsule = a_capsule();
  const Bytes grant = a_grant(capsule);
  CHECK(code_of(open_grant(old_key, context(), capsule, grant)) == Errc::corrupt);
  const auto refused_in = [&](auto change) {
    CapsuleContext other = context();
    change(other);
    CHECK(code_of(open_grant(new_key, other, capsule, grant)) == Errc::corrupt);
  };
  refused_in([](CapsuleContext& c) { c.workspace.low ^= 1; });
  refused_in([](CapsuleContext& c) { c.capsule.envelope.low ^= 1; });
  refused_in([](CapsuleContext& c) { c.capsule.number ^= 1; });
  refused_in([](CapsuleContext& c) { c.reference.low ^= 1; });
  refused_in([](CapsuleContext& c) { c.field_class = FieldClass::contact; });
  refused_in([](CapsuleContext& c) { c.schema = CapsuleSchema::text; });
  const Bytes other = seal_capsule(old_key, context(), as_bytes("Wo bleibt es?"), grant_salt);
  CHECK(code_of(open_grant(new_key, context(), other, grant)) == Errc::corrupt);
}

// ---- shredding ----

TEST_CASE("an older copy of a shredded capsule opens no more, and everything else does") {
  Desk desk;
  std::vector<CapsuleHeld> held;
  for (int i = 0; i < 6; ++i) held.push_back(desk.sealed("text " + std::to_string(i)));
  const CapsuleHeld file = desk.sealed("a file", FieldClass::attachment);
  const CapsuleHeld contact = desk.sealed("Ada", FieldClass::contact);
  // Three times, the second and third by grants of the time before; in between new words come.
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    const CapsuleHeld doomed = held.front();
    held.erase(held.begin());
    const Desk::Copy copy = desk.copy(doomed);
    CHECK(copy.grants.size() == static_cast<std::size_t>(round));  // one in either place
    CHECK(desk.opens(copy));
    const KeyRow before = desk.row();
    std::vector<CapsuleHeld> others = held;
    others.push_back(file);
    const int writes = desk.vault.writes;
    REQUIRE(desk.shred({doomed}, others));
    CHECK(desk.vault.writes == writes + 1);
    const KeyRow after = desk.row();
    CHECK(after.content != before.content);
    CHECK(after.files == before.files);
    CHECK(after.contact == before.contact);
    CHECK(desk.is_gone(doomed));
    CHECK_FALSE(desk.opens(copy));
    CHECK(desk.open(doomed) == "(redacted)");
    if (round == 1) desk.door_.reset();  // a new process
    for (const CapsuleHeld& one : held) CHECK(desk.open(one).starts_with("text "));
    CHECK(desk.open(file) == "a file");
    CHECK(desk.open(contact) == "Ada");
    held.push_back(desk.sealed("text after " + std::to_string(round)));
    CHECK(desk.copy(held.back()).grants.empty());
    // Once more changes nothing.
    REQUIRE(desk.shred({doomed}, others));
    CHECK(desk.row() == after);
  }
}

TEST_CASE("a shredded file takes the files key with it, and leaves the words' key alone") {
  Desk desk;
  const CapsuleHeld gone = desk.sealed("file", FieldClass::attachment);
  const CapsuleHeld other = desk.sealed("other file", FieldClass::attachment);
  const CapsuleHeld text = desk.sealed("text");
  const Desk::Copy copy = desk.copy(gone);
  const KeyRow before = desk.row();
  REQUIRE(desk.shred({gone}, {other, text}));
  CHECK(desk.row().files != before.files);
  CHECK(desk.row().content == before.content);
  CHECK_FALSE(desk.opens(copy));
  CHECK(desk.open(other) == "other file");
  CHECK(desk.open(text) == "text");
}

TEST_CASE("a row without a contact key stays as it is: what else it opens, nobody can tell") {
  Desk desk;
  KeyRow row = desk.row();
  row.contact.reset();
  desk.vault.put(
      {VaultFamily::rows, desk.row_key(), wrap_row(desk.keys, workspace, desk.reference, row).value()});
  desk.door().forget(desk.reference);
  const CapsuleHeld gone = desk.sealed("4111"), other = desk.sealed("text"),
                    contact = desk.sealed("Ada", FieldClass::contact);
  REQUIRE(desk.shred({gone}, {other}));
  CHECK(desk.open(gone) == "(redacted)");
  CHECK(desk.open(other) == "text");
  CHECK(desk.open(contact) == "Ada");
  CHECK(desk.row() == row);
}

TEST_CASE("erasing the person after a shredding erases all of it") {
  Desk desk;
  const CapsuleHeld gone = desk.sealed("4111"), other = desk.sealed("text");
  REQUIRE(desk.shred({gone}, {other}));
  const CapsuleHeld later = desk.sealed("later");
  REQUIRE(desk.door().destroy(std::array{desk.reference}, day));
  for (const CapsuleHeld& held : {gone, other, later}) CHECK(desk.open(held) == "(erased)");
  CHECK_FALSE(desk.vault.has(desk.row_key(), VaultFamily::rows));
  REQUIRE(desk.shred({other}, {later}));  // Nothing comes back.
  CHECK_FALSE(desk.vault.has(desk.row_key(), VaultFamily::rows));
  CHECK(desk.open(later) == "(erased)");
}

TEST_CASE("a damaged grant makes its own capsule corrupt, now and after the next shredding, and no other") {
  Desk desk;
  const CapsuleHeld gone = desk.sealed("4111"), hurt = desk.sealed("hurt"), other = desk.sealed("text"),
                    next = desk.sealed("4112");
  REQUIRE(desk.shred({gone}, {hurt, other, next}));
  const Bytes key = grant_key(hurt.sealed.capsule, GrantPlace::first);
  Bytes damaged = desk.vault.stored(key);
  std::string rule = "(grant.corrupt)";
  SUBCASE("changed") { damaged[70] ^= 1; }
  SUBCASE("cut") { damaged.resize(20); }
  SUBCASE("empty") { damaged.clear(); }
  SUBCASE("another's") { damaged = desk.vault.stored(grant_key(other.sealed.capsule, GrantPlace::first)); }
  SUBCASE("of a newer program") {
    damaged[0] = 2;
    rule = "(grant.newer_suite)";
  }
  desk.vault.put({VaultFamily::capsules, key, damaged});
  CHECK(desk.open(hurt) == rule);
  CHECK(desk.open(other) == "text");
  const auto shredded = desk.shred({next}, {hurt, other});
  if (damaged.size() == grant_bytes && damaged[0] == 2) {
    // What this program cannot read is not lost by it.
    CHECK(shredded.error().rule == "grant.newer_suite");
    CHECK(desk.open(next) == "4112");
  } else {
    REQUIRE(shredded);
    CHECK(desk.open(next) == "(redacted)");
  }
  CHECK(desk.open(hurt) == rule);
  CHECK(desk.open(other) == "text");
}

TEST_CASE("a missing grant is no erasure") {
  Desk desk;
  const CapsuleHeld gone = desk.sealed("4111"), left_out = desk.sealed("text");
  REQUIRE(desk.shred({gone}, {}));
  CHECK(desk.open(left_out) == "(capsule.corrupt)");
}

TEST_CASE("a shredding larger than a batch is several, none larger than the limit") {
  Desk desk;
  desk.limits.shred_rows_max = 20;
  desk.door_.reset();
  std::vector<CapsuleHeld> doomed, others;
  for (int i = 0; i < 50; ++i) {
    doomed.push_back(desk.sealed("4111"));
    others.push_back(desk.sealed("text " + std::to_string(i)));
  }
  desk.vault.writes = 0;
  desk.vault.largest = 0;
  REQUIRE(desk.shred(doomed, others));
  CHECK(desk.vault.writes > 10);
  CHECK(desk.vault.largest <= 20);
  for (const CapsuleHeld& held : doomed) CHECK(desk.is_gone(held));
  for (int i = 0; i < 50; ++i) CHECK(desk.open(others[i]) == "text " + std::to_string(i));
}

TEST_CASE(
    "stopped between any two of its batches, a shredding left nothing unreadable, and the repeat ends it") {
  for (int done = 0;; ++done) {
    CAPTURE(done);
    Desk desk;
    desk.limits.shred_rows_max = 8;
    desk.door_.reset();
    const CapsuleHeld before = desk.sealed("before");
    std::vector<CapsuleHeld> doomed, others;
    for (int i = 0; i < 5; ++i) {
      doomed.push_back(desk.sealed("4111"));
      doomed.push_back(desk.sealed("photo", FieldClass::attachment));
      others.push_back(desk.sealed("text"));
      others.push_back(desk.sealed("text", FieldClass::attachment));
    }
    std::vector<CapsuleHeld> all = doomed;
    all.insert(all.end(), others.begin(), others.end());
    REQUIRE(desk.shred({before}, all));  // so that half of all open by a grant already
    for (int i = 0; i < 4; ++i) others.push_back(desk.sealed("text"));
    std::vector<Desk::Copy> copies;
    for (const CapsuleHeld& held : doomed) copies.push_back(desk.copy(held));
    const KeyRow row = desk.row();

    desk.vault.writes = 0;
    desk.vault.writes_until_failure = done;
    const bool whole = desk.shred(doomed, others).has_value();
    desk.vault.writes_until_failure = -1;
    if (done % 2 == 1) desk.door_.reset();  // a new process
    if (!whole) {
      CHECK(desk.row() == row);
      CHECK(desk.open(doomed[0]) == "4111");
      CHECK(desk.open(doomed[1]) == "photo");
    }
    for (const CapsuleHeld& held : doomed) {
      const std::string now = desk.open(held);
      CHECK((now == "(redacted)" || (!whole && (now == "4111" || now == "photo"))));
    }
    for (const CapsuleHeld& held : others) CHECK(desk.open(held) == "text");
    others.push_back(desk.sealed("text"));  // Work went on before the repeat.
    REQUIRE(desk.shred(doomed, others));
    CHECK(desk.row().content != row.content);
    CHECK(desk.row().files != row.files);
    for (const CapsuleHeld& held : doomed) CHECK(desk.is_gone(held));
    for (const Desk::Copy& copy : copies) CHECK_FALSE(desk.opens(copy));
    for (const CapsuleHeld& held : others) CHECK(desk.open(held) == "text");
    if (!whole) continue;
    CHECK(done > 5);
    break;
  }
}

TEST_CASE("who is erased while a message of theirs is shredded stays so") {
  for (int at = 1; at <= 4; ++at) {
    CAPTURE(at);
    Desk desk;
    const CapsuleHeld gone = desk.sealed("4111"), other = desk.sealed("text");
    // While it gathers what it will write.
    desk.vault.hook = [&] { REQUIRE(desk.door().destroy(std::array{desk.reference}, day)); };
    desk.vault.hooked_at = desk.vault.gets + at;
    REQUIRE(desk.shred({gone}, {other}));
    CHECK_FALSE(desk.vault.hook);
    CHECK_FALSE(desk.vault.has(desk.row_key(), VaultFamily::rows));
    CHECK(desk.open(other) == "(erased)");
    CHECK(desk.open(gone) == "(erased)");
    CHECK(desk.is_gone(gone));
  }
}

TEST_CASE("what lies under a row that opens nothing is destroyed, and the row left for who mends it") {
  Desk desk;
  const CapsuleHeld gone = desk.sealed("4111"), other = desk.sealed("text");
  const Bytes row = desk.vault.stored(desk.row_key(), VaultFamily::rows);
  Bytes damaged = row;
  damaged[60] ^= 1;
  desk.vault.put({VaultFamily::rows, desk.row_key(), damaged});
  desk.door().forget(desk.reference);
  REQUIRE(desk.shred({gone}, {other}));
  CHECK(desk.is_gone(gone));
  CHECK(desk.vault.stored(desk.row_key(), VaultFamily::rows) == damaged);
  desk.vault.put({VaultFamily::rows, desk.row_key(), row});
  CHECK(desk.open(other) == "text");
}

TEST_CASE("who reads while another capsule is shredded gets the text") {
  // Between any two looks into the vault, with the row in memory and without it, before and after there are grants.
  for (int at = 1; at <= 8; ++at)
    for (const bool cached : {true, false})
      for (const bool granted : {true, false}) {
        CAPTURE(at);
        CAPTURE(cached);
        CAPTURE(granted);
        Desk desk;
        const CapsuleHeld first = desk.sealed("4111"), second = desk.sealed("4112"),
                          held = desk.sealed("text");
        if (granted) REQUIRE(desk.shred({first}, {second, held}));
        if (!cached) desk.door().forget(desk.reference);
        if (cached) CHECK(desk.open(held) == "text");
        Door other(desk.vault, desk.keys, desk.random);  // Does not tell this door's memory.
        desk.vault.hook = [&] { REQUIRE(other.shred(workspace, std::array{second}, std::array{held}, day)); };
        desk.vault.hooked_at = desk.vault.gets + at;
        CHECK(desk.open(held) == "text");
        desk.vault.hook = nullptr;
        CHECK(desk.open(held) == "text");
      }
}

TEST_CASE("a shredding that cannot be done changes nothing") {
  Desk desk;
  const CapsuleHeld gone = desk.sealed("4111"), other = desk.sealed("text");
  const Bytes row = desk.vault.stored(desk.row_key(), VaultFamily::rows);
  SUBCASE("the keyring does not answer") {
    desk.door_.reset();
    desk.keys.set_unavailable(true);
    CHECK(desk.shred({gone}, {other}).error().code == Errc::unavailable);
    desk.keys.set_unavailable(false);
  }
  SUBCASE("the keyring stops answering before the row is wrapped") {
    CHECK(desk.open(gone) == "4111");
    desk.keys.set_unavailable(true);
    CHECK(desk.shred({gone}, {other}).error().code == Errc::unavailable);
    desk.keys.set_unavailable(false);
  }
  SUBCASE("the vault takes no writes") {
    desk.vault.write_fails = true;
    CHECK(desk.shred({gone}, {other}).error().rule == "vault.down");
    desk.vault.write_fails = false;
  }
  CHECK(desk.vault.stored(desk.row_key(), VaultFamily::rows) == row);
  CHECK(desk.open(gone) == "4111");
  CHECK(desk.open(other) == "text");
  REQUIRE(desk.shred({gone}, {other}));
  CHECK(desk.open(gone) == "(redacted)");
  CHECK(desk.open(other) == "text");
}
