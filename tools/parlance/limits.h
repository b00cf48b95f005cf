#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parlance::tools {

struct ServeOptions;

/// Every limit of a server in one list, with what it is now. The figures lie with what they bound: this names them, and holds none.
struct Limit {
  std::string_view name;
  std::string_view unit;
  double value = 0;
  std::string_view setting;  ///< the option of `serve` that changes it; empty: the program's own
  std::string_view meaning;  ///< and what happens at it
};
[[nodiscard]] std::vector<Limit> limits_of(const ServeOptions& options);

}  // namespace parlance::tools
