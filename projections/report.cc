#include "projections/report.h"

#include <algorithm>
#include <array>

#include "projections/facts_view.h"
#include "projections/ticket_index.h"
#include "projections/view_set.h"

namespace parlance {
namespace {

using Reader = ViewSet::Reader;
using Fact = FactsView::Fact;
using Kind = FactsView::Kind;
using Stretch = FactsView::Stretch;

constexpr std::uint32_t day_hours = 24;
constexpr std::uint32_t slices_max = 400;

constexpr std::array<std::pair<Metric, std::string_view>, 13> metrics{{
    {Metric::created, "created"},
    {Metric::replied, "replied"},
    {Metric::resolved, "resolved"},
    {Metric::reopened, "reopened"},
    {Metric::breached, "breached"},
    {Metric::first_response, "first_response"},
    {Metric::resolution, "resolution"},
    {Metric::waiting, "waiting"},
    {Metric::backlog, "backlog"},
    {Metric::fcr, "fcr"},
    {Metric::csat, "csat"},
    {Metric::nps, "nps"},
    {Metric::ces, "ces"},
}};

Kind kind_of(Metric metric) {
  switch (metric) {
    case Metric::created: return Kind::created;
    case Metric::replied: return Kind::replied;
    case Metric::reopened: return Kind::reopened;
    case Metric::breached: return Kind::breached;
    case Metric::first_response: return Kind::first_response;
    case Metric::resolved:
    case Metric::resolution:
    case Metric::waiting:
    case Metric::fcr: return Kind::resolved;
    case Metric::csat:
    case Metric::nps:
    case Metric::ces: return Kind::rated;
    case Metric::backlog: break;
  }
  return Kind::none;
}
/// Of the metrics over answers of customers, which question; none of the others.
RatingKind question_of(Metric metric) {
  switch (metric) {
    case Metric::csat: return RatingKind::csat;
    case Metric::nps: return RatingKind::nps;
    case Metric::ces: return RatingKind::ces;
    default: return RatingKind::none;
  }
}
/// It is about this fact at all.
bool concerns(Metric metric, const Fact& fact) { return fact.rating == question_of(metric); }
bool is_duration(Metric metric) {
  return metric == Metric::first_response || metric == Metric::resolution || metric == Metric::waiting;
}

std::uint64_t ms_of(Instant at) { return static_cast<std::uint64_t>(std::max<std::int64_t>(at.ms, 0)); }

/// What a fact is to a metric.
struct Judged {
  LeftOut left_out = LeftOut::no;
  std::int64_t value = 1;
  bool provisional = false;
};
Judged judge(const ReportQuery& query, const Fact& fact, Instant at) {
  Judged out;
  out.left_out = fact.left_out;
  switch (query.metric) {
    case Metric::first_response:
    case Metric::csat:
    case Metric::nps:
    case Metric::ces: out.value = fact.value_ms; break;
    case Metric::resolution:
    case Metric::waiting:
      out.value = query.metric == Metric::waiting ? fact.waited_ms : fact.value_ms;
      if (out.left_out == LeftOut::no && query.first_episode_only && fact.episode != 1)
        out.left_out = LeftOut::later_episode;
      break;
    case Metric::fcr: {
      if (out.left_out == LeftOut::no && fact.replies == 0) out.left_out = LeftOut::no_reply;
      const bool few = fact.replies <= query.fcr_replies_max;
      const bool came_back = fact.reopened_at.is_set() && fact.reopened_at.ms - at.ms <= query.fcr_window_ms;
      out.value = few && !came_back ? 1 : 0;
      out.provisional = out.value == 1 && at + query.fcr_window_ms > query.as_of;
      break;
    }
    default: break;
  }
  if (out.left_out != LeftOut::no) out.value = 0;
  return out;
}

/// By what a fact, a stretch or a ticket may be told apart.
struct Dimensions {
  QueueId queue;
  AgentId agent;
  TeamId team;
  TypeId type;
  Channel channel = Channel::none;
  Language language = Language::und;
};
ReportKey key_of(const ReportQuery& query, const Dimensions& d, Instant at) {
  switch (query.by) {
    case ReportBy::nothing: break;
    case ReportBy::queue: return {d.queue};
    case ReportBy::agent: return {d.agent};
    case ReportBy::team: return {d.team};
    case ReportBy::type: return {d.type};
    case ReportBy::channel: return {RawId{0, static_cast<std::uint64_t>(d.channel)}};
    case ReportBy::language: return {RawId{0, static_cast<std::uint64_t>(d.language)}};
    case ReportBy::time: {
      const auto after = std::ranges::upper_bound(query.starts, at);
      return {RawId{0, static_cast<std::uint64_t>(
                           after == query.starts.begin() ? 0 : after - query.starts.begin() - 1)}};
    }
  }
  return {};
}
ReportKey key_of(const ReportQuery& query, const Fact& fact, Instant at) {
  return key_of(query, {fact.queue, fact.agent, fact.team, fact.type, fact.channel, fact.language}, at);
}

ReportPlace place_of(const Fact& fact) {
  return {ms_of(Instant{fact.at.ms}), fact.conversation, fact.made_by};
}
ReportPlace place_of(const Stretch& stretch) {
  return {ms_of(Instant{stretch.until.ms}), stretch.conversation, stretch.number};
}

bool within(const Fact& fact, Instant from, Instant to) {
  return fact.at.ms >= from.ms && fact.at.ms < to.ms;
}

/// The hours that hold the instants from <= t < to.
struct Hours {
  std::uint32_t first = 0, end = 0;
  Hours(Instant from, Instant to)
      : first(FactsView::hour_of(from)),
        end(from < to ? FactsView::hour_of(Instant{to.ms - 1}) + 1 : FactsView::hour_of(from)) {}
  /// Slice by slice of time, so that no partition is held for long; `sink(first, end)`, which returns false to stop.
  template <class Sink> Result<void> in_slices(const Sink& sink) const {
    const std::uint32_t slice = std::max(day_hours, (end - std::min(first, end)) / slices_max + 1);
    for (std::uint32_t at = first; at < end; at += std::min(slice, end - at)) {
      const Result<bool> goes_on = sink(at, at + std::min(slice, end - at));
      if (!goes_on) return goes_on.error();
      if (!*goes_on) break;
    }
    return {};
  }
};
/// The items of a kind in a partition's hours first <= hour < end.
template <class Item, class Sink>
Result<void> each_item(const Reader& reader, WorkspaceId workspace, Kind kind, std::uint32_t first,
                       std::uint32_t end, const Sink& sink) {
  const auto key = [&](std::uint32_t hour) {
    return RowKey(workspace, FactsView::items_tag).be(static_cast<std::uint8_t>(kind)).be(hour);
  };
  return reader.scan_items<FactsView, Item>(key(first), key(end), sink);
}

/// What a report may look at.
class Looks {
 public:
  explicit Looks(const TimeLimit& time) : time_(time) {}
  /// False: no more.
  bool take() {
    if (left_ == 0 || (left_ % facts_a_look == 0 && time_.is_over())) return false;
    --left_;
    return true;
  }
  /// Why no more could be taken, if it was so.
  [[nodiscard]] Result<void> enough(const std::string& advice) const {
    if (left_ == 0)
      return invalid("report.too_many_facts",
                     "more than " + std::to_string(report_facts_max) + " facts; " + advice);
    if (time_.is_over())
      return invalid("report.too_long", "more than " + std::to_string(query_ms_max) + " ms; " + advice);
    return {};
  }

