#include "adapters/http/cursor.h"

#include <algorithm>
#include <array>
#include <sodium.h>

namespace parlance::http {
namespace {
constexpr std::size_t mac_bytes = 16;
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t cursor_text_max = 2048;

std::array<std::uint8_t, mac_bytes> mac_of(const Key& key, std::string_view about, ByteView bytes) {
  ByteWriter all;
  all.text("parlance cursor 1").text(about).raw(bytes);
  std::array<std::uint8_t, mac_bytes> mac;
  crypto_generichash(mac.data(), mac.size(), all.bytes().data(), all.bytes().size(), key.data(), key.size());
  return mac;
}
}  // namespace

std::string make_cursor(const Key& key, std::string_view about, ByteView bytes) {
  ByteWriter all;
  all.raw(mac_of(key, about, bytes)).raw(bytes);
  std::string text(sodium_base64_encoded_len(all.bytes().size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), all.bytes().data(), all.bytes().size(), variant);
  text.resize(text.size() - 1);  // its closing NUL
  return text;
}

Result<Bytes> read_cursor(const Key& key, std::string_view about, std::string_view text) {
  const auto unknown = [] {
    return invalid("cursor.unknown", "not a cursor of this list; start again without `after`");
  };
  if (text.empty() || text.size() > cursor_text_max) return unknown();  // no null pointers to the library
  Bytes all(text.size());
  std::size_t length = 0;
  if (sodium_base642bin(all.data(), all.size(), text.data(), text.size(), nullptr, &length, nullptr,
                        variant) != 0 ||
      length < mac_bytes)
    return unknown();
  all.resize(length);
  const auto mac = mac_of(key, about, ByteView(all).subspan(mac_bytes));
  if (sodium_memcmp(mac.data(), all.data(), mac_bytes) != 0) return unknown();
  return Bytes(all.begin() + mac_bytes, all.end());
}

}  // namespace parlance::http
