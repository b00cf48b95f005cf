#include "engine/runtime/blind.h"

#include <memory>
#include <sodium.h>
#include <string>
#include <vector>

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/ustring.h>

#include "engine/base/assert.h"

namespace parlance {
namespace {

// Chooses the fastest implementations of this processor; harmless to repeat.
const bool library_ready = sodium_init() >= 0;

/// A keyed hash over length-prefixed parts.
class Hash {
 public:
  Hash(const KeyService& keys, SecretKey which, std::string_view label) {
    const Key& key = keys.secret(which);
    const int failed = crypto_generichash_blake2b_init(state_.get(), key.data(), key.size(), digest_bytes);
    PARLANCE_ASSERT(library_ready && failed == 0, "BLAKE2b of the crypto library works");
    part(label);
  }
  // The state holds the key.
  ~Hash() { sodium_memzero(state_.get(), sizeof *state_); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;

  Hash& part(ByteView bytes) {
    PARLANCE_ASSERT(bytes.size() <= UINT32_MAX, "what is hashed came through a bounded door");
    const auto size = static_cast<std::uint32_t>(bytes.size());
    crypto_generichash_blake2b_update(state_.get(), reinterpret_cast<const std::uint8_t*>(&size),
                                      sizeof size);
    crypto_generichash_blake2b_update(state_.get(), bytes.data(), bytes.size());
    return *this;
  }
  Hash& part(std::string_view text) { return part(as_bytes(text)); }
  Hash& part(RawId id) { return part(id.bytes()); }
  Hash& part(Channel channel) {
    return part(ByteView(reinterpret_cast<const std::uint8_t*>(&channel), sizeof channel));
  }
  Hash& part(std::uint32_t number) {
    return part(ByteView(reinterpret_cast<const std::uint8_t*>(&number), sizeof number));
  }
  [[nodiscard]] std::array<std::uint8_t, 16> bytes() {
    std::array<std::uint8_t, digest_bytes> out;
    crypto_generichash_blake2b_final(state_.get(), out.data(), out.size());
    return out;
  }
  [[nodiscard]] RawId id() { return RawId::from_bytes(bytes()); }

 private:
  static constexpr std::size_t digest_bytes = 16;
  // Not on the stack: it is aligned more widely than sanitized frames are.
  std::unique_ptr<crypto_generichash_blake2b_state> state_ =
      std::make_unique<crypto_generichash_blake2b_state>();
};

icu::UnicodeString trimmed(icu::UnicodeString text) {
  std::int32_t from = 0, to = text.length();
  while (from < to && u_isUWhiteSpace(text.char32At(from)) != 0) from = text.moveIndex32(from, 1);
  while (to > from && u_isUWhiteSpace(text.char32At(text.moveIndex32(to, -1))) != 0)
    to = text.moveIndex32(to, -1);
  text.retainBetween(from, to);
  return text;
}

/// Lower case throughout, composed.
icu::UnicodeString mail_form(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const nfc = icu::Normalizer2::getNFCInstance(status);
  PARLANCE_ASSERT(U_SUCCESS(status) != 0, "the Unicode library has its own tables");
  // Lower-casing may leave a letter decomposed, so the form comes after it.
  icu::UnicodeString lower = text;
  lower.toLower(icu::Locale::getRoot());
  icu::UnicodeString out = nfc->normalize(lower, status);
  PARLANCE_ASSERT(U_SUCCESS(status) != 0, "a bounded text can be normalised");
  return out;
}

/// Empty when it is no number.
icu::UnicodeString number_form(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    const UChar32 c = text.char32At(at);
    if (u_isalpha(c) != 0 || c == '@') return {};
    if (const std::int32_t digit = u_charDigitValue(c); digit >= 0) {
      out.append(static_cast<char16_t>(u'0' + digit));
    } else if ((c == '+' || c == 0xff0b) && out.isEmpty()) {  // 0xff0b: the full-width plus
      out.append(u'+');
    }
  }
  return out.length() == 1 && out[0] == u'+' ? icu::UnicodeString() : out;
}

bool has_control_character(const icu::UnicodeString& text) {
  for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1))
    if (u_charType(text.char32At(at)) == U_CONTROL_CHAR) return true;
  return false;
}

