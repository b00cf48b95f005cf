#include "projections/view_set.h"

#include <algorithm>
#include <deque>
#include <new>
#include <tuple>

#include "engine/base/fault_point.h"

namespace parlance {
namespace {

constexpr std::uint32_t applied_format = 1;
constexpr std::uint16_t whole_envelope = 0xFFFF;
constexpr std::size_t quarantine_rows_max = 10'000;  ///< listed; all are counted
constexpr std::uint8_t applied_kind = 0, quarantine_kind = 1;

Bytes meta_key(PartitionId partition, std::uint8_t kind) {
  return ByteWriter{}.be(std::uint16_t{0xFFFF}).be(partition).be(kind).take();
}
Bytes quarantine_key(PartitionId partition, Offset offset, std::uint16_t event) {
  return ByteWriter{}.raw(meta_key(partition, quarantine_kind)).be(offset).be(event).take();
}
ByteView prefix_end(Bytes& prefix) {
  for (std::size_t i = prefix.size(); i-- > 0;)
    if (++prefix[i] != 0) break;
  return prefix;
}

}  // namespace

std::string_view to_text(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::degraded: return "degraded";
    case Health::stopped: break;
  }
  return "stopped";
}

ViewSet::ViewSet(const EventLog& log, const std::vector<View>& views, StreamIndex* index, std::size_t indexed)
    : log_(log), index_(index), indexed_(indexed) {
  std::vector<std::uint32_t> row_bytes;
  for (const View& view : views) {
    projections_.push_back(view.projection);
    row_bytes.push_back(view.projection.stream_row_bytes);
    handled_.add(view.projection.handles);
    before_.resize(std::max<std::size_t>(before_.size(), view.projection.stream_row_bytes));
  }
  known_kinds_ = known_kinds().kinds();
  for (PartitionId p = 0; p < log.partitions(); ++p) {
    partitions_.push_back(std::make_unique<Partition>(p, row_bytes, views.size()));
    for (std::size_t v = 0; v < views.size(); ++v) {
      partitions_.back()->states[v].family = views[v].family;
      partitions_.back()->states[v].family_name = views[v].family_name;
    }
  }
}

// ---- opening ----

Result<std::unique_ptr<ViewSet>> ViewSet::open(const EventLog& log, const std::vector<View>& views,
                                               StreamIndex* index, std::size_t indexed) {
  std::unique_ptr<ViewSet> set(new ViewSet(log, views, index, indexed));
  for (const auto& partition : set->partitions_) {
    if (auto loaded = set->load(*partition); !loaded) return loaded.error();
    if (auto loaded = set->load_index(*partition); !loaded) return loaded.error();
  }
  return set;
}

Result<void> ViewSet::load(Partition& p) {
  p.log = initial_log_state(log_.id(), p.id);
  std::optional<LogState> lowest;
  for (std::size_t v = 0; v < projections_.size(); ++v) {
    ViewState& state = p.states[v];
    state.resume = p.log;
    auto stored = state.family->get(meta_key(p.id, applied_kind));
    if (!stored) return stored.error();
    if (*stored) {
      ByteReader in(**stored);
      const auto format = in.le<std::uint32_t>();
      const auto version = in.le<std::uint32_t>();
      const auto low = in.le<std::uint64_t>();
      const auto high = in.le<std::uint64_t>();
      state.quarantined = in.le<std::uint64_t>();
      auto log_state = decode_log_state(in.take(log_state_bytes));
      if (!in.at_end() || format != applied_format || version != projections_[v].version || !log_state ||
          log_state->log != log_.id() || log_state->partition != p.id)
        return corrupt("views.applied_state",
                       "the rows of " + state.family_name + " are not of this log and view");
      state.hash = RowHash::from(high, low);
      state.resume = *log_state;
    }
    if (!lowest || state.resume.next < lowest->next) lowest = state.resume;
    p.resumed_at = std::max(p.resumed_at, state.resume.next);
    if (!p.error) p.error = check_last_record(state.resume);
  }
  if (lowest) p.log = *lowest;
  p.passed.emplace(p.log);
  p.next = p.log.next;
  return {};
}

