#include "engine/domain/settings.h"

#include <doctest/doctest.h>

#include "tests/support/given.h"

namespace parlance::settings {
namespace {

using given = tests::Given<State, Event>;
const TagId vip{{1, 1}};
const TagId fraud{{2, 2}};

TEST_CASE("a policy changes once") {
  const Policy strict{.first_response_ms = 60'000, .auto_close_ms = 1, .reopen_window_ms = 0};
  given({}).when(ChangePolicy{strict}).then({PolicyChanged{strict}});
  given({PolicyChanged{strict}}).when(ChangePolicy{strict}).then_nothing();
  given({PolicyChanged{strict}}).when(ChangePolicy{{}}).then({PolicyChanged{{}}});
}
TEST_CASE("a workspace begins without targets and reopens within a week") {
  given({}).when(ChangePolicy{{}}).then_nothing();
  CHECK(State{}.policy.reopen_window_ms == 7 * 24 * 3'600'000);
}
TEST_CASE("a duration is more than nothing and at most ten years; a window may be nothing") {
  const auto refuses = [](const Policy& policy) {
    given({}).when(ChangePolicy{policy}).then_refused("settings.duration_out_of_range");
  };
  const auto takes = [](const Policy& policy) {
    given({}).when(ChangePolicy{policy}).then({PolicyChanged{policy}});
  };
  for (const std::int64_t ms : {std::int64_t{1}, duration_ms_max}) {
    takes({.first_response_ms = ms});
    takes({.auto_close_ms = ms});
    takes({.reopen_window_ms = ms});
  }
  takes({.reopen_window_ms = 0});
  refuses({.first_response_ms = 0});
  refuses({.auto_close_ms = 0});
  for (const std::int64_t ms :
       {std::int64_t{-1}, duration_ms_max + 1, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    refuses({.first_response_ms = ms});
    refuses({.auto_close_ms = ms});
    refuses({.reopen_window_ms = ms});
  }
}
TEST_CASE("an import is opened and closed once, and may be opened again") {
  const auto a = ImportId::from({1, 1});
  const auto b = ImportId::from({1, 2});
  given({}).when(OpenImport{a}).then({ImportOpened{a}});
  given({ImportOpened{a}}).when(OpenImport{a}).then_nothing();
  given({ImportOpened{a}}).when(CloseImport{b}).then_nothing();
  given({ImportOpened{a}, ImportOpened{b}}).when(CloseImport{a}).then({ImportClosed{a}});
  given({ImportOpened{a}, ImportClosed{a}}).when(CloseImport{a}).then_nothing();
  given({ImportOpened{a}, ImportClosed{a}}).when(OpenImport{a}).then({ImportOpened{a}});
}
TEST_CASE("up to 16 imports are open at once") {
  std::vector<Event> history;
  for (std::uint64_t i = 0; i < imports_max; ++i) history.emplace_back(ImportOpened{ImportId::from({1, i})});
  given(history).when(OpenImport{ImportId::from({2, 1})}).then_refused("import.too_many_open");
  history.emplace_back(ImportClosed{ImportId::from({1, 3})});
  given(history).when(OpenImport{ImportId::from({2, 1})}).then({ImportOpened{ImportId::from({2, 1})}});
}
TEST_CASE("a tag is added once by name and once by id") {
  given({}).when(AddTag{vip, "vip"}).then({TagAdded{vip, "vip"}});
  given({TagAdded{vip, "vip"}}).when(AddTag{fraud, "fraud"}).then({TagAdded{fraud, "fraud"}});
  given({TagAdded{vip, "vip"}}).when(AddTag{fraud, "vip"}).then_refused("settings.tag_exists");
  given({TagAdded{vip, "vip"}}).when(AddTag{vip, "VIP"}).then_refused("settings.tag_exists");
}
TEST_CASE("a tag's name has 1 to 200 bytes") {
  given({}).when(AddTag{vip, ""}).then_refused("settings.name_length");
  given({}).when(AddTag{vip, std::string(200, 'x')}).then({TagAdded{vip, std::string(200, 'x')}});
  given({}).when(AddTag{vip, std::string(201, 'x')}).then_refused("settings.name_length");
}
TEST_CASE("a workspace has up to 1000 tags") {
  std::vector<Event> history;
  for (std::uint64_t i = 1; i < tags_max; ++i)
    history.emplace_back(TagAdded{TagId{{9, i}}, std::to_string(i)});
  given(history).when(AddTag{vip, "vip"}).then({TagAdded{vip, "vip"}});
  history.emplace_back(TagAdded{fraud, "fraud"});
  given(history).when(AddTag{vip, "vip"}).then_refused("settings.too_many_tags");
}

}  // namespace
}  // namespace parlance::settings
