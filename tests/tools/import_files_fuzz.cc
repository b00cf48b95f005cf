// Any bytes at all as a file of lines, against another reader; and as a map of names.
#include "engine/base/assert.h"
#include "tests/support/fuzz_file.h"
#include "tools/parlance/import_map.h"
#include "tools/parlance/import_reader.h"

using namespace parlance;
using namespace parlance::tools;

namespace {

/// The lines, read the simple way.
std::vector<std::string> lines_of(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    if (out.back().ends_with('\r')) out.back().pop_back();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tests::FuzzFolder folder;
  const ByteView input(data, size);
  const std::string_view text = as_text(input);
  const auto file = folder.write("lines", input);
  auto reader = LineReader::open(file);
  const bool utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  PARLANCE_ASSERT(reader.has_value() != utf16, "all but UTF-16 is read");
  if (reader) {
    std::vector<std::string> lines;
    for (std::string line;;) {
      const auto got = reader->next(line);
      PARLANCE_ASSERT(got.has_value(), "a file is read to its end");
      if (*got == LineReader::Got::end) break;
      lines.push_back(line);
      PARLANCE_ASSERT(reader->number() == lines.size(), "lines are counted");
    }
    PARLANCE_ASSERT(lines == lines_of(text), "two readers agree");
    PARLANCE_ASSERT(reader->bytes_read() == size, "all of it was read");
  }
  (void)read_import_map(file);
  return 0;
}
