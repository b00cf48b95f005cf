#include "tools/parlance/backup_folder.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <set>
#include <sys/file.h>
#include <system_error>

#include <fmt/core.h>
#include <rocksdb/version.h>

#include "adapters/embedded/system.h"
#include "engine/base/fault_point.h"
#include "tools/parlance/version.h"

namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_line = "parlance backups 1";

Error folder_error(const std::error_code& error, const fs::path& path) {
  return unavailable("backup.io", path.string() + ": " + error.message());
}

Result<LogId> read_format(const fs::path& dir) {
  std::ifstream in(dir / "format");
  std::string first, second;
  if (!in || !std::getline(in, first) || !std::getline(in, second))
    return Error{Errc::not_found, "backup.absent",
                 dir.string() + " is no folder of backups; `parlance backup create --to` makes one"};
  if (first.starts_with("parlance backups ") && first != format_line)
    return Error{Errc::newer, "backup.newer", dir.string() + " was made by a newer program"};
  const auto log = second.starts_with("log ") ? parse_id<LogId>(std::string_view(second).substr(4))
                                              : Result<LogId>(invalid("backup.not_ours"));
  if (first != format_line || !log)
    return corrupt("backup.format_damaged", (dir / "format").string() + " is not as it was written");
  return *log;
}

/// A path as it will be once it is made.
fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path out = fs::weakly_canonical(fs::absolute(path), error);
  if (error) out = fs::absolute(path).lexically_normal();
  if (!out.has_filename()) out = out.parent_path();  // a '/' at the end
  return out;
}
bool within(const fs::path& inner, const fs::path& outer) {
  const auto [i, o] = std::ranges::mismatch(inner, outer);
  return o == outer.end();
}

/// Files below `dir`, relative to it.
Result<std::vector<fs::path>> files_below(const fs::path& dir) {
  std::vector<fs::path> out;
  std::error_code error;
  if (!fs::exists(dir, error)) return out;
  for (fs::recursive_directory_iterator entry(dir, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    // What is being written there was committed by nobody yet.
    if (entry->is_directory() && entry->path().filename() == "new") entry.disable_recursion_pending();
    if (entry->is_regular_file()) out.push_back(fs::relative(entry->path(), dir));
  }
  if (error) return folder_error(error, dir);
  return out;
}

}  // namespace

bool overlap(const fs::path& a, const fs::path& b) {
  const fs::path left = real(a), right = real(b);
  return within(left, right) || within(right, left);
}

