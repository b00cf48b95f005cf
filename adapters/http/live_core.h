#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/access.h"
#include "adapters/http/fields.h"
#include "adapters/http/stream.h"
#include "engine/ports/executor.h"

/// Live updates: who subscribed to what, what is told to whom and when, who is at which conversation, and the feed's readers. One
/// core with two faces: clients speak over a WebSocket, followers read an endless answer (SSE).
///
/// Nothing in here does I/O or knows the engine: a LiveSource says what there is, a Stream takes what is told, and everything
/// runs one after the other on one executor. What is told is computed in rounds, at most one each round_ms: what changed since the
/// last one is gathered, each topic is brought up to date once, however many subscribed to it, and each subscription gets at
/// most one message.
namespace parlance::http {

/// The next offset of each partition. A reader that has everything before them is "at" them.
using Offsets = std::vector<Offset>;

/// What of a workspace changed.
struct Changes {
  bool everything = false;  ///< too much to name
  bool names = false;       ///< desk or settings: agents, queues, tags
  std::set<ConversationId> conversations;
  [[nodiscard]] bool any() const { return everything || names || !conversations.empty(); }
};

/// Something that can be subscribed to, and its state as it was last told. Equal keys: the same thing, and one topic serves all who
/// ask for it.
class Topic {
 public:
  enum class Told : std::uint8_t { nothing, change, reset };
  /// One message of a change, as JSON.
  struct Part {
    std::string data;
    /// What is told with it lies before this place of a partition; none: before the place that was asked for.
    std::optional<std::pair<PartitionId, Offset>> before;
  };
  struct Refreshed {
    Told told = Told::nothing;
    std::vector<Part> parts;  ///< of a change, in order
    std::string_view why{};   ///< of a reset, after which the snapshot is sent
  };
  virtual ~Topic() = default;
  [[nodiscard]] virtual const std::string& key() const = 0;
  [[nodiscard]] virtual WorkspaceId workspace() const = 0;
  /// Whether its state may be another one after `changes`.
  [[nodiscard]] virtual bool concerns(const Changes& changes) const = 0;
  /// Its state changes because time passes.
  [[nodiscard]] virtual bool depends_on_time() const { return false; }
  /// At least so long between two refreshes.
  [[nodiscard]] virtual std::int64_t pause_ms() const { return 0; }
  /// Brings the state up to `at`, and says what to tell those who had the last one. Before the first call there is none.
  [[nodiscard]] virtual Result<Refreshed> refresh(const Offsets& at, bool names_changed) = 0;
  /// The state, as JSON.
  [[nodiscard]] virtual Result<std::string> snapshot() const = 0;
  /// What came after `from`, for those who had everything before it; none: they take the snapshot instead.
  [[nodiscard]] virtual Result<std::optional<std::vector<Part>>> since(const Offsets& from) const {
    (void)from;
    return std::nullopt;
  }
  /// Whether since() can give something: where it gives none, that is worth a `reset`.
  [[nodiscard]] virtual bool resumes() const { return false; }
  /// The conversation is in it: its viewers are told, too.
  [[nodiscard]] virtual bool shows(ConversationId conversation) const = 0;
};

/// What a follower of the feed wants.
struct FeedQuery {
  WorkspaceId workspace;
  std::vector<std::uint16_t> kinds;  ///< sorted; empty: all
  bool operator==(const FeedQuery&) const = default;
};
/// A place in the feed: between two events of one envelope even.
struct FeedPlace {
  Offsets next;
  PartitionId partition = 0;
  std::uint16_t skip = 0;  ///< so many events of the envelope at next[partition] are behind it
  bool operator==(const FeedPlace&) const = default;
};

/// What the core needs from outside. Threads: the core's executor alone.
class LiveSource {
 public:
  virtual ~LiveSource() = default;
  struct Reach {
    Offsets next;
    bool more_soon = false;  ///< more is durable: ask again in a moment
  };
  /// Up to where all that topics are made of is applied.
  [[nodiscard]] virtual Reach reach() = 0;
  /// Names the streams that changed in a partition from `from` until `until`, having read at most `records_max` records; where to go
  /// on. What somebody drafts is a change of the conversation.
  [[nodiscard]] virtual Result<Offset> changes(
      PartitionId partition, Offset from, Offset until, std::size_t records_max,
      const std::function<void(WorkspaceId, const StreamId&)>& sink) = 0;
  [[nodiscard]] virtual std::string cursor(const FeedPlace& place) const = 0;
  /// `invalid` "cursor.unknown" or "cursor.beyond_end".
  [[nodiscard]] virtual Result<FeedPlace> read_cursor(std::string_view text) const = 0;
  /// What must be applied for these positions to be seen; the errors of read_positions().
  [[nodiscard]] virtual Result<Offsets> read_at_least(std::string_view positions) const = 0;
  /// The topic that a `subscribe` asks for by the members of `fields`, which collects into `faults`; where there are any, what is
  /// returned counts for nothing.
  [[nodiscard]] virtual Result<std::shared_ptr<Topic>> topic(const Caller& caller, std::string_view what,
                                                             Fields& fields, std::vector<Fault>& faults) = 0;
  /// Whether there is such a conversation in the workspace.
  [[nodiscard]] virtual Result<bool> exists(WorkspaceId workspace, ConversationId conversation) = 0;
  /// {"id","name"}
  [[nodiscard]] virtual json::value agent(WorkspaceId workspace, AgentId agent) = 0;
  /// What the feed sends of at most `events_max` events from `place` until `until`: moves `place` on behind them.
  [[nodiscard]] virtual Result<std::string> feed(const FeedQuery& query, FeedPlace& place,
                                                 const Offsets& until, std::size_t events_max) = 0;
  /// What it looked up or rendered for one topic, and keeps for the next, may be out of date.
  virtual void forget_texts() = 0;
  /// All topics have been brought up to date.
  virtual void round_over() = 0;
};

struct LiveLimits {
  std::size_t clients_max = 5'000;     ///< followers included
  std::size_t subscriptions_max = 32;  ///< of a client
  std::size_t viewed_max = 20;         ///< conversations that a client is at
  std::size_t deferred_max = 100;      ///< messages of a client that wait for the views
  std::size_t records_a_turn = 2'000;
  std::size_t jump_records = 20'000;  ///< further behind than this, everything counts as changed
  std::size_t changed_max = 2'000;    ///< more conversations than this in one round: everything
  std::size_t feed_events_a_piece = 200;
  std::size_t feed_ahead_bytes = 64 * 1024;  ///< a follower gets more when less than this waits for it
  std::int64_t round_ms = 50;
  std::int64_t presence_ms = 30'000;   ///< without a word: gone
  std::int64_t resume_ms = 10'000;     ///< so long a resuming client waits for the views
  std::int64_t timed_ms = 5'000;       ///< between two looks at what depends on time
  std::int64_t heartbeat_ms = 15'000;  ///< of the feed
  std::int64_t recheck_ms = 30'000;    ///< between two looks at whether a caller still may
  std::int64_t snapshot_ms =
      1'000;  ///< so long a rendered snapshot serves those who subscribe after one another
};

/// For metrics.
struct LiveFigures {
  std::size_t clients = 0, followers = 0, subscriptions = 0, topics = 0;
  std::uint64_t rounds = 0, sent = 0;
};

/// Threads: any. The executor must have stopped running before it is destroyed.
class LiveCore {
 public:
  struct Ports {
    std::shared_ptr<LiveSource> source;
    Executor& executor;
    const Clock& clock;
  };
  explicit LiveCore(Ports ports, LiveLimits limits = {});
  ~LiveCore();

  /// The views, or the fold store, have applied more.
  void advanced();
  /// Whether another client or follower is taken.
  [[nodiscard]] bool has_room() const;
  /// Somebody who subscribes. `still` says who the caller is now, or none: no longer allowed; asked twice a minute.
  using Still = std::function<std::optional<Caller>()>;
  [[nodiscard]] std::shared_ptr<StreamHandler> client(Caller caller, Still still);
  /// Somebody who follows the feed from `from`; none: from the end. `reset`: why it cannot go on from where it was, or "".
  [[nodiscard]] std::shared_ptr<StreamHandler> follower(FeedQuery query, std::optional<FeedPlace> from,
                                                        std::string_view reset, Still still);
  [[nodiscard]] LiveFigures figures() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parlance::http
