#pragma once
#include <optional>

#include "engine/domain/adoption.h"
#include "engine/domain/conversation.h"
#include "engine/domain/routing.h"

/// Between conversations and routing. A conversation's partition owes routing a Follow whenever the conversation comes to stand
/// otherwise in a way that concerns it; routing owes a conversation an assign as long as its ledger says that it is being
/// assigned. Both are found again after a restart, and both may be repeated.
namespace parlance::process {

/// What routing asks of a conversation.
struct Stand {
  bool to_do = false;
  QueueId queue;
  AgentId agent;
  bool operator==(const Stand&) const = default;
};
[[nodiscard]] Stand stand_of(const conversation::State& state);
/// Routing must know of it: somebody holds it and has to do with it, or it waits in a queue with a rule.
[[nodiscard]] bool concerns_routing(const Stand& stand, const adoption::Body& body);
/// Whether routing must be told that a conversation changed so.
[[nodiscard]] bool must_follow(const Stand& before, const Stand& after, const adoption::Body& body);
/// What it is told. `taken`: how the last change brought an agent, where it did.
[[nodiscard]] routing::Follow follow_of(ConversationId id, const conversation::State& state, Version version,
                                        routing::Taken taken, Instant since);
[[nodiscard]] routing::Taken taken_by(const conversation::Event& event);

/// What a conversation that is being assigned is asked; none where it is not.
[[nodiscard]] std::optional<conversation::Assign> assign_of(const routing::Entry& entry, Instant now);
/// What a conversation's refusal means to routing.
[[nodiscard]] routing::Refusal refusal_of(const Error& error);

}  // namespace parlance::process
