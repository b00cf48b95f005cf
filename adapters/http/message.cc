#include "adapters/http/message.h"

#include <boost/url.hpp>

namespace parlance::http {
namespace {
constexpr std::size_t target_bytes_max = 4096;

}  // namespace

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned min, unsigned max) {
    return byte(i) >= min && byte(i) <= max;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (within(0, 0xc2, 0xdf)) return within(1, 0x80, 0xbf) ? 2 : 0;
  if (within(0, 0xe0, 0xef))
    return within(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && within(2, 0x80, 0xbf) ? 3 : 0;
  if (within(0, 0xf0, 0xf4))
    return within(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && within(2, 0x80, 0xbf) &&
                   within(3, 0x80, 0xbf)
               ? 4
               : 0;
  return 0;
}
bool is_utf8_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool parse_target(std::string_view target, HttpRequest& out) {
  if (target.size() > target_bytes_max) return false;
  const auto parsed = boost::urls::parse_origin_form(boost::core::string_view(target.data(), target.size()));
  if (!parsed) return false;
  out.target = target;
  out.path = parsed->path();
  out.query.clear();
  out.all_q.clear();
  if (!is_utf8_text(out.path)) return false;
  for (const auto& param : parsed->params()) {
    if (!is_utf8_text(param.key) || !is_utf8_text(param.value)) return false;
    const bool is_q = param.key == "q";
    if (is_q) out.all_q.push_back(param.value);
    if (!out.query.emplace(param.key, param.value).second && !is_q)
      return false;  // the same name twice says two things
  }
  return true;
}

}  // namespace parlance::http
