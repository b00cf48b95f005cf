#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/base/instant.h"

/// What operators read of a running process: one line an occurrence, made of a name, a sentence and typed fields.
///
/// No personal byte can get into it by its types: the name and the sentence are in the program's text, and a field is a number, an
/// instant, an id, a folder of the operator's, or what the machine said. A text that somebody sent is none of these and does not compile.
namespace parlance {

enum class JournalLevel : std::uint8_t { debug, info, warn, error };
[[nodiscard]] constexpr std::string_view to_text(JournalLevel level) {
  switch (level) {
    case JournalLevel::debug: return "debug";
    case JournalLevel::info: return "info";
    case JournalLevel::warn: return "warn";
    case JournalLevel::error: return "error";
  }
  return "error";
}

/// A text that stands in the program: nothing from outside can be one.
class Literal {
 public:
  template <std::size_t N> consteval Literal(const char (&text)[N]) : text_(text, N - 1) {}
  /// Of a table of ours, such as a route's pattern or an error's rule, which are literals that lost their type.
  [[nodiscard]] static Literal of_ours(std::string_view text) { return Literal(text); }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  explicit Literal(std::string_view text) : text_(text) {}
  std::string_view text_;
};

/// What the operating system, RocksDB or a file of ours said, with paths and figures.
struct MachineText {
  std::string text;
};
/// The detail of an error about the machine; empty of one whose detail quotes what somebody asked for.
[[nodiscard]] inline MachineText machine_text(const Error& error) {
  switch (error.code) {
    case Errc::refused:
    case Errc::invalid:
    case Errc::not_found:
    case Errc::version_conflict: return {};
    case Errc::overloaded:
    case Errc::read_only:
    case Errc::unavailable:
    case Errc::corrupt:
    case Errc::newer:
    case Errc::loss:
    case Errc::locked: break;
  }
  return {error.detail};
}

class JournalValue {
 public:
  using Held = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
  JournalValue(bool value) : held_(value) {}
  template <std::signed_integral T> JournalValue(T value) : held_(std::int64_t{value}) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  JournalValue(T value) : held_(std::uint64_t{value}) {}
  JournalValue(double value) : held_(value) {}
  template <class Tag> JournalValue(Id<Tag> id) : held_(to_text(id)) {}
  JournalValue(const Position& position) : held_(to_text(position)) {}
  JournalValue(Instant at) : held_(to_rfc3339(at)) {}
  JournalValue(Literal text) : held_(std::string(text.text())) {}
  JournalValue(MachineText said) : held_(std::move(said.text)) {}
  JournalValue(const std::filesystem::path& of_the_operator) : held_(of_the_operator.string()) {}
  /// Everything else, texts and people's data above all, has no way in.
  template <class T>
    requires(!std::integral<T>)
  JournalValue(const T&) = delete;
  [[nodiscard]] const Held& held() const { return held_; }

 private:
  Held held_;
};
struct JournalField {
  Literal name;
  JournalValue value;
};

/// Threads: any. Never waits for whoever reads it, and never fails.
class Journal {
 public:
  virtual ~Journal() = default;
  /// `event` is stable, for machines: "views.not_stored"; `message` is for people.
  virtual void say(JournalLevel level, Literal event, Literal message,
                   std::vector<JournalField> fields = {}) = 0;
  [[nodiscard]] virtual bool takes(JournalLevel level) const = 0;
};

}  // namespace parlance
