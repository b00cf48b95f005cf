#include "engine/domain/conversation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace parlance::conversation {
namespace {

constexpr std::array<std::pair<Phase, std::string_view>, 7> phases{
    {{Phase::fresh, "new"},
     {Phase::open, "open"},
     {Phase::waiting_customer, "waiting_customer"},
     {Phase::waiting_third_party, "waiting_third_party"},
     {Phase::snoozed, "snoozed"},
     {Phase::resolved, "resolved"},
     {Phase::closed, "closed"}}};

// Named apply, not evolve: every event also converts to Event, so a missing overload called evolve would call itself
// for ever instead of failing to compile.
void apply(State& s, const Opened& e) {
  s.phase = Phase::fresh;
  s.number = e.number;
  s.requester = e.requester;
  s.channel = e.channel;
  s.store = e.store;
  s.queue = e.queue;
  s.priority = e.priority;
  s.episode = 1;
}
template <class Message> void keep_preview(State& s, const Message& e) {
  if (!e.preview.is_plain()) s.preview = e.preview.sealed();
}
void apply(State& s, const MessageReceived& e) {
  if (is_active(s.phase) && s.phase != Phase::fresh) s.phase = Phase::open;
  s.snoozed_until = {};
  s.customer_wrote_in_episode = true;
  if (e.first_response_due) {
    s.first_response = FirstResponse::running;
    s.first_response_due = *e.first_response_due;
  }
  keep_preview(s, e);
}
void apply(State& s, const ParticipantJoined& e) { s.participants.push_back(e.participant); }
void apply(State& s, const Replied& e) {
  if (s.phase == Phase::fresh) s.phase = Phase::open;
  // What an agent writes before the customer does, in a ticket of the agent's own, answers nothing yet.
  if (e.agent && s.customer_wrote_in_episode) {
    s.answered_in_episode = true;
    if (s.first_response == FirstResponse::running) s.first_response = FirstResponse::met;
  }
  keep_preview(s, e);
}
void apply(State&, const NoteAdded&) {}
void apply(State& s, const Assigned& e) {
  s.agent = e.agent;
  s.queue = e.queue;
  if (s.phase == Phase::fresh) s.phase = Phase::open;
}
void apply(State& s, const Unassigned&) { s.agent = {}; }
void apply(State& s, const QueueChanged& e) { s.queue = e.to; }
void apply(State& s, const Snoozed& e) {
  s.phase = Phase::snoozed;
  s.snoozed_until = e.until;
}
void apply(State& s, const Woken&) {
  s.phase = Phase::open;
  s.snoozed_until = {};
}
void apply(State& s, const WaitStarted& e) {
  s.phase = e.on == WaitFor::third_party ? Phase::waiting_third_party : Phase::waiting_customer;
  s.snoozed_until = {};
}
// Resolving or closing without an answer ends the promise: nobody waits for it any more.
void end_promise(State& s) {
  if (s.first_response == FirstResponse::running) s.first_response = FirstResponse::none;
}
void apply(State& s, const Resolved& e) {
  s.phase = Phase::resolved;
  s.snoozed_until = {};
  s.closes_at = e.closes_at.value_or(Instant{});
  s.reopens_until = e.reopens_until;
  end_promise(s);
}
void apply(State& s, const Reopened& e) {
  s.phase = Phase::open;
  s.episode = e.episode;
  s.closes_at = {};
  s.reopens_until = {};
  s.customer_wrote_in_episode = false;
  s.answered_in_episode = false;
  s.first_response = FirstResponse::none;
  s.first_response_due = {};
}
void apply(State& s, const Closed&) {
  s.phase = Phase::closed;
  s.snoozed_until = {};
  s.closes_at = {};
  s.reopens_until = {};
  end_promise(s);
}
void apply(State& s, const PriorityChanged& e) { s.priority = e.to; }
void apply(State& s, const TagsChanged& e) {
  for (const TagId tag : e.added) s.tags.push_back(tag);
  std::erase_if(s.tags, [&](TagId tag) { return std::ranges::find(e.removed, tag) != e.removed.end(); });
}
void apply(State& s, const FirstResponseBreached&) { s.first_response = FirstResponse::breached; }
void apply(State& s, const BreachWithdrawn&) { s.first_response = FirstResponse::withdrawn; }

using Events = std::vector<Event>;
using Decided = Result<Events>;

/// None where the conversation takes commands; the refusal otherwise.
std::optional<Error> shut(const State& state) {
  if (state.phase == Phase::absent)
    return Error{Errc::not_found, "conversation.not_found", "no conversation of that id"};
  if (state.phase == Phase::closed)
    return refused("conversation.closed", "the conversation is closed; a new message opens another one");
  return std::nullopt;
}
std::optional<Error> inactive(const State& state) {
  if (auto error = shut(state)) return error;
  if (state.phase == Phase::resolved)
    return refused("conversation.resolved", "the conversation is resolved; reopen it first");
  return std::nullopt;
}
Reason reason_of(const State& state, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Personal<std::string>(text, state.requester, FieldClass::content);
}
std::optional<Personal<Attachments>> attached(const Attachments& files, ReferenceId under) {
  if (files.empty()) return std::nullopt;
  return Personal<Attachments>(files, under, FieldClass::attachment);
}
std::vector<AttachmentId> ids_of(const Attachments& files) {
  std::vector<AttachmentId> ids;
  for (const Attachment& file : files)
    if (file.id) ids.push_back(file.id);
  return ids;
}
std::optional<Error> too_long(const MessageContent& content) {
  if (content.text.size() > text_bytes_max || content.html.size() > text_bytes_max)
    return refused("conversation.text_too_long", "a message has at most 512 KiB of text");
  return std::nullopt;
}

/// `fact` ends the first-response target at `at`. A deadline that is past by then, and that no tick has recorded yet, is
/// broken first; one that was recorded as broken, though the fact is dated before it, is withdrawn after.
Events ending_first_response(const State& state, Instant at, Event fact) {
  Events events;
  if (state.first_response == FirstResponse::running && at > state.first_response_due)
    events.emplace_back(FirstResponseBreached{state.first_response_due});
  events.push_back(std::move(fact));
  if (state.first_response == FirstResponse::breached && at <= state.first_response_due)
    events.emplace_back(BreachWithdrawn{state.first_response_due, at});
  return events;
}

Decided on(const State& state, const Open& c) {
  if (state.phase != Phase::absent)
    return refused("conversation.exists", "there is a conversation of that id");
  return Events{Opened{c.requester, c.channel, c.store, c.language, c.priority, c.queue, c.number, c.by_agent,
                       Personal<Identity>(c.identity, c.requester, FieldClass::contact), c.at}};
}

Decided on(const State& state, const Receive& c) {
  if (auto error = shut(state)) return *error;
  if (auto error = too_long(c.content)) return *error;
  Events events;
  if (c.joins) {
    if (state.participants.size() >= participants_max)
      return refused("conversation.too_many_participants", "at most 200 people write in one conversation");
    events.emplace_back(
        ParticipantJoined{c.author, Personal<Identity>(*c.joins, c.author, FieldClass::contact), c.at});
  }
  const bool reopens = state.phase == Phase::resolved;
  if (reopens) events.emplace_back(Reopened{state.episode + 1, true, std::nullopt, c.at});
  // The target starts with the first customer message of an episode that nobody has answered yet.
  std::optional<Instant> due;
  const bool starts = reopens || (!state.answered_in_episode && state.first_response == FirstResponse::none);
  if (starts && c.adopted != nullptr && c.adopted->policy.first_response_ms)
    due = c.at + *c.adopted->policy.first_response_ms;
  events.emplace_back(MessageReceived{
      c.id, c.author, c.channel, c.language,
      Personal<MessageContent>(c.content, c.author, FieldClass::content), attached(c.attachments, c.author),
      Personal<Preview>(c.preview, state.requester, FieldClass::content), c.at, due, ids_of(c.attachments)});
  return events;
}

Decided on(const State& state, const Reply& c) {
  if (auto error = shut(state)) return *error;
  if (auto error = too_long(c.content)) return *error;
  Replied replied{c.id,
                  c.agent,
                  c.channel == Channel::none ? state.channel : c.channel,
                  Personal<MessageContent>(c.content, state.requester, FieldClass::content),
                  attached(c.attachments, state.requester),
                  Personal<Preview>(c.preview, state.requester, FieldClass::content),
                  c.at,
                  ids_of(c.attachments)};
  if (!c.agent) return Events{std::move(replied)};
  return ending_first_response(state, c.at, std::move(replied));
}

Decided on(const State& state, const Note& c) {
  if (state.phase == Phase::absent) return *shut(state);
  if (auto error = too_long(c.content)) return *error;
  return Events{NoteAdded{c.id, c.agent,
                          Personal<MessageContent>(c.content, state.requester, FieldClass::content),
                          attached(c.attachments, state.requester), c.at, ids_of(c.attachments)}};
}

Decided on(const State& state, const Assign& c) {
  if (auto error = shut(state)) return *error;
  if (c.agent && c.adopted != nullptr && !c.adopted->knows(c.agent))
    return refused("agent.unknown", "no agent of that id");
  if (c.queue && c.adopted != nullptr && !c.adopted->knows(c.queue))
    return refused("queue.unknown", "no queue of that id");
  if (c.claimed && state.agent && state.agent != c.agent)
    return refused("conversation.taken", "another agent has it; assign it instead");
  const QueueId queue = c.queue ? c.queue : state.queue;
  const AgentId agent = c.agent ? c.agent : state.agent;
  Events events;
  if (queue != state.queue)
    events.emplace_back(QueueChanged{state.queue, queue, reason_of(state, c.reason), c.at});
  if (agent != state.agent)
    events.emplace_back(Assigned{agent, queue, c.claimed, reason_of(state, c.reason), c.at});
  return events;
}

Decided on(const State& state, const Unassign& c) {
  if (auto error = shut(state)) return *error;
  if (!state.agent) return Events{};
  return Events{Unassigned{state.agent, reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const Snooze& c) {
  if (auto error = inactive(state)) return *error;
  if (c.until <= c.at) return refused("conversation.snooze_in_the_past", "snooze until a later time");
  if (state.phase == Phase::snoozed && state.snoozed_until == c.until) return Events{};
  return Events{Snoozed{c.until, reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const Wait& c) {
  if (auto error = inactive(state)) return *error;
  const Phase wanted = c.on == WaitFor::third_party ? Phase::waiting_third_party : Phase::waiting_customer;
  if (state.phase == wanted) return Events{};
  return Events{WaitStarted{c.on, reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const Resolve& c) {
  if (auto error = shut(state)) return *error;
  if (state.phase == Phase::resolved) return Events{};
  const settings::Policy policy = c.adopted == nullptr ? settings::Policy{} : c.adopted->policy;
  std::optional<Instant> closes_at;
  if (policy.auto_close_ms) closes_at = c.at + *policy.auto_close_ms;
  return ending_first_response(
      state, c.at,
      Resolved{c.agent, closes_at, c.at + policy.reopen_window_ms, reason_of(state, c.reason), c.at});
}

Decided on(const State& state, const Reopen& c) {
  if (auto error = shut(state)) return *error;
  if (state.phase != Phase::resolved) return Events{};
  return Events{Reopened{state.episode + 1, false, reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const Close& c) {
  if (state.phase == Phase::closed) return Events{};
  if (auto error = shut(state)) return *error;
  return ending_first_response(state, c.at, Closed{false, reason_of(state, c.reason), c.at});
}

Decided on(const State& state, const SetPriority& c) {
  if (auto error = shut(state)) return *error;
  if (state.priority == c.priority) return Events{};
  return Events{PriorityChanged{state.priority, c.priority, c.at}};
}

Decided on(const State& state, const ChangeTags& c) {
  if (auto error = shut(state)) return *error;
  TagsChanged changed{.added = {}, .removed = {}, .at = c.at};
  const auto has = [](const std::vector<TagId>& tags, TagId tag) {
    return std::ranges::find(tags, tag) != tags.end();
  };
  for (const TagId tag : c.add) {
    if (c.adopted != nullptr && !c.adopted->knows(tag))
      return refused("tag.unknown", "no tag of that id; add it to the settings first");
    // What is both added and removed is removed, whether it was there or not: a repeat must not bring it back.
    if (!has(state.tags, tag) && !has(changed.added, tag) && !has(c.remove, tag))
      changed.added.push_back(tag);
  }
  for (const TagId tag : c.remove)
    if (has(state.tags, tag) && !has(changed.removed, tag)) changed.removed.push_back(tag);
  if (changed.added.empty() && changed.removed.empty()) return Events{};
  if (state.tags.size() + changed.added.size() > tags_on_conversation_max + changed.removed.size())
    return refused("conversation.too_many_tags", "at most 100 tags on a conversation");
  return Events{std::move(changed)};
}

Decided on(const State& state, const Tick& c) {
  const std::vector<Timer> asked = timers(state);
  if (std::ranges::find(asked, c.timer) == asked.end()) return Events{};
  switch (c.timer.kind) {
    case TimerKind::snooze: return Events{Woken{c.timer.due}};
    case TimerKind::auto_close: return Events{Closed{true, std::nullopt, c.timer.due}};
    case TimerKind::first_response: return Events{FirstResponseBreached{c.timer.due}};
    case TimerKind::none: break;
  }
  return Events{};
}

}  // namespace

std::string_view to_text(Phase phase) {
  const auto it = std::ranges::find(phases, phase, [](const auto& p) { return p.first; });
  return it == phases.end() ? "absent" : it->second;
}
std::optional<Phase> parse_phase(std::string_view text) {
  const auto it = std::ranges::find(phases, text, [](const auto& p) { return p.second; });
  if (it == phases.end()) return std::nullopt;
  return it->first;
}

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

std::vector<Timer> timers(const State& state) {
  std::vector<Timer> out;
  if (state.phase == Phase::snoozed) out.push_back({TimerKind::snooze, state.snoozed_until});
  if (state.phase == Phase::resolved && state.closes_at != Instant{})
    out.push_back({TimerKind::auto_close, state.closes_at});
  if (state.first_response == FirstResponse::running)  // resolving and closing end it
    out.push_back({TimerKind::first_response, state.first_response_due});
  return out;
}

Decided decide(const State& state, const Command& command) {
  return std::visit([&](const auto& c) { return on(state, c); }, command);
}

}  // namespace parlance::conversation
