#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace parlance::tools {

struct DemoOptions {
  std::filesystem::path data;  ///< empty: $XDG_DATA_HOME/parlance-demo, else ~/.local/share/parlance-demo
  std::string listen = "127.0.0.1:8080";
  std::uint64_t seed = 7;
  std::size_t conversations = 360;  ///< of the history
  bool traffic = true;              ///< go on with live traffic
};

/// `parlance demo`: a shop of four stores with three weeks of history, written under a clock of its own, then live traffic, until
/// SIGTERM or SIGINT. A folder that holds the demo already is served as it is; one whose history was cut short goes on with it, and
/// must be asked for with the same seed and size ("demo.other_history"). Another folder is refused ("demo.not_a_demo").
[[nodiscard]] int run_demo(DemoOptions options);

void add_generate_command(CLI::App& app, int& code);
void add_demo_command(CLI::App& app, int& code);

}  // namespace parlance::tools