bool phone_like(Channel channel) {
  return channel == Channel::sms || channel == Channel::voice || channel == Channel::whatsapp;
}

}  // namespace

Result<std::string> normalise_address(Channel channel, std::string_view text) {
  const auto too_long = [] {
    return invalid("address.too_long",
                   "an address has at most " + std::to_string(address_bytes_max) + " bytes");
  };
  // Spaces around it are given some room; what is longer still is not looked at.
  if (text.size() > 4 * address_bytes_max) return too_long();
  std::vector<char16_t> buffer(text.size());
  std::int32_t units = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strFromUTF8(buffer.data(), static_cast<std::int32_t>(buffer.size()), &units, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status) != 0) return invalid("address.not_utf8", "an address is valid UTF-8");

  icu::UnicodeString form = trimmed(icu::UnicodeString(buffer.data(), units));
  if (has_control_character(form))
    return invalid("address.control_character", "an address has no control characters");
  if (channel == Channel::email) form = mail_form(form);
  if (phone_like(channel))
    if (auto number = number_form(form); !number.isEmpty()) form = std::move(number);

  std::string out;
  form.toUTF8String(out);
  if (out.empty()) return invalid("address.empty", "an address is not empty");
  if (out.size() > address_bytes_max) return too_long();
  return out;
}

Result<std::string> normalise_order(std::string_view text) {
  const auto too_long = [] {
    return invalid("order.too_long",
                   "an order's number has at most " + std::to_string(order_bytes_max) + " bytes");
  };
  if (text.size() > 4 * order_bytes_max) return too_long();
  std::vector<char16_t> buffer(text.size());
  std::int32_t units = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strFromUTF8(buffer.data(), static_cast<std::int32_t>(buffer.size()), &units, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status) != 0) return invalid("order.not_utf8", "an order's number is valid UTF-8");
  icu::UnicodeString form = trimmed(icu::UnicodeString(buffer.data(), units));
  if (form.startsWith(u"#", 1)) form = trimmed(icu::UnicodeString(form, 1));
  if (has_control_character(form))
    return invalid("order.control_character", "an order's number has no control characters");
  std::string out;
  mail_form(form).toUTF8String(out);
  if (out.empty()) return invalid("order.empty", "an order's number is not empty");
  if (out.size() > order_bytes_max) return too_long();
  return out;
}

Slot slot_of_address(const KeyService& keys, WorkspaceId workspace, Channel channel,
                     std::string_view normalised) {
  return Hash(keys, SecretKey::address_slot, "address slot 1")
      .part(workspace)
      .part(channel)
      .part(normalised)
      .bytes()[0];
}

RawId blind_address(const KeyService& keys, WorkspaceId workspace, Channel channel,
                    std::string_view normalised) {
  return Hash(keys, SecretKey::blind_index, "blind address 1")
      .part(workspace)
      .part(channel)
      .part(normalised)
      .id();
}

RawId blind_order(const KeyService& keys, WorkspaceId workspace, std::string_view normalised) {
  return Hash(keys, SecretKey::blind_index, "blind order 1").part(workspace).part(normalised).id();
}

CommandId command_id(const KeyService& keys, WorkspaceId workspace, std::string_view scope,
                     std::string_view key) {
  return CommandId::from(
      Hash(keys, SecretKey::command_id, "command 1").part(workspace).part(scope).part(key).id());
}

CommandId derive_id(const KeyService& keys, std::string_view kind, RawId cause, std::uint32_t index) {
  return CommandId::from(
      Hash(keys, SecretKey::command_id, "derived command 1").part(kind).part(cause).part(index).id());
}

ImportId import_id(const KeyService& keys, WorkspaceId workspace, std::string_view name) {
  return ImportId::from(command_id(keys, workspace, "import", name));
}

StoreId store_id(const KeyService& keys, WorkspaceId workspace, Channel channel, std::string_view account) {
  return StoreId::from(
      Hash(keys, SecretKey::address_slot, "store 1").part(workspace).part(channel).part(account).id());
}

std::uint64_t fingerprint64(const KeyService& keys, std::string_view key, ByteView body) {
  const RawId hash = Hash(keys, SecretKey::fingerprint, "fingerprint 1").part(key).part(body).id();
  return hash.high != 0 ? hash.high : 1;
}

}  // namespace parlance
