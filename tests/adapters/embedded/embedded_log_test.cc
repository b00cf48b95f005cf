#include "tests/adapters/embedded/embedded_fixture.h"
#include "tests/contract/event_log_contract.h"
#include "tests/contract/vault_contract.h"

namespace parlance::tests {
namespace {

MakeLog with(const EmbeddedLogOptions& options) {
  return [options](PartitionId partitions) { return std::make_unique<EmbeddedFixture>(partitions, options); };
}

}  // namespace

TEST_CASE("the embedded log keeps the contract") { event_log_contract(with({})); }

TEST_CASE("the embedded log keeps the contract when nothing is served from memory") {
  event_log_contract(with({.recent_bytes = 0}));
}

TEST_CASE("the embedded log serves many owners and readers at once") {
  event_log_threads_contract(with({}));
  event_log_threads_contract(with({.recent_bytes = 2000}));
}

TEST_CASE("the embedded vault keeps the contract") { vault_contract(with({})); }

}  // namespace parlance::tests
