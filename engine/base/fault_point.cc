#include "engine/base/fault_point.h"

#include <dlfcn.h>

namespace parlance {
namespace detail {
std::atomic<FaultPointListener> fault_point_listener{
    reinterpret_cast<FaultPointListener>(::dlsym(RTLD_DEFAULT, "parlance_at_fault_point"))};
}

void listen_at_fault_points(FaultPointListener listener) { detail::fault_point_listener = listener; }

}  // namespace parlance
