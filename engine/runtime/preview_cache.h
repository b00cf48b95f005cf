#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "engine/base/bytes.h"
#include "engine/domain/personal.h"

namespace parlance {

/// Opened previews, which every list shows again and again: at most `bytes_max` of them, the least recently used leave first, and
/// all are overwritten with zeros as they leave. Who destroys or restricts drops, and what was opened before a drop is not put in
/// after it.
///
/// Threads: any.
class PreviewCache {
 public:
  explicit PreviewCache(std::size_t bytes_max);
  ~PreviewCache();
  PreviewCache(const PreviewCache&) = delete;
  PreviewCache& operator=(const PreviewCache&) = delete;

  /// The plaintext; whoever gets it wipes it.
  [[nodiscard]] std::optional<Bytes> find(const Sealed& sealed);
  /// To be asked before the vault is, and given to put().
  [[nodiscard]] std::uint64_t drops(const Sealed& sealed);
  void put(const Sealed& sealed, ByteView plaintext, std::uint64_t drops);
  void drop(const CapsuleId& capsule);
  /// All that was sealed under it.
  void drop(ReferenceId reference);
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    Sealed sealed;
    Bytes plaintext;
  };
  struct Hash {
    std::size_t operator()(const CapsuleId& id) const {
      return std::hash<EnvelopeId>{}(id.envelope) + id.number;
    }
  };
  using Entries = std::list<Entry>;
  struct alignas(64) Shard {
    mutable std::mutex mutex;  ///< guards all that follows
    Entries entries;           ///< most recently used first
    std::unordered_map<CapsuleId, Entries::iterator, Hash> places;
    std::size_t bytes = 0;
    std::uint64_t drops = 0;

    Entries::iterator leave(Entries::iterator entry);
  };
  /// By reference: what drops a reference looks at its shard alone.
  [[nodiscard]] Shard& shard_of(ReferenceId reference) { return shards_[reference.low % shards_.size()]; }

  std::array<Shard, 64> shards_;
  const std::size_t bytes_max_;  ///< of a shard
};

}  // namespace parlance
