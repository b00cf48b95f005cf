#include <algorithm>

#include "projections/working_order.h"
#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;
using conversation::Phase;

namespace {

/// All pages of a list, some tickets at a time.
std::vector<Ticket> all_pages(const Served& s, ListQuery query, std::size_t limit = 7) {
  query.workspace = workspace;
  query.limit = limit;
  std::vector<Ticket> out;
  for (;;) {
    const auto page = s.views->list(query);
    REQUIRE(page.has_value());
    REQUIRE(page->tickets.size() <= limit);
    out.insert(out.end(), page->tickets.begin(), page->tickets.end());
    if (!page->next) return out;
    query.after = page->next;
  }
}
std::vector<ConversationId> sorted_ids(const std::vector<Ticket>& tickets) {
  std::vector<ConversationId> out;
  for (const Ticket& t : tickets) out.push_back(t.id);
  std::ranges::sort(out);
  return out;
}

std::shared_ptr<const Filter> resolved_filter(const std::string& text) {
  const auto read = parse_filter(text);
  REQUIRE(std::holds_alternative<FilterText>(read));
  const auto resolved = resolve_filter(std::get<FilterText>(read), {});
  REQUIRE_MESSAGE(std::holds_alternative<Filter>(resolved), text);
  return std::make_shared<const Filter>(std::get<Filter>(resolved));
}

}  // namespace

