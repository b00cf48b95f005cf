#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/ports/row_store.h"

namespace parlance {

/// RowStore in memory: the reference behaviour, and the tests' double of a store that crashes.
///
/// A scan sees the rows as they were when it began, and its sink may call any function of the store. Threads: any.
class MemoryRows final : public RowStore {
 public:
  MemoryRows();
  ~MemoryRows() override;
  [[nodiscard]] std::vector<std::string> families() const override;
  [[nodiscard]] Result<RowFamily*> open(std::string_view family) override;
  [[nodiscard]] Result<void> drop(std::string_view family) override;
  [[nodiscard]] Result<void> renew() override;

  /// What a crash leaves: every family as it was at its last flush(), or empty. Families and drops stay, as do pointers to families.
  void lose_unflushed();

 private:
  class Family;
  mutable std::mutex mutex_;  ///< guards the map, not its families
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

}  // namespace parlance
