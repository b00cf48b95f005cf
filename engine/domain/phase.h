#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace parlance::conversation {

/// The base states of a conversation. A workspace's own sub-states each belong to one of them. Stored: only add.
enum class Phase : std::uint8_t {
  absent = 0,
  fresh = 1 /* "new" */,
  open = 2,
  waiting_customer = 3,
  waiting_third_party = 4,
  snoozed = 5,
  resolved = 6,
  closed = 7,
  spam = 8,
};
[[nodiscard]] std::string_view to_text(Phase phase);
[[nodiscard]] std::optional<Phase> parse_phase(std::string_view text);
/// Work is still to be done: neither resolved, closed nor spam.
[[nodiscard]] constexpr bool is_active(Phase phase) {
  return phase >= Phase::fresh && phase <= Phase::snoozed;
}

}  // namespace parlance::conversation
