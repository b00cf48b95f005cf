#include <set>

#include <doctest/doctest.h>

#include "tests/schemas/golden_file.h"
#include "tests/schemas/samples.h"

namespace parlance {
namespace {

std::map<std::string, Bytes> golden() {
  auto read = tests::read_golden(PARLANCE_GOLDEN);
  REQUIRE(read.has_value());
  return *std::move(read);
}

constexpr const char* remedy =
    "add samples (tests/schemas/samples.cc), then run: cmake --build build/dev --target add_golden";

TEST_CASE("every event of every release reads as the same values") {
  const auto corpus = golden();
  for (const auto& [name, envelope] : tests::envelope_samples()) {
    CAPTURE(name);
    const auto entry = corpus.find(name);
    REQUIRE_MESSAGE(entry != corpus.end(), remedy);
    const auto decoded = decode_envelope(entry->second);
    REQUIRE(decoded.has_value());
    CHECK(*decoded == envelope);
  }
}

TEST_CASE("every plaintext of every release reads as the same values") {
  const auto corpus = golden();
  for (const auto& [name, value] : tests::capsule_samples()) {
    CAPTURE(name);
    const auto entry = corpus.find(name);
    REQUIRE_MESSAGE(entry != corpus.end(), remedy);
    std::visit(
        [&]<class T>(const T& plain) {
          const auto decoded = decode_plain<T>(entry->second);
          REQUIRE(decoded.has_value());
          CHECK(*decoded == plain);
        },
        value);
  }
}

TEST_CASE("every golden entry is still compared with a sample") {
  std::set<std::string> samples;
  for (const auto& [name, bytes] : tests::encoded_samples()) CHECK(samples.insert(name).second);
  for (const auto& [name, bytes] : golden()) {
    CAPTURE(name);
    CHECK(samples.contains(name));
  }
}

TEST_CASE("every event that this program knows has golden entries, with all it may have and with the least") {
  const auto corpus = golden();
  std::size_t kinds = 0;
  for (unsigned category = 1; category <= std::variant_size_v<AnyEvent>; ++category) {
    for (unsigned member = 1;; ++member, ++kinds) {
      const auto kind = static_cast<EventKind>(category << 8 | member);
      const std::string name(kind_name(kind));
      if (name == "unknown") break;
      for (const char* variant : {"/full", "/bare"}) {
        CAPTURE(name + variant);
        const auto entry = corpus.find(name + variant);
        REQUIRE_MESSAGE(entry != corpus.end(), remedy);
        const auto decoded = decode_envelope(entry->second);
        REQUIRE(decoded.has_value());
        REQUIRE(decoded->events.size() == 1);
        CHECK(kind_of(decoded->events.front().body) == kind);
      }
    }
  }
  CHECK(kinds >= 28);
}

TEST_CASE("every plaintext schema has golden entries") {
  const auto corpus = golden();
  for (const char* name : {"text", "message", "attachments", "preview", "identity", "agent_profile"}) {
    CHECK(corpus.contains(std::string(name) + "/full"));
    CHECK(corpus.contains(std::string(name) + "/bare"));
  }
}

}  // namespace
}  // namespace parlance
