#include <doctest/doctest.h>

#include "engine/domain/settings.h"
#include "tests/support/print.h"

using namespace parlance;
using namespace parlance::settings;

namespace {
const ViewId mine = ViewId::from({1, 1});
const AgentId ada = AgentId::from({2, 1});
const AgentId kim = AgentId::from({2, 2});
const ReferenceId row = ReferenceId::from({3, 1});

SaveView saving(std::string name) {
  return {.id = mine,
          .owner = ada,
          .shared = true,
          .order = ViewOrder::newest,
          .name = std::move(name),
          .filter = "is:late",
          .anew = true,
          .row = row};
}
SavedView held(ViewId id, AgentId owner) { return {id, owner, false, ViewOrder::working_order, {}, {}}; }
}  // namespace

TEST_CASE("a view is saved with its words under its owner's row") {
  const auto events = decide(State{}, saving("Late"));
  REQUIRE(events);
  REQUIRE(events->size() == 1);
  const auto& saved = std::get<ViewSaved>(events->front());
  CHECK(saved.owner == ada);
  CHECK(saved.shared);
  CHECK(saved.order == ViewOrder::newest);
  CHECK(saved.name.plain() == "Late");
  CHECK(saved.filter.plain() == "is:late");
  CHECK(saved.name.reference() == row);
  CHECK(saved.filter.reference() == row);
}

TEST_CASE("a changed view keeps its owner") {
  State state;
  state.views = {held(mine, kim)};
  SaveView change = saving("Late");
  change.anew = false;
  const auto events = decide(state, change);
  REQUIRE(events);
  CHECK(std::get<ViewSaved>(events->front()).owner == kim);
}

TEST_CASE("a view that is not there is neither changed nor removed") {
  SaveView change = saving("Late");
  change.anew = false;
  CHECK(decide(State{}, change).error().rule == "view.not_found");
  CHECK(decide(State{}, RemoveView{mine}).error().code == Errc::not_found);
  State state;
  state.views = {held(mine, ada)};
  CHECK(decide(state, saving("Late")).error().rule == "settings.id_taken");
  const auto events = decide(state, RemoveView{mine});
  REQUIRE(events);
  CHECK(evolve(state, events->front()).views.empty());
}

TEST_CASE("names, filters and how many there are have bounds") {
  CHECK(decide(State{}, saving("")).error().rule == "settings.name_length");
  CHECK(decide(State{}, saving(std::string(201, 'x'))).error().rule == "settings.name_length");
  SaveView wide = saving("wide");
  wide.filter = std::string(2049, 'x');
  CHECK(decide(State{}, wide).error().rule == "settings.filter_length");
  State state;
  for (std::uint64_t i = 0; i < views_of_agent_max; ++i)
    state.views.push_back(held(ViewId::from({9, i + 1}), ada));
  CHECK(decide(state, saving("one more")).error().rule == "settings.too_many_views");
  SaveView of_kim = saving("Kim's");
  of_kim.owner = kim;
  CHECK(decide(state, of_kim).has_value());
}
