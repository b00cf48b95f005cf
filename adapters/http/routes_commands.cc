#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>

#include "adapters/http/attachments.h"
#include "adapters/http/commands.h"
#include "adapters/http/exchange.h"
#include "adapters/http/html_text.h"
#include "adapters/http/render.h"
#include "engine/runtime/blind.h"

/// The routes that change something: each reads its body, names every fault, and submits one command.
namespace parlance::http {
namespace {

constexpr std::size_t text_max = 512 * 1024;
constexpr std::size_t batch_max = 500;
constexpr std::int64_t late_ms_max = 5 * 60'000;

/// The stream version the caller saw, from If-Match.
bool read_if_match(const Call& call, Request& request) {
  std::string_view etag = call->request.header("if-match");
  if (!call->request.has_header("if-match") || etag == "*") return true;
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  Version version = 0;
  const auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), version);
  if (error != std::errc{} || end != etag.data() + etag.size()) {
    call->fail(412, "stream.version_conflict", "no stream ever had that ETag");
    return false;
  }
  request.if_match = version;
  return true;
}

}  // namespace

Instant occurred(const Call& call, Fields& fields) {
  const Instant now = call->now();
  const auto said = fields.instant("occurred_at");
  if (!said) return now;
  if (*said > now + late_ms_max)
    fields.fault("occurred_at", "in_the_future", "it cannot have happened yet");
  else if (now - *said > late_ms_max && !has(call->caller.scopes, Scope::ingest | Scope::import))
    fields.fault("occurred_at", "too_old", "more than five minutes back needs the scope ingest or import");
  return *said;
}

Request request_for(const Call& call, Slot slot, std::string_view scope, Action action) {
  Request request;
  request.workspace = call->caller.workspace;
  request.slot = slot;
  request.actor = call->caller.actor;
  const std::string_view key = call->request.header("idempotency-key");
  if (!key.empty()) {
    const KeyService& keys = call->engine().keys();
    // Who brings a history in does not matter: another may go on where one was stopped.
    const std::string principal = call->import ? "import" : raw_id_text("who", call->caller.actor.id);
    request.command = command_id(keys, call->caller.workspace, principal + " " + std::string(scope), key);
    request.fingerprint =
        fingerprint64(keys, key, as_bytes(call->request.path + "\n" + json::serialize(call->body)));
  }
  request.action = std::move(action);
  return request;
}

namespace {

std::string positions_text(const std::vector<Position>& positions) {
  std::string out;
  for (const Position& position : positions) out += (out.empty() ? "" : ",") + to_text(position);
  return out;
}

/// 412 with the events in between, so that a page can show what changed.
void fail_stale(const Call& call, const StreamId& stream, Version seen, const Error& error) {
  HttpResponse out = problem(error);
  json::value document = json::parse(out.body);
  json::array between;
  auto entries = call->engine().history(stream, seen + 1, 100);
  if (entries)
    if (auto events = call->engine().events(stream, *entries))
      for (const RecordedEvent& event : *events) between.push_back(timeline_item_json(*call, event));
  document.as_object()["events"] = std::move(between);
  document.as_object()["version"] = error.detail;
  out.body = json::serialize(document);
  out.headers.emplace_back("ETag", "\"" + error.detail + "\"");
  call->respond(std::move(out));
}

/// 409 with what came since the caller looked, so that a person can decide to send all the same.
void fail_changed_since(const Call& call, ConversationId id, Version seen, const Error& error) {
  // The message that it was refused for may have been certain only just now.
  call->engine().after_answers(id.slot(), [call, id, seen, error] {
    HttpResponse out = problem(error);
    json::value document = json::parse(out.body);
    json::array changes;
    const StreamId stream{Category::conversation, id};
    if (auto entries = call->engine().history(stream, seen + 1, 100))
      if (auto events = call->engine().events(stream, *entries))
        for (const RecordedEvent& event : *events) changes.push_back(timeline_item_json(*call, event));
    if (!changes.empty()) document.as_object()["version"] = changes.back().at("version");
    document.as_object()["changes"] = std::move(changes);
    out.body = json::serialize(document);
    call->respond(std::move(out));
  });
}

}  // namespace

