#include "engine/runtime/redaction.h"

#include <vector>

#include "engine/runtime/history.h"
#include "engine/runtime/log_reading.h"

namespace parlance {
namespace {

constexpr std::size_t capsules_at_once = 1000;

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

void add_all(AnyEvent& event, std::vector<CapsuleId>& out) {
  auto* body = std::get_if<conversation::Event>(&event);
  if (body == nullptr) return;
  std::visit(
      [&](auto& e) {
        const auto visit = [&](const auto& field) { out.push_back(field.sealed().capsule); };
        if constexpr (requires { e.each_personal(visit); }) e.each_personal(visit);
      },
      *body);
}

void add_preview(const Personal<Preview>& preview, std::vector<CapsuleId>& out) {
  out.push_back(preview.sealed().capsule);
}
void add_preview(const std::optional<Personal<Preview>>& preview, std::vector<CapsuleId>& out) {
  if (preview) add_preview(*preview, out);
}
void add_previews(const AnyEvent& event, std::vector<CapsuleId>& out) {
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

Result<void> Redaction::destroy(WorkspaceId workspace, const StreamId& stream, Version of, Version version,
                                std::uint32_t day) const {
  std::vector<history::Entry> entries;
  const auto scanned = each_entry(fold_, partition_, stream, of, [&](const history::Entry& entry) {
    if (entry.version < version) entries.push_back(entry);
    return entry.version < version;
  });
  if (!scanned) return scanned;
  std::vector<CapsuleId> capsules;
  for (const history::Entry& entry : entries) {
    auto envelope = read_envelope(log_, partition_, entry.offset);
    if (!envelope) return envelope.error();
    if (!*envelope || (*envelope)->workspace != workspace || entry.index >= (*envelope)->events.size())
      return corrupt("history.other_event",
                     "another event stands where history says one of the conversation's");
    AnyEvent& event = (*envelope)->events[entry.index].body;
    if (entry.version == of)
      add_all(event, capsules);
    else
      add_previews(event, capsules);
    if (capsules.size() < capsules_at_once) continue;
    if (auto gone = door_.destroy_capsules(capsules, day); !gone) return gone;
    capsules.clear();
  }
  return door_.destroy_capsules(capsules, day);
}

}  // namespace parlance
