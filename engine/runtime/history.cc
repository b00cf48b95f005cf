#include "engine/runtime/history.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace parlance::history {
namespace {

Version first_of_block(Version version) { return version - (version - 1) % block_entries; }

// Without the overflow that damaged bytes would bring about.
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

Error malformed() {
  return corrupt("history.malformed", "a block of history does not read; fold the log again");
}

}  // namespace

Bytes block_key(PartitionId partition, const StreamId& stream, Version version) {
  PARLANCE_ASSERT(version > 0, "versions are counted from 1");
  return ByteWriter()
      .be(partition)
      .le('H')
      .le(stream.category)
      .id(stream.id)
      .be((version - 1) / block_entries)
      .take();
}

Bytes write_block(const std::vector<Entry>& entries) {
  ByteWriter out;
  std::vector<Actor> actors;
  Entry before;
  for (const Entry& e : entries) {
    out.varint(e.kind)
        .zigzag(difference(e.recorded_at.ms, before.recorded_at.ms))
        .zigzag(difference(e.occurred_at.ms, e.recorded_at.ms))
        .varint(e.offset - before.offset)
        .varint(e.index);
    const auto known = std::ranges::find(actors, e.actor);
    if (known != actors.end()) {
      out.varint(static_cast<std::uint64_t>(known - actors.begin()) + 1);
    } else {
      out.varint(0).le(e.actor.kind).id(e.actor.id);
      actors.push_back(e.actor);
    }
    before = e;
  }
  return out.take();
}

std::optional<std::vector<Entry>> read_block(Version first, ByteView value) {
  std::vector<Entry> out;
  out.reserve(block_entries);
  std::vector<Actor> actors;
  ByteReader in(value);
  Entry e;
  while (in.left() > 0) {
    if (out.size() == block_entries) return std::nullopt;
    e.version = first + out.size();
    e.kind = static_cast<std::uint16_t>(in.varint());
    e.recorded_at.ms = sum(e.recorded_at.ms, in.zigzag());
    e.occurred_at.ms = sum(e.recorded_at.ms, in.zigzag());
    e.offset += in.varint();
    e.index = static_cast<std::uint16_t>(in.varint());
    const std::uint64_t actor = in.varint();
    if (actor == 0) {
      actors.push_back({});
      actors.back().kind = in.le<ActorKind>();
      actors.back().id = in.id();
    }
    if (!in.ok() || actor > actors.size()) return std::nullopt;
    e.actor = actor == 0 ? actors.back() : actors[actor - 1];
    out.push_back(e);
  }
  if (!in.ok()) return std::nullopt;
  return out;
}

Result<std::vector<Entry>> read(const RowFamily& rows, PartitionId partition, const StreamId& stream,
                                Version from, std::size_t limit) {
  std::vector<Entry> out;
  from = std::max<Version>(from, 1);
  while (out.size() < limit) {
    const Version first = first_of_block(from);
    const auto row = rows.get(block_key(partition, stream, from));
    if (!row) return row.error();
    if (!*row) break;
    const auto block = read_block(first, **row);
    if (!block) return malformed();
    for (std::size_t i = from - first; i < block->size() && out.size() < limit; ++i)
      out.push_back((*block)[i]);
    if (block->size() < block_entries) break;
    from = first + block_entries;
  }
  return out;
}

}  // namespace parlance::history
