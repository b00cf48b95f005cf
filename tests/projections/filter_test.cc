#include "projections/filter.h"

#include <algorithm>

#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;
using conversation::Phase;

namespace {

const AgentId ada = agents[0];

FilterNames names() {
  FilterNames out;
  out.me = ada;
  out.agents = [](std::string_view name) {
    return name == "Ada"   ? std::vector{agents[0]}
           : name == "Kim" ? std::vector{agents[1]}
                           : std::vector<AgentId>{};
  };
  out.queues = [](std::string_view name) {
    return name == "Inbox"        ? std::vector{queues[0]}
           : name == "Late, very" ? std::vector{queues[1]}
                                  : std::vector<QueueId>{};
  };
  out.tags = [](std::string_view name) {
    return name == "refund" ? std::vector{TagId::from({4, 1})} : std::vector<TagId>{};
  };
  out.stores = [](std::string_view name) {
    return name == "shop" ? std::vector{StoreId::from({5, 1})} : std::vector{StoreId::from({5, 9})};
  };
  out.conversations = [](FilterKey key, std::string_view) -> std::optional<std::vector<ConversationId>> {
    if (key != FilterKey::order) return std::nullopt;
    return std::vector{ConversationId::from({9, 9})};
  };
  return out;
}

FilterText parsed(std::string_view text) {
  auto got = parse_filter(text);
  const auto* fault = std::get_if<FilterFault>(&got);
  REQUIRE_MESSAGE(fault == nullptr, text, ": ", (fault != nullptr ? fault->detail : ""));
  return std::get<FilterText>(got);
}
Filter filter(std::string_view text) {
  auto got = resolve_filter(parsed(text), names());
  const auto* fault = std::get_if<FilterFault>(&got);
  REQUIRE_MESSAGE(fault == nullptr, text, ": ", (fault != nullptr ? fault->detail : ""));
  return std::get<Filter>(got);
}
FilterFault fault_of(std::string_view text) {
  auto got = parse_filter(text);
  if (const auto* fault = std::get_if<FilterFault>(&got)) return *fault;
  auto resolved = resolve_filter(std::get<FilterText>(got), names());
  REQUIRE_MESSAGE(std::holds_alternative<FilterFault>(resolved), text);
  return std::get<FilterFault>(resolved);
}

constexpr Instant now{monday.ms + 10 * 86'400'000LL};

FilterSubject some_subject() {
  FilterSubject s;
  s.id = ConversationId::from({9, 9});
  s.number = 4711;
  s.state = Phase::open;
  s.queue = queues[0];
  s.channel = Channel::email;
  s.store = StoreId::from({5, 1});
  s.language = parse_language("zh-Hant");
  s.priority = Priority::high;
  s.created_at = now + -3 * 86'400'000LL;
  s.updated_at = now + -60'000;
  s.unanswered = true;
  s.messages = 4;
  return s;
}
bool passes(std::string_view text, const FilterSubject& s = some_subject()) {
  return filter(text).matches(s, now);
}

}  // namespace

TEST_CASE("a filter passes what each of its terms passes") {
  static const std::array all{TagId::from({4, 1}), TagId::from({4, 3})};
  FilterSubject s = some_subject();
  s.tags = all;
  for (const char* text : {"",
                           "   ",
                           "state:open",
                           "state:new,open",
                           "state:active",
                           "-state:resolved",
                           "is:unassigned",
                           "is:unanswered",
                           "assignee:none",
                           "-assignee:me",
                           "queue:Inbox",
                           "queue:none,Inbox",
                           "channel:email,chat",
                           "-channel:chat",
                           "account:shop",
                           "lang:zh",
                           "lang:zh-Hant",
                           "lang:zh-TW",
                           "-lang:de",
                           "priority:high,urgent",
                           "tag:refund",
                           "-tag:none",
                           "messages:4",
                           "messages:>3",
                           "messages:>=4",
                           "messages:<5",
                           "messages:<=4",
                           "messages:2..4",
                           "reopened:0",
                           "-is:reopened",
                           "4711",
                           "number:4711",
                           "number:1,4711",
                           "number:>4000",
                           "order:ABC-1",
                           "created:<7d",
                           "created:>2d",
                           "created:2d..4d",
                           "created:>2020-01-01",
                           "updated:<1h",
                           "-resolved:>2020-01-01",
                           "-is:late",
                           "-is:soon",
                           "sla:none",
                           "-sla:<30m",
                           "state:open queue:Inbox -tag:none 4711",
                           "STATE:open"})
    CHECK_MESSAGE(passes(text, s), text);
  for (const char* text : {"state:new",
                           "-state:open",
                           "state:waiting",
                           "state:spam",
                           "is:mine",
                           "is:late",
                           "is:waiting",
                           "assignee:me",
                           "assignee:Kim",
                           "-assignee:none",
                           "queue:none",
                           "queue:\"Late, very\"",
                           "channel:chat",
                           "account:other",
                           "lang:de",
                           "lang:zh-Hans",
                           "lang:und",
                           "priority:low",
                           "-tag:refund",
                           "tag:none",
                           "messages:<4",
                           "messages:5..9",
                           "4712",
                           "-4711",
                           "created:<2d",
                           "created:<2020-01-01",
                           "updated:>1h",
                           "resolved:>2020-01-01",
                           "sla:<30m",
                           "sla:late",
                           "state:open queue:none"})
    CHECK_MESSAGE(!passes(text, s), text);
}

