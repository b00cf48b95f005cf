#include "adapters/embedded/log_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <thread>

#include "engine/base/hash.h"

namespace parlance::embedded {
namespace {

constexpr std::size_t format_bytes_max = 4096;
constexpr std::string_view first_words = "parlance log ";
constexpr int lock_tries_max = 10;
constexpr auto lock_pause = std::chrono::milliseconds(2);

struct Format {
  LogIdentity identity;
  bool complete = false;
};

std::string hex32(std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return to_hex(bytes);
}

std::string format_text(const Format& format) {
  std::string text = std::string(first_words) + std::to_string(folder_version) + "\n";
  text += "id " + to_text(format.identity.id) + "\n";
  text += "generation " + std::to_string(format.identity.generation) + "\n";
  text += "partitions " + std::to_string(format.identity.partitions) + "\n";
  text += std::string("state ") + (format.complete ? "complete" : "new") + "\n";
  return text + "crc32 " + hex32(crc32(as_bytes(text))) + "\n";
}

/// The rest of the next line of `text` when it begins with `name` and a space.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') return std::nullopt;
  return line.substr(name.size() + 1);
}

template <class Number> std::optional<Number> to_number(std::optional<std::string_view> text) {
  Number value{};
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

Result<Format> parse_format(std::string_view text, const std::filesystem::path& path) {
  std::string_view rest = text;
  const auto version_text = take_line(rest, first_words.substr(0, first_words.size() - 1));
  if (!version_text) return invalid("log.not_ours", path.string() + " is not the format file of a log");
  const auto version = to_number<unsigned>(version_text);
  if (version && *version > folder_version) {
    return Error{Errc::newer, "log.newer",
                 path.string() + " says version " + std::string(*version_text) +
                     ", this program knows up to " + std::to_string(folder_version)};
  }
  const auto id = take_line(rest, "id");
  const auto generation = to_number<std::uint32_t>(take_line(rest, "generation"));
  const auto partitions = to_number<PartitionId>(take_line(rest, "partitions"));
  const auto state = take_line(rest, "state");
  const std::size_t sealed = text.size() - rest.size();
  const auto checksum = take_line(rest, "crc32");
  const auto parsed_id = id ? parse_id<LogId>(*id) : Result<LogId>(invalid("log.not_ours"));
  const bool whole = version == folder_version && parsed_id && generation && partitions && state &&
                     rest.empty() && checksum == hex32(crc32(as_bytes(text.substr(0, sealed)))) &&
                     (*state == "complete" || *state == "new") && *partitions >= 1 &&
                     *partitions <= partitions_max;
  if (!whole) {
    return corrupt("log.format_damaged", path.string() + " is not as it was written");
  }
  return Format{{*parsed_id, *generation, *partitions}, *state == "complete"};
}

/// Whether nothing is in `dir` but what a creation that did not finish may leave.
Result<bool> holds_nothing(const std::filesystem::path& dir) {
  constexpr std::array<std::string_view, 2> leftovers{"lock", "format.new"};
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(dir, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (std::ranges::find(leftovers, entry->path().filename().string()) == leftovers.end()) return false;
  }
  if (error && error.value() != ENOENT) return file_error(error.value(), "listing", dir);
  return true;
}

/// Whether a database of ours, or what is left of one, lies in `dir`.
bool holds_database(const std::filesystem::path& dir) {
  std::error_code error;
  return std::filesystem::exists(dir / "sealed-mark", error) ||
         std::filesystem::exists(dir / "log" / "CURRENT", error);
}

/// Another process that has it locked: `locked`. The lock goes with the process, however it ends.
Result<FileDescriptor> lock(const std::filesystem::path& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return file_error(errno, "opening", path);
  // Whoever asks is_locked() holds it for some microseconds.
  int tries = lock_tries_max;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK && --tries > 0) {
      std::this_thread::sleep_for(lock_pause);
      continue;
    }
    if (errno != EWOULDBLOCK) return file_error(errno, "locking", path);
    return Error{
        Errc::locked, "log.locked",
        "another process has the log in " + path.parent_path().string() +
            " open for writing (one that hangs or was suspended too); end it first, or name another folder"};
  }
  return fd;
}

}  // namespace

