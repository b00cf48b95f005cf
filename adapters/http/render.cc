#include "adapters/http/render.h"

#include <algorithm>

#include "adapters/http/file_names.h"
#include "adapters/http/html_text.h"

namespace parlance::http {
namespace {

std::string_view first_response_text(conversation::FirstResponse state) {
  using enum conversation::FirstResponse;
  switch (state) {
    case none: return "none";
    case running: return "running";
    case met: return "met";
    case breached: return "breached";
    case withdrawn: return "withdrawn";
  }
  return "none";
}

json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

json::array tags_json(const Exchange& x, const std::vector<TagId>& tags) {
  json::array out;
  const auto directory = x.engine().directory();
  const WorkspaceState* workspace = x.workspace(*directory);
  for (const TagId id : tags) {
    json::object tag{{"id", to_text(id)}, {"name", nullptr}};
    if (workspace != nullptr) {
      const auto it = std::ranges::find(workspace->settings.tags, id, &settings::Tag::id);
      if (it != workspace->settings.tags.end()) tag["name"] = it->name;
    }
    out.push_back(std::move(tag));
  }
  return out;
}

/// Null where there are files and nobody can tell which: a list without them would say that there are none.
json::value attachments_json(const Exchange& x, const std::optional<Personal<Attachments>>& field) {
  if (!field) return json::array{};
  const auto shown = show<Attachments>(x, field->sealed());
  if (!shown.value) return shown.is_gone() ? json::value(json::array{}) : json::value(nullptr);
  json::array out;
  for (const Attachment& a : *shown.value)
    out.push_back(json::object{{"id", a.id ? json::value(to_text(a.id)) : json::value(nullptr)},
                               {"name", clean_file_name(a.name)},
                               {"type", a.type},
                               {"size", a.size()}});
  return out;
}

/// A word of the settings: its id, and its name where the settings have it.
template <class Word, class AnId> json::value word_json(const std::vector<Word>* words, AnId id) {
  if (!id) return nullptr;
  json::object out{{"id", to_text(id)}, {"name", nullptr}};
  if (words != nullptr)
    if (const auto it = std::ranges::find(*words, id, &Word::id); it != words->end()) out["name"] = it->name;
  return out;
}
/// The settings of the caller's workspace while this lives; null members where there are none.
struct Settings {
  explicit Settings(const Exchange& x) : directory(x.engine().directory()) {
    if (const WorkspaceState* workspace = x.workspace(*directory)) state = &workspace->settings;
  }
  std::shared_ptr<const Directory> directory;
  const settings::State* state = nullptr;
};
json::value sub_state_json(const Exchange& x, SubStateId id) {
  const Settings settings(x);
  const auto* words = settings.state == nullptr ? nullptr : &settings.state->sub_states;
  json::value out = word_json(words, id);
  if (words == nullptr || !out.is_object()) return out;
  if (const auto it = std::ranges::find(*words, id, &settings::SubState::id); it != words->end())
    out.as_object()["state"] = conversation::to_text(it->state);
  return out;
}

/// Fields by their names; by its id one whose name is no more, or is another's.
json::object fields_json(const Exchange& x, const std::vector<conversation::FieldEntry>& entries) {
  const Settings settings(x);
  json::object out;
  for (const conversation::FieldEntry& entry : entries) {
    const settings::Field* field = nullptr;
    if (settings.state != nullptr)
      for (const settings::Field& one : settings.state->fields)
        if (one.id == entry.field) field = &one;
    json::value value = nullptr;
    if (const auto* text = std::get_if<Personal<std::string>>(&entry.value)) {
      const auto shown = show<std::string>(x, text->sealed());
      if (shown.value) value = *shown.value;
    } else if (const auto* number = std::get_if<conversation::NumberValue>(&entry.value)) {
      constexpr std::int64_t ten_thousand = 10'000;
      if (number->ten_thousandths % ten_thousand == 0)
        value = number->ten_thousandths / ten_thousand;
      else
        value = static_cast<double>(number->ten_thousandths) / static_cast<double>(ten_thousand);
    } else if (const auto* date = std::get_if<conversation::DateValue>(&entry.value)) {
      value = to_day({static_cast<std::int64_t>(date->days) * 86'400'000});
    } else if (const auto* choice = std::get_if<ChoiceId>(&entry.value)) {
      value = to_text(*choice);
      if (field != nullptr)
        if (const auto it = std::ranges::find(field->choices, *choice, &settings::Choice::id);
            it != field->choices.end())
          value = it->name;
    } else if (const auto* yes = std::get_if<bool>(&entry.value)) {
      value = *yes;
    }
    const bool by_name = field != nullptr && !field->retired && !out.contains(field->name);
    out[by_name ? field->name : to_text(entry.field)] = std::move(value);
  }
  return out;
}

void put_reason(const Exchange& x, json::object& details, const conversation::Reason& reason) {
  details["reason"] = nullptr;
  if (!reason) return;
  const auto shown = show<std::string>(x, reason->sealed());
  if (shown.value) details["reason"] = *shown.value;
}

/// What a timeline says of each event: its kind, and the rest into the item.
class Item {
 public:
  Item(const Exchange& x, json::object& out) : x_(x), out_(out) {}

