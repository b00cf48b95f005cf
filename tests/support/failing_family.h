#pragma once
#include <cstddef>
#include <utility>

#include "engine/ports/row_store.h"

namespace parlance::tests {

/// Counts the calls of one port, and lets one of them fail.
struct Calls {
  std::size_t made = 0;
  std::size_t fail_at = 0;  ///< from 1; 0: none
  Errc as = Errc::unavailable;
  bool fails() { return ++made == fail_at; }
  [[nodiscard]] Error error() const { return {as, "test.fault", "this call was to fail"}; }
};

/// Rows of which one reading or writing fails.
class FailingFamily final : public RowFamily {
 public:
  FailingFamily(RowFamily& under, Calls& calls) : under_(under), calls_(calls) {}
  Result<std::optional<Bytes>> get(ByteView key) const override {
    if (calls_.fails()) return calls_.error();
    return under_.get(key);
  }
  Result<void> scan(ByteView from, ByteView to,
                    const std::function<bool(ByteView, ByteView)>& sink) const override {
    // It may have shown some rows by then.
    if (!calls_.fails()) return under_.scan(from, to, sink);
    bool first = true;
    auto shown = under_.scan(from, to, [&](ByteView key, ByteView value) {
      return std::exchange(first, false) && sink(key, value);
    });
    return shown ? calls_.error() : shown;
  }
  Result<void> write_all(std::span<const RowChangeView> changes) override {
    if (calls_.fails()) return calls_.error();
    return under_.write_all(changes);
  }
  Result<void> flush() override {
    if (calls_.fails()) return calls_.error();
    return under_.flush();
  }

 private:
  RowFamily& under_;
  Calls& calls_;
};

}  // namespace parlance::tests
