#include "engine/runtime/engine.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/fault_point.h"
#include "engine/process/adoption.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/log_reading.h"
#include "engine/runtime/order_index.h"
#include "engine/runtime/routing_rows.h"
#include "engine/runtime/state_rows.h"
#include "engine/runtime/streams.h"
#include "schemas/log_fold.h"

namespace parlance {
namespace {
constexpr std::uint64_t unflushed_records_max = 100'000;
constexpr unsigned slots = 256;

/// Calls `done` once with all that was added when the last of `count` is in. Shared by their callbacks.
template <class T> class Gathered {
 public:
  Gathered(std::size_t count, std::function<void(std::vector<T>)> done)
      : all_(count), left_(count), done_(std::move(done)) {}
  void add(std::size_t at, T value) {
    std::unique_lock lock(mutex_);
    all_[at] = std::move(value);
    if (--left_ != 0) return;
    lock.unlock();
    done_(std::move(all_));
  }

 private:
  std::mutex mutex_;  // guards all_ and left_
  std::vector<T> all_;
  std::size_t left_;
  std::function<void(std::vector<T>)> done_;
};
}  // namespace

WorkspaceId default_workspace(LogId log) {
  const auto bytes = log.bytes();
  const Sha256 hash = sha256({as_bytes("parlance default workspace"), bytes});
  return WorkspaceId::from(make_raw_id({}, 0, RawId::from_bytes(ByteView(hash).first<16>())));
}

Genesis genesis_of(PartitionId partition, PartitionId partitions, std::uint32_t generation,
                   const KeyService& keys) {
  const unsigned first = slots * partition / partitions;
  const unsigned next = slots * (partition + 1U) / partitions;
  return {generation, static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(next - first),
          keys.fingerprint()};
}

namespace {
/// The fold store as readers see it: not while it is being made again, when what is not there yet would look as if it had never been.
class FoldForReaders final : public RowFamily {
 public:
  explicit FoldForReaders(RowFamily& fold) : fold_(fold) {}
  void close(bool closed) {
    if (closed) ++times_closed_;
    closed_ = closed;
  }
  [[nodiscard]] bool closed() const { return closed_; }

  [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const override {
    const auto times = times_closed_.load();
    if (closed_) return refusal();
    auto row = fold_.get(key);
    // Asked again: it may have been emptied meanwhile.
    if (times_closed_ != times) return refusal();
    return row;
  }
  [[nodiscard]] Result<void> scan(ByteView from, ByteView to,
                                  const std::function<bool(ByteView, ByteView)>& sink) const override {
    const auto times = times_closed_.load();
    if (closed_) return refusal();
    auto scanned = fold_.scan(from, to, sink);
    if (times_closed_ != times) return refusal();
    return scanned;
  }
  [[nodiscard]] Result<void> write_all(std::span<const RowChangeView> /*changes*/) override {
    PARLANCE_ASSERT(false, "readers write nothing");
  }
  [[nodiscard]] Result<void> flush() override { PARLANCE_ASSERT(false, "readers write nothing"); }

  [[nodiscard]] static Error refusal() {
    return unavailable("fold.rebuilding",
                       "the state of conversations is being made again from the log, because what was stored "
                       "of it was damaged; send it again soon, a command with the same key");
  }

 private:
  RowFamily& fold_;
  std::atomic<std::uint64_t> times_closed_{0};
  std::atomic<bool> closed_{false};
};
}  // namespace

class Engine::Impl {
 public:
  explicit Impl(Ports ports)
      : ports_(std::move(ports)), door_(ports_.vault, ports_.keys, ports_.random), fold_(ports_.fold) {
    PARLANCE_ASSERT(ports_.executors.size() == ports_.log.partitions(), "an executor for each partition");
    const PartitionId partitions = ports_.log.partitions();
    for (PartitionId p = 0; p < partitions; ++p) {
      const Genesis genesis = genesis_for(p);
      for (unsigned s = 0; s < genesis.slots; ++s) partition_of_[genesis.first_slot + s] = p;
      owners_.push_back(make_owner(p));
    }
  }

