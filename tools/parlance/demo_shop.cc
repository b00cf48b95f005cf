#include "tools/parlance/demo_shop.h"

#include <algorithm>

namespace parlance::tools::demo {
namespace {

constexpr std::array people{
    Colleague{"Mira Okafor", "mira@wanderwool.example", Role::admin, "en de", 7},
    Colleague{"Jonas Albrecht", "jonas@wanderwool.example", Role::lead, "de en", 6},
    Colleague{"Lucía Ferrer", "lucia@wanderwool.example", Role::lead, "es pt en", 8},
    Colleague{"Samir Haddad", "samir@wanderwool.example", Role::agent, "ar fr en", 5},
    Colleague{"Yara Mansour", "yara@wanderwool.example", Role::agent, "ar en", 11},
    Colleague{"林晓彤", "xiaotong@wanderwool.example", Role::lead, "zh-Hans zh-Hant ja", 0},
    Colleague{"高偉倫", "wailun@wanderwool.example", Role::agent, "zh-Hant zh-Hans en", 5},
    Colleague{"森山 健司", "kenji@wanderwool.example", Role::agent, "ja en", 22},
    Colleague{"Chloé Marchetti", "chloe@wanderwool.example", Role::agent, "fr es de", 7},
    Colleague{"Beatriz Nogueira", "beatriz@wanderwool.example", Role::agent, "pt es en", 14},
    Colleague{"Tomasz Zieliński", "tomasz@wanderwool.example", Role::agent, "pl de en", 12},
    Colleague{"Elif Demirtaş", "elif@wanderwool.example", Role::agent, "tr de en", 9},
};
constexpr int shift_hours = 9;

constexpr std::array<std::string_view, 5> queues{"Orders", "Shipping & customs", "Returns & refunds",
                                                 "Warranty", "Marketplace"};
constexpr std::array<std::string_view, 12> tags{"lost parcel", "customs",  "size exchange", "damaged",
                                                "refund",      "warranty", "cancellation",  "address change",
                                                "invoice",     "presale",  "VIP",           "angry"};

struct Store {
  Channel channel;
  std::string_view account;
  unsigned weight;
};
constexpr std::array stores{
    Store{Channel::email, "hello@wanderwool.example", 42}, Store{Channel::chat, "wanderwool.example", 22},
    Store{Channel::whatsapp, "+4930555701", 24}, Store{Channel::marketplace, "bazaar-eu", 12}};

template <class Weighted> std::size_t choose(const Weighted& choices, Dice& dice, auto weight) {
  unsigned total = 0;
  for (const auto& choice : choices) total += weight(choice);
  std::size_t left = dice.below(total);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (left < weight(choices[i])) return i;
    left -= weight(choices[i]);
  }
  return 0;
}

std::string digits(Dice& dice, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('0' + dice.below(10));
  return out;
}

}  // namespace

std::span<const Colleague> colleagues() { return people; }

bool speaks(const Colleague& colleague, std::string_view language) {
  std::string_view left = colleague.languages;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(' '), left.size());
    if (left.substr(0, end) == language) return true;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return false;
}

bool is_on_shift(const Colleague& colleague, Instant at) {
  const int hour = static_cast<int>(at.ms / hour_ms % 24);
  return (hour - colleague.shift_starts_utc + 24) % 24 < shift_hours;
}

std::size_t choose_colleague(std::span<const Colleague> staff, std::string_view language, Instant at,
                             Dice& dice) {
  std::vector<std::size_t> able, present;
  for (std::size_t i = 1; i < staff.size(); ++i) {
    if (!language.empty() && !speaks(staff[i], language)) continue;
    able.push_back(i);
    if (is_on_shift(staff[i], at)) present.push_back(i);
  }
  const std::size_t chance = dice.below(5040);  // once, whoever is there
  if (!present.empty()) return present[chance % present.size()];
  if (!able.empty()) return able[chance % able.size()];
  return 1 + chance % (staff.size() - 1);
}

