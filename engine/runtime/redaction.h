#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "engine/domain/conversation.h"
#include "engine/ports/event_log.h"
#include "engine/ports/row_store.h"
#include "engine/runtime/door.h"
#include "schemas/envelope.h"

namespace parlance {

/// Taking one message's words away for ever: finds the event that brought it, and destroys what lies sealed of it.
///
/// It reads what is certain and written: the partition's history and log. What is to be destroyed follows from the log alone, so
/// it may be done again after a crash, and again after that: a capsule destroyed stays so. Where it takes more than one batch of the
/// vault, previews go before the message's own words do, and nothing else is unreadable at any time (Door::shred).
///
/// The keys that sealed the message are replaced, and all else that they sealed is granted to the new ones (Door::shred), so an
/// older copy of the message opens no more. On a log that other processes may write it is destroyed without that: nobody
/// could say what they have in flight.
///
/// Threads: the owner's.
class Redaction {
 public:
  Redaction(const EventLog& log, PartitionId partition, const RowFamily& fold, Door& door)
      : log_(log), partition_(partition), fold_(fold), door_(door) {}

  struct Found {
    Version version = 0;
    Sealed content;
  };
  /// The message or note of that id in the stream; none where there is none.
  [[nodiscard]] Result<std::optional<Found>> find(const StreamId& stream, MessageId message) const;

  /// Destroys, for a redaction that stands in `stream` at `version` and names the message of `of`: every capsule of that message,
  /// and of all previews that were made since, up to the redaction's own. Nothing of the conversation may be in flight, and all
  /// that is certain must be written down. After an `unavailable` nobody knows; repeat it.
  [[nodiscard]] Result<void> destroy(WorkspaceId workspace, const StreamId& stream, Version of,
                                     Version version, std::uint32_t day) const;

 private:
  /// Visits every event of the stream from version `from` on; `visit` returns false to stop.
  [[nodiscard]] Result<void> each_event(WorkspaceId workspace, const StreamId& stream, Version from,
                                        const std::function<bool(Version, AnyEvent&)>& visit) const;
  /// All capsules of the conversation and of the drafts in it, but for those of `without`.
  [[nodiscard]] Result<std::vector<CapsuleHeld>> others_in(WorkspaceId workspace, const StreamId& stream,
                                                           const std::set<CapsuleId>& without) const;

  const EventLog& log_;
  PartitionId partition_;
  const RowFamily& fold_;
  Door& door_;
};

}  // namespace parlance
