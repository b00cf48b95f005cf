#include "engine/domain/draft.h"

namespace parlance::draft {
namespace {

void apply(State& s, const Kept& e) {
  s.conversation = e.conversation;
  s.agent = e.agent;
  s.kind = e.kind;
  if (!e.text.is_plain()) s.text = e.text.sealed();
  s.updated_at = e.at;
}
void apply(State& s, const Dropped& e) {
  s.kind = DraftKind::none;
  s.text.reset();
  s.updated_at = e.at;
}

}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Result<std::vector<Event>> decide(const State& state, const Keep& c) {
  if (c.text.size() > text_bytes_max)
    return refused("draft.text_too_long", "a draft has at most 64 KiB of text");
  if (c.text.empty()) {
    if (state.kind == DraftKind::none) return std::vector<Event>{};
    return std::vector<Event>{Dropped{state.conversation, state.agent, false, c.at}};
  }
  if (c.kind == DraftKind::none) return refused("draft.no_kind", "a draft is of a reply or of a note");
  return std::vector<Event>{Kept{c.conversation, c.agent, c.kind,
                                 Personal<std::string>(c.text, c.requester, FieldClass::content), c.at}};
}

Result<std::vector<Event>> decide(const State& state, const Send& c) {
  if (state.kind == DraftKind::none || state.kind != c.kind) return std::vector<Event>{};
  return std::vector<Event>{Dropped{state.conversation, state.agent, true, c.at}};
}

}  // namespace parlance::draft
