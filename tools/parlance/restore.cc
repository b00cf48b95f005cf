#include "tools/parlance/restore.h"

#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/core.h>

#include "engine/runtime/grant.h"
#include "engine/runtime/key_row.h"
#include "tools/parlance/folder.h"
#include "tools/parlance/progress.h"

namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t ledger_rows = 1'000;  // written at once
/// What a restore that was cut short leaves in its folder beside no log. The last is made first and removed last: it says whose the
/// others are.
constexpr std::array leftovers{"keys.restoring", "keys", attachments_folder, "restoring"};

Error io_error(const std::error_code& error, const fs::path& path) {
  return unavailable("restore.io", path.string() + ": " + error.message());
}

/// TO holds nothing but what a restore that was cut short left.
Result<void> check_target(const RestoreOptions& options) {
  std::error_code error;
  for (const fs::path& other : {options.from, options.keys})
    if (overlap(options.to, other))
      return invalid("restore.inside", options.to.string() + " and " + other.string() +
                                           " lie one in the other; name a folder elsewhere");
  if (!fs::exists(options.to, error)) return {};
  if (!fs::is_directory(options.to, error))
    return invalid("restore.exists", options.to.string() + " is not a folder");
  const bool ours =
      fs::exists(options.to / leftovers.back(), error) && !fs::exists(options.to / "log", error);
  for (fs::directory_iterator entry(options.to, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == "lost+found" || (ours && std::ranges::find(leftovers, name) != leftovers.end())) continue;
    return invalid("restore.exists", options.to.string() + " holds " + name +
                                         " already; nothing is written over: name an empty or a new folder");
  }
  if (error) return io_error(error, options.to);
  return {};
}

Result<void> check_keys(const RestoreOptions& options, const BackupManifest& manifest,
                        const KeyBackup& keys) {
  if (keys.log != manifest.marks.id || keys.fingerprint != manifest.fingerprint ||
      keys.keyring_id != manifest.keyring_id)
    return invalid("keyring.other_log", options.keys.string() + " is the keyring of another log");
  if (keys.serial < manifest.keyring_serial)
    return Error{
        Errc::version_conflict, "keyring.older",
        fmt::format("the keyring in {} is serial {}, and the backup was made under serial {}: it holds "
                    "keys that were destroyed since and lacks those that replaced them. Name the "
                    "newest key backup",
                    options.keys.string(), keys.serial, manifest.keyring_serial)};
  return {};
}

/// Destroys again what was destroyed after the backup; refuses a ledger that the backup itself is ahead of.
Result<std::uint64_t> apply_ledger(const RestoreOptions& options, const KeyBackup& keys, Vault& vault,
                                   const Tell& tell) {
  const auto there = ledger_of(vault);
  if (!there) return there.error();
  const auto unknown = static_cast<std::uint64_t>(
      std::ranges::count_if(there->rows, [&](const RowTombstone& one) { return !keys.knows(one.key); }));
  if (unknown != 0 && !options.keys_are_newest)
    return Error{
        Errc::version_conflict, "ledger.older",
        fmt::format("the key backup of {} knows nothing of {} that the backup's vault says were destroyed, "
                    "so it is the older of the two and there should be a newer one. If there is none, say "
                    "--keys-are-newest",
                    to_rfc3339(keys.created_at), unknown)};
  std::vector<VaultRow> put, remove;
  std::uint64_t again = 0, done = 0;
  const auto flush = [&]() -> Result<void> {
    auto written = vault.write(put, remove);
    put.clear();
    remove.clear();
    return written;
  };
  const std::uint64_t all = keys.ledger.rows.size() + keys.ledger.capsules.size();
  for (const RowTombstone& one : keys.ledger.rows) {
    tell("destroying again what the ledger names", "rows", ++done, all);
    const auto has = vault.get(VaultFamily::tombstones, one.key);
    if (!has) return has.error();
    const auto row = vault.get(VaultFamily::rows, one.key);
    if (!row) return row.error();
    const Bytes key(one.key.begin(), one.key.end());
    if (!*has) put.push_back({VaultFamily::tombstones, key, ByteWriter().le(one.day).take()});
    if (*row) {
      remove.push_back({VaultFamily::rows, key, {}});
      ++again;
    }
    if (put.size() + remove.size() >= ledger_rows)
      if (auto written = flush(); !written) return written.error();
  }
  // The row that opens a redacted message is another one today; the backup has the one from before, which opens it still.
  for (const CapsuleTombstone& one : keys.ledger.capsules) {
    tell("destroying again what the ledger names", "rows", ++done, all);
    const auto capsule = vault.get(VaultFamily::capsules, one.key);
    if (!capsule) return capsule.error();
    if (!*capsule) continue;
    const Bytes key(one.key.begin(), one.key.end());
    put.push_back({VaultFamily::tombstones, key, ByteWriter().le(one.day).take()});
    remove.push_back({VaultFamily::capsules, key, {}});
    for (const GrantPlace place : grant_places)
      remove.push_back({VaultFamily::capsules, grant_beside(key, place), {}});
    ++again;
    if (put.size() + remove.size() >= ledger_rows)
      if (auto written = flush(); !written) return written.error();
  }
  if (!put.empty() || !remove.empty())
    if (auto written = flush(); !written) return written.error();
  return again;
}

