#include "engine/runtime/door.h"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <doctest/doctest.h>

#include "adapters/memory/memory_keys.h"
#include "adapters/memory/seeded_random.h"
#include "tests/support/print.h"

using namespace parlance;

namespace {

/// A vault over maps. It obeys like a real one, and can fail, count, and let something happen in the midst of a get().
class MapVault final : public Vault {
 public:
  Result<std::optional<Bytes>> get(VaultFamily family, ByteView key) const override {
    Bytes wanted(key.begin(), key.end());
    if (trouble) return *trouble;
    std::optional<Bytes> value;
    {
      const std::scoped_lock lock(mutex_);
      ++gets;
      const auto& rows = families_.at(family);
      if (const auto found = rows.find(wanted); found != rows.end()) value = found->second;
    }
    if (after_get) std::exchange(after_get, nullptr)();
    return value;
  }
  Result<void> scan(VaultFamily family, const std::function<bool(ByteView, ByteView)>& sink) const override {
    if (trouble) return *trouble;
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, value] : families_.at(family))
      if (!sink(key, value)) break;
    return {};
  }
  Result<void> write(const std::vector<VaultRow>& put_rows,
                     const std::vector<VaultRow>& remove_rows) override {
    if (trouble) return *trouble;
    const std::scoped_lock lock(mutex_);
    ++writes;
    for (const auto& row : put_rows) families_.at(row.family)[row.key] = row.value;
    for (const auto& row : remove_rows) families_.at(row.family).erase(row.key);
    return {};
  }
  void put(const VaultRow& row) { REQUIRE(write({row}, {}).has_value()); }
  void remove(VaultFamily family, const Bytes& key) { REQUIRE(write({}, {{family, key, {}}}).has_value()); }

  std::optional<Error> trouble;
  mutable std::function<void()> after_get;  ///< once
  mutable int gets = 0;
  int writes = 0;

 private:
  mutable std::mutex mutex_;  ///< guards families_ and the counts
  mutable std::map<VaultFamily, std::map<Bytes, Bytes>> families_{
      {VaultFamily::capsules, {}}, {VaultFamily::rows, {}}, {VaultFamily::tombstones, {}}};
};

const auto workspace = WorkspaceId::from(RawId{0, 77});
const auto other_workspace = WorkspaceId::from(RawId{0, 78});
const auto ada = SubjectId::from(RawId{5, 5});
const auto conversation = ConversationId::from(RawId{6, 6});
const CapsuleId first_capsule{EnvelopeId::from(RawId{9, 9}), 0};
const Principal agent{{ActorKind::agent, RawId{1, 1}}, Role::agent};
const Principal system_itself{{ActorKind::system, {}}, Role::none};
constexpr std::uint32_t day = 20'779;

struct Desk {
  MapVault vault;
  MemoryKeys keys{7};
  SeededRandom random{1};
  DoorLimits limits;
  std::optional<Door> door_;

  Door& door() {
    if (!door_) door_.emplace(vault, keys, random, limits);
    return *door_;
  }
  /// A new process over the same vault.
  Door& restarted() {
    door_.reset();
    return door();
  }
  Door::MadeRow make(RawId owner = ada, WorkspaceId in = workspace) {
    return door().make_row(in, RowKind::author, owner, conversation).value();
  }
  ReferenceId stored_row(RawId owner = ada, WorkspaceId in = workspace) {
    const auto made = make(owner, in);
    vault.put(made.stored);
    return made.reference;
  }
  Sealed sealed(ReferenceId under, const std::string& text = "hello", CapsuleId id = first_capsule,
                FieldClass field_class = FieldClass::content) {
    Personal<std::string> field(text, under, field_class);
    vault.put(door().seal(workspace, id, field).value());
    return field.sealed();
  }
  Sealed preview(ReferenceId under, std::uint16_t number = 0, const std::string& text = "where is it?") {
    Personal<Preview> field(Preview{.name = "Ada", .text = text}, under, FieldClass::content);
    vault.put(door().seal(workspace, {first_capsule.envelope, number}, field).value());
    return field.sealed();
  }
  Opened<Preview> look(const Sealed& what, const Principal& principal = agent) {
    return door().open<Preview>(principal, Purpose::support, workspace, what);
  }
  Opened<std::string> open(const Sealed& what, const Principal& principal = agent,
                           Purpose purpose = Purpose::support) {
    return door().open<std::string>(principal, purpose, workspace, what);
  }
};

