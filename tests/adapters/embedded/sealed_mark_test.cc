#include "adapters/embedded/sealed_mark.h"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/print.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {
namespace {

using embedded::SealedMarkFile;
const LogId log_id = LogId::from({7, 9});
constexpr std::size_t areas = 5;

SealedMark mark_at(Offset next) { return {next, sha256(ByteWriter().le(next).bytes())}; }

struct MarkFile {
  MarkFile() { REQUIRE(SealedMarkFile::create(path(), log_id, 2, areas)); }
  [[nodiscard]] std::filesystem::path path() const { return temp / "sealed-mark"; }
  [[nodiscard]] Result<SealedMarkFile> open() const {
    return SealedMarkFile::open(path(), log_id, 2, areas, true);
  }
  void flip(std::size_t at) const {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 0x10));
  }
  TempDir temp;
};

/// Header, then two slots of 64 bytes an area.
std::size_t slot_at(std::size_t area, std::size_t slot) { return 128 + area * 128 + slot * 64; }

}  // namespace

TEST_CASE("new marks are at zero, and each area keeps its own last mark") {
  const MarkFile file;
  CHECK(std::filesystem::file_size(file.path()) == 128 + areas * 128);
  {
    auto marks = file.open();
    REQUIRE(marks);
    for (std::size_t a = 0; a < areas; ++a) CHECK(marks->mark(a) == SealedMark{});
    for (Offset next = 1; next <= 5; ++next) REQUIRE(marks->write(1, mark_at(next)));
    REQUIRE(marks->write(4, mark_at(10)));
    REQUIRE(marks->sync());
    CHECK(marks->mark(1) == mark_at(5));
  }
  const auto marks = file.open();
  REQUIRE(marks);
  CHECK(marks->mark(0) == SealedMark{});
  CHECK(marks->mark(1) == mark_at(5));
  CHECK(marks->mark(4) == mark_at(10));
}

TEST_CASE("a torn write of a mark leaves the one before it") {
  const MarkFile file;
  {
    auto marks = file.open();
    REQUIRE(marks->write(0, mark_at(1)));  // into the second slot
    REQUIRE(marks->write(0, mark_at(2)));  // into the first
  }
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{8}, std::size_t{41}, std::size_t{59}, std::size_t{63}}) {
    file.flip(slot_at(0, 0) + at);
    auto marks = file.open();
    REQUIRE(marks);
    CHECK(marks->mark(0) == mark_at(1));
    file.flip(slot_at(0, 0) + at);
    CHECK(file.open()->mark(0) == mark_at(2));
  }
  file.flip(slot_at(0, 0));
  auto marks = file.open();
  REQUIRE(marks->write(0, mark_at(3)));
  CHECK(file.open()->mark(0) == mark_at(3));
}

TEST_CASE("a mark file that cannot be trusted is refused with what to do") {
  const MarkFile file;
  const auto refused = [&](std::string_view rule) {
    const auto marks = file.open();
    REQUIRE_FALSE(marks);
    CHECK(marks.error().code == Errc::corrupt);
    CHECK(marks.error().rule == rule);
    CHECK(marks.error().detail.find("from a backup") != std::string::npos);
  };
  SUBCASE("both slots damaged") {
    file.flip(slot_at(3, 0));
    CHECK(file.open());
    file.flip(slot_at(3, 1) + 20);
    refused("log.mark_damaged");
  }
  SUBCASE("any byte of the header") {
    for (std::size_t at = 0; at < 128; ++at) {
      file.flip(at);
      refused("log.mark_damaged");
      file.flip(at);
    }
  }
  SUBCASE("cut or grown") {
    std::filesystem::resize_file(file.path(), 128 + areas * 128 - 1);
    refused("log.mark_damaged");
    std::filesystem::resize_file(file.path(), 128 + areas * 128 + 1);
    refused("log.mark_damaged");
    std::filesystem::resize_file(file.path(), 0);
    refused("log.mark_damaged");
  }
  SUBCASE("absent") {
    std::filesystem::remove(file.path());
    refused("log.mark_missing");
  }
  SUBCASE("another log's") {
    CHECK(SealedMarkFile::open(file.path(), LogId::from({7, 8}), 2, areas, true).error().rule ==
          "log.mark_damaged");
    CHECK(SealedMarkFile::open(file.path(), log_id, 3, areas, true).error().rule == "log.mark_damaged");
  }
  SUBCASE("a slot in the place of another area's") {
    auto marks = file.open();
    REQUIRE(marks->write(0, mark_at(1)));
    std::fstream stream(file.path(), std::ios::binary | std::ios::in | std::ios::out);
    std::string area(128, '\0');
    stream.seekg(128);
    stream.read(area.data(), 128);
    stream.seekp(256);
    stream.write(area.data(), 128);
    stream.close();
    refused("log.mark_damaged");
  }
}

}  // namespace parlance::tests
