#include "adapters/http/file_names.h"

#include <doctest/doctest.h>

#include "adapters/http/message.h"
#include "tests/support/print.h"

using namespace parlance::http;

TEST_CASE("a file's name has no folder, nothing hidden, and never nothing") {
  CHECK(clean_file_name("label.png") == "label.png");
  CHECK(clean_file_name("../../etc/passwd") == "passwd");
  CHECK(clean_file_name("C:\\temp\\a b.txt") == "a b.txt");
  CHECK(clean_file_name("a\r\nb\t\x7f.txt") == "ab.txt");
  CHECK(clean_file_name("ann\xe2\x80\xaegpj.exe") == "anngpj.exe");
  CHECK(clean_file_name("\xef\xbb\xbf"
                        "a\xe2\x80\x8b.txt") == "a.txt");
  CHECK(clean_file_name("\xff\xfe\xc3.txt") == "txt");
  for (const char* nothing : {"", ".", "..", "/", "a/", " . . ", "\xe2\x80\xae", "\xff"}) {
    CAPTURE(nothing);
    CHECK(clean_file_name(nothing) == "file");
  }
}

TEST_CASE("a long name is cut between characters and keeps its ending") {
  // What is cut off leaves no dot and no space at the end.
  CHECK(clean_file_name(std::string(250, 'a') + ". . ." + std::string(100, 'b')) == std::string(250, 'a'));
  const std::string ascii = clean_file_name(std::string(10'240, 'a') + ".pdf");
  CHECK(ascii.size() == 255);
  CHECK(ascii.ends_with("a.pdf"));
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xe8\x8d\xb7";
  const std::string cut = clean_file_name(wide + ".jpeg");
  CHECK(cut.size() <= 255);
  CHECK(is_utf8_text(cut));
  CHECK(cut.ends_with(".jpeg"));
  CHECK(clean_file_name("x." + std::string(400, 'e')).size() == 255);
}

TEST_CASE("a percent-encoded name is UTF-8, or none") {
  CHECK(percent_decoded("a%20%C3%A9%2f") == "a \xc3\xa9/");
  CHECK(percent_decoded("") == "");
  for (const char* bad : {"%", "%4", "%zz", "a%", "%ff", "%c3", "%00", "%C0%80", "%ED%A0%80"}) {
    CAPTURE(bad);
    CHECK_FALSE(percent_decoded(bad));
  }
}

TEST_CASE("the header that names a file is one line of ASCII, whatever the name") {
  CHECK(content_disposition(false, "a b.txt") ==
        "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt");
  CHECK(content_disposition(true, "\xc3\xa9.png") ==
        "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png");
  CHECK(content_disposition(false, "q\"\\%;'.txt") ==
        "attachment; filename=\"q___;'.txt\"; filename*=UTF-8''q%22%5C%25%3B%27.txt");
}

TEST_CASE("what a browser is told of a type runs nothing") {
  CHECK(served_type("IMAGE/PNG") == "image/png");
  CHECK(served_type("text/plain; charset=x") == "text/plain");
  for (const char* type :
       {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript", "", "x",
        "image/png\r\nx: y", "application/x-shockwave-flash", "multipart/mixed", "text/css"})
    CHECK(served_type(type) == "application/octet-stream");
  CHECK(media_type(" Text/Plain ; charset=utf-8 ") == "text/plain");
  for (const char* type : {"", "text", "text/", "/plain", "a b/c", "a/b/c", "text/pl\x01in"})
    CHECK_FALSE(media_type(type));
}

TEST_CASE("an image is one by its first bytes") {
  CHECK(shown_image_type("\x89PNG\r\n\x1a\n....") == "image/png");
  CHECK(shown_image_type("\xff\xd8\xff\xe0") == "image/jpeg");
  CHECK(shown_image_type("GIF89a") == "image/gif");
  CHECK(shown_image_type("RIFF....WEBPVP8 ") == "image/webp");
  for (const char* none : {"", "<svg", "GIF8", "RIFF....WAVE", "\x89PNG", "BM"})
    CHECK(shown_image_type(none).empty());
}

TEST_CASE("a range is one part of the file, or the whole") {
  const auto read = [](std::string_view header, std::uint64_t size) {
    ByteRange range;
    switch (read_range(header, size, range)) {
      case RangeAnswer::whole: return std::string("whole");
      case RangeAnswer::unsatisfiable: return std::string("none");
      case RangeAnswer::part: break;
    }
    return std::to_string(range.from) + "+" + std::to_string(range.length);
  };
  CHECK(read("bytes=0-9", 100) == "0+10");
  CHECK(read("bytes=90-", 100) == "90+10");
  CHECK(read("bytes=90-1000", 100) == "90+10");
  CHECK(read("bytes=-5", 100) == "95+5");
  CHECK(read("bytes=-500", 100) == "0+100");
  CHECK(read("bytes=99-99", 100) == "99+1");
  CHECK(read("bytes=100-", 100) == "none");
  CHECK(read("bytes=-0", 100) == "none");
  CHECK(read("bytes=0-", 0) == "none");
  for (const char* odd :
       {"", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=1-2,5-6", "items=1-2",
        "bytes=1-2x", "bytes=18446744073709551616-", "bytes= 1-2", "bytes=+1-2"})
    CHECK(read(odd, 100) == "whole");
}
