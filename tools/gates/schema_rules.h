#pragma once
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

/// What may become of a schema once it is released, and what a schema of events may hold at all. The rules read schemas as
/// flatc wrote them (.bfbs), through FlatBuffers' reflection.
///
/// flatc --conform is not asked: it misses most of what is refused here (a field removed or renamed, a struct that grew, ...), it
/// crashes on an enumeration that becomes a number, and it takes every optional scalar of a .bfbs for changed.
namespace parlance::gates {

/// A schema: its name, such as "conversation" (or "conversation.1" for its first release), and what flatc wrote.
struct SchemaFile {
  std::string name;
  Bytes bfbs;
};

/// The identifier of the one schema that may hold free text: its buffers are sealed into capsules.
inline constexpr std::string_view plaintext_identifier = "CAPS";

/// Why a program of `now` would misread, or could no longer read, what one of `released` wrote, or the other way round: one line
/// each, naming schema, table, field, what changed and what to do. Nothing: it may be released.
///
/// Refused: anything removed, renamed, moved to another namespace, renumbered, or of another type or default; required or
/// optional that were not, or no longer; a new field that is required; any change of a struct; another file_identifier or
/// root_type; another mark (personal, vocabulary, ...). Allowed: new tables, fields, members and values; (deprecated).
[[nodiscard]] std::vector<std::string> breaking_changes(const SchemaFile& released, const SchemaFile& now);

/// Where `now` could hold free text, or personal data outside capsules: an unmarked string, bytes, a capsule without its class.
[[nodiscard]] std::vector<std::string> free_text(const SchemaFile& now);

/// The four letters that open its buffers; empty where the schema has no root.
[[nodiscard]] Result<std::string> file_identifier(const SchemaFile& schema);

}  // namespace parlance::gates
