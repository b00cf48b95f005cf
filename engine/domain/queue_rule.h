#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/id.h"

/// How a queue finds an owner for what waits in it. Decided by the desk, carried out by routing (engine/domain/routing.h).
namespace parlance {

/// Stored: only add.
enum class RuleKind : std::uint8_t {
  manual = 0,        ///< agents take what they choose; nothing is routed
  round_robin = 1,   ///< whoever has waited longest for a turn
  least_loaded = 2,  ///< whoever has the largest part of their capacity free
};
[[nodiscard]] constexpr std::string_view to_text(RuleKind kind) {
  switch (kind) {
    case RuleKind::manual: return "manual";
    case RuleKind::round_robin: return "round_robin";
    case RuleKind::least_loaded: return "least_loaded";
  }
  return "manual";
}
[[nodiscard]] constexpr std::optional<RuleKind> parse_rule_kind(std::string_view text) {
  for (const RuleKind kind : {RuleKind::manual, RuleKind::round_robin, RuleKind::least_loaded})
    if (to_text(kind) == text) return kind;
  return std::nullopt;
}

struct QueueRule {
  RuleKind kind = RuleKind::manual;
  bool prefers_language = false;         ///< of those who can, agents who speak the conversation's language
  std::vector<SkillId> skills;           ///< all of them are required
  TeamId team;                           ///< zero: anybody
  std::optional<std::int64_t> offer_ms;  ///< offered for so long; none: assigned at once
  bool operator==(const QueueRule&) const = default;
};
inline constexpr std::int64_t offer_ms_min = 5'000;
inline constexpr std::int64_t offer_ms_max = 24 * 3'600'000LL;

}  // namespace parlance
