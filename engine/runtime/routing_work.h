#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/ports/clock.h"
#include "engine/ports/executor.h"
#include "engine/ports/key_service.h"
#include "engine/runtime/partition_fold.h"
#include "engine/runtime/request.h"

namespace parlance {

/// What an owner does between conversations and routing: sends what its conversations owe (follows), what its routing owes
/// (assigns), has routing reviewed, and looks through its conversations when a queue gets its first rule.
///
/// Nothing that is owed lives in memory alone: what is lost in a crash is found again by resume(), and what was done already is
/// harmless to do again. One follow of a conversation is under way at a time, the newest, and follows_max of them in all.
/// Single-threaded, on the owner's executor; answers may come on any thread.
class RoutingWork {
 public:
  struct Ports {
    PartitionFold& fold;
    const KeyService& keys;
    const Clock& clock;
    Executor& executor;
    std::function<bool()> owning;
    std::function<void(Request, Answer)> route;
    std::function<void()> write_certain;
    std::function<void(const Error&)> halt;
  };
  explicit RoutingWork(Ports ports) : ports_(std::move(ports)) {}

  /// The owner begins to own: everything that is owed is begun anew.
  void resume();
  /// An envelope of the owner's own is certain.
  void certain(const Envelope& envelope);
  /// Sends again what was not answered for certain.
  void tick();
  /// The owner does not know what is certain any more.
  void forget();
  /// An accepted offer is certain: answers when the conversation has taken the agent, or refused.
  void accepted(WorkspaceId workspace, ConversationId conversation, Outcome outcome, Answer answer);
  /// Conversations that routing has still to be told of.
  [[nodiscard]] std::size_t owed() const { return follows_.size(); }

 private:
  struct Following {
    routing_rows::Owed owed;
    bool under_way = false;
    bool in_line = false;
  };
  struct Sweep {
    std::vector<QueueId> queues;
    Bytes from;
  };
  using Assigning = std::pair<WorkspaceId, ConversationId>;

  void post(std::function<void()> work);
  void line_up(const routing_rows::Owed& owed);
  void send_follows();
  void send_follow(Following& following);
  void followed(ConversationId conversation, Version version, bool answered);
  void send_assign(const Assigning& what, Answer also);
  void assigned(const Assigning& what, EnvelopeId decided_in, const Result<Outcome>& result);
  void review(WorkspaceId workspace);
  void consider_sweep(WorkspaceId workspace);
  void sweep(WorkspaceId workspace);
  [[nodiscard]] std::optional<routing::Entry> entry_of(const Assigning& what);

  Ports ports_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::uint64_t time_of_owning_ = 0;  ///< answers of an earlier one mean nothing
  std::map<ConversationId, Following> follows_;
  std::deque<ConversationId> line_;
  std::size_t under_way_ = 0;
  bool sending_posted_ = false;
  std::map<Assigning, EnvelopeId> assigns_;  ///< under way, of which decision
  std::set<Assigning> assigns_again_;        ///< at the next tick
  std::set<WorkspaceId> reviews_again_;
  std::map<WorkspaceId, Sweep> sweeps_;
};

}  // namespace parlance
