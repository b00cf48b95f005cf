#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"

/// What an agent has begun to write in a conversation and not sent. One stream for each of the two together, apart from the
/// conversation's own: typing is no act on it, and moves no version that others have seen.
namespace parlance::draft {

/// Begun, or gone on with: the text as it is now.
struct Kept {
  ConversationId conversation;
  AgentId agent;
  DraftKind kind;
  Personal<std::string> text;  ///< under the conversation's requester
  Instant at;
  bool operator==(const Kept&) const = default;
  void each_personal(auto&& visit) { visit(text); }
};
struct Dropped {
  ConversationId conversation;
  AgentId agent;
  bool sent;  ///< it became a message; else it was thrown away
  Instant at;
  bool operator==(const Dropped&) const = default;
};
using Event = std::variant<Kept, Dropped>;

struct State {
  ConversationId conversation;
  AgentId agent;
  DraftKind kind = DraftKind::none;  ///< none: there is no draft
  std::optional<Sealed> text;
  Instant updated_at;
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);

inline constexpr std::size_t text_bytes_max = 64 * 1024;

struct Keep {
  ConversationId conversation;
  AgentId agent;
  DraftKind kind = DraftKind::none;
  std::string text;       ///< empty: throws it away
  ReferenceId requester;  ///< of the conversation
  Instant at;
};
/// It was sent as a message of this kind; a draft of another kind stays.
struct Send {
  DraftKind kind = DraftKind::none;
  Instant at;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Keep& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Send& command);

}  // namespace parlance::draft
