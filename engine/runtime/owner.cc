#include "engine/runtime/owner.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/fault_point.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/deciding.h"
#include "engine/runtime/fenced_writer.h"
#include "engine/runtime/log_reading.h"
#include "engine/runtime/order_index.h"
#include "engine/runtime/partition_fold.h"
#include "engine/runtime/redaction.h"
#include "engine/runtime/routing_work.h"
#include "schemas/envelope.h"

namespace parlance {
namespace {

template <class Event> Instant occurred(const Event& event, Instant recorded_at) {
  return std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.at; })
          return e.at;
        else
          return recorded_at;
      },
      event);
}

/// Visits every personal field of an event.
template <class Visit> void each_personal(AnyEvent& event, Visit visit) {
  std::visit(
      [&](auto& category) {
        std::visit(
            [&](auto& e) {
              if constexpr (requires { e.each_personal(visit); }) e.each_personal(visit);
            },
            category);
      },
      event);
}

/// The one event of this kind in the envelope, or null.
template <class Category, class Event> const Event* find_event(const Envelope& envelope) {
  for (const StreamEvent& event : envelope.events)
    if (const auto* body = std::get_if<Category>(&event.body))
      if (const auto* found = std::get_if<Event>(body)) return found;
  return nullptr;
}

/// The conversation that the envelope's message went to.
std::optional<ConversationId> message_went_to(const Envelope& envelope) {
  if (const auto* forwarded = find_event<intake::Event, intake::MessageForwarded>(envelope))
    return forwarded->to;
  for (const StreamEvent& event : envelope.events)
    if (event.stream.category == Category::conversation) return ConversationId::from(event.stream.id);
  return std::nullopt;
}

constexpr std::size_t timers_a_turn = 500;

}  // namespace

class Owner::Impl final : public FencedWriter::Listener {
 public:
  Impl(PartitionId partition, Genesis genesis, Ports ports)
      : partition_(partition),
        genesis_(genesis),
        ports_(std::move(ports)),
        fold_(partition, genesis, ports_.fold, ports_.door, ports_.keys),
        deciding_(
            fold_, ports_.door, ports_.random, genesis.first_slot,
            [this](CommandId command) { return where_message_went(command); },
            [this](const StreamId& stream, MessageId message) { return redaction_.find(stream, message); }),
        redaction_(ports_.log, partition, ports_.fold, ports_.door),
        routing_(
            {fold_, ports_.keys, ports_.clock, ports_.executor,
             [this] { return health_ == OwnerHealth::owning; },
             [this](Request request, Answer answer) { ports_.route(std::move(request), std::move(answer)); },
             [this] { write_certain(); }, [this](const Error& error) { halt(error); }}) {}

  // ---- life ----

  void start() {
    const auto applied = fold_.load(ports_.log.id());
    if (!applied) return halt(applied.error());
    LogState state = initial_log_state(ports_.log.id(), partition_);
    if (*applied) {
      state = (*applied)->log;
      last_recorded_ = (*applied)->last_recorded;
    }
    writer_ = std::make_unique<FencedWriter>(ports_.log, partition_, state, genesis_,
                                             ports_.log.sealed_mark(partition_), ports_.executor,
                                             ports_.random, *this);
    writer_->start();
  }

  void stop() {
    if (writer_) writer_->stop();
    if (health_ == OwnerHealth::stopped) return;
    health_ = OwnerHealth::stopped;
    reason_ = "stopped";
    write_certain();
    answer_everybody(
        unavailable("owner.stopping", "the server is stopping; send it again with the same key"));
  }
  /// Nothing is written any more: the rows are another's from here on.
  void stop(const Error& because) {
    if (writer_) writer_->stop();
    retired_ = true;
    health_ = OwnerHealth::stopped;
    reason_ = because.detail;
    answer_everybody(because);
  }

  void poll() {
    if (writer_ && health_ != OwnerHealth::stopped) writer_->poll();
  }

  // ---- commands ----

  void submit(Request request, Answer answer) {
    switch (health_) {
      case OwnerHealth::stopped:
      case OwnerHealth::deposed: return answer(unavailable("owner.not_owning", reason_));
      case OwnerHealth::read_only: return answer(no_space());
      case OwnerHealth::starting:
      case OwnerHealth::owning: break;
    }
    if (waiting_.size() + flights_.size() + no_events_.size() + deferred_.size() + redacting_.size() >=
            owner_commands_max ||
        fault_point_taken("owner.overloaded"))
      return answer(Error{Errc::overloaded, "owner.overloaded", "too many commands wait; try again soon"});
    if (health_ == OwnerHealth::starting || draining()) {
      waiting_.emplace_back(std::move(request), std::move(answer));
      return;
    }
    handle(std::move(request), std::move(answer));
  }

  void tick() {
    if (health_ != OwnerHealth::owning) return;
    if (std::exchange(redact_again_, false)) drain_ = true;
    carry_out_redactions();
    if (health_ != OwnerHealth::owning || draining()) return;
    if (std::exchange(owe_again_, false)) resume_owed();
    routing_.tick();
    const auto until = timers_due();
    if (!until || *until < next_timer_) return;
    const auto due = fold_.due(*until, timers_a_turn);
    if (!due) return halt(due.error());
    // The rows of those that fire go when their events are certain; until then they are met again.
    next_timer_ = due->timers.empty() ? due->next : due->timers.front().timer.due;
    for (const fold_rows::DueTimer& timer : due->timers) {
      if (health_ != OwnerHealth::owning || flights_.size() >= owner_commands_max) return;
      if (timer.stream.category == Category::routing) {
        end_offers(timer);
        continue;
      }
      const auto held = fold_.conversations().load(timer.stream);
      if (!held) return halt(held.error());
      const auto asked = conversation::timers((*held)->state);
      if (std::ranges::find(asked, timer.timer) == asked.end()) continue;
      Request request;
      request.slot = timer.stream.id.slot();
      request.actor = {ActorKind::system, {}};
      request.action = OnConversation{ConversationId::from(timer.stream.id), conversation::Tick{timer.timer}};
      fault_point("timer.fire");
      handle(std::move(request), [](const Result<Outcome>&) {});
    }
  }

