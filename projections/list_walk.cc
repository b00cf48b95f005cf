#include "projections/list_walk.h"

#include <algorithm>

#include "projections/working_order.h"

namespace parlance {
namespace {

using conversation::Phase;
using Entry = TicketIndex::Entry;

bool contains(const std::vector<std::uint32_t>& numbers, std::uint32_t number) {
  return std::ranges::find(numbers, number) != numbers.end();
}
template <class AnId>
std::vector<std::uint32_t> numbers_of(const std::vector<RawId>& ids, const TicketIndex::Orders& orders) {
  std::vector<std::uint32_t> out;
  for (const RawId id : ids)
    if (const auto number = TicketIndex::number_of(orders, AnId::from(id)); number != TicketIndex::unknown)
      out.push_back(number);
  return out;
}

/// Words of `is` that an entry does not tell.
constexpr std::uint32_t untold_words =
    filter_bit(FilterIs::late) | filter_bit(FilterIs::soon) | filter_bit(FilterIs::spam);

}  // namespace

bool passes_plain(const ListQuery& query, Phase phase, QueueId queue, AgentId agent, Channel channel) {
  if (!query.states.empty() && std::ranges::find(query.states, phase) == query.states.end()) return false;
  if (query.queue && *query.queue != queue) return false;
  if (query.assignee && *query.assignee != agent) return false;
  return !query.channel || *query.channel == channel;
}

ListOrder list_order(const ListQuery& query) {
  const bool active_only = std::ranges::all_of(query.states, [](Phase p) { return is_active(p); });
  if (query.sort == Sort::working_order && active_only) return {Sort::working_order, false};
  if (query.sort == Sort::working_order) return {Sort::updated, true};
  return {query.sort, query.sort != Sort::oldest};
}
std::int64_t list_key(const ListOrder& order, const TicketView::StreamRow& row) {
  if (order.sort == Sort::working_order) return working_key(row);
  return order.sort == Sort::updated ? row.updated_at.ms : row.created_at.ms;
}
bool shown_before(const ListOrder& order, const ListCursor& a, const ListCursor& b) {
  const auto of = [](const ListCursor& c) { return std::pair(c.key, c.id); };
  return order.descending ? of(b) < of(a) : of(a) < of(b);
}

ListQuery with_states_of_filter(ListQuery query) {
  if (!query.filter || !query.states.empty()) return query;
  if (query.filter->names_states()) {
    for (unsigned p = 0; p < 32; ++p)
      if ((query.filter->phases() >> p & 1) != 0) query.states.push_back(static_cast<Phase>(p));
  } else if (query.filter->names_conversations() && query.sort == Sort::working_order) {
    query.sort = Sort::updated;
  }
  return query;
}

FilterSubject filter_subject(ConversationId id, const TicketView::StreamRow& row,
                             const TicketView::MoreTags* more) {
  FilterSubject s;
  s.id = id;
  s.number = row.number;
  s.state = row.standing.phase;
  s.queue = row.standing.queue;
  s.assignee = row.standing.agent;
  s.channel = row.standing.channel;
  s.store = row.store;
  s.language = row.standing.language;
  s.priority = row.priority;
  const std::size_t tags = row.tags_count;
  s.tags = std::span(row.tags).first(std::min(tags, TicketView::inline_tags));
  if (tags > TicketView::inline_tags && more != nullptr)
    s.more_tags = std::span(more->tags).first(tags - TicketView::inline_tags);
  s.created_at = Instant{row.created_at.ms};
  s.updated_at = Instant{row.updated_at.ms};
  s.resolved_at = row.resolved_at.get();
  s.unanswered = row.unanswered_since.is_set();
  s.response = row.response;
  s.response_outstanding = TicketView::response_outstanding(row) && is_active(s.state);
  s.response_due = row.response_due.get();
  s.response_from = row.first_message_at.get();
  s.reopened = row.reopened;
  s.messages = std::uint64_t{row.received} + row.replied;
  s.team = row.standing.team;
  s.type = row.type;
  s.sub_state = row.sub_state;
  return s;
}

EntryTest::EntryTest(const ListQuery& query, const ListOrder& order, const TicketIndex::Orders& orders)
    : order_(order), now_(query.now) {
  if (!query.states.empty()) {
    phases_ = 0;
    for (const Phase phase : query.states) phases_ |= filter_bit(phase);
  }
  if (query.channel) channels_ = filter_bit(*query.channel);
  if (query.queue) add_numbers({false, false, numbers_of<QueueId>({*query.queue}, orders)});
  if (query.assignee) add_numbers({true, false, numbers_of<AgentId>({*query.assignee}, orders)});
  if (query.filter)
    for (const FilterTest& test : query.filter->tests()) add(test, orders);
  if (phases_ == 0 || channels_ == 0 || priorities_ == 0) nothing_ = true;
}

void EntryTest::add(const FilterTest& test, const TicketIndex::Orders& orders) {
  const auto narrow = [&](std::uint32_t& bits) { bits &= test.negated ? ~test.mask : test.mask; };
  switch (test.key) {
    case FilterKey::state: return narrow(phases_);
    case FilterKey::channel: return narrow(channels_);
    case FilterKey::priority: return narrow(priorities_);
    case FilterKey::queue: return add_numbers({false, test.negated, numbers_of<QueueId>(test.ids, orders)});
    case FilterKey::assignee: return add_numbers({true, test.negated, numbers_of<AgentId>(test.ids, orders)});
    case FilterKey::lang: others_.push_back(&test); return;
    case FilterKey::is:
      others_.push_back(&test);
      if ((test.mask & filter_bit(FilterIs::mine)) != 0 && !test.ids.empty())
        me_ = TicketIndex::number_of(orders, AgentId::from(test.ids.front()));
      if ((test.mask & untold_words) != 0) exact_ = false;
      if (test.mask == filter_bit(FilterIs::mine))
        add_numbers({true, test.negated, numbers_of<AgentId>(test.ids, orders)});
      if (test.mask == filter_bit(FilterIs::unassigned)) add_numbers({true, test.negated, {0}});
      return;
    case FilterKey::created:
    case FilterKey::updated: {
      const bool is_key = test.key == FilterKey::updated
                              ? order_.sort == Sort::updated
                              : order_.sort == Sort::newest || order_.sort == Sort::oldest;
      if (is_key) {
        others_.push_back(&test);
      } else {
        exact_ = false;
      }
      return;
    }
    case FilterKey::tag:
    case FilterKey::sla:
      others_.push_back(&test);
      exact_ = false;
      return;
    default: exact_ = false;
  }
}

void EntryTest::add_numbers(Numbers numbers) {
  if (!numbers.negated && numbers.numbers.empty()) nothing_ = true;
  if (!numbers.negated && numbers.numbers.size() == 1)
    (numbers.of_agent ? agent_ : queue_) = numbers.numbers.front();
  numbers_.push_back(std::move(numbers));
}

bool EntryTest::may_pass(const Entry& e) const {
  const auto has = [](std::uint32_t bits, auto value) {
    return (bits >> static_cast<unsigned>(value) & 1) != 0;
  };
  if (!has(phases_, e.phase) || !has(channels_, e.channel) || !has(priorities_, e.priority)) return false;
  for (const Numbers& n : numbers_)
    if (contains(n.numbers, n.of_agent ? e.agent : e.queue) == n.negated) return false;
  return std::ranges::all_of(others_, [&](const FilterTest* test) { return may_hold(*test, e); });
}

bool EntryTest::may_hold(const FilterTest& test, const Entry& e) const {
  const bool outstanding = (e.flags & Entry::outstanding) != 0;
  switch (test.key) {
    case FilterKey::lang: return test.has(e.language) != test.negated;
    case FilterKey::created:
    case FilterKey::updated:
      return (test.within(e.key) || test.of_age(now_ - Instant{e.key})) != test.negated;
    case FilterKey::tag:
      if (test.negated) return true;
      if (e.tags == 0) return std::ranges::find(test.ids, RawId{}) != test.ids.end();
      return std::ranges::any_of(
          test.ids, [&](RawId id) { return (e.tags & TicketIndex::tag_bit(TagId::from(id))) != 0; });
    case FilterKey::sla: {
      constexpr std::uint32_t promised =
          filter_bit(FilterSla::late) | filter_bit(FilterSla::soon) | filter_bit(FilterSla::ok);
      return test.negated || outstanding || (test.mask & ~promised) != 0;
    }
    case FilterKey::is: {
      std::uint32_t bits = 0;
      const auto set = [&](FilterIs word, bool holds) { bits |= holds ? filter_bit(word) : 0U; };
      set(FilterIs::unassigned, e.agent == 0);
      set(FilterIs::mine, e.agent != 0 && e.agent == me_);
      set(FilterIs::reopened, (e.flags & Entry::reopened) != 0);
      set(FilterIs::waiting, e.phase == Phase::waiting_customer || e.phase == Phase::waiting_third_party);
      set(FilterIs::unanswered, (e.flags & Entry::unanswered) != 0);
      if (test.negated) return (test.mask & bits) == 0;
      if ((test.mask & bits) != 0 || (test.mask & filter_bit(FilterIs::spam)) != 0) return true;
      return (test.mask & untold_words) != 0 && outstanding;
    }
    default: return true;
  }
}

}  // namespace parlance
