#include "tools/parlance/scratch_folder.h"

#include <cerrno>
#include <cstring>
#include <stdlib.h>
#include <utility>

#include <fmt/core.h>

namespace parlance::tools {

Done<ScratchFolder> ScratchFolder::make() {
  std::error_code error;
  const std::filesystem::path below = std::filesystem::temp_directory_path(error);
  std::string name = ((error ? "/tmp" : below) / "parlance-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return Failure{Exit::failed, fmt::format("no temporary folder {}: {}", name, std::strerror(errno))};
  return ScratchFolder(std::filesystem::path(name));
}
ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace parlance::tools
