#include "adapters/embedded/blob_folder.h"

#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/contract/blob_store_contract.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<BlobFolder> open_folder(const fs::path& dir) {
  auto opened = BlobFolder::open(dir);
  REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().detail));
  return std::move(*opened);
}

class BlobFolderFixture final : public BlobStoreFixture {
 public:
  BlobStore& store() override { return *blobs_; }
  void crash() override { blobs_ = open_folder(dir_ / "files"); }

 private:
  TempDir dir_;
  std::unique_ptr<BlobFolder> blobs_ = open_folder(dir_ / "files");
};

std::size_t files_below(const fs::path& dir) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) files += entry.is_regular_file() ? 1U : 0U;
  return files;
}

}  // namespace

TEST_CASE("blobs in a folder keep the contract") {
  blob_store_contract([] { return std::make_unique<BlobFolderFixture>(); });
}

TEST_CASE("blobs are files of their owner alone, under names that say nothing") {
  const TempDir dir;
  const auto blobs = open_folder(dir / "files");
  put_blob(*blobs, blob_id(1), "content");
  for (const auto& entry : fs::recursive_directory_iterator(dir / "files")) {
    struct stat found {};
    REQUIRE(::stat(entry.path().c_str(), &found) == 0);
    CHECK((found.st_mode & 077) == 0);
    if (entry.is_regular_file()) CHECK(entry.path().filename() == to_text(blob_id(1)));
  }
}

TEST_CASE("what a crash left half written is removed by opening, and what is not ours is left alone") {
  const TempDir dir;
  const fs::path files = dir / "files";
  auto blobs = open_folder(files);
  put_blob(*blobs, blob_id(1), "whole");
  fs::copy_file(files / to_text(blob_id(1)).substr(28) / to_text(blob_id(1)),
                files / "new" / to_text(blob_id(2)));
  std::ofstream(files / "new" / "letter.txt") << "dear";
  std::ofstream(files / "notes.txt") << "notes";
  fs::create_directories(files / "zz");
  std::ofstream(files / "zz" / "letter.txt") << "dear";
  REQUIRE(files_below(files) == 5);
  blobs = open_folder(files);
  CHECK(files_below(files) == 4);
  std::size_t met = 0;
  REQUIRE(blobs->scan([&](AttachmentId id, std::uint64_t size) {
    CHECK(id == blob_id(1));
    CHECK(size == 5);
    ++met;
    return true;
  }));
  CHECK(met == 1);
}

TEST_CASE("links and folders in a blob's place are not followed") {
  const TempDir dir;
  const fs::path files = dir / "files";
  const auto blobs = open_folder(files);
  std::ofstream(dir / "secret.txt") << "secret";
  const fs::path place = files / to_text(blob_id(1)).substr(28);
  fs::create_directories(place);
  fs::create_symlink(dir / "secret.txt", place / to_text(blob_id(1)));
  CHECK_FALSE(blobs->open(blob_id(1)));
  fs::remove(place / to_text(blob_id(1)));
  fs::create_directories(place / to_text(blob_id(1)));
  CHECK(blobs->open(blob_id(1)).error().code == Errc::unavailable);
  fs::create_symlink(dir / "secret.txt", files / "new" / to_text(blob_id(2)));
  CHECK_FALSE(blobs->create(blob_id(2)));
}

TEST_CASE(
    "a full disk refuses by name, leaves nothing of the blob, and takes the next one when there is room") {
  const TempDir dir;
  if (::mount("parlance-test", dir.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    MESSAGE("not run: this user may not mount");
    return;
  }
  {
    const auto blobs = open_folder(dir / "files");
    auto writer = *blobs->create(blob_id(1));
    const std::string piece(64 * 1024, 'x');
    Result<void> written;
    for (int i = 0; i < 40 && written; ++i) written = writer->append(as_bytes(piece));
    REQUIRE_FALSE(written);
    CHECK(written.error().code == Errc::read_only);
    CHECK(written.error().rule == "blob.no_space");
    writer.reset();
    CHECK(files_below(dir / "files") == 0);
    put_blob(*blobs, blob_id(2), piece);
  }
  ::umount2(dir.path().c_str(), MNT_DETACH);
}

}  // namespace parlance::tests
