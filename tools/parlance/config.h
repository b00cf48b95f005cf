#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/parlance/report.h"

namespace CLI {
class App;
}

/// What `serve` is told, from four places: a flag wins over the environment, that over the file, that over the default.
///
/// Every option that takes a value has all three spellings: `--listen`, PARLANCE_LISTEN, and in the file `listen = "127.0.0.1:8080"`, with
/// underscores for dashes. The file is TOML, one key an option, no tables. A key that no option has is an error that names its line.
namespace parlance::tools {

struct Configured {
  std::string key;  ///< as in the file
  std::string value;
  std::string
      origin;  ///< "default", "file /etc/parlance/parlance.toml, line 3", "environment PARLANCE_LISTEN", "flag --listen"
};

/// Adds --config and PARLANCE_CONFIG.
void add_config(CLI::App& command, std::filesystem::path& file);
/// For the command's callback, where the flags are set: fills in the options of `command` that no flag gave, and tells of all where they
/// come from, in the order of the help.
[[nodiscard]] Done<std::vector<Configured>> configure(CLI::App& command, const std::filesystem::path& file);

}  // namespace parlance::tools
