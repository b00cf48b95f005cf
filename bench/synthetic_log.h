#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "engine/domain/conversation.h"
#include "engine/ports/event_log.h"
#include "schemas/envelope.h"
#include "schemas/log_fold.h"

namespace parlance::bench {

inline const WorkspaceId workspace = WorkspaceId::from({1, 1});
inline QueueId queue_number(std::uint32_t n) { return QueueId::from({2, n + 1}); }
inline AgentId agent_number(std::uint32_t n) { return AgentId::from({3, n + 1}); }
inline constexpr Instant start{1'795'000'000'000};

/// A desk's traffic as envelopes, the same for the same seed: conversations of nine events on average, `open_at_once` of them going
/// on at any time, 20 queues, 200 agents, six channels, five languages; digests and capsule ids as sealing leaves them.
class Traffic {
 public:
  Traffic(PartitionId partitions, std::uint32_t open_at_once)
      : partitions_(partitions), live_(open_at_once), random_(1) {}

  /// The next envelope, and its partition.
  std::pair<PartitionId, Envelope> next() {
    Live& c = live_[below(static_cast<std::uint32_t>(live_.size()))];
    now_ = now_ + below(40);
    Envelope e;
    if (!c.id)
      c = {.id = ConversationId::from(make_raw_id(now_, static_cast<Slot>(below(256)), random_id()))};
    e.id = EnvelopeId::from(make_raw_id(now_, c.id.slot(), random_id()));
    e.workspace = workspace;
    e.command = CommandId::from(random_id());
    e.fingerprint = random_();
    e.recorded_at = now_;
    step(c, e);
    const auto partition = static_cast<PartitionId>(((c.id.slot() + 1U) * partitions_ - 1U) / 256U);
    if (c.step < 0) c = {};
    return {partition, std::move(e)};
  }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  struct Live {
    ConversationId id;
    ReferenceId requester;
    Version version = 0;
    int step = 0;
    QueueId queue;
    AgentId agent;
    Channel channel = Channel::none;
    Language language = Language::und;
  };
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  RawId random_id() { return {random_(), random_()}; }

  template <class T> Personal<T> sealed(Live& c, Envelope& e, FieldClass field_class) {
    Sha256 digest;
    for (auto& byte : digest) byte = static_cast<std::uint8_t>(random_());
    return Personal<T>(Sealed{{e.id, capsules_++}, c.requester, field_class, digest});
  }
  void add(Live& c, Envelope& e, conversation::Event event) {
    e.events.push_back({{Category::conversation, c.id}, ++c.version, now_, std::move(event)});
  }
  void received(Live& c, Envelope& e) {
    e.actor = {ActorKind::customer, {}};
    add(c, e,
        conversation::MessageReceived{
            .id = MessageId::from(random_id()),
            .author = c.requester,
            .channel = c.channel,
            .language = c.language,
            .content = sealed<MessageContent>(c, e, FieldClass::content),
            .preview = sealed<Preview>(c, e, FieldClass::content),
            .at = now_,
            .first_response_due = c.step == 0 ? std::optional(now_ + 3'600'000) : std::nullopt});
  }
  void replied(Live& c, Envelope& e) {
    add(c, e,
        conversation::Replied{.id = MessageId::from(random_id()),
                              .agent = c.agent,
                              .channel = c.channel,
                              .content = sealed<MessageContent>(c, e, FieldClass::content),
                              .preview = sealed<Preview>(c, e, FieldClass::content),
                              .at = now_});
  }
  void step(Live& c, Envelope& e) {
    static constexpr std::array languages{"de", "fr", "es", "it", "en"};
    capsules_ = 0;
    e.actor = {ActorKind::agent, c.agent};
    switch (c.step) {
      case 0:
        c.requester = ReferenceId::from(random_id());
        c.channel = static_cast<Channel>(1 + below(6));
        c.language = parse_language(languages[below(5)]);
        c.queue = queue_number(below(20));
        add(c, e,
            conversation::Opened{.requester = c.requester,
                                 .channel = c.channel,
                                 .store = StoreId::from({5, 1}),
                                 .language = c.language,
                                 .priority = Priority::normal,
                                 .queue = c.queue,
                                 .number = ++numbers_ * 256 + c.id.slot(),
                                 .identity = sealed<Identity>(c, e, FieldClass::contact),
                                 .at = now_});
        received(c, e);
        break;
      case 1:
        c.agent = agent_number(below(200));
        add(c, e, conversation::Assigned{.agent = c.agent, .queue = c.queue, .claimed = true, .at = now_});
        break;
      case 2:
      case 4: replied(c, e); break;
      case 3: received(c, e); break;
      case 5:
        if (below(2) == 0) {
          add(c, e, conversation::TagsChanged{.added = {TagId::from({4, below(50) + 1})}, .at = now_});
        } else {
          add(c, e,
              conversation::NoteAdded{.id = MessageId::from(random_id()),
                                      .agent = c.agent,
                                      .content = sealed<MessageContent>(c, e, FieldClass::content),
                                      .at = now_});
        }
        break;
      case 6:
        add(c, e,
            conversation::Resolved{.agent = c.agent,
                                   .closes_at = now_ + 86'400'000,
                                   .reopens_until = now_ + 86'400'000,
                                   .at = now_});
        break;
      default:
        e.actor = {ActorKind::system, {}};
        add(c, e, conversation::Closed{.automatic = true, .at = now_});
        c.step = -2;
    }
    ++c.step;
  }

