#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/adoption.h"
#include "engine/domain/personal.h"
#include "engine/domain/phase.h"
#include "engine/domain/vocabulary.h"

/// Messages with one person (and those who join in) about one matter, and the work on them.
///
/// `at` in an event is when it happened at the source. Events keep the values they were decided on (deadlines,
/// windows), so folding looks nothing up. Add members and alternatives; never edit one.
namespace parlance::conversation {

struct Opened {
  ReferenceId requester;  ///< random, for this conversation and its requester alone
  Channel channel;
  StoreId store;
  Language language;
  Priority priority;
  QueueId queue;
  std::uint64_t number;  ///< the ticket number
  bool by_agent;
  Personal<Identity> identity;
  Instant at;
  bool operator==(const Opened&) const = default;
  void each_personal(auto&& visit) { visit(identity); }
};
struct MessageReceived {
  MessageId id;
  ReferenceId author;  ///< the requester's, or that of a participant
  Channel channel;
  Language language;
  Personal<MessageContent> content;
  std::optional<Personal<Attachments>> attachments;
  Personal<Preview> preview;  ///< under the requester's
  Instant at;
  std::optional<Instant> first_response_due;  ///< set where this message starts the first-response target
  std::vector<AttachmentId> files;            ///< of `attachments`
  bool operator==(const MessageReceived&) const = default;
  void each_personal(auto&& visit) {
    visit(content);
    if (attachments) visit(*attachments);
    visit(preview);
  }
};
/// Somebody other than the requester wrote here for the first time.
struct ParticipantJoined {
  ReferenceId participant;
  Personal<Identity> identity;
  Instant at;
  bool operator==(const ParticipantJoined&) const = default;
  void each_personal(auto&& visit) { visit(identity); }
};
/// An agent's answer: public. Sealed under the requester's reference.
struct Replied {
  MessageId id;
  AgentId agent;  ///< zero where a program answered
  Channel channel;
  Personal<MessageContent> content;
  std::optional<Personal<Attachments>> attachments;
  Personal<Preview> preview;
  Instant at;
  std::vector<AttachmentId> files;  ///< of `attachments`
  bool operator==(const Replied&) const = default;
  void each_personal(auto&& visit) {
    visit(content);
    if (attachments) visit(*attachments);
    visit(preview);
  }
};
struct NoteAdded {
  MessageId id;
  AgentId agent;
  Personal<MessageContent> content;
  std::optional<Personal<Attachments>> attachments;
  Instant at;
  std::vector<AttachmentId> files;  ///< of `attachments`
  std::vector<AgentId> mentions;
  bool operator==(const NoteAdded&) const = default;
  void each_personal(auto&& visit) {
    visit(content);
    if (attachments) visit(*attachments);
  }
};
using Reason = std::optional<Personal<std::string>>;
struct Assigned {
  AgentId agent;
  QueueId queue;
  bool claimed;  ///< the agent took it
  Reason reason;
  Instant at;
  bool operator==(const Assigned&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct Unassigned {
  AgentId agent;
  Reason reason;
  Instant at;
  bool operator==(const Unassigned&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct QueueChanged {
  QueueId from, to;
  Reason reason;
  Instant at;
  bool operator==(const QueueChanged&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct Snoozed {
  Instant until;
  Reason reason;
  Instant at;
  bool operator==(const Snoozed&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
/// The snooze ended at its own instant.
struct Woken {
  Instant at;
  bool operator==(const Woken&) const = default;
};
struct WaitStarted {
  WaitFor on;
  Reason reason;
  Instant at;
  bool operator==(const WaitStarted&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct Resolved {
  AgentId agent;
  std::optional<Instant> closes_at;  ///< auto-close
  Instant reopens_until;             ///< a customer's message up to here reopens
  Reason reason;
  Instant at;
  bool operator==(const Resolved&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct Reopened {
  std::uint32_t episode;
  bool by_customer;
  Reason reason;
  Instant at;
  bool operator==(const Reopened&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct Closed {
  bool automatic;
  Reason reason;
  Instant at;
  bool operator==(const Closed&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct PriorityChanged {
  Priority from, to;
  Instant at;
  bool operator==(const PriorityChanged&) const = default;
};
struct TagsChanged {
  std::vector<TagId> added, removed;
  Instant at;
  bool operator==(const TagsChanged&) const = default;
};
/// `at` is the deadline itself, not the moment somebody noticed.
struct FirstResponseBreached {
  Instant at;
  bool operator==(const FirstResponseBreached&) const = default;
};
/// A reply, resolution or closing dated before the deadline came to light after the breach. Both stay on record.
struct BreachWithdrawn {
  Instant due;
  Instant at;
  bool operator==(const BreachWithdrawn&) const = default;
};

/// Handed on to another queue, agent or team. Whoever held it holds it no more, unless named again.
struct Transferred {
  QueueId from_queue, to_queue;
  AgentId from_agent, to_agent;
  TeamId from_team, to_team;
  Reason reason;
  Instant at;
  bool operator==(const Transferred&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
/// Somebody with more say is wanted; it stays escalated until it is resolved or closed. It may move to a queue or an agent.
struct Escalated {
  QueueId from_queue, to_queue;
  AgentId from_agent, to_agent;
  Reason reason;
  Instant at;
  bool operator==(const Escalated&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
struct TypeChanged {
  TypeId from, to;  ///< zero: none
  Instant at;
  bool operator==(const TypeChanged&) const = default;
};
/// The agents' own words for what it is about; none: they said to take them away.
struct SubjectLineChanged {
  std::optional<Personal<std::string>> line;
  Personal<Preview> preview;
  Instant at;
  bool operator==(const SubjectLineChanged&) const = default;
  void each_personal(auto&& visit) {
    if (line) visit(*line);
    visit(preview);
  }
};

struct NumberValue {
  std::int64_t ten_thousandths = 0;
  bool operator==(const NumberValue&) const = default;
};
struct DateValue {
  std::int32_t days = 0;  ///< since 1970-01-01
  bool operator==(const DateValue&) const = default;
};
/// In the order of FieldKind; the first: nothing. A text is personal, under the requester's reference.
using FieldValue =
    std::variant<std::monostate, Personal<std::string>, NumberValue, DateValue, ChoiceId, bool>;
struct FieldEntry {
  FieldId field;
  FieldValue value;
  bool operator==(const FieldEntry&) const = default;
};
struct FieldsChanged {
  std::vector<FieldEntry> changes;  ///< a value of nothing takes the field away
  Instant at;
  bool operator==(const FieldsChanged&) const = default;
  void each_personal(auto&& visit) {
    for (FieldEntry& change : changes)
      if (auto* text = std::get_if<Personal<std::string>>(&change.value)) visit(*text);
  }
};
/// Within the same base state.
struct SubStateChanged {
  SubStateId from, to;  ///< zero: the base state alone
  Instant at;
  bool operator==(const SubStateChanged&) const = default;
};
struct SpamMarked {
  AgentId agent;
  Instant at;
  bool operator==(const SpamMarked&) const = default;
};
/// A mistake, or a customer after all: it is open. Whoever waited has waited all along.
struct SpamUnmarked {
  AgentId agent;
  std::optional<Instant> unanswered_since;
  std::optional<Instant> first_response_due;  ///< set where the promise runs on
  Instant at;
  bool operator==(const SpamUnmarked&) const = default;
};
/// The customer waits for no answer: ends the unanswered turn, and the promise of a first response, without meeting it.
struct NoReplyNeeded {
  AgentId agent;
  Reason reason;
  Instant at;
  bool operator==(const NoReplyNeeded&) const = default;
  void each_personal(auto&& visit) {
    if (reason) visit(*reason);
  }
};
/// The message's capsules, and every preview since, are destroyed; that it was written, when and by whom stays.
struct MessageRedacted {
  MessageId message;
  std::uint64_t of = 0;  ///< the version of the event that brought it
  AgentId agent;
  std::optional<Personal<Preview>> preview;  ///< without its words
  Reason reason;
  Instant at;
  bool operator==(const MessageRedacted&) const = default;
  void each_personal(auto&& visit) {
    if (preview) visit(*preview);
    if (reason) visit(*reason);
  }
};
/// What the customer thought of an episode. A later answer of the same kind corrects the earlier; both stay on record.
struct Rated {
  RatingKind kind;
  std::uint8_t score;
  std::optional<std::uint8_t> corrects;  ///< the score before
  std::uint32_t episode;
  QueueId queue;
  AgentId agent;  ///< who resolved the episode, else who holds it
  Reason comment;
  Instant at;
  bool operator==(const Rated&) const = default;
  void each_personal(auto&& visit) {
    if (comment) visit(*comment);
  }
};

/// It is somebody's turn here: neither waiting for others nor asleep.
[[nodiscard]] constexpr bool is_to_do(Phase phase) { return phase == Phase::fresh || phase == Phase::open; }

enum class FirstResponse : std::uint8_t { none = 0, running = 1, met = 2, breached = 3, withdrawn = 4 };

/// What may be undone. Stored: only add.
enum class Act : std::uint8_t {
  none = 0,
  resolved = 1,
  closed = 2,
  snoozed = 3,
  waiting = 4,
  assigned = 5,
  unassigned = 6,
  transferred = 7,
  escalated = 8,
  priority_changed = 9,
  type_changed = 10,
  tags_changed = 11,
  fields_changed = 12,
  spam_marked = 13,
  spam_unmarked = 14,
  sub_state_changed = 15,
};
[[nodiscard]] std::string_view to_text(Act act);

/// The parts of a conversation that acts change. A set.
enum class Part : std::uint8_t {
  none = 0,
  phase = 1,
  holder = 2,
  priority = 4,
  type = 8,
  tags = 16,
  fields = 32
};
[[nodiscard]] constexpr Part operator|(Part a, Part b) {
  return static_cast<Part>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
[[nodiscard]] constexpr bool has(Part set, Part one) {
  return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one)) != 0;
}

/// Those parts as they were before an act; `parts` says which of these count.
struct Before {
  Part parts = Part::none;
  // phase
  Phase phase = Phase::absent;
  SubStateId sub_state;
  Instant snoozed_until, closes_at, reopens_until;
  std::optional<Instant> unanswered_since;
  FirstResponse first_response = FirstResponse::none;
  Instant first_response_due;
  bool escalated = false;
  // holder
  QueueId queue;
  AgentId agent;
  TeamId team;
  // the others
  Priority priority = Priority::none;
  TypeId type;
  std::vector<TagId> tags_added, tags_removed;  ///< what leads back
  std::vector<FieldEntry> fields;               ///< likewise
  bool operator==(const Before&) const = default;
};
/// An act was undone: what it changed is again as it was. The act stays on record.
struct Undone {
  Act act = Act::none;
  EnvelopeId envelope;  ///< the act's
  AgentId agent;        ///< who had done it, and undoes it
  Instant done_at;      ///< when the act happened
  Before before;
  Instant at;
  bool operator==(const Undone&) const = default;
  void each_personal(auto&& visit) {
    for (FieldEntry& entry : before.fields)
      if (auto* text = std::get_if<Personal<std::string>>(&entry.value)) visit(*text);
  }
};

using Event = std::variant<Opened, MessageReceived, ParticipantJoined, Replied, NoteAdded, Assigned,
                           Unassigned, QueueChanged, Snoozed, Woken, WaitStarted, Resolved, Reopened, Closed,
                           PriorityChanged, TagsChanged, FirstResponseBreached, BreachWithdrawn, Transferred,
                           Escalated, TypeChanged, SubjectLineChanged, FieldsChanged, SubStateChanged,
                           SpamMarked, SpamUnmarked, NoReplyNeeded, MessageRedacted, Rated, Undone>;

/// A reversible act of late. One that something else has overtaken can't be undone; then `before` is empty.
struct Done {
  Act act = Act::none;
  Actor by;
  EnvelopeId envelope;
  Instant recorded_at;
  Instant at;
  Part parts = Part::none;  ///< that it changed
  bool overtaken = false;
  Before before;
  bool operator==(const Done&) const = default;
};
inline constexpr std::size_t acts_kept_max = 8;

/// The ratings of an episode, by kind.
using Scores = std::array<std::optional<std::uint8_t>, 4>;

/// Only what the decisions below read.
struct State {
  Phase phase = Phase::absent;
  std::uint64_t number = 0;  ///< the ticket number, for answers
  ReferenceId requester;
  std::vector<ReferenceId> participants;
  Channel channel = Channel::none;
  StoreId store;
  QueueId queue;
  AgentId agent;  ///< zero: nobody
  Priority priority = Priority::none;
  std::vector<TagId> tags;
  std::uint32_t episode = 0;
  FirstResponse first_response = FirstResponse::none;
  Instant first_response_due;
  Instant snoozed_until;
  Instant closes_at;  ///< zero: it does not close by itself
  Instant reopens_until;
  bool customer_wrote_in_episode = false;
  bool answered_in_episode = false;  ///< by a person, after the customer wrote
  std::optional<Sealed> preview;     ///< the last one; what the next is made from
  TeamId team;
  TypeId type;
  SubStateId sub_state;
  bool escalated = false;
  std::vector<FieldEntry> fields;  ///< by field; none of nothing
  std::optional<Instant>
      unanswered_since;  ///< the oldest customer message without an answer; kept while it is spam
  Instant last_received_at;
  AgentId resolved_by;  ///< in this episode
  Scores scores;        ///< of this episode
  std::vector<MessageId> redacted;
  std::vector<Done> acts;             ///< the latest reversible ones, oldest first
  Version version = 0;                ///< of the stream: each event counts
  Version message_version = 0;        ///< of the last message or note
  Language language = Language::und;  ///< the first that a message was in
  Instant opened_at;
  bool operator==(const State&) const = default;
};

/// Who did it, and in which envelope: what stands around an event.
struct Doing {
  Actor by;
  EnvelopeId envelope;                 ///< zero where it is not known yet
  std::optional<Instant> recorded_at;  ///< none: when it happened
};
[[nodiscard]] State evolve(State state, const Event& event, const Doing& doing = {});

/// The last reversible act of `by` that is kept, overtaken or not; null where there is none.
[[nodiscard]] const Done* last_act(const State& state, const Actor& by);
/// Until when an act may be undone.
inline constexpr std::int64_t undo_ms_max = 10 * 60'000;

/// A command due at an instant. At most one of a kind a stream.
enum class TimerKind : std::uint8_t {
  none = 0,
  snooze = 1,
  auto_close = 2,
  first_response = 3,
  offer = 16 /* routing's */
};
struct Timer {
  TimerKind kind = TimerKind::none;
  Instant due;
  auto operator<=>(const Timer&) const = default;
};
/// The timers that `state` asks for: the runtime keeps exactly these.
[[nodiscard]] std::vector<Timer> timers(const State& state);

// Commands: what a decision needs is in the command, the time and the adopted settings included.
inline constexpr std::size_t text_bytes_max = 512 * 1024;
inline constexpr std::size_t participants_max = 200;
inline constexpr std::size_t tags_on_conversation_max = 100;
inline constexpr std::size_t fields_on_conversation_max = 50;
inline constexpr std::size_t mentions_max = 50;  ///< in one note
inline constexpr std::size_t redacted_max = 1000;
inline constexpr std::size_t field_text_bytes_max = 4000;
inline constexpr std::int64_t field_number_max =
    900'000'000'000;  ///< either way, so that JSON holds it exactly
inline constexpr std::size_t subject_line_bytes_max = 1000;
inline constexpr std::size_t comment_bytes_max = 16 * 1024;

struct Open {
  ReferenceId requester;
  Channel channel = Channel::none;
  Identity identity;
  StoreId store;
  Language language = Language::und;
  Priority priority = Priority::normal;
  QueueId queue;
  std::uint64_t number = 0;
  bool by_agent = false;
  Instant at;
};
/// A customer's message. `author` is a reference known here, or a fresh one of a participant, whose identity then comes along.
struct Receive {
  MessageId id;
  ReferenceId author;
  std::optional<Identity> joins;
  Channel channel = Channel::none;
  Language language = Language::und;
  MessageContent content;
  Attachments attachments;
  Preview preview;  ///< as it will be shown from now on
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct Reply {
  MessageId id;
  AgentId agent;
  Channel channel = Channel::none;  ///< none: the conversation's
  MessageContent content;
  Attachments attachments;
  Preview preview;
  Instant at;
  /// The version its writer had seen: refused ("conversation.changed_since") where a message or note came after it.
  std::optional<Version> seen{};
};
struct Note {
  MessageId id;
  AgentId agent;
  MessageContent content;
  Attachments attachments;
  Instant at;
  std::vector<AgentId> mentions{};
  const adoption::Body* adopted = nullptr;
};
/// To an agent, to a queue, or both; `claimed` where the agent takes it and nobody else may hold it.
struct Assign {
  AgentId agent;
  QueueId queue;
  bool claimed = false;
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
  /// Routing chose: only while it is to do in that queue and nobody has it.
  bool by_rule = false;
};
struct Unassign {
  std::string reason;
  Instant at;
};
// What leads to another state may name one of its sub-states; the workspace's transitions say whether it may be.
struct Snooze {
  Instant until;
  std::string reason;
  Instant at;
  SubStateId sub_state{};
  const adoption::Body* adopted = nullptr;
};
struct Wait {
  WaitFor on = WaitFor::none;
  std::string reason;
  Instant at;
  SubStateId sub_state{};
  const adoption::Body* adopted = nullptr;
};
struct Resolve {
  AgentId agent;
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
  SubStateId sub_state{};
};
struct Reopen {
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct Close {
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct SetPriority {
  Priority priority = Priority::none;
  Instant at;
};
struct ChangeTags {
  std::vector<TagId> add, remove;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
/// At least one of the three; without an agent nobody holds it from then on.
struct Transfer {
  QueueId queue;
  AgentId agent;
  TeamId team;
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct Escalate {
  QueueId queue;
  AgentId agent;
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct SetType {
  TypeId type;  ///< zero: none
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct SetSubjectLine {
  std::string line;  ///< empty: none of the agents' own
  Preview preview;   ///< as it will be shown from now on
  Instant at;
};
/// Texts are in the clear, their reference is filled in by the decision.
struct SetFields {
  std::vector<FieldEntry> changes;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct SetSubState {
  SubStateId sub_state;  ///< zero: the base state alone
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct MarkSpam {
  AgentId agent;
  Instant at;
};
struct UnmarkSpam {
  AgentId agent;
  Instant at;
};
struct EndTurn {
  AgentId agent;
  std::string reason;
  Instant at;
};
struct Redact {
  MessageId message;
  AgentId agent;
  std::string reason;
  Instant at;
  std::uint64_t of = 0;  ///< the version of the event that brought it; 0: there is no such message here
  std::optional<Preview> preview;  ///< without its words; none where there is nothing to show
};
/// The lowest and the highest score of a kind.
[[nodiscard]] std::pair<std::int64_t, std::int64_t> score_range(RatingKind kind);
struct Rate {
  RatingKind kind = RatingKind::none;
  std::int64_t score = 0;
  std::string comment;
  Instant at;
};
/// Undoes the last reversible act of `by`.
struct Undo {
  Actor by;
  AgentId agent;
  Instant at;
  std::vector<FieldEntry>
      texts{};  ///< what the act's `before` holds sealed, in the clear; what is erased is missing
};
/// A timer is due. Its deadline is the state's own; one that is no longer asked for changes nothing.
struct Tick {
  Timer timer;
};

using Command =
    std::variant<Open, Receive, Reply, Note, Assign, Unassign, Snooze, Wait, Resolve, Reopen, Close,
                 SetPriority, ChangeTags, Tick, Transfer, Escalate, SetType, SetSubjectLine, SetFields,
                 SetSubState, MarkSpam, UnmarkSpam, EndTurn, Redact, Rate, Undo>;
/// No events: already so. Refusals: "conversation.not_found", "conversation.closed", and those in conversation*.cc.
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Command& command);

}  // namespace parlance::conversation
