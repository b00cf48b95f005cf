#include "tools/parlance/key_backup.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <system_error>
#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "adapters/embedded/system.h"
#include "tools/parlance/backup_folder.h"
#include "tools/parlance/file_digest.h"

namespace parlance::tools {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view format_line = "parlance key backups 1";
constexpr std::array keyring_files{"root.key", "buckets", "secrets"};
constexpr std::size_t manifest_bytes_max = 16 * 1024;
constexpr std::size_t ledger_bytes_max = std::size_t{4} << 30;

Error damaged(const fs::path& path, const std::string& what) {
  return corrupt("backup.keys_damaged", path.string() + ": " + what + "; take another key backup");
}

/// The states' numbers, ascending; nothing where the folder is none of key backups.
Result<std::vector<std::uint32_t>> states_in(const fs::path& dir) {
  std::ifstream in(dir / "format");
  std::string line;
  if (!in || !std::getline(in, line) || line != format_line)
    return Error{
        Errc::not_found, "backup.no_keys",
        dir.string() + " holds no backup of a keyring; `parlance backup create --keys-to` makes one"};
  std::vector<std::uint32_t> out;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::uint32_t number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ptr == name.data() + name.size())
      out.push_back(number);
  }
  if (error) return unavailable("backup.io", dir.string() + ": " + error.message());
  std::ranges::sort(out);
  return out;
}

template <std::size_t N> Bytes tombstone_bytes(const std::vector<TombstoneOf<N>>& tombstones) {
  ByteWriter out;
  for (const TombstoneOf<N>& one : tombstones) out.raw(one.key).le(one.day);
  return out.take();
}

template <std::size_t N> Result<std::vector<TombstoneOf<N>>> read_tombstones(const fs::path& path) {
  constexpr std::size_t entry_bytes = N + sizeof TombstoneOf<N>::day;
  const auto bytes = backup_files.read(path, [&] {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? std::size_t{0} : std::min<std::size_t>(size, ledger_bytes_max);
  }());
  if (!bytes) return damaged(path, bytes.error().detail);
  if (bytes->size() % entry_bytes != 0) return damaged(path, "its last entry is cut");
  std::vector<TombstoneOf<N>> out(bytes->size() / entry_bytes);
  ByteReader in(*bytes);
  for (TombstoneOf<N>& one : out) {
    std::ranges::copy(in.take(N), one.key.begin());
    one.day = in.le<std::uint32_t>();
  }
  if (!std::ranges::is_sorted(out)) return damaged(path, "it is not in order");
  return out;
}

std::string text(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(*found);
}

Result<KeyBackup> read_state(const fs::path& folder) {
  const fs::path path = folder / "manifest";
  const auto bytes = backup_files.read(path, manifest_bytes_max);
  if (!bytes) return damaged(path, bytes.error().detail);
  json::error_code malformed;
  const json::value value = json::parse(as_text(*bytes), malformed);
  const auto* manifest = malformed ? nullptr : value.if_object();
  const auto* files =
      manifest != nullptr && manifest->contains("files") ? manifest->at("files").if_object() : nullptr;
  if (files == nullptr) return damaged(path, "it is no manifest");
  const bool names_capsules = files->contains("capsules");
  for (const std::string name : {"root.key", "buckets", "secrets", "ledger", "capsules"}) {
    if (name == "capsules" && !names_capsules) continue;
    const auto digest = digest_file(folder / name);
    if (!digest) return damaged(folder / name, digest.error().detail);
    if (to_hex(digest->sha256) != text(*files, name))
      return damaged(folder / name, "it is not as it was written");
  }
  const auto at = parse_rfc3339(text(*manifest, "created_at"));
  const auto log = parse_id<LogId>(text(*manifest, "log"));
  if (!at || !log) return damaged(path, "its moment or its log is malformed");
  KeyBackup out{.folder = folder, .created_at = *at, .log = *log};
  const auto keys = FileKeyring::open(folder);
  if (!keys) return keys.error();
  out.serial = (*keys)->serial();
  out.keyring_id = to_hex((*keys)->keyring_id().bytes());
  out.fingerprint = to_hex((*keys)->fingerprint());
  auto rows = read_tombstones<16>(folder / "ledger");
  if (!rows) return rows.error();
  out.ledger.rows = std::move(*rows);
  if (names_capsules) {
    auto capsules = read_tombstones<18>(folder / "capsules");
    if (!capsules) return capsules.error();
    out.ledger.capsules = std::move(*capsules);
  }
  return out;
}

}  // namespace

bool KeyBackup::knows(const std::array<std::uint8_t, 16>& reference) const {
  const auto it = std::ranges::lower_bound(ledger.rows, reference, {}, &RowTombstone::key);
  return it != ledger.rows.end() && it->key == reference;
}

