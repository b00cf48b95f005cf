#include "engine/runtime/door.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "engine/base/fault_point.h"
#include "engine/runtime/grant.h"
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
      : vault(the_vault),
        keys(the_keys),
        random(the_random),
        shred_rows_max(limits.shred_rows_max),
        previews(limits.previews_bytes_max) {
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
        if (held == nullptr && !fault_point_taken("door.forget_row")) held = shard.cached.find(reference);
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

  /// What opens a stored capsule, and the place of the grant that it came by, if it did.
  struct Unsealing {
    SealingKey key;
    std::optional<GrantPlace> place;
  };
  /// From the row's present key, or by a grant beside the capsule. Errors as of sealing_key() and open_grant().
  Result<Unsealing> unsealing(const KeyRow& row, const CapsuleContext& context, ByteView capsule) {
    const Key& key = data_key(row, context.field_class);
    const auto own = sealing_key(key, capsule);
    if (!own) return own.error();
    if (*own) return Unsealing{**own, std::nullopt};
    std::optional<Error> trouble;
    for (const GrantPlace place : grant_places) {
      const auto grant = vault.get(VaultFamily::capsules, grant_key(context.capsule, place));
      if (!grant) return grant.error();
      if (!*grant) continue;
      const auto granted = open_grant(key, context, capsule, **grant);
      if (granted) return Unsealing{*granted, place};
      if (!trouble || granted.error().code == Errc::newer) trouble = granted.error();
    }
    if (trouble) return *trouble;
    return corrupt("capsule.corrupt", "the capsule was sealed under another key");
  }

  Opened<Bytes> open_under(const KeyRow& row, Purpose purpose, WorkspaceId workspace, const Sealed& sealed,
                           CapsuleSchema schema);

  Vault& vault;
  KeyService& keys;
  Random& random;
  const std::size_t shred_rows_max;
  PreviewCache previews;
  std::array<std::unique_ptr<Shard>, shards> all;
  std::mutex shredding;  ///< held for a whole shredding: two of one row would write over each other's grants
  std::mutex
      replacing;  ///< held while rows are replaced, by new ones or by tombstones: none is put back beside its tombstone
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
  // What only lies in its own conversation is apart from what others' streams hold too.
  if (kind == RowKind::author) impl_->random.fill(row.contact.emplace());
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
  auto row = impl_->row(workspace, sealed.reference);
  for (;;) {
    if (const auto* erased = std::get_if<Erased>(&row)) return *erased;
    if (const auto* trouble = std::get_if<Unavailable>(&row)) return *trouble;
    const auto& held = std::get<KeyRow>(row);
    auto opened = impl_->open_under(held, purpose, workspace, sealed, schema);
    const auto* closed = std::get_if<Unavailable>(&opened);
    if (closed == nullptr || closed->error.code != Errc::corrupt) return opened;
    // Another capsule of that row may have been shredded since we had the row: ask once more under the row as it is now. Each
    // turn of this loop is another's finished shredding.
    auto now = impl_->load(workspace, sealed.reference);
    if (std::holds_alternative<Unavailable>(now)) return opened;
    if (const auto* fresh = std::get_if<KeyRow>(&now); fresh != nullptr && *fresh == held) return opened;
    forget(sealed.reference);
    row = std::move(now);
  }
}

