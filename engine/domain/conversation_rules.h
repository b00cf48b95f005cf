#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/domain/conversation.h"

/// What the files that decide a conversation's commands share. For conversation*.cc alone.
namespace parlance::conversation::rules {

using Events = std::vector<Event>;
using Decided = Result<Events>;

/// None where the conversation takes commands; the refusal otherwise.
[[nodiscard]] std::optional<Error> shut(const State& state);
/// The same, and it is neither resolved nor spam.
[[nodiscard]] std::optional<Error> inactive(const State& state);
[[nodiscard]] Reason reason_of(const State& state, const std::string& text);
/// `fact` ends the first-response target at `at`. A deadline that is past by then, and that no tick has recorded yet, is
/// broken first; one that was recorded as broken, though the fact is dated before it, is withdrawn after.
[[nodiscard]] Events ending_first_response(const State& state, Instant at, Event fact);
/// The refusal where `agent` or `queue` is given and the workspace has none of that id.
[[nodiscard]] std::optional<Error> unknown(const adoption::Body* adopted, AgentId agent, QueueId queue);

/// The refusal where the conversation may not go on to `phase`, and there to `sub_state` (zero: none): the sub-state must
/// be one of that base state, and the workspace's transitions, where it has any, must list a way. A way from or to a base state
/// counts for all its sub-states.
[[nodiscard]] std::optional<Error> barred(const State& state, const adoption::Body* adopted, Phase phase,
                                          SubStateId sub_state);
/// `events` lead to `phase`, or it is there; then to the sub-state, if one is asked for.
[[nodiscard]] Events then_sub_state(const State& state, Phase phase, Events events, SubStateId sub_state,
                                    Instant at);

/// What `event` would change of `state` that an act could lead back to, and the act it is (none: it is not reversible).
struct Touch {
  Act act = Act::none;
  Part parts = Part::none;
};
[[nodiscard]] Touch touch_of(const State& state, const Event& event);
/// Notes the event, about to be applied to `state`, among its acts.
void note_act(State& state, const Event& event, const Doing& doing);
/// The undone act leaves them.
void forget_act(State& state, EnvelopeId envelope, Act act);

[[nodiscard]] Decided on(const State& state, const Transfer& c);
[[nodiscard]] Decided on(const State& state, const Escalate& c);
[[nodiscard]] Decided on(const State& state, const SetType& c);
[[nodiscard]] Decided on(const State& state, const SetSubjectLine& c);
[[nodiscard]] Decided on(const State& state, const SetFields& c);
[[nodiscard]] Decided on(const State& state, const SetSubState& c);
[[nodiscard]] Decided on(const State& state, const MarkSpam& c);
[[nodiscard]] Decided on(const State& state, const UnmarkSpam& c);
[[nodiscard]] Decided on(const State& state, const EndTurn& c);
[[nodiscard]] Decided on(const State& state, const Redact& c);
[[nodiscard]] Decided on(const State& state, const Rate& c);
[[nodiscard]] Decided on(const State& state, const Undo& c);

}  // namespace parlance::conversation::rules
