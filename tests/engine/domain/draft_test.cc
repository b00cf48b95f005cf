#include "engine/domain/draft.h"

#include <doctest/doctest.h>

#include "tests/support/given.h"

namespace parlance::draft {
namespace {

using given = tests::Given<State, Event>;
const ConversationId talk{{1, 1}};
const AgentId kim{{2, 2}};
const ReferenceId ada{{3, 3}};
constexpr Instant at(std::int64_t ms) { return {ms}; }

Keep keep(std::string text, Instant when, DraftKind kind = DraftKind::reply) {
  return {talk, kim, kind, std::move(text), ada, when};
}
Kept kept(std::string text, Instant when, DraftKind kind = DraftKind::reply) {
  return {talk, kim, kind, Personal<std::string>(std::move(text), ada, FieldClass::content), when};
}

TEST_CASE("a draft is kept as it is now, and an empty one is thrown away") {
  given({}).when(keep("Dear", at(1))).then({kept("Dear", at(1))});
  given({kept("Dear", at(1))}).when(keep("Dear Ada", at(2))).then({kept("Dear Ada", at(2))});
  given({kept("Dear", at(1))}).when(keep("", at(2))).then({Dropped{talk, kim, false, at(2)}});
  given({}).when(keep("", at(2))).then_nothing();
  given({kept("Dear", at(1)), Dropped{talk, kim, true, at(2)}}).when(keep("", at(3))).then_nothing();
}
TEST_CASE("sending takes the draft of that kind") {
  given({kept("Dear", at(1))}).when(Send{DraftKind::reply, at(2)}).then({Dropped{talk, kim, true, at(2)}});
  given({kept("Dear", at(1))}).when(Send{DraftKind::note, at(2)}).then_nothing();
  given({}).when(Send{DraftKind::reply, at(2)}).then_nothing();
}
TEST_CASE("a draft says what it is of, and has at most 64 KiB") {
  given({}).when(keep("Dear", at(1), DraftKind::none)).then_refused("draft.no_kind");
  given({}).when(keep(std::string(text_bytes_max + 1, 'x'), at(1))).then_refused("draft.text_too_long");
}

}  // namespace
}  // namespace parlance::draft
