#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/base/bytes.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {

/// A folder with files that a fuzz target's input is written to, for parsers that read files. In memory where there is such a file
/// system, and kept for the process's life.
class FuzzFolder {
 public:
  [[nodiscard]] const std::filesystem::path& path() const { return dir_.path(); }
  /// The file `name`, holding `bytes` alone.
  std::filesystem::path write(const std::string& name, ByteView bytes) const {
    std::filesystem::path file = dir_.path() / name;
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

 private:
  TempDir dir_;
};

}  // namespace parlance::tests