  [[nodiscard]] Result<void> begin_again(const std::function<Result<void>()>& renew) {
    fold_.close(true);
    std::promise<void> stopped;
    auto gathered =
        std::make_shared<Gathered<char>>(owners_.size(), [&](const auto&) { stopped.set_value(); });
    for (PartitionId p = 0; p < owners_.size(); ++p)
      on(p, [gathered, p](Owner& owner) {
        owner.stop(FoldForReaders::refusal());
        gathered->add(p, 0);
      });
    stopped.get_future().wait();
    {
      const std::lock_guard lock(maintain_);
      if (auto renewed = renew(); !renewed) return renewed;
      flushed_at_ = 0;
    }
    for (PartitionId p = 0; p < owners_.size(); ++p)
      ports_.executors[p]->post([this, p] {
        if (stopping_) return;
        // What it sent may still be answered to it; it has stopped and hears of nothing.
        retired_[p].push_back(std::exchange(owners_[p], make_owner(p)));
        owners_[p]->start();
      });
    return {};
  }

  void look_whether_rebuilt() {
    if (!fold_.closed()) return;
    status([this](const std::vector<OwnerStatus>& owners) {
      const bool all = std::ranges::all_of(owners, [](const OwnerStatus& o) {
        return o.health == OwnerHealth::owning || o.health == OwnerHealth::read_only ||
               o.health == OwnerHealth::deposed;
      });
      if (all) fold_.close(false);
    });
  }

  void start() {
    if (!ports_.log.exclusive())
      ports_.log.on_advance([this](PartitionId p) { on(p, [](Owner& owner) { owner.poll(); }); });
    for (PartitionId p = 0; p < owners_.size(); ++p) on(p, [](Owner& owner) { owner.start(); });
  }

  void stop(std::function<void()> done) {
    stopping_ = true;
    auto gathered =
        std::make_shared<Gathered<char>>(owners_.size(), [done = std::move(done)](const auto&) { done(); });
    for (PartitionId p = 0; p < owners_.size(); ++p)
      on(p, [gathered, p](Owner& owner) {
        owner.stop();
        gathered->add(p, 0);
      });
  }

  void submit(Request request, Answer answer) {
    const bool adopted_everywhere =
        std::holds_alternative<OnSettings>(request.action) || std::holds_alternative<OnDesk>(request.action);
    if (!adopted_everywhere) return route(std::move(request), std::move(answer));
    const WorkspaceId workspace = request.workspace;
    route(std::move(request), [this, workspace, answer = std::move(answer)](Result<Outcome> result) {
      if (!result) return answer(std::move(result));
      adopt(workspace, std::move(*result), answer);
    });
  }

  void tick() {
    for (PartitionId p = 0; p < owners_.size(); ++p) on(p, [](Owner& owner) { owner.tick(); });
  }

  [[nodiscard]] Result<void> maintain(bool force) {
    std::uint64_t written = 0;
    for (PartitionId p = 0; p < owners_.size(); ++p) written += ports_.log.end(p);
    const std::lock_guard lock(maintain_);
    if (!force && written - flushed_at_ < unflushed_records_max && !fault_point_taken("fold.flush_early"))
      return {};
    fault_point("fold.flush");
    auto flushed = ports_.fold.flush();
    fault_point("fold.flushed");
    if (flushed) flushed_at_ = written;
    return flushed;
  }

  void status(std::function<void(std::vector<OwnerStatus>)> done) {
    auto gathered = std::make_shared<Gathered<OwnerStatus>>(owners_.size(), std::move(done));
    for (PartitionId p = 0; p < owners_.size(); ++p)
      on(p, [gathered, p](Owner& owner) { gathered->add(p, owner.status()); });
  }

  // ---- readers ----

