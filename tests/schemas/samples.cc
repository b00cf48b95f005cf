#include "tests/schemas/samples.h"

#include <limits>

namespace parlance::tests {
namespace {

constexpr Instant happened{1'764'000'000'123};
constexpr RawId id(std::uint64_t n) { return {0x0123'4567'89ab'0000 + n, 0xfedc'ba98'7654'3210 + n}; }
template <class AnId> AnId id_of(std::uint64_t n) { return AnId::from(id(n)); }
const EnvelopeId envelope_id = id_of<EnvelopeId>(1);

template <class T> Personal<T> sealed(std::uint16_t number, FieldClass field_class) {
  Sealed value{{envelope_id, number}, id_of<ReferenceId>(100U + number), field_class};
  for (std::size_t i = 0; i < value.digest.size(); ++i)
    value.digest[i] = static_cast<std::uint8_t>(number * 40 + i);
  return Personal<T>(value);
}
Personal<Identity> identity(std::uint16_t number = 0) {
  return sealed<Identity>(number, FieldClass::contact);
}
Personal<MessageContent> content() { return sealed<MessageContent>(1, FieldClass::content); }
Personal<Attachments> attachments() { return sealed<Attachments>(2, FieldClass::attachment); }
Personal<Preview> preview() { return sealed<Preview>(3, FieldClass::content); }
Personal<std::string> reason() { return sealed<std::string>(65535, FieldClass::content); }
Language language(char first, char second, int script = 0) {
  return static_cast<Language>((first - 'a') + 26 * (second - 'a') + 1 + 1024 * script);
}

/// As little as an envelope may have.
Envelope bare(AnyEvent event, Instant occurred_at) {
  Envelope out;
  out.id = envelope_id;
  out.workspace = id_of<WorkspaceId>(2);
  out.decider_version = 1;
  const auto category = static_cast<Category>(event.index() + 1);
  out.events.push_back({{category, id(3)}, 1, occurred_at, std::move(event)});
  return out;
}
/// All that an envelope may have.
Envelope full(AnyEvent event, Instant occurred_at) {
  Envelope out = bare(std::move(event), occurred_at);
  out.command = id_of<CommandId>(4);
  out.fingerprint = 0xffff'ffff'ffff'fffe;
  out.correlation = id_of<EnvelopeId>(5);
  out.causation = id_of<EnvelopeId>(6);
  out.actor = {ActorKind::system, id(7)};
  out.recorded_at = happened + 77;
  out.decider_version = 9;
  out.events.front().version = 1'000'000'007;
  return out;
}

class Samples {
 public:
  void conversation(const std::string& name, conversation::Event all, conversation::Event least) {
    add("conversation." + name, std::move(all), std::move(least));
  }
  template <class Event> void add(const std::string& name, Event all, Event least) {
    out_.push_back({name + "/full", full(std::move(all), happened)});
    out_.push_back({name + "/bare", bare(std::move(least), happened)});
  }
  /// An event without an instant of its own.
  template <class Event> void add(const std::string& name, Event only) { add(name, only, only); }
  void add_envelope(std::string name, Envelope envelope) {
    out_.push_back({std::move(name), std::move(envelope)});
  }
  [[nodiscard]] std::vector<EnvelopeSample> take() { return std::move(out_); }