template <class T> std::string answer(const Opened<T>& opened) {
  if (const auto* erased = std::get_if<Erased>(&opened)) return "erased " + std::to_string(erased->day);
  if (const auto* trouble = std::get_if<Unavailable>(&opened)) return std::string(trouble->error.rule);
  return "value";
}

}  // namespace

TEST_CASE("what is sealed opens, and the event keeps where it lies and what was stored") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.sealed(reference, "hello");
  CHECK(sealed.capsule == first_capsule);
  CHECK(sealed.reference == reference);
  CHECK(sealed.field_class == FieldClass::content);
  CHECK(sealed.digest == sha256(**desk.vault.get(VaultFamily::capsules, capsule_key(first_capsule))));
  CHECK(std::get<std::string>(desk.open(sealed)) == "hello");
  desk.restarted();
  CHECK(std::get<std::string>(desk.open(sealed)) == "hello");
}

TEST_CASE("a row is known as soon as it is made, before the vault has it") {
  Desk desk;
  const auto made = desk.make();
  Personal<std::string> field("hello", made.reference, FieldClass::content);
  const auto capsule = desk.door().seal(workspace, first_capsule, field);
  CHECK(capsule->family == VaultFamily::capsules);
  const auto row = desk.door().row(workspace, made.reference);
  CHECK(std::get<KeyRow>(row).owner == ada);
  CHECK(std::get<KeyRow>(row).conversation == conversation);
}

TEST_CASE("sealing one text twice gives two capsules") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  Personal<std::string> one("hello", reference, FieldClass::content), two = one;
  CHECK(desk.door().seal(workspace, first_capsule, one)->value !=
        desk.door().seal(workspace, first_capsule, two)->value);
  CHECK(one.sealed().digest != two.sealed().digest);
}

TEST_CASE("files are sealed under a key of their own") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  CHECK(std::get<std::string>(
            desk.open(desk.sealed(reference, "photo", first_capsule, FieldClass::attachment))) == "photo");
  const auto row = desk.door().row(workspace, reference);
  const auto stored = desk.vault.get(VaultFamily::capsules, capsule_key(first_capsule));
  const CapsuleContext context{workspace, first_capsule, reference, FieldClass::attachment,
                               CapsuleSchema::text};
  CHECK(open_capsule(std::get<KeyRow>(row).files, context, **stored).has_value());
  CHECK_FALSE(open_capsule(std::get<KeyRow>(row).content, context, **stored).has_value());
}

TEST_CASE("who may not see a class learns nothing, not even that it is erased") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.sealed(reference);
  const Principal nobody{{ActorKind::program, RawId{2, 2}}, Role::none};
  const Principal customer{{ActorKind::customer, {}}, Role::agent};
  const Principal program{{ActorKind::program, RawId{2, 2}}, Role::lead};
  const auto check_all = [&](const std::string& answer_if_permitted) {
    CHECK(answer(desk.open(sealed, nobody)) == "field.not_permitted");
    CHECK(answer(desk.open(sealed, customer)) == "field.not_permitted");
    CHECK(answer(desk.open(sealed, agent, Purpose::engine)) == "field.not_permitted");
    CHECK(answer(desk.open(sealed, agent, Purpose::verification)) == "field.not_permitted");
    CHECK(answer(desk.open(sealed, system_itself, Purpose::support)) == "field.not_permitted");
    CHECK(answer(desk.open(sealed, system_itself, Purpose::engine)) == answer_if_permitted);
    CHECK(answer(desk.open(sealed, system_itself, Purpose::verification)) == answer_if_permitted);
    CHECK(answer(desk.open(sealed, program)) == answer_if_permitted);
    for (const Role role : {Role::agent, Role::lead, Role::admin})
      CHECK(answer(desk.open(sealed, {agent.actor, role})) == answer_if_permitted);
  };
  check_all("value");
  REQUIRE(desk.door().destroy({{reference}}, day).has_value());
  check_all("erased 20779");
  Sealed strange = sealed;
  strange.field_class = static_cast<FieldClass>(1);
  CHECK(answer(desk.open(strange)) == "field.not_permitted");
  strange.field_class = static_cast<FieldClass>(200);
  CHECK(answer(desk.open(strange, {agent.actor, static_cast<Role>(200)})) == "field.not_permitted");
}

