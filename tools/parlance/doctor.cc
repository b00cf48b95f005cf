#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <rocksdb/version.h>

#include "adapters/embedded/system.h"
#include "adapters/keyring/file_keyring.h"
#include "schemas/envelope.h"
#include "schemas/frame.h"
#include "tools/parlance/backup_folder.h"
#include "tools/parlance/client.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/folder.h"
#include "tools/parlance/log_reader.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"
#include "tools/parlance/version.h"

/// `parlance doctor`: what can be told of a data folder and the machine it lies on without changing anything, each with what to do.
namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

struct DoctorOptions {
  fs::path data, keys, backups;
  Output output;
};

enum class State : std::uint8_t { ok, warn, fail };

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
const std::uint64_t reserve_bytes =
    EmbeddedLogOptions{}.space_reserve_bytes;  // below it the log takes no writes
constexpr std::uint64_t space_wanted_bytes = 2048 * mib;
constexpr rlim_t files_wanted = 4096;
constexpr rlim_t locked_wanted = 16 * mib;
constexpr std::chrono::seconds vault_read_max{5};
constexpr std::uint64_t vault_rows_each = 1024;
constexpr long server_seconds_max = 5;
constexpr std::int64_t clock_behind_ms_max = 60'000;
constexpr std::int64_t backup_age_ms_max = 36 * 3'600'000;

class Doctor {
 public:
  explicit Doctor(const DoctorOptions& options)
      : options_(options),
        keys_(options.keys.empty() ? options.data / "keys" : options.keys),
        rows_(options.output,
              {{"", "state"}, {"check", "check"}, {"found", "found"}, {"what to do", "advice"}}) {}

  int examine() {
    say(State::ok, "program",
        fmt::format("parlance {}, RocksDB {}.{}.{}", version, ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH));
    if (look_at_folder()) {
      look_at_server();
      look_at_log();
      look_at_keys();
      look_at_token();
      look_at_leftovers();
    }
    look_at_space();
    look_at_clock();
    look_at_limits();
    if (!options_.backups.empty()) look_at_backups();
    rows_.finish();
    if (!flush_stdout()) return Exit::failed;
    return worst_ == State::fail ? Exit::failed : Exit::done;
  }

 private:
  void say(State state, std::string_view check, const std::string& found, std::string_view advice = "") {
    worst_ = std::max(worst_, state);
    const char* const word = state == State::ok ? "ok" : state == State::warn ? "warn" : "fail";
    rows_.add({{"check", check}, {"state", word}, {"found", printable(found)}, {"advice", advice}});
  }
  void say(std::string_view check, const Error& error, std::string_view advice) {
    say(State::fail, check, fmt::format("{} ({})", error.detail, error.rule), advice);
  }

  bool look_at_folder() {
    struct stat found {};
    if (::stat(options_.data.c_str(), &found) != 0) {
      say(State::fail, "folder", options_.data.string() + " is not there or cannot be entered",
          "name the data folder with --data, or start a server on it, which makes it");
      return false;
    }
    std::error_code error;
    if (!fs::exists(options_.data / "log" / "format", error) &&
        !fs::exists(options_.data / "log" / "log", error)) {
      say(State::fail, "folder", options_.data.string() + " holds no log",
          "name the data folder of a server; nothing else can be told of this one");
      return false;
    }
    if ((found.st_mode & 077) != 0 && (found.st_mode & 007) != 0)
      say(State::warn, "folder",
          fmt::format("{} is open to every user (mode {:03o})", options_.data.string(), found.st_mode & 0777),
          "chmod 700, so that nobody else sees file names and sizes");
    else
      say(State::ok, "folder", options_.data.string());
    return true;
  }

  void look_at_server() {
    const auto used = in_use(options_.data);
    std::error_code error;
    const bool has_address = fs::exists(options_.data / "address", error);
    if (!used)
      return say(State::fail, "server", used.error().text, "run this as the user of the server, or as root");
    if (!*used && !has_address) return say(State::ok, "server", "none runs");
    if (!*used)
      return say(State::warn, "server", "none runs, and the address of one that was killed is left",
                 "nothing: commands see through it, and the next start removes it");
    if (!has_address)
      return say(State::warn, "server", "the log is in use, and nobody listens yet",
                 "wait: a server is starting, or a command has the folder open");
    ServerOptions asked;
    asked.data = options_.data;
    asked.seconds_max = server_seconds_max;
    auto client = Client::open(asked, Answers::server);
    const auto status = client ? client->get("/v1/status") : Done<json::value>(client.error());
    if (!status && status.error().code == Exit::unreachable)
      return say(State::fail, "server",
                 "a process has the folder open and does not answer: " + status.error().text,
                 "it hangs, was suspended, or has far too much to do: look at its messages and at `ps`, end "
                 "it if it "
                 "does not come round, and start it again; nothing that it acknowledged is lost by that");
    if (!status)
      return say(State::fail, "server", status.error().text,
                 "look at its messages; is this the user who may read admin.token?");
    say(State::ok, "server", "runs and answers");
    const auto* conditions = status->as_object().if_contains("conditions");
    if (conditions == nullptr || !conditions->is_array()) return;
    for (const json::value& one : conditions->get_array()) {
      const auto text = [&](std::string_view member) {
        const auto* found = one.is_object() ? one.get_object().if_contains(member) : nullptr;
        return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
      };
      say(text("severity") == "failure" ? State::fail : State::warn, text("name"),
          text("happened") + " " + text("safe"), text("advice"));
    }
  }

