#pragma once

namespace CLI {
class App;
}

/// The command line: a tree of nouns with verbs (`parlance log verify`). A noun is a file; what it does is run while the line is
/// parsed, and `code` becomes what the program ends with (report.h).
namespace parlance::tools {

void add_log_commands(CLI::App& app, int& code);    ///< log verify
void add_event_commands(CLI::App& app, int& code);  ///< events cat, get, stats

}  // namespace parlance::tools
