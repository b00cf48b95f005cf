#include "adapters/memory/memory_blobs.h"

#include "tests/contract/blob_store_contract.h"

namespace parlance::tests {
namespace {

class MemoryBlobsFixture final : public BlobStoreFixture {
 public:
  BlobStore& store() override { return *blobs_; }
  void crash() override { blobs_ = std::make_unique<MemoryBlobs>(storage_); }

 private:
  std::shared_ptr<MemoryBlobStorage> storage_ = std::make_shared<MemoryBlobStorage>();
  std::unique_ptr<MemoryBlobs> blobs_ = std::make_unique<MemoryBlobs>(storage_);
};

}  // namespace

TEST_CASE("blobs in memory keep the contract") {
  blob_store_contract([] { return std::make_unique<MemoryBlobsFixture>(); });
}

TEST_CASE("a full memory says so, and has room again for what is dropped") {
  const auto storage = std::make_shared<MemoryBlobStorage>();
  storage->room = 10;
  MemoryBlobs blobs(storage);
  auto writer = *blobs.create(blob_id(1));
  REQUIRE(writer->append(as_bytes("12345678")));
  CHECK(writer->append(as_bytes("901")).error().rule == "blob.no_space");
  writer.reset();
  put_blob(blobs, blob_id(1), "1234567890");
  CHECK((*blobs.create(blob_id(2)))->append(as_bytes("1")).error().rule == "blob.no_space");
  REQUIRE(blobs.remove(blob_id(1)));
  put_blob(blobs, blob_id(2), "1234567890");
}

}  // namespace parlance::tests
