#include "projections/views.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "projections/attachment_view.h"
#include "projections/facts_view.h"
#include "projections/list_walk.h"
#include "projections/queue_view.h"
#include "projections/registry.h"
#include "projections/runner.h"
#include "projections/ticket_index.h"
#include "projections/ticket_view.h"
#include "projections/workload_view.h"

namespace parlance {
namespace {

using Orders = TicketIndex::Orders;
using Entry = TicketIndex::Entry;
using Reader = ViewSet::Reader;

StreamId stream_of(ConversationId id) { return {Category::conversation, id}; }

/// Entries passed over, and tickets looked at, before the partition's lock is let go for others.
constexpr std::size_t slice_entries = 50'000;
constexpr std::size_t slice_rows = 1'000;
/// A tag on no more tickets than these is looked up by the tag instead of walking an order.
constexpr std::size_t tagged_max = 2'000;

Result<std::optional<Ticket>> read_ticket(const Reader& reader, WorkspaceId workspace, ConversationId id) {
  const auto row = reader.stream_row<TicketView>(workspace, stream_of(id));
  if (!row) return row.error();
  if (!*row) return std::optional<Ticket>{};
  const auto extras = read_extras(
      workspace, id, **row, [&]<class Kept>(const RowKey& key) { return reader.row<TicketView, Kept>(key); });
  if (!extras) return extras.error();
  return std::optional(ticket_of(workspace, id, **row, *extras));
}

/// The end of the keys with this tag.
RowKey after_tag(WorkspaceId workspace, std::uint8_t tag) {
  return {workspace, static_cast<std::uint8_t>(tag + 1)};
}

template <class Value>
std::vector<std::pair<Value, std::uint64_t>> nonzero(const std::map<Value, std::uint64_t>& counts) {
  std::vector<std::pair<Value, std::uint64_t>> out;
  for (const auto& [value, count] : counts)
    if (count != 0) out.emplace_back(value, count);
  return out;
}

struct QueueSum {
  QueueStats stats;
  std::map<Channel, std::uint64_t> by_channel;
  std::map<Language, std::uint64_t> by_language;
};

QueueStats finish(QueueSum& sum) {
  sum.stats.by_channel = nonzero(sum.by_channel);
  sum.stats.by_language = nonzero(sum.by_language);
  return std::move(sum.stats);
}

/// Adds what the rows of one partition count, of `only` or of all queues.
Result<void> add_counts(const Reader& reader, WorkspaceId workspace, std::optional<QueueId> only,
                        std::map<QueueId, QueueSum>& sums) {
  constexpr std::size_t id_at = 16 + 1;
  const auto range = [&](std::uint8_t tag) {
    RowKey from(workspace, tag), to = after_tag(workspace, tag);
    if (only) {
      from.id(*only);
      to = RowKey(from).be(~std::uint64_t{0});
    }
    return std::pair(from, to);
  };
  const auto [counts_from, counts_to] = range(QueueView::counts_tag);
  auto scanned =
      reader.scan<QueueView, QueueView::Counts>(counts_from, counts_to, [&](ByteView key, const auto& row) {
        const QueueId id = ByteReader(key.subspan(id_at)).id_of<QueueId>();
        QueueSum& sum = sums[id];
        sum.stats.id = id;
        sum.stats.waiting += row.waiting;
        sum.stats.open += row.open;
        sum.stats.snoozed += row.snoozed;
        for (std::size_t c = 0; c < row_channels; ++c)
          sum.by_channel[static_cast<Channel>(c)] += row.waiting_by_channel[c];
      });
  if (!scanned) return scanned;
  const auto [language_from, language_to] = range(QueueView::language_tag);
  return reader.scan<QueueView, QueueView::LanguageCounts>(
      language_from, language_to, [&](ByteView key, const auto& row) {
        ByteReader in(key.subspan(id_at));
        const QueueId id = in.id_of<QueueId>();
        sums[id].stats.id = id;
        sums[id].by_language[static_cast<Language>(in.be<std::uint16_t>())] += row.waiting;
      });
}

/// Adds what depends on the moment.
void add_instants(const Orders& orders, Instant now, std::map<QueueId, QueueSum>& sums) {
  for (auto& [id, sum] : sums) {
    const std::uint32_t queue = TicketIndex::number_of(orders, id);
    if (queue == TicketIndex::unknown) continue;
    sum.stats.late +=
        orders.deadlines.count({queue, std::numeric_limits<std::int64_t>::min(), {}}, {queue, now.ms, {}});
    orders.waiting.ascend({queue, std::numeric_limits<std::int64_t>::min(), {}},
                          [&](const TicketIndex::QueueInstant& first) {
                            auto& oldest = sum.stats.oldest_waiting_at;
                            if (first.queue == queue && (!oldest || first.ms < oldest->ms))
                              oldest = Instant{first.ms};
                            return false;
                          });
  }
}

__extension__ using Wide = unsigned __int128;
struct DailySum {
  DailyFigures figures;
  Wide squares = 0;
};

void add(DailySum& sum, const DailyCounts::Figures& row) {
  DailyFigures& f = sum.figures;
  f.created += row.created;
  f.replied += row.replied;
  f.resolved += row.resolved;
  f.reopened += row.reopened;
  f.first_responses += row.first_responses;
  f.first_response_ms += row.response_ms;
  f.restated += row.restated;
  sum.squares += static_cast<Wide>(row.response_ms_squared_high) << 64 | row.response_ms_squared_low;
}
DailyFigures finish(const DailySum& sum) {
  DailyFigures f = sum.figures;
  if (f.first_responses != 0) {
    const auto n = static_cast<double>(f.first_responses);
    const double mean = static_cast<double>(f.first_response_ms) / n;
    f.first_response_ms_variance = std::max(0.0, static_cast<double>(sum.squares) / n - mean * mean);
  }
  return f;
}
DailyKey daily_key(DailyBy by, RawId raw) {
  DailyKey key;
  switch (by) {
    case DailyBy::queue: key.queue = QueueId::from(raw); break;
    case DailyBy::channel: key.channel = static_cast<Channel>(raw.low); break;
    case DailyBy::language: key.language = static_cast<Language>(raw.low); break;
    case DailyBy::agent: key.agent = AgentId::from(raw); break;
  }
  return key;
}

}  // namespace

struct Views::Impl {
  Impl(const EventLog& log_in, TicketIndex index_in) : log(log_in), index(std::move(index_in)) {}
  const EventLog& log;
  TicketIndex index;
  std::unique_ptr<Runner> runner;
  std::atomic<bool> rebuilding{false};
  std::vector<Offset>
      rebuilt_at;  ///< the offsets from which on queries are answered again; the applying thread's
  mutable std::shared_mutex
      whole;  ///< held by queries, which may read one partition after the other, and while all begin again