bool has_if_match(const Call& call, std::string_view what) {
  if (!call->request.header("if-match").empty()) return true;
  call->fail(428, "precondition_required",
             "send If-Match with the ETag of " + std::string(what) + ": somebody may have changed it");
  return false;
}

void submit(const Call& call, Request request, unsigned created_status, Describe describe) {
  const std::string_view key = call->request.header("idempotency-key");
  if (key.size() > 255)
    return call->fail(400, "idempotency_key.too_long", "an Idempotency-Key has at most 255 characters");
  if (!read_if_match(call, request)) return;
  request.import = call->import;
  std::optional<StreamId> stream;
  if (const auto* on = std::get_if<OnConversation>(&request.action))
    stream = {Category::conversation, on->conversation};
  const auto seen = request.if_match;
  std::optional<Version> seen_by_reply;
  if (const auto* on = std::get_if<OnConversation>(&request.action))
    if (const auto* reply = std::get_if<conversation::Reply>(&on->command)) seen_by_reply = reply->seen;
  call->engine().submit(std::move(request), [call, created_status, stream, seen, seen_by_reply,
                                             describe = std::move(describe)](Result<Outcome> result) {
    if (!result && result.error().code == Errc::version_conflict && stream && seen)
      return fail_stale(call, *stream, *seen, result.error());
    if (!result && result.error().rule == "conversation.changed_since" && seen_by_reply)
      return fail_changed_since(call, ConversationId::from(stream->id), *seen_by_reply, result.error());
    if (!result) return call->fail(result.error());
    settle_uploads(call, result->positions);
    json::object body;
    if (result->version != 0) body["version"] = std::to_string(result->version);
    const std::string positions = positions_text(result->positions);
    body["position"] = positions;
    if (result->unchanged) body["unchanged"] = true;
    if (describe) describe(*result, body);
    std::vector<std::pair<std::string, std::string>> headers;
    if (!positions.empty()) headers.emplace_back("Parlance-Position", positions);
    if (result->version != 0) headers.emplace_back("ETag", "\"" + std::to_string(result->version) + "\"");
    if (result->replayed) headers.emplace_back("Idempotency-Replayed", "true");
    call->answer(created_status, body, std::move(headers));
  });
}

namespace {

// ---- messages ----

void inbound(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  Arrive arrive;
  const std::string channel = fields.text("channel", 40, true);
  const auto kind = parse_channel(channel);
  if (!kind && !channel.empty())
    fields.fault("channel", "unknown_channel",
                 "email, chat, whatsapp, messenger, instagram, sms, voice, marketplace, social or api");
  arrive.channel = kind.value_or(Channel::none);
  arrive.account = fields.text("account", 200, true);
  const std::string message_id = fields.text("message_id", short_text_max, true);
  if (const json::value* from = fields.any("from")) {
    Fields sender(*from, "/from", faults);
    const std::string address = sender.text("address", short_text_max, true);
    arrive.content.sender_name = sender.text("name", 200);
    if (!address.empty() && kind) {
      auto normal = normalise_address(*kind, address);
      if (normal)
        arrive.address = std::move(*normal);
      else
        sender.fault("address", normal.error().rule, normal.error().detail);
    }
    arrive.content.sender_address = address;
    sender.finish();
  } else {
    fields.fault("from", "required", "this member must be there: {address, name?}");
  }
  arrive.content.text = fields.text("text", text_max);
  arrive.content.html = fields.text("html", text_max);
  if (has_too_many_tags(arrive.content.html))
    fields.fault("html", "too_many_tags", "at most 20000 tags");
  else if (arrive.content.text.empty() && !arrive.content.html.empty())
    arrive.content.text = text_of_html(arrive.content.html);
  auto files = read_attachments(call, fields, faults);
  if (!files) return;
  arrive.attachments = std::move(*files);
  if (arrive.content.text.empty() && arrive.content.html.empty() && arrive.attachments.empty())
    fields.fault("text", "required", "a message has a text, html or an attachment");
  arrive.content.subject_line = fields.text("subject", short_text_max);
  arrive.content.language_tag = fields.text("language", 40);
  arrive.language = parse_language(arrive.content.language_tag);
  arrive.content.in_reply_to = fields.text("in_reply_to", short_text_max);
  arrive.content.thread = fields.text("thread", short_text_max);
  arrive.content.order = fields.text("order", 200);
  arrive.content.external_id = message_id;
  arrive.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);

