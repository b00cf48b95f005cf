#include "tests/simulation/clients.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/blind.h"

namespace parlance::simulation {
namespace {

constexpr std::int64_t second_ms = 1000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms,
                       day_ms = 24 * hour_ms;
constexpr std::size_t shop_conversations = 24;
const ImportId old_desk = ImportId::from({3, 3});

bool is_message(Feature feature) {
  return feature == Feature::message || feature == Feature::reply_to_message || feature == Feature::thread;
}
/// Something is asked of a conversation, so there must be one.
bool is_on_conversation(Feature feature) {
  switch (feature) {
    case Feature::message:
    case Feature::reply_to_message:
    case Feature::link_address:
    case Feature::open_by_agent:
    case Feature::policy:
    case Feature::desk:
    case Feature::erasure:
    case Feature::words:
    case Feature::saved_view:
    case Feature::desk_change:
    case Feature::token:
    case Feature::presence:
    case Feature::accept:
    case Feature::decline:
    case Feature::import: return false;
    default: return true;
  }
}

}  // namespace

Clients::Clients(const Plan& plan, Ledger& ledger, tests::SeededRandom& random, const KeyService& keys,
                 WorkspaceId workspace, Instant begin)
    : plan_(plan),
      ledger_(ledger),
      random_(random),
      keys_(keys),
      workspace_(workspace),
      shop_({.seed = plan.seed,
             .conversations = shop_conversations,
             .begin = begin,
             .end = begin + 24 * hour_ms},
            tools::demo::colleagues()),
      imported_until_(begin + -400 * day_ms) {}

std::string Clients::address(std::size_t n) const { return "needle" + std::to_string(n) + "@example.com"; }

RawId Clients::fresh_id() { return make_raw_id(now_, workspace_.slot(), random_.id128()); }

ConversationId Clients::some_conversation() {
  // Mostly a recent one: what happens close together finds more.
  const auto& all = ledger_.conversations;
  const std::size_t recent = std::min<std::size_t>(all.size(), 4);
  return chance(3) ? all[random_.below(all.size())] : all[all.size() - 1 - random_.below(recent)];
}

Intent& Clients::add(Feature feature, Request request, std::string text, bool keyed) {
  Intent& intent = ledger_.intents.emplace_back();
  intent.number = ledger_.intents.size() - 1;
  intent.feature = feature;
  intent.text = std::move(text);
  request.workspace = workspace_;
  if (keyed) {
    request.command = command_id(keys_, workspace_, "simulation", std::to_string(intent.number));
    request.fingerprint = intent.number + 1;
    ledger_.by_command.emplace(*request.command, intent.number);
  }
  intent.request = std::move(request);
  return intent;
}

template <class Command> Request Clients::on(ConversationId id, Command command) {
  Request request;
  request.slot = id.slot();
  request.actor = {ActorKind::agent, agents_.empty() ? RawId{} : RawId(agents_.front())};
  if constexpr (requires { command.at; }) command.at = now_;
  if (const auto known = versions_.find(id); known != versions_.end() && chance(12))
    request.if_match = known->second;
  request.action = OnConversation{id, std::move(command)};
  return request;
}

Request Clients::of_workspace(Action action) const {
  Request request;
  request.slot = workspace_.slot();
  request.actor = {ActorKind::agent, agents_.empty() ? RawId{} : RawId(agents_.front())};
  request.action = std::move(action);
  return request;
}

/// What the generated shop's customers, or its agents, write next; nothing where its history is over.
std::string Clients::shop_text(bool customers) {
  using Step = tools::demo::Step;
  for (auto next = shop_.next(); next.told != nullptr; next = shop_.next()) {
    const Step::What wanted = customers ? Step::What::arrive : Step::What::reply;
    if (next.step->what == wanted) return next.step->text;
  }
  return {};
}

Feature Clients::next() {
  std::size_t sum = 0;
  for (const std::uint32_t weight : plan_.weights) sum += weight;
  std::size_t draw = random_.below(sum);
  std::size_t which = 0;
  while (draw >= plan_.weights[which]) draw -= plan_.weights[which++];
  const auto feature = static_cast<Feature>(which);
  if (feature == Feature::link_address && ledger_.subjects.empty()) return Feature::message;
  if (ledger_.conversations.empty() && is_on_conversation(feature)) return Feature::message;
  const bool wants_agent = feature == Feature::assign || feature == Feature::claim ||
                           feature == Feature::draft || feature == Feature::presence ||
                           feature == Feature::accept || feature == Feature::decline ||
                           feature == Feature::saved_view || feature == Feature::token;
  if (wants_agent && agents_.empty()) return Feature::desk;
  if (feature == Feature::redaction && std::ranges::none_of(ledger_.intents, [](const Intent& intent) {
        return intent.done && intent.done->message && intent.done->stream.category == Category::conversation;
      }))
    return Feature::message;
  return feature;
}

template <class Arriving> Slot Clients::from_outside(Arriving& action, const std::string& text) {
  const std::string from = address(random_.below(plan_.addresses));
  action.channel = chance(3) ? Channel::chat : Channel::email;
  action.account = chance(4) ? "other" : "shop";
  action.store = store_id(keys_, workspace_, action.channel, action.account);
  action.address = from;
  action.content.text = text;
  action.content.sender_name = "needle name of " + from;
  if (ledger_.intents.size() % 3 == 0) action.content.order = order(ledger_.intents.size() / 3 % orders);
  action.at = now_;
  return slot_of_address(keys_, workspace_, action.channel, from);
}

Request Clients::message(Feature feature, const std::string& text, std::optional<std::size_t>& in_reply_to) {
  Request request;
  Arrive arrive;
  request.slot = from_outside(arrive, text);
  request.actor = {ActorKind::customer, {}};
  if (chance(10)) arrive.at = now_ + -static_cast<std::int64_t>(random_.below(20 * minute_ms));
  if (feature == Feature::thread) arrive.thread = some_conversation();
  if (feature == Feature::reply_to_message) {
    std::vector<std::size_t> earlier;
    for (const Intent& intent : ledger_.intents)
      if (is_message(intent.feature) && intent.request.slot == request.slot) earlier.push_back(intent.number);
    if (!earlier.empty()) {
      in_reply_to = one_of(earlier);
      arrive.in_reply_to = ledger_.intents[*in_reply_to].request.command;
    }
  }
  request.action = std::move(arrive);
  return request;
}

Request Clients::outgoing(const std::string& text) {
  Request request;
  OpenByAgent open;
  request.slot = from_outside(open, text);
  open.agent = one_or_none(agents_);
  if (chance(4)) open.content.text.clear();
  request.actor = {ActorKind::agent, open.agent};
  request.action = std::move(open);
  return request;
}

Request Clients::conversation_work(Feature feature, const std::string& text, bool& keyed) {
  namespace c = conversation;
  const ConversationId id = some_conversation();
  const std::string reason = chance(2) ? text : std::string();
  switch (feature) {
    case Feature::reply: {
      c::Reply reply;
      if (!agents_.empty() && !chance(5)) reply.agent = one_of(agents_);
      reply.content.text = text;
      Request request = on(id, std::move(reply));
      if (chance(10)) {
        auto& command = std::get<c::Reply>(std::get<OnConversation>(request.action).command);
        command.at = now_ + -static_cast<std::int64_t>(random_.below(10 * minute_ms));
      }
      return request;
    }
    case Feature::note: {
      c::Note note;
      note.content.text = text;
      keyed = !chance(3);
      return on(id, std::move(note));
    }
    case Feature::assign:
    case Feature::claim: {
      c::Assign assign;
      assign.agent = one_of(agents_);
      assign.claimed = feature == Feature::claim;
      assign.reason = reason;
      return on(id, std::move(assign));
    }
    case Feature::unassign: return on(id, c::Unassign{});
    case Feature::snooze:
      return on(id, c::Snooze{now_ + 1 + static_cast<std::int64_t>(random_.below(10 * minute_ms)), text, {}});
    case Feature::wait: return on(id, c::Wait{chance(2) ? WaitFor::customer : WaitFor::third_party, {}, {}});
    case Feature::resolve: return on(id, c::Resolve{});
    case Feature::reopen: return on(id, c::Reopen{});
    case Feature::close: return on(id, c::Close{});
    case Feature::priority:
      keyed = !chance(3);
      return on(id, c::SetPriority{static_cast<Priority>(1 + random_.below(4)), {}});
    case Feature::transfer: {
      c::Transfer transfer;
      transfer.queue = one_or_none(queues_);
      if (chance(3)) transfer.agent = one_or_none(agents_);
      if (chance(3)) transfer.team = one_or_none(teams_);
      transfer.reason = reason;
      return on(id, std::move(transfer));
    }
    case Feature::escalate: {
      c::Escalate escalate;
      if (chance(3)) escalate.queue = one_or_none(queues_);
      if (chance(3)) escalate.agent = one_or_none(agents_);
      escalate.reason = reason;
      return on(id, std::move(escalate));
    }
    case Feature::set_type: return on(id, c::SetType{chance(5) ? TypeId{} : one_or_none(types_), {}});
    case Feature::subject_line: return on(id, c::SetSubjectLine{reason, {}, {}});
    case Feature::set_fields: {
      c::SetFields set;
      for (const auto& [field, kind] : fields_) {
        if (chance(2)) continue;
        c::FieldEntry entry{field, {}};
        if (kind == FieldKind::text && !chance(4))
          entry.value = Personal<std::string>(text, {}, FieldClass::content);
        if (kind == FieldKind::number && !chance(4))
          entry.value = c::NumberValue{static_cast<std::int64_t>(random_.below(1000))};
        if (kind == FieldKind::boolean && !chance(4)) entry.value = chance(2);
        set.changes.push_back(std::move(entry));
      }
      return on(id, std::move(set));
    }
    case Feature::sub_state:
      return on(id, c::SetSubState{
                        chance(5) || sub_states_.empty() ? SubStateId{} : one_of(sub_states_).first, {}});
    case Feature::spam: return on(id, c::MarkSpam{});
    case Feature::not_spam: return on(id, c::UnmarkSpam{});
    case Feature::no_reply_needed: return on(id, c::EndTurn{one_or_none(agents_), reason, {}});
    case Feature::rate:
      return on(id, c::Rate{static_cast<RatingKind>(1 + random_.below(3)),
                            static_cast<std::int64_t>(1 + random_.below(5)),
                            reason,
                            {}});
    case Feature::undo: {
      c::Undo undo;
      undo.agent = one_or_none(agents_);
      Request request = on(id, std::move(undo));
      std::get<c::Undo>(std::get<OnConversation>(request.action).command).by = request.actor;
      return request;
    }
    case Feature::redaction: {
      std::vector<std::size_t> written;  // messages that are known to be somewhere, of intents
      for (const Intent& intent : ledger_.intents)
        if (intent.done && intent.done->message && intent.done->stream.category == Category::conversation)
          written.push_back(intent.number);
      const Outcome& there = *ledger_.intents[one_of(written)].done;
      c::Redact redact;
      redact.message = *there.message;
      if (chance(3)) redact.reason = text;
      return on(ConversationId::from(there.stream.id), std::move(redact));
    }
    case Feature::draft: {
      OnDraft draft;
      draft.conversation = id;
      draft.agent = one_of(agents_);
      draft.command.kind = chance(3) ? DraftKind::note : DraftKind::reply;
      if (!chance(5)) draft.command.text = text;
      draft.command.at = now_;
      Request request;
      request.slot = id.slot();
      request.actor = {ActorKind::agent, draft.agent};
      request.action = std::move(draft);
      return request;
    }
    case Feature::tags: {
      if (tags_.size() < 3) {
        tags_.push_back(TagId::from(fresh_id()));
        return of_workspace(OnSettings{settings::AddTag{tags_.back(), "tag" + std::to_string(tags_.size())}});
      }
      c::ChangeTags change;
      change.add.push_back(one_of(tags_));
      if (chance(2)) change.remove.push_back(one_of(tags_));
      return on(id, std::move(change));
    }
    default: break;
  }
  throw Violation("no such work is asked of a conversation");
}

Request Clients::words(const std::string& text) {
  using conversation::Phase;
  const std::string name = "word" + std::to_string(ledger_.intents.size());
  switch (random_.below(5)) {
    case 0: return of_workspace(OnSettings{settings::DefineType{{TypeId{}, name, false}, true}});
    case 1: {
      settings::Field field;
      field.name = name;
      field.kind = std::array{FieldKind::text, FieldKind::number, FieldKind::boolean}[random_.below(3)];
      return of_workspace(OnSettings{settings::DefineField{field, true}});
    }
    case 2: {
      settings::SubState state;
      state.name = name;
      state.state = std::array{Phase::open, Phase::snoozed, Phase::resolved}[random_.below(3)];
      return of_workspace(OnSettings{settings::DefineSubState{state, true}});
    }
    case 3: {
      settings::ChangeTransitions change;
      if (chance(3))
        for (const Phase from : {Phase::fresh, Phase::open, Phase::snoozed, Phase::resolved})
          for (const Phase to : {Phase::open, Phase::snoozed, Phase::resolved, Phase::closed})
            if (!chance(4))
              change.transitions.emplace(change.transitions.value_or(std::vector<settings::Transition>{}))
                  .push_back({{from, {}}, {to, {}}});
      return of_workspace(OnSettings{std::move(change)});
    }
    default: {
      settings::CannedReply reply;
      reply.name = name;
      reply.text = "thank you" + std::to_string(text.size());
      return of_workspace(OnSettings{settings::DefineCannedReply{reply, true}});
    }
  }
}

Request Clients::saved_view(const std::string& text) {
  if (!views_.empty() && chance(4))
    return of_workspace(OnSettings{settings::RemoveView{one_of(views_).first}});
  settings::SaveView save;
  save.owner = one_of(agents_);
  save.shared = chance(2);
  save.order = ViewOrder::newest;
  save.name = text.substr(0, 100);
  save.filter = "is:open";
  if (!views_.empty() && chance(3)) {
    std::tie(save.id, save.owner) = one_of(views_);
    save.anew = false;
  }
  return of_workspace(OnSettings{std::move(save)});
}

QueueRule Clients::rule() {
  QueueRule rule;
  rule.kind = std::array{RuleKind::manual, RuleKind::round_robin, RuleKind::least_loaded,
                         RuleKind::round_robin}[random_.below(4)];
  if (rule.kind != RuleKind::manual && !chance(4))
    rule.offer_ms = offer_ms_min + static_cast<std::int64_t>(random_.below(2 * minute_ms));
  if (chance(6)) rule.team = one_or_none(teams_);
  return rule;
}

Request Clients::desk() {
  if (chance(queues_.empty() ? 2 : 3)) {
    queues_.push_back(QueueId::from(fresh_id()));
    return of_workspace(
        OnDesk{desk::AddQueue{queues_.back(), "queue" + std::to_string(ledger_.intents.size()), rule()}});
  }
  agents_.push_back(AgentId::from(fresh_id()));
  return of_workspace(OnDesk{desk::AddAgent{agents_.back(), Role::agent, {"needle agent", {}}, {}}});
}

Request Clients::desk_change(const std::string& text) {
  const std::string name = "named" + std::to_string(ledger_.intents.size());
  switch (random_.below(5)) {
    case 0:
      skills_.push_back(SkillId::from(fresh_id()));
      return of_workspace(OnDesk{desk::AddSkill{skills_.back(), name}});
    case 1: {
      teams_.push_back(TeamId::from(fresh_id()));
      desk::AddTeam team{teams_.back(), name, {}};
      if (!agents_.empty()) team.agents.push_back(one_of(agents_));
      return of_workspace(OnDesk{std::move(team)});
    }
    case 2:
      if (!teams_.empty()) {
        desk::ChangeTeam change;
        change.id = one_of(teams_);
        if (!agents_.empty()) (chance(2) ? change.add : change.remove).push_back(one_of(agents_));
        return of_workspace(OnDesk{std::move(change)});
      }
      break;
    case 3:
      if (!queues_.empty()) {
        desk::ChangeQueue change;
        change.id = one_of(queues_);
        change.rule = rule();
        return of_workspace(OnDesk{std::move(change)});
      }
      break;
    default:
      if (!agents_.empty()) {
        desk::ChangeAgent change;
        change.id = one_of(agents_);
        change.capacity = Capacity{static_cast<std::uint16_t>(1 + random_.below(6)), {}};
        if (chance(3)) change.profile = AgentProfile{"needle " + text.substr(0, 20), {}};
        if (chance(6)) change.active = chance(2);
        return of_workspace(OnDesk{std::move(change)});
      }
  }
  return desk();
}

/// A line of a history brought in, from long ago; or the import's begin or end.
Request Clients::import(const std::string& text, std::optional<std::size_t>& in_reply_to) {
  if (!importing_) {
    importing_ = true;
    return of_workspace(OnSettings{settings::OpenImport{old_desk}});
  }
  // As importers do: it is closed when every line has its answer.
  const bool answered = std::ranges::all_of(ledger_.intents, [](const Intent& intent) {
    return intent.feature != Feature::import || intent.done || !intent.keyed();
  });
  if (answered && chance(8)) {
    importing_ = false;
    return of_workspace(OnSettings{settings::CloseImport{old_desk}});
  }
  imported_until_ = imported_until_ + 1 + static_cast<std::int64_t>(random_.below(5 * minute_ms));
  const Instant now = std::exchange(now_, imported_until_);
  Request request;
  bool keyed = true;
  if (imported_.empty() || ledger_.conversations.empty() || chance(2)) {
    request = message(Feature::message, text, in_reply_to);
  } else {
    constexpr std::array work{Feature::reply, Feature::note, Feature::snooze, Feature::resolve,
                              Feature::reopen};
    request = conversation_work(work[random_.below(work.size())], text, keyed);
    // Of the import's own, whatever was drawn.
    auto& action = std::get<OnConversation>(request.action);
    action.conversation = one_of(imported_);
    request.slot = action.conversation.slot();
  }
  request.if_match.reset();
  request.import = old_desk;
  now_ = now;
  return request;
}

Intent& Clients::invent(Feature feature, Instant now, const Offers& offers) {
  now_ = now;
  std::string text =
      "needle-" + std::to_string(ledger_.intents.size()) + std::string(random_.below(80), '.') + " says";
  if (is_message(feature) || feature == Feature::reply || feature == Feature::note)
    if (const std::string said = shop_text(is_message(feature)); !said.empty()) text += "\n" + said;
  if ((feature == Feature::accept || feature == Feature::decline) && offers.empty())
    feature = Feature::presence;

  Request request;
  bool keyed = true;
  std::optional<std::size_t> in_reply_to;
  switch (feature) {
    case Feature::message:
    case Feature::reply_to_message:
    case Feature::thread: request = message(feature, text, in_reply_to); break;
    case Feature::open_by_agent: request = outgoing(text); break;
    case Feature::link_address: {
      AddIdentity link;
      link.subject = one_of(ledger_.subjects);
      link.identity.channel = chance(3) ? Channel::chat : Channel::email;
      link.identity.account = chance(4) ? "other" : "shop";
      link.identity.address = address(random_.below(plan_.addresses));
      link.at = now_;
      request.slot = link.subject.slot();
      request.action = std::move(link);
      break;
    }
    case Feature::policy: {
      settings::Policy policy;
      if (!chance(3)) policy.first_response_ms = 1 + static_cast<std::int64_t>(random_.below(8 * minute_ms));
      if (!chance(3)) policy.auto_close_ms = 1 + static_cast<std::int64_t>(random_.below(8 * minute_ms));
      policy.reopen_window_ms = static_cast<std::int64_t>(random_.below(10 * minute_ms));
      request = of_workspace(OnSettings{settings::ChangePolicy{policy}});
      break;
    }
    case Feature::desk: request = desk(); break;
    case Feature::desk_change: request = desk_change(text); break;
    case Feature::words: request = words(text); break;
    case Feature::saved_view: request = saved_view(text); break;
    case Feature::token:
      if (!tokens_.empty() && chance(3)) {
        request = of_workspace(OnDesk{desk::RevokeToken{one_of(tokens_)}});
      } else {
        tokens_.push_back(TokenId::from(fresh_id()));
        request = of_workspace(
            OnDesk{desk::IssueToken{tokens_.back(), one_of(agents_), Scope::ingest, sha256(as_bytes(text))}});
      }
      break;
    case Feature::presence:
      request = of_workspace(OnRouting{routing::SetPresence{
          one_of(agents_), chance(4) ? routing::Presence::away : routing::Presence::online, nullptr, {}}});
      break;
    case Feature::accept: {
      const auto [agent, conversation] = one_of(offers);
      request = of_workspace(OnRouting{routing::AcceptOffer{conversation, agent, nullptr, {}}});
      request.actor = {ActorKind::agent, agent};
      break;
    }
    case Feature::decline: {
      const auto [agent, conversation] = one_of(offers);
      request = of_workspace(OnRouting{routing::DeclineOffer{conversation, agent, nullptr, {}}});
      request.actor = {ActorKind::agent, agent};
      break;
    }
    case Feature::import: request = import(text, in_reply_to); break;
    default: request = conversation_work(feature, text, keyed);
  }
  Intent& intent = add(feature, std::move(request), text, keyed);
  intent.in_reply_to = in_reply_to;
  return intent;
}

Intent* Clients::end_import() {
  const bool any = std::ranges::any_of(
      ledger_.intents, [](const Intent& intent) { return intent.feature == Feature::import; });
  if (!any) return nullptr;
  importing_ = false;
  return &add(Feature::import, of_workspace(OnSettings{settings::CloseImport{old_desk}}), {});
}

void Clients::learn(const Intent& intent, const Outcome& outcome) {
  if (outcome.stream.category == Category::conversation) {
    const auto id = ConversationId::from(outcome.stream.id);
    versions_[id] = outcome.version;
    auto& list = intent.request.import ? imported_ : ledger_.conversations;
    if (std::ranges::find(list, id) == list.end()) list.push_back(id);
  }
  if (outcome.subject && !ledger_.erased.contains(outcome.subject) &&
      std::ranges::find(ledger_.subjects, outcome.subject) == ledger_.subjects.end())
    ledger_.subjects.push_back(outcome.subject);
  const auto* on_settings = std::get_if<OnSettings>(&intent.request.action);
  if (on_settings == nullptr || !outcome.made) return;
  if (std::holds_alternative<settings::DefineType>(on_settings->command))
    types_.push_back(TypeId::from(outcome.made));
  if (const auto* field = std::get_if<settings::DefineField>(&on_settings->command))
    fields_.emplace_back(FieldId::from(outcome.made), field->field.kind);
  if (const auto* state = std::get_if<settings::DefineSubState>(&on_settings->command))
    sub_states_.emplace_back(SubStateId::from(outcome.made), state->sub_state.state);
  if (const auto* view = std::get_if<settings::SaveView>(&on_settings->command))
    views_.emplace_back(ViewId::from(outcome.made), view->owner);
}

}  // namespace parlance::simulation
