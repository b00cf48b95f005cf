#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/instant.h"
#include "tools/parlance/import_target.h"

namespace parlance::tools {

/// Why lines were not taken: how many, and where the first ones stand.
struct ImportRejects {
  std::uint64_t lines = 0;
  std::vector<std::string> first;  ///< "orders.jsonl:12:5", up to 5
};

struct ImportSummary {
  std::uint64_t lines = 0;      ///< read, blank ones and comments aside
  std::uint64_t taken = 0;      ///< of those, what is new now
  std::uint64_t unchanged = 0;  ///< commands of something that was so already
  std::uint64_t replayed = 0;   ///< were there before, or stand in the file twice
  std::uint64_t rejected = 0;
  std::uint64_t opened = 0;            ///< conversations
  std::uint64_t out_of_order = 0;      ///< taken, though an earlier line about the same is dated after it
  std::optional<Instant> first, last;  ///< when the first and the last of what was taken happened
  std::map<std::string, ImportRejects> rejects;  ///< by code
  bool whole = false;                            ///< every line was read and answered
  double seconds = 0;
};

struct ImportSettings {
  std::vector<std::filesystem::path> files;
  std::map<std::string, std::string> names;  ///< that lines may use without one that is called so
  std::filesystem::path rejects;             ///< empty: the lines that are not taken are not kept
  bool strict = false;                       ///< stop at the first line that is not taken
  bool leave_open = false;                   ///< do not close the import at the end
  bool quiet = false;
  const std::atomic<bool>* stop = nullptr;  ///< set by a signal: take what is under way, and no more
};

/// Lines read ahead of the oldest that is not answered, and their bytes.
inline constexpr std::size_t import_lines_ahead_max = 8192;
inline constexpr std::size_t import_bytes_ahead_max = std::size_t{64} << 20;

/// Brings the lines of `settings.files` to `target`, in their order where they are about the same, and closes the import.
///
/// A line that is not taken is told on stderr, the first twenty of them, and counted; the others go on. Fails where going on makes no
/// sense: a file that cannot be read, a target that does not answer, the first such line with `strict`. The summary so far is in
/// `summary` then, too. What was done may be repeated: it changes nothing.
[[nodiscard]] Done<void> run_import(const ImportSettings& settings, ImportTarget& target,
                                    ImportSummary& summary);

}  // namespace parlance::tools