TEST_CASE("a destroyed row is erased at once, after a restart, and when its capsules are gone") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.sealed(reference);
  REQUIRE(desk.door().destroy({{reference}}, day).has_value());
  CHECK(desk.door().rows_held() == 0);
  CHECK(answer(desk.open(sealed)) == "erased 20779");
  CHECK(answer(desk.door().row(workspace, reference)) == "erased 20779");
  desk.restarted();
  CHECK(answer(desk.open(sealed)) == "erased 20779");
  desk.vault.remove(VaultFamily::capsules, capsule_key(first_capsule));
  CHECK(answer(desk.open(sealed)) == "erased 20779");
}

TEST_CASE("nothing is sealed under a destroyed row") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  REQUIRE(desk.door().destroy({{reference}}, day).has_value());
  Personal<std::string> field("hello", reference, FieldClass::content);
  const auto refusal = desk.door().seal(workspace, first_capsule, field);
  REQUIRE(refusal.has_error());
  CHECK(refusal.error().code == Errc::refused);
  CHECK(refusal.error().rule == "subject.erased");
  CHECK(field.is_plain());
}

TEST_CASE(
    "a late write of a destroyed row does not bring it back, and the row is found for the next destruction") {
  Desk desk;
  const auto made = desk.make();
  REQUIRE(desk.door().destroy({{made.reference}}, day).has_value());
  desk.vault.put(made.stored);  // The record with the row arrives after the destruction.
  CHECK(answer(desk.door().row(workspace, made.reference)) == "erased 20779");
  desk.restarted();
  CHECK(answer(desk.door().row(workspace, made.reference)) == "erased 20779");

  const auto found = desk.door().rows_of(workspace, ada).value();
  CHECK(found == std::vector{made.reference});
  REQUIRE(desk.door().destroy(found, day + 5).has_value());
  CHECK(desk.door().rows_of(workspace, ada)->empty());
  CHECK(answer(desk.door().row(workspace, made.reference)) == "erased 20779");  // The first day stays.
}

TEST_CASE(
    "a destruction in the midst of a read wins, whichever of the two reads of the vault it falls behind") {
  for (const int behind : {1, 2}) {
    CAPTURE(behind);
    Desk desk;
    const ReferenceId reference = desk.stored_row();
    desk.restarted();
    const auto destroy = [&] { REQUIRE(desk.door().destroy({{reference}}, day).has_value()); };
    if (behind == 1)
      desk.vault.after_get = destroy;
    else
      desk.vault.after_get = [&] { desk.vault.after_get = destroy; };
    CHECK(answer(desk.door().row(workspace, reference)) == "erased 20779");
    CHECK(answer(desk.door().row(workspace, reference)) == "erased 20779");
    CHECK(desk.door().rows_held() == 0);
  }
}

TEST_CASE("a capsule destroyed alone is redacted, and what else its author wrote is not") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed gone = desk.sealed(reference, "4111");
  const Sealed stays = desk.sealed(reference, "hello", {first_capsule.envelope, 1});
  const Bytes late = desk.vault.get(VaultFamily::capsules, capsule_key(first_capsule))->value();
  CHECK_FALSE(*desk.door().is_destroyed(first_capsule));
  REQUIRE(desk.door().destroy_capsules({{first_capsule}}, day).has_value());
  const auto check = [&] {
    const auto opened = desk.open(gone);
    REQUIRE(std::holds_alternative<Erased>(opened));
    CHECK(std::get<Erased>(opened) == Erased{day, true});
    CHECK(answer(desk.open(stays)) == "value");
    CHECK(*desk.door().is_destroyed(first_capsule));
  };
  check();
  REQUIRE(desk.door().destroy_capsules({{first_capsule}}, day + 5).has_value());
  check();  // The first day stays.
  desk.vault.put({VaultFamily::capsules, capsule_key(first_capsule), late});
  check();  // A late write brings nothing back.
  REQUIRE(desk.door().destroy({{reference}}, day + 9).has_value());
  CHECK(answer(desk.open(gone)) == "erased " + std::to_string(day + 9));
}

TEST_CASE("rows are destroyed in one write") {
  Desk desk;
  std::vector<ReferenceId> references;
  for (int i = 0; i < 100; ++i) references.push_back(desk.stored_row());
  const int before = desk.vault.writes;
  REQUIRE(desk.door().destroy(references, day).has_value());
  CHECK(desk.vault.writes == before + 1);
  for (const ReferenceId reference : references)
    CHECK(answer(desk.door().row(workspace, reference)) == "erased 20779");
}

