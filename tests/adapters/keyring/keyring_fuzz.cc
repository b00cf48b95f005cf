// Any bytes at all in place of one of a keyring's files, or written over it; the first byte says of which, the next two where. What
// opens is the keyring that was made.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "adapters/keyring/file_keyring.h"
#include "engine/base/assert.h"
#include "tests/support/fuzz_file.h"

using namespace parlance;
namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 3> names{"root.key", "secrets", "buckets"};

Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Made {
  tests::FuzzFolder folder;
  fs::path path = folder.path() / "keys";
  std::array<Bytes, 3> files;
  std::array<std::uint8_t, 16> fingerprint{};
  Made() {
    PARLANCE_ASSERT(FileKeyring::create(path).has_value(), "a keyring is made");
    fingerprint = FileKeyring::open(path).value()->fingerprint();
    for (std::size_t i = 0; i < names.size(); ++i) files[i] = read(path / names[i]);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 8'192) return 0;
  static const Made made;
  // The largest file costs milliseconds, so it is not tried as often as the others.
  const std::size_t which = data[0] % 16 == 0 ? 2 : data[0] % 2;
  const ByteView input(data + 3, size - 3);
  Bytes bytes(input.begin(), input.end());
  if (data[0] < 128) {
    bytes = made.files[which];
    const std::size_t at = (data[1] * 256U + data[2]) % bytes.size();
    std::copy_n(input.begin(), std::min(input.size(), bytes.size() - at),
                bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  (void)made.folder.write(std::string("keys/") + names[which], bytes);
  const auto opened = FileKeyring::open(made.path);
  const bool same = bytes == made.files[which];
  if (opened) {
    PARLANCE_ASSERT((*opened)->fingerprint() == made.fingerprint, "what opens is what was made");
    // Hexadecimal digits may be of either case.
    PARLANCE_ASSERT(same || which == 0, "nobody without the root key makes a file that opens");
  } else {
    PARLANCE_ASSERT(!same && opened.error().rule.starts_with("keyring."), "a refusal has its rule");
  }
  if (!same) (void)made.folder.write(std::string("keys/") + names[which], made.files[which]);
  return 0;
}