  [[nodiscard]] Result<std::vector<RecordedEvent>> events(const StreamId& stream,
                                                          const std::vector<history::Entry>& entries) const {
    const PartitionId p = partition_of_[stream.id.slot()];
    std::vector<RecordedEvent> out;
    std::optional<std::pair<Offset, Envelope>> held;  // events of one envelope follow one another
    for (const history::Entry& entry : entries) {
      const Position position{ports_.log.generation(), p, entry.offset};
      if (!held || held->first != entry.offset) {
        auto read = envelope(position);
        if (!read) return read.error();
        if (!*read) return corrupt("history.no_envelope", "no envelope at " + to_text(position));
        held.emplace(entry.offset, std::move(**read));
      }
      const Envelope& e = held->second;
      if (entry.index >= e.events.size() || e.events[entry.index].stream != stream)
        return corrupt("history.other_event", "another event stands at " + to_text(position));
      out.push_back(
          {position, entry.index, e.id, e.actor, e.recorded_at, e.events[entry.index], e.settings_version});
    }
    return out;
  }

  [[nodiscard]] Result<std::optional<Envelope>> envelope(const Position& position) const {
    if (position.generation != ports_.log.generation() || position.partition >= owners_.size())
      return std::nullopt;
    return read_envelope(ports_.log, position.partition, position.offset);
  }

  [[nodiscard]] Result<std::optional<Bytes>> stream_row(const StreamId& stream) const {
    return fold_.get(fold_rows::stream_key(partition_of_[stream.id.slot()], stream));
  }

  Ports ports_;
  const ClockReading clock_at_start_{ports_.clock};
  Door door_;
  FoldForReaders fold_;
  std::array<PartitionId, slots> partition_of_{};
  std::vector<std::unique_ptr<Owner>> owners_;  ///< each one its executor's, once they run
  std::atomic<std::shared_ptr<const Directory>> directory_{std::make_shared<const Directory>()};

  void on(PartitionId partition, std::function<void(Owner&)> work) {
    ports_.executors[partition]->post(
        [this, partition, work = std::move(work)] { work(*owners_[partition]); });
  }

 private:
  [[nodiscard]] Genesis genesis_for(PartitionId p) const {
    return genesis_of(p, ports_.log.partitions(), ports_.log.generation(), ports_.keys);
  }
  [[nodiscard]] std::unique_ptr<Owner> make_owner(PartitionId p) {
    return std::make_unique<Owner>(
        p, genesis_for(p),
        Owner::Ports{ports_.log, door_, ports_.keys, ports_.fold, ports_.random, ports_.clock,
                     clock_at_start_, *ports_.executors[p],
                     [this](Request request, Answer answer) { route(std::move(request), std::move(answer)); },
                     [this](const WorkspaceState& state) { published(state); }});
  }

  void route(Request request, Answer answer) {
    const PartitionId p = partition_of_[request.slot];
    ports_.executors[p]->post([this, p, request = std::move(request), answer = std::move(answer)]() mutable {
      owners_[p]->submit(std::move(request), std::move(answer));
    });
  }

  void published(const WorkspaceState& state) {
    {
      const std::lock_guard lock(publishing_);
      auto next = std::make_shared<Directory>(*directory_.load());
      next->workspaces[state.workspace] = state;
      directory_.store(std::move(next));
    }
    adopt(state.workspace, {}, [](Result<Outcome>) {});
  }

