#include "tools/parlance/log_verify.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include <fmt/core.h>

#include "engine/runtime/capsule.h"
#include "schemas/envelope.h"
#include "tools/parlance/event_json.h"

namespace parlance::tools {
namespace {

constexpr unsigned slots_in_all = 256;

class Verifier {
 public:
  Verifier(LogReader& log, Progress& progress) : log_(log), progress_(progress) {}

  LogFound verify() {
    found_.log = log_.id();
    found_.generation = log_.generation();
    for (PartitionId p = 0; p < log_.partitions(); ++p) verify_partition(p);
    check_slots();
    return std::move(found_);
  }

 private:
  /// What is known of the partition under way.
  struct Here {
    PartitionId partition;
    PartitionFound& found;
    Offset offset = 0;
    Instant recorded_at{};
    std::unordered_map<StreamId, Version> versions;
    std::unordered_set<EnvelopeId> envelopes;
    std::unordered_set<CommandId> commands;
  };

  void differs(std::optional<PartitionId> partition, std::optional<Offset> offset, std::string_view rule,
               std::string detail) {
    ++found_.differences_in_all;
    if (partition) ++found_.partitions[*partition].differences;
    if (found_.differences.size() < differences_max)
      found_.differences.push_back({partition, offset, rule, std::move(detail)});
  }
  void differs(const Here& here, std::string_view rule, std::string detail) {
    differs(here.partition, here.offset, rule, std::move(detail));
  }

  void verify_partition(PartitionId p) {
    found_.partitions.emplace_back();
    Here here{.partition = p, .found = found_.partitions.back()};
    here.found.end = log_.end(p);
    LogState& state = here.found.state;
    state = initial_log_state(log_.id(), p);
    PassedStates passed(state);
    const auto& mark = log_.sealed_mark(p);
    const auto read = log_.read(p, 0, here.found.end, [&](const StoredRecord& record) {
      here.offset = record.offset;
      const auto folded = fold(state, passed, record.offset, record.bytes);
      if (!folded) {
        differs(here, folded.error().rule, folded.error().detail);
        return false;
      }
      if (folded->verdict == Verdict::accepted_claim) check_claim(here, folded->record);
      if (folded->verdict == Verdict::accepted_envelope) check_envelope(here, folded->record);
      if (mark && mark->next == state.next && mark->chain != state.chain)
        differs(here, "mark.differs",
                fmt::format("partition {}: the chain after {} records is {}, and the sealed mark says {}", p,
                            state.next, to_hex(state.chain), to_hex(mark->chain)));
      progress_.at(++records_);
      return true;
    });
    if (!read) differs(p, state.next, read.error().rule, read.error().detail);
    here.found.streams = here.versions.size();
  }

  void check_claim(const Here& here, const ParsedRecord& record) {
    ++here.found.claims;
    const auto claim = decode_claim(record.body);  // the fold has read it
    const bool first = record.frame.epoch == 1;
    if (first == claim->genesis.has_value()) {
      if (first) here.found.genesis = claim->genesis;
      return;
    }
    differs(here, "claim.genesis",
            first ? "the first claim does not say which slots are the partition's"
                  : "a claim after the first says which slots are the partition's");
  }

  void check_envelope(Here& here, const ParsedRecord& record) {
    ++here.found.envelopes;
    const auto envelope = decode_envelope(record.body);
    if (!envelope) {
      if (envelope.error().code == Errc::newer)
        ++here.found.newer;
      else
        differs(here, envelope.error().rule, envelope.error().detail);
      return;
    }
    for (const StreamEvent& event : envelope->events)
      if (!record.frame.kinds.may_hold(kind_of(event.body)))
        differs(here, "envelope.kinds",
                fmt::format("the frame does not name {}", kind_name(kind_of(event.body))));
    if (!here.envelopes.insert(envelope->id).second)
      differs(here, "envelope.repeated", to_text(envelope->id) + " came before");
    if (envelope->command && !here.commands.insert(*envelope->command).second)
      differs(here, "command.repeated", to_text(*envelope->command) + " came before");
    if (envelope->recorded_at < here.recorded_at)
      differs(here, "envelope.recorded_at",
              fmt::format("recorded at {}, before the one before it, at {}",
                          to_rfc3339(envelope->recorded_at), to_rfc3339(here.recorded_at)));
    here.recorded_at = std::max(here.recorded_at, envelope->recorded_at);
    for (std::size_t i = 0; i < envelope->events.size(); ++i) check_event(here, *envelope, i);
  }

