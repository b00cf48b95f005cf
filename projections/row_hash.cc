#include "projections/row_hash.h"

#include <array>

#include "engine/base/assert.h"
#include "projections/row.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace parlance {

RowHash::Term RowHash::term(ByteView key, ByteView value) {
  std::array<std::uint8_t, RowKey::bytes_max + row_bytes_max> together;
  PARLANCE_ASSERT(key.size() + value.size() <= together.size(), "rows are of bounded size");
  std::memcpy(together.data(), key.data(), key.size());
  std::memcpy(together.data() + key.size(), value.data(), value.size());
  const XXH128_hash_t hash = XXH3_128bits(together.data(), key.size() + value.size());
  return static_cast<Term>(hash.high64) << 64 | hash.low64;
}

std::string RowHash::hex() const {
  std::string out;
  for (const std::uint64_t half : {high(), low()})
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[half >> shift & 15]);
  return out;
}

}  // namespace parlance
