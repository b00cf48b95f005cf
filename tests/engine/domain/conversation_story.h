#pragma once
#include <optional>
#include <string>

#include "engine/domain/conversation.h"

/// The people, queues and events that the conversation's tests tell their stories with.
namespace parlance::conversation::story {

template <class AnId> constexpr AnId named(std::uint64_t n) { return AnId{{n, n}}; }

inline constexpr auto ada = named<ReferenceId>(1);  ///< the requester
inline constexpr auto bob = named<ReferenceId>(2);  ///< joins in
inline constexpr auto kim = named<AgentId>(11);
inline constexpr auto lee = named<AgentId>(12);
inline constexpr auto stranger = named<AgentId>(19);
inline constexpr AgentId program{};
inline constexpr auto billing = named<QueueId>(21);
inline constexpr auto returns = named<QueueId>(22);
inline constexpr auto no_such_queue = named<QueueId>(29);
inline constexpr auto vip = named<TagId>(31);
inline constexpr auto fraud = named<TagId>(32);
inline constexpr auto no_such_tag = named<TagId>(39);
inline constexpr auto shop = named<StoreId>(41);
inline constexpr auto message = named<MessageId>(51);
inline constexpr auto complaint = named<TypeId>(61);
inline constexpr auto no_such_type = named<TypeId>(69);
inline constexpr auto order = named<FieldId>(71);    ///< a text
inline constexpr auto amount = named<FieldId>(72);   ///< a number
inline constexpr auto outcome = named<FieldId>(73);  ///< a choice
inline constexpr auto refund = named<ChoiceId>(74);
inline constexpr auto no_such_field = named<FieldId>(79);
inline constexpr auto at_customs = named<SubStateId>(81);  ///< of waiting for a third party
inline constexpr auto doubted = named<SubStateId>(82);     ///< of open
inline constexpr auto no_such_sub_state = named<SubStateId>(89);
inline constexpr auto second_level = named<TeamId>(91);

inline constexpr std::int64_t minute_ms = 60'000;
/// So many minutes into the story.
constexpr Instant at(std::int64_t minutes) { return {1'764'000'000'000 + minutes * minute_ms}; }

/// A first response within an hour, closed a day after resolving, reopened within a week.
inline constexpr std::int64_t hour_ms = 60 * minute_ms;
inline const adoption::Body& adopted() {
  static const adoption::Body body{
      .settings_version = 1,
      .desk_version = 1,
      .policy = {.first_response_ms = hour_ms,
                 .auto_close_ms = 24 * hour_ms,
                 .reopen_window_ms = 168 * hour_ms},
      .tags = {{vip, "vip"}, {fraud, "fraud"}},
      .queues = {{billing, "billing"}, {returns, "returns"}},
      .agents = {kim, lee},
      .types = {{complaint, "complaint", false}},
      .fields = {{order, "order", FieldKind::text, {}, false, false},
                 {amount, "amount", FieldKind::number, {}, false, false},
                 {outcome, "outcome", FieldKind::choice, {{refund, "refund", false}}, false, false}},
      .sub_states = {{at_customs, "at customs", Phase::waiting_third_party, false},
                     {doubted, "doubted", Phase::open, false}},
      .transitions = std::nullopt,
      .teams = {{second_level, "second level"}}};
  return body;
}
inline const adoption::Body& adopted_without_targets() {
  static const adoption::Body body = [] {
    adoption::Body b = adopted();
    b.policy = {};
    return b;
  }();
  return body;
}

inline Identity identity() {
  return {.channel = Channel::email, .address = "ada@example.org", .name = "Ada"};
}
inline MessageContent words() { return {.text = "Where is my parcel?"}; }
inline Preview preview() { return {"Ada", "Parcel", "Where is my parcel?", "shop"}; }
inline Personal<MessageContent> under(ReferenceId reference) {
  return {words(), reference, FieldClass::content};
}
inline Reason because(const std::string& text) {
  return Personal<std::string>(text, ada, FieldClass::content);
}

// ---- events ----

inline Opened opened(Instant when = at(0), bool by_agent = false) {
  return {ada,
          Channel::email,
          shop,
          parse_language("de"),
          Priority::normal,
          billing,
          256,
          by_agent,
          Personal<Identity>(identity(), ada, FieldClass::contact),
          when};
}
inline MessageReceived received(Instant when, std::optional<Instant> due = std::nullopt,
                                ReferenceId author = ada) {
  return {message,
          author,
          Channel::email,
          parse_language("de"),
          under(author),
          std::nullopt,
          Personal<Preview>(preview(), ada, FieldClass::content),
          when,
          due};
}
inline ParticipantJoined joined(Instant when) {
  return {bob, Personal<Identity>(identity(), bob, FieldClass::contact), when};
}
inline Replied replied(AgentId agent, Instant when) {
  return {message,    agent,        Channel::email,
          under(ada), std::nullopt, Personal<Preview>(preview(), ada, FieldClass::content),
          when};
}
inline NoteAdded noted(Instant when) { return {message, kim, under(ada), std::nullopt, when, {}}; }
inline Assigned assigned(AgentId agent, Instant when, QueueId queue = billing) {
  return {agent, queue, false, std::nullopt, when};
}
inline Snoozed snoozed(Instant until, Instant when) { return {until, std::nullopt, when}; }
inline WaitStarted waiting(WaitFor on, Instant when) { return {on, std::nullopt, when}; }
/// Under adopted().
inline Resolved resolved(Instant when) {
  return {kim, when + 24 * hour_ms, when + 168 * hour_ms, std::nullopt, when};
}
inline Reopened reopened(std::uint32_t episode, bool by_customer, Instant when) {
  return {episode, by_customer, std::nullopt, when};
}
inline Closed closed(Instant when, bool automatic = false) { return {automatic, std::nullopt, when}; }

// ---- commands ----

inline Receive receive(Instant when, const adoption::Body* body = &adopted()) {
  return {message, ada, std::nullopt, Channel::email, parse_language("de"),
          words(), {},  preview(),    when,           body};
}
inline Reply reply(AgentId agent, Instant when) {
  return {message, agent, Channel::none, words(), {}, preview(), when};
}
inline Note note(Instant when) { return {message, kim, words(), {}, when}; }
inline Assign assign(AgentId agent, Instant when, QueueId queue = {}) {
  return {agent, queue, false, {}, when, &adopted()};
}
inline Assign claim(AgentId agent, Instant when) { return {agent, {}, true, {}, when, &adopted()}; }
inline Resolve resolve(Instant when) { return {kim, {}, when, &adopted()}; }
inline ChangeTags change_tags(std::vector<TagId> add, std::vector<TagId> remove, Instant when) {
  return {std::move(add), std::move(remove), when, &adopted()};
}

/// An open conversation whose first answer is due an hour after its start.
inline std::vector<Event> asked() { return {opened(), received(at(0), at(60))}; }
inline std::vector<Event> asked_and(std::initializer_list<Event> more) {
  std::vector<Event> out = asked();
  out.insert(out.end(), more);
  return out;
}

}  // namespace parlance::conversation::story
