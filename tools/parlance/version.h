#pragma once
#include <string_view>

namespace parlance::tools {
inline constexpr std::string_view version = PARLANCE_VERSION;
}
