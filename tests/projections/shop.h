#pragma once
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "adapters/memory/memory_log.h"
#include "engine/domain/conversation.h"
#include "projections/ticket_model.h"
#include "schemas/envelope.h"
#include "schemas/log_fold.h"

namespace parlance::tests {

/// Seals personal fields of an event as the runtime would, with digests that name nothing.
inline void seal_all(conversation::Event& event, EnvelopeId envelope, std::uint16_t& number) {
  std::visit(
      [&](auto& e) {
        if constexpr (requires { e.each_personal([](auto&) {}); }) {
          e.each_personal([&](auto& field) {
            Sha256 digest{};
            digest[0] = static_cast<std::uint8_t>(number);
            field.seal({{envelope, number++}, field.reference(), field.field_class(), digest});
          });
        }
      },
      event);
}

/// A log in memory with an owner in each partition who writes what it is given, rule for rule.
class OwnedLog {
 public:
  explicit OwnedLog(PartitionId partitions = 2) {
    storage_ = std::make_shared<MemoryLogStorage>(
        MemoryLogOptions{.id = LogId::from({7, 7}), .generation = 1, .partitions = partitions});
    log_ = std::make_unique<MemoryLog>(storage_);
    for (PartitionId p = 0; p < partitions; ++p) {
      states_.push_back(initial_log_state(log_->id(), p));
      const Claim claim{.nonce = {1, p}, .seen = {0, 0, states_[p].chain}, .genesis = Genesis{}};
      append(
          p,
          {.kind = RecordKind::claim, .format = claim_format, .partition = p, .log = log_->id(), .epoch = 1},
          encode_claim(claim));
    }
  }
  [[nodiscard]] MemoryLog& log() { return *log_; }
  [[nodiscard]] MemoryLogStorage& storage() { return *storage_; }
  [[nodiscard]] PartitionId partition_of(RawId id) const {
    return static_cast<PartitionId>(((id.slot() + 1U) * states_.size() - 1U) / 256U);
  }
  Offset write(PartitionId partition, const Envelope& envelope) {
    return write(partition, encode_envelope(envelope), kinds_of(envelope));
  }
  Offset write(PartitionId partition, ByteView body, const KindSet& kinds) {
    const LogState& s = states_[partition];
    return append(partition,
                  {.partition = partition,
                   .log = s.log,
                   .epoch = s.epoch,
                   .seq = s.seq + 1,
                   .prev = s.chain,
                   .kinds = kinds},
                  body);
  }

 private:
  Offset append(PartitionId partition, const Frame& frame, ByteView body) {
    Record record{.bytes = encode_record(frame, body)};
    LogState& state = states_[partition];
    const Offset offset = state.next;
    const auto folded = fold(state, offset, record.bytes);
    PARLANCE_ASSERT(folded && folded->verdict != Verdict::void_record, "the test's owner writes what counts");
    record.chain = state.chain;
    std::vector<Record> records;
    records.push_back(std::move(record));
    log_->append(partition, std::move(records), [](std::size_t, const Result<Offset>& done) {
      PARLANCE_ASSERT(done.has_value(), "a log in memory takes what it is given");
    });
    return offset;
  }
  std::shared_ptr<MemoryLogStorage> storage_;
  std::unique_ptr<MemoryLog> log_;
  std::vector<LogState> states_;
};

inline const WorkspaceId workspace = WorkspaceId::from({1, 1});
inline const std::array<QueueId, 3> queues{QueueId::from({2, 1}), QueueId::from({2, 2}),
                                           QueueId::from({2, 3})};
inline const std::array<AgentId, 4> agents{AgentId::from({3, 1}), AgentId::from({3, 2}),
                                           AgentId::from({3, 3}), AgentId::from({3, 4})};
inline constexpr Instant monday{1'795'000'000'000};

/// A shop's traffic: commands go through the deciders, what they decide is appended. `random()` alone makes it: the same seed, the
/// same log.
class Shop {
 public:
  struct Conversation {
    ConversationId id;
    conversation::State state;
    Version version = 0;
    std::vector<PastEvent> history;
  };
  explicit Shop(std::uint32_t seed, PartitionId partitions = 2) : log(partitions), random_(seed) {
    adopted.policy.first_response_ms = 3'600'000;
    adopted.policy.auto_close_ms = 86'400'000;
    for (const QueueId id : queues) adopted.queues.push_back({id, "queue"});
    adopted.agents.assign(agents.begin(), agents.end());
    for (std::uint64_t i = 1; i <= 12; ++i) adopted.tags.push_back({TagId::from({4, i}), "tag"});
    adopted.types = {{TypeId::from({6, 1}), "complaint", false}, {TypeId::from({6, 2}), "question", false}};
    for (std::uint64_t i = 1; i <= 9; ++i)
      adopted.fields.push_back({FieldId::from({7, i}), "field", FieldKind::number, {}, false, false});
    adopted.fields.push_back({FieldId::from({7, 10}), "text", FieldKind::text, {}, false, false});
    adopted.sub_states = {
        {SubStateId::from({8, 1}), "doubted", conversation::Phase::open, false},
        {SubStateId::from({8, 2}), "at customs", conversation::Phase::waiting_third_party, false}};
  }

