// Hostile bytes where a capsule, a grant or a key row should be: refused or opened, never a crash; and what is opened seals
// again.
#include <algorithm>

#include "engine/base/assert.h"
#include "engine/runtime/capsule.h"
#include "engine/runtime/grant.h"
#include "engine/runtime/key_row.h"

using namespace parlance;

namespace {

/// Wraps nothing, so that the bytes reach what lies behind the cipher.
class OpenKeys final : public KeyService {
 public:
  Result<Bytes> wrap(BucketId, ByteView plaintext, ByteView) override {
    return ByteWriter().raw(Bytes(24)).raw(plaintext).raw(Bytes(16)).take();
  }
  Result<Bytes> unwrap(BucketId, ByteView wrapped, ByteView) override {
    const ByteView inner = wrapped.subspan(24, wrapped.size() - 40);
    return Bytes(inner.begin(), inner.end());
  }
  const Key& secret(SecretKey) const override { return none_; }
  std::array<std::uint8_t, 16> fingerprint() const override { return {}; }

 private:
  Key none_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const Key key{1, 2, 3};
  const CapsuleContext context{.reference = ReferenceId::from(RawId{1, 2})};

  PARLANCE_ASSERT(!open_capsule(key, context, input), "nobody without the key makes a capsule that opens");
  Bytes stored = seal_capsule(key, context, input, {});
  const auto sealing = sealing_key(key, stored);
  PARLANCE_ASSERT(sealing && *sealing, "a capsule was sealed under the key that sealed it");
  PARLANCE_ASSERT(!open_grant(key, context, stored, input),
                  "nobody without the key makes a grant that opens");
  (void)open_grant(key, context, input, seal_grant(key, context, stored, **sealing, {}));
  const auto opened = open_capsule(key, context, stored);
  PARLANCE_ASSERT(opened && std::ranges::equal(*opened, input), "a capsule opens to what was sealed");
  if (size >= 2) {
    Bytes grant = seal_grant(key, context, stored, **sealing, {});
    const auto granted = open_grant(key, context, stored, grant);
    PARLANCE_ASSERT(granted && granted->key == (*sealing)->key, "a grant opens to what was granted");
    const auto by_grant = open_capsule(*granted, context, stored);
    PARLANCE_ASSERT(by_grant && std::ranges::equal(*by_grant, input), "and that opens the capsule");
    grant[(data[0] << 8 | data[1]) % grant.size()] ^= static_cast<std::uint8_t>(data[size - 1] | 1);
    PARLANCE_ASSERT(!open_grant(key, context, stored, grant), "a changed grant does not open");
    grant.resize(data[0] % grant.size());
    PARLANCE_ASSERT(!open_grant(key, context, stored, grant), "nor does one cut short");
    stored[(data[0] << 8 | data[1]) % stored.size()] ^= static_cast<std::uint8_t>(data[size - 1] | 1);
    PARLANCE_ASSERT(!open_capsule(key, context, stored), "a changed capsule does not open");
  }

  OpenKeys keys;
  const auto head = read_row_head(input);
  const WorkspaceId workspace = head ? head->workspace : WorkspaceId{};
  const auto row = unwrap_row(keys, workspace, context.reference, input);
  if (row) {
    const Bytes again = wrap_row(keys, workspace, context.reference, *row).value();
    PARLANCE_ASSERT(again.size() == size && std::ranges::equal(ByteView(again).subspan(44, size - 60),
                                                               input.subspan(44, size - 60)),
                    "a row that opens has one form only");
  }
  return 0;
}