  /// Sends the workspace's body to every partition and answers when all have adopted it.
  void adopt(WorkspaceId workspace, Outcome outcome, Answer answer) {
    const auto directory = directory_.load();
    const auto it = directory->workspaces.find(workspace);
    if (it == directory->workspaces.end()) return answer(std::move(outcome));
    const WorkspaceState& state = it->second;
    const adoption::Body body =
        process::body_to_adopt(state.settings_version, state.settings, state.desk_version, state.desk);
    auto gathered = std::make_shared<Gathered<Result<Outcome>>>(
        owners_.size(),
        [outcome = std::move(outcome), answer = std::move(answer)](std::vector<Result<Outcome>> all) mutable {
          for (Result<Outcome>& one : all) {
            if (!one) return answer(unfinished(one.error()));
            outcome.positions.insert(outcome.positions.end(), one->positions.begin(), one->positions.end());
          }
          answer(std::move(outcome));
        });
    for (PartitionId p = 0; p < owners_.size(); ++p) {
      Request request;
      request.workspace = workspace;
      request.slot = static_cast<Slot>(slots * p / owners_.size());
      request.actor = {ActorKind::system, {}};
      request.action = OnAdoption{{body}};
      route(std::move(request),
            [gathered, p](Result<Outcome> result) { gathered->add(p, std::move(result)); });
    }
  }