  OwnedLog log;
  adoption::Body adopted;
  Instant now = monday;
  std::vector<Conversation> conversations;

  std::uint32_t random() { return static_cast<std::uint32_t>(random_()); }
  std::uint32_t below(std::uint32_t n) { return random() % n; }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  RawId random_id() {
    const std::uint64_t a = random(), b = random(), c = random();
    return {a << 32 | b, c << 32 | random()};
  }

  Conversation& open(Channel channel = Channel::email, QueueId queue = queues[0],
                     Language language = parse_language("de")) {
    const auto id = ConversationId::from(make_raw_id(now, static_cast<Slot>(below(256)), random_id()));
    conversations.push_back({id, {}, 0, {}});
    apply(conversations.back(),
          conversation::Open{
              .requester = ReferenceId::from(random_id()),
              .store = StoreId::from({5, 1}),
              .language = language,
              .queue = queue,
              .number = ++numbers_ * 256 + id.slot(),
              .at = now,
          },
          channel);
    return conversations.back();
  }
  Conversation& opened_with_message(Channel channel = Channel::email, QueueId queue = queues[0]) {
    Conversation& c = open(channel, queue);
    receive(c, now);
    return c;
  }
  bool receive(Conversation& c, Instant at, bool participant = false) {
    conversation::Receive command{.id = MessageId::from(random_id()),
                                  .author = c.state.requester,
                                  .channel = c.state.channel,
                                  .at = at,
                                  .adopted = &adopted};
    if (participant) {
      command.author = ReferenceId::from(random_id());
      command.joins = Identity{};
    }
    return apply(c, command);
  }
  bool reply(Conversation& c, Instant at, AgentId agent = agents[0]) {
    return apply(c, conversation::Reply{.id = MessageId::from(random_id()), .agent = agent, .at = at});
  }

  /// False: refused, or nothing to do.
  bool apply(Conversation& c, conversation::Command command, Channel opening_channel = Channel::none) {
    if (auto* open = std::get_if<conversation::Open>(&command)) open->identity.channel = opening_channel;
    auto events = decide(c.state, command);
    if (!events || events->empty()) return false;
    if (auto* opened = std::get_if<conversation::Opened>(&events->front())) opened->channel = opening_channel;
    append(c, std::move(*events));
    return true;
  }
  /// Appends what may not come from any decider.
  void append(Conversation& c, std::vector<conversation::Event> events) {
    Envelope envelope;
    envelope.id = EnvelopeId::from(make_raw_id(now, c.id.slot(), random_id()));
    envelope.workspace = workspace;
    envelope.recorded_at = now;
    envelope.actor = {ActorKind::agent, agents[0]};
    std::uint16_t capsule = 0;
    for (conversation::Event& event : events) {
      seal_all(event, envelope.id, capsule);
      c.state = evolve(c.state, event, {envelope.actor, envelope.id, envelope.recorded_at});
      const Instant at = std::visit([](const auto& e) { return e.at; }, event);
      envelope.events.push_back({{Category::conversation, c.id}, ++c.version, at, event});
      c.history.push_back(
          {{workspace, envelope.id, envelope.actor, envelope.recorded_at}, envelope.events.back()});
    }
    log.write(log.partition_of(c.id), envelope);
  }

