#include "adapters/http/json.h"

#include <charconv>
#include <cmath>
#include <unordered_set>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

namespace parlance::http {
namespace {

/// Feeds a value_stack-like builder of our own, so that doubled members are seen before they would vanish.
class Handler {
 public:
  static constexpr std::size_t max_object_size = json_members_max;
  static constexpr std::size_t max_array_size = json_members_max;
  static constexpr std::size_t max_key_size = 4096;
  static constexpr std::size_t max_string_size = json_bytes_max;

  using error = json::error_code;

  bool on_document_begin(error&) { return true; }
  bool on_document_end(error&) { return true; }
  bool on_object_begin(error& ec) { return open(json::object{}, ec); }
  bool on_object_end(std::size_t, error&) { return close(); }
  bool on_array_begin(error& ec) { return open(json::array{}, ec); }
  bool on_array_end(std::size_t, error&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, error&) {
    text_.append(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error& ec) {
    text_.append(part);
    if (stack_.back().value.as_object().contains(text_)) return refuse("a member stands twice", ec);
    stack_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error&) {
    text_.append(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error& ec) {
    text_.append(part);
    return put(json::string(std::exchange(text_, {})), ec);
  }
  bool on_number_part(json::string_view part, error&) {
    number_.append(part);
    return true;
  }
  bool on_int64(std::int64_t value, json::string_view, error& ec) {
    number_.clear();
    return put(value, ec);
  }
  bool on_uint64(std::uint64_t value, json::string_view, error& ec) {
    number_.clear();
    return put(value, ec);
  }
  bool on_double(double value, json::string_view part, error& ec) {
    number_.append(part);
    const std::string written = std::exchange(number_, {});
    if (written.find_first_of(".eE") == std::string::npos)
      return refuse("an integer is too large; send it as a string", ec);
    // The parser's own value may be off in the last digits. What is out of range is too large, or so near zero that it
    // is zero.
    double exact = 0;
    const auto read = std::from_chars(written.data(), written.data() + written.size(), exact);
    if (read.ec == std::errc::result_out_of_range && std::abs(value) > 1)
      return refuse("a number is too large", ec);
    return put(exact, ec);
  }
  bool on_bool(bool value, error& ec) { return put(value, ec); }
  bool on_null(error& ec) { return put(nullptr, ec); }
  bool on_comment_part(json::string_view, error&) { return true; }
  bool on_comment(json::string_view, error&) { return true; }

  json::value take() { return std::move(root_); }
  const char* why() const { return why_; }

 private:
  struct Open {
    json::value value;
    std::string key;
  };
  /// Every value counts, the empty ones too: they are what is dear in memory.
  bool count(error& ec) { return ++values_ <= json_values_max || refuse("more than 40000 values", ec); }
  bool open(json::value empty, error& ec) {
    if (!count(ec)) return false;
    stack_.push_back({std::move(empty), {}});
    return true;
  }
  bool close() {
    json::value done = std::move(stack_.back().value);
    stack_.pop_back();
    return attach(std::move(done));
  }
  bool put(json::value value, error& ec) { return count(ec) && attach(std::move(value)); }
  bool attach(json::value value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (auto* object = stack_.back().value.if_object()) {
      object->emplace(stack_.back().key, std::move(value));
    } else {
      stack_.back().value.as_array().push_back(std::move(value));
    }
    return true;
  }
  bool refuse(const char* why, error& ec) {
    why_ = why;
    ec = json::error::exception;
    return false;
  }

  std::vector<Open> stack_;
  std::string text_, number_;
  json::value root_;
  std::size_t values_ = 0;
  const char* why_ = nullptr;
};

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t* fault_at) {
  const auto fault = [&](const std::string& what, std::size_t at) {
    if (fault_at != nullptr) *fault_at = at;
    return invalid("json.malformed", what + ", at byte " + std::to_string(at));
  };
  if (text.size() > json_bytes_max) return fault("more than 1 MiB", json_bytes_max);
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) {
    const std::size_t rest = text.find_first_not_of(" \t\r\n", read);
    if (rest != std::string_view::npos) return fault("something follows the value", rest);
  }
  if (error) {
    const char* why = parser.handler().why();
    return fault(why != nullptr ? std::string(why) : error.message(), read);
  }
  return parser.handler().take();
}

}  // namespace parlance::http
