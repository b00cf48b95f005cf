#pragma once
#include <array>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/vocabulary.h"
#include "tools/parlance/demo_texts.h"

/// Wander & Wool, a shop for outdoor things that sells across borders: who works there, and who buys.
namespace parlance::tools::demo {

struct Colleague {
  std::string_view name;
  std::string_view email;
  Role role;
  std::string_view languages;  ///< tags, separated by spaces
  int shift_starts_utc;        ///< hour; nine hours long
};
/// The first is who signs in: simulated colleagues leave that one's conversations alone.
[[nodiscard]] std::span<const Colleague> colleagues();
[[nodiscard]] bool speaks(const Colleague& colleague, std::string_view language);
[[nodiscard]] bool is_on_shift(const Colleague& colleague, Instant at);
/// Somebody of `staff` who speaks the language (empty: any), rather one on shift; never the first.
[[nodiscard]] std::size_t choose_colleague(std::span<const Colleague> staff, std::string_view language,
                                           Instant at, Dice& dice);
[[nodiscard]] inline std::size_t choose_colleague(std::string_view language, Instant at, Dice& dice) {
  return choose_colleague(colleagues(), language, at, dice);
}
/// A desk of another size: the first of colleagues(), and beyond them others as chance has it.
class Staff {
 public:
  Staff(std::size_t size, std::uint64_t seed);
  [[nodiscard]] std::span<const Colleague> people() const { return people_; }

 private:
  std::deque<std::string> texts_;  // what people_ points into
  std::vector<Colleague> people_;
};
inline constexpr std::size_t staff_min = 2;
inline constexpr std::size_t staff_max = 500;

enum class DeskQueue : std::uint8_t { orders, shipping, returns, warranty, marketplace };
[[nodiscard]] DeskQueue queue_for(Matter matter, Channel channel);
enum class ShopTag : std::uint8_t {
  lost_parcel,
  customs,
  size,
  damaged,
  refund,
  warranty,
  cancellation,
  address,
  invoice,
  presale,
  vip,
  angry
};
[[nodiscard]] ShopTag tag_for(Matter matter);
[[nodiscard]] std::span<const std::string_view> queue_names();  ///< in the order of DeskQueue
[[nodiscard]] std::span<const std::string_view> tag_names();    ///< in the order of ShopTag
/// An agent asks for a photo or a serial number first.
[[nodiscard]] constexpr bool asks_for_details(Matter matter) {
  return matter == Matter::damaged || matter == Matter::warranty;
}

/// A customer with a matter, as chance has it.
struct Case {
  const LanguageTexts* language;
  Matter matter;
  Channel channel;
  std::string_view account;
  std::string address;  ///< normalised
  Story story;
  std::string subject;  ///< empty on channels without one
  std::string text;
};
[[nodiscard]] Case make_case(Dice& dice);

inline constexpr std::int64_t minute_ms = 60'000;
inline constexpr std::int64_t hour_ms = 60 * minute_ms;
inline constexpr std::int64_t day_ms = 24 * hour_ms;
inline constexpr std::int64_t first_response_ms = 4 * hour_ms;
inline constexpr std::int64_t auto_close_ms = 3 * day_ms;

}  // namespace parlance::tools::demo
