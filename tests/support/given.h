#pragma once
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "engine/base/error.h"
#include "tests/support/print.h"
#include "tests/support/show.h"

namespace parlance::tests {

/// The one door to a decider's tests: a history, a command and an outcome.
///
///     using given = tests::Given<State, Event>;
///     given({opened()}).when(Assign{kim}).then({Assigned{kim, billing}});
///     given({opened(), closed()}).when(Assign{kim}).then_refused("conversation.closed");
///
/// `evolve` and `decide` are found beside State. Whatever is decided is decided twice and must come out equal, and evolves
/// into a state without harm. A failure says the history, the command's type, and what was wanted and what came.
template <class State, class Event> class Given {
 public:
  Given(std::initializer_list<Event> history) : Given(std::vector<Event>(history)) {}
  explicit Given(std::vector<Event> history) : history_(std::move(history)) {
    for (const Event& event : history_) state_ = evolve(std::move(state_), event);
  }

  /// What the history folds into.
  [[nodiscard]] const State& state() const { return state_; }

  class Decided {
   public:
    /// Exactly these events, in order.
    void then(const std::vector<Event>& wanted,
              const std::source_location& where = std::source_location::current()) const {
      if (!outcome_ || *outcome_ != wanted) fail(where, show_lines(wanted));
    }
    /// It is already so: accepted, and no event.
    void then_nothing(const std::source_location& where = std::source_location::current()) const {
      then({}, where);
    }
    /// The domain's no under this rule, with words for people.
    void then_refused(std::string_view rule,
                      const std::source_location& where = std::source_location::current()) const {
      then_error(Errc::refused, rule, where);
    }
    void then_not_found(std::string_view rule,
                        const std::source_location& where = std::source_location::current()) const {
      then_error(Errc::not_found, rule, where);
    }

   private:
    friend class Given;
    Decided(std::string story, Result<std::vector<Event>> outcome)
        : story_(std::move(story)), outcome_(std::move(outcome)) {}
    void then_error(Errc code, std::string_view rule, const std::source_location& where) const {
      if (outcome_ || outcome_.error().code != code || outcome_.error().rule != rule ||
          outcome_.error().detail.empty())
        fail(where,
             std::string(code == Errc::refused ? "  refused: " : "  not found: ") + std::string(rule) + '\n');
    }
    void fail(const std::source_location& where, const std::string& wanted) const {
      const std::string came = outcome_ ? show_lines(*outcome_)
                                        : "  error: " + std::string(outcome_.error().rule) + " (" +
                                              outcome_.error().detail + ")\n";
      ADD_FAIL_CHECK_AT(where.file_name(), static_cast<int>(where.line()),
                        story_ << "then\n"
                               << wanted << "but came\n"
                               << came);
    }
    std::string story_;
    Result<std::vector<Event>> outcome_;
  };

  template <class Command> [[nodiscard]] Decided when(const Command& command) const {
    Result<std::vector<Event>> outcome = decide(state_, command);
    CHECK_MESSAGE(outcome == decide(state_, command), "a command decided twice comes out equal");
    if (outcome) {
      State after = state_;
      for (const Event& event : *outcome) after = evolve(std::move(after), event);
    }
    return Decided("given\n" + show_lines(history_) + "when\n  " + shown::type_name<Command>() + '\n',
                   std::move(outcome));
  }

 private:
  std::vector<Event> history_;
  State state_{};
};

}  // namespace parlance::tests