  void check_event(Here& here, const Envelope& envelope, std::size_t index) {
    ++here.found.events;
    const StreamEvent& event = envelope.events[index];
    const std::string name =
        fmt::format("{}:{}, {}", to_text(envelope.id), index, kind_name(kind_of(event.body)));
    Version& version = here.versions[event.stream];
    if (event.version != version + 1)
      differs(here, "stream.version",
              fmt::format("{} has version {} of its stream, and {} was to come", name, event.version,
                          version + 1));
    version = event.version;
    if (const auto& own = here.found.genesis) {
      const Slot slot = event.stream.id.slot();
      if (slot < own->first_slot || slot >= own->first_slot + own->slots)
        differs(here, "stream.elsewhere",
                fmt::format("{} is of a stream in slot {}; the partition has {} to {}", name, slot,
                            own->first_slot, own->first_slot + own->slots - 1));
    }
    each_sealed(event.body, [&](const Sealed& sealed) { check_capsule(here, name, sealed); });
  }

  void check_capsule(const Here& here, const std::string& event, const Sealed& sealed) {
    const auto name = [&] { return fmt::format("capsule {} of {}", sealed.capsule.number, event); };
    const auto reference = sealed.reference.bytes();
    const auto tombstone = log_.get(VaultFamily::tombstones, reference);
    const Bytes key = capsule_key(sealed.capsule);
    const auto redacted = log_.get(VaultFamily::tombstones, key);
    const auto capsule = log_.get(VaultFamily::capsules, key);
    for (const auto* got : {&tombstone, &redacted, &capsule})
      if (!*got) return differs(here, "vault.unreadable", name() + ": " + got->error().detail);
    // What is erased is deleted some time after its keys were destroyed; what still lies there says nothing.
    if (*tombstone || *redacted) {
      ++here.found.erased;
      return;
    }
    if (!*capsule)
      return differs(here, "capsule.missing", name() + " is not in the vault, and no tombstone says why");
    ++here.found.capsules;
    if (sha256(**capsule) != sealed.digest)
      differs(here, "capsule.differs", name() + " does not have the digest that its event keeps");
    const auto row = log_.get(VaultFamily::rows, reference);
    if (!row) return differs(here, "vault.unreadable", name() + ": " + row.error().detail);
    if (!*row)
      differs(here, "key_row.missing",
              name() + ": the row of " + to_text(sealed.reference) +
                  " is not in the vault, and no tombstone says why");
  }

  /// The partitions that were ever claimed share all slots, each once, and agree on what they are shares of.
  void check_slots() {
    std::array<std::optional<PartitionId>, slots_in_all> owner{};
    const Genesis* first = nullptr;
    bool all = true;
    for (PartitionId p = 0; p < found_.partitions.size(); ++p) {
      const auto& own = found_.partitions[p].genesis;
      all = all && own.has_value();
      if (!own) continue;
      if (own->generation != found_.generation)
        differs(p, std::nullopt, "claim.generation",
                fmt::format("claimed as of generation {}, and the log is generation {}", own->generation,
                            found_.generation));
      if (first == nullptr) first = &*own;
      if (own->address_key != first->address_key)
        differs(p, std::nullopt, "claim.address_key",
                "claimed under another address key than the partitions before it");
      for (unsigned s = own->first_slot; s < unsigned{own->first_slot} + own->slots; ++s) {
        if (s < slots_in_all && !owner[s]) {
          owner[s] = p;
          continue;
        }
        differs(p, std::nullopt, "claim.slots",
                s < slots_in_all ? fmt::format("slot {} is partition {}'s as well", s, *owner[s])
                                 : fmt::format("there is no slot {}", s));
        break;
      }
    }
    const auto free = std::ranges::find(owner, std::optional<PartitionId>{});
    if (all && free != owner.end())
      differs(std::nullopt, std::nullopt, "claim.slots",
              fmt::format("slot {} is nobody's", free - owner.begin()));
  }

