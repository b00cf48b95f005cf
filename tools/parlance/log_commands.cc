#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/commands.h"
#include "tools/parlance/log_verify.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"

/// `parlance log`: the log as a whole.
namespace parlance::tools {
namespace {

struct VerifyOptions {
  std::filesystem::path data;
  Output output;
};

std::string place(const Difference& d) {
  if (!d.partition) return "log";
  const std::string partition = std::to_string(*d.partition);
  return d.offset ? partition + ":" + std::to_string(*d.offset) : "partition " + partition;
}

json::object partition_json(std::size_t partition, const PartitionFound& p) {
  return {{"kind", "partition"},
          {"partition", partition},
          {"end", std::to_string(p.end)},
          {"claims", std::to_string(p.claims)},
          {"envelopes", std::to_string(p.envelopes)},
          {"accepted", std::to_string(p.claims + p.envelopes)},
          {"void", std::to_string(p.state.voids)},
          {"epoch", std::to_string(p.state.epoch)},
          {"seq", std::to_string(p.state.seq)},
          {"chain", to_hex(p.state.chain)},
          {"sealed", p.state.sealed},
          {"events", std::to_string(p.events)},
          {"streams", std::to_string(p.streams)},
          {"capsules", std::to_string(p.capsules)},
          {"erased", std::to_string(p.erased)},
          {"newer", std::to_string(p.newer)},
          {"differences", std::to_string(p.differences)}};
}

json::object difference_json(const Difference& d) {
  return {{"kind", "difference"},
          {"partition", d.partition ? json::value(*d.partition) : json::value(nullptr)},
          {"offset", d.offset ? json::value(std::to_string(*d.offset)) : json::value(nullptr)},
          {"rule", d.rule},
          {"detail", d.detail},
          {"advice", advice(d.rule)}};
}

json::object log_json(const LogFound& found) {
  return {{"kind", "log"},
          {"log", to_text(found.log)},
          {"generation", found.generation},
          {"differences", std::to_string(found.differences_in_all)}};
}

void print_found(const LogFound& found, const Output& output) {
  const Format format = output.format();
  json::array partitions, differences;
  for (std::size_t p = 0; p < found.partitions.size(); ++p)
    partitions.push_back(partition_json(p, found.partitions[p]));
  for (const Difference& d : found.differences) differences.push_back(difference_json(d));
  json::object log = log_json(found);
  if (format == Format::json) {
    log["partitions"] = std::move(partitions);
    log["found"] = std::move(differences);
    fmt::print("{}\n", json::serialize(log));
    return;
  }
  if (format == Format::jsonl) {
    for (const json::array* lines : {&partitions, &differences})
      for (const json::value& line : *lines) fmt::print("{}\n", json::serialize(line));
    fmt::print("{}\n", json::serialize(log));
    return;
  }
  Rows rows(output, {{"partition", "partition", true},
                     {"records", "end", true},
                     {"accepted", "accepted", true},
                     {"void", "void", true},
                     {"epoch", "epoch", true},
                     {"events", "events", true},
                     {"capsules", "capsules", true},
                     {"erased", "erased", true},
                     {"last chain", "chain"}});
  for (json::value& row : partitions) {
    if (format == Format::table)
      row.as_object()["chain"].as_string().resize(16);  // enough to compare by eye; the others have it whole
    rows.add(std::move(row.as_object()));
  }
  rows.finish();
}

void print_differences(const LogFound& found) {
  for (const Difference& d : found.differences)
    fmt::print(stderr, "parlance: {}: {} ({})\n          {}\n", place(d), d.detail, d.rule, advice(d.rule));
  if (found.differences_in_all > found.differences.size())
    fmt::print(stderr, "parlance: and {} more\n", found.differences_in_all - found.differences.size());
}

int verify(const VerifyOptions& options) {
  auto log = LogReader::open(options.data);
  if (!log) return report(log.error());
  std::uint64_t records = 0;
  for (PartitionId p = 0; p < log->partitions(); ++p) records += log->end(p);
  LogFound found;
  {
    Progress progress("verifying", "records", records, options.output.quiet);
    found = verify_log(*log, progress);
  }
  print_found(found, options.output);
  if (!flush_stdout()) return Exit::failed;
  print_differences(found);
  if (found.differences_in_all != 0) {
    fmt::print(stderr, "parlance: {} difference{} in {}\n", found.differences_in_all,
               found.differences_in_all == 1 ? "" : "s", to_text(found.log));
    return Exit::difference;
  }
  std::uint64_t newer = 0;
  for (const PartitionFound& p : found.partitions) newer += p.newer;
  if (newer != 0) {
    fmt::print(
        stderr,
        "parlance: no difference, but {} envelopes hold what only a newer program knows; verify with that\n",
        newer);
    return Exit::partly;
  }
  return Exit::done;
}

}  // namespace

void add_log_commands(CLI::App& app, int& code) {
  CLI::App* log = app.add_subcommand("log", "The log as a whole: verify, salvage");
  log->require_subcommand(1);
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = log->add_subcommand(
      "verify", "Hold every record, hash, version and capsule against the rules; exit 6 on a difference");
  command->add_option("--data", options->data, "The data folder; a server may be running on it")->required();
  add_output(*command, options->output, false);
  command->footer(
      "Reads only, and needs no key. Differences are named as PARTITION:OFFSET on stderr, with what to "
      "do.\n\n"
      "Examples:\n"
      "  parlance log verify --data ~/desk\n"
      "  parlance log verify --data ~/desk | jq 'select(.kind == \"difference\")'");
  command->callback([options, &code] { code = verify(*options); });
  add_salvage_command(*log, code);
}

}  // namespace parlance::tools
