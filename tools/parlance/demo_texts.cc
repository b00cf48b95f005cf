#include "tools/parlance/demo_texts.h"

#include <algorithm>

namespace parlance::tools::demo {
namespace {

constexpr std::size_t products = 8;
constexpr std::size_t worn_products = 3;

constexpr std::array<const LanguageTexts*, 11> all{
    &german,     &spanish, &arabic, &chinese_simplified, &chinese_traditional, &english, &french, &japanese,
    &portuguese, &polish,  &turkish};

std::uint64_t number_of(std::string_view order) {
  std::uint64_t out = 1469598103934665603ULL;  // FNV-1a
  for (const char c : order) out = (out ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return out;
}
std::size_t product_of(std::string_view order) {
  // An order for clothes says so in its number, because who writes about a size must have bought some.
  const std::uint64_t n = number_of(order) >> 7;
  return order.starts_with("WW-1") ? n % worn_products : worn_products + n % (products - worn_products);
}
std::string tracking_of(std::string_view order) {
  Dice dice(number_of(order));
  std::string out = "WX";
  for (int i = 0; i < 9; ++i) out += static_cast<char>('0' + dice.below(10));
  return out + "DE";
}

constexpr std::array<std::string_view, 2> parcel_notes{
    "Carrier says the parcel is held at the Leipzig hub since Tuesday. Trace opened, answer within 24 h.",
    "Scan history stops at the border. If nothing moves by tomorrow, send a replacement and file the claim."};
constexpr std::array<std::string_view, 2> customs_notes{
    "Customs wants the commercial invoice with HS code 6201. Asked Shenzhen to reissue it.",
    "Broker confirmed: duties were prepaid. The customer must not pay twice; the carrier gets our DDP "
    "letter."};
constexpr std::array<std::string_view, 2> size_notes{
    "Last pair in that size is in the Valencia store; reserved until Friday.",
    "Runs small, third one this week. Told purchasing."};
constexpr std::array<std::string_view, 2> damaged_notes{
    "Photos show a crushed corner, so it is a carrier claim. Do not ask for the item back.",
    "Same batch as last week's breakages; quality is informed."};
constexpr std::array<std::string_view, 2> refund_notes{
    "Return scanned in the warehouse on Thursday, refund is stuck in approval. Pinged finance.",
    "Refund went to an expired card. Finance sends it again as a bank transfer."};
constexpr std::array<std::string_view, 2> warranty_notes{
    "Purchase date checked, within the two years. Replacement from stock.",
    "Serial number belongs to the recall batch. Full replacement, no questions."};
constexpr std::array<std::string_view, 2> cancel_notes{
    "Not picked yet, warehouse stopped it.",
    "Already handed to the carrier: refuse on delivery, refund on return."};
constexpr std::array<std::string_view, 2> address_notes{
    "Carrier redirect ordered, costs us nothing before the first attempt.",
    "Address checked against the payment, same person. Fine to change."};
constexpr std::array<std::string_view, 2> invoice_notes{
    "VAT number verified in VIES.", "Company name was missing at checkout; finance reissues the invoice."};
constexpr std::array<std::string_view, 2> question_notes{
    "Next delivery from the factory is booked for the 4th.",
    "Good question for the help pages; third time this month."};

}  // namespace

std::span<const LanguageTexts* const> languages() { return all; }

const LanguageTexts& texts_of(std::string_view tag) {
  for (const LanguageTexts* language : all)
    if (language->tag == tag) return *language;
  return tag == "zh" ? chinese_simplified : english;
}

const MatterTexts& matter_texts(const LanguageTexts& language, Matter matter) {
  const auto it = std::ranges::find(language.matters, matter, &MatterTexts::matter);
  return it == language.matters.end() ? language.matters.front() : *it;
}

std::string fill(std::string_view text, const LanguageTexts& language, const Story& story) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = text.find('}', open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out += text.substr(0, open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (name == "order") out += story.order;
    if (name == "tracking") out += tracking_of(story.order);
    if (name == "product") out += language.products[product_of(story.order)];
    if (name == "first") out += story.first;
    if (name == "name") out += story.name;
    if (name == "agent") out += story.agent;
    text.remove_prefix(close + 1);
  }
  return out += text;
}

bool is_worn(std::string_view order) { return product_of(order) < worn_products; }

std::span<const std::string_view> notes(Matter matter) {
  switch (matter) {
    case Matter::parcel: return parcel_notes;
    case Matter::customs: return customs_notes;
    case Matter::size: return size_notes;
    case Matter::damaged: return damaged_notes;
    case Matter::refund: return refund_notes;
    case Matter::warranty: return warranty_notes;
    case Matter::cancel: return cancel_notes;
    case Matter::address: return address_notes;
    case Matter::invoice: return invoice_notes;
    case Matter::question: return question_notes;
  }
  return question_notes;
}

std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

namespace {
/// exp(0.8 z) in 4096ths, for z from the sum of four numbers from 0 to 1 in steps of a sixteenth, less 2 and by its deviation, 0.58,
/// and cut at 1.7 either way. A table, because exp() may differ in its last bit from machine to machine.
constexpr std::array<std::int64_t, 65> spread{
    1051,  1051,  1051,  1051,  1051,  1051,  1051,  1051,  1051,  1051,  1051,  1051,  1051,
    1051,  1051,  1051,  1051,  1124,  1225,  1336,  1456,  1587,  1730,  1885,  2055,  2240,
    2442,  2662,  2901,  3163,  3447,  3758,  4096,  4465,  4867,  5305,  5783,  6303,  6871,
    7489,  8163,  8898,  9700,  10573, 11525, 12562, 13693, 14926, 15959, 15959, 15959, 15959,
    15959, 15959, 15959, 15959, 15959, 15959, 15959, 15959, 15959, 15959, 15959, 15959, 15959};
}  // namespace

std::int64_t Dice::around(std::int64_t median) {
  // The sum of four is near enough to a normal distribution.
  const std::uint64_t drawn = next();
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < 4; ++i) sum += drawn >> (16 * i) & 0xffff;
  const std::size_t step = sum >> 12;
  const auto rest = static_cast<std::int64_t>(sum & 0xfff);
  const std::int64_t factor = spread[step] + (spread[step + 1] - spread[step]) * rest / 4096;
  return median * factor / 4096;
}

}  // namespace parlance::tools::demo
