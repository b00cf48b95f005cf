#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/backup_folder.h"
#include "tools/parlance/client.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/folder.h"
#include "tools/parlance/key_backup.h"
#include "tools/parlance/log_verify.h"
#include "tools/parlance/output.h"
#include "tools/parlance/progress.h"
#include "tools/parlance/report.h"
#include "tools/parlance/restore.h"

/// `parlance backup`: log and vault of one time in one folder, the keyring in another.
namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

struct BackupOptions {
  ServerOptions server;  ///< of create: data is the folder to back up
  fs::path to, keys_to, from, keys;
  std::optional<std::uint32_t> number;
  std::size_t keep = 0;
  bool all = false;
  RestoreOptions restore;
  Output output;
};

constexpr auto poll_interval = std::chrono::milliseconds(50);
constexpr int openings_max = 4;

/// Shows what is told: one Progress after the other.
class Telling {
 public:
  explicit Telling(bool quiet) : quiet_(quiet) {}
  void operator()(const char* doing, const char* unit, std::uint64_t done, std::uint64_t total) {
    if (!progress_ || doing_ != doing) {
      progress_.reset();
      progress_ = std::make_unique<Progress>(doing, unit, total, quiet_);
      doing_ = doing;
    }
    progress_->at(done);
  }
  void end() { progress_.reset(); }

 private:
  bool quiet_;
  std::string doing_;
  std::unique_ptr<Progress> progress_;
};
Tell telling(Telling& to) {
  return [&to](const char* doing, const char* unit, std::uint64_t done, std::uint64_t total) {
    to(doing, unit, done, total);
  };
}

json::object backup_json(const BackupManifest& m) {
  return {{"kind", "backup"},
          {"backup", std::to_string(m.number)},
          {"created_at", to_rfc3339(m.created_at)},
          {"log", to_text(m.marks.id)},
          {"records", std::to_string(m.records())},
          {"files", std::to_string(m.files.size())},
          {"bytes", std::to_string(m.bytes())},
          {"keyring_serial", std::to_string(m.keyring_serial)},
          {"program", m.program}};
}
json::object keys_json(const KeyBackup& k) {
  return {{"kind", "keys"},
          {"created_at", to_rfc3339(k.created_at)},
          {"log", to_text(k.log)},
          {"serial", std::to_string(k.serial)},
          {"destroyed", std::to_string(k.ledger.rows.size())},
          {"fingerprint", k.fingerprint}};
}

// ---- create ----

/// A folder made by root for a server of another user is that user's.
void give_to_owner_of(const fs::path& data, const fs::path& dir) {
  struct stat owner {};
  if (::geteuid() != 0 || ::stat((data / "log").c_str(), &owner) != 0 || owner.st_uid == 0) return;
  for (const fs::path& path : {dir, dir / "format"})
    if (::chown(path.c_str(), owner.st_uid, owner.st_gid) != 0)
      fmt::print(stderr, "note: {} could not be given to the owner of {}\n", path.string(), data.string());
}

