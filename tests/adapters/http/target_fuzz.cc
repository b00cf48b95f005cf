// Any bytes at all as a request's target.
#include "adapters/http/message.h"
#include "engine/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance;
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  http::HttpRequest request;
  if (!http::parse_target(target, request)) return 0;
  PARLANCE_ASSERT(request.target == target, "the target is kept as sent");
  PARLANCE_ASSERT(request.path.starts_with('/'), "a path begins at the root");
  PARLANCE_ASSERT(request.path.find('\0') == std::string::npos, "no NUL in a path");
  PARLANCE_ASSERT(request.path.size() <= target.size(), "decoding never grows");
  return 0;
}
