#include "schemas/wire.h"

#include <cstring>

namespace parlance::codec {

Aligned::Aligned(ByteView bytes) : bytes_(bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) == 0) return;
  copy_.resize((bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
  std::memcpy(copy_.data(), bytes.data(), bytes.size());
  bytes_ = {reinterpret_cast<const std::uint8_t*>(copy_.data()), bytes.size()};
}

void Reading::corrupt(const char* what) {
  if (!ok()) return;
  code_ = Code::corrupt;
  what_ = what;
}

void Reading::newer(const char* what, std::uint64_t value) {
  if (!ok()) return;
  code_ = Code::newer;
  what_ = what;
  value_ = value;
}

Error Reading::error(std::string_view rule_corrupt, std::string_view rule_newer, std::string place) const {
  if (code_ == Code::corrupt) return {Errc::corrupt, rule_corrupt, std::move(place) + ": " + what_};
  return {Errc::newer, rule_newer,
          std::move(place) + ": this program does not know " + what_ + " " + std::to_string(value_)};
}

}  // namespace parlance::codec
