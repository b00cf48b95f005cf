#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/domain/vocabulary.h"
#include "engine/ports/blob_store.h"
#include "engine/ports/clock.h"
#include "engine/ports/random.h"
#include "engine/ports/vault.h"
#include "engine/runtime/door.h"
#include "engine/runtime/sealed_blob.h"

namespace parlance {

/// What uploading may cost. Times in milliseconds.
struct FilesLimits {
  std::uint64_t bytes_max = 25U << 20;      ///< of one file
  std::size_t uploads_max = 64;             ///< under way at once
  std::size_t uploads_each_max = 8;         ///< of one actor
  std::int64_t unused_ms = 24 * 3'600'000;  ///< how long an upload waits for a message to name it
  std::int64_t grace_ms = 3'600'000;  ///< and how much later it is removed: longer than any command takes
  std::uint64_t unused_bytes_max = 4ULL << 30;  ///< of all that wait
};

/// The contents of attached files, sealed in the blob store. (Small ones that came inside a command lie in capsules, and never here.)
///
/// While nobody uses an upload, its key derives from a key row: that of the conversation's requester where the upload names a
/// conversation, else a row of its own (RowKind::upload). A message that attaches it takes the key into its capsule, and a row of its
/// own is destroyed as soon as the message is certain (after a crash: by the sweep of the next start). From then on nothing but the
/// capsule opens it, so erasing the person erases the file; sweep() removes what cannot be opened any more.
///
/// Threads: any; an Upload by one at a time.
class Files {
 public:
  struct Ports {
    BlobStore& blobs;
    Door& door;
    Vault& vault;
    Random& random;
    const Clock& clock;
  };
  explicit Files(Ports ports, FilesLimits limits = {});
  ~Files();

  struct NewFile {
    WorkspaceId workspace;
    Slot slot = 0;
    Actor actor;                  ///< who alone may attach it
    ConversationId conversation;  ///< zero: not known yet
    ReferenceId requester;        ///< of that conversation
    std::string name;             ///< at most blob_name_bytes_max
    std::string type;             ///< at most blob_type_bytes_max
  };
  struct Stored {
    AttachmentId id;
    std::uint64_t size = 0;
    Sha256 sha256{};
    Instant expires_at;
  };
  /// A file on its way in. Destroyed before finish(), nothing of it is left.
  class Upload {
   public:
    virtual ~Upload() = default;
    /// `invalid` "attachment.too_large", or the store's error.
    [[nodiscard]] virtual Result<void> add(ByteView content) = 0;
    /// Durable when this returns well. Once. Waits for the disk.
    [[nodiscard]] virtual Result<Stored> finish() = 0;
  };
  /// `overloaded` "attachments.too_many_uploads" (in all, or of this actor), `read_only` "attachments.no_room", `not_found` "conversation.erased" (the requester's
  /// keys are destroyed), `refused` as the door says, or the store's error.
  [[nodiscard]] Result<std::unique_ptr<Upload>> begin(const NewFile& file);

  /// What a message gets that attaches an upload nobody used yet: name, type, size and key. `not_found` "attachment.unknown" where
  /// there is none that `actor` may attach (to `conversation`, where the upload named one), or it waited too long, or a message with
  /// files was redacted there meanwhile, whose keys went (Door::shred).
  [[nodiscard]] Result<Attachment> attach(WorkspaceId workspace, const Actor& actor, AttachmentId id,
                                          ConversationId conversation);
  /// A message has it, and sweep()'s `uses` knows: its own row goes. May be repeated, and forgotten: sweep() does it then.
  void attached(AttachmentId id);
  /// Opens a file with the key from the message's capsule. `not_found` "blob.absent", `corrupt` "blob.corrupt".
  [[nodiscard]] Result<OpenBlob> open(WorkspaceId workspace, AttachmentId id, const BlobKey& key) const;

  /// The capsules of the messages that have this file; none: nobody has it. Must have seen everything that was certain when
  /// sweep() began, and each message that attached() was told of.
  using Uses = std::function<Result<std::vector<Sealed>>(WorkspaceId, AttachmentId)>;
  struct Swept {
    std::size_t seen = 0;
    std::size_t unused = 0;   ///< removed: they waited too long, or their conversation is erased
    std::size_t erased = 0;   ///< removed: every message that has them is erased or redacted
    std::size_t damaged = 0;  ///< left alone: they do not begin as blobs do
  };
  /// Looks at every blob (`all`), or at those young enough to be waiting, until `go_on` says no. Takes its time.
  [[nodiscard]] Result<Swept> sweep(bool all, const Uses& uses, const std::function<bool()>& go_on);

  [[nodiscard]] const FilesLimits& limits() const { return limits_; }
  [[nodiscard]] std::size_t uploads() const;

 private:
  class Incoming;
  [[nodiscard]] Result<BlobHead> head_of(AttachmentId id) const;
  void destroy_own_row(const BlobHead& head);
  [[nodiscard]] Result<void> take_place(RawId actor);
  void give_place_back(RawId actor);
  void waits(AttachmentId id, std::uint64_t bytes);
  void waits_no_more(AttachmentId id);
  [[nodiscard]] std::uint32_t today() const;

  Ports ports_;
  FilesLimits limits_;
  mutable std::mutex mutex_;  // guards what follows
  std::size_t uploads_ = 0;
  std::map<RawId, std::size_t> uploads_of_;
  std::map<AttachmentId, std::uint64_t> waiting_;
  std::uint64_t waiting_bytes_ = 0;
};

}  // namespace parlance
