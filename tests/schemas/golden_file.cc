#include "tests/schemas/golden_file.h"

#include <charconv>
#include <fstream>

#include "tests/schemas/samples.h"

namespace parlance::tests {
namespace {

Result<Bytes> from_hex(const std::string& text) {
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    const auto [stop, error] = std::from_chars(digits, digits + 2, bytes[i], 16);
    if (error != std::errc{} || stop != digits + 2) return invalid("golden.malformed", text.substr(2 * i, 2));
  }
  if (text.size() % 2 != 0) return invalid("golden.malformed", "an odd number of digits");
  return bytes;
}

}  // namespace

Result<std::map<std::string, Bytes>> read_golden(const std::filesystem::path& file) {
  std::map<std::string, Bytes> golden;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) return invalid("golden.malformed", line);
    auto bytes = from_hex(line.substr(space + 1));
    if (!bytes) return bytes.error();
    if (!golden.emplace(line.substr(0, space), std::move(*bytes)).second) {
      return invalid("golden.malformed", line.substr(0, space) + " is there twice");
    }
  }
  return golden;
}

std::vector<GoldenEntry> encoded_samples() {
  std::vector<GoldenEntry> out;
  for (const auto& [name, envelope] : envelope_samples()) out.push_back({name, encode_envelope(envelope)});
  for (const auto& [name, value] : capsule_samples()) {
    out.push_back({name, std::visit([](const auto& plain) { return encode_plain(plain); }, value)});
  }
  return out;
}

}  // namespace parlance::tests
