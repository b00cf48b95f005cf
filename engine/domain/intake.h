#pragma once
#include <optional>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/conversation.h"
#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"

/// The door: every message goes first to the slot of its address, where one pure decision says which conversation it
/// joins. One writer decides in order, so a storm of doubled, reordered, concurrent deliveries makes one conversation.
namespace parlance::intake {

/// The door's own stream: one a slot. A message was handed to a conversation in another slot; a repeat finds this decision,
/// whatever was linked since. `author` is the writer's reference in that conversation.
struct MessageForwarded {
  ConversationId to;
  ReferenceId author;
  Personal<Identity> identity;
  Instant at;
  bool operator==(const MessageForwarded&) const = default;
  void each_personal(auto&& visit) { visit(identity); }
};
/// An address of this slot belongs to a person of another: learnt from a command of that person's.
struct AddressLinked {
  Personal<Identity> identity;
  Instant at;
  bool operator==(const AddressLinked&) const = default;
  void each_personal(auto&& visit) { visit(identity); }
};
using Event = std::variant<MessageForwarded, AddressLinked>;

/// A conversation of the sender's that the door knows of.
struct Known {
  ConversationId conversation;
  Channel channel;
  StoreId store;
  /// Nothing where the conversation lives in another slot (its state is not ours to read).
  std::optional<conversation::State> state;
};

/// What the door knows when a message arrives.
struct State {
  std::optional<ConversationId> thread;             ///< what the message's thread reference resolves to
  std::optional<conversation::State> thread_state;  ///< its state, where it lives in this slot
  std::vector<Known> known;                         ///< of the sender, oldest first
};

struct Arrive {
  Channel channel;
  StoreId store;
  Slot slot;   ///< the door's
  Instant at;  ///< at the source
};

struct Join {
  ConversationId conversation;
};
struct Forward {
  ConversationId conversation;
};
struct OpenNew {};
using Decision = std::variant<Join, Forward, OpenNew>;

/// In this order: the thread reference, unless its conversation is gone or closed; the newest active conversation on that
/// channel and store; the newest that was resolved and may still be reopened; a conversation known to live elsewhere on
/// that channel and store; else a new one.
[[nodiscard]] Decision decide(const State& state, const Arrive& message);

}  // namespace parlance::intake