TEST_CASE("a destruction that fails destroys nothing and says so") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.sealed(reference);
  desk.vault.trouble = unavailable("vault.down");
  CHECK(desk.door().destroy({{reference}}, day).error().rule == "vault.down");
  desk.vault.trouble.reset();
  CHECK(answer(desk.open(sealed)) == "value");
}

TEST_CASE("what cannot be told is never called erased") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.sealed(reference);
  const Bytes row_key = ByteWriter().id(reference).take();
  const Bytes row = **desk.vault.get(VaultFamily::rows, row_key);
  const Bytes capsule = **desk.vault.get(VaultFamily::capsules, capsule_key(first_capsule));

  SUBCASE("the vault does not answer") {
    desk.restarted();
    desk.vault.trouble = unavailable("vault.down");
    CHECK(answer(desk.open(sealed)) == "vault.down");
  }
  SUBCASE("the vault stops answering between row and tombstone") {
    desk.restarted();
    desk.vault.after_get = [&] { desk.vault.trouble = unavailable("vault.down"); };
    CHECK(answer(desk.open(sealed)) == "vault.down");
  }
  SUBCASE("the keyring does not answer") {
    desk.restarted();
    desk.keys.set_unavailable(true);
    CHECK(answer(desk.open(sealed)) == "keyring.unavailable");
    desk.keys.set_unavailable(false);
    CHECK(answer(desk.open(sealed)) == "value");
  }
  SUBCASE("the row is missing without a tombstone") {
    desk.restarted();
    desk.vault.remove(VaultFamily::rows, row_key);
    CHECK(answer(desk.open(sealed)) == "key_row.missing");
    Personal<std::string> field("hello", reference, FieldClass::content);
    CHECK(desk.door().seal(workspace, first_capsule, field).error().rule == "key_row.missing");
  }
  SUBCASE("the row is damaged") {
    desk.restarted();
    Bytes damaged = row;
    damaged[100] ^= 1;
    desk.vault.put({VaultFamily::rows, row_key, damaged});
    CHECK(answer(desk.open(sealed)) == "key_row.corrupt");
  }
  SUBCASE("the capsule is missing") {
    desk.vault.remove(VaultFamily::capsules, capsule_key(first_capsule));
    CHECK(answer(desk.open(sealed)) == "capsule.missing");
  }
  SUBCASE("the capsule is damaged") {
    Bytes damaged = capsule;
    damaged.back() ^= 1;
    desk.vault.put({VaultFamily::capsules, capsule_key(first_capsule), damaged});
    CHECK(answer(desk.open(sealed)) == "capsule.corrupt");
  }
  SUBCASE("another capsule that opens has been put in its place") {
    desk.sealed(reference, "good-bye");
    CHECK(answer(desk.open(sealed)) == "capsule.corrupt");
  }
}

TEST_CASE("a tombstone whose day is damaged is a tombstone still") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  desk.restarted();
  desk.vault.put({VaultFamily::tombstones, ByteWriter().id(reference).take(), {1, 2}});
  CHECK(answer(desk.door().row(workspace, reference)) == "erased 0");
}

TEST_CASE("a capsule opens as what it was sealed as, in its own workspace only") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  Sealed sealed = desk.sealed(reference);
  CHECK(answer(desk.door().open<std::string>(agent, Purpose::support, other_workspace, sealed)) ==
        "key_row.missing");
  desk.restarted();
  CHECK(answer(desk.door().open<std::string>(agent, Purpose::support, other_workspace, sealed)) ==
        "key_row.corrupt");
  sealed.field_class = FieldClass::contact;
  CHECK(answer(desk.open(sealed)) == "capsule.corrupt");
}

TEST_CASE(
    "restricted data is opened for the engine's work and for no person; a dying row seals nothing more") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.sealed(reference);
  const auto row = desk.door().row(workspace, reference);
  const auto flag = [&](std::uint8_t flags) {
    KeyRow flagged = std::get<KeyRow>(row);
    flagged.flags = flags;
    desk.vault.put({VaultFamily::rows, ByteWriter().id(reference).take(),
                    wrap_row(desk.keys, workspace, reference, flagged).value()});
    desk.door().forget(reference);
  };
  flag(row_restricted);
  CHECK(answer(desk.open(sealed)) == "subject.restricted");
  CHECK(answer(desk.open(sealed, system_itself, Purpose::engine)) == "value");
  flag(row_dying);
  CHECK(answer(desk.open(sealed)) == "value");
  Personal<std::string> field("hello", reference, FieldClass::content);
  CHECK(desk.door().seal(workspace, first_capsule, field).error().rule == "subject.dying");
}