 private:
  static constexpr std::size_t facts_a_look = 1'000;
  const TimeLimit& time_;
  std::size_t left_ = report_facts_max;
};

/// The facts of a kind in the question's time, in no order.
template <class Sink>
Result<void> each_fact(const ViewSet& views, const ReportQuery& query, Kind kind, const Sink& sink) {
  Looks looks(query.time);
  return Hours(query.from, query.to).in_slices([&](std::uint32_t first, std::uint32_t end) -> Result<bool> {
    for (PartitionId p = 0; p < views.partitions(); ++p) {
      auto scanned = each_item<Fact>(views.read(p), query.workspace, kind, first, end, [&](const Fact& fact) {
        if (fact.replaced != 0 || !within(fact, query.from, query.to)) return true;
        if (!looks.take()) return false;
        sink(fact);
        return true;
      });
      if (!scanned) return scanned.error();
      if (auto enough = looks.enough("ask for a shorter time"); !enough) return enough.error();
    }
    return true;
  });
}

void count(ReportFigures& f, const ReportQuery& query, const Judged& judged, bool restated) {
  f.restated += restated ? 1 : 0;
  if (judged.left_out != LeftOut::no) {
    ++f.left_out;
    return;
  }
  ++f.counted;
  f.sum += judged.value;
  const auto value = static_cast<ReportFigures::Wide>(judged.value < 0 ? -judged.value : judged.value);
  f.squares += value * value;
  f.provisional += judged.provisional ? 1 : 0;
  if (is_duration(query.metric)) f.sketch.add(judged.value);
  if (query.metric == Metric::csat) f.high += judged.value >= 4 ? 1 : 0;
  if (query.metric == Metric::nps) {
    f.high += judged.value >= 9 ? 1 : 0;
    f.low += judged.value <= 6 ? 1 : 0;
  }
}

/// Rows by key, bounded.
class Sums {
 public:
  explicit Sums(const ReportQuery& query) : query_(query) {
    if (query.by == ReportBy::time)
      for (std::size_t i = 0; i < query.starts.size(); ++i) rows_[{RawId{0, i}}];
  }
  void add(const ReportKey& key, const Judged& judged, bool restated) {
    if (judged.left_out != LeftOut::no) ++report_.left_out[judged.left_out];
    count(report_.total, query_, judged, restated);
    if (query_.by == ReportBy::nothing) return;
    if (rows_.size() >= report_rows_max && !rows_.contains(key)) {
      too_many_ = true;
      return;
    }
    count(rows_[key], query_, judged, restated);
  }
  /// An episode was resolved, and could be rated.
  void resolved(const ReportKey& key) {
    ++report_.total.episodes;
    if (query_.by == ReportBy::nothing) return;
    if (rows_.size() < report_rows_max || rows_.contains(key)) ++rows_[key].episodes;
  }
  Result<Report> finish() {
    if (too_many_)
      return invalid("report.too_many_rows", "more than " + std::to_string(report_rows_max) + " rows");
    for (auto& [key, figures] : rows_) report_.rows.push_back({key, std::move(figures)});
    return std::move(report_);
  }
  Report& report() { return report_; }
  std::map<ReportKey, ReportFigures>& rows() { return rows_; }

