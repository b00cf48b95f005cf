#include "tools/parlance/backup_manifest.h"

#include <charconv>
#include <fstream>

#include <boost/json.hpp>
#include <fmt/core.h>

namespace parlance::tools {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr int format_version = 1;
constexpr std::array family_names{"capsules", "rows", "tombstones"};
constexpr std::size_t line_bytes_max = 64 * 1024;
constexpr std::size_t manifest_bytes_max = std::size_t{2} << 30;

struct NotSo {
  std::string what;
};

const json::value& member(const json::object& line, std::string_view name) {
  const json::value* value = line.if_contains(name);
  if (value == nullptr) throw NotSo{fmt::format("no {}", name)};
  return *value;
}
std::string text(const json::object& line, std::string_view name) {
  const auto* value = member(line, name).if_string();
  if (value == nullptr) throw NotSo{fmt::format("{} is no text", name)};
  return std::string(*value);
}
std::uint64_t figure(const json::object& line, std::string_view name) {
  const json::value& value = member(line, name);
  if (const auto* small = value.if_int64(); small != nullptr && *small >= 0)
    return static_cast<std::uint64_t>(*small);
  std::uint64_t out = 0;
  const auto* digits = value.if_string();
  if (digits == nullptr || std::from_chars(digits->data(), digits->data() + digits->size(), out).ptr !=
                               digits->data() + digits->size())
    throw NotSo{fmt::format("{} is no figure", name)};
  return out;
}
Sha256 hash(const json::object& line, std::string_view name) {
  const std::string hex = text(line, name);
  Sha256 out{};
  if (hex.size() != 2 * out.size()) throw NotSo{fmt::format("{} is no SHA-256", name)};
  for (std::size_t i = 0; i < out.size(); ++i)
    if (std::from_chars(&hex[2 * i], &hex[2 * i] + 2, out[i], 16).ptr != &hex[2 * i] + 2)
      throw NotSo{fmt::format("{} is no SHA-256", name)};
  return out;
}
const json::object& object(const json::object& line, std::string_view name) {
  const auto* value = member(line, name).if_object();
  if (value == nullptr) throw NotSo{fmt::format("{} is no object", name)};
  return *value;
}

/// Relative, and going nowhere else: it is joined to the folder.
std::string file_name(const json::object& line) {
  std::string name = text(line, "name");
  const fs::path path(name);
  bool inside = !name.empty() && path.is_relative() && name.find('\0') == std::string::npos;
  for (const fs::path& part : path) inside = inside && part != ".." && part != ".";
  if (!inside) throw NotSo{"the name leads out of the folder"};
  return name;
}

class Reader {
 public:
  /// False after the last line.
  bool take(const json::object& line) {
    const std::string kind = text(line, "kind");
    if (first_ != (kind == "backup")) throw NotSo{"the first line, and only that, is of kind backup"};
    if (std::exchange(first_, false)) {
      take_head(line);
      return true;
    }
    if (kind == "end") return false;
    if (kind == "partition") {
      if (figure(line, "partition") != manifest.ends.size()) throw NotSo{"the partitions are not in order"};
      const json::object& sealed = object(line, "sealed");
      manifest.ends.push_back(figure(line, "end"));
      manifest.marks.areas.push_back({figure(sealed, "next"), hash(sealed, "chain")});
    } else if (kind == "family") {
      manifest.marks.areas.push_back({figure(line, "groups"), {}});
    } else if (kind == "file") {
      manifest.files[file_name(line)] = {figure(line, "bytes"), hash(line, "sha256")};
    } else {
      throw NotSo{"kind " + kind + " is unknown"};
    }
    return true;
  }
  void check() const {
    if (manifest.ends.size() != manifest.marks.partitions ||
        manifest.marks.areas.size() != manifest.marks.partitions + family_names.size())
      throw NotSo{"partitions or families are missing"};
  }
  BackupManifest manifest;
  bool newer = false;