std::optional<Error> ViewSet::check_last_record(const LogState& state) const {
  if (state.next == 0) return std::nullopt;
  std::optional<Sha256> found;
  const auto read = log_.read(state.partition, state.next - 1, 1, [&](const StoredRecord& record) {
    if (record.offset == state.next - 1) found = sha256(record.bytes);
    return false;
  });
  if (!read) return read.error();
  if (found == state.last_record) return std::nullopt;
  return Error{Errc::loss, "log.loss",
               "partition " + std::to_string(state.partition) + ", offset " + std::to_string(state.next - 1) +
                   " is gone, or another record than was applied"};
}

Result<void> ViewSet::load_index(Partition& p) {
  if (index_ == nullptr) return {};
  index_->clear(p.id);
  const Bytes from = stored_key(p.id, {});
  Bytes to = from;
  constexpr std::size_t tag_at = 2 + 16;
  constexpr std::size_t key_bytes = tag_at + 1 + 1 + 16;
  return p.states[indexed_].family->scan(from, prefix_end(to), [&](ByteView key, ByteView value) {
    if (key.size() != key_bytes || key[tag_at] != 0 || value.size() != p.streams.row_bytes(indexed_))
      return true;
    ByteReader in(key.subspan(2));
    StreamKey stream;
    stream.workspace = in.id_of<WorkspaceId>();
    (void)in.le<std::uint8_t>();
    stream.stream.category = in.le<Category>();
    stream.stream.id = in.id();
    index_->add(p.id, stream, value.data());
    return true;
  });
}

std::optional<std::size_t> ViewSet::find(std::string_view name) const {
  const auto it = std::ranges::find(projections_, name, &Projection::name);
  if (it == projections_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - projections_.begin());
}

std::optional<Error> ViewSet::error(PartitionId partition) const {
  const std::lock_guard lock(at(partition).mutex);
  return at(partition).error;
}

// ---- applying ----

std::size_t ViewSet::apply(PartitionId partition, std::size_t records_max, Offset until) {
  Partition& p = at(partition);
  // What does not answer now may answer the next time; everything else stands.
  if (p.half_applied || (p.error && p.error->code != Errc::unavailable) || p.log.next >= until) return 0;
  const Offset from = p.log.next;
  const auto limit = static_cast<std::size_t>(std::min<Offset>(records_max, until - from));
  std::optional<Error> stop;
  const auto read = log_.read(partition, from, limit, [&](const StoredRecord& record) {
    stop = apply_record(p, record.offset, record.bytes);
    return !stop;
  });
  if (!stop && !read) stop = read.error();
  const std::lock_guard lock(p.mutex);
  if (index_ != nullptr && p.log.next == log_.end(partition)) sync_index(p);
  p.error = stop;
  return static_cast<std::size_t>(p.log.next - from);
}

std::uint32_t ViewSet::taking_part(const Partition& p, Offset offset) const {
  std::uint32_t views = 0;
  for (std::size_t v = 0; v < projections_.size(); ++v)
    if (offset >= p.resumed_at || offset >= p.states[v].resume.next) views |= 1U << v;
  return views;
}

std::optional<Error> ViewSet::apply_record(Partition& p, Offset offset, ByteView bytes) {
  // A view whose rows are ahead waits here; what the fold comes to must then be what it had come to itself.
  if (offset <= p.resumed_at)
    for (const ViewState& state : p.states)
      if (state.resume.next == offset && state.resume != p.log)
        return Error{Errc::loss, "log.loss",
                     "partition " + std::to_string(p.id) + " is another log up to " + std::to_string(offset) +
                         " than a view has applied"};

  LogState state = p.log;
  const auto folded = fold(state, *p.passed, offset, bytes);
  if (!folded) return folded.error();

  const std::uint32_t views = taking_part(p, offset);
  std::optional<Result<Envelope>> envelope;
  if (folded->verdict == Verdict::accepted_envelope) {
    // An unknown kind is never skipped: rows without it would be wrong. It may share its bit with a known one, so the frame alone
    // does not say that there is none.
    if (auto newer = newer_kind(p, folded->record.frame.kinds, offset)) return newer;
    envelope = decode_envelope(folded->record.body);
    if (!*envelope && envelope->error().code == Errc::newer) return envelope->error();
  }
  const std::lock_guard lock(p.mutex);
  if (envelope && *envelope) {
    if (auto failed = apply_envelope(p, offset, **envelope, views)) {
      p.half_applied = true;
      return failed;
    }
  } else if (envelope) {
    for (std::size_t v = 0; v < projections_.size(); ++v)
      if ((views >> v & 1) != 0)
        quarantine(p, v, offset, whole_envelope, std::string(envelope->error().rule));
  }
  p.log = state;
  p.next.store(state.next, std::memory_order_release);
  return std::nullopt;
}

