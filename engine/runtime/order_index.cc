#include "engine/runtime/order_index.h"

#include <algorithm>

#include "engine/runtime/blind.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/state_rows.h"

namespace parlance::order_index {
namespace {

constexpr char named = 'B', unopened = 'U';

Bytes prefix(PartitionId partition, RawId blind) {
  return ByteWriter().raw(fold_rows::key(partition, named)).id(blind).take();
}
Bytes capsule_part(Bytes begin, ConversationId conversation, const Sealed& content) {
  return ByteWriter()
      .raw(begin)
      .id(conversation)
      .id(content.capsule.envelope)
      .be(content.capsule.number)
      .take();
}
void add_named(const KeyService& keys, PartitionId partition, WorkspaceId workspace, std::string_view order,
               ConversationId conversation, const Sealed& content, std::vector<RowChange>& out) {
  // What is no order's number to a look-up can be found by none.
  const auto normal = normalise_order(order);
  if (!normal) return;
  ByteWriter value;
  write_row(value, content);
  out.push_back(
      {capsule_part(prefix(partition, blind_order(keys, workspace, *normal)), conversation, content),
       value.take()});
}

/// A row's message, with the conversation that its key names at `at`.
struct Found {
  ConversationId conversation;
  Sealed content;
};

/// Whether the message names the order now. Erased and redacted ones name nothing; what does not open at all is no answer either, and
/// is not taken for an erasure: the look-up fails.
Result<bool> names(Door& door, WorkspaceId workspace, const Sealed& content, std::string_view normal) {
  auto opened = door.open<MessageContent>(engine_principal, Purpose::engine, workspace, content);
  if (const auto* closed = std::get_if<Unavailable>(&opened)) {
    // One damaged message must not hide the others of its order.
    if (closed->error.code == Errc::corrupt || closed->error.rule == "capsule.missing") return false;
    return closed->error;
  }
  const auto* message = std::get_if<MessageContent>(&opened);
  if (message == nullptr) return false;
  const auto held = normalise_order(message->order);
  return held && *held == normal;
}

}  // namespace

const Personal<MessageContent>* message_in(const AnyEvent& event) {
  const auto* of_conversation = std::get_if<conversation::Event>(&event);
  if (of_conversation == nullptr) return nullptr;
  if (const auto* e = std::get_if<conversation::MessageReceived>(of_conversation)) return &e->content;
  if (const auto* e = std::get_if<conversation::Replied>(of_conversation)) return &e->content;
  return nullptr;
}

std::string order_in(const AnyEvent& event) {
  const auto* content = message_in(event);
  return content != nullptr && content->is_plain() ? content->plain().order : std::string{};
}

void add_rows(const KeyService& keys, PartitionId partition, const Envelope& envelope,
              const std::vector<std::string>& orders, std::vector<RowChange>& out) {
  for (std::size_t i = 0; i < envelope.events.size() && i < orders.size(); ++i) {
    const StreamEvent& event = envelope.events[i];
    if (orders[i].empty()) continue;
    add_named(keys, partition, envelope.workspace, orders[i], ConversationId::from(event.stream.id),
              message_in(event.body)->sealed(), out);
  }
}

void add_rows(const KeyService& keys, Door& door, PartitionId partition, const Envelope& envelope,
              std::vector<RowChange>& out) {
  for (const StreamEvent& event : envelope.events) {
    const auto* content = message_in(event.body);
    if (content == nullptr) continue;
    const auto conversation = ConversationId::from(event.stream.id);
    auto opened =
        door.open<MessageContent>(engine_principal, Purpose::engine, envelope.workspace, content->sealed());
    if (const auto* message = std::get_if<MessageContent>(&opened)) {
      add_named(keys, partition, envelope.workspace, message->order, conversation, content->sealed(), out);
    } else if (std::holds_alternative<Unavailable>(opened)) {
      ByteWriter value;
      value.id(envelope.workspace);
      write_row(value, content->sealed());
      out.push_back(
          {capsule_part(fold_rows::key(partition, unopened), conversation, content->sealed()), value.take()});
    }
  }
}

Result<std::vector<ConversationId>> find(const KeyService& keys, Door& door, const RowFamily& store,
                                         PartitionId partitions, WorkspaceId workspace,
                                         std::string_view order) {
  const auto normal = normalise_order(order);
  if (!normal) return normal.error();
  const RawId blind = blind_order(keys, workspace, *normal);
  std::vector<Found> met;
  for (PartitionId p = 0; p < partitions && met.size() < found_max; ++p) {
    const Bytes from = prefix(p, blind);
    const Bytes to = ByteWriter().raw(from).raw(Bytes(35, 0xff)).take();
    auto scanned = store.scan(from, to, [&](ByteView key, ByteView value) {
      Found one;
      one.conversation = ByteReader(key.subspan(from.size())).id_of<ConversationId>();
      ByteReader in(value);
      read_row(in, one.content);
      if (in.at_end()) met.push_back(one);
      return met.size() < found_max;
    });
    if (!scanned) return scanned.error();
    const Bytes again = fold_rows::key(p, unopened);
    std::size_t left = unopened_max;
    scanned = store.scan(again, fold_rows::key(p, unopened + 1), [&](ByteView key, ByteView value) {
      Found one;
      one.conversation = ByteReader(key.subspan(again.size())).id_of<ConversationId>();
      ByteReader in(value);
      const bool here = in.id_of<WorkspaceId>() == workspace;
      read_row(in, one.content);
      if (here && in.at_end()) met.push_back(one);
      return --left != 0;
    });
    if (!scanned) return scanned.error();
  }
  std::vector<ConversationId> out;
  for (const Found& one : met) {
    if (std::ranges::find(out, one.conversation) != out.end()) continue;
    const auto still = names(door, workspace, one.content, *normal);
    if (!still) return still.error();
    if (*still) out.push_back(one.conversation);
  }
  return out;
}

}  // namespace parlance::order_index