Result<void> BackupFolder::prepare(const fs::path& dir, LogId log, const std::vector<fs::path>& apart) {
  for (const fs::path& other : apart)
    if (overlap(dir, other))
      return invalid("backup.inside",
                     fmt::format("{} and {} lie one in the other: what destroys one would take the other "
                                 "along; name a folder elsewhere",
                                 dir.string(), other.string()));
  const auto known = read_format(dir);
  if (known && *known == log) return {};
  if (known)
    return invalid("backup.other_log",
                   fmt::format("{} holds backups of {}, and this is {}; name another folder", dir.string(),
                               to_text(*known), to_text(log)));
  if (known.error().code != Errc::not_found) return known.error();
  std::error_code error;
  if (fs::exists(dir, error)) {
    if (!fs::is_directory(dir, error)) return invalid("backup.not_ours", dir.string() + " is not a folder");
    for (fs::directory_iterator entry(dir, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
      if (entry->path().filename() != "format.new" && entry->path().filename() != "lost+found")
        return invalid("backup.not_ours",
                       dir.string() + " holds something that is no backup; name an empty or a new folder");
    if (error) return folder_error(error, dir);
  }
  if (auto made = backup_files.make_folder(dir); !made) return made.error();
  const std::string text = fmt::format("{}\nlog {}\n", format_line, to_text(log));
  if (auto written = backup_files.replace(dir / "format", as_bytes(text)); !written) return written.error();
  return {};
}

Result<std::unique_ptr<BackupFolder>> BackupFolder::open(const fs::path& dir, bool writable) {
  const auto log = read_format(dir);
  if (!log) return log.error();
  std::unique_ptr<BackupFolder> folder(new BackupFolder);
  folder->dir_ = dir;
  folder->log_ = *log;
  folder->writable_ = writable;
  if (!writable) return folder;
  const fs::path path = dir / "lock";
  folder->lock_ = files::FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!folder->lock_) return backup_files.error(errno, "opening", path);
  if (::flock(folder->lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::locked, "backup.locked", "another backup is being made in " + dir.string()};
  if (auto engine = folder->copies(); !engine) return engine.error();  // so that stop() may find it
  return folder;
}

fs::path BackupFolder::manifest_path(std::uint32_t number) const {
  return dir_ / (std::to_string(number) + ".backup");
}

Result<LogCopies*> BackupFolder::copies() const {
  if (!copies_) {
    auto opened = writable_ ? LogCopies::open(dir_ / "log") : LogCopies::open_to_read(dir_ / "log");
    if (!opened) return opened.error();
    copies_ = std::move(*opened);
  }
  return copies_.get();
}

Result<std::vector<std::uint32_t>> BackupFolder::numbers() const {
  std::vector<std::uint32_t> out;
  std::error_code error;
  for (fs::directory_iterator entry(dir_, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() != ".backup") continue;
    const std::string stem = entry->path().stem().string();
    std::uint32_t number = 0;
    if (std::from_chars(stem.data(), stem.data() + stem.size(), number).ptr == stem.data() + stem.size())
      out.push_back(number);
  }
  if (error) return folder_error(error, dir_);
  std::ranges::sort(out);
  return out;
}

Result<BackupManifest> BackupFolder::manifest(std::uint32_t number) const {
  auto manifest = read_manifest(manifest_path(number));
  if (!manifest && manifest.error().code == Errc::not_found)
    return Error{Errc::not_found, "backup.absent", fmt::format("no backup {} in {}", number, dir_.string())};
  if (manifest && (manifest->marks.id != log_ || manifest->number != number))
    return corrupt("backup.mixed", manifest_path(number).string() + " is of another folder or number");
  return manifest;
}

/// What a create() cut short left: copies without a manifest.
Result<void> BackupFolder::drop_unfinished() {
  const auto whole = numbers();
  if (!whole) return whole.error();
  const auto engine = copies();
  if (!engine) return engine.error();
  for (const std::uint32_t number : (*engine)->numbers())
    if (!std::ranges::binary_search(*whole, number))
      if (auto removed = (*engine)->remove(number); !removed) return removed;
  return {};
}

Result<BackupManifest> BackupFolder::create(EmbeddedLog& log, const FileKeyring& keys,
                                            const fs::path& attachments, const Tell& tell) {
  if (log.id() != log_)
    return invalid("backup.other_log", dir_.string() + " holds backups of " + to_text(log_));
  if (auto dropped = drop_unfinished(); !dropped) return dropped.error();
  // What earlier backups say of files that are shared needs no second reading; verify reads them all.
  std::map<std::string, FileDigest> known;
  const auto earlier = numbers();
  if (!earlier) return earlier.error();
  if (!earlier->empty())
    if (auto last = manifest(earlier->back())) known = std::move(last->files);

  BackupManifest made;
  made.created_at = SystemClock().now();
  made.program = version;
  made.rocksdb = fmt::format("{}.{}.{}", ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH);
  made.keyring_id = to_hex(keys.keyring_id().bytes());
  made.keyring_serial = keys.serial();
  made.fingerprint = to_hex(keys.fingerprint());
  fault_point("backup.copy_log");
  auto copy = (*copies())->create(
      log, [&](std::uint64_t bytes) { tell("copying log and vault", "bytes", bytes, 0); });
  if (!copy) return copy.error();
  made.number = copy->copy.number;
  made.marks = std::move(copy->marks);
  const auto opened = open_log(made);
  if (!opened) return opened.error();
  for (PartitionId p = 0; p < log.partitions(); ++p) made.ends.push_back((*opened)->end(p));

  std::uint64_t hashed = 0;
  for (const std::string& file : copy->copy.files) {
    if (stopped_) return unavailable("backup.stopped", "the backup was stopped; nothing of it is kept");
    const std::string name = "log/" + file;
    const auto it = known.find(name);
    if (it != known.end() && name.starts_with("log/shared")) {
      made.files.insert(*it);
      continue;
    }
    auto digest = digest_file(dir_ / name, [&](std::uint64_t bytes) {
      tell("hashing what was copied", "bytes", hashed += bytes, 0);
    });
    if (!digest) return digest.error();
    made.files.emplace(name, *digest);
  }
  fault_point("backup.copy_files");
  // After the log: what it names was there before it, and is there still unless it was destroyed.
  if (auto copied = copy_attachments(attachments, made, known, tell); !copied) return copied.error();
  fault_point("backup.write_manifest");
  if (auto written = write_manifest(manifest_path(made.number), made); !written) return written.error();
  return made;
}

Result<void> BackupFolder::copy_attachments(const fs::path& from, BackupManifest& made,
                                            const std::map<std::string, FileDigest>& known,
                                            const Tell& tell) {
  const auto files = files_below(from);
  if (!files) return files.error();
  std::set<fs::path> touched;
  std::uint64_t done = 0;
  for (const fs::path& file : *files) {
    if (stopped_) return unavailable("backup.stopped", "the backup was stopped; nothing of it is kept");
    tell("copying attachments", "files", ++done, files->size());
    const std::string name = (fs::path(attachments_folder) / file).string();
    const fs::path to = dir_ / name;
    std::error_code error;
    if (const auto it = known.find(name); it != known.end() && fs::file_size(to, error) == it->second.bytes) {
      made.files.insert(*it);
      continue;
    }
    if (auto folder = backup_files.make_folder(to.parent_path()); !folder) return folder.error();
    fs::path beside = to;
    beside += ".new";
    fs::remove(beside, error);
    auto digest = copy_file_synced(from / file, beside);
    if (!digest && digest.error().code == Errc::not_found) continue;  // destroyed meanwhile
    if (!digest) return digest.error();
    fs::rename(beside, to, error);
    if (error) return folder_error(error, to);
    touched.insert(to.parent_path());
    made.files.emplace(name, *digest);
  }
  for (const fs::path& folder : touched)
    if (auto synced = backup_files.sync_folder(folder); !synced) return synced.error();
  return {};
}

void BackupFolder::stop() {
  stopped_ = true;
  if (copies_) copies_->stop();
}

Result<std::vector<std::uint32_t>> BackupFolder::keep(std::size_t keep) {
  const auto all = numbers();
  if (!all) return all.error();
  const auto engine = copies();
  if (!engine) return engine.error();
  std::vector<std::uint32_t> removed;
  std::set<std::string> wanted;
  for (std::size_t i = 0; i < all->size(); ++i) {
    if (i + keep >= all->size()) {
      const auto kept = manifest((*all)[i]);
      if (!kept) return kept.error();
      for (const auto& [name, digest] : kept->files) wanted.insert(name);
      continue;
    }
    // The manifest first: a backup is gone the moment nothing says what it is.
    std::error_code error;
    fs::remove(manifest_path((*all)[i]), error);
    if (error) return folder_error(error, manifest_path((*all)[i]));
    if (auto synced = backup_files.sync_folder(dir_); !synced) return synced.error();
    if (auto gone = (*engine)->remove((*all)[i]); !gone) return gone.error();
    removed.push_back((*all)[i]);
  }
  if (removed.empty()) return removed;
  const auto files = files_below(dir_ / attachments_folder);
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    std::error_code ignored;
    const fs::path name = fs::path(attachments_folder) / file;
    if (!wanted.contains(name.string())) fs::remove(dir_ / name, ignored);
  }
  return removed;
}

Result<std::vector<BackupFault>> BackupFolder::check_files(const BackupManifest& manifest,
                                                           const Tell& tell) const {
  std::vector<BackupFault> faults;
  const std::uint64_t total = manifest.bytes();
  std::uint64_t done = 0;
  for (const auto& [name, expected] : manifest.files) {
    if (faults.size() == faults_max) break;
    const auto digest = digest_file(
        dir_ / name, [&](std::uint64_t bytes) { tell("reading", "bytes", done += bytes, total); });
    if (!digest)
      faults.push_back(
          {name, std::string(digest.error().code == Errc::not_found ? "file.absent" : "file.unreadable"),
           digest.error().detail});
    else if (digest->bytes != expected.bytes)
      faults.push_back(
          {name, "file.length", fmt::format("{} bytes, and {} were written", digest->bytes, expected.bytes)});
    else if (digest->sha256 != expected.sha256)
      faults.push_back({name, "file.differs",
                        fmt::format("SHA-256 {}, and what was written has {}", to_hex(digest->sha256),
                                    to_hex(expected.sha256))});
  }
  return faults;
}

Result<std::unique_ptr<EmbeddedLog>> BackupFolder::open_log(const BackupManifest& manifest) const {
  const auto engine = copies();
  if (!engine) return engine.error();
  return (*engine)->open_log(manifest.number, manifest.marks);
}

Result<void> BackupFolder::restore(const BackupManifest& manifest, const fs::path& data,
                                   const Tell& tell) const {
  const auto engine = copies();
  if (!engine) return engine.error();
  if (auto restored = (*engine)->restore(manifest.number, manifest.marks, data / "log"); !restored)
    return restored;
  std::set<fs::path> touched;
  std::uint64_t done = 0;
  for (const auto& [name, expected] : manifest.files) {
    if (!name.starts_with(std::string(attachments_folder) + "/")) continue;
    tell("restoring attachments", "files", ++done, 0);
    const fs::path to = data / name;
    if (auto made = backup_files.make_folder(to.parent_path()); !made) return made.error();
    const auto digest = copy_file_synced(dir_ / name, to);
    if (!digest) return digest.error();
    if (*digest != expected)
      return corrupt("backup.damaged", (dir_ / name).string() + " is not as it was written");
    touched.insert(to.parent_path());
  }
  for (const fs::path& folder : touched)
    if (auto synced = backup_files.sync_folder(folder); !synced) return synced.error();
  return {};
}

}  // namespace parlance::tools
