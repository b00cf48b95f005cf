#include "adapters/http/fields.h"

namespace parlance::http {
namespace {
/// RFC 6901: '~' and '/' in a member's name are escaped.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}
}  // namespace

Fields::Fields(const json::value& value, std::string at, std::vector<Fault>& faults)
    : at_(std::move(at)), faults_(faults) {
  object_ = value.if_object();
  if (object_ == nullptr) faults_.push_back({at_, "not_an_object", "a JSON object is wanted here"});
}

const json::value* Fields::find(std::string_view name) {
  asked_.emplace(name);
  if (object_ == nullptr) return nullptr;
  const auto* value = object_->if_contains(json::string_view(name.data(), name.size()));
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Fields::has(std::string_view name) { return find(name) != nullptr; }
const json::value* Fields::any(std::string_view name) { return find(name); }

void Fields::fault(std::string_view name, std::string_view code, std::string_view detail) {
  faults_.push_back({at_ + "/" + escaped(name), std::string(code), std::string(detail)});
}

std::string Fields::text(std::string_view name, std::size_t bytes_max, bool required) {
  const json::value* value = find(name);
  if (value == nullptr || (value->is_string() && value->as_string().empty())) {
    if (required && object_ != nullptr) fault(name, "required", "this member must be there and not empty");
    return {};
  }
  if (!value->is_string()) {
    fault(name, "not_a_text", "a text is wanted here");
    return {};
  }
  const std::string_view text(value->as_string().data(), value->as_string().size());
  if (text.size() > bytes_max) {
    fault(name, "too_long", "at most " + std::to_string(bytes_max) + " bytes");
    return {};
  }
  if (text.find('\0') != std::string_view::npos) {
    fault(name, "nul_character", "a NUL character is not taken");
    return {};
  }
  return std::string(text);
}

std::optional<Instant> Fields::instant(std::string_view name) {
  const std::string written = text(name, 64);
  if (written.empty()) return std::nullopt;
  auto parsed = parse_rfc3339(written);
  if (parsed) return *parsed;
  fault(name, parsed.error().rule, parsed.error().detail);
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error || value->is_double() || number < min || number > max) {
    fault(name, "not_in_range", "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) {
    fault(name, "not_a_boolean", "true or false");
    return std::nullopt;
  }
  return value->as_bool();
}

const json::array* Fields::array(std::string_view name, std::size_t size_max) {
  const json::value* value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array() || value->as_array().size() > size_max) {
    fault(name, "not_a_list", "a list of at most " + std::to_string(size_max));
    return nullptr;
  }
  return &value->as_array();
}

void Fields::finish() {
  if (object_ == nullptr) return;
  for (const auto& member : *object_)
    if (!asked_.contains(std::string_view(member.key().data(), member.key().size())))
      fault(std::string_view(member.key().data(), member.key().size()), "unknown_member",
            "nothing of that name is taken here");
}

}  // namespace parlance::http
