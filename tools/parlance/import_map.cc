#include "tools/parlance/import_map.h"

#include <fstream>
#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "tools/parlance/output.h"

namespace parlance::tools {

Done<std::map<std::string, std::string>> read_import_map(const std::filesystem::path& path) {
  constexpr std::size_t bytes_max = 16'000'000;
  std::map<std::string, std::string> out;
  if (path.empty()) return out;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.view().size() > bytes_max)
    return Failure{Exit::not_found, fmt::format("{}: it cannot be read", path.string())};
  json::error_code error;
  const json::value value = json::parse(text.view(), error);
  if (error || !value.is_object())
    return Failure{Exit::usage,
                   fmt::format("{} is not a JSON object such as {{\"ann\": \"agt_...\"}}", path.string())};
  for (const auto& member : value.get_object()) {
    if (!member.value().is_string())
      return Failure{Exit::usage,
                     fmt::format("{}: {} is not an id", path.string(), printable(std::string(member.key())))};
    out.emplace(std::string(member.key()), std::string(member.value().get_string()));
  }
  return out;
}

}  // namespace parlance::tools