std::optional<Error> ViewSet::newer_kind(const Partition& p, const KindSet& kinds, Offset offset) const {
  for (std::size_t i = 0; i < kinds.bits.size(); ++i)
    if ((kinds.bits[i] & ~known_kinds_.bits[i]) != 0)
      return Error{Errc::newer, "views.newer_kind",
                   "partition " + std::to_string(p.id) + ", offset " + std::to_string(offset) +
                       " holds an event kind that this program does not know"};
  return std::nullopt;
}

std::optional<Error> ViewSet::apply_envelope(Partition& p, Offset offset, const Envelope& envelope,
                                             std::uint32_t views) {
  try {
    std::uint16_t number = 0;
    StreamBlock* block = nullptr;
    for (const StreamEvent& event : envelope.events) {
      const std::uint16_t n = number++;
      const std::size_t category = event.body.index();
      const std::size_t member =
          std::visit([](const auto& of_category) { return of_category.index(); }, event.body);
      if (!handled_.has(category, member)) continue;
      if (block != nullptr && block->key.stream != event.stream) block = nullptr;
      const EventAt at{envelope.workspace, envelope.id,   envelope.actor,    envelope.recorded_at,
                       event.stream,       event.version, event.occurred_at, n};
      for (std::size_t v = 0; v < projections_.size(); ++v) {
        if ((views >> v & 1) == 0 || !projections_[v].handles.has(category, member)) continue;
        if (block == nullptr && p.streams.row_bytes(v) != 0)
          block = &p.streams.get({envelope.workspace, event.stream});
        apply_event(p, v, offset, n, event, at, block);
      }
    }
  } catch (const RowStoreFailure& failure) {
    return failure.error;
  }
  return std::nullopt;
}

void ViewSet::load_stream_row(Partition& p, std::size_t view, StreamBlock& block) {
  const auto bit = static_cast<std::uint16_t>(1U << view);
  const auto stored = p.states[view].family->get(stored_key(p.id, block.key.row_key().bytes()));
  if (!stored) throw RowStoreFailure{stored.error()};
  if (*stored) {
    if ((*stored)->size() != p.streams.row_bytes(view))
      throw RowStoreFailure{
          corrupt("views.row_size", "a stored row has another length than its view's rows have")};
    std::memcpy(p.streams.row(block, view), (*stored)->data(), (*stored)->size());
    block.exists |= bit;
  }
  block.loaded |= bit;
}