  /// For as long as a query takes.
  [[nodiscard]] Result<std::shared_lock<std::shared_mutex>> reading() const {
    if (!rebuilding) {
      std::shared_lock lock(whole);
      if (!rebuilding) return lock;
    }
    return unavailable("views.rebuilding",
                       "what is shown is being made again from the log, because its rows were damaged; try "
                       "again soon");
  }

  [[nodiscard]] PartitionId partitions() const { return runner->live().partitions(); }
  [[nodiscard]] Reader read(PartitionId partition) const { return runner->live().read(partition); }
  /// A generation's partitions share the 256 slots evenly, in ranges.
  [[nodiscard]] PartitionId partition_of(ConversationId id) const {
    return static_cast<PartitionId>(((id.slot() + 1U) * partitions() - 1U) / 256U);
  }
  /// The only conversations that can pass, where ids, a number or a rare tag tell.
  [[nodiscard]] Result<std::optional<std::vector<ConversationId>>> candidates(const ListQuery& query) const;
  [[nodiscard]] bool tagged(const ListQuery& query, const FilterTest& test,
                            std::vector<ConversationId>& out) const;
  [[nodiscard]] Result<bool> passes(const Reader& reader, const ListQuery& query, ConversationId id,
                                    const TicketView::StreamRow& row) const;
  /// Places among `ids` that pass, from the cursor on, in no order.
  [[nodiscard]] Result<std::vector<ListCursor>> places_of(const ListQuery& query, const ListOrder& order,
                                                          const std::vector<ConversationId>& ids) const;
  /// Hands over the places of a partition that pass, in order, until `take` returns false. Returns where it gave up because
  /// `rows` tickets had been looked at; none where it came to the end.
  template <class Take>
  [[nodiscard]] Result<std::optional<ListCursor>> walk(PartitionId partition, ListQuery query,
                                                       const ListOrder& order, std::size_t rows,
                                                       const Take& take) const;
  [[nodiscard]] Result<TicketList> fetch(const ListQuery& query, std::vector<ListCursor> places,
                                         std::size_t limit, std::optional<ListCursor> gave_up) const;
};

Views::Views(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Views::~Views() = default;

Result<std::unique_ptr<Views>> Views::open(const EventLog& log, RowStore& rows, Options options) {
  auto impl = std::make_unique<Impl>(log, TicketIndex(log.partitions()));
  auto runner = Runner::open(log, rows, registry(), options, &impl->index, TicketView::name);
  if (!runner) return runner.error();
  impl->runner = std::move(*runner);
  return std::unique_ptr<Views>(new Views(std::move(impl)));
}

Result<std::size_t> Views::apply_available(Instant now, std::size_t records_max) {
  auto applied = impl_->runner->apply_available(now, records_max);
  if (!impl_->rebuilding) return applied;
  bool all = impl_->rebuilt_at.size() == impl_->partitions();
  for (PartitionId p = 0; all && p < impl_->partitions(); ++p)
    all = impl_->runner->live().next(p) >= impl_->rebuilt_at[p];
  if (all) impl_->rebuilding = false;
  return applied;
}

Result<void> Views::begin_again() {
  impl_->rebuilding = true;
  impl_->rebuilt_at.clear();
  const std::lock_guard nobody_reads(impl_->whole);
  if (auto begun = impl_->runner->begin_again(); !begun) return begun;
  for (PartitionId p = 0; p < impl_->partitions(); ++p) impl_->rebuilt_at.push_back(impl_->log.end(p));
  return {};
}
bool Views::rebuilding() const { return impl_->rebuilding; }
Result<void> Views::flush() { return impl_->runner->flush(); }

std::vector<Position> Views::applied() const { return impl_->runner->applied(); }
bool Views::has_applied(const Position& position) const { return impl_->runner->has_applied(position); }
Views::WaitId Views::when_applied(const Position& position, std::function<void()> done) {
  return impl_->runner->when_applied(position, std::move(done));
}
void Views::forget(WaitId id) { impl_->runner->forget(id); }

// ---- tickets ----

Result<std::optional<Ticket>> Views::ticket(WorkspaceId workspace, ConversationId id) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  return read_ticket(impl_->read(impl_->partition_of(id)), workspace, id);
}

Result<std::optional<Ticket>> Views::ticket_by_number(WorkspaceId workspace, std::uint64_t number) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    const Reader reader = impl_->read(p);
    const Orders* orders = impl_->index.find(p, workspace);
    if (orders == nullptr) continue;
    std::optional<ConversationId> found;
    orders->numbers.ascend({number, {}}, [&](const TicketIndex::ByNumber& first) {
      if (first.number == number) found = first.id;
      return false;
    });
    if (found) return read_ticket(reader, workspace, *found);
  }
  return std::optional<Ticket>{};
}

