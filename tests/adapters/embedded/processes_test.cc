#include "tests/adapters/embedded/embedded_fixture.h"
#include "tests/support/child.h"

namespace parlance::tests {
namespace {

/// How far each partition had come by the lines "P OFFSET" that `child` has told.
void follow(Child& child, std::vector<Offset>& acknowledged, std::size_t lines_max) {
  std::string line;
  for (std::size_t i = 0; i < lines_max && child.read_line(line); ++i) {
    const std::size_t space = line.find(' ');
    const auto partition = std::stoul(line.substr(0, space));
    const auto offset = std::stoull(line.substr(space + 1));
    CHECK(offset == acknowledged.at(partition));
    acknowledged[partition] = offset + 1;
  }
}

/// All that was acknowledged is there, and what is there is what was appended, each with its row in the vault.
void check_whole(EmbeddedFixture& fixture, const std::vector<Offset>& acknowledged) {
  for (PartitionId p = 0; p < acknowledged.size(); ++p) {
    CHECK(fixture.log().end(p) >= acknowledged[p]);
    const auto texts = read_all(fixture.log(), p);
    REQUIRE(texts.size() == fixture.log().end(p));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string expected = std::to_string(p) + " " + std::to_string(i);
      REQUIRE(texts[i] == expected);
      REQUIRE(vault_text(fixture.vault(), VaultFamily::capsules, expected) == "sealed " + expected);
    }
  }
}

}  // namespace

TEST_CASE("a process that is killed loses nothing that it acknowledged") {
  EmbeddedFixture fixture(2);
  fixture.close();
  std::vector<Offset> acknowledged(2);
  for (const std::size_t lines : {1, 7, 60, 200, 333}) {
    Child child({LOG_CHILD, "append", fixture.dir().string()});
    follow(child, acknowledged, lines);
    child.kill();
    follow(child, acknowledged, SIZE_MAX);
    CHECK(child.wait() < 0);
    fixture.open();
    check_whole(fixture, acknowledged);
    for (PartitionId p = 0; p < 2; ++p) acknowledged[p] = fixture.log().end(p);
    fixture.close();
  }
}

TEST_CASE("a failed sync ends the process at once, says so, and nothing is acknowledged after it") {
  for (const int nth : {1, 2, 5}) {
    EmbeddedFixture fixture(2);
    fixture.close();
    Child child({LOG_CHILD, "fail-sync", fixture.dir().string(), std::to_string(nth)});
    std::vector<Offset> acknowledged(2);
    std::string line;
    std::string last_words;
    std::size_t told = 0;
    while (child.read_line(line)) {
      if (line.starts_with("parlance: stopping: the log can no longer be written safely"))
        last_words = line;
      else if (!last_words.empty())
        last_words += "\n" + line;
      else
        ++told;
    }
    CHECK(child.wait() == 1);
    CHECK(last_words.find("\nNothing that was acknowledged is in doubt.") != std::string::npos);
    CHECK((nth > 1) == (told > 0));
    fixture.open();
    check_whole(fixture, acknowledged);
    CHECK(fixture.log().end(0) + fixture.log().end(1) >= told);
  }
}

TEST_CASE("a log that another process writes is refused as locked, and may be read") {
  EmbeddedFixture fixture(2);
  append_one(fixture, 0, record_of("r"));
  fixture.close();
  Child child({LOG_CHILD, "hold", fixture.dir().string()});
  std::string line;
  REQUIRE(child.read_line(line));
  REQUIRE(line == "open");
  CHECK(fixture.try_open().error().rule == "log.locked");
  CHECK(fixture.try_open().error().code == Errc::locked);
  {
    const auto reader = open_embedded_log(fixture.dir(), {.read_only = true});
    REQUIRE(reader);
    CHECK(read_all(**reader, 0) == std::vector<std::string>{"r"});
  }
  CHECK(child.wait() == 0);
  CHECK(fixture.try_open());
}

}  // namespace parlance::tests
