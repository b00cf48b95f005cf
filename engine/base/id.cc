#include "engine/base/id.h"

#include <charconv>

namespace parlance {
namespace {
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t text_digits = 26;
}  // namespace

std::array<std::uint8_t, 16> RawId::bytes() const {
  std::array<std::uint8_t, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    out[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return out;
}

RawId RawId::from_bytes(std::span<const std::uint8_t, 16> bytes) {
  RawId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8 | bytes[i];
    id.low = id.low << 8 | bytes[8 + i];
  }
  return id;
}

RawId make_raw_id(Instant at, Slot slot, RawId random) {
  const auto ms = static_cast<std::uint64_t>(at.ms) & 0xffff'ffff'ffffULL;
  return {ms << 16 | static_cast<std::uint64_t>(slot) << 8 | (random.high & 0xff), random.low};
}

std::string raw_id_text(std::string_view prefix, RawId id) {
  std::string out(prefix);
  out += '_';
  for (std::size_t i = 0; i < text_digits; ++i) {
    const std::size_t shift = 5 * (text_digits - 1 - i);
    std::uint64_t five = 0;
    if (shift >= 64) {
      five = id.high >> (shift - 64);
    } else {
      five = id.low >> shift;
      if (shift > 59) five |= id.high << (64 - shift);
    }
    out += alphabet[five & 31];
  }
  return out;
}

Result<RawId> parse_raw_id(std::string_view prefix, std::string_view text) {
  const auto bad = [&] {
    return invalid("id.malformed",
                   std::string("not an id of the form ") + std::string(prefix) + "_ and 26 characters");
  };
  if (text.size() != prefix.size() + 1 + text_digits || !text.starts_with(prefix) ||
      text[prefix.size()] != '_')
    return bad();
  RawId id;
  for (std::size_t i = 0; i < text_digits; ++i) {
    const std::size_t value = alphabet.find(text[prefix.size() + 1 + i]);
    if (value == std::string_view::npos || (i == 0 && value > 7)) return bad();
    id.high = id.high << 5 | id.low >> 59;
    id.low = id.low << 5 | value;
  }
  return id;
}

std::string to_text(const Position& position) {
  return std::to_string(position.generation) + ':' + std::to_string(position.partition) + ':' +
         std::to_string(position.offset);
}

Result<Position> parse_position(std::string_view text) {
  const std::string_view whole = text;
  Position p;
  const auto read = [&](auto& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  };
  const auto colon = [&] {
    if (text.empty() || text.front() != ':') return false;
    text.remove_prefix(1);
    return true;
  };
  if (!read(p.generation) || !colon() || !read(p.partition) || !colon() || !read(p.offset) || !text.empty() ||
      to_text(p) != whole)  // such as leading zeros: a position has one text
    return invalid("position.malformed", "a position is generation:partition:offset, such as 1:3:1842");
  return p;
}

std::string_view to_text(Category category) {
  switch (category) {
    case Category::none: break;
    case Category::conversation: return "conversation";
    case Category::subject: return "subject";
    case Category::door: return "door";
    case Category::settings: return "settings";
    case Category::desk: return "desk";
    case Category::adoption: return "adoption";
    case Category::draft: return "draft";
    case Category::routing: return "routing";
  }
  return "unknown";
}

}  // namespace parlance