Result<std::vector<TicketParticipant>> Views::participants(WorkspaceId workspace, ConversationId id) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  const Reader reader = impl_->read(impl_->partition_of(id));
  std::vector<TicketParticipant> out;
  const RowKey from = RowKey(workspace, TicketView::participant_tag).id(id);
  auto scanned = reader.scan<TicketView, TicketView::Participant>(
      from, RowKey(from).be(~std::uint64_t{0}), [&](ByteView, const TicketView::Participant& row) {
        if (const auto identity = row.identity.get())
          out.push_back({row.reference, *identity, Instant{row.joined_at.ms}});
      });
  if (!scanned) return scanned.error();
  return out;
}

Result<TicketList> Views::list(const ListQuery& asked) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  const ListQuery query = with_states_of_filter(asked);
  const std::size_t limit = std::min(query.limit, list_limit_max);
  const ListOrder order = list_order(query);
  const auto before = [&](const ListCursor& a, const ListCursor& b) { return shown_before(order, a, b); };
  const auto ids = impl_->candidates(query);
  if (!ids) return ids.error();
  std::vector<ListCursor> places;
  std::optional<ListCursor> gave_up;
  if (*ids) {
    auto found = impl_->places_of(query, order, **ids);
    if (!found) return found.error();
    places = std::move(*found);
  } else {
    for (PartitionId p = 0; p < impl_->partitions() && limit != 0; ++p) {
      std::size_t here = 0;
      auto stopped =
          impl_->walk(p, query, order, list_rows_max / impl_->partitions(), [&](const ListCursor& place) {
            places.push_back(place);
            return ++here <= limit;
          });
      if (!stopped) return stopped.error();
      if (*stopped && (!gave_up || before(**stopped, *gave_up))) gave_up = **stopped;
    }
    // Behind the place where a partition gave up, others may be missing.
    if (gave_up) std::erase_if(places, [&](const ListCursor& place) { return before(*gave_up, place); });
  }
  const auto shown = std::min(places.size(), limit + 1);
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(shown), places.end(),
                    before);
  places.resize(shown);
  return impl_->fetch(query, std::move(places), limit, gave_up);
}

