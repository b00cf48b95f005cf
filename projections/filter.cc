#include "projections/filter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace parlance {
namespace {

using conversation::Phase;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t soon_ms = 10 * 60'000;
constexpr std::int64_t duration_ms_max = 36'500 * day_ms;
constexpr std::size_t number_digits_max = 18;

constexpr std::array<std::pair<FilterKey, std::string_view>, 25> keys{{
    {FilterKey::state, "state"},       {FilterKey::is, "is"},
    {FilterKey::assignee, "assignee"}, {FilterKey::team, "team"},
    {FilterKey::queue, "queue"},       {FilterKey::channel, "channel"},
    {FilterKey::account, "account"},   {FilterKey::lang, "lang"},
    {FilterKey::priority, "priority"}, {FilterKey::tag, "tag"},
    {FilterKey::type, "type"},         {FilterKey::sub_state, "sub_state"},
    {FilterKey::field, "field"},       {FilterKey::sla, "sla"},
    {FilterKey::created, "created"},   {FilterKey::updated, "updated"},
    {FilterKey::resolved, "resolved"}, {FilterKey::messages, "messages"},
    {FilterKey::reopened, "reopened"}, {FilterKey::number, "number"},
    {FilterKey::order, "order"},       {FilterKey::from, "from"},
    {FilterKey::subject, "subject"},   {FilterKey::rating, "rating"},
    {FilterKey::mentions, "mentions"},
}};
constexpr std::array<std::pair<FilterIs, std::string_view>, 8> is_words{{
    {FilterIs::unassigned, "unassigned"},
    {FilterIs::mine, "mine"},
    {FilterIs::late, "late"},
    {FilterIs::soon, "soon"},
    {FilterIs::reopened, "reopened"},
    {FilterIs::spam, "spam"},
    {FilterIs::waiting, "waiting"},
    {FilterIs::unanswered, "unanswered"},
}};
constexpr std::array<std::pair<FilterSla, std::string_view>, 6> sla_words{{
    {FilterSla::late, "late"},
    {FilterSla::soon, "soon"},
    {FilterSla::ok, "ok"},
    {FilterSla::met, "met"},
    {FilterSla::breached, "breached"},
    {FilterSla::none, "none"},
}};

template <class E, std::size_t N>
std::optional<E> find_word(const std::array<std::pair<E, std::string_view>, N>& words,
                           std::string_view text) {
  const auto it = std::ranges::find(words, text, [](const auto& entry) { return entry.second; });
  if (it == words.end()) return std::nullopt;
  return it->first;
}
template <class E, std::size_t N>
std::string list_words(const std::array<std::pair<E, std::string_view>, N>& words) {
  std::string out;
  for (const auto& [value, word] : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

std::uint32_t phase_bits(std::string_view word) {
  if (word == "active") {
    std::uint32_t bits = 0;
    for (unsigned p = 0; p < 32; ++p)
      if (is_active(static_cast<Phase>(p))) bits |= 1U << p;
    return bits;
  }
  if (word == "waiting") return filter_bit(Phase::waiting_customer) | filter_bit(Phase::waiting_third_party);
  const auto phase = conversation::parse_phase(word);
  return phase ? filter_bit(*phase) : 0;
}

// ---- values that compare ----

enum class Compares : std::uint8_t { no, number, instant, duration, by_field };
Compares compares(FilterKey key) {
  switch (key) {
    case FilterKey::messages:
    case FilterKey::reopened:
    case FilterKey::number:
    case FilterKey::rating: return Compares::number;
    case FilterKey::created:
    case FilterKey::updated:
    case FilterKey::resolved: return Compares::instant;
    case FilterKey::sla: return Compares::duration;
    case FilterKey::field: return Compares::by_field;
    default: return Compares::no;
  }
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.size() > number_digits_max || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}
/// Ten-thousandths, as fields hold numbers.
std::optional<std::int64_t> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (digits.empty() || fraction.size() > 4 || (point < text.size() && fraction.empty())) return std::nullopt;
  digits += fraction;
  digits.append(4 - fraction.size(), '0');
  const auto value = parse_number(digits);
  if (!value) return std::nullopt;
  return negative ? -*value : *value;
}
std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1'000; break;
    case 'm': unit = 60'000; break;
    case 'h': unit = 3'600'000; break;
    case 'd': unit = day_ms; break;
    case 'w': unit = 7 * day_ms; break;
    default: return std::nullopt;
  }
  const auto count = parse_number(text.substr(0, text.size() - 1));
  if (!count || *count > duration_ms_max / unit) return std::nullopt;
  return *count * unit;
}
/// A day, or an instant: [from, to).
std::optional<FilterRange> parse_moment(std::string_view text) {
  const bool day = text.size() == 10;
  const auto at = parse_rfc3339(day ? std::string(text) + "T00:00:00Z" : std::string(text));
  if (!at) return std::nullopt;
  return FilterRange{at->ms, at->ms + (day ? day_ms : 1)};
}

