#include "tools/parlance/cli_tree.h"

#include <functional>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/output.h"
#include "tools/parlance/report.h"
#include "tools/parlance/version.h"

namespace parlance::tools {
namespace {

/// "TEXT:{table,json}" lists what may be given.
std::vector<std::string> choices_of(const std::string& type) {
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::vector<std::string> out;
  for (std::string one; const char c : type.substr(open + 1, close - open)) {
    if (c != ',' && c != '}') {
      one += c;
      continue;
    }
    out.push_back(std::exchange(one, {}));
  }
  return out;
}

CliCommand node_of(const CLI::App& app, std::vector<std::string> path) {
  path.push_back(app.get_name());
  CliCommand out{path, app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    CliOption one;
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    if (one.names.empty()) one.word = option->get_name();
    one.does = option->get_description();
    one.takes_value = option->get_items_expected_max() > 0;
    if (one.takes_value) one.choices = choices_of(option->get_type_name());
    one.required = option->get_required();
    out.options.push_back(std::move(one));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    out.commands.push_back(node_of(*command, path));
  return out;
}

void each(const CliCommand& command, const std::function<void(const CliCommand&)>& visit) {
  visit(command);
  for (const CliCommand& one : command.commands) each(one, visit);
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? std::string() : std::string(between)) + word;
  return out;
}

/// Below the root: "log verify".
std::string below(const CliCommand& command) {
  return joined({command.path.begin() + 1, command.path.end()}, " ");
}

/// Inside single quotes of any shell of the three.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}
/// fish has its own escapes inside single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// A table of the tree as a shell function's case: what may follow each command, which options, which values.
struct Tables {
  std::string words, options, values;
};
Tables tables_of(const CliCommand& root) {
  Tables out;
  each(root, [&](const CliCommand& command) {
    const std::string at = below(command);
    std::vector<std::string> words, options;
    for (const CliCommand& one : command.commands) words.push_back(one.path.back());
    for (const CliOption& option : command.options) {
      for (const std::string& name : option.names) {
        options.push_back(name);
        if (option.takes_value)
          out.values +=
              fmt::format("    {}) echo {};;\n", in_quotes(at + "|" + name),
                          in_quotes(option.choices.empty() ? "<any>" : joined(option.choices, " ")));
      }
      if (option.names.empty() && !option.choices.empty())
        words.insert(words.end(), option.choices.begin(), option.choices.end());
    }
    if (!words.empty())
      out.words += fmt::format("    {}) echo {};;\n", in_quotes(at), in_quotes(joined(words, " ")));
    out.options += fmt::format("    {}) echo {};;\n", in_quotes(at), in_quotes(joined(options, " ")));
  });
  return out;
}

/// What bash and zsh have in common: three look-ups and the command that the words so far name.
std::string lookups(const CliCommand& root) {
  const Tables tables = tables_of(root);
  return fmt::format(
      "_parlance_words() {{\n  case \"$1\" in\n{}  esac\n}}\n"
      "_parlance_options() {{\n  case \"$1\" in\n{}  esac\n}}\n"
      "_parlance_values() {{\n  case \"$1|$2\" in\n{}  esac\n}}\n",
      tables.words, tables.options, tables.values);
}

std::string roff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

}  // namespace

CliCommand cli_tree(const CLI::App& app) { return node_of(app, {}); }

std::string bash_completion(const CliCommand& root) {
  return "# Completion of parlance for bash; written by `parlance completions bash`.\n" + lookups(root) +
         R"sh(_parlance() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} at='' i next values
  for ((i = 1; i < COMP_CWORD; i++)); do
    next=${COMP_WORDS[i]}
    case " $(_parlance_words "$at") " in *" $next "*) at=${at:+$at }$next ;; esac
  done
  COMPREPLY=()
  values=$(_parlance_values "$at" "$before")
  if [ -n "$values" ]; then
    [ "$values" = '<any>' ] || COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(_parlance_options "$at")" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$(_parlance_words "$at")" -- "$word"))
  fi
}
complete -o bashdefault -o default -F _parlance parlance
)sh";
}

std::string zsh_completion(const CliCommand& root) {
  return "#compdef parlance\n# Completion of parlance for zsh; written by `parlance completions zsh`.\n" +
         lookups(root) +
         R"sh(_parlance() {
  local at='' next values i
  for ((i = 2; i < CURRENT; i++)); do
    next=${words[i]}
    case " $(_parlance_words "$at") " in *" $next "*) at=${at:+$at }$next ;; esac
  done
  values=$(_parlance_values "$at" "${words[CURRENT-1]}")
  if [[ -n $values ]]; then
    if [[ $values == '<any>' ]]; then _files; else compadd -- ${=values}; fi
  elif [[ ${words[CURRENT]} == -* ]]; then
    compadd -- ${=$(_parlance_options "$at")}
  else
    values=$(_parlance_words "$at")
    if [[ -n $values ]]; then compadd -- ${=values}; else _files; fi
  fi
}
if [[ $funcstack[1] == _parlance ]]; then _parlance "$@"; else compdef _parlance parlance; fi
)sh";
}