  LogReader& log_;
  Progress& progress_;
  LogFound found_;
  std::uint64_t records_ = 0;
};

}  // namespace

std::string_view advice(std::string_view rule) {
  using namespace std::string_view_literals;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 20> known{{
      {"log.corrupt"sv,
       "These bytes are not those that were written. Stop the server, keep the folder as it is, and restore "
       "a backup; records below this "
       "place are sound."sv},
      {"log.hole"sv,
       "A record is gone from the middle of the log. Stop the server, keep the folder as it is, and restore a backup."sv},
      {"log.newer"sv, "A newer program wrote this. Verify with that program."sv},
      {"log.loss"sv,
       "Something acknowledged before this claim is gone or was changed: the log was cut, or put back to an "
       "older copy. Restore the "
       "newest backup; do not write to this folder."sv},
      {"log.behind_mark"sv,
       "Records that were acknowledged are gone. Restore a backup; do not write to this folder."sv},
      {"log.io"sv, "The files cannot be read. Look at the disk before anything else."sv},
      {"mark.differs"sv,
       "The records are not those the sealed mark was made over: log and mark are of two copies, or the log "
       "was rewritten. Restore "
       "both together from one backup."sv},
      {"claim.genesis"sv,
       "The log was not made by this program as it is meant to be. Keep it and ask the makers."sv},
      {"claim.generation"sv, "Partitions of two logs were mixed. Restore the folder from one backup."sv},
      {"claim.address_key"sv, "Partitions of two keyrings were mixed. Restore the folder from one backup."sv},
      {"claim.slots"sv,
       "Two owners may write one stream, or none may. Do not serve this log; ask the makers."sv},
      {"envelope.corrupt"sv,
       "The record is the one that was written, so it was written wrong: a fault of the program that wrote "
       "it. Views show it as quarantined; "
       "the rest is served. Keep the log and ask the makers."sv},
      {"envelope.kinds"sv,
       "A view may have skipped this record. Rebuild the views after an upgrade; ask the makers."sv},
      {"envelope.repeated"sv, "One envelope stands twice. Keep the log and ask the makers."sv},
      {"command.repeated"sv, "One command was done twice. Keep the log and ask the makers."sv},
      {"envelope.recorded_at"sv,
       "Time travel by recorded_at may answer wrongly here. Keep the log and ask the makers."sv},
      {"stream.version"sv, "Events of a stream are missing or doubled. Keep the log and ask the makers."sv},
      {"stream.elsewhere"sv, "The stream's owner is another partition. Keep the log and ask the makers."sv},
      {"capsule.differs"sv,
       "The text was damaged or exchanged in the vault; it is not shown. Restore the vault from a backup of this log."sv},
      {"vault.unreadable"sv, "The vault's files are damaged. Restore log and vault from one backup."sv},
  }};
  if (rule == "capsule.missing" || rule == "key_row.missing")
    return "Personal text was lost without an erasure. Restore the vault from a backup of this log.";
  const auto it = std::ranges::find(known, rule, &std::pair<std::string_view, std::string_view>::first);
  return it == known.end() ? "Stop the server, keep the folder as it is, and restore a backup." : it->second;
}

LogFound verify_log(LogReader& log, Progress& progress) { return Verifier(log, progress).verify(); }

}  // namespace parlance::tools
