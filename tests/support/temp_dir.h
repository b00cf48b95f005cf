#pragma once
#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <unistd.h>

namespace parlance::tests {

/// A folder of its own, removed at the end: below TMPDIR where that is set, else in memory where there is such a file system (a database syncs
/// some dozen files when it is made), else below the system's temporary folder.
class TempDir {
 public:
  TempDir() {
    std::string name = (below() / "parlance-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder " + name);
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  [[nodiscard]] static std::filesystem::path below() {
    constexpr const char* in_memory = "/dev/shm";
    if (::getenv("TMPDIR") == nullptr && ::access(in_memory, W_OK) == 0) return in_memory;
    return std::filesystem::temp_directory_path();
  }
  std::filesystem::path path_;
};

}  // namespace parlance::tests
