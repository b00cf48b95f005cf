// Any bytes at all as a configuration's file.
#include <CLI/CLI.hpp>

#include "engine/base/assert.h"
#include "tests/support/fuzz_file.h"
#include "tools/parlance/config.h"
#include "tools/parlance/output.h"

using namespace parlance;
using namespace parlance::tools;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tests::FuzzFolder folder;
  CLI::App command;
  std::string listen = "127.0.0.1:8080";
  std::uint32_t threads = 1;
  double share = 0.5;
  bool demo = false;
  std::vector<std::string> origins;
  command.add_option("--listen", listen, "where");
  command.add_option("--worker-threads", threads, "how many")->check(CLI::Range(1, 64));
  command.add_option("--share", share, "of what");
  command.add_flag("--demo", demo, "or not");
  command.add_option("--allow", origins, "whom");
  const auto read = configure(command, folder.write("parlance.toml", {data, size}));
  if (!read) {
    PARLANCE_ASSERT(!read.error().text.empty(), "a failure says what is wrong");
    PARLANCE_ASSERT(printable(read.error().text) == read.error().text, "and what it says may be shown");
    return 0;
  }
  PARLANCE_ASSERT(threads >= 1 && threads <= 64, "a value that was taken is one that may be");
  return 0;
}