  /// One random act of some conversation, or a timer.
  void act() {
    now = now + below(400'000);
    if (conversations.size() < 5 || chance(12)) {
      static constexpr std::array channels{Channel::email, Channel::chat, Channel::whatsapp};
      Conversation& made = open(channels[below(3)], queues[below(3)],
                                chance(50) ? parse_language("de") : parse_language("fr"));
      if (chance(85)) receive(made, now);
      return;
    }
    Conversation& c =
        conversations[conversations.size() - 1 -
                      below(static_cast<std::uint32_t>(std::min<std::size_t>(conversations.size(), 60)))];
    for (const conversation::Timer& timer : timers(c.state))
      if (timer.due <= now) {
        apply(c, conversation::Tick{timer});
        return;
      }
    const Instant at = chance(10) ? now + -static_cast<std::int64_t>(below(7'200'000)) : now;
    const AgentId agent = agents[below(4)];
    switch (below(16)) {
      case 0:
      case 1:
      case 2: receive(c, at, chance(10)); break;
      case 3:
      case 4:
      case 5: reply(c, at, chance(90) ? agent : AgentId{}); break;
      case 6:
        apply(c, conversation::Note{.id = MessageId::from(random_id()), .agent = agent, .at = at});
        break;
      case 7:
        apply(c, conversation::Assign{.agent = agent,
                                      .queue = chance(40) ? queues[below(3)] : QueueId{},
                                      .at = at,
                                      .adopted = &adopted});
        break;
      case 8:
        apply(c, conversation::Assign{
                     .queue = queues[below(3)], .reason = "moved", .at = at, .adopted = &adopted});
        break;
      case 9: apply(c, conversation::Unassign{.at = at}); break;
      case 10: apply(c, conversation::Snooze{.until = at + 3'600'000, .at = at}); break;
      case 11:
        apply(c, conversation::Wait{.on = chance(50) ? WaitFor::customer : WaitFor::third_party, .at = at});
        break;
      case 12: apply(c, conversation::Resolve{.agent = agent, .at = at, .adopted = &adopted}); break;
      case 13: apply(c, conversation::Reopen{.at = at}); break;
      case 14:
        apply(c, conversation::SetPriority{.priority = static_cast<Priority>(1 + below(4)), .at = at});
        break;
      default: {
        conversation::ChangeTags change{.at = at, .adopted = &adopted};
        for (std::uint64_t i = 0; i < 1 + below(8); ++i)
          (chance(70) ? change.add : change.remove).push_back(TagId::from({4, 1 + below(12)}));
        apply(c, change);
      }
    }
  }
  /// One random act of those beside answering.
  void work() {
    if (conversations.empty()) return act();
    now = now + below(100'000);
    Conversation& c = conversations[below(static_cast<std::uint32_t>(conversations.size()))];
    const AgentId agent = agents[below(4)];
    const Instant at = now;
    switch (below(12)) {
      case 0:
        apply(c, conversation::Transfer{queues[below(3)],
                                        chance(50) ? agent : AgentId{},
                                        chance(30) ? TeamId::from({9, 1}) : TeamId{},
                                        {},
                                        at,
                                        &adopted});
        break;
      case 1:
        apply(c, conversation::Escalate{chance(50) ? queues[below(3)] : QueueId{}, {}, "why", at, &adopted});
        break;
      case 2: apply(c, conversation::SetType{TypeId::from({6, 1 + below(2)}), at, &adopted}); break;
      case 3: apply(c, conversation::SetSubjectLine{"line", {}, at}); break;
      case 4: {
        conversation::SetFields set{{}, at, &adopted};
        for (std::uint64_t i = 1; i <= 10; ++i) {
          if (chance(60)) continue;
          conversation::FieldEntry entry{FieldId::from({7, i}), {}};
          if (chance(70)) {
            if (i == 10)
              entry.value.emplace<Personal<std::string>>("text", ReferenceId{}, FieldClass::content);
            else
              entry.value.emplace<conversation::NumberValue>().ten_thousandths = below(4);
          }
          set.changes.push_back(std::move(entry));
        }
        apply(c, std::move(set));
        break;
      }
      case 5: {
        const SubStateId doubted = SubStateId::from({8, 1});
        apply(c, conversation::SetSubState{chance(70) ? doubted : SubStateId{}, at, &adopted});
        break;
      }
      case 6:
        apply(c, conversation::Wait{WaitFor::third_party, {}, at, SubStateId::from({8, 2}), &adopted});
        break;
      case 7:
        if (chance(50))
          apply(c, conversation::MarkSpam{agent, at});
        else
          apply(c, conversation::UnmarkSpam{agent, at});
        break;
      case 8: apply(c, conversation::EndTurn{agent, {}, at}); break;
      case 9: apply(c, conversation::Rate{RatingKind::csat, 1 + below(5), {}, at}); break;
      case 10:
        apply(c, conversation::Note{.id = MessageId::from(random_id()),
                                    .agent = agent,
                                    .at = at,
                                    .mentions = {agents[below(4)], agents[below(4)]}});
        break;
      default: {
        conversation::Undo undo{{ActorKind::agent, agents[0]}, agents[0], at};
        // As the runtime does: what comes back is sealed anew.
        if (const conversation::Done* done = conversation::last_act(c.state, undo.by))
          for (const conversation::FieldEntry& entry : done->before.fields)
            if (std::holds_alternative<Personal<std::string>>(entry.value))
              undo.texts.push_back(
                  {entry.field, Personal<std::string>("text", c.state.requester, FieldClass::content)});
        apply(c, std::move(undo));
      }
    }
  }
  void act(int times) {
    for (int i = 0; i < times; ++i) act();
  }

 private:
  std::minstd_rand random_;
  std::uint64_t numbers_ = 0;
};

}  // namespace parlance::tests
