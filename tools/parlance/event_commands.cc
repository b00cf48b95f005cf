#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "schemas/envelope.h"
#include "schemas/log_fold.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/event_json.h"
#include "tools/parlance/hint.h"
#include "tools/parlance/log_reader.h"
#include "tools/parlance/output.h"
#include "tools/parlance/progress.h"
#include "tools/parlance/report.h"

/// `parlance events`: what the log says, event by event. Reads a folder, beside a running server too; opens no text.
namespace parlance::tools {
namespace {

struct ReadOptions {
  std::filesystem::path data;
  std::optional<PartitionId> partition;
  std::string from = "start";
  std::vector<std::string> types;
  std::uint64_t limit = ~std::uint64_t{0};
  bool raw = false;
  std::string position;
  Output output;
};

/// Where a reading starts: `start`, `-N` (the last N records of each partition), `@INSTANT` (what was recorded from then on) or a
/// position, which is in one partition.
struct From {
  std::optional<PartitionId> partition;
  Offset offset = 0;
  std::optional<Offset> last;
  std::optional<Instant> recorded_at;
};
Result<From> parse_from(const std::string& text, const LogReader& log) {
  From from;
  if (text == "start") return from;
  if (text.starts_with('@')) {
    const auto at = parse_rfc3339(std::string_view(text).substr(1));
    if (!at) return at.error();
    from.recorded_at = *at;
    return from;
  }
  if (text.starts_with('-')) {
    Offset last = 0;
    if (CLI::detail::lexical_cast(text.substr(1), last)) {
      from.last = last;
      return from;
    }
  } else if (const auto position = parse_position(text)) {
    if (position->generation != log.generation() || position->partition >= log.partitions())
      return Error{Errc::not_found, "position.absent",
                   fmt::format("{} is not in this log: generation {}, partitions 0 to {}", text,
                               log.generation(), log.partitions() - 1)};
    from.partition = position->partition;
    from.offset = position->offset;
    return from;
  }
  return invalid("position.malformed", text +
                                           " is no place to start: start, -10, @2026-11-22T09:00:00Z or "
                                           "1:3:1842 (generation:partition:offset)");
}

/// Which partitions are read, and from where.
struct Span {
  PartitionId partition;
  Offset from, until;
};
std::vector<Span> spans_of(const LogReader& log, const From& from, std::optional<PartitionId> only) {
  std::vector<Span> spans;
  for (PartitionId p = 0; p < log.partitions(); ++p) {
    if ((from.partition && *from.partition != p) || (only && *only != p)) continue;
    const Offset end = log.end(p);
    const Offset start = from.last ? end - std::min(end, *from.last) : from.offset;
    spans.push_back({p, std::min(start, end), end});
  }
  return spans;
}

struct Opened {
  LogReader log;
  From from;
  std::vector<Span> spans;
};
Result<Opened> open(const ReadOptions& options) {
  auto log = LogReader::open(options.data);
  if (!log) return log.error();
  auto from = parse_from(options.from, *log);
  if (!from) return from.error();
  if (options.partition && *options.partition >= log->partitions())
    return Error{
        Errc::not_found, "partition.absent",
        fmt::format("no partition {}: the log has 0 to {}", *options.partition, log->partitions() - 1)};
  auto spans = spans_of(*log, *from, options.partition);
  return Opened{std::move(*log), *from, std::move(spans)};
}

/// Folds a partition from its start, which alone tells what is accepted, and hands over what lies in the span. `sink` returns
/// false to stop. `at` is called with the count of records folded.
template <class Sink, class At> Result<void> fold_span(LogReader& log, const Span& span, Sink sink, At at) {
  LogState state = initial_log_state(log.id(), span.partition);
  PassedStates passed(state);
  std::optional<Error> stopped;
  const auto read = log.read(span.partition, 0, span.until, [&](const StoredRecord& record) {
    const auto folded = fold(state, passed, record.offset, record.bytes);
    if (!folded) {
      stopped = folded.error();
      return false;
    }
    at();
    return record.offset < span.from || sink(record, *folded);
  });
  if (stopped) return *stopped;
  if (!read) return read.error();
  return {};
}

int cat_raw(Opened opened, std::uint64_t limit) {
  std::uint64_t left = limit;
  bool taken = true;
  for (const Span& span : opened.spans) {
    const auto read = opened.log.read(span.partition, span.from, span.until, [&](const StoredRecord& record) {
      if (left == 0) return false;
      --left;
      ByteWriter head;
      head.le(std::uint32_t{span.partition})
          .le(record.offset)
          .le(static_cast<std::uint32_t>(record.bytes.size()));
      for (const ByteView piece : {ByteView(head.bytes()), record.bytes})
        taken = taken && std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size();
      return taken;
    });
    if (!read) {
      (void)flush_stdout();
      return report(read.error());
    }
  }
  return flush_stdout() ? Exit::done : Exit::failed;
}

Result<std::set<std::string, std::less<>>> wanted_types(const std::vector<std::string>& asked) {
  const std::vector<std::string> known = kind_names();
  std::set<std::string, std::less<>> wanted;
  for (const std::string& type : asked) {
    if (std::ranges::find(known, type) == known.end()) {
      const std::string_view near = nearest(type, known);
      return invalid("event.unknown_type",
                     "no event is called " + type +
                         (near.empty() ? "; `parlance events stats` lists those that are there"
                                       : "; is " + std::string(near) + " meant?"));
    }
    wanted.insert(type);
  }
  return wanted;
}

const std::vector<Column> event_columns{
    {"position", "position"}, {"recorded at", "recorded_at"}, {"type", "type"},
    {"stream", "stream"},     {"version", "version", true},   {"actor", "actor.kind"}};

int cat(const ReadOptions& options) {
  const auto wanted = wanted_types(options.types);
  if (!wanted) {
    report(wanted.error());
    return Exit::usage;
  }
  auto opened = open(options);
  if (!opened) return report(opened.error());
  if (options.raw) return cat_raw(std::move(*opened), options.limit);
  std::uint64_t records = 0;
  for (const Span& span : opened->spans) records += span.until;
  std::uint64_t folded_records = 0, left = options.limit;
  Progress progress("reading", "records", records, options.output.quiet);
  Rows rows(options.output, event_columns);
  int code = Exit::done;
  for (const Span& span : opened->spans) {
    if (left == 0) break;
    const auto folded = fold_span(
        opened->log, span,
        [&](const StoredRecord& record, const Folded& one) {
          if (one.verdict != Verdict::accepted_envelope) return true;
          const Position position{opened->log.generation(), span.partition, record.offset};
          const auto envelope = decode_envelope(one.record.body);
          if (!envelope) {
            fmt::print(stderr, "parlance: {}: {} ({})\n", to_text(position), envelope.error().detail,
                       envelope.error().rule);
            code =
                std::max<int>(code, envelope.error().code == Errc::newer ? Exit::partly : Exit::difference);
            return true;
          }
          if (opened->from.recorded_at && envelope->recorded_at < *opened->from.recorded_at) return true;
          for (std::size_t i = 0; i < envelope->events.size() && left != 0; ++i) {
            if (!wanted->empty() && !wanted->contains(kind_name(kind_of(envelope->events[i].body)))) continue;
            rows.add(event_json(position, *envelope, i));
            --left;
          }
          return left != 0;
        },
        [&] { progress.at(++folded_records); });
    if (!folded) code = report(folded.error());
  }
  rows.finish("no events");
  return flush_stdout() ? code : Exit::failed;
}

json::object record_json(const Position& position, const StoredRecord& record, const Folded& folded) {
  json::object out{{"position", to_text(position)},
                   {"bytes", record.bytes.size()},
                   {"hash", to_hex(folded.record_hash)},
                   {"record", folded.verdict == Verdict::void_record      ? "void"
                              : folded.verdict == Verdict::accepted_claim ? "claim"
                                                                          : "envelope"}};
  if (folded.verdict == Verdict::void_record) return out;
  const Frame& frame = folded.record.frame;
  out["epoch"] = std::to_string(frame.epoch);
  if (folded.verdict == Verdict::accepted_claim) {
    const auto claim = decode_claim(folded.record.body);  // the fold has read it
    out["seen"] = json::object{{"next", std::to_string(claim->seen.next)},
                               {"seq", std::to_string(claim->seen.seq)},
                               {"chain", to_hex(claim->seen.chain)}};
    out["seal"] = claim->seal;
    if (claim->genesis)
      out["genesis"] = json::object{{"generation", claim->genesis->generation},
                                    {"first_slot", claim->genesis->first_slot},
                                    {"slots", claim->genesis->slots}};
    return out;
  }
  out["seq"] = std::to_string(frame.seq);
  out["prev"] = to_hex(frame.prev);
  return out;
}

int get(const ReadOptions& options) {
  const auto position = parse_position(options.position);
  if (!position) {
    report(position.error());
    return Exit::usage;
  }
  ReadOptions at = options;
  at.from = options.position;
  auto opened = open(at);
  if (!opened) return report(opened.error());
  Span span = opened->spans.front();
  const auto absent = [&] {
    return report({Errc::not_found, "position.absent",
                   fmt::format("{} is beyond the end of its partition, {}", options.position, span.until)});
  };
  if (position->offset >= span.until) return absent();
  span.until = position->offset + 1;
  std::optional<json::object> found;
  std::optional<Error> unreadable;
  std::uint64_t folded_records = 0;
  {
    Progress progress("reading", "records", span.until, options.output.quiet);
    const auto folded = fold_span(
        opened->log, span,
        [&](const StoredRecord& record, const Folded& one) {
          found = record_json(*position, record, one);
          if (one.verdict != Verdict::accepted_envelope) return false;
          const auto envelope = decode_envelope(one.record.body);
          if (!envelope) {
            unreadable = envelope.error();
            return false;
          }
          json::array events;
          for (std::size_t i = 0; i < envelope->events.size(); ++i)
            events.push_back(event_json(*position, *envelope, i));
          (*found)["envelope"] = to_text(envelope->id);
          (*found)["events"] = std::move(events);
          return false;
        },
        [&] { progress.at(++folded_records); });
    if (!folded) return report(folded.error());
  }
  print_one(options.output, *found);
  if (!flush_stdout()) return Exit::failed;
  return unreadable ? report(*unreadable) : Exit::done;
}

/// What event `index` takes in its envelope, whose size without events is `bare`.
std::size_t event_bytes(const Envelope& envelope, std::size_t index, std::size_t bare) {
  Envelope one = envelope;
  one.events = {envelope.events[index]};
  return encode_envelope(one).size() - bare;
}

struct Count {
  std::uint64_t count = 0, capsules = 0, bytes = 0;
};
class Counts {
 public:
  Count& add(std::string_view what, std::size_t bytes) {
    const auto it = counts_.find(what);
    Count& c = it != counts_.end() ? it->second : counts_[std::string(what)];
    ++c.count;
    c.bytes += bytes;
    return c;
  }
  void add_events(const Envelope& envelope) {
    Envelope without = envelope;
    without.events.clear();
    const std::size_t bare = encode_envelope(without).size();
    for (std::size_t i = 0; i < envelope.events.size(); ++i) {
      Count& c = add(kind_name(kind_of(envelope.events[i].body)), event_bytes(envelope, i, bare));
      each_sealed(envelope.events[i].body, [&](const Sealed&) { ++c.capsules; });
    }
  }
  void print(const Output& output) const {
    Rows rows(output, {{"type", "type"},
                       {"count", "count", true},
                       {"capsules", "capsules", true},
                       {"bytes", "bytes", true}});
    for (const auto& [type, c] : counts_)
      rows.add({{"type", type},
                {"count", std::to_string(c.count)},
                {"capsules", std::to_string(c.capsules)},
                {"bytes", std::to_string(c.bytes)}});
    rows.finish("an empty log");
  }

