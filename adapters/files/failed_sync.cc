#include "adapters/files/failed_sync.h"

#include <utility>

namespace parlance::files {
namespace {
FailedSync& handler() {
  static FailedSync set;
  return set;
}
}  // namespace

void on_failed_sync(FailedSync handler_to_be) { handler() = std::move(handler_to_be); }

void tell_failed_sync(const std::filesystem::path& path, const std::string& what) {
  if (handler()) handler()(path, what);
}

}  // namespace parlance::files