  void end_offers(const fold_rows::DueTimer& timer) {
    const auto held = fold_.routings().load(timer.stream);
    if (!held) return halt(held.error());
    const auto asked = routing::timers((*held)->state);
    if (std::ranges::find(asked, timer.timer) == asked.end()) return;
    Request request;
    request.workspace = WorkspaceId::from(timer.stream.id);
    request.slot = timer.stream.id.slot();
    request.actor = {ActorKind::system, {}};
    routing::ExpireOffers expire;
    expire.due = timer.timer.due;
    request.action = OnRouting{expire};
    handle(std::move(request), [](const Result<Outcome>&) {});
  }

  [[nodiscard]] Result<void> flush() {
    write_certain();
    const std::uint64_t written = unflushed_;
    auto flushed = ports_.fold.flush();
    if (flushed) unflushed_ -= written;
    return flushed;
  }

  [[nodiscard]] OwnerStatus status() const {
    OwnerStatus out{health_, {}, flights_.size(), quarantined_, timers_held_, reason_};
    if (writer_) out.certain = writer_->certain();
    out.waiting = waiting_.size() + no_events_.size() + deferred_.size() + redacting_.size();
    out.clocks_apart_ms = clocks_apart_ms();
    out.first_quarantined = first_quarantined_;
    out.last_recorded = last_recorded_;
    return out;
  }
  [[nodiscard]] std::uint64_t unflushed() const { return unflushed_; }

  [[nodiscard]] Result<std::optional<SubjectId>> find_subject(WorkspaceId workspace, Channel channel,
                                                              const std::string& address) {
    // What is not folded to its end does not know everybody.
    if (!owned_ || retired_)
      return unavailable("owner.not_owning", reason_.empty() ? "the log is being read" : reason_);
    return fold_.find_subject(workspace, channel, address);
  }

  // ---- FencedWriter::Listener ----

  void on_accepted(Offset offset, const Folded& folded, const LogState& after,
                   std::optional<Ticket> ticket) override {
    // Out of the map first: whatever goes wrong below, nobody else touches it.
    auto node = ticket ? flights_.extract(*ticket) : decltype(flights_)::node_type{};
    if (folded.verdict == Verdict::accepted_envelope) {
      const bool as_decided = !node.empty() && !node.mapped().dropped;
      if (as_decided) {
        Flight& flight = node.mapped();
        if (auto noted = fold_.certain(*flight.envelope, std::move(flight.changes), offset, *ticket);
            !noted) {
          answer_unknown(flight);
          return halt(noted.error());
        }
        note_consequences(*flight.envelope);
      } else if (!catch_up(offset, folded.record.body)) {
        if (!node.empty()) answer_unknown(node.mapped());
        return;  // stopped; the record counts as not folded
      }
    }
    fold_.passed(after);
    ++unflushed_;
    post_write();
    if (node.empty()) return;
    finish(std::move(node.mapped()), offset);
    settled_ = std::max(settled_, *ticket);
    release_no_events();
  }

  void on_void(Offset, const LogState& after) override {
    fold_.passed(after);
    post_write();
  }

  void on_owning() override {
    write_certain();
    if (health_ == OwnerHealth::stopped) return;
    health_ = OwnerHealth::owning;
    owned_ = true;
    reason_.clear();
    next_timer_ = {};
    // Before anything is decided: each earlier ticket is settled, so nothing is in flight.
    redact_owed();
    if (health_ == OwnerHealth::stopped) return;
    const auto workspaces = fold_.workspaces();
    if (!workspaces) return halt(workspaces.error());
    for (const WorkspaceId workspace : *workspaces) publish(workspace);
    resume_owed();
    routing_.resume();
    tick();  // what fell due while nobody owned comes first
    auto waiting = std::exchange(waiting_, {});
    for (auto& [request, answer] : waiting) submit(std::move(request), std::move(answer));
  }

  void on_doubt() override {
    if (health_ == OwnerHealth::owning) health_ = OwnerHealth::starting;
    // Certain rows are written first; everything held beyond them is speculation.
    write_certain();
    fold_.drop();
    routing_.forget();
    for (auto& [ticket, flight] : flights_) {
      flight.dropped = true;
      flight.changes.clear();
    }
    auto open = std::exchange(no_events_, {});
    for (NoEvents& wait : open)
      wait.answer(
          unavailable("owner.doubt", "the log did not confirm in time; send it again with the same key"));
  }

  void on_never(Ticket ticket) override {
    auto node = flights_.extract(ticket);
    if (node.empty()) return;
    Flight& flight = node.mapped();
    if (flight.envelope->command) commands_.erase(*flight.envelope->command);
    deciding_.forget(flight.made);
    post_write();  // who waits for the last one in flight
    for (Waiter& waiter : flight.waiters)
      waiter.answer(unavailable("command.not_done", "not done; the same key may be sent again"));
  }

  void on_deposed() override {
    health_ = OwnerHealth::deposed;
    reason_ = "another owner claimed the partition";
    answer_waiting(unavailable("owner.deposed",
                               "another node owns this partition now; send it again with the same key"));
  }

  void on_read_only() override {
    health_ = OwnerHealth::read_only;
    reason_ = "no space for the log";
    answer_waiting(no_space());
    // What is in doubt is settled by the next claim, which waits for space; people do not.
    for (auto& [ticket, flight] : flights_)
      for (Waiter& waiter : flight.waiters)
        std::exchange(waiter.answer, [](const Result<Outcome>&) {})(
            Error{Errc::read_only, "log.read_only",
                  "the disk has no space for the log; whether this was done is known when there is: send it "
                  "again with the same "
                  "key"});
  }

