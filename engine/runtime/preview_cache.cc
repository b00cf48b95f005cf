#include "engine/runtime/preview_cache.h"

#include "engine/base/fault_point.h"
#include "engine/runtime/capsule.h"

namespace parlance {
namespace {
/// What an entry costs beside its plaintext, nearly.
constexpr std::size_t entry_overhead = 240;
}  // namespace

PreviewCache::PreviewCache(std::size_t bytes_max)
    : bytes_max_(bytes_max / std::tuple_size_v<decltype(shards_)>) {}
PreviewCache::~PreviewCache() {
  for (Shard& shard : shards_)
    for (Entry& entry : shard.entries) wipe(entry.plaintext);
}

PreviewCache::Entries::iterator PreviewCache::Shard::leave(Entries::iterator entry) {
  bytes -= entry_overhead + entry->plaintext.size();
  wipe(entry->plaintext);
  places.erase(entry->sealed.capsule);
  return entries.erase(entry);
}

std::optional<Bytes> PreviewCache::find(const Sealed& sealed) {
  Shard& shard = shard_of(sealed.reference);
  const std::lock_guard lock(shard.mutex);
  const auto place = shard.places.find(sealed.capsule);
  if (place == shard.places.end() || place->second->sealed != sealed ||
      fault_point_taken("door.forget_preview"))
    return std::nullopt;
  shard.entries.splice(shard.entries.begin(), shard.entries, place->second);
  return place->second->plaintext;
}

std::uint64_t PreviewCache::drops(const Sealed& sealed) {
  Shard& shard = shard_of(sealed.reference);
  const std::lock_guard lock(shard.mutex);
  return shard.drops;
}

void PreviewCache::put(const Sealed& sealed, ByteView plaintext, std::uint64_t drops) {
  const std::size_t size = entry_overhead + plaintext.size();
  Shard& shard = shard_of(sealed.reference);
  const std::lock_guard lock(shard.mutex);
  if (shard.drops != drops || size > bytes_max_ || shard.places.contains(sealed.capsule)) return;
  while (shard.bytes + size > bytes_max_) shard.leave(std::prev(shard.entries.end()));
  shard.entries.push_front({sealed, Bytes(plaintext.begin(), plaintext.end())});
  shard.places.emplace(sealed.capsule, shard.entries.begin());
  shard.bytes += size;
}

void PreviewCache::drop(const CapsuleId& capsule) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    ++shard.drops;
    if (const auto place = shard.places.find(capsule); place != shard.places.end())
      shard.leave(place->second);
  }
}

void PreviewCache::drop(ReferenceId reference) {
  Shard& shard = shard_of(reference);
  const std::lock_guard lock(shard.mutex);
  ++shard.drops;
  for (auto entry = shard.entries.begin(); entry != shard.entries.end();)
    entry = entry->sealed.reference == reference ? shard.leave(entry) : std::next(entry);
}

std::size_t PreviewCache::bytes() const {
  std::size_t bytes = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    bytes += shard.bytes;
  }
  return bytes;
}

}  // namespace parlance
