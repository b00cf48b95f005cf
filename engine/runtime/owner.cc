#include "engine/runtime/owner.h"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/fenced_writer.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/speculation.h"
#include "schemas/envelope.h"

namespace parlance {
namespace {

/// The door of a slot and streams like it have no state of their own; only their version counts.
struct NoState {
  bool operator==(const NoState&) const = default;
};
void write_row(ByteWriter&, const NoState&) {}
void read_row(ByteReader&, NoState&) {}

RawId with_slot(RawId id, Slot slot) {
  return {(id.high & ~0xff00ULL) | static_cast<std::uint64_t>(slot) << 8, id.low};
}

/// An event with the identity it carries in the clear, while that is known.
struct DraftEvent {
  StreamId stream;
  AnyEvent body;
  std::optional<Identity> identity;
};

/// What a decision wants appended.
struct Draft {
  std::vector<DraftEvent> events;
  std::vector<VaultRow> rows;      ///< key rows made for it
  std::optional<Preview> preview;  ///< in the clear, of the conversation touched
  Version version = 0;             ///< of the stream asked about, where nothing changes
  StreamId stream;
};

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

/// The sealed identity an event carries, if it does.
const Personal<Identity>* identity_of(const AnyEvent& event) {
  return std::visit(
      [](const auto& category) {
        return std::visit(
            [](const auto& e) -> const Personal<Identity>* {
              if constexpr (requires {
                              { e.identity } -> std::convertible_to<const Personal<Identity>&>;
                            })
                return &e.identity;
              else
                return nullptr;
            },
            category);
      },
      event);
}

constexpr std::size_t conversations_in_memory_max = 20'000;
constexpr std::size_t other_streams_in_memory_max = 5'000;
constexpr std::size_t known_conversations_max = 50;  ///< of a sender's, that intake looks at: the newest
constexpr std::size_t timers_a_turn = 500;
const Principal engine_principal{{ActorKind::system, {}}, Role::none};

}  // namespace

StreamId door_stream(WorkspaceId workspace, Slot slot) {
  return {Category::door, with_slot(workspace, slot)};
}
StreamId adoption_stream(WorkspaceId workspace, std::uint16_t first_slot) {
  return {Category::adoption, with_slot(workspace, static_cast<Slot>(first_slot))};
}
StreamId settings_stream(WorkspaceId workspace) { return {Category::settings, workspace}; }
StreamId desk_stream(WorkspaceId workspace) { return {Category::desk, workspace}; }

class Owner::Impl final : public FencedWriter::Listener {
 public:
  Impl(PartitionId partition, Genesis genesis, Ports ports)
      : partition_(partition),
        genesis_(genesis),
        ports_(std::move(ports)),
        rows_(ports_.fold),
        conversations_(ports_.fold, partition, conversations_in_memory_max),
        subjects_(ports_.fold, partition, other_streams_in_memory_max),
        settings_(ports_.fold, partition, other_streams_in_memory_max),
        desks_(ports_.fold, partition, other_streams_in_memory_max),
        adoptions_(ports_.fold, partition, other_streams_in_memory_max),
        doors_(ports_.fold, partition, other_streams_in_memory_max) {}

  // ---- life ----

  void start() {
    wall_start_ = ports_.clock.now();
    boot_start_ms_ = ports_.clock.boot_ms();
    auto loaded = load_applied();
    if (!loaded) return halt(loaded.error());
    writer_ = std::make_unique<FencedWriter>(ports_.log, partition_, *loaded, genesis_,
                                             ports_.log.sealed_mark(partition_), ports_.executor,
                                             ports_.random, *this);
    writer_->start();
  }

  void stop() {
    if (writer_) writer_->stop();
    if (health_ != OwnerHealth::stopped) {
      health_ = OwnerHealth::stopped;
      reason_ = "stopped";
    }
    write_certain();
    answer_all_waiting(
        unavailable("owner.stopping", "the server is stopping; send it again with the same key"));
  }

  void poll() {
    if (writer_ && health_ != OwnerHealth::stopped) writer_->poll();
  }

  // ---- commands ----

  void submit(Request request, Answer answer) {
    if (health_ == OwnerHealth::stopped || health_ == OwnerHealth::deposed)
      return answer(unavailable("owner.not_owning", reason_));
    if (health_ == OwnerHealth::read_only)
      return answer(
          Error{Errc::read_only, "log.read_only", "the disk has no space for the log; reading goes on"});
    if (waiting_.size() + flights_.size() >= owner_commands_max)
      return answer(Error{Errc::overloaded, "owner.overloaded", "too many commands wait; try again soon"});
    if (health_ == OwnerHealth::starting) {
      waiting_.emplace_back(std::move(request), std::move(answer));
      return;
    }
    handle(std::move(request), std::move(answer));
  }

  void tick() {
    if (health_ != OwnerHealth::owning) return;
    const Instant now = ports_.clock.now();
    const std::int64_t apart = (now - wall_start_) - (ports_.clock.boot_ms() - boot_start_ms_);
    timers_held_ = apart > clock_disagreement_ms_max || apart < -clock_disagreement_ms_max;
    if (timers_held_ || now < next_timer_) return;
    std::vector<fold_rows::DueTimer> due;
    next_timer_ = instant_max;
    const auto scanned =
        ports_.fold.scan(fold_rows::timer_key(partition_, timers_from_, {}, conversation::TimerKind::none),
                         fold_rows::key(partition_, 'T' + 1), [&](ByteView key, ByteView) {
                           const auto timer = fold_rows::read_timer_key(key);
                           if (!timer) return true;
                           if (timer->timer.due > now || due.size() == timers_a_turn) {
                             next_timer_ = timer->timer.due;
                             return false;
                           }
                           due.push_back(*timer);
                           return true;
                         });
    if (!scanned) return halt(scanned.error());
    for (const fold_rows::DueTimer& timer : due) {
      if (flights_.size() >= owner_commands_max) break;
      Request request;
      request.slot = timer.stream.id.slot();
      request.actor = {ActorKind::system, {}};
      request.action = OnConversation{ConversationId::from(timer.stream.id), conversation::Tick{timer.timer}};
      // Until its row is gone it may be met again: then the state no longer asks for it and nothing happens.
      handle(std::move(request), [](Result<Outcome>) {});
    }
    if (!due.empty()) next_timer_ = std::min(next_timer_, due.front().timer.due);
  }

  [[nodiscard]] Result<void> flush() {
    write_certain();
    unflushed_ = 0;
    return ports_.fold.flush();
  }

  [[nodiscard]] OwnerStatus status() const {
    OwnerStatus out{health_, {}, flights_.size(), quarantined_, timers_held_, reason_};
    if (writer_) out.certain = writer_->certain();
    return out;
  }
  [[nodiscard]] std::uint64_t unflushed() const { return unflushed_; }

  [[nodiscard]] Result<std::optional<SubjectId>> find_subject(WorkspaceId workspace, Channel channel,
                                                              const std::string& address) {
    const RawId blind = blind_address(ports_.keys, workspace, channel, address);
    const auto row = rows_.get(fold_rows::id_key(partition_, 'A', blind));
    if (!row) return row.error();
    if (!*row) return std::nullopt;
    ByteReader in(**row);
    return in.id_of<SubjectId>();
  }

  // ---- FencedWriter::Listener ----

  void on_accepted(Offset offset, const Folded& folded, const LogState& after,
                   std::optional<Ticket> ticket) override {
    applied_ = after;
    ++unflushed_;
    post_write();
    if (folded.verdict != Verdict::accepted_envelope) return;
    const auto flight = ticket ? flights_.find(*ticket) : flights_.end();
    if (flight == flights_.end() || flight->second.dropped) {
      caught_up(offset, folded.record.body, flight == flights_.end() ? nullptr : &flight->second);
    } else {
      certain(offset, flight->first, flight->second);
    }
    if (flight != flights_.end()) {
      finish(flight->second);
      flights_.erase(flight);
    }
    if (ticket) {
      settled_ = std::max(settled_, *ticket);
      release_no_events();
    }
  }

  void on_void(Offset, const LogState& after) override {
    applied_ = after;
    post_write();
  }

