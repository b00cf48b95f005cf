#include "tests/simulation/routing_ledger.h"

#include "engine/runtime/routing_rows.h"
#include "tests/simulation/plan.h"

namespace parlance::simulation {

std::map<ConversationId, routing::Entry> routing_ledger(const RowFamily& fold_store, PartitionId partition,
                                                        WorkspaceId workspace) {
  std::map<ConversationId, routing::Entry> out;
  const Bytes from = routing_rows::entry_key(partition, workspace, {});
  const Bytes to = routing_rows::agent_key(partition, workspace, {});
  const auto scanned = fold_store.scan(from, to, [&](ByteView key, ByteView row) {
    auto entry = routing_rows::read_entry(row);
    must(entry.has_value(), "a row of routing reads");
    out.emplace(ConversationId::from(RawId::from_bytes(key.last<16>())), std::move(*entry));
    return true;
  });
  must(scanned.has_value(), "routing's rows are read");
  return out;
}

}  // namespace parlance::simulation
