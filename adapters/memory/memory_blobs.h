#pragma once
#include <map>
#include <memory>
#include <mutex>

#include "engine/ports/blob_store.h"

namespace parlance {

/// What a MemoryBlobs keeps when its process ends.
struct MemoryBlobStorage {
  std::mutex mutex;                                            // guards all that follows
  std::map<AttachmentId, std::shared_ptr<const Bytes>> blobs;  ///< committed
  std::size_t room = ~std::size_t{0};                          ///< bytes that still fit
};

/// Blobs in memory: the reference behaviour.
class MemoryBlobs final : public BlobStore {
 public:
  explicit MemoryBlobs(std::shared_ptr<MemoryBlobStorage> storage) : storage_(std::move(storage)) {}
  Result<std::unique_ptr<BlobWriter>> create(AttachmentId id) override;
  Result<std::unique_ptr<BlobReader>> open(AttachmentId id) const override;
  Result<void> remove(AttachmentId id) override;
  Result<void> scan(const std::function<bool(AttachmentId id, std::uint64_t size)>& sink) const override;

 private:
  std::shared_ptr<MemoryBlobStorage> storage_;
};

}  // namespace parlance
