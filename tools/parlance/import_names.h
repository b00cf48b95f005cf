#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/ports/row_store.h"
#include "tools/parlance/scratch_folder.h"

namespace parlance::tools {

/// What the lines of an import are called, and the ids they got. In memory up to names_in_memory_max of them; beyond that in a
/// scratch store, so a file of any length takes no more memory. Threads: one.
class ImportNames {
 public:
  static constexpr std::size_t names_in_memory_max = 200'000;

  explicit ImportNames(std::size_t in_memory_max = names_in_memory_max) : in_memory_max_(in_memory_max) {}
  [[nodiscard]] Done<std::optional<std::string>> get(const std::string& name) const;
  [[nodiscard]] Done<void> put(const std::string& name, std::string value);

 private:
  [[nodiscard]] Done<void> spill();
  std::size_t in_memory_max_;
  std::unordered_map<std::string, std::string> recent_;
  std::optional<ScratchFolder> folder_;  // before the store, which lies in it
  std::unique_ptr<RowStore> store_;
  RowFamily* rows_ = nullptr;
};

}  // namespace parlance::tools