 private:
  void take_head(const json::object& line) {
    if (figure(line, "format") > format_version) {
      newer = true;
      throw NotSo{"a newer program wrote it"};
    }
    manifest.number = static_cast<std::uint32_t>(figure(line, "backup"));
    const auto at = parse_rfc3339(text(line, "created_at"));
    const auto log = parse_id<LogId>(text(line, "log"));
    if (!at || !log) throw NotSo{"its moment or its log is malformed"};
    manifest.created_at = *at;
    manifest.program = text(line, "program");
    manifest.rocksdb = text(line, "rocksdb");
    manifest.marks.id = *log;
    manifest.marks.generation = static_cast<std::uint32_t>(figure(line, "generation"));
    manifest.marks.partitions = static_cast<PartitionId>(figure(line, "partitions"));
    const json::object& keyring = object(line, "keyring");
    manifest.keyring_id = text(keyring, "id");
    manifest.fingerprint = text(keyring, "fingerprint");
    manifest.keyring_serial = figure(keyring, "serial");
  }
  bool first_ = true;
};

}  // namespace

std::uint64_t BackupManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, digest] : files) sum += digest.bytes;
  return sum;
}
std::uint64_t BackupManifest::records() const {
  std::uint64_t sum = 0;
  for (const Offset end : ends) sum += end;
  return sum;
}

Result<void> write_manifest(const fs::path& path, const BackupManifest& m) {
  std::string out;
  std::uint64_t lines = 0;
  const auto add = [&](const json::object& line) {
    out += json::serialize(line) + "\n";
    ++lines;
  };
  add({{"kind", "backup"},
       {"format", format_version},
       {"backup", std::to_string(m.number)},
       {"created_at", to_rfc3339(m.created_at)},
       {"program", m.program},
       {"rocksdb", m.rocksdb},
       {"log", to_text(m.marks.id)},
       {"generation", m.marks.generation},
       {"partitions", m.marks.partitions},
       {"keyring", json::object{{"id", m.keyring_id},
                                {"serial", std::to_string(m.keyring_serial)},
                                {"fingerprint", m.fingerprint}}}});
  for (std::size_t p = 0; p < m.ends.size(); ++p)
    add({{"kind", "partition"},
         {"partition", p},
         {"end", std::to_string(m.ends[p])},
         {"sealed", json::object{{"next", std::to_string(m.marks.areas[p].next)},
                                 {"chain", to_hex(m.marks.areas[p].chain)}}}});
  for (std::size_t f = 0; f < family_names.size(); ++f)
    add({{"kind", "family"},
         {"family", family_names[f]},
         {"groups", std::to_string(m.marks.areas[m.ends.size() + f].next)}});
  for (const auto& [name, digest] : m.files)
    add({{"kind", "file"},
         {"name", name},
         {"bytes", std::to_string(digest.bytes)},
         {"sha256", to_hex(digest.sha256)}});
  const std::string sum = to_hex(sha256(as_bytes(out)));
  const std::uint64_t above = lines;
  add({{"kind", "end"}, {"lines", std::to_string(above)}, {"sha256", sum}});
  return backup_files.replace(path, as_bytes(out));
}

Result<BackupManifest> read_manifest(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return Error{Errc::not_found, "backup.absent", path.string() + ": " + error.message()};
  const auto damaged = [&](std::uint64_t line, const std::string& what) {
    return corrupt("backup.manifest_damaged", fmt::format("{}, line {}: {}", path.string(), line, what));
  };
  if (size > manifest_bytes_max) return damaged(1, "too long");
  std::ifstream in(path, std::ios::binary);
  std::string whole(static_cast<std::size_t>(size), '\0');
  if (!in.read(whole.data(), static_cast<std::streamsize>(whole.size())))
    return unavailable("backup.io", "reading " + path.string());
  Reader reader;
  std::uint64_t number = 0;
  std::size_t at = 0;
  while (at < whole.size()) {
    ++number;
    const std::size_t end = whole.find('\n', at);
    if (end == std::string::npos || end - at > line_bytes_max) return damaged(number, "it does not end");
    json::error_code malformed;
    const json::value line = json::parse(std::string_view(whole).substr(at, end - at), malformed);
    if (malformed || !line.is_object()) return damaged(number, "it is no JSON object");
    try {
      if (!reader.take(line.get_object())) {
        reader.check();
        if (end + 1 != whole.size()) throw NotSo{"something follows"};
        if (hash(line.get_object(), "sha256") != sha256(as_bytes(std::string_view(whole).substr(0, at))))
          throw NotSo{"the lines above are not those that were written"};
        return std::move(reader.manifest);
      }
    } catch (const NotSo& not_so) {
      if (reader.newer)
        return Error{Errc::newer, "backup.newer", path.string() + " was written by a newer program"};
      return damaged(number, not_so.what);
    }
    at = end + 1;
  }
  return damaged(number, "its end is missing");
}

}  // namespace parlance::tools