  const KeyService& keys = call->engine().keys();
  const WorkspaceId workspace = call->caller.workspace;
  const std::string scope = "inbound " + channel + " " + arrive.account;
  arrive.store = store_id(keys, workspace, arrive.channel, arrive.account);
  if (auto thread = parse_id<ConversationId>(arrive.content.thread))
    arrive.thread = *thread;
  else if (!arrive.content.thread.empty())
    arrive.in_reply_to = command_id(keys, workspace, scope, arrive.content.thread);
  if (!arrive.in_reply_to && !arrive.content.in_reply_to.empty())
    arrive.in_reply_to = command_id(keys, workspace, scope, arrive.content.in_reply_to);

  Request request;
  request.workspace = workspace;
  request.slot = slot_of_address(keys, workspace, arrive.channel, arrive.address);
  request.actor = call->caller.actor;
  // The channel's message id is what repeats; its body may differ in what does not matter.
  request.command = command_id(keys, workspace, scope, message_id);
  request.action = std::move(arrive);
  submit(call, std::move(request), 201, [](const Outcome& outcome, json::object& body) {
    body["conversation"] = to_text(ConversationId::from(outcome.stream.id));
    body["message"] = outcome.message ? json::value(to_text(*outcome.message)) : json::value(nullptr);
    body["id"] = body["message"];
    body["subject"] = outcome.subject ? json::value(to_text(outcome.subject)) : json::value(nullptr);
    body["ticket_number"] = std::to_string(outcome.ticket_number);
    body["created"] = outcome.opened;
  });
}

void describe_opened(const Outcome& outcome, json::object& body) {
  body["id"] = to_text(ConversationId::from(outcome.stream.id));
  body["ticket_number"] = std::to_string(outcome.ticket_number);
  if (outcome.message) body["message"] = to_text(*outcome.message);
}

void submit_open(const Call& call, OpenByAgent open) {
  const KeyService& keys = call->engine().keys();
  auto normal = normalise_address(open.channel, open.address);
  if (!normal) return call->fail(normal.error());
  open.address = std::move(*normal);
  open.store = store_id(keys, call->caller.workspace, open.channel, open.account);
  const Slot slot = slot_of_address(keys, call->caller.workspace, open.channel, open.address);
  submit(call, request_for(call, slot, call->request.path, std::move(open)), 201, describe_opened);
}

void open_conversation(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  OpenByAgent open;
  open.agent = call->caller.agent;
  open.at = occurred(call, fields);
  open.content.text = fields.text("text", text_max);
  open.content.subject_line = fields.text("subject_line", short_text_max);
  auto files = read_attachments(call, fields, faults);
  if (!files) return;
  open.attachments = std::move(*files);
  if (const std::string queue = fields.text("queue", 40); !queue.empty()) {
    const auto id = parse_id<QueueId>(queue);
    if (id)
      open.queue = *id;
    else
      fields.fault("queue", id.error().rule, id.error().detail);
  }
  std::optional<SubjectId> subject;
  if (const std::string id = fields.text("subject", 40); !id.empty()) {
    const auto parsed = parse_id<SubjectId>(id);
    if (parsed)
      subject = *parsed;
    else
      fields.fault("subject", parsed.error().rule, parsed.error().detail);
  }
  const json::value* to = fields.any("to");
  if (to != nullptr) {
    Fields address(*to, "/to", faults);
    const std::string channel = address.text("channel", 40, true);
    const auto kind = parse_channel(channel);
    if (!kind && !channel.empty())
      address.fault("channel", "unknown_channel", "such as email, chat or whatsapp");
    open.channel = kind.value_or(Channel::none);
    open.account = address.text("account", 200, true);
    open.address = address.text("address", short_text_max, true);
    open.content.sender_name = address.text("name", 200);
    address.finish();
  } else if (!subject) {
    fields.fault("to", "required", "say to whom: to {channel, account, address}, or subject");
  }
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  if (to != nullptr) return submit_open(call, std::move(open));

  // By customer: the first address known of them.
  auto known = call->engine().subject(call->caller.workspace, *subject);
  if (!known) return call->fail(known.error());
  if (!*known || (*known)->identities.empty())
    return call->fail(404, "subject.not_found", "no customer of that id");
  auto opened = call->engine().door().open<Identity>(call->caller.principal(), Purpose::support,
                                                     call->caller.workspace, (*known)->identities.front());
  if (const auto* closed = std::get_if<Unavailable>(&opened)) return call->fail(closed->error);
  const auto* identity = std::get_if<Identity>(&opened);
  if (identity == nullptr) return call->fail(404, "subject.erased", "this customer's data is erased");
  open.channel = identity->channel;
  open.account = identity->account;
  open.address = identity->address;
  open.content.sender_name = identity->name;
  submit_open(call, std::move(open));
}