  std::string_view operator()(const conversation::Opened& e) {
    const auto shown = show<Identity>(x_, e.identity.sealed());
    details_ = {{"channel", to_text(e.channel)},
                {"queue", queue_json(x_, e.queue)},
                {"number", std::to_string(e.number)},
                {"by_agent", e.by_agent},
                {"name", shown.value ? text_or_null(shown.value->name) : json::value(nullptr)}};
    put_state(out_, shown);
    return "opened";
  }
  std::string_view operator()(const conversation::MessageReceived& e) {
    message(e.content.sealed(), e.attachments, "in", "received");
    out_["id"] = to_text(e.id);
    out_["language"] = to_text(e.language);
    out_["channel"] = to_text(e.channel);
    return "message";
  }
  std::string_view operator()(const conversation::ParticipantJoined& e) {
    const auto shown = show<Identity>(x_, e.identity.sealed());
    details_ = {{"id", shown.value ? json::value(to_text(shown.value->subject)) : json::value(nullptr)},
                {"name", shown.value ? text_or_null(shown.value->name) : json::value(nullptr)}};
    put_state(out_, shown);
    return "participant_joined";
  }
  std::string_view operator()(const conversation::Replied& e) {
    message(e.content.sealed(), e.attachments, "out", "queued");
    out_["id"] = to_text(e.id);
    out_["channel"] = to_text(e.channel);
    return "message";
  }
  std::string_view operator()(const conversation::NoteAdded& e) {
    message(e.content.sealed(), e.attachments, "out", "received");
    out_["id"] = to_text(e.id);
    json::array mentions;
    for (const AgentId agent : e.mentions) mentions.push_back(agent_json(x_, agent));
    out_["mentions"] = std::move(mentions);
    return "note";
  }
  std::string_view operator()(const conversation::Assigned& e) {
    details_ = {
        {"agent", agent_json(x_, e.agent)}, {"queue", queue_json(x_, e.queue)}, {"claimed", e.claimed}};
    put_reason(x_, details_, e.reason);
    return "assigned";
  }
  std::string_view operator()(const conversation::Unassigned& e) {
    details_ = {{"agent", agent_json(x_, e.agent)}};
    put_reason(x_, details_, e.reason);
    return "unassigned";
  }
  std::string_view operator()(const conversation::QueueChanged& e) {
    details_ = {{"from", queue_json(x_, e.from)}, {"to", queue_json(x_, e.to)}};
    put_reason(x_, details_, e.reason);
    return "queue_changed";
  }
  std::string_view operator()(const conversation::Snoozed& e) {
    details_ = {{"until", to_rfc3339(e.until)}};
    put_reason(x_, details_, e.reason);
    return "snoozed";
  }
  std::string_view operator()(const conversation::Woken&) { return "woken"; }
  std::string_view operator()(const conversation::WaitStarted& e) {
    details_ = {{"for", e.on == WaitFor::third_party ? "third_party" : "customer"}};
    put_reason(x_, details_, e.reason);
    return "waiting";
  }
  std::string_view operator()(const conversation::Resolved& e) {
    details_ = {{"closes_at", optional_time(e.closes_at)}, {"reopens_until", to_rfc3339(e.reopens_until)}};
    put_reason(x_, details_, e.reason);
    return "resolved";
  }
  std::string_view operator()(const conversation::Reopened& e) {
    details_ = {{"episode", e.episode}, {"by_customer", e.by_customer}};
    put_reason(x_, details_, e.reason);
    return "reopened";
  }
  std::string_view operator()(const conversation::Closed& e) {
    details_ = {{"automatic", e.automatic}};
    put_reason(x_, details_, e.reason);
    return "closed";
  }
  std::string_view operator()(const conversation::PriorityChanged& e) {
    details_ = {{"from", to_text(e.from)}, {"to", to_text(e.to)}};
    return "priority_changed";
  }
  std::string_view operator()(const conversation::TagsChanged& e) {
    details_ = {{"added", tags_json(x_, e.added)}, {"removed", tags_json(x_, e.removed)}};
    return "tags_changed";
  }
  std::string_view operator()(const conversation::FirstResponseBreached& e) {
    details_ = {{"target", "first_response"}, {"due_at", to_rfc3339(e.at)}};
    return "breached";
  }
  std::string_view operator()(const conversation::BreachWithdrawn& e) {
    details_ = {{"target", "first_response"}, {"due_at", to_rfc3339(e.due)}};
    return "breach_withdrawn";
  }
  std::string_view operator()(const conversation::Transferred& e) {
    details_ = {{"queue", queue_json(x_, e.to_queue)},
                {"agent", agent_json(x_, e.to_agent)},
                {"team", team_json(x_, e.to_team)},
                {"from", json::object{{"queue", queue_json(x_, e.from_queue)},
                                      {"agent", agent_json(x_, e.from_agent)},
                                      {"team", team_json(x_, e.from_team)}}}};
    put_reason(x_, details_, e.reason);
    return "transferred";
  }
  std::string_view operator()(const conversation::Escalated& e) {
    details_ = {{"queue", queue_json(x_, e.to_queue)},
                {"agent", agent_json(x_, e.to_agent)},
                {"from", json::object{{"queue", queue_json(x_, e.from_queue)},
                                      {"agent", agent_json(x_, e.from_agent)}}}};
    put_reason(x_, details_, e.reason);
    return "escalated";
  }
  std::string_view operator()(const conversation::TypeChanged& e) {
    details_ = {{"from", type_json(x_, e.from)}, {"to", type_json(x_, e.to)}};
    return "type_changed";
  }
  std::string_view operator()(const conversation::SubjectLineChanged& e) {
    details_ = {{"subject_line", nullptr}};
    if (!e.line) return "subject_line_changed";
    const auto shown = show<std::string>(x_, e.line->sealed());
    if (shown.value) details_["subject_line"] = *shown.value;
    put_state(out_, shown);
    return "subject_line_changed";
  }
  std::string_view operator()(const conversation::FieldsChanged& e) {
    details_ = {{"fields", fields_json(x_, e.changes)}};
    return "fields_changed";
  }
  std::string_view operator()(const conversation::SubStateChanged& e) {
    details_ = {{"from", sub_state_json(x_, e.from)}, {"to", sub_state_json(x_, e.to)}};
    return "sub_state_changed";
  }
  std::string_view operator()(const conversation::SpamMarked&) { return "spam_marked"; }
  std::string_view operator()(const conversation::SpamUnmarked&) { return "spam_unmarked"; }
  std::string_view operator()(const conversation::NoReplyNeeded& e) {
    put_reason(x_, details_, e.reason);
    return "no_reply_needed";
  }
  std::string_view operator()(const conversation::MessageRedacted& e) {
    details_ = {{"message", to_text(e.message)}};
    put_reason(x_, details_, e.reason);
    return "redacted";
  }
  std::string_view operator()(const conversation::Rated& e) {
    details_ = {{"kind", to_text(e.kind)},
                {"score", e.score},
                {"corrects", e.corrects ? json::value(*e.corrects) : json::value(nullptr)},
                {"episode", e.episode},
                {"agent", agent_json(x_, e.agent)},
                {"comment", nullptr}};
    if (!e.comment) return "rated";
    const auto shown = show<std::string>(x_, e.comment->sealed());
    if (shown.value) details_["comment"] = *shown.value;
    put_state(out_, shown);
    return "rated";
  }
  std::string_view operator()(const conversation::Undone& e) {
    details_ = {{"act", conversation::to_text(e.act)}, {"done_at", to_rfc3339(e.done_at)}};
    if (has(e.before.parts, conversation::Part::phase))
      details_["state"] = conversation::to_text(e.before.phase);
    if (has(e.before.parts, conversation::Part::holder)) {
      details_["queue"] = queue_json(x_, e.before.queue);
      details_["agent"] = agent_json(x_, e.before.agent);
    }
    return "undone";
  }
  json::object take_details() { return std::move(details_); }

