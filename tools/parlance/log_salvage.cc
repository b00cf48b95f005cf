#include "tools/parlance/log_salvage.h"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "adapters/keyring/file_keyring.h"
#include "schemas/envelope.h"
#include "tools/parlance/backup_folder.h"
#include "tools/parlance/log_reader.h"
#include "tools/parlance/progress.h"
#include "tools/parlance/scratch_folder.h"

namespace parlance::tools {
namespace fs = std::filesystem;
namespace {

ChainAt chain_at(const LogState& state) { return {state.next, state.seq, state.chain}; }
bool fits(const std::optional<ChainAt>& wanted, const LogState& state) {
  return !wanted || (wanted->seq == state.seq && wanted->chain == state.chain);
}

std::optional<Instant> written_at(ByteView body) {
  const auto envelope = decode_envelope(body);
  return envelope ? std::optional(envelope->recorded_at) : std::nullopt;
}

/// Judges what is read of one partition, in order.
class PartitionJudge {
 public:
  PartitionJudge(Salvage& out, PartitionId p, std::optional<SealedMark> mark)
      : out_(out), here_(out.partitions[p]), p_(p), mark_(mark), state_(initial_log_state(out.log, p)) {}

  void take(const Stretch& stretch) {
    if (stretch.kind == Stretch::Kind::stored)
      judge(stretch.from, stretch.bytes, stretch.file);
    else
      lose(stretch.from, stretch.until, stretch.kind == Stretch::Kind::damaged, stretch.file);
  }

 private:
  void judge(Offset offset, ByteView bytes, std::string_view file) {
    const auto parsed = parse_record(out_.log, bytes);
    if (!known_ && !parsed) return lose(offset, offset + 1, true, file);
    if (!known_ && *parsed) take_up(offset, (*parsed)->frame, (*parsed)->body);
    if (!known_) return;
    // The record that the fold began anew with may have been a void one, of an owner that had lost the partition: a later owner says so.
    if (anew_ && parsed && *parsed && (*parsed)->frame.kind == RecordKind::envelope &&
        (*parsed)->frame.epoch > state_.epoch)
      take_up(offset, (*parsed)->frame, {});
    const auto folded = fold(state_, passed_, offset, bytes);
    if (!folded) {
      known_ = false;
      if (folded.error().rule == "log.corrupt") return lose(offset, offset + 1, true, file);
      if (!troubled_)
        out_.troubles.push_back(fmt::format("{} ({})", folded.error().detail, folded.error().rule));
      troubled_ = true;
      return;
    }
    if (folded->verdict == Verdict::accepted_envelope) {
      if (untold_)
        for (LostRange& range : gap()) range.before = written_at(folded->record.body);
      untold_ = false;
      last_.assign(folded->record.body.begin(), folded->record.body.end());
    }
    if (!mark_ || mark_->next != state_.next) return;
    here_.mark = mark_->chain == state_.chain ? MarkSays::met : MarkSays::differs;
    if (here_.mark == MarkSays::differs)
      out_.troubles.push_back(fmt::format(
          "partition {}: its {} records read, and are not those that its sealed mark was made over: "
          "log and mark are of two copies, or the log was rewritten",
          p_, mark_->next));
  }

  /// Begins anew with what the record at `offset` says of the log before it. `body`: of a claim.
  void take_up(Offset offset, const Frame& frame, ByteView body) {
    if (frame.partition != p_) return;
    LogState state = initial_log_state(out_.log, p_);
    state.next = offset;
    if (frame.kind == RecordKind::claim) {
      const auto claim = decode_claim(body);
      if (!claim || claim->seen.next != offset || frame.epoch == 0) return;
      state.epoch = frame.epoch - 1;
      state.seq = claim->seen.seq;
      state.chain = claim->seen.chain;
    } else {
      if (frame.seq == 0) return;
      state.epoch = frame.epoch;
      state.seq = frame.seq - 1;
      state.chain = frame.prev;
    }
    state_ = state;
    passed_ = PassedStates(state_);
    known_ = anew_ = true;
    for (LostRange& range : gap()) range.chain_behind = chain_at(state_);
  }

  void lose(Offset from, Offset until, bool damaged, std::string_view file) {
    const std::optional<ChainAt> before = known_ ? std::optional(chain_at(state_)) : std::nullopt;
    if (known_) gap_ = out_.ranges.size();
    known_ = false;
    untold_ = true;
    here_.unread += until - from;
    if (extends_ && !out_.ranges.empty()) {
      LostRange& last = out_.ranges.back();
      if (last.partition == p_ && last.until == from && last.damaged == damaged && last.file == file) {
        last.until = until;
        return;
      }
    }
    ++out_.ranges_in_all;
    extends_ = out_.ranges.size() < lost_ranges_max;
    if (!extends_) return;
    out_.ranges.push_back({.partition = p_, .from = from, .until = until, .damaged = damaged});
    out_.ranges.back().file = file;
    out_.ranges.back().chain_before = before;
    if (!last_.empty()) out_.ranges.back().after = written_at(last_);
  }

