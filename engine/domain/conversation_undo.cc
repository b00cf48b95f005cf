// Which acts may be undone, and what leads back.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/domain/conversation_rules.h"

namespace parlance::conversation {
namespace {

constexpr std::array<std::pair<Act, std::string_view>, 15> acts{
    {{Act::resolved, "resolved"},
     {Act::closed, "closed"},
     {Act::snoozed, "snoozed"},
     {Act::waiting, "waiting"},
     {Act::assigned, "assigned"},
     {Act::unassigned, "unassigned"},
     {Act::transferred, "transferred"},
     {Act::escalated, "escalated"},
     {Act::priority_changed, "priority_changed"},
     {Act::type_changed, "type_changed"},
     {Act::tags_changed, "tags_changed"},
     {Act::fields_changed, "fields_changed"},
     {Act::spam_marked, "spam_marked"},
     {Act::spam_unmarked, "spam_unmarked"},
     {Act::sub_state_changed, "sub_state_changed"}}};

using rules::Touch;

// One overload for each event, so that a new one does not compile until it is said what it touches.
Touch touch(const State&, const Opened&) { return {}; }
Touch touch(const State&, const MessageReceived&) { return {Act::none, Part::phase}; }
Touch touch(const State&, const ParticipantJoined&) { return {}; }
Touch touch(const State&, const Replied&) { return {Act::none, Part::phase}; }
Touch touch(const State&, const NoteAdded&) { return {}; }
/// Giving a new one to somebody opens it.
Part holder(const State& s, AgentId to) {
  return s.phase == Phase::fresh && to ? Part::holder | Part::phase : Part::holder;
}
Touch touch(const State& s, const Assigned& e) { return {Act::assigned, holder(s, e.agent)}; }
Touch touch(const State&, const Unassigned&) { return {Act::unassigned, Part::holder}; }
Touch touch(const State&, const QueueChanged&) { return {Act::assigned, Part::holder}; }
Touch touch(const State&, const Snoozed&) { return {Act::snoozed, Part::phase}; }
Touch touch(const State&, const Woken&) { return {Act::none, Part::phase}; }
Touch touch(const State&, const WaitStarted&) { return {Act::waiting, Part::phase}; }
Touch touch(const State&, const Resolved&) { return {Act::resolved, Part::phase}; }
Touch touch(const State&, const Reopened&) { return {Act::none, Part::phase}; }
Touch touch(const State&, const Closed& e) { return {e.automatic ? Act::none : Act::closed, Part::phase}; }
Touch touch(const State&, const PriorityChanged&) { return {Act::priority_changed, Part::priority}; }
Touch touch(const State&, const TagsChanged&) { return {Act::tags_changed, Part::tags}; }
Touch touch(const State&, const FirstResponseBreached&) { return {Act::none, Part::phase}; }
Touch touch(const State&, const BreachWithdrawn&) { return {Act::none, Part::phase}; }
Touch touch(const State& s, const Transferred& e) { return {Act::transferred, holder(s, e.to_agent)}; }
Touch touch(const State&, const Escalated&) { return {Act::escalated, Part::holder | Part::phase}; }
Touch touch(const State&, const TypeChanged&) { return {Act::type_changed, Part::type}; }
Touch touch(const State&, const SubjectLineChanged&) { return {}; }
Touch touch(const State&, const FieldsChanged&) { return {Act::fields_changed, Part::fields}; }
Touch touch(const State&, const SubStateChanged&) { return {Act::sub_state_changed, Part::phase}; }
Touch touch(const State&, const SpamMarked&) { return {Act::spam_marked, Part::phase}; }
Touch touch(const State&, const SpamUnmarked&) { return {Act::spam_unmarked, Part::phase}; }
Touch touch(const State&, const NoReplyNeeded&) { return {Act::none, Part::phase}; }
Touch touch(const State&, const MessageRedacted&) { return {}; }
Touch touch(const State&, const Rated&) { return {}; }
Touch touch(const State&, const Undone& e) { return {Act::none, e.before.parts}; }

Part common(Part a, Part b) {
  return static_cast<Part>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}

FieldEntry as_it_is(const State& state, FieldId id) {
  const auto it = std::ranges::find(state.fields, id, &FieldEntry::field);
  return it == state.fields.end() ? FieldEntry{id, {}} : *it;
}

Before before_of(const State& s, const Event& event, Part parts) {
  Before out;
  out.parts = parts;
  out.phase = s.phase;
  out.sub_state = s.sub_state;
  out.snoozed_until = s.snoozed_until;
  out.closes_at = s.closes_at;
  out.reopens_until = s.reopens_until;
  out.unanswered_since = s.unanswered_since;
  out.first_response = s.first_response;
  out.first_response_due = s.first_response_due;
  out.escalated = s.escalated;
  out.queue = s.queue;
  out.agent = s.agent;
  out.team = s.team;
  out.priority = s.priority;
  out.type = s.type;
  if (const auto* tags = std::get_if<TagsChanged>(&event)) {
    out.tags_added = tags->removed;
    out.tags_removed = tags->added;
  }
  if (const auto* fields = std::get_if<FieldsChanged>(&event))
    for (const FieldEntry& change : fields->changes) out.fields.push_back(as_it_is(s, change.field));
  return out;
}

Instant time_of(const Event& event) {
  return std::visit([](const auto& e) { return e.at; }, event);
}

}  // namespace

std::string_view to_text(Act act) {
  const auto it = std::ranges::find(acts, act, [](const auto& entry) { return entry.first; });
  return it == acts.end() ? "none" : it->second;
}

const Done* last_act(const State& state, const Actor& by) {
  for (std::size_t i = state.acts.size(); i-- > 0;)
    if (state.acts[i].by == by) return &state.acts[i];
  return nullptr;
}

namespace rules {

Touch touch_of(const State& state, const Event& event) {
  return std::visit([&](const auto& e) { return touch(state, e); }, event);
}

void note_act(State& state, const Event& event, const Doing& doing) {
  const Touch touched = touch_of(state, event);
  if (touched.parts == Part::none) return;
  const auto together = [&](const Done& done) { return doing.envelope && done.envelope == doing.envelope; };
  for (Done& done : state.acts)
    if (!together(done) && common(done.parts, touched.parts) != Part::none) {
      done.overtaken = true;
      done.before = {};
    }
  if (touched.act == Act::none) return;
  if (!state.acts.empty() && together(state.acts.back())) {
    // One act in several events: what was before the first was before it.
    Done& done = state.acts.back();
    done.parts = done.before.parts = done.parts | touched.parts;
    return;
  }
  if (state.acts.size() >= acts_kept_max) state.acts.erase(state.acts.begin());
  const Instant at = time_of(event);
  state.acts.push_back({touched.act, doing.by, doing.envelope, doing.recorded_at.value_or(at), at,
                        touched.parts, false, before_of(state, event, touched.parts)});
}

void forget_act(State& state, EnvelopeId envelope, Act act) {
  for (std::size_t i = state.acts.size(); i-- > 0;)
    if (state.acts[i].envelope == envelope && state.acts[i].act == act) {
      state.acts.erase(state.acts.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
}

Decided on(const State& state, const Undo& c) {
  if (state.phase == Phase::absent) return *shut(state);
  const Done* done = last_act(state, c.by);
  if (done == nullptr || c.at - done->recorded_at > undo_ms_max)
    return refused("conversation.nothing_to_undo", "nothing that you did here in the last ten minutes");
  if (done->overtaken)
    return refused("conversation.undo_overtaken", "since you " + std::string(to_text(done->act)) +
                                                      " it, something else happened that this would destroy");
  Undone undone{done->act, done->envelope, c.agent, done->at, done->before, c.at};
  for (FieldEntry& entry : undone.before.fields) {
    if (!std::holds_alternative<Personal<std::string>>(entry.value)) continue;
    // A capsule belongs to its own envelope, so the text is sealed anew.
    entry.value = {};
    for (const FieldEntry& text : c.texts)
      if (text.field == entry.field) entry.value = text.value;
  }
  return Events{std::move(undone)};
}

}  // namespace rules
}  // namespace parlance::conversation
