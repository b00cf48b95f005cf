// What `parlance import` reads: lines of files, what they are about, and where their faults stand.
#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_dir.h"
#include "tools/parlance/import_line.h"
#include "tools/parlance/import_names.h"
#include "tools/parlance/import_reader.h"

using namespace parlance;
using namespace parlance::tools;

namespace {

struct File {
  explicit File(std::string_view bytes) { std::ofstream(path(), std::ios::binary) << bytes; }
  [[nodiscard]] std::filesystem::path path() const { return dir / "lines"; }
  [[nodiscard]] std::vector<std::string> lines() const {
    auto reader = LineReader::open(path());
    REQUIRE(reader.has_value());
    std::vector<std::string> out;
    std::string line;
    for (;;) {
      auto got = reader->next(line);
      REQUIRE(got.has_value());
      if (*got == LineReader::Got::end) break;
      out.push_back(*got == LineReader::Got::too_long ? "(too long)" : line);
      if (reader->cut()) out.back() += "(cut)";
      REQUIRE(reader->number() == out.size());
    }
    REQUIRE(reader->bytes_read() == std::filesystem::file_size(path()));
    return out;
  }
  tests::TempDir dir;
};
using Lines = std::vector<std::string>;

ImportLine read(std::string_view text) {
  ImportLine line;
  const auto fault = read_import_line(text, line);
  REQUIRE_MESSAGE(!fault, fault->code);
  return line;
}
LineFault fault_of(std::string_view text) {
  ImportLine line;
  const auto fault = read_import_line(text, line);
  REQUIRE(fault);
  return *fault;
}
bool touches(const ImportLine& line, const std::string& thing) {
  return std::ranges::find(line.touches, thing) != line.touches.end();
}

}  // namespace

TEST_CASE("lines end with LF or CR LF, and the last may end with neither") {
  CHECK(File("").lines() == Lines{});
  CHECK(File("a").lines() == Lines{"a(cut)"});
  CHECK(File("a\nb\r\n\nc\n").lines() == Lines{"a", "b", "", "c"});
  CHECK(File("\n").lines() == Lines{""});
  CHECK(File("\xef\xbb\xbf"
             "a\n\xef\xbb\xbf"
             "b\n")
            .lines() == Lines{"a",
                              "\xef\xbb\xbf"
                              "b"});
  CHECK(File("\xef\xbb").lines() == Lines{"\xef\xbb(cut)"});
}
TEST_CASE("a line that is too long is passed over, wherever the buffer ends") {
  const std::string most(LineReader::line_bytes_max, 'x');
  CHECK(File(most + "\nb\n").lines() == Lines{most, "b"});
  CHECK(File(most + "x\nb\n").lines() == Lines{"(too long)", "b"});
  CHECK(File("a\n" + most + most + most).lines() == Lines{"a", "(too long)(cut)"});
  for (std::size_t size = 256 * 1024 - 3; size < 256 * 1024 + 3; ++size)
    CHECK(File(std::string(size, 'y') + "\nb\n").lines() == Lines{std::string(size, 'y'), "b"});
}
TEST_CASE("UTF-16, folders and files that are not there are refused") {
  CHECK_FALSE(LineReader::open(File(std::string_view("\xff\xfe{\0", 4)).path()).has_value());
  const tests::TempDir dir;
  CHECK_FALSE(LineReader::open(dir.path()).has_value());
  CHECK_FALSE(LineReader::open(dir / "absent").has_value());
}

