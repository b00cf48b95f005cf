#include "engine/domain/adoption.h"

#include <doctest/doctest.h>

#include "tests/support/given.h"

namespace parlance::adoption {
namespace {

using given = tests::Given<State, Event>;
const TagId vip{{1, 1}};
const QueueId billing{{2, 2}};
const AgentId kim{{3, 3}};

/// A body that can be told from others by what its settings and its desk hold.
Body body(Version settings_version, Version desk_version) {
  Body out;
  out.settings_version = settings_version;
  out.desk_version = desk_version;
  out.policy.first_response_ms = static_cast<std::int64_t>(settings_version);
  out.tags = {{vip, "vip as of " + std::to_string(settings_version)}};
  out.queues = {{billing, "billing as of " + std::to_string(desk_version)}};
  out.agents.assign(desk_version, kim);
  return out;
}

TEST_CASE("a partition adopts the whole body") {
  given({}).when(Adopt{body(1, 1)}).then({Adopted{body(1, 1)}});
}
TEST_CASE("what is the same or older changes nothing") {
  const given here({Adopted{body(3, 5)}});
  here.when(Adopt{body(3, 5)}).then_nothing();
  here.when(Adopt{body(2, 5)}).then_nothing();
  here.when(Adopt{body(3, 4)}).then_nothing();
  here.when(Adopt{body(1, 1)}).then_nothing();
  given({}).when(Adopt{Body{}}).then_nothing();
}
TEST_CASE("newer settings or a newer desk are adopted") {
  const given here({Adopted{body(3, 5)}});
  here.when(Adopt{body(4, 5)}).then({Adopted{body(4, 5)}});
  here.when(Adopt{body(3, 6)}).then({Adopted{body(3, 6)}});
  here.when(Adopt{body(4, 6)}).then({Adopted{body(4, 6)}});
}
TEST_CASE("of a body that is newer in one part and older in the other, only the newer part is adopted") {
  const given here({Adopted{body(3, 5)}});
  here.when(Adopt{body(4, 1)}).then({Adopted{body(4, 5)}});
  here.when(Adopt{body(1, 6)}).then({Adopted{body(3, 6)}});
}
TEST_CASE("bodies that cross each other come out the same in either order") {
  const State one = given({Adopted{body(3, 5)}}).state();
  const auto adopt = [](State state, const Body& next) {
    for (const Event& event : *decide(state, Adopt{next})) state = evolve(std::move(state), event);
    return state;
  };
  CHECK(adopt(adopt(one, body(4, 5)), body(3, 6)) == adopt(adopt(one, body(3, 6)), body(4, 5)));
}
TEST_CASE("an adopted body knows its own agents, queues and tags") {
  const Body adopted = body(1, 1);
  CHECK(adopted.knows(vip));
  CHECK(adopted.knows(billing));
  CHECK(adopted.knows(kim));
  CHECK_FALSE(adopted.knows(TagId{{9, 9}}));
  CHECK_FALSE(adopted.knows(QueueId{{9, 9}}));
  CHECK_FALSE(adopted.knows(AgentId{{9, 9}}));
  CHECK_FALSE(adopted.knows(AgentId{}));
}

}  // namespace
}  // namespace parlance::adoption
