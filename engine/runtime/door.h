#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "engine/domain/personal.h"
#include "engine/domain/vocabulary.h"
#include "engine/ports/clock.h"
#include "engine/ports/event_log.h"
#include "engine/ports/key_service.h"
#include "engine/ports/random.h"
#include "engine/ports/vault.h"
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

/// Destroyed for ever. `day` is that of the tombstone (days since 1970), or 0 where the tombstone does not say.
struct Erased {
  std::uint32_t day = 0;
  bool operator==(const Erased&) const = default;
};
/// Cannot be told now: keys or vault do not answer, or stored bytes are damaged. Never an erasure.
struct Unavailable {
  Error error;
};
template <class T>
using Opened = std::variant<T, Erased, Unavailable>;

/// The one door to plaintext: the field permission, the key rows and (with the audit views) the record of reads at once.
///
/// Also makes key rows and seals, because both need the same rows. A row that was made here is known at once, before it is
/// durable; a destroyed one is refused. Rows are cached in bounded memory; forget() clears what erasure or
/// restriction touches. Threads: any.
class Door {
 public:
  Door(Vault& vault, KeyService& keys, Random& random);
  ~Door();

  /// A fresh row and its stored form, which the caller appends with the first record that uses it.
  struct MadeRow {
    ReferenceId reference;
    VaultRow stored;
  };
  [[nodiscard]] Result<MadeRow> make_row(WorkspaceId workspace, RowKind kind, RawId owner, ConversationId conversation);

  /// Seals a plaintext under its own reference as capsule `id`: the stored capsule for the vault, and what the event keeps.
  /// `refused` ("subject.erased") where the reference's row is destroyed, `unavailable` where keys do not answer.
  template <class T>
  [[nodiscard]] Result<VaultRow> seal(WorkspaceId workspace, CapsuleId id, Personal<T>& field) {
    Sealed sealed;
    auto stored = seal_bytes(workspace, id, field.reference(), field.field_class(), capsule_schema<T>,
                             encode_plain(field.plain()), sealed);
    if (stored) field.seal(sealed);
    return stored;
  }

  template <class T>
  [[nodiscard]] Opened<T> open(const Principal& principal, Purpose purpose, WorkspaceId workspace,
                               const Sealed& sealed) {
    auto opened = open_bytes(principal, purpose, workspace, sealed, capsule_schema<T>);
    if (auto* bytes = std::get_if<Bytes>(&opened)) {
      auto value = decode_plain<T>(*bytes);
      if (value) return std::move(*value);
      return Unavailable{value.error()};
    }
    if (const auto* erased = std::get_if<Erased>(&opened)) return *erased;
    return std::get<Unavailable>(opened);
  }

  /// The row of a reference, e.g. to learn which subject is behind it.
  [[nodiscard]] Opened<KeyRow> row(WorkspaceId workspace, ReferenceId reference);

  /// Replaces the rows by tombstones of `day` in one durable batch, and forgets them. What was sealed under them is erased.
  [[nodiscard]] Result<void> destroy(std::span<const ReferenceId> references, std::uint32_t day);
  /// All references whose row belongs to `owner`, found by reading every row.
  [[nodiscard]] Result<std::vector<ReferenceId>> rows_of(WorkspaceId workspace, RawId owner);
  void forget(ReferenceId reference);

 private:
  [[nodiscard]] Result<VaultRow> seal_bytes(WorkspaceId workspace, CapsuleId id, ReferenceId reference,
                                            FieldClass field_class, CapsuleSchema schema, Bytes plaintext, Sealed& out);
  [[nodiscard]] Opened<Bytes> open_bytes(const Principal& principal, Purpose purpose, WorkspaceId workspace,
                                         const Sealed& sealed, CapsuleSchema schema);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance
