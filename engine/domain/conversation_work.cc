// What agents do with a conversation beside answering it.
#include <algorithm>

#include "engine/domain/conversation_rules.h"

namespace parlance::conversation {

std::pair<std::int64_t, std::int64_t> score_range(RatingKind kind) {
  switch (kind) {
    case RatingKind::csat: return {1, 5};
    case RatingKind::nps: return {0, 10};
    case RatingKind::ces: return {1, 7};
    case RatingKind::none: break;
  }
  return {0, -1};
}

namespace rules {
namespace {

/// The refusal where `value` is not what `field` holds.
std::optional<Error> misfit(const settings::Field& field, const FieldValue& value) {
  const auto kind = static_cast<FieldKind>(value.index());
  if (kind == FieldKind::none) return std::nullopt;
  const auto no = [&](std::string_view what) {
    return refused("field.value_unfit", "'" + field.name + "' " + std::string(what));
  };
  if (kind != field.kind) return no("holds a " + std::string(to_text(field.kind)));
  if (const auto* text = std::get_if<Personal<std::string>>(&value))
    if (text->plain().empty() || text->plain().size() > field_text_bytes_max)
      return no("holds 1 to 4000 bytes of text");
  if (const auto* number = std::get_if<NumberValue>(&value))
    if (number->ten_thousandths > field_number_max * 10'000 ||
        number->ten_thousandths < -field_number_max * 10'000)
      return no("holds a number up to 900 billion");
  if (const auto* id = std::get_if<ChoiceId>(&value)) {
    const auto choice = std::ranges::find(field.choices, *id, &settings::Choice::id);
    if (choice == field.choices.end() || choice->retired) return no("has no such choice");
  }
  return std::nullopt;
}

}  // namespace

Decided on(const State& state, const Transfer& c) {
  if (auto error = inactive(state)) return *error;
  if (!c.queue && !c.agent && !c.team)
    return refused("conversation.transfer_nowhere", "say to which queue, agent or team");
  if (auto error = unknown(c.adopted, c.agent, c.queue)) return *error;
  if (c.team && c.adopted != nullptr && !c.adopted->knows(c.team))
    return refused("team.unknown", "no team of that id");
  const QueueId queue = c.queue ? c.queue : state.queue;
  const TeamId team = c.team ? c.team : c.agent || c.queue ? TeamId{} : state.team;
  if (queue == state.queue && c.agent == state.agent && team == state.team) return Events{};
  return Events{Transferred{state.queue, queue, state.agent, c.agent, state.team, team,
                            reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const Escalate& c) {
  if (auto error = inactive(state)) return *error;
  if (auto error = unknown(c.adopted, c.agent, c.queue)) return *error;
  const QueueId queue = c.queue ? c.queue : state.queue;
  // Another queue is another desk: who holds it here does not there, unless named.
  const AgentId agent = c.agent ? c.agent : queue == state.queue ? state.agent : AgentId{};
  if (state.escalated && queue == state.queue && agent == state.agent) return Events{};
  return Events{Escalated{state.queue, queue, state.agent, agent, reason_of(state, c.reason), c.at}};
}

Decided on(const State& state, const SetType& c) {
  if (auto error = shut(state)) return *error;
  if (c.type == state.type) return Events{};
  if (c.type && c.adopted != nullptr) {
    const settings::Type* type = c.adopted->find(c.type);
    if (type == nullptr || type->retired) return refused("type.unknown", "no type of that id is in use");
  }
  return Events{TypeChanged{state.type, c.type, c.at}};
}

Decided on(const State& state, const SetSubjectLine& c) {
  if (auto error = shut(state)) return *error;
  if (c.line.size() > subject_line_bytes_max)
    return refused("conversation.subject_line_too_long", "a subject line has at most 1000 bytes");
  return Events{SubjectLineChanged{reason_of(state, c.line),
                                   Personal<Preview>(c.preview, state.requester, FieldClass::content), c.at}};
}

Decided on(const State& state, const SetFields& c) {
  if (auto error = shut(state)) return *error;
  FieldsChanged changed{{}, c.at};
  std::size_t held = state.fields.size();
  for (const FieldEntry& change : c.changes) {
    if (std::ranges::find(changed.changes, change.field, &FieldEntry::field) != changed.changes.end())
      return refused("field.twice", "a field is there twice");
    const auto before = std::ranges::find(state.fields, change.field, &FieldEntry::field);
    const bool there = before != state.fields.end();
    const bool clears = std::holds_alternative<std::monostate>(change.value);
    if (c.adopted != nullptr) {
      const settings::Field* field = c.adopted->find(change.field);
      // What was retired meanwhile may still be taken away.
      if (field == nullptr || (field->retired && !clears))
        return refused("field.unknown", "no field of that id is in use");
      if (auto error = misfit(*field, change.value)) return *error;
    }
    if (there ? before->value == change.value : clears) continue;
    if (there && clears)
      --held;
    else if (!there)
      ++held;
    FieldEntry entry = change;
    if (const auto* text = std::get_if<Personal<std::string>>(&change.value))
      entry.value = Personal<std::string>(text->plain(), state.requester, FieldClass::content);
    changed.changes.push_back(std::move(entry));
  }
  if (held > fields_on_conversation_max)
    return refused("conversation.too_many_fields", "at most 50 fields on a conversation");
  if (changed.changes.empty()) return Events{};
  return Events{std::move(changed)};
}

Decided on(const State& state, const SetSubState& c) {
  if (auto error = shut(state)) return *error;
  if (c.sub_state == state.sub_state) return Events{};
  if (auto error = barred(state, c.adopted, state.phase, c.sub_state)) return *error;
  return Events{SubStateChanged{state.sub_state, c.sub_state, c.at}};
}

Decided on(const State& state, const MarkSpam& c) {
  if (auto error = shut(state)) return *error;
  if (state.phase == Phase::spam) return Events{};
  return Events{SpamMarked{c.agent, c.at}};
}

Decided on(const State& state, const UnmarkSpam& c) {
  if (auto error = shut(state)) return *error;
  if (state.phase != Phase::spam) return Events{};
  SpamUnmarked unmarked{c.agent, state.unanswered_since, std::nullopt, c.at};
  // The promise given to somebody who still waits was never taken back; it may break at once.
  if (state.unanswered_since && !state.answered_in_episode && state.first_response == FirstResponse::none &&
      state.first_response_due != Instant{})
    unmarked.first_response_due = state.first_response_due;
  return Events{unmarked};
}

Decided on(const State& state, const EndTurn& c) {
  if (auto error = inactive(state)) return *error;
  if (!state.unanswered_since) return Events{};
  return ending_first_response(state, c.at, NoReplyNeeded{c.agent, reason_of(state, c.reason), c.at});
}

Decided on(const State& state, const Redact& c) {
  if (state.phase == Phase::absent) return *shut(state);
  if (c.of == 0) return Error{Errc::not_found, "message.not_found", "no message of that id is in it"};
  if (std::ranges::find(state.redacted, c.message) != state.redacted.end()) return Events{};
  if (state.redacted.size() >= redacted_max)
    return refused("conversation.too_many_redacted", "at most 1000 messages of a conversation are redacted");
  MessageRedacted redacted{c.message, c.of, c.agent, std::nullopt, reason_of(state, c.reason), c.at};
  if (c.preview) redacted.preview.emplace(*c.preview, state.requester, FieldClass::content);
  return Events{std::move(redacted)};
}

Decided on(const State& state, const Rate& c) {
  if (state.phase == Phase::absent) return *shut(state);
  if (c.kind == RatingKind::none) return refused("rating.unknown_kind", "csat, nps or ces");
  const auto [lowest, highest] = score_range(c.kind);
  if (c.score < lowest || c.score > highest)
    return refused("rating.out_of_range", std::string(to_text(c.kind)) + " is from " +
                                              std::to_string(lowest) + " to " + std::to_string(highest));
  if (c.comment.size() > comment_bytes_max)
    return refused("rating.comment_too_long", "a comment has at most 16 KiB");
  const auto before = state.scores[static_cast<std::size_t>(c.kind)];
  const auto score = static_cast<std::uint8_t>(c.score);
  if (before == score && c.comment.empty()) return Events{};
  return Events{Rated{c.kind, score, before, state.episode, state.queue,
                      state.resolved_by ? state.resolved_by : state.agent, reason_of(state, c.comment),
                      c.at}};
}

}  // namespace rules
}  // namespace parlance::conversation
