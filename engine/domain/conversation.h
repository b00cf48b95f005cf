#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/adoption.h"
#include "engine/domain/personal.h"
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

using Event = std::variant<Opened, MessageReceived, ParticipantJoined, Replied, NoteAdded, Assigned,
                           Unassigned, QueueChanged, Snoozed, Woken, WaitStarted, Resolved, Reopened, Closed,
                           PriorityChanged, TagsChanged, FirstResponseBreached, BreachWithdrawn>;

/// Stored: only add.
enum class Phase : std::uint8_t {
  absent = 0,
  fresh = 1 /* "new" */,
  open = 2,
  waiting_customer = 3,
  waiting_third_party = 4,
  snoozed = 5,
  resolved = 6,
  closed = 7,
};
[[nodiscard]] std::string_view to_text(Phase phase);
[[nodiscard]] std::optional<Phase> parse_phase(std::string_view text);
/// Work is still to be done: neither resolved nor closed.
[[nodiscard]] constexpr bool is_active(Phase phase) {
  return phase >= Phase::fresh && phase <= Phase::snoozed;
}

enum class FirstResponse : std::uint8_t { none = 0, running = 1, met = 2, breached = 3, withdrawn = 4 };

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
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);

/// A command due at an instant. At most one of a kind a stream.
enum class TimerKind : std::uint8_t { none = 0, snooze = 1, auto_close = 2, first_response = 3 };
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
};
struct Note {
  MessageId id;
  AgentId agent;
  MessageContent content;
  Attachments attachments;
  Instant at;
};
/// To an agent, to a queue, or both; `claimed` where the agent takes it and nobody else may hold it.
struct Assign {
  AgentId agent;
  QueueId queue;
  bool claimed = false;
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct Unassign {
  std::string reason;
  Instant at;
};
struct Snooze {
  Instant until;
  std::string reason;
  Instant at;
};
struct Wait {
  WaitFor on = WaitFor::none;
  std::string reason;
  Instant at;
};
struct Resolve {
  AgentId agent;
  std::string reason;
  Instant at;
  const adoption::Body* adopted = nullptr;
};
struct Reopen {
  std::string reason;
  Instant at;
};
struct Close {
  std::string reason;
  Instant at;
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
/// A timer is due. Its deadline is the state's own; one that is no longer asked for changes nothing.
struct Tick {
  Timer timer;
};

using Command = std::variant<Open, Receive, Reply, Note, Assign, Unassign, Snooze, Wait, Resolve, Reopen,
                             Close, SetPriority, ChangeTags, Tick>;
/// No events: already so. Refusals: "conversation.not_found", "conversation.closed", and those in conversation.cc.
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Command& command);

}  // namespace parlance::conversation
