#include <algorithm>
#include <map>

#include "adapters/http/exchange.h"
#include "adapters/http/live_core.h"
#include "adapters/http/metrics.h"
#include "adapters/http/stream.h"

/// The route that Prometheus reads.
namespace parlance::http {
namespace {

using Kind = MetricFamily::Kind;

void add_owners(const Call& call, const std::vector<OwnerStatus>& owners,
                std::vector<MetricFamily>& families) {
  MetricFamily end{"parlance_log_end_records", "Durable end of each partition.", Kind::gauge, {}};
  MetricFamily owning{"parlance_owner_owning", "1 where this process owns the partition.", Kind::gauge, {}};
  MetricFamily in_flight{
      "parlance_owner_in_flight_records", "Records appended and not yet certain.", Kind::gauge, {}};
  MetricFamily quarantined{
      "parlance_owner_quarantined_records", "Accepted records whose body does not verify.", Kind::gauge, {}};
  MetricFamily held{"parlance_owner_timers_held",
                    "1 where timers wait because the wall clock and the clock since boot disagree.",
                    Kind::gauge,
                    {}};
  MetricFamily waiting{"parlance_owner_waiting_commands",
                       "Commands that are taken and not yet appended, such as repeats of what is under way.",
                       Kind::gauge,
                       {}};
  MetricFamily apart{"parlance_owner_clocks_apart_seconds",
                     "Wall clock less the clock since boot, since the start; beyond 300 timers are held.",
                     Kind::gauge,
                     {}};
  MetricFamily epoch{
      "parlance_owner_epoch", "The number of accepted claims of the partition.", Kind::gauge, {}};
  for (std::size_t p = 0; p < owners.size(); ++p) {
    const OwnerStatus& o = owners[p];
    const Labels labels{{"partition", std::to_string(p)}};
    const auto add = [&](MetricFamily& family, double value) {
      family.samples.push_back({labels, value, {}});
    };
    add(end, static_cast<double>(call->context.parts.log.end(static_cast<PartitionId>(p))));
    add(owning, o.health == OwnerHealth::owning ? 1 : 0);
    add(in_flight, static_cast<double>(o.in_flight));
    add(quarantined, static_cast<double>(o.quarantined));
    add(held, o.timers_held ? 1 : 0);
    add(epoch, static_cast<double>(o.certain.epoch));
    add(waiting, static_cast<double>(o.waiting));
    add(apart, static_cast<double>(o.clocks_apart_ms) / 1000);
  }
  for (MetricFamily* family : {&end, &owning, &in_flight, &quarantined, &held, &epoch, &waiting, &apart})
    families.push_back(std::move(*family));
}

void add_views(const Call& call, std::vector<MetricFamily>& families) {
  MetricFamily applied{
      "parlance_view_applied_records", "Records a view has applied, by partition.", Kind::gauge, {}};
  MetricFamily lag{
      "parlance_view_lag_records", "Records a view has still to apply, by partition.", Kind::gauge, {}};
  MetricFamily healthy{
      "parlance_view_healthy", "1 where every partition of the view is well.", Kind::gauge, {}};
  MetricFamily quarantined{
      "parlance_view_quarantined_records", "Records a view could not apply.", Kind::gauge, {}};
  struct Sum {
    bool healthy = true;
    std::uint64_t quarantined = 0;
  };
  std::map<std::string, Sum> sums;
  for (const ViewStatus& v : call->views().status()) {
    const Labels labels{{"view", std::string(v.view)}, {"partition", std::to_string(v.partition)}};
    applied.samples.push_back({labels, static_cast<double>(v.applied), {}});
    lag.samples.push_back({labels, static_cast<double>(v.lag), {}});
    Sum& sum = sums[std::string(v.view)];
    sum.healthy = sum.healthy && v.health == Health::ok;
    sum.quarantined += v.quarantined;
  }
  for (const auto& [view, sum] : sums) {
    healthy.samples.push_back({{{"view", view}}, sum.healthy ? 1.0 : 0.0, {}});
    quarantined.samples.push_back({{{"view", view}}, static_cast<double>(sum.quarantined), {}});
  }
  for (MetricFamily* family : {&applied, &lag, &healthy, &quarantined})
    families.push_back(std::move(*family));
}

void add_conditions(const std::vector<Condition>& conditions, std::vector<MetricFamily>& families) {
  MetricFamily family{
      "parlance_condition",
      "1 while something is wrong; GET /v1/conditions says what, what is safe and what to do.",
      Kind::gauge,
      {}};
  for (const std::string_view name : condition_names())
    family.samples.push_back(
        {{{"name", std::string(name)}},
         std::ranges::find(conditions, name, &Condition::name) != conditions.end() ? 1.0 : 0.0,
         {}});
  families.push_back(std::move(family));
}

void add_machine(const MachineHealth& machine, std::vector<MetricFamily>& families) {
  if (machine.log) {
    const LogHealth& log = *machine.log;
    families.push_back(gauge("parlance_log_waiting_records", "Appends that wait for the writer of the log.",
                             static_cast<double>(log.waiting_records)));
    families.push_back(
        gauge("parlance_log_waiting_bytes", "Their bytes.", static_cast<double>(log.waiting_bytes)));
    families.push_back(gauge("parlance_log_free_bytes", "Free on the disk of the log.",
                             static_cast<double>(log.free_bytes)));
    families.push_back(counter("parlance_log_damaged_reads_total",
                               "Reads of records and of the vault that met damage, since the start.",
                               static_cast<double>(log.damaged_reads)));
    families.push_back(gauge("parlance_log_reserve_bytes", "With less free no command is taken.",
                             static_cast<double>(log.reserve_bytes)));
    families.push_back(gauge("parlance_log_group_seconds",
                             "How long the group of records under way has been written; 0: none is.",
                             static_cast<double>(log.group_ms) / 1000));
  }
  MetricFamily stall{"parlance_store_stalled",
                     "1 where writes into a database are slowed, 2 where they are stopped.",
                     Kind::gauge,
                     {}};
  MetricFamily stalls{"parlance_store_stalls_total", "How often that began.", Kind::counter, {}};
  MetricFamily errors{
      "parlance_store_background_errors_total", "Failures of its work in the background.", Kind::counter, {}};
  MetricFamily failing{
      "parlance_store_failing", "1 while a database has not recovered from one.", Kind::gauge, {}};
  MetricFamily memory{"parlance_store_memory_bytes", "Written and in no table yet.", Kind::gauge, {}};
  MetricFamily compaction{"parlance_store_compaction_bytes", "That wait to be rewritten.", Kind::gauge, {}};
  MetricFamily tables{"parlance_store_table_bytes", "In tables on the disk.", Kind::gauge, {}};
  MetricFamily running{
      "parlance_store_background_jobs", "Flushes and compactions under way.", Kind::gauge, {}};
  const auto add = [&](std::string_view name, const StoreHealth& s) {
    const Labels labels{{"store", std::string(name)}};
    const auto put = [&](MetricFamily& family, double value) {
      family.samples.push_back({labels, value, {}});
    };
    put(stall, static_cast<double>(s.stall));
    put(stalls, static_cast<double>(s.stalls));
    put(errors, static_cast<double>(s.background_errors));
    put(failing, s.background_error.empty() ? 0 : 1);
    put(memory, static_cast<double>(s.memory_bytes));
    put(compaction, static_cast<double>(s.compaction_bytes));
    put(tables, static_cast<double>(s.table_bytes));
    put(running, static_cast<double>(s.running));
  };
  if (machine.log) add("log", machine.log->database);
  for (const auto& store : machine.stores) add(store.name, store.health);
  for (MetricFamily* family : {&stall, &stalls, &errors, &failing, &memory, &compaction, &tables, &running})
    families.push_back(std::move(*family));
}

void add_live(const LiveFigures& live, std::vector<MetricFamily>& families) {
  MetricFamily connections{
      "parlance_live_connections", "Open WebSockets, and followers of the feed.", Kind::gauge, {}};
  connections.samples.push_back({{{"kind", "websocket"}}, static_cast<double>(live.clients), {}});
  connections.samples.push_back({{{"kind", "feed"}}, static_cast<double>(live.followers), {}});
  families.push_back(std::move(connections));
  families.push_back(
      gauge("parlance_live_subscriptions", "Live subscriptions.", static_cast<double>(live.subscriptions)));
  families.push_back(gauge("parlance_live_topics",
                           "What is worked out for live subscriptions; equal ones share.",
                           static_cast<double>(live.topics)));
  families.push_back(counter("parlance_live_messages_total", "Messages sent to WebSockets.",
                             static_cast<double>(live.sent)));
  families.push_back(gauge("parlance_live_waiting_bytes",
                           "Sent to WebSockets and feeds, and not yet taken by their readers' connections.",
                           static_cast<double>(stream_figures.waiting_bytes)));
  families.push_back(counter("parlance_live_cut_total",
                             "Connections ended because their reader was too slow.",
                             static_cast<double>(stream_figures.cut)));
}

void metrics(const Call& call) {
  with_conditions(call->keep, [call](const std::vector<Condition>& conditions,
                                     const std::vector<OwnerStatus>& owners) {
    std::vector<MetricFamily> families;
    MetricFamily build{"parlance_build_info", "What runs; always 1.", Kind::gauge, {}};
    build.samples.push_back({{{"version", call->context.parts.version}}, 1, {}});
    families.push_back(std::move(build));
    call->context.metrics.add_to(families);
    families.push_back(gauge("parlance_http_requests_in_flight", "Requests being answered.",
                             static_cast<double>(call->context.under_way.load())));
    add_owners(call, owners, families);
    add_views(call, families);
    add_conditions(conditions, families);
    MetricFamily limited{
        "parlance_http_rate_limited_total", "Requests refused with 429, by limit.", Kind::counter, {}};
    for (const auto kind : {RateLimits::Kind::session, RateLimits::Kind::sign_in, RateLimits::Kind::lookup})
      limited.samples.push_back({{{"limit", std::string(to_text(kind))}},
                                 static_cast<double>(call->context.rates.refused(kind)),
                                 {}});
    families.push_back(std::move(limited));
    const LossBook::Told losses = call->context.losses.told();
    families.push_back(
        counter("parlance_log_shorter_than_told_total",
                "Requests that named a place beyond the log's end, which was never given out or "
                "is lost.",
                static_cast<double>(losses.positions + losses.cursors)));
    if (call->context.parts.machine) add_machine(call->context.parts.machine(), families);
    add_live(call->context.live->figures(), families);
    if (call->context.parts.figures) call->context.parts.figures(families);
    HttpResponse out;
    out.type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = prometheus_text(std::move(families));
    call->respond(std::move(out));
  });
}

}  // namespace

const std::vector<Route>& metrics_routes() {
  static const std::vector<Route> routes{{"GET", "/metrics", metrics}};
  return routes;
}

}  // namespace parlance::http