 private:
  void message(const Sealed& content, const std::optional<Personal<Attachments>>& files,
               std::string_view direction, std::string_view delivery) {
    const auto shown = show<MessageContent>(x_, content);
    out_["direction"] = direction;
    out_["delivery"] = delivery;
    out_["text"] = nullptr;
    out_["html"] = false;
    out_["subject"] = nullptr;
    out_["from"] = nullptr;
    if (shown.value) {
      const MessageContent& m = *shown.value;
      const bool html_alone = m.text.empty() && !m.html.empty() && !has_too_many_tags(m.html);
      out_["text"] = html_alone ? text_of_html(m.html) : m.text;
      out_["html"] = !m.html.empty();
      out_["subject"] = text_or_null(m.subject_line);
      if (!m.order.empty()) out_["order"] = m.order;
      if (!m.external_id.empty()) out_["message_id"] = m.external_id;
      if (direction == "in") {
        const auto row = x_.engine().door().row(x_.caller.workspace, content.reference);
        const auto* author = std::get_if<KeyRow>(&row);
        out_["from"] =
            json::object{{"id", author != nullptr ? json::value(to_text(SubjectId::from(author->owner)))
                                                  : json::value(nullptr)},
                         {"name", text_or_null(m.sender_name)},
                         {"address", text_or_null(m.sender_address)}};
      }
    }
    out_["attachments"] = attachments_json(x_, files);
    put_state(out_, shown);
  }

