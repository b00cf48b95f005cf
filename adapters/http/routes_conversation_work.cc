#include <algorithm>
#include <cmath>

#include "adapters/http/commands.h"
#include "adapters/http/render.h"

/// What agents do with a conversation beside answering it: handing it on, saying what it is about and where it stands, drafts,
/// ratings, taking words away, and undoing.
namespace parlance::http {
namespace {

/// The caller's workspace, for names in a body; its words are those of the moment, and the decision looks again.
struct Words {
  explicit Words(const Call& call)
      : directory(call->engine().directory()), workspace(call->workspace(*directory)) {}
  std::shared_ptr<const Directory> directory;
  const WorkspaceState* workspace;
};

bool is_null(const json::value& body, std::string_view name) {
  const auto* object = body.if_object();
  const auto* value =
      object == nullptr ? nullptr : object->if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && value->is_null();
}

void transfer(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Transfer command;
  command.queue = read_id<QueueId>(fields, "queue");
  command.agent = read_id<AgentId>(fields, "agent");
  command.team = read_id<TeamId>(fields, "team");
  if (faults.empty() && !command.queue && !command.agent && !command.team)
    fields.fault("queue", "required", "say to where: queue, agent or team");
  command.reason = fields.text("reason", short_text_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

void escalate(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Escalate command;
  command.queue = read_id<QueueId>(fields, "queue");
  command.agent = read_id<AgentId>(fields, "agent");
  command.reason = fields.text("reason", short_text_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

void type(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::SetType command;
  const Words words(call);
  const std::string text = fields.text("type", settings::name_bytes_max, !is_null(call->body, "type"));
  if (!text.empty() && words.workspace != nullptr)
    command.type = find_word(words.workspace->settings.types, text, fields, "type", "type.unknown");
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, command);
}

void sub_state(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::SetSubState command;
  const Words words(call);
  const std::string text =
      fields.text("sub_state", settings::name_bytes_max, !is_null(call->body, "sub_state"));
  if (!text.empty() && words.workspace != nullptr)
    command.sub_state =
        find_word(words.workspace->settings.sub_states, text, fields, "sub_state", "sub_state.unknown");
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, command);
}

void subject_line(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id || !has_if_match(call, "the conversation")) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::SetSubjectLine command;
  const auto* object = call->body.if_object();
  command.line = fields.text("subject_line", conversation::subject_line_bytes_max);
  if (object != nullptr && !object->contains("subject_line"))
    fields.fault("subject_line", "required", "a text, or null for none");
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

// ---- fields ----

constexpr double ten_thousand = 10'000;

/// A number as ten-thousandths; none where it is no number, too large, or finer than that.
std::optional<std::int64_t> read_number(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.to_number<double>();
  if (!(std::abs(number) <= static_cast<double>(conversation::field_number_max))) return std::nullopt;
  const double scaled = number * ten_thousand;
  const double whole = std::round(scaled);
  // What a decimal fraction loses on its way through a double is far below this.
  if (std::abs(scaled - whole) > 1e-9 * std::max(1.0, std::abs(scaled))) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}
std::optional<std::int32_t> read_date(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  const auto at = parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!at) return std::nullopt;
  const std::int64_t day_ms = 86'400'000;
  return static_cast<std::int32_t>(at->ms / day_ms);
}

/// Reads what `field` holds into `out`; the fault's code and words where it does not fit.
std::optional<std::pair<std::string_view, std::string>> read_value(const settings::Field& field,
                                                                   const json::value& value,
                                                                   conversation::FieldValue& out) {
  const auto unfit = [&](std::string words) {
    return std::pair<std::string_view, std::string>("field.value_unfit",
                                                    "'" + field.name + "' " + std::move(words));
  };
  if (value.is_null()) return std::nullopt;
  const std::string_view text = value.is_string() ? std::string_view(value.as_string()) : std::string_view();
  switch (field.kind) {
    case FieldKind::text:
      if (!value.is_string() || text.empty() || text.size() > conversation::field_text_bytes_max ||
          text.find('\0') != std::string_view::npos)
        return unfit("holds a text of 1 to 4000 bytes");
      out.emplace<Personal<std::string>>(std::string(text), ReferenceId{}, FieldClass::content);
      return std::nullopt;
    case FieldKind::number: {
      const auto number = read_number(value);
      if (!number) return unfit("holds a number up to 900 billion with at most four decimals");
      out.emplace<conversation::NumberValue>().ten_thousandths = *number;
      return std::nullopt;
    }
    case FieldKind::date: {
      const auto days = read_date(text);
      if (!days) return unfit("holds a date such as 2026-11-22");
      out.emplace<conversation::DateValue>().days = *days;
      return std::nullopt;
    }
    case FieldKind::choice:
      for (const settings::Choice& choice : field.choices)
        if (!choice.retired && (choice.name == text || to_text(choice.id) == text)) {
          out.emplace<ChoiceId>(choice.id);
          return std::nullopt;
        }
      return unfit("has no such choice");
    case FieldKind::boolean:
      if (!value.is_bool()) return unfit("is true or false");
      out.emplace<bool>(value.as_bool());
      return std::nullopt;
    case FieldKind::none: break;
  }
  return unfit("holds nothing that this program knows");
}

void set_fields(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id || !has_if_match(call, "the conversation")) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::SetFields command;
  const Words words(call);
  const json::value* given = fields.any("fields");
  const json::object* object = given == nullptr ? nullptr : given->if_object();
  if (object == nullptr || object->size() > conversation::fields_on_conversation_max)
    fields.fault("fields", "not_an_object", "at most 50 fields by name or id, each with its value or null");
  else if (words.workspace != nullptr)
    for (const auto& member : *object) {
      const std::string_view name(member.key().data(), member.key().size());
      Fields one(*given, "/fields", faults);
      const auto before = faults.size();
      conversation::FieldEntry entry;
      entry.field = find_word(words.workspace->settings.fields, name, one, name, "field.unknown");
      if (faults.size() != before) continue;
      const auto& all = words.workspace->settings.fields;
      const auto field = std::ranges::find(all, entry.field, &settings::Field::id);
      if (const auto fault = read_value(*field, member.value(), entry.value))
        one.fault(name, fault->first, fault->second);
      command.changes.push_back(std::move(entry));
    }
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

// ---- spam, turns, ratings ----

template <class Command> void by_caller(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  Command command{};
  command.agent = call->caller.agent;
  if constexpr (requires { command.reason; }) command.reason = fields.text("reason", short_text_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

void rating(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Rate command;
  const std::string kind = fields.text("kind", 40, true);
  const auto parsed = parse_rating_kind(kind);
  if (!parsed && !kind.empty()) fields.fault("kind", "unknown", "csat, nps or ces");
  command.kind = parsed.value_or(RatingKind::none);
  const auto [low, high] = conversation::score_range(parsed ? *parsed : RatingKind::nps);
  const auto score = fields.integer("score", low, high);
  if (!score && !fields.has("score")) fields.fault("score", "required", "the score must be there");
  command.score = score.value_or(0);
  command.comment = fields.text("comment", conversation::comment_bytes_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command), 201);
}

// ---- taking words away ----

void redact(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  const auto message = path_id<MessageId>(call, 1);
  if (!message) return;
  if (call->caller.role != Role::lead && call->caller.role != Role::admin)
    return call->fail(403, "forbidden",
                      "leads and administrators redact: what is taken away does not come back");
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Redact command;
  command.message = *message;
  command.agent = call->caller.agent;
  command.reason = fields.text("reason", short_text_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit(call, request_for(call, id->slot(), call->request.path, OnConversation{*id, std::move(command)}),
         200, [message = *message](const Outcome&, json::object& body) { body["id"] = to_text(message); });
}

void undo(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  conversation::Undo command{call->caller.actor, call->caller.agent, call->now(), {}};
  submit(call, request_for(call, id->slot(), call->request.path, OnConversation{*id, std::move(command)}),
         200, [id = *id](const Outcome& outcome, json::object& body) {
           body["id"] = to_text(id);
           if (outcome.undone) body["undone"] = conversation::to_text(*outcome.undone);
         });
}

// ---- drafts ----

bool is_agent(const Call& call) {
  if (call->caller.agent) return true;
  call->fail(409, "agent.required", "this token speaks for no agent, and drafts are an agent's own");
  return false;
}

void keep_draft(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id || !is_agent(call)) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  OnDraft command;
  command.conversation = *id;
  command.agent = call->caller.agent;
  command.command.text = fields.text("text", draft::text_bytes_max);
  const auto* object = call->body.if_object();
  if (object != nullptr && !object->contains("text"))
    fields.fault("text", "required", "the text as it is now; an empty one throws the draft away");
  const std::string kind = fields.text("kind", 40);
  const auto parsed = parse_draft_kind(kind.empty() ? "reply" : kind);
  if (!parsed) fields.fault("kind", "unknown", "reply or note");
  command.command.kind = parsed.value_or(DraftKind::none);
  command.command.at = call->now();
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit(call, request_for(call, id->slot(), call->request.path, std::move(command)), 200,
         [id = *id](const Outcome&, json::object& body) { body["id"] = to_text(id); });
}

void show_draft(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id || !is_agent(call)) return;
  // What was kept is written down before its answer goes out, so there is nothing to wait for.
  auto kept = call->engine().draft(call->caller.workspace, *id, call->caller.agent);
  if (!kept) return call->fail(kept.error());
  if (!*kept || !(*kept)->text) return call->fail(404, "draft.not_found", "you have no draft here");
  const auto shown = show<std::string>(*call, *(*kept)->text);
  json::object body{{"text", shown.value ? json::value(*shown.value) : json::value(nullptr)},
                    {"kind", to_text((*kept)->kind)},
                    {"updated_at", to_rfc3339((*kept)->updated_at)}};
  put_state(body, shown);
  call->answer(200, body);
}

}  // namespace

const std::vector<Route>& conversation_work_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/conversations/{id}/transfer", transfer, Needs::agent},
      {"POST", "/v1/conversations/{id}/escalate", escalate, Needs::agent},
      {"POST", "/v1/conversations/{id}/type", type, Needs::agent},
      {"POST", "/v1/conversations/{id}/sub-state", sub_state, Needs::agent},
      {"POST", "/v1/conversations/{id}/subject-line", subject_line, Needs::agent},
      {"POST", "/v1/conversations/{id}/fields", set_fields, Needs::agent},
      {"POST", "/v1/conversations/{id}/spam", by_caller<conversation::MarkSpam>, Needs::agent},
      {"POST", "/v1/conversations/{id}/not-spam", by_caller<conversation::UnmarkSpam>, Needs::agent},
      {"POST", "/v1/conversations/{id}/no-reply-needed", by_caller<conversation::EndTurn>, Needs::agent},
      {"POST", "/v1/conversations/{id}/rating", rating, Needs::signed_in},
      {"POST", "/v1/conversations/{id}/messages/{message}/redact", redact, Needs::agent},
      {"POST", "/v1/conversations/{id}/undo", undo, Needs::agent},
      {"POST", "/v1/conversations/{id}/draft", keep_draft, Needs::agent},
      {"GET", "/v1/conversations/{id}/draft", show_draft, Needs::agent},
  };
  return routes;
}

}  // namespace parlance::http
