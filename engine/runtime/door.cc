#include "engine/runtime/door.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <unordered_map>

#include "engine/runtime/preview_cache.h"

namespace parlance {
namespace {

// ---- who may see what ----

constexpr std::size_t roles = 4, field_classes = 5;
constexpr bool yes = true, no = false;
/// Role x FieldClass, by their stored values.
constexpr std::array<std::array<bool, field_classes>, roles> may_see{{
    //          -   -   contact  content  attachment
    /* none */ {no, no, no, no, no},
    /* agent */ {no, no, yes, yes, yes},
    /* lead */ {no, no, yes, yes, yes},
    /* admin */ {no, no, yes, yes, yes},
}};

bool permitted(const Principal& principal, Purpose purpose, FieldClass field_class) {
  switch (purpose) {
    case Purpose::engine:
    case Purpose::verification: return principal.actor.kind == ActorKind::system;
    case Purpose::support: break;
    default: return false;
  }
  if (principal.actor.kind != ActorKind::agent && principal.actor.kind != ActorKind::program) return false;
  const auto role = static_cast<std::size_t>(principal.role);
  const auto column = static_cast<std::size_t>(field_class);
  return role < roles && column < field_classes && may_see[role][column];
}

// ---- rows in memory ----

/// Unwrapped rows, at most `rows_max` of them; the least recently used leave first.
class RowCache {
 public:
  struct Entry {
    ReferenceId reference;
    WorkspaceId workspace;
    KeyRow row;
  };
  explicit RowCache(std::size_t rows_max) : rows_max_(rows_max) {}

  [[nodiscard]] const Entry* find(ReferenceId reference) {
    const auto found = places_.find(reference);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &*found->second;
  }
  void put(Entry entry) {
    drop(entry.reference);
    if (entries_.size() == rows_max_) drop(entries_.back().reference);
    const ReferenceId reference = entry.reference;
    entries_.push_front(std::move(entry));
    places_.emplace(reference, entries_.begin());
  }
  void drop(ReferenceId reference) {
    const auto found = places_.find(reference);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const std::list<Entry>& entries() const { return entries_; }

 private:
  std::size_t rows_max_;
  std::list<Entry> entries_;  ///< most recently used first
  std::unordered_map<ReferenceId, std::list<Entry>::iterator> places_;
};

/// References are random, so each shard gets its share.
constexpr std::size_t shards = 32;
constexpr std::size_t share(std::size_t rows_max) { return std::max<std::size_t>(1, rows_max / shards); }

struct alignas(64) Shard {
  explicit Shard(const DoorLimits& limits)
      : made(share(limits.made_rows_max)), cached(share(limits.cached_rows_max)) {}

  void drop(ReferenceId reference) {
    const std::scoped_lock lock(mutex);
    ++drops;
    made.drop(reference);
    cached.drop(reference);
  }

  std::mutex mutex;         ///< guards all that follows
  RowCache made;            ///< made here, perhaps not yet in the vault
  RowCache cached;          ///< read from the vault
  std::uint64_t drops = 0;  ///< how often a row was dropped: what was read before is not put in after
};

// ---- answers ----

Unavailable row_missing(ReferenceId reference) {
  return {
      unavailable("key_row.missing", "the vault has neither key row nor tombstone of " + to_text(reference))};
}

std::string name_of(const CapsuleId& id) {
  return "capsule " + std::to_string(id.number) + " of " + to_text(id.envelope);
}

Bytes row_key(ReferenceId reference) {
  const auto bytes = reference.bytes();
  return {bytes.begin(), bytes.end()};
}

std::uint32_t tombstone_day(ByteView value) {
  ByteReader in(value);
  const auto day = in.le<std::uint32_t>();
  return in.at_end() ? day : 0;  // What else stands there does not make it less of a tombstone.
}

}  // namespace

struct Door::Impl {
  Impl(Vault& the_vault, KeyService& the_keys, Random& the_random, const DoorLimits& limits)
      : vault(the_vault), keys(the_keys), random(the_random), previews(limits.previews_bytes_max) {
    for (auto& shard : all) shard = std::make_unique<Shard>(limits);
  }

  Shard& shard_of(ReferenceId reference) { return *all[reference.low % shards]; }

  /// The row, from memory or from the vault.
  Opened<KeyRow> row(WorkspaceId workspace, ReferenceId reference) {
    Shard& shard = shard_of(reference);
    for (;;) {
      std::uint64_t drops = 0;
      {
        const std::scoped_lock lock(shard.mutex);
        const RowCache::Entry* held = shard.made.find(reference);
        if (held == nullptr) held = shard.cached.find(reference);
        if (held != nullptr) {
          if (held->workspace != workspace) return row_missing(reference);
          return held->row;
        }
        drops = shard.drops;
      }
      auto loaded = load(workspace, reference);
      const std::scoped_lock lock(shard.mutex);
      // Somebody destroyed a row of this shard while we read: ours may be the one, so read again. Each turn of this
      // loop is another's finished destruction.
      if (shard.drops != drops) continue;
      if (const auto* fresh = std::get_if<KeyRow>(&loaded)) shard.cached.put({reference, workspace, *fresh});
      return loaded;
    }
  }

