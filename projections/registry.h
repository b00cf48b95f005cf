#pragma once
#include <vector>

#include "projections/projection.h"

namespace parlance {

/// Every view of the product.
[[nodiscard]] std::vector<Projection> registry();

}  // namespace parlance
