#pragma once
#include <filesystem>

#include "tools/parlance/report.h"

namespace parlance::tools {

/// A folder of this process's own, below TMPDIR or the system's temporary folder; removed at the end.
class ScratchFolder {
 public:
  [[nodiscard]] static Done<ScratchFolder> make();
  ~ScratchFolder();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty: moved away
};

}  // namespace parlance::tools
