#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/capsule_codec.h"
#include "schemas/envelope.h"

/// The values of the golden corpus: for every event alternative one sample with all it may have, and one with as little as it
/// may. A sample that is in the corpus is never changed: when an event gains a member, add a sample that has it, at the end.
namespace parlance::tests {

struct EnvelopeSample {
  std::string name;  ///< "conversation.opened/full"
  Envelope envelope;
};
[[nodiscard]] std::vector<EnvelopeSample> envelope_samples();

using AnyPlain = std::variant<std::string, MessageContent, Attachments, Preview, Identity, AgentProfile>;
struct CapsuleSample {
  std::string name;  ///< "message/full"
  AnyPlain value;
};
[[nodiscard]] std::vector<CapsuleSample> capsule_samples();

}  // namespace parlance::tests