Opened<Bytes> Door::Impl::open_under(const KeyRow& row, Purpose purpose, WorkspaceId workspace,
                                     const Sealed& sealed, CapsuleSchema schema) {
  if (purpose == Purpose::support && (row.flags & row_restricted) != 0)
    return Unavailable{refused("subject.restricted", "the processing of this person's data is restricted")};

  const bool is_preview = schema == capsule_schema<Preview>;
  std::uint64_t drops = 0;
  if (is_preview) {
    if (auto held = previews.find(sealed)) return std::move(*held);
    drops = previews.drops(sealed);
  }
  // As with rows: a destruction replaces the capsule by its tombstone in one batch, and a late write brings nothing back.
  const Bytes key = capsule_key(sealed.capsule);
  const auto stored = vault.get(VaultFamily::capsules, key);
  const auto tombstone = vault.get(VaultFamily::tombstones, key);
  if (!tombstone) return Unavailable{tombstone.error()};
  if (*tombstone) return Erased{tombstone_day(**tombstone), true};
  if (!stored) return Unavailable{stored.error()};
  if (!*stored)
    return Unavailable{unavailable("capsule.missing", "the vault has no " + name_of(sealed.capsule) +
                                                          ", and the keys that open it are not destroyed")};
  if (sha256(**stored) != sealed.digest)
    return Unavailable{
        corrupt("capsule.corrupt", name_of(sealed.capsule) + " is not the one that its event names")};
  const CapsuleContext context{workspace, sealed.capsule, sealed.reference, sealed.field_class, schema};
  const auto by = unsealing(row, context, **stored);
  auto opened = by ? open_capsule(by->key, context, **stored) : Result<Bytes>(by.error());
  if (opened && is_preview) previews.put(sealed, *opened, drops);
  if (opened) return std::move(*opened);
  Error error = opened.error();
  error.detail = name_of(sealed.capsule) + ": " + error.detail;
  return Unavailable{std::move(error)};
}

Opened<KeyRow> Door::row(WorkspaceId workspace, ReferenceId reference) {
  return impl_->row(workspace, reference);
}

namespace {

/// What is put into the vault and removed from it.
struct Writes {
  std::vector<VaultRow> put, remove;
  [[nodiscard]] std::size_t size() const { return put.size() + remove.size(); }
};

/// Replaces a row of `family` by its tombstone of `day`. Grants go with their capsule.
Result<void> bury(const Vault& vault, VaultFamily family, const Bytes& key, std::uint32_t day, Writes& out) {
  const auto before = vault.get(VaultFamily::tombstones, key);
  if (!before) return before.error();
  if (!*before) out.put.push_back({VaultFamily::tombstones, key, ByteWriter().le(day).take()});
  out.remove.push_back({family, key, {}});
  if (family == VaultFamily::capsules)
    for (const GrantPlace place : grant_places) out.remove.push_back({family, grant_beside(key, place), {}});
  return {};
}
/// Likewise all of them, in one durable batch.
Result<void> bury(Vault& vault, VaultFamily family, const std::vector<Bytes>& keys, std::uint32_t day) {
  Writes writes;
  for (const Bytes& key : keys)
    if (const auto buried = bury(vault, family, key, day, writes); !buried) return buried;
  return vault.write(writes.put, writes.remove);
}

/// Writes in durable batches of at most `rows_max`, or of one thing that has more by itself.
class Batches {
 public:
  Batches(Vault& vault, std::size_t rows_max) : vault_(vault), rows_max_(rows_max) {}

  /// What goes together.
  Result<void> add(Writes together) {
    if (waiting_.size() > 0 && waiting_.size() + together.size() > rows_max_)
      if (const auto written = write(); !written) return written;
    std::ranges::move(together.put, std::back_inserter(waiting_.put));
    std::ranges::move(together.remove, std::back_inserter(waiting_.remove));
    return {};
  }
  Result<void> write() {
    const Writes now = std::exchange(waiting_, {});
    return vault_.write(now.put, now.remove);
  }

 private:
  Vault& vault_;
  std::size_t rows_max_;
  Writes waiting_;
};

}  // namespace