TEST_CASE("a line without a path is a message, about its sender, its thread and itself") {
  const ImportLine line =
      read(R"({"channel":"chat","account":"s","message_id":"m1","thread":"t","in_reply_to":"m0",)"
           R"("from":{"address":"a"},"text":"x","occurred_at":"2020-01-01T00:00:00Z"})");
  CHECK(line.path == "/v1/inbound");
  CHECK(line.name == "m1");
  CHECK_FALSE(line.names_itself);
  for (const char* thing : {"nm1", "nm0", "tt", "nt"}) CHECK(touches(line, thing));
  CHECK(line.sender.starts_with('a'));
  CHECK(touches(line, line.sender));
  CHECK(line.body.contains("thread"));
  CHECK_FALSE(line.on_workspace);
}
TEST_CASE("path, id and as are the line's own, not the command's") {
  const ImportLine line =
      read(R"({"path":"/v1/conversations/{T 1}/reply","id":"r","as":"{ann}","text":"{no}","agent":"{bob}",)"
           R"("mentions":["{eve}","agt_x"],"occurred_at":"2020-01-01T00:00:00Z"})");
  CHECK(line.names_itself);
  CHECK(line.touches == std::vector<std::string>{"nT 1", "nr"});  // people are there before any conversation
  for (const char* member : {"path", "id", "as"}) CHECK_FALSE(line.body.contains(member));
  ImportLine named = line;
  REQUIRE(replace_names(
      named,
      [](void*, const std::string& called, std::string_view written) -> std::optional<std::string> {
        CHECK(called.substr(1) == written.substr(1, written.size() - 2));
        return "<" + called + ">";
      },
      nullptr));
  CHECK(named.path == "/v1/conversations/<nT 1>/reply");
  CHECK(named.as == "<nann>");
  CHECK(named.body.at("agent") == "<nbob>");
  CHECK(named.body.at("mentions").at(0) == "<neve>");
  CHECK(named.body.at("mentions").at(1) == "agt_x");
  CHECK(named.body.at("text") == "{no}");
}
TEST_CASE("a name may hold what a path does not") {
  const ImportLine line =
      read(R"({"path":"/v1/conversations/{a/b?#c}/note","text":"x","occurred_at":"2020-01-01T00:00:00Z"})");
  CHECK(touches(line, "na/b?#c"));
}
TEST_CASE("the key is the line's, whatever stands around it") {
  const std::string one = R"({"path":"/v1/queues","name":"x"})";
  CHECK(read(one).key == read("  " + one + " \t").key);
  CHECK(read(one).key != read(R"({"path":"/v1/queues","name":"y"})").key);
  CHECK(read(one).on_workspace);
}
TEST_CASE("blank lines and comments say nothing") {
  for (const char* line : {"", " ", "\t", "# x", "  #"}) CHECK(is_blank(line));
  for (const char* line : {"{}", " {", "x # y"}) CHECK_FALSE(is_blank(line));
}

TEST_CASE("the column is that of the member in question") {
  const std::string line = R"({"a": {"x": [1, {"b\"": "}]"}, {"c": 2}]}, "from": {"address": 3}, "z": 4})";
  const auto at = [&](std::string_view text) { return line.find(text) + 1; };
  CHECK(column_of(line, "") == 1);
  CHECK(column_of(line, "/a") == at("\"a\""));
  CHECK(column_of(line, "/a/x") == at("\"x\""));
  CHECK(column_of(line, "/a/x/0") == at("1,"));
  CHECK(column_of(line, "/a/x/2/c") == at("\"c\""));
  CHECK(column_of(line, "/from/address") == at("\"address\""));
  CHECK(column_of(line, "/z") == at("\"z\""));
  CHECK(column_of(line, "/nothing") == 1);
  CHECK(column_of(line, "/from/name") == at("\"from\""));
  for (const char* text : {"", "{", "[", "{\"a", "{\"a\":", "{\"a\":[", "[1,", "x", "{\"a\":\"\\"})
    for (const char* pointer : {"/a", "/0", "/a/b", "/1", "/b"}) CHECK(column_of(text, pointer) >= 1);
}
TEST_CASE("what is not JSON is told with its column") {
  CHECK(fault_of("{").column == 2);
  CHECK(fault_of("{} x").column == 4);
  CHECK(fault_of("[]").code == "import.not_an_object");
  CHECK(fault_of(R"({"path":"/v1/queues","as":7})").column == 22);
}

TEST_CASE("names are found again, however many there are") {
  ImportNames names(100);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(names.put("n" + std::to_string(i), "cnv_" + std::to_string(i)).has_value());
  for (int i = 0; i < 1000; ++i) {
    const auto got = names.get("n" + std::to_string(i));
    REQUIRE(got.has_value());
    REQUIRE(got->has_value());
    CHECK(**got == "cnv_" + std::to_string(i));
  }
  REQUIRE(names.put("n5", "other").has_value());
  CHECK(**names.get("n5") == "other");
  CHECK_FALSE(names.get("n1000")->has_value());
}
