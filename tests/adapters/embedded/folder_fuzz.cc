// Any bytes at all as the format file, the sealed mark or the manifest mark of a log's folder; the first byte says which. A byte that says
// that its checksum is right makes it so.
#include <algorithm>
#include <filesystem>

#include "adapters/embedded/log_folder.h"
#include "adapters/embedded/manifest_mark.h"
#include "adapters/embedded/sealed_mark.h"
#include "engine/base/assert.h"
#include "engine/base/hash.h"
#include "tests/support/fuzz_file.h"

using namespace parlance;
using namespace parlance::embedded;

namespace {

constexpr std::size_t areas = 5;
const LogId log_id = LogId::from({7, 9});

void check_format(const tests::FuzzFolder& folder, ByteView input) {
  Bytes text(input.begin(), input.end());
  if (!input.empty() && input[0] % 2 == 0) {
    const std::string sum = to_hex(ByteWriter().be(crc32(text)).bytes());
    for (const char c : "crc32 " + sum + "\n") text.push_back(static_cast<std::uint8_t>(c));
  }
  (void)folder.write("format", text);
  const auto opened = LogFolder::open(folder.path(), false);
  if (!opened) {
    PARLANCE_ASSERT(opened.error().rule.starts_with("log."), "a refusal has its rule");
    return;
  }
  PARLANCE_ASSERT(opened->identity().partitions >= 1 && opened->identity().partitions <= partitions_max,
                  "a log has as many partitions as it may");
}

void check_mark(const tests::FuzzFolder& folder, ByteView input) {
  const auto path = folder.path() / "mark";
  // A mark as it is made, in which the input stands from a place on that it names.
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  PARLANCE_ASSERT(SealedMarkFile::create(path, log_id, 2, areas).has_value(), "a mark is made");
  if (input.size() < 2) return;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp((input[0] * 4) % (128 * (areas + 1)));
  file.write(reinterpret_cast<const char*>(input.data()) + 2, static_cast<std::streamsize>(input.size() - 2));
  file.close();
  if (input[1] % 4 == 0) std::filesystem::resize_file(path, input.size(), ignored);
  const auto opened = SealedMarkFile::open(path, log_id, 2, areas, false);
  if (!opened) {
    PARLANCE_ASSERT(opened.error().rule.starts_with("log.mark"), "a refusal has its rule");
    return;
  }
  for (std::size_t area = 0; area < areas; ++area) (void)opened->mark(area);
}

void check_manifest_mark(const tests::FuzzFolder& folder, ByteView input) {
  Bytes mark(input.begin(), input.end());
  mark.resize(manifest_mark_bytes - sizeof(std::uint32_t));
  if (!input.empty() && input.back() % 2 == 0) {
    std::ranges::copy(as_bytes("PLCMANI1"), mark.begin());
    mark = ByteWriter().raw(mark).le(crc32(mark)).take();
  }
  (void)folder.write("manifest-mark", mark);
  (void)folder.write("CURRENT", input.empty() ? input : input.subspan(input.size() / 2));
  (void)folder.write("MANIFEST-000001", input);
  const ManifestMark reader(folder.path() / "manifest-mark", folder.path());
  const auto checked = reader.check();
  PARLANCE_ASSERT(checked || checked.error().rule == "log.behind_mark", "a refusal has its rule");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tests::FuzzFolder folder;
  if (size == 0 || size > 8'192) return 0;
  if (data[0] % 2 == 0)
    check_format(folder, {data + 1, size - 1});
  else if (data[0] % 4 == 3)
    check_manifest_mark(folder, {data + 1, size - 1});
  else
    check_mark(folder, {data + 1, size - 1});
  return 0;
}
