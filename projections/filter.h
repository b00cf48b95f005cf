#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/domain/settings.h"
#include "projections/ticket_model.h"

/// What lists, counts, saved views and subscriptions are filtered by: one grammar, and one meaning wherever it is used.
///
///   filter = [ term ] *( 1*SP term )       all terms must hold; no term: everything
///   term   = [ "-" ] key ":" value *( "," value )   any value may; "-" turns the whole term round
///          / digits                         is number:digits
///   value  = word / DQUOTE text DQUOTE      in quotes `\"` and `\\` are a quote and a backslash; a word has no white space, comma,
///                                           quote or parenthesis
///
/// Keys, and what their values are (names are those of the desk and of the settings, compared without regard to ASCII case; ids are
/// taken as well):
///
///   state                      new open waiting_customer waiting_third_party snoozed resolved closed spam;
///                              active (the first five), waiting (the two)
///   is                         unassigned mine late soon reopened spam waiting unanswered
///   assignee mentions          me, none, an agent; mentions takes no `none`
///   queue team type sub_state  none, or a name
///   channel account lang priority tag   email ..., a store as its channel names it, de or zh-Hant, low ..., a name or none
///   subject                    the customer's id
///   number                     ticket numbers
///   order from                 an order's number, a sender's address: looked up outside the views
///   sla                        late soon ok met breached none, or how long is left: <30m
///   created updated resolved   a day (UTC) 2026-11-01, an instant 2026-11-01T10:00:00Z, either after < <= > >= or as a..b;
///                              or an age: <7d is younger than seven days, >2h older than two hours
///   messages reopened          a whole number, the same comparisons; messages are those received and those replied
///   rating                     the last customer satisfaction, 1 to 5
///   field.NAME                 a value of the administrator's field of that name: a choice's name, yes or no, a number or a day (with the
///                              same comparisons); none: it has no value, which is all that can be asked of a text, as it lies sealed
///
/// A day compared with > means after its end. Durations are digits and s, m, h, d or w. `sla:late` is a promise whose time is over and
/// which nobody has kept yet; `soon`: within its last quarter, or ten minutes before its end.
namespace parlance {

inline constexpr std::size_t filter_bytes_max = 2048;
inline constexpr std::size_t filter_terms_max = 32;
inline constexpr std::size_t filter_values_max = 100;  ///< in all terms together

/// What is wrong with a filter and where: `offset` counts characters (code points) from 0.
struct FilterFault {
  std::size_t offset = 0;
  std::string_view code;  ///< stable, such as "filter.unknown_key"
  std::string detail;
  bool operator==(const FilterFault&) const = default;
};

enum class FilterKey : std::uint8_t {
  state,
  is,
  assignee,
  team,
  queue,
  channel,
  account,
  lang,
  priority,
  tag,
  type,
  sub_state,
  field,
  sla,
  created,
  updated,
  resolved,
  messages,
  reopened,
  number,
  order,
  from,
  subject,
  rating,
  mentions,
};
[[nodiscard]] std::string_view to_text(FilterKey key);

/// How a value compares: `between` has two.
enum class FilterCompare : std::uint8_t { equal, less, at_most, more, at_least, between };

struct FilterValue {
  FilterCompare compare = FilterCompare::equal;
  std::string text;
  std::string upper;    ///< of `between`
  bool quoted = false;  ///< then it is a name, never a word of the grammar
  std::size_t offset = 0;
  bool operator==(const FilterValue&) const = default;
};
struct FilterTerm {
  FilterKey key = FilterKey::state;
  bool negated = false;
  std::string field;  ///< of FilterKey::field: its name or id
  std::vector<FilterValue> values;
  std::size_t offset = 0;
  bool operator==(const FilterTerm&) const = default;
};

/// A filter as it is written: well-formed, its names not yet looked up.
struct FilterText {
  std::vector<FilterTerm> terms;
  bool operator==(const FilterText&) const = default;
  [[nodiscard]] bool uses(FilterKey key) const;
};
/// Takes any bytes; what is longer than filter_bytes_max is not read.
[[nodiscard]] std::variant<FilterText, FilterFault> parse_filter(std::string_view text);
/// The same filter in one form: reading it gives the same terms. What cursors and saved views hold.
[[nodiscard]] std::string to_text(const FilterText& filter);

/// What a filter's words name for one caller in one workspace. A name may have several meanings; none: it is unknown. Functions that
/// are not set know nothing.
struct FilterNames {
  AgentId me;  ///< zero: the caller speaks for no agent
  std::function<std::vector<AgentId>(std::string_view)> agents;
  std::function<std::vector<QueueId>(std::string_view)> queues;
  std::function<std::vector<TagId>(std::string_view)> tags;
  std::function<std::vector<StoreId>(std::string_view)> stores;
  std::function<std::vector<TeamId>(std::string_view)> teams;
  std::function<std::vector<TypeId>(std::string_view)> types;
  std::function<std::vector<SubStateId>(std::string_view)> sub_states;
  /// By name or id; none where there is no such field.
  std::function<std::optional<settings::Field>(std::string_view)> field;
  /// The conversations of an order, of a sender's address or of a customer; none where that cannot be looked up here.
  std::function<std::optional<std::vector<ConversationId>>(FilterKey, std::string_view)> conversations;
};

/// What a filter looks at, of a ticket in either of its forms. Borrows the tags.
struct FilterSubject {
  ConversationId id;
  std::uint64_t number = 0;
  conversation::Phase state = conversation::Phase::absent;
  QueueId queue;
  AgentId assignee;
  Channel channel = Channel::none;
  StoreId store;
  Language language = Language::und;
  Priority priority = Priority::none;
  std::span<const TagId> tags, more_tags;
  Instant created_at, updated_at;
  std::optional<Instant> resolved_at;
  bool unanswered = false;
  conversation::FirstResponse response = conversation::FirstResponse::none;
  bool response_outstanding = false;
  std::optional<Instant> response_due, response_from;  ///< the promise's end and its start
  std::uint32_t reopened = 0;
  std::uint64_t messages = 0;
  TeamId team;
  TypeId type;
  SubStateId sub_state;
  // What a ticket's own row does not hold (Filter::needs_ticket()):
  std::span<const conversation::FieldEntry> fields;
  std::span<const TicketRating> ratings;
  std::span<const AgentId> mentions;
};
[[nodiscard]] FilterSubject filter_subject(const Ticket& ticket);

/// Half-open: from <= value < to.
struct FilterRange {
  std::int64_t from = 0, to = 0;
  bool operator==(const FilterRange&) const = default;
};

/// A term with its names looked up: one of the kinds below, by which of the members it uses.
struct FilterTest {
  FilterKey key = FilterKey::state;
  bool negated = false;
  std::uint32_t mask =
      0;  ///< state, is, channel, priority, sla: bits of the enumeration's values, or of the words'
  std::vector<RawId>
      ids;  ///< sorted; assignee, queue, tag, account, order, from, subject (the zero id: none)
  std::vector<Language> languages;  ///< without a script: any
  std::vector<FilterRange> ranges;  ///< of the value itself, or its instant
  std::vector<FilterRange> ages;    ///< of now less the instant; of sla: what is left
  FieldId
      field;  ///< of `field`: its ids are those of choices, its ranges as FieldValue holds numbers and days
  FieldKind field_kind = FieldKind::none;

