#pragma once
#include <vector>

#include "adapters/http/metrics.h"

namespace parlance::tools {

/// What every Prometheus client tells of its process, under the usual names: CPU, memory, descriptors, threads, start. From /proc.
void add_process_figures(std::vector<http::MetricFamily>& families);

}  // namespace parlance::tools