Result<Ledger> ledger_of(const Vault& vault) {
  Ledger out;
  bool whole = true;
  const auto add = [&](auto& to, ByteView key, ByteView value) {
    auto& one = to.emplace_back();
    whole = key.size() == one.key.size() && value.size() == sizeof one.day;
    if (!whole) return;
    std::ranges::copy(key, one.key.begin());
    one.day = ByteReader(value).le<std::uint32_t>();
  };
  const auto scanned = vault.scan(VaultFamily::tombstones, [&](ByteView key, ByteView value) {
    if (key.size() == sizeof CapsuleTombstone::key)
      add(out.capsules, key, value);
    else
      add(out.rows, key, value);
    return whole;
  });
  if (!scanned) return scanned.error();
  if (!whole) return corrupt("vault.tombstone", "a tombstone is malformed");
  return out;
}

Result<KeyBackup> back_up_keys(const fs::path& keys, LogId log, Ledger ledger, const fs::path& to,
                               const std::vector<fs::path>& apart) {
  for (const fs::path& other : apart)
    if (overlap(to, other))
      return invalid("backup.inside",
                     fmt::format("{} and {} lie one in the other: keys beside what they open protect "
                                 "nothing; name a folder elsewhere",
                                 to.string(), other.string()));
  const auto source = FileKeyring::open(keys);
  if (!source) return source.error();
  auto states = states_in(to);
  std::error_code error;
  if (!states) {
    if (fs::exists(to, error) && !fs::is_empty(to, error))
      return invalid("backup.not_ours", to.string() + " holds something else; name an empty or a new folder");
    if (auto made = backup_files.make_folder(to); !made) return made.error();
    const std::string line = std::string(format_line) + "\n";
    if (auto written = backup_files.replace(to / "format", as_bytes(line)); !written) return written.error();
    states = std::vector<std::uint32_t>{};
  }
  if (!states->empty())
    if (const auto before = read_state(to / std::to_string(states->back()))) {
      if (before->keyring_id != to_hex((*source)->keyring_id().bytes()))
        return invalid("backup.other_log", to.string() + " holds the keyring of another log");
      if (before->serial > (*source)->serial())
        return Error{Errc::version_conflict, "backup.keys_older",
                     fmt::format("{} holds serial {} of the keyring, and {} is serial {}: an older one, with "
                                 "keys that were destroyed since",
                                 to.string(), before->serial, keys.string(), (*source)->serial())};
    }

  const std::uint32_t number = states->empty() ? 1 : states->back() + 1;
  const fs::path staged = to / (std::to_string(number) + ".new");
  const fs::path folder = to / std::to_string(number);
  fs::remove_all(staged, error);
  if (auto made = backup_files.make_folder(staged); !made) return made.error();
  std::ranges::sort(ledger.rows);
  std::ranges::sort(ledger.capsules);
  json::object files;
  for (const std::string name : keyring_files) {
    const auto digest = copy_file_synced(keys / name, staged / name);
    if (!digest) return digest.error();
    files[name] = to_hex(digest->sha256);
  }
  for (const auto& [name, bytes] : {std::pair("ledger", tombstone_bytes(ledger.rows)),
                                    std::pair("capsules", tombstone_bytes(ledger.capsules))}) {
    if (auto written = backup_files.replace(staged / name, bytes); !written) return written.error();
    files[name] = to_hex(sha256(bytes));
  }
  const json::object manifest{{"format", 1},
                              {"created_at", to_rfc3339(SystemClock().now())},
                              {"log", to_text(log)},
                              {"keyring", to_hex((*source)->keyring_id().bytes())},
                              {"serial", std::to_string((*source)->serial())},
                              {"fingerprint", to_hex((*source)->fingerprint())},
                              {"destroyed", std::to_string(ledger.rows.size())},
                              {"files", std::move(files)}};
  if (auto written = backup_files.replace(staged / "manifest", as_bytes(json::serialize(manifest))); !written)
    return written.error();
  // Read back before it replaces the one before: a backup that was never read is a hope.
  if (const auto readable = read_state(staged); !readable) return readable.error();
  fs::rename(staged, folder, error);
  if (error) return unavailable("backup.io", folder.string() + ": " + error.message());
  if (auto synced = backup_files.sync_folder(to); !synced) return synced.error();
  for (const std::uint32_t old : *states) fs::remove_all(to / std::to_string(old), error);
  if (error)
    return unavailable("backup.io", "removing an older keyring from " + to.string() + ": " + error.message());
  return read_state(folder);
}

Result<KeyBackup> find_key_backup(const fs::path& dir) {
  const auto states = states_in(dir);
  if (!states) return states.error();
  if (states->empty())
    return Error{Errc::not_found, "backup.no_keys", dir.string() + " holds no keyring yet"};
  return read_state(dir / std::to_string(states->back()));
}

}  // namespace parlance::tools
