#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/id.h"

/// What the demo's customers and agents say, in their languages. Pure data, and the choosing of it: the same numbers choose the
/// same words.
namespace parlance::tools::demo {

/// What a customer writes about.
enum class Matter : std::uint8_t {
  parcel,
  customs,
  size,
  damaged,
  refund,
  warranty,
  cancel,
  address,
  invoice,
  question
};
inline constexpr std::size_t matters = 10;

/// Placeholders in texts: {order}, {tracking}, {product}, {first} and {name} of the customer, {agent}.
struct MatterTexts {
  Matter matter;
  std::string_view subject;
  std::string_view text;
  std::string_view other_text;  ///< the same in other words; empty: none
  std::string_view reply;
};

/// A name as it is written, and in letters that an address may hold.
struct Name {
  std::string_view text;
  std::string_view ascii;
};

struct LanguageTexts {
  std::string_view tag;    ///< BCP 47
  int utc_offset_hours;    ///< where most of its customers live
  unsigned weight;         ///< of a hundred or so customers
  std::string_view phone;  ///< how a number starts there
  std::string_view mail_domain;
  bool family_name_first;
  std::string_view name_separator;
  std::span<const Name> given_names;
  std::span<const Name> family_names;
  std::array<std::string_view, 8>
      products;  ///< in the order of products in demo_texts.cc; the first three are worn
  std::span<const MatterTexts> matters;
  std::string_view nudge;   ///< still no answer
  std::string_view angry;   ///< still no answer, the third time
  std::string_view detail;  ///< here is what you asked for
  std::string_view thanks;
  std::string_view back;      ///< after it was said to be solved: it is not
  std::string_view checking;  ///< the agent asks somebody else first
  std::string_view solved;    ///< the agent has good news
  std::string_view farewell;  ///< the agent answers thanks
};

extern const LanguageTexts german, spanish, arabic, chinese_simplified, chinese_traditional, english, french,
    japanese, portuguese, polish, turkish;
[[nodiscard]] std::span<const LanguageTexts* const> languages();
/// Of a tag as conversations have it ("zh-Hant"); English where it is none of ours.
[[nodiscard]] const LanguageTexts& texts_of(std::string_view tag);
/// Of a matter the language may have no words for: then its first matter's.
[[nodiscard]] const MatterTexts& matter_texts(const LanguageTexts& language, Matter matter);

/// Everything else about an order follows from its number, so that whoever meets one later says the same.
struct Story {
  std::string order;
  std::string name;   ///< the customer's, whole
  std::string first;  ///< how the customer is spoken to
  std::string agent;  ///< who answers; may be empty in a customer's text
};
[[nodiscard]] std::string fill(std::string_view text, const LanguageTexts& language, const Story& story);
/// Whether the product of this order is one with sizes.
[[nodiscard]] bool is_worn(std::string_view order);

/// Notes among colleagues, in English.
[[nodiscard]] std::span<const std::string_view> notes(Matter matter);

/// Numbers that look like chance and are the same for the same seed on every machine (SplitMix64, by Sebastiano Vigna, public domain).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// From 0 to `bound` - 1.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  double unit() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }
  bool chance(double probability) { return unit() < probability; }
  /// Around `median`: from a quarter to four times of it.
  std::int64_t around(std::int64_t median);
  template <class T> const T& of(std::span<const T> choice) { return choice[below(choice.size())]; }

 private:
  std::uint64_t state_;
};

}  // namespace parlance::tools::demo
