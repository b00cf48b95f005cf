#include "adapters/http/message.h"

#include <boost/url.hpp>

namespace parlance::http {
namespace {
constexpr std::size_t target_bytes_max = 4096;
}

bool parse_target(std::string_view target, HttpRequest& out) {
  if (target.size() > target_bytes_max) return false;
  const auto parsed = boost::urls::parse_origin_form(boost::core::string_view(target.data(), target.size()));
  if (!parsed) return false;
  out.target = target;
  out.path = parsed->path();
  out.query.clear();
  for (const auto& param : parsed->params())
    if (!out.query.emplace(param.key, param.value).second)
      return false;  // the same name twice says two things
  return out.path.find('\0') == std::string::npos;
}

}  // namespace parlance::http
