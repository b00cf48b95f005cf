#pragma once
#include <span>
#include <string>
#include <string_view>

namespace parlance::tools {

/// The one of `known` that `word` was most likely meant to be: at most a third of its letters, and at least one, mistyped, left
/// out, doubled or swapped. Empty where none is near.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string> known);

}  // namespace parlance::tools
