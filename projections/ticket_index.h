#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "projections/sorted_blocks.h"
#include "projections/view_set.h"
#include "projections/working_order.h"

namespace parlance {

/// The orders that lists are read in, in memory, over the tickets of each partition and workspace. Every entry carries what lists
/// filter by most, so a list walks one array-like order and looks at few tickets that it does not show: about 2 ns an entry passed
/// over, so that a filter nothing matches costs a few milliseconds over a million conversations. Disposable: built from the rows at
/// the start.
///
/// Threads: the caller holds the partition's lock.
class TicketIndex final : public StreamIndex {
 public:
  /// An entry of an order. `queue` and `agent` are numbers of this index, 0 for none.
  struct Entry {
    std::int64_t key = 0;
    ConversationId id;
    std::uint32_t queue = 0;
    std::uint32_t agent = 0;
    conversation::Phase phase = conversation::Phase::absent;
    Channel channel = Channel::none;
    Language language = Language::und;
    Priority priority = Priority::none;
    std::uint8_t flags = 0;
    /// A bit for each tag, by tag_bit(): a ticket may have a tag whose bit is set, and surely has none whose bit is not.
    std::uint16_t tags = 0;
    static constexpr std::uint8_t unanswered = 1, outstanding = 2, reopened = 4;
    bool operator<(const Entry& o) const { return key != o.key ? key < o.key : id < o.id; }
  };
  /// An entry of an order within a queue, or within what an agent holds.
  struct GroupEntry {
    std::uint32_t group = 0;
    Entry entry;
    bool operator<(const GroupEntry& o) const { return group != o.group ? group < o.group : entry < o.entry; }
  };
  /// An instant of a queue: a deadline, or since when somebody waits.
  struct QueueInstant {
    std::uint32_t queue = 0;
    std::int64_t ms = 0;
    ConversationId id;
    bool operator<(const QueueInstant& o) const {
      return queue != o.queue ? queue < o.queue : ms != o.ms ? ms < o.ms : id < o.id;
    }
  };
  struct ByNumber {
    std::uint64_t number = 0;
    ConversationId id;
    bool operator<(const ByNumber& o) const { return number != o.number ? number < o.number : id < o.id; }
  };
  /// A ticket with a tag. Those with more tags than a ticket's row has room for stand under number 0, whatever these are.
  struct Tagged {
    std::uint32_t tag = 0;
    ConversationId id;
    bool operator<(const Tagged& o) const { return tag != o.tag ? tag < o.tag : id < o.id; }
  };
  struct Orders {
    SortedBlocks<Entry> created;  ///< all
    SortedBlocks<Entry> updated;  ///< all
    SortedBlocks<Entry> working;  ///< active ones, as all below
    SortedBlocks<GroupEntry> queue_working;
    SortedBlocks<GroupEntry> agent_working;  ///< held by an agent
    SortedBlocks<QueueInstant> deadlines;    ///< of answers promised and not given
    SortedBlocks<QueueInstant> waiting;      ///< new or open, nobody assigned
    SortedBlocks<ByNumber> numbers;          ///< all; they never change
    SortedBlocks<Tagged> tagged;             ///< all
    std::unordered_map<QueueId, std::uint32_t> queues;
    std::unordered_map<AgentId, std::uint32_t> agents;
    std::unordered_map<TagId, std::uint32_t> tags;
  };

  explicit TicketIndex(PartitionId partitions) : partitions_(partitions) {}
  void clear(PartitionId partition) override { partitions_[partition].clear(); }
  void add(PartitionId partition, const StreamKey& key, const std::uint8_t* row) override;
  void remove(PartitionId partition, const StreamKey& key, const std::uint8_t* row) override;

  /// Null where the workspace has nothing in the partition.
  [[nodiscard]] const Orders* find(PartitionId partition, WorkspaceId workspace) const;
  [[nodiscard]] static std::uint32_t number_of(const Orders& orders, QueueId queue);
  [[nodiscard]] static std::uint32_t number_of(const Orders& orders, AgentId agent);
  [[nodiscard]] static std::uint32_t number_of(const Orders& orders, TagId tag);
  [[nodiscard]] static std::uint16_t tag_bit(TagId tag) {
    return static_cast<std::uint16_t>(1U << (std::hash<TagId>{}(tag)*0x9e3779b97f4a7c15ULL >> 60));
  }
  /// For a filter by something that no ticket here has.
  static constexpr std::uint32_t unknown = ~std::uint32_t{0};

 private:
  void each_place(PartitionId partition, const StreamKey& key, const TicketView::StreamRow& row,
                  auto&& change);
  std::vector<std::map<WorkspaceId, Orders>> partitions_;
};

}  // namespace parlance
