#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

/// The golden corpus: what programs of every release wrote, which must read as the same values for ever.
///
/// golden.txt has one entry a line: the sample's name (tests/schemas/samples.h), a space, and the bytes in hexadecimal. Lines that
/// begin with '#' are for people. Entries are only ever added.
namespace parlance::tests {

[[nodiscard]] Result<std::map<std::string, Bytes>> read_golden(const std::filesystem::path& file);

struct GoldenEntry {
  std::string name;
  Bytes bytes;
};
/// Every sample, as this program writes it.
[[nodiscard]] std::vector<GoldenEntry> encoded_samples();

}  // namespace parlance::tests