void ViewSet::apply_event(Partition& p, std::size_t view, Offset offset, std::uint16_t number,
                          const StreamEvent& event, const EventAt& at, StreamBlock* block) {
  const Projection& projection = projections_[view];
  ViewState& state = p.states[view];
  const auto bit = static_cast<std::uint16_t>(1U << view);
  const std::size_t size = p.streams.row_bytes(view);
  std::uint8_t* row = nullptr;
  bool existed = false;
  if (size != 0) {
    // The first event of a stream finds no rows of it anywhere.
    if ((block->loaded & bit) == 0) {
      if (event.version == 1) {
        block->loaded |= bit;
      } else {
        load_stream_row(p, view, *block);
      }
    }
    row = p.streams.row(*block, view);
    existed = (block->exists & bit) != 0;
    if (existed) std::memcpy(before_.data(), row, size);
  }

  bool exists = existed;
  ApplyOutcome outcome = applied;
  Rows rows(state.keyed, p.id, at.workspace, state.family, projection.version);
  try {
    outcome = projection.apply(event.body, at, row, &exists, rows);
  } catch (const std::bad_alloc&) {
    throw;  // nothing is wrong with the event
  } catch (const std::exception&) {
    outcome = cannot("view.exception");
  }
  if (!outcome.applied()) {
    state.keyed.undo_changes();
    if (existed) std::memcpy(row, before_.data(), size);
    quarantine(p, view, offset, number, std::string(outcome.rule));
    return;
  }
  dirty_bytes_ += state.keyed.keep_changes(state.hash);
  if (size == 0 || (!existed && !exists) ||
      (existed && exists && std::memcmp(before_.data(), row, size) == 0))
    return;
  if (index_ != nullptr && view == indexed_ && !block->pending) {
    if (existed) index_->remove(p.id, block->key, before_.data());
    block->pending = true;
    p.pending.push_back(block);
  }
  block->exists = static_cast<std::uint16_t>(exists ? block->exists | bit : block->exists & ~bit);
  if ((block->dirty & bit) != 0) return;
  const RowKey key = block->key.row_key();
  if (existed) state.hash.subtract(RowHash::term(key.bytes(), {before_.data(), size}));
  block->dirty |= bit;
  state.dirty_streams.push_back(block);
  dirty_bytes_ += size + key.bytes().size();
}

void ViewSet::quarantine(Partition& p, std::size_t view, Offset offset, std::uint16_t event,
                         std::string rule) {
  ViewState& state = p.states[view];
  ++state.quarantined;
  if (state.quarantined <= quarantine_rows_max) state.unstored.push_back({offset, event, std::move(rule)});
}

void ViewSet::sync_index(const Partition& p) const {
  for (StreamBlock* block : p.pending) {
    if ((block->exists >> indexed_ & 1) != 0) index_->add(p.id, block->key, p.streams.row(*block, indexed_));
    block->pending = false;
  }
  p.pending.clear();
}

// ---- storing ----

Result<void> ViewSet::store() {
  std::optional<Error> first;
  for (const auto& partition : partitions_) {
    Partition& p = *partition;
    if (p.half_applied || p.stored_next == p.log.next) continue;
    bool all = true;
    for (std::size_t v = 0; v < projections_.size(); ++v) {
      if (p.log.next < p.states[v].resume.next) continue;
      if (auto stored = store(p, v); !stored) {
        all = false;
        if (!first) first = stored.error();
      }
    }
    if (all) p.stored_next = p.log.next;
  }
  if (first) return *first;
  return {};
}