Result<void> Door::destroy(std::span<const ReferenceId> references, std::uint32_t day) {
  std::vector<Bytes> keys;
  keys.reserve(references.size());
  for (const ReferenceId reference : references) keys.push_back(row_key(reference));
  const std::scoped_lock lock(impl_->replacing);
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

namespace {

/// A row on its way to new keys.
struct Renewed {
  KeyRow before, after;
  /// Its key for the class, made new; whether it was made just now. False where the row stays as it is.
  bool renew(FieldClass field_class, Random& random) {
    if (!before.contact || field_class == FieldClass::contact) return false;
    const bool of_files = field_class == FieldClass::attachment;
    Key& key = of_files ? after.files : after.content;
    if (key != (of_files ? before.files : before.content)) return false;
    random.fill(key);
    return true;
  }
  [[nodiscard]] bool renewed(FieldClass field_class) const {
    return data_key(after, field_class) != data_key(before, field_class);
  }
};

/// Nobody can open anything under it now: what was sealed under it can only be buried.
bool is_lost(const Error& row) { return row.code == Errc::corrupt || row.rule == "key_row.missing"; }

}  // namespace

Result<void> Door::shred(WorkspaceId workspace, std::span<const CapsuleHeld> doomed,
                         std::span<const CapsuleHeld> others, std::uint32_t day) {
  const std::scoped_lock lock(impl_->shredding);
  std::map<ReferenceId, Renewed> rows;
  struct ForgetAtEnd {  // Also after an error: which keys the rows have is then for the vault to say.
    Door& door;
    const std::map<ReferenceId, Renewed>& rows;
    ~ForgetAtEnd() {
      for (const auto& [reference, renewed] : rows) door.forget(reference);
    }
  } const forget_at_end{*this, rows};

  // For each key that is made new one capsule goes with the row, last: as long as one step is missing the repeat finds it there, and
  // so the key to be made new.
  std::vector<Bytes> first, last;
  for (const auto& [sealed, schema] : doomed) {
    const auto gone = is_destroyed(sealed.capsule);
    if (!gone) return gone.error();
    if (*gone) continue;
    auto place = rows.find(sealed.reference);
    if (place == rows.end()) {
      const auto loaded = impl_->load(workspace, sealed.reference);
      const auto* trouble = std::get_if<Unavailable>(&loaded);
      if (trouble != nullptr && !is_lost(trouble->error)) return trouble->error;
      const auto* held = std::get_if<KeyRow>(&loaded);
      const KeyRow row = held == nullptr ? KeyRow{} : *held;
      place = rows.emplace(sealed.reference, Renewed{row, row}).first;
    }
    const bool made = place->second.renew(sealed.field_class, impl_->random);
    (made ? last : first).push_back(capsule_key(sealed.capsule));
  }

  Batches batches(impl_->vault, impl_->shred_rows_max);
  for (const auto& [sealed, schema] : others) {
    const auto place = rows.find(sealed.reference);
    if (place == rows.end() || !place->second.renewed(sealed.field_class)) continue;
    const auto& [before, after] = place->second;
    const auto stored = impl_->vault.get(VaultFamily::capsules, capsule_key(sealed.capsule));
    if (!stored) return stored.error();
    if (!*stored) continue;
    const CapsuleContext context{workspace, sealed.capsule, sealed.reference, sealed.field_class, schema};
    const auto by = impl_->unsealing(before, context, **stored);
    if (!by && by.error().code == Errc::corrupt) continue;
    if (!by) return by.error();
    const auto to = by->place == GrantPlace::first ? GrantPlace::second : GrantPlace::first;
    std::array<std::uint8_t, salt_bytes> salt;
    impl_->random.fill(salt);
    Writes grant;
    grant.put.push_back({VaultFamily::capsules, grant_key(sealed.capsule, to),
                         seal_grant(data_key(after, sealed.field_class), context, **stored, by->key, salt)});
    if (const auto added = batches.add(std::move(grant)); !added) return added;
  }
  for (const Bytes& key : first) {
    Writes one;
    if (const auto buried = bury(impl_->vault, VaultFamily::capsules, key, day, one); !buried) return buried;
    if (const auto added = batches.add(std::move(one)); !added) return added;
  }

  const std::scoped_lock lock_rows(impl_->replacing);
  Writes end;
  for (const auto& [reference, renewed] : rows) {
    if (renewed.after == renewed.before) continue;
    const auto now = impl_->load(workspace, reference);
    if (const auto* trouble = std::get_if<Unavailable>(&now)) return trouble->error;
    if (std::holds_alternative<Erased>(now)) continue;
    if (std::get<KeyRow>(now) != renewed.before)
      return unavailable("key_row.changed", "another changed " + to_text(reference) + " meanwhile");
    auto wrapped = wrap_row(impl_->keys, workspace, reference, renewed.after);
    if (!wrapped) return wrapped.error();
    end.put.push_back({VaultFamily::rows, row_key(reference), std::move(*wrapped)});
  }
  for (const Bytes& key : last)
    if (const auto buried = bury(impl_->vault, VaultFamily::capsules, key, day, end); !buried) return buried;
  if (first.empty() && last.empty()) return {};
  if (const auto added = batches.add(std::move(end)); !added) return added;
  return batches.write();
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