 private:
  std::vector<EnvelopeSample> out_;
};

/// A field of each kind, and one of nothing.
std::vector<conversation::FieldEntry> entries() {
  std::vector<conversation::FieldEntry> out(6);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].field = id_of<FieldId>(20 + i);
  out[1].value.emplace<Personal<std::string>>(sealed<std::string>(5, FieldClass::content));
  out[2].value.emplace<conversation::NumberValue>().ten_thousandths = -12'345'678;
  out[3].value.emplace<conversation::DateValue>().days = -719'162;
  out[4].value.emplace<ChoiceId>(id_of<ChoiceId>(30));
  out[5].value.emplace<bool>(true);
  return out;
}

void add_conversation(Samples& samples) {
  using namespace parlance::conversation;
  const Instant at = happened;
  const Instant later{at.ms + 3'600'000};
  samples.conversation("opened",
                       Opened{.requester = id_of<ReferenceId>(10),
                              .channel = Channel::api,
                              .store = id_of<StoreId>(11),
                              .language = language('z', 'h', 2),
                              .priority = Priority::urgent,
                              .queue = id_of<QueueId>(12),
                              .number = std::numeric_limits<std::uint64_t>::max(),
                              .by_agent = true,
                              .identity = identity(),
                              .at = at},
                       Opened{.requester = id_of<ReferenceId>(10),
                              .channel = Channel::none,
                              .store = {},
                              .language = Language::und,
                              .priority = Priority::none,
                              .queue = {},
                              .number = 0,
                              .by_agent = false,
                              .identity = identity(),
                              .at = at});
  samples.conversation("message_received",
                       MessageReceived{.id = id_of<MessageId>(10),
                                       .author = id_of<ReferenceId>(11),
                                       .channel = Channel::email,
                                       .language = language('d', 'e'),
                                       .content = content(),
                                       .attachments = attachments(),
                                       .preview = preview(),
                                       .at = at,
                                       .first_response_due = later},
                       MessageReceived{.id = id_of<MessageId>(10),
                                       .author = id_of<ReferenceId>(11),
                                       .channel = Channel::none,
                                       .language = Language::und,
                                       .content = content(),
                                       .attachments = {},
                                       .preview = preview(),
                                       .at = at,
                                       .first_response_due = {}});
  const std::vector<AttachmentId> files{id_of<AttachmentId>(20), id_of<AttachmentId>(21)};
  samples.conversation("message_received_files",
                       MessageReceived{.id = id_of<MessageId>(10),
                                       .author = id_of<ReferenceId>(11),
                                       .channel = Channel::email,
                                       .content = content(),
                                       .attachments = attachments(),
                                       .preview = preview(),
                                       .at = at,
                                       .files = files},
                       MessageReceived{.id = id_of<MessageId>(10),
                                       .author = id_of<ReferenceId>(11),
                                       .channel = Channel::email,
                                       .content = content(),
                                       .attachments = attachments(),
                                       .preview = preview(),
                                       .at = at});
  samples.conversation("replied_files",
                       Replied{.id = id_of<MessageId>(10),
                               .channel = Channel::email,
                               .content = content(),
                               .attachments = attachments(),
                               .preview = preview(),
                               .at = at,
                               .files = files},
                       Replied{.id = id_of<MessageId>(10),
                               .channel = Channel::email,
                               .content = content(),
                               .attachments = attachments(),
                               .preview = preview(),
                               .at = at});
  samples.conversation(
      "note_added_files",
      NoteAdded{.id = id_of<MessageId>(10),
                .content = content(),
                .attachments = attachments(),
                .at = at,
                .files = files},
      NoteAdded{.id = id_of<MessageId>(10), .content = content(), .attachments = attachments(), .at = at});
  samples.conversation(
      "participant_joined",
      ParticipantJoined{.participant = id_of<ReferenceId>(10), .identity = identity(9), .at = at},
      ParticipantJoined{.participant = {}, .identity = identity(), .at = at});
  samples.conversation("replied",
                       Replied{.id = id_of<MessageId>(10),
                               .agent = id_of<AgentId>(11),
                               .channel = Channel::whatsapp,
                               .content = content(),
                               .attachments = attachments(),
                               .preview = preview(),
                               .at = at},
                       Replied{.id = id_of<MessageId>(10),
                               .agent = {},
                               .channel = Channel::none,
                               .content = content(),
                               .attachments = {},
                               .preview = preview(),
                               .at = at});
  samples.conversation(
      "note_added",
      NoteAdded{.id = id_of<MessageId>(10),
                .agent = id_of<AgentId>(11),
                .content = content(),
                .attachments = attachments(),
                .at = at},
      NoteAdded{.id = id_of<MessageId>(10), .agent = {}, .content = content(), .attachments = {}, .at = at});
  samples.conversation("assigned",
                       Assigned{.agent = id_of<AgentId>(10),
                                .queue = id_of<QueueId>(11),
                                .claimed = true,
                                .reason = reason(),
                                .at = at},
                       Assigned{.agent = {}, .queue = {}, .claimed = false, .reason = {}, .at = at});
  samples.conversation("unassigned", Unassigned{.agent = id_of<AgentId>(10), .reason = reason(), .at = at},
                       Unassigned{.agent = {}, .reason = {}, .at = at});
  samples.conversation(
      "queue_changed",
      QueueChanged{.from = id_of<QueueId>(10), .to = id_of<QueueId>(11), .reason = reason(), .at = at},
      QueueChanged{.from = {}, .to = {}, .reason = {}, .at = at});
  samples.conversation("snoozed", Snoozed{.until = later, .reason = reason(), .at = at},
                       Snoozed{.until = {}, .reason = {}, .at = at});
  samples.conversation("woken", Woken{.at = at}, Woken{.at = at});
  samples.conversation("wait_started", WaitStarted{.on = WaitFor::third_party, .reason = reason(), .at = at},
                       WaitStarted{.on = WaitFor::none, .reason = {}, .at = at});
  samples.conversation("resolved",
                       Resolved{.agent = id_of<AgentId>(10),
                                .closes_at = later,
                                .reopens_until = later + 5,
                                .reason = reason(),
                                .at = at},
                       Resolved{.agent = {}, .closes_at = {}, .reopens_until = {}, .reason = {}, .at = at});
  samples.conversation(
      "resolved_at_zero",
      Resolved{.agent = {}, .closes_at = Instant{0}, .reopens_until = {}, .reason = {}, .at = at},
      Resolved{.agent = {}, .closes_at = Instant{-1}, .reopens_until = {}, .reason = {}, .at = at});
  samples.conversation("reopened",
                       Reopened{.episode = 4'294'967'295, .by_customer = true, .reason = reason(), .at = at},
                       Reopened{.episode = 0, .by_customer = false, .reason = {}, .at = at});
  samples.conversation("closed", Closed{.automatic = true, .reason = reason(), .at = at},
                       Closed{.automatic = false, .reason = {}, .at = at});
  samples.conversation("priority_changed",
                       PriorityChanged{.from = Priority::low, .to = Priority::high, .at = at},
                       PriorityChanged{.from = Priority::none, .to = Priority::none, .at = at});
  samples.conversation(
      "tags_changed",
      TagsChanged{.added = {id_of<TagId>(10), id_of<TagId>(11)}, .removed = {id_of<TagId>(12)}, .at = at},
      TagsChanged{.added = {}, .removed = {}, .at = at});
  samples.conversation("first_response_breached", FirstResponseBreached{.at = at},
                       FirstResponseBreached{.at = at});
  samples.conversation("breach_withdrawn", BreachWithdrawn{.due = later, .at = at},
                       BreachWithdrawn{.due = {}, .at = at});
  samples.conversation("note_mentioning",
                       NoteAdded{.id = id_of<MessageId>(10),
                                 .agent = id_of<AgentId>(11),
                                 .content = content(),
                                 .attachments = {},
                                 .at = at,
                                 .mentions = {id_of<AgentId>(12), id_of<AgentId>(13)}},
                       NoteAdded{.id = id_of<MessageId>(10),
                                 .agent = {},
                                 .content = content(),
                                 .attachments = {},
                                 .at = at,
                                 .mentions = {id_of<AgentId>(12)}});
  samples.conversation("transferred",
                       Transferred{.from_queue = id_of<QueueId>(10),
                                   .to_queue = id_of<QueueId>(11),
                                   .from_agent = id_of<AgentId>(12),
                                   .to_agent = id_of<AgentId>(13),
                                   .from_team = id_of<TeamId>(14),
                                   .to_team = id_of<TeamId>(15),
                                   .reason = reason(),
                                   .at = at},
                       Transferred{.from_queue = {},
                                   .to_queue = {},
                                   .from_agent = {},
                                   .to_agent = {},
                                   .from_team = {},
                                   .to_team = {},
                                   .reason = {},
                                   .at = at});
  samples.conversation(
      "escalated",
      Escalated{.from_queue = id_of<QueueId>(10),
                .to_queue = id_of<QueueId>(11),
                .from_agent = id_of<AgentId>(12),
                .to_agent = id_of<AgentId>(13),
                .reason = reason(),
                .at = at},
      Escalated{.from_queue = {}, .to_queue = {}, .from_agent = {}, .to_agent = {}, .reason = {}, .at = at});
  samples.conversation("type_changed",
                       TypeChanged{.from = id_of<TypeId>(10), .to = id_of<TypeId>(11), .at = at},
                       TypeChanged{.from = {}, .to = {}, .at = at});
  samples.conversation("subject_line_changed",
                       SubjectLineChanged{.line = reason(), .preview = preview(), .at = at},
                       SubjectLineChanged{.line = {}, .preview = preview(), .at = at});
  samples.conversation("fields_changed", FieldsChanged{.changes = entries(), .at = at},
                       FieldsChanged{.changes = {}, .at = at});
  samples.conversation("sub_state_changed",
                       SubStateChanged{.from = id_of<SubStateId>(10), .to = id_of<SubStateId>(11), .at = at},
                       SubStateChanged{.from = {}, .to = {}, .at = at});
  samples.conversation("spam_marked", SpamMarked{.agent = id_of<AgentId>(10), .at = at},
                       SpamMarked{.agent = {}, .at = at});
  samples.conversation(
      "spam_unmarked",
      SpamUnmarked{
          .agent = id_of<AgentId>(10), .unanswered_since = later, .first_response_due = later + 9, .at = at},
      SpamUnmarked{.agent = {}, .unanswered_since = {}, .first_response_due = {}, .at = at});
  samples.conversation("no_reply_needed",
                       NoReplyNeeded{.agent = id_of<AgentId>(10), .reason = reason(), .at = at},
                       NoReplyNeeded{.agent = {}, .reason = {}, .at = at});
  samples.conversation(
      "message_redacted",
      MessageRedacted{.message = id_of<MessageId>(10),
                      .of = 77,
                      .agent = id_of<AgentId>(11),
                      .preview = preview(),
                      .reason = reason(),
                      .at = at},
      MessageRedacted{
          .message = id_of<MessageId>(10), .of = 0, .agent = {}, .preview = {}, .reason = {}, .at = at});
  samples.conversation("rated",
                       Rated{.kind = RatingKind::ces,
                             .score = 7,
                             .corrects = std::uint8_t{0},
                             .episode = 3,
                             .queue = id_of<QueueId>(10),
                             .agent = id_of<AgentId>(11),
                             .comment = reason(),
                             .at = at},
                       Rated{.kind = RatingKind::none,
                             .score = 0,
                             .corrects = {},
                             .episode = 0,
                             .queue = {},
                             .agent = {},
                             .comment = {},
                             .at = at});
  samples.conversation(
      "undone",
      Undone{.act = Act::sub_state_changed,
             .envelope = id_of<EnvelopeId>(10),
             .agent = id_of<AgentId>(11),
             .done_at = at + -5,
             .before = {.parts = Part::phase | Part::holder | Part::priority | Part::type | Part::tags |
                                 Part::fields,
                        .phase = Phase::spam,
                        .sub_state = id_of<SubStateId>(12),
                        .snoozed_until = later,
                        .closes_at = later + 1,
                        .reopens_until = later + 2,
                        .unanswered_since = at + -7,
                        .first_response = FirstResponse::withdrawn,
                        .first_response_due = later + 3,
                        .escalated = true,
                        .queue = id_of<QueueId>(13),
                        .agent = id_of<AgentId>(14),
                        .team = id_of<TeamId>(15),
                        .priority = Priority::high,
                        .type = id_of<TypeId>(16),
                        .tags_added = {id_of<TagId>(17)},
                        .tags_removed = {id_of<TagId>(18), id_of<TagId>(19)},
                        .fields = entries()},
             .at = at},
      Undone{.act = Act::none, .envelope = {}, .agent = {}, .done_at = {}, .before = {}, .at = at});
}

void add_subject(Samples& samples) {
  using namespace parlance::subject;
  samples.add<Event>("subject.created", Created{.row = id_of<ReferenceId>(10), .at = happened},
                     Created{.row = {}, .at = happened});
  samples.add<Event>("subject.identity_added",
                     IdentityAdded{.channel = Channel::instagram, .identity = identity(), .at = happened},
                     IdentityAdded{.channel = Channel::none, .identity = identity(), .at = happened});
}

void add_door(Samples& samples) {
  using namespace parlance::intake;
  samples.add<Event>("door.message_forwarded",
                     MessageForwarded{.to = id_of<ConversationId>(10),
                                      .author = id_of<ReferenceId>(11),
                                      .identity = identity(),
                                      .at = happened},
                     MessageForwarded{.to = {}, .author = {}, .identity = identity(), .at = happened});
  samples.add<Event>("door.address_linked", AddressLinked{.identity = identity(3), .at = happened});
}

settings::Policy policy() {
  return {.first_response_ms = 14'400'000, .auto_close_ms = 259'200'000, .reopen_window_ms = 86'400'000};
}
settings::Policy no_policy() { return {.first_response_ms = {}, .auto_close_ms = {}, .reopen_window_ms = 0}; }

settings::Type type() { return {.id = id_of<TypeId>(10), .name = "Beschwerde", .retired = true}; }
settings::Field field() {
  return {.id = id_of<FieldId>(10),
          .name = "Bestellnummer",
          .kind = FieldKind::choice,
          .choices = {{.id = id_of<ChoiceId>(11), .name = "Ja", .retired = true},
                      {.id = id_of<ChoiceId>(12), .name = "\u3044\u3044\u3048", .retired = false}},
          .required_to_resolve = true,
          .retired = true};
}
settings::SubState sub_state() {
  return {.id = id_of<SubStateId>(10),
          .name = "Beim Zoll",
          .state = conversation::Phase::waiting_third_party,
          .retired = true};
}
std::vector<settings::Transition> transitions() {
  return {{.from = {.state = conversation::Phase::open, .sub_state = {}},
           .to = {.state = {}, .sub_state = id_of<SubStateId>(10)}},
          {.from = {.state = {}, .sub_state = id_of<SubStateId>(11)},
           .to = {.state = conversation::Phase::spam, .sub_state = {}}}};
}

void add_settings(Samples& samples) {
  using namespace parlance::settings;
  samples.add<Event>("settings.policy_changed", PolicyChanged{.policy = policy()},
                     PolicyChanged{.policy = no_policy()});
  samples.add<Event>("settings.tag_added", TagAdded{.id = id_of<TagId>(10), .name = "Rücksendung 返品"},
                     TagAdded{.id = {}, .name = ""});
  samples.add<Event>("settings.type_defined", TypeDefined{.type = type()}, TypeDefined{.type = {}});
  samples.add<Event>("settings.field_defined", FieldDefined{.field = field()}, FieldDefined{.field = {}});
  samples.add<Event>("settings.sub_state_defined", SubStateDefined{.sub_state = sub_state()},
                     SubStateDefined{.sub_state = {}});
  samples.add<Event>("settings.transitions_changed", TransitionsChanged{.transitions = transitions()},
                     TransitionsChanged{.transitions = {}});
  samples.add<Event>("settings.transitions_to_nowhere",
                     TransitionsChanged{.transitions = std::vector<Transition>{}});
  samples.add<Event>("settings.canned_reply_defined",
                     CannedReplyDefined{.reply = {.id = id_of<CannedReplyId>(10),
                                                  .name = "Lost parcel",
                                                  .language = language('j', 'a'),
                                                  .shortcut = "/lost",
                                                  .text = "{{customer.name}} \u69d8\n{{ticket.number}}",
                                                  .retired = true}},
                     CannedReplyDefined{.reply = {}});
  samples.add<Event>("settings.view_saved",
                     ViewSaved{.id = id_of<ViewId>(10),
                               .owner = id_of<AgentId>(11),
                               .shared = true,
                               .order = ViewOrder::updated,
                               .name = sealed<std::string>(0, FieldClass::content),
                               .filter = sealed<std::string>(1, FieldClass::content)},
                     ViewSaved{.id = {},
                               .owner = {},
                               .name = sealed<std::string>(0, FieldClass::content),
                               .filter = sealed<std::string>(1, FieldClass::content)});
  samples.add<Event>("settings.view_removed", ViewRemoved{.id = id_of<ViewId>(10)}, ViewRemoved{.id = {}});
  samples.add<Event>("settings.import_opened", ImportOpened{.id = id_of<ImportId>(10)},
                     ImportOpened{.id = {}});
  samples.add<Event>("settings.import_closed", ImportClosed{.id = id_of<ImportId>(10)},
                     ImportClosed{.id = {}});
}

void add_desk(Samples& samples) {
  using namespace parlance::desk;
  Sha256 hash{};
  hash.fill(0xab);
  samples.add<Event>(
      "desk.agent_added",
      AgentAdded{.id = id_of<AgentId>(10),
                 .role = Role::admin,
                 .profile = sealed<AgentProfile>(0, FieldClass::contact)},
      AgentAdded{.id = {}, .role = Role::none, .profile = sealed<AgentProfile>(0, FieldClass::contact)});
  samples.add<Event>("desk.queue_added", QueueAdded{.id = id_of<QueueId>(10), .name = "Retouren"},
                     QueueAdded{.id = {}, .name = ""});
  samples.add<Event>("desk.token_issued",
                     TokenIssued{.id = id_of<TokenId>(10),
                                 .agent = id_of<AgentId>(11),
                                 .scopes = Scope::agent | Scope::ingest | Scope::import | Scope::admin,
                                 .hash = hash},
                     TokenIssued{.id = {}, .agent = {}, .scopes = Scope::none, .hash = {}});
  samples.add<Event>("desk.token_revoked", TokenRevoked{.id = id_of<TokenId>(10)}, TokenRevoked{.id = {}});
}

void add_desk_people(Samples& samples) {
  using namespace parlance::desk;
  samples.add<Event>("desk.agent_changed",
                     AgentChanged{.id = id_of<AgentId>(10),
                                  .role = Role::lead,
                                  .languages = {language('d', 'e'), language('z', 'h', 2)},
                                  .skills = {id_of<SkillId>(11), id_of<SkillId>(12)},
                                  .teams = {id_of<TeamId>(13)},
                                  .capacity = {12, {{Channel::email, 500}, {Channel::chat, 3}}},
                                  .profile = sealed<AgentProfile>(0, FieldClass::contact)},
                     AgentChanged{.id = {},
                                  .role = Role::none,
                                  .languages = {},
                                  .skills = {},
                                  .teams = {},
                                  .capacity = {0, {}},
                                  .profile = {}});
  samples.add<Event>("desk.activation_changed", ActivationChanged{.id = id_of<AgentId>(10), .active = true},
                     ActivationChanged{.id = {}, .active = false});
  samples.add<Event>("desk.skill_added", SkillAdded{.id = id_of<SkillId>(10), .name = "Zoll 通関"},
                     SkillAdded{.id = {}, .name = ""});
  samples.add<Event>("desk.team_added", TeamAdded{.id = id_of<TeamId>(10), .name = "Süd"},
                     TeamAdded{.id = {}, .name = ""});
  samples.add<Event>("desk.team_changed",
                     TeamChanged{.id = id_of<TeamId>(10),
                                 .name = "Nord",
                                 .added = {id_of<AgentId>(11), id_of<AgentId>(12)},
                                 .removed = {id_of<AgentId>(13)}},
                     TeamChanged{.id = {}, .name = "", .added = {}, .removed = {}});
  samples.add<Event>("desk.queue_changed",
                     QueueChanged{.id = id_of<QueueId>(10),
                                  .name = "Retouren",
                                  .rule = {.kind = RuleKind::least_loaded,
                                           .prefers_language = true,
                                           .skills = {id_of<SkillId>(11), id_of<SkillId>(12)},
                                           .team = id_of<TeamId>(13),
                                           .offer_ms = 45'000}},
                     QueueChanged{.id = {}, .name = "", .rule = {}});
}

void add_routing(Samples& samples) {
  using namespace parlance::routing;
  const auto conversation = id_of<ConversationId>(10);
  const auto agent = id_of<AgentId>(11);
  samples.add<Event>(
      "routing.presence_changed",
      PresenceChanged{.agent = agent, .presence = Presence::offline, .by_misses = true, .at = happened},
      PresenceChanged{.agent = {}, .presence = Presence::none, .by_misses = false, .at = happened});
  samples.add<Event>("routing.followed",
                     Followed{.conversation = conversation,
                              .seen = 0xffff'ffff'ffff'fffe,
                              .queue = id_of<QueueId>(12),
                              .agent = agent,
                              .to_do = true,
                              .waits = true,
                              .taken = Taken::by_hand,
                              .channel = Channel::api,
                              .language = language('e', 's'),
                              .at = happened},
                     Followed{.conversation = {},
                              .seen = 0,
                              .queue = {},
                              .agent = {},
                              .to_do = false,
                              .waits = false,
                              .taken = Taken::none,
                              .channel = Channel::none,
                              .language = Language::und,
                              .at = happened});
  samples.add<Event>("routing.decided",
                     Decided{.conversation = conversation,
                             .agent = agent,
                             .queue = id_of<QueueId>(12),
                             .rule = RuleKind::least_loaded,
                             .rule_version = 13,
                             .desk_version = 14,
                             .offered_until = happened + 30'000,
                             .candidates = {{agent, 3, 8, 625, Exclusion::none},
                                            {id_of<AgentId>(15), 4'000'000'000, 8, -7, Exclusion::missed}},
                             .left_out = 5,
                             .at = happened},
                     Decided{.conversation = {},
                             .agent = {},
                             .queue = {},
                             .rule = RuleKind::manual,
                             .rule_version = 0,
                             .desk_version = 0,
                             .offered_until = {},
                             .candidates = {},
                             .left_out = 0,
                             .at = happened});
  samples.add<Event>("routing.offer_accepted", OfferAccepted{conversation, agent, happened},
                     OfferAccepted{{}, {}, happened});
  samples.add<Event>("routing.offer_declined", OfferDeclined{conversation, agent, happened},
                     OfferDeclined{{}, {}, happened});
  samples.add<Event>("routing.offer_expired", OfferExpired{conversation, agent, happened},
                     OfferExpired{{}, {}, happened});
  samples.add<Event>("routing.offer_withdrawn", OfferWithdrawn{conversation, agent, happened},
                     OfferWithdrawn{{}, {}, happened});
  samples.add<Event>("routing.assign_refused",
                     AssignRefused{conversation, agent, Refusal::agent_unknown, happened},
                     AssignRefused{{}, {}, Refusal::none, happened});
  samples.add<Event>("routing.released", Released{conversation, happened}, Released{{}, happened});
}

void add_adoption_of_people(Samples& samples) {
  using namespace parlance::adoption;
  Body body{.settings_version = 12, .desk_version = 34, .policy = policy()};
  body.queues = {{id_of<QueueId>(12), "Billing", true}, {id_of<QueueId>(13), "Returns", false}};
  body.teams = {{id_of<TeamId>(14), "Nord"}};
  body.routes = true;
  samples.add<Event>("adoption.adopted/people", Adopted{.body = body}, Adopted{.body = {.policy = policy()}});
}

void add_adoption(Samples& samples) {
  using namespace parlance::adoption;
  Body body{.settings_version = 12, .desk_version = 34, .policy = policy()};
  body.tags = {{id_of<TagId>(10), "refund"}, {id_of<TagId>(11), "vip"}};
  body.queues = {{id_of<QueueId>(12), "Billing"}, {id_of<QueueId>(13), ""}};
  body.agents = {id_of<AgentId>(14), id_of<AgentId>(15), id_of<AgentId>(16)};
  samples.add<Event>("adoption.adopted", Adopted{.body = body}, Adopted{.body = {.policy = no_policy()}});
  Body importing = body;
  importing.imports = {id_of<ImportId>(17), id_of<ImportId>(18)};
  samples.add<Event>("adoption.adopted_imports", Adopted{.body = importing});
  body.types = {type()};
  body.fields = {field()};
  body.sub_states = {sub_state()};
  body.transitions = transitions();
  Body nowhere{.policy = no_policy()};
  nowhere.transitions.emplace();
  samples.add<Event>("adoption.adopted_vocabulary", Adopted{.body = body}, Adopted{.body = nowhere});
}

void add_draft(Samples& samples) {
  using namespace parlance::draft;
  samples.add<Event>("draft.kept",
                     Kept{.conversation = id_of<ConversationId>(10),
                          .agent = id_of<AgentId>(11),
                          .kind = DraftKind::note,
                          .text = sealed<std::string>(0, FieldClass::content),
                          .at = happened},
                     Kept{.conversation = {},
                          .agent = {},
                          .kind = DraftKind::none,
                          .text = sealed<std::string>(0, FieldClass::content),
                          .at = happened});
  samples.add<Event>("draft.dropped",
                     Dropped{.conversation = id_of<ConversationId>(10),
                             .agent = id_of<AgentId>(11),
                             .sent = true,
                             .at = happened},
                     Dropped{.conversation = {}, .agent = {}, .sent = false, .at = happened});
}

}  // namespace

std::vector<EnvelopeSample> envelope_samples() {
  Samples samples;
  add_conversation(samples);
  add_subject(samples);
  add_door(samples);
  add_settings(samples);
  add_desk(samples);
  add_adoption(samples);
  add_draft(samples);
  add_desk_people(samples);
  add_routing(samples);
  add_adoption_of_people(samples);
  // An accepted command with a key but without events.
  Envelope empty;
  empty.id = envelope_id;
  empty.workspace = id_of<WorkspaceId>(2);
  empty.command = id_of<CommandId>(4);
  samples.add_envelope("envelope/without_events", empty);
  empty.settings_version = 12;
  samples.add_envelope("envelope/on_settings", empty);
  empty.settings_version = 0;
  empty.import = id_of<ImportId>(5);
  samples.add_envelope("envelope/of_import", empty);
  return samples.take();
}

std::vector<CapsuleSample> capsule_samples() {
  return {
      {"text/full",
       std::string("because the parcel is lost \u2014 \u8377\u7269\u304c\u5c4a\u304b\u306a\u3044")},
      {"text/bare", std::string()},
      {"message/full", MessageContent{.text = "Where is my order?",
                                      .html = "<p>Where is my order?</p>",
                                      .subject_line = "Order",
                                      .sender_name = "Ada",
                                      .sender_address = "ada@example.org",
                                      .external_id = "<1@example.org>",
                                      .in_reply_to = "<0@example.org>",
                                      .thread = "thread-1",
                                      .order = "A-1",
                                      .language_tag = "en-GB"}},
      {"message/bare", MessageContent{}},
      {"attachments/full",
       Attachments{{.name = "label.png", .type = "image/png", .data = std::string("\x89PNG\r\n\0\x1a", 8)},
                   {}}},
      {"attachments/bare", Attachments{}},
      {"preview/full",
       Preview{.name = "Ada", .subject_line = "Order", .text = "Where is my order?", .account = "shop-de"}},
      {"preview/bare", Preview{}},
      {"identity/full", Identity{.subject = id_of<SubjectId>(1),
                                 .channel = Channel::marketplace,
                                 .account = "shop-de",
                                 .address = "ada@example.org",
                                 .name = "Ada"}},
      {"identity/bare", Identity{}},
      {"agent_profile/full", AgentProfile{.name = "Kim", .email = "kim@example.org"}},
      {"agent_profile/bare", AgentProfile{}},
      {"identity/linked", Identity{.subject = id_of<SubjectId>(1),
                                   .channel = Channel::email,
                                   .account = "",
                                   .address = "ada@example.org",
                                   .name = "",
                                   .conversations = {id_of<ConversationId>(2), id_of<ConversationId>(3)}}},
      {"attachments/stored", Attachments{{.name = "label.pdf",
                                          .type = "application/pdf",
                                          .id = id_of<AttachmentId>(20),
                                          .stored = 25U << 20,
                                          .key = BlobKey{1, 2, 3, 255},
                                          .content_id = "label@example.org"}}},
  };
}

}  // namespace parlance::tests