 private:
  std::map<std::string, Count, std::less<>> counts_;
};

int stats(const ReadOptions& options) {
  auto opened = open(options);
  if (!opened) return report(opened.error());
  Counts counts;
  std::uint64_t records = 0, folded_records = 0;
  for (const Span& span : opened->spans) records += span.until;
  int code = Exit::done;
  {
    Progress progress("counting", "records", records, options.output.quiet);
    for (const Span& span : opened->spans) {
      const auto folded = fold_span(
          opened->log, span,
          [&](const StoredRecord& record, const Folded& one) {
            if (one.verdict == Verdict::void_record) counts.add("record.void", record.bytes.size());
            if (one.verdict == Verdict::accepted_claim) counts.add("record.claim", record.bytes.size());
            if (one.verdict != Verdict::accepted_envelope) return true;
            const auto envelope = decode_envelope(one.record.body);
            counts.add(envelope ? "record.envelope" : "record.unreadable", record.bytes.size());
            if (envelope)
              counts.add_events(*envelope);
            else
              code =
                  std::max<int>(code, envelope.error().code == Errc::newer ? Exit::partly : Exit::difference);
            return true;
          },
          [&] { progress.at(++folded_records); });
      if (!folded) code = report(folded.error());
    }
  }
  counts.print(options.output);
  return flush_stdout() ? code : Exit::failed;
}

}  // namespace

void add_event_commands(CLI::App& app, int& code) {
  CLI::App* events = app.add_subcommand("events", "What the log says, event by event: cat, tail, get, stats");
  events->require_subcommand(1);
  const auto command = [&](const char* name, const char* does) {
    auto options = std::make_shared<ReadOptions>();
    CLI::App* made = events->add_subcommand(name, does);
    made->add_option("--data", options->data, "The data folder; a server may be running on it")->required();
    return std::pair(made, options);
  };

  auto [cat_command, cat_options] =
      command("cat", "Print accepted events in log order, partition by partition");
  cat_command->add_option("--from", cat_options->from, "start, -N, @INSTANT or GENERATION:PARTITION:OFFSET")
      ->capture_default_str();
  cat_command->add_option("--partition", cat_options->partition, "Only this partition");
  CLI::Option* types =
      cat_command->add_option("--types", cat_options->types, "Only these, such as conversation.opened")
          ->delimiter(',');
  cat_command->add_option("--limit", cat_options->limit, "At most so many events (or records, with --raw)");
  cat_command
      ->add_flag(
          "--raw", cat_options->raw,
          "Every record as stored: partition u32, offset u64, length u32, little-endian, then the bytes")
      ->excludes(types);
  add_output(*cat_command, cat_options->output, true);
  cat_command->footer(
      "Texts are sealed and stay so: an event shows where each lies and its digest.\n\n"
      "Examples:\n"
      "  parlance events cat --data ~/desk --types conversation.opened,conversation.resolved\n"
      "  parlance events cat --data ~/desk --from @2026-11-22T09:00:00Z | jq -r .type | sort | uniq -c\n"
      "  parlance events cat --data ~/desk --raw > log.bin");
  cat_command->callback([options = cat_options, &code] { code = cat(*options); });

  auto [get_command, get_options] = command("get", "Print what stands at a position");
  get_command
      ->add_option("position", get_options->position, "GENERATION:PARTITION:OFFSET, as answers give it")
      ->required();
  add_output(*get_command, get_options->output, false);
  get_command->footer("Example: parlance events get 1:3:1842 --data ~/desk");
  get_command->callback([options = get_options, &code] { code = get(*options); });

  auto [stats_command, stats_options] =
      command("stats", "Count events and records by type, with their bytes");
  add_output(*stats_command, stats_options->output, false);
  stats_command->footer("Example: parlance events stats --data ~/desk");
  stats_command->callback([options = stats_options, &code] { code = stats(*options); });

  add_tail_command(*events, code);
}

}  // namespace parlance::tools
