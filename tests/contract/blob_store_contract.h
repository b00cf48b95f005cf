#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "engine/ports/blob_store.h"
#include "tests/support/print.h"

/// What every BlobStore does. An adapter's test is one TEST_CASE that calls this.
namespace parlance::tests {

class BlobStoreFixture {
 public:
  virtual ~BlobStoreFixture() = default;
  virtual BlobStore& store() = 0;
  /// The store as a crash leaves it, opened again. Writers of before may still be destroyed.
  virtual void crash() = 0;
};
using MakeBlobs = std::function<std::unique_ptr<BlobStoreFixture>()>;

[[nodiscard]] inline AttachmentId blob_id(std::uint64_t n) {
  return AttachmentId::from({0x0199'0000'0000'0000ULL + n, n * 7});
}
[[nodiscard]] inline std::unique_ptr<BlobWriter> begin_blob(BlobStore& store, AttachmentId id,
                                                            std::string_view content) {
  auto writer = store.create(id);
  REQUIRE(writer);
  REQUIRE((*writer)->append(as_bytes(content)));
  return std::move(*writer);
}
inline void put_blob(BlobStore& store, AttachmentId id, std::string_view content) {
  REQUIRE(begin_blob(store, id, content)->commit());
}
[[nodiscard]] inline std::string blob_text(const BlobReader& blob) {
  const auto bytes = blob.read(0, static_cast<std::size_t>(blob.size()) + 1);
  REQUIRE(bytes);
  return std::string(as_text(*bytes));
}

inline void blob_store_contract(const MakeBlobs& make) {
  const auto fixture = make();
  const auto store = [&]() -> BlobStore& { return fixture->store(); };
  const auto all = [&] {
    std::map<AttachmentId, std::uint64_t> found;
    REQUIRE(store().scan([&](AttachmentId id, std::uint64_t size) {
      CHECK(found.emplace(id, size).second);
      return true;
    }));
    return found;
  };
  const auto absent = [&](AttachmentId id) {
    const auto opened = store().open(id);
    return !opened && opened.error().code == Errc::not_found && opened.error().rule == "blob.absent";
  };
  const AttachmentId one = blob_id(1), two = blob_id(2);

  SUBCASE("a new store holds nothing") {
    CHECK(all().empty());
    CHECK(absent(one));
    CHECK(store().remove(one));
  }

  SUBCASE("a blob is there once it is committed, whole, and not before") {
    auto writer = begin_blob(store(), one, "first ");
    REQUIRE(writer->append({}));
    REQUIRE(writer->append(as_bytes("second")));
    CHECK(absent(one));
    CHECK(all().empty());
    REQUIRE(writer->commit());
    writer.reset();
    CHECK(blob_text(**store().open(one)) == "first second");
    CHECK(all() == std::map<AttachmentId, std::uint64_t>{{one, 12}});
  }

  SUBCASE("one of no bytes is a blob too") {
    put_blob(store(), one, "");
    CHECK((*store().open(one))->size() == 0);
    CHECK(blob_text(**store().open(one)).empty());
  }

  SUBCASE("a part is read from any place, and nothing beyond the end") {
    std::string content;
    for (int i = 0; i < 100'000; ++i) content += static_cast<char>('a' + i % 26);
    put_blob(store(), one, content);
    const auto blob = *store().open(one);
    for (const std::size_t at : {0U, 1U, 65'535U, 65'536U, 99'999U}) {
      const auto bytes = blob->read(at, 1000);
      REQUIRE(bytes);
      CHECK(as_text(*bytes) == std::string_view(content).substr(at, 1000));
    }
    CHECK(blob->read(100'000, 10)->empty());
    CHECK(blob->read(~std::uint64_t{0}, 10)->empty());
    CHECK(blob->read(5, 0)->empty());
  }

  SUBCASE("what is not committed leaves nothing") {
    begin_blob(store(), one, "dropped").reset();
    CHECK(absent(one));
    CHECK(all().empty());
    put_blob(store(), one, "the id is free again");
    CHECK(blob_text(**store().open(one)) == "the id is free again");
  }

  SUBCASE("a blob is never written twice") {
    put_blob(store(), one, "first");
    const auto again = store().create(one);
    REQUIRE_FALSE(again);
    CHECK(again.error().rule == "blob.exists");
    CHECK(blob_text(**store().open(one)) == "first");
  }

  SUBCASE("removing is for ever, may be repeated, and does not disturb who reads") {
    put_blob(store(), one, "read on");
    put_blob(store(), two, "stays");
    const auto reader = *store().open(one);
    REQUIRE(store().remove(one));
    REQUIRE(store().remove(one));
    CHECK(absent(one));
    CHECK(blob_text(*reader) == "read on");
    CHECK(all() == std::map<AttachmentId, std::uint64_t>{{two, 5}});
    fixture->crash();
    CHECK(absent(one));
  }

  SUBCASE("a scan stops when told") {
    for (std::uint64_t n = 1; n <= 20; ++n) put_blob(store(), blob_id(n), std::string(n, 'x'));
    CHECK(all().size() == 20);
    int met = 0;
    REQUIRE(store().scan([&](AttachmentId, std::uint64_t) { return ++met < 3; }));
    CHECK(met == 3);
  }

  SUBCASE("a crash keeps what was committed and nothing of the rest") {
    put_blob(store(), one, "kept");
    auto open = begin_blob(store(), two, "half");
    fixture->crash();
    CHECK(blob_text(**store().open(one)) == "kept");
    CHECK(absent(two));
    CHECK(all().size() == 1);
    open.reset();
    CHECK(blob_text(**store().open(one)) == "kept");
    put_blob(store(), two, "whole");
    CHECK(blob_text(**store().open(two)) == "whole");
  }
}

}  // namespace parlance::tests