TEST_CASE("days end where they end, and instants are exact") {
  FilterSubject s = some_subject();
  const auto at = [&](const char* text) { s.created_at = *parse_rfc3339(text); };
  at("2026-11-01T23:59:59.999Z");
  for (const char* text :
       {"created:2026-11-01", "created:<=2026-11-01", "created:>=2026-11-01", "created:>2026-10-31",
        "created:<2026-11-02", "created:2026-10-30..2026-11-01", "created:2026-11-01T23:59:59.999Z",
        "created:>=2026-11-01T23:59:59.999Z", "created:<2026-11-02T01:00:00+01:00"})
    CHECK_MESSAGE(passes(text, s), text);
  for (const char* text : {"created:2026-11-02", "created:>2026-11-01", "created:<2026-11-01",
                           "created:>2026-11-01T23:59:59.999Z", "created:2026-10-30..2026-10-31"})
    CHECK_MESSAGE(!passes(text, s), text);
}

TEST_CASE("a promise is soon in its last quarter or ten minutes, then late, until somebody answers") {
  FilterSubject s = some_subject();
  s.response = conversation::FirstResponse::running;
  s.response_outstanding = true;
  s.response_from = now;
  s.response_due = now + 4 * 3'600'000;
  const auto at = [&](std::int64_t ms, const char* text) { return filter(text).matches(s, now + ms); };
  CHECK(at(0, "sla:ok"));
  CHECK(at(0, "sla:<5h"));
  CHECK_FALSE(at(0, "sla:<4h"));
  CHECK(at(3 * 3'600'000 - 1, "sla:ok"));
  CHECK(at(3 * 3'600'000, "sla:soon"));
  CHECK(at(3 * 3'600'000, "is:soon"));
  CHECK(at(4 * 3'600'000 - 1, "sla:soon -is:late"));
  CHECK(at(4 * 3'600'000, "is:late"));
  CHECK(at(4 * 3'600'000, "sla:<30m"));
  s.response = conversation::FirstResponse::breached;
  CHECK(at(5 * 3'600'000, "sla:late"));
  CHECK(at(5 * 3'600'000, "sla:breached"));
  s.response_outstanding = false;
  CHECK_FALSE(at(5 * 3'600'000, "sla:late"));
  CHECK(at(5 * 3'600'000, "sla:breached"));
  CHECK_FALSE(at(5 * 3'600'000, "sla:<30m"));
  CHECK(filter("is:soon").depends_on_time());
  CHECK(filter("created:<7d").depends_on_time());
  CHECK_FALSE(filter("state:open tag:refund created:>2026-01-01").depends_on_time());
}