TEST_CASE("all rows of an owner are found, in the vault and made here, and nobody else's") {
  Desk desk;
  // One bucket for all of them, so that only unwrapping tells them apart.
  const auto eve = SubjectId::from(RawId{4, ada.low});
  REQUIRE(bucket_of(eve) == bucket_of(ada));
  std::vector<ReferenceId> expected{desk.stored_row(), desk.stored_row()};
  desk.stored_row(eve);
  desk.stored_row(ada, other_workspace);
  desk.restarted();
  expected.push_back(desk.make().reference);
  desk.make(eve);
  std::sort(expected.begin(), expected.end());
  CHECK(desk.door().rows_of(workspace, ada).value() == expected);
}

TEST_CASE("an owner's rows are not told in part") {
  Desk desk;
  desk.stored_row();
  const ReferenceId reference = desk.stored_row();
  const Bytes key = ByteWriter().id(reference).take();
  Bytes row = **desk.vault.get(VaultFamily::rows, key);
  desk.restarted();
  SUBCASE("a damaged row") {
    row[100] ^= 1;
    desk.vault.put({VaultFamily::rows, key, row});
    CHECK(desk.door().rows_of(workspace, ada).error().rule == "key_row.corrupt");
  }
  SUBCASE("a row of a newer program") {
    row[0] = 3;
    desk.vault.put({VaultFamily::rows, key, row});
    CHECK(desk.door().rows_of(workspace, ada).error().rule == "key_row.newer");
  }
  SUBCASE("a row under a strange key") {
    desk.vault.put({VaultFamily::rows, {1, 2, 3}, row});
    CHECK(desk.door().rows_of(workspace, ada).error().rule == "key_row.corrupt");
  }
  SUBCASE("a vault that does not answer") {
    desk.vault.trouble = unavailable("vault.down");
    CHECK(desk.door().rows_of(workspace, ada).error().rule == "vault.down");
  }
}

TEST_CASE("a cached row is read from memory, a forgotten one from the vault") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  desk.restarted();
  CHECK(answer(desk.door().row(workspace, reference)) == "value");
  const int before = desk.vault.gets;
  CHECK(answer(desk.door().row(workspace, reference)) == "value");
  CHECK(desk.vault.gets == before);
  desk.door().forget(reference);
  CHECK(desk.door().rows_held() == 0);
  CHECK(answer(desk.door().row(workspace, reference)) == "value");
  CHECK(desk.vault.gets > before);
}

TEST_CASE("memory holds no more rows than its limits say") {
  Desk desk;
  desk.limits = {.cached_rows_max = 64, .made_rows_max = 32};
  std::vector<ReferenceId> references;
  for (int i = 0; i < 1000; ++i) references.push_back(desk.stored_row());
  CHECK(desk.door().rows_held() <= 32);
  for (const ReferenceId reference : references)
    CHECK(answer(desk.door().row(workspace, reference)) == "value");
  CHECK(desk.door().rows_held() <= 96);
  CHECK(desk.door().rows_held() > 60);
}

TEST_CASE(
    "an opened preview is read from memory, by who may see it, until it or its reference is destroyed") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed first = desk.preview(reference, 0), second = desk.preview(reference, 1, "and now?");
  CHECK(answer(desk.look(first)) == "value");
  CHECK(answer(desk.look(second)) == "value");
  const int before = desk.vault.gets;
  CHECK(std::get<Preview>(desk.look(first)).text == "where is it?");
  CHECK(std::get<Preview>(desk.look(second)).text == "and now?");
  CHECK(desk.vault.gets == before);
  CHECK(answer(desk.look(first, {{ActorKind::agent, RawId{1, 1}}, Role::none})) == "field.not_permitted");
  Sealed another = first;
  another.digest[0] ^= 1;
  CHECK(answer(desk.look(another)) == "capsule.corrupt");

  REQUIRE(desk.door().destroy_capsules({{first.capsule}}, day));
  CHECK(answer(desk.look(first)) == "erased 20779");
  CHECK(answer(desk.look(second)) == "value");
  REQUIRE(desk.door().destroy({{reference}}, day));
  CHECK(answer(desk.look(second)) == "erased 20779");
  CHECK(desk.door().preview_bytes_held() == 0);
}

