#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/domain/conversation.h"
#include "engine/domain/vocabulary.h"
#include "engine/ports/row_store.h"

/// Keys and values of the fold store: the write side's own disposable view. One family; each key begins with the partition
/// (u16 big-endian) and one byte saying what it is, so one partition's rows of one kind lie together in order.
///
///   'M'                                     applied: log state (schemas/log_fold.h), then last recorded_at i64, layout version u32
///   'S' category u8, id 16                  a stream: workspace 16, version u64, state (state_rows.h)
///   'C' command id 16                       offset u64 of the envelope that accepted it
///   'A' blind address 16                    the subject 16 it belongs to, and the reference 16 under which the event that says so is
///                                           sealed: once that is erased, so is the row's meaning
///   'P' slot u8, subject 16                 the conversations of that person that the slot's door knows: id 16, channel u8,
///                                           store 16 each, oldest first
///   'R' conversation 16, subject 16         the reference 16 under which that person writes there
///   'O' subject 16                          a person whose first event is still owed: workspace 16, identity (Sealed)
///   'X' id 16, version u64                  a redaction, in the conversation of that id, whose capsules are still to be destroyed:
///                                           workspace 16, the message's version u64, day u32
///   'D' conversation 16                     its drafts: agent 16, when it was kept, i64, and its kind u8 each
///   'E' conversation 16, agent 16           that agent has had a draft there; no value
///   'T' due u64, category u8, id 16, kind   a timer; no value
///   'I' import 16, due u64, category u8,    a timer of a stream that an import touched while it was open: due once that is closed, or
///       id 16, kind                         before the import's next command there; workspace 16
///   'N' workspace 16, slot u8               the slot's last ticket counter u64
///   'W' ..., 'Q' ..., 'Z' ...               routing's ledger and what is owed to it: see routing_rows.h
///   'H' category u8, id 16, block u64       history, see history.h (numbers in keys are big-endian)
///   'B', 'U'                                conversations by order: see order_index.h
namespace parlance::fold_rows {

[[nodiscard]] Bytes key(PartitionId partition, char type);
[[nodiscard]] Bytes stream_key(PartitionId partition, const StreamId& stream);
/// Whether `key` is that of the state of a stream of this category.
[[nodiscard]] bool is_stream_of(ByteView key, Category category);
[[nodiscard]] Bytes id_key(PartitionId partition, char type, RawId id);
[[nodiscard]] Bytes ids_key(PartitionId partition, char type, RawId first, RawId second);
[[nodiscard]] Bytes known_key(PartitionId partition, Slot door, SubjectId subject);
[[nodiscard]] Bytes number_key(PartitionId partition, WorkspaceId workspace, Slot slot);
[[nodiscard]] Bytes timer_key(PartitionId partition, Instant due, const StreamId& stream,
                              conversation::TimerKind kind);
[[nodiscard]] Bytes redaction_key(PartitionId partition, RawId conversation, Version version);
/// Of an import; its streams' timers lie in order from here to held_timers(partition, after(import)).
[[nodiscard]] Bytes held_timers(PartitionId partition, ImportId import);
[[nodiscard]] Bytes held_timer_key(PartitionId partition, ImportId import, Instant due,
                                   const StreamId& stream, conversation::TimerKind kind);
[[nodiscard]] ImportId after(ImportId import);

struct DueTimer {
  StreamId stream;
  conversation::Timer timer;
};
/// None where it is not the key of a timer, 'T'.
[[nodiscard]] std::optional<DueTimer> read_timer_key(ByteView key);
struct HeldTimer {
  ImportId import;
  DueTimer timer;
};
/// None where it is not that of a timer held back by an import, 'I'.
[[nodiscard]] std::optional<HeldTimer> read_held_timer_key(ByteView key);

/// The day that a tombstone says, of what was recorded at `at`.
[[nodiscard]] std::uint32_t day_of(Instant at);
/// A redaction that is owed.
struct Redacting {
  WorkspaceId workspace;
  ConversationId conversation;
  Version of = 0;
  Version version = 0;
  std::uint32_t day = 0;
};
[[nodiscard]] Bytes write_redacting(const Redacting& redacting);
[[nodiscard]] std::optional<Redacting> read_redacting(ByteView key, ByteView value);

/// A draft there is.
struct Drafted {
  AgentId agent;
  DraftKind kind = DraftKind::none;
  Instant at;
};
[[nodiscard]] Bytes write_drafts(const std::vector<Drafted>& drafts);
[[nodiscard]] std::vector<Drafted> read_drafts(ByteView value);

struct Conversation {
  ConversationId id;
  Channel channel = Channel::none;
  StoreId store;
  bool operator==(const Conversation&) const = default;
};
void write_conversation(ByteWriter& out, const Conversation& c);
[[nodiscard]] std::vector<Conversation> read_conversations(ByteView value);

}  // namespace parlance::fold_rows
