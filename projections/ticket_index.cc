#include "projections/ticket_index.h"

#include <cstring>

namespace parlance {

void TicketIndex::each_place(PartitionId partition, const StreamKey& key, const TicketView::StreamRow& row,
                             auto&& change) {
  Orders& o = partitions_[partition][key.workspace];
  const Standing& s = row.standing;
  Entry entry{0, ConversationId::from(key.stream.id), 0, 0, s.phase, s.channel, s.language, row.priority};
  if (row.unanswered_since.is_set()) entry.flags |= Entry::unanswered;
  if (TicketView::response_outstanding(row)) entry.flags |= Entry::outstanding;
  if (row.reopened != 0) entry.flags |= Entry::reopened;
  if (row.tags_count > TicketView::inline_tags) {
    entry.tags = ~std::uint16_t{0};
    change(o.tagged, Tagged{0, entry.id});
  } else {
    for (std::size_t i = 0; i < row.tags_count; ++i) {
      const TagId tag = row.tags[i];
      entry.tags = static_cast<std::uint16_t>(entry.tags | tag_bit(tag));
      const auto number =
          o.tags.try_emplace(tag, static_cast<std::uint32_t>(o.tags.size() + 1)).first->second;
      change(o.tagged, Tagged{number, entry.id});
    }
  }
  if (s.queue)
    entry.queue =
        o.queues.try_emplace(s.queue, static_cast<std::uint32_t>(o.queues.size() + 1)).first->second;
  if (s.agent)
    entry.agent =
        o.agents.try_emplace(s.agent, static_cast<std::uint32_t>(o.agents.size() + 1)).first->second;
  const auto at_key = [&](std::int64_t ms) {
    entry.key = ms;
    return entry;
  };
  change(o.created, at_key(row.created_at.ms));
  change(o.updated, at_key(row.updated_at.ms));
  if (!is_active(s.phase)) return;
  at_key(working_key(row));
  change(o.working, entry);
  change(o.queue_working, GroupEntry{entry.queue, entry});
  if (entry.agent != 0) change(o.agent_working, GroupEntry{entry.agent, entry});
  if (TicketView::response_outstanding(row))
    change(o.deadlines, QueueInstant{entry.queue, row.response_due.ms, entry.id});
  if (s.waiting_for_an_agent())
    change(
        o.waiting,
        QueueInstant{entry.queue, row.unanswered_since.is_set() ? row.unanswered_since.ms : row.created_at.ms,
                     entry.id});
}

void TicketIndex::add(PartitionId partition, const StreamKey& key, const std::uint8_t* row) {
  TicketView::StreamRow ticket;
  std::memcpy(&ticket, row, sizeof ticket);
  each_place(partition, key, ticket, [](auto& order, const auto& entry) { order.insert(entry); });
  partitions_[partition][key.workspace].numbers.insert({ticket.number, ConversationId::from(key.stream.id)});
}
void TicketIndex::remove(PartitionId partition, const StreamKey& key, const std::uint8_t* row) {
  TicketView::StreamRow ticket;
  std::memcpy(&ticket, row, sizeof ticket);
  each_place(partition, key, ticket, [](auto& order, const auto& entry) { order.erase(entry); });
}

const TicketIndex::Orders* TicketIndex::find(PartitionId partition, WorkspaceId workspace) const {
  const auto it = partitions_[partition].find(workspace);
  return it == partitions_[partition].end() ? nullptr : &it->second;
}
std::uint32_t TicketIndex::number_of(const Orders& orders, QueueId queue) {
  if (!queue) return 0;
  const auto it = orders.queues.find(queue);
  return it == orders.queues.end() ? unknown : it->second;
}
std::uint32_t TicketIndex::number_of(const Orders& orders, AgentId agent) {
  if (!agent) return 0;
  const auto it = orders.agents.find(agent);
  return it == orders.agents.end() ? unknown : it->second;
}
std::uint32_t TicketIndex::number_of(const Orders& orders, TagId tag) {
  const auto it = orders.tags.find(tag);
  return it == orders.tags.end() ? unknown : it->second;
}

}  // namespace parlance
