#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/domain/vocabulary.h"
#include "engine/ports/key_service.h"

/// Hashes under the keyring's secret keys: what the engine must recognise again without storing it.
///
/// Each is BLAKE2b-128 (RFC 7693) keyed with the secret named below, over its parts: first a label of its own, then the
/// arguments in their order. Every part goes in as its length (u32 little-endian) and its bytes, so that ("a", "bc")
/// and ("ab", "c") differ; ids as their 16 stored bytes, enumerations and numbers little-endian. Where fewer bits are
/// wanted they are the first ones, as a big-endian number. All of them are stored, in the log or the fold store:
/// labels, order and secrets are fixed for ever. Threads: any.
namespace parlance {

inline constexpr std::size_t address_bytes_max = 320;

/// An address in the one form that is hashed and compared, in valid UTF-8 of 1 to address_bytes_max bytes:
///
///   email                  white space around it cut off, lower case throughout, in Unicode's form NFC
///   sms, voice, whatsapp   digits, of any script as 0 to 9, and a '+' before the first of them; everything else left
///                          out. Where the text has a letter or an '@' (a sender's name, a platform's id) or no digit
///                          at all: as the others
///   the others             white space around it cut off, else as given
///
/// `invalid`: "address.not_utf8", "address.empty", "address.too_long", "address.control_character" (a line break in a
/// mail header, for one).
[[nodiscard]] Result<std::string> normalise_address(Channel channel, std::string_view text);

inline constexpr std::size_t order_bytes_max = 200;

/// An order's number in the one form that is hashed and compared: white space and '#' before it and white space after it cut off,
/// lower case, in Unicode's form NFC; 1 to order_bytes_max bytes of UTF-8. `invalid`: "order.not_utf8", "order.empty",
/// "order.too_long", "order.control_character".
[[nodiscard]] Result<std::string> normalise_order(std::string_view text);

/// Which slot is the door of an address (address_slot; label "address slot 1").
[[nodiscard]] Slot slot_of_address(const KeyService& keys, WorkspaceId workspace, Channel channel,
                                   std::string_view normalised);

/// The identity map's key for an address (blind_index; "blind address 1"). Personal data for as long as the secret
/// lives: only in the fold store, never in the log.
[[nodiscard]] RawId blind_address(const KeyService& keys, WorkspaceId workspace, Channel channel,
                                  std::string_view normalised);

/// The same for an order's number (blind_index; "blind order 1").
[[nodiscard]] RawId blind_order(const KeyService& keys, WorkspaceId workspace, std::string_view normalised);

/// The id of a command that came with a key of the client's (command_id; "command 1"). `scope` is within which the key
/// is unique: a principal and its route, or a channel and its account.
///
/// All 128 bits are the hash's. A command that makes a new id without an address to take the slot from takes slot() of
/// its command id, which is as good as random and the same again for a repeat. A command with an address or a stream
/// goes to the slot of that instead, where a repeat arrives as well, so nothing asks its command id for a slot.
[[nodiscard]] CommandId command_id(const KeyService& keys, WorkspaceId workspace, std::string_view scope,
                                   std::string_view key);

/// The id of the `index`th command of this `kind` that `cause` leads to: an envelope's id, or a subject's or stream's
/// (command_id; "derived command 1"). Keyed, though nothing in it is secret: without the key anybody who reads the log
/// could try each envelope as the cause of each command and so join a person's conversations, which the log leaves
/// apart on purpose.
[[nodiscard]] CommandId derive_id(const KeyService& keys, std::string_view kind, RawId cause,
                                  std::uint32_t index = 0);

/// The import of that name (command_id; as a command of the scope "import").
[[nodiscard]] ImportId import_id(const KeyService& keys, WorkspaceId workspace, std::string_view name);

/// A store of the shop on a channel (address_slot, since it must not change within a log; "store 1").
[[nodiscard]] StoreId store_id(const KeyService& keys, WorkspaceId workspace, Channel channel,
                               std::string_view account);

/// Tells a repeat from another request under the same key (fingerprint; "fingerprint 1"). Never 0, which says "without
/// a key".
[[nodiscard]] std::uint64_t fingerprint64(const KeyService& keys, std::string_view key, ByteView body);

}  // namespace parlance
