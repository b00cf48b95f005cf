#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/id.h"

namespace parlance {

static_assert(std::endian::native == std::endian::little,
              "stored rows are little-endian and copied as they are");

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Between little-endian, as integers lie in memory, and big-endian.
template <class T>
  requires std::is_unsigned_v<T>
[[nodiscard]] constexpr T swap_bytes(T value) {
  if constexpr (sizeof value == 8) return static_cast<T>(__builtin_bswap64(value));
  if constexpr (sizeof value == 4) return static_cast<T>(__builtin_bswap32(value));
  if constexpr (sizeof value == 2) return static_cast<T>(__builtin_bswap16(value));
  return value;
}

/// Appends fixed-layout values: little-endian integers for rows and frames, big-endian ones for keys that must sort.
class ByteWriter {
 public:
  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  ByteWriter& le(T value) {
    const auto* p = reinterpret_cast<const std::uint8_t*>(&value);
    out_.insert(out_.end(), p, p + sizeof value);
    return *this;
  }
  template <class T>
    requires std::is_unsigned_v<T>
  ByteWriter& be(T value) {
    return le(swap_bytes(value));
  }
  ByteWriter& id(RawId value) { return raw(value.bytes()); }
  ByteWriter& raw(ByteView bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// LEB128: seven bits a byte, the low ones first.
  ByteWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    out_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  /// A varint in which small negative numbers are short too.
  ByteWriter& zigzag(std::int64_t value) {
    return varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  /// A 32-bit length and the bytes.
  ByteWriter& text(std::string_view value) {
    return le(static_cast<std::uint32_t>(value.size())).raw(as_bytes(value));
  }
  [[nodiscard]] const Bytes& bytes() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

/// Reads what ByteWriter wrote. Once a read does not fit, ok() is false and every value is zero.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}
  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  [[nodiscard]] T le() {
    T value{};
    if (const auto bytes = take(sizeof value); !bytes.empty())
      std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  template <class T>
    requires std::is_unsigned_v<T>
  [[nodiscard]] T be() {
    return swap_bytes(le<T>());
  }
  [[nodiscard]] RawId id() {
    const auto bytes = take(16);
    return bytes.empty() ? RawId{} : RawId::from_bytes(bytes.first<16>());
  }
  [[nodiscard]] std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = le<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }
  [[nodiscard]] std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  template <class AnId> [[nodiscard]] AnId id_of() { return AnId::from(id()); }
  /// `n` bytes, or none when so many are not left. The view is into the bytes given at construction.
  [[nodiscard]] ByteView take(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
    }
    if (!ok_) return {};
    const ByteView out = rest_.first(n);
    rest_ = rest_.subspan(n);
    return out;
  }
  [[nodiscard]] std::string text() { return std::string(as_text(take(le<std::uint32_t>()))); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace parlance
