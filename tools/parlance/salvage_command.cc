#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/commands.h"
#include "tools/parlance/log_salvage.h"
#include "tools/parlance/output.h"

/// `parlance log salvage`: what is left of a damaged log, what its backups give back, and what to do.
namespace parlance::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  SalvageOptions salvage;
  Output output;
};

std::string count(std::uint64_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}
/// "offsets 3 to 7", "offset 3".
std::string offsets(Offset from, Offset until) {
  return until == from + 1 ? fmt::format("offset {}", from)
                           : fmt::format("offsets {} to {}", from, until - 1);
}
std::string quoted(const fs::path& path) {
  const std::string text = path.string();
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789/._-+,:@%~") == std::string::npos;
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

/// The newest that can be read: it holds all that an older one does.
const BackupSalvage* to_restore(const Salvage& s) {
  const auto it = std::ranges::find_if(s.backups, [](const BackupSalvage& b) { return b.trouble.empty(); });
  return it == s.backups.end() ? nullptr : &*it;
}
std::uint64_t given_records(const Salvage& s) {
  std::uint64_t records = 0;
  for (const LostRange& range : s.ranges) records += range.given_records();
  return records;
}

// ---- for programs ----

json::value text_or_null(const std::optional<Instant>& at) {
  return at ? json::value(to_rfc3339(*at)) : json::value(nullptr);
}
std::string_view name_of(MarkSays mark) {
  switch (mark) {
    case MarkSays::nothing: return "not_read";
    case MarkSays::met: return "met";
    case MarkSays::differs: return "differs";
  }
  return "";
}

json::object partition_json(std::size_t number, const PartitionSalvage& p) {
  return {{"kind", "partition"},
          {"partition", number},
          {"end", std::to_string(p.end)},
          {"sealed_end", p.marked ? json::value(std::to_string(*p.marked)) : json::value(nullptr)},
          {"sealed_mark", name_of(p.mark)},
          {"read", std::to_string(p.read())},
          {"unread", std::to_string(p.unread)}};
}
json::object range_json(const LostRange& r) {
  json::array given;
  for (const GivenBack& one : r.given)
    given.push_back(json::object{{"backup", std::to_string(one.backup)},
                                 {"from", std::to_string(one.from)},
                                 {"to", std::to_string(one.until - 1)}});
  return {{"kind", "range"},
          {"partition", r.partition},
          {"from", std::to_string(r.from)},
          {"to", std::to_string(r.until - 1)},
          {"records", std::to_string(r.records())},
          {"state", r.damaged ? "damaged" : "missing"},
          {"file", r.file.empty() ? json::value(nullptr) : json::value(r.file)},
          {"written_after", text_or_null(r.after)},
          {"written_before", text_or_null(r.before)},
          {"given_back", std::move(given)},
          {"lost", std::to_string(r.records() - r.given_records())}};
}
json::object vault_json(const VaultRemains& v) {
  json::array tables;
  for (const std::string& table : v.tables) tables.push_back(json::value(table));
  return {{"kind", "vault"},
          {"family", v.family},
          {"damaged", is_damaged(v)},
          {"rows", std::to_string(v.rows)},
          {"lost_max", std::to_string(v.lost_max)},
          {"files", std::move(tables)},
          {"writes", v.groups ? json::value(std::to_string(*v.groups)) : json::value(nullptr)},
          {"sealed_writes", v.told ? json::value(std::to_string(*v.told)) : json::value(nullptr)}};
}
json::object backup_json(const BackupSalvage& b) {
  return {{"kind", "backup"},
          {"backup", std::to_string(b.number)},
          {"created_at", b.created_at.ms == 0 ? json::value(nullptr) : json::value(to_rfc3339(b.created_at))},
          {"gives_back", std::to_string(b.given)},
          {"lost", std::to_string(b.lost)},
          {"left_out", std::to_string(b.left_out)},
          {"trouble", b.trouble.empty() ? json::value(nullptr) : json::value(b.trouble)}};
}
json::object log_json(const Salvage& s) {
  return {{"kind", "salvage"},
          {"log", to_text(s.log)},
          {"damaged", s.damaged()},
          {"refusal", s.refusal.empty() ? json::value(nullptr) : json::value(s.refusal)},
          {"unread", std::to_string(s.unread())},
          {"ranges", std::to_string(s.ranges_in_all)},
          {"given_back", std::to_string(given_records(s))}};
}

void print_for_programs(const Salvage& s, Format format) {
  json::array troubles, partitions, ranges, vault, backups;
  for (const std::string& t : s.troubles)
    troubles.push_back(json::object{{"kind", "trouble"}, {"detail", t}});
  for (std::size_t p = 0; p < s.partitions.size(); ++p)
    partitions.push_back(partition_json(p, s.partitions[p]));
  for (const LostRange& r : s.ranges) ranges.push_back(range_json(r));
  for (const VaultRemains& v : s.vault) vault.push_back(vault_json(v));
  for (const BackupSalvage& b : s.backups) backups.push_back(backup_json(b));
  json::object log = log_json(s);
  if (format == Format::json) {
    log["troubles"] = std::move(troubles);
    log["partitions"] = std::move(partitions);
    log["lost"] = std::move(ranges);
    log["vault"] = std::move(vault);
    log["backups"] = std::move(backups);
  } else {
    for (const json::array* lines : {&troubles, &partitions, &ranges, &vault, &backups})
      for (const json::value& line : *lines) fmt::print("{}\n", json::serialize(line));
  }
  fmt::print("{}\n", json::serialize(log));
}

// ---- for people ----

void say(std::string_view text) { fmt::print("  {}\n", printable(text)); }
void title(std::string_view text) { fmt::print("\n{}\n", colored(Color::bold, text)); }

std::string described(const LostRange& r) {
  std::string out = fmt::format("partition {}, {}: {} ", r.partition, offsets(r.from, r.until),
                                count(r.records(), "record"));
  out += r.damaged ? "damaged" : "missing";
  if (r.damaged && !r.file.empty()) out += " in " + r.file;
  if (r.after && r.before)
    out += fmt::format(", written between {} and {}", to_rfc3339(*r.after), to_rfc3339(*r.before));
  else if (r.after)
    out += fmt::format(", written after {}", to_rfc3339(*r.after));
  if (!r.damaged && !r.file.empty()) out += "; " + r.file + " is gone";
  return out;
}

void say_what_happened(const Salvage& s, const fs::path& data) {
  title("What happened");
  std::uint64_t all = 0;
  for (const PartitionSalvage& p : s.partitions) all += p.end;
  if (s.unread() != 0)
    say(fmt::format("{} of {} of the log in {} cannot be read.", s.unread(), count(all, "record"),
                    data.string()));
  else
    say(fmt::format(
        "All {} of the log in {} can be read, but not all that belongs to them is as it was written.",
        count(all, "record"), data.string()));
  for (const LostRange& range : s.ranges) say("- " + described(range));
  if (s.ranges_in_all > s.ranges.size())
    say(fmt::format("- and {} more ranges", s.ranges_in_all - s.ranges.size()));
  for (const VaultRemains& v : s.vault) {
    if (!is_damaged(v)) continue;
    std::string files;
    for (const std::string& file : v.tables) files += (files.empty() ? " in " : ", ") + file;
    std::string text = fmt::format("- vault, {}: ", v.family);
    if (!v.tables.empty())
      text += (v.lost_max == 0 ? "rows are damaged or gone"
                               : "up to " + count(v.lost_max, "row") + " damaged or gone") +
              files;
    if (v.told && v.groups.value_or(0) < *v.told)
      text += fmt::format("{}of {}, the newest {} are missing", v.tables.empty() ? "" : "; ",
                          count(*v.told, "write"), *v.told - v.groups.value_or(0));
    say(text);
  }
  for (const std::string& trouble : s.troubles) say("- " + trouble);
  if (s.refusal.empty() && (s.ranges_in_all != 0 || std::ranges::any_of(s.vault, is_damaged)))
    say("A server opens it as it is; whoever asks it for what is damaged is refused.");
  if (!s.refusal.empty()) say("No server opens it as it is: " + s.refusal);
}

void say_what_is_safe(const Salvage& s) {
  title("What is safe");
  say("Nothing was changed: not by this command, and a server that refuses a log changes nothing either.");
  std::uint64_t read = 0, met = 0, differs = 0;
  for (const PartitionSalvage& p : s.partitions) {
    read += p.read();
    met += p.mark == MarkSays::met;
    differs += p.mark == MarkSays::differs;
  }
  if (read == 0) return;
  say(fmt::format("{} can be read. Checksums and hash chain say that {} what was written{}.",
                  count(read, "record"), read == 1 ? "it is" : "they are",
                  differs == 0 ? "" : fmt::format(", but for {} above", count(differs, "partition"))));
  if (met != 0)
    say(fmt::format("In {} the sealed mark, which is kept apart from them, says so too.",
                    count(met, "partition")));
}

void say_backups(const Salvage& s, const fs::path& folder) {
  title("What the backups give back");
  if (folder.empty()) {
    say("Not looked at. Name the folder of backups with --backups, and this says what each of them has.");
    return;
  }
  if (s.backups.empty()) say("There is no backup in " + folder.string() + ".");
  const auto made = [&](std::uint32_t number) {
    const auto it = std::ranges::find(s.backups, number, &BackupSalvage::number);
    return fmt::format("backup {} of {}", number, it == s.backups.end() ? "" : to_rfc3339(it->created_at));
  };
  for (const LostRange& range : s.ranges) {
    for (const GivenBack& one : range.given) {
      const bool all = one.until - one.from == range.records();
      say(fmt::format("- partition {}, {}: {} gives back {}{}", range.partition, offsets(one.from, one.until),
                      made(one.backup), all && range.records() > 1 ? "all " : "", one.until - one.from));
    }
    const std::uint64_t lost = range.records() - range.given_records();
    if (lost == 0) continue;
    const bool none = range.given.empty();
    say(fmt::format("- partition {}, {}: no backup holds {}; {} {} lost", range.partition,
                    offsets(range.from, range.until),
                    none ? (range.records() == 1 ? "it" : "them") : "the others", count(lost, "record"),
                    lost == 1 ? "is" : "are"));
  }
  if (const BackupSalvage* backup = to_restore(s); backup != nullptr && s.ranges.empty())
    say(fmt::format("- {} can be read: it has the log and its vault as they were then",
                    made(backup->number)));
  for (const BackupSalvage& b : s.backups)
    if (!b.trouble.empty()) say(fmt::format("- backup {} cannot be used: {}", b.number, b.trouble));
}

void say_what_to_do(const Salvage& s, const SalvageOptions& options) {
  title("What to do");
  const std::string data = options.data.string();
  say(fmt::format(
      "1. Keep {} as it is, or copy it, and start no server on it. Look at the disk that it lies on.", data));
  const BackupSalvage* backup = to_restore(s);
  if (backup == nullptr) {
    say(options.backups.empty()
            ? fmt::format("2. Ask again, with the folder of backups: parlance log salvage --data {} "
                          "--backups BACKUPS",
                          quoted(options.data))
            : std::string(
                  "2. Look for a backup elsewhere: what is in this folder cannot be restored. Without one, "
                  "keep the folder and ask the makers."));
    return;
  }
  say("2. Restore the newest backup that can be read into another folder, and serve that. KEYS is the folder "
      "of the "
      "keyring's backup:");
  fmt::print("     parlance backup restore --from {} --backup {} --keys KEYS --to {}\n",
             printable(quoted(options.backups)), backup->number,
             printable(quoted(
                 fs::path((options.data.has_filename() ? options.data : options.data.parent_path()).string() +
                          "-restored"))));
  if (backup->left_out + backup->lost == 0)
    say("   It holds every record that this log ever held.");
  else
    say(fmt::format(
        "   It was made at {} and leaves out what was written after it: {}, of which {} can still be read "
        "here.",
        to_rfc3339(backup->created_at), count(backup->left_out + backup->lost, "record"), backup->left_out));
  if (backup->left_out != 0)
    say("3. What can be read here and is not in the backup was acknowledged to somebody: keep this folder "
        "until "
        "nobody misses it.");
}

void print_for_people(const Salvage& s, const SalvageOptions& options) {
  if (!s.damaged()) {
    std::uint64_t all = 0;
    for (const PartitionSalvage& p : s.partitions) all += p.end;
    fmt::print("Nothing is damaged: all {} and the vault of {} read, and are as they were written.\n",
               count(all, "record"), to_text(s.log));
    return;
  }
  fmt::print("{} is damaged.\n", to_text(s.log));
  say_what_happened(s, options.data);
  say_what_is_safe(s);
  say_backups(s, options.backups);
  say_what_to_do(s, options);
}

int salvage(const Options& options) {
  const auto found = salvage_log(options.salvage);
  if (!found) return report(found.error());
  const Format format = options.output.format();
  if (format == Format::json || format == Format::jsonl)
    print_for_programs(*found, format);
  else
    print_for_people(*found, options.salvage);
  if (!flush_stdout()) return Exit::failed;
  for (const std::string& note : found->notes) fmt::print(stderr, "note: {}\n", printable(note));
  return found->damaged() ? Exit::difference : Exit::done;
}

}  // namespace

void add_salvage_command(CLI::App& log, int& code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = log.add_subcommand(
      "salvage",
      "Say what is left of a damaged log, what backups give back, and what to do; exit 6 on damage");
  command->add_option("--data", options->salvage.data, "The data folder; no server may be running on it")
      ->required();
  command->add_option("--backups", options->salvage.backups,
                      "The folder of backups to look into, newest first");
  command->add_option("--keys", options->salvage.keys, "The keyring's folder (default: DATA/keys)");
  add_output(*command, options->output, false);
  command->footer(
      "Changes nothing, and needs no key. Reads on behind what is damaged, and where the list of the log's "
      "files is damaged "
      "too.\n"
      "A record is what one command wrote: its events. The folder that TMPDIR names must have room for the "
      "write-ahead "
      "log.\n\n"
      "Examples:\n"
      "  parlance log salvage --data ~/desk --backups /mnt/a/desk\n"
      "  parlance log salvage --data ~/desk --output jsonl | jq 'select(.kind == \"range\")'");
  command->callback([options, &code] {
    options->salvage.quiet = options->output.quiet;
    code = salvage(*options);
  });
}

}  // namespace parlance::tools
