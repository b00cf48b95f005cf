#pragma once
#include <cstdint>

namespace parlance {

/// Why a fact is not counted. Stored: only add.
enum class LeftOut : std::uint8_t {
  no = 0,
  by_program = 1,         ///< a program replied
  withdrawn = 2,          ///< a fact came to light by which the breach was none
  not_answered = 3,       ///< the episode ended without an answer by a person
  closed_unresolved = 4,  ///< closed, and not resolved before
  corrected = 5,          ///< a later rating of the episode took its place
  undone = 6,             ///< the act was taken back
  spam = 7,               ///< the conversation is spam
  no_reply_needed = 8,    ///< an agent said that nobody waits for an answer
  // Found when a report is made, never stored:
  no_reply = 100,       ///< resolved without a reply by a person
  later_episode = 101,  ///< of another episode than the first
};

}  // namespace parlance
