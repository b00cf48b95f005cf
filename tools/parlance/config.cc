#include "tools/parlance/config.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <toml++/toml.h>

#include "tools/parlance/hint.h"
#include "tools/parlance/output.h"

namespace parlance::tools {
namespace {

constexpr std::uintmax_t file_bytes_max = 1024 * 1024;

std::string key_of(const CLI::Option& option) {
  std::string key = option.get_lnames().empty() ? std::string() : option.get_lnames().front();
  std::ranges::replace(key, '-', '_');
  return key;
}
std::string variable_of(const std::string& key) {
  std::string name = "PARLANCE_" + key;
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name;
}

/// Options that a file may set.
std::vector<CLI::Option*> options_of(CLI::App& command) {
  std::vector<CLI::Option*> out;
  for (CLI::Option* option : command.get_options())
    if (const std::string key = key_of(*option); !key.empty() && key != "help" && key != "config" &&
                                                 key != "no_color" && key != "output" && key != "fields" &&
                                                 key != "quiet" && key != "origin")
      out.push_back(option);
  return out;
}

struct FromFile {
  std::vector<std::string> values;
  std::uint32_t line = 0;
};

Failure wrong(const std::filesystem::path& file, const toml::source_position& at, const std::string& what) {
  return {Exit::usage, fmt::format("{}, line {}, column {}: {}", file.string(), at.line, at.column, what)};
}

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* figure = node.as_integer()) return std::to_string(figure->get());
  if (const auto* figure = node.as_floating_point()) return fmt::format("{}", figure->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

Done<std::map<std::string, FromFile>> read_file(const std::filesystem::path& file,
                                                const std::vector<CLI::Option*>& options) {
  std::map<std::string, FromFile> out;
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error)
    return Failure{Exit::not_found,
                   fmt::format("the configuration {} cannot be read: {}", file.string(), error.message())};
  if (size > file_bytes_max) return Failure{Exit::usage, file.string() + " is too long for a configuration"};
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error_found) {
    return wrong(file, error_found.source().begin, printable(error_found.description()));
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : options) known.push_back(key_of(*option));
  for (const auto& [name, node] : table) {
    const std::string key(name.str());
    const auto at = name.source().begin;
    if (std::ranges::find(known, key) == known.end()) {
      const std::string_view near = nearest(key, known);
      std::string all;
      for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
      return wrong(file, at,
                   "unknown key " + printable(key) +
                       (near.empty() ? "; there are " + all : "; is " + std::string(near) + " meant?"));
    }
    FromFile value{.line = at.line};
    if (const auto* array = node.as_array()) {
      if (array->empty()) return wrong(file, at, key + " has no value; leave the line out for its default");
      for (const toml::node& one : *array) {
        auto text = text_of(one);
        if (!text) return wrong(file, one.source().begin, key + " takes texts and figures");
        value.values.push_back(std::move(*text));
      }
    } else if (auto text = text_of(node)) {
      value.values.push_back(std::move(*text));
    } else {
      return wrong(
          file, at,
          key + " takes a text or a figure, and this is a " + (node.is_table() ? "table" : "date or time"));
    }
    out.emplace(key, std::move(value));
  }
  return out;
}

/// Gives an option a value as if a flag had; what is wrong with it is told with its place.
Done<void> set(CLI::Option& option, const std::vector<std::string>& values, const std::string& place) {
  try {
    option.clear();
    for (const std::string& value : values) option.add_result(value);
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    return Failure{Exit::usage, place + ": " + printable(error.what())};
  }
  return {};
}

std::string joined(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ",") + value;
  return out;
}

}  // namespace

void add_config(CLI::App& command, std::filesystem::path& file) {
  command
      .add_option("--config", file, "A TOML file with the options below, such as listen = \"127.0.0.1:8080\"")
      ->envname("PARLANCE_CONFIG");
}

Done<std::vector<Configured>> configure(CLI::App& command, const std::filesystem::path& file) {
  const auto options = options_of(command);
  std::map<std::string, FromFile> from_file;
  if (!file.empty()) {
    auto read = read_file(file, options);
    if (!read) return read.error();
    from_file = std::move(*read);
  }
  std::vector<Configured> out;
  for (CLI::Option* option : options) {
    const std::string key = key_of(*option), variable = variable_of(key);
    if (option->count() > 0) {
      out.push_back({key, joined(option->results()), "flag --" + option->get_lnames().front()});
      continue;
    }
    if (const char* value = std::getenv(variable.c_str()); value != nullptr && *value != 0) {
      if (auto done = set(*option, {value}, "environment " + variable); !done) return done.error();
      out.push_back({key, value, "environment " + variable});
      continue;
    }
    if (const auto it = from_file.find(key); it != from_file.end()) {
      const std::string place = fmt::format("file {}, line {}", file.string(), it->second.line);
      if (auto done = set(*option, it->second.values, place); !done) return done.error();
      out.push_back({key, joined(it->second.values), place});
      continue;
    }
    out.push_back({key, option->get_default_str(), "default"});
  }
  return out;
}

}  // namespace parlance::tools
