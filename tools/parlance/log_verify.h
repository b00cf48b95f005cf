#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/log_fold.h"
#include "tools/parlance/log_reader.h"
#include "tools/parlance/progress.h"

/// Holds a whole log and its vault against every rule that can be checked without a key: reads, changes nothing.
///
///   each record     whole, in its place, and accepted or void by the fencing protocol (schemas/log_fold.h): epochs, seq, the hash
///                   chain, what each claim had seen
///   each partition  its first claim says which slots are its own, and the partitions' slots are all slots, each once; the sealed mark
///                   is reached and its chain is the log's
///   each envelope   its body verifies; the frame names its kinds; its id and its command id come once; recorded_at never falls
///   each event      its stream is of this partition's slots, and its version is the next of its stream
///   each capsule    the vault holds the bytes whose digest the event keeps, and the key row to open them, or a tombstone says that
///                   they were erased
namespace parlance::tools {

/// Something that is not as it must be.
struct Difference {
  std::optional<PartitionId> partition;  ///< none: the log as a whole
  std::optional<Offset> offset;          ///< none: the partition as a whole
  std::string_view rule;
  std::string detail;
};
/// What a rule's difference means and what to do, in a sentence or two.
[[nodiscard]] std::string_view advice(std::string_view rule);

struct PartitionFound {
  LogState state;  ///< where the fold ended
  Offset end = 0;  ///< of the log; above state.next where the fold had to stop
  std::optional<Genesis> genesis;
  std::uint64_t claims = 0, envelopes = 0, events = 0, streams = 0;
  std::uint64_t capsules = 0;  ///< whose bytes were compared
  std::uint64_t erased = 0;    ///< under a tombstone
  std::uint64_t newer = 0;     ///< envelopes of a newer program, whose events this one cannot judge
  std::uint64_t differences = 0;
};

struct LogFound {
  LogId log;
  std::uint32_t generation = 1;
  std::vector<PartitionFound> partitions;
  std::vector<Difference> differences;  ///< the first differences_max of them, in the order of the log
  std::uint64_t differences_in_all = 0;
};
inline constexpr std::size_t differences_max = 1'000;

/// In memory: the ids of one partition at a time, about 100 bytes a record.
[[nodiscard]] LogFound verify_log(LogReader& log, Progress& progress);

}  // namespace parlance::tools