std::optional<Version> read_seen_version(Fields& fields) {
  const std::string text = fields.text("seen_version", 20);
  if (text.empty()) return std::nullopt;
  Version seen = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seen);
  if (error == std::errc{} && end == text.data() + text.size() && seen != 0) return seen;
  fields.fault("seen_version", "not_a_version", "the ticket's version as it was shown, such as \"12\"");
  return std::nullopt;
}

void reply(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Reply command;
  command.agent = call->caller.agent;
  command.content.text = fields.text("text", text_max);
  auto files = read_attachments(call, fields, faults, *id);
  if (!files) return;
  command.attachments = std::move(*files);
  if (command.content.text.empty() && command.attachments.empty())
    fields.fault("text", "required", "a reply has a text or an attachment");
  if (const std::string channel = fields.text("channel", 40); !channel.empty()) {
    const auto kind = parse_channel(channel);
    if (!kind) fields.fault("channel", "unknown_channel", "such as email, chat or whatsapp");
    command.channel = kind.value_or(Channel::none);
  }
  // A program that brings in an agent's past answer names the agent; an agent answers in its own name.
  if (const std::string agent = fields.text("agent", 40); !agent.empty()) {
    const auto named = parse_id<AgentId>(agent);
    if (!named)
      fields.fault("agent", named.error().rule, named.error().detail);
    else if (!has(call->caller.scopes, Scope::import | Scope::admin))
      fields.fault("agent", "forbidden", "naming another agent needs the scope import");
    else
      command.agent = *named;
  }
  const auto seen = read_seen_version(fields);
  // The writer was shown what came since, and sends it all the same.
  const bool anyway = fields.boolean("anyway").value_or(false);
  if (!anyway) command.seen = seen;
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command), 201);
}

void note(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Note command;
  command.agent = call->caller.agent;
  command.content.text = fields.text("text", text_max);
  auto files = read_attachments(call, fields, faults, *id);
  if (!files) return;
  command.attachments = std::move(*files);
  if (command.content.text.empty() && command.attachments.empty())
    fields.fault("text", "required", "a note has a text or an attachment");
  if (const json::array* list = fields.array("mentions", conversation::mentions_max))
    for (std::size_t i = 0; i < list->size(); ++i) {
      const json::value& item = (*list)[i];
      const auto agent = parse_id<AgentId>(item.is_string() ? std::string_view(item.as_string()) : "");
      if (agent)
        command.mentions.push_back(*agent);
      else
        faults.push_back(
            {"/mentions/" + std::to_string(i), std::string(agent.error().rule), agent.error().detail});
    }
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command), 201);
}

// ---- work ----

