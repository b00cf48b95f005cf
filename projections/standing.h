#pragma once
#include "engine/domain/standing.h"
#include "projections/projection.h"

namespace parlance {

/// Where a conversation stands, which is what most views count by: its phase, who holds it and where it waits, in the layout of
/// rows. It moves by the decider's own rules (engine/domain/standing.h).
struct Standing {
  QueueId queue;
  AgentId agent;  ///< zero: nobody
  TeamId team;    ///< zero: none
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
static_assert(std::has_unique_object_representations_v<Standing> && sizeof(Standing) == 56);

/// The events that move it.
struct Moves {
  template <class E> static constexpr bool has = conversation::Moving<E>;
};

template <conversation::Moving E> void move(Standing& s, const E& e) {
  conversation::stand(s, e);
  if constexpr (std::is_same_v<E, conversation::Opened>) {
    s.language = e.language;
    s.channel = e.channel;
  }
}

}  // namespace parlance
