#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"
#include "engine/ports/key_service.h"
#include "engine/ports/random.h"
#include "engine/ports/vault.h"
#include "engine/runtime/capsule.h"
#include "engine/runtime/key_row.h"
#include "schemas/capsule_codec.h"

namespace parlance {

/// Why somebody opens a capsule.
enum class Purpose : std::uint8_t { support = 1, engine = 2, verification = 3 };
/// Who opens it.
struct Principal {
  Actor actor;
  Role role = Role::none;
};
/// The engine itself, for Purpose::engine.
inline const Principal engine_principal{{ActorKind::system, {}}, Role::none};

/// Destroyed for ever. `day` is that of the tombstone (days since 1970), or 0 where the tombstone does not say.
struct Erased {
  std::uint32_t day = 0;
  bool redacted = false;  ///< this capsule alone; what else its author wrote may still be there
  bool operator==(const Erased&) const = default;
};
/// Cannot be told now: keys or vault do not answer, or stored bytes are damaged. Never an erasure.
struct Unavailable {
  Error error;
};
template <class T> using Opened = std::variant<T, Erased, Unavailable>;

/// A capsule as an event names it, and what it holds.
struct CapsuleHeld {
  Sealed sealed;
  CapsuleSchema schema = CapsuleSchema::text;
};

/// How much the door keeps in memory; about 250 bytes a row.
struct DoorLimits {
  std::size_t cached_rows_max = 65'536;  ///< unwrapped rows of the vault, the least recently used leave first
  std::size_t made_rows_max = 16'384;    ///< rows made here: more than the owners have in flight to the log
  std::size_t previews_bytes_max = std::size_t{16} << 20;  ///< opened previews
  /// Rows of the vault that a batch of a shredding puts and removes; the last one, of the renewed rows themselves and a capsule for each
  /// of their new keys, may have some more.
  std::size_t shred_rows_max = 1'000;
};

/// The one door to plaintext: the field permission, the key rows and (with the audit views) the record of reads at
/// once.
///
/// Also makes key rows and seals, because both need the same rows. A row that was made here is known at once, before it
/// is durable, and until made_rows_max newer ones were made; a destroyed one is refused for ever, also when a late
/// write puts its row back: a tombstone wins over everything. Unwrapped rows are cached in bounded memory and
/// overwritten with zeros as they leave it, and so are opened previews, which lists show again and again; forget() clears what
/// erasure or restriction touches.
///
/// Who may open what:
///
///   Purpose                 Principal
///   support                 an agent or program whose role may see the field's class: agent, lead and admin may see
///                           all three of today; none may see nothing
///   engine, verification    the system alone
///
/// The permission is looked at first, so that who may not read learns nothing, not even that something is erased.
///
/// A capsule opens under its row's present key, or by the grant beside it (grant.h) where its row has had another key since.
///
/// Threads: any.
class Door {
 public:
  Door(Vault& vault, KeyService& keys, Random& random, DoorLimits limits = {});
  ~Door();

  /// A fresh row and its stored form, which the caller appends with the first record that uses it.
  struct MadeRow {
    ReferenceId reference;
    VaultRow stored;
  };
  /// Whoever drops a made row because its record did not get into the log says forget().
  [[nodiscard]] Result<MadeRow> make_row(WorkspaceId workspace, RowKind kind, RawId owner,
                                         ConversationId conversation);

  /// Seals a plaintext under its own reference as capsule `id`: the stored capsule for the vault, and what the event
  /// keeps. `refused` where the reference's row is destroyed ("subject.erased") or about to be ("subject.dying"),
  /// `unavailable` where keys or vault do not answer or there is no such row. The field is changed on success only.
  template <class T>
  [[nodiscard]] Result<VaultRow> seal(WorkspaceId workspace, CapsuleId id, Personal<T>& field) {
    Sealed sealed;
    auto stored = seal_bytes(workspace, id, field.reference(), field.field_class(), capsule_schema<T>,
                             encode_plain(field.plain()), sealed);
    if (stored) field.seal(sealed);
    return stored;
  }

