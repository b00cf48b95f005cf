#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sys/mount.h>
#include <unistd.h>

#include "adapters/embedded/log_database.h"
#include "adapters/embedded/log_folder.h"
#include "engine/base/hash.h"
#include "tests/adapters/embedded/embedded_fixture.h"

namespace parlance::tests {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
Error refusal(const fs::path& dir, EmbeddedLogOptions options = {}) {
  const auto opened = open_embedded_log(dir, std::move(options));
  REQUIRE_FALSE(opened);
  return opened.error();
}

/// A memory file system of so many bytes; none where this user may not mount.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& options) : mounted_(mount(options)) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const fs::path& path() const { return dir_.path(); }
  [[nodiscard]] bool make_read_only() {
    return ::mount("parlance-test", dir_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  [[nodiscard]] bool mount(const std::string& options) {
    return ::mount("parlance-test", dir_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  TempDir dir_;
  bool mounted_;
};

}  // namespace

TEST_CASE("a folder without a log is refused by name, and left as it is") {
  const TempDir temp;
  CHECK(refusal(temp / "absent").rule == "log.absent");
  CHECK(refusal(temp.path()).rule == "log.absent");
  CHECK(*embedded_log_exists(temp / "absent") == false);
  put_text(temp / "lock", "");
  put_text(temp / "format.new", "parl");  // a creation that was cut short
  CHECK(*embedded_log_exists(temp.path()) == false);
  put_text(temp / "letter.txt", "dear");
  CHECK(*embedded_log_exists(temp.path()));
  CHECK(refusal(temp.path()).rule == "log.not_ours");
  CHECK(create_embedded_log(temp.path(), test_log, 1, 2).error().rule == "log.not_ours");
  CHECK(refusal(temp / "letter.txt").code != Errc::corrupt);
  put_text(temp / "format", "another program's format\n");
  CHECK(refusal(temp.path()).rule == "log.not_ours");
  CHECK_FALSE(fs::exists(temp / "log"));
}

TEST_CASE("a log is made once, with 1 to 64 partitions") {
  const TempDir temp;
  CHECK(create_embedded_log(temp / "a", test_log, 1, 0).error().rule == "log.partitions");
  CHECK(create_embedded_log(temp / "a", test_log, 1, 65).error().rule == "log.partitions");
  REQUIRE(create_embedded_log(temp / "deep/down/a", test_log, 7, 64));
  CHECK(create_embedded_log(temp / "deep/down/a", test_log, 1, 2).error().rule == "log.exists");
  const auto folder = embedded::LogFolder::open(temp / "deep/down/a", false);
  REQUIRE(folder);
  CHECK(folder->identity() == embedded::LogIdentity{test_log, 7, 64});
  CHECK_FALSE(folder->complete());
}

TEST_CASE("a creation that was interrupted is finished by the next opening") {
  EmbeddedFixture fixture(2);
  fixture.close();
  const fs::path format = fixture.dir() / "format";
  const std::string complete = text_of(format);
  fs::remove(format);
  fs::remove(fixture.dir() / "sealed-mark");
  fs::remove(fixture.dir() / "manifest-mark");
  fs::remove_all(fixture.dir() / "log");
  REQUIRE(create_embedded_log(fixture.dir(), test_log, 1, 2));
  CHECK(refusal(fixture.dir(), {.read_only = true}).rule == "log.absent");
  const std::string unfinished = text_of(format);
  fixture.open();
  CHECK(text_of(format) == complete);
  fixture.close();
  // Interrupted after the database, and after the mark.
  put_text(format, unfinished);
  fs::remove(fixture.dir() / "sealed-mark");
  fixture.reopen();
  fixture.close();
  put_text(format, unfinished);
  fixture.reopen();
  CHECK(*append_one(fixture, 1, record_of("r")) == 0);
}

TEST_CASE("the format file is text that later versions keep the first line of") {
  EmbeddedFixture fixture(2);
  fixture.close();
  const fs::path format = fixture.dir() / "format";
  const std::string text = text_of(format);
  CHECK(text.starts_with("parlance log 1\nid " + to_text(test_log) +
                         "\ngeneration 1\npartitions 2\nstate complete\ncrc32 "));

  put_text(format, "parlance log 2\nwhatever it holds\n");
  CHECK(refusal(fixture.dir()).code == Errc::newer);
  CHECK(refusal(fixture.dir()).rule == "log.newer");
  for (const std::string& damaged :
       {std::string("parlance log 1\n"), text + "x", text.substr(0, text.size() - 1)}) {
    put_text(format, damaged);
    CHECK(refusal(fixture.dir()).rule == "log.format_damaged");
  }
  // Whole, and yet none of ours.
  const std::string lines = text.substr(0, text.rfind("crc32 "));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = lines;
    other.replace(other.find(from), from.size(), to);
    char sum[9];
    std::snprintf(sum, sizeof sum, "%08x", crc32(as_bytes(other)));
    return other + "crc32 " + sum + "\n";
  };
  put_text(format, changed("generation 1", "generation 1"));
  CHECK(fixture.try_open());
  for (const auto& [from, to] :
       {std::pair("generation 1", "generation 1x"), std::pair("partitions 2", "partitions 0"),
        std::pair("partitions 2", "partitions 65"), std::pair("partitions 2", "partitions x"),
        std::pair("state complete", "state odd")}) {
    CAPTURE(to);
    put_text(format, changed(from, to));
    CHECK(refusal(fixture.dir()).rule == "log.format_damaged");
  }
  put_text(format, "parlance log\n");
  CHECK(refusal(fixture.dir()).code != Errc::newer);
  put_text(format, std::string(100'000, 'x'));
  CHECK(refusal(fixture.dir()).rule == "log.format_damaged");
  fs::remove(format);
  CHECK(refusal(fixture.dir()).rule == "log.format_damaged");
  put_text(format, text);
  CHECK(fixture.try_open());
}

TEST_CASE("what the database says is told by the log's rules, and a row that is no identity is none") {
  using embedded::database_error;
  CHECK(database_error(rocksdb::Status::NoSpace(), "x").rule == "log.no_space");
  CHECK(database_error(rocksdb::Status::Corruption(), "x").rule == "log.corrupt");
  CHECK(database_error(rocksdb::Status::NotSupported(), "x").rule == "log.newer");
  CHECK(database_error(rocksdb::Status::IOError("while lock file: /d/LOCK"), "x").rule == "log.locked");
  CHECK(database_error(rocksdb::Status::IOError("reading"), "x").rule == "log.io");
  const auto identity = [](std::uint16_t partitions) {
    return embedded::parse_identity(ByteWriter().id(test_log).le(std::uint32_t{1}).le(partitions).bytes());
  };
  REQUIRE(identity(2));
  CHECK(identity(2)->partitions == 2);
  CHECK_FALSE(identity(0));
  CHECK_FALSE(identity(embedded::partitions_max + 1));
  CHECK_FALSE(embedded::parse_identity(Bytes(3)));
}

TEST_CASE("a second opening in one process is refused as locked until the first is closed") {
  EmbeddedFixture fixture(1);
  CHECK(fixture.try_open().error().rule == "log.locked");
  fixture.close();
  CHECK(fixture.try_open());
}

TEST_CASE("what is missing from a complete folder is damage, and is not made anew") {
  EmbeddedFixture fixture(1);
  append_one(fixture, 0, record_of("r"));
  fixture.close();
  const TempDir aside;

  fs::rename(fixture.dir() / "sealed-mark", aside / "sealed-mark");
  CHECK(refusal(fixture.dir()).rule == "log.mark_missing");
  CHECK(refusal(fixture.dir()).code == Errc::corrupt);
  CHECK(refusal(fixture.dir()).detail.find("from a backup") != std::string::npos);
  fs::rename(aside / "sealed-mark", fixture.dir() / "sealed-mark");

  fs::rename(fixture.dir() / "log", aside / "log");
  CHECK(refusal(fixture.dir()).code == Errc::corrupt);
  CHECK_FALSE(fs::exists(fixture.dir() / "log"));
  fs::create_directory(fixture.dir() / "log");
  CHECK(refusal(fixture.dir()).code == Errc::corrupt);
  fs::remove_all(fixture.dir() / "log");
  fs::rename(aside / "log", fixture.dir() / "log");
  CHECK(fixture.try_open());
}

TEST_CASE("the files of two logs do not mix") {
  EmbeddedFixture one(1);
  TempDir temp;
  const LogId other = LogId::from({1, 2});
  REQUIRE(create_embedded_log(temp / "other", other, 1, 1));
  REQUIRE(open_embedded_log(temp / "other"));
  one.close();
  for (const char* name : {"format", "sealed-mark", "log"}) {
    fs::rename(one.dir() / name, temp / "aside");
    fs::copy(temp / "other" / name, one.dir() / name, fs::copy_options::recursive);
    CHECK(refusal(one.dir()).code == Errc::corrupt);
    fs::remove_all(one.dir() / name);
    fs::rename(temp / "aside", one.dir() / name);
  }
  CHECK(one.try_open());
}

TEST_CASE("an opening for reading changes nothing in the folder and takes no writes") {
  EmbeddedFixture fixture(2);
  append_one(fixture, 0, record_of("r", {row_of(VaultFamily::rows, "k", "v")}));
  fixture.close();
  const auto listing = [&] {
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& entry : fs::recursive_directory_iterator(fixture.dir())) {
      if (entry.is_regular_file()) files.emplace_back(entry.path().string(), text_of(entry.path()));
    }
    std::ranges::sort(files);
    return files;
  };
  const auto before = listing();
  {
    const auto log = open_embedded_log(fixture.dir(), {.read_only = true});
    REQUIRE(log);
    CHECK(read_all(**log, 0) == std::vector<std::string>{"r"});
    CHECK(vault_text((*log)->vault(), VaultFamily::rows, "k") == "v");
    CHECK((*log)->vault().write({row_of(VaultFamily::rows, "k", "w")}, {}).error().code == Errc::read_only);
    CHECK((*log)->reopen(0).error().code == Errc::read_only);
    Reports reports;
    std::vector<Record> records;
    records.push_back(record_of("s"));
    (*log)->append(0, std::move(records), reports.done());
    CHECK(reports.wait_for(1)[0].offset.error().code == Errc::read_only);
  }
  CHECK(listing() == before);
}

TEST_CASE("a read-only file system and a full one are refused by name, and may be read") {
  SmallDisk disk("size=64m");
  if (!disk.mounted()) {
    MESSAGE("this user may not mount a file system");
    return;
  }
  const fs::path dir = disk.path() / "data";
  REQUIRE(create_embedded_log(dir, test_log, 1, 1));
  {
    auto log = open_embedded_log(dir, {.space_reserve_bytes = 0});
    REQUIRE(log);
    Reports reports;
    std::vector<Record> records;
    records.push_back(record_of("r"));
    (*log)->append(0, std::move(records), reports.done());
    REQUIRE(reports.wait_for(1)[0].offset);
  }
  const fs::path ballast = disk.path() / "ballast";
  {
    std::ofstream out(ballast, std::ios::binary);
    const std::string block(1 << 20, 'x');
    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  CHECK(refusal(dir, {.space_reserve_bytes = 0}).rule == "log.no_space");
  CHECK(refusal(dir, {.space_reserve_bytes = 0}).code == Errc::read_only);
  CHECK(create_embedded_log(disk.path() / "more", test_log, 1, 1).error().rule == "log.no_space");
  fs::remove(ballast);
  CHECK(open_embedded_log(dir, {.space_reserve_bytes = 0}));

  REQUIRE(disk.make_read_only());
  CHECK(refusal(dir).rule == "log.folder_read_only");
  CHECK(refusal(dir).code == Errc::read_only);
  CHECK(create_embedded_log(disk.path() / "more", test_log, 1, 1).error().rule == "log.folder_read_only");
  const auto reader = open_embedded_log(dir, {.read_only = true});
  REQUIRE(reader);
  CHECK(read_all(**reader, 0) == std::vector<std::string>{"r"});
}

TEST_CASE(
    "a disk that really fills up ends writing, keeps what was acknowledged readable, and is written again "
    "when there is space") {
  SmallDisk disk("size=48m");
  if (!disk.mounted()) {
    MESSAGE("this user may not mount a file system");
    return;
  }
  const fs::path dir = disk.path() / "data";
  const fs::path ballast = disk.path() / "ballast";
  put_text(ballast, std::string(12 << 20, 'x'));
  REQUIRE(create_embedded_log(dir, test_log, 1, 1));
  auto log = open_embedded_log(
      dir, {.space_reserve_bytes = 0, .fail_stop = [](const Error& error) { FAIL(error.detail); }});
  REQUIRE(log);
  const auto append = [&](const std::string& text) {
    Reports reports;
    std::vector<Record> records;
    records.push_back(record_of(text));
    (*log)->append(0, std::move(records), reports.done());
    return reports.wait_for(1)[0].offset;
  };
  // Bytes that do not compress, so that the disk fills as the log does.
  std::uint32_t seed = 1;
  const auto block = [&] {
    std::string text(1 << 20, '\0');
    for (char& c : text) c = static_cast<char>((seed = seed * 1664525U + 1013904223U) >> 24);
    return text;
  };
  std::vector<std::string> acknowledged;
  std::optional<Error> error;
  while (!error && acknowledged.size() < 1000) {
    std::string text = block();
    if (const auto offset = append(text)) {
      acknowledged.push_back(std::move(text));
    } else {
      error = offset.error();
    }
  }
  REQUIRE(error);
  CHECK(error->code == Errc::read_only);
  CHECK(append("more").error().code == Errc::read_only);
  CHECK(read_all(**log, 0) == acknowledged);
  fs::remove(ballast);
  const auto again = (*log)->reopen(0);
  REQUIRE(again);
  const auto all = read_all(**log, 0);
  REQUIRE(all.size() >= acknowledged.size());
  CHECK(std::equal(acknowledged.begin(), acknowledged.end(), all.begin()));
  CHECK(append("more") == all.size());
}

}  // namespace parlance::tests
