#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "engine/base/assert.h"
#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/domain/personal.h"
#include "engine/domain/queue_rule.h"
#include "engine/domain/vocabulary.h"
#include "schemas/common_generated.h"

/// What the codecs share: the values of common.fbs to and from the domain's, and how one decoding keeps to its bounds. For the
/// .cc files of this folder alone: nothing else knows the generated types.
namespace parlance::codec {

using Builder = flatbuffers::FlatBufferBuilder;

/// Tables and vectors inside one another: an adoption's tag is the deepest, at four.
inline constexpr flatbuffers::uoffset_t depth_max = 8;
/// Times and durations are kept this far from the ends of their type, so that adding a few never overflows; a JSON number
/// holds them exactly.
inline constexpr std::int64_t milliseconds_max = std::int64_t{1} << 53;
/// A builder that grew beyond this gives its memory back after use.
inline constexpr std::size_t kept_bytes_max = 256 * 1024;

/// The same bytes at an address that FlatBuffers may read structs from: the verifier does not look at the address, and reading
/// at a wrong one is undefined. Copies only where it must.
class Aligned {
 public:
  explicit Aligned(ByteView bytes);
  [[nodiscard]] ByteView bytes() const { return bytes_; }

 private:
  std::vector<std::uint64_t> copy_;
  ByteView bytes_;
};

/// A builder that a thread uses again and again, cleared now, for as long as this lives. One user at a time.
class Scratch {
 public:
  explicit Scratch(Builder& builder) : builder_(builder) { builder_.Clear(); }
  ~Scratch() {
    if (builder_.GetSize() > kept_bytes_max) builder_.Reset();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] Builder& builder() const { return builder_; }
  [[nodiscard]] ByteView finished() const { return {builder_.GetBufferPointer(), builder_.GetSize()}; }

 private:
  Builder& builder_;
};

/// FlatBuffers takes structs by pointer and copies them at once.
template <class T> [[nodiscard]] const T* by_pointer(const T& value) { return &value; }

[[nodiscard]] inline wire::Id stored(RawId id) { return {id.high, id.low}; }
[[nodiscard]] inline flatbuffers::Offset<flatbuffers::String> stored(Builder& builder,
                                                                     std::string_view text) {
  return builder.CreateString(text.data(), text.size());
}
/// A value that the schema does not know would be refused by every reader, so it is never written.
template <class Stored, class Domain> [[nodiscard]] Stored stored_enum(Domain value) {
  const auto same = static_cast<Stored>(value);
  PARLANCE_ASSERT(same >= Stored::MIN && same <= Stored::MAX,
                  "a stored enumeration's value is in the schema");
  return same;
}
[[nodiscard]] inline wire::Channel stored(Channel value) { return stored_enum<wire::Channel>(value); }
[[nodiscard]] inline wire::Priority stored(Priority value) { return stored_enum<wire::Priority>(value); }
[[nodiscard]] inline wire::Role stored(Role value) { return stored_enum<wire::Role>(value); }
[[nodiscard]] inline wire::RuleKind stored(RuleKind value) { return stored_enum<wire::RuleKind>(value); }
/// Nothing for none.
template <class AnId>
[[nodiscard]] flatbuffers::Offset<flatbuffers::Vector<const wire::Id*>> stored_ids(
    Builder& builder, const std::vector<AnId>& ids) {
  if (ids.empty()) return {};
  wire::Id* out = nullptr;
  const auto vector = builder.CreateUninitializedVectorOfStructs<wire::Id>(ids.size(), &out);
  for (std::size_t i = 0; i < ids.size(); ++i) out[i] = stored(ids[i]);
  return vector;
}
[[nodiscard]] inline std::int64_t stored_ms(std::int64_t ms) {
  PARLANCE_ASSERT(ms >= -milliseconds_max && ms <= milliseconds_max,
                  "a stored time is within 2^53 milliseconds");
  return ms;
}
[[nodiscard]] inline std::int64_t stored(Instant at) { return stored_ms(at.ms); }

/// One decoding: its bounds, and the first trouble it met. After trouble every value read is harmless and means nothing.
class Reading {
 public:
  /// An honest buffer holds each of its bytes once, so what is read out of it never exceeds its size; a hostile one may point at
  /// the same bytes many times over.
  explicit Reading(std::size_t size) : bytes_left_(size) {}

  [[nodiscard]] bool ok() const { return code_ == Code::fine; }
  /// What went wrong; `place` tells where in the record.
  [[nodiscard]] Error error(std::string_view rule_corrupt, std::string_view rule_newer,
                            std::string place) const;
  void corrupt(const char* what);
  /// Well-formed, and of a program that knows more than this one.
  void newer(const char* what, std::uint64_t value);

