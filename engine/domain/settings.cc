#include "engine/domain/settings.h"

#include <algorithm>

namespace parlance::settings {
namespace {
void apply(State& s, const PolicyChanged& e) { s.policy = e.policy; }
void apply(State& s, const TagAdded& e) { s.tags.push_back({e.id, e.name}); }
void apply(State& s, const ImportOpened& e) { s.imports.push_back(e.id); }
void apply(State& s, const ImportClosed& e) { std::erase(s.imports, e.id); }

bool in_range(const std::optional<std::int64_t>& ms) { return !ms || (*ms > 0 && *ms <= duration_ms_max); }
}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Result<std::vector<Event>> decide(const State& state, const ChangePolicy& command) {
  const Policy& p = command.policy;
  if (!in_range(p.first_response_ms) || !in_range(p.auto_close_ms) || p.reopen_window_ms < 0 ||
      p.reopen_window_ms > duration_ms_max)
    return refused("settings.duration_out_of_range", "durations are more than nothing and at most ten years");
  if (state.policy == p) return std::vector<Event>{};
  return std::vector<Event>{PolicyChanged{p}};
}

Result<std::vector<Event>> decide(const State& state, const AddTag& command) {
  if (command.name.empty() || command.name.size() > name_bytes_max)
    return refused("settings.name_length", "a tag's name has 1 to 200 bytes");
  if (std::ranges::find(state.tags, command.name, &Tag::name) != state.tags.end() ||
      std::ranges::find(state.tags, command.id, &Tag::id) != state.tags.end())
    return refused("settings.tag_exists", "there is a tag of that name or id");
  if (state.tags.size() >= tags_max) return refused("settings.too_many_tags", "at most 1000 tags");
  return std::vector<Event>{TagAdded{command.id, command.name}};
}

Result<std::vector<Event>> decide(const State& state, const OpenImport& command) {
  if (std::ranges::find(state.imports, command.id) != state.imports.end()) return std::vector<Event>{};
  if (state.imports.size() >= imports_max)
    return refused("import.too_many_open", "at most 16 imports are open at once; close one first");
  return std::vector<Event>{ImportOpened{command.id}};
}

Result<std::vector<Event>> decide(const State& state, const CloseImport& command) {
  if (std::ranges::find(state.imports, command.id) == state.imports.end()) return std::vector<Event>{};
  return std::vector<Event>{ImportClosed{command.id}};
}

}  // namespace parlance::settings
