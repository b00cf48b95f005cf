#pragma once
#include "engine/domain/conversation.h"
#include "projections/projection.h"

namespace parlance {

/// Where a conversation stands, which is what most views count by: its phase, who holds it and where it waits. The same moves as
/// the decider's own fold makes (a test holds the two together), in the layout of rows.
struct Standing {
  QueueId queue;
  AgentId agent;  ///< zero: nobody
  Language language = Language::und;
  conversation::Phase phase = conversation::Phase::absent;
  Channel channel = Channel::none;
  std::uint32_t zero = 0;
  bool operator==(const Standing&) const = default;

  [[nodiscard]] bool to_do() const {
    return phase == conversation::Phase::fresh || phase == conversation::Phase::open;
  }
  [[nodiscard]] bool waiting_for_an_agent() const { return to_do() && !agent; }
};
static_assert(std::has_unique_object_representations_v<Standing> && sizeof(Standing) == 40);

/// The events that move it.
using Moves = Handles<conversation::Opened, conversation::MessageReceived, conversation::Replied,
                      conversation::Assigned, conversation::Unassigned, conversation::QueueChanged,
                      conversation::Snoozed, conversation::Woken, conversation::WaitStarted,
                      conversation::Resolved, conversation::Reopened, conversation::Closed>;

inline void move(Standing& s, const conversation::Opened& e) {
  s.queue = e.queue;
  s.agent = {};
  s.language = e.language;
  s.phase = conversation::Phase::fresh;
  s.channel = e.channel;
}
inline void move(Standing& s, const conversation::MessageReceived&) {
  if (is_active(s.phase) && s.phase != conversation::Phase::fresh) s.phase = conversation::Phase::open;
}
inline void move(Standing& s, const conversation::Replied&) {
  if (s.phase == conversation::Phase::fresh) s.phase = conversation::Phase::open;
}
inline void move(Standing& s, const conversation::Assigned& e) {
  s.agent = e.agent;
  s.queue = e.queue;
  if (s.phase == conversation::Phase::fresh) s.phase = conversation::Phase::open;
}
inline void move(Standing& s, const conversation::Unassigned&) { s.agent = {}; }
inline void move(Standing& s, const conversation::QueueChanged& e) { s.queue = e.to; }
inline void move(Standing& s, const conversation::Snoozed&) { s.phase = conversation::Phase::snoozed; }
inline void move(Standing& s, const conversation::Woken&) { s.phase = conversation::Phase::open; }
inline void move(Standing& s, const conversation::WaitStarted& e) {
  s.phase = e.on == WaitFor::third_party ? conversation::Phase::waiting_third_party
                                         : conversation::Phase::waiting_customer;
}
inline void move(Standing& s, const conversation::Resolved&) { s.phase = conversation::Phase::resolved; }
inline void move(Standing& s, const conversation::Reopened&) { s.phase = conversation::Phase::open; }
inline void move(Standing& s, const conversation::Closed&) { s.phase = conversation::Phase::closed; }

}  // namespace parlance