  void on_owning() override {
    write_certain();
    if (health_ == OwnerHealth::stopped) return;
    health_ = OwnerHealth::owning;
    reason_.clear();
    next_timer_ = {};
    timers_from_ = {};
    publish_all();
    resume_owed();
    tick();  // what fell due while nobody owned comes first
    auto waiting = std::exchange(waiting_, {});
    for (auto& [request, answer] : waiting) handle(std::move(request), std::move(answer));
  }

  void on_doubt() override {
    // Certain rows are in the batch or the store; everything held beyond them is speculation.
    write_certain();
    rows_.drop();
    drop_states();
    for (auto& [ticket, flight] : flights_) flight.dropped = true;
    if (health_ == OwnerHealth::owning) health_ = OwnerHealth::starting;
    auto open = std::exchange(no_events_, {});
    for (auto& wait : open)
      wait.answer(
          unavailable("owner.doubt", "the log did not confirm in time; send it again with the same key"));
  }

  void on_never(Ticket ticket) override {
    const auto flight = flights_.find(ticket);
    if (flight == flights_.end()) return;
    for (Waiter& waiter : flight->second.waiters)
      waiter.answer(unavailable("command.not_done", "not done; the same key may be sent again"));
    forget_command(flight->second, ticket);
    flights_.erase(flight);
  }

  void on_deposed() override {
    health_ = OwnerHealth::deposed;
    reason_ = "another owner claimed the partition";
    answer_all_waiting(unavailable("owner.deposed",
                                   "another node owns this partition now; send it again with the same key"));
  }

  void on_read_only() override {
    health_ = OwnerHealth::read_only;
    reason_ = "no space for the log";
    answer_all_waiting(
        Error{Errc::read_only, "log.read_only", "the disk has no space for the log; reading goes on"});
  }

  void on_stopped(const Error& error) override { halt(error); }

 private:
  struct Waiter {
    Answer answer;
    bool first = false;
    std::uint64_t fingerprint = 0;
    std::optional<std::pair<Channel, std::string>> sender;  ///< of an inbound, to tell its subject
    std::shared_ptr<Request> request;  ///< kept where a forwarded message goes on with it
  };
  struct Flight {
    std::optional<CommandId> command;
    std::uint64_t fingerprint = 0;
    Envelope envelope;  ///< sealed
    std::vector<RowChange> changes;
    std::vector<Waiter> waiters;
    bool dropped = false;
    std::optional<Result<Outcome>> outcome;
  };
  /// An answer without events: it may go out when all it was decided on is certain.
  struct NoEvents {
    Ticket after = 0;
    Answer answer;
    Result<Outcome> result;
  };

  // ---- from a request to an envelope ----

  void handle(Request request, Answer answer) {
    if (request.command) {
      const auto flying = commands_.find(*request.command);
      if (flying != commands_.end()) {
        const auto flight = flights_.find(flying->second);
        PARLANCE_ASSERT(flight != flights_.end(), "a command in flight has a flight");
        if (reused(request.fingerprint, flight->second.fingerprint)) return answer(key_reused());
        flight->second.waiters.push_back(waiter_of(std::move(request), std::move(answer), false));
        return;
      }
      const auto row = ports_.fold.get(fold_rows::id_key(partition_, 'C', *request.command));
      if (!row) return answer(row.error());
      if (*row) {
        ByteReader in(**row);
        return replay(std::move(request), in.le<Offset>(), std::move(answer));
      }
    }
    const Instant now = std::max(ports_.clock.now(), last_recorded_);
    Draft draft;
    const Result<void> decided = decide(request, now, draft);
    if (!decided) return answer_without_events(std::move(answer), decided.error());
    if (draft.events.empty() && !request.command) {
      Outcome outcome;
      outcome.stream = draft.stream;
      outcome.version = draft.version;
      if (draft.stream.category == Category::conversation) outcome.ticket_number = number_of(draft.stream);
      return answer_without_events(std::move(answer), std::move(outcome));
    }
    propose(std::move(request), std::move(draft), now, std::move(answer));
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

    std::vector<VaultRow> vault = std::move(draft.rows);
    std::vector<std::optional<Identity>> identities;
    std::uint16_t number = 0;
    std::optional<Error> failed;
    std::unordered_map<StreamId, Version> versions;
    for (DraftEvent& event : draft.events) {
      each_personal(event.body, [&](auto& field) {
        if (failed) return;
        auto row = ports_.door.seal(request.workspace, CapsuleId{envelope.id, number++}, field);
        if (row)
          vault.push_back(std::move(*row));
        else
          failed = row.error();
      });
      if (failed) return answer_without_events(std::move(answer), *failed);
      auto version = versions.find(event.stream);
      if (version == versions.end()) {
        const auto held = version_of(event.stream);
        if (!held) return answer(held.error());
        version = versions.emplace(event.stream, *held).first;
      }
      const Instant at =
          std::visit([&](const auto& category) { return occurred(category, now); }, event.body);
      envelope.events.push_back({event.stream, ++version->second, at, std::move(event.body)});
      identities.push_back(std::move(event.identity));
    }

    const Ticket ticket = writer_->propose(encode_envelope(envelope), kinds_of(envelope), std::move(vault));
    last_recorded_ = now;
    last_ticket_ = ticket;
    Flight flight;
    auto changes = apply(envelope, identities, draft.preview, ticket);
    if (!changes) return halt(changes.error());
    flight.changes = std::move(*changes);
    flight.command = request.command;
    flight.fingerprint = request.fingerprint;
    flight.envelope = std::move(envelope);
    if (request.command) commands_.emplace(*request.command, ticket);
    flight.waiters.push_back(waiter_of(std::move(request), std::move(answer), true));
    flights_.emplace(ticket, std::move(flight));
  }

  static Waiter waiter_of(Request request, Answer answer, bool first) {
    Waiter waiter{std::move(answer), first, request.fingerprint, std::nullopt, nullptr};
    if (const auto* arrive = std::get_if<Arrive>(&request.action)) {
      waiter.sender.emplace(arrive->channel, arrive->address);
      waiter.request = std::make_shared<Request>(std::move(request));
    } else if (std::holds_alternative<AddIdentity>(request.action)) {
      waiter.request = std::make_shared<Request>(std::move(request));
    }
    return waiter;
  }

  [[nodiscard]] static bool reused(std::uint64_t now, std::uint64_t then) {
    return now != 0 && then != 0 && now != then;
  }
  [[nodiscard]] static Error key_reused() {
    return invalid("command.key_reused", "this Idempotency-Key came before with another body");
  }

  // ---- deciding ----

  [[nodiscard]] Result<void> decide(Request& request, Instant now, Draft& draft) {
    return std::visit([&](auto& action) { return on(request, action, now, draft); }, request.action);
  }