  /// A struct out of a vector. Copied: the library's verifier lets a hostile buffer have a vector of structs at any multiple of
  /// four.
  template <class Struct> [[nodiscard]] static Struct element(const Struct* in) {
    Struct out;
    std::memcpy(static_cast<void*>(&out), static_cast<const void*>(in), sizeof out);
    return out;
  }
  [[nodiscard]] RawId raw_id(const wire::Id* id) const {
    if (id == nullptr) return {};
    const wire::Id aligned = element(id);
    return {aligned.high(), aligned.low()};
  }
  template <class AnId> void id(const wire::Id* in, AnId& out) const { out = AnId::from(raw_id(in)); }
  template <class AnId> void ids(const flatbuffers::Vector<const wire::Id*>* in, std::vector<AnId>& out) {
    if (in == nullptr || !take(in->size() * sizeof(wire::Id))) return;
    out.reserve(in->size());
    for (const wire::Id* each : *in) out.push_back(AnId::from(raw_id(each)));
  }
  template <class Stored, class Domain> void enumeration(Stored in, Domain& out, const char* what) {
    if (in < Stored::MIN || in > Stored::MAX) return newer(what, static_cast<std::uint64_t>(in));
    out = static_cast<Domain>(in);
  }
  /// Any pair of letters, and any script: a name is found for it later, or none.
  void language(std::uint16_t in, Language& out) {
    if (in % 1024 > 26 * 26) return corrupt("no such language");
    out = static_cast<Language>(in);
  }
  void ms(std::int64_t in, std::int64_t& out) {
    if (in < -milliseconds_max || in > milliseconds_max) return corrupt("a time beyond 2^53 milliseconds");
    out = in;
  }
  void instant(std::int64_t in, Instant& out) { ms(in, out.ms); }
  void instant(flatbuffers::Optional<std::int64_t> in, std::optional<Instant>& out) {
    if (in) instant(*in, out.emplace());
  }
  void ms(flatbuffers::Optional<std::int64_t> in, std::optional<std::int64_t>& out) {
    if (in) ms(*in, out.emplace());
  }
  void digest(const flatbuffers::Array<std::uint8_t, 32>& in, Sha256& out) const {
    std::copy(in.begin(), in.end(), out.begin());
  }
  void text(const flatbuffers::String* in, std::string& out) {
    if (in != nullptr && take(in->size())) out.assign(in->data(), in->size());
  }
  /// Room for that many more bytes, or trouble.
  bool take(std::size_t bytes) {
    if (bytes <= bytes_left_) {
      bytes_left_ -= bytes;
      return true;
    }
    corrupt("more values than bytes");
    return false;
  }

 private:
  enum class Code : std::uint8_t { fine, corrupt, newer };
  Code code_ = Code::fine;
  const char* what_ = "";
  std::uint64_t value_ = 0;
  std::size_t bytes_left_;
};

/// True when `bytes`, which are aligned, hold a sound table of this schema.
template <class Table> [[nodiscard]] bool verifies(ByteView bytes, const char* identifier) {
  flatbuffers::Verifier::Options options;
  options.max_depth = depth_max;
  // A table takes four bytes and a reference to it four more.
  options.max_tables = static_cast<flatbuffers::uoffset_t>(bytes.size() / 8 + 1);
  return flatbuffers::Verifier(bytes.data(), bytes.size(), options).VerifyBuffer<Table>(identifier);
}

/// For static_assert: the domain's value and the schema's are the same number.
consteval bool same(auto domain, auto stored_value) {
  return static_cast<std::uint64_t>(domain) == static_cast<std::uint64_t>(stored_value);
}
static_assert(same(FieldClass::contact, wire::FieldClass::contact) &&
              same(FieldClass::content, wire::FieldClass::content) &&
              same(FieldClass::attachment, wire::FieldClass::attachment));
static_assert(same(Channel::none, wire::Channel::none) && same(Channel::email, wire::Channel::email) &&
              same(Channel::chat, wire::Channel::chat) && same(Channel::whatsapp, wire::Channel::whatsapp) &&
              same(Channel::messenger, wire::Channel::messenger) &&
              same(Channel::instagram, wire::Channel::instagram) && same(Channel::sms, wire::Channel::sms) &&
              same(Channel::voice, wire::Channel::voice) &&
              same(Channel::marketplace, wire::Channel::marketplace) &&
              same(Channel::social, wire::Channel::social) && same(Channel::api, wire::Channel::api));
static_assert(same(Priority::none, wire::Priority::none) && same(Priority::low, wire::Priority::low) &&
              same(Priority::normal, wire::Priority::normal) && same(Priority::high, wire::Priority::high) &&
              same(Priority::urgent, wire::Priority::urgent));
static_assert(same(RuleKind::manual, wire::RuleKind::manual) &&
              same(RuleKind::round_robin, wire::RuleKind::round_robin) &&
              same(RuleKind::least_loaded, wire::RuleKind::least_loaded));
static_assert(same(Role::none, wire::Role::none) && same(Role::agent, wire::Role::agent) &&
              same(Role::lead, wire::Role::lead) && same(Role::admin, wire::Role::admin));

}  // namespace parlance::codec