  /// The three answers. A row or capsule that is not there without a tombstone is Unavailable ("key_row.missing",
  /// "capsule.missing"), as is a capsule that is not the one the event names ("capsule.corrupt"); so is what the
  /// principal may not see ("field.not_permitted", code `refused`) or what is restricted ("subject.restricted", code
  /// `refused`, for Purpose::support).
  template <class T>
  [[nodiscard]] Opened<T> open(const Principal& principal, Purpose purpose, WorkspaceId workspace,
                               const Sealed& sealed) {
    auto opened = open_bytes(principal, purpose, workspace, sealed, capsule_schema<T>);
    if (auto* bytes = std::get_if<Bytes>(&opened)) {
      auto value = decode_plain<T>(*bytes);
      wipe(*bytes);
      if (value) return std::move(*value);
      return Unavailable{value.error()};
    }
    if (const auto* erased = std::get_if<Erased>(&opened)) return *erased;
    return std::get<Unavailable>(std::move(opened));
  }

  /// The row of a reference, e.g. to learn which subject is behind it: for the engine's own work, it asks no
  /// permission.
  [[nodiscard]] Opened<KeyRow> row(WorkspaceId workspace, ReferenceId reference);

  /// Replaces the rows by tombstones of `day` in one durable batch, and forgets them. What was sealed under them is
  /// erased. May be repeated: a tombstone keeps its first day. After an `unavailable` nobody knows whether it happened;
  /// repeat it.
  [[nodiscard]] Result<void> destroy(std::span<const ReferenceId> references, std::uint32_t day);
  /// Likewise of capsules, each for itself: puts tombstones in their place. The rows that opened them stay, for the author's
  /// other words.
  [[nodiscard]] Result<void> destroy_capsules(std::span<const CapsuleId> capsules, std::uint32_t day);
  /// Likewise, and so that older copies of them do not open either, whoever has the present vault and keyring: the rows that
  /// `doomed` are sealed under get new keys, and each of `others` that is sealed under one of the old keys a grant. What is destroyed
  /// already changes nothing. `others` must name every other capsule of those rows, and none may be on its way to the vault, nor be
  /// sealed meanwhile: what is left out is lost. (Contact data has a key of its own, which stays: it may be left out. Where it has
  /// none, in a row of version 1, the row stays as it is, as does one that opens nothing itself.) A capsule that does not open
  /// stays so.
  ///
  /// Small ones are one durable batch. Of a larger one the grants come first, which nobody meets before the end, then the
  /// tombstones of most, and last the rows with the rest of them: the first of `doomed` under each key. So whoever stops between
  /// two batches leaves everything readable or destroyed, and the repeat finds what is to be made new. Errors, `unavailable`
  /// among them, leave that too: repeat it.
  [[nodiscard]] Result<void> shred(WorkspaceId workspace, std::span<const CapsuleHeld> doomed,
                                   std::span<const CapsuleHeld> others, std::uint32_t day);
  /// It was destroyed alone. An error where that cannot be told.
  [[nodiscard]] Result<bool> is_destroyed(const CapsuleId& capsule) const;
  /// All references whose row belongs to `owner`, in order, found by reading every row; rows made here and not yet
  /// durable, and rows that a late write put beside their tombstone, among them. An error where one of them cannot be
  /// told: an erasure must not leave any out.
  [[nodiscard]] Result<std::vector<ReferenceId>> rows_of(WorkspaceId workspace, RawId owner);
  void forget(ReferenceId reference);
  /// How many unwrapped rows are in memory, and how many bytes of opened previews.
  [[nodiscard]] std::size_t rows_held() const;
  [[nodiscard]] std::size_t preview_bytes_held() const;

 private:
  [[nodiscard]] Result<VaultRow> seal_bytes(WorkspaceId workspace, CapsuleId id, ReferenceId reference,
                                            FieldClass field_class, CapsuleSchema schema, Bytes plaintext,
                                            Sealed& out);
  [[nodiscard]] Opened<Bytes> open_bytes(const Principal& principal, Purpose purpose, WorkspaceId workspace,
                                         const Sealed& sealed, CapsuleSchema schema);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance
