#pragma once

/// Defined where allocations can be made to fail (fuzz_main.cc).
extern "C" void parlance_memory_holds(bool holds) __attribute__((weak));

namespace parlance::tests {

/// While it lives no allocation is made to fail: for calls of libraries that themselves end the process where memory runs out, which
/// libstdc++'s directory iterators and Asio's new strands do.
struct MemoryHolds {
  MemoryHolds() {
    if (parlance_memory_holds != nullptr) parlance_memory_holds(true);
  }
  ~MemoryHolds() {
    if (parlance_memory_holds != nullptr) parlance_memory_holds(false);
  }
  MemoryHolds(const MemoryHolds&) = delete;
  MemoryHolds& operator=(const MemoryHolds&) = delete;
};

}  // namespace parlance::tests
