#pragma once
#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http/live_core.h"
#include "tests/support/manual_executor.h"

/// A world for the live core: a log of two partitions, conversations whose items are their records, and streams that keep what
/// they are sent.
namespace parlance::http::tests {

using parlance::tests::ManualExecutor;
using parlance::tests::VirtualTime;

inline const WorkspaceId home = WorkspaceId::from({1, 1});
inline const WorkspaceId elsewhere = WorkspaceId::from({1, 2});
inline ConversationId conversation(std::uint64_t number) { return ConversationId::from({7, number}); }

struct FakeRecord {
  WorkspaceId workspace;
  StreamId stream;
};

struct World {
  std::vector<std::vector<FakeRecord>> log{2};
  Offsets applied{0, 0};
  bool more_soon = false;
  bool unreadable = false;
  int refreshes = 0, snapshots = 0, feeds = 0;

  void write(PartitionId partition, ConversationId id, WorkspaceId workspace = home) {
    log[partition].push_back({workspace, {Category::conversation, id}});
    applied[partition] = log[partition].size();
  }
};

/// Its items are the offsets of its records in partition 0.
class FakeTopic final : public Topic {
 public:
  FakeTopic(World& world, ConversationId id) : world_(world), id_(id), key_(to_text(id)) {}
  const std::string& key() const override { return key_; }
  WorkspaceId workspace() const override { return home; }
  bool concerns(const Changes& changes) const override {
    return changes.everything || changes.conversations.contains(id_);
  }
  bool resumes() const override { return true; }
  bool shows(ConversationId id) const override { return id == id_; }
  Result<Refreshed> refresh(const Offsets& at, bool) override {
    ++world_.refreshes;
    if (world_.unreadable) return unavailable("fake.unreadable", "not now");
    const std::string news = items(at_, at[0]);
    at_ = at[0];
    Refreshed out;
    if (news == "[]") return out;
    out.told = Told::change;
    out.parts.push_back({news, std::nullopt});
    return out;
  }
  Result<std::string> snapshot() const override {
    ++world_.snapshots;
    return items(0, at_);
  }
  /// In two messages where it is more than ten records.
  Result<std::optional<std::vector<Part>>> since(const Offsets& from) const override {
    if (at_ - std::min(from[0], at_) > 100) return std::nullopt;
    std::vector<Part> out;
    const Offset middle = from[0] + 10;
    if (middle < at_) out.push_back({items(from[0], middle), std::pair(PartitionId{0}, middle)});
    out.push_back({items(middle < at_ ? middle : from[0], at_), std::nullopt});
    return out;
  }

 private:
  [[nodiscard]] std::string items(Offset from, Offset until) const {
    std::string out = "[";
    for (Offset o = from; o < until; ++o)
      if (world_.log[0][o].stream.id == id_) out += (out.size() > 1 ? "," : "") + std::to_string(o);
    return out + "]";
  }
  World& world_;
  ConversationId id_;
  std::string key_;
  Offset at_ = 0;
};

class FakeSource final : public LiveSource {
 public:
  explicit FakeSource(World& world) : world_(world) {}
  Reach reach() override { return {world_.applied, world_.more_soon}; }
  Result<Offset> changes(PartitionId partition, Offset from, Offset until, std::size_t records_max,
                         const std::function<void(WorkspaceId, const StreamId&)>& sink) override {
    if (world_.unreadable) return corrupt("fake.unreadable");
    const Offset end = std::min<Offset>(until, from + records_max);
    for (Offset o = from; o < end; ++o)
      sink(world_.log[partition][o].workspace, world_.log[partition][o].stream);
    return end;
  }
  std::string cursor(const FeedPlace& place) const override {
    return std::to_string(place.next[0]) + "." + std::to_string(place.next[1]);
  }
  Result<FeedPlace> read_cursor(std::string_view text) const override {
    Offsets next(2);
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, next[0]);
    if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '.') {
      const auto second = std::from_chars(first.ptr + 1, end, next[1]);
      if (second.ec == std::errc{} && second.ptr == end) {
        for (PartitionId p = 0; p < 2; ++p)
          if (next[p] > world_.log[p].size()) return invalid("cursor.beyond_end", "beyond the end");
        return FeedPlace{next, 0, 0};
      }
    }
    return invalid("cursor.unknown", "no cursor");
  }
  Result<Offsets> read_at_least(std::string_view positions) const override {
    auto place = read_cursor(positions);
    if (!place) return place.error();
    return place->next;
  }
  Result<std::shared_ptr<Topic>> topic(const Caller&, std::string_view what, Fields& fields,
                                       std::vector<Fault>&) override {
    if (what != "conversation") {
      fields.fault("what", "live.unknown_topic", "conversation");
      return std::shared_ptr<Topic>{};
    }
    const auto id = parse_id<ConversationId>(fields.text("conversation", 40, true));
    if (!id) return id.error();
    return std::make_shared<FakeTopic>(world_, *id);
  }
  Result<bool> exists(WorkspaceId workspace, ConversationId) override { return workspace == home; }
  json::value agent(WorkspaceId, AgentId agent) override { return json::value(std::to_string(agent.low)); }
  Result<std::string> feed(const FeedQuery& query, FeedPlace& place, const Offsets& until,
                           std::size_t events_max) override {
    ++world_.feeds;
    if (world_.unreadable) return corrupt("fake.unreadable");
    std::string out;
    for (PartitionId p = 0; p < 2; ++p)
      for (; place.next[p] < until[p] && events_max != 0; ++place.next[p])
        if (world_.log[p][place.next[p]].workspace == query.workspace) {
          out += std::to_string(p) + ":" + std::to_string(place.next[p]) + " ";
          --events_max;
        }
    return out;
  }
  void forget_texts() override {}
  void round_over() override {}

 private:
  World& world_;
};