Result<TicketCount> Views::count(const ListQuery& asked) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  ListQuery query = with_states_of_filter(asked);
  query.after.reset();
  const ListOrder order = list_order(query);
  const auto ids = impl_->candidates(query);
  if (!ids) return ids.error();
  TicketCount out;
  if (*ids) {
    const auto places = impl_->places_of(query, order, **ids);
    if (!places) return places.error();
    out.count = places->size();
    return out;
  }
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    auto stopped = impl_->walk(p, query, order, list_rows_max / impl_->partitions(), [&](const ListCursor&) {
      ++out.count;
      return true;
    });
    if (!stopped) return stopped.error();
    if (*stopped) out.complete = false;
  }
  return out;
}

Result<bool> Views::Impl::passes(const Reader& reader, const ListQuery& query, ConversationId id,
                                 const TicketView::StreamRow& row) const {
  const Standing& s = row.standing;
  if (!passes_plain(query, s.phase, s.queue, s.agent, s.channel)) return false;
  if (!query.filter) return true;
  if (query.filter->needs_ticket()) {
    const auto ticket = read_ticket(reader, query.workspace, id);
    if (!ticket) return ticket.error();
    return *ticket && query.filter->matches(**ticket, query.now);
  }
  std::optional<TicketView::MoreTags> more;
  if (row.tags_count > TicketView::inline_tags) {
    const auto read = reader.row<TicketView, TicketView::MoreTags>(
        RowKey(query.workspace, TicketView::more_tags_tag).id(id));
    if (!read) return read.error();
    more = *read;
  }
  return query.filter->matches(filter_subject(id, row, more ? &*more : nullptr), query.now);
}

template <class Take>
Result<std::optional<ListCursor>> Views::Impl::walk(PartitionId partition, ListQuery query,
                                                    const ListOrder& order, std::size_t rows,
                                                    const Take& take) const {
  for (;;) {
    const Reader reader = read(partition);
    const Orders* orders = index.find(partition, query.workspace);
    if (orders == nullptr) return std::nullopt;
    const EntryTest test(query, order, *orders);
    if (test.nothing()) return std::nullopt;
    std::size_t entries_left = slice_entries, rows_left = std::min(slice_rows, rows);
    std::optional<Error> failed;
    std::optional<ListCursor> at = query.after;
    bool more = false;
    walk_order(query, order, *orders, test, [&](const Entry& e, bool may_pass) {
      if (entries_left-- == 0 || (may_pass && !test.exact() && rows_left == 0)) {
        more = true;
        return false;
      }
      const ListCursor place{e.key, e.id};
      bool passes_it = may_pass;
      if (may_pass && !test.exact()) {
        --rows_left;
        --rows;
        const auto row = reader.stream_row<TicketView>(query.workspace, stream_of(e.id));
        if (!row) {
          failed = row.error();
          return false;
        }
        const auto passed = *row ? passes(reader, query, e.id, **row) : Result<bool>(false);
        if (!passed) {
          failed = passed.error();
          return false;
        }
        passes_it = *passed;
      }
      at = place;
      return !passes_it || take(place);
    });
    if (failed) return *failed;
    if (!more) return std::nullopt;
    query.after = at;
    if ((rows == 0 || query.time.is_over()) && at) return at;
  }
}