FilterRange range_of(FilterCompare compare, const FilterRange& one, const FilterRange& upper) {
  switch (compare) {
    case FilterCompare::equal: return one;
    case FilterCompare::less: return {lowest, one.from};
    case FilterCompare::at_most: return {lowest, one.to};
    case FilterCompare::more: return {one.to, highest};
    case FilterCompare::at_least: return {one.from, highest};
    case FilterCompare::between: return {one.from, upper.to};
  }
  return one;
}

// ---- reading ----

/// The length of the UTF-8 character that `text` begins with; 0 where it begins with none (RFC 3629).
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned min, unsigned max) {
    return byte(i) >= min && byte(i) <= max;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return within(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool good = within(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return good && within(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool good = within(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return good && within(2, 0x80, 0xbf) && within(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_key_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

class Reading {
 public:
  explicit Reading(std::string_view text) : text_(text) {}

  std::variant<FilterText, FilterFault> filter() {
    if (text_.size() > filter_bytes_max)
      return FilterFault{0, "filter.too_long",
                         "a filter has at most " + std::to_string(filter_bytes_max) + " bytes"};
    if (auto fault = check_characters()) return *fault;
    FilterText out;
    std::size_t values = 0;
    for (;;) {
      while (!at_end() && is_space(peek())) take();
      if (at_end()) return out;
      if (out.terms.size() == filter_terms_max)
        return fault_here("filter.too_many_terms", "at most " + std::to_string(filter_terms_max) + " terms");
      FilterTerm term;
      if (!read_term(term)) return *fault_;
      values += term.values.size();
      if (values > filter_values_max)
        return FilterFault{term.offset, "filter.too_many_values",
                           "at most " + std::to_string(filter_values_max) + " values in all"};
      out.terms.push_back(std::move(term));
    }
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  /// One character; the text is known to be well-formed.
  std::string_view take() {
    const std::size_t length = character_length(text_.substr(at_));
    const std::string_view out = text_.substr(at_, length);
    at_ += length;
    ++characters_;
    return out;
  }
  [[nodiscard]] FilterFault fault_here(std::string_view code, std::string detail) const {
    return {characters_, code, std::move(detail)};
  }
  bool fails(std::size_t offset, std::string_view code, std::string detail) {
    fault_ = FilterFault{offset, code, std::move(detail)};
    return false;
  }
  std::optional<FilterFault> check_characters() const {
    std::size_t offset = 0;
    for (std::size_t at = 0; at < text_.size(); ++offset) {
      const std::size_t length = character_length(text_.substr(at));
      if (length == 0) return FilterFault{offset, "filter.not_utf8", "a filter is valid UTF-8"};
      const auto c = static_cast<unsigned char>(text_[at]);
      if ((c < 0x20 && !is_space(text_[at])) || c == 0x7f)
        return FilterFault{offset, "filter.control_character", "a filter has no control characters"};
      at += length;
    }
    return std::nullopt;
  }

  bool read_term(FilterTerm& term) {
    if (peek() == '-') {
      term.negated = true;
      take();
      if (at_end() || is_space(peek()))
        return fails(characters_, "filter.term_missing", "a term follows the minus sign");
    }
    term.offset = characters_;
    if (is_digit(peek())) {
      term.key = FilterKey::number;
      return read_values(term);
    }
    std::string key;
    while (!at_end() && is_key_letter(peek())) key += lower(take()[0]);
    const bool has_field = key == "field" && !at_end() && peek() == '.';
    if (has_field) {
      take();
      while (!at_end() && peek() != ':' && !is_space(peek()) && peek() != '"') term.field += take();
      if (term.field.empty() && !at_end() && peek() == '"' && !read_quoted(term.field)) return false;
      if (term.field.empty())
        return fails(characters_, "filter.field_name", "field.NAME:value, with the field's name");
    }
    if (at_end() || peek() != ':' || key.empty())
      return fails(term.offset, "filter.bare_word",
                   "write key:value, such as queue:Inbox, or a ticket's number; what was written in "
                   "messages is not looked into");
    const auto found = find_word(keys, key);
    if (!found || (*found == FilterKey::field) != has_field)
      return fails(term.offset, "filter.unknown_key", "one of " + list_words(keys) + " (field.NAME)");
    term.key = *found;
    take();
    return read_values(term);
  }

  bool read_values(FilterTerm& term) {
    for (;;) {
      FilterValue value;
      value.offset = characters_;
      if (!at_end() && peek() == '"') {
        value.quoted = true;
        if (!read_quoted(value.text)) return false;
        if (!at_end() && !is_space(peek()) && peek() != ',')
          return fails(characters_, "filter.after_quote", "a space or a comma follows a closing quote");
      } else {
        while (!at_end() && !is_space(peek()) && peek() != ',') {
          if (peek() == '"' || peek() == '(' || peek() == ')')
            return fails(characters_, "filter.quote_it", "a value with this character stands in quotes");
          value.text += take();
        }
        read_comparison(term.key, value);
      }
      if (value.text.empty() || (value.compare == FilterCompare::between && value.upper.empty()))
        return fails(value.offset, "filter.value_missing", "a value is wanted here");
      if (term.values.size() == filter_values_max)
        return fails(value.offset, "filter.too_many_values",
                     "at most " + std::to_string(filter_values_max) + " values in all");
      term.values.push_back(std::move(value));
      if (at_end() || is_space(peek())) return true;
      take();  // the comma
    }
  }

  /// The opening quote is next.
  bool read_quoted(std::string& out) {
    const std::size_t begin = characters_;
    take();
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') {
        take();
        if (at_end() || (peek() != '"' && peek() != '\\'))
          return fails(characters_, "filter.escape", "after a backslash: a quote or a backslash");
      }
      out += take();
    }
    if (at_end()) return fails(begin, "filter.quote_open", "this quote is not closed");
    take();
    return true;
  }

  static void read_comparison(FilterKey key, FilterValue& value) {
    if (compares(key) == Compares::no) return;
    static constexpr std::array<std::pair<FilterCompare, std::string_view>, 4> signs{{
        {FilterCompare::at_most, "<="},
        {FilterCompare::at_least, ">="},
        {FilterCompare::less, "<"},
        {FilterCompare::more, ">"},
    }};
    for (const auto& [compare, sign] : signs) {
      if (!value.text.starts_with(sign)) continue;
      value.compare = compare;
      value.text.erase(0, sign.size());
      return;
    }
    const std::size_t dots = value.text.find("..");
    if (dots == std::string::npos) return;
    value.compare = FilterCompare::between;
    value.upper = value.text.substr(dots + 2);
    value.text.resize(dots);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t characters_ = 0;
  std::optional<FilterFault> fault_;
};

// ---- from words to tests ----

/// Makes one term's test. Without names only what needs none is checked.
class Compiling {
 public:
  Compiling(const FilterTerm& term, const FilterNames* names) : term_(term), names_(names) {}

  std::optional<FilterFault> into(FilterTest& test) {
    test.key = term_.key;
    test.negated = term_.negated;
    for (const FilterValue& value : term_.values)
      if (!add(test, value)) return fault_;
    std::ranges::sort(test.ids);
    test.ids.erase(std::ranges::unique(test.ids).begin(), test.ids.end());
    return std::nullopt;
  }

 private:
  bool fails(const FilterValue& value, std::string_view code, std::string detail) {
    fault_ = FilterFault{value.offset, code, std::move(detail)};
    return false;
  }
  template <class E, std::size_t N>
  bool add_word(FilterTest& test, const FilterValue& value,
                const std::array<std::pair<E, std::string_view>, N>& words) {
    const auto word = find_word(words, value.text);
    if (!word) return fails(value, "filter.unknown_value", "one of " + list_words(words));
    test.mask |= filter_bit(*word);
    return true;
  }
  template <class AnId>
  bool add_named(FilterTest& test, const FilterValue& value,
                 const std::function<std::vector<AnId>(std::string_view)>* find, std::string_view what) {
    if (value.text == "none" && !value.quoted) {
      test.ids.emplace_back();
      return true;
    }
    if (const auto id = parse_id<AnId>(value.text)) {
      test.ids.push_back(*id);
      return true;
    }
    if (find == nullptr) return true;
    const auto found = *find ? (*find)(value.text) : std::vector<AnId>{};
    if (found.empty())
      return fails(value, "filter.unknown_name", "there is no " + std::string(what) + " of that name");
    test.ids.insert(test.ids.end(), found.begin(), found.end());
    return true;
  }

  bool add(FilterTest& test, const FilterValue& value) {
    switch (term_.key) {
      case FilterKey::state: {
        const std::uint32_t bits = phase_bits(value.text);
        if (bits == 0 && value.text != "spam")
          return fails(value, "filter.unknown_value",
                       "new, open, waiting_customer, waiting_third_party, snoozed, resolved, closed, spam; "
                       "active, waiting");
        test.mask |= bits;
        return true;
      }
      case FilterKey::is: return add_word(test, value, is_words) && knows_me(test, value);
      case FilterKey::channel: {
        const auto channel = parse_channel(value.text);
        if (!channel) return fails(value, "filter.unknown_value", "such as email, chat or whatsapp");
        test.mask |= filter_bit(*channel);
        return true;
      }
      case FilterKey::priority: {
        const auto priority = parse_priority(value.text);
        if (!priority) return fails(value, "filter.unknown_value", "low, normal, high or urgent");
        test.mask |= filter_bit(*priority);
        return true;
      }
      case FilterKey::lang: {
        const Language language = parse_language(value.text);
        if (language == Language::und && value.text != "und")
          return fails(value, "filter.unknown_value", "a language, such as de or zh-Hant; und: not known");
        test.languages.push_back(language);
        return true;
      }
      case FilterKey::assignee:
        if (value.text == "me" && !value.quoted) return add_me(test, value);
        return add_named<AgentId>(test, value, names_ != nullptr ? &names_->agents : nullptr, "agent");
      case FilterKey::queue:
        return add_named<QueueId>(test, value, names_ != nullptr ? &names_->queues : nullptr, "queue");
      case FilterKey::tag:
        return add_named<TagId>(test, value, names_ != nullptr ? &names_->tags : nullptr, "tag");
      case FilterKey::account:
        return add_named<StoreId>(test, value, names_ != nullptr ? &names_->stores : nullptr, "store");
      case FilterKey::order:
      case FilterKey::from:
      case FilterKey::subject: return add_conversations(test, value);
      case FilterKey::sla:
        if (value.compare == FilterCompare::equal && find_word(sla_words, value.text))
          return add_word(test, value, sla_words);
        if (value.compare == FilterCompare::equal)
          return fails(value, "filter.unknown_value",
                       list_words(sla_words) + ", or how long is left, such as <30m");
        return add_duration(test, value);
      case FilterKey::created:
      case FilterKey::updated:
      case FilterKey::resolved: return add_instant(test, value);
      case FilterKey::messages:
      case FilterKey::reopened:
      case FilterKey::number:
      case FilterKey::rating: return add_number(test, value);
      case FilterKey::team:
        return add_named<TeamId>(test, value, names_ != nullptr ? &names_->teams : nullptr, "team");
      case FilterKey::type:
        return add_named<TypeId>(test, value, names_ != nullptr ? &names_->types : nullptr, "type");
      case FilterKey::sub_state:
        return add_named<SubStateId>(test, value, names_ != nullptr ? &names_->sub_states : nullptr,
                                     "sub-state");
      case FilterKey::mentions:
        if (value.text == "me" && !value.quoted) return add_me(test, value);
        if (value.text == "none" && !value.quoted)
          return fails(value, "filter.unknown_value", "me, or an agent");
        return add_named<AgentId>(test, value, names_ != nullptr ? &names_->agents : nullptr, "agent");
      case FilterKey::field: return names_ == nullptr || add_field(test, value);
    }
    return false;
  }

  bool add_field(FilterTest& test, const FilterValue& value) {
    const auto field = names_->field ? names_->field(term_.field) : std::nullopt;
    if (!field) {
      fault_ = FilterFault{term_.offset, "filter.unknown_name", "there is no field of that name"};
      return false;
    }
    test.field = field->id;
    test.field_kind = field->kind;
    const bool equal = value.compare == FilterCompare::equal;
    if (equal && !value.quoted && value.text == "none") {
      test.mask |= filter_bit(FilterField::none);
      return true;
    }
    switch (field->kind) {
      case FieldKind::none: break;
      case FieldKind::text:
        return fails(value, "filter.not_available",
                     "this field's texts lie sealed; only none can be asked for");
      case FieldKind::boolean:
        if (!equal || (value.text != "yes" && value.text != "no"))
          return fails(value, "filter.unknown_value", "yes, no or none");
        test.mask |= filter_bit(value.text == "yes" ? FilterField::yes : FilterField::no);
        return true;
      case FieldKind::choice: {
        const auto id = parse_id<ChoiceId>(value.text);
        bool any = false;
        for (const settings::Choice& choice : field->choices) {
          if (!equal || ((!id || choice.id != *id) && !same_name(choice.name, value.text))) continue;
          test.ids.push_back(choice.id);
          any = true;
        }
        return any || fails(value, "filter.unknown_name", "the field has no such choice");
      }
      case FieldKind::number: {
        const auto one = parse_decimal(value.text);
        const auto upper = value.compare == FilterCompare::between ? parse_decimal(value.upper) : one;
        if (!one || !upper) return fails(value, "filter.not_a_number", "a number, such as 3, >2.5 or 1..4");
        return add_range(test.ranges, value, {*one, *one + 1}, {*upper, *upper + 1});
      }
      case FieldKind::date: {
        const auto day = [](std::string_view text) -> std::optional<std::int64_t> {
          const auto moment = text.size() == 10 ? parse_moment(text) : std::nullopt;
          if (!moment) return std::nullopt;
          return moment->from / day_ms;
        };
        const auto one = day(value.text);
        const auto upper = value.compare == FilterCompare::between ? day(value.upper) : one;
        if (!one || !upper) return fails(value, "filter.not_a_time", "a day, such as 2026-11-01");
        return add_range(test.ranges, value, {*one, *one + 1}, {*upper, *upper + 1});
      }
    }
    return fails(value, "filter.not_available", "a field of a kind that is not known here");
  }

  bool knows_me(FilterTest& test, const FilterValue& value) {
    if (value.text != "mine" || names_ == nullptr) return true;
    return add_me(test, value);
  }
  bool add_me(FilterTest& test, const FilterValue& value) {
    if (names_ == nullptr) return true;
    if (!names_->me) return fails(value, "filter.not_an_agent", "this token speaks for no agent");
    test.ids.push_back(names_->me);
    return true;
  }
  bool add_conversations(FilterTest& test, const FilterValue& value) {
    if (term_.key == FilterKey::subject && !parse_id<SubjectId>(value.text))
      return fails(value, "filter.unknown_value", "a customer's id, sub_...");
    if (names_ == nullptr) return true;
    const auto found = names_->conversations ? names_->conversations(term_.key, value.text) : std::nullopt;
    if (!found)
      return fails(value, "filter.not_available",
                   std::string(to_text(term_.key)) + " cannot be looked up here");
    test.ids.insert(test.ids.end(), found->begin(), found->end());
    return true;
  }
  bool add_number(FilterTest& test, const FilterValue& value) {
    const auto one = parse_number(value.text);
    const auto upper = value.compare == FilterCompare::between ? parse_number(value.upper) : one;
    if (!one || !upper) return fails(value, "filter.not_a_number", "a whole number, such as 3 or >3");
    return add_range(test.ranges, value, {*one, *one + 1}, {*upper, *upper + 1});
  }
  bool add_instant(FilterTest& test, const FilterValue& value) {
    if (parse_duration(value.text)) return add_duration(test, value);
    const auto one = parse_moment(value.text);
    const auto upper = value.compare == FilterCompare::between ? parse_moment(value.upper) : one;
    if (!one || !upper)
      return fails(
          value, "filter.not_a_time",
          "a day such as 2026-11-01, an instant such as 2026-11-01T10:00:00Z, or an age such as <7d");
    return add_range(test.ranges, value, *one, *upper);
  }
  bool add_duration(FilterTest& test, const FilterValue& value) {
    const auto one = parse_duration(value.text);
    const auto upper = value.compare == FilterCompare::between ? parse_duration(value.upper) : one;
    if (!one || !upper)
      return fails(value, "filter.not_a_duration", "digits and s, m, h, d or w, such as 30m");
    if (value.compare == FilterCompare::equal)
      return fails(value, "filter.comparison_missing", "compare it, such as <30m, >30m or 10m..30m");
    return add_range(test.ages, value, {*one, *one + 1}, {*upper, *upper + 1});
  }
  bool add_range(std::vector<FilterRange>& out, const FilterValue& value, const FilterRange& one,
                 const FilterRange& upper) {
    const FilterRange range = range_of(value.compare, one, upper);
    if (range.from >= range.to)
      return fails(value, "filter.empty_range", "the second value lies before the first");
    out.push_back(range);
    return true;
  }

  const FilterTerm& term_;
  const FilterNames* names_;
  FilterFault fault_;
};

// ---- asking ----

bool has_id(const FilterTest& test, RawId id) { return std::ranges::binary_search(test.ids, id); }
bool passes_instant(const FilterTest& test, const std::optional<Instant>& at, Instant now) {
  return at && (test.within(at->ms) || test.of_age(now - *at));
}
std::uint32_t is_bits(const FilterTest& test, const FilterSubject& s, Instant now) {
  std::uint32_t bits = 0;
  const auto set = [&](FilterIs word, bool holds) { bits |= holds ? filter_bit(word) : 0U; };
  const std::uint32_t sla = sla_bits(s, now);
  set(FilterIs::unassigned, !s.assignee);
  set(FilterIs::mine, s.assignee && has_id(test, s.assignee));
  set(FilterIs::late, (sla & filter_bit(FilterSla::late)) != 0);
  set(FilterIs::soon, (sla & filter_bit(FilterSla::soon)) != 0);
  set(FilterIs::reopened, s.reopened != 0);
  set(FilterIs::spam, (filter_bit(s.state) & phase_bits("spam")) != 0);
  set(FilterIs::waiting, (filter_bit(s.state) & phase_bits("waiting")) != 0);
  set(FilterIs::unanswered, s.unanswered);
  return bits;
}
bool holds_field(const FilterTest& test, const FilterSubject& s) {
  const auto it = std::ranges::find(s.fields, test.field, &conversation::FieldEntry::field);
  if (it == s.fields.end() || std::holds_alternative<std::monostate>(it->value))
    return (test.mask & filter_bit(FilterField::none)) != 0;
  if (const auto* choice = std::get_if<ChoiceId>(&it->value)) return has_id(test, *choice);
  if (const auto* yes = std::get_if<bool>(&it->value))
    return (test.mask & filter_bit(*yes ? FilterField::yes : FilterField::no)) != 0;
  if (const auto* number = std::get_if<conversation::NumberValue>(&it->value))
    return test.within(number->ten_thousandths);
  if (const auto* date = std::get_if<conversation::DateValue>(&it->value)) return test.within(date->days);
  return false;
}
bool holds(const FilterTest& test, const FilterSubject& s, Instant now) {
  switch (test.key) {
    case FilterKey::state: return (test.mask & filter_bit(s.state)) != 0;
    case FilterKey::is: return (test.mask & is_bits(test, s, now)) != 0;
    case FilterKey::channel: return (test.mask & filter_bit(s.channel)) != 0;
    case FilterKey::priority: return (test.mask & filter_bit(s.priority)) != 0;
    case FilterKey::lang: return test.has(s.language);
    case FilterKey::assignee: return has_id(test, s.assignee);
    case FilterKey::queue: return has_id(test, s.queue);
    case FilterKey::account: return has_id(test, s.store);
    case FilterKey::tag: {
      if (s.tags.empty()) return has_id(test, {});
      const auto asked_for = [&](TagId tag) { return has_id(test, tag); };
      return std::ranges::any_of(s.tags, asked_for) || std::ranges::any_of(s.more_tags, asked_for);
    }
    case FilterKey::order:
    case FilterKey::from:
    case FilterKey::subject: return has_id(test, s.id);
    case FilterKey::sla:
      if ((test.mask & sla_bits(s, now)) != 0) return true;
      return s.response_outstanding && s.response_due && test.of_age(*s.response_due - now);
    case FilterKey::created: return passes_instant(test, s.created_at, now);
    case FilterKey::updated: return passes_instant(test, s.updated_at, now);
    case FilterKey::resolved: return passes_instant(test, s.resolved_at, now);
    case FilterKey::messages: return test.within(static_cast<std::int64_t>(s.messages));
    case FilterKey::reopened: return test.within(s.reopened);
    case FilterKey::number: return test.within(static_cast<std::int64_t>(s.number));
    case FilterKey::team: return has_id(test, s.team);
    case FilterKey::type: return has_id(test, s.type);
    case FilterKey::sub_state: return has_id(test, s.sub_state);
    case FilterKey::mentions:
      return std::ranges::any_of(s.mentions, [&](AgentId agent) { return has_id(test, agent); });
    case FilterKey::rating: {
      const auto last =
          std::ranges::find(s.ratings.rbegin(), s.ratings.rend(), RatingKind::csat, &TicketRating::kind);
      return last != s.ratings.rend() && test.within(last->score);
    }
    case FilterKey::field: return holds_field(test, s);
  }
  return false;
}

std::string written(std::string_view text, bool quoted) {
  if (!quoted) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string_view to_text(FilterKey key) {
  const auto it = std::ranges::find(keys, key, [](const auto& entry) { return entry.first; });
  return it == keys.end() ? "unknown" : it->second;
}

bool FilterText::uses(FilterKey key) const {
  return std::ranges::any_of(terms, [&](const FilterTerm& term) { return term.key == key; });
}

std::variant<FilterText, FilterFault> parse_filter(std::string_view text) {
  auto read = Reading(text).filter();
  if (const auto* filter = std::get_if<FilterText>(&read))
    for (const FilterTerm& term : filter->terms) {
      FilterTest test;
      if (auto fault = Compiling(term, nullptr).into(test)) return *fault;
    }
  return read;
}

std::string to_text(const FilterText& filter) {
  std::string out;
  for (const FilterTerm& term : filter.terms) {
    if (!out.empty()) out += ' ';
    if (term.negated) out += '-';
    out += to_text(term.key);
    if (term.key == FilterKey::field)
      out += "." + written(term.field, term.field.find_first_of(": \t\n\r\"") != std::string::npos);
    out += ':';
    bool first = true;
    for (const FilterValue& value : term.values) {
      if (!std::exchange(first, false)) out += ',';
      switch (value.compare) {
        case FilterCompare::equal:
        case FilterCompare::between: break;
        case FilterCompare::less: out += '<'; break;
        case FilterCompare::at_most: out += "<="; break;
        case FilterCompare::more: out += '>'; break;
        case FilterCompare::at_least: out += ">="; break;
      }
      out += written(value.text, value.quoted);
      if (value.compare == FilterCompare::between) out += ".." + value.upper;
    }
  }
  return out;
}

std::variant<Filter, FilterFault> resolve_filter(const FilterText& text, const FilterNames& names) {
  Filter out;
  for (const FilterTerm& term : text.terms) {
    FilterTest test;
    if (auto fault = Compiling(term, &names).into(test)) return *fault;
    const bool waiting_only = term.key == FilterKey::is && test.mask == filter_bit(FilterIs::waiting);
    const bool spam_only = term.key == FilterKey::is && test.mask == filter_bit(FilterIs::spam);
    if (term.key == FilterKey::state || waiting_only || spam_only) {
      const std::uint32_t bits = term.key == FilterKey::state ? test.mask
                                 : waiting_only               ? phase_bits("waiting")
                                                              : phase_bits("spam");
      out.phases_ &= term.negated ? ~bits : bits;
      out.names_states_ |= !term.negated;
    }
    out.tests_.push_back(std::move(test));
  }
  return out;
}

FilterSubject filter_subject(const Ticket& t) {
  FilterSubject s;
  s.id = t.id;
  s.number = t.number;
  s.state = t.state;
  s.queue = t.queue;
  s.assignee = t.assignee;
  s.channel = t.channel;
  s.store = t.store;
  s.language = t.language;
  s.priority = t.priority;
  s.tags = t.tags;
  s.created_at = t.created_at;
  s.updated_at = t.updated_at;
  s.resolved_at = t.resolved_at;
  s.unanswered = t.unanswered_since.has_value();
  s.response = t.first_response.state;
  s.response_outstanding = t.first_response.outstanding && is_active(t.state);
  s.response_due = t.first_response.due_at;
  s.response_from = t.first_response.from;
  s.reopened = t.reopened;
  s.messages = std::uint64_t{t.received} + t.replied;
  s.team = t.team;
  s.type = t.type;
  s.sub_state = t.sub_state;
  s.fields = t.fields;
  s.ratings = t.ratings;
  s.mentions = t.mentions;
  return s;
}

std::uint32_t sla_bits(const FilterSubject& s, Instant now) {
  using conversation::FirstResponse;
  if (s.response_outstanding && s.response_due) {
    const std::uint32_t broken = s.response == FirstResponse::breached ? filter_bit(FilterSla::breached) : 0;
    const std::int64_t left = *s.response_due - now;
    if (left <= 0) return filter_bit(FilterSla::late) | broken;
    const std::int64_t promised = s.response_from ? *s.response_due - *s.response_from : 0;
    return filter_bit(left <= soon_ms || left <= promised / 4 ? FilterSla::soon : FilterSla::ok) | broken;
  }
  switch (s.response) {
    case FirstResponse::met:
    case FirstResponse::withdrawn: return filter_bit(FilterSla::met);
    case FirstResponse::breached: return filter_bit(FilterSla::breached);
    case FirstResponse::none:
    case FirstResponse::running: break;
  }
  return filter_bit(FilterSla::none);
}

bool Filter::matches(const FilterSubject& subject, Instant now) const {
  return std::ranges::all_of(
      tests_, [&](const FilterTest& test) { return holds(test, subject, now) != test.negated; });
}

bool Filter::names_conversations() const {
  return std::ranges::any_of(tests_, [](const FilterTest& test) {
    switch (test.key) {
      case FilterKey::order:
      case FilterKey::from:
      case FilterKey::subject: return !test.negated;
      // One number asks for one ticket; a range of them does not.
      case FilterKey::number:
        return !test.negated &&
               std::ranges::all_of(test.ranges, [](const FilterRange& r) { return r.to == r.from + 1; });
      default: return false;
    }
  });
}

bool Filter::needs_ticket() const {
  return std::ranges::any_of(tests_, [](const FilterTest& test) {
    return test.key == FilterKey::field || test.key == FilterKey::rating || test.key == FilterKey::mentions;
  });
}

bool Filter::depends_on_time() const {
  constexpr std::uint32_t timely = filter_bit(FilterIs::late) | filter_bit(FilterIs::soon);
  return std::ranges::any_of(tests_, [&](const FilterTest& test) {
    return !test.ages.empty() || (test.key == FilterKey::sla && test.mask != 0) ||
           (test.key == FilterKey::is && (test.mask & timely) != 0);
  });
}

bool FilterTest::has(Language held) const {
  constexpr unsigned script_step = 1024;
  const auto h = static_cast<unsigned>(held);
  return std::ranges::any_of(languages, [&](Language wanted) {
    const auto w = static_cast<unsigned>(wanted);
    return w == h || (w != 0 && w < script_step && h % script_step == w);
  });
}

bool FilterTest::any(const std::vector<FilterRange>& ranges, std::int64_t value) {
  return std::ranges::any_of(ranges, [&](const FilterRange& r) { return r.from <= value && value < r.to; });
}

}  // namespace parlance
