#include "engine/domain/conversation.h"

#include <algorithm>
#include <utility>

#include "engine/domain/conversation_rules.h"
#include "engine/domain/standing.h"

namespace parlance::conversation {
namespace {

using rules::Decided;
using rules::Events;

void set_field(std::vector<FieldEntry>& fields, const FieldEntry& entry) {
  const auto place = std::ranges::lower_bound(fields, entry.field, {}, &FieldEntry::field);
  const bool there = place != fields.end() && place->field == entry.field;
  if (std::holds_alternative<std::monostate>(entry.value)) {
    if (there) fields.erase(place);
  } else if (there) {
    place->value = entry.value;
  } else {
    fields.insert(place, entry);
  }
}

// Named apply, not evolve: every event also converts to Event, so a missing overload called evolve would call itself
// for ever instead of failing to compile.
//
// Where it stands moves by the rules of standing.h; here is the rest.
void apply(State& s, const Opened& e) {
  s.number = e.number;
  s.requester = e.requester;
  s.channel = e.channel;
  s.language = e.language;
  s.store = e.store;
  s.priority = e.priority;
  s.episode = 1;
  s.opened_at = e.at;
}
template <class Message> void keep_preview(State& s, const Message& e) {
  if (!e.preview.is_plain()) s.preview = e.preview.sealed();
}
void apply(State& s, const MessageReceived& e) {
  s.snoozed_until = {};
  s.customer_wrote_in_episode = true;
  if (!s.unanswered_since || e.at < *s.unanswered_since) s.unanswered_since = e.at;
  s.last_received_at = std::max(s.last_received_at, e.at);
  if (s.language == Language::und) s.language = e.language;
  if (e.first_response_due) {
    s.first_response = FirstResponse::running;
    s.first_response_due = *e.first_response_due;
  }
  keep_preview(s, e);
}
void apply(State& s, const ParticipantJoined& e) { s.participants.push_back(e.participant); }
void apply(State& s, const Replied& e) {
  if (e.agent && s.unanswered_since && e.at >= *s.unanswered_since)
    // One dated before the latest message, come to light late, does not answer that one.
    s.unanswered_since = e.at >= s.last_received_at ? std::nullopt : std::optional(s.last_received_at);
  // What an agent writes before the customer does, in a ticket of the agent's own, answers nothing yet.
  if (e.agent && s.customer_wrote_in_episode) {
    s.answered_in_episode = true;
    if (s.first_response == FirstResponse::running) s.first_response = FirstResponse::met;
  }
  keep_preview(s, e);
}
void apply(State&, const NoteAdded&) {}
void apply(State&, const Assigned&) {}
void apply(State&, const Unassigned&) {}
void apply(State&, const QueueChanged&) {}
void apply(State& s, const Snoozed& e) { s.snoozed_until = e.until; }
void apply(State& s, const Woken&) { s.snoozed_until = {}; }
void apply(State& s, const WaitStarted&) { s.snoozed_until = {}; }
// Resolving or closing without an answer ends the promise: nobody waits for it any more.
void end_promise(State& s) {
  if (s.first_response == FirstResponse::running) s.first_response = FirstResponse::none;
}
void apply(State& s, const Resolved& e) {
  s.snoozed_until = {};
  s.closes_at = e.closes_at.value_or(Instant{});
  s.reopens_until = e.reopens_until;
  s.unanswered_since.reset();
  s.escalated = false;
  s.resolved_by = e.agent;
  end_promise(s);
}
void apply(State& s, const Reopened& e) {
  s.episode = e.episode;
  s.closes_at = {};
  s.reopens_until = {};
  s.customer_wrote_in_episode = false;
  s.answered_in_episode = false;
  s.first_response = FirstResponse::none;
  s.first_response_due = {};
  s.resolved_by = {};
  s.scores = {};
}
void apply(State& s, const Closed&) {
  s.snoozed_until = {};
  s.closes_at = {};
  s.reopens_until = {};
  s.unanswered_since.reset();
  s.escalated = false;
  end_promise(s);
}
void apply(State& s, const PriorityChanged& e) { s.priority = e.to; }
void change_tags(State& s, const std::vector<TagId>& added, const std::vector<TagId>& removed) {
  for (const TagId tag : added)
    if (std::ranges::find(s.tags, tag) == s.tags.end()) s.tags.push_back(tag);
  std::erase_if(s.tags, [&](TagId tag) { return std::ranges::find(removed, tag) != removed.end(); });
}
void apply(State& s, const TagsChanged& e) { change_tags(s, e.added, e.removed); }
void apply(State& s, const FirstResponseBreached&) { s.first_response = FirstResponse::breached; }
void apply(State& s, const BreachWithdrawn&) { s.first_response = FirstResponse::withdrawn; }
void apply(State&, const Transferred&) {}
void apply(State& s, const Escalated&) { s.escalated = true; }
void apply(State& s, const TypeChanged& e) { s.type = e.to; }
void apply(State& s, const SubjectLineChanged& e) { keep_preview(s, e); }
void apply(State& s, const FieldsChanged& e) {
  for (const FieldEntry& change : e.changes) set_field(s.fields, change);
}
void apply(State& s, const SubStateChanged& e) { s.sub_state = e.to; }
void apply(State& s, const SpamMarked&) {
  s.snoozed_until = {};
  s.closes_at = {};
  s.reopens_until = {};
  end_promise(s);
}
void apply(State& s, const SpamUnmarked& e) {
  s.unanswered_since = e.unanswered_since;
  if (!e.first_response_due) return;
  s.first_response = FirstResponse::running;
  s.first_response_due = *e.first_response_due;
}
void apply(State& s, const NoReplyNeeded&) {
  s.unanswered_since.reset();
  end_promise(s);
}
void apply(State& s, const MessageRedacted& e) {
  s.redacted.push_back(e.message);
  if (e.preview && !e.preview->is_plain()) s.preview = e.preview->sealed();
}
void apply(State& s, const Rated& e) {
  if (e.episode == s.episode) s.scores[static_cast<std::size_t>(e.kind) % s.scores.size()] = e.score;
}
void apply(State& s, const Undone& e) {
  const Before& before = e.before;
  if (has(before.parts, Part::phase)) {
    s.sub_state = before.sub_state;
    s.snoozed_until = before.snoozed_until;
    s.closes_at = before.closes_at;
    s.reopens_until = before.reopens_until;
    s.unanswered_since = before.unanswered_since;
    s.first_response = before.first_response;
    s.first_response_due = before.first_response_due;
    s.escalated = before.escalated;
    if (is_active(before.phase)) s.resolved_by = {};
  }
  if (has(before.parts, Part::priority)) s.priority = before.priority;
  if (has(before.parts, Part::type)) s.type = before.type;
  change_tags(s, before.tags_added, before.tags_removed);
  for (const FieldEntry& entry : before.fields) set_field(s.fields, entry);
}

bool is_message(const Event& event) {
  return std::holds_alternative<MessageReceived>(event) || std::holds_alternative<Replied>(event) ||
         std::holds_alternative<NoteAdded>(event);
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

using rules::barred;
using rules::ending_first_response;
using rules::inactive;
using rules::on;
using rules::reason_of;
using rules::shut;
using rules::then_sub_state;
using rules::unknown;

std::optional<Error> missing_field(const State& state, const adoption::Body* adopted) {
  if (adopted == nullptr) return std::nullopt;
  for (const settings::Field& field : adopted->fields)
    if (field.required_to_resolve && !field.retired &&
        !std::ranges::binary_search(state.fields, field.id, {}, &FieldEntry::field))
      return refused("conversation.field_required",
                     "the field '" + field.name + "' must be filled in before it is resolved");
  return std::nullopt;
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
  const bool starts = reopens || (state.phase != Phase::spam && !state.answered_in_episode &&
                                  state.first_response == FirstResponse::none);
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
  if (state.phase == Phase::spam)
    return refused("conversation.spam", "it is marked as spam; take the mark away first");
  if (auto error = too_long(c.content)) return *error;
  if (c.seen && *c.seen > state.version)
    return refused("conversation.version_unknown",
                   "the conversation is at version " + std::to_string(state.version));
  if (c.seen && *c.seen < state.message_version)
    return refused("conversation.changed_since",
                   "messages or notes came since version " + std::to_string(*c.seen));
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
  if (c.mentions.size() > mentions_max)
    return refused("conversation.too_many_mentions", "a note mentions at most 50 agents");
  NoteAdded added{c.id,
                  c.agent,
                  Personal<MessageContent>(c.content, state.requester, FieldClass::content),
                  attached(c.attachments, state.requester),
                  c.at,
                  ids_of(c.attachments),
                  {}};
  for (const AgentId agent : c.mentions) {
    if (auto error = unknown(c.adopted, agent, {})) return *error;
    if (std::ranges::find(added.mentions, agent) == added.mentions.end()) added.mentions.push_back(agent);
  }
  return Events{std::move(added)};
}

Decided on(const State& state, const Assign& c) {
  if (auto error = shut(state)) return *error;
  if (c.by_rule && state.agent != c.agent) {
    if (state.agent) return refused("conversation.taken", "another agent has it");
    if (state.queue != c.queue) return refused("conversation.moved", "it waits in another queue now");
    if (!is_to_do(state.phase)) return refused("conversation.not_waiting", "nothing is to do in it now");
  }
  if (auto error = unknown(c.adopted, c.agent, c.queue)) return *error;
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
  const bool same_sub_state = !c.sub_state || state.sub_state == c.sub_state;
  const bool moves = state.phase != Phase::snoozed || !same_sub_state;
  if (!moves && state.snoozed_until == c.until) return Events{};
  if (moves)
    if (auto error = barred(state, c.adopted, Phase::snoozed, c.sub_state)) return *error;
  Events events;
  if (state.phase != Phase::snoozed || state.snoozed_until != c.until)
    events.emplace_back(Snoozed{c.until, reason_of(state, c.reason), c.at});
  return then_sub_state(state, Phase::snoozed, std::move(events), c.sub_state, c.at);
}

Decided on(const State& state, const Wait& c) {
  if (auto error = inactive(state)) return *error;
  const Phase wanted = c.on == WaitFor::third_party ? Phase::waiting_third_party : Phase::waiting_customer;
  const bool same_sub_state = !c.sub_state || state.sub_state == c.sub_state;
  if (state.phase == wanted && same_sub_state) return Events{};
  if (auto error = barred(state, c.adopted, wanted, c.sub_state)) return *error;
  Events events;
  if (state.phase != wanted) events.emplace_back(WaitStarted{c.on, reason_of(state, c.reason), c.at});
  return then_sub_state(state, wanted, std::move(events), c.sub_state, c.at);
}

Decided on(const State& state, const Resolve& c) {
  if (auto error = shut(state)) return *error;
  if (state.phase == Phase::spam)
    return refused("conversation.spam", "it is marked as spam; take the mark away first");
  const bool same_sub_state = !c.sub_state || state.sub_state == c.sub_state;
  if (state.phase == Phase::resolved && same_sub_state) return Events{};
  if (auto error = barred(state, c.adopted, Phase::resolved, c.sub_state)) return *error;
  if (state.phase == Phase::resolved) return then_sub_state(state, Phase::resolved, {}, c.sub_state, c.at);
  if (auto error = missing_field(state, c.adopted)) return *error;
  const settings::Policy policy = c.adopted == nullptr ? settings::Policy{} : c.adopted->policy;
  std::optional<Instant> closes_at;
  if (policy.auto_close_ms) closes_at = c.at + *policy.auto_close_ms;
  Resolved resolved{c.agent, closes_at, c.at + policy.reopen_window_ms, reason_of(state, c.reason), c.at};
  return then_sub_state(state, Phase::resolved, ending_first_response(state, c.at, std::move(resolved)),
                        c.sub_state, c.at);
}

Decided on(const State& state, const Reopen& c) {
  if (auto error = shut(state)) return *error;
  if (state.phase != Phase::resolved) return Events{};
  if (auto error = barred(state, c.adopted, Phase::open, {})) return *error;
  return Events{Reopened{state.episode + 1, false, reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const Close& c) {
  if (state.phase == Phase::closed) return Events{};
  if (auto error = shut(state)) return *error;
  if (auto error = barred(state, c.adopted, Phase::closed, {})) return *error;
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
    case TimerKind::offer:
    case TimerKind::none: break;
  }
  return Events{};
}

}  // namespace

State evolve(State state, const Event& event, const Doing& doing) {
  rules::note_act(state, event, doing);
  const Phase before = state.phase;
  std::visit(
      [&](const auto& e) {
        if constexpr (Moving<std::remove_cvref_t<decltype(e)>>) stand(state, e);
        // A sub-state is within its base state.
        if (state.phase != before) state.sub_state = {};
        apply(state, e);
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(e)>, Undone>)
          rules::forget_act(state, e.envelope, e.act);
      },
      event);
  ++state.version;
  if (is_message(event)) state.message_version = state.version;
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
