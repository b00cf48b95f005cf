#include "adapters/keyring/locked_memory.h"

#include <sodium.h>

#include "engine/base/assert.h"

namespace parlance {

LockedMemory::LockedMemory(std::size_t bytes) {
  PARLANCE_ASSERT(sodium_init() >= 0, "the crypto library starts");
  data_ = static_cast<std::uint8_t*>(sodium_malloc(bytes));
  if (data_ == nullptr) return;
  size_ = bytes;
  // sodium_malloc() locks, yet does not tell when it could not; locking what is locked does.
  locked_ = sodium_mlock(data_, bytes) == 0;
  sodium_memzero(data_, size_);
}

LockedMemory::~LockedMemory() { sodium_free(data_); }

void LockedMemory::make_read_only() {
  const int failed = sodium_mprotect_readonly(data_);
  PARLANCE_ASSERT(failed == 0, "pages of our own can be made read-only");
}

}  // namespace parlance
