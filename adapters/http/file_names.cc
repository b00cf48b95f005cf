#include "adapters/http/file_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "adapters/http/message.h"

namespace parlance::http {
namespace {

constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t ending_bytes_max = 32;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Where the character at `at` ends, and its number; a byte that begins none is one of its own, U+FFFD.
struct Character {
  std::size_t end;
  char32_t code;
};
Character character_at(std::string_view text, std::size_t at) {
  const std::size_t length = utf8_length(text.substr(at));
  if (length == 0) return {at + 1, U'\xfffd'};
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
  };
  char32_t code = byte(0);
  if (length > 1) code &= 0xffU >> (length + 1);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3fU);
  return {at + length, code};
}

bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0xfffd ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && is_continuation(text[bytes_max])) --bytes_max;
  return text.substr(0, bytes_max);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
  });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string clean_file_name(std::string_view name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const Character c = character_at(name, at);
    if (!is_hidden(c.code)) out += name.substr(at, c.end - at);
    at = c.end;
  }
  const auto is_margin = [](char c) { return c == ' ' || c == '.'; };
  while (!out.empty() && is_margin(out.back())) out.pop_back();
  out.erase(out.begin(), std::ranges::find_if_not(out, is_margin));
  if (out.empty()) return "file";
  if (out.size() <= name_bytes_max) return out;
  const std::size_t dot = out.rfind('.');
  const std::string ending =
      dot != std::string::npos && out.size() - dot <= ending_bytes_max ? out.substr(dot) : std::string();
  std::string kept(cut(out, name_bytes_max - ending.size()));
  while (ending.empty() && is_margin(kept.back())) kept.pop_back();
  return kept + ending;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!is_utf8_text(out)) return std::nullopt;
  return out;
}

std::string content_disposition(bool is_inline, std::string_view clean_name) {
  std::string fallback, extended;
  for (const char c : clean_name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("._-").find(c) != std::string_view::npos;
    // A quote, a backslash or a percent sign in the fallback is read differently by different browsers.
    const bool quotable = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%';
    if (quotable)
      fallback += c;
    else if (!is_continuation(c))
      fallback += '_';
    if (plain) {
      extended += c;
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      extended += '%';
      extended += digits[byte >> 4];
      extended += digits[byte & 15];
    }
  }
  return std::string(is_inline ? "inline" : "attachment") + "; filename=\"" + fallback +
         "\"; filename*=UTF-8''" + extended;
}

std::optional<std::string> media_type(std::string_view text) {
  text = text.substr(0, text.find(';'));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const std::size_t slash = out.find('/');
  if (slash == std::string::npos || !is_token(std::string_view(out).substr(0, slash)) ||
      !is_token(std::string_view(out).substr(slash + 1)) || out.size() > 127)
    return std::nullopt;
  return out;
}

std::string_view served_type(std::string_view type) {
  static constexpr std::array<std::string_view, 24> safe{
      "image/png",
      "image/jpeg",
      "image/gif",
      "image/webp",
      "image/heic",
      "image/tiff",
      "image/bmp",
      "application/pdf",
      "text/plain",
      "text/csv",
      "text/calendar",
      "application/zip",
      "application/gzip",
      "application/msword",
      "application/vnd.ms-excel",
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      "application/vnd.oasis.opendocument.text",
      "application/vnd.oasis.opendocument.spreadsheet",
      "audio/mpeg",
      "audio/ogg",
      "audio/mp4",
      "video/mp4",
      "video/quicktime"};
  const auto clean = media_type(type);
  const auto found = clean ? std::ranges::find(safe, std::string_view(*clean)) : safe.end();
  return found == safe.end() ? std::string_view("application/octet-stream") : *found;
}

std::string_view shown_image_type(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return "";
}

RangeAnswer read_range(std::string_view header, std::uint64_t size, ByteRange& out) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return RangeAnswer::whole;
  header.remove_prefix(unit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return RangeAnswer::whole;
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const std::string_view first = header.substr(0, dash), last = header.substr(dash + 1);
  if (first.empty()) {
    const auto suffix = number(last);
    if (!suffix) return RangeAnswer::whole;
    if (*suffix == 0 || size == 0) return RangeAnswer::unsatisfiable;
    out.length = std::min(*suffix, size);
    out.from = size - out.length;
    return RangeAnswer::part;
  }
  const auto from = number(first);
  const auto to = last.empty() ? std::optional<std::uint64_t>(~std::uint64_t{0}) : number(last);
  if (!from || !to || *to < *from) return RangeAnswer::whole;
  if (*from >= size) return RangeAnswer::unsatisfiable;
  out.from = *from;
  out.length = std::min(*to, size - 1) - *from + 1;
  return RangeAnswer::part;
}

}  // namespace parlance::http