  [[nodiscard]] Result<void> on(Request& request, Arrive& arrive, Instant now, Draft& draft) {
    auto subject = find_subject(request.workspace, arrive.channel, arrive.address);
    if (!subject) return subject.error();
    intake::State known;
    if (*subject) {
      auto listed = known_of(**subject, request.slot, known);
      if (!listed) return listed;
    }
    if (!arrive.ignore_thread) {
      auto threaded = thread_of(arrive, request.slot, known);
      if (!threaded) return threaded;
    } else {
      std::erase_if(known.known, [](const intake::Known& k) { return !k.state; });
    }
    const auto decision = intake::decide(known, {arrive.channel, arrive.store, request.slot, arrive.at});
    const bool unknown = !subject->has_value();
    const SubjectId sender =
        unknown ? SubjectId::from(make_raw_id(now, request.slot, ports_.random.id128())) : **subject;
    Identity identity{sender, arrive.channel, arrive.account, arrive.address, arrive.content.sender_name, {}};

    if (const auto* forward = std::get_if<intake::Forward>(&decision)) {
      auto author = author_in(request.workspace, forward->conversation, sender, draft);
      if (!author) return author.error();
      draft.stream = door_stream(request.workspace, request.slot);
      draft.events.push_back({draft.stream,
                              intake::Event{intake::MessageForwarded{
                                  forward->conversation, *author,
                                  Personal<Identity>(identity, *author, FieldClass::contact), arrive.at}},
                              identity});
      return {};
    }

    conversation::State state;
    ConversationId id;
    const adoption::Body* adopted = nullptr;
    if (auto body = adopted_body(request.workspace))
      adopted = *body;
    else
      return body.error();
    Preview preview;
    if (const auto* join = std::get_if<intake::Join>(&decision)) {
      id = join->conversation;
      draft.stream = {Category::conversation, id};
      auto held = conversations_.load(draft.stream);
      if (!held) return held.error();
      state = (*held)->state;
      auto before = preview_of_conversation(request.workspace, **held);
      if (!before) return before.error();
      preview = std::move(*before);
    } else {
      id = ConversationId::from(make_raw_id(now, request.slot, ports_.random.id128()));
      draft.stream = {Category::conversation, id};
      auto requester = author_in(request.workspace, id, sender, draft);
      if (!requester) return requester.error();
      auto number = next_number(request.workspace, request.slot);
      if (!number) return number.error();
      conversation::Open open;
      open.requester = *requester;
      open.channel = arrive.channel;
      open.identity = identity;
      open.store = arrive.store;
      open.language = arrive.language;
      open.queue = adopted != nullptr && !adopted->queues.empty() ? adopted->queues.front().id : QueueId{};
      open.number = *number;
      open.at = arrive.at;
      auto opened = add(draft, state, open, identity);
      if (!opened) return opened;
      preview = {identity.name, arrive.content.subject_line, {}, arrive.account};
    }
    conversation::Receive receive;
    auto author = author_in(request.workspace, id, sender, draft);
    if (!author) return author.error();
    receive.author = *author;
    if (*author != state.requester &&
        std::ranges::find(state.participants, *author) == state.participants.end())
      receive.joins = identity;
    receive.channel = arrive.channel;
    return add_receive(draft, state, std::move(receive), std::move(preview), arrive.language,
                       std::move(arrive.content), std::move(arrive.attachments), arrive.at, adopted,
                       request.slot, now);
  }

  [[nodiscard]] Result<void> on(Request& request, ReceiveForwarded& forwarded, Instant now, Draft& draft) {
    draft.stream = {Category::conversation, forwarded.conversation};
    auto held = here(request.workspace, draft.stream);
    if (!held) return held.error();
    conversation::State state = (*held)->state;
    if (is_erased(request.workspace, state.requester))
      return Error{Errc::not_found, "conversation.not_found", "the conversation is erased"};
    auto adopted = adopted_body(request.workspace);
    if (!adopted) return adopted.error();
    auto preview = preview_of_conversation(request.workspace, **held);
    if (!preview) return preview.error();
    conversation::Receive receive;
    receive.author = forwarded.author;
    if (forwarded.author != state.requester &&
        std::ranges::find(state.participants, forwarded.author) == state.participants.end())
      receive.joins = forwarded.identity;
    receive.channel = forwarded.identity.channel;
    return add_receive(draft, state, std::move(receive), std::move(*preview), forwarded.language,
                       forwarded.content, forwarded.attachments, forwarded.at, *adopted, request.slot, now);
  }

  [[nodiscard]] Result<void> add_receive(Draft& draft, conversation::State& state,
                                         conversation::Receive receive, Preview preview, Language language,
                                         MessageContent content, Attachments attachments, Instant at,
                                         const adoption::Body* adopted, Slot slot, Instant now) {
    if (auto fired = fire_due(draft, state, now); !fired) return fired;
    receive.id = MessageId::from(make_raw_id(now, slot, ports_.random.id128()));
    receive.language = language;
    preview.text = preview_of(content.text.empty() ? content.subject_line : content.text);
    if (preview.subject_line.empty()) preview.subject_line = preview_of(content.subject_line, 300);
    receive.preview = preview;
    receive.content = std::move(content);
    receive.attachments = std::move(attachments);
    receive.at = at;
    receive.adopted = adopted;
    draft.preview = std::move(preview);
    const auto joins = receive.joins;
    return add(draft, state, std::move(receive), joins);
  }

  [[nodiscard]] Result<void> on(Request& request, OpenByAgent& open, Instant now, Draft& draft) {
    auto subject = find_subject(request.workspace, open.channel, open.address);
    if (!subject) return subject.error();
    auto adopted = adopted_body(request.workspace);
    if (!adopted) return adopted.error();
    if (open.queue && *adopted != nullptr && !(*adopted)->knows(open.queue))
      return refused("queue.unknown", "no queue of that id");
    const SubjectId whom =
        subject->value_or(SubjectId::from(make_raw_id(now, request.slot, ports_.random.id128())));
    const auto id = ConversationId::from(make_raw_id(now, request.slot, ports_.random.id128()));
    draft.stream = {Category::conversation, id};
    Identity identity{whom, open.channel, open.account, open.address, open.content.sender_name, {}};
    auto requester = author_in(request.workspace, id, whom, draft);
    if (!requester) return requester.error();
    auto number = next_number(request.workspace, request.slot);
    if (!number) return number.error();
    conversation::Open opening;
    opening.requester = *requester;
    opening.channel = open.channel;
    opening.identity = identity;
    opening.store = open.store;
    opening.queue = open.queue                                           ? open.queue
                    : *adopted != nullptr && !(*adopted)->queues.empty() ? (*adopted)->queues.front().id
                                                                         : QueueId{};
    opening.number = *number;
    opening.by_agent = true;
    opening.at = open.at;
    conversation::State state;
    if (auto opened = add(draft, state, opening, identity); !opened) return opened;
    if (open.content.text.empty() && open.attachments.empty()) return {};
    conversation::Reply reply;
    reply.id = MessageId::from(make_raw_id(now, request.slot, ports_.random.id128()));
    reply.agent = open.agent;
    reply.preview = {identity.name, preview_of(open.content.subject_line, 300), preview_of(open.content.text),
                     open.account};
    draft.preview = reply.preview;
    open.content.sender_name.clear();
    reply.content = std::move(open.content);
    reply.attachments = std::move(open.attachments);
    reply.at = open.at;
    return add(draft, state, std::move(reply), std::nullopt);
  }

  [[nodiscard]] Result<void> on(Request& request, OnConversation& action, Instant now, Draft& draft) {
    draft.stream = {Category::conversation, action.conversation};
    const bool tick = std::holds_alternative<conversation::Tick>(action.command);
    auto held = tick ? conversations_.load(draft.stream) : here(request.workspace, draft.stream);
    if (!held) return held.error();
    if (tick) request.workspace = (*held)->workspace;
    draft.version = (*held)->version;
    if (request.if_match && *request.if_match != draft.version)
      return Error{Errc::version_conflict, "stream.version_conflict", std::to_string(draft.version)};
    conversation::State state = (*held)->state;
    std::optional<Preview> before;
    if (std::holds_alternative<conversation::Reply>(action.command)) {
      auto opened = preview_of_conversation(request.workspace, **held);
      if (!opened) return opened.error();
      before = std::move(*opened);
    }
    auto adopted = adopted_body(request.workspace);
    if (!adopted) return adopted.error();
    if (!tick)
      if (auto fired = fire_due(draft, state, now); !fired) return fired;
    return std::visit(
        [&](auto& command) -> Result<void> {
          if constexpr (requires { command.adopted; }) command.adopted = *adopted;
          if constexpr (requires { command.id; })
            command.id = MessageId::from(make_raw_id(now, request.slot, ports_.random.id128()));
          if constexpr (requires { command.preview; }) {
            before->text = preview_of(command.content.text);
            command.preview = *before;
            draft.preview = std::move(before);
          }
          return add(draft, state, command, std::nullopt);
        },
        action.command);
  }

  [[nodiscard]] Result<void> on(Request& request, CreateSubject& create, Instant, Draft& draft) {
    draft.stream = {Category::subject, create.subject};
    auto held = subjects_.load(draft.stream);
    if (!held) return held.error();
    draft.version = (*held)->version;
    if ((*held)->state.exists) return {};
    auto row = ports_.door.make_row(request.workspace, RowKind::subject, create.subject, {});
    if (!row) return row.error();
    auto events =
        subject::decide((*held)->state, subject::Create{row->reference, create.identity, create.at});
    if (!events) return events.error();
    draft.rows.push_back(std::move(row->stored));
    for (auto& event : *events)
      draft.events.push_back({draft.stream, AnyEvent{std::move(event)}, create.identity});
    return {};
  }