Result<void> ViewSet::store(Partition& p, std::size_t view) {
  ViewState& state = p.states[view];
  const auto bit = static_cast<std::uint16_t>(1U << view);
  // The rows go down from where they lie: nothing is applied meanwhile. Their keys, and what is no row, lie here. Until they are
  // down they count as changed, so that a reader's scan meanwhile finds them in the one place or the other.
  std::deque<Bytes> held;
  Bytes keys;
  std::vector<RowChangeView> changes;
  const auto hold = [&](Bytes bytes) { return ByteView(held.emplace_back(std::move(bytes))); };
  RowHash hash = state.hash;
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(p.mutex);
    std::vector<KeyedRows::Entry*> entries = state.keyed.dirty();
    changes.reserve(state.dirty_streams.size() + entries.size() + state.unstored.size() + 1);
    // Never moved, because the changes point into it.
    keys.reserve((state.dirty_streams.size() + entries.size()) * (sizeof p.id + RowKey::bytes_max));
    const auto go_down = [&](const RowKey& key, ByteView value, bool exists) {
      bytes += key.bytes().size() + value.size();
      if (exists) hash.add(RowHash::term(key.bytes(), value));
      const std::size_t at = keys.size();
      append_stored_key(keys, p.id, key.bytes());
      changes.emplace_back(ByteView(keys).subspan(at), exists ? std::optional(value) : std::nullopt);
    };
    const auto stream_goes_down = [&](StreamBlock& block) {
      go_down(block.key.row_key(), {p.streams.row(block, view), p.streams.row_bytes(view)},
              (block.exists & bit) != 0);
    };
    const auto entry_goes_down = [&](const KeyedRows::Entry& entry) {
      go_down(entry.first, entry.second.bytes(), entry.second.exists);
    };
    // In key order: a workspace's streams, then its other rows. Keys are sorted beside the blocks, which lie anywhere.
    std::vector<std::pair<StreamKey, StreamBlock*>> streams;
    streams.reserve(state.dirty_streams.size());
    for (StreamBlock* block : state.dirty_streams) streams.emplace_back(block->key, block);
    std::ranges::sort(streams, {}, [](const auto& s) { return std::tie(s.first.workspace, s.first.stream); });
    std::ranges::sort(entries, {}, [](const KeyedRows::Entry* e) -> const RowKey& { return e->first; });
    auto entry = entries.begin();
    for (const auto& [key, block] : streams) {
      const RowKey first = key.row_key();
      for (; entry != entries.end() && (*entry)->first < first; ++entry) entry_goes_down(**entry);
      stream_goes_down(*block);
    }
    for (; entry != entries.end(); ++entry) entry_goes_down(**entry);
    for (const Quarantine& q : state.unstored)
      changes.emplace_back(hold(quarantine_key(p.id, q.offset, q.event)), as_bytes(q.rule));
  }
  ByteWriter out;
  out.le(applied_format).le(projections_[view].version).le(hash.low()).le(hash.high()).le(state.quarantined);
  out.raw(encode_log_state(p.log));
  changes.emplace_back(hold(meta_key(p.id, applied_kind)), hold(out.take()));
  fault_point("views.store");
  if (auto written = state.family->write_all(changes); !written) return written;
  const std::lock_guard lock(p.mutex);
  state.hash = hash;
  for (StreamBlock* block : state.dirty_streams)
    block->dirty = static_cast<std::uint16_t>(block->dirty & ~bit);
  state.dirty_streams.clear();
  state.keyed.all_stored();
  state.unstored.clear();
  dirty_bytes_ -= std::min(dirty_bytes_, bytes);
  return {};
}

Result<void> ViewSet::flush() {
  // A family holds a view's rows of all partitions, so any partition names it.
  if (partitions_.empty()) return {};
  for (const ViewState& state : partitions_.front()->states)
    if (auto flushed = state.family->flush(); !flushed) return flushed;
  fault_point("views.flushed");
  return {};
}

std::size_t ViewSet::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& p : partitions_) {
    const std::lock_guard lock(p->mutex);
    bytes += p->streams.bytes();
    for (const ViewState& state : p->states) bytes += state.keyed.bytes();
  }
  return bytes;
}

void ViewSet::sweep(std::size_t bytes_max) {
  const auto over = [&] { return memory_bytes() > bytes_max; };
  const auto of_all = [&](const auto& work) {
    for (const auto& p : partitions_) {
      const std::lock_guard lock(p->mutex);
      work(*p);
    }
  };
  // The second time nothing was asked for since the first.
  for (int pass = 0; pass < 2 && over(); ++pass)
    of_all([](Partition& p) {
      for (ViewState& state : p.states) state.keyed.sweep();
    });
  for (int pass = 0; pass < 2 && over(); ++pass) of_all([](Partition& p) { p.streams.sweep(); });
}

Result<void> ViewSet::replace(std::size_t view, const ViewSet& other) {
  PARLANCE_ASSERT(other.projections_.size() == 1, "a view is rebuilt alone");
  for (const auto& p : partitions_) {
    const Partition& twin = other.at(p->id);
    const std::lock_guard lock(p->mutex);
    PARLANCE_ASSERT(twin.stored_next == p->log.next || p->log.next == 0,
                    "the rebuilt rows are of the same offset");
    sync_index(*p);
    p->streams.unload(view);
    ViewState& state = p->states[view];
    state.family = twin.states[0].family;
    state.family_name = twin.states[0].family_name;
    state.keyed.clear();
    state.dirty_streams.clear();
    state.unstored.clear();
    state.hash = twin.states[0].hash;
    state.quarantined = twin.states[0].quarantined;
    if (view == indexed_)
      if (auto loaded = load_index(*p); !loaded) return loaded;
  }
  return {};
}

