#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/json.h"
#include "adapters/http/problem.h"
#include "engine/base/instant.h"

namespace parlance::http {

/// Reads the members of one JSON object and collects every fault, not just the first. A member that no call asked for is a
/// fault of finish(): a misspelt one must not be lost in silence.
class Fields {
 public:
  /// `at` is the object's own JSON Pointer, "" for the body.
  Fields(const json::value& value, std::string at, std::vector<Fault>& faults);

  [[nodiscard]] bool has(std::string_view name);
  /// "" where it is missing; `required` makes that a fault. An empty text counts as missing.
  [[nodiscard]] std::string text(std::string_view name, std::size_t bytes_max, bool required = false);
  [[nodiscard]] std::optional<Instant> instant(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t min,
                                                    std::int64_t max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  /// Null where it is missing; a fault where it is not an array, or longer.
  [[nodiscard]] const json::array* array(std::string_view name, std::size_t size_max);
  [[nodiscard]] const json::value* any(std::string_view name);
  void fault(std::string_view name, std::string_view code, std::string_view detail);
  void finish();

 private:
  const json::value* find(std::string_view name);
  const json::object* object_ = nullptr;
  std::string at_;
  std::vector<Fault>& faults_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace parlance::http
