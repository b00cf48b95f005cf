#pragma once
#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "engine/base/assert.h"
#include "engine/base/bytes.h"
#include "engine/domain/personal.h"

/// What rows and their keys are made of.
namespace parlance {

inline constexpr std::size_t row_bytes_max = 4096;

/// A row is stored as it lies in memory: little-endian, without padding, the view's version first. It holds no offset, position or
/// epoch, which a copy of the log changes, and nothing personal but the ids of capsules and references.
template <class T>
concept FixedRow =
    std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T> &&
    std::is_standard_layout_v<T> && alignof(T) <= 8 && sizeof(T) <= row_bytes_max && requires(T row) {
      { row.view_version } -> std::same_as<std::uint32_t&>;
    };

/// A row may hold items one after the other behind this head, so that what is kept in great numbers needs few rows.
struct ItemsHead {
  std::uint32_t view_version = 0;
  std::uint32_t zero = 0;
};
template <class T>
concept RowItem =
    std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T> &&
    std::is_standard_layout_v<T> && alignof(T) <= 8 && sizeof(T) % 8 == 0 && sizeof(T) <= row_bytes_max / 4;
template <RowItem Item>
inline constexpr std::size_t items_max = (row_bytes_max - sizeof(ItemsHead)) / sizeof(Item);
/// How many a row of so many bytes holds; none: it is no row of these.
template <RowItem Item> [[nodiscard]] constexpr std::optional<std::size_t> items_in(std::size_t bytes) {
  if (bytes < sizeof(ItemsHead) || (bytes - sizeof(ItemsHead)) % sizeof(Item) != 0) return std::nullopt;
  return (bytes - sizeof(ItemsHead)) / sizeof(Item);
}

/// An instant, or none.
struct RowInstant {
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  std::int64_t ms = none;
  RowInstant() = default;
  constexpr RowInstant(Instant at) : ms(at.ms) {}  // NOLINT: an instant is one
  [[nodiscard]] bool is_set() const { return ms != none; }
  [[nodiscard]] std::optional<Instant> get() const {
    return is_set() ? std::optional(Instant{ms}) : std::nullopt;
  }
  bool operator==(const RowInstant&) const = default;
};

/// Sealed, as rows keep it.
struct RowSealed {
  EnvelopeId envelope;
  ReferenceId reference;
  Sha256 digest{};
  std::uint16_t number = 0;
  FieldClass field_class{};
  std::uint8_t is_set = 0;
  std::uint32_t zero = 0;
  RowSealed() = default;
  explicit RowSealed(const Sealed& s)
      : envelope(s.capsule.envelope),
        reference(s.reference),
        digest(s.digest),
        number(s.capsule.number),
        field_class(s.field_class),
        is_set(1) {}
  [[nodiscard]] std::optional<Sealed> get() const {
    if (is_set == 0) return std::nullopt;
    return Sealed{{envelope, number}, reference, field_class, digest};
  }
};
static_assert(std::has_unique_object_representations_v<RowSealed> && sizeof(RowSealed) == 72);

/// A row's key without its partition: the workspace first, then a tag that tells the kinds of rows of a view apart, then what
/// the view says; integers big-endian, so that rows sort. Tag 0 is for rows of streams.
class RowKey {
 public:
  static constexpr std::size_t bytes_max = 62;
  RowKey(WorkspaceId workspace, std::uint8_t tag) { id(workspace).be(tag); }
  template <class T>
    requires std::is_unsigned_v<T>
  RowKey& be(T value) {
    PARLANCE_ASSERT(size_ + sizeof value <= bytes_max, "row keys are short");
    const T big_endian = swap_bytes(value);
    std::memcpy(&bytes_[size_], &big_endian, sizeof value);
    size_ = static_cast<std::uint8_t>(size_ + sizeof value);
    return *this;
  }
  RowKey& id(RawId value) { return be(value.high).be(value.low); }
  [[nodiscard]] ByteView bytes() const { return {bytes_.data(), size_}; }
  [[nodiscard]] static RowKey from(ByteView bytes) {
    PARLANCE_ASSERT(bytes.size() <= bytes_max, "row keys are short");
    RowKey key;
    std::ranges::copy(bytes, key.bytes_.begin());
    key.size_ = static_cast<std::uint8_t>(bytes.size());
    return key;
  }
  bool operator==(const RowKey& o) const {
    return size_ == o.size_ && std::memcmp(bytes_.data(), o.bytes_.data(), size_) == 0;
  }
  std::strong_ordering operator<=>(const RowKey& o) const { return as_text(bytes()) <=> as_text(o.bytes()); }

 private:
  RowKey() = default;
  std::array<std::uint8_t, bytes_max> bytes_;
  std::uint8_t size_ = 0;
};

/// As stored: the partition, big-endian, then the key.
inline void append_stored_key(Bytes& out, PartitionId partition, ByteView key) {
  out.push_back(static_cast<std::uint8_t>(partition >> 8));
  out.push_back(static_cast<std::uint8_t>(partition));
  out.insert(out.end(), key.begin(), key.end());
}
[[nodiscard]] inline Bytes stored_key(PartitionId partition, ByteView key) {
  Bytes out;
  out.reserve(2 + key.size());
  append_stored_key(out, partition, key);
  return out;
}

}  // namespace parlance
