#pragma once
#include "projections/ticket_view.h"

namespace parlance {

/// Added to the key of a conversation that rests, so that it comes after all that need work.
inline constexpr std::int64_t resting_ms = std::int64_t{1} << 50;

/// The order in which agents work, as one number that only events change: no order moves because time passes. Smallest first:
///
/// - an answer was promised and is not given (running, or broken and still open), whatever the state: its deadline;
/// - new or open with a customer's message unanswered: the oldest such message;
/// - new or open and nobody has replied in it yet, nor said that no reply is needed: its creation;
/// - all others rest, for a customer, a third party or a time: snoozed until then, else the last message (or creation).
[[nodiscard]] inline std::int64_t working_key(const TicketView::StreamRow& row) {
  if (TicketView::response_outstanding(row)) return row.response_due.ms;
  if (row.standing.to_do() && row.unanswered_since.is_set()) return row.unanswered_since.ms;
  if (row.standing.to_do() && row.replied == 0 && row.turn_ended == 0) return row.created_at.ms;
  if (row.standing.phase == conversation::Phase::snoozed && row.snoozed_until.is_set())
    return resting_ms + row.snoozed_until.ms;
  return resting_ms + (row.last_message_at.is_set() ? row.last_message_at.ms : row.created_at.ms);
}

}  // namespace parlance