  void on_stopped(const Error& error) override { halt(error); }

 private:
  /// Who waits for an envelope, the first who asked or a repeat.
  struct Waiter {
    Answer answer;
    bool first = false;
    std::optional<std::pair<Channel, std::string>> sender;  ///< of an inbound, to tell its subject
    std::shared_ptr<const Request> forwards;  ///< an inbound that goes on to another slot, with its text
    bool links = false;                       ///< an address was added: its door is told
    std::optional<ConversationId> accepts;    ///< an offer: the conversation takes the agent
  };
  struct Flight {
    std::shared_ptr<const Envelope> envelope;  ///< sealed
    std::vector<RowChange> changes;
    std::vector<ReferenceId> made;
    std::vector<Waiter> waiters;
    StreamId asked;  ///< about which the command was, where the envelope is empty
    Version asked_version = 0;
    bool dropped = false;  ///< its speculation is: should it be accepted, it is folded from its bytes
  };
  /// An answer without events: it may go out when all it was decided on is certain.
  struct NoEvents {
    Ticket after = 0;
    Answer answer;
    Result<Outcome> result;
  };
  /// An answer that goes out when the rows it stands for are written.
  struct Deferred {
    Waiter waiter;
    Outcome outcome;
    std::shared_ptr<const Envelope> envelope;
  };

  // ---- from a request to an envelope ----

  void handle(Request request, Answer answer) {
    if (request.command) {
      if (const auto flying = commands_.find(*request.command); flying != commands_.end()) {
        const auto flight = flights_.find(flying->second);
        PARLANCE_ASSERT(flight != flights_.end(), "a command in flight has a flight");
        const auto& envelope = flight->second.envelope;
        if (reused(request, *envelope)) return answer_without_events(std::move(answer), key_reused());
        flight->second.waiters.push_back(waiter_of(std::move(request), std::move(answer), *envelope, false));
        return;
      }
      const auto offset = fold_.offset_of(*request.command);
      if (!offset) return answer(offset.error());
      if (*offset) return replay(std::move(request), **offset, std::move(answer));
    }
    // A message is looked for in what is written down.
    if (is_redaction(request)) {
      write_certain();
      if (health_ != OwnerHealth::owning) return answer(unavailable("owner.not_owning", reason_));
    }
    const Instant now = std::max(ports_.clock.now(), last_recorded_);
    auto draft = deciding_.decide(request, {now, timers_due()});
    if (!draft) return answer_without_events(std::move(answer), may_retry(request, draft.error()));
    if (draft->refused) {
      Error refused = may_retry(request, *draft->refused);
      Request timers;
      timers.workspace = request.workspace;
      timers.slot = request.slot;
      timers.actor = {ActorKind::system, {}};
      timers.import = request.import;
      propose(std::move(timers), std::move(*draft), now, [](const Result<Outcome>&) {});
      return answer_without_events(std::move(answer), std::move(refused));
    }
    if (draft->events.empty() && !request.command) {
      Outcome outcome;
      outcome.unchanged = true;
      outcome.stream = draft->stream;
      outcome.version = draft->version;
      outcome.ticket_number = number_of(draft->stream);
      return answer_without_events(std::move(answer), std::move(outcome));
    }
    propose(std::move(request), std::move(*draft), now, std::move(answer));
  }

  void propose(Request request, Draft draft, Instant now, Answer answer) {
    Envelope envelope;
    envelope.id = EnvelopeId::from(make_raw_id(now, request.slot, ports_.random.id128()));
    envelope.workspace = request.workspace;
    envelope.command = request.command;
    envelope.fingerprint = request.fingerprint;
    envelope.causation = request.causation;
    envelope.correlation = request.correlation;
    envelope.actor = request.actor;
    envelope.recorded_at = now;
    envelope.decider_version = decider_version;
    envelope.settings_version = draft.settings_version;
    envelope.import = request.import;

    std::vector<VaultRow> vault = std::move(draft.rows);
    std::vector<std::optional<Identity>> identities;
    std::vector<std::string> orders;
    for (const DraftEvent& event : draft.events) orders.push_back(order_index::order_in(event.body));
    auto sealed = seal(draft, envelope, vault, identities);
    if (!sealed) {
      deciding_.forget(draft.made);
      return answer_without_events(std::move(answer), may_retry(request, sealed.error()));
    }

    const Ticket ticket = writer_->propose(encode_envelope(envelope), kinds_of(envelope), std::move(vault));
    last_recorded_ = now;
    last_ticket_ = ticket;
    Flight flight;
    flight.made = std::move(draft.made);
    flight.asked = draft.stream;
    flight.asked_version = draft.version;
    flight.envelope = std::make_shared<const Envelope>(std::move(envelope));
    flight.waiters.push_back(waiter_of(std::move(request), std::move(answer), *flight.envelope, true));
    if (flight.envelope->command) commands_.emplace(*flight.envelope->command, ticket);
    auto changes = fold_.decided(*flight.envelope, identities, orders, draft.preview, ticket);
    if (changes) flight.changes = std::move(*changes);
    flights_.emplace(ticket, std::move(flight));
    if (!changes) halt(changes.error());
  }

