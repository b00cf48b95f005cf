#include "engine/runtime/fold_rows.h"

#include <algorithm>

namespace parlance::fold_rows {
namespace {
ByteWriter begin(PartitionId partition, char type) {
  ByteWriter out;
  out.be(partition).le(type);
  return out;
}
constexpr std::size_t prefix_bytes = 3;
ByteWriter& write_timer(ByteWriter& out, Instant due, const StreamId& stream, conversation::TimerKind kind) {
  return out.be(static_cast<std::uint64_t>(due.ms)).le(stream.category).id(stream.id).le(kind);
}
DueTimer read_timer(ByteReader& in) {
  DueTimer due;
  due.timer.due.ms = static_cast<std::int64_t>(in.be<std::uint64_t>());
  due.stream.category = in.le<Category>();
  due.stream.id = in.id();
  due.timer.kind = in.le<conversation::TimerKind>();
  return due;
}
}  // namespace

Bytes key(PartitionId partition, char type) { return begin(partition, type).take(); }
Bytes stream_key(PartitionId partition, const StreamId& stream) {
  return begin(partition, 'S').le(stream.category).id(stream.id).take();
}
bool is_stream_of(ByteView key, Category category) {
  return key.size() > prefix_bytes && key[prefix_bytes - 1] == 'S' &&
         key[prefix_bytes] == static_cast<std::uint8_t>(category);
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
  ByteWriter out = begin(partition, 'T');
  return write_timer(out, due, stream, kind).take();
}
Bytes held_timers(PartitionId partition, ImportId import) { return begin(partition, 'I').id(import).take(); }
Bytes held_timer_key(PartitionId partition, ImportId import, Instant due, const StreamId& stream,
                     conversation::TimerKind kind) {
  ByteWriter out = begin(partition, 'I');
  out.id(import);
  return write_timer(out, due, stream, kind).take();
}
ImportId after(ImportId import) {
  if (++import.low == 0) ++import.high;
  return import;
}
Bytes redaction_key(PartitionId partition, RawId conversation, Version version) {
  return begin(partition, 'X').id(conversation).be(version).take();
}

std::optional<DueTimer> read_timer_key(ByteView key) {
  ByteReader in(key);
  const ByteView prefix = in.take(prefix_bytes);
  if (prefix.empty() || prefix.back() != 'T') return std::nullopt;
  DueTimer due = read_timer(in);
  if (!in.at_end()) return std::nullopt;
  return due;
}
std::optional<HeldTimer> read_held_timer_key(ByteView key) {
  ByteReader in(key);
  const ByteView prefix = in.take(prefix_bytes);
  if (prefix.empty() || prefix.back() != 'I') return std::nullopt;
  HeldTimer held;
  held.import = in.id_of<ImportId>();
  held.timer = read_timer(in);
  if (!in.at_end()) return std::nullopt;
  return held;
}

std::uint32_t day_of(Instant at) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(at.ms, 0) / 86'400'000);
}
Bytes write_redacting(const Redacting& r) { return ByteWriter().id(r.workspace).le(r.of).le(r.day).take(); }
std::optional<Redacting> read_redacting(ByteView key, ByteView value) {
  ByteReader k(key);
  (void)k.take(prefix_bytes);
  Redacting r;
  r.conversation = k.id_of<ConversationId>();
  r.version = k.be<std::uint64_t>();
  ByteReader in(value);
  r.workspace = in.id_of<WorkspaceId>();
  r.of = in.le<Version>();
  r.day = in.le<std::uint32_t>();
  if (!k.at_end() || !in.at_end()) return std::nullopt;
  return r;
}

Bytes write_drafts(const std::vector<Drafted>& drafts) {
  ByteWriter out;
  for (const Drafted& d : drafts) out.id(d.agent).le(d.at.ms).le(d.kind);
  return out.take();
}
std::vector<Drafted> read_drafts(ByteView value) {
  std::vector<Drafted> out;
  ByteReader in(value);
  while (in.left() != 0) {
    Drafted d;
    d.agent = in.id_of<AgentId>();
    d.at.ms = in.le<std::int64_t>();
    d.kind = in.le<DraftKind>();
    if (!in.ok()) break;
    out.push_back(d);
  }
  return out;
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