  PartitionId partitions_;
  std::vector<Live> live_;
  std::mt19937_64 random_;
  Instant now_ = start;
  std::uint64_t numbers_ = 0;
  std::uint16_t capsules_ = 0;
};

/// Ends the bench with what went wrong.
[[noreturn]] inline void stop(const Error& error) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(error.rule.size()), error.rule.data(),
               error.detail.c_str());
  std::exit(1);
}
template <class T> T must(Result<T> result) {
  if (!result) stop(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Written {
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
};

/// Writes a claim for each partition, then traffic of about `events` events. `settle` waits until all that was appended is durable.
inline Written write_traffic(EventLog& log, std::uint64_t events, std::uint32_t open_at_once,
                             const std::function<void(std::uint64_t appended)>& settle,
                             std::function<void()> on_done) {
  constexpr std::size_t batch = 500;
  Traffic traffic(log.partitions(), open_at_once);
  Written written;
  std::vector<LogState> states;
  std::vector<std::vector<Record>> waiting(log.partitions());
  std::uint64_t appended = 0;
  const auto send = [&](PartitionId p) {
    appended += waiting[p].size();
    log.append(p, std::move(waiting[p]), [on_done](std::size_t, const Result<Offset>& done) {
      if (!done) stop(done.error());
      on_done();
    });
    waiting[p].clear();
    settle(appended);
  };
  const auto add = [&](PartitionId p, const Frame& frame, ByteView body) {
    Record record{.bytes = encode_record(frame, body)};
    const auto folded = fold(states[p], states[p].next, record.bytes);
    if (!folded) stop(folded.error());
    record.chain = states[p].chain;
    ++written.records;
    written.bytes += record.bytes.size();
    waiting[p].push_back(std::move(record));
    if (waiting[p].size() == batch) send(p);
  };
  for (PartitionId p = 0; p < log.partitions(); ++p) {
    states.push_back(initial_log_state(log.id(), p));
    add(p, {.kind = RecordKind::claim, .format = claim_format, .partition = p, .log = log.id(), .epoch = 1},
        encode_claim({.nonce = {1, p}, .seen = {0, 0, states[p].chain}, .genesis = Genesis{}}));
  }
  while (written.events < events) {
    const auto [p, envelope] = traffic.next();
    const LogState& s = states[p];
    add(p,
        {.partition = p,
         .log = s.log,
         .epoch = s.epoch,
         .seq = s.seq + 1,
         .prev = s.chain,
         .kinds = kinds_of(envelope)},
        encode_envelope(envelope));
    written.events += envelope.events.size();
  }
  for (PartitionId p = 0; p < log.partitions(); ++p) send(p);
  settle(appended + 1);
  return written;
}

}  // namespace parlance::bench
