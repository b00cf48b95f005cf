#include "projections/report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;
using conversation::Phase;

namespace {

/// A fact as a plain reading of the histories has it.
struct Naive {
  Metric metric;
  Instant at;
  QueueId queue;
  AgentId agent;
  Channel channel = Channel::none;
  Language language = Language::und;
  LeftOut left_out = LeftOut::no;
  std::int64_t value = 1;
  std::set<std::string> events;
};

std::string event_name(ConversationId conversation, Version version) {
  return to_text(conversation) + ":" + std::to_string(version);
}

/// Reads one history from its start, in the order of the stream, and says what its reports count.
std::vector<Naive> facts_of(const std::vector<PastEvent>& history) {
  std::vector<Naive> out;
  conversation::State state;
  Language language = Language::und;
  struct Episode {
    std::int64_t opened = 0, waits_since = 0, waited = 0;
    std::string opened_by;
    std::optional<std::int64_t> first_message;
    std::string first_message_by;
    std::optional<std::size_t> response, breach;  ///< in out
    bool answered = false;
  } ep;
  const auto waits = [](Phase p) { return is_active(p) && p != Phase::waiting_customer; };
  for (const PastEvent& past : history) {
    const auto& event = std::get<conversation::Event>(past.event.body);
    const Instant at = past.event.occurred_at;
    const Phase before = state.phase;
    state = evolve(state, event);
    if (waits(before) && !waits(state.phase)) ep.waited += std::max<std::int64_t>(0, at.ms - ep.waits_since);
    if (!waits(before) && waits(state.phase)) ep.waits_since = at.ms;
    const std::string name = event_name(ConversationId::from(past.event.stream.id), past.event.version);
    const auto add = [&](Metric metric, AgentId agent) -> Naive& {
      out.push_back({metric, at, state.queue, agent, state.channel, language, LeftOut::no, 1, {name}});
      return out.back();
    };
    const auto begin = [&] { ep = {at.ms, at.ms, 0, name, {}, {}, {}, {}, false}; };
    const auto respond = [&](AgentId agent, LeftOut left_out) {
      if (ep.response) out[*ep.response].left_out = LeftOut::later_episode;  // stands for: gone
      Naive& fact = add(Metric::first_response, agent);
      fact.left_out = left_out;
      fact.value = left_out == LeftOut::no ? std::max<std::int64_t>(0, at.ms - *ep.first_message) : 0;
      fact.events.insert(ep.first_message_by);
      ep.response = out.size() - 1;
      ep.answered = left_out == LeftOut::no;
    };
    const auto end = [&](AgentId agent, bool resolved) {
      if (ep.first_message && !ep.response) respond(agent, LeftOut::not_answered);
      for (const Metric metric : {Metric::resolved, Metric::resolution, Metric::waiting}) {
        Naive& fact = add(metric, agent);
        if (!resolved) fact.left_out = LeftOut::closed_unresolved;
        fact.value = !resolved                    ? 0
                     : metric == Metric::resolved ? 1
                     : metric == Metric::waiting  ? ep.waited
                                                  : std::max<std::int64_t>(0, at.ms - ep.opened);
        fact.events.insert(ep.opened_by);
      }
    };
    if (const auto* e = std::get_if<conversation::Opened>(&event)) {
      language = e->language;
      begin();
      add(Metric::created, {});
    } else if (std::holds_alternative<conversation::MessageReceived>(event)) {
      if (!ep.first_message) {
        ep.first_message = at.ms;
        ep.first_message_by = name;
      }
    } else if (const auto* r = std::get_if<conversation::Replied>(&event)) {
      Naive& fact = add(Metric::replied, r->agent);
      if (!r->agent) {
        fact.left_out = LeftOut::by_program;
        fact.value = 0;
        continue;
      }
      if (!ep.first_message || at.ms < *ep.first_message) continue;
      if (ep.answered && at.ms >= out[*ep.response].at.ms) continue;
      respond(r->agent, LeftOut::no);
    } else if (const auto* d = std::get_if<conversation::Resolved>(&event)) {
      end(d->agent, true);
    } else if (std::holds_alternative<conversation::Closed>(event)) {
      if (is_active(before)) end(AgentId::from(past.meta.actor.id), false);
    } else if (const auto* o = std::get_if<conversation::Reopened>(&event)) {
      begin();
      add(Metric::reopened, o->by_customer ? AgentId{} : AgentId::from(past.meta.actor.id));
    } else if (std::holds_alternative<conversation::FirstResponseBreached>(event)) {
      Naive& fact = add(Metric::breached, state.agent);
      if (!ep.first_message_by.empty()) fact.events.insert(ep.first_message_by);
      ep.breach = out.size() - 1;
    } else if (std::holds_alternative<conversation::BreachWithdrawn>(event)) {
      Naive& fact = out[*ep.breach];
      fact.left_out = LeftOut::withdrawn;
      fact.value = 0;
      fact.events = {*fact.events.begin(), *fact.events.rbegin(), name};
    }
  }
  std::erase_if(out, [](const Naive& f) { return f.left_out == LeftOut::later_episode; });
  return out;
}

/// Whether the conversation was active at an instant, and where: time never runs backwards in one conversation.
std::optional<conversation::State> active_at(const std::vector<PastEvent>& history, Instant at) {
  conversation::State state;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  conversation::State held;
  bool any = false;
  for (const PastEvent& past : history) {
    const conversation::State before = state;
    state = evolve(state, std::get<conversation::Event>(past.event.body));
    const bool moved =
        is_active(before.phase) != is_active(state.phase) ||
        (is_active(state.phase) && (before.queue != state.queue || before.agent != state.agent));
    if (!moved) continue;
    last = std::max(last, past.event.occurred_at.ms);
    if (last > at.ms) break;
    held = state;
    any = true;
  }
  if (!any || !is_active(held.phase)) return std::nullopt;
  return held;
}

ReportKey key_of(ReportBy by, QueueId queue, AgentId agent, Channel channel, Language language) {
  switch (by) {
    case ReportBy::queue: return {queue};
    case ReportBy::agent: return {agent};
    case ReportBy::channel: return {RawId{0, static_cast<std::uint64_t>(channel)}};
    case ReportBy::language: return {RawId{0, static_cast<std::uint64_t>(language)}};
    default: return {};
  }
}

std::vector<ReportItem> all_items(const Served& s, const ReportQuery& query,
                                  std::optional<ReportKey> key = {}) {
  std::vector<ReportItem> out;
  std::optional<ReportPlace> after;
  do {
    const auto page = s.views->explain(query, key, after, 100);
    REQUIRE(page.has_value());
    out.insert(out.end(), page->items.begin(), page->items.end());
    after = page->next;
  } while (after);
  return out;
}

struct Expected {
  std::uint64_t counted = 0, left_out = 0;
  std::int64_t sum = 0;
  std::vector<std::int64_t> values;
};

}  // namespace

