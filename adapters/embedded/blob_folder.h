#pragma once
#include <filesystem>
#include <memory>

#include "engine/ports/blob_store.h"

namespace parlance {

/// Blobs as files of a folder, mode 600:
///
///   DIR/new/att_...         being written
///   DIR/xx/att_...          committed; xx: the last two characters of the id, so that no folder grows large
///
/// A blob is written below new/, synced, renamed, and both folders are synced. What is found in new/ was cut short by a crash
/// and is removed by opening. Whoever opens the folder is alone in it: the log's lock says so. What else lies there is left alone.
class BlobFolder final : public BlobStore {
 public:
  /// Makes the folder where it is absent. Errors as the port's.
  [[nodiscard]] static Result<std::unique_ptr<BlobFolder>> open(const std::filesystem::path& dir);

  Result<std::unique_ptr<BlobWriter>> create(AttachmentId id) override;
  Result<std::unique_ptr<BlobReader>> open(AttachmentId id) const override;
  Result<void> remove(AttachmentId id) override;
  Result<void> scan(const std::function<bool(AttachmentId id, std::uint64_t size)>& sink) const override;

 private:
  explicit BlobFolder(std::filesystem::path dir) : dir_(std::move(dir)) {}
  std::filesystem::path dir_;
};

}  // namespace parlance