  Opened<KeyRow> load(WorkspaceId workspace, ReferenceId reference) {
    const Bytes key = row_key(reference);
    // The row first: a destruction replaces it by its tombstone in one batch, so whoever does not find the row any more
    // finds the tombstone after.
    const auto stored = vault.get(VaultFamily::rows, key);
    const auto tombstone = vault.get(VaultFamily::tombstones, key);
    if (!tombstone) return Unavailable{tombstone.error()};
    if (*tombstone) return Erased{tombstone_day(**tombstone)};
    if (!stored) return Unavailable{stored.error()};
    if (!*stored) return row_missing(reference);
    auto row = unwrap_row(keys, workspace, reference, **stored);
    if (!row) return Unavailable{row.error()};
    return std::move(*row);
  }

  Vault& vault;
  KeyService& keys;
  Random& random;
  PreviewCache previews;
  std::array<std::unique_ptr<Shard>, shards> all;
};

Door::Door(Vault& vault, KeyService& keys, Random& random, DoorLimits limits)
    : impl_(std::make_unique<Impl>(vault, keys, random, limits)) {}
Door::~Door() = default;

Result<Door::MadeRow> Door::make_row(WorkspaceId workspace, RowKind kind, RawId owner,
                                     ConversationId conversation) {
  const auto reference = ReferenceId::from(impl_->random.id128());
  KeyRow row{.kind = kind, .owner = owner, .conversation = conversation};
  impl_->random.fill(row.content);
  impl_->random.fill(row.files);
  auto stored = wrap_row(impl_->keys, workspace, reference, row);
  if (!stored) return stored.error();

  Shard& shard = impl_->shard_of(reference);
  {
    const std::scoped_lock lock(shard.mutex);
    shard.made.put({reference, workspace, row});
  }
  return MadeRow{reference, {VaultFamily::rows, row_key(reference), std::move(*stored)}};
}

Result<VaultRow> Door::seal_bytes(WorkspaceId workspace, CapsuleId id, ReferenceId reference,
                                  FieldClass field_class, CapsuleSchema schema, Bytes plaintext,
                                  Sealed& out) {
  struct WipeAtEnd {
    Bytes& bytes;
    ~WipeAtEnd() { wipe(bytes); }
  } const wipe_at_end{plaintext};

  const auto row = impl_->row(workspace, reference);
  if (std::holds_alternative<Erased>(row))
    return refused("subject.erased", "the keys of " + to_text(reference) + " are destroyed");
  if (const auto* trouble = std::get_if<Unavailable>(&row)) return trouble->error;
  const auto& key_row = std::get<KeyRow>(row);
  if ((key_row.flags & row_dying) != 0)
    return refused("subject.dying", "the keys of " + to_text(reference) + " are about to be destroyed");

  std::array<std::uint8_t, salt_bytes> salt;
  impl_->random.fill(salt);
  Bytes stored = seal_capsule(data_key(key_row, field_class), {workspace, id, reference, field_class, schema},
                              plaintext, salt);
  out = {.capsule = id, .reference = reference, .field_class = field_class, .digest = sha256(stored)};
  return VaultRow{VaultFamily::capsules, capsule_key(id), std::move(stored)};
}

Opened<Bytes> Door::open_bytes(const Principal& principal, Purpose purpose, WorkspaceId workspace,
                               const Sealed& sealed, CapsuleSchema schema) {
  if (!permitted(principal, purpose, sealed.field_class))
    return Unavailable{
        refused("field.not_permitted", "this principal may not see fields of that class for that purpose")};

  // The row before the capsule: an erased subject's capsules may be gone already, and the tombstone says why.
  const auto row = impl_->row(workspace, sealed.reference);
  if (const auto* erased = std::get_if<Erased>(&row)) return *erased;
  if (const auto* trouble = std::get_if<Unavailable>(&row)) return *trouble;
  const auto& key_row = std::get<KeyRow>(row);
  if (purpose == Purpose::support && (key_row.flags & row_restricted) != 0)
    return Unavailable{refused("subject.restricted", "the processing of this person's data is restricted")};

  const bool is_preview = schema == capsule_schema<Preview>;
  std::uint64_t drops = 0;
  if (is_preview) {
    if (auto held = impl_->previews.find(sealed)) return std::move(*held);
    drops = impl_->previews.drops(sealed);
  }
  // As with rows: a destruction replaces the capsule by its tombstone in one batch, and a late write brings nothing back.
  const Bytes key = capsule_key(sealed.capsule);
  const auto stored = impl_->vault.get(VaultFamily::capsules, key);
  const auto tombstone = impl_->vault.get(VaultFamily::tombstones, key);
  if (!tombstone) return Unavailable{tombstone.error()};
  if (*tombstone) return Erased{tombstone_day(**tombstone), true};
  if (!stored) return Unavailable{stored.error()};
  if (!*stored)
    return Unavailable{unavailable("capsule.missing", "the vault has no " + name_of(sealed.capsule) +
                                                          ", and the keys that open it are not destroyed")};
  if (sha256(**stored) != sealed.digest)
    return Unavailable{
        corrupt("capsule.corrupt", name_of(sealed.capsule) + " is not the one that its event names")};
  auto opened =
      open_capsule(data_key(key_row, sealed.field_class),
                   {workspace, sealed.capsule, sealed.reference, sealed.field_class, schema}, **stored);
  if (opened && is_preview) impl_->previews.put(sealed, *opened, drops);
  if (opened) return std::move(*opened);
  Error error = opened.error();
  error.detail = name_of(sealed.capsule) + ": " + error.detail;
  return Unavailable{std::move(error)};
}

Opened<KeyRow> Door::row(WorkspaceId workspace, ReferenceId reference) {
  return impl_->row(workspace, reference);
}

namespace {

/// Replaces rows of `family` by tombstones of `day`, in one durable batch.
Result<void> bury(Vault& vault, VaultFamily family, const std::vector<Bytes>& keys, std::uint32_t day) {
  std::vector<VaultRow> put, remove;
  put.reserve(keys.size());
  remove.reserve(keys.size());
  for (const Bytes& key : keys) {
    const auto before = vault.get(VaultFamily::tombstones, key);
    if (!before) return before.error();
    if (!*before) put.push_back({VaultFamily::tombstones, key, ByteWriter().le(day).take()});
    remove.push_back({family, key, {}});
  }
  return vault.write(put, remove);
}

}  // namespace

Result<void> Door::destroy(std::span<const ReferenceId> references, std::uint32_t day) {
  std::vector<Bytes> keys;
  keys.reserve(references.size());
  for (const ReferenceId reference : references) keys.push_back(row_key(reference));
  const auto buried = bury(impl_->vault, VaultFamily::rows, keys, day);
  // Also after an error: whether the tombstones are there is then for the vault to say, not for memory.
  for (const ReferenceId reference : references) forget(reference);
  return buried;
}

Result<void> Door::destroy_capsules(std::span<const CapsuleId> capsules, std::uint32_t day) {
  std::vector<Bytes> keys;
  keys.reserve(capsules.size());
  for (const CapsuleId& capsule : capsules) keys.push_back(capsule_key(capsule));
  if (keys.empty()) return {};
  const auto buried = bury(impl_->vault, VaultFamily::capsules, keys, day);
  for (const CapsuleId& capsule : capsules) impl_->previews.drop(capsule);
  return buried;
}

Result<bool> Door::is_destroyed(const CapsuleId& capsule) const {
  const auto tombstone = impl_->vault.get(VaultFamily::tombstones, capsule_key(capsule));
  if (!tombstone) return tombstone.error();
  return tombstone->has_value();
}

Result<std::vector<ReferenceId>> Door::rows_of(WorkspaceId workspace, RawId owner) {
  std::vector<ReferenceId> found;
  // Memory first: a row that becomes durable meanwhile is then met once more, not missed.
  for (const auto& shard : impl_->all) {
    const std::scoped_lock lock(shard->mutex);
    for (const auto& entry : shard->made.entries())
      if (entry.workspace == workspace && entry.row.owner == owner) found.push_back(entry.reference);
  }
  std::optional<Error> trouble;
  const auto scanned = impl_->vault.scan(VaultFamily::rows, [&](ByteView key, ByteView value) {
    const auto head = read_row_head(value);
    if (key.size() != 16 || !head) {
      trouble = head ? corrupt("key_row.corrupt",
                               "a key row under a key of " + std::to_string(key.size()) + " bytes")
                     : head.error();
      return false;
    }
    if (head->workspace != workspace || head->bucket != bucket_of(owner)) return true;
    const auto reference = ReferenceId::from(RawId::from_bytes(key.first<16>()));
    const auto row = unwrap_row(impl_->keys, workspace, reference, value);
    if (!row) {
      trouble = row.error();
      return false;
    }
    if (row->owner == owner) found.push_back(reference);
    return true;
  });
  if (trouble) return *trouble;
  if (!scanned) return scanned.error();
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Door::forget(ReferenceId reference) {
  impl_->shard_of(reference).drop(reference);
  impl_->previews.drop(reference);
}

std::size_t Door::rows_held() const {
  std::size_t held = 0;
  for (const auto& shard : impl_->all) {
    const std::scoped_lock lock(shard->mutex);
    held += shard->made.size() + shard->cached.size();
  }
  return held;
}
std::size_t Door::preview_bytes_held() const { return impl_->previews.bytes(); }

}  // namespace parlance
