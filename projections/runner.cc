#include "projections/runner.h"

#include <algorithm>

#include "engine/base/fault_point.h"

namespace parlance {
namespace {

constexpr std::string_view serving_family = "serving";
/// A twin this far behind is brought to the live views' offsets while they wait.
constexpr Offset lock_step_records = 2'000;
constexpr std::size_t catch_up_records = 10'000;

}  // namespace

Result<std::unique_ptr<Runner>> Runner::open(const EventLog& log, RowStore& rows,
                                             std::vector<Projection> projections, RunnerOptions options,
                                             StreamIndex* index, std::string_view indexed) {
  PARLANCE_ASSERT(projections.size() <= views_max, "a runner takes a bounded number of views");
  std::unique_ptr<Runner> runner(new Runner(log, rows, options));
  auto serving = rows.open(serving_family);
  if (!serving) return serving.error();
  runner->serving_ = *serving;
  std::vector<ViewSet::View> views;
  std::size_t indexed_number = 0;
  for (const Projection& p : projections) {
    auto view = runner->open_view(p);
    if (!view) return view.error();
    if (p.name == indexed) indexed_number = views.size();
    views.push_back(std::move(*view));
  }
  // What a view left behind that is none any more.
  for (const std::string& family : rows.families()) {
    const std::string_view of = std::string_view(family).substr(0, family.find('@'));
    if (of == family || std::ranges::find(projections, of, &Projection::name) != projections.end()) continue;
    if (auto dropped = rows.drop(family); !dropped) return dropped.error();
  }
  auto live = ViewSet::open(log, views, index, indexed_number);
  if (!live) return live.error();
  runner->live_ = std::move(*live);
  return runner;
}

Result<ViewSet::View> Runner::open_view(const Projection& projection) {
  const std::string prefix = std::string(projection.name) + "@v";
  const std::string of_version = prefix + std::to_string(projection.version) + ".";
  auto line = serving_->get(as_bytes(projection.name));
  if (!line) return line.error();
  std::string family = *line ? std::string(as_text(**line)) : std::string{};
  auto of_this_log = [&]() -> Result<bool> {
    if (!family.starts_with(of_version)) return false;
    auto log = serving_->get(as_bytes(family + "/log"));
    if (!log) return log.error();
    return *log && std::ranges::equal(**log, log_.id().bytes());
  }();
  if (!of_this_log) return of_this_log.error();
  if (!*of_this_log) {
    auto fresh = fresh_family(projection);
    if (!fresh) return fresh.error();
    family = *fresh;
    if (auto served = serve(projection.name, family); !served) return served.error();
  }
  // What an interrupted rebuild or an older version left behind.
  for (const std::string& other : rows_.families())
    if (other.starts_with(prefix) && other != family)
      if (auto dropped = rows_.drop(other); !dropped) return dropped.error();
  auto opened = rows_.open(family);
  if (!opened) return opened.error();
  return ViewSet::View{projection, *opened, family};
}

Result<std::string> Runner::fresh_family(const Projection& projection) const {
  const auto taken = rows_.families();
  for (std::uint64_t number = 1;; ++number) {
    std::string name = std::string(projection.name) + "@v" + std::to_string(projection.version) + "." +
                       std::to_string(number);
    if (std::ranges::find(taken, name) == taken.end()) return name;
  }
}

Result<void> Runner::serve(std::string_view view, const std::string& family) {
  const auto log = log_.id().bytes();
  const ByteView name = as_bytes(view);
  const std::string log_key = family + "/log";
  const ByteView log_name = as_bytes(log_key);
  if (auto written =
          serving_->write({{Bytes(log_name.begin(), log_name.end()), Bytes(log.begin(), log.end())},
                           {Bytes(name.begin(), name.end()), Bytes(family.begin(), family.end())}});
      !written)
    return written;
  return serving_->flush();
}

// ---- applying ----

Result<std::size_t> Runner::apply_available(Instant now, std::size_t records_max) {
  std::size_t done = 0;
  Result<void> stored;
  {
    const std::lock_guard lock(apply_mutex_);
    // A partition that is far behind takes a whole turn, while its rows are in the processor's caches; then the next one.
    for (PartitionId i = 0; i < live_->partitions() && done < records_max; ++i) {
      done += live_->apply(turn_, records_max - done);
      turn_ = static_cast<PartitionId>((turn_ + 1) % live_->partitions());
    }
    unflushed_records_ += done;
    if (done != 0 && !dirty_since_) dirty_since_ = now;
    stored = store_if_due(now, records_max);
  }
  if (done != 0) tell_waiting();
  if (!stored) return stored.error();
  return done;
}

Result<void> Runner::store_if_due(Instant now, std::size_t records_max) {
  if (!dirty_since_) return {};
  const std::size_t times = records_behind() > options_.replay_records_max ? options_.catch_up_times : 1;
  // Before the next call may take it over the limit.
  const bool early = fault_point_taken("views.flush_early");
  const bool replay_long = early || unflushed_records_ + records_max > times * options_.replay_records_max;
  const bool old = times == 1 && now - *dirty_since_ >= options_.dirty_ms_max;
  if (live_->dirty_bytes() < times * options_.dirty_bytes_max && !old && !replay_long &&
      !fault_point_taken("views.store_early"))
    return {};
  if (auto stored = live_->store(); !stored) return stored;
  dirty_since_.reset();
  if (replay_long) {
    if (auto flushed = live_->flush(); !flushed) return flushed;
    unflushed_records_ = 0;
  }
  live_->sweep(fault_point_taken("views.forget_rows") ? 0 : options_.cache_bytes_max);
  return {};
}

std::uint64_t Runner::records_behind() const {
  std::uint64_t behind = 0;
  for (PartitionId p = 0; p < live_->partitions(); ++p) {
    const Offset end = log_.end(p), next = live_->next(p);
    behind += end > next ? end - next : 0;
  }
  return behind;
}

Result<void> Runner::flush() {
  const std::lock_guard lock(apply_mutex_);
  if (auto stored = live_->store(); !stored) return stored;
  dirty_since_.reset();
  if (auto flushed = live_->flush(); !flushed) return flushed;
  unflushed_records_ = 0;
  return {};
}

Result<void> Runner::begin_again() {
  const std::lock_guard no_rebuild(rebuild_mutex_);
  const std::lock_guard lock(apply_mutex_);
  if (auto renewed = rows_.renew(); !renewed) return renewed;
  std::vector<ViewSet::View> views;
  for (std::size_t v = 0; v < live_->size(); ++v) {
    auto view = open_view(live_->projection(v));
    if (!view) return view.error();
    views.push_back(std::move(*view));
  }
  live_->begin_again(views);
  dirty_since_.reset();
  unflushed_records_ = 0;
  return {};
}

// ---- positions ----

std::vector<Position> Runner::applied() const {
  std::vector<Position> out;
  for (PartitionId p = 0; p < live_->partitions(); ++p)
    if (const Offset next = live_->next(p); next != 0) out.push_back({log_.generation(), p, next - 1});
  return out;
}

bool Runner::has_applied(const Position& position) const {
  return position.generation == log_.generation() && position.partition < live_->partitions() &&
         live_->next(position.partition) > position.offset;
}

Runner::WaitId Runner::when_applied(const Position& position, std::function<void()> done) {
  WaitId id = 0;
  {
    const std::lock_guard lock(wait_mutex_);
    id = ++last_wait_;
    // Asked again under the lock: tell_waiting() takes it after the position has risen.
    if (!has_applied(position)) {
      waits_.emplace(id, Wait{position, std::move(done)});
      return id;
    }
  }
  done();
  return id;
}

void Runner::tell_waiting() {
  std::unique_lock lock(wait_mutex_);
  for (auto it = waits_.begin(); it != waits_.end();) {
    if (!has_applied(it->second.position)) {
      ++it;
      continue;
    }
    const WaitId id = it->first;
    const auto done = std::move(it->second.done);
    waits_.erase(it);
    telling_ = id;
    telling_thread_ = std::this_thread::get_id();
    lock.unlock();
    done();
    lock.lock();
    telling_ = 0;
    told_.notify_all();
    it = waits_.upper_bound(id);
  }
}

void Runner::forget(WaitId id) {
  std::unique_lock lock(wait_mutex_);
  waits_.erase(id);
  if (telling_ == id && telling_thread_ == std::this_thread::get_id()) return;
  told_.wait(lock, [&] { return telling_ != id; });
}

// ---- rebuilding ----

Result<std::vector<HashComparison>> Runner::rebuild(std::string_view name, bool serve) {
  const std::unique_lock one_at_a_time(rebuild_mutex_, std::try_to_lock);
  if (!one_at_a_time)
    return Error{Errc::overloaded, "views.rebuild_under_way", "one view is rebuilt at a time"};
  const auto view = live_->find(name);
  if (!view) return Error{Errc::not_found, "views.unknown", "no view of that name"};
  auto family = fresh_family(live_->projection(*view));
  if (!family) return family.error();
  auto compared = rebuild_beside(*view, serve, *family);
  if (!serve || !compared)
    if (auto dropped = rows_.drop(*family); !dropped && compared) return dropped.error();
  return compared;
}

Result<std::vector<HashComparison>> Runner::rebuild_beside(std::size_t view, bool serve_it,
                                                           const std::string& family) {
  const Projection projection = live_->projection(view);
  auto rows = rows_.open(family);
  if (!rows) return rows.error();
  auto opened = ViewSet::open(log_, {ViewSet::View{projection, *rows, family}}, nullptr, 0);
  if (!opened) return opened.error();
  ViewSet& twin = **opened;

  const auto lag = [&] {
    Offset most = 0;
    for (PartitionId p = 0; p < live_->partitions(); ++p)
      most = std::max(most, live_->next(p) - twin.next(p));
    return most;
  };
  const auto catch_up = [&]() -> Result<void> {
    for (PartitionId p = 0; p < live_->partitions(); ++p) {
      while (twin.next(p) < live_->next(p)) {
        if (twin.apply(p, catch_up_records, live_->next(p)) == 0)
          return twin.error(p).value_or(unavailable("views.rebuild_stopped", "the log gave no more records"));
        if (twin.dirty_bytes() < options_.dirty_bytes_max) continue;
        if (auto stored = twin.store(); !stored) return stored;
        twin.sweep(options_.cache_bytes_max / 4);
      }
    }
    return {};
  };
  do {
    if (auto done = catch_up(); !done) return done.error();
  } while (lag() > lock_step_records);

  const std::lock_guard lock(apply_mutex_);
  if (auto done = catch_up(); !done) return done.error();
  if (auto stored = live_->store(); !stored) return stored.error();
  std::vector<HashComparison> out;
  for (PartitionId p = 0; p < live_->partitions(); ++p) {
    if (live_->status(view, p).applied != twin.next(p))
      return unavailable("views.catching_up",
                         "the view waits for others after a restart; try again when they have caught up");
    const auto stored = live_->recount(view, p);
    if (!stored) return stored.error();
    out.push_back({p, twin.next(p), live_->hash(view, p).hex(), stored->hex(), twin.hash(0, p).hex()});
  }
  if (!serve_it) return out;
  if (auto stored = twin.store(); !stored) return stored.error();
  if (auto flushed = twin.flush(); !flushed) return flushed.error();
  const std::string old = live_->status(view, 0).family;
  if (auto served = serve(projection.name, family); !served) return served.error();
  if (auto replaced = live_->replace(view, twin); !replaced) return replaced.error();
  if (auto dropped = rows_.drop(old); !dropped) return dropped.error();
  return out;
}

}  // namespace parlance
