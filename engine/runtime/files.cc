#include "engine/runtime/files.h"

#include <algorithm>
#include <optional>

#include "engine/base/assert.h"
#include "engine/runtime/capsule.h"

namespace parlance {
namespace {

Error unknown(AttachmentId id) {
  return {Errc::not_found, "attachment.unknown", "no upload " + to_text(id) + " that may be attached here"};
}
Instant made_at(AttachmentId id) { return {static_cast<std::int64_t>(id.high >> 16)}; }

/// The row that a key derives from, or why there is none.
Result<KeyRow> usable(Opened<KeyRow> opened) {
  if (auto* row = std::get_if<KeyRow>(&opened)) {
    if ((row->flags & row_dying) != 0)
      return refused("subject.dying", "this person's keys are about to be destroyed");
    if ((row->flags & row_restricted) != 0)
      return refused("subject.restricted", "the processing of this person's data is restricted");
    return std::move(*row);
  }
  if (std::holds_alternative<Erased>(opened))
    return Error{Errc::not_found, "conversation.erased", "the conversation is erased"};
  return std::get<Unavailable>(opened).error;
}

}  // namespace

class Files::Incoming final : public Files::Upload {
 public:
  Incoming(Files& files, const NewFile& file, std::unique_ptr<BlobWriter> blob, const BlobHead& head,
           const BlobKey& key, std::optional<Door::MadeRow> own_row)
      : files_(files), blob_(std::move(blob)), head_(head), sealer_(key, head), own_row_(std::move(own_row)) {
    description_.made_at = made_at(head.id);
    description_.actor = file.actor;
    description_.conversation = file.conversation;
    description_.name = file.name;
    description_.type = file.type;
  }
  ~Incoming() override {
    if (own_row_ && !finished_) files_.ports_.door.forget(own_row_->reference);
    files_.give_place_back(description_.actor.id);
  }

  Result<void> add(ByteView content) override {
    if (content.size() > files_.limits_.bytes_max - sealer_.size())
      return invalid("attachment.too_large",
                     "a file has at most " + std::to_string(files_.limits_.bytes_max) + " bytes");
    Bytes sealed;
    sealer_.add(content, sealed);
    return blob_->append(sealed);
  }
  Result<Stored> finish() override {
    PARLANCE_ASSERT(!finished_, "an upload is finished once");
    Bytes sealed;
    sealer_.finish(description_, sealed);
    if (auto written = blob_->append(sealed); !written) return written.error();
    // The row first: a blob without it would be a riddle, a row without its blob opens nothing.
    if (own_row_)
      if (auto written = files_.ports_.vault.write({own_row_->stored}, {}); !written) return written.error();
    if (auto committed = blob_->commit(); !committed) return committed.error();
    finished_ = true;
    files_.waits(head_.id, description_.size);
    return Stored{head_.id, description_.size, description_.sha256,
                  description_.made_at + files_.limits_.unused_ms};
  }

 private:
  Files& files_;
  std::unique_ptr<BlobWriter> blob_;
  BlobHead head_;
  BlobSealer sealer_;
  std::optional<Door::MadeRow> own_row_;
  BlobDescription description_;
  bool finished_ = false;
};

Files::Files(Ports ports, FilesLimits limits) : ports_(ports), limits_(limits) {}
Files::~Files() = default;

std::uint32_t Files::today() const {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, ports_.clock.now().ms / 86'400'000));
}

void Files::waits(AttachmentId id, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (waiting_.emplace(id, bytes).second) waiting_bytes_ += bytes;
}
void Files::waits_no_more(AttachmentId id) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  waiting_bytes_ -= found->second;
  waiting_.erase(found);
}

// ---- uploading ----

std::size_t Files::uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_;
}

Result<void> Files::take_place(RawId actor) {
  const std::lock_guard lock(mutex_);
  if (waiting_bytes_ >= limits_.unused_bytes_max)
    return Error{Errc::read_only, "attachments.no_room",
                 "too many uploads wait for a message; those that nobody uses go after a day"};
  const auto of_actor = uploads_of_.find(actor);
  if (uploads_ >= limits_.uploads_max ||
      (of_actor != uploads_of_.end() && of_actor->second >= limits_.uploads_each_max))
    return Error{Errc::overloaded, "attachments.too_many_uploads",
                 "at most " + std::to_string(limits_.uploads_each_max) + " uploads at once, and " +
                     std::to_string(limits_.uploads_max) + " of all; try again soon"};
  ++uploads_;
  ++uploads_of_[actor];
  return {};
}
void Files::give_place_back(RawId actor) {
  const std::lock_guard lock(mutex_);
  --uploads_;
  const auto of_actor = uploads_of_.find(actor);
  if (--of_actor->second == 0) uploads_of_.erase(of_actor);
}

