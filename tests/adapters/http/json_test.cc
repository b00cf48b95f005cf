#include "adapters/http/json.h"

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

// The classes are those in which people test JSON parsers: y must be taken, n must be refused, and i is what RFC 8259
// leaves open and is decided here. Each vector was written for this file.
namespace parlance::http {
namespace {

using namespace std::string_view_literals;

/// What `text` reads as, written again; the error where it is refused.
std::string read(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return "refused: " + parsed.error().detail;
  return json::serialize(*parsed);
}
void takes(std::string_view text, std::string_view as) {
  CAPTURE(text);
  CHECK(read(text) == as);
}
/// The byte that a refusal names. Fails where there is none.
std::size_t refused_byte(std::string_view text) {
  const auto parsed = parse_json(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::invalid);
  CHECK(parsed.error().rule == "json.malformed");
  const std::string& detail = parsed.error().detail;
  const std::size_t at = detail.rfind(", at byte ");
  REQUIRE_MESSAGE(at != std::string::npos, detail);
  const char* digits = detail.data() + at + std::string_view(", at byte ").size();
  std::size_t byte = 0;
  const auto [end, error] = std::from_chars(digits, detail.data() + detail.size(), byte);
  CHECK(error == std::errc{});
  CHECK(end == detail.data() + detail.size());
  CHECK(at > 0);
  CHECK(byte <= text.size());
  return byte;
}
struct Refused {
  std::string_view text;
  std::size_t byte;  ///< where the refusal points
};
void refuses(const Refused& vector) {
  CAPTURE(vector.text);
  CHECK(refused_byte(vector.text) == vector.byte);
}
std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// ---- y ----

TEST_CASE("y: any value stands alone") {
  takes("null", "null");
  takes("true", "true");
  takes("false", "false");
  takes("0", "0");
  takes("\"\"", "\"\"");
  takes("[]", "[]");
  takes("{}", "{}");
}
TEST_CASE("y: white space stands around every token, and it is these four alone") {
  takes(" \t\r\n{ \t\r\n\"a\" \t\r\n: \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n} \t\r\n",
        R"({"a":[1,2]})");
  takes("\n\n\n1\n\n\n", "1");
}
TEST_CASE("y: structures nest and keep their order") {
  takes(R"([[],{},[[1]],{"a":{"b":[]}}])", R"([[],{},[[1]],{"a":{"b":[]}}])");
  takes(R"({"b":1,"a":2,"":3})", R"({"b":1,"a":2,"":3})");
  takes(R"([null,true,false,"x",1,-1])", R"([null,true,false,"x",1,-1])");
}
TEST_CASE("y: integers of 64 bits read exactly") {
  takes("9223372036854775807", "9223372036854775807");
  takes("-9223372036854775808", "-9223372036854775808");
  takes("18446744073709551615", "18446744073709551615");
  takes("9007199254740993", "9007199254740993");  // 2^53 + 1: no double holds it
  takes("-1", "-1");
  takes("10", "10");
}
TEST_CASE("y: fractions and exponents, in every spelling") {
  const auto reads = [](std::string_view text, double as) {
    CAPTURE(text);
    const auto parsed = parse_json(text);
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->is_double());
    CHECK(parsed->as_double() == as);  // to the last bit
  };
  reads("0.0", 0);
  reads("1.5", 1.5);
  reads("-1.5", -1.5);
  reads("1e2", 100);
  reads("1E2", 100);
  reads("1E+2", 100);
  reads("1e-2", 0.01);
  reads("0e0", 0);
  reads("0e+10", 0);
  reads("1.25e1", 12.5);
  reads("1e02", 100);
  reads("123456789012345678901234567890.0", 123456789012345678901234567890.0);
  reads("1.7976931348623157e308", 1.7976931348623157e308);
  reads("922337203685477592233720368184467440737095516.1", 922337203685477592233720368184467440737095516.1);
  reads("5e-324", 5e-324);
  reads("0.1000000000000000000000000000000000000000000000000000000001", 0.1);
}
TEST_CASE("y: minus zero is a number") {
  const auto parsed = parse_json("-0");
  REQUIRE(parsed.has_value());
  CHECK(parsed->to_number<double>() == 0);
  takes("[-0.0]", "[-0E0]");
}
TEST_CASE("y: every escape, and characters of one to four bytes as they are") {
  takes(R"("\"\\\/\b\f\n\r\t")", R"("\"\\/\b\f\n\r\t")");
  takes(R"("\u0041\u00e4\u20AC")", "\"A\xc3\xa4\xe2\x82\xac\"");
  takes(R"("\uD83D\uDCE6")", "\"\xf0\x9f\x93\xa6\"");
  takes(R"("\uDBFF\uDFFF")", "\"\xf4\x8f\xbf\xbf\"");
  takes("\"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa6\"", "\"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa6\"");
  takes("\"\x7f\"", "\"\x7f\"");  // DEL is no control character to JSON
  takes("\"\xe2\x80\xa8\xe2\x80\xa9\"", "\"\xe2\x80\xa8\xe2\x80\xa9\"");  // line and paragraph separators
  takes("\"\xef\xbf\xbf\xef\xb7\x90\"", "\"\xef\xbf\xbf\xef\xb7\x90\"");  // noncharacters are characters
  takes("\"\xef\xbb\xbf\"", "\"\xef\xbb\xbf\"");                          // U+FEFF inside a text
  takes(R"("// /* no comment */")", R"("// /* no comment */")");
}
TEST_CASE("y: an escaped NUL is a character of the text") {
  const auto parsed = parse_json(R"("a\u0000b")");
  REQUIRE(parsed.has_value());
  CHECK(std::string_view(parsed->as_string()) == "a\0b"sv);
}
TEST_CASE("y: names that look alike are different") {
  takes(R"({"a":1,"A":2,"a ":3,"\u00e4":4,"a\u0308":5})",
        "{\"a\":1,\"A\":2,\"a \":3,\"\xc3\xa4\":4,\"a\xcc\x88\":5}");
}
TEST_CASE("y: the limits themselves are taken") {
  CHECK(parse_json(std::string(json_depth_max, '[') + std::string(json_depth_max, ']')).has_value());
  CHECK(parse_json(repeated("{\"a\":", json_depth_max - 1) + "{}" + std::string(json_depth_max - 1, '}'))
            .has_value());
  CHECK(parse_json('"' + std::string(json_bytes_max - 2, 'x') + '"').has_value());
  CHECK(parse_json('[' + repeated("0,", json_members_max - 1) + "0]").has_value());
  std::string object = "{";
  for (std::size_t i = 0; i < json_members_max; ++i)
    object += '"' + std::to_string(i) + "\":" + std::to_string(i) + ',';
  object.back() = '}';
  CHECK(parse_json(object).has_value());
}

// ---- n ----

TEST_CASE("n: nothing, or half of something") {
  for (const Refused& vector : std::initializer_list<Refused>{
           {"", 0},          {" ", 1},         {"\n\t", 2},    {"[", 1},        {"{", 1},         {"[1", 2},
           {"[1,", 3},       {"{\"a\"", 4},    {"{\"a\":", 5}, {"{\"a\":1", 6}, {"{\"a\":1,", 7}, {"\"", 1},
           {"\"abc", 4},     {"\"a\\", 3},     {"\"\\u", 3},   {"\"\\u00", 5},  {"tru", 3},       {"fals", 4},
           {"nul", 3},       {"-", 1},         {"1.", 2},      {"1e", 2},       {"1e+", 3},       {"[[[[", 4},
           {"[{\"a\":[", 7}, {"\"\\uD83D", 7}, {"\"\xc3", 2}})
    refuses(vector);
}
TEST_CASE("n: something after the value") {
  for (const Refused& vector : std::initializer_list<Refused>{{"1 2", 2},
                                                              {"{}{}", 2},
                                                              {"[] []", 3},
                                                              {"null,", 4},
                                                              {"[]]", 2},
                                                              {"{}}", 2},
                                                              {"\"a\"b", 3},
                                                              {"true false", 5},
                                                              {"{} // end", 3},
                                                              {"{}\xef\xbb\xbf", 2},
                                                              {"[]\0"sv, 2},
                                                              {"1;", 1},
                                                              {"{}\v", 2},
                                                              {"1\xc2\xa0", 1}})
    refuses(vector);
}
TEST_CASE("n: commas too many or too few") {
  for (const Refused& vector : std::initializer_list<Refused>{{"[1,]", 3},
                                                              {"[,1]", 1},
                                                              {"[,]", 1},
                                                              {"[1,,2]", 3},
                                                              {"[1 2]", 3},
                                                              {"{\"a\":1,}", 7},
                                                              {"{,}", 1},
                                                              {"{\"a\":1,,\"b\":2}", 7},
                                                              {"{\"a\":1 \"b\":2}", 7},
                                                              {",", 0},
                                                              {"[1;2]", 2}})
    refuses(vector);
}
TEST_CASE("n: objects that are none") {
  for (const Refused& vector : std::initializer_list<Refused>{{"{a:1}", 1},
                                                              {"{'a':1}", 1},
                                                              {"{1:1}", 1},
                                                              {"{\"a\" 1}", 5},
                                                              {"{\"a\"::1}", 5},
                                                              {"{\"a\":}", 5},
                                                              {"{:1}", 1},
                                                              {"{\"a\",1}", 4},
                                                              {"{null:1}", 1},
                                                              {"{\"a\":1]", 6},
                                                              {"[1}", 2},
                                                              {"{[]:1}", 1},
                                                              {"{\"a\"=1}", 4},
                                                              {"]", 0},
                                                              {"}", 0},
                                                              {"[\"a\":1]", 4}})
    refuses(vector);
}
TEST_CASE("n: words that are none") {
  for (const Refused& vector : std::initializer_list<Refused>{{"True", 0},
                                                              {"NULL", 0},
                                                              {"nil", 1},
                                                              {"undefined", 0},
                                                              {"truth", 0},
                                                              {"falsy", 0},
                                                              {"nulL", 0},
                                                              {"'a'", 0},
                                                              {"abc", 0},
                                                              {"\\u0041", 0}})
    refuses(vector);
}
TEST_CASE("n: numbers that are none") {
  for (const Refused& vector : std::initializer_list<Refused>{
           {"+1", 0},    {"01", 1},           {"-01", 2},   {"00", 1},       {".5", 0},
           {"-.5", 1},   {"1.e1", 2},         {"0x10", 1},  {"1e1.5", 3},    {"--1", 1},
           {"1_000", 1}, {"NaN", 0},          {"-NaN", 1},  {"Infinity", 0}, {"-Infinity", 1},
           {"inf", 0},   {"1a", 1},           {"1e++1", 3}, {"0.1.2", 3},    {"[- 1]", 2},
           {"1 000", 2}, {"\xef\xbc\x91", 0}, {"1,5", 1},   {"0b1", 1},      {"1.5f", 3}})
    refuses(vector);
}
TEST_CASE("n: texts that are none: raw controls, unknown escapes, broken \\u") {
  for (const Refused& vector : std::initializer_list<Refused>{{"\"a\nb\"", 2},
                                                              {"\"a\tb\"", 2},
                                                              {"\"a\0b\""sv, 2},
                                                              {"\"\x1f\"", 1},
                                                              {R"("\a")", 2},
                                                              {R"("\x41")", 2},
                                                              {R"("\'")", 2},
                                                              {R"("\0")", 2},
                                                              {R"("\U0041")", 2},
                                                              {"\"\\\n\"", 2}})
    refuses(vector);
  for (const std::string_view text :
       {R"("\u00g0")"sv, R"("\u 041")"sv, R"("\u+041")"sv, R"("\u004")"sv, R"("\u")"sv}) {
    CAPTURE(text);
    CHECK(refused_byte(text) >= 2);
  }
}
TEST_CASE("n: half a surrogate pair, or one the wrong way round") {
  for (const std::string_view text :
       {R"("\uD83D")"sv, R"("\uDCE6")"sv, R"("\uD83Dx")"sv, R"("\uD83D\n")"sv, R"("\uD83D\uD83D")"sv,
        R"("\uDCE6\uD83D")"sv, R"("\uD83D\u0041")"sv, R"({"\uD83D":1})"sv}) {
    CAPTURE(text);
    CHECK(refused_byte(text) >= 2);
  }
}
TEST_CASE("n: bytes that are no UTF-8, in texts and in names") {
  for (const std::string_view bytes : {"\x80"sv,
                                       "\xbf"sv,
                                       "\xff"sv,
                                       "\xfe"sv,
                                       "\xc3"sv,
                                       "\xc3("sv,
                                       "\xe2\x82"sv,
                                       "\xf0\x9f\x93"sv,
                                       "\xc0\x80"sv,
                                       "\xc0\xaf"sv,
                                       "\xc1\xbf"sv,
                                       "\xe0\x80\xaf"sv,
                                       "\xe0\x9f\xbf"sv,
                                       "\xf0\x80\x80\xaf"sv,
                                       "\xf0\x8f\xbf\xbf"sv,
                                       "\xed\xa0\x80"sv,
                                       "\xed\xbf\xbf"sv,
                                       "\xed\xa0\xbd\xed\xb3\xa6"sv,
                                       "\xf4\x90\x80\x80"sv,
                                       "\xf5\x80\x80\x80"sv,
                                       "\xf8\x88\x80\x80\x80"sv,
                                       "\xfc\x84\x80\x80\x80\x80"sv,
                                       "\xe9"sv}) {
    const std::string text = "[\"ab" + std::string(bytes) + "\"]";
    CAPTURE(text);
    const std::size_t byte = refused_byte(text);
    CHECK(byte >= 4);
    CHECK(byte <= 4 + bytes.size());
    CHECK(refused_byte("{\"ab" + std::string(bytes) + "\":1}") >= 4);
  }
  refuses({"\xff", 0});
  refuses({"[\xc3\xa4]", 1});
}
TEST_CASE("n: a byte order mark, and other encodings than UTF-8") {
  refuses({"\xef\xbb\xbf{}", 0});
  refuses({"\xef\xbb\xbf", 0});
  refuses({"\xfe\xff\0{\0}"sv, 0});
  refuses({"\xff\xfe{\0}\0"sv, 0});
  refuses({"{\0}\0"sv, 1});
}
TEST_CASE("n: comments, white space of other kinds, NUL") {
  for (const Refused& vector : std::initializer_list<Refused>{{"// x\n1", 0},
                                                              {"/* x */1", 0},
                                                              {"[1 /* x */]", 3},
                                                              {"# x\n1", 0},
                                                              {"[1\f]", 2},
                                                              {"\v1", 0},
                                                              {"\xc2\xa0[]", 0},
                                                              {"[\xe2\x80\x83]", 1},
                                                              {"\0"sv, 0},
                                                              {"[\0]"sv, 1},
                                                              {"{\"a\":\0}"sv, 5}})
    refuses(vector);
}
TEST_CASE("n: what is a value elsewhere") {
  for (const Refused& vector : std::initializer_list<Refused>{{"<json/>", 0},
                                                              {"---\na: 1", 1},
                                                              {"a=1", 0},
                                                              {"(1)", 0},
                                                              {"*", 0},
                                                              {"[1..2]", 3},
                                                              {"{\"a\":b}", 5},
                                                              {"$", 0},
                                                              {"`a`", 0}})
    refuses(vector);
}
TEST_CASE("n: a member that stands twice, also in another spelling, at any depth") {
  refuses({R"({"a":1,"a":1})", 9});
  for (const std::string_view text :
       {R"({"a":1,"b":2,"a":3})"sv, R"({"a":1,"\u0061":2})"sv, R"([{"x":{"":1,"":2}}])"sv,
        R"({"a":{},"a":[]})"sv, R"({"\u00e4":1,"ä":2})"sv})
    CHECK(read(text).starts_with("refused: a member stands twice, at byte "));
  takes(R"([{"a":1},{"a":{"a":2}}])", R"([{"a":1},{"a":{"a":2}}])");
}

// ---- i: what the standard leaves open ----

TEST_CASE("i: integers that 64 bits cannot hold are refused rather than rounded") {
  for (const std::string_view text :
       {"18446744073709551616"sv, "-9223372036854775809"sv, "100000000000000000000"sv,
        "12345678901234567890123"sv, "-100000000000000000000"sv})
    CHECK(read(text).starts_with("refused: an integer is too large"));
  CHECK(read(std::string(400, '9')).starts_with("refused: "));
}
TEST_CASE("i: numbers that a double cannot hold are refused") {
  for (const std::string_view text :
       {"1e400000"sv, "-1e400000"sv, "1e309"sv, "1e99999999999999999999"sv, "-1e309"sv}) {
    CAPTURE(text);
    CHECK(read(text).starts_with("refused: "));
  }
  CHECK(read("[0.5,1e400000]").starts_with("refused: "));
}
TEST_CASE("i: a number too small for a double is as near as it gets") {
  for (const std::string_view text : {"1e-400"sv, "-1e-400"sv, "1e-99999"sv}) {
    CAPTURE(text);
    const auto parsed = parse_json(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->as_double() == 0);
  }
}
TEST_CASE("i: one level too deep is refused at that level, a million too") {
  CHECK(refused_byte(std::string(json_depth_max + 1, '[')) == json_depth_max);
  CHECK(refused_byte(std::string(json_bytes_max, '[')) == json_depth_max);
  CHECK(refused_byte(repeated("{\"a\":", json_depth_max + 1)) == 5 * json_depth_max);
  CHECK(refused_byte(repeated("[{\"a\":", 100'000)) == json_depth_max / 2 * 6);
}
TEST_CASE("i: more members, items or values than the limits are refused") {
  CHECK(read('[' + repeated("0,", json_members_max) + "0]").starts_with("refused: "));
  std::string object = "{";
  for (std::size_t i = 0; i <= json_members_max; ++i) object += '"' + std::to_string(i) + "\":0,";
  object.back() = '}';
  CHECK(read(object).starts_with("refused: "));
  const std::string full = '[' + repeated("[],", 4999) + "[]]";
  std::string lists = "[";
  for (int i = 0; i < 7; ++i) lists += full + ',';
  lists.back() = ']';
  CHECK(parse_json(lists).has_value());
  lists.back() = ',';
  CHECK(read(lists + full + ']').starts_with("refused: more than 40000 values, at byte "));
}
TEST_CASE("i: more than a mebibyte is refused before it is read, whatever it is") {
  CHECK(refused_byte('"' + std::string(json_bytes_max - 1, 'x') + '"') == json_bytes_max);
  CHECK(refused_byte(std::string(json_bytes_max + 1, ' ')) == json_bytes_max);
}
TEST_CASE("i: a name longer than 4 KiB is refused, one of 4 KiB is not") {
  CHECK(parse_json("{\"" + std::string(4096, 'n') + "\":1}").has_value());
  CHECK(read("{\"" + std::string(4097, 'n') + "\":1}").starts_with("refused: "));
}

TEST_CASE("a document cut anywhere is refused, never half taken") {
  const std::string_view text =
      R"({"text":"Gr\u00fc\u00dfe \ud83d\udce6","list":[1,-2.5e3,true,null,{"a":[]}],"ä":"€"})";
  REQUIRE(parse_json(text).has_value());
  for (std::size_t cut = 0; cut < text.size(); ++cut)
    CHECK_FALSE(parse_json(text.substr(0, cut)).has_value());
}
TEST_CASE("a document with any one byte changed is read or refused, never worse") {
  const std::string_view text = R"({"text":"Gr\u00fc\u00dfe","list":[1,-2.5e3,true],"ä":"€"})";
  std::size_t refused = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed(text);
      changed[i] = static_cast<char>(byte);
      const auto parsed = parse_json(changed);
      if (!parsed) {
        ++refused;
        continue;
      }
      const auto again = parse_json(json::serialize(*parsed));
      REQUIRE(again.has_value());
      CHECK(*again == *parsed);
    }
  }
  CHECK(refused > text.size() * 100);
}

}  // namespace
}  // namespace parlance::http
