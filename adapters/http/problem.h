#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/message.h"
#include "engine/base/error.h"

/// Errors as RFC 9457 problem documents.
namespace parlance::http {

/// One fault in a request's body: where (RFC 6901 JSON Pointer), which rule, what to do; in a text, at which character.
struct Fault {
  std::string pointer;
  std::string code;
  std::string detail;
  std::optional<std::size_t> offset{};
};

[[nodiscard]] HttpResponse problem(unsigned status, std::string_view code, std::string_view detail,
                                   const std::vector<Fault>& faults = {});
/// Which status an engine's error is, and its document. 503 carries Retry-After.
[[nodiscard]] HttpResponse problem(const Error& error);

}  // namespace parlance::http
