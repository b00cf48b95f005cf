#include "engine/runtime/routing_rows.h"

#include <algorithm>
#include <utility>

namespace parlance::routing_rows {
namespace {

enum class Part : std::uint8_t { entry = 1, agent = 2, trail = 3 };

Bytes part_prefix(PartitionId partition, Part part, WorkspaceId workspace) {
  return ByteWriter().raw(fold_rows::key(partition, 'W')).le(part).id(workspace).take();
}
Bytes part_key(PartitionId partition, Part part, WorkspaceId workspace, RawId id) {
  return ByteWriter().raw(part_prefix(partition, part, workspace)).id(id).take();
}
template <class T, class Write>
void write_list(ByteWriter& out, const std::vector<T>& items, const Write& write) {
  out.le(static_cast<std::uint32_t>(items.size()));
  for (const T& item : items) write(item);
}
template <class T, class Read> void read_list(ByteReader& in, std::vector<T>& items, const Read& read) {
  const auto count = in.le<std::uint32_t>();
  items.reserve(std::min<std::size_t>(count, in.left()));
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) items.push_back(read());
}
void write_load(ByteWriter& out, const Load& load) {
  out.le(load.total);
  for (const std::uint32_t count : load.by_channel) out.le(count);
}
void read_load(ByteReader& in, Load& load) {
  load.total = in.le<std::uint32_t>();
  for (std::uint32_t& count : load.by_channel) count = in.le<std::uint32_t>();
}

/// Calls `use` with the id and the row of each part of this kind.
template <class Use>
Result<void> each_part(const RowFamily& rows, PartitionId partition, Part part, WorkspaceId workspace,
                       const Use& use) {
  const Bytes from = part_prefix(partition, part, workspace);
  Bytes to = ByteWriter().raw(from).raw(Bytes(17, 0xff)).take();
  bool sound = true;
  auto scanned = rows.scan(from, to, [&](ByteView key, ByteView row) {
    if (key.size() != from.size() + 16) return sound = false;
    return sound = use(RawId::from_bytes(key.subspan(from.size()).first<16>()), row);
  });
  if (!scanned) return scanned.error();
  if (!sound) return corrupt("fold_store.row_malformed", "a row of routing does not read; fold it again");
  return {};
}

}  // namespace

Bytes entry_key(PartitionId partition, WorkspaceId workspace, ConversationId conversation) {
  return part_key(partition, Part::entry, workspace, conversation);
}
Bytes agent_key(PartitionId partition, WorkspaceId workspace, AgentId agent) {
  return part_key(partition, Part::agent, workspace, agent);
}
Bytes trail_key(PartitionId partition, WorkspaceId workspace, ConversationId conversation) {
  return part_key(partition, Part::trail, workspace, conversation);
}
Bytes owed_key(PartitionId partition, ConversationId conversation) {
  return fold_rows::id_key(partition, 'Q', conversation);
}
bool is_owed_key(ByteView key) { return key.size() > 2 && key[2] == 'Q'; }
Bytes swept_key(PartitionId partition, WorkspaceId workspace) {
  return fold_rows::id_key(partition, 'Z', workspace);
}

Bytes write_entry(const routing::Entry& e) {
  ByteWriter out;
  out.le(e.standing).le(e.seen).id(e.queue).id(e.agent).le(e.channel).le(e.language);
  out.le(static_cast<std::uint8_t>(e.told)).le(e.since.ms).le(e.offered_until.ms);
  for (const auto* agents : {&e.declined, &e.missed})
    write_list(out, *agents, [&](AgentId id) { out.id(id); });
  return out.id(e.decided_in).take();
}
std::optional<routing::Entry> read_entry(ByteView row) {
  ByteReader in(row);
  routing::Entry e;
  e.standing = in.le<routing::Standing>();
  e.seen = in.le<Version>();
  e.queue = in.id_of<QueueId>();
  e.agent = in.id_of<AgentId>();
  e.channel = in.le<Channel>();
  e.language = in.le<Language>();
  e.told = in.le<std::uint8_t>() != 0;
  e.since.ms = in.le<std::int64_t>();
  e.offered_until.ms = in.le<std::int64_t>();
  for (auto* agents : {&e.declined, &e.missed}) read_list(in, *agents, [&] { return in.id_of<AgentId>(); });
  e.decided_in = in.id_of<EnvelopeId>();
  if (!in.at_end()) return std::nullopt;
  return e;
}