void ViewSet::begin_again(const std::vector<View>& views) {
  PARLANCE_ASSERT(views.size() == projections_.size(), "each view has a family");
  for (const auto& partition : partitions_) {
    Partition& p = *partition;
    const std::lock_guard lock(p.mutex);
    p.log = initial_log_state(log_.id(), p.id);
    for (std::size_t v = 0; v < views.size(); ++v) {
      ViewState& state = p.states[v];
      state.family = views[v].family;
      state.family_name = views[v].family_name;
      state.keyed.clear();
      state.dirty_streams.clear();
      state.hash = {};
      state.quarantined = 0;
      state.unstored.clear();
      state.resume = p.log;
    }
    p.streams.clear();
    p.pending.clear();
    if (index_ != nullptr) index_->clear(p.id);
    p.error.reset();
    p.half_applied = false;
    p.resumed_at = 0;
    p.stored_next = ~Offset{0};
    p.passed.emplace(p.log);
    p.next.store(p.log.next, std::memory_order_release);
  }
  dirty_bytes_ = 0;
}

// ---- reading ----

RowHash ViewSet::hash(std::size_t view, PartitionId partition) const {
  const Partition& p = at(partition);
  const std::lock_guard lock(p.mutex);
  const ViewState& state = p.states[view];
  RowHash hash = state.hash;
  for (StreamBlock* block : state.dirty_streams)
    if ((block->exists >> view & 1) != 0)
      hash.add(RowHash::term(block->key.row_key().bytes(),
                             {p.streams.row(*block, view), p.streams.row_bytes(view)}));
  for (const KeyedRows::Entry* entry : state.keyed.dirty())
    if (entry->second.exists) hash.add(RowHash::term(entry->first.bytes(), entry->second.bytes()));
  return hash;
}

Result<RowHash> ViewSet::recount(std::size_t view, PartitionId partition) const {
  const Bytes from = stored_key(partition, {});
  Bytes to = from;
  RowHash hash;
  const auto scanned =
      at(partition).states[view].family->scan(from, prefix_end(to), [&](ByteView key, ByteView value) {
        // What is longer than any row or key of ours is damage, and no hash of it is asked for.
        if (key.size() - from.size() > RowKey::bytes_max || value.size() > row_bytes_max) {
          hash.add(1);
        } else {
          hash.add(RowHash::term(key.subspan(from.size()), value));
        }
        return true;
      });
  if (!scanned) return scanned.error();
  return hash;
}

ViewStatus ViewSet::status(std::size_t view, PartitionId partition) const {
  ViewStatus out;
  out.view = projections_[view].name;
  out.version = projections_[view].version;
  out.partition = partition;
  out.hash = hash(view, partition).hex();
  const Partition& p = at(partition);
  const std::lock_guard lock(p.mutex);
  out.family = p.states[view].family_name;
  out.applied = std::max(p.next.load(), p.states[view].resume.next);
  out.end = log_.end(partition);
  out.lag = out.end > out.applied ? out.end - out.applied : 0;
  out.quarantined = p.states[view].quarantined;
  out.error = p.error;
  out.health = p.error ? Health::stopped : out.quarantined != 0 ? Health::degraded : Health::ok;
  return out;
}

Result<std::vector<Quarantined>> ViewSet::quarantined(std::size_t view) const {
  std::vector<Quarantined> out;
  const auto add = [&](PartitionId partition, Offset offset, std::uint16_t event, std::string rule) {
    out.push_back({std::string(projections_[view].name), partition, offset,
                   event == whole_envelope ? std::nullopt : std::optional(event), std::move(rule)});
  };
  for (const auto& p : partitions_) {
    const std::lock_guard lock(p->mutex);
    const Bytes from = meta_key(p->id, quarantine_kind);
    Bytes to = from;
    const auto& unstored = p->states[view].unstored;
    auto scanned = p->states[view].family->scan(from, prefix_end(to), [&](ByteView key, ByteView value) {
      ByteReader in(key.subspan(from.size()));
      const auto offset = in.be<Offset>();
      const auto event = in.be<std::uint16_t>();
      const bool given_below = std::ranges::any_of(
          unstored, [&](const Quarantine& q) { return q.offset == offset && q.event == event; });
      if (!given_below) add(p->id, offset, event, std::string(as_text(value)));
      return true;
    });
    if (!scanned) return scanned.error();
    for (const Quarantine& q : unstored) add(p->id, q.offset, q.event, q.rule);
  }
  return out;
}