TEST_CASE("a list shows exactly the tickets that pass its filters, page after page") {
  Served s(21, 3);
  s.shop.act(1'200);
  s.apply_all();
  std::vector<Ticket> all;
  for (const auto& c : s.shop.conversations) all.push_back(s.ticket(c.id));

  std::vector<ListQuery> queries;
  for (const Sort sort : {Sort::working_order, Sort::newest, Sort::oldest, Sort::updated}) {
    queries.push_back({.sort = sort});
    queries.push_back({.queue = queues[1], .sort = sort});
    queries.push_back({.assignee = agents[2], .sort = sort});
    queries.push_back({.assignee = AgentId{}, .sort = sort});
    queries.push_back({.queue = queues[0], .assignee = agents[1], .channel = Channel::chat, .sort = sort});
    queries.push_back({.states = {Phase::open, Phase::snoozed}, .queue = queues[2], .sort = sort});
    queries.push_back({.states = {Phase::resolved, Phase::closed}, .sort = sort});
    queries.push_back({.queue = QueueId::from({8, 8}), .sort = sort});
    queries.push_back({.channel = Channel::voice, .sort = sort});
  }
  for (const ListQuery& query : queries) {
    const bool active_only = query.sort == Sort::working_order && query.states.empty();
    std::vector<ConversationId> expected;
    for (const Ticket& t : all) {
      if (active_only && !is_active(t.state)) continue;
      if (!query.states.empty() && std::ranges::find(query.states, t.state) == query.states.end()) continue;
      if (query.queue && *query.queue != t.queue) continue;
      if (query.assignee && *query.assignee != t.assignee) continue;
      if (query.channel && *query.channel != t.channel) continue;
      expected.push_back(t.id);
    }
    std::ranges::sort(expected);
    const auto shown = all_pages(s, query);
    CHECK(sorted_ids(shown) == expected);
    for (std::size_t i = 1; i < shown.size(); ++i) {
      if (query.sort == Sort::newest) CHECK(shown[i - 1].created_at >= shown[i].created_at);
      if (query.sort == Sort::oldest) CHECK(shown[i - 1].created_at <= shown[i].created_at);
      if (query.sort == Sort::updated) CHECK(shown[i - 1].updated_at >= shown[i].updated_at);
    }
    // The same through a list of ids, in the same order.
    ListQuery by_ids = query;
    by_ids.ids.emplace();
    for (const Ticket& t : all) by_ids.ids->push_back(t.id);
    CHECK(all_pages(s, by_ids) == shown);
  }
}

TEST_CASE("a restart finds the same orders from the rows") {
  Served s(22);
  s.shop.act(600);
  s.apply_all();
  const auto working = all_pages(s, {});
  const auto updated = all_pages(s, {.sort = Sort::updated});
  REQUIRE(s.views->flush().has_value());
  s.reopen();
  CHECK(all_pages(s, {}) == working);
  CHECK(all_pages(s, {.sort = Sort::updated}) == updated);
}

TEST_CASE("a ticket that moves while a list is paged does not make another one missed") {
  Served s;
  for (int i = 0; i < 20; ++i) {
    s.shop.now = s.shop.now + 1'000;
    s.shop.opened_with_message();
  }
  s.apply_all();
  ListQuery query{.workspace = workspace, .limit = 5};
  const auto first = s.views->list(query);
  // The one that the cursor names goes to the end.
  auto& moved = s.shop.conversations[4];
  CHECK(first->tickets.back().id == moved.id);
  s.shop.reply(moved, s.shop.now);
  s.apply_all();
  query.after = first->next;
  query.limit = 200;
  const auto rest = s.views->list(query);
  CHECK(rest->tickets.size() == 16);
  CHECK(rest->tickets.front().id == s.shop.conversations[5].id);
  CHECK(rest->tickets.back().id == moved.id);
}

TEST_CASE("a list takes a bounded number of ids") {
  Served s;
  ListQuery query{.workspace = workspace, .ids = std::vector<ConversationId>(list_ids_max + 1)};
  CHECK(s.views->list(query).error().rule == "views.too_many_ids");
  query.ids->clear();
  CHECK(s.views->list(query)->tickets.empty());
}

TEST_CASE("a wait is told when its position is applied, once, unless it was forgotten") {
  Served s;
  const auto& c = s.shop.opened_with_message();
  const PartitionId p = s.shop.log.partition_of(c.id);
  const Position last{1, p, s.shop.log.log().end(p) - 1};
  int told = 0, forgotten = 0;
  const auto wait = s.views->when_applied(last, [&] { ++told; });
  s.views->forget(s.views->when_applied(last, [&] { ++forgotten; }));
  CHECK_FALSE(s.views->has_applied(last));
  CHECK(told == 0);
  s.apply_all();
  CHECK(s.views->has_applied(last));
  CHECK(told == 1);
  CHECK(forgotten == 0);
  s.views->when_applied(last, [&] { ++told; });
  CHECK(told == 2);
  s.views->forget(wait);
  CHECK_FALSE(s.views->has_applied({1, p, last.offset + 1}));
  CHECK_FALSE(s.views->has_applied({2, p, 0}));
  CHECK_FALSE(s.views->has_applied({1, 99, 0}));
  const auto positions = s.views->applied();
  CHECK(std::ranges::find(positions, last) != positions.end());
}

TEST_CASE(
    "a list that had its time ends where it is and goes on behind it, and a count says that it is not "
    "whole") {
  Served s(34, 1);
  while (s.shop.conversations.size() < 2'500) s.shop.act(500);
  s.apply_all();
  const Stopwatch hurried(query_ms_max);
  ListQuery query{.workspace = workspace, .sort = Sort::oldest};
  query.filter = resolved_filter("messages:>0");
  const auto whole = s.views->count(query);
  REQUIRE(whole.has_value());
  REQUIRE(whole->complete);
  const auto all = all_pages(s, query);
  REQUIRE(all.size() == whole->count);
  REQUIRE(all.size() > 1'000);

  query.time = TimeLimit(hurried);
  const auto counted = s.views->count(query);
  REQUIRE(counted.has_value());
  CHECK_FALSE(counted->complete);
  CHECK(counted->count < whole->count);
  // Of all that is seldom met a page is empty, and says where to go on.
  query.filter = resolved_filter("messages:>100000");
  std::size_t pages = 0;
  for (;; ++pages) {
    query.time = TimeLimit(hurried);
    const auto page = s.views->list(query);
    REQUIRE(page.has_value());
    CHECK(page->tickets.empty());
    if (!page->next) break;
    query.after = page->next;
  }
  CHECK(pages >= 2);
  query.filter = resolved_filter("messages:>0");
  query.after.reset();
  query.limit = list_limit_max;
  std::vector<Ticket> shown;
  for (;;) {
    query.time = TimeLimit(hurried);
    const auto page = s.views->list(query);
    REQUIRE(page.has_value());
    shown.insert(shown.end(), page->tickets.begin(), page->tickets.end());
    if (!page->next) break;
    query.after = page->next;
  }
  CHECK(shown == all);
}

TEST_CASE(
    "a filtered list shows exactly the tickets that its filter passes, in every order, and counts them") {
  Served s(33, 3);
  s.shop.act(1'500);
  s.apply_all();
  FilterNames names;
  names.me = agents[1];
  names.tags = [](std::string_view name) {
    return std::vector{TagId::from({4, static_cast<std::uint64_t>(name.back() - '0')})};
  };
  names.queues = [](std::string_view name) {
    return std::vector{queues[static_cast<std::size_t>(name.back() - '0')]};
  };
  std::vector<Ticket> all;
  for (const auto& c : s.shop.conversations) all.push_back(s.ticket(c.id));
  // Random filters of all kinds of terms, against every ticket looked at one by one.
  static const std::vector<std::string> pool{"state:open,new",
                                             "-state:snoozed",
                                             "state:resolved,open",
                                             "is:unassigned",
                                             "is:mine",
                                             "-is:mine",
                                             "is:late",
                                             "is:soon,late",
                                             "-is:late",
                                             "is:reopened",
                                             "is:waiting",
                                             "-is:unanswered",
                                             "is:mine,unanswered",
                                             "queue:q0",
                                             "queue:q1,q2",
                                             "-queue:q1",
                                             "queue:none",
                                             "channel:chat,email",
                                             "-channel:chat",
                                             "lang:de",
                                             "-lang:fr",
                                             "priority:high,urgent",
                                             "-priority:normal",
                                             "tag:t1",
                                             "tag:t2,t3",
                                             "-tag:t4",
                                             "tag:none",
                                             "sla:met",
                                             "sla:<2h",
                                             "-sla:late",
                                             "created:<1d",
                                             "created:>2d",
                                             "-created:<3d",
                                             "updated:<2h",
                                             "messages:>3",
                                             "reopened:>=1",
                                             "assignee:me",
                                             "assignee:none,me",
                                             "-assignee:none"};
  std::size_t shown = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (std::uint32_t i = 0; i < 1 + s.shop.below(4); ++i)
      text += pool[s.shop.below(static_cast<std::uint32_t>(pool.size()))] + " ";
    if (s.shop.chance(5))
      text += std::to_string(all[s.shop.below(static_cast<std::uint32_t>(all.size()))].number);
    const auto read = parse_filter(text);
    REQUIRE(std::holds_alternative<FilterText>(read));
    const auto resolved = resolve_filter(std::get<FilterText>(read), names);
    REQUIRE_MESSAGE(std::holds_alternative<Filter>(resolved), text);
    ListQuery query{.workspace = workspace,
                    .filter = std::make_shared<const Filter>(std::get<Filter>(resolved)),
                    .now = s.shop.now};
    query.sort = static_cast<Sort>(s.shop.below(4));
    if (s.shop.chance(20)) query.queue = queues[s.shop.below(3)];
    if (s.shop.chance(10)) query.assignee = agents[s.shop.below(4)];

    const bool active_only = query.sort == Sort::working_order && !query.filter->names_states() &&
                             !query.filter->names_conversations();
    std::vector<ConversationId> expected;
    for (const Ticket& t : all) {
      if (active_only && !is_active(t.state)) continue;
      if (query.queue && *query.queue != t.queue) continue;
      if (query.assignee && *query.assignee != t.assignee) continue;
      if (query.filter->matches(t, query.now)) expected.push_back(t.id);
    }
    std::ranges::sort(expected);
    const auto tickets = all_pages(s, query, 5);
    CHECK_MESSAGE(sorted_ids(tickets) == expected, text);
    const auto counted = s.views->count(query);
    REQUIRE(counted.has_value());
    CHECK_MESSAGE(counted->count == expected.size(), text);
    CHECK(counted->complete);
    shown += tickets.size();
  }
  CHECK(shown > 1'000);
}
