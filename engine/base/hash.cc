#include "engine/base/hash.h"

#include <libdeflate.h>
#include <memory>

#include <openssl/evp.h>

#include "engine/base/assert.h"

namespace parlance {
namespace {
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
}  // namespace

Sha256 sha256(std::initializer_list<ByteView> pieces) {
  // A fetched digest and a context kept per thread: a one-shot call costs several times the hash of a small record.
  static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  bool ok = digest != nullptr && EVP_DigestInit_ex2(context.get(), digest, nullptr) == 1;
  for (const ByteView piece : pieces)
    ok = ok && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  Sha256 out;
  ok = ok && EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
  PARLANCE_ASSERT(ok, "SHA-256 of the crypto library works");
  return out;
}

std::uint32_t crc32(ByteView bytes, std::uint32_t start) {
  if (bytes.empty()) return start;  // the library takes a null pointer for "begin anew"
  // With carry-less multiplication where the processor has it: zlib's took a twentieth of a replay.
  return ::libdeflate_crc32(start, bytes.data(), bytes.size());
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

}  // namespace parlance
