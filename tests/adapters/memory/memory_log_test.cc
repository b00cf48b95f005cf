#include "adapters/memory/memory_log.h"

#include "tests/contract/event_log_contract.h"
#include "tests/contract/vault_contract.h"

namespace parlance::tests {
namespace {

class MemoryLogFixture final : public LogFixture {
 public:
  MemoryLogFixture(PartitionId partitions, bool hold)
      : storage_(std::make_shared<MemoryLogStorage>(
            MemoryLogOptions{.id = LogId::from({1, 2}), .partitions = partitions})) {
    storage_->hold_appends(hold);
    reopen();
  }
  EventLog& log() override { return *log_; }
  Vault& vault() override { return *vault_; }
  void reopen() override {
    log_ = std::make_unique<MemoryLog>(storage_);
    vault_ = std::make_unique<MemoryVault>(storage_);
  }
  void settle() override { storage_->deliver_all(); }

 private:
  std::shared_ptr<MemoryLogStorage> storage_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<MemoryVault> vault_;
};

MakeLog holding(bool hold) {
  return [hold](PartitionId partitions) { return std::make_unique<MemoryLogFixture>(partitions, hold); };
}

}  // namespace

TEST_CASE("the log in memory keeps the contract") { event_log_contract(holding(false)); }

TEST_CASE("the log in memory keeps the contract when records wait in flight") {
  event_log_contract(holding(true));
}

TEST_CASE("the log in memory serves many owners and readers at once") {
  event_log_threads_contract(holding(false));
}

TEST_CASE("the vault in memory keeps the contract") { vault_contract(holding(false)); }

}  // namespace parlance::tests
