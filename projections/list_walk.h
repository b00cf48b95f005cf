#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "projections/ticket_index.h"
#include "projections/views.h"

/// How lists and counts go through the orders of the ticket index. Inside projections only.
namespace parlance {

/// What a query's sort comes to: an order of the index, and which way it is walked.
struct ListOrder {
  Sort sort = Sort::working_order;
  bool descending = false;
};
[[nodiscard]] ListOrder list_order(const ListQuery& query);
[[nodiscard]] std::int64_t list_key(const ListOrder& order, const TicketView::StreamRow& row);
/// Whether `a` is shown before `b`.
[[nodiscard]] bool shown_before(const ListOrder& order, const ListCursor& a, const ListCursor& b);

/// The query with the states that its filter names, and in an order that shows them.
[[nodiscard]] ListQuery with_states_of_filter(ListQuery query);

/// What a query asks beside its filter.
[[nodiscard]] bool passes_plain(const ListQuery& query, conversation::Phase phase, QueueId queue,
                                AgentId agent, Channel channel);

/// What a filter looks at, of a ticket's row; `more` where it has more tags than fit. Borrows both.
[[nodiscard]] FilterSubject filter_subject(ConversationId id, const TicketView::StreamRow& row,
                                           const TicketView::MoreTags* more);

/// What an entry of an order tells of a query by itself, in one partition: that the ticket does not pass, or that it may.
class EntryTest {
 public:
  EntryTest(const ListQuery& query, const ListOrder& order, const TicketIndex::Orders& orders);
  /// Nothing here can pass.
  [[nodiscard]] bool nothing() const { return nothing_; }
  /// What may pass does pass: no row need be looked at.
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] bool may_pass(const TicketIndex::Entry& entry) const;
  /// Everything that passes is of this queue, or held by this agent (numbers of the index).
  [[nodiscard]] std::optional<std::uint32_t> queue() const { return queue_; }
  [[nodiscard]] std::optional<std::uint32_t> agent() const { return agent_; }

 private:
  struct Numbers {
    bool of_agent = false;
    bool negated = false;
    std::vector<std::uint32_t> numbers;
  };
  void add(const FilterTest& test, const TicketIndex::Orders& orders);
  void add_numbers(Numbers numbers);
  [[nodiscard]] bool may_hold(const FilterTest& test, const TicketIndex::Entry& entry) const;

  ListOrder order_;
  Instant now_;
  std::uint32_t phases_ = ~0U, channels_ = ~0U, priorities_ = ~0U;
  std::vector<Numbers> numbers_;
  std::vector<const FilterTest*> others_;  ///< borrowed from the query's filter
  std::uint32_t me_ = TicketIndex::unknown;
  std::optional<std::uint32_t> queue_, agent_;
  bool nothing_ = false;
  bool exact_ = true;
};

/// Visits the entries of the query's order from its cursor on that may pass, until `visit` returns false.
template <class Visit>
void walk_order(const ListQuery& query, const ListOrder& order, const TicketIndex::Orders& orders,
                const EntryTest& test, const Visit& visit) {
  using Entry = TicketIndex::Entry;
  // One step past the cursor, so that its own place is not met again.
  Entry start;
  start.key = std::numeric_limits<std::int64_t>::min();
  if (order.descending) {
    start.key = std::numeric_limits<std::int64_t>::max();
    start.id.high = start.id.low = ~std::uint64_t{0};
  }
  if (query.after) {
    start.key = query.after->key;
    start.id = query.after->id;
  }
  const auto take = [&](const Entry& e) {
    if (query.after && e.key == query.after->key && e.id == query.after->id) return true;
    return visit(e, test.may_pass(e));
  };
  const auto walk = [&](const SortedBlocks<Entry>& all) {
    if (order.descending) {
      all.descend(start, take);
    } else {
      all.ascend(start, take);
    }
  };
  const auto walk_group = [&](const SortedBlocks<TicketIndex::GroupEntry>& all, std::uint32_t group) {
    all.ascend({group, start},
               [&](const TicketIndex::GroupEntry& e) { return e.group == group && take(e.entry); });
  };
  if (order.sort == Sort::updated) return walk(orders.updated);
  if (order.sort != Sort::working_order) return walk(orders.created);
  if (test.agent() && *test.agent() != 0) return walk_group(orders.agent_working, *test.agent());
  if (test.queue()) return walk_group(orders.queue_working, *test.queue());
  walk(orders.working);
}

}  // namespace parlance