  void look_at_log() {
    auto log = LogReader::open(options_.data);
    if (!log)
      return say(
          "log", log.error(),
          "keep the folder as it is; `parlance log salvage` says what is left and what a backup gives back");
    std::uint64_t records = 0;
    for (PartitionId p = 0; p < log->partitions(); ++p) records += log->end(p);
    say(State::ok, "log",
        fmt::format("{}, {} partitions, {} records, reaches its sealed mark", to_text(log->id()),
                    log->partitions(), records));
    const Instant now = SystemClock().now();
    for (PartitionId p = 0; p < log->partitions(); ++p) {
      const Offset end = log->end(p);
      if (end == 0) continue;
      const auto read = log->read(p, end - 1, end, [&](const StoredRecord& record) {
        const auto parsed = parse_record(log->id(), record.bytes);
        if (!parsed || !*parsed || (*parsed)->frame.kind != RecordKind::envelope) return false;
        if (const auto envelope = decode_envelope((*parsed)->body))
          latest_ = std::max(latest_, envelope->recorded_at);
        return false;
      });
      if (!read) return say("log", read.error(), "`parlance log salvage` says what is left");
    }
    look_at_vault();
    if (latest_.ms - now.ms > clock_behind_ms_max)
      say(State::fail, "clock",
          fmt::format("it says {}, and the log was written at {}", to_rfc3339(now), to_rfc3339(latest_)),
          "set the clock before a server starts: times in the log never fall, so deadlines would wait until "
          "it has caught up");
  }

  /// Reads it, for as long as somebody waits for a line or two.
  void look_at_vault() {
    const auto log = open_log_to_read(options_.data);
    if (!log) return;  // a server is at work, and moves files
    const auto end = std::chrono::steady_clock::now() + vault_read_max;
    std::uint64_t rows = 0;
    bool all = true;
    for (const VaultFamily family : {VaultFamily::capsules, VaultFamily::rows, VaultFamily::tombstones}) {
      const auto read = (*log)->vault().scan(family, [&](ByteView, ByteView) {
        return all = ++rows % vault_rows_each != 0 || std::chrono::steady_clock::now() < end;
      });
      if (!read && log_is_still())
        return say("vault", read.error(), "`parlance log salvage` says what is left");
      if (!read || !all) break;
    }
    say(State::ok, "vault",
        all ? fmt::format("{} rows read", rows)
            : fmt::format("{} rows read, in {} s; `parlance log salvage` reads all", rows,
                          vault_read_max.count()));
  }
  /// No server moves files meanwhile, which would look like damage.
  [[nodiscard]] bool log_is_still() const {
    const auto used = in_use(options_.data);
    return used && !*used;
  }

  void look_at_keys() {
    const auto keys = FileKeyring::open(keys_);
    if (!keys)
      return say("keyring", keys.error(), "the error says what; serve with --keys where it lies elsewhere");
    struct stat found {};
    if (::stat(keys_.c_str(), &found) == 0 && (found.st_mode & 077) != 0)
      say(State::warn, "keyring",
          fmt::format("{} is open to others (mode {:03o})", keys_.string(), found.st_mode & 0777),
          "chmod 700");
    else
      say(State::ok, "keyring", fmt::format("{}, serial {}", keys_.string(), (*keys)->serial()));
    const auto log = open_log_to_read(options_.data);
    if (!log) return;
    if (const auto fits = check_keyring(**log, **keys, keys_); !fits)
      say("keyring", fits.error(), "without its own keyring the log's texts cannot be read");
    for (const std::string& note : (*keys)->notes()) say(State::warn, "keyring", note, "see there");
  }