 private:
  const ReportQuery& query_;
  Report report_;
  std::map<ReportKey, ReportFigures> rows_;
  bool too_many_ = false;
};

// ---- the backlog ----

/// The instants at which the backlog is counted: where each stretch of time ends, or the end of all. What has not come yet is as now.
std::vector<Instant> samples_of(const ReportQuery& query) {
  const Instant end = std::min(query.to, query.as_of);
  if (query.by != ReportBy::time) return {end};
  std::vector<Instant> out;
  for (std::size_t i = 0; i < query.starts.size(); ++i)
    out.push_back(std::min(i + 1 < query.starts.size() ? query.starts[i + 1] : query.to, end));
  return out;
}

Stretch running(ConversationId conversation, const FactsView::StreamRow& row) {
  Stretch out;
  out.from = row.since;
  out.until = Instant{std::numeric_limits<std::int64_t>::max()};
  out.conversation = conversation;
  out.queue = row.standing.queue;
  out.agent = row.standing.agent;
  out.team = row.standing.team;
  out.began = row.began;
  out.number = row.stretches;
  out.language = row.standing.language;
  out.channel = row.standing.channel;
  return out;
}
/// The stretches that cover an instant from `first` on, and others.
template <class Sink>
Result<void> each_stretch(const ViewSet& views, const TicketIndex& index, const ReportQuery& query,
                          Instant first, const Sink& sink) {
  Looks looks(query.time);
  for (PartitionId p = 0; p < views.partitions(); ++p) {
    // Those that run, and those that ended: of one moment, in which none of them is both.
    const Reader reader = views.read(p);
    if (const TicketIndex::Orders* orders = index.find(p, query.workspace)) {
      std::optional<Error> failed;
      orders->working.ascend(
          {std::numeric_limits<std::int64_t>::min(), {}}, [&](const TicketIndex::Entry& e) {
            const auto row = reader.stream_row<FactsView>(query.workspace, {Category::conversation, e.id});
            if (!row) failed = row.error();
            if (failed) return false;
            if (!*row || !is_active((*row)->standing.phase)) return true;
            if (!looks.take()) return false;
            sink(running(e.id, **row));
            return true;
          });
      if (failed) return *failed;
    }
    auto scanned = each_item<Stretch>(reader, query.workspace, Kind::stretch, FactsView::hour_of(first),
                                      ~std::uint32_t{0}, [&](const Stretch& stretch) {
                                        if (!looks.take()) return false;
                                        sink(stretch);
                                        return true;
                                      });
    if (!scanned) return scanned;
    if (auto enough = looks.enough("ask for a later time"); !enough) return enough;
  }
  return {};
}
bool covers(const Stretch& stretch, Instant at) {
  return stretch.from.ms <= at.ms && at.ms < stretch.until.ms;
}

ReportKey key_of(const ReportQuery& query, const Stretch& s, Instant at) {
  return key_of(query, {s.queue, s.agent, s.team, {}, s.channel, s.language}, at);
}

Result<Report> make_backlog(const ViewSet& views, const TicketIndex& index, const ReportQuery& query) {
  const std::vector<Instant> samples = samples_of(query);
  Sums sums(query);
  const Judged one;
  auto scanned = each_stretch(views, index, query, samples.front(), [&](const Stretch& stretch) {
    if (query.by != ReportBy::time) {
      if (covers(stretch, samples.front())) sums.add(key_of(query, stretch, samples.front()), one, false);
      return;
    }
    const auto first = std::ranges::lower_bound(samples, Instant{stretch.from.ms});
    for (auto it = first; it != samples.end() && it->ms < stretch.until.ms; ++it)
      count(sums.rows()[{RawId{0, static_cast<std::uint64_t>(it - samples.begin())}}], query, one, false);
    if (covers(stretch, samples.back())) count(sums.report().total, query, one, false);
  });
  if (!scanned) return scanned.error();
  return sums.finish();
}

/// The first `limit` of those met, by time.
struct Met {
  ReportPlace place;
  ReportItem item;
};
ReportItems first_of(std::vector<Met>& met, std::size_t limit) {
  std::ranges::sort(met, {}, &Met::place);
  ReportItems out;
  for (Met& m : met) {
    if (out.items.size() == limit) {
      out.next = met[limit - 1].place;
      break;
    }
    out.items.push_back(std::move(m.item));
  }
  return out;
}

Result<ReportItems> explain_backlog(const ViewSet& views, const TicketIndex& index, const ReportQuery& query,
                                    const std::optional<ReportKey>& key,
                                    const std::optional<ReportPlace>& after, std::size_t limit) {
  const std::vector<Instant> samples = samples_of(query);
  const bool at_a_time = query.by == ReportBy::time && key && key->time() < samples.size();
  const Instant at = at_a_time ? samples[key->time()] : samples.back();
  std::vector<Met> met;
  auto scanned = each_stretch(views, index, query, at, [&](const Stretch& stretch) {
    const ReportPlace place = place_of(stretch);
    if (!covers(stretch, at) || (after && place <= *after)) return;
    const ReportKey of = at_a_time ? *key : key_of(query, stretch, at);
    if (key && of != *key) return;
    ReportItem item;
    item.conversation = place.conversation;
    item.at = Instant{stretch.from.ms};
    item.key = of;
    item.value = 1;
    item.events.push_back(stretch.began);
    if (stretch.ended != 0) item.events.push_back(stretch.ended);
    met.push_back({place, std::move(item)});
  });
  if (!scanned) return scanned.error();
  return first_of(met, limit);
}

Result<ReportItems> explain_facts(const ViewSet& views, const ReportQuery& query,
                                  const std::optional<ReportKey>& key,
                                  const std::optional<ReportPlace>& after, std::size_t limit) {
  const Instant from =
      after ? std::max(query.from, Instant{static_cast<std::int64_t>(after->at)}) : query.from;
  Looks looks(query.time);
  std::vector<Met> met;
  // A slice of time after the other, until there are enough: what comes in a later one is later.
  auto scanned = Hours(from, query.to).in_slices([&](std::uint32_t first, std::uint32_t end) -> Result<bool> {
    for (PartitionId p = 0; p < views.partitions(); ++p) {
      auto of_partition = each_item<Fact>(views.read(p), query.workspace, kind_of(query.metric), first, end,
                                          [&](const Fact& fact) {
                                            const ReportPlace place = place_of(fact);
                                            if (!looks.take()) return false;
                                            if (fact.replaced != 0 || !within(fact, from, query.to) ||
                                                (after && place <= *after) || !concerns(query.metric, fact))
                                              return true;
                                            const Instant at{fact.at.ms};
                                            const ReportKey of = key_of(query, fact, at);
                                            if (key && of != *key) return true;
                                            const Judged judged = judge(query, fact, at);
                                            ReportItem item;
                                            item.conversation = place.conversation;
                                            item.at = at;
                                            item.key = of;
                                            item.left_out = judged.left_out;
                                            item.value = judged.value;
                                            item.provisional = judged.provisional;
                                            if (fact.first != 0) item.events.push_back(fact.first);
                                            item.events.push_back(fact.last);
                                            met.push_back({place, std::move(item)});
                                            return true;
                                          });
      if (!of_partition) return of_partition.error();
      if (auto enough = looks.enough("ask for a shorter time"); !enough) return enough.error();
    }
    return met.size() <= limit;
  });
  if (!scanned) return scanned.error();
  return first_of(met, limit);
}

}  // namespace

std::string_view to_text(Metric metric) {
  return std::ranges::find(metrics, metric, [](const auto& m) { return m.first; })->second;
}
std::optional<Metric> parse_metric(std::string_view text) {
  const auto it = std::ranges::find(metrics, text, [](const auto& m) { return m.second; });
  if (it == metrics.end()) return std::nullopt;
  return it->first;
}
std::string_view to_text(LeftOut reason) {
  switch (reason) {
    case LeftOut::no: return "none";
    case LeftOut::by_program: return "by_program";
    case LeftOut::withdrawn: return "withdrawn";
    case LeftOut::not_answered: return "not_answered";
    case LeftOut::closed_unresolved: return "closed_unresolved";
    case LeftOut::corrected: return "corrected";
    case LeftOut::undone: return "undone";
    case LeftOut::spam: return "spam";
    case LeftOut::no_reply_needed: return "no_reply_needed";
    case LeftOut::no_reply: return "no_reply";
    case LeftOut::later_episode: return "later_episode";
  }
  return "other";
}

Result<Report> make_report(const ViewSet& views, const TicketIndex& index, const ReportQuery& query) {
  if (query.to < query.from || (query.by == ReportBy::time && query.starts.empty()))
    return invalid("report.range", "a time does not end before it begins");
  if (query.metric == Metric::backlog) return make_backlog(views, index, query);
  Sums sums(query);
  auto scanned = each_fact(views, query, kind_of(query.metric), [&](const Fact& fact) {
    if (!concerns(query.metric, fact)) return;
    const Instant at{fact.at.ms};
    sums.add(key_of(query, fact, at), judge(query, fact, at), fact.restated != 0);
  });
  if (!scanned) return scanned.error();
  if (question_of(query.metric) != RatingKind::none) {
    // Beside the score, of how many that could have answered.
    scanned = each_fact(views, query, Kind::resolved, [&](const Fact& fact) {
      if (fact.left_out == LeftOut::no) sums.resolved(key_of(query, fact, Instant{fact.at.ms}));
    });
    if (!scanned) return scanned.error();
  }
  return sums.finish();
}

Result<ReportItems> explain_report(const ViewSet& views, const TicketIndex& index, const ReportQuery& query,
                                   const std::optional<ReportKey>& key,
                                   const std::optional<ReportPlace>& after, std::size_t limit) {
  if (query.to < query.from || (query.by == ReportBy::time && query.starts.empty()))
    return invalid("report.range", "a time does not end before it begins");
  if (query.metric == Metric::backlog) return explain_backlog(views, index, query, key, after, limit);
  return explain_facts(views, query, key, after, limit);
}

Result<Overview> make_overview(const ViewSet& views, const TicketIndex& index, WorkspaceId workspace,
                               Instant from, Instant now, ReportBy by) {
  ReportQuery query;
  query.workspace = workspace;
  query.by = by;
  query.from = from;
  query.to = query.as_of = now + 1;
  std::map<ReportKey, OverviewRow> rows;
  Overview out;
  using Counter = std::uint64_t OverviewRow::*;
  for (const auto& [metric, counter] :
       {std::pair<Metric, Counter>{Metric::created, &OverviewRow::created},
        std::pair<Metric, Counter>{Metric::replied, &OverviewRow::replied},
        std::pair<Metric, Counter>{Metric::resolved, &OverviewRow::resolved},
        std::pair<Metric, Counter>{Metric::breached, &OverviewRow::breached}}) {
    query.metric = metric;
    auto report = make_report(views, index, query);
    if (!report) return report.error();
    for (const ReportRow& row : report->rows) rows[row.key].*counter = row.figures.counted;
    out.total.*counter = report->total.counted;
  }
  for (PartitionId p = 0; p < views.partitions(); ++p) {
    const Reader reader = views.read(p);
    const TicketIndex::Orders* orders = index.find(p, workspace);
    if (orders == nullptr) continue;
    std::optional<Error> failed;
    orders->working.ascend({std::numeric_limits<std::int64_t>::min(), {}}, [&](const TicketIndex::Entry& e) {
      const bool to_do = e.phase == conversation::Phase::fresh || e.phase == conversation::Phase::open;
      const bool held = e.agent != 0;
      const bool waits = to_do && held == (by == ReportBy::agent);
      // In working order what is outstanding stands under its deadline.
      const bool late = (e.flags & TicketIndex::Entry::outstanding) != 0 && e.key <= now.ms;
      if (!waits && !late) return true;
      const auto row = reader.stream_row<TicketView>(workspace, {Category::conversation, e.id});
      if (!row) {
        failed = row.error();
        return false;
      }
      if (!*row) return true;
      const Standing& s = (*row)->standing;
      const RowInstant since =
          (*row)->unanswered_since.is_set() ? (*row)->unanswered_since : (*row)->created_at;
      for (OverviewRow* to :
           {&rows[key_of(query, {s.queue, s.agent, s.team, (*row)->type, s.channel, s.language}, now)],
            &out.total}) {
        to->late += late ? 1 : 0;
        if (!waits) continue;
        ++to->waiting;
        if (!to->oldest || since.ms < to->oldest->ms) to->oldest = Instant{since.ms};
      }
      return true;
    });
    if (failed) return *failed;
  }
  for (auto& [key, row] : rows) {
    row.key = key;
    out.rows.push_back(row);
  }
  return out;
}

}  // namespace parlance
