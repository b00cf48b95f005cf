#pragma once
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/domain/routing.h"
#include "engine/ports/row_store.h"
#include "engine/runtime/speculation.h"

/// Routing in the fold store. Its state holds every conversation that somebody has to do with, so it is not one row: an event
/// writes the rows of the conversation and agents it names and no others. Keys begin as all of the fold store's do (fold_rows.h):
///
///   'W' 1, workspace 16, conversation 16   an entry of the ledger, as long as there is one
///   'W' 2, workspace 16, agent 16          presence, turn, misses, load and offers
///   'W' 3, workspace 16, conversation 16   kept for ever: the version last followed u64; the versions of routing's stream u64 that
///                                          are about the conversation, the last trail_max of them
///   'Q' conversation 16                    owed to routing by the conversation's partition: a Follow, and the envelope it follows from.
///                                          Goes when routing has answered; sent again where nobody knows
///   'Z' workspace 16                       the queues 16 with a rule whose conversations were all owed to routing at least once
///
/// 'Q' rows that have gone, and 'Z' rows, are known from answers and not from the log. After the fold store was lost they are
/// found anew, and what is then sent again changes nothing.
namespace parlance::routing_rows {

inline constexpr std::size_t trail_max = 200;

[[nodiscard]] Bytes entry_key(PartitionId partition, WorkspaceId workspace, ConversationId conversation);
[[nodiscard]] Bytes agent_key(PartitionId partition, WorkspaceId workspace, AgentId agent);
[[nodiscard]] Bytes trail_key(PartitionId partition, WorkspaceId workspace, ConversationId conversation);
[[nodiscard]] Bytes owed_key(PartitionId partition, ConversationId conversation);
/// The conversation of an 'Q' row's key.
[[nodiscard]] bool is_owed_key(ByteView key);
[[nodiscard]] Bytes swept_key(PartitionId partition, WorkspaceId workspace);

[[nodiscard]] Bytes write_entry(const routing::Entry& entry);
[[nodiscard]] Bytes write_agent(const routing::AgentState& agent);
/// None where the row does not read.
[[nodiscard]] std::optional<routing::Entry> read_entry(ByteView row);
[[nodiscard]] std::optional<routing::AgentState> read_agent(ByteView row);

struct Trail {
  Version followed = 0;
  std::vector<Version> versions;
};
[[nodiscard]] Bytes write_trail(const Trail& trail);
[[nodiscard]] Trail read_trail(ByteView row);

struct Owed {
  WorkspaceId workspace;
  EnvelopeId envelope;  ///< zero: found by looking through all conversations
  routing::Follow follow;
};
[[nodiscard]] Bytes write_owed(const Owed& owed);
[[nodiscard]] std::optional<Owed> read_owed(ByteView row);

/// The agents of a workspace, as far as routing knows them.
[[nodiscard]] Result<std::vector<std::pair<AgentId, routing::AgentState>>> read_agents(const RowFamily& rows,
                                                                                       PartitionId partition,
                                                                                       WorkspaceId workspace);

}  // namespace parlance::routing_rows

namespace parlance {
/// The rest of a state of which one row was read: entries and agents.
[[nodiscard]] Result<void> read_parts(const RowFamily& rows, PartitionId partition, const StreamId& stream,
                                      StreamState<routing::State>& held);
}  // namespace parlance