void assign(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Assign command;
  const std::string agent = fields.text("agent", 40);
  const std::string queue = fields.text("queue", 40);
  if (agent == "me") {
    if (call->caller.agent)
      command.agent = call->caller.agent;
    else
      fields.fault("agent", "not_an_agent", "this token speaks for no agent");
  } else if (!agent.empty()) {
    const auto parsed = parse_id<AgentId>(agent);
    if (parsed && *parsed)
      command.agent = *parsed;
    else if (parsed)
      fields.fault("agent", "agent.unknown", "no agent of that id");
    else
      fields.fault("agent", parsed.error().rule, parsed.error().detail);
  }
  if (!queue.empty()) {
    const auto parsed = parse_id<QueueId>(queue);
    if (parsed && *parsed)
      command.queue = *parsed;
    else if (parsed)
      fields.fault("queue", "queue.unknown", "no queue of that id");
    else
      fields.fault("queue", parsed.error().rule, parsed.error().detail);
  }
  if (agent.empty() && queue.empty()) fields.fault("agent", "required", "say to whom: agent, queue or both");
  command.reason = fields.text("reason", short_text_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

void claim(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::Assign command;
  command.agent = call->caller.agent;
  command.claimed = true;
  command.reason = fields.text("reason", short_text_max);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  if (!command.agent)
    return call->fail(409, "agent.required", "this token speaks for no agent; assign instead");
  submit_on(call, *id, std::move(command));
}

/// Commands that carry a reason and a time alone.
template <class Command> void with_reason(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  Command command{};
  command.reason = fields.text("reason", short_text_max);
  if constexpr (requires { command.until; }) {
    const auto until = fields.instant("until");
    if (!until && !fields.has("until")) fields.fault("until", "required", "say until when");
    command.until = until.value_or(Instant{});
  }
  if constexpr (requires { command.on; }) {
    const std::string on = fields.text("for", 40);
    if (!on.empty() && on != "customer" && on != "third_party")
      fields.fault("for", "unknown", "customer or third_party");
    command.on = on == "third_party" ? WaitFor::third_party : WaitFor::customer;
  }
  if constexpr (requires { command.agent; }) command.agent = call->caller.agent;
  if constexpr (requires { command.sub_state; }) {
    const auto directory = call->engine().directory();
    const WorkspaceState* workspace = call->workspace(*directory);
    if (const std::string text = fields.text("sub_state", settings::name_bytes_max);
        !text.empty() && workspace != nullptr)
      command.sub_state =
          find_word(workspace->settings.sub_states, text, fields, "sub_state", "sub_state.unknown");
  }
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

void priority(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::SetPriority command{};
  const std::string text = fields.text("priority", 40, true);
  const auto parsed = parse_priority(text);
  if (!parsed && !text.empty()) fields.fault("priority", "unknown", "low, normal, high or urgent");
  command.priority = parsed.value_or(Priority::none);
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, command);
}

std::vector<TagId> read_tags(const Call& call, Fields& fields, std::string_view name) {
  std::vector<TagId> out;
  const json::array* list = fields.array(name, conversation::tags_on_conversation_max);
  if (list == nullptr) return out;
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  for (const json::value& item : *list) {
    const std::string_view text = item.is_string() ? std::string_view(item.as_string()) : std::string_view();
    if (const auto id = parse_id<TagId>(text)) {
      out.push_back(*id);
      continue;
    }
    if (workspace != nullptr) {
      const auto it = std::ranges::find(workspace->settings.tags, text, &settings::Tag::name);
      if (it != workspace->settings.tags.end()) {
        out.push_back(it->id);
        continue;
      }
    }
    fields.fault(name, "tag.unknown", "a tag's name or id; POST /v1/tags adds one");
  }
  return out;
}

void tags(const Call& call) {
  const auto id = path_id<ConversationId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  conversation::ChangeTags command;
  command.add = read_tags(call, fields, "add");
  command.remove = read_tags(call, fields, "remove");
  command.at = occurred(call, fields);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_on(call, *id, std::move(command));
}

// ---- people, desk, settings ----

void add_identity(const Call& call) {
  const auto id = path_id<SubjectId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  AddIdentity command;
  command.subject = *id;
  const std::string channel = fields.text("channel", 40, true);
  const auto kind = parse_channel(channel);
  if (!kind && !channel.empty())
    fields.fault("channel", "unknown_channel", "such as email, chat or whatsapp");
  command.identity.channel = kind.value_or(Channel::none);
  command.identity.account = fields.text("account", 200);
  command.identity.name = fields.text("name", 200);
  const std::string address = fields.text("address", short_text_max, true);
  if (!address.empty() && kind) {
    auto normal = normalise_address(*kind, address);
    if (normal)
      command.identity.address = std::move(*normal);
    else
      fields.fault("address", normal.error().rule, normal.error().detail);
  }
  command.at = call->now();
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit(call, request_for(call, id->slot(), call->request.path, std::move(command)), 201,
         [id = *id](const Outcome&, json::object& body) { body["id"] = to_text(id); });
}

void add_tag(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  settings::AddTag command{};
  command.name = fields.text("name", 200, true);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit(call,
         request_for(call, call->caller.workspace.slot(), call->request.path, OnSettings{std::move(command)}),
         201, made<TagId>());
}

void issue_token(const Call& call) {
  const auto id = path_id<AgentId>(call);
  if (!id) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  desk::IssueToken command{};
  command.agent = *id;
  command.scopes = Scope::agent;
  if (const json::array* list = fields.array("scopes", 10)) {
    command.scopes = Scope::none;
    for (const json::value& item : *list) {
      const std::string_view text =
          item.is_string() ? std::string_view(item.as_string()) : std::string_view();
      if (text == "agent")
        command.scopes = command.scopes | Scope::agent;
      else if (text == "ingest")
        command.scopes = command.scopes | Scope::ingest;
      else if (text == "import")
        command.scopes = command.scopes | Scope::import;
      else if (text == "admin")
        command.scopes = command.scopes | Scope::admin;
      else
        fields.fault("scopes", "unknown", "agent, ingest, import or admin");
    }
  }
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  const std::string token = make_token();
  command.hash = hash_token(token);
  submit(call, request_for(call, call->caller.workspace.slot(), call->request.path, OnDesk{command}), 201,
         [token](const Outcome& outcome, json::object& body) {
           body["id"] = to_text(TokenId::from(outcome.made));
           // A repeat cannot show it again: only its hash is kept.
           if (!outcome.replayed) body["token"] = token;
         });
}

void change_settings(const Call& call) {
  if (!has_if_match(call, "GET /v1/settings")) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  settings::Policy policy = workspace == nullptr ? settings::Policy{} : workspace->settings.policy;
  const auto* object = call->body.if_object();
  const auto duration = [&](std::string_view name, auto& out) {
    const auto seconds = fields.integer(name, 0, settings::duration_ms_max / 1000);
    if (seconds)
      out = *seconds * 1000;
    else if constexpr (requires { out.reset(); })
      if (object != nullptr && object->contains(json::string_view(name.data(), name.size())) &&
          !fields.has(name))
        out.reset();
  };
  duration("first_response_seconds", policy.first_response_ms);
  duration("auto_close_seconds", policy.auto_close_ms);
  duration("reopen_window_seconds", policy.reopen_window_ms);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit(call,
         request_for(call, call->caller.workspace.slot(), call->request.path,
                     OnSettings{settings::ChangePolicy{policy}}),
         200, {});
}

// ---- many at once ----

/// Of positions as an answer names them, the furthest of each partition.
void note_newest(std::string_view positions, std::map<PartitionId, Position>& newest) {
  for (std::size_t at = 0; at < positions.size();) {
    const std::size_t end = std::min(positions.find(',', at), positions.size());
    if (const auto position = parse_position(positions.substr(at, end - at))) {
      Position& furthest = newest.try_emplace(position->partition, *position).first->second;
      furthest = std::max(furthest, *position);
    }
    at = end + 1;
  }
}

/// Each command is answered for itself. They are handed over in their order, and an owner decides in the order of arrival,
/// so those of one stream are decided in order.
void batch(const Call& call) {
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  const json::array* commands = fields.array("commands", batch_max);
  if (commands == nullptr && faults.empty())
    fields.fault("commands", "required", "a list of {method_path, key, body}");
  fields.finish();
  std::vector<std::shared_ptr<Exchange>> parts;
  for (std::size_t i = 0; commands != nullptr && i < commands->size(); ++i) {
    const std::string at = "/commands/" + std::to_string(i);
    Fields one((*commands)[i], at, faults);
    const std::string method_path = one.text("method_path", 4096, true);
    const std::string key = one.text("key", 255);
    const std::string as = one.text("as", 40);
    const json::value* body = one.any("body");
    one.finish();
    auto part = std::make_shared<Exchange>(Exchange{call->context,
                                                    call->keep,
                                                    {},
                                                    {},
                                                    call->caller,
                                                    {},
                                                    body == nullptr ? json::value(json::object{}) : *body});
    part->request.method = "POST";
    if (!method_path.starts_with("POST /v1/") || method_path.find('?') != std::string::npos ||
        !parse_target(std::string_view(method_path).substr(5), part->request) ||
        part->request.path == "/v1/batch")
      one.fault("method_path", "not_a_command", "such as POST /v1/inbound");
    part->request.headers.emplace_back("idempotency-key", key);
    if (!as.empty()) part->request.headers.emplace_back("parlance-as", as);
    part->import = call->import;
    if (part->import) part->request.headers.emplace_back("if-match", "*");
    part->caller.by_cookie = false;  // the batch itself was checked
    parts.push_back(std::move(part));
  }
  if (!faults.empty()) return call->fail(faults);

  struct Answers {
    std::vector<HttpResponse> all;
    std::atomic<std::size_t> left;
  };
  auto answers = std::make_shared<Answers>();
  answers->all.resize(parts.size());
  answers->left = parts.size() + 1;
  const auto one_less = [answers, call] {
    if (answers->left.fetch_sub(1) != 1) return;
    json::array data;
    std::map<PartitionId, Position> newest;
    for (const HttpResponse& one : answers->all) {
      boost::system::error_code ignored;
      json::object answered{{"status", one.status}, {"body", json::parse(one.body, ignored)}};
      for (const auto& [name, value] : one.headers)
        if (name == "Idempotency-Replayed") answered["replayed"] = true;
      data.push_back(std::move(answered));
      for (const auto& [name, value] : one.headers)
        if (name == "Parlance-Position") note_newest(value, newest);
    }
    std::vector<Position> positions;
    for (const auto& [partition, position] : newest) positions.push_back(position);
    std::vector<std::pair<std::string, std::string>> headers;
    if (!positions.empty()) headers.emplace_back("Parlance-Position", positions_text(positions));
    call->answer(200, json::object{{"data", std::move(data)}}, std::move(headers));
  };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i]->respond = [answers, i, one_less](HttpResponse response) {
      answers->all[i] = std::move(response);
      one_less();
    };
    dispatch(parts[i]);
  }
  one_less();
}

}  // namespace