TEST_CASE("a fault names its place, counted in characters") {
  struct Case {
    const char* text;
    std::size_t offset;
    std::string_view code;
  };
  const std::string long_one(filter_bytes_max + 1, 'a');
  std::string terms, values = "tag:refund";
  for (std::size_t i = 0; i <= filter_terms_max; ++i) terms += "1 ";
  for (std::size_t i = 0; i < filter_values_max; ++i) values += ",refund";
  for (const Case& c : {
           Case{"hello", 0, "filter.bare_word"},
           Case{"state:open hello", 11, "filter.bare_word"},
           Case{"ä", 0, "filter.bare_word"},
           Case{"queue:\"Äöü\" x:y", 12, "filter.unknown_key"},
           Case{"colour:red", 0, "filter.unknown_key"},
           Case{"-colour:red", 1, "filter.unknown_key"},
           Case{"field:red", 0, "filter.unknown_key"},
           Case{"state.x:red", 0, "filter.bare_word"},
           Case{"field.:red", 6, "filter.field_name"},
           Case{":", 0, "filter.bare_word"},
           Case{"-", 1, "filter.term_missing"},
           Case{"- x", 1, "filter.term_missing"},
           Case{"--state:open", 1, "filter.bare_word"},
           Case{"state:", 6, "filter.value_missing"},
           Case{"state:open,", 11, "filter.value_missing"},
           Case{"state:,open", 6, "filter.value_missing"},
           Case{"state:opened", 6, "filter.unknown_value"},
           Case{"state:open,shut", 11, "filter.unknown_value"},
           Case{"is:happy", 3, "filter.unknown_value"},
           Case{"channel:fax", 8, "filter.unknown_value"},
           Case{"lang:klingon", 5, "filter.unknown_value"},
           Case{"priority:highest", 9, "filter.unknown_value"},
           Case{"assignee:Nobody", 9, "filter.unknown_name"},
           Case{"assignee:\"me\"", 9, "filter.unknown_name"},
           Case{"queue:Inbox,Outbox", 12, "filter.unknown_name"},
           Case{"tag:\"re\\fund\"", 8, "filter.escape"},
           Case{"tag:\"refund", 4, "filter.quote_open"},
           Case{"tag:\"a\"b", 7, "filter.after_quote"},
           Case{"tag:a\"b\"", 5, "filter.quote_it"},
           Case{"tag:(a", 4, "filter.quote_it"},
           Case{"(state:open)", 0, "filter.bare_word"},
           Case{"messages:many", 9, "filter.not_a_number"},
           Case{"messages:>", 9, "filter.value_missing"},
           Case{"messages:5..3", 9, "filter.empty_range"},
           Case{"messages:-1", 9, "filter.not_a_number"},
           Case{"number:99999999999999999999", 7, "filter.not_a_number"},
           Case{"4711x", 0, "filter.not_a_number"},
           Case{"created:yesterday", 8, "filter.not_a_time"},
           Case{"created:2026-02-30", 8, "filter.not_a_time"},
           Case{"created:>2026-13-01", 8, "filter.not_a_time"},
           Case{"created:7d", 8, "filter.comparison_missing"},
           Case{"created:<99999999w", 8, "filter.not_a_time"},
           Case{"sla:30m", 4, "filter.unknown_value"},
           Case{"sla:<soon", 4, "filter.not_a_duration"},
           Case{"subject:ann", 8, "filter.unknown_value"},
           Case{"from:ann@example.com", 5, "filter.not_available"},
           Case{"state:open \x01", 11, "filter.control_character"},
           Case{"tag:\xff", 4, "filter.not_utf8"},
           Case{"tag:\xed\xa0\x80", 4, "filter.not_utf8"},
           Case{"tag:\xc0\xaf", 4, "filter.not_utf8"},
           Case{long_one.c_str(), 0, "filter.too_long"},
           Case{terms.c_str(), 2 * filter_terms_max, "filter.too_many_terms"},
           Case{values.c_str(), 4 + 7 * filter_values_max, "filter.too_many_values"},
       }) {
    const FilterFault fault = fault_of(c.text);
    CHECK_MESSAGE(fault.code == c.code, c.text);
    CHECK_MESSAGE(fault.offset == c.offset, c.text);
    CHECK_FALSE(fault.detail.empty());
  }
}