  [[nodiscard]] Result<void> on(Request& request, AddIdentity& add_identity, Instant, Draft& draft) {
    draft.stream = {Category::subject, add_identity.subject};
    auto held = subjects_.load(draft.stream);
    if (!held) return held.error();
    if ((*held)->state.exists && (*held)->workspace != request.workspace)
      return Error{Errc::not_found, "subject.not_found", "no customer of that id"};
    draft.version = (*held)->version;
    if (request.if_match && *request.if_match != draft.version)
      return Error{Errc::version_conflict, "stream.version_conflict", std::to_string(draft.version)};
    add_identity.identity.subject = add_identity.subject;
    add_identity.identity.conversations.clear();
    intake::State known;
    if (auto listed = known_of(add_identity.subject, request.slot, known); !listed) return listed;
    for (const intake::Known& k : known.known)
      if (k.state && conversation::is_active(k.state->phase))
        add_identity.identity.conversations.push_back(k.conversation);
    auto events =
        subject::decide((*held)->state, subject::AddIdentity{add_identity.identity, add_identity.at});
    if (!events) return events.error();
    for (auto& event : *events)
      draft.events.push_back({draft.stream, AnyEvent{std::move(event)}, add_identity.identity});
    return {};
  }

  [[nodiscard]] Result<void> on(Request& request, LinkAddress& link, Instant, Draft& draft) {
    draft.stream = door_stream(request.workspace, request.slot);
    auto known = find_subject(request.workspace, link.identity.channel, link.identity.address);
    if (!known) return known.error();
    if (*known == link.identity.subject) return {};
    draft.events.push_back({draft.stream,
                            intake::Event{intake::AddressLinked{
                                Personal<Identity>(link.identity, link.row, FieldClass::contact), link.at}},
                            link.identity});
    return {};
  }

  [[nodiscard]] Result<void> on(Request& request, OnSettings& action, Instant, Draft& draft) {
    draft.stream = settings_stream(request.workspace);
    auto held = settings_.load(draft.stream);
    if (!held) return held.error();
    return on_versioned(request, draft, **held, action.command);
  }

  [[nodiscard]] Result<void> on(Request& request, OnDesk& action, Instant now, Draft& draft) {
    draft.stream = desk_stream(request.workspace);
    auto held = desks_.load(draft.stream);
    if (!held) return held.error();
    const RawId fresh = make_raw_id(now, request.slot, ports_.random.id128());
    if (auto* agent = std::get_if<desk::AddAgent>(&action.command)) {
      if (!agent->id) agent->id = AgentId::from(fresh);
      auto row = ports_.door.make_row(request.workspace, RowKind::agent, agent->id, {});
      if (!row) return row.error();
      agent->row = row->reference;
      draft.rows.push_back(std::move(row->stored));
    } else if (auto* queue = std::get_if<desk::AddQueue>(&action.command); queue != nullptr && !queue->id) {
      queue->id = QueueId::from(fresh);
    } else if (auto* token = std::get_if<desk::IssueToken>(&action.command); token != nullptr && !token->id) {
      token->id = TokenId::from(fresh);
    }
    return on_versioned(request, draft, **held, action.command);
  }

  [[nodiscard]] Result<void> on(Request& request, OnAdoption& action, Instant, Draft& draft) {
    draft.stream = adoption_stream(request.workspace, genesis_.first_slot);
    auto held = adoptions_.load(draft.stream);
    if (!held) return held.error();
    draft.version = (*held)->version;
    auto events = adoption::decide((*held)->state, action.command);
    if (!events) return events.error();
    for (auto& event : *events)
      draft.events.push_back({draft.stream, AnyEvent{adoption::Event{std::move(event)}}, std::nullopt});
    return {};
  }

  template <class Held, class Commands>
  [[nodiscard]] Result<void> on_versioned(const Request& request, Draft& draft, const Held& held,
                                          Commands& commands) {
    draft.version = held.version;
    if (request.if_match && *request.if_match != draft.version)
      return Error{Errc::version_conflict, "stream.version_conflict", std::to_string(draft.version)};
    return std::visit(
        [&](auto& command) -> Result<void> {
          if constexpr (requires(settings::AddTag& tag) { tag = command; })
            if (!command.id)
              command.id = TagId::from(make_raw_id(ports_.clock.now(), request.slot, ports_.random.id128()));
          auto events = decide_in_its_namespace(held.state, command);
          if (!events) return events.error();
          for (auto& event : *events)
            draft.events.push_back({draft.stream, AnyEvent{std::move(event)}, std::nullopt});
          return {};
        },
        commands);
  }
  template <class State, class Command>
  [[nodiscard]] static auto decide_in_its_namespace(const State& state, const Command& command) {
    using desk::decide;
    using settings::decide;
    return decide(state, command);
  }

  /// Decides one conversation command on `state`, adds its events to the draft and evolves `state`.
  [[nodiscard]] Result<void> add(Draft& draft, conversation::State& state, conversation::Command command,
                                 const std::optional<Identity>& identity) {
    auto events = conversation::decide(state, command);
    if (!events) return events.error();
    for (conversation::Event& event : *events) {
      state = conversation::evolve(std::move(state), event);
      const bool carries = std::holds_alternative<conversation::Opened>(event) ||
                           std::holds_alternative<conversation::ParticipantJoined>(event);
      draft.events.push_back({draft.stream, AnyEvent{std::move(event)}, carries ? identity : std::nullopt});
    }
    return {};
  }

  /// Timers that were due before this command came are decided first, in the same envelope.
  [[nodiscard]] Result<void> fire_due(Draft& draft, conversation::State& state, Instant now) {
    if (timers_held_) return {};
    auto due = conversation::timers(state);
    std::ranges::sort(due, {}, &conversation::Timer::due);
    for (const conversation::Timer& timer : due)
      if (timer.due <= now)
        if (auto fired = add(draft, state, conversation::Tick{timer}, std::nullopt); !fired) return fired;
    return {};
  }

  // ---- what decisions are made on ----

  [[nodiscard]] Result<StreamState<conversation::State>*> here(WorkspaceId workspace,
                                                               const StreamId& stream) {
    auto held = conversations_.load(stream);
    if (held && ((*held)->version == 0 || (*held)->workspace != workspace))
      return Error{Errc::not_found, "conversation.not_found", "no conversation of that id"};
    return held;
  }

  [[nodiscard]] Result<const adoption::Body*> adopted_body(WorkspaceId workspace) {
    auto held = adoptions_.load(adoption_stream(workspace, genesis_.first_slot));
    if (!held) return held.error();
    return (*held)->version == 0 ? nullptr : &(*held)->state.body;
  }

  [[nodiscard]] std::uint64_t number_of(const StreamId& stream) {
    auto held = conversations_.load(stream);
    return held ? (*held)->state.number : 0;
  }

  [[nodiscard]] bool is_erased(WorkspaceId workspace, ReferenceId reference) {
    return std::holds_alternative<Erased>(ports_.door.row(workspace, reference));
  }

  /// The conversations of `subject` that the door knows, the newest ones, with the states of those in this slot.
  [[nodiscard]] Result<void> known_of(SubjectId subject, Slot slot, intake::State& out) {
    auto row = rows_.get(fold_rows::id_key(partition_, 'P', subject));
    if (!row) return row.error();
    if (!*row) return {};
    auto listed = fold_rows::read_conversations(**row);
    if (listed.size() > known_conversations_max)
      listed.erase(listed.begin(), listed.end() - static_cast<std::ptrdiff_t>(known_conversations_max));
    for (const fold_rows::Conversation& c : listed) {
      intake::Known known{c.id, c.channel, c.store, std::nullopt};
      if (c.id.slot() == slot) {
        auto held = conversations_.load({Category::conversation, c.id});
        if (!held) return held.error();
        if ((*held)->version == 0 || is_erased((*held)->workspace, (*held)->state.requester)) continue;
        known.state = (*held)->state;
      }
      out.known.push_back(std::move(known));
    }
    return {};
  }

