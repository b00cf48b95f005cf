#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// An HTTP exchange as the routes see it: plain values, without the library that read them.
namespace parlance::http {

struct HttpRequest {
  std::string method;
  std::string target;                        ///< as sent: path and query
  std::string path;                          ///< decoded
  std::map<std::string, std::string> query;  ///< decoded
  std::vector<std::string> all_q;            ///< each `q`, the one parameter that may come more than once
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::string remote;  ///< the peer's address, for limits only
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers)
      if (name == lower_case_name) return value;
    return {};
  }
};

struct HttpResponse {
  unsigned status = 200;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string_view fixed;  ///< when not empty: a body that lives as long as the program, instead of `body`
};
/// Called once, on any thread.
using Respond = std::function<void(HttpResponse)>;

/// Splits and decodes a target. False, and `out` is worth nothing, when it is not a path and query in well-formed
/// percent-encoded UTF-8 of at most 4 KiB, or holds a NUL or the same parameter twice (but for `q`).
[[nodiscard]] bool parse_target(std::string_view target, HttpRequest& out);

}  // namespace parlance::http
