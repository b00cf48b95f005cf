#pragma once
#include "engine/domain/conversation.h"

/// How events move a conversation between states, queues, agents and teams: written once, for the decider's own state and for
/// whatever else keeps a standing, such as the rows of views. `S` has the members phase, queue, agent and team.
///
/// An event without a stand() here moves nothing; Moving tells which do.
namespace parlance::conversation {

// Each of these overloads names one event, and no event converts to another, so a call finds its own or none.
template <class S> void stand(S& s, const Opened& e) {
  s.queue = e.queue;
  s.agent = {};
  s.team = {};
  s.phase = Phase::fresh;
}
template <class S> void stand(S& s, const MessageReceived&) {
  if (is_active(s.phase) && s.phase != Phase::fresh) s.phase = Phase::open;
}
template <class S> void stand(S& s, const Replied&) {
  if (s.phase == Phase::fresh) s.phase = Phase::open;
}
template <class S> void stand(S& s, const Assigned& e) {
  s.agent = e.agent;
  s.queue = e.queue;
  if (s.phase == Phase::fresh) s.phase = Phase::open;
}
template <class S> void stand(S& s, const Unassigned&) { s.agent = {}; }
template <class S> void stand(S& s, const QueueChanged& e) { s.queue = e.to; }
template <class S> void stand(S& s, const Snoozed&) { s.phase = Phase::snoozed; }
template <class S> void stand(S& s, const Woken&) { s.phase = Phase::open; }
template <class S> void stand(S& s, const WaitStarted& e) {
  s.phase = e.on == WaitFor::third_party ? Phase::waiting_third_party : Phase::waiting_customer;
}
template <class S> void stand(S& s, const Resolved&) { s.phase = Phase::resolved; }
template <class S> void stand(S& s, const Reopened&) { s.phase = Phase::open; }
template <class S> void stand(S& s, const Closed&) { s.phase = Phase::closed; }
template <class S> void stand(S& s, const Transferred& e) {
  s.queue = e.to_queue;
  s.agent = e.to_agent;
  s.team = e.to_team;
  if (s.phase == Phase::fresh && e.to_agent) s.phase = Phase::open;
}
template <class S> void stand(S& s, const Escalated& e) {
  s.queue = e.to_queue;
  s.agent = e.to_agent;
  if (s.phase == Phase::fresh && e.to_agent) s.phase = Phase::open;
}
template <class S> void stand(S& s, const SpamMarked&) { s.phase = Phase::spam; }
template <class S> void stand(S& s, const SpamUnmarked&) { s.phase = Phase::open; }
template <class S> void stand(S& s, const Undone& e) {
  if (has(e.before.parts, Part::phase)) s.phase = e.before.phase;
  if (!has(e.before.parts, Part::holder)) return;
  s.queue = e.before.queue;
  s.agent = e.before.agent;
  s.team = e.before.team;
}

/// The least that has a standing.
struct BareStanding {
  Phase phase = Phase::absent;
  QueueId queue;
  AgentId agent;
  TeamId team;
};
template <class E>
concept Moving = requires(BareStanding& s, const E& e) { stand(s, e); };

}  // namespace parlance::conversation