  [[nodiscard]] Result<void> thread_of(const Arrive& arrive, Slot slot, intake::State& out) {
    out.thread = arrive.thread;
    if (!out.thread && arrive.in_reply_to) {
      const auto row = ports_.fold.get(fold_rows::id_key(partition_, 'C', *arrive.in_reply_to));
      if (!row) return row.error();
      if (*row) {
        ByteReader in(**row);
        auto envelope = read_envelope(in.le<Offset>());
        if (!envelope) return envelope.error();
        for (const StreamEvent& event : envelope->events) {
          if (event.stream.category == Category::conversation)
            out.thread = ConversationId::from(event.stream.id);
          if (const auto* door = std::get_if<intake::Event>(&event.body))
            if (const auto* forwarded = std::get_if<intake::MessageForwarded>(door))
              out.thread = forwarded->to;
        }
      }
    }
    if (out.thread && out.thread->slot() == slot) {
      auto held = conversations_.load({Category::conversation, *out.thread});
      if (!held) return held.error();
      if ((*held)->version != 0 && !is_erased((*held)->workspace, (*held)->state.requester))
        out.thread_state = (*held)->state;
    }
    return {};
  }

  /// The reference under which `subject` writes in `conversation`; made, and known to the draft, if there is none yet.
  [[nodiscard]] Result<ReferenceId> author_in(WorkspaceId workspace, ConversationId conversation,
                                              SubjectId subject, Draft& draft) {
    if (drafted_author_ && drafted_author_->first == std::pair(conversation, subject) && !draft.rows.empty())
      return drafted_author_->second;
    auto row = rows_.get(fold_rows::ids_key(partition_, 'R', conversation, subject));
    if (!row) return row.error();
    if (*row) {
      ByteReader in(**row);
      return in.id_of<ReferenceId>();
    }
    auto made = ports_.door.make_row(workspace, RowKind::author, subject, conversation);
    if (!made) return made.error();
    draft.rows.push_back(std::move(made->stored));
    drafted_author_ = {{conversation, subject}, made->reference};
    return made->reference;
  }

  [[nodiscard]] Result<std::uint64_t> next_number(WorkspaceId workspace, Slot slot) {
    auto row = rows_.get(fold_rows::number_key(partition_, workspace, slot));
    if (!row) return row.error();
    std::uint64_t counter = 0;
    if (*row) counter = ByteReader(**row).le<std::uint64_t>();
    return (counter + 1) * 256 + slot;
  }

  [[nodiscard]] Result<Preview> preview_of_conversation(WorkspaceId workspace,
                                                        StreamState<conversation::State>& held) {
    if (held.preview) return *held.preview;
    if (!held.state.preview) {
      // Opened by an agent without a text: the opening's identity is all there is to show, and the next preview says it.
      return Preview{};
    }
    auto opened =
        ports_.door.open<Preview>(engine_principal, Purpose::engine, workspace, *held.state.preview);
    if (auto* value = std::get_if<Preview>(&opened)) return std::move(*value);
    if (std::holds_alternative<Erased>(opened)) return Preview{};
    return std::get<Unavailable>(opened).error;
  }

  [[nodiscard]] Result<Version> version_of(const StreamId& stream) {
    const auto version = [](auto held) -> Result<Version> {
      if (!held) return held.error();
      return (*held)->version;
    };
    switch (stream.category) {
      case Category::conversation: return version(conversations_.load(stream));
      case Category::subject: return version(subjects_.load(stream));
      case Category::settings: return version(settings_.load(stream));
      case Category::desk: return version(desks_.load(stream));
      case Category::adoption: return version(adoptions_.load(stream));
      case Category::door: return version(doors_.load(stream));
      case Category::none: break;
    }
    return corrupt("stream.category", "an event of no category");
  }

  // ---- folding an envelope into rows: the same at the decision and when catching up ----

  [[nodiscard]] Result<std::vector<RowChange>> apply(const Envelope& envelope,
                                                     const std::vector<std::optional<Identity>>& identities,
                                                     const std::optional<Preview>& preview, Ticket ticket) {
    std::vector<RowChange> changes;
    std::vector<StreamId> touched;
    for (std::size_t i = 0; i < envelope.events.size(); ++i) {
      const StreamEvent& event = envelope.events[i];
      if (std::ranges::find(touched, event.stream) == touched.end()) touched.push_back(event.stream);
      auto applied = std::visit(
          [&](const auto& body) { return apply_event(envelope, event, body, changes, ticket); }, event.body);
      if (!applied) return applied.error();
      if (i < identities.size() && identities[i])
        if (auto linked = apply_identity(envelope.workspace, event, *identities[i], changes, ticket); !linked)
          return linked.error();
    }
    for (const StreamId& stream : touched) {
      auto row = row_of(stream, preview, ticket);
      if (!row) return row.error();
      changes.push_back({fold_rows::stream_key(partition_, stream), std::move(*row)});
    }
    return changes;
  }

  template <class Held>
  static void touch(Held& held, const Envelope& envelope, const StreamEvent& event, Ticket ticket) {
    held.workspace = envelope.workspace;
    held.version = event.version;
    held.ticket = ticket;
  }

  [[nodiscard]] Result<void> apply_event(const Envelope& envelope, const StreamEvent& event,
                                         const conversation::Event& body, std::vector<RowChange>& changes,
                                         Ticket ticket) {
    auto loaded = conversations_.load(event.stream);
    if (!loaded) return loaded.error();
    auto& held = **loaded;
    const auto before = conversation::timers(held.state);
    held.state = conversation::evolve(std::move(held.state), body);
    held.preview.reset();
    touch(held, envelope, event, ticket);
    const auto after = conversation::timers(held.state);
    for (const auto& timer : before)
      if (std::ranges::find(after, timer) == after.end())
        changes.push_back(
            {fold_rows::timer_key(partition_, timer.due, event.stream, timer.kind), std::nullopt});
    for (const auto& timer : after)
      if (std::ranges::find(before, timer) == before.end()) {
        changes.push_back({fold_rows::timer_key(partition_, timer.due, event.stream, timer.kind), Bytes{}});
        next_timer_ = std::min(next_timer_, timer.due);
      }
    if (const auto* opened = std::get_if<conversation::Opened>(&body)) {
      const Bytes key = fold_rows::number_key(partition_, envelope.workspace, event.stream.id.slot());
      ByteWriter counter;
      counter.le(opened->number / 256);
      put(changes, key, counter.take(), ticket);
    }
    return {};
  }
  template <class State, class Event>
  [[nodiscard]] Result<void> evolve_plain(StreamStates<State>& states, const Envelope& envelope,
                                          const StreamEvent& event, const Event& body, Ticket ticket) {
    auto loaded = states.load(event.stream);
    if (!loaded) return loaded.error();
    (*loaded)->state = evolve(std::move((*loaded)->state), body);
    touch(**loaded, envelope, event, ticket);
    return {};
  }
  [[nodiscard]] Result<void> apply_event(const Envelope& envelope, const StreamEvent& event,
                                         const subject::Event& body, std::vector<RowChange>& changes,
                                         Ticket ticket) {
    if (std::holds_alternative<subject::Created>(body))
      put(changes, fold_rows::id_key(partition_, 'O', event.stream.id), std::nullopt, ticket);
    return evolve_plain(subjects_, envelope, event, body, ticket);
  }
  [[nodiscard]] Result<void> apply_event(const Envelope& envelope, const StreamEvent& event,
                                         const settings::Event& body, std::vector<RowChange>&,
                                         Ticket ticket) {
    return evolve_plain(settings_, envelope, event, body, ticket);
  }
  [[nodiscard]] Result<void> apply_event(const Envelope& envelope, const StreamEvent& event,
                                         const desk::Event& body, std::vector<RowChange>&, Ticket ticket) {
    return evolve_plain(desks_, envelope, event, body, ticket);
  }
  [[nodiscard]] Result<void> apply_event(const Envelope& envelope, const StreamEvent& event,
                                         const adoption::Event& body, std::vector<RowChange>&,
                                         Ticket ticket) {
    return evolve_plain(adoptions_, envelope, event, body, ticket);
  }
  [[nodiscard]] Result<void> apply_event(const Envelope& envelope, const StreamEvent& event,
                                         const intake::Event&, std::vector<RowChange>&, Ticket ticket) {
    auto loaded = doors_.load(event.stream);
    if (!loaded) return loaded.error();
    touch(**loaded, envelope, event, ticket);
    return {};
  }

