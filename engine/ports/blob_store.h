#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/id.h"

namespace parlance {

/// A blob on its way in. Destroyed without commit(), nothing of it is left. Threads: one at a time.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  [[nodiscard]] virtual Result<void> append(ByteView bytes) = 0;
  /// The blob is there, whole and durable, when this returns well; after an error it is not, or may be after a crash. Once.
  [[nodiscard]] virtual Result<void> commit() = 0;
};

/// A blob as committed. Stays readable until destroyed, also when the blob is removed meanwhile. Threads: any.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// `bytes` bytes from `at` on, fewer only at the end.
  [[nodiscard]] virtual Result<Bytes> read(std::uint64_t at, std::size_t bytes) const = 0;
};

/// Large opaque byte strings, written once and never changed. What is in them is sealed by whoever puts them here.
///
/// A crash leaves each blob whole or absent; what was not committed is gone after the next opening. Errors: `read_only` "blob.no_space"
/// where the disk is full, `refused` "blob.exists", `not_found` "blob.absent", else `unavailable` "blob.io". Threads: any.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> create(AttachmentId id) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<BlobReader>> open(AttachmentId id) const = 0;
  /// Durably. One that is not there is removed already.
  [[nodiscard]] virtual Result<void> remove(AttachmentId id) = 0;
  /// Every committed blob, in any order; `sink` returns false to stop. One that comes or goes meanwhile may be met or not.
  [[nodiscard]] virtual Result<void> scan(
      const std::function<bool(AttachmentId id, std::uint64_t size)>& sink) const = 0;
};

}  // namespace parlance
