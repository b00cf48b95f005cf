#include "engine/runtime/redaction.h"

#include <algorithm>

#include "engine/runtime/fold_rows.h"
#include "engine/runtime/history.h"
#include "engine/runtime/log_reading.h"
#include "engine/runtime/streams.h"

namespace parlance {
namespace {

template <class Event> constexpr bool is_message = requires(const Event& e) { e.content; };

/// The id and content of the message that the event brought.
std::optional<std::pair<MessageId, Sealed>> message_of(const AnyEvent& event) {
  const auto* body = std::get_if<conversation::Event>(&event);
  if (body == nullptr) return std::nullopt;
  return std::visit(
      [](const auto& e) -> std::optional<std::pair<MessageId, Sealed>> {
        if constexpr (is_message<std::remove_cvref_t<decltype(e)>>)
          return std::pair(e.id, e.content.sealed());
        else
          return std::nullopt;
      },
      *body);
}

template <class T> void add(const Personal<T>& field, std::vector<CapsuleHeld>& out) {
  out.push_back({field.sealed(), capsule_schema<T>});
}
void add_all(AnyEvent& event, std::vector<CapsuleHeld>& out) {
  const auto visit = [&](const auto& field) { add(field, out); };
  std::visit(
      [&](auto& category) {
        std::visit(
            [&](auto& e) {
              if constexpr (requires { e.each_personal(visit); }) e.each_personal(visit);
            },
            category);
      },
      event);
}

void add_preview(const Personal<Preview>& preview, std::vector<CapsuleHeld>& out) { add(preview, out); }
void add_preview(const std::optional<Personal<Preview>>& preview, std::vector<CapsuleHeld>& out) {
  if (preview) add(*preview, out);
}
void add_previews(const AnyEvent& event, std::vector<CapsuleHeld>& out) {
  const auto* body = std::get_if<conversation::Event>(&event);
  if (body == nullptr) return;
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.preview; }) add_preview(e.preview, out);
      },
      *body);
}

constexpr std::size_t entries_at_once = 256;

/// Visits the entries of a stream's history from `from` on; `visit` returns false to stop.
Result<void> each_entry(const RowFamily& fold, PartitionId partition, const StreamId& stream, Version from,
                        const std::function<bool(const history::Entry&)>& visit) {
  for (;;) {
    const auto entries = history::read(fold, partition, stream, from, entries_at_once);
    if (!entries) return entries.error();
    for (const history::Entry& entry : *entries)
      if (!visit(entry)) return {};
    if (entries->size() < entries_at_once) return {};
    from = entries->back().version + 1;
  }
}

}  // namespace

Result<std::optional<Redaction::Found>> Redaction::find(const StreamId& stream, MessageId message) const {
  // A message's id is made when it is recorded, so its own milliseconds say where in the history it stands.
  const Instant made{static_cast<std::int64_t>(message.high >> 16)};
  std::vector<history::Entry> there;
  const auto scanned = each_entry(fold_, partition_, stream, 1, [&](const history::Entry& entry) {
    if (entry.recorded_at == made) there.push_back(entry);
    return entry.recorded_at <= made;
  });
  if (!scanned) return scanned.error();
  for (const history::Entry& entry : there) {
    const auto envelope = read_envelope(log_, partition_, entry.offset);
    if (!envelope) return envelope.error();
    if (!*envelope || entry.index >= (*envelope)->events.size()) continue;
    const auto found = message_of((*envelope)->events[entry.index].body);
    if (found && found->first == message) return std::optional<Found>({entry.version, found->second});
  }
  return std::optional<Found>{};
}

Result<void> Redaction::each_event(WorkspaceId workspace, const StreamId& stream, Version from,
                                   const std::function<bool(Version, AnyEvent&)>& visit) const {
  std::optional<Offset> at;  // of the envelope last read: several events may share it
  std::optional<Envelope> envelope;
  std::optional<Error> trouble;
  const auto scanned = each_entry(fold_, partition_, stream, from, [&](const history::Entry& entry) {
    if (at != entry.offset) {
      auto read = read_envelope(log_, partition_, entry.offset);
      if (!read) {
        trouble = read.error();
        return false;
      }
      at = entry.offset;
      envelope = std::move(*read);
    }
    if (!envelope || envelope->workspace != workspace || entry.index >= envelope->events.size() ||
        envelope->events[entry.index].stream != stream) {
      trouble = corrupt("history.other_event", "another event stands where history says one of the stream's");
      return false;
    }
    return visit(entry.version, envelope->events[entry.index].body);
  });
  if (trouble) return *trouble;
  return scanned;
}

Result<std::vector<CapsuleHeld>> Redaction::others_in(WorkspaceId workspace, const StreamId& stream,
                                                      const std::set<CapsuleId>& without) const {
  const auto conversation = ConversationId::from(stream.id);
  std::vector<StreamId> streams{stream};
  const Bytes from = fold_rows::ids_key(partition_, 'E', conversation, {});
  const auto drafted = fold_.scan(from, fold_rows::key(partition_, 'E' + 1), [&](ByteView key, ByteView) {
    if (key.size() != from.size() ||
        !std::ranges::equal(key.first(key.size() - 16), ByteView(from).first(from.size() - 16)))
      return false;
    streams.push_back(draft_stream(conversation, AgentId::from(RawId::from_bytes(key.last<16>()))));
    return true;
  });
  if (!drafted) return drafted.error();
  std::vector<CapsuleHeld> out;
  for (const StreamId& one : streams) {
    const auto read = each_event(workspace, one, 1, [&](Version, AnyEvent& event) {
      add_all(event, out);
      return true;
    });
    if (!read) return read.error();
  }
  std::erase_if(out, [&](const CapsuleHeld& held) { return without.contains(held.sealed.capsule); });
  return out;
}

Result<void> Redaction::destroy(WorkspaceId workspace, const StreamId& stream, Version of, Version version,
                                std::uint32_t day) const {
  std::vector<CapsuleHeld> doomed;
  const auto read = each_event(workspace, stream, of, [&](Version at, AnyEvent& event) {
    if (at >= version) return false;
    if (at == of)
      add_all(event, doomed);
    else
      add_previews(event, doomed);
    return true;
  });
  if (!read) return read;
  std::set<CapsuleId> ids;
  bool all_gone = true;
  for (const CapsuleHeld& held : doomed) {
    const auto gone = door_.is_destroyed(held.sealed.capsule);
    if (!gone) return gone.error();
    all_gone = all_gone && *gone;
    ids.insert(held.sealed.capsule);
  }
  if (all_gone) return {};
  if (!log_.exclusive()) return door_.destroy_capsules(std::vector(ids.begin(), ids.end()), day);
  const auto others = others_in(workspace, stream, ids);
  if (!others) return others.error();
  return door_.shred(workspace, doomed, *others, day);
}

}  // namespace parlance