Result<std::optional<std::vector<ConversationId>>> Views::Impl::candidates(const ListQuery& query) const {
  std::optional<std::vector<ConversationId>> out;
  const auto narrow_to = [&](std::vector<ConversationId> ids) {
    if (!out || ids.size() < out->size()) out = std::move(ids);
  };
  if (query.ids) {
    if (query.ids->size() > list_ids_max)
      return invalid("views.too_many_ids", "a list takes at most " + std::to_string(list_ids_max) + " ids");
    narrow_to(*query.ids);
  }
  if (!query.filter) return out;
  for (const FilterTest& test : query.filter->tests()) {
    if (test.negated) continue;
    std::vector<ConversationId> ids;
    switch (test.key) {
      case FilterKey::order:
      case FilterKey::from:
      case FilterKey::subject:
        for (const RawId id : test.ids) ids.push_back(ConversationId::from(id));
        if (ids.size() <= list_ids_max) narrow_to(std::move(ids));
        break;
      case FilterKey::number:
        if (std::ranges::any_of(test.ranges, [](const FilterRange& r) { return r.to != r.from + 1; })) break;
        for (PartitionId p = 0; p < partitions(); ++p) {
          const Reader reader = read(p);
          const Orders* orders = index.find(p, query.workspace);
          if (orders == nullptr) continue;
          for (const FilterRange& wanted : test.ranges)
            orders->numbers.ascend({static_cast<std::uint64_t>(wanted.from), {}},
                                   [&](const TicketIndex::ByNumber& first) {
                                     if (first.number == static_cast<std::uint64_t>(wanted.from))
                                       ids.push_back(first.id);
                                     return false;
                                   });
        }
        narrow_to(std::move(ids));
        break;
      case FilterKey::tag:
        if (tagged(query, test, ids)) narrow_to(std::move(ids));
        break;
      default: break;
    }
  }
  if (query.ids && out) {
    std::vector<ConversationId> only = *query.ids;
    std::ranges::sort(only);
    std::erase_if(*out, [&](ConversationId id) { return !std::ranges::binary_search(only, id); });
  }
  return out;
}

/// The tickets that may have one of the tags; false where they are so many that walking an order is no slower.
bool Views::Impl::tagged(const ListQuery& query, const FilterTest& test,
                         std::vector<ConversationId>& out) const {
  if (std::ranges::find(test.ids, RawId{}) != test.ids.end()) return false;
  for (PartitionId p = 0; p < partitions(); ++p) {
    const Reader reader = read(p);
    const Orders* orders = index.find(p, query.workspace);
    if (orders == nullptr) continue;
    std::vector<std::uint32_t> numbers{0};
    for (const RawId id : test.ids)
      if (const auto number = TicketIndex::number_of(*orders, TagId::from(id));
          number != TicketIndex::unknown)
        numbers.push_back(number);
    for (const std::uint32_t number : numbers) {
      if (out.size() + orders->tagged.count({number, {}}, {number + 1, {}}) > tagged_max) return false;
      orders->tagged.ascend({number, {}}, [&](const TicketIndex::Tagged& t) {
        if (t.tag == number) out.push_back(t.id);
        return t.tag == number;
      });
    }
  }
  return true;
}

Result<std::vector<ListCursor>> Views::Impl::places_of(const ListQuery& query, const ListOrder& order,
                                                       const std::vector<ConversationId>& asked) const {
  std::vector<ConversationId> ids = asked;
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::vector<ListCursor> places;
  for (const ConversationId id : ids) {
    const Reader reader = read(partition_of(id));
    const auto row = reader.stream_row<TicketView>(query.workspace, stream_of(id));
    if (!row) return row.error();
    if (!*row) continue;
    if (order.sort == Sort::working_order && !is_active((*row)->standing.phase)) continue;
    const auto passed = passes(reader, query, id, **row);
    if (!passed) return passed.error();
    const ListCursor place{list_key(order, **row), id};
    if (*passed && (!query.after || shown_before(order, *query.after, place))) places.push_back(place);
  }
  return places;
}

