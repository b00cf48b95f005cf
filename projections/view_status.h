#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/id.h"

/// What an operator sees of a view.
namespace parlance {

enum class Health : std::uint8_t {
  ok,
  degraded,  ///< some events could not be applied and stand in quarantine; the rest is served
  stopped,   ///< the partition's log cannot be followed further, or rows cannot be stored: `error` says why
};
[[nodiscard]] std::string_view to_text(Health health);

struct ViewStatus {
  std::string view;
  std::uint32_t version = 1;
  std::string family;  ///< which rows serve
  PartitionId partition = 0;
  Offset applied = 0;  ///< the next offset to apply
  Offset end = 0;      ///< the log's durable end
  Offset lag = 0;      ///< records between
  std::string hash;    ///< 32 hexadecimal digits
  Health health = Health::ok;
  std::uint64_t quarantined = 0;
  std::optional<Error> error;
};

/// An event that a view could not apply.
struct Quarantined {
  std::string view;
  PartitionId partition = 0;
  Offset offset = 0;
  std::optional<std::uint16_t> event;  ///< its index; none: the envelope itself does not decode
  std::string rule;
};

/// One view in one partition beside its rebuilt twin, at the same offset.
struct HashComparison {
  PartitionId partition = 0;
  Offset applied = 0;
  std::string live;     ///< as kept with every change
  std::string stored;   ///< summed anew over the rows that are stored
  std::string rebuilt;  ///< of the twin
  [[nodiscard]] bool equal() const { return live == rebuilt && stored == rebuilt; }
};

}  // namespace parlance
