#include "tools/parlance/import_line.h"

#include <algorithm>
#include <array>

#include "adapters/http/json.h"
#include "engine/base/hash.h"
#include "engine/base/id.h"

namespace parlance::tools {
namespace {

constexpr std::size_t name_bytes_max = 500;
constexpr std::string_view inbound = "/v1/inbound";
constexpr std::string_view conversations = "/v1/conversations";
/// Not commands of a history.
constexpr std::array<std::string_view, 8> not_taken{"/v1/batch", "/v1/imports",     "/v1/session",
                                                    "/v1/admin", "/v1/attachments", "/v1/workspaces",
                                                    "/v1/live",  "/v1/events"};
/// Members that take an id, or a list of them. The first are of conversations; the others of what the workspace has, which a line
/// about it has made before any other line is begun.
constexpr std::array<std::string_view, 10> id_members{"into", "thread", "message",  "agent",  "queue",
                                                      "team", "agents", "mentions", "skills", "teams"};
constexpr std::size_t members_of_conversations = 3;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

bool is_reference(std::string_view text) {
  return text.size() > 2 && text.front() == '{' && text.back() == '}' && text.find('}') == text.size() - 1;
}
std::string called(std::string_view reference) {
  std::string_view name = reference.substr(1, reference.size() - 2);
  constexpr std::string_view thread = "thread:";
  if (name.starts_with(thread)) return "t" + std::string(name.substr(thread.size()));
  return "n" + std::string(name);
}

/// Visits each {NAME} of the line, or only those of conversations and what is in them; `visit` may change it and returns false to stop.
template <class Visit> bool each_reference(ImportLine& line, bool only_conversations, Visit visit) {
  for (std::size_t at = line.path.find('/'); at != std::string::npos;) {
    const std::size_t begin = at + 1;
    std::size_t end = line.path.find('/', begin);
    // A name may hold a '/'.
    if (begin < line.path.size() && line.path[begin] == '{')
      if (const std::size_t close = line.path.find('}', begin); close != std::string::npos) end = close + 1;
    std::string step = line.path.substr(begin, end == std::string::npos ? end : end - begin);
    if (is_reference(step)) {
      const std::size_t size = step.size();
      if (!visit(step)) return false;
      line.path.replace(begin, size, step);
      end = begin + step.size();
    }
    at = end == std::string::npos ? end : line.path.find('/', end);
  }
  if (!only_conversations && is_reference(line.as) && !visit(line.as)) return false;
  const auto in_text = [&](json::value& value) {
    const auto* text = value.if_string();
    if (text == nullptr || !is_reference(view(*text))) return true;
    std::string reference(view(*text));
    if (!visit(reference)) return false;
    value = reference;
    return true;
  };
  for (std::size_t i = 0; i < (only_conversations ? members_of_conversations : id_members.size()); ++i) {
    const std::string_view member = id_members[i];
    const auto it = line.body.find(json::string_view(member.data(), member.size()));
    if (it == line.body.end()) continue;
    if (auto* list = it->value().if_array()) {
      for (json::value& item : *list)
        if (!in_text(item)) return false;
    } else if (!in_text(it->value())) {
      return false;
    }
  }
  return true;
}

class Reading {
 public:
  Reading(std::string_view line, ImportLine& out) : line_(line), out_(out) {}

  std::optional<LineFault> read() {
    std::size_t at = 0;
    auto parsed = http::parse_json(line_, &at);
    if (!parsed) return LineFault{at + 1, std::string(parsed.error().rule), parsed.error().detail};
    if (!parsed->is_object()) return LineFault{1, "import.not_an_object", "a line is a JSON object"};
    out_.body = std::move(parsed->as_object());
    const Sha256 hash = sha256({as_bytes("parlance import line 1\n"), as_bytes(trimmed())});
    out_.key = to_hex(ByteView(hash).first<20>());
    if (!take("path", out_.path) || !take("id", out_.name) || !take("as", out_.as)) return fault_;
    if (out_.path.empty()) out_.path = inbound;
    out_.names_itself = !out_.name.empty();
    if (!check_path() || !check_time() || !look_at_message()) return fault_;
    if (!out_.name.empty()) out_.touches.push_back("n" + out_.name);
    if (!out_.sender.empty()) out_.touches.push_back(out_.sender);
    each_reference(out_, true, [&](const std::string& reference) {
      out_.touches.push_back(called(reference));
      return true;
    });
    std::ranges::sort(out_.touches);
    out_.touches.erase(std::ranges::unique(out_.touches).begin(), out_.touches.end());
    return std::nullopt;
  }