  [[nodiscard]] bool within(std::int64_t value) const { return any(ranges, value); }
  [[nodiscard]] bool of_age(std::int64_t ms) const { return any(ages, ms); }
  [[nodiscard]] bool has(Language held) const;

 private:
  [[nodiscard]] static bool any(const std::vector<FilterRange>& ranges, std::int64_t value);
};

/// A filter ready to use. A value; copies are cheap enough. Threads: any.
class Filter {
 public:
  [[nodiscard]] bool matches(const FilterSubject& subject, Instant now) const;
  [[nodiscard]] bool matches(const Ticket& ticket, Instant now) const {
    return matches(filter_subject(ticket), now);
  }
  /// Bits of the phases that it can pass at all.
  [[nodiscard]] std::uint32_t phases() const { return phases_; }
  /// It says which states it wants, or which conversations: then it looks beyond the active ones.
  [[nodiscard]] bool names_states() const { return names_states_; }
  [[nodiscard]] bool names_conversations() const;
  /// Its answer for a ticket can change because time passes.
  [[nodiscard]] bool depends_on_time() const;
  /// It asks for what only the whole ticket tells, not its row.
  [[nodiscard]] bool needs_ticket() const;
  [[nodiscard]] const std::vector<FilterTest>& tests() const { return tests_; }

 private:
  friend std::variant<Filter, FilterFault> resolve_filter(const FilterText&, const FilterNames&);
  std::vector<FilterTest> tests_;
  std::uint32_t phases_ = ~0U;
  bool names_states_ = false;
};
[[nodiscard]] std::variant<Filter, FilterFault> resolve_filter(const FilterText& text,
                                                               const FilterNames& names);

/// The bits of FilterTest::mask for `is`, `sla` and `field`.
enum class FilterIs : std::uint8_t { unassigned, mine, late, soon, reopened, spam, waiting, unanswered };
enum class FilterSla : std::uint8_t { late, soon, ok, met, breached, none };
enum class FilterField : std::uint8_t { none, yes, no };
template <class E> [[nodiscard]] constexpr std::uint32_t filter_bit(E value) {
  return 1U << static_cast<unsigned>(value);
}
/// Where a ticket's promise stands, as bits of FilterSla.
[[nodiscard]] std::uint32_t sla_bits(const FilterSubject& subject, Instant now);

}  // namespace parlance
