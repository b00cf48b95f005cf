// Any requests at all, of an administrator who is signed in, to the routes over the engine, the views and the log, whole and in memory:
// each is answered once, and never with a fault of our own.
//
// An input is requests one after the other, each ended by a line "%%" or the end: a line "METHOD TARGET", lines "name: value", an
// empty line, the body. $cnv, $msg, $agt, $que, $sub, $tag and $pos stand for ids and a position that are there.
#include <algorithm>

#include "tests/adapters/http/api_desk.h"

using namespace parlance;
using parlance::tests::ApiDesk;

namespace {

constexpr std::size_t requests_max = 6;

std::string_view line_of(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

/// One request, if it is one.
void ask(ApiDesk& desk, std::string_view text) {
  std::string whole(text);
  for (const auto& [name, id] : desk.known())
    for (std::size_t at = whole.find(name); at != std::string::npos; at = whole.find(name, at + id.size()))
      whole.replace(at, name.size(), id);
  std::string_view rest = whole;
  http::HttpRequest request;
  const std::string_view first = line_of(rest);
  const std::size_t blank = std::min(first.find(' '), first.size());
  request.method = first.substr(0, blank);
  // The server takes a method's characters alone for one.
  const bool is_method = std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!is_method || request.method.empty()) return;
  if (!http::parse_target(first.substr(std::min(blank + 1, first.size())), request)) return;
  for (std::string_view line = line_of(rest); !line.empty(); line = line_of(rest)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    request.headers.emplace_back(std::move(name), line.substr(colon + 2));
  }
  request.body = rest;
  (void)desk.answer(std::move(request));
}

void ask_all(ApiDesk& desk, std::string_view input) {
  for (std::size_t n = 0; n < requests_max && !input.empty(); ++n) {
    const std::size_t end = input.find("\n%%\n");
    ask(desk, input.substr(0, std::min(end, input.size())));
    if (end == std::string_view::npos) return;
    input.remove_prefix(end + 4);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 50'000) return 0;
  ApiDesk desk;
  ask_all(desk, parlance::as_text({data, size}));
  return 0;
}
