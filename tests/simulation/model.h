#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/engine.h"
#include "schemas/envelope.h"
#include "tests/simulation/ledger.h"

namespace parlance::simulation {

/// A naive second opinion: plain maps, fed with what the log accepted in the order in which it became durable, and with
/// what the clients had asked for. It knows neither the deciders nor the fold store. Whatever an envelope holds must follow
/// from what was asked and from what the model holds by then.
class Model {
 public:
  struct Item {
    char kind;  ///< 'm'essage, 'r'eply, 'n'ote
    std::string text;
    bool erased = false;  ///< or redacted
    std::string order{};  ///< that the message names, or none
  };
  struct Conversation {
    conversation::Phase phase = conversation::Phase::fresh;
    AgentId owner;
    QueueId queue;
    Priority priority = Priority::normal;
    std::set<TagId> tags;
    std::uint32_t episode = 1;
    std::uint64_t number = 0;
    Version version = 0;
    Channel channel{};
    StoreId store;
    ReferenceId requester;
    std::vector<ReferenceId> participants;
    std::vector<Item> items;
    std::map<MessageId, std::pair<Version, Sealed>> messages;
    Instant snoozed_until, closes_at, reopens_until, response_due;
    conversation::FirstResponse response{};
    bool customer_wrote = false, answered = false;
    std::optional<Moment> closed_at;
    TeamId team;
    TypeId type;
    bool escalated = false;
    bool imported = false;  ///< its timers run by the lines of an import, for a time
    std::map<RatingKind, std::uint8_t> scores;
    std::set<FieldId> fields;
    std::map<EnvelopeId, std::shared_ptr<const Conversation>> before;  ///< each act, as it was then
  };
  /// What routing offers, until when.
  using Offered = std::map<std::pair<AgentId, ConversationId>, std::pair<Instant, QueueId>>;

  /// `clocks_right`: nobody set a clock in this run, so recorded_at says when a decision was made.
  Model(const Ledger& ledger, KeyService& keys, Door& door, WorkspaceId workspace,
        std::vector<PartitionId> partition_of_slot, bool clocks_right)
      : ledger_(ledger),
        keys_(keys),
        door_(door),
        workspace_(workspace),
        partition_of_slot_(std::move(partition_of_slot)),
        clocks_right_(clocks_right) {}

  /// Throws Violation.
  void accepted(PartitionId partition, const Envelope& envelope, Moment at);

  [[nodiscard]] const std::map<ConversationId, Conversation>& conversations() const { return conversations_; }
  /// How often the command of an intent was accepted, and when.
  [[nodiscard]] const std::map<std::size_t, std::vector<Moment>>& done() const { return done_; }
  [[nodiscard]] std::size_t timers_fired() const { return timers_fired_; }
  /// All that was accepted was told: nothing is redacted but what somebody redacted. Throws Violation.
  void ended() const;

 private:
  struct Known {
    ConversationId conversation;
    Channel channel{};
    StoreId store;
    bool operator==(const Known&) const = default;
  };
  /// What an envelope is about, as far as a client asked for it.
  struct Cause {
    const Intent* intent = nullptr;
    enum class Kind { none, itself, forward, fall_back, link, person } kind = Kind::none;
  };
  using Address = std::pair<Channel, std::string>;
  struct Owner {
    SubjectId person;
    ReferenceId reference;
  };

  Cause cause_of(const Envelope& envelope);
  void on(const Envelope& envelope, const StreamEvent& event, const conversation::Event& body,
          const Cause& cause);
  void on_door(const Envelope& envelope, const intake::Event& body, const Cause& cause);
  void on_routing(const Envelope& envelope, const StreamEvent& event, const routing::Event& body);
  void on_draft(const draft::Event& body, const Cause& cause);
  void undo(Conversation& c, const conversation::Undone& e, const std::string& name);
  void on_person(const Envelope& envelope, const StreamEvent& event, const subject::Event& body,
                 const Cause& cause);
  void remember(Slot door, const Arrive& arrive);
  void message_went(const Envelope& envelope, const Cause& cause);
  void knows(Slot door, const Owner& owner, const Known& known);
  Owner person_of(const Personal<Identity>& identity);
  std::string text_of(const Personal<MessageContent>& content);
  void opens(const StreamEvent& event);
  /// Whether its words are gone, with their author or alone.
  [[nodiscard]] bool gone(const Sealed& content) const {
    return erased(content.reference) || gone_.contains(content.capsule);
  }
  [[nodiscard]] bool erased(ReferenceId reference) const { return ledger_.destroyed.contains(reference); }
  [[nodiscard]] bool active(const Conversation& c) const { return conversation::is_active(c.phase); }

  const Ledger& ledger_;
  KeyService& keys_;
  Door& door_;
  WorkspaceId workspace_;
  std::vector<PartitionId> partition_of_slot_;
  bool clocks_right_;

  std::map<ConversationId, Conversation> conversations_;
  std::map<Address, Owner> addresses_;
  std::map<std::pair<Slot, SubjectId>, std::vector<Known>> known_;
  std::map<CommandId, std::vector<ConversationId>>
      to_link_;                                     ///< what a person's new address brings to its door
  std::map<PartitionId, settings::Policy> policy_;  ///< as adopted
  std::map<PartitionId, std::vector<adoption::Queue>> queues_;
  std::map<PartitionId, std::pair<Version, Version>> adopted_;
  std::vector<settings::Policy> policies_{settings::Policy{}};  ///< by version of the settings
  std::map<Slot, std::uint64_t> numbered_;
  std::map<std::size_t, std::vector<Moment>> done_;
  std::map<std::size_t, ConversationId> went_to_;  ///< messages, by intent
  std::map<CommandId, std::pair<std::size_t, Cause::Kind>> derived_;
  std::map<StreamId, Version> versions_;
  std::map<PartitionId, Instant> recorded_;
  std::map<SubjectId, Version> persons_;
  Offered offered_;
  std::set<CapsuleId> gone_;      ///< contents that were found redacted
  std::set<CapsuleId> redacted_;  ///< by those that somebody asked for
  std::size_t timers_fired_ = 0;
  Moment now_ = 0;
  bool only_timers_so_far_ = true;  ///< in the envelope that is being judged
  // As it was before the envelope that is being judged.
  std::map<ConversationId, Conversation> before_;
  std::optional<Owner> owner_before_;
  std::vector<Known> known_before_;
};

}  // namespace parlance::simulation
