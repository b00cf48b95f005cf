#include "adapters/memory/memory_blobs.h"

#include <algorithm>

namespace parlance {
namespace {

class Writer final : public BlobWriter {
 public:
  Writer(std::shared_ptr<MemoryBlobStorage> storage, AttachmentId id)
      : storage_(std::move(storage)), id_(id) {}
  ~Writer() override {
    const std::lock_guard lock(storage_->mutex);
    storage_->room += bytes_.size();
  }
  Result<void> append(ByteView bytes) override {
    const std::lock_guard lock(storage_->mutex);
    if (bytes.size() > storage_->room) return Error{Errc::read_only, "blob.no_space", "the memory is full"};
    storage_->room -= bytes.size();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
  }
  Result<void> commit() override {
    const std::lock_guard lock(storage_->mutex);
    if (storage_->blobs.contains(id_)) return refused("blob.exists", to_text(id_) + " is there already");
    storage_->blobs.emplace(id_, std::make_shared<const Bytes>(std::move(bytes_)));
    bytes_.clear();
    return {};
  }

 private:
  std::shared_ptr<MemoryBlobStorage> storage_;
  AttachmentId id_;
  Bytes bytes_;
};

class Reader final : public BlobReader {
 public:
  explicit Reader(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_->size(); }
  Result<Bytes> read(std::uint64_t at, std::size_t bytes) const override {
    if (at >= bytes_->size()) return Bytes{};
    const auto rest = ByteView(*bytes_).subspan(at);
    const auto part = rest.first(std::min(bytes, rest.size()));
    return Bytes(part.begin(), part.end());
  }

 private:
  std::shared_ptr<const Bytes> bytes_;
};

}  // namespace

Result<std::unique_ptr<BlobWriter>> MemoryBlobs::create(AttachmentId id) {
  const std::lock_guard lock(storage_->mutex);
  if (storage_->blobs.contains(id)) return refused("blob.exists", to_text(id) + " is there already");
  return std::unique_ptr<BlobWriter>(std::make_unique<Writer>(storage_, id));
}

Result<std::unique_ptr<BlobReader>> MemoryBlobs::open(AttachmentId id) const {
  const std::lock_guard lock(storage_->mutex);
  const auto found = storage_->blobs.find(id);
  if (found == storage_->blobs.end()) return Error{Errc::not_found, "blob.absent", "no blob " + to_text(id)};
  return std::unique_ptr<BlobReader>(std::make_unique<Reader>(found->second));
}

Result<void> MemoryBlobs::remove(AttachmentId id) {
  const std::lock_guard lock(storage_->mutex);
  const auto found = storage_->blobs.find(id);
  if (found == storage_->blobs.end()) return {};
  storage_->room += found->second->size();
  storage_->blobs.erase(found);
  return {};
}

Result<void> MemoryBlobs::scan(const std::function<bool(AttachmentId, std::uint64_t)>& sink) const {
  std::map<AttachmentId, std::shared_ptr<const Bytes>> all;
  {
    const std::lock_guard lock(storage_->mutex);
    all = storage_->blobs;
  }
  for (const auto& [id, bytes] : all)
    if (!sink(id, bytes->size())) break;
  return {};
}

}  // namespace parlance
