#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/vocabulary.h"
#include "engine/ports/key_service.h"
#include "engine/ports/row_store.h"
#include "engine/runtime/door.h"
#include "schemas/envelope.h"

/// From an order's number to the conversations in which a message named it: rows of the fold store beside the identity map, folded
/// from the capsules of messages. A row holds a keyed hash of the order and where the capsule lies, never the order; whoever looks one
/// up opens the capsule, so what is erased or redacted is found no more.
///
///   'B' blind order 16, conversation 16, envelope 16, number u16   the message's content: Sealed (state_rows.h)
///   'U' conversation 16, envelope 16, number u16                   workspace 16, content: Sealed, of a message that could not be
///                                                                  opened when it was folded; looked at again by each look-up
///
/// Integers in keys are big-endian.
namespace parlance::order_index {

inline constexpr std::size_t found_max = 1'000;     ///< conversations of one order, the rest is not told
inline constexpr std::size_t unopened_max = 1'000;  ///< looked at again, of each partition

/// The content of a customer's message or of an answer; null for all other events.
[[nodiscard]] const Personal<MessageContent>* message_in(const AnyEvent& event);
/// The order that a message names, before it is sealed; "" for none.
[[nodiscard]] std::string order_in(const AnyEvent& event);

/// Adds the rows for the messages of a sealed envelope; `orders` are those of its events, in their order.
void add_rows(const KeyService& keys, PartitionId partition, const Envelope& envelope,
              const std::vector<std::string>& orders, std::vector<RowChange>& out);
/// The same for an envelope read from the log, whose messages are opened.
void add_rows(const KeyService& keys, Door& door, PartitionId partition, const Envelope& envelope,
              std::vector<RowChange>& out);

/// `invalid` ("order.empty", "order.too_long", "order.not_utf8", "order.control_character") where it is no order's number; errors of
/// the store and the door. Threads: any.
[[nodiscard]] Result<std::vector<ConversationId>> find(const KeyService& keys, Door& door,
                                                       const RowFamily& store, PartitionId partitions,
                                                       WorkspaceId workspace, std::string_view order);

}  // namespace parlance::order_index
