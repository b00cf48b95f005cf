// Any bytes at all as a backup's manifest, a backup folder's format, and the manifest and ledger of a keyring's backup; the first byte says
// which. A manifest whose end is asked for gets it, with the right checksum.
#include <algorithm>
#include <filesystem>

#include "engine/base/assert.h"
#include "engine/base/hash.h"
#include "tests/support/fuzz_file.h"
#include "tests/support/memory_holds.h"
#include "tools/parlance/backup_folder.h"
#include "tools/parlance/backup_manifest.h"
#include "tools/parlance/key_backup.h"

using namespace parlance;
using namespace parlance::tools;

namespace {

void check_manifest(const tests::FuzzFolder& folder, ByteView input, bool ended) {
  std::string text(as_text(input));
  if (ended) {
    if (!text.ends_with('\n')) text.push_back('\n');
    const auto lines = std::ranges::count(text, '\n');
    text += R"({"kind":"end","lines":")" + std::to_string(lines) + R"(","sha256":")" +
            to_hex(sha256(as_bytes(text))) + "\"}\n";
  }
  const auto read = read_manifest(folder.write("manifest", as_bytes(text)));
  if (!read) {
    PARLANCE_ASSERT(read.error().rule.starts_with("backup."), "a refusal has its rule");
    return;
  }
  PARLANCE_ASSERT(read->ends.size() == read->marks.areas.size() - 3, "a manifest names each partition's end");
  (void)read->bytes();
  (void)read->records();
  const auto path = folder.path() / "again";
  PARLANCE_ASSERT(write_manifest(path, *read).has_value(), "what was read is written");
  const auto again = read_manifest(path);
  PARLANCE_ASSERT(again && again->files == read->files && again->ends == read->ends &&
                      again->number == read->number && again->created_at == read->created_at &&
                      again->program == read->program && again->keyring_serial == read->keyring_serial,
                  "a manifest survives writing and reading");
}

void check_folder(const tests::FuzzFolder& folder, ByteView input) {
  std::filesystem::create_directories(folder.path() / "backups");
  (void)folder.write("backups/format", input);
  const auto opened = BackupFolder::open(folder.path() / "backups", false);
  PARLANCE_ASSERT(opened || opened.error().rule.starts_with("backup."), "a refusal has its rule");
}

void check_keys(const tests::FuzzFolder& folder, ByteView input, bool ledger) {
  std::filesystem::create_directories(folder.path() / "keys" / "1");
  const std::string line = "parlance key backups 1\n";
  (void)folder.write("keys/format", as_bytes(line));
  for (const char* name : {"root.key", "buckets", "secrets", "ledger"})
    (void)folder.write(std::string("keys/1/") + name, ledger ? input : ByteView{});
  std::string manifest(as_text(input));
  if (ledger) {
    const std::string sum = to_hex(sha256(input));
    manifest = R"({"log":"log_00000000000000000000000001","created_at":"2026-01-01T00:00:00Z","files":{)";
    for (const char* name : {"root.key", "buckets", "secrets", "ledger"})
      manifest += (manifest.ends_with('{') ? "\"" : ",\"") + std::string(name) + "\":\"" + sum + "\"";
    manifest += "}}";
  }
  (void)folder.write("keys/1/manifest", as_bytes(manifest));
  const tests::MemoryHolds listing;
  const auto found = find_key_backup(folder.path() / "keys");
  PARLANCE_ASSERT(!found, "nobody makes up a keyring");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tests::FuzzFolder folder;
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0: check_folder(folder, input); break;
    case 1: check_keys(folder, input, false); break;
    case 2: check_keys(folder, input, true); break;
    case 3: check_manifest(folder, input, false); break;
    default: check_manifest(folder, input, true); break;
  }
  return 0;
}