Staff::Staff(std::size_t size, std::uint64_t seed) {
  Dice dice(seed * 31 + 17);
  const auto keep = [this](std::string text) -> std::string_view {
    return texts_.emplace_back(std::move(text));
  };
  for (std::size_t i = 0; i < size; ++i) {
    if (i < colleagues().size()) {
      people_.push_back(colleagues()[i]);
      continue;
    }
    const LanguageTexts& language =
        *languages()[choose(languages(), dice, [](const LanguageTexts* l) { return l->weight; })];
    const Name& given = dice.of(language.given_names);
    const Name& family = dice.of(language.family_names);
    const std::string_view first = language.family_name_first ? family.text : given.text;
    const std::string_view second = language.family_name_first ? given.text : family.text;
    const int starts = static_cast<int>(dice.below(3)) + 30 - language.utc_offset_hours;
    people_.push_back(
        {keep(std::string(first) + std::string(language.name_separator) + std::string(second)),
         keep(std::string(given.ascii) + std::to_string(i) + "@wanderwool.example"), Role::agent,
         language.tag == "en" ? language.tag : keep(std::string(language.tag) + " en"), starts % 24});
  }
}

DeskQueue queue_for(Matter matter, Channel channel) {
  if (channel == Channel::marketplace) return DeskQueue::marketplace;
  switch (matter) {
    case Matter::parcel:
    case Matter::customs:
    case Matter::address: return DeskQueue::shipping;
    case Matter::size:
    case Matter::damaged:
    case Matter::refund: return DeskQueue::returns;
    case Matter::warranty: return DeskQueue::warranty;
    case Matter::cancel:
    case Matter::invoice:
    case Matter::question: break;
  }
  return DeskQueue::orders;
}

std::span<const std::string_view> queue_names() { return queues; }
std::span<const std::string_view> tag_names() { return tags; }

ShopTag tag_for(Matter matter) { return static_cast<ShopTag>(matter); }

Case make_case(Dice& dice) {
  Case out{};
  out.language = languages()[choose(languages(), dice, [](const LanguageTexts* l) { return l->weight; })];
  const LanguageTexts& language = *out.language;
  const MatterTexts& texts = dice.of(language.matters);
  out.matter = texts.matter;
  const Store& store = stores[choose(stores, dice, [](const Store& s) { return s.weight; })];
  out.channel = store.channel;
  out.account = store.account;

  const Name& given = dice.of(language.given_names);
  const Name& family = dice.of(language.family_names);
  const std::string separator(language.name_separator);
  out.story.name = language.family_name_first
                       ? std::string(family.text) + separator + std::string(given.text)
                       : std::string(given.text) + separator + std::string(family.text);
  out.story.first = language.family_name_first ? out.story.name : std::string(given.text);
  const bool worn = dice.chance(0.35);
  const std::string number = digits(dice, 5);
  out.story.order =
      (out.matter == Matter::size || (worn && out.matter != Matter::warranty) ? "WW-1" : "WW-2") + number;
  // Addresses are everybody's own: a second order of a namesake is another person's.
  const std::string mark = digits(dice, 6);
  switch (out.channel) {
    case Channel::email:
      out.address = std::string(given.ascii) + "." + std::string(family.ascii) + mark + "@" +
                    std::string(language.mail_domain);
      break;
    case Channel::whatsapp: out.address = std::string(language.phone) + "555" + mark; break;
    case Channel::marketplace: out.address = "buyer-" + number + mark; break;
    default: out.address = "visitor-" + number + mark; break;
  }
  const bool other = dice.chance(0.4) && !texts.other_text.empty();
  out.text = fill(other ? texts.other_text : texts.text, language, out.story);
  if (out.channel == Channel::email || out.channel == Channel::marketplace)
    out.subject = fill(texts.subject, language, out.story);
  return out;
}

}  // namespace parlance::tools::demo
