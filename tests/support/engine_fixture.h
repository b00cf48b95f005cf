#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "adapters/memory/memory_keys.h"
#include "adapters/memory/memory_log.h"
#include "adapters/memory/memory_rows.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/speculation.h"
#include "engine/runtime/state_rows.h"
#include "tests/support/manual_executor.h"
#include "tests/support/print.h"
#include "tests/support/seeded_random.h"

/// The write side whole, over ports in memory, for tests that ask it something and look at what it did.
namespace parlance::tests {

inline constexpr Instant fixture_start{1'764'000'000'000};
inline constexpr std::int64_t minute_ms = 60'000;
inline constexpr std::int64_t hour_ms = 60 * minute_ms;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

/// One process: an engine with its own handle on the log. What it shares with others, or finds again after a restart, is given.
struct EngineProcess {
  /// What the engine is given instead of the ports that it would have.
  using Between = std::function<Engine::Ports(Engine::Ports)>;

  EngineProcess(const std::shared_ptr<MemoryLogStorage>& storage, MemoryRows& rows, KeyService& keys,
                VirtualTime& time, std::uint64_t seed, const Between& between = {})
      : log(storage),
        vault(storage),
        executor(time),
        random(seed),
        engine(between ? between(ports(rows, keys, time)) : ports(rows, keys, time)) {}

  MemoryLog log;
  MemoryVault vault;
  ManualExecutor executor;
  SeededRandom random;
  Engine engine;

 private:
  Engine::Ports ports(MemoryRows& rows, KeyService& keys, VirtualTime& time) {
    return {log,
            vault,
            keys,
            *rows.open("fold").value(),
            random,
            time,
            std::vector<Executor*>(log.partitions(), &executor)};
  }
};

/// An answer to come.
class Pending {
 public:
  [[nodiscard]] Answer answer() {
    return [held = held_](Result<Outcome> result) {
      REQUIRE_FALSE(held->has_value());  // answered once
      held->emplace(std::move(result));
    };
  }
  [[nodiscard]] bool answered() const { return held_->has_value(); }
  [[nodiscard]] const Result<Outcome>& result() const {
    REQUIRE(answered());
    return **held_;
  }
  [[nodiscard]] const Outcome& outcome() const {
    REQUIRE(result());
    return *result();
  }
  /// The rule of the error it was answered with; "done" where it was none.
  [[nodiscard]] std::string rule() const { return result() ? "done" : std::string(result().error().rule); }

