// Any bytes at all as a sealed file; and one that was sealed, changed in one place or cut: it opens as it was sealed or not at all.
#include <algorithm>
#include <memory>

#include "engine/base/assert.h"
#include "engine/runtime/sealed_blob.h"

using namespace parlance;

namespace {

class InMemory final : public BlobReader {
 public:
  explicit InMemory(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<Bytes> read(std::uint64_t at, std::size_t bytes) const override {
    const std::size_t from = std::min<std::size_t>(at, bytes_.size());
    const std::size_t length = std::min(bytes, bytes_.size() - from);
    return Bytes(bytes_.begin() + static_cast<std::ptrdiff_t>(from),
                 bytes_.begin() + static_cast<std::ptrdiff_t>(from + length));
  }

 private:
  Bytes bytes_;
};

const BlobHead head{.id = AttachmentId::from({1, 1}), .workspace = WorkspaceId::from({1, 2})};

/// What it says; none where it does not open, or not to its end.
std::optional<Bytes> content_of(Bytes blob, const BlobKey& key) {
  const auto opened =
      OpenBlob::open(std::make_unique<InMemory>(std::move(blob)), key, head.workspace, head.id);
  if (!opened) return std::nullopt;
  Bytes out;
  while (true) {
    const auto piece = opened->read(out.size());
    if (!piece) return std::nullopt;
    if (piece->empty()) break;
    PARLANCE_ASSERT(piece->size() <= blob_chunk_bytes, "a chunk at most");
    out.insert(out.end(), piece->begin(), piece->end());
  }
  PARLANCE_ASSERT(out.size() == opened->description().size, "the content has the size that it says");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const BlobKey key = derive_blob_key(Key{1, 2, 3}, head);
  PARLANCE_ASSERT(!content_of(Bytes(input.begin(), input.end()), key),
                  "nobody without the key makes a blob that opens");
  (void)read_blob_head(InMemory(Bytes(input.begin(), input.end())));

  if (size < 4) return 0;
  const std::size_t repeats = data[0] % 4 == 0 ? 70'000 / size : 1;  // more than a chunk, or nothing
  Bytes content;
  for (std::size_t i = 0; i < repeats; ++i) content.insert(content.end(), input.begin(), input.end());
  Bytes sealed;
  BlobSealer sealer(key, head);
  sealer.add(ByteView(content).first(content.size() / 3), sealed);
  sealer.add(ByteView(content).subspan(content.size() / 3), sealed);
  BlobDescription description;
  description.name.assign(as_text(input.first(std::min(size, blob_name_bytes_max))));
  description.type.assign(as_text(input.first(std::min(size, blob_type_bytes_max))));
  sealer.finish(description, sealed);
  const auto read = content_of(sealed, key);
  PARLANCE_ASSERT(read && *read == content, "a blob opens to what was sealed");
  Bytes changed = sealed;
  changed[(data[1] * 257U + data[2]) % changed.size()] ^= static_cast<std::uint8_t>(data[3] | 1);
  const auto other = content_of(changed, key);
  PARLANCE_ASSERT(!other || (other->empty() && content.empty()),
                  "a changed blob does not open, or holds nothing");
  sealed.resize(sealed.size() - 1 - data[1] % sealed.size());
  PARLANCE_ASSERT(!content_of(sealed, key), "nor does one cut short");
  return 0;
}
