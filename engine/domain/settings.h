#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/personal.h"
#include "engine/domain/phase.h"
#include "engine/domain/vocabulary.h"

/// A workspace's settings: policies and vocabulary as data. Decided in the workspace's own stream; every partition then
/// adopts the whole body (see adoption.h), and decisions use only what their own partition has adopted.
namespace parlance::settings {

/// Durations are milliseconds; none = the thing does not happen.
struct Policy {
  std::optional<std::int64_t> first_response_ms;  ///< target, plain calendar time
  std::optional<std::int64_t> auto_close_ms;      ///< after resolving
  std::int64_t reopen_window_ms =
      7 * 86'400'000LL;  ///< a customer's message this soon after resolving reopens
  bool operator==(const Policy&) const = default;
};
inline constexpr std::int64_t duration_ms_max = 3650LL * 86'400'000;

// Words of the administrator's, with the ids that headers use for them. One that is retired keeps its name, for what it
// was given to before, and is given to nothing more.

struct Tag {
  TagId id;
  std::string name;
  bool operator==(const Tag&) const = default;
};
/// What a conversation is about.
struct Type {
  TypeId id;
  std::string name;
  bool retired = false;
  bool operator==(const Type&) const = default;
};
struct Choice {
  ChoiceId id;
  std::string name;
  bool retired = false;
  bool operator==(const Choice&) const = default;
};
/// What agents may note of a conversation beyond its text.
struct Field {
  FieldId id;
  std::string name;
  FieldKind kind = FieldKind::none;  ///< never changes
  std::vector<Choice> choices;       ///< of a choice
  bool required_to_resolve = false;
  bool retired = false;
  bool operator==(const Field&) const = default;
};
/// A finer place within one of the base states.
struct SubState {
  SubStateId id;
  std::string name;
  conversation::Phase state = conversation::Phase::absent;  ///< never changes
  bool retired = false;
  bool operator==(const SubState&) const = default;
};
/// A base state with all its sub-states, or one sub-state alone.
struct Place {
  conversation::Phase state = conversation::Phase::absent;  ///< absent where a sub-state is named
  SubStateId sub_state;
  bool operator==(const Place&) const = default;
};
struct Transition {
  Place from, to;
  bool operator==(const Transition&) const = default;
};
/// None: every move is allowed.
using Transitions = std::optional<std::vector<Transition>>;
/// An answer that is written once. Those of one name are its variants by language.
struct CannedReply {
  CannedReplyId id;
  std::string name;
  Language language = Language::und;
  std::string shortcut;  ///< what an agent types for it; may be empty
  std::string text;  ///< with {{customer.name}}, {{ticket.number}} and {{agent.name}} for what is filled in
  bool retired = false;
  bool operator==(const CannedReply&) const = default;
};
/// A list that somebody looks at again and again, alone or shared with all. Its words lie sealed under its owner's own row: a name is
/// an agent's words, and a filter may name a customer's order.
struct SavedView {
  ViewId id;
  AgentId owner;
  bool shared = false;
  ViewOrder order = ViewOrder::none;
  Sealed name, filter;
  bool operator==(const SavedView&) const = default;
};
inline constexpr std::size_t tags_max = 1000;
inline constexpr std::size_t types_max = 500;
inline constexpr std::size_t fields_max = 100;
inline constexpr std::size_t choices_max = 200;
inline constexpr std::size_t sub_states_max = 100;
inline constexpr std::size_t transitions_max = 2000;
inline constexpr std::size_t canned_replies_max = 500;
inline constexpr std::size_t views_max = 2000;
inline constexpr std::size_t views_of_agent_max = 100;
inline constexpr std::size_t view_filter_bytes_max = 2048;
inline constexpr std::size_t name_bytes_max = 200;
inline constexpr std::size_t shortcut_bytes_max = 50;
inline constexpr std::size_t canned_text_bytes_max = 8000;

struct PolicyChanged {
  Policy policy;
  bool operator==(const PolicyChanged&) const = default;
};
struct TagAdded {
  TagId id;
  std::string name;
  bool operator==(const TagAdded&) const = default;
};
// What is defined takes the place of what had the same id.
struct TypeDefined {
  Type type;
  bool operator==(const TypeDefined&) const = default;
};
struct FieldDefined {
  Field field;
  bool operator==(const FieldDefined&) const = default;
};
struct SubStateDefined {
  SubState sub_state;
  bool operator==(const SubStateDefined&) const = default;
};
struct TransitionsChanged {
  Transitions transitions;
  bool operator==(const TransitionsChanged&) const = default;
};
struct CannedReplyDefined {
  CannedReply reply;
  bool operator==(const CannedReplyDefined&) const = default;
};
/// A view as it is from now on.
struct ViewSaved {
  ViewId id;
  AgentId owner;
  bool shared = false;
  ViewOrder order = ViewOrder::none;
  Personal<std::string> name, filter;
  bool operator==(const ViewSaved&) const = default;
  void each_personal(auto&& visit) {
    visit(name);
    visit(filter);
  }
};
struct ViewRemoved {
  ViewId id;
  bool operator==(const ViewRemoved&) const = default;
};
/// A history is being brought in from elsewhere. What its commands touch runs on their times instead of the clock's until it is
/// closed, so that no ten-year-old promise breaks before the line that kept it is read.
struct ImportOpened {
  ImportId id;
  bool operator==(const ImportOpened&) const = default;
};
struct ImportClosed {
  ImportId id;
  bool operator==(const ImportClosed&) const = default;
};
inline constexpr std::size_t imports_max = 16;  ///< open at once
using Event =
    std::variant<PolicyChanged, TagAdded, TypeDefined, FieldDefined, SubStateDefined, TransitionsChanged,
                 CannedReplyDefined, ViewSaved, ViewRemoved, ImportOpened, ImportClosed>;

struct State {
  Policy policy;
  std::vector<Tag> tags;
  std::vector<Type> types;
  std::vector<Field> fields;
  std::vector<SubState> sub_states;
  Transitions transitions;
  std::vector<CannedReply> canned_replies;
  std::vector<SavedView> views;
  std::vector<ImportId> imports;  ///< open
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);

struct ChangePolicy {
  Policy policy;
};
struct AddTag {
  TagId id;
  std::string name;
};
/// One that is open, or closed, already: nothing. One that was closed may be opened again.
struct OpenImport {
  ImportId id;
};
struct CloseImport {
  ImportId id;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const OpenImport& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const CloseImport& command);
// `anew`: one that is not there yet, of a fresh id; else the one of that id becomes this.
struct DefineType {
  Type type;
  bool anew = true;
};
struct DefineField {
  Field field;
  bool anew = true;
};
struct DefineSubState {
  SubState sub_state;
  bool anew = true;
};
struct ChangeTransitions {
  Transitions transitions;
};
struct DefineCannedReply {
  CannedReply reply;
  bool anew = true;
};
/// `row` is the owner's own key row. Anew: of a fresh id; else the one of that id, whose owner stays.
struct SaveView {
  ViewId id;
  AgentId owner;
  bool shared = false;
  ViewOrder order = ViewOrder::none;
  std::string name;
  std::string filter;
  bool anew = true;
  ReferenceId row{};
};
struct RemoveView {
  ViewId id;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangePolicy& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddTag& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const DefineType& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const DefineField& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const DefineSubState& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangeTransitions& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const DefineCannedReply& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const SaveView& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const RemoveView& command);

}  // namespace parlance::settings
