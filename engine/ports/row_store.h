#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/ports/store_health.h"

namespace parlance {

struct RowChange {
  Bytes key;
  std::optional<Bytes> value;  ///< none: delete
};

/// The same of bytes that lie elsewhere.
struct RowChangeView {
  ByteView key;
  std::optional<ByteView> value;
  RowChangeView(ByteView of, std::optional<ByteView> to) : key(of), value(to) {}
  explicit RowChangeView(const RowChange& c)
      : key(c.key), value(c.value ? std::optional<ByteView>(*c.value) : std::nullopt) {}
};

/// Disposable rows in key order: the fold store, history and the views. Not durable by itself: after a crash a family holds some
/// earlier whole batch of itself, and what is missing is folded again from the log, so each batch carries the offset
/// that it applied as one of its rows.
///
/// Threads: any; batches of one family are written by one thread at a time.
class RowFamily {
 public:
  virtual ~RowFamily() = default;
  [[nodiscard]] virtual Result<std::optional<Bytes>> get(ByteView key) const = 0;
  /// Rows with from <= key < to in order (an empty `to`: to the end); `sink` returns false to stop.
  [[nodiscard]] virtual Result<void> scan(
      ByteView from, ByteView to, const std::function<bool(ByteView key, ByteView value)>& sink) const = 0;
  /// All of `changes` or none, each in its turn.
  [[nodiscard]] virtual Result<void> write_all(std::span<const RowChangeView> changes) = 0;
  [[nodiscard]] Result<void> write(const std::vector<RowChange>& changes) {
    return write_all(std::vector<RowChangeView>(changes.begin(), changes.end()));
  }
  /// Makes what was written durable.
  [[nodiscard]] virtual Result<void> flush() = 0;
};

class RowStore {
 public:
  virtual ~RowStore() = default;
  [[nodiscard]] virtual std::vector<std::string> families() const = 0;
  /// Opens or makes a family. The pointer lives as long as the store, or until drop().
  [[nodiscard]] virtual Result<RowFamily*> open(std::string_view family) = 0;
  [[nodiscard]] virtual Result<void> drop(std::string_view family) = 0;
  [[nodiscard]] virtual StoreHealth health() const { return {}; }
  /// What a read or a write found damaged; from then on everything asked of the store is `corrupt`, until renew(). None: nothing.
  [[nodiscard]] virtual std::optional<Error> damage() const { return std::nullopt; }
  /// Throws all rows away. The families stay, as do pointers to them, and hold nothing. What is asked meanwhile is `corrupt`, and who is
  /// in the middle of reading is waited for. Where it fails, the store is damaged.
  [[nodiscard]] virtual Result<void> renew() = 0;
};

}  // namespace parlance
