#include "engine/runtime/fold_rows.h"

namespace parlance::fold_rows {
namespace {
ByteWriter begin(PartitionId partition, char type) {
  ByteWriter out;
  out.be(partition).le(type);
  return out;
}
constexpr std::size_t prefix_bytes = 3;
}  // namespace

Bytes key(PartitionId partition, char type) { return begin(partition, type).take(); }
Bytes stream_key(PartitionId partition, const StreamId& stream) {
  return begin(partition, 'S').le(stream.category).id(stream.id).take();
}
Bytes id_key(PartitionId partition, char type, RawId id) { return begin(partition, type).id(id).take(); }
Bytes ids_key(PartitionId partition, char type, RawId first, RawId second) {
  return begin(partition, type).id(first).id(second).take();
}
Bytes known_key(PartitionId partition, Slot door, SubjectId subject) {
  return begin(partition, 'P').le(door).id(subject).take();
}
Bytes number_key(PartitionId partition, WorkspaceId workspace, Slot slot) {
  return begin(partition, 'N').id(workspace).le(slot).take();
}
Bytes timer_key(PartitionId partition, Instant due, const StreamId& stream, conversation::TimerKind kind) {
  return begin(partition, 'T')
      .be(static_cast<std::uint64_t>(due.ms))
      .le(stream.category)
      .id(stream.id)
      .le(kind)
      .take();
}

std::optional<DueTimer> read_timer_key(ByteView key) {
  ByteReader in(key);
  const ByteView prefix = in.take(prefix_bytes);
  if (prefix.empty() || prefix.back() != 'T') return std::nullopt;
  DueTimer due;
  due.timer.due.ms = static_cast<std::int64_t>(in.be<std::uint64_t>());
  due.stream.category = in.le<Category>();
  due.stream.id = in.id();
  due.timer.kind = in.le<conversation::TimerKind>();
  if (!in.at_end()) return std::nullopt;
  return due;
}

void write_conversation(ByteWriter& out, const Conversation& c) { out.id(c.id).le(c.channel).id(c.store); }
std::vector<Conversation> read_conversations(ByteView value) {
  std::vector<Conversation> out;
  ByteReader in(value);
  while (in.ok() && in.left() > 0) {
    Conversation c;
    c.id = in.id_of<ConversationId>();
    c.channel = in.le<Channel>();
    c.store = in.id_of<StoreId>();
    if (in.ok()) out.push_back(c);
  }
  return out;
}

}  // namespace parlance::fold_rows