std::string fish_completion(const CliCommand& root) {
  std::string out =
      "# Completion of parlance for fish; written by `parlance completions fish`.\n"
      "function __parlance_at\n"
      "  set -l words (commandline -opc)\n"
      "  set -l at\n"
      "  for word in $words[2..-1]\n"
      "    set -l next (string trim -- \"$at $word\")\n"
      "    if contains -- \"$next\" $__parlance_commands\n"
      "      set at $next\n"
      "    end\n"
      "  end\n"
      "  test \"$at\" = \"$argv[1]\"\n"
      "end\n"
      "set -g __parlance_commands";
  each(root, [&](const CliCommand& command) {
    if (command.path.size() > 1) out += " " + fish_quoted(below(command));
  });
  out += "\n";
  each(root, [&](const CliCommand& command) {
    const std::string when = fmt::format("complete -c parlance -n {}",
                                         fish_quoted("__parlance_at " + fish_quoted(below(command))));
    for (const CliCommand& one : command.commands)
      out += fmt::format("{} -f -a {} -d {}\n", when, fish_quoted(one.path.back()), fish_quoted(one.does));
    for (const CliOption& option : command.options) {
      std::string line = when;
      for (const std::string& name : option.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (option.names.empty() && option.choices.empty()) continue;
      if (!option.choices.empty()) line += " -f -a " + fish_quoted(joined(option.choices, " "));
      if (option.takes_value && !option.names.empty()) line += " -r";
      out += line + " -d " + fish_quoted(option.does) + "\n";
    }
  });
  return out;
}

std::string man_page(const CliCommand& root) {
  std::string out = fmt::format(
      ".TH PARLANCE 1 \"\" \"parlance {}\" \"User Commands\"\n.SH NAME\nparlance \\- {}\n.SH SYNOPSIS\n.B "
      "parlance\n"
      ".I COMMAND\n.RI [ OPTION .\\|.\\|.]\n.SH DESCRIPTION\n{}\n",
      version, roff(root.does),
      roff("One program serves the HTTP API and the agents' page from a data folder, and its commands read, "
           "verify and back up that "
           "folder. Data go to standard output and everything else to standard error; on a terminal answers "
           "are tables, piped "
           "they are JSON Lines with the API's field names."));
  out += ".SH COMMANDS\n";
  each(root, [&](const CliCommand& command) {
    if (command.path.size() == 1 || !command.commands.empty()) return;
    out += fmt::format(".SS {}\n{}.\n", roff(joined(command.path, " ")), roff(command.does));
    for (const CliOption& option : command.options) {
      if (option.names.size() == 2 && option.names[1] == "--help") continue;
      std::string name = option.names.empty() ? option.word : joined(option.names, ", ");
      if (option.takes_value && !option.names.empty()) name += " VALUE";
      out += fmt::format(".TP\n.B {}\n{}{}{}.\n", roff(name), roff(option.does),
                         option.choices.empty() ? "" : roff("; one of " + joined(option.choices, ", ")),
                         option.required ? "; required" : "");
    }
    if (!command.footer.empty()) out += ".PP\n.nf\n" + roff(command.footer) + "\n.fi\n";
  });
  out += ".SH EXIT STATUS\n";
  for (const auto& [code, says] : exit_codes()) out += fmt::format(".TP\n.B {}\n{}.\n", code, roff(says));
  out += ".SH ENVIRONMENT\n";
  for (const auto& [name, says] :
       {std::pair{"PARLANCE_SERVER, PARLANCE_TOKEN_FILE",
                  "Which server the commands ask, and whose token they show it"},
        std::pair{"PARLANCE_CONFIG, PARLANCE_DATA, PARLANCE_LISTEN, ...",
                  "What serve is told, one variable an option; a flag wins over it, and it over the file of "
                  "--config"},
        std::pair{"NO_COLOR", "Not empty: no colours"},
        std::pair{"COLUMNS", "How wide tables may be where the terminal does not say"},
        std::pair{"TMPDIR", "Where a stopped folder's look-alike is made while it is read"}})
    out += fmt::format(".TP\n.B {}\n{}.\n", roff(name), roff(says));
  out +=
      ".SH FILES\n.TP\n.I DATA/admin.token\nAn administrator's token, readable by its owner alone.\n.TP\n"
      ".I DATA/keys\nThe keyring. Back it up apart from the rest: whoever has both reads everything, whoever "
      "loses it reads "
      "nothing.\n.TP\n.I /etc/parlance/parlance.toml\nThe configuration of the service.\n";
  return out;
}

void add_tree_commands(CLI::App& app, int& code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completions = app.add_subcommand("completions", "Print a shell's completions for this program");
  completions->add_option("shell", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completions->footer(
      "Examples:\n"
      "  parlance completions bash > ~/.local/share/bash-completion/completions/parlance\n"
      "  parlance completions fish > ~/.config/fish/completions/parlance.fish");
  completions->callback([&app, shell, &code] {
    const CliCommand root = cli_tree(app);
    fmt::print("{}", *shell == "bash"  ? bash_completion(root)
                     : *shell == "zsh" ? zsh_completion(root)
                                       : fish_completion(root));
    code = flush_stdout() ? Exit::done : Exit::failed;
  });
  CLI::App* man = app.add_subcommand("man", "Print the manual page, in roff");
  man->footer("Example: parlance man | man -l -");
  man->callback([&app, &code] {
    fmt::print("{}", man_page(cli_tree(app)));
    code = flush_stdout() ? Exit::done : Exit::failed;
  });
}

}  // namespace parlance::tools
