#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http/stream.h"
#include "engine/base/error.h"

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
  [[nodiscard]] bool has_header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers)
      if (name == lower_case_name) return true;
    return false;
  }
  /// Empty also where it is missing.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers)
      if (name == lower_case_name) return value;
    return {};
  }
};

/// A large body on its way out, made piece by piece as the client takes it. Threads: one at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// The next piece, never empty before the end. After an error the connection is cut: a body that is not whole never looks whole.
  [[nodiscard]] virtual Result<std::string> next() = 0;
};

/// A large body on its way in, taken piece by piece. Destroyed before end(): it was cut off, or somebody answered. Threads: one at a
/// time.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// A longer body is refused with 413 before or while it comes.
  [[nodiscard]] virtual std::uint64_t bytes_max() const = 0;
  /// The client sends no more than the kernel holds until this returns. False: it has answered, and takes no more.
  [[nodiscard]] virtual bool take(std::string_view piece) = 0;
  /// That was all; it answers now or later.
  virtual void end() = 0;
};

struct HttpResponse {
  unsigned status = 200;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string_view fixed;  ///< when not empty: a body that lives as long as the program, instead of `body`
  std::shared_ptr<BodySource> source;  ///< when set: the body, instead of `body`
  /// Not null: the connection goes on as a stream, with status 101 as a WebSocket, with 200 as an answer without an end.
  std::shared_ptr<StreamHandler> stream;
  // Of a problem, for the line in the server's log that its reader may ask for:
  std::string code{};
  std::string trace{};
};
/// Called once, on any thread.
using Respond = std::function<void(HttpResponse)>;

/// The length of the UTF-8 character that `text` begins with; 0 where it begins with none (RFC 3629, section 4: neither
/// overlong forms nor surrogates nor anything above U+10FFFF).
[[nodiscard]] std::size_t utf8_length(std::string_view text);
/// Well-formed UTF-8 without a NUL, at which whatever is written in C would cut it.
[[nodiscard]] bool is_utf8_text(std::string_view text);

/// Splits and decodes a target. False, and `out` is worth nothing, when it is not a path and query in well-formed
/// percent-encoded UTF-8 of at most 4 KiB, or holds a NUL or the same parameter twice (but for `q`).
[[nodiscard]] bool parse_target(std::string_view target, HttpRequest& out);

}  // namespace parlance::http
