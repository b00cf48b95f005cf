#include "tools/parlance/folder.h"

#include <system_error>

#include "adapters/embedded/system.h"
#include "adapters/rocksdb/cached_rows.h"
#include "adapters/rocksdb/guarded_env.h"
#include "adapters/rocksdb/rocks_rows.h"
#include "schemas/frame.h"

namespace parlance::tools {
namespace fs = std::filesystem;
namespace {

constexpr std::uint32_t first_generation = 1;

Result<std::unique_ptr<RowStore>> open_rows(const fs::path& dir, RocksRowsOptions options,
                                            std::string_view what, std::vector<std::string>& notes) {
  options.env = guarded_env();
  auto rows = open_rocks_rows(dir, options);
  if (rows || rows.error().code != Errc::corrupt) return rows;
  notes.push_back(std::string(what) + " in " + dir.string() + " was damaged (" + rows.error().detail +
                  "); it is made again from the log, nothing is lost");
  if (auto destroyed = destroy_rocks_rows(dir); !destroyed) return destroyed.error();
  return open_rocks_rows(dir, options);
}

/// Damage is told with what to do.
Result<std::unique_ptr<EmbeddedLog>> open_log(const fs::path& dir, EmbeddedLogOptions options) {
  std::error_code absent;
  if (!fs::exists(dir / "log", absent))
    return Error{Errc::not_found, "log.absent", "no log in " + dir.string()};
  auto log = open_embedded_log(dir / "log", std::move(options));
  if (log || (log.error().code != Errc::corrupt && log.error().code != Errc::loss)) return log;
  Error error = log.error();
  error.detail +=
      ". `parlance log salvage --data " + dir.string() + "` says what is lost, and what a backup gives back";
  return error;
}

}  // namespace

/// The first claim of the log names the keyring that its addresses and references were made with. A log without a claim has
/// nothing to lose yet.
Result<void> check_keyring(const EventLog& log, const FileKeyring& keys, const fs::path& keys_dir) {
  std::optional<Error> wrong;
  auto read = log.read(0, 0, 1, [&](const StoredRecord& record) {
    auto parsed = parse_record(log.id(), record.bytes);
    if (!parsed) {
      wrong = parsed.error();
    } else if (*parsed && (*parsed)->frame.kind == RecordKind::claim) {
      auto claim = decode_claim((*parsed)->body);
      if (!claim)
        wrong = claim.error();
      else if (claim->genesis && claim->genesis->address_key != keys.fingerprint())
        wrong =
            invalid("keyring.other_log",
                    keys_dir.string() + " is the keyring of another log; name this log's own with --keys");
    }
    return false;
  });
  if (!read) return read.error();
  if (wrong) return *wrong;
  return {};
}

Result<Folder> open_folder(const fs::path& dir, const fs::path& keys_dir, PartitionId partitions,
                           FolderOptions options) {
  Folder folder;
  folder.dir = dir;
  folder.keys_dir = keys_dir;
  const fs::path log_dir = dir / "log";
  std::error_code error;
  const bool there = fs::exists(dir, error);
  if (error) return unavailable("folder.unreadable", dir.string() + ": " + error.message());
  if (there && !fs::is_directory(dir, error))
    return invalid("folder.not_ours", dir.string() + " is not a folder");
  const auto has_log = embedded_log_exists(log_dir);
  if (!has_log) return has_log.error();
  if (there && !*has_log) {
    fs::directory_iterator entries(dir, error);
    if (error) return unavailable("folder.unreadable", dir.string() + ": " + error.message());
    for (const fs::directory_entry& entry : entries)
      // A first start that was cut short has the keyring and no log yet, or nothing in the log's folder.
      if (entry.path().filename() != "keys" && entry.path() != keys_dir && entry.path() != log_dir)
        return invalid("folder.not_ours",
                       dir.string() + " holds other files and no log of ours; name an empty or a new folder");
  }
  // Synced up to what was there: what is acknowledged in a folder that a power cut forgets would be gone with it. One that is there
  // already may be of a first start that was killed before it synced.
  if (auto made = folder_files.make_folder(dir); !made) return made.error();
  if (!*has_log)
    if (auto synced = folder_files.sync_folder(fs::absolute(dir).parent_path());
        !synced && synced.error().rule != "folder.not_permitted")
      return synced.error();

  if (!*has_log) {
    // The keyring first: a log without its keys would be unreadable for ever, a keyring without a log is nothing.
    auto made = FileKeyring::create(keys_dir);
    if (!made && made.error().rule != "keyring.exists") return made.error();
  }
  auto keys = FileKeyring::open(keys_dir);
  if (!keys) return keys.error();
  folder.keys = std::move(*keys);
  folder.notes = folder.keys->notes();
  if (!*has_log) {
    SystemRandom random;
    const LogId id = LogId::from(make_raw_id(SystemClock().now(), 0, random.id128()));
    if (auto made = create_embedded_log(log_dir, id, first_generation, partitions); !made)
      return made.error();
    folder.created = true;
  }
  EmbeddedLogOptions log_options;
  log_options.env = guarded_env();
  log_options.fail_stop = std::move(options.fail_stop);
  log_options.space_reserve_bytes = options.space_reserve_bytes;
  auto log = open_log(dir, std::move(log_options));
  if (!log) return log.error();
  folder.log = std::move(*log);
  if (auto fits = check_keyring(*folder.log, *folder.keys, keys_dir); !fits) return fits.error();

  auto fold = open_rows(dir / "fold", {}, "the fold store", folder.notes);
  if (!fold) return fold.error();
  folder.fold = cache_rows(std::move(*fold));
  if (*has_log && !fs::exists(dir / "views", error)) folder.views_lost = "they were not there";
  const std::size_t notes = folder.notes.size();
  auto views = open_rows(dir / "views", rows_of_views, "the view store", folder.notes);
  if (folder.notes.size() != notes) folder.views_lost = "their store did not open";
  if (!views) return views.error();
  folder.views = std::move(*views);
  auto files = BlobFolder::open(dir / "files");
  if (!files) return files.error();
  folder.files = std::move(*files);
  return folder;
}

Result<std::unique_ptr<EmbeddedLog>> open_log_alone(const fs::path& dir) { return open_log(dir, {}); }

Result<std::unique_ptr<EmbeddedLog>> open_log_to_read(const fs::path& dir) {
  EmbeddedLogOptions options;
  options.read_only = true;
  return open_log(dir, std::move(options));
}

}  // namespace parlance::tools