  const Exchange& x_;
  json::object& out_;
  json::object details_;
};

json::array ratings_json(const Exchange& x, const std::vector<TicketRating>& ratings) {
  json::array out;
  for (const TicketRating& rating : ratings) {
    json::object one{{"kind", to_text(rating.kind)},
                     {"score", rating.score},
                     {"at", to_rfc3339(rating.at)},
                     {"episode", rating.episode},
                     {"comment", nullptr}};
    if (rating.comment) {
      const auto shown = show<std::string>(x, *rating.comment);
      if (shown.value) one["comment"] = *shown.value;
    }
    out.push_back(std::move(one));
  }
  return out;
}

/// Who has begun to write; what they wrote is theirs alone.
json::array drafts_json(const Exchange& x, ConversationId id) {
  json::array out;
  const auto drafts = x.engine().drafts(id);
  if (!drafts) return out;
  for (const fold_rows::Drafted& draft : *drafts)
    out.push_back(json::object{{"agent", agent_json(x, draft.agent)},
                               {"kind", to_text(draft.kind)},
                               {"updated_at", to_rfc3339(draft.at)}});
  return out;
}

/// The caller's last act, while it can be undone.
json::value undo_json(const Exchange& x, ConversationId id) {
  const auto done = x.engine().last_act(x.caller.workspace, id, x.caller.actor);
  if (!done || !*done || (*done)->overtaken) return nullptr;
  const Instant until = (*done)->recorded_at + conversation::undo_ms_max;
  if (x.now() > until) return nullptr;
  return json::object{{"act", conversation::to_text((*done)->act)}, {"until", to_rfc3339(until)}};
}

bool is_customers(const conversation::Event& event) {
  if (const auto* opened = std::get_if<conversation::Opened>(&event)) return !opened->by_agent;
  if (const auto* reopened = std::get_if<conversation::Reopened>(&event)) return reopened->by_customer;
  return std::holds_alternative<conversation::MessageReceived>(event) ||
         std::holds_alternative<conversation::ParticipantJoined>(event) ||
         std::holds_alternative<conversation::Rated>(event);
}

}  // namespace

json::value type_json(const Exchange& x, TypeId id) {
  const Settings settings(x);
  return word_json(settings.state == nullptr ? nullptr : &settings.state->types, id);
}

json::value team_json(const Exchange& x, TeamId id) {
  if (!id) return nullptr;
  json::object out{{"id", to_text(id)}, {"name", nullptr}};
  const auto directory = x.engine().directory();
  const WorkspaceState* workspace = x.workspace(*directory);
  if (const auto* team = workspace == nullptr ? nullptr : desk::find(workspace->desk, id))
    out["name"] = team->name;
  return out;
}

json::value optional_time(const std::optional<Instant>& at) {
  if (!at) return nullptr;
  return json::value(to_rfc3339(*at));
}

std::shared_ptr<const Names> names_of(const Exchange& x) {
  const auto directory = x.engine().directory();
  auto now = x.context.names.load();
  if (now && now->of == directory) return now;
  auto next = std::make_shared<Names>();
  next->of = directory;
  // Agents are known to one another by name; the door is asked once for each state of the desk.
  for (const auto& [id, workspace] : directory->workspaces)
    for (const desk::Agent& agent : workspace.desk.agents) {
      auto opened = x.engine().door().open<AgentProfile>(Principal{{ActorKind::system, {}}, Role::none},
                                                         Purpose::engine, id, agent.profile);
      const auto* profile = std::get_if<AgentProfile>(&opened);
      if (profile == nullptr) continue;
      next->agents[agent.id] = profile->name;
      if (!profile->email.empty()) next->emails[agent.id] = profile->email;
    }
  x.context.names.store(next);
  return next;
}

json::value agent_json(const Exchange& x, AgentId id) {
  if (!id) return nullptr;
  const auto names = names_of(x);
  const auto it = names->agents.find(id);
  return json::object{{"id", to_text(id)},
                      {"name", it == names->agents.end() ? json::value(nullptr) : json::value(it->second)}};
}

json::value queue_json(const Exchange& x, QueueId id) {
  if (!id) return nullptr;
  json::object out{{"id", to_text(id)}, {"name", nullptr}};
  const auto directory = x.engine().directory();
  if (const WorkspaceState* workspace = x.workspace(*directory)) {
    const auto it = std::ranges::find(workspace->desk.queues, id, &desk::Queue::id);
    if (it != workspace->desk.queues.end()) out["name"] = it->name;
  }
  return out;
}

json::value actor_json(const Exchange& x, const Actor& actor) {
  json::object out{{"kind", to_text(actor.kind)}, {"id", nullptr}, {"name", nullptr}};
  if (actor.kind == ActorKind::agent) {
    const json::value agent = agent_json(x, AgentId::from(actor.id));
    if (const auto* known = agent.if_object()) {
      out["id"] = known->at("id");
      out["name"] = known->at("name");
    }
  } else if (actor.kind == ActorKind::program) {
    out["id"] = to_text(TokenId::from(actor.id));
  }
  return out;
}

json::object ticket_json(const Exchange& x, const Ticket& t, TicketDetail detail) {
  constexpr std::size_t members = 48;  // about: so that it grows once
  json::object out({{"id", to_text(t.id)},
                    {"number", std::to_string(t.number)},
                    {"version", std::to_string(t.version)},
                    {"state", conversation::to_text(t.state)},
                    {"queue", queue_json(x, t.queue)},
                    {"assignee", agent_json(x, t.assignee)},
                    {"channel", to_text(t.channel)},
                    {"language", to_text(t.language)},
                    {"priority", to_text(t.priority)},
                    {"tags", tags_json(x, t.tags)}},
                   members);
  json::value requester = nullptr;
  const auto row = x.engine().door().row(x.caller.workspace, t.requester);
  if (const auto* known = std::get_if<KeyRow>(&row)) requester = to_text(SubjectId::from(known->owner));
  json::value name = nullptr;
  out["subject_line"] = nullptr;
  out["preview"] = nullptr;
  out["account"] = nullptr;
  bool words_gone = false;
  if (t.preview) {
    const auto shown = show<Preview>(x, *t.preview);
    words_gone = shown.state == "redacted";
    if (shown.value) {
      name = text_or_null(shown.value->name);
      out["subject_line"] = text_or_null(shown.value->subject_line);
      out["preview"] = text_or_null(shown.value->text);
      out["account"] = text_or_null(shown.value->account);
    }
    put_state(out, shown);
  }
  if (t.identity && (!t.preview || words_gone)) {
    // Of what a preview of the past showed the words are taken away, not who it was.
    const auto shown = show<Identity>(x, *t.identity);
    if (shown.value) {
      name = text_or_null(shown.value->name);
      out["account"] = text_or_null(shown.value->account);
    }
    if (!t.preview) put_state(out, shown);
  }
  out["requester"] = json::object{{"id", requester}, {"name", name}};
  out["created_at"] = to_rfc3339(t.created_at);
  out["updated_at"] = to_rfc3339(t.updated_at);
  out["last_message_at"] = optional_time(t.last_message_at);
  out["last_message_by"] = t.last_message_at ? json::value(to_text(t.last_message_by)) : json::value(nullptr);
  out["unanswered_since"] = optional_time(t.unanswered_since);
  json::object first{{"state", first_response_text(t.first_response.state)},
                     {"due_at", optional_time(t.first_response.due_at)},
                     {"at", optional_time(t.first_response.at)},
                     {"seconds", nullptr}};
  if (t.first_response.ms) first["seconds"] = static_cast<double>(*t.first_response.ms) / 1000.0;
  out["first_response"] = std::move(first);
  out["resolved_at"] = optional_time(t.resolved_at);
  out["snoozed_until"] = optional_time(t.snoozed_until);
  out["closes_at"] = optional_time(t.closes_at);
  out["episode"] = t.episode;
  out["reopened"] = t.reopened;
  out["messages"] = json::object{{"received", t.received}, {"replied", t.replied}, {"notes", t.notes}};
  out["team"] = team_json(x, t.team);
  out["type"] = type_json(x, t.type);
  out["sub_state"] = sub_state_json(x, t.sub_state);
  out["fields"] = fields_json(x, t.fields);
  out["spam"] = t.state == conversation::Phase::spam;
  out["escalated"] = t.escalated;
  json::array mentions;
  for (const AgentId agent : t.mentions) mentions.push_back(json::string(to_text(agent)));
  out["mentions"] = std::move(mentions);
  out["ratings"] = ratings_json(x, t.ratings);
  out["drafts"] = detail == TicketDetail::past ? json::array() : drafts_json(x, t.id);
  out["undo"] = detail == TicketDetail::whole ? undo_json(x, t.id) : json::value(nullptr);
  return out;
}

json::object timeline_item_json(const Exchange& x, const RecordedEvent& event) {
  json::object out{{"id", to_text(event.envelope) + ":" + std::to_string(event.index)},
                   {"kind", "unknown"},
                   {"version", std::to_string(event.event.version)},
                   {"at", to_rfc3339(event.event.occurred_at)},
                   {"recorded_at", to_rfc3339(event.recorded_at)}};
  const auto* body = std::get_if<conversation::Event>(&event.event.body);
  if (body == nullptr) return out;
  Item item(x, out);
  out["kind"] = std::visit(item, *body);
  json::object actor = actor_json(x, event.actor).as_object();
  if (is_customers(*body)) {
    // It came through a program or somebody's token; what a customer did is the customer's.
    actor = json::object{{"kind", "customer"}, {"id", nullptr}, {"name", nullptr}};
    if (const auto* from = out["from"].if_object()) {
      actor["id"] = from->at("id");
      actor["name"] = from->at("name");
    }
  } else if (const auto* reply = std::get_if<conversation::Replied>(body); reply != nullptr && reply->agent) {
    // A past answer that a program brought in is its agent's.
    actor = actor_json(x, {ActorKind::agent, reply->agent}).as_object();
  }
  out["actor"] = std::move(actor);
  json::object details = item.take_details();
  if (!details.empty()) out["details"] = std::move(details);
  return out;
}

json::object event_json(const Exchange& x, const RecordedEvent& event) {
  json::object out{{"id", to_text(event.envelope) + ":" + std::to_string(event.index)},
                   {"type", kind_name(kind_of(event.event.body))},
                   {"version", std::to_string(event.event.version)},
                   {"occurred_at", to_rfc3339(event.event.occurred_at)},
                   {"recorded_at", to_rfc3339(event.recorded_at)},
                   {"actor", actor_json(x, event.actor)},
                   {"position", to_text(event.position)},
                   {"settings_version", std::to_string(event.settings_version)}};
  json::array capsules;
  AnyEvent body = event.event.body;
  std::visit(
      [&](auto& category) {
        std::visit(
            [&](auto& e) {
              const auto visit = [&](auto& field) {
                const Sealed& sealed = field.sealed();
                const auto row = x.engine().door().row(x.caller.workspace, sealed.reference);
                const auto redacted = x.engine().door().is_destroyed(sealed.capsule);
                const std::string_view state = std::holds_alternative<Erased>(row) ? "erased"
                                               : redacted && *redacted             ? "redacted"
                                               : redacted && std::holds_alternative<KeyRow>(row)
                                                   ? "sealed"
                                                   : "unavailable";
                capsules.push_back(json::object{{"number", sealed.capsule.number},
                                                {"reference", to_text(sealed.reference)},
                                                {"digest", to_hex(sealed.digest)},
                                                {"state", state}});
              };
              if constexpr (requires { e.each_personal(visit); }) e.each_personal(visit);
            },
            category);
      },
      body);
  out["capsules"] = std::move(capsules);
  return out;
}

}  // namespace parlance::http
