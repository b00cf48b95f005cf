#pragma once
#include <algorithm>
#include <cstdint>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/domain/desk.h"
#include "engine/domain/settings.h"

/// What one partition has adopted of its workspace's settings and desk: the whole body, in an event of the partition's own,
/// so each partition replays alone. One stream a partition (and workspace).
namespace parlance::adoption {

/// A queue as conversations know it. `routed`: by another rule than manual, so what waits there is told to routing.
struct Queue {
  QueueId id;
  std::string name;
  bool routed = false;
  bool operator==(const Queue&) const = default;
};
struct Team {
  TeamId id;
  std::string name;
  bool operator==(const Team&) const = default;
};

/// Everything a conversation's decisions and views may need to know of the workspace.
struct Body {
  Version settings_version = 0;
  Version desk_version = 0;
  settings::Policy policy;
  std::vector<settings::Tag> tags;
  std::vector<Queue> queues;
  std::vector<AgentId> agents;  ///< the active ones
  std::vector<settings::Type> types;
  std::vector<settings::Field> fields;
  std::vector<settings::SubState> sub_states;
  settings::Transitions transitions;
  std::vector<Team> teams{};
  bool routes = false;              ///< routing keeps its ledger: it is told of what agents hold, too
  std::vector<ImportId> imports{};  ///< open; of the settings
  bool operator==(const Body&) const = default;
  [[nodiscard]] bool knows(AgentId id) const { return std::ranges::find(agents, id) != agents.end(); }
  [[nodiscard]] bool knows(QueueId id) const {
    return std::ranges::find(queues, id, &Queue::id) != queues.end();
  }
  [[nodiscard]] bool knows(TeamId id) const { return std::ranges::find(teams, id, &Team::id) != teams.end(); }
  [[nodiscard]] bool routed(QueueId id) const {
    const auto it = std::ranges::find(queues, id, &Queue::id);
    return it != queues.end() && it->routed;
  }
  [[nodiscard]] bool knows(TagId id) const {
    return std::ranges::find(tags, id, &settings::Tag::id) != tags.end();
  }
  [[nodiscard]] bool is_open(ImportId id) const { return std::ranges::find(imports, id) != imports.end(); }
  /// Null where there is none of that id.
  [[nodiscard]] const settings::Type* find(TypeId id) const { return find_in(types, id); }
  [[nodiscard]] const settings::Field* find(FieldId id) const { return find_in(fields, id); }
  [[nodiscard]] const settings::SubState* find(SubStateId id) const { return find_in(sub_states, id); }

 private:
  template <class Word, class AnId>
  [[nodiscard]] static const Word* find_in(const std::vector<Word>& words, AnId id) {
    const auto it = std::ranges::find(words, id, &Word::id);
    return it == words.end() ? nullptr : &*it;
  }
};

struct Adopted {
  Body body;
  bool operator==(const Adopted&) const = default;
};
using Event = std::variant<Adopted>;
struct State {
  Body body;
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);

/// Settings and desk are each adopted where they are newer than what is adopted; where neither is, nothing changes.
struct Adopt {
  Body body;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Adopt& command);

}  // namespace parlance::adoption