TEST_CASE(
    "an opened preview that is shredded is not answered from memory, nor those of its row under their old "
    "key") {
  Desk desk;
  const ReferenceId reference = desk.stored_row(), apart = desk.stored_row();
  const CapsuleHeld gone{desk.preview(reference, 0), capsule_schema<Preview>},
      stays{desk.preview(reference, 1, "and now?"), capsule_schema<Preview>};
  const Sealed others = desk.preview(apart, 2);
  for (const Sealed& one : {gone.sealed, stays.sealed, others}) CHECK(answer(desk.look(one)) == "value");
  SUBCASE("at once") {}
  SUBCASE("where the row has no contact key, and so keeps its keys") {
    KeyRow row = std::get<KeyRow>(desk.door().row(workspace, reference));
    row.contact.reset();
    const auto bytes = reference.bytes();
    desk.vault.put({VaultFamily::rows, Bytes(bytes.begin(), bytes.end()),
                    wrap_row(desk.keys, workspace, reference, row).value()});
  }
  REQUIRE(desk.door().shred(workspace, {{gone}}, {{stays}}, day));
  CHECK(answer(desk.look(gone.sealed)) == "erased 20779");
  CHECK(std::get<Preview>(desk.look(stays.sealed)).text == "and now?");
  const int before = desk.vault.gets;
  CHECK(answer(desk.look(others)) == "value");
  CHECK(desk.vault.gets == before);
}

TEST_CASE("a preview that is shredded while it is read does not stay in memory") {
  Desk desk;
  const CapsuleHeld gone{desk.preview(desk.stored_row()), capsule_schema<Preview>};
  (void)desk.door().row(workspace, gone.sealed.reference);
  // Between the reading of the capsule and the putting into memory.
  desk.vault.after_get = [&] { REQUIRE(desk.door().shred(workspace, {{gone}}, {}, day)); };
  (void)desk.look(gone.sealed);
  CHECK(desk.door().preview_bytes_held() == 0);
  CHECK(answer(desk.look(gone.sealed)) == "erased 20779");
}

TEST_CASE("a preview that is destroyed while it is read does not stay in memory") {
  Desk desk;
  const ReferenceId reference = desk.stored_row();
  const Sealed sealed = desk.preview(reference);
  // Between the reading of the capsule and the putting into memory.
  desk.vault.after_get = [&] { REQUIRE(desk.door().destroy_capsules({{sealed.capsule}}, day)); };
  (void)desk.look(sealed);
  CHECK(desk.door().preview_bytes_held() == 0);
  CHECK(answer(desk.look(sealed)) == "erased 20779");
}

TEST_CASE("memory holds no more previews than its limit says") {
  Desk desk;
  desk.limits = {.previews_bytes_max = 256 * 1024};
  std::vector<Sealed> all;
  for (std::uint16_t i = 0; i < 2'000; ++i) all.push_back(desk.preview(desk.stored_row(), i));
  for (const Sealed& sealed : all) CHECK(answer(desk.look(sealed)) == "value");
  CHECK(desk.door().preview_bytes_held() <= 256 * 1024);
  CHECK(desk.door().preview_bytes_held() > 128 * 1024);
}

TEST_CASE(
    "threads that seal, open and destroy at once see a row or its erasure, and after the destruction only "
    "that") {
  Desk desk;
  desk.limits = {.cached_rows_max = 32, .made_rows_max = 32};
  std::vector<Sealed> all;
  std::vector<ReferenceId> references;
  for (std::uint16_t i = 0; i < 64; ++i) {
    references.push_back(desk.stored_row());
    all.push_back(desk.sealed(references.back(), "hello", {first_capsule.envelope, i}));
  }
  std::atomic<int> wrong = 0;
  std::array<std::atomic<bool>, 64> destroyed{};
  const auto read = [&](std::size_t start) {
    for (std::size_t i = 0; i < 2000; ++i) {
      const std::size_t at = (start + i * 7) % 64;
      const bool surely_gone = destroyed[at];
      const auto opened = desk.open(all[at]);
      if (std::holds_alternative<Unavailable>(opened)) ++wrong;
      if (surely_gone && !std::holds_alternative<Erased>(opened)) ++wrong;
    }
  };
  {
    std::jthread one(read, 0), two(read, 31);
    for (std::size_t at = 0; at < 64; ++at) {
      if (!desk.door().destroy({{references[at]}}, day)) ++wrong;
      destroyed[at] = true;
    }
  }
  CHECK(wrong == 0);
  for (const Sealed& sealed : all) CHECK(answer(desk.open(sealed)) == "erased 20779");
}