/// Key rows that the keyring does not open.
Result<std::uint64_t> unreadable_rows(const KeyBackup& backup, const Vault& vault, const Tell& tell) {
  const auto keys = FileKeyring::open(backup.folder);
  if (!keys) return keys.error();
  std::uint64_t unreadable = 0, done = 0;
  const auto scanned = vault.scan(VaultFamily::rows, [&](ByteView key, ByteView stored) {
    tell("opening key rows", "rows", ++done, 0);
    const auto head = read_row_head(stored);
    const bool opens =
        key.size() == 16 && head &&
        unwrap_row(**keys, head->workspace, ReferenceId::from(RawId::from_bytes(key.first<16>())), stored);
    if (!opens) ++unreadable;
    return true;
  });
  if (!scanned) return scanned.error();
  return unreadable;
}

Result<void> copy_keyring(const KeyBackup& keys, const fs::path& to) {
  if (auto made = backup_files.make_folder(to); !made) return made;
  for (const char* name : {"root.key", "buckets", "secrets"}) {
    const auto copied = copy_file_synced(keys.folder / name, to / name);
    if (!copied) return copied.error();
  }
  return backup_files.sync_folder(to);
}

Result<void> move_into_place(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return io_error(error, to);
  return backup_files.sync_folder(to.parent_path());
}

Result<void> place_keyring(const KeyBackup& keys, const fs::path& to) {
  std::error_code error;
  const fs::path beside = to.string() + ".restoring";
  fs::remove_all(beside, error);
  if (auto copied = copy_keyring(keys, beside); !copied) return copied;
  fs::remove(to, error);  // an empty folder, or nothing
  return move_into_place(beside, to);
}

/// A keyring elsewhere is never written over; that of a restore that was cut short is the same one.
Result<bool> has_same_keyring(const fs::path& to, const KeyBackup& keys) {
  std::error_code error;
  if (!fs::exists(to, error) || fs::is_empty(to, error)) return false;
  const auto there = FileKeyring::open(to);
  if (there && (*there)->serial() == keys.serial && to_hex((*there)->keyring_id().bytes()) == keys.keyring_id)
    return true;
  return invalid("restore.exists", to.string() + " is not empty; a keyring is never written over");
}

}  // namespace

Result<Restored> restore_backup(const RestoreOptions& options, bool quiet, const Tell& tell) {
  if (auto free = check_target(options); !free) return free.error();
  const auto backups = BackupFolder::open(options.from, false);
  if (!backups) return backups.error();
  const auto numbers = (*backups)->numbers();
  if (!numbers) return numbers.error();
  if (numbers->empty())
    return Error{Errc::not_found, "backup.absent", "no backup in " + options.from.string()};
  auto manifest = (*backups)->manifest(options.number.value_or(numbers->back()));
  if (!manifest) return manifest.error();
  const auto keys = find_key_backup(options.keys);
  if (!keys) return keys.error();
  if (auto fit = check_keys(options, *manifest, *keys); !fit) return fit.error();
  bool has_keyring = false;
  if (!options.keys_to.empty()) {
    const auto same = has_same_keyring(options.keys_to, *keys);
    if (!same) return same.error();
    has_keyring = *same;
  }

  Restored out;
  out.manifest = std::move(*manifest);
  out.keys_of = keys->created_at;
  auto faults = (*backups)->check_files(out.manifest, tell);
  if (!faults) return faults.error();
  out.faults = std::move(*faults);
  if (!out.faults.empty()) return out;

  const fs::path staged = options.to / leftovers.back();
  std::error_code error;
  // Of a restore that was cut short; it had no log yet, so nothing was ever written with these.
  for (const char* left : leftovers) {
    fs::remove_all(options.to / left, error);
    if (error) return io_error(error, options.to / left);
  }
  if (auto made = backup_files.make_folder(staged); !made) return made.error();
  const auto give_up = [&](const Error& why) {
    fs::remove_all(staged, error);
    return why;
  };
  if (auto restored = (*backups)->restore(out.manifest, staged, tell); !restored)
    return give_up(restored.error());
  {
    auto log = open_log_alone(staged);
    if (!log) return give_up(log.error());
    const auto again = apply_ledger(options, *keys, (*log)->vault(), tell);
    if (!again) return give_up(again.error());
    out.redestroyed = *again;
    const auto unreadable = unreadable_rows(*keys, (*log)->vault(), tell);
    if (!unreadable) return give_up(unreadable.error());
    out.unreadable = *unreadable;
  }
  if (out.unreadable > options.unreadable_accepted)
    return give_up(
        {Errc::version_conflict, "keyring.unreadable_rows",
         fmt::format("{} key rows of the backup do not open under the keyring of {}, so what was written "
                     "under them could not be read. Name a newer backup of the log or of the keyring; if "
                     "there is none, say --accept-unreadable {}",
                     out.unreadable, to_rfc3339(keys->created_at), out.unreadable)});
  {
    auto log = LogReader::open(staged);
    if (!log) return give_up(log.error());
    std::uint64_t records = 0;
    for (PartitionId p = 0; p < log->partitions(); ++p) records += log->end(p);
    Progress progress("verifying", "records", records, quiet);
    out.found = verify_log(*log, progress);
  }
  if (out.found.differences_in_all != 0) {
    fs::remove_all(staged, error);
    return out;
  }
  // What fails from here on leaves TO/restoring, by which the next attempt knows the rest for its own.
  if (!has_keyring) {
    const fs::path to = options.keys_to.empty() ? options.to / "keys" : options.keys_to;
    if (auto placed = place_keyring(*keys, to); !placed) return placed.error();
  }
  if (fs::exists(staged / attachments_folder, error))
    if (auto moved = move_into_place(staged / attachments_folder, options.to / attachments_folder); !moved)
      return moved.error();
  // From here on it is a log that may be served.
  if (auto moved = move_into_place(staged / "log", options.to / "log"); !moved) return moved.error();
  fs::remove_all(staged, error);
  return out;
}

}  // namespace parlance::tools
