#include "projections/registry.h"

#include <stdexcept>

#include "projections/runner.h"
#include "projections/standing.h"
#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;

namespace {

/// Notes written in each queue: a whole view. Key: tag 1, queue.
struct NotesView {
  static constexpr std::string_view name = "notes";
  static constexpr std::uint32_t version = 1;
  using Events = Handles<conversation::Opened, conversation::Assigned, conversation::QueueChanged,
                         conversation::NoteAdded>;
  struct StreamRow {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    Standing standing;
  };
  struct Count {
    std::uint32_t view_version = 0;
    std::uint32_t notes = 0;
  };
  static ApplyOutcome on(const conversation::NoteAdded&, const EventAt&, Mine<StreamRow> mine, Rows& rows) {
    if (!mine.exists()) return cannot("notes.conversation_unknown");
    ++rows.at<Count>(rows.key(1).id(mine->standing.queue)).notes;
    return applied;
  }
  template <class E> static ApplyOutcome on(const E& e, const EventAt&, Mine<StreamRow> mine, Rows&) {
    if (!mine.exists()) mine.make();
    move(mine->standing, e);
    return applied;
  }
};

/// Fails in the middle of what it does, every third time.
struct StumblingView {
  static constexpr std::string_view name = "stumbling";
  static constexpr std::uint32_t version = 1;
  using Events = Handles<conversation::NoteAdded>;
  struct Count {
    std::uint32_t view_version = 0;
    std::uint32_t notes = 0;
  };
  static inline int seen = 0;
  static ApplyOutcome on(const conversation::NoteAdded&, const EventAt&, Rows& rows) {
    ++rows.at<Count>(rows.key(1)).notes;
    rows.at<Count>(rows.key(2)).notes += 100;
    if (++seen % 3 == 0) throw std::runtime_error("stumbled");
    return applied;
  }
};

/// Items of a row, of which every third event fails after one was added and the first one changed.
struct ItemsView {
  static constexpr std::string_view name = "items";
  static constexpr std::uint32_t version = 1;
  using Events = Handles<conversation::NoteAdded>;
  struct Item {
    std::uint64_t number = 0;
    std::uint64_t touched = 0;
  };
  static inline std::uint64_t seen = 0;
  static ApplyOutcome on(const conversation::NoteAdded&, const EventAt&, Rows& rows) {
    rows.append<Item>(rows.key(1)).number = ++seen;
    ++rows.item<Item>(rows.key(1), 0).touched;
    return seen % 3 == 0 ? cannot("items.third") : applied;
  }
};

std::unique_ptr<Runner> run(Shop& shop, LossyRows& rows, std::vector<Projection> projections) {
  auto runner = Runner::open(shop.log.log(), rows, std::move(projections), {});
  REQUIRE(runner.has_value());
  while (*(*runner)->apply_available(shop.now, 100) != 0) {
  }
  return std::move(*runner);
}

}  // namespace

TEST_CASE("a view is one small struct and one line beside the others") {
  Shop shop(81, 2);
  shop.act(500);
  std::map<QueueId, std::uint32_t> expected;
  for (const auto& c : shop.conversations) {
    QueueId queue;
    for (const PastEvent& past : c.history) {
      const auto& event = std::get<conversation::Event>(past.event.body);
      if (const auto* opened = std::get_if<conversation::Opened>(&event)) queue = opened->queue;
      if (const auto* moved = std::get_if<conversation::QueueChanged>(&event)) queue = moved->to;
      if (const auto* assigned = std::get_if<conversation::Assigned>(&event)) queue = assigned->queue;
      if (std::holds_alternative<conversation::NoteAdded>(event)) ++expected[queue];
    }
  }
  auto projections = registry();
  projections.push_back(projection<NotesView>());
  LossyRows rows;
  const auto runner = run(shop, rows, projections);
  std::uint32_t all = 0;
  for (const QueueId queue : queues) {
    std::uint32_t notes = 0;
    for (PartitionId p = 0; p < 2; ++p) {
      const auto row =
          runner->live().read(p).row<NotesView, NotesView::Count>(RowKey(workspace, 1).id(queue));
      notes += *row ? (*row)->notes : 0;
    }
    CHECK(notes == expected[queue]);
    all += notes;
  }
  CHECK(all > 10);
  const auto compared = runner->rebuild("notes", false);
  for (const auto& c : *compared) CHECK(c.equal());
}

