#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/domain/vocabulary.h"
#include "engine/ports/row_store.h"

/// The history of streams: for each event where in the log it stands, and enough to choose without reading it. It belongs to
/// the log and is folded from it; timelines, time travel and repeats read it.
///
/// It lies in the fold store in blocks of `block_entries` events of one stream:
///
///   key     partition u16, 'H', category u8, id 16, number of the block u64 (big-endian): (version - 1) / block_entries
///   value   one entry after the other, the oldest first; integers are LEB128, those marked +- zigzag
///             kind, recorded_at +- less the entry's before, occurred_at +- less recorded_at,
///             offset less the entry's before, index,
///             actor: n = the block's n-th one, counted from 1; 0 = a new one: kind u8, id 16
///
/// So a message costs some 14 bytes, and reading fifty of them two rows.
namespace parlance::history {

/// An event's entry.
struct Entry {
  Version version = 0;
  std::uint16_t kind = 0;
  Instant occurred_at;
  Instant recorded_at;
  Actor actor;
  Offset offset = 0;
  std::uint16_t index = 0;  ///< of the event in its envelope
  bool operator==(const Entry&) const = default;
};

inline constexpr Version block_entries = 32;

/// Of the block that holds `version`, which is at least 1.
[[nodiscard]] Bytes block_key(PartitionId partition, const StreamId& stream, Version version);
/// `entries` are a block's first ones, in the order of their versions.
[[nodiscard]] Bytes write_block(const std::vector<Entry>& entries);
/// `first` is the version of the block's first entry. None where it does not read.
[[nodiscard]] std::optional<std::vector<Entry>> read_block(Version first, ByteView value);

/// At most `limit` entries from version `from` (1 is the first), as far as they are written down. Any thread.
[[nodiscard]] Result<std::vector<Entry>> read(const RowFamily& rows, PartitionId partition,
                                              const StreamId& stream, Version from, std::size_t limit);

}  // namespace parlance::history