  /// The ranges since the fold last knew its state.
  [[nodiscard]] std::span<LostRange> gap() {
    return std::span(out_.ranges).subspan(std::min(gap_, out_.ranges.size()));
  }

  Salvage& out_;
  PartitionSalvage& here_;
  const PartitionId p_;
  const std::optional<SealedMark> mark_;
  LogState state_;
  PassedStates passed_{state_};
  bool known_ = true;    ///< state_ is that of the offset to come
  bool anew_ = false;    ///< it was taken up behind a gap
  bool extends_ = true;  ///< the range under way is in the list
  bool untold_ = false;  ///< no accepted envelope has followed the gap
  bool troubled_ = false;
  std::size_t gap_ = out_.ranges.size();
  Bytes last_;  ///< body of the last accepted envelope
};

/// Looks for the lost ranges of one log in one backup after the other.
class BackupSearch {
 public:
  BackupSearch(Salvage& out, const LogRemains& remains) : out_(out), remains_(remains) {
    for (std::size_t i = 0; i < out.ranges.size(); ++i)
      wanted_.push_back({i, out.ranges[i].from, out.ranges[i].until, out.ranges[i].chain_before});
  }

  void look_into(const BackupFolder& folder, std::uint32_t number, bool quiet) {
    BackupSalvage found{.number = number};
    const auto manifest = folder.manifest(number);
    if (!manifest) {
      found.trouble = manifest.error().detail;
    } else {
      found.created_at = manifest->created_at;
      auto log = LogReader::open([&] { return folder.open_log(*manifest); });
      if (!log)
        found.trouble = log.error().detail;
      else
        look_into(*log, found, quiet);
    }
    out_.backups.push_back(std::move(found));
  }

 private:
  struct Wanted {
    std::size_t range;
    Offset from, until;
    std::optional<ChainAt> before;
  };

  void look_into(LogReader& log, BackupSalvage& found, bool quiet) {
    std::uint64_t records = 0;
    const auto wants = [&](PartitionId p) {
      return std::ranges::any_of(wanted_, [&](const Wanted& w) { return partition_of(w) == p; });
    };
    for (PartitionId p = 0; p < log.partitions(); ++p) records += wants(p) ? log.end(p) : 0;
    Progress progress(fmt::format("reading backup {}", found.number), "records", records, quiet);
    std::uint64_t done = 0;
    for (PartitionId p = 0; p < out_.partitions.size() && p < log.partitions(); ++p) {
      if (wants(p)) look_into(log, p, found, progress, done);
      tell_what_it_lacks(p, log.end(p), found);
    }
  }

  /// Folds a partition of the backup, and notes at each place that matters whether its chain is this log's.
  void look_into(LogReader& log, PartitionId p, BackupSalvage& found, Progress& progress,
                 std::uint64_t& done) {
    struct Here {
      Wanted* wanted;
      bool begins = false, differs = false;
      LogState last{};  ///< the furthest of the range
    };
    std::vector<Here> here;
    for (Wanted& w : wanted_)
      if (partition_of(w) == p) here.push_back({&w});
    const auto mark = remains_.sealed_mark(p);
    LogState state = initial_log_state(out_.log, p);
    PassedStates passed(state);
    const auto look = [&] {
      for (Here& h : here) {
        const Wanted& w = *h.wanted;
        if (state.next == w.from) h.begins = fits(w.before, state);
        if (state.next >= w.from && state.next <= w.until) h.last = state;
        const auto& behind = out_.ranges[w.range].chain_behind;
        if (behind && behind->next == state.next && !fits(behind, state)) h.differs = true;
        if (mark && mark->next == state.next && mark->next > w.from && mark->chain != state.chain)
          h.differs = true;
      }
    };
    look();
    (void)log.read(p, 0, log.end(p), [&](const StoredRecord& record) {
      if (!fold(state, passed, record.offset, record.bytes)) return false;
      look();
      progress.at(++done);
      return true;
    });
    for (const Here& h : here) {
      Wanted& w = *h.wanted;
      if (!h.begins || h.differs || h.last.next <= w.from) continue;
      out_.ranges[w.range].given.push_back({found.number, w.from, h.last.next});
      found.given += h.last.next - w.from;
      w.from = h.last.next;
      w.before = chain_at(h.last);
    }
    std::erase_if(wanted_, [](const Wanted& w) { return w.from == w.until; });
  }