 private:
  std::shared_ptr<std::optional<Result<Outcome>>> held_ = std::make_shared<std::optional<Result<Outcome>>>();
};

struct EngineFixtureOptions {
  PartitionId partitions = 4;
  bool exclusive = true;
  std::uint64_t seed = 1;
  EngineProcess::Between between{};
};

/// A customer's message.
struct EngineFixtureMessage {
  std::string from = "ada@example.com";
  std::string text = "hello";
  std::string account = "shop";
  Channel channel = Channel::email;
  std::string key{};  ///< empty: none
  std::optional<ConversationId> thread{};
  std::string in_reply_to{};  ///< the key of an earlier message
  std::optional<Instant> at{};
  std::string name = "Ada";
};

class EngineFixture {
 public:
  using Options = EngineFixtureOptions;
  explicit EngineFixture(Options options = {})
      : time(fixture_start),
        keys(options.seed),
        storage(std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({1, options.seed}),
                                                                    .partitions = options.partitions,
                                                                    .exclusive = options.exclusive})),
        workspace(default_workspace(storage->options().id)),
        between_(std::move(options.between)),
        seed_(options.seed) {
    start();
  }

  // ---- the process ----

  void start() {
    process = std::make_unique<EngineProcess>(storage, rows, keys, time, ++seed_ * 1000, between_);
    process->engine.start();
    settle();
  }
  /// Stopped in order and started again.
  void restart() {
    bool stopped = false;
    process->engine.stop([&] { stopped = true; });
    process->executor.run();
    REQUIRE(stopped);
    process.reset();
    start();
  }
  /// Killed: what the fold store had not flushed is gone, and so is what was on its way to the log.
  void crash() {
    process.reset();
    for (const auto& flight : storage->in_flight())
      if (flight.may_land) storage->lose(flight.id);
    rows.lose_unflushed();
    start();
  }
  /// The fold store is lost altogether.
  void crash_and_lose_rows() {
    process.reset();
    REQUIRE(rows.drop("fold"));
    start();
  }
  [[nodiscard]] Engine& engine() { return process->engine; }
  /// Runs what is ready. (On a log that others may write a claim waits a moment first.)
  void settle() {
    if (storage->options().exclusive) {
      process->executor.run();
    } else {
      process->executor.run_for(2 * minute_ms);
    }
  }
  /// Time passes, with ticks on the way.
  void pass(std::int64_t ms, std::int64_t step_ms = 0) {
    const std::int64_t until = time.boot_ms() + ms;
    const std::int64_t step = step_ms > 0 ? step_ms : std::max<std::int64_t>(ms / 20, 1);
    while (time.boot_ms() < until) {
      process->executor.run_for(std::min(step, until - time.boot_ms()));
      process->engine.tick();
      process->executor.run();
    }
  }
  [[nodiscard]] std::vector<OwnerStatus> status() {
    std::vector<OwnerStatus> out;
    engine().status([&](std::vector<OwnerStatus> all) { out = std::move(all); });
    process->executor.run();
    REQUIRE(out.size() == storage->options().partitions);
    return out;
  }

  // ---- asking ----

  [[nodiscard]] Pending send(Request request) {
    Pending pending;
    engine().submit(std::move(request), pending.answer());
    return pending;
  }
  [[nodiscard]] Pending ask(Request request) {
    Pending pending = send(std::move(request));
    settle();
    REQUIRE(pending.answered());
    return pending;
  }
  Outcome done(Request request) { return ask(std::move(request)).outcome(); }

  [[nodiscard]] CommandId key(std::string_view text) { return command_id(keys, workspace, "test", text); }

  using Message = EngineFixtureMessage;
  [[nodiscard]] Request message(const Message& m) {
    Request request;
    request.workspace = workspace;
    request.slot = slot_of_address(keys, workspace, m.channel, m.from);
    if (!m.key.empty()) request.command = key(m.key);
    request.actor = {ActorKind::customer, {}};
    Arrive arrive;
    arrive.channel = m.channel;
    arrive.account = m.account;
    arrive.store = store_id(keys, workspace, m.channel, m.account);
    arrive.address = m.from;
    arrive.thread = m.thread;
    if (!m.in_reply_to.empty()) arrive.in_reply_to = key(m.in_reply_to);
    arrive.content.text = m.text;
    arrive.content.sender_name = m.name;
    arrive.at = m.at.value_or(time.now());
    request.action = std::move(arrive);
    return request;
  }
  template <class Command> [[nodiscard]] Request on(ConversationId id, Command command) {
    Request request;
    request.workspace = workspace;
    request.slot = id.slot();
    request.actor = {ActorKind::agent, agent};
    if constexpr (requires { command.at; })
      if (command.at == Instant{}) command.at = time.now();
    request.action = OnConversation{id, std::move(command)};
    return request;
  }
  [[nodiscard]] Request reply(ConversationId id, std::string text = "dear customer") {
    conversation::Reply command;
    command.agent = agent;
    command.content.text = std::move(text);
    return on(id, std::move(command));
  }
  [[nodiscard]] Request redact(ConversationId id, MessageId message, std::string_view its_key = {}) {
    conversation::Redact command;
    command.message = message;
    Request request = on(id, std::move(command));
    if (!its_key.empty()) request.command = key(its_key);
    return request;
  }
  template <class Command> [[nodiscard]] Request on_settings(Command command) {
    return of_workspace(OnSettings{std::move(command)});
  }
  template <class Command> [[nodiscard]] Request on_desk(Command command) {
    return of_workspace(OnDesk{std::move(command)});
  }
  [[nodiscard]] Request policy(settings::Policy policy) {
    return on_settings(settings::ChangePolicy{policy});
  }
  [[nodiscard]] Request add_identity(SubjectId subject, Channel channel, std::string address,
                                     std::string account = "shop") {
    Request request;
    request.workspace = workspace;
    request.slot = subject.slot();
    request.actor = {ActorKind::agent, agent};
    AddIdentity add;
    add.subject = subject;
    add.identity.channel = channel;
    add.identity.address = std::move(address);
    add.identity.account = std::move(account);
    add.at = time.now();
    request.action = std::move(add);
    return request;
  }
  /// A message that opened or joined.
  Outcome received(const Message& m) { return done(message(m)); }
  ConversationId conversation_of(const Outcome& outcome) {
    REQUIRE(outcome.stream.category == Category::conversation);
    return ConversationId::from(outcome.stream.id);
  }
  ConversationId open(const Message& m = {}) { return conversation_of(received(m)); }
  /// An address whose door is in another slot than `slot` (and, where there are several, another partition).
  [[nodiscard]] std::string address_away_from(Slot slot, std::string_view hint = "guest") {
    for (int i = 0;; ++i) {
      std::string address = std::string(hint) + std::to_string(i) + "@example.com";
      const Slot there = slot_of_address(keys, workspace, Channel::email, address);
      if (there != slot &&
          (storage->options().partitions == 1 || engine().partition_of(there) != engine().partition_of(slot)))
        return address;
    }
  }

  // ---- looking ----

  /// The conversation as the fold store has it: what is certain.
  [[nodiscard]] conversation::State state(ConversationId id) {
    const auto row = fold_store().get(
        fold_rows::stream_key(engine().partition_of(id.slot()), {Category::conversation, id}));
    REQUIRE(row);
    REQUIRE(*row);
    auto held = StreamStates<conversation::State>::parse(**row);
    REQUIRE(held);
    return std::move(held->state);
  }
  [[nodiscard]] RowFamily& fold_store() { return *rows.open("fold").value(); }
  [[nodiscard]] std::vector<RecordedEvent> events(const StreamId& stream) {
    const auto entries = engine().history(stream, 1, 10'000);
    REQUIRE(entries);
    auto out = engine().events(stream, *entries);
    REQUIRE(out);
    return std::move(*out);
  }
  [[nodiscard]] std::vector<RecordedEvent> events(ConversationId id) {
    return events(StreamId{Category::conversation, id});
  }
  /// The events of one kind, of a conversation.
  template <class Event> [[nodiscard]] std::vector<Event> all(ConversationId id) {
    std::vector<Event> out;
    for (const RecordedEvent& e : events(id))
      if (const auto* found = std::get_if<Event>(&std::get<conversation::Event>(e.event.body)))
        out.push_back(*found);
    return out;
  }
  /// What the messages received there say, in order.
  [[nodiscard]] std::vector<std::string> texts(ConversationId id) {
    std::vector<std::string> out;
    for (const auto& m : all<conversation::MessageReceived>(id)) {
      auto opened = engine().door().open<MessageContent>(engine_principal, Purpose::engine, workspace,
                                                         m.content.sealed());
      out.push_back(std::holds_alternative<MessageContent>(opened) ? std::get<MessageContent>(opened).text
                                                                   : "(closed)");
    }
    return out;
  }
  /// Every accepted envelope, partition after partition.
  [[nodiscard]] std::vector<Envelope> envelopes() const {
    std::vector<Envelope> out;
    for (PartitionId p = 0; p < storage->options().partitions; ++p) {
      LogState state = initial_log_state(storage->options().id, p);
      for (Offset at = 0; at < storage->end(p); ++at) {
        const Bytes bytes = storage->bytes(p, at);
        const auto folded = fold(state, at, bytes);
        REQUIRE(folded);
        if (folded->verdict != Verdict::accepted_envelope) continue;
        auto envelope = decode_envelope(folded->record.body);
        REQUIRE(envelope);
        out.push_back(std::move(*envelope));
      }
    }
    return out;
  }
  [[nodiscard]] std::size_t conversations() const {
    std::size_t count = 0;
    for (const Envelope& envelope : envelopes())
      for (const StreamEvent& event : envelope.events)
        if (const auto* c = std::get_if<conversation::Event>(&event.body))
          count += std::holds_alternative<conversation::Opened>(*c) ? 1 : 0;
    return count;
  }
  /// All rows of the fold store.
  [[nodiscard]] std::vector<std::pair<Bytes, Bytes>> stored_rows() {
    std::vector<std::pair<Bytes, Bytes>> out;
    REQUIRE(fold_store().scan({}, {}, [&](ByteView key, ByteView value) {
      out.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
      return true;
    }));
    return out;
  }

  VirtualTime time;
  MemoryKeys keys;
  MemoryRows rows;
  std::shared_ptr<MemoryLogStorage> storage;
  WorkspaceId workspace;
  AgentId agent = AgentId::from({7, 7});
  std::unique_ptr<EngineProcess> process;

 private:
  template <class Action> Request of_workspace(Action action) {
    Request request;
    request.workspace = workspace;
    request.slot = workspace.slot();
    request.actor = {ActorKind::agent, agent};
    request.action = std::move(action);
    return request;
  }
  EngineProcess::Between between_;
  std::uint64_t seed_;
};

}  // namespace parlance::tests