  void look_at_token() {
    struct stat found {};
    const fs::path path = options_.data / "admin.token";
    if (::stat(path.c_str(), &found) != 0)
      return say(State::warn, "token", path.string() + " is not there",
                 "nothing: the next start makes a new one");
    if ((found.st_mode & 077) != 0)
      return say(State::fail, "token",
                 fmt::format("{} may be read by others (mode {:03o})", path.string(), found.st_mode & 0777),
                 "chmod 600, and treat it as known: issue another one and remove the file");
    say(State::ok, "token", path.string());
  }

  void look_at_leftovers() {
    std::error_code error;
    if (fs::exists(options_.data / "restoring", error))
      say(State::warn, "leftovers", (options_.data / "restoring").string() + " is left of a restore",
          "remove it; the log is in its place already");
  }

  void look_at_space() {
    struct statvfs found {};
    if (::statvfs(options_.data.c_str(), &found) != 0) return;
    const std::uint64_t free = std::uint64_t{found.f_bavail} * found.f_frsize;
    const std::uint64_t all = std::uint64_t{found.f_blocks} * found.f_frsize;
    const std::string text = fmt::format("{} MiB free of {}", free / mib, all / mib);
    if (free < reserve_bytes)
      return say(State::fail, "space", text,
                 "make room: below 256 MiB nothing is written, so that erasing still can be");
    if (free < space_wanted_bytes || free < all / 20)
      return say(State::warn, "space", text,
                 "make room soon: a rebuild or an erasure needs as much as it rewrites");
    const std::uint64_t nodes = found.f_favail;
    if (found.f_files != 0 && nodes < found.f_files / 100)
      return say(State::warn, "space", fmt::format("{} inodes free", nodes),
                 "remove files, or make a larger file system");
    say(State::ok, "space", text);
  }

  void look_at_clock() {
    timex state{};
    const int synchronised = ::adjtimex(&state);
    const std::string now = to_rfc3339(SystemClock().now());
    if (synchronised == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
      return say(State::warn, "clock", now + ", not synchronised",
                 "run a time service (systemd-timesyncd, chrony): deadlines are counted in its time");
    say(State::ok, "clock", now + ", synchronised");
  }

  void look_at_limits() {
    rlimit files{}, locked{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_MEMLOCK, &locked);
    if (files.rlim_max < files_wanted)
      say(State::warn, "limits", fmt::format("{} open files", files.rlim_max),
          "allow 65536 (LimitNOFILE= in the unit, or ulimit -n): each connection and each table takes one");
    else
      say(State::ok, "limits", fmt::format("{} open files", files.rlim_max));
    if (locked.rlim_cur < locked_wanted && has_swap())
      say(State::warn, "limits",
          fmt::format("{} KiB of locked memory, and swap is on", locked.rlim_cur / 1024),
          "allow 16 MiB (LimitMEMLOCK=16M), or turn swap off: keys in memory must not reach the disk");
  }
  static bool has_swap() {
    std::ifstream in("/proc/swaps");
    std::string head, first;
    return std::getline(in, head) && std::getline(in, first);
  }

  void look_at_backups() {
    const auto folder = BackupFolder::open(options_.backups, false);
    const auto numbers = folder ? (*folder)->numbers() : Result<std::vector<std::uint32_t>>(folder.error());
    if (!numbers) return say("backups", numbers.error(), "`parlance backup create` makes one");
    if (numbers->empty()) return say(State::fail, "backups", "none", "`parlance backup create` makes one");
    const auto newest = (*folder)->manifest(numbers->back());
    if (!newest) return say("backups", newest.error(), "make another one, and look at the disk it lies on");
    const std::int64_t age = SystemClock().now().ms - newest->created_at.ms;
    const std::string text =
        fmt::format("{}, the newest of {}", numbers->size(), to_rfc3339(newest->created_at));
    if (age > backup_age_ms_max)
      return say(State::warn, "backups", text, "it is older than a day and a half: does the timer run?");
    say(State::ok, "backups", text);
  }

  const DoctorOptions& options_;
  const fs::path keys_;
  Rows rows_;
  State worst_ = State::ok;
  Instant latest_{};
};

}  // namespace

void add_doctor_command(CLI::App& app, int& code) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Examine a data folder and its machine, changing nothing");
  command->add_option("--data", options->data, "The data folder; a server may be running on it")->required();
  command->add_option("--keys", options->keys, "The keyring's folder (default: DATA/keys)");
  command->add_option("--backups", options->backups, "Also look how old the newest backup in this folder is");
  add_output(*command, options->output, false);
  command->footer(
      "Each line is ok, warn or fail; exit 1 where one fails.\n\nExample: parlance doctor --data ~/desk");
  command->callback([options, &code] { code = Doctor(*options).examine(); });
}

}  // namespace parlance::tools