  void tell_what_it_lacks(PartitionId p, Offset end, BackupSalvage& found) const {
    const Offset all = out_.partitions[p].end;
    if (end >= all) return;
    std::uint64_t lost = 0;
    for (const LostRange& range : out_.ranges)
      if (range.partition == p && range.until > end) lost += range.until - std::max(end, range.from);
    found.lost += lost;
    found.left_out += all - end - lost;
  }

  [[nodiscard]] PartitionId partition_of(const Wanted& w) const { return out_.ranges[w.range].partition; }

  Salvage& out_;
  const LogRemains& remains_;
  std::vector<Wanted> wanted_;
};

void read_partitions(const LogRemains& remains, Salvage& out, bool quiet) {
  std::uint64_t total = 0, done = 0;
  for (PartitionId p = 0; p < remains.partitions(); ++p) {
    const auto mark = remains.sealed_mark(p);
    PartitionSalvage one;
    if (mark) one.marked = mark->next;
    one.end = std::max(one.marked.value_or(0), remains.end(p));
    total += one.end;
    out.partitions.push_back(one);
  }
  Progress progress("reading what is left", "records", total, quiet);
  for (PartitionId p = 0; p < remains.partitions(); ++p) {
    PartitionJudge judge(out, p, remains.sealed_mark(p));
    remains.read(p, out.partitions[p].end, [&](const Stretch& stretch) {
      judge.take(stretch);
      progress.at(done += stretch.until - stretch.from);
      return true;
    });
  }
}

void look_at_keys(const SalvageOptions& options, Salvage& out) {
  const fs::path keys = options.keys.empty() ? options.data / "keys" : options.keys;
  const auto opened = FileKeyring::open(keys);
  if (opened) return;
  const bool elsewhere = options.keys.empty() && opened.error().code == Errc::not_found;
  std::string told = fmt::format("{} ({})", opened.error().detail, opened.error().rule);
  if (elsewhere) told += "; where the keyring lies elsewhere, name its folder with --keys";
  (elsewhere ? out.notes : out.troubles).push_back(std::move(told));
}

}  // namespace

std::uint64_t LostRange::given_records() const {
  std::uint64_t records = 0;
  for (const GivenBack& one : given) records += one.until - one.from;
  return records;
}

bool is_damaged(const VaultRemains& vault) {
  return !vault.tables.empty() || (vault.told && vault.groups.value_or(0) < *vault.told);
}

bool Salvage::damaged() const {
  return ranges_in_all != 0 || !refusal.empty() || !troubles.empty() ||
         std::ranges::any_of(vault, is_damaged);
}

std::uint64_t Salvage::unread() const {
  std::uint64_t records = 0;
  for (const PartitionSalvage& p : partitions) records += p.unread;
  return records;
}

Done<Salvage> salvage_log(const SalvageOptions& options) {
  const fs::path dir = options.data / "log";
  const auto used = embedded_log_in_use(dir);
  if (used && *used)
    return Failure{
        Exit::unreachable,
        fmt::format("a server is at work on {}, and what it moves meanwhile would look like damage; "
                    "stop it and give the same command again",
                    options.data.string())};
  auto scratch = ScratchFolder::make();
  if (!scratch) return scratch.error();
  auto remains = LogRemains::open(dir, scratch->path());
  if (!remains) return failure(remains.error());
  Salvage out;
  out.log = (*remains)->id();
  out.troubles = (*remains)->troubles();
  std::unique_ptr<BackupFolder> backups;
  if (!options.backups.empty()) {
    auto opened = BackupFolder::open(options.backups, false);
    if (!opened) return failure(opened.error());
    backups = std::move(*opened);
    if (out.log != LogId{} && backups->log() != out.log)
      return failure(invalid("backup.other_log",
                             fmt::format("{} holds backups of {}, and this is {}", options.backups.string(),
                                         to_text(backups->log()), to_text(out.log))));
    if (out.log == LogId{}) out.log = backups->log();
  }
  const auto to_read = [&] {
    EmbeddedLogOptions reading;
    reading.read_only = true;
    return open_embedded_log(dir, std::move(reading));
  };
  if (const auto opens = to_read(); !opens)
    out.refusal = fmt::format("{} ({})", opens.error().detail, opens.error().rule);
  read_partitions(**remains, out, options.quiet);
  {
    Progress progress("reading the vault", "rows", 0, options.quiet);
    out.vault = (*remains)->vault([&](std::uint64_t rows) { progress.at(rows); });
  }
  look_at_keys(options, out);
  if (backups) {
    const auto numbers = backups->numbers();
    if (!numbers) return failure(numbers.error());
    BackupSearch search(out, **remains);
    for (auto it = numbers->rbegin(); it != numbers->rend(); ++it)
      search.look_into(*backups, *it, options.quiet);
  }
  return out;
}

}  // namespace parlance::tools