Result<TicketList> Views::Impl::fetch(const ListQuery& query, std::vector<ListCursor> places,
                                      std::size_t limit, std::optional<ListCursor> gave_up) const {
  TicketList out;
  out.next = gave_up;
  if (places.size() > limit) {
    places.resize(limit);
    out.next = places.empty() ? std::nullopt : std::optional(places.back());
  }
  out.tickets.reserve(places.size());
  for (const ListCursor& place : places) {
    auto ticket = read_ticket(read(partition_of(place.id)), query.workspace, place.id);
    if (!ticket) return ticket.error();
    if (!*ticket) continue;
    // It may have changed since its place was read.
    const Ticket& t = **ticket;
    if (passes_plain(query, t.state, t.queue, t.assignee, t.channel) &&
        (!query.filter || query.filter->matches(t, query.now)))
      out.tickets.push_back(std::move(**ticket));
  }
  return out;
}

// ---- figures ----

Result<std::vector<QueueStats>> Views::queues(WorkspaceId workspace, Instant now) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  std::map<QueueId, QueueSum> sums;
  for (PartitionId p = 0; p < impl_->partitions(); ++p)
    if (auto added = add_counts(impl_->read(p), workspace, std::nullopt, sums); !added) return added.error();
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    const Reader reader = impl_->read(p);
    if (const Orders* orders = impl_->index.find(p, workspace)) add_instants(*orders, now, sums);
  }
  std::vector<QueueStats> out;
  for (auto& [id, sum] : sums)
    if (id) out.push_back(finish(sum));
  return out;
}

Result<QueueStats> Views::queue(WorkspaceId workspace, QueueId id, Instant now) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  std::map<QueueId, QueueSum> sums;
  sums[id].stats.id = id;
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    const Reader reader = impl_->read(p);
    if (auto added = add_counts(reader, workspace, id, sums); !added) return added.error();
    if (const Orders* orders = impl_->index.find(p, workspace)) add_instants(*orders, now, sums);
  }
  return finish(sums[id]);
}

namespace {
struct WorkloadSum {
  Workload workload;
  std::map<Channel, std::uint64_t> by_channel;
  std::map<Channel, std::uint64_t> open_by_channel;

  void add(const WorkloadView::Counts& row) {
    workload.open += row.open;
    workload.waiting += row.waiting;
    workload.snoozed += row.snoozed;
    for (std::size_t c = 0; c < row_channels; ++c) {
      by_channel[static_cast<Channel>(c)] += row.by_channel[c];
      open_by_channel[static_cast<Channel>(c)] += row.open_by_channel[c];
    }
  }
  [[nodiscard]] Workload finish(AgentId agent) const {
    Workload out = workload;
    out.agent = agent;
    out.by_channel = nonzero(by_channel);
    out.open_by_channel = nonzero(open_by_channel);
    return out;
  }
};
}  // namespace

Result<Workload> Views::workload(WorkspaceId workspace, AgentId agent) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  WorkloadSum sum;
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    const auto row = impl_->read(p).row<WorkloadView, WorkloadView::Counts>(
        RowKey(workspace, WorkloadView::counts_tag).id(agent));
    if (!row) return row.error();
    if (*row) sum.add(**row);
  }
  return sum.finish(agent);
}

Result<std::vector<Workload>> Views::workloads(WorkspaceId workspace) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  std::map<AgentId, WorkloadSum> sums;
  constexpr std::size_t id_at = 16 + 1;
  const RowKey from(workspace, WorkloadView::counts_tag);
  const RowKey to(workspace, static_cast<std::uint8_t>(WorkloadView::counts_tag + 1));
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    auto scanned = impl_->read(p).scan<WorkloadView, WorkloadView::Counts>(
        from, to, [&](ByteView key, const WorkloadView::Counts& row) {
          sums[ByteReader(key.subspan(id_at)).id_of<AgentId>()].add(row);
        });
    if (!scanned) return scanned.error();
  }
  std::vector<Workload> out;
  for (const auto& [agent, sum] : sums) out.push_back(sum.finish(agent));
  return out;
}