  /// The identity map, from the identities that opening, joining, forwarding, linking events carry.
  [[nodiscard]] Result<void> apply_identity(WorkspaceId workspace, const StreamEvent& event,
                                            const Identity& identity, std::vector<RowChange>& changes,
                                            Ticket ticket) {
    const Slot door = slot_of_address(ports_.keys, workspace, identity.channel, identity.address);
    const bool mine = is_mine(door);
    ByteWriter subject;
    subject.id(identity.subject);
    if (mine)
      put(changes,
          fold_rows::id_key(partition_, 'A',
                            blind_address(ports_.keys, workspace, identity.channel, identity.address)),
          subject.take(), ticket);

    std::vector<fold_rows::Conversation> joined;
    ReferenceId reference;
    const Sealed* sealed = nullptr;
    if (const Personal<Identity>* field = identity_of(event.body)) {
      sealed = &field->sealed();
      reference = sealed->reference;
    }
    if (event.stream.category == Category::conversation) {
      auto held = conversations_.load(event.stream);
      if (!held) return held.error();
      joined.push_back({ConversationId::from(event.stream.id), identity.channel, (*held)->state.store});
    } else if (const auto* at_door = std::get_if<intake::Event>(&event.body)) {
      if (const auto* forwarded = std::get_if<intake::MessageForwarded>(at_door))
        joined.push_back({forwarded->to, identity.channel,
                          store_id(ports_.keys, workspace, identity.channel, identity.account)});
      else
        for (const ConversationId id : identity.conversations)
          joined.push_back(
              {id, identity.channel, store_id(ports_.keys, workspace, identity.channel, identity.account)});
    }
    if (joined.empty()) return {};
    const Bytes list_key = fold_rows::id_key(partition_, 'P', identity.subject);
    auto row = rows_.get(list_key);
    if (!row) return row.error();
    const auto known = *row ? fold_rows::read_conversations(**row) : std::vector<fold_rows::Conversation>{};
    ByteWriter list;
    if (*row) list.raw(**row);
    for (const fold_rows::Conversation& c : joined) {
      if (std::ranges::find(known, c.id, &fold_rows::Conversation::id) == known.end())
        fold_rows::write_conversation(list, c);
      if (std::holds_alternative<intake::Event>(event.body) &&
          std::holds_alternative<intake::AddressLinked>(std::get<intake::Event>(event.body)))
        continue;
      ByteWriter ref;
      ref.id(reference);
      put(changes, fold_rows::ids_key(partition_, 'R', c.id, identity.subject), ref.take(), ticket);
    }
    put(changes, list_key, list.take(), ticket);

    // The person's own first event is a command of its own, never in one envelope with a conversation.
    if (!is_mine(identity.subject.slot()) || sealed == nullptr || identity.subject.slot() != door) return {};
    auto person = subjects_.load({Category::subject, identity.subject});
    if (!person) return person.error();
    if ((*person)->state.exists) return {};
    ByteWriter owed;
    owed.id(workspace);
    write_row(owed, *sealed);
    put(changes, fold_rows::id_key(partition_, 'O', identity.subject), owed.take(), ticket);
    return {};
  }

  void put(std::vector<RowChange>& changes, Bytes key, std::optional<Bytes> value, Ticket ticket) {
    rows_.put(key, value, ticket);
    changes.push_back({std::move(key), std::move(value)});
  }

  [[nodiscard]] Result<Bytes> row_of(const StreamId& stream, const std::optional<Preview>& preview,
                                     Ticket ticket) {
    const auto row = [&](auto& states) -> Result<Bytes> {
      auto held = states.load(stream);
      if (!held) return held.error();
      (*held)->ticket = ticket;
      if (stream.category == Category::conversation && preview) (*held)->preview = preview;
      return states.row(**held);
    };
    switch (stream.category) {
      case Category::conversation: return row(conversations_);
      case Category::subject: return row(subjects_);
      case Category::settings: return row(settings_);
      case Category::desk: return row(desks_);
      case Category::adoption: return row(adoptions_);
      case Category::door: return row(doors_);
      case Category::none: break;
    }
    return corrupt("stream.category", "an event of no category");
  }

  [[nodiscard]] bool is_mine(Slot slot) const {
    return slot >= genesis_.first_slot && slot < genesis_.first_slot + genesis_.slots;
  }

  // ---- when records are certain ----

  /// One of ours, as it was decided.
  void certain(Offset offset, Ticket ticket, Flight& flight) {
    add_index_rows(flight.envelope, offset, flight.changes);
    for (RowChange& change : flight.changes) pending_.emplace_back(std::move(change), ticket);
    after_certain(flight.envelope, offset);
    flight.outcome = outcome_of(flight.envelope, offset);
  }

  /// Another run's or owner's, or one whose speculation was dropped: folded from its bytes.
  void caught_up(Offset offset, ByteView body, Flight* flight) {
    auto envelope = decode_envelope(body);
    if (!envelope) {
      if (envelope.error().code == Errc::newer) return halt(envelope.error());
      ++quarantined_;
      if (flight != nullptr) flight->outcome = Result<Outcome>(envelope.error());
      return;
    }
    write_certain();  // what follows reads certain rows
    std::vector<std::optional<Identity>> identities;
    for (const StreamEvent& event : envelope->events) {
      std::optional<Identity> identity;
      if (const Personal<Identity>* field = identity_of(event.body)) {
        auto opened = ports_.door.open<Identity>(engine_principal, Purpose::engine, envelope->workspace,
                                                 field->sealed());
        if (auto* value = std::get_if<Identity>(&opened)) identity = std::move(*value);
        if (const auto* closed = std::get_if<Unavailable>(&opened))
          return halt(closed->error);  // never a blank
      }
      identities.push_back(std::move(identity));
    }
    auto changes = apply(*envelope, identities, std::nullopt, settled_);
    if (!changes) return halt(changes.error());
    add_index_rows(*envelope, offset, *changes);
    for (RowChange& change : *changes) pending_.emplace_back(std::move(change), settled_);
    last_recorded_ = std::max(last_recorded_, envelope->recorded_at);
    if (health_ == OwnerHealth::owning) after_certain(*envelope, offset);
    if (flight != nullptr) flight->outcome = outcome_of(*envelope, offset);
  }

  void add_index_rows(const Envelope& envelope, Offset offset, std::vector<RowChange>& changes) const {
    if (envelope.command) {
      ByteWriter at;
      at.le(offset);
      changes.push_back({fold_rows::id_key(partition_, 'C', *envelope.command), at.take()});
    }
    for (std::size_t i = 0; i < envelope.events.size(); ++i) {
      const StreamEvent& event = envelope.events[i];
      changes.push_back({fold_rows::history_key(partition_, event.stream, event.version),
                         fold_rows::write_entry({event.version, kind_of(event.body), event.occurred_at,
                                                 envelope.recorded_at, envelope.actor, offset,
                                                 static_cast<std::uint16_t>(i)})});
    }
  }

  /// What follows from an envelope that is certain.
  void after_certain(const Envelope& envelope, Offset) {
    bool publish = false;
    for (const StreamEvent& event : envelope.events) {
      publish =
          publish || event.stream.category == Category::settings || event.stream.category == Category::desk;
      if (event.stream.category == Category::conversation || event.stream.category == Category::door)
        if (const Personal<Identity>* field = identity_of(event.body))
          owe_.emplace_back(envelope.workspace, field->sealed());
    }
    if (publish) this->publish(envelope.workspace);
    if (!owe_.empty()) post_owed();
  }

  void finish(Flight& flight) {
    if (flight.command) commands_.erase(*flight.command);
    if (!flight.outcome) return;
    for (Waiter& waiter : flight.waiters)
      deferred_.push_back({std::move(waiter), *flight.outcome, flight.envelope.id});
    flight.waiters.clear();
    post_write();
  }

  void forget_command(const Flight& flight, Ticket ticket) {
    if (!flight.command) return;
    const auto it = commands_.find(*flight.command);
    if (it != commands_.end() && it->second == ticket) commands_.erase(it);
  }

