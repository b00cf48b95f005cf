#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// The command line as a tree, read from what parses it, and what is written from that: completions for three shells and the man page. So a
/// command that is added is in all of them.
namespace parlance::tools {

struct CliOption {
  std::vector<std::string> names;  ///< "-o", "--output"; none: a word by its place
  std::string word;                ///< of one by its place: "id"
  std::string does;
  bool takes_value = false;
  std::vector<std::string> choices;  ///< all that it may be; empty: anything
  bool required = false;
};
struct CliCommand {
  std::vector<std::string> path;  ///< "parlance", "log", "verify"
  std::string does, footer;
  std::vector<CliOption> options;
  std::vector<CliCommand> commands;
};
[[nodiscard]] CliCommand cli_tree(const CLI::App& app);

[[nodiscard]] std::string bash_completion(const CliCommand& root);
[[nodiscard]] std::string zsh_completion(const CliCommand& root);
[[nodiscard]] std::string fish_completion(const CliCommand& root);
/// Section 1, in roff for man(7).
[[nodiscard]] std::string man_page(const CliCommand& root);

/// completions SHELL, man
void add_tree_commands(CLI::App& app, int& code);

}  // namespace parlance::tools
