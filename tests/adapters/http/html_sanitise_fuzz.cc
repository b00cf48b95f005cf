#include <cstdint>
#include <cstdlib>
#include <string>

#include "adapters/http/html_sanitise.h"
#include "adapters/http/html_text.h"
#include "tests/adapters/http/html_allowed.h"

/// Whatever comes in, what comes out is on the list and reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlance::http;
  const std::string html(reinterpret_cast<const char*>(data), size);
  if (has_too_many_tags(html)) return 0;
  (void)text_of_html(html);
  const std::string out = sanitise_html(html);
  if (not_allowed(out) || sanitise_html(out) != out) std::abort();
  return 0;
}
