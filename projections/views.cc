#include "projections/views.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "projections/daily_view.h"
#include "projections/queue_view.h"
#include "projections/registry.h"
#include "projections/runner.h"
#include "projections/ticket_index.h"
#include "projections/ticket_view.h"
#include "projections/workload_view.h"

namespace parlance {
namespace {

using conversation::Phase;
using Orders = TicketIndex::Orders;
using Entry = TicketIndex::Entry;
using Reader = ViewSet::Reader;

StreamId stream_of(ConversationId id) { return {Category::conversation, id}; }

bool matches(const ListQuery& query, Phase phase, QueueId queue, AgentId agent, Channel channel) {
  if (!query.states.empty() && std::ranges::find(query.states, phase) == query.states.end()) return false;
  if (query.queue && *query.queue != queue) return false;
  if (query.assignee && *query.assignee != agent) return false;
  return !query.channel || *query.channel == channel;
}
bool matches(const ListQuery& query, const Standing& s) {
  return matches(query, s.phase, s.queue, s.agent, s.channel);
}

/// What the query's sort comes to: an order of the index, and which way it is walked.
struct Order {
  Sort sort;
  bool descending;
};
Order order_of(const ListQuery& query) {
  const bool active_only = std::ranges::all_of(query.states, [](Phase p) { return is_active(p); });
  if (query.sort == Sort::working_order && active_only) return {Sort::working_order, false};
  if (query.sort == Sort::working_order) return {Sort::updated, true};
  return {query.sort, query.sort != Sort::oldest};
}
std::int64_t key_of(const Order& order, const TicketView::StreamRow& row) {
  if (order.sort == Sort::working_order) return working_key(row);
  return order.sort == Sort::updated ? row.updated_at.ms : row.created_at.ms;
}
/// Whether `a` is shown before `b`.
bool before(const Order& order, const ListCursor& a, const ListCursor& b) {
  const auto of = [](const ListCursor& c) { return std::pair(c.key, c.id); };
  return order.descending ? of(b) < of(a) : of(a) < of(b);
}

/// The first `wanted` places of one partition's order that pass the filters, from the cursor on.
class Walk {
 public:
  Walk(const ListQuery& query, const Order& order, const Orders& orders, std::size_t wanted,
       std::vector<ListCursor>& out)
      : query_(query), order_(order), orders_(orders), wanted_(wanted), out_(out) {
    if (query.queue) queue_ = TicketIndex::number_of(orders, *query.queue);
    if (query.assignee) agent_ = TicketIndex::number_of(orders, *query.assignee);
    for (const Phase phase : query.states) phases_ |= 1U << static_cast<unsigned>(phase);
    if (query.states.empty()) phases_ = ~0U;
  }
  void run() {
    if (wanted_ == 0 || queue_ == TicketIndex::unknown || agent_ == TicketIndex::unknown) return;
    if (order_.sort == Sort::updated) return walk(orders_.updated);
    if (order_.sort != Sort::working_order) return walk(orders_.created);
    if (query_.assignee && agent_ != 0) return walk_group(orders_.agent_working, agent_);
    if (query_.queue) return walk_group(orders_.queue_working, queue_);
    walk(orders_.working);
  }

 private:
  /// One step past the cursor, so that its own place is not met again.
  [[nodiscard]] Entry start() const {
    Entry entry;
    entry.key = std::numeric_limits<std::int64_t>::min();
    if (order_.descending) {
      entry.key = std::numeric_limits<std::int64_t>::max();
      entry.id.high = entry.id.low = ~std::uint64_t{0};
    }
    if (query_.after) {
      entry.key = query_.after->key;
      entry.id = query_.after->id;
    }
    return entry;
  }
  bool take(const Entry& e) {
    if (query_.after && e.key == query_.after->key && e.id == query_.after->id) return true;
    const bool passes = (phases_ >> static_cast<unsigned>(e.phase) & 1) != 0 &&
                        (!query_.queue || e.queue == queue_) && (!query_.assignee || e.agent == agent_) &&
                        (!query_.channel || e.channel == *query_.channel);
    if (passes) out_.push_back({e.key, e.id});
    return out_.size() < wanted_;
  }
  void walk(const SortedBlocks<Entry>& order) {
    const auto visit = [&](const Entry& e) { return take(e); };
    if (order_.descending) {
      order.descend(start(), visit);
    } else {
      order.ascend(start(), visit);
    }
  }
  void walk_group(const SortedBlocks<TicketIndex::GroupEntry>& order, std::uint32_t group) {
    order.ascend({group, start()},
                 [&](const TicketIndex::GroupEntry& e) { return e.group == group && take(e.entry); });
  }

