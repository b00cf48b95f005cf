#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/request.h"
#include "tests/simulation/plan.h"

namespace parlance::simulation {

/// How many records had become durable, over all partitions: the run's own order of what happened.
using Moment = std::uint64_t;

/// Whether it will not be done, whenever it is asked again.
inline bool definitive(const Error& error) {
  switch (error.code) {
    case Errc::refused:
    case Errc::invalid:
    case Errc::version_conflict: return true;
    // The person of a first message may be created a moment after its answer.
    case Errc::not_found: return error.rule != "subject.not_found";
    default: return false;
  }
}

/// One thing that a client wants, however often it asks for it.
struct Intent {
  std::size_t number = 0;
  Feature feature{};
  Request request;
  std::string text;  ///< that only this one writes
  std::optional<std::size_t> in_reply_to;
  std::size_t unanswered = 0;                  ///< attempts out there
  std::multiset<std::uint64_t> unanswered_of;  ///< and of which process
  std::optional<Outcome> done;
  std::size_t first_outcomes = 0;  ///< answers that said they were no repeats
  std::optional<Error> last_error;
  std::vector<Moment> said_not_there;  ///< when an answer said that it is not in the log
  bool asked_again_at_the_end = false;
  [[nodiscard]] bool keyed() const { return request.command.has_value(); }
};

/// A refusal that names a fact: the conversation was closed by then.
struct SaidClosed {
  ConversationId conversation;
  Moment at = 0;
};

/// What the clients know.
struct Ledger {
  std::vector<Intent> intents;
  std::vector<SaidClosed> said_closed;
  std::map<CommandId, std::size_t> by_command;
  std::vector<ConversationId> conversations;  ///< acknowledged
  std::vector<SubjectId> subjects;
  std::set<SubjectId> erased;
  std::set<ReferenceId> destroyed;
};

}  // namespace parlance::simulation
