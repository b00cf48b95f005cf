#include "engine/runtime/routing_work.h"

#include <algorithm>

#include "engine/process/routing.h"
#include "engine/runtime/blind.h"
#include "engine/runtime/streams.h"

namespace parlance {
namespace {

constexpr std::size_t follows_max = 64;  ///< under way at once, of each partition, to the owner of one
constexpr std::size_t conversations_a_turn = 2000;  ///< looked through before others have their turn

/// An id holds when it was made.
Instant made_at(RawId id) { return {static_cast<std::int64_t>(id.high >> 16)}; }

std::vector<QueueId> queues_with_rules(const adoption::Body& body) {
  std::vector<QueueId> out;
  for (const adoption::Queue& queue : body.queues)
    if (queue.routed) out.push_back(queue.id);
  return out;
}

Request of_system(WorkspaceId workspace, Slot slot, Action action) {
  Request request;
  request.workspace = workspace;
  request.slot = slot;
  request.actor = {ActorKind::system, {}};
  request.action = std::move(action);
  return request;
}

}  // namespace

void RoutingWork::post(std::function<void()> work) {
  ports_.executor.post(
      [this, alive = std::weak_ptr<char>(alive_), time = time_of_owning_, work = std::move(work)] {
        if (!alive.expired() && time == time_of_owning_ && ports_.owning()) work();
      });
}

void RoutingWork::forget() {
  ++time_of_owning_;
  follows_.clear();
  line_.clear();
  under_way_ = 0;
  sending_posted_ = false;
  assigns_.clear();
  assigns_again_.clear();
  reviews_again_.clear();
  sweeps_.clear();
}

void RoutingWork::resume() {
  forget();
  (void)ports_.fold.take_owed_to_routing();  // among those that are written down
  const auto owed = ports_.fold.owed_to_routing();
  if (!owed) return ports_.halt(owed.error());
  for (const routing_rows::Owed& one : *owed) line_up(one);
  const auto routed = ports_.fold.routed_workspaces();
  if (!routed) return ports_.halt(routed.error());
  for (const WorkspaceId workspace : *routed) {
    const auto held = ports_.fold.routings().load(routing_stream(workspace));
    if (!held) return ports_.halt(held.error());
    for (const auto& [id, entry] : (*held)->state.entries)
      if (entry.standing == routing::Standing::assigning) assigns_again_.emplace(workspace, id);
    reviews_again_.insert(workspace);
  }
  const auto adopted = ports_.fold.adopted_workspaces();
  if (!adopted) return ports_.halt(adopted.error());
  for (const WorkspaceId workspace : *adopted) consider_sweep(workspace);
  if (ports_.owning()) tick();
}

void RoutingWork::tick() {
  for (auto& [id, following] : follows_) {
    if (following.under_way || following.in_line) continue;
    following.in_line = true;
    line_.push_back(id);
  }
  send_follows();
  for (const Assigning& what : std::exchange(assigns_again_, {})) send_assign(what, nullptr);
  for (const WorkspaceId workspace : std::exchange(reviews_again_, {})) review(workspace);
}

void RoutingWork::certain(const Envelope& envelope) {
  for (const routing_rows::Owed& owed : ports_.fold.take_owed_to_routing()) line_up(owed);
  std::vector<const routing::Event*> events;
  bool desk = false;
  for (const StreamEvent& event : envelope.events) {
    if (event.stream.category == Category::desk) desk = true;
    if (event.stream.category == Category::adoption)
      post([this, workspace = envelope.workspace] { consider_sweep(workspace); });
    const auto* routed = std::get_if<routing::Event>(&event.body);
    if (routed == nullptr) continue;
    events.push_back(routed);
    const auto* decided = std::get_if<routing::Decided>(routed);
    const bool assigns = decided != nullptr && decided->agent && !decided->offered_until;
    if (assigns || std::holds_alternative<routing::OfferAccepted>(*routed))
      post([this, what = Assigning(envelope.workspace, routing::about(*routed))] {
        send_assign(what, nullptr);
      });
  }
  if (desk || routing::may_go_on(events)) post([this, workspace = envelope.workspace] { review(workspace); });
}

// ---- conversations, to routing ----

void RoutingWork::line_up(const routing_rows::Owed& owed) {
  Following& following = follows_[owed.follow.conversation];
  following.owed = owed;
  if (!following.under_way && !following.in_line) {
    following.in_line = true;
    line_.push_back(owed.follow.conversation);
  }
  if (sending_posted_) return;
  sending_posted_ = true;
  post([this] {
    sending_posted_ = false;
    send_follows();
  });
}

void RoutingWork::send_follows() {
  while (under_way_ < follows_max && !line_.empty()) {
    const ConversationId id = line_.front();
    line_.pop_front();
    const auto it = follows_.find(id);
    if (it == follows_.end()) continue;
    it->second.in_line = false;
    if (!it->second.under_way) send_follow(it->second);
  }
}

void RoutingWork::send_follow(Following& following) {
  following.under_way = true;
  ++under_way_;
  const routing_rows::Owed& owed = following.owed;
  const ConversationId id = owed.follow.conversation;
  Request request = of_system(owed.workspace, owed.workspace.slot(), OnRouting{owed.follow});
  if (owed.envelope) {
    request.command = derive_id(ports_.keys, "follow " + to_text(id), owed.envelope);
    request.causation = owed.envelope;
  }
  ports_.route(std::move(request), [this, alive = std::weak_ptr<char>(alive_), time = time_of_owning_, id,
                                    version = owed.follow.version](const Result<Outcome>& result) {
    const bool answered = result.has_value() || is_final(result.error());
    if (alive.expired()) return;
    ports_.executor.post([this, alive, time, id, version, answered] {
      if (!alive.expired() && time == time_of_owning_) followed(id, version, answered);
    });
  });
}

void RoutingWork::followed(ConversationId id, Version version, bool answered) {
  --under_way_;
  const auto it = follows_.find(id);
  if (it != follows_.end()) {
    it->second.under_way = false;
    if (answered && it->second.owed.follow.version == version) {
      follows_.erase(it);
      ports_.fold.paid_to_routing(id);
    } else if (answered) {
      it->second.in_line = true;  // it changed meanwhile
      line_.push_back(id);
    }
  }
  send_follows();
}

// ---- routing, to conversations ----

std::optional<routing::Entry> RoutingWork::entry_of(const Assigning& what) {
  const auto held = ports_.fold.routings().load(routing_stream(what.first));
  if (!held) {
    ports_.halt(held.error());
    return std::nullopt;
  }
  const auto it = (*held)->state.entries.find(what.second);
  if (it == (*held)->state.entries.end()) return std::nullopt;
  return it->second;
}

void RoutingWork::send_assign(const Assigning& what, Answer also) {
  const auto entry = entry_of(what);
  const auto assign = entry ? process::assign_of(*entry, ports_.clock.now()) : std::nullopt;
  if (!assign) return;
  const auto under_way = assigns_.find(what);
  if (!also && under_way != assigns_.end() && under_way->second == entry->decided_in) return;
  const auto [workspace, id] = what;
  assigns_.insert_or_assign(what, entry->decided_in);
  Request request = of_system(workspace, id.slot(), OnConversation{id, *assign});
  request.command = derive_id(ports_.keys, "assign " + to_text(id), entry->decided_in);
  request.causation = entry->decided_in;
  ports_.route(std::move(request),
               [this, alive = std::weak_ptr<char>(alive_), time = time_of_owning_, what,
                decided_in = entry->decided_in, also = std::move(also)](Result<Outcome> result) {
                 if (!alive.expired())
                   ports_.executor.post([this, alive, time, what, decided_in, result] {
                     if (!alive.expired() && time == time_of_owning_) assigned(what, decided_in, result);
                   });
                 if (also) also(std::move(result));
               });
}

void RoutingWork::assigned(const Assigning& what, EnvelopeId decided_in, const Result<Outcome>& result) {
  if (const auto it = assigns_.find(what); it != assigns_.end() && it->second == decided_in)
    assigns_.erase(it);
  // Where it took the agent, its own Follow says so.
  if (result) return;
  const auto again = [this, what] { assigns_again_.insert(what); };
  if (!is_final(result.error())) return again();
  routing::RefuseAssign refused;
  refused.conversation = what.second;
  refused.decided_in = decided_in;
  refused.refusal = process::refusal_of(result.error());
  Request request = of_system(what.first, what.first.slot(), OnRouting{refused});
  request.command = derive_id(ports_.keys, "refused " + to_text(what.second), decided_in);
  request.causation = decided_in;
  ports_.route(std::move(request), [this, alive = std::weak_ptr<char>(alive_), time = time_of_owning_,
                                    again](const Result<Outcome>& told) {
    if (told || is_final(told.error()) || alive.expired()) return;
    ports_.executor.post([this, alive, time, again] {
      if (!alive.expired() && time == time_of_owning_) again();
    });
  });
}

void RoutingWork::accepted(WorkspaceId workspace, ConversationId id, Outcome outcome, Answer answer) {
  const Assigning what(workspace, id);
  const auto entry = entry_of(what);
  const EnvelopeId accepted_in = outcome.envelope;
  const bool unchanged = outcome.unchanged;
  auto together = [outcome = std::move(outcome), answer = std::move(answer)](Result<Outcome> result) {
    // It never came to it: somebody else had the conversation by then.
    if (!result && result.error().code == Errc::version_conflict) return answer(outcome);
    if (!result) return answer(is_final(result.error()) ? result.error() : unfinished(result.error()));
    // It was accepted before, by another command, which is what a repeat is told too.
    Outcome told = outcome.unchanged ? outcome : *result;
    told.positions = outcome.positions;
    told.positions.insert(told.positions.end(), result->positions.begin(), result->positions.end());
    told.replayed = outcome.replayed;
    answer(std::move(told));
  };
  // Of this acceptance: the conversation may be at its next one.
  const bool under_way = entry && entry->standing == routing::Standing::assigning &&
                         (unchanged || entry->decided_in == accepted_in);
  if (under_way) return send_assign(what, std::move(together));
  // A repeat, and the conversation was told long ago: its answer then is found under its id. No version lets it be decided anew.
  Request request = of_system(workspace, id.slot(), OnConversation{id, conversation::Assign{}});
  request.command = derive_id(ports_.keys, "assign " + to_text(id), accepted_in);
  request.if_match = ~Version{0};
  ports_.route(std::move(request), std::move(together));
}

void RoutingWork::review(WorkspaceId workspace) {
  const auto held = ports_.fold.routings().load(routing_stream(workspace));
  if (!held) return ports_.halt(held.error());
  if ((*held)->version == 0) return;  // nobody was ever there, and nothing waits
  ports_.route(of_system(workspace, workspace.slot(), OnRouting{routing::Review{}}),
               [this, alive = std::weak_ptr<char>(alive_), time = time_of_owning_,
                workspace](const Result<Outcome>& result) {
                 if (result || is_final(result.error()) || alive.expired()) return;
                 ports_.executor.post([this, alive, time, workspace] {
                   if (!alive.expired() && time == time_of_owning_) reviews_again_.insert(workspace);
                 });
               });
}

// ---- a queue's first rule ----

/// What waits in a queue, and what agents hold, was of no concern to routing before, and no change of these will tell it. Whatever was
/// decided before the rule was adopted is written down when the adoption is, and whatever was decided after is owed: so both are
/// looked at as they are written down.
void RoutingWork::consider_sweep(WorkspaceId workspace) {
  ports_.write_certain();
  if (!ports_.owning()) return;
  const auto body = ports_.fold.adopted_for_certain(workspace);
  if (!body) return ports_.halt(body.error());
  if (!body->routes) return;
  std::vector<QueueId> queues = queues_with_rules(*body);
  const auto swept = ports_.fold.swept(workspace);
  if (!swept) return ports_.halt(swept.error());
  // The first rule may have gone again before it was adopted here; what agents hold counts all the same.
  const bool more = !*swept || std::ranges::any_of(queues, [&](QueueId id) {
    return std::ranges::find(**swept, id) == (*swept)->end();
  });
  if (const auto running = sweeps_.find(workspace); running != sweeps_.end()) {
    if (running->second.queues == queues) return;
  } else if (!more) {
    if (queues.size() != (*swept)->size()) ports_.fold.set_swept(workspace, queues);
    return;
  }
  const bool posted = sweeps_.contains(workspace);
  sweeps_[workspace] = {std::move(queues), ports_.fold.first_conversation()};
  if (!posted) post([this, workspace] { sweep(workspace); });
}

void RoutingWork::sweep(WorkspaceId workspace) {
  const auto running = sweeps_.find(workspace);
  if (running == sweeps_.end()) return;
  ports_.write_certain();
  if (!ports_.owning()) return;
  const auto body = ports_.fold.adopted_for_certain(workspace);
  if (!body) return ports_.halt(body.error());
  std::vector<routing_rows::Owed> found;
  auto next = ports_.fold.each_conversation(
      running->second.from, conversations_a_turn,
      [&](ConversationId id, const StreamState<conversation::State>& held) {
        if (held.workspace != workspace || follows_.contains(id)) return;
        if (!held.lived && body->is_open(held.import)) return;  // its next lines would not be told
        if (!process::concerns_routing(process::stand_of(held.state), *body)) return;
        found.push_back(
            {workspace,
             {},
             process::follow_of(id, held.state, held.version, routing::Taken::none, made_at(id))});
      });
  if (!next) return ports_.halt(next.error());
  for (const routing_rows::Owed& owed : found) {
    ports_.fold.owe_to_routing(owed);
    line_up(owed);
  }
  if (!next->empty()) {
    running->second.from = std::move(*next);
    return post([this, workspace] { sweep(workspace); });
  }
  ports_.fold.set_swept(workspace, running->second.queues);
  sweeps_.erase(running);
}

}  // namespace parlance