  std::mutex publishing_;  // one writer of directory_ at a time
  std::mutex maintain_;    // guards flushed_at_
  std::uint64_t flushed_at_ = 0;
  std::atomic<bool> stopping_{false};
  std::vector<std::vector<std::unique_ptr<Owner>>> retired_{ports_.log.partitions()};
};

Engine::Engine(Ports ports) : impl_(std::make_unique<Impl>(std::move(ports))) {}
Engine::~Engine() = default;
void Engine::start() { impl_->start(); }
void Engine::stop(std::function<void()> done) { impl_->stop(std::move(done)); }
void Engine::submit(Request request, Answer answer) { impl_->submit(std::move(request), std::move(answer)); }
void Engine::tick() { impl_->tick(); }
Result<void> Engine::maintain(bool force) { return impl_->maintain(force); }
Result<void> Engine::begin_again(const std::function<Result<void>()>& renew) {
  return impl_->begin_again(renew);
}
bool Engine::rebuilding() const { return impl_->fold_.closed(); }
void Engine::look_whether_rebuilt() { impl_->look_whether_rebuilt(); }
PartitionId Engine::partition_of(Slot slot) const { return impl_->partition_of_[slot]; }
Result<Offset> Engine::folded(PartitionId partition) const {
  auto row = impl_->fold_.get(fold_rows::key(partition, 'M'));
  if (!row) return row.error();
  if (!*row) return Offset{0};
  auto state = decode_log_state(ByteReader(**row).take(log_state_bytes));
  if (!state) return state.error();
  return state->next;
}
void Engine::after_answers(Slot slot, std::function<void()> done) {
  // An owner writes what its answers rest on in a turn that is posted before they go out, or earlier.
  impl_->on(partition_of(slot), [done = std::move(done)](Owner&) { done(); });
}
std::shared_ptr<const Directory> Engine::directory() const { return impl_->directory_.load(); }
Door& Engine::door() { return impl_->door_; }
const KeyService& Engine::keys() const { return impl_->ports_.keys; }
void Engine::status(std::function<void(std::vector<OwnerStatus>)> done) { impl_->status(std::move(done)); }
Result<std::vector<history::Entry>> Engine::history(const StreamId& stream, Version from,
                                                    std::size_t limit) const {
  return history::read(impl_->fold_, partition_of(stream.id.slot()), stream, from, limit);
}
Result<std::vector<RecordedEvent>> Engine::events(const StreamId& stream,
                                                  const std::vector<history::Entry>& entries) const {
  return impl_->events(stream, entries);
}
Result<std::optional<Envelope>> Engine::envelope(const Position& position) const {
  return impl_->envelope(position);
}

Result<std::optional<std::pair<WorkspaceId, Version>>> Engine::stream(const StreamId& stream) const {
  auto row = impl_->stream_row(stream);
  if (!row) return row.error();
  if (!*row) return std::nullopt;
  ByteReader in(**row);
  const auto workspace = in.id_of<WorkspaceId>();
  return std::pair(workspace, in.le<Version>());
}

namespace {
/// The state in a stream's row; none where there is no such row, or it is of another workspace.
template <class State>
Result<std::optional<State>> state_in(const Result<std::optional<Bytes>>& row, WorkspaceId workspace) {
  if (!row) return row.error();
  if (!*row) return std::optional<State>{};
  auto held = StreamStates<State>::parse(**row);
  if (!held) return held.error();
  if (held->workspace != workspace) return std::optional<State>{};
  return std::optional<State>(std::move(held->state));
}
}  // namespace

Result<std::optional<subject::State>> Engine::subject(WorkspaceId workspace, SubjectId id) const {
  return state_in<subject::State>(impl_->stream_row({Category::subject, id}), workspace);
}

Result<std::optional<conversation::Done>> Engine::last_act(WorkspaceId workspace, ConversationId id,
                                                           const Actor& by) const {
  auto state = state_in<conversation::State>(impl_->stream_row({Category::conversation, id}), workspace);
  if (!state) return state.error();
  const conversation::Done* done = *state ? conversation::last_act(**state, by) : nullptr;
  return done == nullptr ? std::optional<conversation::Done>{} : std::optional(*done);
}

Result<std::optional<draft::State>> Engine::draft(WorkspaceId workspace, ConversationId id,
                                                  AgentId agent) const {
  auto state = state_in<draft::State>(impl_->stream_row(draft_stream(id, agent)), workspace);
  if (state && *state && (*state)->kind == DraftKind::none) return std::optional<draft::State>{};
  return state;
}

Result<std::vector<fold_rows::Drafted>> Engine::drafts(ConversationId id) const {
  const auto row = impl_->fold_.get(fold_rows::id_key(partition_of(id.slot()), 'D', id));
  if (!row) return row.error();
  return *row ? fold_rows::read_drafts(**row) : std::vector<fold_rows::Drafted>{};
}

Result<std::vector<ConversationId>> Engine::conversations_of(SubjectId id) const {
  auto row = impl_->fold_.get(fold_rows::known_key(partition_of(id.slot()), id.slot(), id));
  if (!row) return row.error();
  std::vector<ConversationId> out;
  if (*row)
    for (const fold_rows::Conversation& c : fold_rows::read_conversations(**row)) out.push_back(c.id);
  return out;
}

Result<std::vector<ConversationId>> Engine::conversations_of_order(WorkspaceId workspace,
                                                                   std::string_view order) const {
  return order_index::find(impl_->ports_.keys, impl_->door_, impl_->fold_,
                           static_cast<PartitionId>(impl_->owners_.size()), workspace, order);
}

Result<std::vector<std::pair<AgentId, routing::AgentState>>> Engine::routed_agents(
    WorkspaceId workspace) const {
  return routing_rows::read_agents(impl_->fold_, partition_of(workspace.slot()), workspace);
}

Result<std::vector<RecordedEvent>> Engine::routing_of(WorkspaceId workspace,
                                                      ConversationId conversation) const {
  auto row =
      impl_->fold_.get(routing_rows::trail_key(partition_of(workspace.slot()), workspace, conversation));
  if (!row) return row.error();
  if (!*row) return std::vector<RecordedEvent>{};
  const StreamId stream = routing_stream(workspace);
  std::vector<history::Entry> entries;
  for (const Version version : routing_rows::read_trail(**row).versions) {
    auto one = history(stream, version, 1);
    if (!one) return one.error();
    entries.insert(entries.end(), one->begin(), one->end());
  }
  return events(stream, entries);
}

void Engine::find_subject(WorkspaceId workspace, Channel channel, std::string address,
                          std::function<void(Result<std::optional<SubjectId>>)> done) {
  const Slot slot = slot_of_address(impl_->ports_.keys, workspace, channel, address);
  impl_->on(partition_of(slot), [=, address = std::move(address), done = std::move(done)](Owner& owner) {
    done(owner.find_subject(workspace, channel, address));
  });
}

}  // namespace parlance
