#include "engine/runtime/sealed_blob.h"

#include <doctest/doctest.h>

#include "adapters/memory/memory_blobs.h"
#include "adapters/memory/seeded_random.h"
#include "tests/support/print.h"

using namespace parlance;

namespace {

const auto workspace = WorkspaceId::from(RawId{0, 77});
const auto file_id = AttachmentId::from(RawId{0x0199'1234'5678'9a00, 42});
constexpr std::size_t chunk = blob_chunk_bytes;
constexpr std::size_t sealed_chunk = chunk + 16;
constexpr std::size_t sealed_end = 512 + 16;

class Held final : public BlobReader {
 public:
  /// The `fail_at`th read fails, and the `short_at`th gives five bytes; 1 is the first, 0 none.
  explicit Held(Bytes bytes, int fail_at = 0, int short_at = 0)
      : bytes_(std::move(bytes)), fail_at_(fail_at), short_at_(short_at) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<Bytes> read(std::uint64_t at, std::size_t bytes) const override {
    ++reads_;
    if (reads_ == fail_at_) return unavailable("blob.io");
    if (reads_ == short_at_) bytes = 5;
    if (at >= bytes_.size()) return Bytes{};
    const ByteView rest = ByteView(bytes_).subspan(at);
    const ByteView part = rest.first(std::min(bytes, rest.size()));
    return Bytes(part.begin(), part.end());
  }

 private:
  Bytes bytes_;
  int fail_at_, short_at_;
  mutable int reads_ = 0;
};

Bytes content_of(std::size_t size) {
  SeededRandom random(size + 1);
  Bytes out(size);
  random.fill(out);
  return out;
}

std::size_t below(SeededRandom& random, std::size_t n) { return random.id128().low % n; }

struct Sealing {
  BlobKey key{9, 8, 7};
  BlobHead head{file_id, workspace, ReferenceId::from(RawId{3, 3}), {1, 2, 3}};
  BlobDescription description{.made_at = {1'764'000'000'000},
                              .actor = {ActorKind::agent, RawId{1, 1}},
                              .conversation = ConversationId::from(RawId{4, 4}),
                              .name = "label.pdf",
                              .type = "application/pdf"};
  /// Sealed as it comes in pieces of so many bytes.
  Bytes seal(const Bytes& content, std::size_t piece = 10'000) {
    BlobSealer sealer(key, head);
    Bytes out;
    ByteView rest(content);
    while (!rest.empty()) {
      const auto one = rest.first(std::min(piece, rest.size()));
      sealer.add(one, out);
      rest = rest.subspan(one.size());
    }
    sealer.finish(description, out);
    return out;
  }
  Result<OpenBlob> open(const Bytes& stored) const {
    return OpenBlob::open(std::make_unique<Held>(stored), key, workspace, file_id);
  }
  /// Everything, or the rule of what is wrong.
  std::string read(const Bytes& stored) const {
    const auto blob = open(stored);
    if (!blob) return std::string(blob.error().rule);
    std::string out;
    for (;;) {
      const auto piece = blob->read(out.size());
      if (!piece) return std::string(piece.error().rule);
      if (piece->empty()) return out;
      out += as_text(*piece);
    }
  }
};

}  // namespace

TEST_CASE("a content of any length, in pieces of any length, reads back with what was said of it") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1023}, std::size_t{1024},
                                 chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 5}) {
    for (const std::size_t piece : {std::size_t{777}, chunk, std::size_t{1} << 20}) {
      CAPTURE(size);
      CAPTURE(piece);
      Sealing sealing;
      const Bytes content = content_of(size);
      const Bytes stored = sealing.seal(content, piece);
      CHECK(sealing.description.size == size);
      CHECK(sealing.description.sha256 == sha256(content));
      const auto blob = sealing.open(stored);
      REQUIRE(blob);
      CHECK(blob->description() == sealing.description);
      CHECK(sealing.read(stored) == as_text(content));
      for (const std::size_t at : {size / 2, size - std::min<std::size_t>(size, 1), size, size + 1}) {
        const auto part = blob->read(at);
        REQUIRE(part);
        CHECK(part->empty() == (at >= size));
        if (!part->empty())
          CHECK(std::equal(part->begin(), part->end(), content.begin() + static_cast<long>(at)));
      }
    }
  }
}