  /// Certain rows go down in one batch a turn, before anybody is answered.
  void post_write() {
    if (write_posted_) return;
    write_posted_ = true;
    ports_.executor.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (alive.expired()) return;
      write_posted_ = false;
      write_certain();
    });
  }

  void write_certain() {
    if (applied_) {
      std::vector<RowChange> batch;
      batch.reserve(pending_.size() + 1);
      for (const auto& [change, ticket] : pending_) batch.push_back(change);
      ByteWriter meta;
      meta.raw(encode_log_state(*applied_)).le(last_recorded_.ms).le(state_rows_version);
      batch.push_back({fold_rows::key(partition_, 'M'), meta.take()});
      const auto written = ports_.fold.write(batch);
      if (!written) return halt(written.error());
      for (const auto& [change, ticket] : pending_) rows_.written(change.key, ticket);
      pending_.clear();
      applied_.reset();
      conversations_.evict(settled_);
      subjects_.evict(settled_);
    }
    auto deferred = std::exchange(deferred_, {});
    for (Deferred& d : deferred) answer_certain(std::move(d.waiter), std::move(d.outcome), d.envelope);
  }

  struct Deferred {
    Waiter waiter;
    Result<Outcome> outcome;
    EnvelopeId envelope;
  };

  /// Answers one who waited for an envelope that is certain now, or goes on with what follows from it.
  void answer_certain(Waiter waiter, Result<Outcome> result, EnvelopeId cause) {
    if (!result) return waiter.answer(std::move(result));
    Outcome outcome = std::move(*result);
    outcome.replayed = !waiter.first;
    if (outcome.stream.category == Category::conversation) outcome.ticket_number = number_of(outcome.stream);
    if (waiter.sender) {
      auto subject = find_subject_of(outcome, *waiter.sender);
      if (subject) outcome.subject = *subject;
    }
    if (outcome.stream.category == Category::door && waiter.request)
      return go_on_forwarding(std::move(waiter), std::move(outcome), cause);
    if (outcome.stream.category == Category::subject && waiter.request)
      return go_on_linking(std::move(waiter), std::move(outcome), cause);
    waiter.answer(std::move(outcome));
  }

  [[nodiscard]] std::optional<SubjectId> find_subject_of(const Outcome& outcome,
                                                         const std::pair<Channel, std::string>& sender) {
    auto found = find_subject(workspace_of(outcome.stream), sender.first, sender.second);
    return found ? *found : std::nullopt;
  }
  [[nodiscard]] WorkspaceId workspace_of(const StreamId& stream) {
    if (stream.category == Category::conversation) {
      auto held = conversations_.load(stream);
      return held ? (*held)->workspace : WorkspaceId{};
    }
    auto held = doors_.load(stream);
    return held ? (*held)->workspace : WorkspaceId{};
  }

  /// The door has recorded where the message goes: now it goes there. Its command id follows from that envelope, so a repeat,
  /// or a retry after a crash, meets the same message.
  void go_on_forwarding(Waiter waiter, Outcome door, EnvelopeId cause) {
    auto envelope = read_envelope(door.positions.front().offset);
    if (!envelope) return waiter.answer(envelope.error());
    const intake::MessageForwarded* forwarded = nullptr;
    for (const StreamEvent& event : envelope->events)
      if (const auto* body = std::get_if<intake::Event>(&event.body))
        if (const auto* found = std::get_if<intake::MessageForwarded>(body)) forwarded = found;
    if (forwarded == nullptr)
      return waiter.answer(corrupt("door.no_decision", "the door's envelope holds no decision"));
    auto identity = ports_.door.open<Identity>(engine_principal, Purpose::engine, envelope->workspace,
                                               forwarded->identity.sealed());
    if (const auto* closed = std::get_if<Unavailable>(&identity)) return waiter.answer(closed->error);
    const std::shared_ptr<Request> original = waiter.request;
    const Arrive& arrive = std::get<Arrive>(original->action);
    if (std::holds_alternative<Erased>(identity)) return fall_back(std::move(waiter), cause, std::move(door));
    Request next;
    next.workspace = envelope->workspace;
    next.slot = forwarded->to.slot();
    next.command = derive_id(ports_.keys, "forward", cause);
    next.actor = original->actor;
    next.causation = cause;
    next.correlation = envelope->correlation ? envelope->correlation : cause;
    next.action = ReceiveForwarded{forwarded->to,   forwarded->author, std::get<Identity>(identity),
                                   arrive.language, arrive.content,    arrive.attachments,
                                   arrive.at};
    ports_.route(std::move(next), [this, alive = std::weak_ptr<char>(alive_), waiter, cause,
                                   door](Result<Outcome> result) mutable {
      // Answers come on any thread; what goes on here goes on on our executor.
      if (result) {
        result->positions.insert(result->positions.begin(), door.positions.begin(), door.positions.end());
        result->replayed = !waiter.first;
        result->subject = door.subject;
        return waiter.answer(std::move(result));
      }
      const bool final = result.error().code == Errc::refused || result.error().code == Errc::not_found;
      if (!final || alive.expired()) return waiter.answer(std::move(result));
      ports_.executor.post([this, alive, waiter, cause, door]() mutable {
        if (!alive.expired()) fall_back(std::move(waiter), cause, std::move(door));
      });
    });
  }

  /// The chosen conversation takes no message (any more): the door decides again, without it.
  void fall_back(Waiter waiter, EnvelopeId cause, Outcome door) {
    Request again = *waiter.request;
    again.command = derive_id(ports_.keys, "fall back", cause);
    again.fingerprint = 0;
    again.causation = cause;
    std::get<Arrive>(again.action).ignore_thread = true;
    const bool first = waiter.first;
    submit(std::move(again), [answer = std::move(waiter.answer), first,
                              door = std::move(door)](Result<Outcome> result) {
      if (result) {
        result->positions.insert(result->positions.begin(), door.positions.begin(), door.positions.end());
        result->replayed = !first;
      }
      answer(std::move(result));
    });
  }

  /// An address joined a person: the door of that address learns it, unless it is here and knows.
  void go_on_linking(Waiter waiter, Outcome outcome, EnvelopeId cause) {
    const Request& original = *waiter.request;
    const AddIdentity& added = std::get<AddIdentity>(original.action);
    auto held = subjects_.load({Category::subject, added.subject});
    if (!held) return waiter.answer(held.error());
    Request next;
    next.workspace = original.workspace;
    next.slot =
        slot_of_address(ports_.keys, original.workspace, added.identity.channel, added.identity.address);
    next.command = derive_id(ports_.keys, "link", cause);
    next.actor = original.actor;
    next.action = LinkAddress{added.identity, (*held)->state.row, added.at};
    ports_.route(std::move(next), [answer = std::move(waiter.answer),
                                   outcome = std::move(outcome)](Result<Outcome> linked) mutable {
      if (!linked) return answer(std::move(linked));
      outcome.positions.insert(outcome.positions.end(), linked->positions.begin(), linked->positions.end());
      answer(std::move(outcome));
    });
  }

  // ---- repeats and answers without events ----

  void replay(Request request, Offset offset, Answer answer) {
    auto envelope = read_envelope(offset);
    if (!envelope) return answer(envelope.error());
    if (reused(request.fingerprint, envelope->fingerprint)) return answer(key_reused());
    Outcome outcome = outcome_of(*envelope, offset);
    if (outcome.stream.category == Category::none) fill_from_request(request, outcome);
    answer_certain(waiter_of(std::move(request), std::move(answer), false), std::move(outcome), envelope->id);
  }

  /// An empty envelope says nothing of the stream it was about; the repeat does.
  void fill_from_request(const Request& request, Outcome& outcome) {
    if (const auto* on_conversation = std::get_if<OnConversation>(&request.action)) {
      outcome.stream = {Category::conversation, on_conversation->conversation};
      if (auto held = conversations_.load(outcome.stream)) outcome.version = (*held)->version;
    }
  }

  void answer_without_events(Answer answer, Result<Outcome> result) {
    if (ports_.log.exclusive()) {
      // Nobody else can have written: what it was decided on is certain when our last envelope is.
      if (last_ticket_ <= settled_ || flights_.empty()) return answer(std::move(result));
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
              [](Result<Outcome>) {});
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

  void answer_all_waiting(const Error& error) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& [request, answer] : waiting) answer(error);
    auto open = std::exchange(no_events_, {});
    for (NoEvents& n : open) n.answer(error);
  }

  [[nodiscard]] Outcome outcome_of(const Envelope& envelope, Offset offset) const {
    Outcome out;
    out.envelope = envelope.id;
    out.positions.push_back({genesis_.generation, partition_, offset});
    for (const StreamEvent& event : envelope.events) {
      out.stream = event.stream;
      out.version = event.version;
      if (const auto* c = std::get_if<conversation::Event>(&event.body)) {
        if (std::holds_alternative<conversation::Opened>(*c)) out.opened = true;
        if (const auto* m = std::get_if<conversation::MessageReceived>(c)) out.message = m->id;
        if (const auto* m = std::get_if<conversation::Replied>(c)) out.message = m->id;
        if (const auto* m = std::get_if<conversation::NoteAdded>(c)) out.message = m->id;
      } else if (const auto* d = std::get_if<desk::Event>(&event.body)) {
        std::visit([&](const auto& e) { out.made = e.id; }, *d);
      } else if (const auto* s = std::get_if<settings::Event>(&event.body)) {
        if (const auto* tag = std::get_if<settings::TagAdded>(s)) out.made = tag->id;
      }
    }
    return out;
  }

  [[nodiscard]] Result<Envelope> read_envelope(Offset offset) const {
    Result<Envelope> out = corrupt(
        "log.no_record", "no record at " + to_text(Position{genesis_.generation, partition_, offset}));
    auto read = ports_.log.read(partition_, offset, 1, [&](const StoredRecord& record) {
      auto parsed = parse_record(ports_.log.id(), record.bytes);
      if (!parsed)
        out = parsed.error();
      else if (*parsed)
        out = decode_envelope((*parsed)->body);
      return false;
    });
    if (!read) return read.error();
    return out;
  }

  // ---- what is owed after a certain envelope, and after a restart ----

  void post_owed() {
    if (owed_posted_) return;
    owed_posted_ = true;
    ports_.executor.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (alive.expired()) return;
      owed_posted_ = false;
      auto owe = std::exchange(owe_, {});
      for (const auto& [workspace, sealed] : owe) create_subject(workspace, sealed);
    });
  }

  void resume_owed() {
    std::vector<std::pair<WorkspaceId, Sealed>> found;
    const auto scanned = ports_.fold.scan(fold_rows::key(partition_, 'O'),
                                          fold_rows::key(partition_, 'O' + 1), [&](ByteView, ByteView value) {
                                            ByteReader in(value);
                                            const auto workspace = in.id_of<WorkspaceId>();
                                            Sealed sealed;
                                            read_row(in, sealed);
                                            if (in.at_end()) found.emplace_back(workspace, sealed);
                                            return true;
                                          });
    if (!scanned) return halt(scanned.error());
    for (const auto& [workspace, sealed] : found) create_subject(workspace, sealed);
  }

  void create_subject(WorkspaceId workspace, const Sealed& sealed) {
    if (health_ != OwnerHealth::owning) return;
    auto opened = ports_.door.open<Identity>(engine_principal, Purpose::engine, workspace, sealed);
    const auto* identity = std::get_if<Identity>(&opened);
    if (identity == nullptr) return;  // erased since, or owed again at the next start
    if (!is_mine(identity->subject.slot())) return;
    auto held = subjects_.load({Category::subject, identity->subject});
    if (!held || (*held)->state.exists) return;
    Request request;
    request.workspace = workspace;
    request.slot = identity->subject.slot();
    // From the subject's own id, and without a cause: nothing may link a person to a conversation.
    request.command = derive_id(ports_.keys, "create subject", identity->subject);
    request.actor = {ActorKind::system, {}};
    request.action = CreateSubject{identity->subject, *identity, ports_.clock.now()};
    handle(std::move(request), [](Result<Outcome>) {});
  }

  void publish(WorkspaceId workspace) {
    auto settings = settings_.load(settings_stream(workspace));
    auto desk = desks_.load(desk_stream(workspace));
    if (!settings || !desk || !ports_.published) return;
    ports_.published({workspace, (*settings)->version, (*settings)->state, (*desk)->version, (*desk)->state});
  }

  /// After a start: the workspaces whose settings or desk live here.
  void publish_all() {
    std::vector<WorkspaceId> found;
    for (const Category category : {Category::settings, Category::desk}) {
      const Bytes from = fold_rows::stream_key(partition_, {category, {}});
      const Bytes to =
          fold_rows::stream_key(partition_, {static_cast<Category>(static_cast<int>(category) + 1), {}});
      (void)ports_.fold.scan(from, to, [&](ByteView, ByteView value) {
        const auto id = ByteReader(value).id_of<WorkspaceId>();
        if (std::ranges::find(found, id) == found.end()) found.push_back(id);
        return true;
      });
    }
    for (const WorkspaceId id : found) publish(id);
  }

  // ---- start and end ----

  [[nodiscard]] Result<LogState> load_applied() {
    const auto row = ports_.fold.get(fold_rows::key(partition_, 'M'));
    if (!row) return row.error();
    if (!*row) return initial_log_state(ports_.log.id(), partition_);
    ByteReader in(**row);
    auto state = decode_log_state(in.take(log_state_bytes));
    if (!state) return state.error();
    last_recorded_.ms = in.le<std::int64_t>();
    const auto layout = in.le<std::uint32_t>();
    if (!in.at_end() || layout != state_rows_version)
      return corrupt("fold_store.layout", "the fold store has another layout; fold it again from the log");
    return state;
  }

  void drop_states() {
    conversations_.drop();
    subjects_.drop();
    settings_.drop();
    desks_.drop();
    adoptions_.drop();
    doors_.drop();
    drafted_author_.reset();
  }

  void halt(const Error& error) {
    if (health_ == OwnerHealth::stopped) return;
    health_ = OwnerHealth::stopped;
    reason_ = std::string(error.rule) + ": " + error.detail;
    if (writer_) writer_->stop();
    answer_all_waiting(unavailable("owner.stopped", reason_));
    for (auto& [ticket, flight] : flights_)
      for (Waiter& waiter : flight.waiters) waiter.answer(unavailable("owner.stopped", reason_));
    flights_.clear();
    commands_.clear();
  }

  PartitionId partition_;
  Genesis genesis_;
  Ports ports_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unique_ptr<FencedWriter> writer_;
  OwnerHealth health_ = OwnerHealth::starting;
  std::string reason_;

  SpeculativeRows rows_;
  StreamStates<conversation::State> conversations_;
  StreamStates<subject::State> subjects_;
  StreamStates<settings::State> settings_;
  StreamStates<desk::State> desks_;
  StreamStates<adoption::State> adoptions_;
  StreamStates<NoState> doors_;
  /// The reference made by the draft being decided: its row is not among the rows yet.
  std::optional<std::pair<std::pair<ConversationId, SubjectId>, ReferenceId>> drafted_author_;

  std::deque<std::pair<Request, Answer>> waiting_;
  std::map<Ticket, Flight> flights_;
  std::unordered_map<CommandId, Ticket> commands_;
  std::vector<NoEvents> no_events_;
  Ticket last_ticket_ = 0;
  Ticket settled_ = 0;
  bool proof_posted_ = false;

  std::optional<LogState> applied_;
  std::vector<std::pair<RowChange, Ticket>> pending_;
  std::vector<Deferred> deferred_;
  bool write_posted_ = false;
  std::vector<std::pair<WorkspaceId, Sealed>> owe_;
  bool owed_posted_ = false;
  std::uint64_t unflushed_ = 0;
  std::uint64_t quarantined_ = 0;

  Instant last_recorded_;
  Instant next_timer_;
  Instant timers_from_;
  Instant wall_start_;
  std::int64_t boot_start_ms_ = 0;
  bool timers_held_ = false;
};

Owner::Owner(PartitionId partition, Genesis genesis, Ports ports)
    : impl_(std::make_unique<Impl>(partition, genesis, std::move(ports))) {}
Owner::~Owner() = default;
void Owner::start() { impl_->start(); }
void Owner::stop() { impl_->stop(); }
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
