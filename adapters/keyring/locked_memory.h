#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace parlance {

/// Memory for keys: between guard pages, out of core dumps, out of swap where the system's limit allows it, zeroed when
/// it is given back.
class LockedMemory {
 public:
  LockedMemory() = default;
  /// Zeros. Empty where the system has no memory left.
  explicit LockedMemory(std::size_t bytes);
  ~LockedMemory();
  LockedMemory(LockedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        locked_(other.locked_) {}
  LockedMemory& operator=(LockedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(locked_, other.locked_);
    return *this;
  }

  [[nodiscard]] std::span<std::uint8_t> bytes() const { return {data_, size_}; }
  [[nodiscard]] bool locked() const { return locked_; }
  /// A write is a crash from now on.
  void make_read_only();

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  bool locked_ = false;
};

}  // namespace parlance
