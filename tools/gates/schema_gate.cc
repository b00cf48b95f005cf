// The `schema_gate` test, and the way a schema is released.
//
//   schema_gate RELEASED NOW             compares every schema of the folder NOW with each of its releases in the folder RELEASED
//   schema_gate --release RELEASED NOW   and, when nothing is wrong, adds those that changed as their next release
//
// RELEASED holds <name>.<release>.bfbs, as flatc wrote them, and ids.txt, one line a release: its SHA-256, which is the schema's
// id, two spaces and the file's name, so that `sha256sum -c ids.txt` checks it too. Nothing in there ever changes.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "engine/base/hash.h"
#include "tools/gates/schema_rules.h"

namespace {

namespace fs = std::filesystem;
using parlance::Bytes;
using parlance::gates::SchemaFile;
using Faults = std::vector<std::string>;

constexpr std::string_view extension = ".bfbs";
constexpr std::string_view ids_file = "ids.txt";

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return {bytes.begin(), bytes.end()};
}

/// By name without the extension.
std::map<std::string, SchemaFile> read_folder(const fs::path& folder) {
  std::map<std::string, SchemaFile> schemas;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != extension) continue;
    const std::string name = entry.path().stem().string();
    schemas.emplace(name, SchemaFile{name, read_file(entry.path())});
  }
  return schemas;
}

/// "conversation.12" is release 12 of "conversation"; 0 where the name does not end in a number.
struct ReleaseName {
  std::string schema;
  unsigned number = 0;
};
ReleaseName parse_release(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {name, 0};
  unsigned number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + dot + 1, end, number);
  if (error != std::errc{} || stop != end) return {name, 0};
  return {name.substr(0, dot), number};
}

class Gate {
 public:
  Gate(fs::path released, const fs::path& now)
      : folder_(std::move(released)), released_(read_folder(folder_)), now_(read_folder(now)) {}

  Faults check() {
    if (now_.empty()) faults_.push_back("no schemas: the folder of the new ones is not that of the build");
    check_ids();
    for (const auto& [name, release] : released_) {
      const ReleaseName parsed = parse_release(name);
      if (parsed.number == 0) {
        faults_.push_back(name + ": a release is named <schema>.<number>" + std::string(extension));
        continue;
      }
      last_[parsed.schema] = std::max(last_[parsed.schema], parsed.number);
      const auto now = now_.find(parsed.schema);
      if (now == now_.end()) {
        faults_.push_back(parsed.schema + ".fbs was removed or renamed (released as " + name +
                          "): what it wrote is stored; put it back");
        continue;
      }
      add(parlance::gates::breaking_changes(release, now->second));
    }
    std::map<std::string, std::string> identifiers;
    for (const auto& [name, schema] : now_) {
      add(parlance::gates::free_text(schema));
      const auto identifier = parlance::gates::file_identifier(schema);
      if (!identifier || identifier->empty()) continue;
      const auto [first, is_new] = identifiers.emplace(*identifier, name);
      if (!is_new)
        faults_.push_back(name + ".fbs: file_identifier " + *identifier + " is that of " + first->second +
                          ".fbs; choose another");
    }
    return faults_;
  }

  /// After check() found nothing.
  void release() {
    std::ofstream ids(folder_ / ids_file, std::ios::app | std::ios::binary);
    for (const auto& [name, schema] : now_) {
      const unsigned last = last_[name];
      if (last != 0 && released_.at(name + "." + std::to_string(last)).bfbs == schema.bfbs) continue;
      const std::string file = name + "." + std::to_string(last + 1) + std::string(extension);
      std::ofstream out(folder_ / file, std::ios::binary);
      out.write(reinterpret_cast<const char*>(schema.bfbs.data()),
                static_cast<std::streamsize>(schema.bfbs.size()));
      ids << parlance::to_hex(parlance::sha256(schema.bfbs)) << "  " << file << '\n';
      std::cout << "released " << file << '\n';
    }
  }

 private:
  void add(Faults more) {
    faults_.insert(faults_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }

  /// Every release is in ids.txt with its own hash, and nothing else is.
  void check_ids() {
    std::map<std::string, std::string> ids;
    std::ifstream file(folder_ / ids_file);
    for (std::string hash, name; file >> hash >> name;) ids[name] = hash;
    for (const auto& [name, release] : released_) {
      const std::string file_name = name + std::string(extension);
      const auto id = ids.find(file_name);
      if (id == ids.end()) {
        faults_.push_back(file_name + " is not in ids.txt: releases are made by the target release_schemas");
      } else if (id->second != parlance::to_hex(parlance::sha256(release.bfbs))) {
        faults_.push_back(file_name +
                          " is not what was released: its SHA-256 differs from ids.txt; restore it");
      }
      if (id != ids.end()) ids.erase(id);
    }
    for (const auto& [name, id] : ids) faults_.push_back(name + " was released and is gone; restore it");
  }

  fs::path folder_;
  std::map<std::string, SchemaFile> released_;
  std::map<std::string, SchemaFile> now_;
  std::map<std::string, unsigned> last_;
  Faults faults_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool release = std::erase(arguments, "--release") != 0;
  if (arguments.size() != 2 || !fs::is_directory(arguments[0]) || !fs::is_directory(arguments[1])) {
    std::cerr << "usage: schema_gate [--release] RELEASED NOW (two folders)\n";
    return 2;
  }
  Gate gate(arguments[0], arguments[1]);
  const Faults faults = gate.check();
  for (const std::string& fault : faults) std::cerr << fault << '\n';
  if (!faults.empty()) return 1;
  if (release) gate.release();
  return 0;
}
