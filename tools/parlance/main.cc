#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/cli_tree.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/demo.h"
#include "tools/parlance/hint.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"
#include "tools/parlance/version.h"

using namespace parlance::tools;

// jemalloc reads this by its name before main() begins: what threads have freed goes back to the system also while they are idle, as after
// views have caught up.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true";
}

namespace {

/// Without memory for a step of the write side or of the views nobody knows what that step has left behind, so the process ends,
/// and the next one reads its log again, as after a failed sync. What an HTTP request wants for itself is not like that: see
/// adapters/http/server.cc.
[[noreturn]] void end_without_memory() {
  if (const auto thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      constexpr std::string_view said =
          "parlance: out of memory; what was acknowledged is safe, start it again\n";
      (void)!::write(STDERR_FILENO, said.data(), said.size());
      std::_Exit(Exit::failed);
    } catch (...) {
    }
  }
  std::abort();
}

std::vector<const CLI::App*> below(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

/// Says that `command` ("parlance log") knows no such word, and which of `known` is near; the exit code.
int unknown_word(const std::string& command, const std::string& word, const std::vector<std::string>& known) {
  const std::string_view near = nearest(word.substr(0, word.find('=')), known);
  fmt::print(stderr, "parlance: `{}` does not know {}", command, printable(word));
  if (!near.empty()) fmt::print(stderr, "; is {} meant?", near);
  fmt::print(stderr, "\n`{} --help` says what there is\n", command);
  return Exit::usage;
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

/// For a line that has a word more than it may.
int unknown_word(const CLI::App& app) {
  const CLI::App* command = &app;
  std::string path = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  const std::vector<std::string> rest = app.remaining(true);
  const std::string word = rest.empty() ? "" : rest.front();
  if (!word.starts_with('-')) return unknown_word(path, word, names_of(below(*command)));
  std::vector<std::string> options;
  for (const CLI::Option* option : command->get_options())
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  return unknown_word(path, word, options);
}

/// The line ends with a noun. CLI11 would say no more than that a subcommand is required.
bool wants_verb(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.size() == 1 && chosen.front()->get_subcommands().empty() && !below(*chosen.front()).empty();
}

void add_help_command(CLI::App& app, int& code) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Print this, or the help of a command");
  help->add_option("command", *words, "Such as log verify");
  help->footer("Example: parlance help log verify");
  help->callback([&app, words, &code] {
    const CLI::App* at = &app;
    std::string path = app.get_name();
    for (const std::string& word : *words) {
      const auto commands = below(*at);
      const auto it = std::ranges::find(commands, word, &CLI::App::get_name);
      if (it == commands.end()) {
        code = unknown_word(path, word, names_of(commands));
        return;
      }
      at = *it;
      path += " " + word;
    }
    // Not at->help(), which would go on to the command in use: this one.
    fmt::print("{}", at->get_formatter()->make_help(at, path, CLI::AppFormatMode::Normal));
  });
}

/// A number without a sign is read with strtoull, which takes -1 for the largest there is.
void refuse_signs(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (option->get_type_name().starts_with("UINT"))
      option->check(
          [](const std::string& text) { return text.starts_with('-') ? text + " is below 0" : ""; });
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) refuse_signs(*command);
}

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): end_without_memory() says what it was
  std::set_terminate(end_without_memory);
  CLI::App app{"Parlance: an event-sourced conversation engine for customer service", "parlance"};
  app.set_version_flag("--version", std::string(version));
  app.require_subcommand(0, 1);
  app.footer(exit_codes_help());
  int code = Exit::done;

  add_serve_commands(app, code);
  add_demo_command(app, code);
  add_generate_command(app, code);
  add_import_command(app, code);
  add_conversation_commands(app, code);
  add_event_commands(app, code);
  add_view_commands(app, code);
  add_log_commands(app, code);
  add_backup_commands(app, code);
  add_report_commands(app, code);
  add_doctor_command(app, code);
  add_openapi_command(app, code);
  add_tree_commands(app, code);
  app.add_subcommand("version", "Print the version")->callback([] { fmt::print("parlance {}\n", version); });
  add_help_command(app, code);
  refuse_signs(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // A mistyped verb or option is also a missing one, and the typing is what helps.
    const auto code_is = [&](CLI::ExitCodes which) {
      return error.get_exit_code() == static_cast<int>(which);
    };
    const bool missing = code_is(CLI::ExitCodes::RequiredError);
    if ((missing || code_is(CLI::ExitCodes::ExtrasError)) && !app.remaining(true).empty())
      return unknown_word(app);
    if (missing && wants_verb(app)) {
      fmt::print(stderr, "{}", app.help());
      return Exit::usage;
    }
    const int said = app.exit(error);
    return said == 0 ? Exit::done : Exit::usage;
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0 && !flush_stdout()) return Exit::failed;
    fmt::print(stderr, "parlance: {}\n", error.what());
    return Exit::failed;
  }
  if (app.get_subcommands().empty()) fmt::print("{}", app.help());
  return code;
}
