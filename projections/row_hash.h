#pragma once
#include <cstdint>
#include <string>

#include "engine/base/bytes.h"

namespace parlance {

/// Sums terms of rows modulo 2^128, so that the order in which rows came, went and came back leaves no trace. Finds faults, not
/// forgers.
class RowHash {
 public:
  __extension__ using Term = unsigned __int128;
  /// XXH3-128 of the key without its partition, then the value.
  [[nodiscard]] static Term term(ByteView key, ByteView value);
  void add(Term term) { sum_ += term; }
  void subtract(Term term) { sum_ -= term; }
  [[nodiscard]] std::uint64_t high() const { return static_cast<std::uint64_t>(sum_ >> 64); }
  [[nodiscard]] std::uint64_t low() const { return static_cast<std::uint64_t>(sum_); }
  [[nodiscard]] static RowHash from(std::uint64_t high, std::uint64_t low) {
    RowHash hash;
    hash.sum_ = static_cast<Term>(high) << 64 | low;
    return hash;
  }
  [[nodiscard]] std::string hex() const;
  bool operator==(const RowHash&) const = default;

 private:
  Term sum_ = 0;
};

}  // namespace parlance
