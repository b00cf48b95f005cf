#pragma once
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"

/// A person, as the set of addresses known for them. Sealed under the subject's own row; never in one envelope with a
/// conversation, and neither names the other as its cause.
namespace parlance::subject {

struct Created {
  ReferenceId row;
  Instant at;
  bool operator==(const Created&) const = default;
};
struct IdentityAdded {
  Channel channel;
  Personal<Identity> identity;
  Instant at;
  bool operator==(const IdentityAdded&) const = default;
  void each_personal(auto&& visit) { visit(identity); }
};
using Event = std::variant<Created, IdentityAdded>;

struct State {
  bool exists = false;
  ReferenceId row;
  std::vector<Sealed> identities;
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);
inline constexpr std::size_t identities_max = 100;

/// The first event of a person, with the address they wrote from. Creating one that exists changes nothing.
struct Create {
  ReferenceId row;
  Identity identity;
  Instant now;
};
struct AddIdentity {
  Identity identity;
  Instant now;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const Create& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddIdentity& command);

}  // namespace parlance::subject
