#include "adapters/http/csv.h"

#include <doctest/doctest.h>

using namespace parlance::http;

TEST_CASE("a text is quoted where its characters would end it") {
  CHECK(csv_text("Inbox") == "Inbox");
  CHECK(csv_text("") == "");
  CHECK(csv_text("a,b") == "\"a,b\"");
  CHECK(csv_text("say \"hi\"") == "\"say \"\"hi\"\"\"");
  CHECK(csv_text("two\r\nlines") == "\"two\r\nlines\"");
  CHECK(csv_text("Überraschung, 東京") == "\"Überraschung, 東京\"");
}

TEST_CASE("a text is never a formula") {
  for (const char* text :
       {"=1+1", "+1", "-1", "@SUM(A1)", "\tx", " =1", "\v\f-1", "=HYPERLINK(\"http://x\")"}) {
    const std::string cell = csv_text(text);
    CHECK_MESSAGE((cell.starts_with("'") || cell.starts_with("\"'")), text);
  }
  CHECK(csv_text("\rx") == "\"'\rx\"");
  CHECK(csv_text("a=b") == "a=b");
}

TEST_CASE("a record ends in a carriage return and a line feed") {
  CHECK(csv_record({"a", "", "c"}) == "a,,c\r\n");
  CHECK(csv_record({}) == "\r\n");
}
