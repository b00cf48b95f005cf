#include "tools/parlance/restore.h"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include "adapters/embedded/system.h"
#include "engine/runtime/capsule.h"
#include "engine/runtime/grant.h"
#include "engine/runtime/key_row.h"
#include "tests/support/print.h"
#include "tests/support/temp_dir.h"
#include "tools/parlance/folder.h"

/// What a restore does to keys and to what was destroyed.
namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

const Tell silent = [](const char*, const char*, std::uint64_t, std::uint64_t) {};

ReferenceId reference(std::uint64_t n) { return ReferenceId::from(RawId{0x5eed, n}); }
Bytes key(ReferenceId r) {
  const auto bytes = r.bytes();
  return {bytes.begin(), bytes.end()};
}

/// A data folder whose vault has key rows, its backups and its keyring's.
struct World {
  tests::TempDir dir;
  fs::path data = dir.path() / "data", backups = dir.path() / "backups", keys = dir.path() / "keys";
  WorkspaceId workspace = WorkspaceId::from(RawId{1, 2});

  World() {
    auto folder = open_folder(data, data / "keys", 4);
    REQUIRE(folder);
    std::vector<VaultRow> put;
    for (std::uint64_t n = 1; n <= 20; ++n) {
      KeyRow row;
      row.owner = RawId{7, n};
      put.push_back(
          {VaultFamily::rows, key(reference(n)), *wrap_row(*folder->keys, workspace, reference(n), row)});
    }
    REQUIRE(folder->log->vault().write(put, {}));
  }
  void destroy(std::uint64_t n) const {
    auto log = open_log_alone(data);
    REQUIRE(log);
    REQUIRE((*log)->vault().write(
        {{VaultFamily::tombstones, key(reference(n)), ByteWriter().le(std::uint32_t{20'000}).take()}},
        {{VaultFamily::rows, key(reference(n)), {}}}));
  }
  void back_up_log() const {
    auto log = open_log_alone(data);
    REQUIRE(log);
    REQUIRE(BackupFolder::prepare(backups, (*log)->id(), {data, keys}));
    auto folder = BackupFolder::open(backups, true);
    REQUIRE(folder);
    REQUIRE((*folder)->create(**log, **FileKeyring::open(data / "keys"), data / "files", silent));
  }
  void back_up_the_keys(const fs::path& to) const {
    auto log = open_log_to_read(data);
    REQUIRE(log);
    REQUIRE(back_up_keys(data / "keys", (*log)->id(), *ledger_of((*log)->vault()), to, {data, backups}));
  }
  [[nodiscard]] RestoreOptions options() const {
    RestoreOptions out;
    out.from = backups;
    out.keys = keys;
    out.to = dir.path() / "restored";
    return out;
  }
  [[nodiscard]] Result<Restored> restore(const RestoreOptions& how) const {
    return restore_backup(how, true, silent);
  }
  [[nodiscard]] std::string_view refusal(const RestoreOptions& how) const {
    const auto restored = restore(how);
    CHECK_FALSE(fs::exists(how.to / "log"));
    CHECK_FALSE(fs::exists(how.to / "restoring"));
    return restored ? "none" : restored.error().rule;
  }
  void rotate(std::uint64_t n) const {
    const auto ring = FileKeyring::open(data / "keys");
    const std::array buckets{bucket_of(RawId{7, n})};
    REQUIRE((*ring)->add_next_keys(buckets));
    REQUIRE((*ring)->drop_old_keys(buckets));
  }
};

bool has(const fs::path& data, VaultFamily family, std::uint64_t n) {
  auto log = open_log_to_read(data);
  REQUIRE(log);
  return (*log)->vault().get(family, key(reference(n)))->has_value();
}

TEST_CASE("what was destroyed after the backup is destroyed again") {
  World world;
  world.destroy(1);
  world.back_up_log();
  world.destroy(2);
  world.back_up_the_keys(world.keys);
  const auto restored = world.restore(world.options());
  REQUIRE(restored);
  CHECK(restored->redestroyed == 1);
  CHECK(restored->unreadable == 0);
  for (const std::uint64_t n : {1, 2}) {
    CHECK(has(world.options().to, VaultFamily::tombstones, n));
    CHECK_FALSE(has(world.options().to, VaultFamily::rows, n));
  }
  CHECK(has(world.options().to, VaultFamily::rows, 3));
}

TEST_CASE("a message redacted after the backup is redacted again, by whichever grant it opened") {
  World world;
  const auto at = [](std::uint64_t n) { return capsule_key({EnvelopeId::from(RawId{5, n}), 0}); };
  const auto write = [&](std::vector<VaultRow> put, std::vector<VaultRow> remove) {
    auto log = open_log_alone(world.data);
    REQUIRE(log);
    REQUIRE((*log)->vault().write(put, remove));
  };
  for (const std::uint64_t n : {1, 2})
    write({{VaultFamily::capsules, at(n), Bytes(80)},
           {VaultFamily::capsules, grant_beside(at(n), GrantPlace::first), Bytes(grant_bytes)},
           {VaultFamily::capsules, grant_beside(at(n), GrantPlace::second), Bytes(grant_bytes)}},
          {});
  world.back_up_log();
  write({{VaultFamily::tombstones, at(1), ByteWriter().le(std::uint32_t{20'000}).take()},
         {VaultFamily::tombstones, at(3), ByteWriter().le(std::uint32_t{20'000}).take()}},
        {{VaultFamily::capsules, at(1), {}}});
  world.back_up_the_keys(world.keys);
  const auto restored = world.restore(world.options());
  REQUIRE(restored);
  CHECK(restored->redestroyed == 1);
  auto log = open_log_to_read(world.options().to);
  REQUIRE(log);
  const auto there = [&](VaultFamily family, const Bytes& key) {
    return (*log)->vault().get(family, key)->has_value();
  };
  CHECK(there(VaultFamily::tombstones, at(1)));
  CHECK_FALSE(there(VaultFamily::capsules, at(1)));
  for (const GrantPlace place : grant_places) {
    CHECK_FALSE(there(VaultFamily::capsules, grant_beside(at(1), place)));
    CHECK(there(VaultFamily::capsules, grant_beside(at(2), place)));
  }
  CHECK(there(VaultFamily::capsules, at(2)));
  // Of what the backup never had, nothing is written.
  CHECK_FALSE(there(VaultFamily::tombstones, at(3)));
}

TEST_CASE("a key backup of an earlier program, which says nothing of messages, is as good as it was") {
  World world;
  world.destroy(1);
  world.back_up_log();
  world.back_up_the_keys(world.keys);
  const fs::path manifest = world.keys / "1" / "manifest";
  auto value = boost::json::parse(as_text(*backup_files.read(manifest, 16 * 1024)));
  value.as_object()["files"].as_object().erase("capsules");
  REQUIRE(backup_files.replace(manifest, as_bytes(boost::json::serialize(value))));
  fs::remove(world.keys / "1" / "capsules");
  CHECK(find_key_backup(world.keys)->ledger.rows.size() == 1);
  CHECK(world.restore(world.options()));
}

TEST_CASE(
    "a message redacted alone comes back so, with the grants beside it, and keeps no backup from being "
    "made") {
  World world;
  const CapsuleId gone{EnvelopeId::from(RawId{9, 1}), 0}, stays{EnvelopeId::from(RawId{9, 2}), 0};
  {
    auto log = open_log_alone(world.data);
    REQUIRE(log);
    REQUIRE(
        (*log)->vault().write({{VaultFamily::tombstones, capsule_key(gone), Bytes{1, 0, 0, 0}},
                               {VaultFamily::capsules, capsule_key(stays), Bytes{1, 2}},
                               {VaultFamily::capsules, grant_key(stays, GrantPlace::second), Bytes{3, 4}}},
                              {}));
  }
  world.destroy(1);
  world.back_up_log();
  world.back_up_the_keys(world.keys);
  const auto restored = world.restore(world.options());
  REQUIRE(restored);
  CHECK(restored->redestroyed == 0);
  CHECK(restored->unreadable == 0);
  auto log = open_log_to_read(world.options().to);
  REQUIRE(log);
  const auto stored = [&](VaultFamily family, const Bytes& at) {
    return (*log)->vault().get(family, at).value().value_or(Bytes{});
  };
  CHECK(stored(VaultFamily::tombstones, capsule_key(gone)) == Bytes{1, 0, 0, 0});
  CHECK(stored(VaultFamily::capsules, capsule_key(stays)) == Bytes{1, 2});
  CHECK(stored(VaultFamily::capsules, grant_key(stays, GrantPlace::second)) == Bytes{3, 4});
}

TEST_CASE("a ledger that the vault is ahead of is not the newest") {
  World world;
  world.back_up_the_keys(world.keys);
  world.destroy(1);
  world.back_up_log();
  RestoreOptions options = world.options();
  CHECK(world.refusal(options) == "ledger.older");
  options.keys_are_newest = true;
  CHECK(world.restore(options));
  CHECK_FALSE(has(options.to, VaultFamily::rows, 1));
}

TEST_CASE("a keyring from before a rotation would bring destroyed keys back") {
  World world;
  world.back_up_the_keys(world.keys);
  world.rotate(1);
  world.back_up_log();
  RestoreOptions options = world.options();
  options.keys_are_newest = true;
  CHECK(world.refusal(options) == "keyring.older");
}

TEST_CASE("rows whose key was destroyed since are counted, and accepted only as counted") {
  World world;
  world.back_up_log();
  world.rotate(5);
  world.back_up_the_keys(world.keys);
  RestoreOptions options = world.options();
  CHECK(world.refusal(options) == "keyring.unreadable_rows");
  options.unreadable_accepted = 1;
  const auto restored = world.restore(options);
  REQUIRE(restored);
  CHECK(restored->unreadable == 1);
}

TEST_CASE("an older keyring does not replace a newer one's backup") {
  World world;
  const fs::path old = world.dir.path() / "old keys";
  fs::copy(world.data / "keys", old);
  world.rotate(1);
  world.back_up_the_keys(world.keys);
  auto log = open_log_to_read(world.data);
  const auto kept = back_up_keys(old, (*log)->id(), {}, world.keys, {});
  REQUIRE_FALSE(kept);
  CHECK(kept.error().rule == "backup.keys_older");
  CHECK(find_key_backup(world.keys)->serial == 3);
}

TEST_CASE("a key backup that was cut short is none") {
  World world;
  world.back_up_the_keys(world.keys);
  fs::create_directories(world.keys / "2.new");
  CHECK(find_key_backup(world.keys)->folder == world.keys / "1");
  world.back_up_the_keys(world.keys);
  CHECK(find_key_backup(world.keys)->folder == world.keys / "2");
  CHECK_FALSE(fs::exists(world.keys / "1"));
}

TEST_CASE("attachments go along, what is being written of them does not") {
  World world;
  const auto write = [](const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    REQUIRE(backup_files.replace(path, as_bytes(text)));
  };
  write(world.data / "files" / "ab" / "att_1ab", "sealed one");
  write(world.data / "files" / "new" / "att_2cd", "half");
  world.back_up_log();
  write(world.data / "files" / "cd" / "att_2cd", "sealed two");
  world.back_up_log();
  world.back_up_the_keys(world.keys);
  RestoreOptions options = world.options();
  options.number = 1;
  REQUIRE(world.restore(options));
  CHECK(fs::exists(options.to / "files" / "ab" / "att_1ab"));
  CHECK_FALSE(fs::exists(options.to / "files" / "cd"));
  CHECK_FALSE(fs::exists(options.to / "files" / "new"));
  const auto folder = BackupFolder::open(world.backups, true);
  CHECK((*folder)->keep(1)->size() == 1);
  CHECK(fs::exists(world.backups / "files" / "cd" / "att_2cd"));
}

}  // namespace
}  // namespace parlance::tools