 private:
  std::string_view trimmed() const {
    const std::size_t from = line_.find_first_not_of(" \t");
    const std::size_t to = line_.find_last_not_of(" \t");
    return from == std::string_view::npos ? std::string_view() : line_.substr(from, to - from + 1);
  }
  bool fault(std::string_view member, std::string_view code, std::string_view detail) {
    fault_ = LineFault{column_of(line_, "/" + std::string(member)), std::string(code), std::string(detail)};
    return false;
  }
  /// Takes a member of the line's own off the body.
  bool take(std::string_view name, std::string& to) {
    const auto it = out_.body.find(json::string_view(name.data(), name.size()));
    if (it == out_.body.end()) return true;
    const auto* text = it->value().if_string();
    if (text == nullptr || text->empty() || text->size() > name_bytes_max ||
        view(*text).find('\0') != std::string_view::npos)
      return fault(name, "import.not_a_name", "a text of 1 to 500 bytes is wanted here");
    to = view(*text);
    if (name == "id" && to.find_first_of("{}") != std::string::npos)
      return fault(name, "import.not_a_name", "a name has no braces");
    out_.body.erase(it);
    return true;
  }
  bool check_path() {
    // What stands between braces is a name, and may be any text.
    std::string path;
    bool in_name = false;
    for (const char c : out_.path) {
      in_name = in_name ? c != '}' : c == '{';
      if (!in_name) path += c;
    }
    if (!path.starts_with("/v1/") || path.find_first_of("?#\\") != std::string::npos ||
        path.find("//") != std::string::npos || path.find('\0') != std::string::npos)
      return fault("path", "import.not_a_command", "a path such as /v1/conversations/{NAME}/reply is wanted");
    for (const std::string_view no : not_taken)
      if (path == no || (path.starts_with(no) && path[no.size()] == '/'))
        return fault("path", "import.not_a_command", "that is no part of a history");
    out_.on_workspace = path != inbound && path != conversations &&
                        !(path.starts_with(conversations) && path[conversations.size()] == '/');
    // The conversation itself, where a path names it by its id.
    if (!out_.on_workspace && path.size() > conversations.size() + 1 && path != inbound) {
      std::string_view id = std::string_view(out_.path).substr(conversations.size() + 1);
      id = id.substr(0, id.find('/'));
      if (id.starts_with("cnv_")) out_.touches.push_back("c" + std::string(id));
    }
    return true;
  }
  bool check_time() {
    const auto it = out_.body.find("occurred_at");
    if (it == out_.body.end()) {
      if (out_.on_workspace) return true;
      fault_ = LineFault{1, "import.no_time", "a line of a history says when it happened: occurred_at"};
      return false;
    }
    const auto* text = it->value().if_string();
    if (text == nullptr) return fault("occurred_at", "import.no_time", "a time such as 2026-11-22T13:21:00Z");
    const auto at = parse_rfc3339(view(*text));
    if (!at) return fault("occurred_at", at.error().rule, at.error().detail);
    out_.at = *at;
    return true;
  }
  [[nodiscard]] std::string text_of(const json::object& object, std::string_view name) const {
    const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(view(*text));
  }
  /// Whom a conversation is with. Addresses that differ in case alone may be one.
  static std::string sender_of(const std::string& channel, const std::string& account, std::string address) {
    for (char& c : address)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const Sha256 hash =
        sha256({as_bytes(channel), as_bytes("\n"), as_bytes(account), as_bytes("\n"), as_bytes(address)});
    return "a" + to_hex(ByteView(hash).first<10>());
  }
  /// What else a message is about: its sender, its thread, the message it answers. The route finds what is wrong with it.
  bool look_at_message() {
    const auto* to = out_.path == conversations ? out_.body.if_contains("to") : nullptr;
    if (to != nullptr && to->is_object()) {
      const json::object& whom = to->get_object();
      out_.sender = sender_of(text_of(whom, "channel"), text_of(whom, "account"), text_of(whom, "address"));
    }
    if (out_.path != inbound) return true;
    const auto* from = out_.body.if_contains("from");
    if (from != nullptr && from->is_object())
      out_.sender = sender_of(text_of(out_.body, "channel"), text_of(out_.body, "account"),
                              text_of(from->get_object(), "address"));
    const std::string id = text_of(out_.body, "message_id");
    if (out_.name.empty()) out_.name = id;
    out_.touches.push_back("n" + id);
    if (const std::string answers = text_of(out_.body, "in_reply_to"); !answers.empty())
      out_.touches.push_back("n" + answers);
    out_.thread = text_of(out_.body, "thread");
    if (is_reference(out_.thread) || out_.thread.starts_with("cnv_")) out_.thread.clear();
    if (!out_.thread.empty()) {
      out_.touches.push_back("t" + out_.thread);
      out_.touches.push_back("n" + out_.thread);
    }
    return true;
  }

  std::string_view line_;
  ImportLine& out_;
  std::optional<LineFault> fault_;
};

/// Steps over JSON that is well-formed.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] std::size_t at() const { return at_; }
  void step() { ++at_; }
  /// What stands between the quotes, as written.
  std::string_view text() {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::size_t end = std::min(at_, text_.size());
    ++at_;
    return text_.substr(begin, end - begin);
  }
  void value() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = here();
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) return;
      if (c == '"') {
        (void)text();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      step();
    }
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_blank(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first == std::string_view::npos || line[first] == '#';
}

std::optional<LineFault> read_import_line(std::string_view line, ImportLine& out) {
  return Reading(line, out).read();
}

bool replace_names(ImportLine& line, Resolve resolve, void* context) {
  return each_reference(line, false, [&](std::string& reference) {
    auto id = resolve(context, called(reference), reference);
    if (!id) return false;
    reference = std::move(*id);
    return true;
  });
}

std::size_t column_of(std::string_view line, std::string_view pointer) {
  Walk walk(line);
  walk.blanks();
  std::size_t found = 1;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    const bool object = walk.here() == '{';
    if (!object && walk.here() != '[') break;
    walk.step();
    bool met = false;
    for (std::size_t index = 0; !met; ++index) {
      walk.blanks();
      if (walk.here() == ',') walk.step();
      walk.blanks();
      if (walk.here() == '}' || walk.here() == ']' || walk.here() == '\0') return found;
      const std::size_t here = walk.at();
      if (object) {
        if (walk.here() != '"') return found;
        met = walk.text() == step;
        walk.blanks();
        walk.step();  // its ':'
        walk.blanks();
      } else {
        met = std::to_string(index) == step;
      }
      if (met)
        found = here + 1;
      else
        walk.value();
    }
  }
  return found;
}

}  // namespace parlance::tools