TEST_CASE("reports count what a plain reading of the histories counts, and their lists sum to them") {
  Served s(91, 3);
  s.shop.act(1'200);
  s.apply_all();
  std::vector<std::pair<ConversationId, Naive>> facts;
  for (const auto& c : s.shop.conversations)
    for (Naive& fact : facts_of(c.history)) facts.emplace_back(c.id, std::move(fact));
  const Instant end = s.shop.now + 1;
  std::size_t checked = 0;
  for (const Metric metric : {Metric::created, Metric::replied, Metric::resolved, Metric::reopened,
                              Metric::breached, Metric::first_response, Metric::resolution, Metric::waiting})
    for (const ReportBy by : {ReportBy::nothing, ReportBy::queue, ReportBy::agent, ReportBy::channel,
                              ReportBy::language, ReportBy::time})
      for (int window = 0; window < 3; ++window) {
        ReportQuery query;
        query.workspace = workspace;
        query.metric = metric;
        query.by = by;
        query.from =
            window == 0 ? Instant{0} : monday + s.shop.below(static_cast<std::uint32_t>(end - monday) / 2);
        query.to = window == 0 ? end : query.from + s.shop.below(400'000'000);
        query.as_of = end;
        for (Instant at = query.from; by == ReportBy::time && at < query.to && query.starts.size() < 12;
             at = at + 7'000'000)
          query.starts.push_back(at);
        if (by == ReportBy::time && query.starts.empty()) continue;
        std::map<ReportKey, Expected> expected;
        Expected total;
        std::multiset<std::string> deciding;
        for (const auto& [id, fact] : facts) {
          if (fact.metric != metric || fact.at < query.from || fact.at >= query.to) continue;
          ReportKey key = key_of(by, fact.queue, fact.agent, fact.channel, fact.language);
          if (by == ReportBy::time)
            key.id.low = static_cast<std::uint64_t>(std::ranges::upper_bound(query.starts, fact.at) -
                                                    query.starts.begin() - 1);
          for (Expected* to : {&expected[key], &total}) {
            to->counted += fact.left_out == LeftOut::no ? 1 : 0;
            to->left_out += fact.left_out == LeftOut::no ? 0 : 1;
            to->sum += fact.value;
            if (fact.left_out == LeftOut::no) to->values.push_back(fact.value);
          }
          deciding.insert(*fact.events.begin());
        }
        const auto made = s.views->report(query);
        REQUIRE(made.has_value());
        CHECK(made->total.counted == total.counted);
        CHECK(made->total.left_out == total.left_out);
        CHECK(made->total.sum == total.sum);
        std::uint64_t reasons = 0;
        for (const auto& [reason, count] : made->left_out) reasons += count;
        CHECK(reasons == total.left_out);
        if (by != ReportBy::nothing && by != ReportBy::time) CHECK(made->rows.size() == expected.size());
        if (by == ReportBy::time) CHECK(made->rows.size() == query.starts.size());
        for (const ReportRow& row : made->rows) {
          Expected& want = expected[row.key];
          CHECK(row.figures.counted == want.counted);
          CHECK(row.figures.left_out == want.left_out);
          CHECK(row.figures.sum == want.sum);
          if (row.figures.sketch.count() != 0) {
            std::ranges::sort(want.values);
            for (const double q : {0.5, 0.9, 0.95, 0.99}) {
              const auto exact = static_cast<double>(
                  want.values[static_cast<std::size_t>(q * static_cast<double>(want.values.size() - 1))]);
              CHECK(std::abs(row.figures.sketch.quantile(q) - exact) <= sketch_error * exact + 1e-6);
            }
          }
          const auto items = all_items(s, query, row.key);
          std::int64_t sum = 0;
          std::uint64_t counted = 0;
          for (const ReportItem& item : items) {
            sum += item.value;
            counted += item.left_out == LeftOut::no ? 1 : 0;
          }
          CHECK(sum == row.figures.sum);
          CHECK(counted == row.figures.counted);
          CHECK(items.size() == row.figures.counted + row.figures.left_out);
          ++checked;
        }
        const auto items = all_items(s, query);
        CHECK(items.size() == made->total.counted + made->total.left_out);
        CHECK(std::ranges::is_sorted(items, {}, &ReportItem::at));
      }
  CHECK(checked > 500);
}

TEST_CASE("the events behind a fact are those that decided it") {
  Served s(92, 2);
  s.shop.act(1'500);
  s.apply_all();
  for (const Metric metric :
       {Metric::created, Metric::replied, Metric::resolution, Metric::first_response, Metric::reopened}) {
    std::multiset<std::string> expected, seen;
    for (const auto& c : s.shop.conversations)
      for (const Naive& fact : facts_of(c.history))
        if (fact.metric == metric)
          for (const std::string& name : fact.events) expected.insert(name);
    ReportQuery query;
    query.workspace = workspace;
    query.metric = metric;
    query.to = query.as_of = s.shop.now + 1;
    for (const ReportItem& item : all_items(s, query))
      for (const Version version : item.events) seen.insert(event_name(item.conversation, version));
    if (metric == Metric::created || metric == Metric::replied || metric == Metric::reopened)
      CHECK(seen == expected);
    else
      CHECK(seen.size() == expected.size());
  }
}

TEST_CASE("the backlog of any instant is the conversations active then") {
  Served s(93, 3);
  s.shop.act(2'000);
  s.apply_all();
  ReportQuery query;
  query.workspace = workspace;
  query.metric = Metric::backlog;
  query.from = monday;
  query.as_of = s.shop.now;
  for (int i = 0; i < 25; ++i) {
    query.to = monday + s.shop.below(static_cast<std::uint32_t>(s.shop.now - monday));
    for (const ReportBy by : {ReportBy::nothing, ReportBy::queue, ReportBy::agent}) {
      query.by = by;
      std::map<ReportKey, std::uint64_t> expected;
      std::uint64_t total = 0;
      for (const auto& c : s.shop.conversations)
        if (const auto state = active_at(c.history, query.to)) {
          ++expected[key_of(by, state->queue, state->agent, state->channel, Language::und)];
          ++total;
        }
      const auto made = s.views->report(query);
      REQUIRE(made.has_value());
      CHECK(made->total.counted == total);
      if (by == ReportBy::nothing) continue;
      CHECK(made->rows.size() == expected.size());
      for (const ReportRow& row : made->rows) {
        CHECK(row.figures.counted == expected[row.key]);
        CHECK(all_items(s, query, row.key).size() == row.figures.counted);
      }
    }
  }
  // Over a time: each stretch's own end.
  query.by = ReportBy::time;
  query.to = s.shop.now;
  for (Instant at = monday; at < query.to; at = at + 30'000'000) query.starts.push_back(at);
  const auto made = s.views->report(query);
  REQUIRE(made.has_value());
  REQUIRE(made->rows.size() == query.starts.size());
  for (std::size_t i = 0; i < made->rows.size(); ++i) {
    const Instant at = i + 1 < query.starts.size() ? query.starts[i + 1] : query.to;
    std::uint64_t total = 0;
    for (const auto& c : s.shop.conversations) total += active_at(c.history, at) ? 1 : 0;
    CHECK(made->rows[i].figures.counted == total);
    CHECK(all_items(s, query, made->rows[i].key).size() == total);
  }
}

TEST_CASE("resolved at first contact is what few replies resolved and nobody reopened in time") {
  Served s(1);
  auto& shop = s.shop;
  auto& quick = shop.opened_with_message();
  shop.now = shop.now + 60'000;
  shop.reply(quick, shop.now);
  shop.apply(quick, conversation::Resolve{.agent = agents[0], .at = shop.now, .adopted = &shop.adopted});
  auto& slow = shop.opened_with_message();
  shop.reply(slow, shop.now);
  shop.reply(slow, shop.now);
  shop.apply(slow, conversation::Resolve{.agent = agents[0], .at = shop.now, .adopted = &shop.adopted});
  auto& mute = shop.opened_with_message();
  shop.apply(mute, conversation::Resolve{.agent = agents[0], .at = shop.now, .adopted = &shop.adopted});
  ReportQuery query;
  query.workspace = workspace;
  query.metric = Metric::fcr;
  query.to = query.as_of = shop.now + 1;
  const auto fcr = [&] {
    s.apply_all();
    return must(s.views->report(query));
  };
  Report report = fcr();
  CHECK(report.total.counted == 2);
  CHECK(report.total.sum == 1);
  CHECK(report.total.provisional == 1);
  CHECK(report.left_out[LeftOut::no_reply] == 1);
  query.fcr_replies_max = 2;
  CHECK(fcr().total.sum == 2);
  query.fcr_replies_max = 1;
  query.as_of = shop.now + 8 * 86'400'000LL;
  CHECK(fcr().total.provisional == 0);
  shop.now = shop.now + 86'400'000;
  shop.apply(shop.conversations[0], conversation::Reopen{.at = shop.now});
  report = fcr();
  CHECK(report.total.counted == 2);
  CHECK(report.total.sum == 0);
  query.fcr_window_ms = 3'600'000;
  CHECK(fcr().total.sum == 1);
}

TEST_CASE("one answer an episode and question counts, and a later one corrects it") {
  Served s(1);
  auto& shop = s.shop;
  auto& c = shop.opened_with_message();
  const auto rate = [&](RatingKind kind, std::int64_t score) {
    shop.now = shop.now + 60'000;
    REQUIRE(shop.apply(c, conversation::Rate{.kind = kind, .score = score, .at = shop.now}));
  };
  const auto resolve = [&] {
    shop.now = shop.now + 60'000;
    REQUIRE(
        shop.apply(c, conversation::Resolve{.agent = agents[1], .at = shop.now, .adopted = &shop.adopted}));
  };
  resolve();
  rate(RatingKind::csat, 2);
  rate(RatingKind::nps, 10);
  rate(RatingKind::csat, 5);
  shop.now = shop.now + 60'000;
  REQUIRE(shop.apply(c, conversation::Reopen{.at = shop.now}));
  resolve();
  rate(RatingKind::csat, 3);
  rate(RatingKind::nps, 6);
  s.apply_all();
  ReportQuery query;
  query.workspace = workspace;
  query.to = query.as_of = shop.now + 1;
  query.by = ReportBy::agent;
  query.metric = Metric::csat;
  const Report csat = must(s.views->report(query));
  CHECK(csat.total.counted == 2);
  CHECK(csat.total.sum == 8);
  CHECK(csat.total.high == 1);
  CHECK(csat.total.episodes == 2);
  CHECK(csat.left_out == std::map<LeftOut, std::uint64_t>{{LeftOut::corrected, 1}});
  REQUIRE(csat.rows.size() == 1);
  CHECK(csat.rows.front().key.id == agents[1]);
  const auto items = all_items(s, query);
  REQUIRE(items.size() == 3);
  CHECK(items[0].left_out == LeftOut::corrected);
  CHECK(items[0].events.size() == 2);
  query.metric = Metric::nps;
  const Report nps = must(s.views->report(query));
  CHECK(nps.total.counted == 2);
  CHECK(nps.total.high == 1);
  CHECK(nps.total.low == 1);
  query.metric = Metric::ces;
  CHECK(must(s.views->report(query)).total.counted == 0);
}

TEST_CASE("what is undone, and what is spam, is left out and says so") {
  Served s(1);
  auto& shop = s.shop;
  auto& c = shop.opened_with_message();
  shop.now = shop.now + 60'000;
  REQUIRE(shop.apply(c, conversation::Resolve{.agent = agents[0], .at = shop.now, .adopted = &shop.adopted}));
  ReportQuery query;
  query.workspace = workspace;
  const auto report = [&](Metric metric) {
    s.apply_all();
    query.metric = metric;
    query.to = query.as_of = shop.now + 1;
    return must(s.views->report(query));
  };
  CHECK(report(Metric::resolved).total.counted == 1);
  CHECK(report(Metric::first_response).left_out.at(LeftOut::not_answered) == 1);
  shop.now = shop.now + 1'000;
  const conversation::Done* done = conversation::last_act(c.state, {ActorKind::agent, agents[0]});
  if (done != nullptr) {
    REQUIRE(shop.apply(
        c, conversation::Undo{.by = {ActorKind::agent, agents[0]}, .agent = agents[0], .at = shop.now}));
    CHECK(report(Metric::resolved).total.counted == 0);
    CHECK(report(Metric::resolved).left_out.at(LeftOut::undone) == 1);
    CHECK(report(Metric::first_response).left_out.empty());
    CHECK(report(Metric::backlog).total.counted == 1);
  }
  auto& spam = shop.opened_with_message();
  shop.now = shop.now + 1'000;
  REQUIRE(shop.apply(spam, conversation::MarkSpam{.agent = agents[0], .at = shop.now}));
  CHECK(report(Metric::created).total.counted == 1);
  CHECK(report(Metric::created).left_out.at(LeftOut::spam) == 1);
  shop.now = shop.now + 1'000;
  REQUIRE(shop.apply(spam, conversation::UnmarkSpam{.agent = agents[0], .at = shop.now}));
  CHECK(report(Metric::created).total.counted == 2);
  for (const HashComparison& h : must(s.views->verify("facts"))) CHECK(h.equal());
}

TEST_CASE("the rows of facts and stretches are the same rebuilt, and after a restart") {
  Served s(94, 2);
  s.shop.act(800);
  s.apply_all(97);
  const auto before = s.hashes();
  for (const HashComparison& c : must(s.views->verify("facts"))) CHECK(c.equal());
  s.reopen();
  s.apply_all();
  CHECK(s.hashes() == before);
}

TEST_CASE("a sketch's quantiles are off by no more than it says, and parts add up to the whole") {
  std::minstd_rand random(5);
  std::vector<std::int64_t> values;
  Sketch whole, left, right;
  for (int i = 0; i < 5'000; ++i) {
    const auto value = static_cast<std::int64_t>(std::exp(static_cast<double>(random() % 3'000) / 100.0)) - 1;
    values.push_back(value);
    whole.add(value);
    (i % 3 == 0 ? left : right).add(value);
  }
  left.merge(right);
  CHECK(left == whole);
  std::ranges::sort(values);
  for (int i = 0; i <= 100; ++i) {
    const double q = i / 100.0;
    const auto exact =
        static_cast<double>(values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))]);
    CHECK(std::abs(whole.quantile(q) - exact) <= sketch_error * exact + 1e-9 * exact);
  }
  CHECK(Sketch{}.quantile(0.5) == 0);
}

TEST_CASE("a report that had its time is refused, with what to do, and gives nothing of it") {
  Served s(96, 2);
  s.shop.act(1'500);
  s.apply_all();
  const Stopwatch hurried(query_ms_max), quick(0);
  for (const Metric metric : {Metric::created, Metric::resolved, Metric::backlog}) {
    ReportQuery query;
    query.workspace = workspace;
    query.metric = metric;
    query.from = monday;
    query.to = query.as_of = s.shop.now;
    query.time = TimeLimit(hurried);
    const auto refused = s.views->report(query);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().rule == "report.too_long");
    CHECK(refused.error().detail.find("ask for a") != std::string::npos);
    query.time = TimeLimit(hurried);
    const auto unexplained = s.views->explain(query, {}, {}, 50);
    REQUIRE_FALSE(unexplained.has_value());
    CHECK(unexplained.error().rule == "report.too_long");
    query.time = TimeLimit(quick);
    CHECK(must(s.views->report(query)).total.counted > 0);
    CHECK_FALSE(must(s.views->explain(query, {}, {}, 50)).items.empty());
  }
}

TEST_CASE("the overview has what was done since and what waits now") {
  Served s(95, 3);
  s.shop.act(1'500);
  s.apply_all();
  const Instant now = s.shop.now, from = now + -43'200'000;
  for (const ReportBy by : {ReportBy::queue, ReportBy::agent, ReportBy::channel}) {
    std::map<ReportKey, OverviewRow> expected;
    for (const auto& c : s.shop.conversations) {
      for (const Naive& f : facts_of(c.history)) {
        if (f.left_out != LeftOut::no || f.at < from || f.at > now) continue;
        OverviewRow& row = expected[key_of(by, f.queue, f.agent, f.channel, f.language)];
        row.created += f.metric == Metric::created ? 1 : 0;
        row.replied += f.metric == Metric::replied ? 1 : 0;
        row.resolved += f.metric == Metric::resolved ? 1 : 0;
        row.breached += f.metric == Metric::breached ? 1 : 0;
      }
      const Ticket t = s.ticket(c.id);
      OverviewRow& row = expected[key_of(by, t.queue, t.assignee, t.channel, t.language)];
      if (is_active(t.state) && t.first_response.outstanding && *t.first_response.due_at <= now) ++row.late;
      if (t.state != Phase::fresh && t.state != Phase::open) continue;
      if ((by == ReportBy::agent) != (t.assignee != AgentId{})) continue;
      ++row.waiting;
      const Instant since = t.unanswered_since.value_or(t.created_at);
      row.oldest = std::min(row.oldest.value_or(since), since);
    }
    const Overview made = must(s.views->overview(workspace, from, now, by));
    for (const OverviewRow& row : made.rows) {
      const OverviewRow& want = expected[row.key];
      CHECK(row.created == want.created);
      CHECK(row.replied == want.replied);
      CHECK(row.resolved == want.resolved);
      CHECK(row.breached == want.breached);
      CHECK(row.waiting == want.waiting);
      CHECK(row.late == want.late);
      CHECK(row.oldest == want.oldest);
    }
    CHECK(made.total.waiting > 0);
  }
}