ViewSet::Reader ViewSet::read(PartitionId partition) const {
  const Partition& p = at(partition);
  std::unique_lock lock(p.mutex);
  if (index_ != nullptr) sync_index(p);
  return {*this, partition, std::move(lock)};
}

Result<bool> ViewSet::stream_row(std::size_t partition, std::size_t view, const StreamKey& key,
                                 std::span<std::uint8_t> out) const {
  const Partition& p = *partitions_[partition];
  StreamBlock* block = p.streams.find(key);
  if (block != nullptr && (block->loaded >> view & 1) != 0) {
    if ((block->exists >> view & 1) == 0) return false;
    std::memcpy(out.data(), p.streams.row(*block, view), out.size());
    return true;
  }
  const auto stored = p.states[view].family->get(stored_key(p.id, key.row_key().bytes()));
  if (!stored) return stored.error();
  if (!*stored) return false;
  if ((*stored)->size() != out.size())
    return corrupt("views.row_size", "a stored row has another length than its view's rows have");
  std::memcpy(out.data(), (*stored)->data(), out.size());
  return true;
}

Result<bool> ViewSet::keyed_row(std::size_t partition, std::size_t view, const RowKey& key,
                                std::span<std::uint8_t> out) const {
  const Partition& p = *partitions_[partition];
  if (const auto* held = p.states[view].keyed.in_memory(key)) {
    if (!held->exists) return false;
    PARLANCE_ASSERT(held->size == out.size(), "rows of one tag have one type");
    std::memcpy(out.data(), held->data(), out.size());
    return true;
  }
  const auto stored = p.states[view].family->get(stored_key(p.id, key.bytes()));
  if (!stored) return stored.error();
  if (!*stored) return false;
  if ((*stored)->size() != out.size())
    return corrupt("views.row_size", "a stored row has another length than its view's rows have");
  std::memcpy(out.data(), (*stored)->data(), out.size());
  return true;
}

Result<void> ViewSet::scan(std::size_t partition, std::size_t view, const RowKey& from, const RowKey& to,
                           const std::function<bool(ByteView, ByteView)>& sink) const {
  const Partition& p = *partitions_[partition];
  // What lies in the store is overlaid by what changed since.
  std::vector<const KeyedRows::Entry*> changed;
  for (const KeyedRows::Entry* entry : p.states[view].keyed.dirty())
    if (!(entry->first < from) && entry->first < to) changed.push_back(entry);
  std::ranges::sort(changed, {}, [](const KeyedRows::Entry* e) -> const RowKey& { return e->first; });
  auto next = changed.begin();
  bool wanted = true;
  const auto give_changed = [&](auto&& up_to) {
    for (; wanted && next != changed.end() && up_to((*next)->first); ++next)
      if ((*next)->second.exists) wanted = sink((*next)->first.bytes(), (*next)->second.bytes());
  };
  const auto scanned = p.states[view].family->scan(
      stored_key(p.id, from.bytes()), stored_key(p.id, to.bytes()), [&](ByteView stored, ByteView value) {
        const ByteView key = stored.subspan(2);
        give_changed([&](const RowKey& k) { return as_text(k.bytes()) < as_text(key); });
        const bool overlaid = next != changed.end() && as_text((*next)->first.bytes()) == as_text(key);
        if (wanted && !overlaid) wanted = sink(key, value);
        return wanted;
      });
  if (!scanned) return scanned.error();
  give_changed([](const RowKey&) { return true; });
  return {};
}

}  // namespace parlance
