#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tools/parlance/report.h"

namespace parlance::tools {

/// What lines of an import call things that are on the desk already: a file with one JSON object, {"ann": "agt_..."}, at most 16 MB. An
/// empty path: none.
[[nodiscard]] Done<std::map<std::string, std::string>> read_import_map(const std::filesystem::path& path);

}  // namespace parlance::tools