Result<std::vector<DailyFigures>> Views::daily(WorkspaceId workspace, Instant from, Instant to, DailyBy by,
                                               std::int64_t width_ms) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  static_assert(bucket_ms == DailyCounts::bucket_ms);
  if (width_ms <= 0 || width_ms % bucket_ms != 0)
    return invalid("views.bucket_width", "a bucket's width is a multiple of 15 minutes");
  if (from < instant_min || to < from)
    return invalid("views.range", "a range begins in 1970 or later and does not end before it begins");
  const std::int64_t first_ms = from.ms / width_ms * width_ms;
  const std::int64_t end_ms = (to.ms + width_ms - 1) / width_ms * width_ms;
  const auto key = [&](std::int64_t ms) {
    return RowKey(workspace, DailyCounts::figures_tag)
        .be(static_cast<std::uint8_t>(by))
        .be(static_cast<std::uint64_t>(ms / bucket_ms));
  };
  constexpr std::size_t bucket_at = 16 + 1 + 1;
  std::map<std::pair<std::int64_t, RawId>, DailySum> sums;
  bool too_many = false;
  for (PartitionId p = 0; p < impl_->partitions() && !too_many; ++p) {
    auto scanned = impl_->read(p).scan<FactsView, DailyCounts::Figures>(
        key(first_ms), key(end_ms), [&](ByteView row_key, const DailyCounts::Figures& row) {
          ByteReader in(row_key.subspan(bucket_at));
          const auto bucket =
              static_cast<std::int64_t>(in.be<std::uint64_t>()) * bucket_ms / width_ms * width_ms;
          const RawId raw = in.id();
          if (sums.size() >= daily_figures_max && !sums.contains({bucket, raw})) {
            too_many = true;
            return;
          }
          DailySum& sum = sums[{bucket, raw}];
          sum.figures.bucket = Instant{bucket};
          sum.figures.key = daily_key(by, raw);
          add(sum, row);
        });
    if (!scanned) return scanned.error();
  }
  if (too_many) return invalid("views.too_many_figures", "ask for a shorter time or wider buckets");
  std::vector<DailyFigures> out;
  out.reserve(sums.size());
  for (const auto& [place, sum] : sums) out.push_back(finish(sum));
  return out;
}

// ---- attached files ----

Result<std::vector<AttachmentUse>> Views::attachment_uses(WorkspaceId workspace, AttachmentId id) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  std::vector<AttachmentUse> out;
  const RowKey from = RowKey(workspace, AttachmentView::use_tag).id(id);
  const RowKey to = RowKey(from).be(~std::uint64_t{0});
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    auto scanned = impl_->read(p).scan<AttachmentView, AttachmentView::Use>(
        from, to, [&](ByteView, const AttachmentView::Use& row) {
          const auto sealed = row.attachments.get();
          if (sealed && out.size() < attachment_uses_max)
            out.push_back({row.conversation, row.message, *sealed});
        });
    if (!scanned) return scanned.error();
  }
  return out;
}

Result<Report> Views::report(const ReportQuery& query) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  return make_report(impl_->runner->live(), impl_->index, query);
}
Result<ReportItems> Views::explain(const ReportQuery& query, const std::optional<ReportKey>& key,
                                   const std::optional<ReportPlace>& after, std::size_t limit) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  return explain_report(impl_->runner->live(), impl_->index, query, key, after,
                        std::min(limit, list_limit_max));
}
Result<Overview> Views::overview(WorkspaceId workspace, Instant from, Instant now, ReportBy by) const {
  const auto reading = impl_->reading();
  if (!reading) return reading.error();
  return make_overview(impl_->runner->live(), impl_->index, workspace, from, now, by);
}

// ---- operating ----

std::vector<std::string> Views::names() const {
  std::vector<std::string> out;
  for (std::size_t v = 0; v < impl_->runner->live().size(); ++v)
    out.emplace_back(impl_->runner->live().projection(v).name);
  return out;
}

std::vector<ViewStatus> Views::status() const {
  std::vector<ViewStatus> out;
  for (std::size_t v = 0; v < impl_->runner->live().size(); ++v)
    for (PartitionId p = 0; p < impl_->partitions(); ++p) out.push_back(impl_->runner->live().status(v, p));
  return out;
}

Result<std::vector<Quarantined>> Views::quarantined(std::string_view view) const {
  const auto number = impl_->runner->live().find(view);
  if (!number) return Error{Errc::not_found, "views.unknown", "no view of that name"};
  return impl_->runner->live().quarantined(*number);
}

Result<std::vector<HashComparison>> Views::verify(std::string_view view) {
  return impl_->runner->rebuild(view, false);
}
Result<std::vector<HashComparison>> Views::rebuild(std::string_view view) {
  return impl_->runner->rebuild(view, true);
}

}  // namespace parlance
