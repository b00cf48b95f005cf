#pragma once
#include "engine/domain/settings.h"
#include "schemas/settings_generated.h"
#include "schemas/wire.h"

/// A policy stands in events of the settings and in what partitions adopt. For the .cc files of this folder alone.
namespace parlance::codec {

[[nodiscard]] inline flatbuffers::Offset<wire::settings::Policy> write_policy(
    Builder& builder, const settings::Policy& policy) {
  wire::settings::PolicyBuilder b(builder);
  if (policy.first_response_ms) b.add_first_response_ms(stored_ms(*policy.first_response_ms));
  if (policy.auto_close_ms) b.add_auto_close_ms(stored_ms(*policy.auto_close_ms));
  b.add_reopen_window_ms(stored_ms(policy.reopen_window_ms));
  return b.Finish();
}
inline void read_policy(Reading& r, const wire::settings::Policy& in, settings::Policy& out) {
  r.ms(in.first_response_ms(), out.first_response_ms);
  r.ms(in.auto_close_ms(), out.auto_close_ms);
  r.ms(in.reopen_window_ms(), out.reopen_window_ms);
}

}  // namespace parlance::codec