TEST_CASE("the stored length tells the content's up to 1 KiB, and pieces do not matter") {
  Sealing sealing;
  CHECK(sealing.seal(content_of(0)).size() == sealing.seal(content_of(1024)).size());
  CHECK(sealing.seal(content_of(1)).size() == blob_head_bytes + 1024 + 16 + sealed_end);
  CHECK(sealing.seal(content_of(1025)).size() == sealing.seal(content_of(2048)).size());
  CHECK(sealing.seal(content_of(9 * chunk), 1) == sealing.seal(content_of(9 * chunk), chunk));
}

TEST_CASE("a flipped bit anywhere is found, and nothing of a changed chunk is given out") {
  Sealing sealing;
  const Bytes content = content_of(2 * chunk + 100);
  const Bytes stored = sealing.seal(content);
  SeededRandom random(5);
  std::vector<std::size_t> places{0, 8, 9, 15, 16, 31, 47, 63, 64, 87, 88, 119, 120, stored.size() - 1};
  for (int i = 0; i < 200; ++i) places.push_back(below(random, stored.size()));
  for (const std::size_t place : places) {
    CAPTURE(place);
    Bytes damaged = stored;
    damaged[place] ^= static_cast<std::uint8_t>(1U << below(random, 8));
    const std::string read = sealing.read(damaged);
    CHECK((read == "blob.corrupt" || read == "blob.newer"));
  }
}

TEST_CASE("chunks that were swapped, repeated, left out or taken from another blob do not open") {
  Sealing sealing;
  const Bytes stored = sealing.seal(content_of(4 * chunk));
  Sealing another;
  another.head.id = AttachmentId::from(RawId{file_id.high, 43});
  const Bytes other = another.seal(content_of(4 * chunk));
  const auto head = blob_head_bytes;
  const auto part = [&](const Bytes& from, std::size_t number) {
    return ByteView(from).subspan(head + number * sealed_chunk, sealed_chunk);
  };
  const auto put_together = [&](const Bytes& start, std::vector<ByteView> chunks, const Bytes& end) {
    ByteWriter out;
    out.raw(ByteView(start).first(head));
    for (const ByteView one : chunks) out.raw(one);
    return out.raw(ByteView(end).last(sealed_end)).take();
  };
  const auto c = [&](std::size_t n) { return part(stored, n); };
  CHECK(put_together(stored, {c(0), c(1), c(2), c(3)}, stored) == stored);
  for (const Bytes& wrong :
       {put_together(stored, {c(1), c(0), c(2), c(3)}, stored),
        put_together(stored, {c(0), c(1), c(1), c(3)}, stored),
        put_together(stored, {c(0), c(1), c(3)}, stored), put_together(stored, {c(0), c(1), c(2)}, stored),
        put_together(stored, {c(0), c(1), c(2), c(3), c(3)}, stored),
        put_together(stored, {c(0), part(other, 1), c(2), c(3)}, stored),
        put_together(stored, {c(0), c(1), c(2), c(3)}, other),
        put_together(other, {c(0), c(1), c(2), c(3)}, stored), other})
    CHECK(sealing.read(wrong) == "blob.corrupt");
}