std::string text(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::uint64_t figure(const json::object& object, std::string_view name) {
  std::uint64_t out = 0;
  CLI::detail::lexical_cast(text(object, name), out);
  return out;
}

/// The server that runs on the folder makes it.
Done<json::object> create_online(const BackupOptions& options) {
  auto client = Client::open(options.server, Answers::server);
  if (!client) return client.error();
  json::object wanted{{"dir", fs::absolute(options.to).lexically_normal().string()}};
  if (options.keep != 0) wanted["keep"] = options.keep;
  auto started = client->post("/v1/admin/backups", wanted);
  if (!started) return started.error();
  const auto gone = [](Failure failure) {
    if (failure.code == Exit::unreachable)
      failure.text +=
          ". The server ended, or cannot be reached, while it made the backup: what is not listed by "
          "`parlance backup "
          "list` was not made, and what is listed there is whole. The same command makes one, with a server "
          "or without";
    return failure;
  };
  Telling tell(options.output.quiet);
  std::string doing;
  for (;;) {
    auto answer = client->get("/v1/admin/backups");
    if (!answer) return gone(answer.error());
    auto* state = answer->if_object();
    if (state == nullptr) return Failure{Exit::failed, "the server's answer says nothing of a backup"};
    if (text(*state, "state") == "running") {
      doing = text(*state, "doing");
      tell(doing.c_str(), text(*state, "unit").c_str(), figure(*state, "done"), figure(*state, "total"));
      std::this_thread::sleep_for(poll_interval);
      continue;
    }
    if (text(*state, "state") == "done") return std::move(*state);
    const std::string rule = text(*state, "code");
    return failure({errc_named(text(*state, "kind")), rule, printable(text(*state, "detail"))});
  }
}

Done<Ledger> ledger_beside(const fs::path& data) {
  for (int opening = 1;; ++opening) {
    auto log = open_log_to_read(data);
    auto found = log ? ledger_of((*log)->vault()) : Result<Ledger>(log.error());
    if (found) return std::move(*found);
    // A server at work replaces files under whoever reads beside it.
    if (opening == openings_max) return failure(found.error());
    std::this_thread::sleep_for(poll_interval);
  }
}

Done<json::object> create_offline(const BackupOptions& options, const fs::path& keys_dir) {
  auto log = open_log_alone(options.server.data);
  if (!log) return failure(log.error());
  const auto keys = FileKeyring::open(keys_dir);
  if (!keys) return failure(keys.error());
  auto folder = BackupFolder::open(options.to, true);
  if (!folder) return failure(folder.error());
  Telling tell(options.output.quiet);
  const auto made = (*folder)->create(**log, **keys, options.server.data / attachments_folder, telling(tell));
  if (!made) return failure(made.error());
  json::object out = backup_json(*made);
  json::array removed;
  if (options.keep != 0) {
    const auto kept = (*folder)->keep(options.keep);
    if (!kept) return failure(kept.error());
    for (const std::uint32_t number : *kept) removed.push_back(json::value(std::to_string(number)));
  }
  out["removed"] = std::move(removed);
  return out;
}

int create(const BackupOptions& options) {
  const fs::path& data = options.server.data;
  const fs::path keys_dir = options.server.keys.empty() ? data / "keys" : options.server.keys;
  const auto used = in_use(data);
  if (!used) return report(used.error());
  LogId log;
  {
    const auto reader = LogReader::open(data);
    if (!reader) return report(reader.error());
    log = reader->id();
  }
  std::vector<fs::path> apart{data, keys_dir};
  // Before anything is made.
  if (!options.keys_to.empty())
    for (const fs::path& other : apart)
      if (overlap(options.keys_to, other))
        return report(
            invalid("backup.inside", fmt::format("{} and {} lie one in the other; name a folder elsewhere",
                                                 options.keys_to.string(), other.string())));
  json::object out{{"kind", "backup"}};
  if (!options.to.empty()) {
    if (!options.keys_to.empty()) apart.push_back(options.keys_to);
    if (auto prepared = BackupFolder::prepare(options.to, log, apart); !prepared)
      return report(prepared.error());
    give_to_owner_of(data, options.to);
    auto made = *used ? create_online(options) : create_offline(options, keys_dir);
    if (!made) return report(made.error());
    for (const char* name : {"backup", "created_at", "records", "bytes", "removed"})
      if (const auto* value = made->if_contains(name)) out[name] = *value;
    out["dir"] = options.to.string();
  }
  // After the log, so that the ledger knows all that the backup's vault says was destroyed.
  if (!options.keys_to.empty()) {
    apart = {data, keys_dir};
    if (!options.to.empty()) apart.push_back(options.to);
    auto ledger = ledger_beside(data);
    if (!ledger) return report(ledger.error());
    const auto kept = back_up_keys(keys_dir, log, std::move(*ledger), options.keys_to, apart);
    if (!kept) return report(kept.error());
    out["keys"] = keys_json(*kept);
    out["keys"].as_object()["dir"] = options.keys_to.string();
  } else {
    fmt::print(
        stderr,
        "note: the keyring is not in it, and without the keyring no personal text can be read: back it up "
        "elsewhere with --keys-to\n");
  }
  print_one(options.output, out);
  return flush_stdout() ? Exit::done : Exit::failed;
}

// ---- list, verify ----

int list(const BackupOptions& options) {
  auto folder = BackupFolder::open(options.from, false);
  if (!folder) return report(folder.error());
  const auto numbers = (*folder)->numbers();
  if (!numbers) return report(numbers.error());
  Rows rows(options.output, {{"backup", "backup", true},
                             {"created at", "created_at", false, true},
                             {"records", "records", true},
                             {"files", "files", true},
                             {"bytes", "bytes", true},
                             {"keyring", "keyring_serial", true},
                             {"log", "log"}});
  int code = Exit::done;
  for (const std::uint32_t number : *numbers) {
    const auto manifest = (*folder)->manifest(number);
    if (!manifest) {
      code = report(manifest.error());
      continue;
    }
    rows.add(backup_json(*manifest));
  }
  rows.finish("no backups");
  if (!options.keys.empty()) {
    const auto keys = find_key_backup(options.keys);
    if (!keys) return report(keys.error());
    print_one(options.output, keys_json(*keys));
  }
  return flush_stdout() ? code : Exit::failed;
}

/// Every byte against its hash, then the log against its rules, where it lies.
Done<json::object> verify_one(const BackupFolder& folder, std::uint32_t number, bool quiet, bool& equal) {
  const auto manifest = folder.manifest(number);
  if (!manifest) return failure(manifest.error());
  json::object out = backup_json(*manifest);
  Telling tell(quiet);
  const auto faults = folder.check_files(*manifest, telling(tell));
  tell.end();
  if (!faults) return failure(faults.error());
  json::array found;
  for (const BackupFault& fault : *faults) {
    fmt::print(stderr, "parlance: backup {}: {}: {} ({})\n", number, fault.place, fault.detail, fault.rule);
    found.push_back(json::object{{"place", fault.place}, {"rule", fault.rule}, {"detail", fault.detail}});
  }
  if (found.empty()) {
    auto log = LogReader::open([&] { return folder.open_log(*manifest); });
    if (!log) return failure(log.error());
    LogFound verified;
    {
      Progress progress("verifying", "records", manifest->records(), quiet);
      verified = verify_log(*log, progress);
    }
    for (std::size_t p = 0; p < verified.partitions.size(); ++p)
      if (log->end(static_cast<PartitionId>(p)) != manifest->ends[p])
        verified.differences.push_back(
            {static_cast<PartitionId>(p), std::nullopt, "backup.end",
             fmt::format("ends at {}, and the manifest says {}", log->end(static_cast<PartitionId>(p)),
                         manifest->ends[p])});
    for (const Difference& d : verified.differences) {
      const std::string place = !d.partition ? "log"
                                : d.offset   ? fmt::format("{}:{}", *d.partition, *d.offset)
                                             : fmt::format("partition {}", *d.partition);
      fmt::print(stderr, "parlance: backup {}: {}: {} ({})\n", number, place, d.detail, d.rule);
      found.push_back(json::object{{"place", place}, {"rule", d.rule}, {"detail", d.detail}});
    }
  }
  equal = found.empty();
  out["equal"] = equal;
  out["found"] = std::move(found);
  return out;
}

int verify(const BackupOptions& options) {
  auto folder = BackupFolder::open(options.from, false);
  if (!folder) return report(folder.error());
  const auto all = (*folder)->numbers();
  if (!all) return report(all.error());
  if (all->empty() && !options.number)
    return report(Failure{Exit::not_found, "no backup in " + options.from.string()});
  std::vector<std::uint32_t> numbers = *all;
  if (!options.all) numbers = {options.number.value_or(all->empty() ? 0 : all->back())};
  Rows rows(options.output, {{"backup", "backup", true},
                             {"created at", "created_at", false, true},
                             {"records", "records", true},
                             {"files", "files", true},
                             {"bytes", "bytes", true},
                             {"equal", "equal"}});
  int code = Exit::done;
  for (const std::uint32_t number : numbers) {
    bool equal = false;
    auto verified = verify_one(**folder, number, options.output.quiet, equal);
    if (!verified) {
      code = std::max(code, report(Failure{verified.error().code,
                                           fmt::format("backup {}: {}", number, verified.error().text)}));
      continue;
    }
    if (!equal) code = Exit::difference;
    rows.add(std::move(*verified));
  }
  rows.finish();
  if (!options.keys.empty()) {
    const auto keys = find_key_backup(options.keys);
    if (!keys) return report(keys.error());
    print_one(options.output, keys_json(*keys));
  }
  if (!flush_stdout()) return Exit::failed;
  if (code == Exit::difference)
    fmt::print(
        stderr,
        "parlance: what differs cannot be restored from this backup; take another one, and look at the "
        "disk it lies on\n");
  return code;
}

// ---- restore ----

int restore(const BackupOptions& options) {
  Telling tell(options.output.quiet);
  const auto restored = restore_backup(options.restore, options.output.quiet, telling(tell));
  tell.end();
  if (!restored) return report(restored.error());
  for (const BackupFault& fault : restored->faults)
    fmt::print(stderr, "parlance: backup {}: {}: {} ({})\n", restored->manifest.number, fault.place,
               fault.detail, fault.rule);
  for (const Difference& d : restored->found.differences)
    fmt::print(stderr, "parlance: {}:{}: {} ({})\n", d.partition.value_or(0), d.offset.value_or(0), d.detail,
               d.rule);
  if (!restored->faults.empty() || !restored->found.differences.empty()) {
    fmt::print(stderr, "parlance: nothing was restored; take another backup (`parlance backup list`)\n");
    return Exit::difference;
  }
  json::object out = backup_json(restored->manifest);
  out["kind"] = "restored";
  out["to"] = options.restore.to.string();
  out["keys_of"] = to_rfc3339(restored->keys_of);
  out["destroyed_again"] = std::to_string(restored->redestroyed);
  out["unreadable"] = std::to_string(restored->unreadable);
  print_one(options.output, out);
  fmt::print(stderr,
             "note: it goes on as the same log, so the one that was backed up must never be served again; "
             "what came after {} "
             "is not in it\n",
             to_rfc3339(restored->manifest.created_at));
  return flush_stdout() ? Exit::done : Exit::failed;
}

}  // namespace

