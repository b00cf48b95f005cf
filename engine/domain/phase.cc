#include "engine/domain/phase.h"

#include <algorithm>
#include <array>
#include <utility>

namespace parlance::conversation {
namespace {
constexpr std::array<std::pair<Phase, std::string_view>, 8> phases{
    {{Phase::fresh, "new"},
     {Phase::open, "open"},
     {Phase::waiting_customer, "waiting_customer"},
     {Phase::waiting_third_party, "waiting_third_party"},
     {Phase::snoozed, "snoozed"},
     {Phase::resolved, "resolved"},
     {Phase::closed, "closed"},
     {Phase::spam, "spam"}}};
}  // namespace

std::string_view to_text(Phase phase) {
  const auto it = std::ranges::find(phases, phase, [](const auto& p) { return p.first; });
  return it == phases.end() ? "absent" : it->second;
}
std::optional<Phase> parse_phase(std::string_view text) {
  const auto it = std::ranges::find(phases, text, [](const auto& p) { return p.second; });
  if (it == phases.end()) return std::nullopt;
  return it->first;
}

}  // namespace parlance::conversation
