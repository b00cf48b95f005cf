#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/vocabulary.h"

/// A workspace's settings: policies and vocabulary as data. Decided in the workspace's own stream; every partition then
/// adopts the whole body (see adoption.h), and decisions use only what their own partition has adopted.
namespace parlance::settings {

/// Durations are milliseconds; none = the thing does not happen.
struct Policy {
  std::optional<std::int64_t> first_response_ms;  ///< target, plain calendar time
  std::optional<std::int64_t> auto_close_ms;      ///< after resolving
  std::int64_t reopen_window_ms =
      7 * 86'400'000LL;  ///< a customer's message this soon after resolving reopens
  bool operator==(const Policy&) const = default;
};
inline constexpr std::int64_t duration_ms_max = 3650LL * 86'400'000;

/// Words of the administrator's, with the ids that headers use for them.
struct Tag {
  TagId id;
  std::string name;
  bool operator==(const Tag&) const = default;
};
inline constexpr std::size_t tags_max = 1000;
inline constexpr std::size_t name_bytes_max = 200;

struct PolicyChanged {
  Policy policy;
  bool operator==(const PolicyChanged&) const = default;
};
struct TagAdded {
  TagId id;
  std::string name;
  bool operator==(const TagAdded&) const = default;
};
using Event = std::variant<PolicyChanged, TagAdded>;

struct State {
  Policy policy;
  std::vector<Tag> tags;
  bool operator==(const State&) const = default;
};
[[nodiscard]] State evolve(State state, const Event& event);

struct ChangePolicy {
  Policy policy;
};
struct AddTag {
  TagId id;
  std::string name;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangePolicy& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddTag& command);

}  // namespace parlance::settings
