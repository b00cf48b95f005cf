#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/base/assert.h"
#include "engine/base/hash.h"
#include "engine/base/id.h"

namespace parlance {

/// Who may see a field of a person, coarsely; a part of the capsule's associated data. Stored: only add.
enum class FieldClass : std::uint8_t {
  contact = 2,     ///< names, addresses, phone numbers, external ids
  content = 3,     ///< what people write
  attachment = 4,  ///< files
};
[[nodiscard]] constexpr std::string_view to_text(FieldClass field_class) {
  switch (field_class) {
    case FieldClass::contact: return "contact";
    case FieldClass::content: return "content";
    case FieldClass::attachment: return "attachment";
  }
  return "unknown";
}

/// Where a capsule lies in the vault: the envelope that brought it and its number there, from 0.
struct CapsuleId {
  EnvelopeId envelope;
  std::uint16_t number = 0;
  auto operator<=>(const CapsuleId&) const = default;
};

/// A personal field as the log knows it: where its capsule lies, under whose row it is sealed, and what was stored.
struct Sealed {
  CapsuleId capsule;
  ReferenceId reference;
  FieldClass field_class = FieldClass::content;
  Sha256 digest{};
  bool operator==(const Sealed&) const = default;
};

/// A value that names or describes a person. Deciders put plaintext in, with the reference whose key will seal it; the
/// runtime seals it before the event is encoded; whoever decodes gets `Sealed` and asks the door (open) for more.
template <class T> class Personal {
 public:
  using Value = T;
  Personal() = default;
  Personal(T value, ReferenceId under, FieldClass field_class)
      : held_(Plain{std::move(value), under, field_class}) {}
  explicit Personal(Sealed sealed) : held_(sealed) {}

  [[nodiscard]] bool is_plain() const { return std::holds_alternative<Plain>(held_); }
  [[nodiscard]] const T& plain() const {
    PARLANCE_ASSERT(is_plain(), "plaintext is read only before sealing");
    return std::get<Plain>(held_).value;
  }
  [[nodiscard]] const Sealed& sealed() const {
    PARLANCE_ASSERT(!is_plain(), "an event is encoded only after its personal fields are sealed");
    return std::get<Sealed>(held_);
  }
  [[nodiscard]] ReferenceId reference() const {
    return is_plain() ? std::get<Plain>(held_).under : std::get<Sealed>(held_).reference;
  }
  [[nodiscard]] FieldClass field_class() const {
    return is_plain() ? std::get<Plain>(held_).field_class : std::get<Sealed>(held_).field_class;
  }
  void seal(Sealed sealed) { held_ = sealed; }
  bool operator==(const Personal&) const = default;

 private:
  struct Plain {
    T value{};
    ReferenceId under;
    FieldClass field_class = FieldClass::content;
    bool operator==(const Plain&) const = default;
  };
  std::variant<Plain, Sealed> held_;
};

}  // namespace parlance