Result<std::unique_ptr<Files::Upload>> Files::begin(const NewFile& file) {
  if (auto taken = take_place(file.actor.id); !taken) return taken.error();
  // From here on an Incoming, or this, gives the place back.
  struct GiveBack {
    Files* files;
    RawId actor;
    ~GiveBack() {
      if (files != nullptr) files->give_place_back(actor);
    }
  } place{this, file.actor.id};

  BlobHead head;
  head.id = AttachmentId::from(make_raw_id(ports_.clock.now(), file.slot, ports_.random.id128()));
  head.workspace = file.workspace;
  ports_.random.fill(head.salt);
  std::optional<Door::MadeRow> own_row;
  head.reference = file.requester;
  if (!head.reference) {
    auto made = ports_.door.make_row(file.workspace, RowKind::upload, head.id, {});
    if (!made) return made.error();
    head.reference = made->reference;
    own_row = std::move(*made);
  }
  auto row = usable(ports_.door.row(file.workspace, head.reference));
  auto blob = row ? ports_.blobs.create(head.id) : Result<std::unique_ptr<BlobWriter>>(row.error());
  if (!blob) {
    if (own_row) ports_.door.forget(head.reference);
    return blob.error();
  }
  BlobKey key = derive_blob_key(row->files, head);
  std::unique_ptr<Upload> upload =
      std::make_unique<Incoming>(*this, file, std::move(*blob), head, key, std::move(own_row));
  wipe(key);
  place.files = nullptr;
  return upload;
}

// ---- attaching ----

Result<BlobHead> Files::head_of(AttachmentId id) const {
  auto blob = ports_.blobs.open(id);
  if (!blob) return blob.error();
  return read_blob_head(**blob);
}

Result<Attachment> Files::attach(WorkspaceId workspace, const Actor& actor, AttachmentId id,
                                 ConversationId conversation) {
  if (ports_.clock.now() > made_at(id) + limits_.unused_ms) return unknown(id);
  auto head = head_of(id);
  if (!head && head.error().code == Errc::not_found) return unknown(id);
  if (!head) return head.error();
  if (head->workspace != workspace || head->id != id) return unknown(id);
  auto row = usable(ports_.door.row(workspace, head->reference));
  if (!row && row.error().code == Errc::not_found) return unknown(id);
  if (!row) return row.error();
  const BlobKey key = derive_blob_key(row->files, *head);
  auto blob = open(workspace, id, key);
  // The key of a conversation's row is replaced when a message with files is redacted there; what waited under it is nobody's.
  if (!blob && blob.error().code == Errc::corrupt && row->kind != RowKind::upload) return unknown(id);
  if (!blob) return blob.error();
  const BlobDescription& d = blob->description();
  if (d.actor != actor) return unknown(id);
  if (d.conversation && d.conversation != conversation) return unknown(id);
  Attachment out;
  out.name = d.name;
  out.type = d.type;
  out.id = id;
  out.stored = d.size;
  out.key = key;
  return out;
}

void Files::attached(AttachmentId id) {
  waits_no_more(id);
  if (const auto head = head_of(id)) destroy_own_row(*head);
}

void Files::destroy_own_row(const BlobHead& head) {
  const auto opened = ports_.door.row(head.workspace, head.reference);
  const auto* row = std::get_if<KeyRow>(&opened);
  if (row == nullptr || row->kind != RowKind::upload || row->owner != head.id) return;
  // What fails here is done by the next sweep.
  (void)ports_.door.destroy(std::array{head.reference}, today());
}

Result<OpenBlob> Files::open(WorkspaceId workspace, AttachmentId id, const BlobKey& key) const {
  auto blob = ports_.blobs.open(id);
  if (!blob) return blob.error();
  return OpenBlob::open(std::move(*blob), key, workspace, id);
}

// ---- tidying ----

Result<Files::Swept> Files::sweep(bool all, const Uses& uses, const std::function<bool()>& go_on) {
  const Instant now = ports_.clock.now();
  const std::int64_t waits_at_most = limits_.unused_ms + limits_.grace_ms;
  std::vector<AttachmentId> ids;
  auto listed = ports_.blobs.scan([&](AttachmentId id, std::uint64_t) {
    if (all || now - made_at(id) <= 2 * waits_at_most) ids.push_back(id);
    return true;
  });
  if (!listed) return listed.error();

  Swept swept;
  for (const AttachmentId id : ids) {
    if (!go_on()) break;
    ++swept.seen;
    auto blob = ports_.blobs.open(id);
    if (!blob) {
      if (blob.error().code == Errc::not_found) continue;
      return blob.error();
    }
    const auto head = read_blob_head(**blob);
    if (!head || head->id != id) {
      ++swept.damaged;
      continue;
    }
    const auto is_erased = [&](ReferenceId reference) {
      return std::holds_alternative<Erased>(ports_.door.row(head->workspace, reference));
    };
    // Read before `uses` is asked: a message that takes the file meanwhile destroys the row, and must not be missed then.
    const bool row_erased = is_erased(head->reference);
    const auto users = uses(head->workspace, id);
    if (!users) return users.error();
    const auto is_gone = [&](const Sealed& use) {
      if (is_erased(use.reference)) return true;
      const auto redacted = ports_.door.is_destroyed(use.capsule);
      return redacted && *redacted;
    };
    bool remove = false;
    if (users->empty()) {
      remove = now - made_at(id) > waits_at_most || row_erased;
      if (!remove) waits(id, (*blob)->size());
      swept.unused += remove ? 1U : 0U;
    } else {
      waits_no_more(id);
      remove = std::ranges::all_of(*users, is_gone);
      swept.erased += remove ? 1U : 0U;
    }
    if (remove || !users->empty()) destroy_own_row(*head);
    if (!remove) continue;
    waits_no_more(id);
    if (auto removed = ports_.blobs.remove(id); !removed) return removed.error();
  }
  return swept;
}

}  // namespace parlance