Bytes write_agent(const routing::AgentState& a) {
  ByteWriter out;
  out.le(a.presence).le(a.since.ms).le(a.turn).le(a.misses);
  write_load(out, a.held);
  write_load(out, a.reserved);
  write_list(out, a.offers,
             [&](const routing::Offer& offer) { out.id(offer.conversation).le(offer.until.ms); });
  return out.take();
}
std::optional<routing::AgentState> read_agent(ByteView row) {
  ByteReader in(row);
  routing::AgentState a;
  a.presence = in.le<routing::Presence>();
  a.since.ms = in.le<std::int64_t>();
  a.turn = in.le<std::uint64_t>();
  a.misses = in.le<std::uint32_t>();
  read_load(in, a.held);
  read_load(in, a.reserved);
  read_list(in, a.offers, [&] {
    const auto conversation = in.id_of<ConversationId>();
    return routing::Offer{conversation, {in.le<std::int64_t>()}};
  });
  if (!in.at_end()) return std::nullopt;
  return a;
}

Bytes write_trail(const Trail& trail) {
  ByteWriter out;
  out.le(trail.followed);
  const std::size_t first = trail.versions.size() - std::min(trail.versions.size(), trail_max);
  for (std::size_t i = first; i < trail.versions.size(); ++i) out.le(trail.versions[i]);
  return out.take();
}
Trail read_trail(ByteView row) {
  ByteReader in(row);
  Trail trail;
  trail.followed = in.le<Version>();
  while (in.ok() && in.left() > 0) trail.versions.push_back(in.le<Version>());
  return trail;
}

Bytes write_owed(const Owed& owed) {
  const routing::Follow& f = owed.follow;
  ByteWriter out;
  out.id(owed.workspace).id(owed.envelope).id(f.conversation).le(f.version).id(f.queue).id(f.agent);
  out.le(static_cast<std::uint8_t>(f.to_do)).le(f.taken).le(f.channel).le(f.language).le(f.since.ms);
  return out.take();
}
std::optional<Owed> read_owed(ByteView row) {
  ByteReader in(row);
  Owed owed;
  routing::Follow& f = owed.follow;
  owed.workspace = in.id_of<WorkspaceId>();
  owed.envelope = in.id_of<EnvelopeId>();
  f.conversation = in.id_of<ConversationId>();
  f.version = in.le<Version>();
  f.queue = in.id_of<QueueId>();
  f.agent = in.id_of<AgentId>();
  f.to_do = in.le<std::uint8_t>() != 0;
  f.taken = in.le<routing::Taken>();
  f.channel = in.le<Channel>();
  f.language = in.le<Language>();
  f.since.ms = in.le<std::int64_t>();
  if (!in.at_end()) return std::nullopt;
  return owed;
}

Result<std::vector<std::pair<AgentId, routing::AgentState>>> read_agents(const RowFamily& rows,
                                                                         PartitionId partition,
                                                                         WorkspaceId workspace) {
  std::vector<std::pair<AgentId, routing::AgentState>> out;
  auto read = each_part(rows, partition, Part::agent, workspace, [&](RawId id, ByteView row) {
    auto agent = read_agent(row);
    if (agent) out.emplace_back(AgentId::from(id), std::move(*agent));
    return agent.has_value();
  });
  if (!read) return read.error();
  return out;
}

}  // namespace parlance::routing_rows

namespace parlance {

Result<void> read_parts(const RowFamily& rows, PartitionId partition, const StreamId& stream,
                        StreamState<routing::State>& held) {
  using namespace routing_rows;
  const auto workspace = WorkspaceId::from(stream.id);
  auto agents = read_agents(rows, partition, workspace);
  if (!agents) return agents.error();
  for (auto& [id, agent] : *agents) {
    // Loads and offers follow from the entries.
    agent.held = {};
    agent.reserved = {};
    agent.offers.clear();
    held.state.agents.emplace(id, std::move(agent));
  }
  return each_part(rows, partition, Part::entry, workspace, [&](RawId id, ByteView row) {
    auto entry = read_entry(row);
    if (entry) routing::put(held.state, ConversationId::from(id), std::move(*entry));
    return entry.has_value();
  });
}

}  // namespace parlance