TEST_CASE("a blob that was cut or extended at any place does not open") {
  Sealing sealing;
  const Bytes stored = sealing.seal(content_of(chunk + 3000));
  SeededRandom random(6);
  for (int i = 0; i < 300; ++i) {
    Bytes wrong = stored;
    wrong.resize(below(random, stored.size()));
    CHECK(sealing.read(wrong) == "blob.corrupt");
  }
  for (const std::size_t more : {1U, 16U, 1024U, 1040U, 70'000U}) {
    Bytes wrong = stored;
    wrong.resize(stored.size() + more);
    CHECK(sealing.read(wrong) == "blob.corrupt");
  }
  Bytes full = sealing.seal(content_of(chunk));
  full.resize(full.size() + 5);  // less than what would seal nothing
  CHECK(sealing.read(full) == "blob.corrupt");
}

TEST_CASE("a blob opens under its own key, workspace and name alone") {
  Sealing sealing;
  const Bytes stored = sealing.seal(content_of(100));
  const auto refused = [&](const BlobKey& key, WorkspaceId in, AttachmentId id) {
    const auto opened = OpenBlob::open(std::make_unique<Held>(stored), key, in, id);
    return !opened && opened.error().rule == "blob.corrupt";
  };
  CHECK_FALSE(refused(sealing.key, workspace, file_id));
  CHECK(refused(BlobKey{1}, workspace, file_id));
  CHECK(refused(sealing.key, WorkspaceId::from(RawId{0, 78}), file_id));
  CHECK(refused(sealing.key, workspace, AttachmentId::from(RawId{1, 1})));
}

TEST_CASE("a newer program's blob is said to be newer, and noise to be no blob") {
  Sealing sealing;
  Bytes stored = sealing.seal(content_of(100));
  stored[8] = 2;
  CHECK(sealing.read(stored) == "blob.newer");
  CHECK(sealing.read(content_of(5000)) == "blob.corrupt");
  CHECK(sealing.read({}) == "blob.corrupt");
}

TEST_CASE("keys of two blobs under one row, or of one blob under two rows, are different") {
  const BlobHead one{file_id, workspace, {}, {1}};
  BlobHead two = one;
  two.salt[5] = 1;
  BlobHead three = one;
  three.id.low ^= 1;
  const Key row{1}, other_row{2};
  CHECK(derive_blob_key(row, one) == derive_blob_key(row, one));
  CHECK(derive_blob_key(row, one) != derive_blob_key(row, two));
  CHECK(derive_blob_key(row, one) != derive_blob_key(row, three));
  CHECK(derive_blob_key(row, one) != derive_blob_key(other_row, one));
}

TEST_CASE("the longest name and type fit, and neither stands in the clear") {
  Sealing sealing;
  sealing.description.name = std::string(blob_name_bytes_max, 'n');
  sealing.description.type = std::string(blob_type_bytes_max, 't');
  const Bytes stored = sealing.seal(content_of(10));
  CHECK(sealing.open(stored)->description() == sealing.description);
  CHECK(as_text(stored).find("nnnn") == std::string_view::npos);
  CHECK(as_text(stored).find("tttt") == std::string_view::npos);
}

TEST_CASE("a blob of which a read fails, or gives less than it should, is refused there") {
  Sealing sealing;
  const Bytes stored = sealing.seal(content_of(2 * chunk + 5));
  const auto read_of = [&](int fail_at, int short_at) -> std::string {
    auto blob =
        OpenBlob::open(std::make_unique<Held>(stored, fail_at, short_at), sealing.key, workspace, file_id);
    if (!blob) return std::string(blob.error().rule);
    const auto piece = blob->read(0);
    return piece ? "read" : std::string(piece.error().rule);
  };
  CHECK(read_of(0, 0) == "read");
  for (int n = 1; n <= 3; ++n) {
    CHECK(read_of(n, 0) == "blob.io");
    CHECK(read_of(0, n) == "blob.corrupt");
  }
  // No whole number of chunks and paddings.
  for (const std::size_t more : {1U, 15U, 16U, 17U, 300U}) {
    Bytes longer = stored;
    longer.insert(longer.begin() + 200, more, 0);
    CHECK(sealing.read(longer) == "blob.corrupt");
  }
}
