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
/// A history is being brought in from elsewhere. What its commands touch runs on their times instead of the clock's until it is
/// closed, so that no ten-year-old promise breaks before the line that kept it is read.
struct ImportOpened {
  ImportId id;
  bool operator==(const ImportOpened&) const = default;
};
struct ImportClosed {
  ImportId id;
  bool operator==(const ImportClosed&) const = default;
};
inline constexpr std::size_t imports_max = 16;  ///< open at once
using Event = std::variant<PolicyChanged, TagAdded, ImportOpened, ImportClosed>;

struct State {
  Policy policy;
  std::vector<Tag> tags;
  std::vector<ImportId> imports;  ///< open
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
/// One that is open, or closed, already: nothing. One that was closed may be opened again.
struct OpenImport {
  ImportId id;
};
struct CloseImport {
  ImportId id;
};
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const ChangePolicy& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const AddTag& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const OpenImport& command);
[[nodiscard]] Result<std::vector<Event>> decide(const State& state, const CloseImport& command);

}  // namespace parlance::settings