void add_backup_commands(CLI::App& app, int& code) {
  CLI::App* backup = app.add_subcommand(
      "backup", "Backups of log and vault, and of the keyring apart: create, list, verify, restore");
  backup->require_subcommand(1);

  auto create_options = std::make_shared<BackupOptions>();
  CLI::App* create_command =
      backup->add_subcommand("create", "Back up a data folder, beside its server or without one");
  create_command->add_option("--data", create_options->server.data, "The data folder")->required();
  create_command->add_option("--keys", create_options->server.keys,
                             "The keyring's folder (default: DATA/keys)");
  CLI::Option* to = create_command->add_option("--to", create_options->to,
                                               "The folder of backups; made where it is absent");
  CLI::Option* keys_to = create_command->add_option(
      "--keys-to", create_options->keys_to, "The folder of the keyring's backup, apart from the other");
  create_command->add_option("--keep", create_options->keep, "Remove all but the newest so many afterwards")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}));
  create_command
      ->add_option("--token-file", create_options->server.token_file,
                   "An administrator's token (default: DATA/admin.token)")
      ->envname("PARLANCE_TOKEN_FILE");
  add_output(*create_command, create_options->output, false);
  create_command->footer(
      "A running server makes it and goes on serving. Tables that two backups share are stored once. The "
      "keyring's\n"
      "backup holds its newest state alone, for an older one would bring back what was erased.\n\n"
      "Examples:\n"
      "  parlance backup create --data ~/desk --to /mnt/a/desk --keys-to /mnt/b/desk-keys\n"
      "  parlance backup create --data ~/desk --to /mnt/a/desk --keep 14");
  create_command->callback([options = create_options, to, keys_to, &code] {
    if (to->count() == 0 && keys_to->count() == 0) throw CLI::RequiredError("--to or --keys-to");
    code = create(*options);
  });

  const auto command = [&](const char* name, const char* does) {
    auto options = std::make_shared<BackupOptions>();
    CLI::App* made = backup->add_subcommand(name, does);
    made->add_option("--from", options->from, "The folder of backups")->required();
    return std::pair(made, options);
  };
  auto [list_command, list_options] = command("list", "List the backups in a folder");
  list_command->add_option("--keys", list_options->keys, "Also the keyring's backup in this folder");
  add_output(*list_command, list_options->output, false);
  list_command->footer("Example: parlance backup list --from /mnt/a/desk");
  list_command->callback([options = list_options, &code] { code = list(*options); });

  auto [verify_command, verify_options] =
      command("verify", "Read a backup again, every byte and every rule of the log; exit 6 on a difference");
  CLI::Option* which =
      verify_command->add_option("--backup", verify_options->number, "Which (default: the newest)");
  verify_command->add_flag("--all", verify_options->all, "All of them")->excludes(which);
  verify_command->add_option("--keys", verify_options->keys, "Also the keyring's backup in this folder");
  add_output(*verify_command, verify_options->output, false);
  verify_command->footer("Needs no key. Example: parlance backup verify --from /mnt/a/desk --all");
  verify_command->callback([options = verify_options, &code] { code = verify(*options); });

  auto restore_options = std::make_shared<BackupOptions>();
  RestoreOptions& r = restore_options->restore;
  CLI::App* restore_command = backup->add_subcommand(
      "restore", "Make a data folder of a backup and of the newest backup of the keyring");
  restore_command->add_option("--from", r.from, "The folder of backups")->required();
  restore_command->add_option("--keys", r.keys, "The folder of the keyring's backup")->required();
  restore_command->add_option("--to", r.to, "The data folder: new or empty")->required();
  restore_command->add_option("--keys-to", r.keys_to, "Where the keyring goes (default: TO/keys)");
  restore_command->add_option("--backup", r.number, "Which (default: the newest)");
  restore_command->add_option("--accept-unreadable", r.unreadable_accepted,
                              "Go on though so many key rows do not open");
  restore_command->add_flag(
      "--keys-are-newest", r.keys_are_newest,
      "Go on though the keyring's backup is older than the log's, as there is no newer one");
  add_output(*restore_command, restore_options->output, false);
  restore_command->footer(
      "What was destroyed after the backup is destroyed again, before anything can be read. Cut short, it "
      "leaves no log\n"
      "and may be repeated.\n\n"
      "Example: parlance backup restore --from /mnt/a/desk --keys /mnt/b/desk-keys --to ~/desk");
  restore_command->callback([options = restore_options, &code] { code = restore(*options); });
}

}  // namespace parlance::tools
