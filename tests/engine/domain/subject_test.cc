#include "engine/domain/subject.h"

#include <doctest/doctest.h>

#include "tests/support/given.h"

namespace parlance::subject {
namespace {

using given = tests::Given<State, Event>;
const ReferenceId row{{1, 1}};
const Identity mail{.channel = Channel::email, .address = "ada@example.org", .name = "Ada"};
const Identity phone{.channel = Channel::whatsapp, .address = "+491234567"};
constexpr Instant noon{1'764'000'000'000};

Created created() { return {row, noon}; }
IdentityAdded added(const Identity& identity, Instant at = noon) {
  return {identity.channel, Personal<Identity>(identity, row, FieldClass::contact), at};
}

TEST_CASE("a person begins with the address they wrote from, under a row of their own") {
  given({}).when(Create{row, mail, noon}).then({created(), added(mail)});
}
TEST_CASE("creating somebody who is there changes nothing, whatever row and address come along") {
  given({created(), added(mail)}).when(Create{row, mail, noon}).then_nothing();
  given({created(), added(mail)}).when(Create{ReferenceId{{2, 2}}, phone, noon + 1}).then_nothing();
}
TEST_CASE("an address is added under the person's row") {
  given({created(), added(mail)}).when(AddIdentity{phone, noon + 1}).then({added(phone, noon + 1)});
}
TEST_CASE("nobody there has no address") {
  given({}).when(AddIdentity{mail, noon}).then_not_found("subject.not_found");
}
TEST_CASE("a person has up to 100 addresses") {
  std::vector<Event> history{created()};
  for (std::size_t i = 1; i < identities_max; ++i) history.emplace_back(added(mail));
  given(history).when(AddIdentity{phone, noon}).then({added(phone)});
  history.emplace_back(added(mail));
  given(history).when(AddIdentity{phone, noon}).then_refused("subject.too_many_identities");
}
TEST_CASE("the state keeps sealed addresses and never plaintext") {
  IdentityAdded sealed = added(mail);
  const Sealed held{{EnvelopeId{{3, 3}}, 1}, row, FieldClass::contact};
  sealed.identity.seal(held);
  const State state = given({created(), sealed}).state();
  CHECK(state.row == row);
  REQUIRE(state.identities.size() == 1);
  CHECK(state.identities.front() == held);
  CHECK(given({created(), added(mail)}).state().identities.front() == Sealed{});
}

}  // namespace
}  // namespace parlance::subject
