#include "tests/simulation/model.h"

#include <algorithm>

#include "engine/runtime/blind.h"
#include "engine/runtime/streams.h"

namespace parlance::simulation {
namespace {

using conversation::FirstResponse;
using conversation::Phase;

template <class Command> const Command* asked(const Intent* intent) {
  if (intent == nullptr) return nullptr;
  const auto* on = std::get_if<OnConversation>(&intent->request.action);
  return on == nullptr ? nullptr : std::get_if<Command>(&on->command);
}

constexpr bool of_message(const Personal<MessageContent>&) { return true; }
constexpr bool of_message(const Personal<Attachments>&) { return true; }
constexpr bool of_message(const Personal<Preview>&) { return true; }
template <class T> constexpr bool of_message(const Personal<T>&) { return false; }

/// What may be undone.
bool is_act(const conversation::Event& body) {
  if (const auto* closed = std::get_if<conversation::Closed>(&body)) return !closed->automatic;
  return std::visit(
      []<class E>(const E&) {
        return (std::is_same_v<E, conversation::Assigned> || std::is_same_v<E, conversation::Unassigned> ||
                std::is_same_v<E, conversation::QueueChanged> || std::is_same_v<E, conversation::Snoozed> ||
                std::is_same_v<E, conversation::WaitStarted> || std::is_same_v<E, conversation::Resolved> ||
                std::is_same_v<E, conversation::PriorityChanged> ||
                std::is_same_v<E, conversation::TagsChanged> ||
                std::is_same_v<E, conversation::Transferred> || std::is_same_v<E, conversation::Escalated> ||
                std::is_same_v<E, conversation::TypeChanged> ||
                std::is_same_v<E, conversation::FieldsChanged> ||
                std::is_same_v<E, conversation::SubStateChanged> ||
                std::is_same_v<E, conversation::SpamMarked> || std::is_same_v<E, conversation::SpamUnmarked>);
      },
      body);
}

}  // namespace

Model::Cause Model::cause_of(const Envelope& envelope) {
  if (!envelope.command) return {};
  if (const auto found = ledger_.by_command.find(*envelope.command); found != ledger_.by_command.end())
    return {&ledger_.intents[found->second], Cause::Kind::itself};
  if (const auto found = derived_.find(*envelope.command); found != derived_.end())
    return {&ledger_.intents[found->second.first], found->second.second};
  return {nullptr, Cause::Kind::person};
}

void Model::accepted(PartitionId partition, const Envelope& envelope, Moment at) {
  now_ = at;
  must(envelope.recorded_at >= recorded_[partition], "recorded_at never falls within a partition");
  recorded_[partition] = envelope.recorded_at;
  const Cause cause = cause_of(envelope);
  if (cause.kind == Cause::Kind::itself) {
    done_[cause.intent->number].push_back(at);
    must(done_[cause.intent->number].size() == 1,
         "command " + std::to_string(cause.intent->number) + " is in the log twice");
    must(envelope.fingerprint == cause.intent->request.fingerprint,
         "an envelope has its command's fingerprint");
  }
  const auto* arrive = cause.intent == nullptr ? nullptr : std::get_if<Arrive>(&cause.intent->request.action);
  const bool at_the_door = arrive != nullptr && cause.kind != Cause::Kind::forward;
  if (at_the_door) remember(cause.intent->request.slot, *arrive);
  bool person = false, conversation = false;
  only_timers_so_far_ = true;
  for (const StreamEvent& event : envelope.events) {
    must(event.version == ++versions_[event.stream], "versions of a stream are dense");
    must(partition_of_slot_[event.stream.id.slot()] == partition,
         "a stream lives in the partition of its slot");
    opens(event);
    person = person || event.stream.category == Category::subject;
    conversation = conversation || event.stream.category == Category::conversation;
    if (const auto* body = std::get_if<parlance::conversation::Event>(&event.body)) {
      on(envelope, event, *body, cause);
    } else if (const auto* door = std::get_if<intake::Event>(&event.body)) {
      on_door(envelope, *door, cause);
    } else if (const auto* subject = std::get_if<subject::Event>(&event.body)) {
      on_person(envelope, event, *subject, cause);
    } else if (const auto* routed = std::get_if<routing::Event>(&event.body)) {
      on_routing(envelope, event, *routed);
    } else if (const auto* drafted = std::get_if<draft::Event>(&event.body)) {
      on_draft(*drafted, cause);
    } else if (const auto* changed = std::get_if<settings::Event>(&event.body)) {
      policies_.push_back(policies_.back());
      if (const auto* policy = std::get_if<settings::PolicyChanged>(changed))
        policies_.back() = policy->policy;
    } else if (const auto* adopted = std::get_if<adoption::Event>(&event.body)) {
      const adoption::Body& body_now = std::get<adoption::Adopted>(*adopted).body;
      auto& [settings, desk] = adopted_[partition];
      must(body_now.settings_version >= settings && body_now.desk_version >= desk,
           "what is adopted never goes back");
      settings = body_now.settings_version;
      desk = body_now.desk_version;
      must(settings < policies_.size() && body_now.policy == policies_[settings],
           "what is adopted is what was decided, and certain");
      policy_[partition] = body_now.policy;
      queues_[partition] = body_now.queues;
    }
  }
  must(!(person && conversation), "no envelope holds a person together with a conversation");
  if (cause.intent == nullptr) return;
  if (at_the_door) message_went(envelope, cause);
  if (envelope.events.empty()) {
    // Nothing to change: then it is so.
    if (const auto* set = asked<conversation::SetPriority>(cause.intent))
      must(conversations_.at(std::get<OnConversation>(cause.intent->request.action).conversation).priority ==
               set->priority,
           "a command that changed nothing found it so");
  }
}

/// Which conversation a message joins, by the rules in words: a thread of another slot; a thread here that takes it; the newest
/// active one of that channel and store here; the newest that may be reopened; one elsewhere; else a new one.
void Model::message_went(const Envelope& envelope, const Cause& cause) {
  const Intent& intent = *cause.intent;
  const Arrive& arrive = std::get<Arrive>(intent.request.action);
  const std::string name = "message " + std::to_string(intent.number);
  const Slot slot = intent.request.slot;
  const bool falls_back = cause.kind == Cause::Kind::fall_back;

  std::optional<ConversationId> actual, opened;
  bool forwarded = false;
  const Personal<Identity>* identity = nullptr;
  for (const StreamEvent& event : envelope.events) {
    if (const auto* body = std::get_if<conversation::Event>(&event.body)) {
      actual = ConversationId::from(event.stream.id);
      if (const auto* o = std::get_if<conversation::Opened>(body)) {
        opened = actual;
        identity = &o->identity;
      }
      if (const auto* j = std::get_if<conversation::ParticipantJoined>(body)) identity = &j->identity;
    } else if (const auto* door = std::get_if<intake::Event>(&event.body)) {
      const auto& f = std::get<intake::MessageForwarded>(*door);
      actual = f.to;
      forwarded = true;
      identity = &f.identity;
    }
  }
  must(actual.has_value(), name + " went somewhere");

  // An erasure or a timer came near it, and the log does not say on which side; or it was brought in, and knows nothing of what came later.
  bool unsure = envelope.import != ImportId{};
  std::optional<ConversationId> thread = arrive.thread;
  if (!thread && intent.in_reply_to)
    if (const auto went = went_to_.find(*intent.in_reply_to); went != went_to_.end()) thread = went->second;
  const auto may_be_closing = [&](const Conversation& c) {
    return c.phase == Phase::resolved && c.closes_at != Instant{} &&
           (c.imported || envelope.import || c.closes_at <= envelope.recorded_at);
  };
  enum class Goes { forward, join, open } expected = Goes::open;
  std::optional<ConversationId> where;
  const auto decide = [&](Goes goes, ConversationId id) {
    expected = goes;
    where = id;
  };
  if (!falls_back && thread && thread->slot() != slot) {
    decide(Goes::forward, *thread);
  } else {
    bool found = false;
    if (!falls_back && thread && before_.contains(*thread)) {
      const Conversation& c = before_.at(*thread);
      unsure = unsure || erased(c.requester) || may_be_closing(c);
      if (c.phase != Phase::closed) {
        decide(Goes::join, *thread);
        found = true;
      }
    }
    if (!found && owner_before_) {
      unsure = unsure || erased(owner_before_->reference);
      const auto fits = [&](const Known& k) {
        return k.channel == arrive.channel && k.store == arrive.store;
      };
      for (const int pass : {0, 1, 2}) {
        for (auto k = known_before_.rbegin(); k != known_before_.rend() && !found; ++k) {
          if (!fits(*k) || (k->conversation.slot() != slot) != (pass == 2)) continue;
          if (pass == 2) {
            if (falls_back) continue;
            decide(Goes::forward, k->conversation);
            found = true;
            break;
          }
          const Conversation& c = before_.at(k->conversation);
          unsure = unsure || erased(c.requester) || may_be_closing(c);
          const bool takes =
              pass == 0 ? active(c) : c.phase == Phase::resolved && arrive.at <= c.reopens_until;
          if (takes) {
            decide(Goes::join, k->conversation);
            found = true;
          }
        }
        if (found) break;
      }
    }
  }
  if (!unsure) {
    const auto said = [&](Goes goes, const std::optional<ConversationId>& id) {
      return (goes == Goes::open
                  ? std::string("opens one")
                  : std::string(goes == Goes::join ? "joins " : "is forwarded to ") + to_text(*id));
    };
    const Goes went = forwarded ? Goes::forward : opened ? Goes::open : Goes::join;
    std::string known = "; its sender is known in";
    for (const Known& k : known_before_)
      known += " " + to_text(k.conversation) + " (" + std::string(to_text(before_.at(k.conversation).phase)) +
               ", " + std::string(to_text(k.channel)) +
               (k.store == arrive.store ? ", that store)" : ", another store)");
    must(expected == went && (!where || *where == *actual),
         name + " " + said(went, actual) + ", and by the rules it " + said(expected, where) + known);
  }
  if (!falls_back) went_to_.emplace(intent.number, *actual);

  if (identity == nullptr) return;
  Owner owner = person_of(*identity);
  const Address address{arrive.channel, arrive.address};
  if (const auto held = addresses_.find(address);
      held != addresses_.end() && !erased(held->second.reference) && !unsure)
    must(held->second.person == owner.person || !owner.person, name + ": one address is one person");
  if (!owner.person) owner.person = SubjectId::from(owner.reference);  // erased: nobody that we know
  addresses_.insert_or_assign(address, owner);
  knows(slot, owner, {*actual, arrive.channel, forwarded ? arrive.store : conversations_.at(*actual).store});
}

void Model::knows(Slot door, const Owner& owner, const Known& known) {
  auto& list = known_[{door, owner.person}];
  if (std::ranges::find(list, known) == list.end()) list.push_back(known);
}

Model::Owner Model::person_of(const Personal<Identity>& identity) {
  Owner out{{}, identity.reference()};
  auto opened = door_.open<Identity>(engine_principal, Purpose::engine, workspace_, identity.sealed());
  if (const auto* value = std::get_if<Identity>(&opened)) {
    must(!erased(out.reference), "what is erased does not open");
    out.person = value->subject;
  } else {
    must(std::holds_alternative<Erased>(opened) && erased(out.reference), "what is not erased opens");
  }
  return out;
}

std::string Model::text_of(const Personal<MessageContent>& content) {
  auto opened = door_.open<MessageContent>(engine_principal, Purpose::engine, workspace_, content.sealed());
  if (const auto* value = std::get_if<MessageContent>(&opened)) {
    must(!erased(content.reference()), "what is erased does not open");
    return value->text;
  }
  const auto* closed = std::get_if<Erased>(&opened);
  must(closed != nullptr, "what is not erased opens");
  if (closed->redacted)
    gone_.insert(content.sealed().capsule);
  else
    must(erased(content.reference()), "what is not erased opens");
  return {};
}

/// Whatever was sealed opens, or was erased; alone only what belongs to a message.
void Model::opens(const StreamEvent& event) {
  StreamEvent copy = event;
  const auto visit = [&]<class T>(const Personal<T>& field) {
    const auto opened = door_.open<T>(engine_principal, Purpose::engine, workspace_, field.sealed());
    const auto* closed = std::get_if<Unavailable>(&opened);
    must(closed == nullptr, closed == nullptr ? std::string()
                                              : "what is sealed opens: " + std::string(closed->error.rule) +
                                                    ", " + closed->error.detail);
    const auto* gone = std::get_if<Erased>(&opened);
    must(gone == nullptr || !gone->redacted || of_message(field),
         "a redaction takes a message's words alone");
  };
  std::visit(
      [&](auto& category) {
        std::visit(
            [&](auto& e) {
              if constexpr (requires { e.each_personal(visit); }) e.each_personal(visit);
            },
            category);
      },
      copy.body);
}

void Model::ended() const {
  for (const CapsuleId& capsule : gone_)
    must(redacted_.contains(capsule), "what is redacted was to be: " + to_text(capsule.envelope));
}

void Model::on(const Envelope& envelope, const StreamEvent& event, const conversation::Event& body,
               const Cause& cause) {
  const auto id = ConversationId::from(event.stream.id);
  const PartitionId partition = partition_of_slot_[id.slot()];
  const std::string name = "conversation " + to_text(id) + " version " + std::to_string(event.version);
  const Intent* intent = cause.intent;
  if (const auto* e = std::get_if<conversation::Opened>(&body)) {
    must(!conversations_.contains(id), name + ": a conversation opens once");
    must(intent != nullptr && (std::holds_alternative<Arrive>(intent->request.action) ||
                               std::holds_alternative<OpenByAgent>(intent->request.action)),
         name + ": opened by a message");
    Conversation& c = conversations_[id];
    c.channel = e->channel;
    c.store = e->store;
    c.requester = e->requester;
    c.queue = e->queue;
    c.number = e->number;
    must(e->number % 256 == id.slot() && e->number / 256 == ++numbered_[id.slot()],
         name + ": numbers are dense in a slot");
    c.version = event.version;
    if (const auto* open = std::get_if<OpenByAgent>(&intent->request.action)) {
      Owner owner = person_of(e->identity);
      if (!owner.person) owner.person = SubjectId::from(owner.reference);
      addresses_.insert_or_assign(Address{open->channel, open->address}, owner);
      knows(id.slot(), owner, {id, open->channel, open->store});
    }
    return;
  }
  must(conversations_.contains(id), name + ": nothing happens before the opening");
  Conversation& c = conversations_.at(id);
  c.version = event.version;
  const bool may_follow = std::holds_alternative<conversation::NoteAdded>(body) ||
                          std::holds_alternative<conversation::MessageRedacted>(body) ||
                          std::holds_alternative<conversation::BreachWithdrawn>(body) ||
                          std::holds_alternative<conversation::Rated>(body) ||
                          std::holds_alternative<conversation::Undone>(body);
  if (envelope.import) c.imported = true;
  if (is_act(body) && !c.before.contains(envelope.id)) {
    Conversation copy = c;
    copy.before.clear();
    c.before.emplace(envelope.id, std::make_shared<const Conversation>(std::move(copy)));
  }
  must(c.phase != Phase::closed || may_follow, name + ": nothing is done after the closing");
  const auto* closed = std::get_if<conversation::Closed>(&body);
  const bool timer = std::holds_alternative<conversation::Woken>(body) ||
                     std::holds_alternative<conversation::FirstResponseBreached>(body) ||
                     (closed != nullptr && closed->automatic);
  if (!timer && only_timers_so_far_) {
    only_timers_so_far_ = false;
    const auto pending = [&](bool asked, Instant at) {
      return asked && at <= envelope.recorded_at && at != Instant{};
    };
    must(!clocks_right_ || c.imported ||
             (!pending(c.phase == Phase::snoozed, c.snoozed_until) &&
              !pending(c.phase == Phase::resolved, c.closes_at) &&
              !pending(active(c) && c.response == FirstResponse::running, c.response_due)),
         name + ": what was due fires before a command that came later");
  }
  const auto due = [&](Instant at, const char* what) {
    must(event.occurred_at == at, name + ": " + what + " at its own instant");
    ++timers_fired_;
  };
  const auto fires = [&](Instant at, const char* what) {
    due(at, what);
    must(envelope.recorded_at >= at, name + ": " + what + " not before its time");
  };

  std::visit(
      [&](const auto& e) {
        using E = std::decay_t<decltype(e)>;
        if constexpr (requires { e.content; })
          c.messages.emplace(e.id, std::pair(event.version, e.content.sealed()));
        if constexpr (std::is_same_v<E, conversation::MessageReceived>) {
          const auto* arrive = intent == nullptr ? nullptr : std::get_if<Arrive>(&intent->request.action);
          must(arrive != nullptr, name + ": somebody sent the message");
          const std::string text = text_of(e.content);
          must(text == intent->text || gone(e.content.sealed()), name + ": the text is the sender's");
          must(e.author == c.requester || std::ranges::find(c.participants, e.author) != c.participants.end(),
               name + ": the author is known there");
          must(c.phase != Phase::resolved, name + ": a resolved one was reopened first");
          if (active(c) && c.phase != Phase::fresh) c.phase = Phase::open;
          c.items.push_back({'m', intent->text, gone(e.content.sealed()), arrive->content.order});
          const bool starts = c.phase != Phase::spam && !c.answered && c.response == FirstResponse::none;
          const auto target =
              policy_.contains(partition) ? policy_[partition].first_response_ms : std::nullopt;
          must(e.first_response_due == (starts && target ? std::optional(e.at + *target) : std::nullopt),
               name + ": the first-response target");
          if (e.first_response_due) {
            c.response = FirstResponse::running;
            c.response_due = *e.first_response_due;
          }
          c.customer_wrote = true;
        } else if constexpr (std::is_same_v<E, conversation::ParticipantJoined>) {
          must(std::ranges::find(c.participants, e.participant) == c.participants.end() &&
                   e.participant != c.requester,
               name + ": a participant joins once");
          c.participants.push_back(e.participant);
        } else if constexpr (std::is_same_v<E, conversation::Replied>) {
          const std::string text = text_of(e.content);
          must(intent != nullptr && (text == intent->text || gone(e.content.sealed())),
               name + ": the reply is the agent's");
          const auto* open = std::get_if<OpenByAgent>(&intent->request.action);
          c.items.push_back({'r', intent->text, gone(e.content.sealed()),
                             open == nullptr ? std::string() : open->content.order});
          if (c.phase == Phase::fresh) c.phase = Phase::open;
          if (e.agent && c.customer_wrote) {
            c.answered = true;
            if (c.response == FirstResponse::running) {
              must(e.at <= c.response_due, name + ": a late reply breaches first");
              c.response = FirstResponse::met;
            }
          }
        } else if constexpr (std::is_same_v<E, conversation::NoteAdded>) {
          const std::string text = text_of(e.content);
          must(text.starts_with("needle-") || gone(e.content.sealed()), name + ": the note is the agent's");
          c.items.push_back({'n', text, gone(e.content.sealed())});
        } else if constexpr (std::is_same_v<E, conversation::Assigned>) {
          const auto* assign = asked<conversation::Assign>(intent);
          // Nobody asked: routing did, as it had decided or an agent had accepted.
          must(assign == nullptr ? intent == nullptr
                                 : assign->agent == e.agent && assign->claimed == e.claimed,
               name + ": assigned as asked");
          must(assign != nullptr || !c.owner || c.owner == e.agent, name + ": routing takes from nobody");
          must(!e.claimed || !c.owner, name + ": nobody claims what another has");
          c.owner = e.agent;
          if (c.phase == Phase::fresh) c.phase = Phase::open;
        } else if constexpr (std::is_same_v<E, conversation::Unassigned>) {
          must(c.owner && e.agent == c.owner, name + ": taken from its owner");
          c.owner = {};
        } else if constexpr (std::is_same_v<E, conversation::QueueChanged>) {
          must(e.from == c.queue, name + ": out of its queue");
          c.queue = e.to;
        } else if constexpr (std::is_same_v<E, conversation::Snoozed>) {
          const auto* snooze = asked<conversation::Snooze>(intent);
          must(snooze != nullptr && snooze->until == e.until && active(c), name + ": snoozed as asked");
          c.phase = Phase::snoozed;
          c.snoozed_until = e.until;
        } else if constexpr (std::is_same_v<E, conversation::Woken>) {
          must(c.phase == Phase::snoozed, name + ": wakes from a snooze");
          fires(c.snoozed_until, "wakes");
          c.phase = Phase::open;
        } else if constexpr (std::is_same_v<E, conversation::WaitStarted>) {
          must(active(c), name + ": waits while active");
          c.phase = e.on == WaitFor::third_party ? Phase::waiting_third_party : Phase::waiting_customer;
        } else if constexpr (std::is_same_v<E, conversation::Resolved>) {
          must(active(c), name + ": resolved while active");
          const settings::Policy policy =
              policy_.contains(partition) ? policy_[partition] : settings::Policy{};
          must(e.closes_at ==
                       (policy.auto_close_ms ? std::optional(e.at + *policy.auto_close_ms) : std::nullopt) &&
                   e.reopens_until == e.at + policy.reopen_window_ms,
               name + ": by what its partition had adopted");
          c.phase = Phase::resolved;
          c.escalated = false;
          c.closes_at = e.closes_at.value_or(Instant{});
          c.reopens_until = e.reopens_until;
          if (c.response == FirstResponse::running) c.response = FirstResponse::none;
        } else if constexpr (std::is_same_v<E, conversation::Reopened>) {
          must(c.phase == Phase::resolved && e.episode == ++c.episode, name + ": reopened once each");
          c.phase = Phase::open;
          c.closes_at = c.reopens_until = {};
          c.customer_wrote = c.answered = false;
          c.response = FirstResponse::none;
          c.response_due = {};
          c.scores.clear();
        } else if constexpr (std::is_same_v<E, conversation::Closed>) {
          if (e.automatic) {
            must(c.phase == Phase::resolved && c.closes_at != Instant{},
                 name + ": closes by itself after resolving");
            fires(c.closes_at, "closes");
          } else {
            must(asked<conversation::Close>(intent) != nullptr, name + ": closed as asked");
          }
          c.phase = Phase::closed;
          c.escalated = false;
          if (!c.closed_at) c.closed_at = now_;
          if (c.response == FirstResponse::running) c.response = FirstResponse::none;
        } else if constexpr (std::is_same_v<E, conversation::PriorityChanged>) {
          must(e.from == c.priority, name + ": the priority it had");
          c.priority = e.to;
        } else if constexpr (std::is_same_v<E, conversation::TagsChanged>) {
          for (const TagId tag : e.added) must(c.tags.insert(tag).second, name + ": a tag is added once");
          for (const TagId tag : e.removed) must(c.tags.erase(tag) == 1, name + ": a tag is removed once");
        } else if constexpr (std::is_same_v<E, conversation::MessageRedacted>) {
          const auto* redact = asked<conversation::Redact>(intent);
          must(redact != nullptr && redact->message == e.message, name + ": redacted as asked");
          const auto& [version, content] = c.messages.at(e.message);
          must(version == e.of, name + ": names the message's event");
          must(gone(content), name + ": its words are gone");
          must(redacted_.insert(content.capsule).second, name + ": redacted once");
        } else if constexpr (std::is_same_v<E, conversation::Transferred>) {
          const auto* transfer = asked<conversation::Transfer>(intent);
          must(transfer != nullptr && active(c) && e.from_queue == c.queue && e.from_agent == c.owner &&
                   e.from_team == c.team && e.to_agent == transfer->agent &&
                   (!transfer->queue || e.to_queue == transfer->queue),
               name + ": handed on as asked");
          c.queue = e.to_queue;
          c.owner = e.to_agent;
          c.team = e.to_team;
          if (c.phase == Phase::fresh && c.owner) c.phase = Phase::open;
        } else if constexpr (std::is_same_v<E, conversation::Escalated>) {
          must(asked<conversation::Escalate>(intent) != nullptr && active(c) && e.from_queue == c.queue &&
                   e.from_agent == c.owner,
               name + ": escalated as asked");
          c.queue = e.to_queue;
          c.owner = e.to_agent;
          c.escalated = true;
          if (c.phase == Phase::fresh && c.owner) c.phase = Phase::open;
        } else if constexpr (std::is_same_v<E, conversation::TypeChanged>) {
          const auto* set = asked<conversation::SetType>(intent);
          must(set != nullptr && e.from == c.type && e.to == set->type, name + ": the type asked for");
          c.type = e.to;
        } else if constexpr (std::is_same_v<E, conversation::SubjectLineChanged>) {
          const auto* set = asked<conversation::SetSubjectLine>(intent);
          must(set != nullptr && e.line.has_value() == !set->line.empty(),
               name + ": the subject line asked for");
        } else if constexpr (std::is_same_v<E, conversation::FieldsChanged>) {
          must(asked<conversation::SetFields>(intent) != nullptr, name + ": fields as asked");
          for (const conversation::FieldEntry& entry : e.changes) {
            if (std::holds_alternative<std::monostate>(entry.value))
              must(c.fields.erase(entry.field) == 1, name + ": a field that was there is taken away");
            else
              c.fields.insert(entry.field);
          }
        } else if constexpr (std::is_same_v<E, conversation::SpamMarked>) {
          must(asked<conversation::MarkSpam>(intent) != nullptr, name + ": spam as asked");
          c.phase = Phase::spam;
          c.closes_at = c.reopens_until = {};
          if (c.response == FirstResponse::running) c.response = FirstResponse::none;
        } else if constexpr (std::is_same_v<E, conversation::SpamUnmarked>) {
          must(asked<conversation::UnmarkSpam>(intent) != nullptr && c.phase == Phase::spam,
               name + ": no spam, as asked");
          c.phase = Phase::open;
          if (e.first_response_due) {
            must(!c.answered && c.response == FirstResponse::none && *e.first_response_due == c.response_due,
                 name + ": the promise runs on");
            c.response = FirstResponse::running;
          }
        } else if constexpr (std::is_same_v<E, conversation::NoReplyNeeded>) {
          must(asked<conversation::EndTurn>(intent) != nullptr && active(c),
               name + ": nobody waits, as asked");
          if (c.response == FirstResponse::running) c.response = FirstResponse::none;
        } else if constexpr (std::is_same_v<E, conversation::Rated>) {
          const auto* rate = asked<conversation::Rate>(intent);
          must(rate != nullptr && rate->kind == e.kind && rate->score == e.score && e.episode == c.episode,
               name + ": rated as asked");
          const auto before = c.scores.find(e.kind);
          must(e.corrects == (before == c.scores.end() ? std::nullopt : std::optional(before->second)),
               name + ": corrects the rating before");
          c.scores[e.kind] = e.score;
        } else if constexpr (std::is_same_v<E, conversation::Undone>) {
          must(asked<conversation::Undo>(intent) != nullptr, name + ": undone as asked");
          undo(c, e, name);
        } else if constexpr (std::is_same_v<E, conversation::FirstResponseBreached>) {
          must(c.response == FirstResponse::running, name + ": a running target breaches");
          due(c.response_due, "breaches");
          c.response = FirstResponse::breached;
        } else if constexpr (std::is_same_v<E, conversation::BreachWithdrawn>) {
          must(c.response == FirstResponse::breached && e.due == c.response_due && e.at <= e.due,
               name + ": a breach is withdrawn by what came in time");
          c.response = FirstResponse::withdrawn;
        }
      },
      body);
}

/// What an undone act changed is as it was.
void Model::undo(Conversation& c, const conversation::Undone& e, const std::string& name) {
  using conversation::Part;
  const auto found = c.before.find(e.envelope);
  must(found != c.before.end(), name + ": what is undone was done");
  const Conversation before = *found->second;
  const auto parts = e.before.parts;
  if (has(parts, Part::phase)) {
    must(e.before.phase == before.phase && e.before.first_response == before.response &&
             e.before.escalated == before.escalated,
         name + ": what is undone leads back to where it was");
    c.phase = before.phase;
    c.snoozed_until = e.before.snoozed_until;
    c.closes_at = e.before.closes_at;
    c.reopens_until = e.before.reopens_until;
    c.response = before.response;
    c.response_due = e.before.first_response_due;
    c.escalated = before.escalated;
  }
  if (has(parts, Part::holder)) {
    must(e.before.queue == before.queue && e.before.agent == before.owner && e.before.team == before.team,
         name + ": what is undone leads back to whose it was");
    c.queue = before.queue;
    c.owner = before.owner;
    c.team = before.team;
  }
  if (has(parts, Part::priority)) c.priority = before.priority;
  if (has(parts, Part::type)) c.type = before.type;
  if (has(parts, Part::tags)) {
    for (const TagId tag : e.before.tags_added) c.tags.insert(tag);
    for (const TagId tag : e.before.tags_removed) c.tags.erase(tag);
    must(c.tags == before.tags, name + ": what is undone leads back to its tags");
  }
  if (has(parts, Part::fields))
    for (const conversation::FieldEntry& entry : e.before.fields) {
      if (std::holds_alternative<std::monostate>(entry.value))
        c.fields.erase(entry.field);
      else
        c.fields.insert(entry.field);
    }
  c.before.erase(found);
}

/// An offer is made once, and ends once: accepted or declined by whom it was made to, or at its own instant.
void Model::on_routing(const Envelope& envelope, const StreamEvent& event, const routing::Event& body) {
  const auto ends = [&](AgentId agent, ConversationId conversation) {
    const auto offer = offered_.find({agent, conversation});
    must(offer != offered_.end(), "an offer that ends was made");
    const Instant until = offer->second.first;
    offered_.erase(offer);
    return until;
  };
  if (const auto* decided = std::get_if<routing::Decided>(&body)) {
    must(conversations_.contains(decided->conversation), "routing decides about what is there");
    if (decided->agent && decided->offered_until)
      must(offered_
               .emplace(std::pair(decided->agent, decided->conversation),
                        std::pair(*decided->offered_until, decided->queue))
               .second,
           "nobody is offered the same twice at once");
  } else if (const auto* accepted = std::get_if<routing::OfferAccepted>(&body)) {
    (void)ends(accepted->agent, accepted->conversation);
  } else if (const auto* declined = std::get_if<routing::OfferDeclined>(&body)) {
    (void)ends(declined->agent, declined->conversation);
  } else if (const auto* withdrawn = std::get_if<routing::OfferWithdrawn>(&body)) {
    (void)ends(withdrawn->agent, withdrawn->conversation);
  } else if (const auto* expired = std::get_if<routing::OfferExpired>(&body)) {
    const Instant until = ends(expired->agent, expired->conversation);
    must(event.occurred_at == until && envelope.recorded_at >= until,
         "an offer ends at its own instant, and not before");
    ++timers_fired_;
  } else if (const auto* followed = std::get_if<routing::Followed>(&body)) {
    // Taken by hand meanwhile, or gone: what was offered of it is no more.
    std::erase_if(offered_, [&](const auto& offer) {
      return offer.first.second == followed->conversation &&
             (!followed->waits || offer.second.second != followed->queue);
    });
  } else if (const auto* released = std::get_if<routing::Released>(&body)) {
    std::erase_if(offered_, [&](const auto& offer) { return offer.first.second == released->conversation; });
  }
}

void Model::on_draft(const draft::Event& body, const Cause& cause) {
  const auto* kept = std::get_if<draft::Kept>(&body);
  if (kept == nullptr) return;
  must(conversations_.contains(kept->conversation), "a draft is for a conversation");
  const auto* asked = cause.intent == nullptr ? nullptr : std::get_if<OnDraft>(&cause.intent->request.action);
  must(asked != nullptr && asked->agent == kept->agent && asked->command.kind == kept->kind,
       "a draft is kept as asked");
}

/// How things were before the envelope's own events: to whom the sender's address belonged, and what the door knew of that person.
void Model::remember(Slot door, const Arrive& arrive) {
  before_ = conversations_;
  owner_before_.reset();
  known_before_.clear();
  const auto held = addresses_.find({arrive.channel, arrive.address});
  if (held == addresses_.end()) return;
  owner_before_ = held->second;
  known_before_ = known_[{door, held->second.person}];
}

void Model::on_door(const Envelope& envelope, const intake::Event& body, const Cause& cause) {
  must(cause.intent != nullptr, "a door acts for somebody");
  if (std::holds_alternative<intake::MessageForwarded>(body)) {
    derived_[derive_id(keys_, "forward", envelope.id)] = {cause.intent->number, Cause::Kind::forward};
    derived_[derive_id(keys_, "fall back", envelope.id)] = {cause.intent->number, Cause::Kind::fall_back};
    return;
  }
  const auto& linked = std::get<intake::AddressLinked>(body);
  must(cause.kind == Cause::Kind::link, "an address is linked because somebody asked");
  const auto& added = std::get<AddIdentity>(cause.intent->request.action);
  const Owner owner{added.subject, linked.identity.reference()};
  addresses_.insert_or_assign(Address{added.identity.channel, added.identity.address}, owner);
  const StoreId store = store_id(keys_, workspace_, added.identity.channel, added.identity.account);
  const auto brought = to_link_.find(*envelope.command);
  must(brought != to_link_.end(), "an address is linked after it was added");
  for (const ConversationId id : brought->second)
    knows(envelope.events.front().stream.id.slot(), owner, {id, added.identity.channel, store});
}

void Model::on_person(const Envelope& envelope, const StreamEvent& event, const subject::Event& body,
                      const Cause& cause) {
  const auto id = SubjectId::from(event.stream.id);
  if (std::holds_alternative<subject::Created>(body)) {
    must(persons_.emplace(id, 1).second, "a person is created once");
    must(envelope.command == derive_id(keys_, "create subject", id),
         "a person's first command follows from their id");
    return;
  }
  must(persons_.contains(id), "an address is added to somebody");
  if (cause.kind != Cause::Kind::itself) return;
  const CommandId link = derive_id(keys_, "link", envelope.id);
  derived_[link] = {cause.intent->number, Cause::Kind::link};
  auto& brought = to_link_[link];
  for (const Known& known : known_[{id.slot(), id}]) {
    const Conversation& c = conversations_.at(known.conversation);
    if (known.conversation.slot() == id.slot() && active(c) && !erased(c.requester) &&
        std::ranges::find(brought, known.conversation) == brought.end())
      brought.push_back(known.conversation);
  }
}

}  // namespace parlance::simulation
