// Any bytes at all as a line of an import.
#include "engine/base/assert.h"
#include "tools/parlance/import_line.h"

using namespace parlance;
using namespace parlance::tools;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (is_blank(text)) return 0;
  ImportLine line;
  if (const auto fault = read_import_line(text, line)) {
    PARLANCE_ASSERT(fault->column >= 1 && fault->column <= size + 1,
                    "a fault lies within the line, or at its end");
    PARLANCE_ASSERT(!fault->code.empty() && !fault->detail.empty(), "a fault says what it is");
    return 0;
  }
  PARLANCE_ASSERT(line.path.starts_with("/v1/"), "a line is a command");
  ImportLine again;
  PARLANCE_ASSERT(!read_import_line("  " + std::string(text) + " ", again) && again.key == line.key,
                  "the key is the line's, whatever stands around it");
  for (const std::string& touched : line.touches)
    PARLANCE_ASSERT(!touched.empty(), "what is touched is called something");
  for (const char* pointer : {"/from/address", "/attachments/0/name", "", "/a~1b"}) {
    const std::size_t column = column_of(text, pointer);
    PARLANCE_ASSERT(column >= 1 && column <= size + 1, "a member lies within the line");
  }
  // Without names nothing is left that stands for one.
  if (replace_names(
          line, [](void*, const std::string&, std::string_view) { return std::optional<std::string>("x"); },
          nullptr)) {
    PARLANCE_ASSERT(
        !line.as.starts_with('{') || line.as.size() < 3 || line.as.find('}') != line.as.size() - 1,
        "who did it has been replaced");
  }
  return 0;
}