Result<bool> is_locked(const std::filesystem::path& dir) {
  const std::filesystem::path path = dir / "lock";
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return false;
  if (!fd) return file_error(errno, "opening", path);
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  return file_error(errno, "locking", path);
}

Result<void> LogFolder::create(const std::filesystem::path& dir, const LogIdentity& identity) {
  if (identity.partitions < 1 || identity.partitions > partitions_max) {
    return invalid("log.partitions", "a log has 1 to " + std::to_string(partitions_max) + " partitions");
  }
  if (auto made = make_folder_durably(dir); !made) return made;
  const std::filesystem::path path = dir / "format";
  const auto check_free = [&]() -> Result<void> {
    std::error_code error;
    if (std::filesystem::exists(path, error))
      return invalid("log.exists", dir.string() + " holds a log already");
    if (error) return file_error(error.value(), "looking for", path);
    const auto empty = holds_nothing(dir);
    if (!empty) return empty.error();
    if (!*empty) return invalid("log.not_ours", dir.string() + " is not empty and holds no log");
    return {};
  };
  // Before a lock file is left in somebody's folder, and again under the lock: of two that create at once the later one
  // finds the earlier one's log.
  if (auto ours = check_free(); !ours) return ours;
  auto held = lock(dir / "lock");
  if (!held) return held.error();
  if (auto ours = check_free(); !ours) return ours;
  return write_file_durably(path, as_bytes(format_text({identity, false})));
}

Result<bool> LogFolder::exists(const std::filesystem::path& dir) {
  const auto empty = holds_nothing(dir);
  if (!empty) return empty.error();
  return !*empty;
}

Result<LogFolder> LogFolder::open(const std::filesystem::path& dir, bool writable) {
  LogFolder folder;
  folder.dir_ = dir;
  const std::filesystem::path path = dir / "format";
  // Read before it is locked: the lock file is made only where the folder is known to be ours.
  const auto text = read_small_file(path, format_bytes_max);
  if (!text && text.error().code == Errc::not_found) {
    const auto empty = holds_nothing(dir);
    if (!empty) return empty.error();
    if (*empty) return Error{Errc::not_found, "log.absent", "no log in " + dir.string()};
    if (holds_database(dir))
      return corrupt("log.format_damaged",
                     path.string() + " is missing, and the files of a log lie beside it");
    return invalid("log.not_ours", dir.string() + " holds no log");
  }
  const bool too_long = !text && text.error().rule == "log.file_too_long";
  if (!text && !too_long) return text.error();
  const auto format = too_long ? Result<Format>(invalid("log.not_ours", text.error().detail))
                               : parse_format(as_text(*text), path);
  if (!format && format.error().rule == "log.not_ours" && holds_database(dir))
    return corrupt("log.format_damaged", path.string() + " is not as it was written");
  if (!format) return format.error();
  folder.identity_ = format->identity;
  folder.complete_ = format->complete;
  if (writable) {
    auto held = lock(dir / "lock");
    if (!held) return held.error();
    folder.lock_ = std::move(*held);
  }
  return folder;
}

LogFolder LogFolder::copy_at(std::filesystem::path database, const LogIdentity& identity) {
  LogFolder folder;
  folder.copy_ = std::move(database);
  folder.identity_ = identity;
  folder.complete_ = true;
  return folder;
}

Result<void> LogFolder::set_complete() {
  if (auto written = write_file_durably(dir_ / "format", as_bytes(format_text({identity_, true}))); !written)
    return written;
  complete_ = true;
  return {};
}

}  // namespace parlance::embedded