TEST_CASE(
    "a view added to a log that others have applied starts from the log's beginning, the others go on where "
    "they were") {
  Shop shop(82, 2);
  shop.act(200);
  LossyRows rows;
  {
    const auto first = run(shop, rows, registry());
    REQUIRE(first->flush().has_value());
  }
  shop.act(100);
  auto projections = registry();
  projections.push_back(projection<NotesView>());
  const auto runner = run(shop, rows, projections);
  for (std::size_t v = 0; v < runner->live().size(); ++v)
    for (const auto& compared : must(runner->rebuild(runner->live().projection(v).name, false)))
      CHECK_MESSAGE(compared.equal(), runner->live().projection(v).name);
}

TEST_CASE("a view of another version starts anew and the old rows go") {
  Shop shop(83, 1);
  shop.act(100);
  LossyRows rows;
  {
    const auto first = run(shop, rows, {projection<NotesView>()});
    REQUIRE(first->flush().has_value());
    CHECK(first->live().status(0, 0).family == "notes@v1.1");
  }
  Projection newer = projection<NotesView>();
  newer.version = 2;
  const auto second = run(shop, rows, {newer});
  CHECK(second->live().status(0, 0).family == "notes@v2.1");
  CHECK(second->live().status(0, 0).lag == 0);
  const auto families = rows.families();
  CHECK(std::ranges::find(families, "notes@v1.1") == families.end());
}

TEST_CASE("a view that is none any more leaves no rows behind") {
  Shop shop(85, 1);
  shop.act(50);
  LossyRows rows;
  REQUIRE(run(shop, rows, {projection<NotesView>(), projection<ItemsView>()})->flush().has_value());
  const auto notes = run(shop, rows, {projection<NotesView>()});
  CHECK(rows.families() == std::vector<std::string>{"notes@v1.1", "serving"});
  CHECK(notes->live().status(0, 0).lag == 0);
}

TEST_CASE("a row of items grows to its end, and is as it was where an event cannot be applied") {
  Shop shop(86, 1);
  auto& c = shop.opened_with_message();
  constexpr std::uint64_t notes = 45;
  for (std::uint64_t i = 0; i < notes; ++i) shop.append(c, {conversation::NoteAdded{.at = monday}});
  ItemsView::seen = 0;
  LossyRows rows;
  const auto runner = run(shop, rows, {projection<ItemsView>()});
  std::vector<ItemsView::Item> items;
  REQUIRE(runner->live()
              .read(0)
              .scan_items<ItemsView, ItemsView::Item>(RowKey(workspace, 1), RowKey(workspace, 2),
                                                      [&](const ItemsView::Item& item) {
                                                        items.push_back(item);
                                                        return true;
                                                      })
              .has_value());
  REQUIRE(items.size() == 30);
  CHECK(items.front().touched == 30);
  for (std::uint64_t i = 0; i < items.size(); ++i) CHECK(items[i].number == i / 2 * 3 + i % 2 + 1);
  CHECK(runner->live().status(0, 0).quarantined == 15);
  for (const auto& compared : must(runner->rebuild("items", false))) CHECK(compared.live == compared.stored);
}

TEST_CASE("a view that throws leaves its rows as they were, and the event in quarantine") {
  Shop shop(84, 1);
  auto& c = shop.opened_with_message();
  for (int i = 0; i < 7; ++i) shop.append(c, {conversation::NoteAdded{.at = monday}});
  StumblingView::seen = 0;
  LossyRows rows;
  const auto runner = run(shop, rows, {projection<StumblingView>(), projection<NotesView>()});
  const auto status = runner->live().status(0, 0);
  CHECK(status.health == Health::degraded);
  CHECK(status.quarantined == 2);
  CHECK(runner->live().quarantined(0)->front().rule == "view.exception");
  CHECK((*runner->live().read(0).row<StumblingView, StumblingView::Count>(RowKey(workspace, 1)))->notes == 5);
  CHECK((*runner->live().read(0).row<StumblingView, StumblingView::Count>(RowKey(workspace, 2)))->notes ==
        500);
  CHECK(runner->live().status(1, 0).health == Health::ok);
  CHECK(
      (*runner->live().read(0).row<NotesView, NotesView::Count>(RowKey(workspace, 1).id(queues[0])))->notes ==
      7);
}
