#pragma once
#include <map>

#include "engine/domain/routing.h"
#include "engine/ports/row_store.h"

namespace parlance::simulation {

/// Routing's entries as they lie in a fold store. Throws Violation where a row does not read.
[[nodiscard]] std::map<ConversationId, routing::Entry> routing_ledger(const RowFamily& fold_store,
                                                                      PartitionId partition,
                                                                      WorkspaceId workspace);

}  // namespace parlance::simulation