class FakeStream final : public Stream {
 public:
  std::vector<std::string> texts;
  std::vector<std::string> resumes;  ///< with each text; "-" where there is none
  std::size_t waiting = 0;
  std::optional<std::uint16_t> closed;
  std::string reason;
  void send(StreamPiece piece) override {
    texts.push_back(piece.head + (piece.body ? *piece.body : "") + piece.tail);
    resumes.push_back(piece.resume ? *piece.resume : "-");
  }
  void close(std::uint16_t code, std::string why) override {
    if (closed) return;
    closed = code;
    reason = std::move(why);
  }
  std::size_t waiting_bytes() const override { return waiting; }
  /// What came since the last call, one after the other with a line break.
  std::string take() {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : "\n") + text;
    texts.clear();
    resumes.clear();
    return out;
  }
};

/// The core in that world. Declared in this order: the core goes first.
struct LiveWorld {
  World world;
  VirtualTime time{Instant{1'000'000}};
  ManualExecutor executor{time};
  bool allowed = true;
  LiveCore core;
  explicit LiveWorld(LiveLimits limits = {})
      : core({std::make_shared<FakeSource>(world), executor, time}, limits) {
    time.advance(1'000'000);
  }

  struct Peer {
    std::shared_ptr<StreamHandler> handler;
    std::shared_ptr<FakeStream> stream = std::make_shared<FakeStream>();
  };
  Peer client(std::uint64_t agent = 1, WorkspaceId workspace = home) {
    Caller caller;
    caller.workspace = workspace;
    if (agent != 0) caller.agent = AgentId::from({9, agent});
    caller.role = Role::agent;
    return open(
        {core.client(caller, [this, caller] { return allowed ? std::optional(caller) : std::nullopt; })});
  }
  Peer follower(std::optional<FeedPlace> from, std::string_view reset = {}, WorkspaceId workspace = home) {
    return open({core.follower({workspace, {}}, std::move(from), reset,
                               [this] { return allowed ? std::optional(Caller{}) : std::nullopt; })});
  }
  Peer open(Peer peer) {
    peer.handler->on_open(peer.stream);
    executor.run();
    return peer;
  }
  /// What the peer answers to `text`, and whatever else it is told by then.
  std::string say(Peer& peer, const std::string& text) {
    peer.handler->on_text(text);
    executor.run();
    return peer.stream->take();
  }
  std::string subscribe(Peer& peer, const std::string& id, std::uint64_t number,
                        const std::string& more = "") {
    return say(peer, R"({"op":"subscribe","id":")" + id + R"(","what":"conversation","conversation":")" +
                         to_text(conversation(number)) + "\"" + more + "}");
  }
  /// The views have applied what was written; runs what follows at once.
  void advance() {
    core.advanced();
    executor.run();
  }
};

}  // namespace parlance::http::tests