  const ListQuery& query_;
  const Order& order_;
  const Orders& orders_;
  std::size_t wanted_;
  std::vector<ListCursor>& out_;
  std::uint32_t queue_ = 0, agent_ = 0;
  unsigned phases_ = 0;
};

Result<std::optional<Ticket>> read_ticket(const Reader& reader, WorkspaceId workspace, ConversationId id) {
  const auto row = reader.stream_row<TicketView>(workspace, stream_of(id));
  if (!row) return row.error();
  if (!*row) return std::optional<Ticket>{};
  std::optional<TicketView::MoreTags> more;
  if ((*row)->tags_count > TicketView::inline_tags) {
    const auto read =
        reader.row<TicketView, TicketView::MoreTags>(RowKey(workspace, TicketView::more_tags_tag).id(id));
    if (!read) return read.error();
    more = *read;
  }
  return std::optional(ticket_of(workspace, id, **row, more ? &*more : nullptr));
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

void add(DailySum& sum, const DailyView::Figures& row) {
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

  [[nodiscard]] PartitionId partitions() const { return runner->live().partitions(); }
  [[nodiscard]] Reader read(PartitionId partition) const { return runner->live().read(partition); }
  /// A generation's partitions share the 256 slots evenly, in ranges.
  [[nodiscard]] PartitionId partition_of(ConversationId id) const {
    return static_cast<PartitionId>(((id.slot() + 1U) * partitions() - 1U) / 256U);
  }
  [[nodiscard]] Result<TicketList> list_of_ids(const ListQuery& query) const;
  [[nodiscard]] Result<TicketList> fetch(const ListQuery& query, std::vector<ListCursor> places,
                                         std::size_t limit) const;
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
  return impl_->runner->apply_available(now, records_max);
}
Result<void> Views::flush() { return impl_->runner->flush(); }

std::vector<Position> Views::applied() const { return impl_->runner->applied(); }
bool Views::has_applied(const Position& position) const { return impl_->runner->has_applied(position); }
Views::WaitId Views::when_applied(const Position& position, std::function<void()> done) {
  return impl_->runner->when_applied(position, std::move(done));
}
void Views::forget(WaitId id) { impl_->runner->forget(id); }

// ---- tickets ----

Result<std::optional<Ticket>> Views::ticket(WorkspaceId workspace, ConversationId id) const {
  return read_ticket(impl_->read(impl_->partition_of(id)), workspace, id);
}

Result<std::optional<Ticket>> Views::ticket_by_number(WorkspaceId workspace, std::uint64_t number) const {
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

Result<TicketList> Views::list(const ListQuery& query) const {
  if (query.ids) return impl_->list_of_ids(query);
  const std::size_t limit = std::min(query.limit, list_limit_max);
  const Order order = order_of(query);
  std::vector<ListCursor> places;
  for (PartitionId p = 0; p < impl_->partitions(); ++p) {
    const Reader reader = impl_->read(p);
    const Orders* orders = impl_->index.find(p, query.workspace);
    if (orders == nullptr) continue;
    std::vector<ListCursor> here;
    Walk(query, order, *orders, limit + 1, here).run();
    places.insert(places.end(), here.begin(), here.end());
  }
  const auto shown = std::min(places.size(), limit + 1);
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(shown), places.end(),
                    [&](const ListCursor& a, const ListCursor& b) { return before(order, a, b); });
  places.resize(shown);
  return impl_->fetch(query, std::move(places), limit);
}

Result<TicketList> Views::Impl::list_of_ids(const ListQuery& query) const {
  if (query.ids->size() > list_ids_max)
    return invalid("views.too_many_ids", "a list takes at most " + std::to_string(list_ids_max) + " ids");
  const std::size_t limit = std::min(query.limit, list_limit_max);
  const Order order = order_of(query);
  std::vector<ConversationId> ids = *query.ids;
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::vector<ListCursor> places;
  for (const ConversationId id : ids) {
    const auto row = read(partition_of(id)).stream_row<TicketView>(query.workspace, stream_of(id));
    if (!row) return row.error();
    if (!*row || !matches(query, (*row)->standing)) continue;
    if (order.sort == Sort::working_order && !is_active((*row)->standing.phase)) continue;
    const ListCursor place{key_of(order, **row), id};
    if (!query.after || before(order, *query.after, place)) places.push_back(place);
  }
  std::ranges::sort(places, [&](const ListCursor& a, const ListCursor& b) { return before(order, a, b); });
  places.resize(std::min(places.size(), limit + 1));
  return fetch(query, std::move(places), limit);
}

Result<TicketList> Views::Impl::fetch(const ListQuery& query, std::vector<ListCursor> places,
                                      std::size_t limit) const {
  TicketList out;
  if (places.size() > limit) {
    places.resize(limit);
    if (!places.empty()) out.next = places.back();
  }
  out.tickets.reserve(places.size());
  for (const ListCursor& place : places) {
    auto ticket = read_ticket(read(partition_of(place.id)), query.workspace, place.id);
    if (!ticket) return ticket.error();
    // It may have changed since its place was read.
    if (*ticket &&
        matches(query, (*ticket)->state, (*ticket)->queue, (*ticket)->assignee, (*ticket)->channel))
      out.tickets.push_back(std::move(**ticket));
  }
  return out;
}

// ---- figures ----

Result<std::vector<QueueStats>> Views::queues(WorkspaceId workspace, Instant now) const {
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
  static_assert(bucket_ms == DailyView::bucket_ms);
  if (width_ms <= 0 || width_ms % bucket_ms != 0)
    return invalid("views.bucket_width", "a bucket's width is a multiple of 15 minutes");
  if (from < instant_min || to < from)
    return invalid("views.range", "a range begins in 1970 or later and does not end before it begins");
  const std::int64_t first_ms = from.ms / width_ms * width_ms;
  const std::int64_t end_ms = (to.ms + width_ms - 1) / width_ms * width_ms;
  const auto key = [&](std::int64_t ms) {
    return RowKey(workspace, DailyView::figures_tag)
        .be(static_cast<std::uint8_t>(by))
        .be(static_cast<std::uint64_t>(ms / bucket_ms));
  };
  constexpr std::size_t bucket_at = 16 + 1 + 1;
  std::map<std::pair<std::int64_t, RawId>, DailySum> sums;
  bool too_many = false;
  for (PartitionId p = 0; p < impl_->partitions() && !too_many; ++p) {
    auto scanned = impl_->read(p).scan<DailyView, DailyView::Figures>(
        key(first_ms), key(end_ms), [&](ByteView row_key, const DailyView::Figures& row) {
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