  /// Moves the draft's events into the envelope, sealed; their capsules join `vault`.
  [[nodiscard]] Result<void> seal(Draft& draft, Envelope& envelope, std::vector<VaultRow>& vault,
                                  std::vector<std::optional<Identity>>& identities) {
    std::uint16_t number = 0;
    std::map<StreamId, Version> versions;
    for (DraftEvent& event : draft.events) {
      Result<void> sealed;
      each_personal(event.body, [&](auto& field) {
        if (!sealed) return;
        auto row = ports_.door.seal(envelope.workspace, CapsuleId{envelope.id, number++}, field);
        if (row)
          vault.push_back(std::move(*row));
        else
          sealed = row.error();
      });
      if (!sealed) return sealed;
      auto version = versions.find(event.stream);
      if (version == versions.end()) {
        const auto held = fold_.version_of(event.stream);
        if (!held) return held.error();
        version = versions.emplace(event.stream, *held).first;
      }
      const Instant at =
          std::visit([&](const auto& e) { return occurred(e, envelope.recorded_at); }, event.body);
      envelope.events.push_back({event.stream, ++version->second, at, std::move(event.body)});
      identities.push_back(std::move(event.identity));
    }
    return {};
  }

  static Waiter waiter_of(Request request, Answer answer, const Envelope& envelope, bool first) {
    Waiter waiter{
        std::move(answer), first, std::nullopt, nullptr, std::holds_alternative<AddIdentity>(request.action),
        std::nullopt};
    if (const auto* routing = std::get_if<OnRouting>(&request.action))
      if (const auto* accept = std::get_if<routing::AcceptOffer>(&routing->command))
        waiter.accepts = accept->conversation;
    if (const auto* arrive = std::get_if<Arrive>(&request.action)) {
      waiter.sender.emplace(arrive->channel, arrive->address);
      if (find_event<intake::Event, intake::MessageForwarded>(envelope) != nullptr)
        waiter.forwards = std::make_shared<const Request>(std::move(request));
    }
    return waiter;
  }

  [[nodiscard]] static bool is_redaction(const Request& request) {
    const auto* on = std::get_if<OnConversation>(&request.action);
    return on != nullptr && std::holds_alternative<conversation::Redact>(on->command);
  }
  [[nodiscard]] static bool reused(const Request& request, const Envelope& before) {
    return request.fingerprint != 0 && before.fingerprint != 0 && request.fingerprint != before.fingerprint;
  }
  [[nodiscard]] static Error key_reused() {
    return invalid("command.key_reused", "this Idempotency-Key came before with another body");
  }
  [[nodiscard]] static Error no_space() {
    return {Errc::read_only, "log.read_only", "the disk has no space for the log; reading goes on"};
  }
  /// A customer's message is never lost to an erasure that happened while it was decided: sent again, it finds its way.
  [[nodiscard]] static Error may_retry(const Request& request, Error error) {
    const bool lost_race = error.rule == "subject.erased" || error.rule == "subject.dying";
    if (lost_race && std::holds_alternative<Arrive>(request.action)) error.code = Errc::unavailable;
    return error;
  }

  /// Up to when timers fire now; none while wall clock and boot clock disagree.
  [[nodiscard]] std::optional<Instant> timers_due() {
    const Instant now = ports_.clock.now();
    const std::int64_t apart = clocks_apart_ms();
    timers_held_ = apart > clock_disagreement_ms_max || apart < -clock_disagreement_ms_max;
    if (timers_held_) return std::nullopt;
    return now;
  }

  [[nodiscard]] std::int64_t clocks_apart_ms() const {
    const ClockReading now(ports_.clock);
    return (now.wall - ports_.clock_at_start.wall) - (now.boot_ms - ports_.clock_at_start.boot_ms);
  }

  [[nodiscard]] std::uint64_t number_of(const StreamId& stream) {
    if (stream.category != Category::conversation) return 0;
    auto held = fold_.conversations().load(stream);
    return held ? (*held)->state.number : 0;
  }

  [[nodiscard]] Result<std::optional<ConversationId>> where_message_went(CommandId command) {
    if (const auto flying = commands_.find(command); flying != commands_.end())
      return message_went_to(*flights_.at(flying->second).envelope);
    const auto offset = fold_.offset_of(command);
    if (!offset) return offset.error();
    if (!*offset) return std::nullopt;
    const auto envelope = read_envelope(**offset);
    if (!envelope) return envelope.error();
    return message_went_to(*envelope);
  }

  // ---- when records are certain ----

  /// Another run's or owner's record, or one whose speculation was dropped. False: stopped.
  bool catch_up(Offset offset, ByteView body) {
    auto envelope = decode_envelope(body);
    if (!envelope && envelope.error().code == Errc::newer) return halt(envelope.error()), false;
    if (!envelope) {
      ++quarantined_;
      if (first_quarantined_.size() < quarantined_records_listed)
        first_quarantined_.push_back({offset, envelope.error().rule});
      return true;
    }
    if (auto folded = fold_.catch_up(*envelope, offset, settled_); !folded)
      return halt(folded.error()), false;
    last_recorded_ = std::max(last_recorded_, envelope->recorded_at);
    return true;
  }

  /// What follows from one's own envelope that is certain. What follows from others' is found at on_owning().
  void note_consequences(const Envelope& envelope) {
    for (const StreamEvent& event : envelope.events) {
      if (event.stream.category == Category::settings || event.stream.category == Category::desk)
        publish_.insert(envelope.workspace);
      if (event.stream.category == Category::conversation || event.stream.category == Category::door)
        if (const Personal<Identity>* field = identity_of(event.body))
          owe_.emplace_back(envelope.workspace, field->sealed());
    }
    if (!owe_.empty()) post_owed();
    routing_.certain(envelope);
  }

  void finish(Flight flight, Offset offset) {
    if (flight.envelope->command) commands_.erase(*flight.envelope->command);
    Outcome outcome = outcome_of(*flight.envelope, offset);
    if (flight.envelope->events.empty()) {
      outcome.stream = flight.asked;
      outcome.version = flight.asked_version;
    }
    fault_point("owner.answer");
    for (Waiter& waiter : flight.waiters) deferred_.push_back({std::move(waiter), outcome, flight.envelope});
  }