TEST_CASE("teams, types, fields, ratings and mentions") {
  FilterNames known = names();
  known.types = [](std::string_view) { return std::vector{TypeId::from({6, 1})}; };
  known.field = [](std::string_view name) -> std::optional<settings::Field> {
    settings::Field field;
    field.id = FieldId::from({7, name.size()});
    field.name = name;
    field.kind = name == "size"        ? FieldKind::choice
                 : name == "weight"    ? FieldKind::number
                 : name == "bought_at" ? FieldKind::date
                 : name == "gifts"     ? FieldKind::boolean
                                       : FieldKind::text;
    if (name == "size") field.choices = {{ChoiceId::from({8, 1}), "XL, wide"}, {ChoiceId::from({8, 2}), "S"}};
    if (name == "nothing") return std::nullopt;
    return field;
  };
  const std::vector<conversation::FieldEntry> fields{
      {FieldId::from({7, 4}), ChoiceId::from({8, 1})},
      {FieldId::from({7, 6}), conversation::NumberValue{25'000}},
      {FieldId::from({7, 9}), conversation::DateValue{20'000}},
      {FieldId::from({7, 5}), true}};
  const std::vector<TicketRating> ratings{{RatingKind::csat, 5, 1, {}, {}, {}},
                                          {RatingKind::csat, 2, 2, {}, {}, {}},
                                          {RatingKind::nps, 9, 2, {}, {}, {}}};
  const std::vector<AgentId> mentions{agents[0]};
  FilterSubject s = some_subject();
  s.type = TypeId::from({6, 1});
  s.fields = fields;
  s.ratings = ratings;
  s.mentions = mentions;
  const auto ask = [&](const char* text) {
    const auto got = resolve_filter(parsed(text), known);
    const auto* fault = std::get_if<FilterFault>(&got);
    REQUIRE_MESSAGE(fault == nullptr, text);
    return std::get<Filter>(got).matches(s, now);
  };
  for (const char* text :
       {"type:Refund", "team:none", "sub_state:none", "field.size:\"xl, wide\"", "-field.size:S",
        "field.weight:2.5", "field.weight:>2", "field.weight:2..3", "-field.weight:<2.5",
        "field.bought_at:2024-10-04", "field.bought_at:<=2024-10-04", "field.gifts:yes", "-field.gifts:no",
        "field.remembered:none", "-field.size:none", "rating:<3", "rating:2", "mentions:me", "-mentions:Kim"})
    CHECK_MESSAGE(ask(text), std::string(text));
  for (const char* text : {"type:none", "field.size:S", "field.weight:<2.5", "field.bought_at:>2024-10-04",
                           "field.gifts:no,none", "rating:5", "mentions:Kim", "-field.remembered:none"})
    CHECK_MESSAGE(!ask(text), std::string(text));
  struct Case {
    const char* text;
    std::size_t offset;
    std::string_view code;
  };
  for (const Case& c :
       {Case{"field.nothing:x", 0, "filter.unknown_name"}, Case{"field.size:M", 11, "filter.unknown_name"},
        Case{"field.weight:heavy", 13, "filter.not_a_number"},
        Case{"field.weight:1.23456", 13, "filter.not_a_number"},
        Case{"field.weight:1.", 13, "filter.not_a_number"},
        Case{"field.gifts:maybe", 12, "filter.unknown_value"},
        Case{"field.bought_at:soon", 16, "filter.not_a_time"},
        Case{"field.notes:secret", 12, "filter.not_available"}, Case{"rating:good", 7, "filter.not_a_number"},
        Case{"mentions:none", 9, "filter.unknown_value"}, Case{"team:Nowhere", 5, "filter.unknown_name"}}) {
    const auto got = resolve_filter(std::holds_alternative<FilterText>(parse_filter(c.text))
                                        ? std::get<FilterText>(parse_filter(c.text))
                                        : FilterText{},
                                    known);
    const auto read = parse_filter(c.text);
    const auto* fault = std::get_if<FilterFault>(&read);
    if (fault == nullptr) fault = std::get_if<FilterFault>(&got);
    REQUIRE_MESSAGE(fault != nullptr, c.text);
    CHECK_MESSAGE(fault->code == c.code, c.text);
    CHECK_MESSAGE(fault->offset == c.offset, c.text);
  }
}

TEST_CASE("a token that speaks for no agent has no `me`") {
  FilterNames nobody = names();
  nobody.me = {};
  for (const char* text : {"is:mine", "assignee:me"}) {
    const auto got = resolve_filter(parsed(text), nobody);
    const auto* fault = std::get_if<FilterFault>(&got);
    REQUIRE(fault != nullptr);
    CHECK(fault->code == "filter.not_an_agent");
  }
}

TEST_CASE("written out and read again a filter is the same") {
  for (const char* text :
       {"", "state:open", "-tag:a,\"b c\",\"d\\\"e\\\\\"", "4711 number:>5,2..7 created:<=2026-11-01",
        "QUEUE:Inbox  is:late", "field.\"Order no\":x,none field.size:\"XL, wide\"", "tag:a\\b"}) {
    FilterText once = parsed(text);
    FilterText again = parsed(to_text(once));
    for (FilterText* filter : {&once, &again})
      for (FilterTerm& term : filter->terms) {
        term.offset = 0;
        for (FilterValue& value : term.values) value.offset = 0;
      }
    CHECK_MESSAGE(once == again, text);
    CHECK(to_text(once) == to_text(again));
  }
}

TEST_CASE("a ticket means the same to a filter as its row does") {
  Served s(77, 2);
  s.shop.act(800);
  s.apply_all();
  const std::vector<std::string> texts{"state:active", "is:late",          "is:soon",
                                       "sla:<2h",      "sla:met,breached", "is:unanswered",
                                       "tag:refund",   "-tag:none",        "is:reopened",
                                       "messages:>2",  "created:<2d",      "resolved:>2020-01-01",
                                       "is:mine",      "queue:Inbox",      "lang:de",
                                       "account:shop", "is:waiting,late"};
  std::size_t passed = 0;
  for (const auto& c : s.shop.conversations) {
    const Ticket ticket = s.ticket(c.id);
    const auto folded = fold_ticket(c.history);
    REQUIRE(folded.has_value());
    for (const std::string& text : texts) {
      const Filter f = filter(text);
      CHECK(f.matches(ticket, s.shop.now) == f.matches(*folded, s.shop.now));
      passed += f.matches(ticket, s.shop.now) ? 1 : 0;
    }
  }
  CHECK(passed > 100);
}
