#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace parlance {

/// What the vault keeps, each under random or envelope ids. Stored: only add.
enum class VaultFamily : std::uint8_t {
  capsules = 1,  ///< key: envelope id, capsule number (u16 big-endian); value: engine/runtime/capsule.h
  rows = 2,      ///< key: reference id; value: engine/runtime/key_row.h
  tombstones =
      3,  ///< key: that of the row or capsule; value: day of destruction, days since 1970 (u32 little-endian)
};
struct VaultRow {
  VaultFamily family;
  Bytes key;
  Bytes value;
};

/// The erasable half of what is stored: sealed personal text and the key rows that open it, beside the log and durable
/// with it (rows are written by EventLog::append). Threads: any.
class Vault {
 public:
  virtual ~Vault() = default;
  /// None where there is no such row; `unavailable` or `corrupt` where that cannot be told. Never confuse the two.
  [[nodiscard]] virtual Result<std::optional<Bytes>> get(VaultFamily family, ByteView key) const = 0;
  /// In key order; `sink` returns false to stop.
  [[nodiscard]] virtual Result<void> scan(
      VaultFamily family, const std::function<bool(ByteView key, ByteView value)>& sink) const = 0;
  /// Puts `put` and deletes `remove` (their values are ignored) in one durable batch of its own.
  [[nodiscard]] virtual Result<void> write(const std::vector<VaultRow>& put,
                                           const std::vector<VaultRow>& remove) = 0;
};

}  // namespace parlance