const std::vector<Route>& command_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/inbound", inbound, Needs::ingest},
      {"POST", "/v1/conversations", open_conversation, Needs::agent},
      {"POST", "/v1/conversations/{id}/reply", reply, Needs::agent},
      {"POST", "/v1/conversations/{id}/note", note, Needs::agent},
      {"POST", "/v1/conversations/{id}/assign", assign, Needs::agent},
      {"POST", "/v1/conversations/{id}/claim", claim, Needs::agent},
      {"POST", "/v1/conversations/{id}/unassign", with_reason<conversation::Unassign>, Needs::agent},
      {"POST", "/v1/conversations/{id}/snooze", with_reason<conversation::Snooze>, Needs::agent},
      {"POST", "/v1/conversations/{id}/wait", with_reason<conversation::Wait>, Needs::agent},
      {"POST", "/v1/conversations/{id}/resolve", with_reason<conversation::Resolve>, Needs::agent},
      {"POST", "/v1/conversations/{id}/reopen", with_reason<conversation::Reopen>, Needs::agent},
      {"POST", "/v1/conversations/{id}/close", with_reason<conversation::Close>, Needs::agent},
      {"POST", "/v1/conversations/{id}/priority", priority, Needs::agent},
      {"POST", "/v1/conversations/{id}/tags", tags, Needs::agent},
      {"POST", "/v1/subjects/{id}/identities", add_identity, Needs::agent},
      {"POST", "/v1/agents/{id}/tokens", issue_token, Needs::admin},
      {"POST", "/v1/tags", add_tag, Needs::admin},
      {"POST", "/v1/settings", change_settings, Needs::admin},
      {"POST", "/v1/batch", batch, Needs::signed_in},
  };
  return routes;
}

}  // namespace parlance::http
