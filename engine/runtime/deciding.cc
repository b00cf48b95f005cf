#include "engine/runtime/deciding.h"

#include <algorithm>

#include "engine/runtime/blind.h"
#include "engine/runtime/streams.h"

namespace parlance {
namespace {

constexpr std::size_t known_conversations_max = 50;  ///< of a sender's, that intake looks at: the newest
constexpr std::size_t preview_subject_bytes_max = 300;

std::vector<conversation::Timer> due_timers(const conversation::State& state,
                                            const std::optional<Instant>& until) {
  auto due = conversation::timers(state);
  std::erase_if(due, [&](const conversation::Timer& timer) { return !until || timer.due > *until; });
  std::ranges::sort(due, {}, &conversation::Timer::due);
  return due;
}

/// The state once its due timers have fired.
conversation::State after_timers(conversation::State state, const std::optional<Instant>& until) {
  for (const conversation::Timer& timer : due_timers(state, until))
    if (const auto events = conversation::decide(state, conversation::Tick{timer}))
      for (const conversation::Event& event : *events) state = conversation::evolve(std::move(state), event);
  return state;
}

Error erased() { return {Errc::not_found, "conversation.not_found", "the conversation is erased"}; }
Error conflict(Version version) {
  return {Errc::version_conflict, "stream.version_conflict", std::to_string(version)};
}
bool conflicts(const Request& request, Version version) {
  return request.if_match && *request.if_match != version;
}

/// When the command happened at its source; the epoch where it does not say.
Instant happened(const Action& action) {
  const auto at = [](const auto& command) {
    if constexpr (requires { command.at; })
      return command.at;
    else
      return Instant{};
  };
  if (const auto* on = std::get_if<OnConversation>(&action)) return std::visit(at, on->command);
  return std::visit(at, action);
}

QueueId first_queue(const adoption::Body* adopted) {
  return adopted != nullptr && !adopted->queues.empty() ? adopted->queues.front().id : QueueId{};
}

template <class State, class Command> auto decide_in_its_namespace(const State& state, const Command& c) {
  return decide(state, c);
}

}  // namespace

/// A customer's message on its way into a conversation.
struct Deciding::Incoming {
  ReferenceId author;
  Identity sender;
  Preview preview;  ///< as it was before
  Language language;
  MessageContent content;
  Attachments attachments;
  Instant at;
  std::optional<Instant> timers_until;
};

Result<Draft> Deciding::decide(Request& request, const Moment& at) {
  Draft draft;
  const Asked asked{request, at, draft, happened(request.action)};
  if (request.import) {
    const auto open = fold_.is_open(request.workspace, request.import);
    if (!open) return open.error();
    if (!*open) return refused("import.not_open", "no import of that id is open");
  }
  const auto decided = std::visit([&](auto& action) { return on(asked, action); }, request.action);
  if (decided) return draft;
  forget(draft.made);
  if (draft.fired == 0) return decided.error();
  // What it was refused on must be on record.
  Draft timers;
  timers.stream = draft.stream;
  timers.events.assign(std::make_move_iterator(draft.events.begin()),
                       std::make_move_iterator(draft.events.begin() + draft.fired));
  timers.fired = draft.fired;
  timers.refused = decided.error();
  return timers;
}

void Deciding::forget(const std::vector<ReferenceId>& made) {
  for (const ReferenceId reference : made) door_.forget(reference);
}

// ---- messages from outside ----

Result<void> Deciding::on(const Asked& asked, Arrive& arrive) {
  Request& request = asked.request;
  const auto subject = fold_.find_subject(request.workspace, arrive.channel, arrive.address);
  if (!subject) return subject.error();
  const SubjectId sender = *subject ? **subject : SubjectId::from(fresh_id(asked));
  intake::State known;
  if (*subject)
    if (auto listed = know(asked, sender, known); !listed) return listed;
  if (arrive.ignore_thread) {
    // What lives in another slot has just refused this message.
    std::erase_if(known.known, [](const intake::Known& k) { return !k.state; });
  } else if (auto threaded = know_thread(asked, arrive, known); !threaded) {
    return threaded;
  }
  const auto decision = intake::decide(known, {arrive.channel, arrive.store, request.slot, arrive.at});
  Identity identity{sender, arrive.channel, arrive.account, arrive.address, arrive.content.sender_name, {}};

  if (const auto* forward = std::get_if<intake::Forward>(&decision)) {
    auto author = author_in(asked, forward->conversation, sender);
    if (!author) return author.error();
    asked.draft.stream = door_stream(request.workspace, request.slot);
    asked.draft.events.push_back({asked.draft.stream,
                                  intake::Event{intake::MessageForwarded{
                                      forward->conversation, *author,
                                      Personal<Identity>(identity, *author, FieldClass::contact), arrive.at}},
                                  identity});
    return {};
  }

  conversation::State state;
  ConversationId id;
  Preview preview;
  std::optional<Instant> until;
  if (const auto* join = std::get_if<intake::Join>(&decision)) {
    id = join->conversation;
    asked.draft.stream = {Category::conversation, id};
    auto held = fold_.conversations().load(asked.draft.stream);
    if (!held) return held.error();
    state = (*held)->state;
    auto due = timers_until(asked, **held);
    if (!due) return due.error();
    until = *due;
    auto before = preview_of_conversation(request.workspace, **held);
    if (!before) return before.error();
    preview = std::move(*before);
  } else {
    id = ConversationId::from(fresh_id(asked));
    asked.draft.stream = {Category::conversation, id};
    auto requester = author_in(asked, id, sender);
    if (!requester) return requester.error();
    auto number = next_number(asked);
    if (!number) return number.error();
    auto body = adopted(asked);
    if (!body) return body.error();
    conversation::Open open;
    open.requester = *requester;
    open.channel = arrive.channel;
    open.identity = identity;
    open.store = arrive.store;
    open.language = arrive.language;
    open.queue = first_queue(*body);
    open.number = *number;
    open.at = arrive.at;
    if (auto opened = add(asked.draft, state, open, identity); !opened) return opened;
    preview = {identity.name, arrive.content.subject_line, {}, arrive.account};
  }
  auto author = author_in(asked, id, sender);
  if (!author) return author.error();
  return receive(asked, state,
                 {*author, std::move(identity), std::move(preview), arrive.language,
                  std::move(arrive.content), std::move(arrive.attachments), arrive.at, until});
}

Result<void> Deciding::on(const Asked& asked, ReceiveForwarded& forwarded) {
  const WorkspaceId workspace = asked.request.workspace;
  asked.draft.stream = {Category::conversation, forwarded.conversation};
  auto held = conversation(workspace, asked.draft.stream);
  if (!held) return held.error();
  conversation::State state = (*held)->state;
  for (const ReferenceId reference : {state.requester, forwarded.author}) {
    const auto gone = fold_.is_erased(workspace, reference);
    if (!gone) return gone.error();
    if (*gone) return erased();
  }
  const auto until = timers_until(asked, **held);
  if (!until) return until.error();
  auto preview = preview_of_conversation(workspace, **held);
  if (!preview) return preview.error();
  return receive(asked, state,
                 {forwarded.author, forwarded.identity, std::move(*preview), forwarded.language,
                  forwarded.content, forwarded.attachments, forwarded.at, *until});
}

Result<void> Deciding::receive(const Asked& asked, conversation::State& state, Incoming incoming) {
  if (auto fired = fire_due(asked, state, incoming.timers_until); !fired) return fired;
  auto body = adopted(asked);
  if (!body) return body.error();
  conversation::Receive receive;
  receive.id = MessageId::from(fresh_id(asked));
  receive.author = incoming.author;
  if (incoming.author != state.requester &&
      std::ranges::find(state.participants, incoming.author) == state.participants.end())
    receive.joins = incoming.sender;
  receive.channel = incoming.sender.channel;
  receive.language = incoming.language;
  receive.preview = std::move(incoming.preview);
  receive.preview.text =
      preview_of(incoming.content.text.empty() ? incoming.content.subject_line : incoming.content.text);
  if (receive.preview.subject_line.empty())
    receive.preview.subject_line = preview_of(incoming.content.subject_line, preview_subject_bytes_max);
  receive.content = std::move(incoming.content);
  receive.attachments = std::move(incoming.attachments);
  receive.at = incoming.at;
  receive.adopted = *body;
  asked.draft.preview = receive.preview;
  return add(asked.draft, state, receive, receive.joins);
}

Result<void> Deciding::on(const Asked& asked, OpenByAgent& open) {
  const WorkspaceId workspace = asked.request.workspace;
  const auto subject = fold_.find_subject(workspace, open.channel, open.address);
  if (!subject) return subject.error();
  auto body = adopted(asked);
  if (!body) return body.error();
  if (open.queue && *body != nullptr && !(*body)->knows(open.queue))
    return refused("queue.unknown", "no queue of that id");
  const SubjectId whom = *subject ? **subject : SubjectId::from(fresh_id(asked));
  const auto id = ConversationId::from(fresh_id(asked));
  asked.draft.stream = {Category::conversation, id};
  const Identity identity{whom, open.channel, open.account, open.address, open.content.sender_name, {}};
  auto requester = author_in(asked, id, whom);
  if (!requester) return requester.error();
  auto number = next_number(asked);
  if (!number) return number.error();
  conversation::Open opening;
  opening.requester = *requester;
  opening.channel = open.channel;
  opening.identity = identity;
  opening.store = open.store;
  opening.queue = open.queue ? open.queue : first_queue(*body);
  opening.number = *number;
  opening.by_agent = true;
  opening.at = open.at;
  conversation::State state;
  if (auto opened = add(asked.draft, state, opening, identity); !opened) return opened;
  if (open.content.text.empty() && open.attachments.empty()) return {};
  conversation::Reply reply;
  reply.id = MessageId::from(fresh_id(asked));
  reply.agent = open.agent;
  reply.preview = {identity.name, preview_of(open.content.subject_line, preview_subject_bytes_max),
                   preview_of(open.content.text), open.account};
  asked.draft.preview = reply.preview;
  open.content.sender_name.clear();
  reply.content = std::move(open.content);
  reply.attachments = std::move(open.attachments);
  reply.at = open.at;
  return add(asked.draft, state, reply, std::nullopt);
}

// ---- people ----

Result<void> Deciding::on(const Asked& asked, CreateSubject& create) {
  asked.draft.stream = {Category::subject, create.subject};
  auto held = fold_.subjects().load(asked.draft.stream);
  if (!held) return held.error();
  asked.draft.version = (*held)->version;
  if ((*held)->state.exists) return {};
  auto row = make_row(asked, RowKind::subject, create.subject, {});
  if (!row) return row.error();
  auto events = subject::decide((*held)->state, subject::Create{*row, create.identity, create.at});
  if (!events) return events.error();
  for (auto& event : *events)
    asked.draft.events.push_back({asked.draft.stream, AnyEvent{std::move(event)}, std::nullopt});
  return {};
}

Result<void> Deciding::on(const Asked& asked, AddIdentity& add_identity) {
  asked.draft.stream = {Category::subject, add_identity.subject};
  auto held = fold_.subjects().load(asked.draft.stream);
  if (!held) return held.error();
  if ((*held)->state.exists && (*held)->workspace != asked.request.workspace)
    return Error{Errc::not_found, "subject.not_found", "no customer of that id"};
  asked.draft.version = (*held)->version;
  if (conflicts(asked.request, asked.draft.version)) return conflict(asked.draft.version);
  Identity identity = add_identity.identity;
  identity.subject = add_identity.subject;
  identity.conversations.clear();
  intake::State known;
  if (auto listed = know(asked, add_identity.subject, known); !listed) return listed;
  for (const intake::Known& k : known.known)
    if (k.state && conversation::is_active(k.state->phase) &&
        std::ranges::find(identity.conversations, k.conversation) == identity.conversations.end())
      identity.conversations.push_back(k.conversation);
  auto events = subject::decide((*held)->state, subject::AddIdentity{std::move(identity), add_identity.at});
  if (!events) return events.error();
  for (auto& event : *events)
    asked.draft.events.push_back({asked.draft.stream, AnyEvent{std::move(event)}, std::nullopt});
  return {};
}

Result<void> Deciding::on(const Asked& asked, LinkAddress& link) {
  const WorkspaceId workspace = asked.request.workspace;
  asked.draft.stream = door_stream(workspace, asked.request.slot);
  auto known = fold_.find_subject(workspace, link.identity.channel, link.identity.address);
  if (!known) return known.error();
  if (*known == link.identity.subject) return {};
  asked.draft.events.push_back(
      {asked.draft.stream,
       intake::Event{
           intake::AddressLinked{Personal<Identity>(link.identity, link.row, FieldClass::contact), link.at}},
       link.identity});
  return {};
}

// ---- work on a conversation ----

Result<void> Deciding::on(const Asked& asked, OnConversation& action) {
  Request& request = asked.request;
  asked.draft.stream = {Category::conversation, action.conversation};
  const bool tick = std::holds_alternative<conversation::Tick>(action.command);
  auto held = tick ? fold_.conversations().load(asked.draft.stream)
                   : conversation(request.workspace, asked.draft.stream);
  if (!held) return held.error();
  if (tick) request.workspace = (*held)->workspace;
  asked.draft.version = (*held)->version;
  if (conflicts(request, asked.draft.version)) return conflict(asked.draft.version);
  const auto until = timers_until(asked, **held);
  if (!until) return until.error();
  // Commands of people are told of the conversation as it was found; timers that were due change none of that.
  if (!tick) {
    auto prepared =
        std::visit([&](auto& command) { return prepare(asked, **held, command); }, action.command);
    if (!prepared) return prepared;
  }
  // A copy: what follows may load other streams.
  conversation::State state = (*held)->state;
  auto body = adopted(asked);
  if (!body) return body.error();
  if (!tick)
    if (auto fired = fire_due(asked, state, *until); !fired) return fired;
  return std::visit(
      [&]<class Command>(Command& command) -> Result<void> {
        if constexpr (requires { command.adopted; }) command.adopted = *body;
        if constexpr (std::is_same_v<Command, conversation::Reply>)
          if (auto sent = send_draft(asked, command.agent, DraftKind::reply, command.at); !sent) return sent;
        if constexpr (std::is_same_v<Command, conversation::Note>)
          if (auto sent = send_draft(asked, command.agent, DraftKind::note, command.at); !sent) return sent;
        return add(asked.draft, state, command, std::nullopt);
      },
      action.command);
}

template <class Command>
Result<void> Deciding::prepare(const Asked& asked, const StreamState<conversation::State>& held,
                               Command& command) {
  const WorkspaceId workspace = asked.request.workspace;
  if constexpr (requires { command.id; }) command.id = MessageId::from(fresh_id(asked));
  if constexpr (std::is_same_v<Command, conversation::Reply>) {
    auto preview = preview_of_conversation(workspace, held);
    if (!preview) return preview.error();
    command.preview = std::move(*preview);
    command.preview.text = preview_of(command.content.text);
    asked.draft.preview = command.preview;
  } else if constexpr (std::is_same_v<Command, conversation::SetSubjectLine>) {
    auto preview = preview_of_conversation(workspace, held);
    if (!preview) return preview.error();
    command.preview = std::move(*preview);
    command.preview.subject_line = preview_of(command.line, preview_subject_bytes_max);
    asked.draft.preview = command.preview;
  } else if constexpr (std::is_same_v<Command, conversation::Redact>) {
    auto found = find_message_(asked.draft.stream, command.message);
    if (!found) return found.error();
    if (!*found) return {};
    command.of = (*found)->version;
    if (!held.state.preview) return {};
    auto opened = door_.open<MessageContent>(engine_principal, Purpose::engine, workspace, (*found)->content);
    if (const auto* closed = std::get_if<Unavailable>(&opened)) return closed->error;
    const auto* content = std::get_if<MessageContent>(&opened);
    auto preview = preview_of_conversation(workspace, held);
    if (!preview) return preview.error();
    if (content != nullptr) {
      // What a list shows may be this message's words; where it only may, it goes too.
      const std::string subject = preview_of(content->subject_line, preview_subject_bytes_max);
      if (preview->subject_line == subject) preview->subject_line.clear();
      if (preview->text == preview_of(content->text.empty() ? content->subject_line : content->text))
        preview->text.clear();
    }
    asked.draft.preview = *preview;
    command.preview = std::move(*preview);
  } else if constexpr (std::is_same_v<Command, conversation::Undo>) {
    const conversation::Done* done = conversation::last_act(held.state, command.by);
    if (done == nullptr) return {};
    for (const conversation::FieldEntry& entry : done->before.fields) {
      const auto* text = std::get_if<Personal<std::string>>(&entry.value);
      if (text == nullptr || text->is_plain()) continue;
      auto opened = door_.open<std::string>(engine_principal, Purpose::engine, workspace, text->sealed());
      if (const auto* closed = std::get_if<Unavailable>(&opened)) return closed->error;
      if (auto* value = std::get_if<std::string>(&opened))
        command.texts.push_back({entry.field, Personal<std::string>(std::move(*value), held.state.requester,
                                                                    FieldClass::content)});
    }
  }
  return {};
}

// ---- drafts ----

Result<void> Deciding::on(const Asked& asked, OnDraft& action) {
  const StreamId of{Category::conversation, action.conversation};
  auto about = conversation(asked.request.workspace, of);
  if (!about) return about.error();
  const ReferenceId requester = (*about)->state.requester;
  asked.draft.stream = draft_stream(action.conversation, action.agent);
  auto held = fold_.drafts().load(asked.draft.stream);
  if (!held) return held.error();
  asked.draft.version = (*held)->version;
  action.command.conversation = action.conversation;
  action.command.agent = action.agent;
  action.command.requester = requester;
  auto events = draft::decide((*held)->state, action.command);
  if (!events) return events.error();
  for (auto& event : *events)
    asked.draft.events.push_back(
        {asked.draft.stream, AnyEvent{draft::Event{std::move(event)}}, std::nullopt});
  return {};
}

/// A message of the agent's takes the draft of it away, in the same envelope.
Result<void> Deciding::send_draft(const Asked& asked, AgentId agent, DraftKind kind, Instant at) {
  if (!agent) return {};
  const StreamId stream = draft_stream(ConversationId::from(asked.draft.stream.id), agent);
  auto held = fold_.drafts().load(stream);
  if (!held) return held.error();
  auto events = draft::decide((*held)->state, draft::Send{kind, at});
  if (!events) return events.error();
  for (auto& event : *events)
    asked.draft.events.push_back({stream, AnyEvent{draft::Event{std::move(event)}}, std::nullopt});
  return {};
}

/// Decides one conversation command on `state`, adds its events to the draft and evolves `state`.
Result<void> Deciding::add(Draft& draft, conversation::State& state, const conversation::Command& command,
                           const std::optional<Identity>& identity) {
  auto events = conversation::decide(state, command);
  if (!events) return events.error();
  for (conversation::Event& event : *events) {
    state = conversation::evolve(std::move(state), event);
    AnyEvent body{std::move(event)};
    const bool carries = identity_of(body) != nullptr;
    draft.events.push_back({draft.stream, std::move(body), carries ? identity : std::nullopt});
  }
  return {};
}

/// Up to when the timers of a conversation have fired before what is asked. A deadline at a line's own instant is kept by it: in
/// history nothing happens between the two.
Result<std::optional<Instant>> Deciding::timers_until(const Asked& asked,
                                                      const StreamState<conversation::State>& held) {
  if (asked.request.import) return asked.happened + -1;
  if (!held.import) return asked.at.timers_due;
  const auto open = fold_.is_open(held.workspace, held.import);
  if (!open) return open.error();
  return *open ? std::nullopt : asked.at.timers_due;
}

Result<void> Deciding::fire_due(const Asked& asked, conversation::State& state,
                                const std::optional<Instant>& until) {
  const auto due = due_timers(state, until);
  for (const conversation::Timer& timer : due)
    if (auto fired = add(asked.draft, state, conversation::Tick{timer}, std::nullopt); !fired) return fired;
  if (!due.empty()) asked.draft.fired = static_cast<std::ptrdiff_t>(asked.draft.events.size());
  return {};
}

// ---- the workspace's own ----

Result<void> Deciding::on(const Asked& asked, OnSettings& action) {
  asked.draft.stream = settings_stream(asked.request.workspace);
  auto held = fold_.settings().load(asked.draft.stream);
  if (!held) return held.error();
  if (auto* tag = std::get_if<settings::AddTag>(&action.command)) name(asked, tag->id);
  if (auto* type = std::get_if<settings::DefineType>(&action.command)) name(asked, type->type.id);
  if (auto* sub_state = std::get_if<settings::DefineSubState>(&action.command))
    name(asked, sub_state->sub_state.id);
  if (auto* reply = std::get_if<settings::DefineCannedReply>(&action.command)) name(asked, reply->reply.id);
  if (auto* field = std::get_if<settings::DefineField>(&action.command)) {
    name(asked, field->field.id);
    for (settings::Choice& choice : field->field.choices) name(asked, choice.id);
  }
  if (auto* view = std::get_if<settings::SaveView>(&action.command)) {
    name(asked, view->id);
    const auto known = std::ranges::find((*held)->state.views, view->id, &settings::SavedView::id);
    const AgentId owner = known == (*held)->state.views.end() ? view->owner : known->owner;
    auto desk = fold_.desks().load(desk_stream(asked.request.workspace));
    if (!desk) return desk.error();
    const auto agent = std::ranges::find((*desk)->state.agents, owner, &desk::Agent::id);
    if (agent == (*desk)->state.agents.end()) return refused("agent.unknown", "no agent of that id");
    view->row = agent->profile.reference;
  }
  return on_versioned(asked, **held, action.command);
}

Result<void> Deciding::on(const Asked& asked, OnDesk& action) {
  asked.draft.stream = desk_stream(asked.request.workspace);
  auto held = fold_.desks().load(asked.draft.stream);
  if (!held) return held.error();
  if (auto* agent = std::get_if<desk::AddAgent>(&action.command)) {
    if (!agent->id) agent->id = AgentId::from(fresh_id(asked));
    auto row = make_row(asked, RowKind::agent, agent->id, {});
    if (!row) return row.error();
    agent->row = *row;
  } else if (auto* queue = std::get_if<desk::AddQueue>(&action.command); queue != nullptr && !queue->id) {
    queue->id = QueueId::from(fresh_id(asked));
  } else if (auto* token = std::get_if<desk::IssueToken>(&action.command); token != nullptr && !token->id) {
    token->id = TokenId::from(fresh_id(asked));
  } else if (auto* skill = std::get_if<desk::AddSkill>(&action.command); skill != nullptr && !skill->id) {
    skill->id = SkillId::from(fresh_id(asked));
  } else if (auto* team = std::get_if<desk::AddTeam>(&action.command); team != nullptr && !team->id) {
    team->id = TeamId::from(fresh_id(asked));
  }
  if (asked.request.if_match) {
    // What one thing's version says is that nobody has changed it since: the stream may have gone on.
    const Version seen = *asked.request.if_match;
    const Version wanted = std::visit(
        [&](const auto& command) { return desk::version_to_see((*held)->state, command); }, action.command);
    if (seen < wanted || seen > (*held)->version) return conflict(wanted);
    asked.request.if_match.reset();
  }
  return on_versioned(asked, **held, action.command);
}

Result<void> Deciding::on(const Asked& asked, OnAdoption& action) {
  asked.draft.stream = adoption_stream(asked.request.workspace, first_slot_);
  auto held = fold_.adoptions().load(asked.draft.stream);
  if (!held) return held.error();
  asked.draft.version = (*held)->version;
  auto events = adoption::decide((*held)->state, action.command);
  if (!events) return events.error();
  for (auto& event : *events)
    asked.draft.events.push_back(
        {asked.draft.stream, AnyEvent{adoption::Event{std::move(event)}}, std::nullopt});
  return {};
}

Result<void> Deciding::on(const Asked& asked, OnRouting& action) {
  const WorkspaceId workspace = asked.request.workspace;
  asked.draft.stream = routing_stream(workspace);
  auto held = fold_.routings().load(asked.draft.stream);
  if (!held) return held.error();
  auto desk = fold_.desks().load(desk_stream(workspace));
  if (!desk) return desk.error();
  if (auto* follow = std::get_if<routing::Follow>(&action.command)) {
    const auto trail = fold_.trail_of(workspace, follow->conversation);
    if (!trail) return trail.error();
    follow->known = trail->followed;
  }
  std::visit(
      [&](auto& command) {
        command.desk = &(*desk)->state;
        command.now = asked.at.now;
      },
      action.command);
  return on_versioned(asked, **held, action.command);
}

template <class Held, class Commands>
Result<void> Deciding::on_versioned(const Asked& asked, const Held& held, Commands& commands) {
  asked.draft.version = held.version;
  if (conflicts(asked.request, held.version)) return conflict(held.version);
  return std::visit(
      [&](auto& command) -> Result<void> {
        auto events = decide_in_its_namespace(held.state, command);
        if (!events) return events.error();
        for (auto& event : *events)
          asked.draft.events.push_back({asked.draft.stream, AnyEvent{std::move(event)}, std::nullopt});
        return {};
      },
      commands);
}

// ---- what decisions are made on ----

Result<StreamState<conversation::State>*> Deciding::conversation(WorkspaceId workspace,
                                                                 const StreamId& stream) {
  auto held = fold_.conversations().load(stream);
  if (held && ((*held)->version == 0 || (*held)->workspace != workspace))
    return Error{Errc::not_found, "conversation.not_found", "no conversation of that id"};
  return held;
}

Result<const adoption::Body*> Deciding::adopted(const Asked& asked) {
  auto body = adopted(asked.request.workspace);
  if (body && *body != nullptr) asked.draft.settings_version = (*body)->settings_version;
  return body;
}

Result<const adoption::Body*> Deciding::adopted(WorkspaceId workspace) {
  auto held = fold_.adoptions().load(adoption_stream(workspace, first_slot_));
  if (!held) return held.error();
  return (*held)->version == 0 ? nullptr : &(*held)->state.body;
}

/// The conversations of `sender` that the door knows, the newest ones, with the states of those in this slot.
Result<void> Deciding::know(const Asked& asked, SubjectId sender, intake::State& out) {
  auto listed = fold_.conversations_of(asked.request.slot, sender);
  if (!listed) return listed.error();
  if (listed->size() > known_conversations_max)
    listed->erase(listed->begin(), listed->end() - static_cast<std::ptrdiff_t>(known_conversations_max));
  for (const fold_rows::Conversation& c : *listed) {
    intake::Known known{c.id, c.channel, c.store, std::nullopt};
    if (c.id.slot() == asked.request.slot) {
      auto held = fold_.conversations().load({Category::conversation, c.id});
      if (!held) return held.error();
      if ((*held)->version == 0) continue;
      const auto gone = fold_.is_erased((*held)->workspace, (*held)->state.requester);
      if (!gone) return gone.error();
      if (*gone) continue;
      // History joins nothing that began after it, unless it has come there before.
      const ImportId import = asked.request.import;
      if (import && (*held)->import != import && (*held)->state.opened_at > asked.happened) continue;
      const auto until = timers_until(asked, **held);
      if (!until) return until.error();
      known.state = after_timers((*held)->state, *until);
    }
    out.known.push_back(std::move(known));
  }
  return {};
}

Result<void> Deciding::know_thread(const Asked& asked, const Arrive& arrive, intake::State& out) {
  out.thread = arrive.thread;
  if (!out.thread && arrive.in_reply_to) {
    auto went = message_went_to_(*arrive.in_reply_to);
    if (!went) return went.error();
    out.thread = *went;
  }
  if (!out.thread || out.thread->slot() != asked.request.slot) return {};
  auto held = fold_.conversations().load({Category::conversation, *out.thread});
  if (!held) return held.error();
  if ((*held)->version == 0 || (*held)->workspace != asked.request.workspace) return {};
  const auto gone = fold_.is_erased((*held)->workspace, (*held)->state.requester);
  if (!gone) return gone.error();
  if (*gone) return {};
  const auto until = timers_until(asked, **held);
  if (!until) return until.error();
  out.thread_state = after_timers((*held)->state, *until);
  return {};
}

/// The reference under which `subject` writes in `conversation`; made if there is none yet.
Result<ReferenceId> Deciding::author_in(const Asked& asked, ConversationId conversation, SubjectId subject) {
  Draft& draft = asked.draft;
  if (draft.author && draft.author->first == std::pair(conversation, subject)) return draft.author->second;
  auto known = fold_.reference_of(asked.request.workspace, conversation, subject);
  if (!known) return known.error();
  if (*known) return **known;
  auto made = make_row(asked, RowKind::author, subject, conversation);
  if (!made) return made;
  draft.author = {{conversation, subject}, *made};
  return made;
}

Result<ReferenceId> Deciding::make_row(const Asked& asked, RowKind kind, RawId owner,
                                       ConversationId conversation) {
  auto made = door_.make_row(asked.request.workspace, kind, owner, conversation);
  if (!made) return made.error();
  asked.draft.rows.push_back(std::move(made->stored));
  asked.draft.made.push_back(made->reference);
  return made->reference;
}

Result<std::uint64_t> Deciding::next_number(const Asked& asked) {
  const auto counter = fold_.numbered(asked.request.workspace, asked.request.slot);
  if (!counter) return counter.error();
  return (*counter + 1) * 256 + asked.request.slot;
}

Result<Preview> Deciding::preview_of_conversation(WorkspaceId workspace,
                                                  const StreamState<conversation::State>& held) {
  if (held.preview) return *held.preview;
  // Opened by an agent without a text: the next preview says what there is to show.
  if (!held.state.preview) return Preview{};
  auto opened = door_.open<Preview>(engine_principal, Purpose::engine, workspace, *held.state.preview);
  if (auto* value = std::get_if<Preview>(&opened)) return std::move(*value);
  if (std::holds_alternative<Erased>(opened)) return Preview{};
  return std::get<Unavailable>(opened).error;
}

}  // namespace parlance