  /// Certain rows go down in one batch a turn, before anybody is answered.
  void post_write() {
    if (write_posted_) return;
    write_posted_ = true;
    ports_.executor.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (alive.expired()) return;
      write_posted_ = false;
      write_certain();
      carry_out_redactions();
    });
  }

  void write_certain() {
    if (retired_) return;
    const auto earliest = fold_.write(settled_);
    if (!earliest) return halt(earliest.error());
    next_timer_ = std::min(next_timer_, *earliest);
    for (const WorkspaceId workspace : std::exchange(publish_, {})) publish(workspace);
    auto deferred = std::exchange(deferred_, {});
    for (Deferred& d : deferred) answer_certain(std::move(d.waiter), std::move(d.outcome), d.envelope);
  }

  /// Answers one who waited for an envelope that is certain now, or goes on with what follows from it.
  void answer_certain(Waiter waiter, Outcome outcome, const std::shared_ptr<const Envelope>& envelope) {
    outcome.replayed = !waiter.first;
    outcome.ticket_number = number_of(outcome.stream);
    if (waiter.sender) {
      const auto subject =
          fold_.find_subject(envelope->workspace, waiter.sender->first, waiter.sender->second);
      if (!subject) return waiter.answer(subject.error());
      outcome.subject = subject->value_or(SubjectId{});
    }
    const auto owed = owes_redaction(*envelope);
    if (!owed) return waiter.answer(unfinished(owed.error()));
    if (*owed) {
      if (health_ != OwnerHealth::owning && health_ != OwnerHealth::starting)
        return waiter.answer(unfinished(unavailable("owner.not_owning", reason_)));
      redacting_.push_back({std::move(waiter), std::move(outcome), envelope});
      return post_write();
    }
    if (waiter.forwards) return go_on_forwarding(std::move(waiter), std::move(outcome), *envelope);
    if (waiter.accepts)
      return routing_.accepted(envelope->workspace, *waiter.accepts, std::move(outcome),
                               std::move(waiter.answer));
    if (waiter.links) return go_on_linking(std::move(waiter), std::move(outcome), *envelope);
    waiter.answer(std::move(outcome));
  }

  [[nodiscard]] Outcome outcome_of(const Envelope& envelope, Offset offset) const {
    Outcome out;
    out.envelope = envelope.id;
    out.unchanged = envelope.events.empty();
    out.positions.push_back({genesis_.generation, partition_, offset});
    for (const StreamEvent& event : envelope.events) {
      // A draft that went with a message is not what it was about.
      if (event.stream.category == Category::draft && envelope.events.size() > 1) continue;
      out.stream = event.stream;
      out.version = event.version;
      if (const auto* c = std::get_if<conversation::Event>(&event.body)) {
        if (std::holds_alternative<conversation::Opened>(*c)) out.opened = true;
        if (const auto* m = std::get_if<conversation::MessageReceived>(c)) out.message = m->id;
        if (const auto* m = std::get_if<conversation::Replied>(c)) out.message = m->id;
        if (const auto* m = std::get_if<conversation::NoteAdded>(c)) out.message = m->id;
        if (const auto* u = std::get_if<conversation::Undone>(c)) out.undone = u->act;
      } else if (const auto* d = std::get_if<desk::Event>(&event.body)) {
        std::visit([&](const auto& e) { out.made = e.id; }, *d);
      } else if (const auto* s = std::get_if<settings::Event>(&event.body)) {
        if (const auto* tag = std::get_if<settings::TagAdded>(s)) out.made = tag->id;
        if (const auto* type = std::get_if<settings::TypeDefined>(s)) out.made = type->type.id;
        if (const auto* field = std::get_if<settings::FieldDefined>(s)) out.made = field->field.id;
        if (const auto* state = std::get_if<settings::SubStateDefined>(s)) out.made = state->sub_state.id;
        if (const auto* reply = std::get_if<settings::CannedReplyDefined>(s)) out.made = reply->reply.id;
        if (const auto* view = std::get_if<settings::ViewSaved>(s)) out.made = view->id;
      }
    }
    return out;
  }

  // ---- redaction ----

  // It gives the keys that sealed the message to nobody any more, so nothing in flight may be sealed under them: what comes
  // meanwhile waits until all that was decided is certain, and the redactions that are on record are carried out.

  [[nodiscard]] bool draining() const { return drain_ || !redacting_.empty(); }

  /// Whether the envelope has a message's redaction that is not known to be carried out.
  [[nodiscard]] Result<bool> owes_redaction(const Envelope& envelope) const {
    for (const StreamEvent& event : envelope.events) {
      const auto* body = std::get_if<conversation::Event>(&event.body);
      if (body == nullptr || !std::holds_alternative<conversation::MessageRedacted>(*body)) continue;
      auto owed = fold_.owes_redaction(ConversationId::from(event.stream.id), event.version);
      if (!owed || *owed) return owed;
    }
    return false;
  }
  /// Once nothing is in flight; then answers who waited for it, and goes on with what came meanwhile.
  void carry_out_redactions() {
    if (!draining() || !flights_.empty() || health_ != OwnerHealth::owning) return;
    write_certain();
    if (health_ != OwnerHealth::owning || !flights_.empty()) return;
    redact_owed();
    if (health_ != OwnerHealth::owning) return;
    auto waiting = std::exchange(waiting_, {});
    for (auto& [request, answer] : waiting) submit(std::move(request), std::move(answer));
  }
  /// All that are owed, before anybody is told. Doing it again is harmless. Nothing may be in flight, and what is certain must be
  /// written down.
  void redact_owed() {
    PARLANCE_ASSERT(flights_.empty(),
                    "nothing is sealed under keys that change and not yet found in the log");
    drain_ = false;
    const auto redactions = fold_.redactions();
    if (!redactions) return halt(redactions.error());
    std::optional<Error> trouble;
    for (const fold_rows::Redacting& owed : *redactions)
      if (const auto gone = destroy(owed); !gone) trouble = gone.error();
    auto ready = std::exchange(redacting_, {});
    for (Deferred& d : ready) {
      const auto owed = owes_redaction(*d.envelope);
      if (!owed || *owed)
        d.waiter.answer(unfinished(!owed ? owed.error() : trouble.value_or(unavailable("redaction.owed"))));
      else
        answer_certain(std::move(d.waiter), std::move(d.outcome), d.envelope);
    }
  }
  [[nodiscard]] Result<void> destroy(const fold_rows::Redacting& owed) {
    const StreamId stream{Category::conversation, owed.conversation};
    auto gone = redaction_.destroy(owed.workspace, stream, owed.of, owed.version, owed.day);
    if (!gone) {
      redact_again_ = true;  // it stays owed
      return gone;
    }
    fold_.redacted(owed, settled_);
    post_write();
    return {};
  }

  // ---- what goes on in another slot ----

  /// A message that the door sends to another slot, and everybody who waits for what becomes of it, each with the door's outcome.
  struct Going {
    EnvelopeId cause;
    std::vector<std::pair<Waiter, Outcome>> waiting;
    /// An error that is not final leaves open whether it arrives.
    void tell(const Result<Outcome>& result) const {
      for (const auto& [waiter, door] : waiting) {
        if (!result) {
          waiter.answer(is_final(result.error()) ? result.error() : unfinished(result.error()));
          continue;
        }
        Outcome told = *result;
        told.positions.insert(told.positions.begin(), door.positions.begin(), door.positions.end());
        told.replayed = !waiter.first;
        waiter.answer(std::move(told));
      }
    }
  };

  /// The door has recorded where the message goes: now it goes there, once at a time. Of two that went side by side one could be
  /// refused, and go another way, while the other was taken, since somebody had undone the closing between them.
  void go_on_forwarding(Waiter waiter, Outcome door, const Envelope& envelope) {
    std::shared_ptr<Going>& under_way = going_[envelope.id];
    const bool first = under_way == nullptr;
    if (first) under_way = std::make_shared<Going>(Going{envelope.id, {}});
    under_way->waiting.emplace_back(std::move(waiter), std::move(door));
    if (first) forward(std::shared_ptr(under_way), envelope);
  }
  void arrived(const std::shared_ptr<Going>& going, const Result<Outcome>& result) {
    going_.erase(going->cause);
    going->tell(result);
  }

  /// Its command id follows from the door's envelope, so a repeat, or a retry after a crash, meets the same message.
  void forward(const std::shared_ptr<Going>& going, const Envelope& envelope) {
    const auto* forwarded = find_event<intake::Event, intake::MessageForwarded>(envelope);
    PARLANCE_ASSERT(forwarded != nullptr, "a message goes on where the door said so");
    // What was refused there and went another way has arrived: a conversation that would take it by now (somebody undid its closing)
    // does not get it a second time.
    const CommandId another_way = derive_id(ports_.keys, "fall back", envelope.id);
    const auto went = fold_.offset_of(another_way);
    if (!went) return arrived(going, went.error());
    if (*went || commands_.contains(another_way)) return fall_back(going);
    auto identity = ports_.door.open<Identity>(engine_principal, Purpose::engine, envelope.workspace,
                                               forwarded->identity.sealed());
    if (const auto* closed = std::get_if<Unavailable>(&identity)) return arrived(going, closed->error);
    const Request& asked = *going->waiting.front().first.forwards;
    const Arrive& arrive = std::get<Arrive>(asked.action);
    Request next;
    next.workspace = envelope.workspace;
    next.slot = forwarded->to.slot();
    next.command = derive_id(ports_.keys, "forward", envelope.id);
    next.actor = asked.actor;
    next.causation = envelope.id;
    next.correlation = envelope.correlation ? envelope.correlation : envelope.id;
    next.import = envelope.import;
    ReceiveForwarded receive{forwarded->to,  forwarded->author,  {},       arrive.language,
                             arrive.content, arrive.attachments, arrive.at};
    // Erased meanwhile: whether the message had arrived before is for the target to say; it refuses a new one.
    if (auto* known = std::get_if<Identity>(&identity)) receive.identity = std::move(*known);
    next.action = std::move(receive);
    ports_.route(std::move(next),
                 [this, alive = std::weak_ptr<char>(alive_), going](Result<Outcome> result) mutable {
                   // Answers come on any thread; what goes on here goes on on our executor, and where that is over nobody else looks at it.
                   const auto stopping = [](const Going& of, Result<Outcome> said) {
                     if (said) said->subject = of.waiting.front().second.subject;
                     of.tell(said || !is_final(said.error()) ? said : unavailable("owner.stopping"));
                   };
                   if (alive.expired()) return stopping(*going, std::move(result));
                   ports_.executor.post([this, alive, going, result = std::move(result), stopping]() mutable {
                     if (alive.expired()) return stopping(*going, std::move(result));
                     if (!result && is_final(result.error())) return fall_back(going);
                     if (result) result->subject = going->waiting.front().second.subject;
                     arrived(going, result);
                   });
                 });
  }

  /// The chosen conversation takes no message (any more): the door decides again, without it.
  void fall_back(const std::shared_ptr<Going>& going) {
    Request again = *going->waiting.front().first.forwards;
    again.command = derive_id(ports_.keys, "fall back", going->cause);
    again.fingerprint = 0;
    again.causation = going->cause;
    std::get<Arrive>(again.action).ignore_thread = true;
    submit(std::move(again),
           [this, alive = std::weak_ptr<char>(alive_), going](const Result<Outcome>& result) {
             if (alive.expired()) return going->tell(result);
             arrived(going, result);
           });
  }

  /// An address joined a person: the door of that address learns it.
  void go_on_linking(Waiter waiter, Outcome outcome, const Envelope& envelope) {
    const auto* added = find_event<subject::Event, subject::IdentityAdded>(envelope);
    if (added == nullptr) return waiter.answer(std::move(outcome));
    const Sealed& sealed = added->identity.sealed();
    auto opened = ports_.door.open<Identity>(engine_principal, Purpose::engine, envelope.workspace, sealed);
    if (const auto* closed = std::get_if<Unavailable>(&opened)) return waiter.answer(closed->error);
    if (std::holds_alternative<Erased>(opened)) return waiter.answer(std::move(outcome));
    const Identity& identity = std::get<Identity>(opened);
    Request next;
    next.workspace = envelope.workspace;
    next.slot = slot_of_address(ports_.keys, envelope.workspace, identity.channel, identity.address);
    next.command = derive_id(ports_.keys, "link", envelope.id);
    next.actor = envelope.actor;
    next.action = LinkAddress{identity, sealed.reference, added->at};
    ports_.route(std::move(next), [answer = std::move(waiter.answer),
                                   outcome = std::move(outcome)](Result<Outcome> linked) mutable {
      if (!linked) return answer(unfinished(linked.error()));
      outcome.positions.insert(outcome.positions.end(), linked->positions.begin(), linked->positions.end());
      answer(std::move(outcome));
    });
  }

  // ---- repeats and answers without events ----

  void replay(Request request, Offset offset, Answer answer) {
    auto read = read_envelope(offset);
    if (!read) return answer(read.error());
    const auto envelope = std::make_shared<const Envelope>(std::move(*read));
    if (reused(request, *envelope)) return answer(key_reused());
    Outcome outcome = outcome_of(*envelope, offset);
    // An empty envelope does not say what it was about; the repeat does.
    if (envelope->events.empty()) {
      outcome.stream = asked_about(request);
      const auto version = version_before(outcome.stream, offset);
      if (!version) return answer(version.error());
      outcome.version = *version;
    }
    answer_certain(waiter_of(std::move(request), std::move(answer), *envelope, false), std::move(outcome),
                   envelope);
  }

  /// The version that `stream` had when the record at `offset` was decided: the first answer told that one.
  [[nodiscard]] Result<Version> version_before(const StreamId& stream, Offset offset) {
    write_certain();  // history is read from what is written down
    const auto now = fold_.version_of(stream);
    if (!now) return now.error();
    Version before = 0;
    for (Version from = 1, to = *now; from <= to;) {
      const Version middle = from + (to - from) / 2;
      const auto found = history::read(ports_.fold, partition_, stream, middle, 1);
      if (!found) return found.error();
      // One that is not written down yet is in flight, so it is later.
      if (!found->empty() && found->front().offset < offset) {
        before = middle;
        from = middle + 1;
      } else {
        to = middle - 1;
      }
    }
    return before;
  }

  [[nodiscard]] static StreamId asked_about(const Request& request) {
    if (const auto* c = std::get_if<OnConversation>(&request.action))
      return {Category::conversation, c->conversation};
    if (std::holds_alternative<OnSettings>(request.action)) return settings_stream(request.workspace);
    if (std::holds_alternative<OnDesk>(request.action)) return desk_stream(request.workspace);
    if (const auto* d = std::get_if<OnDraft>(&request.action)) return draft_stream(d->conversation, d->agent);
    if (std::holds_alternative<OnRouting>(request.action)) return routing_stream(request.workspace);
    if (const auto* c = std::get_if<CreateSubject>(&request.action)) return {Category::subject, c->subject};
    return door_stream(request.workspace, request.slot);
  }

  void answer_without_events(Answer answer, Result<Outcome> result) {
    if (ports_.log.exclusive()) {
      // Nobody else can have written: what it was decided on is certain when our last envelope is.
      if (flights_.empty()) return answer(std::move(result));
      no_events_.push_back({last_ticket_, std::move(answer), std::move(result)});
      return;
    }
    // An envelope decided after the command came must be certain; an empty one serves all that wait.
    no_events_.push_back({last_ticket_ + 1, std::move(answer), std::move(result)});
    if (proof_posted_) return;
    proof_posted_ = true;
    ports_.executor.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (alive.expired()) return;
      proof_posted_ = false;
      const bool needed =
          std::ranges::any_of(no_events_, [&](const NoEvents& n) { return n.after > last_ticket_; });
      if (!needed || health_ != OwnerHealth::owning) return;
      Request empty;
      empty.slot = static_cast<Slot>(genesis_.first_slot);
      empty.actor = {ActorKind::system, {}};
      propose(std::move(empty), Draft{}, std::max(ports_.clock.now(), last_recorded_),
              [](const Result<Outcome>&) {});
    });
  }

  void release_no_events() {
    std::vector<NoEvents> ready;
    std::erase_if(no_events_, [&](NoEvents& n) {
      if (n.after > settled_) return false;
      ready.push_back(std::move(n));
      return true;
    });
    for (NoEvents& n : ready) n.answer(std::move(n.result));
  }

  [[nodiscard]] Result<Envelope> read_envelope(Offset offset) const {
    const std::string place = to_text(Position{genesis_.generation, partition_, offset});
    if (offset >= ports_.log.end(partition_))
      return unavailable("log.not_yet", place + " cannot be read yet; send it again with the same key");
    auto read = parlance::read_envelope(ports_.log, partition_, offset);
    if (!read) return read.error();
    if (!*read) return corrupt("log.no_record", "no envelope at " + place);
    return std::move(**read);
  }

  // ---- what is owed after a certain envelope, and after a restart ----

  void post_owed() {
    if (owed_posted_) return;
    owed_posted_ = true;
    ports_.executor.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (alive.expired()) return;
      owed_posted_ = false;
      for (const auto& [workspace, sealed] : std::exchange(owe_, {})) create_subject(workspace, sealed);
    });
  }

  void resume_owed() {
    const auto owed = fold_.owed();
    if (!owed) return halt(owed.error());
    for (const auto& [workspace, sealed] : *owed) create_subject(workspace, sealed);
  }

  void create_subject(WorkspaceId workspace, const Sealed& sealed) {
    if (health_ != OwnerHealth::owning) return;  // on_owning() finds it again
    auto opened = ports_.door.open<Identity>(engine_principal, Purpose::engine, workspace, sealed);
    if (std::holds_alternative<Unavailable>(opened)) owe_again_ = true;
    const auto* identity = std::get_if<Identity>(&opened);
    if (identity == nullptr || !fold_.is_mine(identity->subject.slot())) return;
    const auto held = fold_.subjects().load({Category::subject, identity->subject});
    if (!held) return halt(held.error());
    if ((*held)->state.exists) return;
    Request request;
    request.workspace = workspace;
    request.slot = identity->subject.slot();
    // From the subject's own id, and without a cause: nothing may link a person to a conversation.
    request.command = derive_id(ports_.keys, "create subject", identity->subject);
    request.actor = {ActorKind::system, {}};
    request.action = CreateSubject{identity->subject, *identity, ports_.clock.now()};
    handle(std::move(request), [](const Result<Outcome>&) {});
  }

  /// Only what is certain: the others adopt it.
  void publish(WorkspaceId workspace) {
    if (!ports_.published) return;
    const auto settings = fold_.written<settings::State>(settings_stream(workspace));
    const auto desk = fold_.written<desk::State>(desk_stream(workspace));
    if (!settings) return halt(settings.error());
    if (!desk) return halt(desk.error());
    ports_.published({workspace, settings->version, settings->state, desk->version, desk->state});
  }

  // ---- the end ----

  void answer_unknown(Flight& flight) {
    for (Waiter& waiter : flight.waiters)
      waiter.answer(unavailable("command.unknown",
                                "it is not known whether it was done; send it again with "
                                "the same key"));
    flight.waiters.clear();
  }
  void answer_waiting(const Error& error) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& [request, answer] : waiting) answer(error);
    auto open = std::exchange(no_events_, {});
    for (NoEvents& n : open) n.answer(error);
    auto redacting = std::exchange(redacting_, {});
    for (Deferred& d : redacting) d.waiter.answer(unfinished(error));
  }
  void answer_everybody(const Error& error) {
    answer_waiting(error);
    auto deferred = std::exchange(deferred_, {});
    for (Deferred& d : deferred) d.waiter.answer(error);
    auto flights = std::exchange(flights_, {});
    commands_.clear();
    for (auto& [ticket, flight] : flights) answer_unknown(flight);
  }

  void halt(const Error& error) {
    if (health_ == OwnerHealth::stopped) return;
    health_ = OwnerHealth::stopped;
    reason_ = std::string(error.rule) + ": " + error.detail;
    if (writer_) writer_->stop();
    answer_everybody(unavailable("owner.stopped", reason_));
  }

  PartitionId partition_;
  Genesis genesis_;
  Ports ports_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unique_ptr<FencedWriter> writer_;
  OwnerHealth health_ = OwnerHealth::starting;
  std::string reason_;
  bool owned_ = false;    ///< once at least, so the log was folded to its end
  bool retired_ = false;  ///< another owner took over its rows
  PartitionFold fold_;
  Deciding deciding_;
  Redaction redaction_;
  RoutingWork routing_;

  std::deque<std::pair<Request, Answer>> waiting_;  ///< until it owns
  std::map<Ticket, Flight> flights_;
  std::unordered_map<CommandId, Ticket> commands_;  ///< of flights_
  std::vector<NoEvents> no_events_;
  std::map<EnvelopeId, std::shared_ptr<Going>> going_;  ///< to other slots
  std::vector<Deferred> deferred_;
  std::vector<Deferred> redacting_;  ///< certain redactions that wait until nothing is in flight
  bool drain_ = false;               ///< redactions are owed, and to be carried out once nothing is in flight
  bool redact_again_ = false;        ///< one could not be carried out: tried again at the next tick
  Ticket last_ticket_ = 0;
  Ticket settled_ = 0;  ///< the highest that was accepted
  bool proof_posted_ = false;
  bool write_posted_ = false;

  std::set<WorkspaceId> publish_;
  std::vector<std::pair<WorkspaceId, Sealed>> owe_;
  bool owed_posted_ = false;
  bool owe_again_ = false;  ///< somebody's identity could not be opened: tried again at the next tick
  std::uint64_t unflushed_ = 0;
  std::uint64_t quarantined_ = 0;
  std::vector<QuarantinedRecord> first_quarantined_;

  Instant last_recorded_;
  Instant next_timer_;
  bool timers_held_ = false;
};

Owner::Owner(PartitionId partition, Genesis genesis, Ports ports)
    : impl_(std::make_unique<Impl>(partition, genesis, std::move(ports))) {}
Owner::~Owner() = default;
void Owner::start() { impl_->start(); }
void Owner::stop() { impl_->stop(); }
void Owner::stop(const Error& because) { impl_->stop(because); }
void Owner::poll() { impl_->poll(); }
void Owner::submit(Request request, Answer answer) { impl_->submit(std::move(request), std::move(answer)); }
void Owner::tick() { impl_->tick(); }
Result<void> Owner::flush() { return impl_->flush(); }
OwnerStatus Owner::status() const { return impl_->status(); }
std::uint64_t Owner::unflushed() const { return impl_->unflushed(); }
Result<std::optional<SubjectId>> Owner::find_subject(WorkspaceId workspace, Channel channel,
                                                     const std::string& address) {
  return impl_->find_subject(workspace, channel, address);
}

}  // namespace parlance
