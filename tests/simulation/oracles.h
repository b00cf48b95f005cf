#pragma once
#include "tests/simulation/world.h"

namespace parlance::simulation {

/// Judges a run that has come to rest: what clients were told against what the log holds, the log against a naive model, the
/// stored rows against those that folding from zero gives, the views against rebuilt ones, and that no personal text
/// stands in the clear anywhere. Throws Violation.
void judge(World& world);

}  // namespace parlance::simulation
