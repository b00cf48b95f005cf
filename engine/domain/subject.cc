#include "engine/domain/subject.h"

namespace parlance::subject {
namespace {
void apply(State& s, const Created& e) {
  s.exists = true;
  s.row = e.row;
}
void apply(State& s, const IdentityAdded& e) {
  s.identities.push_back(e.identity.is_plain() ? Sealed{} : e.identity.sealed());
}
IdentityAdded add(const ReferenceId& row, const Identity& identity, Instant at) {
  return {identity.channel, Personal<Identity>(identity, row, FieldClass::contact), at};
}
}  // namespace

State evolve(State state, const Event& event) {
  std::visit([&](const auto& e) { apply(state, e); }, event);
  return state;
}

Result<std::vector<Event>> decide(const State& state, const Create& command) {
  if (state.exists) return std::vector<Event>{};
  return std::vector<Event>{Created{command.row, command.now},
                            add(command.row, command.identity, command.now)};
}

Result<std::vector<Event>> decide(const State& state, const AddIdentity& command) {
  if (!state.exists) return Error{Errc::not_found, "subject.not_found", "no customer of that id"};
  if (state.identities.size() >= identities_max)
    return refused("subject.too_many_identities", "at most 100 addresses a customer");
  return std::vector<Event>{add(state.row, command.identity, command.now)};
}

}  // namespace parlance::subject
